package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
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

// page is what draw shows in the browser.
//
//go:embed web/draw.html
var page []byte

// drawPage serves the page until Ctrl-C.
func drawPage(c *console, args []string) error {
	flags := flag.NewFlagSet("draw", flag.ContinueOnError)
	path, data := netFlag(flags), dataFlag(flags)
	addr := flags.String("addr", "localhost:8080", "the `address` to listen at; only localhost is private")
	open := flags.Bool("open", true, "open the page in a browser if standard output is a terminal")
	if _, err := parse(c, flags, args, 0); err != nil {
		return err
	}
	set, err := LoadDataset(*data)
	if err != nil {
		return err
	}
	s := newStudio(*path, *data, set)
	if _, _, err := s.current(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use, perhaps by another draw; stop that, or let the system choose a port: "+
			"go run . draw -addr localhost:0", *addr)
	}
	if err != nil {
		return fmt.Errorf("cannot listen at %s: %w", *addr, err)
	}
	ctx, release := untilSignal()
	defer release()
	address := announce(c, listener.Addr().(*net.TCPAddr))
	if _, standard := c.out.(*resultWriter); *open && standard && isTerminal(os.Stdout) {
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

// announce prints the address of the page and returns it.
func announce(c *console, at *net.TCPAddr) string {
	address := "http://" + at.String()
	if at.IP.IsUnspecified() { // listening everywhere, which is no address to open
		address = fmt.Sprintf("http://localhost:%d", at.Port)
	}
	fmt.Fprintf(c.out, "open %s in a browser; Ctrl-C ends it\n", address)
	if !at.IP.IsLoopback() {
		fmt.Fprintf(c.out, "others on your network can open it too, at port %d of this machine, and train and save\n",
			at.Port)
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

// A studio has the network that the page shows, and trains. The network is never changed in
// place: a step, learning or a new file replaces it. So requests use it without a lock,
// and each answer is about one network, whose version it carries.
type studio struct {
	path  string // of the network
	data  string // the folder of the set, "" for MNIST
	set   *Dataset
	frame Frame         // of its pictures
	turns chan struct{} // limits how many drawings are decoded at once, for their memory

	mutex    sync.Mutex // guards the rest
	network  *Network
	version  int        // the number of networks so far
	inFile   *Network   // the network last read from the file or saved
	written  time.Time  // when the file was
	keeper   *keeper    // of the file, nil until the page saves the network there
	steps    []*Network // the network before each step taken on the page
	learning *learning  // under way, or the last one
	changed  *sync.Cond // signals an order to the learning, or that one is carried out
}

// newStudio returns a studio that reads its network when it is first asked for.
func newStudio(path, data string, set *Dataset) *studio {
	s := &studio{path: path, data: data, set: set, frame: FrameOf(set)}
	s.turns, s.learning = make(chan struct{}, 2), &learning{state: "idle"}
	s.changed = sync.NewCond(&s.mutex)
	return s
}

// current returns the network and its version. It reads the file again if another network
// was saved there, as train does, unless the page has one that is not saved.
func (s *studio) current() (*Network, int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	info, err := os.Stat(s.path)
	same := err != nil || s.written.Equal(info.ModTime())
	if s.network != nil && (same || s.network != s.inFile || s.learning.underWay()) {
		return s.network, s.version, nil
	}
	n, err := loadFitting(s.path, s.data, s.set)
	if err != nil {
		return nil, 0, refuse(http.StatusServiceUnavailable, "%w", err)
	}
	s.replace(n)
	s.inFile, s.written, s.keeper, s.steps = n, info.ModTime(), nil, nil
	return n, s.version, nil
}

// replace makes n the network that the page shows.
func (s *studio) replace(n *Network) {
	s.network = n
	s.version++
}

// A learning trains a network of its own in the background.
type learning struct {
	plan     Training
	network  *Network
	blind    float64 // see blindCost
	state    string  // idle, learning, paused, ended or failed
	failure  string
	progress Progress
	costs    []float64      // of each epoch
	rights   []float64      // the share of the training examples that were right in each epoch
	tests    []float64      // the share of the test examples right after each epoch
	testing  sync.WaitGroup // for the test under way

	order     string        // pause, resume, next, stop or pace, to be carried out after the step under way
	interval  time.Duration // the least time between two steps
	stepped   time.Time     // when the last step began
	publishAt time.Time     // when the next copy is to be shown
}

// underWay reports whether the learning has not ended, though it may be paused.
func (l *learning) underWay() bool { return l.state == "learning" || l.state == "paused" }

// learn trains to the end.
func (s *studio) learn(l *learning, random *rand.Rand) {
	err := l.plan.Train(l.network, s.set.Train, random, func(p Progress) error { return s.report(l, p) })
	l.testing.Wait()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	l.state = "ended"
	if err != nil && err != context.Canceled {
		l.state, l.failure = "failed", err.Error()
	}
	s.changed.Broadcast()
}

// report is called after each step.
func (s *studio) report(l *learning, p Progress) error {
	ends := p.Seen == p.Of
	if ends {
		l.testing.Wait() // for the epoch before
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !math.IsNaN(p.Cost) { // JSON has no NaN
		l.progress = p
		if ends {
			l.costs = append(l.costs, p.Cost)
			l.rights = append(l.rights, float64(p.Right)/float64(p.Of))
		}
	}
	if err := diverged(l.plan, l.blind, l.costs, p); err != nil {
		return err
	}
	waits := l.order != "" || l.state == "paused" || time.Since(l.stepped) < l.interval
	if ends || waits || time.Now().After(l.publishAt) {
		s.publish(l)
	}
	if ends {
		l.testing.Add(1)
		go s.test(l, s.network) // beside the next epoch
	}
	return s.wait(l)
}

// publish shows a copy of the network in training, ten times a second. For a large network
// that is less often, so that the copies take at most a tenth of the time.
func (s *studio) publish(l *learning) {
	bad := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
	if slices.ContainsFunc(l.network.All, bad) { // it is about to fail
		return
	}
	start := time.Now()
	s.replace(l.network.Clone())
	l.publishAt = time.Now().Add(max(100*time.Millisecond, 10*time.Since(start)))
}

// test measures the network at the end of an epoch.
func (s *studio) test(l *learning, n *Network) {
	defer l.testing.Done()
	_, right := n.Test(s.set.Test)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	l.tests = append(l.tests, float64(right)/float64(len(s.set.Test)))
}

// wait carries out orders. It returns when the next step is due, or an error if there should
// be none.
func (s *studio) wait(l *learning) error {
	for {
		switch l.order {
		case "stop":
			return context.Canceled
		case "pause":
			l.state = "paused"
		case "resume":
			l.state = "learning"
		case "next":
			l.state, l.order = "paused", "step" // stands until the step is taken
			return nil
		}
		l.order = ""
		s.changed.Broadcast()
		if l.state == "learning" {
			early := l.interval - time.Since(l.stepped)
			if early <= 0 {
				l.stepped = time.Now()
				return nil
			}
			time.AfterFunc(early, s.changed.Broadcast)
		}
		s.changed.Wait()
	}
}

// settle returns when no order is left to be carried out.
func (s *studio) settle(l *learning) {
	for l.order != "" && l.underWay() {
		s.changed.Wait()
	}
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

// handler routes requests. A value that is served becomes JSON, an error {"error": "..."}.
func (s *studio) handler() http.Handler {
	type serve func(http.ResponseWriter, *http.Request) (any, error)
	get := map[string]serve{
		"/": s.servePage, "/network": s.serveNetwork, "/digit": s.serveReading, "/progress": s.serveProgress,
	}
	post := map[string]serve{
		"/recognize": s.serveReading, "/check": s.serveCheck, "/step": s.serveStep, "/undo": s.serveUndo,
		"/learn": s.serveLearn, "/pause": s.serveOrder, "/resume": s.serveOrder, "/next": s.serveOrder,
		"/stop": s.serveOrder, "/pace": s.serveOrder, "/save": s.serveSave,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; "+
			"style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'")
		answer, method := get[r.URL.Path], "GET"
		if answer == nil {
			answer, method = post[r.URL.Path], "POST"
		}
		var value any
		err := checkSender(r)
		switch {
		case err != nil:
		case answer == nil:
			err = refuse(http.StatusNotFound, "there is nothing at %s", r.URL.Path)
		case r.Method != method && !(method == "GET" && r.Method == "HEAD"):
			w.Header().Set("Allow", method)
			err = refuse(http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, method, r.Method)
		default:
			value, err = answer(w, r)
		}
		sendJSON(w, r, value, err)
	})
}

// checkSender refuses requests of other pages. A foreign site could send requests here from
// the user's own browser, under its own name (Origin) or with a name of its own made to mean
// this machine (Host). So the host must be localhost or an IP address, which no foreign site
// can have, and the origin, if there is one, the same.
func checkSender(r *http.Request) error {
	host, origin := r.Host, r.Header.Get("Origin")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
		return refuse(http.StatusForbidden, "this server does not answer to the name %q", r.Host)
	}
	if origin != "" && origin != "http://"+r.Host {
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

// sendJSON sends a value or an error. A nil value has been sent already.
func sendJSON(w http.ResponseWriter, r *http.Request, value any, err error) {
	status := http.StatusOK
	if r.URL.Path == "/learn" {
		status = http.StatusAccepted
	}
	text, infinite := json.Marshal(value) // an error means numbers that JSON does not have
	if err = cmp.Or(err, infinite); err != nil {
		status = http.StatusBadRequest
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			status = refused.status
		}
		text, _ = json.Marshal(map[string]string{"error": err.Error()})
	} else if value == nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // an error means that nobody listens any more
}

// queryNumber returns a whole number from low to high in the query of a request. After a
// mistake it returns low and sets err, if that is not set yet.
func queryNumber(r *http.Request, name string, low, high int, err *error) int {
	text := r.URL.Query().Get(name)
	x, mistake := strconv.Atoi(text)
	if mistake == nil && low <= x && x <= high {
		return x
	}
	if *err == nil {
		*err = fmt.Errorf("%s=%s: must be a whole number from %d to %d", name, text, low, high)
	}
	return low
}

// servePage sends the page itself.
func (s *studio) servePage(w http.ResponseWriter, r *http.Request) (any, error) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page)
	return nil, nil
}

// serveNetwork sends the network in memory.
func (s *studio) serveNetwork(w http.ResponseWriter, r *http.Request) (any, error) {
	n, version, err := s.current()
	if err != nil {
		return nil, err
	}
	return s.describe(n, version, r)
}

// describe returns a network as it is saved, with the size of its pictures. places=N in the
// query rounds its numbers to N decimal places: with 3 they are short enough to be sent ten
// times a second. 17 keeps all digits.
func (s *studio) describe(n *Network, version any, r *http.Request) (any, error) {
	places, err := 17, error(nil)
	if r.URL.Query().Has("places") {
		places = queryNumber(r, "places", 0, 17, &err)
	}
	if unit := math.Pow10(places); places < 17 {
		n = n.Clone()
		for i, x := range n.All {
			n.All[i] = math.Round(x*unit) / unit
		}
	}
	f := n.file()
	return map[string]any{"version": version, "rows": s.set.Rows, "cols": s.set.Cols,
		"layers": f.Layers, "weights": f.Weights, "biases": f.Biases}, err
}

// question returns the network and the example that a request is about, and an answer that
// says so. The example is a drawing in the body, or a test picture, by number=N, the next
// after wrong=N that the network misreads, or for /digit any. The label is the one in the query
// or else that of the test picture. Only for /recognize there may be none: it is -1 then.
func (s *studio) question(w http.ResponseWriter, r *http.Request) (
	n *Network, e Example, answer map[string]any, err error) {
	n, version, err := s.current()
	if err != nil {
		return nil, e, nil, err
	}
	answer = map[string]any{"version": version}
	query, last, number := r.URL.Query(), len(s.set.Test)-1, -1
	switch {
	case query.Has("wrong"):
		number, err = s.nextMistake(n, r)
	case query.Get("number") != "":
		if number = queryNumber(r, "number", 0, last, &err); err != nil {
			err = refuse(http.StatusNotFound, "there is no test picture %s; the numbers are 0 to %d",
				query.Get("number"), last)
		}
	case r.URL.Path == "/digit":
		number = rand.IntN(last + 1)
	default:
		var prepared Preparation
		e.Picture, prepared, err = s.readDrawing(w, r)
		e.Label, answer["prepared"], answer["warning"] = -1, prepared.Done, prepared.Warning
	}
	if number >= 0 {
		e = s.set.Test[number]
		answer["number"], answer["label"] = number, e.Label
	}
	if query.Has("label") || e.Label < 0 && r.URL.Path != "/recognize" {
		e.Label = queryNumber(r, "label", 0, s.set.Classes-1, &err)
	}
	return n, e, answer, err
}

// nextMistake returns the number of the next test picture that the network misreads. After
// the last picture comes the first.
func (s *studio) nextMistake(n *Network, r *http.Request) (number int, err error) {
	p, after := n.NewPass(), queryNumber(r, "wrong", -1, len(s.set.Test)-1, &err)
	for i := range s.set.Test {
		number = (after + 1 + i) % len(s.set.Test)
		if e := s.set.Test[number]; err != nil || Answer(n.Forward(p, e.Picture)) != e.Label {
			return number, err
		}
	}
	return 0, refuse(http.StatusNotFound, "the network misreads no test picture")
}

// readDrawing reads the picture in the body of a request, as predict does with a file.
func (s *studio) readDrawing(w http.ResponseWriter, r *http.Request) (p Picture, prepared Preparation, err error) {
	const largestBody, largestPicture = 1 << 20, 4_000_000 // bytes, pixels
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err == nil {
		s.turns <- struct{}{}
		p, prepared, err = ReadPicture(r.Context(), bytes.NewReader(body), s.frame, largestPicture)
		<-s.turns
	}
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		err = refuse(http.StatusRequestEntityTooLarge, "a picture may have %d bytes at most", largestBody)
	case errors.Is(err, ErrNoInk):
		err = refuse(http.StatusUnprocessableEntity, "%w", err)
	}
	return p, prepared, err
}

// serveReading answers /recognize and /digit: what the network makes of a picture and, if the
// label is known, what the gradient asks. With places=N the network itself comes too, so that
// both are of one version.
func (s *studio) serveReading(w http.ResponseWriter, r *http.Request) (any, error) {
	n, e, a, err := s.question(w, r)
	if err != nil {
		return nil, err
	}
	p := n.NewPass()
	output := n.Forward(p, e.Picture)
	a["digit"], a["unsure"], a["activations"], a["z"] = Answer(output), unsure(output), p.A, p.Z
	if e.Label >= 0 {
		n.Backward(p, e.Label, n.NewGradient())
		a["cost"], a["dCda"], a["delta"] = Cost(output, e.Label), p.DCDA, p.Delta
	}
	if r.URL.Query().Has("places") {
		a["network"], err = s.describe(n, a["version"], r)
	}
	return a, err
}

// serveCheck compares the derivative of the cost with respect to one weight or bias, by the
// chain rule of chapter 4, with the measured slope.
func (s *studio) serveCheck(w http.ResponseWriter, r *http.Request) (any, error) {
	n, e, a, err := s.question(w, r)
	if err != nil {
		return nil, err
	}
	l := queryNumber(r, "layer", 1, len(n.Layers)-1, &err)
	j := queryNumber(r, "j", 0, n.Layers[l]-1, &err)
	k := queryNumber(r, "k", -1, n.Layers[l-1]-1, &err)
	n = n.Clone() // to be nudged
	p, g := n.NewPass(), n.NewGradient()
	n.Forward(p, e.Picture)
	n.Backward(p, e.Label, g)
	a["dadz"], a["dCda"] = SigmoidSlope(p.A[l][j]), p.DCDA[l][j]
	x, dzdw, computed := &n.Biases[l][j], 1.0, g.Biases[l][j]
	if k >= 0 {
		x, dzdw, computed = &n.Weights[l].Column(k)[j], p.A[l-1][k], g.Weights[l].At(j, k)
	}
	measured := Slope(x, func() float64 { return Cost(n.Forward(p, e.Picture), e.Label) })
	a["dzdw"], a["computed"], a["measured"], a["error"] = dzdw, computed, measured, RelativeError(computed, measured)
	return a, err
}

// serveStep takes one step of gradient descent on one example. As w becomes w - rate * dC/dw,
// the gradient predicts that the cost falls by the sum of dC/dw * rate * dC/dw.
func (s *studio) serveStep(w http.ResponseWriter, r *http.Request) (any, error) {
	_, e, a, err := s.question(w, r)
	if err != nil {
		return nil, err
	}
	text := r.URL.Query().Get("rate")
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate > 0 && rate <= 1e6) {
		return nil, fmt.Errorf("rate=%s: must be a number above 0, at most 1000000", text)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.learning.underWay() {
		return nil, refuse(http.StatusConflict, "the network is learning; stop that first")
	}
	n := s.network.Clone()
	p, g := n.NewPass(), n.NewGradient()
	before := Cost(n.Forward(p, e.Picture), e.Label)
	n.Backward(p, e.Label, g)
	predicted := before
	for _, derivative := range g.All {
		predicted -= derivative * rate * derivative
	}
	n.Descend(g, rate, 0)
	s.steps = append(s.steps, s.network)
	s.steps = s.steps[max(0, len(s.steps)-maxParameters/len(n.All)):] // for their memory
	s.replace(n)
	a["version"], a["before"], a["predicted"] = s.version, before, predicted
	a["after"] = Cost(n.Forward(p, e.Picture), e.Label)
	return a, nil
}

// serveUndo takes back the last step.
func (s *studio) serveUndo(w http.ResponseWriter, r *http.Request) (any, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	last := len(s.steps) - 1
	if last < 0 || s.learning.underWay() {
		return nil, refuse(http.StatusConflict, "there is no step to take back")
	}
	s.replace(s.steps[last])
	s.steps = s.steps[:last]
	return s.progress(), nil
}

// serveLearn starts training in the background.
func (s *studio) serveLearn(w http.ResponseWriter, r *http.Request) (any, error) {
	d, err := learningSettings(http.MaxBytesReader(w, r.Body, 1<<12))
	interval := stepInterval(r, &err)
	if err != nil {
		return nil, err
	}
	n, _, err := s.current()
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(d.seed, 0))
	if d.resume {
		n = n.Clone()
	} else if n, err = d.randomNetwork(s.set, random); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.learning.underWay() {
		return nil, refuse(http.StatusConflict, "the network is learning already; stop that first")
	}
	l := &learning{plan: d.training(), network: n, blind: blindCost(s.set), state: "learning"}
	l.interval, l.stepped = interval, time.Now()
	s.learning, s.steps = l, nil
	s.publish(l)
	go s.learn(l, random)
	return s.progress(), nil
}

// learningSettings reads an order to learn. What is left out of it is as on the command line.
func learningSettings(body io.Reader) (*settings, error) {
	d := defaults()
	order := struct {
		Hidden        []int // not a pointer to the default, of which null would keep an element
		Epochs, Batch *int
		Rate          *float64
		Seed          *uint64
		Plain         bool
		From          string // random, or here for the layers, weights and biases of the network
	}{nil, &d.plan.Epochs, &d.plan.Batch, &d.plan.Rate, &d.seed, false, "random"}
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	if err := decodeWhole(in, &order); err != nil {
		return nil, fmt.Errorf("not an order to learn: %w", err)
	}
	if order.Hidden != nil {
		d.hidden = order.Hidden
	}
	if order.From != "random" && order.From != "here" {
		return nil, fmt.Errorf("from %q: must be random or here", order.From)
	}
	d.resume = order.From == "here"
	if order.Plain {
		d.makePlain()
	}
	return &d, d.check()
}

// decodeWhole decodes one JSON object and nothing after it. Its errors do not name Go types.
func decodeWhole(in *json.Decoder, object any) error {
	err := in.Decode(object)
	switch _, end := in.Token(); {
	case err == io.EOF:
		return errors.New("the body is empty; for the defaults send {}")
	case err == nil && end != io.EOF:
		return errors.New("there is more after the object")
	}
	return jsonError(err)
}

// stepInterval returns the least time between two steps for batches=N a second in the query,
// 0 for as fast as it goes. It sets err as queryNumber does.
func stepInterval(r *http.Request, err *error) time.Duration {
	text := cmp.Or(r.URL.Query().Get("batches"), "0")
	pace, mistake := strconv.ParseFloat(text, 64)
	if mistake == nil && pace >= 0.01 && pace <= 1e6 {
		return time.Duration(float64(time.Second) / pace)
	}
	if *err == nil && (mistake != nil || pace != 0) {
		*err = fmt.Errorf("batches=%s: must be 0 or a number from 0.01 to 1000000", text)
	}
	return 0
}

// serveOrder answers /pause, /resume, /next, /stop and /pace when they are carried out.
func (s *studio) serveOrder(w http.ResponseWriter, r *http.Request) (any, error) {
	var err error
	interval := stepInterval(r, &err)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	l, order := s.learning, strings.TrimPrefix(r.URL.Path, "/")
	s.settle(l) // after an order from another tab
	switch {
	case !l.underWay():
		return nil, refuse(http.StatusConflict, "no learning is under way")
	case order == "pause" && l.state == "paused" || order == "resume" && l.state == "learning":
		return nil, refuse(http.StatusConflict, "there is nothing to %s: the network is %s", order, l.state)
	case order == "pace":
		l.interval = interval
	}
	l.order = order
	s.changed.Broadcast()
	s.settle(l)
	return s.progress(), nil
}

// progress returns what the page is told of the learning and the network.
func (s *studio) progress() map[string]any {
	l, p := s.learning, s.learning.progress
	list := func(x []float64) []float64 { return append([]float64{}, x...) } // in JSON [] and not null
	return map[string]any{"version": s.version, "saved": s.network == s.inFile, "steps": len(s.steps), "state": l.state,
		"error": l.failure, "epoch": p.Epoch, "epochs": l.plan.Epochs, "batch": l.plan.Batch,
		"seen": p.Seen, "of": p.Of,
		"cost": p.Cost, "right": p.Right, "costs": list(l.costs), "rights": list(l.rights), "tests": list(l.tests)}
}

// serveProgress sends the progress at once, and then ten times a second if it has changed.
func (s *studio) serveProgress(w http.ResponseWriter, r *http.Request) (any, error) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == "HEAD" {
		return nil, nil
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // this may last for hours
	for last := ""; ; {
		s.current() // for a new file; its errors are for those who ask for the network
		s.mutex.Lock()
		text, _ := json.Marshal(s.progress())
		s.mutex.Unlock()
		if string(text) != last {
			last = string(text)
			control.SetWriteDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprintf(w, "data: %s\n\n", text)
			control.Flush() // an error ends the request's context
		}
		select {
		case <-r.Context().Done():
			return nil, nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// serveSave writes the network to its file. It keeps the network that is there, unless the page
// has saved that itself.
func (s *studio) serveSave(w http.ResponseWriter, r *http.Request) (any, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if info, err := os.Stat(s.path); s.keeper == nil || err == nil && !s.written.Equal(info.ModTime()) {
		k, err := newKeeper(s.path)
		if err != nil {
			return nil, refuse(http.StatusConflict, "%w", err)
		}
		s.keeper = k
	}
	if err := s.keeper.save(s.network); err != nil {
		return nil, refuse(http.StatusInternalServerError, "%w", err)
	}
	s.inFile = s.network
	if info, err := os.Stat(s.path); err == nil {
		s.written = info.ModTime()
	}
	return s.progress(), nil
}
