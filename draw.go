package main

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func init() {
	commands = append(commands, command{
		name: "draw", run: drawPage,
		summary: "open a page to draw digits and watch the network",
		purpose: "draw digits and watch the network",
	})
}

// page holds the files that the browser loads.
//
//go:embed web/page
var page embed.FS

// drawPage serves the page until Ctrl-C.
func drawPage(c *console, args []string) error {
	flags := flag.NewFlagSet("draw", flag.ContinueOnError)
	path, data := netFlag(flags), dataFlag(flags)
	addr := flags.String("addr", "localhost:8080", "the `address` or the port to listen at; only localhost is private")
	open := flags.Bool("open", true, "open the page in a browser if standard output is a terminal")
	if _, err := parse(c, flags, args, 0); err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	listener, err := listen(*addr)
	if err != nil {
		return err
	}
	ctx, release := untilSignal()
	defer release()
	address := announce(c, listener.Addr().(*net.TCPAddr))
	if _, standard := c.out.(*resultWriter); *open && standard && isTerminal(os.Stdout) {
		openBrowser(address)
	}
	s := newStudio(*path, set, n)
	err = s.serve(ctx, listener)
	s.mutex.Lock() // once a save under way is done
	defer s.mutex.Unlock()
	if s.network != s.inFile {
		fmt.Fprintf(c.out, "the network on the page was not saved; %s is as it was\n", *path)
	}
	return err
}

// listen listens at an address. A port alone is one of localhost.
func listen(addr string) (net.Listener, error) {
	if addr == "" {
		return nil, usage("draw: -addr is empty; for this machine alone it is localhost:8080, for all others too :8080")
	}
	if _, err := strconv.Atoi(addr); err == nil {
		addr = "localhost:" + addr
	}
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use, perhaps by another draw; stop that, or let the system choose a port: "+
			"go run . draw -addr localhost:0", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen at %s: %w", addr, err)
	}
	return listener, nil
}

// announce prints the address of the page and returns it.
func announce(c *console, at *net.TCPAddr) string {
	address := "http://" + at.String()
	if at.IP.IsUnspecified() { // listening everywhere, which is no address to open
		address = fmt.Sprintf("http://localhost:%d", at.Port)
	}
	fmt.Fprintf(c.out, "open %s in a browser; Ctrl-C ends it\n", address)
	if !at.IP.IsLoopback() {
		outside := at.IP.String()
		if at.IP.IsUnspecified() {
			outside = outsideAddress()
		}
		fmt.Fprintf(c.out, "others on your network can open http://%s too, and train and save\n",
			net.JoinHostPort(outside, strconv.Itoa(at.Port)))
	}
	return address
}

// outsideAddress returns an IP address of this machine that others may reach, of IPv4 if it has
// one, or that of the machine itself.
func outsideAddress() string {
	all, _ := net.InterfaceAddrs() // an error means that there is none
	best := net.IPv4(127, 0, 0, 1)
	for _, a := range all {
		network, ok := a.(*net.IPNet)
		if ok && network.IP.IsGlobalUnicast() && (best.IsLoopback() || best.To4() == nil) {
			best = network.IP
		}
	}
	return best.String()
}

// openBrowser opens an address in the browser. Where there is none, nothing happens.
func openBrowser(address string) {
	opener := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if opener == "" && os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY") != "" {
		opener = "xdg-open" // without a screen it would start a browser for terminals
	}
	go exec.Command(opener, address).Run()
}

// A studio has the network that the page shows, and trains. The network is never changed in
// place: a step, learning or a new file replaces it. So requests use it without a lock,
// and each answer is about one network, whose version it carries.
type studio struct {
	path       string // of the network
	set        *Dataset
	frame      Frame         // of its pictures
	smallTurns chan struct{} // limits how many small pictures are decoded at once, for their memory
	largeTurns chan struct{} // the same for large pictures, which may take long

	testing sync.Mutex // guards tested, and lets one test run at a time
	tested  testAnswer // of the network last tested

	mutex   sync.Mutex // guards the rest
	network *Network
	version int         // the number of networks so far
	inFile  *Network    // the network last read from the file or saved
	file    os.FileInfo // of the file at that time, nil if it is gone
	fileErr error       // why the file cannot be read, or nil
	keeper  *keeper     // of the file, nil before it is needed
	changes []change    // that can be taken back
	learner *learner    // under way, or the last one; nil if there was none
	course  course      // what is known of it
	batch   *batch      // what is shown of its last step, or nil
	event   []byte      // the state, for all who follow it
	eventAt time.Time   // when it was made
}

// A change can be taken back.
type change struct {
	before *Network
	kind   string // step, set, learn or revert
}

// newStudio returns a studio with the network in a file.
func newStudio(path string, set *Dataset, n *Network) *studio {
	s := &studio{path: path, set: set, frame: FrameOf(set), version: 1, network: n, inFile: n}
	s.smallTurns, s.largeTurns = make(chan struct{}, 4), make(chan struct{}, 2)
	s.course = course{State: stateIdle, Costs: []float64{}, Rights: []float64{}, Tests: []float64{}, Points: []point{}}
	s.file, _ = os.Stat(path)       // an error shows when it is read again
	s.keeper, _ = newKeeper(s.path) // the same when it is saved
	return s
}

// readFile reads the file again if it has changed, as it does while train runs. The page shows
// the network there, unless it has one that is not saved.
func (s *studio) readFile() {
	info, err := os.Stat(s.path)
	if err == nil && s.file != nil && info.ModTime().Equal(s.file.ModTime()) && info.Size() == s.file.Size() {
		return
	}
	if s.file = info; err != nil {
		s.fileErr = fmt.Errorf("the file %s cannot be found: %w", s.path, reason(err))
		return
	}
	n, err := loadNetwork(s.path)
	if err == nil && !n.fits(s.set) {
		err = fmt.Errorf("%s: the network %s does not fit the data", s.path, layersText(n.Layers))
	}
	if s.fileErr = err; err != nil {
		return
	}
	if s.network == s.inFile && !s.underWay() {
		s.replace(n)
		s.keeper, _ = newKeeper(s.path)
	}
	s.inFile = n
}

// current returns the network and its version.
func (s *studio) current() (*Network, int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.readFile()
	return s.network, s.version
}

// replace makes n the network that the page shows.
func (s *studio) replace(n *Network) {
	s.network = n
	s.version++
}

// change replaces the network so that the one before can be brought back. It refuses a network
// that is not finite. As many changes are kept as fit into the memory of the largest network.
func (s *studio) change(n *Network, kind string) error {
	if err := n.finite(); err != nil {
		return refuse(http.StatusUnprocessableEntity, "%w", err)
	}
	s.changes = append(s.changes, change{s.network, kind})
	s.changes = s.changes[max(0, len(s.changes)-max(1, maxParameters/len(n.All))):]
	s.replace(n)
	return nil
}

// takeBack takes back the last change.
func (s *studio) takeBack() {
	last := len(s.changes) - 1
	s.replace(s.changes[last].before)
	s.changes = s.changes[:last]
}

// underWay reports whether there is learning that has not ended, though it may be paused.
func (s *studio) underWay() bool {
	return s.course.State == stateLearning || s.course.State == statePaused
}

// lockIdle locks the mutex for a change of the network, unless learning is under way.
func (s *studio) lockIdle() error {
	s.mutex.Lock()
	if s.underWay() {
		s.mutex.Unlock()
		return refuse(http.StatusConflict, "the network is learning; stop that first")
	}
	s.readFile()
	return nil
}

// A state is what the page is told of the network and of learning.
type state struct {
	Version    int    `json:"version"`
	Layers     []int  `json:"layers"`
	Saved      bool   `json:"saved"`      // the network in memory is the one in the file
	Revertible bool   `json:"revertible"` // there is another network in the file to go back to
	FileError  string `json:"fileError"`  // why the file cannot be read, or ""
	Steps      int    `json:"steps"`      // the number of changes that can be taken back
	Undoes     string `json:"undoes"`     // the kind of the last of them, or ""
	BatchShown bool   `json:"batchShown"` // the last mini-batch can be shown
	course
}

// state returns the state. The mutex must be locked.
func (s *studio) state() state {
	saved := s.network == s.inFile && s.fileErr == nil
	a := state{Version: s.version, Layers: s.network.Layers, Saved: saved, Revertible: !saved && s.fileErr == nil,
		BatchShown: s.batch != nil, course: s.course}
	if s.fileErr != nil {
		a.FileError = s.fileErr.Error()
	}
	if last := len(s.changes) - 1; last >= 0 && !s.underWay() {
		a.Steps, a.Undoes = last+1, s.changes[last].kind
	}
	return a
}

// The states of learning.
const (
	stateIdle     = "idle" // there was none
	stateLearning = "learning"
	statePaused   = "paused"
	stateEnded    = "ended"
	stateFailed   = "failed"
)

// A course is what is known of learning.
type course struct {
	State   string    `json:"state"`
	Error   string    `json:"error"` // why it failed
	Epoch   int       `json:"epoch"`
	Epochs  int       `json:"epochs"`
	Batch   int       `json:"batch"`
	Rate    float64   `json:"rate"`
	Batches float64   `json:"batches"` // the pace, in mini-batches a second; 0 is as fast as it goes
	Seen    int       `json:"seen"`
	Of      int       `json:"of"`
	Done    float64   `json:"done"`   // the share of the training that is done, 0 to 1
	Cost    float64   `json:"cost"`   // in this epoch so far
	Right   int       `json:"right"`  // in this epoch so far
	Start   *score    `json:"start"`  // on the test set before the first step, null until it is measured
	Costs   []float64 `json:"costs"`  // of each epoch
	Rights  []float64 `json:"rights"` // the share of the training examples that were right in each epoch
	Tests   []float64 `json:"tests"`  // the share of the test examples right after each epoch
	Points  []point   `json:"points"` // the curve in mini-batches
}

// A score is the average cost of some examples and the share of them that are right.
type score struct {
	Cost  float64 `json:"cost"`
	Right float64 `json:"right"`
}

// A point of the curve is about one or more mini-batches.
type point struct {
	Done float64 `json:"done"` // the share of the training that was done after them
	score
}

// A learner trains a network of its own in the background. Orders reach it between two steps.
type learner struct {
	*record
	random *rand.Rand
	orders chan order
	over   chan struct{} // closed at the end

	// The rest is for the goroutine that trains.
	course   course
	curve    plot
	stepped  time.Time // when the last step began
	copyAt   time.Time // when the next copy is due
	stale    bool      // the page does not have the network after the last step
	last     *order    // to be answered after the step under way, or nil
	before   *Network  // the network before the step under way, nil if that is not shown
	examples []Example // of the step under way, if that is shown
	batch    *batch    // the last step, if that is shown
}

// An order is for a learner.
type order struct {
	kind    orderKind
	batches float64    // for toPace
	done    chan error // receives the answer
}

// An orderKind is what a learner can be told to do.
type orderKind int

const (
	toPause orderKind = iota
	toResume
	toStep // take one step, then pause
	toStop
	toPace // change the number of mini-batches a second
)

// A batch is what is shown of a step: examples of its mini-batch, and the networks before and
// after it.
type batch struct {
	before, after *Network
	examples      []Example // at most mostExamples
}

const (
	mostExamples = 100 // of a mini-batch that are shown
	slow         = 10  // mini-batches a second, up to which all are shown
)

// newLearner returns a learner that trains a copy of n.
func newLearner(plan Training, n *Network, set *Dataset, random *rand.Rand, batches float64) *learner {
	l := &learner{random: random, orders: make(chan order), over: make(chan struct{}),
		stepped: time.Now(), before: n, curve: plot{width: 1}}
	l.course = course{State: stateLearning, Epochs: plan.Epochs, Batch: plan.Batch, Rate: plan.Rate, Batches: batches,
		Of: len(set.Train), Costs: []float64{}, Rights: []float64{}, Tests: []float64{}, Points: []point{}} // in JSON [], not null
	vary := plan.Vary
	plan.Vary = func(e Example, random *rand.Rand) Picture {
		if vary != nil {
			e.Picture = vary(e, random)
		}
		if l.before != nil && len(l.examples) < mostExamples {
			kept := e
			kept.Lit, kept.Greys = slices.Clone(e.Lit), slices.Clone(e.Greys)
			l.examples = append(l.examples, kept)
		}
		return e.Picture
	}
	l.record = newRecord(plan, n.Clone(), set)
	l.record.tested = func(e epoch) {
		l.course.Tests = append(l.course.Tests, float64(e.testRight)/float64(len(set.Test)))
	}
	return l
}

// learn trains to the end. If training fails, the network from before it is shown again.
func (s *studio) learn(l *learner) {
	defer close(l.over)
	start := s.test()
	l.course.Start = &score{start.Cost, float64(start.Right) / float64(start.Of)}
	err := l.plan.Train(l.network, s.set.Train, l.random, func(p Progress) error { return s.report(l, p) })
	l.record.wait()
	if err == nil || errors.Is(err, context.Canceled) {
		err = l.network.finite()
	}
	l.course.State, l.batch = stateEnded, nil
	if err != nil {
		l.course.State = stateFailed
		l.course.Error = fmt.Sprintf("the steps were too large: in epoch %d the cost was no longer a number; "+
			"try a lower rate", max(1, l.course.Epoch))
	}
	s.show(l)
}

// report is called after each step.
func (s *studio) report(l *learner, p Progress) error {
	if err := l.record.add(p); err != nil {
		return err
	}
	l.note(p)
	l.stale, l.batch = true, nil
	if l.before != nil {
		l.batch = &batch{before: l.before, examples: l.examples}
		l.before, l.examples = nil, nil
	}
	if l.last != nil {
		l.course.State = statePaused
	}
	if l.batch != nil || p.Seen == p.Of || time.Now().After(l.copyAt) {
		s.show(l)
	}
	if l.last != nil {
		l.last.done <- nil
		l.last = nil
	}
	return s.wait(l)
}

// note records the progress after a step.
func (l *learner) note(p Progress) {
	c, cost, right, seen := &l.course, 0.0, 0, 0
	if p.Epoch == c.Epoch {
		cost, right, seen = c.Cost*float64(c.Seen), c.Right, c.Seen
	}
	c.Epoch, c.Seen, c.Cost, c.Right, c.Done = p.Epoch, p.Seen, p.Cost, p.Right, l.plan.Done(p)
	l.curve.add(sums{c.Done, p.Cost*float64(p.Seen) - cost, p.Right - right, p.Seen - seen})
	if p.Seen == p.Of {
		c.Costs = append(c.Costs, p.Cost)
		c.Rights = append(c.Rights, float64(p.Right)/float64(p.Of))
	}
}

// show gives the page what is known of learning and, if the page does not have it, a copy of
// the network. A network that is not finite is not shown: training is about to fail. Copies are
// made ten times a second, or less often for a large network, so that they take at most a tenth
// of the time.
func (s *studio) show(l *learner) {
	start, n := time.Now(), (*Network)(nil)
	if l.stale && l.network.finite() == nil {
		n = l.network.Clone()
	}
	if l.stale && l.batch != nil {
		l.batch.after = n
	}
	l.stale = false
	l.course.Points = l.curve.averages(l.course.State == stateEnded)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.course, s.batch = l.course, l.batch
	if l.batch != nil && l.batch.after == nil {
		s.batch = nil
	}
	switch {
	case l.course.State == stateFailed:
		s.takeBack()
	case n != nil:
		s.replace(n)
	}
	l.copyAt = time.Now().Add(max(100*time.Millisecond, 10*time.Since(start)))
}

// wait carries out orders until the next step is due. It returns an error if there should be
// none.
func (s *studio) wait(l *learner) error {
	for due := false; !due; {
		select {
		case <-l.due():
			due = true
		case o := <-l.orders:
			if o.kind == toStop { // answered by the end
				return context.Canceled
			}
			due = s.carryOut(l, o)
		}
	}
	l.stepped = time.Now()
	if l.last != nil || l.course.Batches > 0 && l.course.Batches <= slow {
		l.before = l.network.Clone()
	}
	return nil
}

// atOnce is a channel for what is due already.
var atOnce = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()

// due returns a channel that receives something, or is closed, when the next step is due.
func (l *learner) due() <-chan time.Time {
	if l.course.State == statePaused {
		return nil // never
	}
	if l.course.Batches > 0 {
		interval := time.Duration(float64(time.Second) / l.course.Batches)
		if early := interval - time.Since(l.stepped); early > 0 {
			return time.After(early)
		}
	}
	return atOnce
}

// carryOut carries out an order and reports whether the next step is due by it. A pause takes one
// more step if the last one was too fast to be shown.
func (s *studio) carryOut(l *learner, o order) (due bool) {
	now := &l.course.State
	switch {
	case o.kind == toPause && *now == statePaused:
		o.done <- refuse(http.StatusConflict, "learning is paused already")
		return false
	case o.kind == toResume && *now == stateLearning:
		o.done <- refuse(http.StatusConflict, "learning is not paused")
		return false
	case o.kind == toStep, o.kind == toPause && l.batch == nil:
		*now, l.last = stateLearning, &o
		return true
	case o.kind == toPause:
		*now = statePaused
	case o.kind == toResume:
		*now = stateLearning
	case o.kind == toPace:
		l.course.Batches = o.batches
	}
	s.show(l)
	o.done <- nil
	return false
}

// A plot is the cost of training of any length, in at most mostPoints points. Each is about
// the same number of steps.
type plot struct {
	points []sums
	width  int // the number of steps in a point
	steps  int // the number of those in the last point so far, 0 if it is complete
}

const mostPoints = 200

// sums are what a plot knows about the examples of some consecutive steps.
type sums struct {
	done     float64 // the share of the training that was done after them
	cost     float64 // the sum of the costs
	right    int
	examples int
}

// with returns the sums of s and of the steps after it.
func (s sums) with(next sums) sums {
	return sums{next.done, s.cost + next.cost, s.right + next.right, s.examples + next.examples}
}

// add adds a step. When the curve is full, each two points become one.
func (c *plot) add(step sums) {
	if c.steps == 0 {
		c.points = append(c.points, sums{})
	}
	last := len(c.points) - 1
	c.points[last] = c.points[last].with(step)
	c.steps = (c.steps + 1) % c.width
	if c.steps == 0 && len(c.points) == mostPoints {
		for i := range mostPoints / 2 {
			c.points[i] = c.points[2*i].with(c.points[2*i+1])
		}
		c.points, c.width = c.points[:mostPoints/2], 2*c.width
	}
}

// averages returns the points that are complete, at the end of training the last one too.
func (c *plot) averages(end bool) []point {
	points := []point{}
	for i, p := range c.points {
		if end || c.steps == 0 || i < len(c.points)-1 {
			average := score{p.cost / float64(p.examples), float64(p.right) / float64(p.examples)}
			points = append(points, point{p.done, average})
		}
	}
	return points
}

// serve answers requests until ctx is done.
func (s *studio) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:        s.handler(),
		ReadTimeout:    15 * time.Second,
		WriteTimeout:   30 * time.Second,
		IdleTimeout:    time.Minute,
		MaxHeaderBytes: 1 << 14,
	}
	debug.SetMemoryLimit(200 << 20) // with hundreds of connections the garbage would double it
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// A route serves a value or an error. A nil value means that it has sent something itself.
type route func(w http.ResponseWriter, r *http.Request) (any, error)

// handler routes requests. A value that is served becomes JSON, an error {"error": "..."}.
func (s *studio) handler() http.Handler {
	routes := map[string]route{
		"GET /setup": s.serveSetup, "GET /network": s.serveNetwork, "GET /test": s.serveTest,
		"POST /recognize": s.serveReading, "GET /digit": s.serveReading, "POST /check": s.serveCheck,
		"POST /along": s.serveAlong, "POST /asks": s.serveAsks,
		"POST /step": s.serveStep, "POST /set": s.serveSet, "POST /undo": s.serveUndo,
		"POST /learn": s.serveLearn, "POST /pause": s.serveOrder(toPause), "POST /resume": s.serveOrder(toResume),
		"POST /next": s.serveOrder(toStep), "POST /stop": s.serveOrder(toStop), "POST /pace": s.serveOrder(toPace),
		"GET /batch": s.serveBatch, "GET /progress": s.serveProgress,
		"POST /save": s.serveSave, "POST /revert": s.serveRevert,
	}
	files, _ := page.ReadDir("web/page") // which is embedded
	for _, file := range files {
		routes["GET /"+file.Name()] = servePage
	}
	routes["GET /"] = servePage
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
			"img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		value, err := s.answer(routes, w, r)
		send(w, r, value, err)
	})
}

// answer returns what the route of a request serves.
func (s *studio) answer(routes map[string]route, w http.ResponseWriter, r *http.Request) (any, error) {
	if err := checkSender(r); err != nil {
		return nil, err
	}
	method, path := cmp.Or(map[string]string{"HEAD": "GET"}[r.Method], r.Method), r.URL.Path
	if serve := routes[method+" "+path]; serve != nil {
		return serve(w, r)
	}
	for _, other := range []string{"GET", "POST"} {
		if routes[other+" "+path] != nil {
			w.Header().Set("Allow", other)
			return nil, refuse(http.StatusMethodNotAllowed, "%s takes %s, not %s", path, other, r.Method)
		}
	}
	return nil, refuse(http.StatusNotFound, "there is nothing at %s", path)
}

// checkSender refuses requests of other pages. A foreign site could send requests here from
// the user's own browser, under its own name (Origin) or with a name of its own made to mean
// this machine (Host). So the host must be localhost, the name of this machine or an IP address,
// which no foreign site can have, and the origin, if there is one, the same.
func checkSender(r *http.Request) error {
	host, origin := r.Host, r.Header.Get("Origin")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	machine, _ := os.Hostname() // an error means that it has no name
	machine = strings.ToLower(cmp.Or(machine, "localhost"))
	if !slices.Contains([]string{"localhost", machine, machine + ".local"}, host) &&
		net.ParseIP(strings.Trim(host, "[]")) == nil {
		return refuse(http.StatusForbidden, "this server does not answer to the name %q; on this machine use localhost, "+
			"from elsewhere its IP address, such as %s", r.Host, outsideAddress())
	}
	if origin != "" && !strings.EqualFold(origin, "http://"+r.Host) {
		return refuse(http.StatusForbidden, "pages from %q may not use this server", origin)
	}
	return nil
}

// A refusal is an error with the HTTP status that goes with it. All other errors are bad requests.
type refusal struct {
	status int
	error
}

// refuse returns a refusal with a formatted error.
func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Errorf(format, args...)}
}

// A failure is what is sent for an error.
type failure struct {
	Error string `json:"error"`
	Field string `json:"field,omitempty"` // of an order to learn, that is wrong
}

// send sends a value or an error. A nil value has been sent already.
func send(w http.ResponseWriter, r *http.Request, value any, err error) {
	status := http.StatusOK
	if r.URL.Path == "/learn" {
		status = http.StatusAccepted
	}
	text, infinite := json.Marshal(value)
	if err == nil && infinite != nil { // JSON has no such numbers
		err = refuse(http.StatusUnprocessableEntity, "the numbers of this network are too large")
	}
	if err != nil {
		status = http.StatusBadRequest
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			status = refused.status
		}
		f := failure{Error: err.Error()}
		if r.URL.Path == "/learn" && status == http.StatusBadRequest { // the error begins with the field
			f.Field, _, _ = strings.Cut(strings.Replace(f.Error, ":", " ", 1), " ")
		}
		text, _ = json.Marshal(f)
	} else if value == nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // an error means that nobody listens any more
}

// A query reads the query of a request. err is its first mistake.
type query struct {
	url.Values
	err error
}

// whole returns a whole number from low to high, or low after a mistake.
func (q *query) whole(name string, low, high int) int {
	x, err := strconv.Atoi(q.Get(name))
	if err == nil && low <= x && x <= high {
		return x
	}
	q.err = cmp.Or(q.err, fmt.Errorf("%s %q: must be a whole number from %d to %d", name, q.Get(name), low, high))
	return low
}

// number returns a number from low to high, or low after a mistake.
func (q *query) number(name string, low, high float64) float64 {
	x, err := strconv.ParseFloat(q.Get(name), 64)
	if err == nil && low <= x && x <= high {
		return x
	}
	q.err = cmp.Or(q.err, fmt.Errorf("%s %q: must be a number from %g to %g", name, q.Get(name), low, high))
	return low
}

// place returns the layer l and the neuron j of a weight or a bias, and the neuron k before, -1
// for a bias.
func (q *query) place(n *Network) (l, j, k int) {
	l = q.whole("layer", 1, len(n.Layers)-1)
	return l, q.whole("j", 0, n.Layers[l]-1), q.whole("k", -1, n.Layers[l-1]-1)
}

// at returns the weight or the bias at a place, or its derivative.
func (p Parameters) at(l, j, k int) *float64 {
	if k < 0 {
		return &p.Biases[l][j]
	}
	return &p.Weights[l].Column(k)[j]
}

const (
	smallestRate = 1e-9 // of a step on the page
	largest      = 1e6  // of a rate, a weight and a pace on the page
)

// batches returns the number of mini-batches a second, 0 for as fast as it goes.
func (q *query) batches() float64 {
	if text := q.Get("batches"); text == "" || text == "0" {
		return 0
	}
	return q.number("batches", 0.01, largest)
}

// servePage sends a file of the page.
func servePage(w http.ResponseWriter, r *http.Request) (any, error) {
	name := cmp.Or(strings.TrimPrefix(r.URL.Path, "/"), "index.html")
	w.Header().Set("Content-Type", map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml", ".png": "image/png",
	}[path.Ext(name)])
	text, err := page.ReadFile("web/page/" + name)
	w.Write(text)
	return nil, err
}

// A setup is what does not change while the program runs.
type setup struct {
	Rows       int         `json:"rows"`
	Cols       int         `json:"cols"`
	Classes    int         `json:"classes"`
	Names      []string    `json:"names"` // of the labels
	Train      int         `json:"train"` // the number of examples
	Test       int         `json:"test"`
	File       string      `json:"file"`
	Defaults   *learnOrder `json:"defaults"`
	Variations []tweak     `json:"variations"`
}

// A tweak is a variation that learning can use.
type tweak struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
}

// serveSetup sends what does not change while the program runs.
func (s *studio) serveSetup(w http.ResponseWriter, r *http.Request) (any, error) {
	d := defaults()
	a := setup{Rows: s.set.Rows, Cols: s.set.Cols, Classes: s.set.Classes, Train: len(s.set.Train),
		Test: len(s.set.Test), File: s.path, Defaults: newLearnOrder(&d)}
	for label := range s.set.Classes {
		a.Names = append(a.Names, s.set.Name(label))
	}
	for _, v := range variations {
		a.Variations = append(a.Variations, tweak{v.name, v.usage})
	}
	return a, nil
}

// A networkAnswer is a network as it is saved, with its version and the size of its pictures.
type networkAnswer struct {
	Version int `json:"version"`
	Rows    int `json:"rows"`
	Cols    int `json:"cols"`
	networkFile
}

// serveNetwork sends the network in memory.
func (s *studio) serveNetwork(w http.ResponseWriter, r *http.Request) (any, error) {
	n, version := s.current()
	q := &query{Values: r.URL.Query()}
	return networkAnswer{version, s.set.Rows, s.set.Cols, rounded(n, q)}, q.err
}

// rounded returns a network as it is saved. places=N in the query rounds its numbers to N
// decimal places: with 3 they are short enough to be sent ten times a second.
func rounded(n *Network, q *query) networkFile {
	if q.Has("places") {
		unit := math.Pow10(q.whole("places", 0, 15))
		n = n.Clone()
		for i, x := range n.All {
			n.All[i] = math.Round(x*unit) / unit
		}
	}
	return n.file()
}

// A testAnswer is how a network does on the test set.
type testAnswer struct {
	Version int     `json:"version"`
	Cost    float64 `json:"cost"`
	Right   int     `json:"right"`
	Of      int     `json:"of"`
	Table   [][]int `json:"table"` // Table[label][answer] counts examples
}

// serveTest sends how the network in memory does on the test set.
func (s *studio) serveTest(w http.ResponseWriter, r *http.Request) (any, error) { return s.test(), nil }

// test tests the network in memory, once for each version.
func (s *studio) test() testAnswer {
	s.testing.Lock()
	defer s.testing.Unlock()
	if n, version := s.current(); version != s.tested.Version {
		r := review(n, s.set.Test)
		s.tested = testAnswer{version, r.cost, r.right, len(s.set.Test), r.table}
	}
	return s.tested
}

// A subject is what an answer is about: a network and, if there is a label, an example. The
// answer begins with it.
type subject struct {
	Version  int      `json:"version"`
	Number   *int     `json:"number,omitempty"` // of a test picture
	Truth    *int     `json:"truth,omitempty"`  // its label in the set
	Label    *int     `json:"label,omitempty"`  // the one that is asked for, or else that
	Prepared []string `json:"prepared,omitempty"`
	Warning  string   `json:"warning,omitempty"`

	network *Network
	picture Picture
}

// subject returns what a request is about. The picture is a drawing in the body, or a test
// picture: number=N, or the next one after wrong=N that is misread, or for /digit any. The label is
// the one in the query or else that of the test picture.
func (s *studio) subject(w http.ResponseWriter, r *http.Request) (a subject, q *query, err error) {
	a.network, a.Version = s.current()
	q, last := &query{Values: r.URL.Query()}, len(s.set.Test)-1
	number := -1
	switch {
	case q.Has("wrong"):
		number, err = s.nextMistake(a.network, q)
	case q.Get("number") != "":
		if number = q.whole("number", 0, last); q.err != nil {
			err = refuse(http.StatusNotFound, "there is no test picture %s; the numbers are 0 to %d", q.Get("number"), last)
		}
	case r.URL.Path == "/digit":
		number = rand.IntN(last + 1)
	default:
		var prepared Preparation
		a.picture, prepared, err = s.readDrawing(w, r)
		a.Prepared, a.Warning = prepared.Done, prepared.Warning
	}
	if number >= 0 {
		e := s.set.Test[number]
		a.picture, a.Number, a.Truth, a.Label = e.Picture, &number, &e.Label, &e.Label
	}
	if q.Has("label") || a.Label == nil && r.URL.Path != "/recognize" {
		label := q.whole("label", 0, s.set.Classes-1)
		a.Label = &label
	}
	return a, q, cmp.Or(err, q.err)
}

// nextMistake returns the number of the next test picture that the network misreads, with read
// and as in the query one with that label and that answer. After the last picture comes the first.
func (s *studio) nextMistake(n *Network, q *query) (number int, err error) {
	p, after := n.NewPass(), q.whole("wrong", -1, len(s.set.Test)-1)
	wanted := func(label, answer int) bool { return label != answer }
	if q.Has("read") {
		read, as := q.whole("read", 0, s.set.Classes-1), q.whole("as", 0, s.set.Classes-1)
		wanted = func(label, answer int) bool { return label == read && answer == as }
	}
	for i := range s.set.Test {
		number = (after + 1 + i) % len(s.set.Test)
		if e := s.set.Test[number]; q.err != nil || wanted(e.Label, Answer(n.Forward(p, e.Picture))) {
			return number, q.err
		}
	}
	return -1, refuse(http.StatusNotFound, "the network misreads no test picture like that")
}

// readDrawing reads the picture in the body of a request, as predict does with a file, in at
// most two seconds. Small pictures do not wait for large ones, which may take long.
func (s *studio) readDrawing(w http.ResponseWriter, r *http.Request) (p Picture, prepared Preparation, err error) {
	const smallBody, largestBody, largestPicture = 1 << 15, 1 << 20, 4_000_000 // bytes, bytes, pixels
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if errors.As(err, new(*http.MaxBytesError)) {
		return p, prepared, refuse(http.StatusRequestEntityTooLarge, "a picture may have %d bytes at most", largestBody)
	}
	if err != nil {
		return p, prepared, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	turns := s.largeTurns
	if len(body) <= smallBody {
		turns = s.smallTurns
	}
	select {
	case turns <- struct{}{}:
	case <-ctx.Done():
		return p, prepared, refuse(http.StatusTooManyRequests, "too many pictures at once; try again")
	}
	p, prepared, err = ReadPicture(ctx, bytes.NewReader(body), s.frame, largestPicture)
	<-turns
	switch {
	case errors.Is(err, ErrNoInk):
		err = refuse(http.StatusUnprocessableEntity, "%w", err)
	case ctx.Err() != nil:
		err = refuse(http.StatusUnprocessableEntity, "the picture takes too long to decode; save it as PNG, smaller")
	}
	return p, prepared, err
}

// A reading is what the network makes of a picture and, if there is a label, what the gradient
// asks.
type reading struct {
	subject
	Digit       int          `json:"digit"`
	Unsure      bool         `json:"unsure"`
	Activations [][]float64  `json:"activations"`
	Z           [][]float64  `json:"z"`
	Cost        *float64     `json:"cost,omitempty"`
	DCDA        [][]float64  `json:"dCda,omitempty"`
	Delta       [][]float64  `json:"delta,omitempty"`
	Network     *networkFile `json:"network,omitempty"`
}

// serveReading answers /recognize and /digit. With places=N the network itself comes too, so
// that both are of one version.
func (s *studio) serveReading(w http.ResponseWriter, r *http.Request) (any, error) {
	b, q, err := s.subject(w, r)
	if err != nil {
		return nil, err
	}
	n, p := b.network, b.network.NewPass()
	output := n.Forward(p, b.picture)
	a := reading{subject: b, Digit: Answer(output), Unsure: unsure(output), Activations: p.A, Z: p.Z}
	if b.Label != nil {
		cost := Cost(output, *b.Label)
		n.Backward(p, *b.Label, n.NewGradient())
		a.Cost, a.DCDA, a.Delta = &cost, p.DCDA, p.Delta
	}
	if q.Has("places") {
		f := rounded(n, q)
		a.Network = &f
	}
	return a, q.err
}

// gradient returns the cost of a subject, and its gradient with the pass that it is from.
func (b subject) gradient() (cost float64, p *Pass, g *Gradient) {
	p, g = b.network.NewPass(), b.network.NewGradient()
	cost = Cost(b.network.Forward(p, b.picture), *b.Label)
	b.network.Backward(p, *b.Label, g)
	return cost, p, g
}

// A check compares a derivative by the chain rule of chapter 4 with the measured slope.
type check struct {
	subject
	Value    float64 `json:"value"` // of the weight or bias
	DzDw     float64 `json:"dzdw"`
	DaDz     float64 `json:"dadz"`
	DCDA     float64 `json:"dCda"`
	Computed float64 `json:"computed"`
	Measured float64 `json:"measured"`
	Error    float64 `json:"error"` // relative
}

// serveCheck checks the derivative of the cost with respect to one weight or bias.
func (s *studio) serveCheck(w http.ResponseWriter, r *http.Request) (any, error) {
	b, q, err := s.subject(w, r)
	if err != nil {
		return nil, err
	}
	l, j, k := q.place(b.network)
	_, p, g := b.gradient()
	n, pass := b.network.Clone(), b.network.NewPass() // to be nudged
	x := n.at(l, j, k)
	a := check{subject: b, Value: *x, DzDw: 1, DaDz: SigmoidSlope(p.A[l][j]), DCDA: p.DCDA[l][j], Computed: *g.at(l, j, k)}
	if k >= 0 {
		a.DzDw = p.A[l-1][k]
	}
	a.Measured = Slope(x, func() float64 { return Cost(n.Forward(pass, b.picture), *b.Label) })
	a.Error = RelativeError(a.Computed, a.Measured)
	return a, q.err
}

// A profile is the cost along a line through the network, at 41 places.
type profile struct {
	subject
	Value float64   `json:"value"` // where the network is on the line
	Cost  float64   `json:"cost"`  // there
	Slope float64   `json:"slope"` // there, by the gradient
	At    []float64 `json:"at"`
	Costs []float64 `json:"costs"`
}

// serveAlong sends the cost of an example along one weight or bias or, with rate in the query,
// along the step of gradient descent. As the step is w - rate dC/dw, its slope is minus
// the sum of the squares of dC/dw.
func (s *studio) serveAlong(w http.ResponseWriter, r *http.Request) (any, error) {
	b, q, err := s.subject(w, r)
	if err != nil {
		return nil, err
	}
	a, from, to := profile{subject: b}, 0.0, 0.0
	n, g := b.network.Clone(), (*Gradient)(nil)
	a.Cost, _, g = b.gradient()
	var move func(at float64)
	if q.Has("rate") {
		to = q.number("rate", smallestRate, largest)
		for _, derivative := range g.All {
			a.Slope -= derivative * derivative
		}
		move = func(rate float64) {
			for i, w := range b.network.All {
				n.All[i] = w - rate*g.All[i]
			}
		}
	} else {
		l, j, k := q.place(n)
		from, to = q.number("from", -largest, largest), q.number("to", -largest, largest)
		x := n.at(l, j, k)
		a.Value, a.Slope = *x, *g.at(l, j, k)
		move = func(at float64) { *x = at }
	}
	p := n.NewPass()
	for i := range 41 {
		at := from + (to-from)*float64(i)/40
		move(at)
		a.At, a.Costs = append(a.At, at), append(a.Costs, Cost(n.Forward(p, b.picture), *b.Label))
	}
	return a, q.err
}

// Wishes are what several examples ask of the same weights, each by -dC/dw (chapter 3).
type wishes struct {
	Version int         `json:"version"`
	Numbers []int       `json:"numbers"`
	Labels  []int       `json:"labels"`
	Weights []weight    `json:"weights"`
	Asks    [][]float64 `json:"asks"` // Asks[example][weight]
	Average []float64   `json:"average"`
}

// A weight leads from neuron k of layer l-1 to neuron j of layer l.
type weight struct {
	L int `json:"layer"`
	J int `json:"j"`
	K int `json:"k"`
}

// serveAsks sends what test pictures ask of the same few weights.
func (s *studio) serveAsks(w http.ResponseWriter, r *http.Request) (any, error) {
	n, version := s.current()
	a := wishes{Version: version}
	p, sum, brightness := n.NewPass(), n.NewGradient(), n.NewPass().A
	var gradients []*Gradient
	for word := range strings.SplitSeq(r.URL.Query().Get("numbers"), ",") {
		number, err := strconv.Atoi(word)
		if err != nil || number < 0 || number >= len(s.set.Test) || len(a.Numbers) == 20 {
			return nil, fmt.Errorf("numbers: must be 1 to 20 numbers of test pictures, 0 to %d", len(s.set.Test)-1)
		}
		e, g := s.set.Test[number], n.NewGradient()
		n.Forward(p, e.Picture)
		n.Backward(p, e.Label, g)
		n.Backward(p, e.Label, sum)
		for l := range p.A {
			for k, ak := range p.A[l] {
				brightness[l][k] += ak
			}
		}
		a.Numbers, a.Labels, gradients = append(a.Numbers, number), append(a.Labels, e.Label), append(gradients, g)
	}
	a.Weights = askedWeights(sum, brightness)
	a.Average = make([]float64, len(a.Weights))
	for _, g := range gradients {
		var asks []float64
		for i, w := range a.Weights {
			asks = append(asks, 0-*g.at(w.L, w.J, w.K)) // 0-x, as -x may be -0
			a.Average[i] += asks[i] / float64(len(gradients))
		}
		a.Asks = append(a.Asks, asks)
	}
	return a, nil
}

// askedWeights returns the weights into the five neurons of each layer that should move most,
// from the neuron before that is brightest.
func askedWeights(sum *Gradient, brightness [][]float64) (list []weight) {
	for l := len(brightness) - 1; l > 0; l-- {
		neurons := make([]int, len(sum.Biases[l]))
		for j := range neurons {
			neurons[j] = j
		}
		slices.SortStableFunc(neurons, func(a, b int) int {
			return cmp.Compare(math.Abs(sum.Biases[l][b]), math.Abs(sum.Biases[l][a]))
		})
		for _, j := range neurons[:min(5, len(neurons))] {
			list = append(list, weight{l, j, Answer(brightness[l-1])})
		}
	}
	return list
}

// A step is what a change of the network does to the cost of an example, if there is one.
type step struct {
	subject
	Before    *float64 `json:"before,omitempty"`
	Predicted *float64 `json:"predicted,omitempty"` // by the gradient
	After     *float64 `json:"after,omitempty"`
}

// serveStep takes one step of gradient descent on one example. As w becomes w - rate * dC/dw,
// the gradient predicts that the cost falls by the sum of dC/dw * rate * dC/dw.
func (s *studio) serveStep(w http.ResponseWriter, r *http.Request) (any, error) {
	b, q, err := s.subject(w, r)
	rate := q.number("rate", smallestRate, largest)
	if err = cmp.Or(err, q.err); err != nil {
		return nil, err
	}
	if err := s.lockIdle(); err != nil {
		return nil, err
	}
	defer s.mutex.Unlock()
	b.network = s.network
	before, p, g := b.gradient()
	predicted := before
	for _, derivative := range g.All {
		predicted -= derivative * rate * derivative
	}
	n := b.network.Clone()
	n.Descend(g, rate, 0)
	after := Cost(n.Forward(p, b.picture), *b.Label)
	err = s.change(n, "step")
	b.Version = s.version
	return step{b, &before, &predicted, &after}, err
}

// serveSet sets one weight or bias.
func (s *studio) serveSet(w http.ResponseWriter, r *http.Request) (any, error) {
	b, q, err := subject{}, &query{Values: r.URL.Query()}, error(nil)
	if q.Has("number") || q.Has("wrong") || r.ContentLength != 0 {
		b, q, err = s.subject(w, r)
	}
	value := q.number("value", -largest, largest)
	if err != nil {
		return nil, err
	}
	if err := s.lockIdle(); err != nil {
		return nil, err
	}
	defer s.mutex.Unlock()
	n, a := s.network.Clone(), step{subject: b}
	x := n.at(q.place(n))
	if q.err != nil {
		return nil, q.err
	}
	*x = value
	if b.Label != nil {
		p := n.NewPass()
		before := Cost(s.network.Forward(p, b.picture), *b.Label)
		after := Cost(n.Forward(p, b.picture), *b.Label)
		a.Before, a.After = &before, &after
	}
	err = s.change(n, "set")
	a.Version = s.version
	return a, err
}

// serveUndo takes back the last change of the network.
func (s *studio) serveUndo(w http.ResponseWriter, r *http.Request) (any, error) {
	if err := s.lockIdle(); err != nil {
		return nil, err
	}
	defer s.mutex.Unlock()
	if len(s.changes) == 0 {
		return nil, refuse(http.StatusConflict, "there is nothing to take back")
	}
	s.takeBack()
	return s.state(), nil
}

// A learnOrder is an order to learn. What is left out is as on the command line.
type learnOrder struct {
	Hidden []int           `json:"hidden"` // not a pointer to the default, of which null would keep an element
	Epochs *int            `json:"epochs"`
	Batch  *int            `json:"batch"`
	Rate   *float64        `json:"rate"`
	Seed   *uint64         `json:"seed"`
	Anneal *bool           `json:"anneal"`
	Decay  *float64        `json:"decay"`
	Vary   map[string]bool `json:"vary"`  // by the names of the variations
	Plain  bool            `json:"plain"` // no anneal, decay and vary
	From   string          `json:"from"`  // random, or here for the layers, weights and biases of the network
}

// newLearnOrder returns an order whose fields are those of d.
func newLearnOrder(d *settings) *learnOrder {
	return &learnOrder{nil, &d.plan.Epochs, &d.plan.Batch, &d.plan.Rate, &d.seed, &d.plan.Anneal, &d.plan.Decay,
		d.vary, false, "random"}
}

// settingsOf reads an order to learn.
func settingsOf(body io.Reader) (*settings, error) {
	d := defaults()
	order, in := newLearnOrder(&d), json.NewDecoder(body)
	in.DisallowUnknownFields()
	err := in.Decode(&order)
	switch _, end := in.Token(); {
	case err == io.EOF:
		return nil, errors.New("the body is empty; for the defaults send {}")
	case err != nil:
		return nil, jsonError(err)
	case end != io.EOF:
		return nil, errors.New("there is more after the object")
	case order == nil:
		return nil, errors.New("null is not an order to learn; for the defaults send {}")
	case order.From != "random" && order.From != "here":
		return nil, fmt.Errorf("from %q: must be random or here", order.From)
	}
	for name := range order.Vary {
		if !slices.ContainsFunc(variations, func(v variation) bool { return v.name == name }) {
			return nil, fmt.Errorf("vary: there is no %q", name)
		}
	}
	if d.resume = order.From == "here"; order.Hidden != nil {
		d.hidden = order.Hidden
	}
	if order.Plain {
		d.makePlain()
	}
	return &d, d.check()
}

// serveLearn starts training in the background.
func (s *studio) serveLearn(w http.ResponseWriter, r *http.Request) (any, error) {
	d, err := settingsOf(http.MaxBytesReader(w, r.Body, 1<<12))
	q := &query{Values: r.URL.Query()}
	batches := q.batches()
	if err = cmp.Or(err, q.err); err != nil {
		return nil, err
	}
	random, n := rand.New(rand.NewPCG(d.seed, 0)), (*Network)(nil)
	if !d.resume {
		if n, err = d.randomNetwork(s.set, random); err != nil {
			return nil, fmt.Errorf("hidden: %w", err)
		}
	}
	if err := s.lockIdle(); err != nil {
		return nil, err
	}
	defer s.mutex.Unlock()
	if n == nil {
		n = s.network
	}
	if err := s.change(n, "learn"); err != nil {
		return nil, err
	}
	s.learner = newLearner(d.training(), n, s.set, random, batches)
	s.course, s.batch = s.learner.course, nil
	go s.learn(s.learner)
	return s.state(), nil
}

// serveOrder answers an order when it is carried out.
func (s *studio) serveOrder(kind orderKind) route {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		q := &query{Values: r.URL.Query()}
		o := order{kind, q.batches(), make(chan error, 1)}
		if q.err != nil {
			return nil, q.err
		}
		s.mutex.Lock()
		l, underWay := s.learner, s.underWay()
		s.mutex.Unlock()
		if !underWay {
			return nil, refuse(http.StatusConflict, "no learning is under way")
		}
		select {
		case l.orders <- o:
		case <-l.over:
			return nil, refuse(http.StatusConflict, "learning has ended")
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		select {
		case err := <-o.done:
			if err != nil {
				return nil, err
			}
		case <-l.over:
		}
		s.mutex.Lock()
		defer s.mutex.Unlock()
		return s.state(), nil
	}
}

// A lesson is an example of a mini-batch, before and after the step.
type lesson struct {
	Label  int     `json:"label"`
	Answer int     `json:"answer"` // before
	Cost   float64 `json:"cost"`   // before
	After  float64 `json:"after"`  // the cost
	Pixels []int   `json:"pixels"` // 0 to 255
}

// serveBatch sends the examples of the last step.
func (s *studio) serveBatch(w http.ResponseWriter, r *http.Request) (any, error) {
	s.mutex.Lock()
	b := s.batch
	s.mutex.Unlock()
	if b == nil {
		return nil, refuse(http.StatusConflict, "mini-batches are shown when learning is paused or at most at %d a second", slow)
	}
	lessons, p := []lesson{}, b.before.NewPass()
	for _, e := range b.examples {
		output := b.before.Forward(p, e.Picture)
		a := lesson{Label: e.Label, Answer: Answer(output), Cost: Cost(output, e.Label), Pixels: make([]int, e.Rows*e.Cols)}
		a.After = Cost(b.after.Forward(p, e.Picture), e.Label)
		for i, k := range e.Lit {
			a.Pixels[k] = int(e.Greys[i])
		}
		lessons = append(lessons, a)
	}
	return lessons, nil
}

// serveProgress sends the state at once, and then ten times a second if it has changed.
func (s *studio) serveProgress(w http.ResponseWriter, r *http.Request) (any, error) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == "HEAD" {
		return nil, nil
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // this may last for hours
	for last := []byte(nil); ; {
		if event := s.currentEvent(); !bytes.Equal(event, last) {
			last = event
			control.SetWriteDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprintf(w, "data: %s\n\n", event)
			control.Flush() // an error ends the request's context
		}
		select {
		case <-r.Context().Done():
			return nil, nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// currentEvent returns the state as text, made once for all who ask within a moment.
func (s *studio) currentEvent() []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if time.Since(s.eventAt) > 50*time.Millisecond {
		s.readFile()
		s.event, _ = json.Marshal(s.state()) // all its numbers are finite
		s.eventAt = time.Now()
	}
	return s.event
}

// serveSave writes the network to its file.
func (s *studio) serveSave(w http.ResponseWriter, r *http.Request) (any, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.keeper == nil {
		k, err := newKeeper(s.path)
		if err != nil {
			return nil, refuse(http.StatusConflict, "%w", err)
		}
		s.keeper = k
	}
	if err := s.keeper.save(s.network); err != nil {
		return nil, refuse(http.StatusConflict, "%w", err)
	}
	s.inFile, s.fileErr = s.network, nil
	s.file, _ = os.Stat(s.path) // an error shows when it is read again
	return s.state(), nil
}

// serveRevert goes back to the network in the file.
func (s *studio) serveRevert(w http.ResponseWriter, r *http.Request) (any, error) {
	if err := s.lockIdle(); err != nil {
		return nil, err
	}
	defer s.mutex.Unlock()
	if s.fileErr != nil {
		return nil, refuse(http.StatusConflict, "%w", s.fileErr)
	}
	if s.network == s.inFile {
		return nil, refuse(http.StatusConflict, "the network is the one in the file already")
	}
	err := s.change(s.inFile, "revert")
	s.keeper, _ = newKeeper(s.path) // an error shows when it is saved
	return s.state(), err
}
