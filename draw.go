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

// This file serves a page that shows a network: first the command and what the page is told, then
// training in the background, then the requests of the page.

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
	s := newStudio(*path, set, n)
	listener, err := listen(*addr)
	if err != nil {
		return err
	}
	ctx, release := untilSignal()
	defer release()
	address := announce(c, listener.Addr().(*net.TCPAddr))
	if *open && c.live {
		openBrowser(address)
	}
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
	if _, err := strconv.Atoi(addr); err == nil {
		addr = "localhost:" + addr
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, usage("draw: -addr %q: must be a port or HOST:PORT, such as localhost:8080 for this machine alone "+
			"or :8080 for others too", addr)
	}
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use, perhaps by another draw; stop that, or let the system choose a port: "+
			"go run . draw -addr localhost:0", addr)
	}
	if failure := (*net.OpError)(nil); errors.As(err, &failure) {
		return nil, fmt.Errorf("cannot listen at %s: %w", addr, failure.Err)
	}
	return listener, err
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

	mutex   sync.Mutex // guards the rest
	network *Network
	version int           // the number of networks so far
	tested  func() result // tests the network, when it is first called
	inFile  *Network      // the network last read from the file or saved
	file    os.FileInfo   // of the file at that time, nil if it is gone
	fileErr error         // why the file cannot be read, or nil
	keeper  *keeper       // of the file, nil before it is needed
	changes []change      // that can be taken back
	learner *learner      // under way, or the last one; nil if there was none
	course  course        // of its training
	batch   *batch        // its last step if that is shown, or nil
	event   []byte        // the state, for all who follow it
	eventAt time.Time     // when it was made
}

// A change can be taken back.
type change struct {
	before *Network
	kind   string // step, set, learn or revert
}

// newStudio returns a studio with the network in a file.
func newStudio(path string, set *Dataset, n *Network) *studio {
	s := &studio{
		path: path, set: set, frame: FrameOf(set), inFile: n,
		smallTurns: make(chan struct{}, 4), largeTurns: make(chan struct{}, 1),
		course: newCourse(stateIdle, Training{}),
	}
	s.replace(n)
	s.file, _ = os.Stat(path)     // an error shows when it is read again
	s.keeper, _ = newKeeper(path) // the same when it is saved
	return s
}

// readFile reads the file again if it has changed, as it does while train runs. The page shows
// the network there, unless it has one that is not saved.
func (s *studio) readFile() {
	info, err := os.Stat(s.path)
	if err == nil && s.file != nil && info.ModTime().Equal(s.file.ModTime()) && info.Size() == s.file.Size() {
		return
	}
	s.file = info
	n := (*Network)(nil)
	if err != nil {
		err = fmt.Errorf("the file %s cannot be found: %w", s.path, reason(err))
	} else if n, err = loadNetwork(s.path); err == nil && !n.fits(s.set) {
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
	s.tested = sync.OnceValue(func() result { return review(n, s.set.Test) })
	s.eventAt = time.Time{} // the event is out of date
}

// change replaces the network so that the one before can be brought back. It refuses a network
// that is not finite, and does nothing after a mistake. As many changes are kept as fit into the
// memory of the largest network.
func (s *studio) change(r *request, n *Network, kind string) {
	if r.err != nil {
		return
	}
	if err := n.finite(); err != nil {
		r.fail(http.StatusUnprocessableEntity, "%w", err)
		return
	}
	s.changes = append(s.changes, change{before: s.network, kind: kind})
	s.changes = s.changes[max(0, len(s.changes)-max(1, maxParameters/len(n.All))):]
	s.replace(n)
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

// lockIdle locks the mutex for a change of the network, which is a mistake while learning is under
// way.
func (s *studio) lockIdle(r *request) {
	s.mutex.Lock()
	s.readFile()
	if s.underWay() {
		r.fail(http.StatusConflict, "the network is learning; stop that first")
	}
}

// A state is what the page is told of the network and of learning.
type state struct {
	Version    int    `json:"version"`
	Saved      bool   `json:"saved"`      // the network in memory is the one in the file
	Revertible bool   `json:"revertible"` // there is another network in the file to go back to
	FileError  string `json:"fileError"`  // why the file cannot be read, or ""
	Undoes     string `json:"undoes"`     // the kind of the last change that can be taken back, or ""
	BatchShown bool   `json:"batchShown"` // the last mini-batch can be shown
	course
}

// state returns the state. The mutex must be locked.
func (s *studio) state() state {
	s.eventAt = time.Time{} // no event that is sent after this answer may be older
	saved := s.network == s.inFile && s.fileErr == nil
	a := state{Version: s.version, Saved: saved, Revertible: !saved && s.fileErr == nil,
		BatchShown: s.batch != nil, course: s.course}
	if s.fileErr != nil {
		a.FileError = s.fileErr.Error()
	}
	if last := len(s.changes) - 1; last >= 0 && !s.underWay() {
		a.Undoes = s.changes[last].kind
	}
	a.Points = slices.Clone(a.Points) // the last of them still changes
	return a
}

// Training in the background.

// The states of learning.
const (
	stateIdle     = "idle" // there was none
	stateLearning = "learning"
	statePaused   = "paused"
	stateEnded    = "ended"
	stateFailed   = "failed"
)

// A course is what the page is told of training.
type course struct {
	State  string    `json:"state"`
	Error  string    `json:"error"` // why it failed
	Epoch  int       `json:"epoch"`
	Epochs int       `json:"epochs"`
	Batch  int       `json:"batch"`
	Seen   int       `json:"seen"`
	Of     int       `json:"of"`
	Cost   float64   `json:"cost"`   // in this epoch so far
	Right  int       `json:"right"`  // in this epoch so far
	Start  *point    `json:"start"`  // on the test set before the first step, null until it is measured
	Costs  []float64 `json:"costs"`  // of each epoch
	Rights []float64 `json:"rights"` // the share of the training examples that were right in each epoch
	Tests  []float64 `json:"tests"`  // the share of the test examples right after each epoch
	Points []point   `json:"points"` // the curve in mini-batches
}

// newCourse returns the course of training that has not begun. In JSON its lists are [], not null.
func newCourse(state string, plan Training) course {
	return course{State: state, Epochs: plan.Epochs, Batch: plan.Batch,
		Costs: []float64{}, Rights: []float64{}, Tests: []float64{}, Points: []point{}}
}

// A point of the curve is about some examples: the average cost, and the share that is right.
type point struct {
	Done  float64 `json:"done"` // the share of the training that was done after them
	Cost  float64 `json:"cost"`
	Right float64 `json:"right"`
	seen  int     // the number of the examples
	costs float64 // the sum of their costs
	right int     // how many of them are right
}

// mostPoints is the number of points of a whole training.
const mostPoints = 200

// note records the progress after a step of the learner.
func (s *studio) note(l *learner, p Progress) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c := &s.course
	if last := len(c.Points) - 1; last < 0 || c.Points[last].Done*mostPoints >= float64(last+1) {
		c.Points = append(c.Points, point{})
	}
	end := &c.Points[len(c.Points)-1]
	end.seen += p.Seen - l.noted.Seen
	end.costs += p.costs - l.noted.costs
	end.right += p.Right - l.noted.Right
	end.Done, end.Cost, end.Right = l.plan.Done(p), end.costs/float64(end.seen), float64(end.right)/float64(end.seen)
	c.Epoch, c.Seen, c.Of, c.Cost, c.Right, l.noted = p.Epoch, p.Seen, p.Of, p.Cost, p.Right, p.Score
	if p.Seen == p.Of {
		c.Costs = append(c.Costs, p.Cost)
		c.Rights = append(c.Rights, float64(p.Right)/float64(p.Of))
		l.noted = Score{} // of the next epoch
	}
	if l.step == nil {
		s.batch = nil
	}
}

// A learner trains a network of its own in the background. Orders reach it between two steps. Its
// fields are for the goroutine that trains.
type learner struct {
	*record
	random  *rand.Rand
	orders  chan order
	over    chan struct{} // closed at the end
	batches float64       // the pace, in mini-batches a second; 0 is as fast as it goes
	pause   chan struct{} // nil, or to be closed when it has paused after the step under way
	stepped time.Time     // when the last step began
	copyAt  time.Time     // when the next copy is due
	step    *batch        // the step under way, if it is to be shown, or nil
	noted   Score         // what is noted of this epoch
}

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

// An order is for a learner.
type order struct {
	kind    orderKind
	batches float64       // for toPace
	done    chan struct{} // closed when it is carried out
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

// newLearner returns a learner that trains a copy of n.
func newLearner(plan Training, n *Network, set *Dataset, random *rand.Rand, batches float64) *learner {
	l := &learner{random: random, batches: batches, orders: make(chan order), over: make(chan struct{})}
	l.stepped, l.step = time.Now(), &batch{before: n}
	vary := plan.Vary
	plan.Vary = func(e Example, random *rand.Rand) Picture {
		if vary != nil {
			e.Picture = vary(e, random)
		}
		if l.step != nil && len(l.step.examples) < mostExamples {
			kept := e
			kept.Lit, kept.Greys = slices.Clone(e.Lit), slices.Clone(e.Greys)
			l.step.examples = append(l.step.examples, kept)
		}
		return e.Picture
	}
	l.record = newRecord(plan, n.Clone(), set)
	return l
}

// learn trains to the end. If training fails, the network from before it is shown again.
func (s *studio) learn(l *learner) {
	defer close(l.over)
	start := l.network.Score(s.set.Test)
	s.mutex.Lock()
	s.course.Start = &point{Cost: start.Cost, Right: float64(start.Right) / float64(start.Seen)}
	s.mutex.Unlock()
	l.record.tested = func(e epoch) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.course.Tests = append(s.course.Tests, float64(e.test.Right)/float64(e.test.Seen))
	}
	err := l.plan.Train(l.network, s.set.Train, l.random, func(p Progress) error { return s.report(l, p) })
	l.record.wait()
	if err == nil || err == errStopped {
		err = s.show(l)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.course.State, s.batch = stateEnded, nil
	if err != nil {
		s.takeBack()
		s.course.State = stateFailed
		s.course.Error = fmt.Sprintf("the steps were too large: in epoch %d weights or costs were no longer numbers; "+
			"try a lower rate", max(1, s.course.Epoch))
	}
}

// errStopped ends training by an order.
var errStopped = errors.New("stopped")

// report is called after each step.
func (s *studio) report(l *learner, p Progress) error {
	if err := l.record.add(p); err != nil {
		return err
	}
	s.note(l, p)
	if l.step != nil || p.Seen == p.Of || time.Now().After(l.copyAt) {
		if err := s.show(l); err != nil {
			return err
		}
	}
	return s.wait(l)
}

// show gives the page a copy of the network, and the step if that is to be shown. Then it pauses
// if that was ordered. A network that is not finite is an error. Copies are made ten times a second,
// or less often for a large network, so that they take at most a tenth of the time.
func (s *studio) show(l *learner) error {
	if err := l.network.finite(); err != nil {
		return err
	}
	start, n := time.Now(), l.network.Clone()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.replace(n)
	if l.step != nil {
		l.step.after = n
		s.batch, l.step = l.step, nil
	}
	if l.pause != nil {
		s.course.State = statePaused
		close(l.pause)
		l.pause = nil
	}
	l.copyAt = time.Now().Add(max(100*time.Millisecond, 10*time.Since(start)))
	return nil
}

// wait carries out orders until the next step is due. It returns errStopped if there should be
// none.
func (s *studio) wait(l *learner) error {
	for due := false; !due; {
		select {
		case <-l.due(s.course.State == statePaused): // only this goroutine changes it
			due = true
		case o := <-l.orders:
			if o.kind == toStop {
				return errStopped
			}
			due = s.carryOut(l, o)
		}
	}
	l.stepped = time.Now()
	if l.pause != nil || l.batches > 0 && l.batches <= slow {
		l.step = &batch{before: l.network.Clone()}
	}
	return nil
}

// atOnce is a channel for what is due already.
var atOnce = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()

// due returns a channel that receives something, or is closed, when the next step is due.
func (l *learner) due(paused bool) <-chan time.Time {
	switch {
	case paused:
		return nil // never
	case l.batches == 0:
		return atOnce
	}
	interval := time.Duration(float64(time.Second) / l.batches)
	return time.After(interval - time.Since(l.stepped)) // at once if that is negative
}

// carryOut carries out an order other than toStop. It reports whether the next step is due by it,
// after which the learner pauses.
func (s *studio) carryOut(l *learner, o order) (due bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case o.kind == toPace:
		l.batches = o.batches
	case o.kind == toResume:
		s.course.State = stateLearning
	case o.kind == toPause && s.batch != nil:
		s.course.State = statePaused
	default: // for toPause too, if the last step was too fast to be shown
		l.pause = o.done
		return true
	}
	if s.course.State == stateLearning && (l.batches == 0 || l.batches > slow) {
		s.batch = nil // before the page asks for it: the next step is too fast to be shown
	}
	close(o.done)
	return false
}

// The requests of the page.

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

// A request is one that is being answered. After a mistake err is set. Its numbers can still be
// used then, but the answer is not sent.
type request struct {
	*http.Request
	w      http.ResponseWriter
	query  url.Values
	status int
	err    error
	field  string // of an order to learn that err is about, or ""
}

// fail sets the error of a request and its status, unless there is one already.
func (r *request) fail(status int, format string, args ...any) {
	if r.err == nil {
		r.status, r.err = status, fmt.Errorf(format, args...)
	}
}

// A route answers the requests of one path. It returns what is sent in JSON, or nil if it has sent
// something itself.
type route struct {
	method string // GET is for HEAD too
	serve  func(*request) any
}

// routes returns the routes by their paths.
func (s *studio) routes() map[string]route {
	routes := map[string]route{
		"/": {"GET", servePage}, "/setup": {"GET", s.serveSetup},
		"/network": {"GET", s.serveNetwork}, "/test": {"GET", s.serveTest},
		"/recognize": {"POST", s.serveReading}, "/digit": {"GET", s.serveReading},
		"/check": {"POST", s.serveCheck}, "/along": {"POST", s.serveAlong}, "/asks": {"POST", s.serveAsks},
		"/step": {"POST", s.serveStep}, "/set": {"POST", s.serveSet}, "/undo": {"POST", s.serveUndo},
		"/learn": {"POST", s.serveLearn}, "/pause": {"POST", s.serveOrder(toPause)},
		"/resume": {"POST", s.serveOrder(toResume)}, "/next": {"POST", s.serveOrder(toStep)},
		"/stop": {"POST", s.serveOrder(toStop)}, "/pace": {"POST", s.serveOrder(toPace)},
		"/batch": {"GET", s.serveBatch}, "/progress": {"GET", s.serveProgress},
		"/save": {"POST", s.serveSave}, "/revert": {"POST", s.serveRevert},
	}
	files, _ := page.ReadDir("web/page") // an error is impossible, as it is embedded
	for _, file := range files {
		routes["/"+file.Name()] = route{"GET", servePage}
	}
	return routes
}

// handler answers requests.
func (s *studio) handler() http.Handler {
	routes := s.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
			"img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		r := &request{Request: asked, w: w, query: asked.URL.Query(), status: http.StatusOK}
		r.checkSender()
		route, found := routes[r.URL.Path]
		if !found {
			r.fail(http.StatusNotFound, "there is nothing at %s", r.URL.Path)
		} else if r.Method != route.method && (r.Method != "HEAD" || route.method != "GET") {
			w.Header().Set("Allow", route.method)
			r.fail(http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, route.method, r.Method)
		}
		var value any
		if r.err == nil {
			value = route.serve(r)
		}
		r.send(value)
	})
}

// checkSender refuses requests of other pages. A foreign site could send requests here from
// the user's own browser, under its own name (Origin) or with a name of its own made to mean
// this machine (Host). So the host must be localhost, the name of this machine or an IP address,
// which no foreign site can have, and the origin, if there is one, the same.
func (r *request) checkSender() {
	host, origin := r.Host, r.Header.Get("Origin")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	machine, _ := os.Hostname() // an error means that it has no name
	own := []string{"localhost", strings.ToLower(cmp.Or(machine, "localhost"))}
	if !slices.Contains(own, strings.TrimSuffix(host, ".local")) && net.ParseIP(strings.Trim(host, "[]")) == nil {
		r.fail(http.StatusForbidden, "this server does not answer to the name %q; use localhost on its own machine, "+
			"and its IP address on another, such as %s", r.Host, outsideAddress())
	}
	if origin != "" && !strings.EqualFold(origin, "http://"+r.Host) {
		r.fail(http.StatusForbidden, "pages from %q may not use this server", origin)
	}
}

// A failure is what is sent for an error.
type failure struct {
	Error string `json:"error"`
	Field string `json:"field,omitempty"`
}

// send sends the answer or the error.
func (r *request) send(value any) {
	text, err := json.Marshal(value)
	if err != nil { // JSON has only finite numbers
		r.fail(http.StatusUnprocessableEntity, "a number is too large, as the weights of this network are")
	}
	if r.err != nil {
		text, _ = json.Marshal(failure{Error: r.err.Error(), Field: r.field})
	} else if value == nil {
		return
	}
	r.w.Header().Set("Content-Type", "application/json")
	r.w.WriteHeader(r.status)
	r.w.Write(append(text, '\n')) // an error means that nobody listens any more
}

// whole returns a whole number from low to high in the query, or low after a mistake.
func (r *request) whole(name string, low, high int) int {
	x, err := strconv.Atoi(r.query.Get(name))
	if err == nil && low <= x && x <= high {
		return x
	}
	r.fail(http.StatusBadRequest, "%s %q: must be a whole number from %d to %d", name, r.query.Get(name), low, high)
	return low
}

// number returns a number from low to high in the query, or low after a mistake.
func (r *request) number(name string, low, high float64) float64 {
	x, err := strconv.ParseFloat(r.query.Get(name), 64)
	if err == nil && low <= x && x <= high {
		return x
	}
	r.fail(http.StatusBadRequest, "%s %q: must be a number from %.7g to %.7g", name, r.query.Get(name), low, high)
	return low
}

const (
	smallestRate = 1e-6 // of a step on the page
	largest      = 1e6  // of a rate, a weight, a bias and a pace on the page
)

// batches returns the number of mini-batches a second in the query, 0 for as fast as it goes.
func (r *request) batches() float64 {
	if text := r.query.Get("batches"); text == "" || text == "0" {
		return 0
	}
	return r.number("batches", 0.01, largest)
}

// place returns the place of a weight or a bias in the query. A bias has k=-1.
func (r *request) place(n *Network) place {
	l := r.whole("layer", 1, len(n.Layers)-1)
	return place{L: l, J: r.whole("j", 0, n.Layers[l]-1), K: r.whole("k", -1, n.Layers[l-1]-1)}
}

// A place is that of the weight from neuron K of layer L-1 to neuron J of layer L or, if K is
// -1, of the bias of neuron J.
type place struct {
	L int `json:"layer"`
	J int `json:"j"`
	K int `json:"k"`
}

// at returns the number at a place.
func (p Parameters) at(x place) *float64 {
	if x.K < 0 {
		return &p.Biases[x.L][x.J]
	}
	return &p.Weights[x.L].Column(x.K)[x.J]
}

// servePage sends a file of the page, at / index.html.
func servePage(r *request) any {
	http.ServeFileFS(r.w, r.Request, page, path.Join("web/page", r.URL.Path))
	return nil
}

// A setup is what does not change while the program runs.
type setup struct {
	Rows       int            `json:"rows"` // of every picture
	Cols       int            `json:"cols"`
	Names      []string       `json:"names"`    // of the labels
	Defaults   map[string]any `json:"defaults"` // for what an order to learn leaves out
	Variations []option       `json:"variations"`
}

// An option is a variation that an order to learn may name.
type option struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
}

// serveSetup sends what does not change while the program runs.
func (s *studio) serveSetup(r *request) any {
	d := defaults()
	a := setup{Rows: s.set.Rows, Cols: s.set.Cols, Defaults: map[string]any{
		"hidden": d.hidden, "epochs": d.plan.Epochs, "batch": d.plan.Batch, "rate": d.plan.Rate,
		"seed": d.seed, "anneal": d.plan.Anneal, "decay": d.plan.Decay,
		"gentleRate": gentleRate, // with from here
	}}
	for label := range s.set.Classes {
		a.Names = append(a.Names, s.set.Name(label))
	}
	for _, v := range variations {
		a.Variations = append(a.Variations, option{v.name, v.usage})
		a.Defaults[v.name] = v.usual
	}
	return a
}

// A networkAnswer is a network as it is saved, with its version and the size of its pictures.
type networkAnswer struct {
	Version int `json:"version"`
	Rows    int `json:"rows"`
	Cols    int `json:"cols"`
	networkFile
}

// serveNetwork sends the network in memory.
func (s *studio) serveNetwork(r *request) any {
	n, version := s.current()
	return networkAnswer{version, s.set.Rows, s.set.Cols, r.rounded(n)}
}

// rounded returns a network as it is saved. places=N in the query rounds its numbers to N
// decimal places: with 3 they are short enough to be sent ten times a second.
func (r *request) rounded(n *Network) networkFile {
	if r.query.Has("places") {
		unit := math.Pow10(r.whole("places", 0, 15))
		n = n.Clone()
		for i, x := range n.All {
			n.All[i] = math.Round(x*unit) / unit
		}
	}
	return n.file()
}

// A testAnswer says how a network does on the test set.
type testAnswer struct {
	Version int     `json:"version"`
	Cost    float64 `json:"cost"`
	Right   int     `json:"right"`
	Of      int     `json:"of"`
	Table   [][]int `json:"table"` // Table[label][answer] counts examples
}

// serveTest sends how the network in memory does on the test set.
func (s *studio) serveTest(*request) any {
	s.mutex.Lock()
	s.readFile()
	version, tested := s.version, s.tested
	s.mutex.Unlock()
	r := tested()
	return testAnswer{Version: version, Cost: r.Cost, Right: r.Right, Of: r.Seen, Table: r.table}
}

// A subject is what an answer is about: a network and an example, which may have no label. The
// answer begins with it.
type subject struct {
	Version  int      `json:"version"`
	Number   *int     `json:"number,omitempty"` // of a test picture
	Truth    *int     `json:"truth,omitempty"`  // its label in the set
	Label    *int     `json:"label,omitempty"`  // the one that is asked about
	Prepared []string `json:"prepared,omitempty"`
	Warning  string   `json:"warning,omitempty"`

	network *Network
	picture Picture
}

// subject returns what a request is about. The picture is a drawing in the body, or a test
// picture: number=N, or the next one after wrong=N that is misread, or for /digit any. The label
// is the one in the query or else that of the test picture; only for /recognize there may be none.
func (s *studio) subject(r *request) (a subject) {
	a.network, a.Version = s.current()
	number, last := -1, len(s.set.Test)-1
	switch {
	case r.query.Has("wrong"):
		number = s.nextMistake(r, a.network)
	case r.query.Get("number") != "":
		number = r.whole("number", 0, last)
	case r.URL.Path == "/digit":
		number = rand.IntN(last + 1)
	default:
		drawing, done := s.readDrawing(r)
		a.picture, a.Prepared, a.Warning = drawing, done.Done, done.Warning
	}
	if number >= 0 {
		e := s.set.Test[number]
		a.picture, a.Number, a.Truth, a.Label = e.Picture, &number, &e.Label, &e.Label
	}
	if r.query.Has("label") || a.Label == nil && r.URL.Path != "/recognize" {
		label := r.whole("label", 0, s.set.Classes-1)
		a.Label = &label
	}
	return a
}

// nextMistake returns the number of the next test picture that the network misreads, with read
// and as in the query one with that label and that answer. After the last picture comes the first.
func (s *studio) nextMistake(r *request, n *Network) int {
	after, read, as := r.whole("wrong", -1, len(s.set.Test)-1), -1, -1
	if r.query.Has("read") {
		read, as = r.whole("read", 0, s.set.Classes-1), r.whole("as", 0, s.set.Classes-1)
	}
	p := n.NewPass()
	for i := range s.set.Test {
		number := (after + 1 + i) % len(s.set.Test)
		e := s.set.Test[number]
		answer := Answer(n.Forward(p, e.Picture))
		if read < 0 && answer != e.Label || e.Label == read && answer == as {
			return number
		}
	}
	r.fail(http.StatusNotFound, "the network misreads no test picture like that")
	return 0
}

// timePerPicture is how long a large picture may take, with the wait for its turn.
const timePerPicture = 1500 * time.Millisecond

// readDrawing reads the picture in the body of a request, as predict does with a file. Small
// pictures do not wait for large ones. After a mistake it returns some other picture.
func (s *studio) readDrawing(r *request) (Picture, Preparation) {
	const smallBody, largestBody, largestPicture = 1 << 15, 1 << 20, 4_000_000 // bytes, bytes, pixels
	body, err := io.ReadAll(http.MaxBytesReader(r.w, r.Body, largestBody))
	turns, ctx := s.smallTurns, r.Context()
	if len(body) > smallBody {
		limited, cancel := context.WithTimeout(ctx, timePerPicture)
		defer cancel()
		turns, ctx = s.largeTurns, limited
	}
	other := s.set.Test[0].Picture
	if errors.As(err, new(*http.MaxBytesError)) {
		r.fail(http.StatusRequestEntityTooLarge, "a picture may have %d bytes at most", largestBody)
		return other, Preparation{}
	}
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		r.fail(http.StatusTooManyRequests, "there are too many pictures at once; try again")
		return other, Preparation{}
	}
	picture, done, err := ReadPicture(ctx, bytes.NewReader(body), s.frame, largestPicture)
	switch {
	case err == nil:
		return picture, done
	case errors.Is(err, ErrNoInk):
		r.fail(http.StatusUnprocessableEntity, "%w", err)
	case ctx.Err() != nil:
		r.fail(http.StatusUnprocessableEntity, "the picture takes too long to decode; save it anew, as a smaller PNG")
	default:
		r.fail(http.StatusBadRequest, "%w", err)
	}
	return other, Preparation{}
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
func (s *studio) serveReading(r *request) any {
	a := reading{subject: s.subject(r)}
	p := a.network.NewPass()
	output := a.network.Forward(p, a.picture)
	a.Digit, a.Unsure, a.Activations, a.Z = Answer(output), unsure(output), p.A, p.Z
	if a.Label != nil {
		cost := Cost(output, *a.Label)
		a.network.Backward(p, *a.Label, a.network.NewGradient())
		a.Cost, a.DCDA, a.Delta = &cost, p.DCDA, p.Delta
	}
	if r.query.Has("places") {
		f := r.rounded(a.network)
		a.Network = &f
	}
	return a
}

// gradient returns the cost of the example, and the gradient with the pass that it is from.
func (a subject) gradient() (cost float64, p *Pass, g *Gradient) {
	p, g = a.network.NewPass(), a.network.NewGradient()
	cost = Cost(a.network.Forward(p, a.picture), *a.Label)
	a.network.Backward(p, *a.Label, g)
	return cost, p, g
}

// costOf returns a function that computes the cost of the example for n, which may change.
func (a subject) costOf(n *Network) func() float64 {
	p := n.NewPass()
	return func() float64 { return Cost(n.Forward(p, a.picture), *a.Label) }
}

// A check compares a derivative by the chain rule of chapter 4 with the measured slope.
type check struct {
	subject
	DzDw     float64 `json:"dzdw"`
	DaDz     float64 `json:"dadz"`
	DCDA     float64 `json:"dCda"`
	Computed float64 `json:"computed"`
	Measured float64 `json:"measured"`
	Error    float64 `json:"error"` // relative
}

// serveCheck checks the derivative of the cost with respect to one weight or bias.
func (s *studio) serveCheck(r *request) any {
	a := check{subject: s.subject(r), DzDw: 1}
	_, p, g := a.gradient()
	n, at := a.network.Clone(), r.place(a.network)
	a.DaDz, a.DCDA, a.Computed = SigmoidSlope(p.A[at.L][at.J]), p.DCDA[at.L][at.J], *g.at(at)
	if at.K >= 0 {
		a.DzDw = p.A[at.L-1][at.K]
	}
	a.Measured = MeasureSlope(n.at(at), a.costOf(n))
	a.Error = RelativeError(a.Computed, a.Measured)
	return a
}

// A profile is the cost along a line through the network.
type profile struct {
	subject
	Value float64   `json:"value"` // where the network is on the line
	Cost  float64   `json:"cost"`  // there
	Slope float64   `json:"slope"` // there, by the gradient
	At    []float64 `json:"at"`
	Costs []float64 `json:"costs"`
}

// serveAlong sends the cost of an example at 41 values of one weight or bias or, with rate in the
// query, at 41 sizes of a step of gradient descent.
func (s *studio) serveAlong(r *request) any {
	a := profile{subject: s.subject(r)}
	cost, _, g := a.gradient()
	n, from, to := a.network.Clone(), 0.0, 0.0
	var move func(to float64)
	if a.Cost = cost; r.query.Has("rate") {
		to = r.number("rate", smallestRate, largest)
		a.Slope = g.slopeDown()
		move = func(rate float64) {
			for i, derivative := range g.All {
				n.All[i] = a.network.All[i] - rate*derivative
			}
		}
	} else {
		at := r.place(n)
		from, to = r.number("from", -largest, largest), r.number("to", -largest, largest)
		a.Value, a.Slope = *n.at(at), *g.at(at)
		move = func(value float64) { *n.at(at) = value }
	}
	costThere := a.costOf(n)
	for i := range 41 {
		at := from + (to-from)*float64(i)/40
		move(at)
		a.At, a.Costs = append(a.At, at), append(a.Costs, costThere())
	}
	return a
}

// slopeDown returns the slope of the cost along a step. As w becomes w - rate dC/dw, it is minus
// the sum of dC/dw dC/dw.
func (g *Gradient) slopeDown() (slope float64) {
	for _, derivative := range g.All {
		slope -= derivative * derivative
	}
	return slope
}

// Wishes are what several examples ask of the same weights, each by -dC/dw (chapter 3).
type wishes struct {
	Version int         `json:"version"`
	Numbers []int       `json:"numbers"`
	Labels  []int       `json:"labels"`
	Weights []place     `json:"weights"`
	Asks    [][]float64 `json:"asks"` // Asks[example][weight]
	Average []float64   `json:"average"`
}

// serveAsks sends what test pictures ask of the same few weights.
func (s *studio) serveAsks(r *request) any {
	n, version := s.current()
	a, passes, g := wishes{Version: version}, []*Pass{}, n.NewGradient()
	for word := range strings.SplitSeq(r.query.Get("numbers"), ",") {
		number, err := strconv.Atoi(word)
		if err != nil || number < 0 || number >= len(s.set.Test) || len(passes) == 20 {
			r.fail(http.StatusBadRequest, "numbers: must be 1 to 20 numbers of test pictures, 0 to %d", len(s.set.Test)-1)
			return nil
		}
		p, e := n.NewPass(), s.set.Test[number]
		n.Forward(p, e.Picture)
		n.Backward(p, e.Label, g)
		a.Numbers, a.Labels, passes = append(a.Numbers, number), append(a.Labels, e.Label), append(passes, p)
	}
	a.Weights = weightsAsked(passes, g)
	a.Average = make([]float64, len(a.Weights))
	for _, p := range passes {
		asks := make([]float64, len(a.Weights))
		for i, at := range a.Weights {
			asks[i] -= p.A[at.L-1][at.K] * p.Delta[at.L][at.J] // from 0, as the negative of 0 is -0
			a.Average[i] += asks[i] / float64(len(passes))
		}
		a.Asks = append(a.Asks, asks)
	}
	return a
}

// weightsAsked returns the weights into the five neurons of each layer of which examples ask most,
// from the neuron before that is brightest for them, given their passes and the sum of their
// gradients.
func weightsAsked(passes []*Pass, sum *Gradient) (weights []place) {
	for l := len(sum.Biases) - 1; l > 0; l-- {
		brightness := make([]float64, sum.Weights[l].Cols)
		for _, p := range passes {
			for k, ak := range p.A[l-1] {
				brightness[k] += ak
			}
		}
		neurons := slices.Clone(passes[0].Visit[l]) // all of them
		slices.SortStableFunc(neurons, func(i, j int32) int {
			return cmp.Compare(math.Abs(sum.Biases[l][j]), math.Abs(sum.Biases[l][i]))
		})
		for _, j := range neurons[:min(5, len(neurons))] {
			weights = append(weights, place{L: l, J: int(j), K: Answer(brightness)})
		}
	}
	return weights
}

// A step is what a change of the network does to the cost of an example, if there is one.
type step struct {
	subject
	Before    *float64 `json:"before,omitempty"`
	Predicted *float64 `json:"predicted,omitempty"` // by the gradient
	After     *float64 `json:"after,omitempty"`
}

// serveStep takes one step of gradient descent on one example.
func (s *studio) serveStep(r *request) any {
	a, rate := step{subject: s.subject(r)}, r.number("rate", smallestRate, largest)
	s.lockIdle(r)
	defer s.mutex.Unlock()
	a.network = s.network
	before, _, g := a.gradient()
	predicted := before + rate*g.slopeDown()
	n := s.network.Clone()
	n.Descend(g, rate, 0)
	after := a.costOf(n)()
	s.change(r, n, "step")
	a.Version, a.Before, a.Predicted, a.After = s.version, &before, &predicted, &after
	return a
}

// serveSet sets one weight or bias.
func (s *studio) serveSet(r *request) any {
	a, value := step{}, r.number("value", -largest, largest)
	if r.query.Has("number") || r.query.Has("wrong") || r.ContentLength != 0 {
		a.subject = s.subject(r)
	}
	s.lockIdle(r)
	defer s.mutex.Unlock()
	n := s.network.Clone()
	*n.at(r.place(n)) = value
	if a.Label != nil {
		before, after := a.costOf(s.network)(), a.costOf(n)()
		a.Before, a.After = &before, &after
	}
	s.change(r, n, "set")
	a.Version = s.version
	return a
}

// serveUndo takes back the last change of the network.
func (s *studio) serveUndo(r *request) any {
	s.lockIdle(r)
	defer s.mutex.Unlock()
	if len(s.changes) == 0 {
		r.fail(http.StatusConflict, "there is nothing to take back")
	}
	if r.err == nil {
		s.takeBack()
	}
	return s.state()
}

// readOrder reads an order to learn: an object whose fields are named like the flags of train, and
// from, which is random or, for the network in memory, here. What it leaves out is as in train. The
// field is the one that an error is about, or "".
func readOrder(body io.Reader) (d settings, field string, err error) {
	d = defaults()
	flags := flag.NewFlagSet("learn", flag.ContinueOnError)
	d.addFlags(flags)
	var order map[string]json.RawMessage
	text, err := io.ReadAll(body)
	if err == nil {
		err = json.Unmarshal(text, &order)
	}
	if err != nil || order == nil {
		return d, "", errors.New(`an order to learn must be one object in JSON, such as {"epochs":5}`)
	}
	for name, value := range order {
		text := strings.Trim(string(value), `[]"`)
		switch {
		case name == "from" && (text == "random" || text == "here"):
			name, text = "resume", strconv.FormatBool(text == "here")
		case name == "from":
			return d, name, fmt.Errorf("from %s: must be random or here", value)
		case flags.Lookup(name) == nil, name == "resume", name == "examples":
			return d, "", fmt.Errorf("there is no setting %q", name)
		case name == "hidden":
			text = cmp.Or(text, "none")
		}
		if err := flags.Set(name, text); err != nil {
			return d, name, fmt.Errorf("%s %s: %w", name, value, err)
		}
	}
	if flags.Lookup("plain").Value.String() == "true" {
		d.makePlain()
	}
	if d.resume && order["rate"] == nil {
		d.plan.Rate = gentleRate
	}
	if err = d.check(); err != nil { // it begins with the name of the field
		field = strings.FieldsFunc(err.Error(), func(c rune) bool { return c == ' ' || c == ':' })[0]
	}
	return d, field, err
}

// serveLearn starts training in the background.
func (s *studio) serveLearn(r *request) any {
	batches := r.batches()
	d, field, err := readOrder(http.MaxBytesReader(r.w, r.Body, 1<<12))
	random, n := rand.New(rand.NewPCG(d.seed, 0)), (*Network)(nil)
	if err == nil && !d.resume {
		field = "hidden"
		n, err = d.randomNetwork(s.set, random)
	}
	if err != nil {
		r.fail(http.StatusBadRequest, "%w", err)
		r.field = field
	}
	s.lockIdle(r)
	defer s.mutex.Unlock()
	if d.resume {
		n = s.network
	}
	if s.change(r, n, "learn"); r.err != nil {
		return nil
	}
	s.learner = newLearner(d.training(), n, s.set, random, batches)
	s.course, r.status = newCourse(stateLearning, d.plan), http.StatusAccepted
	go s.learn(s.learner)
	return s.state()
}

// serveOrder answers an order when it is carried out, or when training has ended.
func (s *studio) serveOrder(kind orderKind) func(*request) any {
	return func(r *request) any {
		o := order{kind: kind, batches: r.batches(), done: make(chan struct{})}
		s.mutex.Lock()
		l, now := s.learner, s.course.State
		s.mutex.Unlock()
		switch {
		case now != stateLearning && now != statePaused:
			r.fail(http.StatusConflict, "no learning is under way")
		case kind == toPause && now == statePaused:
			r.fail(http.StatusConflict, "learning is paused already")
		case kind == toResume && now == stateLearning:
			r.fail(http.StatusConflict, "learning is not paused")
		}
		if r.err != nil {
			return nil
		}
		select {
		case l.orders <- o:
			select {
			case <-o.done:
			case <-l.over: // by the order, or because the step under way was the last
			}
		case <-l.over:
		case <-r.Context().Done(): // nobody waits any more
		}
		s.mutex.Lock()
		defer s.mutex.Unlock()
		return s.state()
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
func (s *studio) serveBatch(r *request) any {
	s.mutex.Lock()
	b := s.batch
	s.mutex.Unlock()
	if b == nil {
		r.fail(http.StatusConflict, "mini-batches are shown when learning is paused, or at most at %d a second", slow)
		return nil
	}
	lessons, p := []lesson{}, b.before.NewPass()
	for _, e := range b.examples {
		output := b.before.Forward(p, e.Picture)
		a := lesson{Label: e.Label, Answer: Answer(output), Cost: Cost(output, e.Label)}
		a.After, a.Pixels = Cost(b.after.Forward(p, e.Picture), e.Label), make([]int, e.Rows*e.Cols)
		for i, k := range e.Lit {
			a.Pixels[k] = int(e.Greys[i])
		}
		lessons = append(lessons, a)
	}
	return lessons
}

// serveProgress sends the state at once, and then ten times a second if it has changed.
func (s *studio) serveProgress(r *request) any {
	r.w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == "HEAD" {
		return nil
	}
	control := http.NewResponseController(r.w)
	control.SetReadDeadline(time.Time{}) // this may last for hours
	for last := []byte(nil); ; {
		if event := s.currentEvent(); !bytes.Equal(event, last) {
			last = event
			control.SetWriteDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprintf(r.w, "data: %s\n\n", event)
			control.Flush() // an error ends the request's context
		}
		select {
		case <-r.Context().Done():
			return nil
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

// errSaved is the error for requests that would change nothing.
var errSaved = errors.New("the network is the one in the file already")

// serveSave writes the network to its file. It does not save the same network twice, because the
// backup would then be the same too.
func (s *studio) serveSave(r *request) any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var err error
	s.readFile()
	switch {
	case s.network == s.inFile && s.fileErr == nil:
		err = errSaved
	case s.keeper == nil:
		s.keeper, err = newKeeper(s.path)
	}
	if err == nil {
		if err = s.keeper.save(s.network); err != nil && s.fileErr == nil {
			err = fmt.Errorf("%w; to replace it, go back to the saved network, take that back, and save again", err)
		}
	}
	if err != nil {
		r.fail(http.StatusConflict, "%w", err)
		return nil
	}
	s.inFile, s.fileErr = s.network, nil
	s.file, _ = os.Stat(s.path) // an error shows when it is read again
	return s.state()
}

// serveRevert goes back to the network in the file.
func (s *studio) serveRevert(r *request) any {
	s.lockIdle(r)
	defer s.mutex.Unlock()
	switch {
	case s.fileErr != nil:
		r.fail(http.StatusConflict, "%w", s.fileErr)
	case s.network == s.inFile:
		r.fail(http.StatusConflict, "%w", errSaved)
	}
	if s.change(r, s.inFile, "revert"); r.err == nil {
		s.keeper, _ = newKeeper(s.path) // an error shows when it is saved
	}
	return s.state()
}
