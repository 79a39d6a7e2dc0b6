package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The page's server.

func newTestStudio(t *testing.T) *studio {
	set := *mnist()
	set.Train = set.Train[:500]
	return newStudio(saved(t, trained()), &set, trained())
}

// newSmallStudio returns a studio with a small network and few examples, which train fast.
func newSmallStudio(t testing.TB) *studio {
	n := NewNetwork([]int{784, 5, 10}, seeded(9))
	set := *mnist()
	set.Train, set.Test = set.Train[:500], set.Test[:50]
	return newStudio(saved(t, n), &set, n)
}

// send sends a request such as "GET /test" as a browser at an address does, from a page of an
// origin unless that is empty.
func send(ctx context.Context, s *studio, request, address, origin, body string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(request, " ")
	sent := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	sent.Host = address
	if origin != "" {
		sent.Header.Set("Origin", origin)
	}
	recorder := httptest.NewRecorder()
	s.handler().ServeHTTP(recorder, sent)
	return recorder
}

// ask sends a request and returns the status and the answer.
func ask[T any](t testing.TB, s *studio, request, body string) (status int, answer T) {
	t.Helper()
	recorder := send(context.Background(), s, request, "localhost:8080", "", body)
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		t.Errorf("%s: %v: %.100s", request, err, recorder.Body)
	}
	return recorder.Code, answer
}

// finish waits for the end of learning and returns the state.
func finish(s *studio) state {
	<-s.learner.over
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.state()
}

// drawingOf returns a PNG of a test picture as the page would send it.
func drawingOf(number int) string {
	return string(asPNG(paper(mnist().Test[number].Picture, 280, 280, 0, 0, 10, black, white)))
}

func TestServerAnswersEveryRequestWithTheRightStatus(t *testing.T) {
	s, seven := newTestStudio(t), drawingOf(0)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		request, body string
		status        int
		want          string
	}{
		{"GET /", "", 200, "<title>"},
		{"HEAD /", "", 200, ""},
		{"GET /main.js", "", 200, "import"},
		{"GET /page", "", 404, "nothing at"},
		{"GET /../etc/passwd", "", 404, "nothing at"},
		{"GET /setup", "", 200, `"gentleRate":0.15,"hidden":[16,16],"rate":1.5,"seed":1,"shift":true,`},
		{"GET /network", "", 200, `"layers":[784,16,16,10]`},
		{"GET /network?places=1", "", 200, `"weights":[[[`},
		{"GET /network?places=x", "", 400, "from 0 to 15"},
		{"HEAD /progress", "", 200, ""},
		{"GET /progress", "", 200, `"saved":true,"revertible":false,"fileError":"","undoes":""`},
		{"GET /test", "", 200, `"of":10000`},

		{"GET /digit?number=0", "", 200, `"number":0,"truth":7,"label":7`},
		{"GET /digit?number=0&label=3", "", 200, `"number":0,"truth":7,"label":3`},
		{"GET /digit", "", 200, `"label":`},
		{"GET /digit?wrong=-1", "", 200, `"number":`},
		{"GET /digit?number=10000", "", 400, "0 to 9999"},
		{"GET /digit?number=x", "", 400, "from 0 to 9999"},
		{"GET /digit?number=0&label=10", "", 400, "from 0 to 9"},
		{"GET /digit?wrong=10000", "", 400, "to 9999"},
		{"GET /digit?wrong=0&read=4", "", 400, "as"},

		{"POST /recognize", "x", 400, "not a PNG"},
		{"POST /recognize", seven, 200, `"digit":7`},
		{"POST /recognize", string(asPNG(image.NewGray(image.Rect(0, 0, 280, 280)))), 422, "no ink"},
		{"POST /recognize", string(asPNG(image.NewGray(image.Rect(0, 0, 2001, 2000)))), 400, "2001 x 2000"},
		{"POST /recognize", strings.Repeat("x", 50<<20), 413, "1048576"},
		{"POST /recognize?label=x", seven, 400, "label"},

		{"POST /check?label=7&layer=1&j=3&k=262", seven, 200, `"measured"`},
		{"POST /check?layer=1&j=3&k=262", seven, 400, "label"},
		{"POST /check?number=0&layer=4&j=0&k=0", "", 400, "from 1 to 3"},
		{"POST /check?number=0&layer=3&j=10&k=0", "", 400, "from 0 to 9"},
		{"POST /check?number=0&layer=3&j=0&k=16", "", 400, "from -1 to 15"},
		{"POST /along?label=7&rate=0.1", seven, 200, `"slope"`},
		{"POST /along?number=0&rate=0", "", 400, "rate"},
		{"POST /along?number=0", "", 400, "layer"},
		{"POST /along?number=0&layer=1&j=0&k=0&from=0&to=1e7", "", 400, "to"},
		{"POST /along?rate=1", seven, 400, "label"},
		{"POST /asks?numbers=8,9,10", "", 200, `"labels":[5,9,0]`},
		{"POST /asks", "", 400, "0 to 9999"},
		{"POST /asks?numbers=8,10000", "", 400, "0 to 9999"},
		{"POST /asks?numbers=" + strings.Repeat("1,", 19) + "1", "", 200, `"average"`},
		{"POST /asks?numbers=" + strings.Repeat("1,", 20) + "1", "", 400, "1 to 20"},

		{"POST /step?label=7&rate=0", seven, 400, "rate"},
		{"POST /step?label=7&rate=NaN", seven, 400, "rate"},
		{"POST /step?rate=1", seven, 400, "label"},
		{"POST /step?label=7&rate=1", "seven", 400, "not a PNG"},
		{"POST /set?layer=1&j=0&k=0", "", 400, "value"},
		{"POST /set?layer=1&j=0&k=0&value=Inf", "", 400, "value"},
		{"POST /set?layer=1&j=16&k=0&value=1", "", 400, "from 0 to 15"},
		{"POST /set?layer=1&j=0&k=0&value=1", "x", 400, "not a PNG"},
		{"POST /undo", "", 409, "nothing to take back"},
		{"POST /revert", "", 409, "already"},

		{"POST /learn", `{"rate":0}`, 400, `{"error":"rate 0: must be a number above 0","field":"rate"}`},
		{"POST /learn", `{"epochs":0}`, 400, `"epochs 0: must be at least 1"`},
		{"POST /learn", `{"batch":0}`, 400, `"batch 0: must be at least 1"`},
		{"POST /learn", `{"hidden":[16,0]}`, 400, `"field":"hidden"`},
		{"POST /learn", `{"hidden":[10000,10000]}`, 400, `the limit is 10,000,000","field":"hidden"`},
		{"POST /learn", `{"from":"there"}`, 400, "random or here"},
		{"POST /learn", `{"speed":1}`, 400, `{"error":"there is no setting \"speed\""}`},
		{"POST /learn", `{"examples":1}`, 400, "no setting"},
		{"POST /learn", `{"resume":true}`, 400, "no setting"},
		{"POST /learn", `{"shift":2}`, 400, `"field":"shift"`},
		{"POST /learn", `{"hidden":[null]}`, 400, `hidden [null]: \"null\" is not a number of neurons","field":"hidden"`},
		{"POST /learn", `{"hidden":[16]} 1`, 400, "one object"},
		{"POST /learn", `{"hidden":"many"}`, 400, "is not a number of neurons"},
		{"POST /learn", `{"seed":-1}`, 400, `"field":"seed"`},
		{"POST /learn", `{"rate":"fast"}`, 400, `"field":"rate"`},
		{"POST /learn", `{"decay":1,"rate":1}`, 400, `"field":"rate"`},
		{"POST /learn", "16", 400, "one object"},
		{"POST /learn", "null", 400, "one object"},
		{"POST /learn", "", 400, "one object"},
		{"POST /learn?batches=-1", "{}", 400, "batches"},
		{"POST /pause", "", 409, "no learning"},
		{"POST /resume", "", 409, "no learning"},
		{"POST /next", "", 409, "no learning"},
		{"POST /stop", "", 409, "no learning"},
		{"POST /pace?batches=10", "", 409, "no learning"},
		{"POST /pace?batches=x", "", 400, "batches"},
		{"GET /batch", "", 409, "paused"},
	} {
		ctx := context.Background()
		if strings.HasSuffix(c.request, "/progress") { // which ends after its first event then
			ctx = over
		}
		recorder := send(ctx, s, c.request, "localhost:8080", "", c.body)
		body := recorder.Body.String()
		if recorder.Code != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %.30s: status %d, %.200s; want %d with %q",
				c.request, c.body, recorder.Code, body, c.status, c.want)
		}
		kind := recorder.Header().Get("Content-Type")
		if c.status != 200 && (kind != "application/json" || !json.Valid([]byte(body))) {
			t.Errorf("%s: the error is not JSON: %s", c.request, body)
		}
		if words := regexp.MustCompile(`go run|[ "]-[a-z]`).FindString(body); c.status != 200 && words != "" {
			t.Errorf("%s: the error has words of the command line, %q: %s", c.request, words, body)
		}
	}
}

func TestServerRefusesForeignPagesAndOtherMethods(t *testing.T) {
	s := newTestStudio(t)
	machine, _ := os.Hostname()
	over, cancel := context.WithCancel(context.Background())
	cancel() // so that a request that is not refused ends
	for path, route := range s.routes() {
		other := map[string]string{"GET": "POST", "POST": "GET"}[route.method]
		for _, c := range []struct {
			request, address, origin string
			status                   int
			want                     string
		}{
			{other + " " + path, "localhost", "", 405, route.method},
			{route.method + " " + path, "evil.example", "", 403, "use localhost"},
			{route.method + " " + path, "localhost.evil.example:8080", "", 403, "use localhost"},
			{route.method + " " + path, "localhost:8080", "http://evil.example", 403, "evil.example"},
			{route.method + " " + path, "localhost:8080", "http://localhost:8081", 403, "localhost:8081"},
			{route.method + " " + path, "localhost:8080", "null", 403, "null"},
		} {
			recorder := send(over, s, c.request, c.address, c.origin, "")
			var a failure
			json.Unmarshal(recorder.Body.Bytes(), &a)
			if recorder.Code != c.status || !strings.Contains(a.Error, c.want) {
				t.Errorf("%s at %s from %s: status %d, %s", c.request, c.address, c.origin, recorder.Code, recorder.Body)
			}
		}
	}
	for _, address := range []string{"localhost", "LOCALHOST.:8080", "127.0.0.1:8080", "[::1]:8080", machine + ":8080",
		strings.ToUpper(machine)} {
		if recorder := send(context.Background(), s, "GET /", address, "http://"+address, ""); recorder.Code != 200 {
			t.Errorf("%s: status %d, %s", address, recorder.Code, recorder.Body)
		}
	}
}

func TestPageShowsThePassAndTheGradientOfTheCore(t *testing.T) {
	s, n, e := newTestStudio(t), trained().Clone(), mnist().Test[8]
	drawn, _, _ := read([]byte(drawingOf(0)))
	ask[networkFile](t, s, "GET /network?places=1", "") // rounds a copy, not the network that is asked below
	for request, picture := range map[string]Picture{
		"POST /recognize?label=3":     drawn,
		"GET /digit?number=8&label=3": e.Picture,
	} {
		p, _ := passOf(n, Example{Picture: picture, Label: 3})
		cost := Cost(p.A[3], 3)
		status, r := ask[reading](t, s, request, drawingOf(0))
		if status != 200 || r.Digit != Answer(p.A[3]) || *r.Cost != cost || len(r.Activations) != len(n.Layers) {
			t.Fatalf("%s: status %d, %+v; want a %d, cost %v", request, status, r, Answer(p.A[3]), cost)
		}
		for l := range n.Layers {
			if !slices.Equal(r.Activations[l], p.A[l]) || !slices.Equal(r.Z[l], p.Z[l]) ||
				!slices.Equal(r.DCDA[l], p.DCDA[l]) || !slices.Equal(r.Delta[l], p.Delta[l]) {
				t.Errorf("%s: layer %d is not that of the core", request, l)
			}
		}
	}
}

// Every derivative that the page shows is compared with the gradient of the core, with a
// difference of costs, and with the slope of the curve that the page draws.
func TestPageShowsDerivativesThatAreTheSlopes(t *testing.T) {
	s, n, e := newTestStudio(t), trained(), Example{Picture: mnist().Test[8].Picture, Label: 3}
	_, g := passOf(n, e)
	for _, c := range []place{{1, 3, 300}, {2, 5, 11}, {3, 9, 0}, {1, 2, -1}, {3, 3, -1}} {
		value, want := n.at(c), *g.at(c)
		query := fmt.Sprintf("?number=8&label=3&layer=%d&j=%d&k=%d", c.L, c.J, c.K)
		_, a := ask[check](t, s, "POST /check"+query, "")
		product := a.DzDw * a.DaDz * a.DCDA
		if a.Computed != want || a.Error > 1e-6 ||
			RelativeError(product, want) > 1e-12 || RelativeError(a.Measured, want) > 1e-6 {
			t.Errorf("%+v: product %v, %+v; want %v", c, product, a, want)
		}
		const h = 1e-3
		_, b := ask[profile](t, s, fmt.Sprintf("POST /along%s&from=%v&to=%v", query, *value-h, *value+h), "")
		measured := (b.Costs[40] - b.Costs[0]) / (2 * h)
		if b.Value != *value || b.Slope != want || RelativeError(measured, want) > 1e-4 ||
			math.Abs(b.Costs[20]-b.Cost) > 1e-9 || len(b.At) != 41 || math.Abs(b.At[10]-(*value-h/2)) > 1e-12 {
			t.Errorf("%+v: along %v to %v: slope %v, measured %v; want %v", c, b.At[0], b.At[40], b.Slope, measured, want)
		}
	}
	_, b := ask[profile](t, s, "POST /along?number=8&label=3&rate=1e-6", "")
	if measured := (b.Costs[40] - b.Costs[0]) / 1e-6; b.Value != 0 || RelativeError(b.Slope, -dot(g.All, g.All)) > 1e-12 ||
		RelativeError(measured, b.Slope) > 1e-3 || b.Costs[0] != b.Cost || b.Cost != costOf(n, e) {
		t.Errorf("along the step: cost %v, slope %v, measured %v; want %v", b.Cost, b.Slope, measured, -dot(g.All, g.All))
	}
	_, a := ask[wishes](t, s, "POST /asks?numbers=8,9,10", "")
	if len(a.Asks) != 3 || len(a.Weights) != 15 || !slices.Equal(a.Labels, []int{5, 9, 0}) {
		t.Fatalf("%+v", a)
	}
	_, sums := passOf(n, mnist().Test[8])
	for _, number := range a.Numbers[1:] {
		_, g := passOf(n, mnist().Test[number])
		for i, derivative := range g.All {
			sums.All[i] += derivative
		}
	}
	for i, w := range a.Weights {
		larger := 0 // the neurons of the layer of which more is asked
		for _, sum := range sums.Biases[w.L] {
			if math.Abs(sum) > math.Abs(sums.Biases[w.L][w.J]) {
				larger++
			}
		}
		if larger != i%5 {
			t.Errorf("%+v is number %d of its layer, but more is asked of %d neurons", w, i%5, larger)
		}
		sum, before := 0.0, make([]float64, n.Layers[w.L-1])
		for x, number := range a.Numbers {
			p, g := passOf(n, mnist().Test[number])
			sum -= *g.at(w)
			for k, ak := range p.A[w.L-1] {
				before[k] += ak
			}
			if a.Asks[x][i] != -*g.at(w) {
				t.Errorf("digit %d asks %v of %+v, want %v", number, a.Asks[x][i], w, -*g.at(w))
			}
		}
		if w.K != Answer(before) {
			t.Errorf("%+v is not from the brightest neuron before, %d", w, Answer(before))
		}
		if RelativeError(a.Average[i], sum/3) > 1e-12 {
			t.Errorf("the average for %+v is %v, want %v", w, a.Average[i], sum/3)
		}
	}
}

// costOf returns the cost of an example.
func costOf(n *Network, e Example) float64 { return Cost(n.Forward(n.NewPass(), e.Picture), e.Label) }

func TestPageTestsTheNetworkInMemoryAndWalksThroughItsTable(t *testing.T) {
	s := newTestStudio(t)
	r := review(trained(), mnist().Test)
	_, a := ask[testAnswer](t, s, "GET /test", "")
	if a.Right != r.Right || a.Cost != r.Cost || a.Of != 10000 || a.Version != 1 ||
		fmt.Sprint(a.Table) != fmt.Sprint(r.table) {
		t.Errorf("%+v, want %+v", a, r)
	}
	for _, c := range []struct{ query, label, answer string }{
		{"wrong=%d", "", ""}, {"wrong=%d&read=4&as=9", "4", "9"}, {"wrong=%d&read=1&as=1", "1", "1"},
	} {
		seen := map[int]bool{}
		for number := -1; ; {
			_, b := ask[reading](t, s, "GET /digit?"+fmt.Sprintf(c.query, number), "")
			if number = *b.Number; seen[number] {
				break
			}
			seen[number] = true
			if c.label == "" && b.Digit == *b.Truth || c.label != "" && fmt.Sprint(*b.Truth, b.Digit) != c.label+" "+c.answer {
				t.Fatalf("%s: number %d is a %d, read as %d", c.query, number, *b.Truth, b.Digit)
			}
			if len(seen) == 20 {
				break // they are seven out of a hundred
			}
		}
		want := map[string]int{"": len(r.mistakes), "4": r.table[4][9], "1": r.table[1][1]}[c.label]
		if len(seen) != min(20, want) {
			t.Errorf("%s: %d pictures, want %d", c.query, len(seen), want)
		}
	}
	ask[step](t, s, "POST /set?layer=3&j=0&k=-1&value=100", "")
	if _, a := ask[testAnswer](t, s, "GET /test", ""); a.Version != 2 || a.Right != 980 {
		t.Errorf("always 0: %+v", a)
	}
}

func TestChangesOnThePageAreThoseOfTheCoreAndAreTakenBackExactly(t *testing.T) {
	s, e := newTestStudio(t), Example{Picture: mnist().Test[8].Picture, Label: 5}
	p, g := passOf(trained(), e)
	before := Cost(p.A[3], 5)
	predicted := before - 1e-4*dot(g.All, g.All)
	stepped, set, random := trained().Clone(), trained().Clone(), seeded(1)
	stepped.Descend(g, 1e-4, 0)
	set.Weights[2].Set(3, 4, -1.5)
	for _, c := range []struct {
		request, body, kind string
		want                *Network
	}{
		{"POST /step?number=8&label=5&rate=0.0001", "", "step", stepped},
		{"POST /set?number=8&label=5&layer=2&j=3&k=4&value=-1.5", "", "set", set},
		{"POST /set?layer=2&j=3&k=4&value=-1.5", "", "set", set},
		{"POST /learn?batches=0.01", `{"hidden":[3]}`, "learn", nil},
	} {
		status, a := ask[step](t, s, c.request, c.body)
		if c.kind == "learn" {
			ask[state](t, s, "POST /stop", "")
		}
		shown, version := s.current()
		if status >= 300 || s.state().Saved || !s.state().Revertible || s.state().Undoes != c.kind || len(s.changes) != 1 {
			t.Errorf("%s: status %d, %+v", c.request, status, s.state())
		}
		if c.want != nil && !slices.Equal(shown.All, c.want.All) {
			t.Errorf("%s: the network is not the one of the core", c.request)
		}
		if a.Before != nil && (*a.Before != before || *a.After != costOf(c.want, e)) {
			t.Errorf("%s: %v, %v", c.request, *a.Before, *a.After)
		}
		if a.Predicted != nil && (math.Abs(*a.Predicted-predicted) > 1e-12 ||
			math.Abs(*a.After-predicted) > 0.1*(before-*a.After)) {
			t.Errorf("predicted %v, but the cost after a small step is %v", *a.Predicted, *a.After)
		}
		status, r := ask[state](t, s, "POST /undo", "")
		if status != 200 || !r.Saved || r.Undoes != "" || r.Version <= version {
			t.Errorf("status %d, %+v", status, r)
		}
		if shown, _ := s.current(); !slices.Equal(shown.All, trained().All) {
			t.Errorf("%s is not taken back", c.request)
		}
	}
	var networks []*Network
	for range 50 { // in any order and number
		n, _ := s.current()
		networks = append(networks, n)
		ask[step](t, s, fmt.Sprintf("POST /set?layer=1&j=%d&k=%d&value=%v",
			random.IntN(16), random.IntN(784)-1, random.NormFloat64()), "")
	}
	for i := len(networks) - 1; i >= 0; i-- {
		ask[state](t, s, "POST /undo", "")
		if n, _ := s.current(); !slices.Equal(n.All, networks[i].All) {
			t.Fatalf("change %d is not taken back exactly", i)
		}
	}
}

func TestOrderToLearnSetsWhatTheFlagsOfTrainSet(t *testing.T) {
	for order, words := range map[string]string{
		`{}`: "",
		`{"hidden":[],"seed":18446744073709551615}`:                   "-hidden none -seed 18446744073709551615",
		`{"hidden":[30, 20],"epochs":3,"batch":10,"rate":0.5}`:        "-hidden 30,20 -epochs 3 -batch 10 -rate 0.5",
		`{"anneal":false,"decay":1e-5,"shift":false,"from":"random"}`: "-anneal=false -decay 1e-5 -shift=false",
		`{"plain":true,"shift":true,"decay":1,"from":"here"}`:         "-plain -resume",
	} {
		d, _, err := readOrder(strings.NewReader(order))
		want, _ := parseTrain(&console{}, strings.Fields(words))
		want.net = ""
		if err != nil || !reflect.DeepEqual(d, *want) {
			t.Errorf("%s: %+v, %v; want %+v", order, d, err, *want)
		}
	}
}

func TestLearningOnThePageIsTheTrainingOfTrain(t *testing.T) {
	start := NewNetwork([]int{784, 5, 10}, seeded(9))
	usual := Training{Epochs: 2, Batch: 20, Rate: 1.5, Anneal: true, Decay: 1e-4, Vary: Shift()}
	for order, c := range map[string]struct {
		plan  Training
		start *Network
	}{
		`{"hidden":[6],"epochs":2,"batch":30,"rate":2,"seed":4,"plain":true}`: {
			plan: Training{Epochs: 2, Batch: 30, Rate: 2}},
		`{"hidden":[6],"epochs":2,"seed":4}`: {plan: usual},
		`{"epochs":2,"seed":4,"from":"here","rate":1.5,"shift":false,"decay":0,"anneal":false}`: {
			plan: Training{Epochs: 2, Batch: 20, Rate: 1.5}, start: start},
	} {
		s, random := newSmallStudio(t), seeded(4)
		want := c.start
		if want == nil {
			want = NewNetwork([]int{784, 6, 10}, random)
		}
		right := want.Score(s.set.Test).Right
		before := float64(right) / 50
		var costs, rights []float64
		var examples, points float64
		c.plan.Train(want, s.set.Train, random, func(p Progress) error {
			if p.Seen == p.Of {
				costs, rights = append(costs, p.Cost), append(rights, float64(p.Right)/500)
				examples += p.Cost / 2
			}
			return nil
		})
		right = want.Score(s.set.Test).Right
		if status, r := ask[state](t, s, "POST /learn", order); status != 202 || r.State != stateLearning || r.Epochs != 2 {
			t.Fatalf("status %d, %+v", status, r)
		}
		r := finish(s)
		for _, p := range r.Points {
			points += p.Cost / float64(len(r.Points))
		}
		if r.State != stateEnded || r.Saved || !slices.Equal(r.Costs, costs) || !slices.Equal(r.Rights, rights) ||
			len(r.Tests) != 2 || r.Tests[1] != float64(right)/50 || r.Start.Right != before {
			t.Errorf("%s: %+v, want costs %v and %d right", order, r, costs, right)
		}
		if end := r.Points[len(r.Points)-1]; end.Done != 1 || math.Abs(points-examples) > 0.02 {
			t.Errorf("%s: the curve ends at %+v and averages %v, want %v", order, end, points, examples)
		}
		if shown, _ := s.current(); !slices.Equal(shown.All, want.All) {
			t.Errorf("%s: the network differs from that of Train", order)
		}
	}
}

func TestCurveOfAnyLengthKeepsEveryExample(t *testing.T) {
	for _, c := range []struct{ epochs, batch, points int }{
		{1, 500, 1}, {3, 100, 15}, {7, 20, 175}, {90, 20, 200}, {1000, 37, 200},
	} {
		s := newSmallStudio(t)
		l := newLearner(Training{Epochs: c.epochs, Batch: c.batch}, trained(), s.set, seeded(1), 0)
		cost, right := 0.0, 0.0
		for epoch := range c.epochs {
			sum, wrong := 0.0, 0
			for seen := min(c.batch, 500); ; seen = min(seen+c.batch, 500) {
				sum, wrong = sum+float64(epoch+1), wrong+1
				score := Score{Seen: seen, Cost: sum / float64(seen), Right: seen - wrong, costs: sum}
				s.note(l, Progress{Epoch: epoch + 1, Of: 500, Score: score})
				if seen == 500 {
					break
				}
			}
			cost, right = cost+sum, right+float64(500-wrong)
		}
		points := s.course.Points
		for _, p := range points {
			cost -= p.Cost * float64(p.seen)
			right -= p.Right * float64(p.seen)
		}
		if math.Abs(cost)+math.Abs(right) > 1e-6 || len(points) != c.points || points[len(points)-1].Done != 1 {
			t.Errorf("%+v: %d points; a cost of %v and %v right are missing", c, len(points), cost, right)
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
		{"POST /set?layer=1&j=0&k=0&value=1", "", 409, "", 0},
		{"POST /undo", "", 409, "", 0},
		{"POST /revert", "", 409, "", 0},
		{"POST /save", "", 200, "paused", 40},
		{"POST /resume", "", 200, "learning", 40},
		{"POST /resume", "", 409, "", 0},
		{"POST /next", "", 200, "paused", 60},
		{"POST /pace?batches=0", "", 200, "paused", 60},
		{"POST /stop", "", 200, "ended", 60},
		{"POST /next", "", 409, "", 0},
		{"POST /step?number=0&rate=1", "", 200, "", 0},
		{"POST /undo", "", 200, "ended", 60},
		{"POST /undo", "", 200, "ended", 60},
		{"POST /undo", "", 409, "", 0},
	} {
		status, r := ask[state](t, s, c.request, c.body)
		if status != c.status || r.State != c.state || r.Seen != c.seen {
			t.Errorf("%s: status %d, %+v; want %+v", c.request, status, r, c)
		}
		if event := string(s.currentEvent()); r.State != "" && !strings.Contains(event, `"state":"`+r.State+`"`) {
			t.Errorf("%s: the event after the answer is older: %s", c.request, event)
		}
	}
	if n, _ := s.current(); len(n.Layers) != 3 {
		t.Error("Start is not taken back")
	}
}

func TestFastLearningShowsNoMiniBatch(t *testing.T) {
	s := newSmallStudio(t)
	ask[state](t, s, "POST /learn?batches=0.01", "{}") // 100 seconds from step to step
	if _, r := ask[state](t, s, "POST /next", ""); !r.BatchShown {
		t.Error("no mini-batch is shown when learning is paused")
	}
	if _, r := ask[state](t, s, "POST /pace?batches=0.01", ""); !r.BatchShown {
		t.Error("a new pace takes the mini-batch away while learning is paused")
	}
	if _, r := ask[state](t, s, "POST /resume", ""); !r.BatchShown {
		t.Error("slow learning takes the mini-batch away")
	}
	if _, r := ask[state](t, s, "POST /pace?batches=0", ""); r.BatchShown {
		t.Error("the mini-batch is still shown when learning is fast")
	}
	ask[state](t, s, "POST /stop", "")
}

func TestMiniBatchOnThePageIsTheOneOfTheLastStep(t *testing.T) {
	for _, order := range []string{`{"hidden":[6],"batch":30,"shift":false}`, `{"hidden":[6],"batch":300}`} {
		s := newSmallStudio(t)
		ask[state](t, s, "POST /learn", order) // as fast as it goes
		var networks []*Network
		for _, request := range []string{"POST /pause", "POST /next"} {
			if status, r := ask[state](t, s, request, ""); status != 200 || r.State != statePaused || !r.BatchShown {
				t.Fatalf("%s: status %d, %+v", request, status, r)
			}
			n, _ := s.current()
			networks = append(networks, n)
		}
		_, list := ask[[]lesson](t, s, "GET /batch", "")
		if want := min(s.learner.plan.Batch, mostExamples); len(list) != want && len(list) != 500%s.learner.plan.Batch {
			t.Errorf("%d examples, want %d", len(list), want)
		}
		for i, a := range list {
			greys := make([]byte, len(a.Pixels))
			for k, grey := range a.Pixels {
				greys[k] = byte(grey)
			}
			e := Example{Picture: NewPicture(28, 28, greys), Label: a.Label}
			p, _ := passOf(networks[0], e)
			if a.Cost != Cost(p.A[2], a.Label) || a.Answer != Answer(p.A[2]) || a.After != costOf(networks[1], e) {
				t.Errorf("example %d: %d read as %d, cost %v and %v", i, a.Label, a.Answer, a.Cost, a.After)
			}
			if s.learner.plan.Batch == 30 && !slices.ContainsFunc(s.set.Train, func(x Example) bool {
				return x.Label == e.Label && slices.Equal(x.Lit, e.Lit) && slices.Equal(x.Greys, e.Greys)
			}) {
				t.Errorf("example %d is not one of the set", i)
			}
		}
		ask[state](t, s, "POST /stop", "")
		if status, _ := ask[failure](t, s, "GET /batch", ""); status != 409 {
			t.Errorf("status %d after the end", status)
		}
	}
}

func TestLearningThatFailsSaysSoAndBringsTheNetworkBack(t *testing.T) {
	s := newSmallStudio(t)
	before, _ := s.current()
	ask[state](t, s, "POST /learn", `{"rate":1e308,"plain":true,"seed":2}`)
	r := finish(s)
	if r.State != stateFailed || r.Epoch > 2 || !strings.Contains(r.Error, "lower rate") || !r.Saved || r.Undoes != "" {
		t.Errorf("state %s in epoch %d, %q, saved %t, undoes %q", r.State, r.Epoch, r.Error, r.Saved, r.Undoes)
	}
	if now, _ := s.current(); !slices.Equal(now.All, before.All) {
		t.Error("the network is not the one before it")
	}
	if status, _ := ask[reading](t, s, "GET /digit?number=0&places=3", ""); status != 200 {
		t.Errorf("status %d", status)
	}
}

func TestNetworkWhosePassIsNotFiniteReplacesNone(t *testing.T) {
	s := newSmallStudio(t)
	r, lost := &request{}, s.network.Clone()
	lost.Biases[1][0] = math.Inf(1)
	if s.change(r, lost, "set"); r.status != 422 || s.network == lost || len(s.changes) > 0 {
		t.Errorf("status %d, error %v", r.status, r.err)
	}
	s.network.Weights[2].Set(0, 0, 9e29) // as large as can be
	for _, request := range []string{
		"POST /step?number=0&rate=1e6", "POST /set?layer=2&j=0&k=1&value=1e6", "GET /digit?number=0&places=3",
		"POST /check?number=0&layer=1&j=0&k=0", "POST /along?number=0&rate=1e6", "POST /asks?numbers=0", "GET /test",
	} {
		status, r := ask[map[string]any](t, s, request, "")
		if status != 200 && status != 422 {
			t.Errorf("%s: status %d, %v", request, status, r)
		}
		if n, _ := s.current(); n.finite() != nil {
			t.Fatalf("%s: a network that is not finite", request)
		}
	}
}

// encoded returns the text of a network's file.
func encoded(n *Network) []byte { text, _ := n.encode(); return text }

func TestSaveAloneChangesTheFileAndWhatOthersWriteIsShown(t *testing.T) {
	s := newSmallStudio(t)
	first, _ := s.current()
	content, later := encoded(first), time.Now() // what the file should have, and its time
	write := func(text []byte) {                 // as another program does
		content = text
		os.WriteFile(s.path, text, 0o644)
		later = later.Add(time.Hour)
		os.Chtimes(s.path, later, later)
	}
	second, third := NewNetwork(first.Layers, seeded(10)), NewNetwork([]int{784, 8, 10}, seeded(11))
	small := NewNetwork([]int{2, 1}, seeded(1))
	for _, c := range []struct {
		name    string
		before  func()
		request string
		status  int
		want    string
		shown   *Network
		saved   bool
	}{
		{"nothing", func() {}, "GET /digit?number=1", 200, "", first, true},
		{"another network", func() { write(encoded(second)) }, "GET /digit?number=1", 200, "", second, true},
		{"learned", func() { ask[state](t, s, "POST /learn", `{"epochs":1}`); finish(s) }, "GET /test", 200, "", nil, false},
		{"and saved", func() {}, "POST /save", 200, "", nil, true},
		{"and another", func() { write(encoded(second)) }, "GET /test", 200, "", second, true},
		{"the file is gone", func() { os.Remove(s.path); content = nil }, "GET /digit?number=1", 200, "", second, false},
		{"and cannot be reverted to", func() {}, "POST /revert", 409, "cannot be found", second, false},
		{"but saved again", func() {}, "POST /save", 200, "", second, true},
		{"and not saved twice", func() {}, "POST /save", 409, "in the file already", second, true},
		{"damaged", func() { write([]byte("{}")) }, "GET /digit?number=1", 200, "", second, false},
		{"and not replaced", func() {}, "POST /save", 409, "changed by another program", second, false},
		{"of another size", func() { write(encoded(small)) }, "POST /revert", 409, "does not fit the data", second, false},
		{"whole again", func() { write(encoded(third)) }, "GET /digit?number=1", 200, "", third, true},
		{"unsaved", func() {}, "POST /set?layer=2&j=0&k=0&value=1", 200, "", nil, false},
		{"another beside it", func() { write(encoded(second)) }, "POST /save", 409, "go back to the saved network, take that back", nil, false},
		{"that is gone back to", func() {}, "POST /revert", 200, "", second, true},
		{"and back", func() {}, "POST /undo", 200, "", nil, false},
		{"and saved", func() {}, "POST /save", 200, "", nil, true},
	} {
		c.before()
		status, a := ask[failure](t, s, c.request, "")
		n, _ := s.current()
		if status != c.status || !strings.Contains(a.Error, c.want) || c.shown != nil && !slices.Equal(n.All, c.shown.All) ||
			s.state().Saved != c.saved {
			t.Errorf("%s: status %d, %+v, network %v, %+v", c.name, status, a, n.Layers, s.state())
		}
		if c.request == "POST /save" && c.status == 200 {
			content = encoded(n)
		}
		if now, _ := os.ReadFile(s.path); !bytes.Equal(now, content) {
			t.Errorf("%s: the file has %.100s", c.name, now)
		}
	}
	if text, _ := os.ReadFile(backup(s.path)); !bytes.Equal(text, encoded(second)) {
		t.Error("the network that was replaced is not kept")
	}
}

func TestDrawStopsWhenAskedAndSaysWhereItCannotListen(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	path := saved(t, trained())
	for _, c := range []struct {
		addr, want string
		code       int
	}{
		{listener.Addr().String(), "in use", 1}, {"", `-addr ""`, 2}, {"localhost", "HOST:PORT", 2},
		{"70000", "localhost:70000: address 70000: invalid port", 1},
	} {
		if code, _, text := call("draw", "-net", path, "-addr", c.addr); code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("-addr %q: exit %d, %s", c.addr, code, text)
		}
	}
	if alone, err := listen("0"); err != nil || !alone.Addr().(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("a port alone: %v, %v", alone, err)
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
	stop()
	if err := <-ended; err != nil {
		t.Errorf("error %v", err)
	}
}

func TestAddressOfThePageCanBeOpened(t *testing.T) {
	for _, c := range []struct{ at, want string }{
		{"127.0.0.1:8080", "open http://127.0.0.1:8080 in"}, {"[::1]:80", "open http://[::1]:80 in"},
		{"0.0.0.0:8099", "open http://localhost:8099 in"}, {"[::]:8099", "open http://localhost:8099 in"},
		{"0.0.0.0:8099", "others on your network can open http://" + net.JoinHostPort(outsideAddress(), "8099")},
		{"192.168.1.7:80", "others on your network can open http://192.168.1.7:80"},
	} {
		var out bytes.Buffer
		announce(&console{out: &out}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.at)))
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %s, want %q", c.at, out.String(), c.want)
		}
	}
}

func TestLargePicturesDoNotKeepDrawingsWaiting(t *testing.T) {
	s := newTestStudio(t)
	for range cap(s.largeTurns) { // as long as large pictures are decoded
		s.largeTurns <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // so that the large one does not wait for its turn
	large := asPNG(image.NewGray(image.Rect(0, 0, 2000, 2000)))
	large = append(large, make([]byte, 1<<16)...)
	for body, want := range map[string]int{drawingOf(0): 200, string(large): 429} {
		waits := map[int]context.Context{200: context.Background(), 429: ctx}[want]
		for range 8 { // as a turn that is free could be missed by chance
			if recorder := send(waits, s, "POST /recognize", "localhost", "", body); recorder.Code != want {
				t.Errorf("status %d, want %d: %.100s", recorder.Code, want, recorder.Body)
			}
		}
	}
	<-s.largeTurns
	code := send(ctx, s, "POST /recognize", "localhost", "", string(large)).Code
	if code != 422 && code != 429 { // by chance, its turn may not come
		t.Errorf("a picture whose time is over: status %d", code)
	}
	if len(s.smallTurns) != 0 || len(s.largeTurns) != cap(s.largeTurns)-1 {
		t.Error("a turn is not given back")
	}
}

// Learning, steps, saves and readers all at once, also for go test -race: each answer must
// agree with the network that comes with it, and no request may fail.
func TestEachAnswerIsOfOneNetwork(t *testing.T) {
	s := newSmallStudio(t)
	requests := []string{
		"POST /learn", "POST /pause", "POST /next", "POST /resume", "POST /stop", "POST /pace?batches=1000", "GET /batch",
		"POST /step?number=3&rate=0.1", "POST /step?number=5&rate=1e6", "POST /set?layer=1&j=0&k=-1&value=1e6",
		"POST /undo", "POST /save", "POST /revert", "GET /network?places=3", "GET /test", "POST /asks?numbers=1,2",
		"POST /along?number=1&rate=1e6", "POST /check?number=1&layer=1&j=0&k=0", "GET /digit?wrong=-1",
	}
	var users sync.WaitGroup
	for user := range 4 {
		users.Add(1)
		go func() {
			defer users.Done()
			random, version := seeded(uint64(user)), 0
			for range 20 {
				status, a := ask[any](t, s, requests[random.IntN(len(requests))], "{}")
				object, _ := a.(map[string]any) // but /batch answers with a list
				if now, ok := object["version"].(float64); status >= 500 || ok && int(now) < version {
					t.Errorf("status %d after version %d: %v", status, version, a)
				} else if ok {
					version = int(now)
				}
				body := drawingOf(user)
				status, r := ask[reading](t, s, "POST /recognize?label=3&places=15", body)
				n, err := r.Network.network()
				if status != 200 || err != nil || r.Version < version {
					t.Errorf("status %d, version %d after %d, %v", status, r.Version, version, err)
					return
				}
				picture, _, _ := read([]byte(body))
				p, _ := passOf(n, Example{Picture: picture, Label: 3})
				if RelativeError(*r.Cost, Cost(p.A[len(p.A)-1], 3)) > 1e-3 {
					t.Errorf("version %d: the answer is not of its network", r.Version)
				}
				version = r.Version
			}
		}()
	}
	users.Wait()
	ask[state](t, s, "POST /stop", "")
	if s.learner != nil {
		finish(s)
	}
}

// The page in a real browser. Where there is no Chromium these tests are skipped.

// browse opens a path of the page's server in Chromium and returns the document as it is after the script has
// run there. The script may leave a result in it.
func browse(t *testing.T, s *studio, path, script string) string {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			browser = found
		}
	}
	if browser == "" {
		t.Skip("there is no Chromium here")
	}
	// The browser sends the document once all its pictures are loaded. The last one comes when the script is done.
	const end = `<pre id="result"></pre><img src="last" alt=""><script type="module" src="test.js"></script></body>`
	const helpers = `
		const frame = () => new Promise(requestAnimationFrame), find = id => document.getElementById(id);
		const until = async condition => { while (!condition()) await frame(); };
		const result = value => { find("result").textContent = JSON.stringify(value); };`
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	handler := s.handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/last":
			<-ctx.Done()
		case "/done":
			done()
		case "/test.js":
			w.Header().Set("Content-Type", "text/javascript")
			io.WriteString(w, helpers+script+`; await fetch("done")`)
		case "/blank":
			io.WriteString(w, `<!DOCTYPE html><body>`+end)
		case "/":
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, r)
			maps.Copy(w.Header(), recorder.Header())
			w.Header().Del("Content-Length")
			io.WriteString(w, strings.Replace(recorder.Body.String(), "</body>", end, 1))
		default:
			handler.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	document, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+t.TempDir(), "--window-size=1440,900", "--dump-dom", server.URL+path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// resultOf decodes the JSON that the script of browse has left in the document.
func resultOf[T any](t *testing.T, document string) (result T) {
	t.Helper()
	match := regexp.MustCompile(`<pre id="result">([^<]*)</pre>`).FindStringSubmatch(document)
	if match == nil {
		t.Fatalf("no result in %.300s", document)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(match[1])), &result); err != nil {
		t.Fatalf("%v: %.300s", err, match[1])
	}
	return result
}

func TestPageShowsTheNumbersOfTheCoreInABrowser(t *testing.T) {
	s, n, e := newTestStudio(t), trained(), mnist().Test[8]
	p, g := passOf(n, e)
	for _, view := range []string{"read", "learn", "why"} {
		document := browse(t, s, "/?digit=8&view="+view, `
			await until(() => find("digit").textContent && document.querySelector("[data-activation]"));
			if (document.body.dataset.view === "why") await until(() => document.querySelector("[data-computed]"));`)
		found, columns := 0, map[int]string{}
		for _, tag := range regexp.MustCompile(`<g class="neuron.*?</g>`).FindAllString(document, -1) {
			l, j := int(attribute(tag, "data-layer")), int(attribute(tag, "data-neuron"))
			if attribute(tag, "data-activation") != p.A[l][j] || attribute(tag, "data-z") != p.Z[l][j] {
				t.Errorf("%s: neuron %d of layer %d: %s", view, j, l, tag)
			}
			asks := attribute(tag, "data-dcda") == p.DCDA[l][j] && attribute(tag, "data-delta") == p.Delta[l][j]
			if view == "why" && !asks {
				t.Errorf("%s: neuron %d of layer %d: %s", view, j, l, tag)
			}
			x := fmt.Sprint(attribute(tag, "cx"))
			if columns[l] = cmp.Or(columns[l], x); columns[l] != x {
				t.Errorf("%s: neuron %d of layer %d is at %s, others at %s", view, j, l, x, columns[l])
			}
			found++
		}
		answer := regexp.MustCompile(`<output id="digit"[^>]*>(.*?)</output>`).FindStringSubmatch(document)
		if found != 16+16+10 || len(columns) != 3 || answer == nil || answer[1] != fmt.Sprint(Answer(p.A[3])) {
			t.Errorf("%s: %d neurons in %d columns, the answer %q", view, found, len(columns), answer)
		}
		if view != "why" {
			continue
		}
		cost, computed := attribute(document, "data-cost"), attribute(document, "data-computed")
		if want := g.Weights[3].At(e.Label, Answer(p.A[2])); cost != Cost(p.A[3], e.Label) || computed != want {
			t.Errorf("cost %v, derivative %v; want %v and %v", cost, computed, Cost(p.A[3], e.Label), want)
		}
	}
}

// attribute returns the number in the first attribute of a name, or NaN.
func attribute(document, name string) float64 {
	match := regexp.MustCompile(` ` + name + `="([^"]+)"`).FindStringSubmatch(document)
	if match == nil {
		return math.NaN()
	}
	x, _ := strconv.ParseFloat(match[1], 64)
	return x
}

func TestPlayGoesFromThePixelsToTheFirstWeightsAndBack(t *testing.T) {
	document := browse(t, newTestStudio(t), "/?digit=8&view=why", `
		const stages = [], stage = () => find("board").dataset.stage ?? "all";
		const press = async button => {
			while (!button.disabled && stages.length < 100) {
				const before = stage();
				button.click();
				await until(() => stage() !== before);
				stages.push(stage());
			}
		};
		await until(() => document.querySelector("[data-delta]"));
		await press(find("forward"));
		await press(find("back"));
		result(stages);`)
	want := strings.Split("pixels 0,sums 1,sigmoid 1,sums 2,sigmoid 2,sums 3,sigmoid 3,answer 3,cost 3,"+
		"nudges 3,weights 3,nudges 2,weights 2,nudges 1,weights 1", ",")
	back := slices.Clone(want[:len(want)-1])
	slices.Reverse(back)
	want = append(append(want, back...), "all")
	if stages := resultOf[[]string](t, document); !slices.Equal(stages, want) {
		t.Errorf("%q, want %q", stages, want)
	}
}

func TestCtrlZTakesBackAWeightBeforeTheDigit(t *testing.T) {
	s := newTestStudio(t)
	document := browse(t, s, "/?digit=8&view=why", `
		import {state} from "./state.js";
		const press = () => document.body.dispatchEvent(
			new KeyboardEvent("keydown", {key: "z", ctrlKey: true, bubbles: true}));
		const said = [], look = () => said.push([find("number").value, find("takeBack").hidden]);
		await until(() => find("weightText").textContent);
		find("number").value = 9;
		find("number").onchange();
		await until(() => find("weightName").textContent.startsWith("Output 9"));
		find("value").value = 2;
		for (const kind of ["input", "change"]) find("value").dispatchEvent(new Event(kind));
		await until(() => state.changedNetwork && !find("takeBack").hidden);
		look();
		press();
		await until(() => find("takeBack").hidden);
		look();
		press();
		await until(() => find("message").textContent.includes("digit 8"));
		look();
		result(said);`)
	want := [][]any{{"9", false}, {"9", true}, {"8", true}}
	if said := resultOf[[][]any](t, document); !reflect.DeepEqual(said, want) {
		t.Errorf("%v, want %v", said, want)
	}
	if n, version := s.current(); version != 3 || !slices.Equal(n.All, trained().All) {
		t.Errorf("version %d, the network of the file: %t", version, slices.Equal(n.All, trained().All))
	}
}

func TestWhatIsRefusedAboutTheFileIsSaidUntilItChanges(t *testing.T) {
	document := browse(t, newTestStudio(t), "/", `
		import {order} from "./server.js";
		const fault = () => find("fileFault").textContent;
		await until(() => find("save").title === "The network is the one in the file");
		await order("fileFault", "save");
		await until(fault);
		const said = [fault()];
		await fetch("set?layer=1&j=0&k=0&value=1", {method: "POST"});
		await until(() => !find("save").disabled);
		said.push(fault());
		result(said);`)
	want := []string{"The network is the one in the file already.", ""}
	if said := resultOf[[]string](t, document); !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
}

func TestEveryLayerHasOneColumnOnABoardOfAnySize(t *testing.T) {
	document := browse(t, newTestStudio(t), "/blank", `
		import {layout} from "./layout.js";
		const boards = [];
		for (const layers of [[784, 10], [784, 16, 16, 10], [784, 100, 10], [784, 30, 20, 10, 47], [64, 5000, 10]]) {
			for (const [width, height] of [[304, 300], [374, 420], [616, 240], [740, 700], [900, 800], [1650, 1330]]) {
				for (const asks of [false, true]) {
					const {paper, columns} = layout({layers, rows: 28, cols: 28}, {width, height}, asks);
					boards.push({layers, width, height, asks, paper, columns});
				}
			}
		}
		result(boards);`)
	type place struct{ X, Y, R, Left, Right float64 }
	for _, board := range resultOf[[]struct {
		Layers        []int
		Width, Height float64
		Asks          bool
		Paper         struct{ X, Y, Size float64 }
		Columns       []*struct {
			Shown, Count int
			Places       []place
		}
	}](t, document) {
		name := fmt.Sprint(board.Layers, board.Width, board.Height, board.Asks)
		before := board.Paper.X + board.Paper.Size // where the column before ends
		if board.Paper.X < 0 || board.Paper.Y < 0 || board.Paper.Y+board.Paper.Size > board.Height {
			t.Errorf("%s: the paper %v is not on the board", name, board.Paper)
		}
		for l, column := range board.Columns[1:] {
			first, last := column.Places[0], column.Places[len(column.Places)-1]
			if column.Count != board.Layers[l+1] || column.Shown != len(column.Places) || column.Shown > column.Count {
				t.Errorf("%s: layer %d shows %d of %d", name, l+1, column.Shown, column.Count)
			}
			if first.Y < first.R || last.Y > board.Height-last.R || first.Left < before || last.Right > board.Width {
				t.Errorf("%s: layer %d is not on the board, right of the layer before it", name, l+1)
			}
			for i, p := range column.Places {
				if p.X != first.X || i > 0 && p.Y-column.Places[i-1].Y < 2*p.R {
					t.Errorf("%s: neuron %d of layer %d is not below the one before: %v", name, i, l+1, p)
				}
			}
			before = last.Right
		}
	}
}

func TestNumbersOnThePageHaveFourDigitsAndOneDecimalPoint(t *testing.T) {
	document := browse(t, newTestStudio(t), "/blank", `
		import {number, aligned} from "./numbers.js";
		const numbers = [0, -0, 1, -1.5, 0.99126, 12.3, -0.002, 3e-7, 123456, 0.999999, Infinity].map(number);
		result([numbers, aligned([12.3, -0.5, 0, undefined]).map(text => text.replaceAll("\u2007", "_"))]);`)
	want := [][]string{
		{"0.000", "0.000", "1.000", "−1.500", "0.9913", "12.30", "−0.002000", "3.000e−7", "123,456", "1.000", "infinite"},
		{"12.30__", "−0.5000", "0.000_", "_____"},
	}
	if result := resultOf[[][]string](t, document); !slices.EqualFunc(result, want, slices.Equal) {
		t.Errorf("%q, want %q", result, want)
	}
}

func FuzzHandler(f *testing.F) {
	s := newSmallStudio(f)
	s.set.Train = s.set.Train[:20]
	handler := s.handler()
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, request := range []string{
		"POST /recognize", "GET /digit?number=3&places=3", "GET /digit?wrong=3&read=4&as=9", "GET /network?places=2",
		"POST /check?number=3&label=2&layer=1&j=0&k=-1", "POST /along?number=3&rate=1", "GET /test", "GET /setup",
		"POST /along?wrong=3&layer=2&j=0&k=1&from=-1&to=1e6", "POST /asks?numbers=1,2,3",
		"POST /set?layer=1&j=2&k=3&value=1e6",
		"POST /step?number=3&label=2&rate=1e6", "POST /learn?batches=1e6", "POST /next", "POST /pause", "POST /stop",
		"POST /pace?batches=2", "GET /batch", "POST /undo", "POST /revert", "POST /save", "GET /main.js", "HEAD /progress",
	} {
		method, path, _ := strings.Cut(request, " ")
		order := `{"hidden":[4],"epochs":1,"rate":1e9,"from":"here","shift":false}`
		f.Add(method, path, "localhost", "", []byte(order))
		f.Add(method, path, "127.0.0.1:80", "http://127.0.0.1:80", []byte(nil))
	}
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
			request = request.WithContext(over)
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
