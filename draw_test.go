package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The page.

func newTestStudio(t *testing.T) *studio { return newStudio(saved(t, trained()), "", mnist()) }

// newSmallStudio returns a studio with a small network and few examples, which train fast.
func newSmallStudio(t testing.TB) *studio {
	path := saved(t, NewNetwork([]int{784, 5, 10}, seeded(9)))
	return newStudio(path, "", &Dataset{Rows: 28, Cols: 28, Classes: 10, Train: mnist().Train[:500], Test: mnist().Test[:50]})
}

// A reading holds what the page's server answers about a network and a picture.
type reading struct {
	networkFile
	Version, Digit, Number, Label int
	Activations, Z, DCDA, Delta   [][]float64
	Cost                          float64
	Network                       *networkFile
}

// A report holds what it answers about a learning.
type report struct {
	State, Error                    string
	Version, Epoch, Seen, Of, Steps int
	Saved                           bool
	Costs, Rights, Tests            []float64
}

// askPage sends a request to the page's server and returns the status and the answer.
func askPage[T any](t *testing.T, s *studio, request, body string) (status int, answer T) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	recorder := httptest.NewRecorder()
	s.handler().ServeHTTP(recorder, httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body)))
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		t.Errorf("%s: %v: %.100s", request, err, recorder.Body)
	}
	return recorder.Code, answer
}

// finish returns the last report of a learning.
func finish(t *testing.T, s *studio) (last report) {
	s.mutex.Lock()
	for s.learning.underWay() {
		s.changed.Wait()
	}
	text, err := json.Marshal(s.progress())
	s.mutex.Unlock()
	if err == nil {
		err = json.Unmarshal(text, &last)
	}
	if err != nil {
		t.Error(err)
	}
	return last
}

// drawingOf returns a PNG of a test picture as the page would send it.
func drawingOf(number int) string {
	return string(asPNG(paper(mnist().Test[number].Picture, 280, 280, 0, 0, 10, black, white)))
}

func TestServerAnswersEveryRequestWithTheRightStatus(t *testing.T) {
	handler := newTestStudio(t).handler()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // so that /progress ends after its first event
	for _, c := range []struct {
		request, host, origin, body string
		status                      int
		want                        string
	}{
		{"GET /", "", "", "", 200, "<title>"},
		{"GET /", "[::1]:8080", "", "", 200, "<title>"},
		{"POST /", "", "", "", 405, "GET"},
		{"GET /../etc/passwd", "", "", "", 404, "nothing at"},
		{"GET /", "evil.example", "", "", 403, "evil.example"},
		{"GET /network", "localhost.evil.example:8080", "", "", 403, "evil.example"},
		{"GET /network", "", "", "", 200, `"layers":[784,16,16,10]`},
		{"GET /network?places=1", "", "", "", 200, `"weights":[[[`},
		{"GET /network?places=x", "", "", "", 400, "from 0 to 17"},
		{"HEAD /progress", "", "", "", 200, ""},
		{"GET /progress", "", "", "", 200, `data: {`},
		{"GET /progress", "", "http://evil.example", "", 403, "evil.example"},

		{"GET /digit?number=0", "", "", "", 200, `"label":7`},
		{"GET /digit", "", "", "", 200, `"label":`},
		{"GET /digit?wrong=-1", "", "", "", 200, `"number":`},
		{"GET /digit?number=10000", "", "", "", 404, "0 to 9999"},
		{"GET /digit?number=x", "", "", "", 404, "no test picture x; the numbers are 0 to 9999"},
		{"GET /digit?number=0&label=10", "", "", "", 400, "from 0 to 9"},
		{"GET /digit?wrong=10000", "", "", "", 400, "to 9999"},

		{"POST /recognize", "127.0.0.1:8080", "http://127.0.0.1:8080", "x", 400, "not a PNG"},
		{"POST /recognize", "", "null", "x", 403, "null"},
		{"GET /recognize", "", "", "", 405, "POST"},
		{"POST /recognize", "", "", string(asPNG(image.NewGray(image.Rect(0, 0, 280, 280)))), 422, "no ink"},
		{"POST /recognize", "", "", string(asPNG(image.NewGray(image.Rect(0, 0, 2001, 2000)))), 400, "2001 x 2000"},
		{"POST /recognize", "", "", strings.Repeat("x", 50<<20), 413, "1048576"},
		{"POST /recognize?label=x", "", "", drawingOf(0), 400, "label=x"},

		{"POST /check?label=7&layer=1&j=3&k=262", "", "", drawingOf(0), 200, `"measured"`},
		{"POST /check?layer=1&j=3&k=262", "", "", drawingOf(0), 400, "label="},
		{"POST /check?number=0&layer=4&j=0&k=0", "", "", "", 400, "from 1 to 3"},
		{"POST /check?number=0&layer=3&j=10&k=0", "", "", "", 400, "from 0 to 9"},
		{"POST /check?number=0&layer=3&j=0&k=16", "", "", "", 400, "from -1 to 15"},
		{"POST /step?label=7&rate=0", "", "", drawingOf(0), 400, "above 0"},
		{"POST /step?label=7&rate=NaN", "", "", drawingOf(0), 400, "above 0"},
		{"POST /step?rate=1", "", "", drawingOf(0), 400, "label="},
		{"POST /step?label=7&rate=1", "", "", "seven", 400, "not a PNG"},
		{"POST /undo", "", "", "", 409, "no step"},

		{"POST /learn", "", "", `{"rate":0}`, 400, "-rate 0: must be a number above 0"},
		{"POST /learn", "", "", `{"epochs":0}`, 400, "-epochs 0: must be at least 1"},
		{"POST /learn", "", "", `{"batch":0}`, 400, "-batch 0: must be at least 1"},
		{"POST /learn", "", "", `{"hidden":[16,0]}`, 400, "-hidden: 0 is not a number of neurons"},
		{"POST /learn", "", "", `{"hidden":[10000,10000]}`, 400, "10,000,000"},
		{"POST /learn", "", "", `{"from":"there"}`, 400, "random or here"},
		{"POST /learn", "", "", `{"speed":1}`, 400, "speed"},
		{"POST /learn", "", "", `{"hidden":[null]}`, 400, "-hidden: 0 is not a number of neurons"},
		{"POST /learn", "", "", `{"hidden":[16]} 1`, 400, "more after the object"},
		{"POST /learn", "", "", `{"hidden":["16"]}`, 400, "hidden: expected a whole number, found string"},
		{"POST /learn", "", "", `{"seed":-1}`, 400, "seed: expected a whole number from 0, found number -1"},
		{"POST /learn", "", "", "16", 400, "the text: expected an object, found number"},
		{"POST /learn", "", "", "", 400, "the body is empty"},
		{"POST /learn?batches=-1", "", "", "{}", 400, "batches=-1"},
		{"GET /learn", "", "", "", 405, "POST"},
		{"POST /learn", "", "http://evil.example", "{}", 403, "evil.example"},
		{"POST /stop", "", "http://evil.example", "", 403, "evil.example"},
		{"POST /save", "", "http://evil.example", "", 403, "evil.example"},
		{"POST /pause", "", "", "", 409, "no learning"},
		{"POST /resume", "", "", "", 409, "no learning"},
		{"POST /next", "", "", "", 409, "no learning"},
		{"POST /stop", "", "", "", 409, "no learning"},
		{"POST /pace?batches=10", "", "", "", 409, "no learning"},
		{"POST /pace?batches=x", "", "", "", 400, "batches=x"},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		request := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(c.body))
		request.Host = cmp.Or(c.host, "localhost:8080")
		if c.origin != "" {
			request.Header.Set("Origin", c.origin)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		body := recorder.Body.String()
		if recorder.Code != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %.30s: status %d, %.100s; want %d with %q",
				c.request, c.body, recorder.Code, body, c.status, c.want)
		}
		kind := recorder.Header().Get("Content-Type")
		if c.status != 200 && (kind != "application/json" || !json.Valid([]byte(body))) {
			t.Errorf("%s: the error is not JSON: %s", c.request, body)
		}
	}
}

func TestPageShowsThePassAndTheGradientOfTheCore(t *testing.T) {
	s, n, e := newTestStudio(t), trained().Clone(), mnist().Test[8]
	drawn, _, _ := read([]byte(drawingOf(0)))
	askPage[reading](t, s, "GET /network?places=1", "") // rounds a copy, not the network that is asked below
	for request, picture := range map[string]Picture{
		"POST /recognize?label=3":     drawn,
		"GET /digit?number=8&label=3": e.Picture,
	} {
		p, _ := passOf(n, Example{picture, 3})
		cost := Cost(p.A[3], 3)
		status, r := askPage[reading](t, s, request, drawingOf(0))
		if status != 200 || r.Digit != Answer(p.A[3]) || r.Cost != cost || len(r.Activations) != len(n.Layers) {
			t.Fatalf("%s: status %d, %+v; want a %d, cost %v", request, status, r, Answer(p.A[3]), cost)
		}
		for l := range n.Layers {
			if !slices.Equal(r.Activations[l], p.A[l]) || !slices.Equal(r.Z[l], p.Z[l]) ||
				!slices.Equal(r.DCDA[l], p.DCDA[l]) || !slices.Equal(r.Delta[l], p.Delta[l]) {
				t.Errorf("%s: layer %d is not that of the core", request, l)
			}
		}
	}
	_, g := passOf(n, Example{e.Picture, 3})
	for _, c := range []struct{ l, j, k int }{{1, 3, 300}, {2, 5, 11}, {3, 9, 0}, {1, 2, -1}, {3, 3, -1}} {
		want := g.Biases[c.l][c.j]
		if c.k >= 0 {
			want = g.Weights[c.l].At(c.j, c.k)
		}
		_, a := askPage[struct{ DzDw, DaDz, DCDA, Computed, Measured, Error float64 }](t, s,
			fmt.Sprintf("POST /check?number=8&label=3&layer=%d&j=%d&k=%d", c.l, c.j, c.k), "")
		product := a.DzDw * a.DaDz * a.DCDA
		if a.Computed != want || a.Error > 1e-6 ||
			RelativeError(product, want) > 1e-12 || RelativeError(a.Measured, want) > 1e-6 {
			t.Errorf("layer %d, %d from %d: product %v, %+v; want %v", c.l, c.j, c.k, product, a, want)
		}
	}
}

func TestStepOnThePageIsOneOfGradientDescentAndCanBeTakenBack(t *testing.T) {
	s, n, e := newTestStudio(t), trained().Clone(), mnist().Test[8]
	p, g := passOf(n, Example{e.Picture, 5})
	before := Cost(p.A[3], 5)
	predicted := before - 1e-4*dot(g.All, g.All)
	n.Descend(g, 1e-4, 0)
	after := Cost(n.Forward(p, e.Picture), 5)
	_, a := askPage[struct{ Before, Predicted, After float64 }](t, s, "POST /step?number=8&label=5&rate=0.0001", "")
	if a.Before != before || a.After != after || math.Abs(a.Predicted-predicted) > 1e-12 {
		t.Errorf("%+v, want %v, %v, %v", a, before, predicted, after)
	}
	if math.Abs(after-predicted) > 0.1*(before-after) {
		t.Errorf("the gradient predicts %v, but the cost after a small step is %v", predicted, after)
	}
	if shown, _, _ := s.current(); !slices.Equal(shown.All, n.All) {
		t.Error("the network shown is not the one after the step")
	}
	status, r := askPage[report](t, s, "POST /undo", "")
	if status != 200 || !r.Saved || r.Steps != 0 || r.Version != 3 {
		t.Errorf("status %d, %+v", status, r)
	}
	if shown, _, _ := s.current(); !slices.Equal(shown.All, trained().All) {
		t.Error("the step is not taken back")
	}
}

func TestLearningOnThePageIsTheTrainingOfTrain(t *testing.T) {
	for order, plan := range map[string]Training{
		`{"hidden":[6],"epochs":2,"batch":30,"rate":2,"seed":4,"plain":true}`: {Epochs: 2, Batch: 30, Rate: 2},
		`{"hidden":[6],"epochs":2,"seed":4}`:                                  {2, 20, 1.5, true, 1e-4, Shift()},
	} {
		s, random := newSmallStudio(t), seeded(4)
		want := NewNetwork([]int{784, 6, 10}, random)
		var costs, rights []float64
		plan.Train(want, s.set.Train, random, func(p Progress) error {
			if p.Seen == p.Of {
				costs, rights = append(costs, p.Cost), append(rights, float64(p.Right)/500)
			}
			return nil
		})
		_, right := want.Test(s.set.Test)
		if status, r := askPage[report](t, s, "POST /learn", order); status != 202 || r.State != "learning" {
			t.Fatalf("status %d, %+v", status, r)
		}
		r := finish(t, s)
		if r.State != "ended" || r.Saved || !slices.Equal(r.Costs, costs) ||
			!slices.Equal(r.Rights, rights) || len(r.Tests) != 2 || r.Tests[1] != float64(right)/50 {
			t.Errorf("%s: %+v, want costs %v and %d right", order, r, costs, right)
		}
		if shown, _, _ := s.current(); !slices.Equal(shown.All, want.All) {
			t.Errorf("%s: the network differs from that of Train", order)
		}
	}
}

func TestLearningIsPausedSteppedResumedAndStopped(t *testing.T) {
	s := newSmallStudio(t)
	for _, c := range []struct {
		request, body string
		status        int
		state         string
		seen          int
	}{
		{"POST /learn?batches=0.01", "{}", 202, "learning", 0}, // 100 seconds from step to step
		{"POST /pause", "", 200, "paused", 20},
		{"POST /pause", "", 409, "", 0},
		{"POST /next", "", 200, "paused", 40},
		{"POST /learn", "{}", 409, "", 0},
		{"POST /step?number=0&rate=1", "", 409, "", 0},
		{"POST /undo", "", 409, "", 0},
		{"POST /save", "", 200, "paused", 40},
		{"POST /resume", "", 200, "learning", 40},
		{"POST /next", "", 200, "paused", 60},
		{"POST /stop", "", 200, "ended", 60},
		{"POST /next", "", 409, "", 0},
		{"POST /step?number=0&rate=1", "", 200, "", 0},
	} {
		status, r := askPage[report](t, s, c.request, c.body)
		if status != c.status || r.State != c.state || r.Seen != c.seen {
			t.Errorf("%s: status %d, %+v; want %+v", c.request, status, r, c)
		}
	}
}

func TestLearningThatDivergesSaysSoInTheWordsOfTrain(t *testing.T) {
	s := newSmallStudio(t)
	askPage[report](t, s, "POST /learn", `{"rate":5000,"plain":true,"seed":2}`)
	r := finish(t, s)
	last := Progress{Epoch: r.Epoch + 1, Seen: 1, Of: 1, Cost: r.Costs[len(r.Costs)-1]}
	want := diverged(Training{Rate: 5000}, blindCost(s.set), r.Costs, last)
	if r.State != "failed" || want == nil || !strings.Contains(r.Error, "try -rate 1.5") {
		t.Errorf("%+v, want the error %v", r, want)
	}
}

func TestNothingOnDiskChangesUntilSave(t *testing.T) {
	s := newSmallStudio(t)
	first, _ := os.ReadFile(s.path)
	askPage[report](t, s, "POST /learn", `{"epochs":1}`)
	finish(t, s)
	os.Chtimes(s.path, time.Time{}, time.Now().Add(time.Second))
	learned, _, _ := s.current()
	if saved, err := loadNetwork(s.path); err != nil || slices.Equal(learned.All, saved.All) {
		t.Errorf("a file with a new time replaces what was learned here, error %v", err)
	}
	if now, _ := os.ReadFile(s.path); !bytes.Equal(now, first) {
		t.Error("learning changes the file")
	}
	if status, r := askPage[report](t, s, "POST /save", ""); status != 200 || !r.Saved {
		t.Errorf("status %d, %+v", status, r)
	}
	if n, err := loadNetwork(s.path); err != nil || !slices.Equal(n.All, learned.All) {
		t.Errorf("the file does not have what was learned: %v", err)
	}
	if now, _ := os.ReadFile(backup(s.path)); !bytes.Equal(now, first) {
		t.Error("the network that was there before is not kept")
	}
}

func TestSaveOnThePageKeepsWhatItHasNotSavedItself(t *testing.T) {
	s := newSmallStudio(t)
	step := func() { askPage[report](t, s, "POST /step?number=0&rate=1", "") }
	save := func(n *Network) { // as train does
		saveAs(t, n, s.path)
		os.Chtimes(s.path, time.Time{}, time.Now().Add(time.Hour))
	}
	first, _, _ := s.current()
	step()
	second, third := NewNetwork(first.Layers, seeded(10)), NewNetwork(first.Layers, seeded(11))
	for _, c := range []struct {
		name   string
		before func()
		kept   *Network
	}{
		{"the file that was read", func() {}, first},
		{"its own network", step, first},
		{"another beside an unsaved one", func() { step(); save(second) }, second},
		{"another that was read since", func() { save(third); s.current(); step() }, third},
	} {
		c.before()
		if status, r := askPage[report](t, s, "POST /save", ""); status != 200 || !r.Saved {
			t.Errorf("%s: status %d, %+v", c.name, status, r)
		}
		if n, err := loadNetwork(backup(s.path)); err != nil || !slices.Equal(n.All, c.kept.All) {
			t.Errorf("%s: the backup is not the right one, error %v", c.name, err)
		}
	}
	os.WriteFile(s.path, []byte("a letter"), 0o644)
	status, r := askPage[report](t, s, "POST /save", "")
	if status != 409 || !strings.Contains(r.Error, "not a saved network") {
		t.Errorf("a file of another kind: status %d, %q", status, r.Error)
	}
	if text, _ := os.ReadFile(s.path); string(text) != "a letter" {
		t.Error("a file of another kind is replaced")
	}
}

func TestReloadShowsTheNetworkSavedMeanwhile(t *testing.T) {
	s, other := newTestStudio(t), NewNetwork([]int{784, 8, 10}, seeded(1))
	before, version, err := s.current()
	if again, v, _ := s.current(); err != nil || again != before || v != version {
		t.Errorf("error %v, or the network is read again without need", err)
	}
	saveAs(t, other, s.path)
	os.Chtimes(s.path, time.Time{}, time.Now().Add(time.Second))
	if after, v, err := s.current(); err != nil || !slices.Equal(after.All, other.All) || v == version {
		t.Errorf("%v, version %d, error %v", after, v, err)
	}
	os.Remove(s.path)
	if after, _, err := s.current(); err != nil || !slices.Equal(after.All, other.All) {
		t.Errorf("without the file: %v, error %v", after, err)
	}
	write(t, filepath.Dir(s.path), "network.json", []byte("{}"))
	status, r := askPage[report](t, s, "GET /network", "")
	if status != 503 || !strings.Contains(r.Error, "not a saved network") {
		t.Errorf("with a broken file: status %d, %+v", status, r)
	}
}

func TestDrawStopsWhenAskedAndSaysWhenItsPortIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	code, _, text := call("draw", "-net", saved(t, trained()), "-addr", listener.Addr().String())
	if code != 1 || !strings.Contains(text, "in use") {
		t.Errorf("a port in use: exit %d, %s", code, text)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- newTestStudio(t).serve(ctx, listener) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/progress") // which goes on until the end
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "data: {") || !json.Valid([]byte(line[6:])) {
		t.Errorf("progress begins with %q, %v", line, err)
	}
	start := time.Now()
	stop()
	if err := <-ended; err != nil || time.Since(start) > 2*time.Second {
		t.Errorf("stopped after %v, error %v", time.Since(start), err)
	}
}

func TestAddressOfThePageCanBeOpened(t *testing.T) {
	for _, c := range []struct{ at, want string }{
		{"127.0.0.1:8080", "open http://127.0.0.1:8080 in"}, {"[::1]:80", "open http://[::1]:80 in"},
		{"0.0.0.0:8099", "open http://localhost:8099 in"}, {"[::]:8099", "open http://localhost:8099 in"},
		{"0.0.0.0:8099", "others on your network"}, {"192.168.1.7:80", "others on your network"},
	} {
		var out bytes.Buffer
		announce(&console{out: &out}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.at)))
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %s, want %q", c.at, out.String(), c.want)
		}
	}
}

// Learning, steps, saves and readers all at once, also for go test -race: each answer must
// agree with the network that comes with it.
func TestEachAnswerIsOfOneNetwork(t *testing.T) {
	s := newSmallStudio(t)
	var users sync.WaitGroup
	use := func(times int, requests ...string) {
		users.Add(1)
		go func() {
			defer users.Done()
			for i := range times {
				body := "{}"
				if request := requests[i%len(requests)]; strings.Contains(request, "/recognize") {
					body = drawingOf(i % 9)
					status, r := askPage[reading](t, s, request, body)
					n, err := r.Network.network()
					if status != 200 || err != nil {
						t.Errorf("status %d, %v", status, err)
						return
					}
					picture, _, _ := ReadPicture(t.Context(), strings.NewReader(body), mnistFrame, MaxPicture)
					p, _ := passOf(n, Example{picture, 3})
					if output := p.A[len(p.A)-1]; r.Cost != Cost(output, 3) ||
						!slices.Equal(r.Z[1], p.Z[1]) || !slices.Equal(r.Delta[1], p.Delta[1]) {
						t.Errorf("version %d: the answer is not of its network", r.Version)
					}
				} else if status, r := askPage[report](t, s, request, body); status >= 500 {
					t.Errorf("%s: status %d, %s", request, status, r.Error)
				}
			}
		}()
	}
	use(30, "POST /learn", "POST /pause", "POST /next", "POST /resume", "POST /stop",
		"POST /step?number=3&rate=0.1", "POST /undo")
	use(30, "POST /step?number=5&rate=1", "POST /save", "GET /network?places=3", "POST /pace?batches=1000")
	use(15, "POST /recognize?label=3&places=17")
	use(15, "POST /recognize?label=3&places=17")
	users.Wait()
	askPage[report](t, s, "POST /stop", "")
	finish(t, s)
}

// The page in a real browser. What its three views show, opened by address, is compared with
// the numbers of the core.
func TestPageShowsTheNumbersOfTheCoreInABrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("there is no Chromium here")
	}
	handler := newTestStudio(t).handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/progress" { // only its first event: the browser would wait for the end
			ctx, cancel := context.WithCancel(r.Context())
			cancel()
			r = r.WithContext(ctx)
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()

	n, e := trained(), mnist().Test[8]
	p, g := passOf(n, e)
	cost := Cost(p.A[3], e.Label)
	for _, view := range []string{"read", "learn", "why"} {
		dom, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync",
			"--user-data-dir="+t.TempDir(), "--virtual-time-budget=5000", "--dump-dom",
			server.URL+"/?digit=8&view="+view).Output()
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, tag := range regexp.MustCompile(`<g class="neuron[^>]*>`).FindAllString(string(dom), -1) {
			l, j := int(attribute(tag, "layer")), int(attribute(tag, "neuron"))
			if attribute(tag, "activation") != p.A[l][j] || attribute(tag, "z") != p.Z[l][j] {
				t.Errorf("%s: neuron %d of layer %d: %s", view, j, l, tag)
			}
			if view == "why" && (attribute(tag, "dcda") != p.DCDA[l][j] || attribute(tag, "delta") != p.Delta[l][j]) {
				t.Errorf("%s: neuron %d of layer %d: %s", view, j, l, tag)
			}
			found++
		}
		if found != 16+16+10 || !bytes.Contains(dom, fmt.Appendf(nil, `<div id="digit">%d</div>`, Answer(p.A[3]))) {
			t.Errorf("%s: %d neurons, want 42 and the answer %d", view, found, Answer(p.A[3]))
		}
		k := Answer(p.A[2])
		want, shown := g.Weights[3].At(e.Label, k), attribute(string(dom), "computed")
		shownCost := attribute(string(dom), "cost")
		if view == "why" && (shownCost != cost || shown != want) {
			t.Errorf("cost %v, derivative %v; want %v and %v, of the weight from neuron %d",
				shownCost, shown, cost, want, k)
		}
	}
}

// attribute returns the number in the first data attribute of a name, or NaN.
func attribute(html, name string) float64 {
	match := regexp.MustCompile(` data-` + name + `="([^"]+)"`).FindStringSubmatch(html)
	if match == nil {
		return math.NaN()
	}
	x, _ := number(match[1])
	return x
}

func TestFormOfThePageHasTheDefaultsOfTheCommandLine(t *testing.T) {
	d := defaults()
	for id, want := range map[string]any{
		"hidden": "16,16", "rate": d.plan.Rate, "batch": d.plan.Batch, "epochs": d.plan.Epochs, "seed": d.seed,
	} {
		tag := regexp.MustCompile(`<input id="` + id + `"[^>]*>`).Find(page)
		if !bytes.Contains(tag, fmt.Appendf(nil, ` value="%v"`, want)) {
			t.Errorf("%s, want %v", tag, want)
		}
	}
}

func FuzzHandler(f *testing.F) {
	s := newSmallStudio(f)
	s.set.Train = s.set.Train[:20]
	handler := s.handler()
	f.Add("POST", "/recognize", "localhost", "", []byte("x"))
	f.Add("GET", "/digit?number=3", "127.0.0.1:80", "http://127.0.0.1:80", []byte(nil))
	f.Add("POST", "/learn?batches=1e6", "localhost", "", []byte(`{"hidden":[4],"epochs":1,"rate":1e9,"from":"random"}`))
	f.Add("POST", "/step?number=3&label=2&rate=1e6", "[::1]", "", []byte(nil))
	f.Add("POST", "/check?number=3&label=2&layer=1&j=0&k=-1", "[::1]", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, host, origin string, body []byte) {
		request, err := http.NewRequest(method, "http://localhost/", bytes.NewReader(body))
		if err != nil {
			return
		}
		if target, err := url.Parse(path); err == nil {
			request.URL = target
		}
		request.Host = host
		request.Header.Set("Origin", origin)
		if request.URL.Path == "/progress" { // which would go on
			request.Method = "HEAD"
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code >= 500 {
			t.Errorf("status %d: %s", recorder.Code, recorder.Body)
		}
		if recorder.Code >= 300 && !json.Valid(recorder.Body.Bytes()) {
			t.Errorf("status %d without JSON: %s", recorder.Code, recorder.Body)
		}
	})
}
