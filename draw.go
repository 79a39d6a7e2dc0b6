package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// This file serves a page on localhost to draw digits and to watch the network read and learn: the
// command, the requests of the page, what they ask about a network, what they change, and training
// in the background, in this order.

func init() {
	commands = append(commands, command{name: "draw", summary: "draw digits and watch the network learn", run: drawPage})
}

// page holds the files that the browser loads.
//
//go:embed web/page
var page embed.FS

// drawPage serves the page until Ctrl-C.
func drawPage(c *console, flags *flag.FlagSet, args []string) error {
	path, data := netFlag(flags), dataFlag(flags)
	addr := flags.String("addr", "localhost:8080", "the `address`; only localhost is private")
	open := flags.Bool("open", true, "open the page in a browser, on a terminal")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return fmt.Errorf("%w; -addr localhost:0 takes any free port", err)
	}
	address := announce(c, listener.Addr().(*net.TCPAddr))
	if *open && c.live {
		openBrowser(address)
	}
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	return newStudio(*path, set, n).serve(ctx, listener)
}

// announce prints the address of the page, and a warning if it is open to others. It returns the
// address.
func announce(c *console, at *net.TCPAddr) string {
	address := "http://" + at.String()
	if at.IP.IsUnspecified() { // it listens at all addresses of this machine
		address = fmt.Sprintf("http://localhost:%d", at.Port)
	}
	c.say("open %s in a browser; Ctrl-C ends the program", address)
	if !at.IP.IsLoopback() {
		c.say("warning: others on your network can open the page too, train the network and save it")
	}
	return address
}

// openBrowser opens an address in the browser. Where there is none, nothing happens.
func openBrowser(address string) {
	opener := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if opener == "" && os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY") != "" {
		opener = "xdg-open" // without a screen it would start a browser for terminals
	}
	go exec.Command(opener, address).Run()
}

// The requests of the page.

// A studio has the network that the page shows. A network is never changed in place: a step, a
// weight that is set, and training replace it with another one, which has the next version. So a
// request takes the network once and computes without a lock, and its answer is about one version.
type studio struct {
	set   *Dataset
	frame Frame // of the set's pictures

	mutex   sync.Mutex // guards what follows
	network *Network
	version int       // the number of networks so far
	inFile  *Network  // the network last read from the file or saved there
	keeper  *keeper   // saves in the file
	changes []change  // that can be taken back
	course  course    // of the training under way, or of the last one
	granted int       // how many steps training may take before it pauses, or toTheEnd or noMore
	moved   sync.Cond // granted or course.State has changed
}

// newStudio returns a studio with the network in a file.
func newStudio(path string, set *Dataset, n *Network) *studio {
	s := &studio{set: set, frame: FrameOf(set), inFile: n, keeper: &keeper{path: path}, course: newCourse(stateIdle)}
	s.moved.L = &s.mutex
	s.replace(n)
	return s
}

// current returns the network and its version.
func (s *studio) current() (*Network, int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.network, s.version
}

// serve answers requests until ctx is done.
func (s *studio) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s.handler()}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// handler returns the answers to all requests. Those of the page are a POST of a query, which must
// have the fields that are named here.
func (s *studio) handler() http.Handler {
	mux := http.NewServeMux()
	files, _ := fs.Sub(page, "web/page") // the only error is an invalid name
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.Handle("POST /setup", s.answer("", s.setup))
	mux.Handle("POST /look", s.answer("", s.look))
	mux.Handle("POST /test", s.answer("", s.test))
	mux.Handle("POST /set", s.order("place value", s.setWeight))
	mux.Handle("POST /step", s.order("picture label rate", s.takeStep))
	mux.Handle("POST /undo", s.order("", s.undo))
	mux.Handle("POST /save", s.order("", s.save))
	mux.Handle("POST /learn", s.order("steps", s.learn))
	mux.Handle("POST /go", s.order("steps", func(q *query) error { return s.grant(*q.Steps) }))
	mux.Handle("POST /stop", s.order("", func(*query) error { return s.grant(noMore) }))
	return guard(mux)
}

// guard refuses requests of other pages, which the user's browser would send with a foreign Origin, or
// with a foreign Host that was made to mean this machine. So the host must be localhost or an IP
// address, and the origin, if there is one, the same.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		origin := r.Header.Get("Origin")
		switch {
		case host != "localhost" && net.ParseIP(host) == nil:
			http.Error(w, fmt.Sprintf("there is no %q here; use localhost", r.Host), http.StatusForbidden)
		case origin != "" && origin != "http://"+r.Host:
			http.Error(w, fmt.Sprintf("a page from %q may not use this server", origin), http.StatusForbidden)
		default:
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
				"img-src 'self' data: blob:; connect-src 'self'; "+
				"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			next.ServeHTTP(w, r)
		}
	})
}

// answer returns a handler that answers a query in JSON: with what the function returns, or with an
// object that has its error.
func (s *studio) answer(needs string, f func(*query) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var value any
		q, err := s.decode(http.MaxBytesReader(w, r.Body, maxBody), needs)
		if err == nil {
			value, err = f(q)
		}
		text, failed := json.Marshal(value)
		if failed != nil && err == nil {
			err = errors.New("a number of this network is too large to be shown")
		}
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			text, _ = json.Marshal(map[string]string{"error": err.Error()})
		}
		w.Write(text) // an error means that nobody listens any more
	})
}

// order returns a handler that carries out an order with the mutex locked, and answers with the
// state.
func (s *studio) order(needs string, f func(*query) error) http.Handler {
	return s.answer(needs, func(q *query) (any, error) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		err := f(q)
		return s.state(), err
	})
}

// A query is the body of every request of the page. A field that is left out is nil or 0.
type query struct {
	Have    int      `json:"have"`    // the version of the network that the page has
	Number  *int     `json:"number"`  // of a test picture
	Drawing []byte   `json:"drawing"` // a picture file, in base64
	Label   *int     `json:"label"`   // what the picture should be
	Rate    *float64 `json:"rate"`    // of a step of gradient descent
	Place   *place   `json:"place"`   // of a weight or a bias
	Value   *float64 `json:"value"`   // for it
	Steps   *int     `json:"steps"`   // for training to take, 0 for a pause, -1 to the end
	Flags   []string `json:"flags"`   // of train

	picture *Picture // the test picture or the drawing, prepared
}

// The limits of a query.
const (
	maxBody   = 1 << 20   // bytes
	maxPixels = 4_000_000 // of a drawing, which is not decoded if it has more
	maxNumber = 1e6       // rates, weights and biases
)

// decode reads a query and checks what does not depend on the network.
func (s *studio) decode(body io.Reader, needs string) (*query, error) {
	q := &query{}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(q); err != nil {
		return nil, fmt.Errorf("the request cannot be read: %w", err)
	}
	switch {
	case q.Number != nil && (*q.Number < 0 || *q.Number >= len(s.set.Test)):
		return nil, fmt.Errorf("number %d: the test pictures are 0 to %d", *q.Number, len(s.set.Test)-1)
	case q.Label != nil && (*q.Label < 0 || *q.Label >= s.set.Classes):
		return nil, fmt.Errorf("label %d: the labels are 0 to %d", *q.Label, s.set.Classes-1)
	case q.Rate != nil && !(*q.Rate > 0 && *q.Rate <= maxNumber):
		return nil, fmt.Errorf("rate %g: must be above 0 and at most %g", *q.Rate, maxNumber)
	case q.Value != nil && !(math.Abs(*q.Value) <= maxNumber):
		return nil, fmt.Errorf("value %g: must be from %g to %g", *q.Value, -maxNumber, maxNumber)
	case q.Steps != nil && *q.Steps < toTheEnd:
		return nil, fmt.Errorf("steps %d: must be at least %d", *q.Steps, toTheEnd)
	}
	if err := s.readPicture(q); err != nil {
		return nil, err
	}
	given := map[string]bool{
		"picture": q.picture != nil, "label": q.Label != nil, "rate": q.Rate != nil,
		"place": q.Place != nil, "value": q.Value != nil, "steps": q.Steps != nil,
	}
	for field := range strings.FieldsSeq(needs) {
		if !given[field] {
			return nil, fmt.Errorf("the request has no %s", field)
		}
	}
	return q, nil
}

// readPicture finds the test picture of a query, or prepares the drawing, if there is one.
func (s *studio) readPicture(q *query) error {
	switch {
	case q.Number != nil:
		q.picture = &s.set.Test[*q.Number].Picture
	case len(q.Drawing) > 0:
		picture, _, err := ReadPicture(bytes.NewReader(q.Drawing), s.frame, maxPixels)
		q.picture = &picture
		return err
	}
	return nil
}

// serveEvents sends the state at once, and then ten times a second if it has changed.
func (s *studio) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for last := []byte(nil); ; {
		s.mutex.Lock()
		now := s.state()
		s.mutex.Unlock()
		if event, _ := json.Marshal(now); !bytes.Equal(event, last) { // all its numbers are finite
			last = event
			fmt.Fprintf(w, "data: %s\n\n", event) // an error ends the context of the request
			http.NewResponseController(w).Flush()
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// A state is what the page is told after each order, and while it watches.
type state struct {
	Version  int    `json:"version"`
	Saved    bool   `json:"saved"`  // the network is in its file
	Undoes   string `json:"undoes"` // what can be taken back, or ""
	Training course `json:"training"`
}

// state returns the state. The mutex must be locked.
func (s *studio) state() state {
	a := state{Version: s.version, Saved: s.network == s.inFile, Training: s.course}
	if last := len(s.changes) - 1; last >= 0 && !s.underWay() {
		a.Undoes = s.changes[last].what
	}
	return a
}

// What the page asks about a network.

// setup answers with what does not change while the program runs.
func (s *studio) setup(*query) (any, error) {
	var names []string
	for label := range s.set.Classes {
		names = append(names, s.set.Name(label))
	}
	var labels []int
	for _, e := range s.set.Test {
		labels = append(labels, e.Label)
	}
	var list []map[string]string // of the flags of train
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	addFlags(flags)
	flags.VisitAll(func(f *flag.Flag) {
		list = append(list, map[string]string{"name": f.Name, "default": f.DefValue, "usage": f.Usage})
	})
	warning := ""
	if _, err := newKeeper(s.keeper.path); err != nil {
		warning = err.Error()
	}
	return map[string]any{"rows": s.set.Rows, "cols": s.set.Cols, "names": names, "labels": labels,
		"flags": list, "gentleRate": gentleRate, "net": s.keeper.path, "warning": warning}, nil
}

// A lookAnswer is what the page shows of a network and a picture. What the query has no picture, no
// label, no rate or no place for is left out.
type lookAnswer struct {
	Version     int          `json:"version"`
	Network     *networkFile `json:"network,omitempty"` // unless the page has it
	Digit       *int         `json:"digit,omitempty"`
	Activations [][]float64  `json:"activations,omitempty"`
	Z           [][]float64  `json:"z,omitempty"`
	Cost        *float64     `json:"cost,omitempty"`
	DCDA        [][]float64  `json:"dCda,omitempty"`
	Delta       [][]float64  `json:"delta,omitempty"`
	Step        *stepCurve   `json:"step,omitempty"`
	Weight      *weightCurve `json:"weight,omitempty"`
}

// look answers with what the network makes of a picture and, if that has a label, what the gradient
// asks for.
func (s *studio) look(q *query) (any, error) {
	n, version := s.current()
	a := lookAnswer{Version: version}
	if q.Have != version {
		f := n.file()
		a.Network = &f
	}
	if q.picture == nil {
		return a, nil
	}
	p := n.NewPass()
	output := n.Forward(p, *q.picture)
	digit := Answer(output)
	a.Digit, a.Activations, a.Z = &digit, p.A, p.Z
	if q.Label == nil {
		return a, nil
	}
	cost, g := Cost(output, *q.Label), n.NewGradient()
	n.Backward(p, *q.Label, g)
	a.Cost, a.DCDA, a.Delta = &cost, p.DCDA, p.Delta
	if q.Rate != nil {
		a.Step = alongStep(n, q, cost, g)
	}
	var err error
	if q.Place != nil {
		a.Weight, err = alongWeight(n, q, g)
	}
	return a, err
}

// costOf returns a function that computes the cost of the picture and the label for n, which may
// change.
func (q *query) costOf(n *Network) func() float64 {
	p := n.NewPass()
	return func() float64 { return Cost(n.Forward(p, *q.picture), *q.Label) }
}

// A costCurve is a cost as a function of a number.
type costCurve struct {
	At    []float64 `json:"at"`
	Costs []float64 `json:"costs"`
}

// sample computes a cost at 41 numbers, from one to another.
func sample(from, to float64, costAt func(float64) float64) (c costCurve) {
	for i := range 41 {
		x := from + (to-from)*float64(i)/40
		c.At, c.Costs = append(c.At, x), append(c.Costs, costAt(x))
	}
	return c
}

// A stepCurve is the cost of an example along a step of gradient descent.
type stepCurve struct {
	Cost  float64 `json:"cost"`  // before the step
	Slope float64 `json:"slope"` // there
	After float64 `json:"after"` // the cost at the rate of the query
	costCurve
}

// alongStep computes the cost along a step. As w becomes w - rate dC/dw, the slope of C at rate 0 is
// minus the sum of (dC/dw)^2. The rates end at a power of two, two to four times the query's rate, so
// the chart stays the same for similar rates.
func alongStep(n *Network, q *query, cost float64, g *Gradient) *stepCurve {
	a := &stepCurve{Cost: cost}
	for _, dCdw := range g.All {
		a.Slope -= dCdw * dCdw
	}
	moved := n.Clone()
	costMoved := q.costOf(moved)
	costAt := func(rate float64) float64 {
		for i, dCdw := range g.All {
			moved.All[i] = n.All[i] - rate*dCdw
		}
		return costMoved()
	}
	end := math.Exp2(1 + math.Ceil(math.Log2(*q.Rate)))
	a.costCurve, a.After = sample(0, end, costAt), costAt(*q.Rate)
	return a
}

// A weightCurve is the cost of an example against one weight or bias, with all others held still.
type weightCurve struct {
	Value    float64 `json:"value"`    // of the weight
	Slope    float64 `json:"slope"`    // there, by the chain rule
	Measured float64 `json:"measured"` // the same, by nudging the weight
	costCurve
}

// alongWeight computes the cost against a weight. The values reach from -4 to 4 or, where the weight
// is not between -2 and 2, are moved by a multiple of 4, so that they stay while a slider moves.
func alongWeight(n *Network, q *query, g *Gradient) (*weightCurve, error) {
	nudged := n.Clone()
	w, err := nudged.at(*q.Place)
	if err != nil {
		return nil, err
	}
	slope, _ := g.at(*q.Place) // where there is a weight there is its derivative
	cost := q.costOf(nudged)
	a := &weightCurve{Value: *w, Slope: *slope, Measured: MeasureSlope(w, cost)}
	centre := 4 * math.Round(a.Value/4)
	a.costCurve = sample(centre-4, centre+4, func(value float64) float64 { *w = value; return cost() })
	return a, nil
}

// A place is that of the weight from neuron K of layer L-1 to neuron J of layer L or, if K is -1, of
// the bias of neuron J.
type place struct {
	L int `json:"l"`
	J int `json:"j"`
	K int `json:"k"`
}

// at returns the number at a place.
func (p Parameters) at(x place) (*float64, error) {
	if x.L < 1 || x.L >= len(p.Weights) || x.J < 0 || x.J >= len(p.Biases[x.L]) ||
		x.K < -1 || x.K >= p.Weights[x.L].Cols {
		return nil, fmt.Errorf("there is no weight or bias at %+v", x)
	}
	if x.K < 0 {
		return &p.Biases[x.L][x.J], nil
	}
	return &p.Weights[x.L].Column(x.K)[x.J], nil
}

// test answers with what the network does with all test pictures.
func (s *studio) test(*query) (any, error) {
	n, version := s.current()
	p, score, answers := n.NewPass(), Score{}, []int{}
	for _, e := range s.set.Test {
		output := n.Forward(p, e.Picture)
		score.Add(output, e.Label)
		answers = append(answers, Answer(output))
	}
	return map[string]any{"version": version, "cost": score.Cost(), "right": score.Right, "of": score.Seen,
		"answers": answers}, nil
}

// What the page changes. These functions are called with the mutex locked.

// setWeight sets one weight or bias.
func (s *studio) setWeight(q *query) error {
	n := s.network.Clone()
	w, err := n.at(*q.Place)
	if err != nil {
		return err
	}
	*w = *q.Value
	what := map[bool]string{false: "the weight", true: "the bias"}[q.Place.K < 0]
	return s.change(n, what, *q.Place)
}

// takeStep takes one step of gradient descent on one example.
func (s *studio) takeStep(q *query) error {
	n := s.network.Clone()
	p, g := n.NewPass(), n.NewGradient()
	n.Forward(p, *q.picture)
	n.Backward(p, *q.Label, g)
	n.Descend(g, *q.Rate, 0)
	return s.change(n, "the step", place{})
}

// undo takes back the last change. With training goes what the page is told of it.
func (s *studio) undo(*query) error {
	switch {
	case s.underWay():
		return errUnderWay
	case len(s.changes) == 0:
		return errors.New("there is nothing to take back")
	}
	if s.takeBack().what == "the training" {
		s.course = newCourse(stateIdle)
	}
	return nil
}

// save writes the network to its file. Nothing else does.
func (s *studio) save(*query) error {
	err := s.keeper.save(s.network)
	if err == nil {
		s.inFile = s.network
	}
	return err
}

// A change of the network can be taken back.
type change struct {
	before *Network
	what   string // in the words of the page
	place  place  // of the weight, if one was set
}

// errUnderWay refuses what would change the network during training.
var errUnderWay = errors.New("training is under way; stop it first")

// change replaces the network so that the one before can be brought back. Setting the same weight
// again and again, as a slider does, is one change. Changes are kept for ten million weights and biases.
func (s *studio) change(n *Network, what string, at place) error {
	if s.underWay() {
		return errUnderWay
	}
	last := len(s.changes) - 1
	if last < 0 || at == (place{}) || at != s.changes[last].place {
		s.changes = append(s.changes, change{s.network, what, at})
		s.changes = s.changes[max(0, len(s.changes)-max(1, 10_000_000/len(n.All))):]
	}
	s.replace(n)
	return nil
}

// takeBack takes back the last change and returns it.
func (s *studio) takeBack() change {
	last := len(s.changes) - 1
	taken := s.changes[last]
	s.replace(taken.before)
	s.changes = s.changes[:last]
	return taken
}

// replace makes n the network that the page shows.
func (s *studio) replace(n *Network) {
	s.network = n
	s.version++
}

// Training in the background. train, begin and report run beside the requests and lock the mutex, the
// other functions of a studio are called with the mutex locked.

// A course is what the page is told of training.
type course struct {
	State   string       `json:"state"`
	Error   string       `json:"error"`  // why it failed, or ""
	Epoch   int          `json:"epoch"`  // counted from 1; 0 is before the first step
	Epochs  int          `json:"epochs"` // of the plan
	Batch   int          `json:"batch"`  // of the plan
	Seen    int          `json:"seen"`   // the number of examples seen in this epoch
	Of      int          `json:"of"`     // the number of examples in an epoch
	Cost    float64      `json:"cost"`   // the average over those seen
	Right   int          `json:"right"`  // how many of those seen were answered right
	Test0   *grade       `json:"test0"`  // before the first step, null until it is measured
	Tests   []grade      `json:"tests"`  // after each epoch
	Points  [][2]float64 `json:"points"` // of the chart: examples seen since the start, cost
	Lessons []lesson     `json:"lessons"`
}

// The states of a course.
const (
	stateIdle     = "idle" // there was no training, or it was taken back
	stateLearning = "learning"
	statePaused   = "paused"
	stateEnded    = "ended"
	stateFailed   = "failed"
)

// newCourse returns a course. In JSON its lists are [], not null.
func newCourse(state string) course {
	return course{State: state, Tests: []grade{}, Points: [][2]float64{}, Lessons: []lesson{}}
}

// A grade says how well a network does on the test pictures.
type grade struct {
	Epoch int     `json:"epoch"` // after which it was tested; 0 is before training
	Cost  float64 `json:"cost"`  // the average
	Right int     `json:"right"`
	Of    int     `json:"of"`
}

// A lesson is an example of a mini-batch, before and after the step.
type lesson struct {
	Picture []int   `json:"picture"` // the greys, 0 to 255
	Label   int     `json:"label"`
	Answer  int     `json:"answer"` // before
	Before  float64 `json:"before"` // the cost
	After   float64 `json:"after"`  // the cost
}

// underWay reports whether there is training that has not ended, though it may be paused.
func (s *studio) underWay() bool {
	return s.course.State == stateLearning || s.course.State == statePaused
}

// learn starts training, as train would with the same flags. The flag -resume goes on from the
// network that the page shows.
func (s *studio) learn(q *query) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	d, err := parseTrain(flags, q.Flags)
	flags.Visit(func(f *flag.Flag) {
		if f.Name == "net" || f.Name == "data" {
			err = fmt.Errorf("-%s: the page has its network and its pictures already", f.Name)
		}
	})
	if err != nil { // without what is said to those who typed a command
		text, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "train: "), "; see")
		return errors.New(text)
	}
	random, n := rand.New(rand.NewPCG(d.seed, 0)), s.network
	if !d.resume {
		n = NewNetwork(d.layers(s.set), random)
	}
	if err := s.change(n, "the training", place{}); err != nil {
		return err
	}
	l := &learner{plan: d.training(), network: n.Clone(), examples: s.set.Train, random: random}
	if d.examples > 0 {
		l.examples = l.examples[:min(d.examples, len(l.examples))]
	}
	l.plan.Vary = l.record(l.plan.Vary)
	s.course, s.granted = newCourse(stateLearning), 0
	s.course.Epochs, s.course.Batch, s.course.Of = d.plan.Epochs, d.plan.Batch, len(l.examples)
	go s.train(l)
	return s.grant(*q.Steps)
}

// grant lets training take some steps, 0 for a pause, and waits until it has taken them, unless it
// goes on to the end. At full speed the pause comes after the step under way and one more, whose
// mini-batch is shown.
func (s *studio) grant(steps int) error {
	switch {
	case !s.underWay():
		return errors.New("no training is under way")
	case steps != 0:
		s.granted, s.course.State = steps, stateLearning
	case s.granted < 0 || s.granted > 2:
		s.granted = 2
	}
	s.moved.Broadcast()
	for s.course.State == stateLearning && s.granted != toTheEnd {
		s.moved.Wait()
	}
	return nil
}

// The values of studio.granted that are no numbers of steps.
const (
	toTheEnd = -1
	noMore   = -2 // training stops
)

// A learner trains a network of its own in the background. Only the goroutine that trains uses it.
type learner struct {
	plan      Training
	network   *Network
	examples  []Example
	random    *rand.Rand
	recording bool      // the examples of the step under way are kept
	batch     []Example // those kept
	showAt    time.Time // when the page is due to see the network again
	past      float64   // the sum of the costs in the epochs that are over
	seen      float64   // the number of examples up to the last point of the chart
	costs     float64   // the sum of their costs
}

// record returns the variation, which may be nil, with the addition that it keeps the examples of the
// step under way if they are to be shown, 100 at most.
func (l *learner) record(vary func(Example, *rand.Rand) Picture) func(Example, *rand.Rand) Picture {
	return func(e Example, random *rand.Rand) Picture {
		if vary != nil {
			e.Picture = vary(e, random)
		}
		if l.recording && len(l.batch) < 100 {
			l.batch = append(l.batch, e)
		}
		return e.Picture
	}
}

// The errors that end training.
var (
	errStopped  = errors.New("stopped")
	errTooLarge = errors.New("the cost or a weight is no longer a number: the steps were too large; try a lower rate")
)

// train trains to the end. If that fails, the page shows the network from before training again.
func (s *studio) train(l *learner) {
	err := s.begin(l)
	if err == nil {
		err = l.plan.Train(l.network, l.examples, l.random, func(p Progress) error { return s.report(l, p) })
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	defer s.moved.Broadcast()
	s.course.State = stateEnded
	if err == errStopped {
		err = nil
	}
	if err == nil && !slices.Equal(l.network.All, s.network.All) { // they are equal after a pause
		err = s.show(l)
	}
	if err != nil {
		s.course.State, s.course.Error = stateFailed, err.Error()
		s.takeBack()
	}
}

// begin measures the network before the first step, and waits until that is granted.
func (s *studio) begin(l *learner) error {
	tested := s.grade(l.network, 0)
	some := l.examples[:min(1000, len(l.examples))] // as all of them would take long
	cost := l.network.Evaluate(some).Cost()
	if math.IsNaN(cost + tested.Cost) {
		return errTooLarge
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.course.Test0, s.course.Points = &tested, [][2]float64{{0, cost}}
	return s.await(l)
}

// grade tests a network on the test pictures after an epoch.
func (s *studio) grade(n *Network, epoch int) grade {
	score := n.Evaluate(s.set.Test)
	return grade{Epoch: epoch, Cost: score.Cost(), Right: score.Right, Of: score.Seen}
}

// report is called after each step. It tells the page how far training has come, and waits until
// the next step is granted.
func (s *studio) report(l *learner, p Progress) error {
	var tests []grade
	if p.Score.Seen == p.Of {
		tests = append(tests, s.grade(l.network, p.Epoch))
	}
	if math.IsNaN(p.Score.Costs) || len(tests) == 1 && math.IsNaN(tests[0].Cost) {
		return errTooLarge
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c := &s.course
	c.Epoch, c.Seen, c.Cost, c.Right = p.Epoch, p.Score.Seen, p.Score.Cost(), p.Score.Right
	c.Tests, c.Lessons = append(c.Tests, tests...), []lesson{}
	l.plot(c, p)
	if s.granted > 0 {
		s.granted--
	}
	if s.granted == 0 || s.granted == 1 || time.Now().After(l.showAt) {
		if err := s.show(l); err != nil {
			return err
		}
	}
	return s.await(l)
}

// plot adds a point to the chart of the cost if it is time for one: the average over the examples
// since the point before. At first each step has a point. Later a point stands for 5% of the
// examples before it, or for 1/200 of the whole training if that is less.
func (l *learner) plot(c *course, p Progress) {
	all, seen, costs := float64(l.plan.Epochs*p.Of), float64((p.Epoch-1)*p.Of+p.Score.Seen), l.past+p.Score.Costs
	if p.Score.Seen == p.Of {
		l.past = costs
	}
	if seen >= min(1.05*l.seen, l.seen+all/200, all) {
		c.Points = append(c.Points, [2]float64{seen, (costs - l.costs) / (seen - l.seen)})
		l.seen, l.costs = seen, costs
	}
}

// show shows the page a copy of the network and, if it was kept, the mini-batch of the last step,
// before which the network was shown too. The next copy is due in a tenth of a second, or later for
// a large network, whose numbers take the page long to read.
func (s *studio) show(l *learner) error {
	before, after := s.network, l.network.Clone()
	infinite := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) } // which JSON does not have
	if slices.ContainsFunc(after.All, infinite) {
		return errTooLarge
	}
	s.replace(after)
	s.course.Lessons = append(s.course.Lessons, lessons(l.batch, before, after)...)
	l.showAt = time.Now().Add(max(100*time.Millisecond, time.Duration(len(after.All))*10*time.Microsecond))
	return nil
}

// lessons returns what a step has changed for the examples of its mini-batch.
func lessons(batch []Example, before, after *Network) (list []lesson) {
	p := before.NewPass()
	for _, e := range batch {
		output := before.Forward(p, e.Picture)
		a := lesson{Picture: make([]int, e.Rows*e.Cols), Label: e.Label, Answer: Answer(output)}
		a.Before = Cost(output, e.Label)
		a.After = Cost(after.Forward(p, e.Picture), e.Label)
		for i, k := range e.Lit {
			a.Picture[k+e.Moved] = int(e.Greys[i])
		}
		list = append(list, a)
	}
	return list
}

// await pauses until a step is granted. It returns errStopped if there should be no more.
func (s *studio) await(l *learner) error {
	for s.granted == 0 {
		s.course.State = statePaused
		s.moved.Broadcast()
		s.moved.Wait()
	}
	l.recording, l.batch = s.granted == 1, nil
	if s.granted == noMore {
		return errStopped
	}
	return nil
}
