package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"image"
	"image/png"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The page's server, in the order of draw.go: requests, what the page asks about a network, what it
// changes, training. Then the page in a browser.

// newTestStudio returns a studio with a network that reads well.
func newTestStudio(t *testing.T) *studio { return newStudio(saved(t, trained()), mnist(), trained()) }

// newSmallStudio returns a studio with a small network and few examples, which train fast.
func newSmallStudio(t *testing.T) *studio {
	n, set := NewNetwork([]int{784, 5, 10}, seeded(9)), *mnist()
	set.Train, set.Test = set.Train[:500], set.Test[:50]
	return newStudio(saved(t, n), &set, n)
}

// send sends a request to an address, such as "POST /look", as a page from an origin would.
func send(s *studio, request, address, origin, body string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(request, " ")
	over, cancel := context.WithCancel(context.Background())
	cancel() // so that /events ends after its first event
	sent := httptest.NewRequestWithContext(over, method, path, strings.NewReader(body))
	sent.Host = address
	if origin != "" {
		sent.Header.Set("Origin", origin)
	}
	recorder := httptest.NewRecorder()
	s.handler().ServeHTTP(recorder, sent)
	return recorder
}

// post sends a query and returns the answer, or what it says is wrong.
func post[T any](t *testing.T, s *studio, path, body string) (answer T, wrong string) {
	t.Helper()
	recorder, failure := send(s, "POST "+path, "localhost:8080", "http://localhost:8080", body), struct{ Error string }{}
	text, status := recorder.Body.Bytes(), http.StatusOK
	err := errors.Join(json.Unmarshal(text, &failure), json.Unmarshal(text, &answer))
	if failure.Error != "" {
		status = http.StatusBadRequest
	}
	if err != nil || recorder.Code != status {
		t.Errorf("%s %.100s: status %d, %v: %.100s", path, body, recorder.Code, err, text)
	}
	return answer, failure.Error
}

// order sends a query with which nothing is wrong, and returns the state after it.
func order(t *testing.T, s *studio, path, body string) state {
	t.Helper()
	a, wrong := post[state](t, s, path, body)
	if wrong != "" {
		t.Errorf("%s %s: %s", path, body, wrong)
	}
	return a
}

// finish waits for the end of training and returns the state.
func finish(s *studio) state {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for s.underWay() {
		s.moved.Wait()
	}
	return s.state()
}

// drawing returns a test picture as the page sends it: 10 times as large, black on white.
func drawing(number int) string {
	picture, greys := image.NewGray(image.Rect(0, 0, 280, 280)), pixels(mnist().Test[number].Picture)
	for i := range picture.Pix {
		picture.Pix[i] = 255 - byte(255*greys[i/280/10*28+i%280/10])
	}
	return encodePNG(picture)
}

// encodePNG returns a picture as a PNG in base64.
func encodePNG(picture image.Image) string {
	var file bytes.Buffer
	png.Encode(&file, picture)
	return base64.StdEncoding.EncodeToString(file.Bytes())
}

// costOf returns the cost of an example.
func costOf(n *Network, e Example) float64 { return Cost(n.Forward(n.NewPass(), e.Picture), e.Label) }

// Requests.

func TestEachPathTakesItsQueryAndSaysWhatIsWrong(t *testing.T) {
	s := newSmallStudio(t)
	empty, large := image.NewGray(image.Rect(0, 0, 280, 280)), image.NewGray(image.Rect(0, 0, 2001, 2000))
	for _, c := range []struct{ path, body, wrong string }{
		{"/setup", `{}`, ""},
		{"/look", `{}`, ""},
		{"/look", `{"drawing":"` + drawing(0) + `","label":5,"rate":1,"place":{"l":1,"j":3,"k":262}}`, ""},
		{"/test", `{}`, ""},
		{"/set", `{"place":{"l":2,"j":9,"k":-1},"value":1}`, ""},
		{"/step", `{"number":8,"label":5,"rate":1}`, ""},
		{"/undo", `{}`, ""},
		{"/learn", `{"flags":["-hidden=5","-epochs=1"],"steps":0}`, ""},
		{"/go", `{"steps":1}`, ""},
		{"/stop", `{}`, ""},
		{"/save", `{}`, ""},

		{"/look", ``, "EOF"},
		{"/look", `{"number":"8"}`, "cannot unmarshal string"},
		{"/look", `{"digit":8}`, `unknown field "digit"`},
		{"/look", `{"number":50}`, "the test pictures are 0 to 49"},
		{"/look", `{"number":8,"label":10}`, "the labels are 0 to 9"},
		{"/look", `{"number":8,"label":5,"rate":0}`, "above 0"},
		{"/look", `{"number":8,"label":5,"rate":1e7}`, "at most 1e+06"},
		{"/look", `{"number":8,"label":5,"place":{"l":0,"j":0,"k":0}}`, "no weight or bias"},
		{"/look", `{"number":8,"label":5,"place":{"l":3,"j":0,"k":0}}`, "no weight or bias"},
		{"/look", `{"number":8,"label":5,"place":{"l":2,"j":10,"k":0}}`, "no weight or bias"},
		{"/look", `{"number":8,"label":5,"place":{"l":1,"j":0,"k":784}}`, "no weight or bias"},
		{"/look", `{"number":8,"label":5,"place":{"l":1,"j":0,"k":-2}}`, "no weight or bias"},
		{"/look", `{"drawing":"?"}`, "base64"},
		{"/look", `{"drawing":"c2V2ZW4="}`, "not a PNG"},
		{"/look", `{"drawing":"` + encodePNG(empty) + `"}`, "no ink"},
		{"/look", `{"drawing":"` + encodePNG(large) + `"}`, "2001 x 2000"},
		{"/look", `{"drawing":"` + strings.Repeat("AAAA", 1<<18) + `"}`, "too large"},
		{"/set", `{"place":{"l":1,"j":0,"k":0}}`, "no value"},
		{"/set", `{"value":1}`, "no place"},
		{"/set", `{"place":{"l":1,"j":5,"k":0},"value":1}`, "no weight or bias"},
		{"/set", `{"place":{"l":1,"j":0,"k":0},"value":-1e7}`, "from -1e+06 to 1e+06"},
		{"/step", `{"label":5,"rate":1}`, "no picture"},
		{"/step", `{"number":8,"rate":1}`, "no label"},
		{"/step", `{"number":8,"label":5}`, "no rate"},
		{"/learn", `{"flags":[]}`, "no steps"},
		{"/learn", `{"flags":["-rate=0"],"steps":1}`, "-rate must be above 0"},
		{"/learn", `{"flags":["-speed=1"],"steps":1}`, "-speed"},
		{"/learn", `{"flags":["-hidden=0"],"steps":1}`, "0"},
		{"/learn", `{"flags":["-net=other.json"],"steps":1}`, "-net: the page has"},
		{"/learn", `{"flags":["-data=."],"steps":1}`, "-data: the page has"},
		{"/go", `{"steps":-2}`, "at least -1"},
		{"/go", `{"steps":1}`, "no training"},
	} {
		_, wrong := post[any](t, s, c.path, c.body)
		if !strings.Contains(wrong, c.wrong) || c.wrong == "" && wrong != "" {
			t.Errorf("%s %.60s: %q, want %q", c.path, c.body, wrong, c.wrong)
		}
	}
}

func TestForeignHostsAndOriginsAreRefusedAndOthersGetAContentSecurityPolicy(t *testing.T) {
	s := newSmallStudio(t)
	for _, c := range []struct {
		address, origin string
		refused         bool
	}{
		{"localhost", "", false},
		{"localhost:8080", "http://localhost:8080", false},
		{"127.0.0.1:8080", "http://127.0.0.1:8080", false},
		{"[::1]:8080", "http://[::1]:8080", false},
		{"evil.example", "", true},
		{"localhost.evil.example:8080", "http://localhost.evil.example:8080", true},
		{"", "", true},
		{"localhost:8080", "http://evil.example", true},
		{"localhost:8080", "http://localhost:8081", true},
		{"localhost:8080", "https://localhost:8080", true},
		{"localhost:8080", "http://127.0.0.1:8080", true},
		{"localhost:8080", "null", true},
	} {
		for _, request := range strings.Split("GET /,GET /main.js,GET /events,POST /setup,POST /look,POST /test,POST /set,"+
			"POST /step,POST /undo,POST /save,POST /learn,POST /go,POST /stop", ",") {
			recorder := send(s, request, c.address, c.origin, "")
			policy := recorder.Header().Get("Content-Security-Policy")
			if refused := recorder.Code == http.StatusForbidden; refused != c.refused {
				t.Errorf("%s at %q from %q: status %d: %.80s", request, c.address, c.origin, recorder.Code, recorder.Body)
			} else if strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'; ") == refused ||
				strings.Contains(policy, "unsafe-") {
				t.Errorf("%s at %q: the policy is %q", request, c.address, policy)
			}
		}
	}
}

func TestEventsHaveTheStateAtOnceAndWhenItChanges(t *testing.T) {
	s := newSmallStudio(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.serve(ctx, listener) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for version := 1; version <= 3 && lines.Scan(); version++ {
		var a state
		err := json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &a)
		if err != nil || a.Version != version || a.Saved != (version == 1) || a.Training.State != stateIdle {
			t.Errorf("the event of version %d is %q, %v", version, lines.Text(), err)
		}
		lines.Scan() // the empty line after it
		order(t, s, "/set", `{"place":{"l":1,"j":0,"k":0},"value":1}`)
	}
	if stop(); <-ended != nil {
		t.Error("the server ends with an error")
	}
}

func TestDrawListensOnLocalhostAndWarnsWhereOthersCanReachIt(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8080": "open http://127.0.0.1:8080 in a browser; Ctrl-C ends the program\n",
		"0.0.0.0:8099":   "open http://localhost:8099 in a browser; Ctrl-C ends the program\nwarning: others",
		"192.168.1.7:80": "open http://192.168.1.7:80 in a browser; Ctrl-C ends the program\nwarning: others",
	} {
		var out bytes.Buffer
		at, _ := net.ResolveTCPAddr("tcp", address)
		announce(&console{out: &out}, at)
		warned := strings.Contains(out.String(), "warning")
		if !strings.HasPrefix(out.String(), want) || warned != strings.Contains(want, "warning") {
			t.Errorf("%s: %q, want %q", address, out.String(), want)
		}
	}
	if _, help, _ := call("draw", "-h"); !strings.Contains(help, `"localhost:8080"`) {
		t.Errorf("the usual address is not localhost:8080: %s", help)
	}
	if code, _, text := call("draw", "-net", saved(t, trained()), "-addr", "localhost"); code != 1 {
		t.Errorf("-addr localhost: exit %d, %s", code, text)
	}
}

// What the page asks about a network.

func TestSetupIsThatOfTheSetAndOfTrainAndWarnsOfAFileThatCannotBeWritten(t *testing.T) {
	type setup struct {
		Rows, Cols   int
		Names        []string
		Labels       []int
		Flags        []struct{ Name, Default, Usage string }
		Net, Warning string
	}
	s := newSmallStudio(t)
	a, _ := post[setup](t, s, "/setup", "{}")
	if a.Rows != 28 || a.Cols != 28 || len(a.Names) != 10 || a.Names[7] != "7" || len(a.Labels) != 50 ||
		a.Labels[8] != 5 || a.Net != s.keeper.path || a.Warning != "" {
		t.Errorf("%+v", a)
	}
	for _, f := range a.Flags {
		if want := map[string]string{"hidden": "16,16", "rate": "1.5"}[f.Name]; want != "" && f.Default != want {
			t.Errorf("-%s is usually %s, want %s", f.Name, f.Default, want)
		}
	}
	s.keeper.path = filepath.Join(t.TempDir(), "missing", "network.json")
	if a, _ := post[setup](t, s, "/setup", "{}"); !strings.Contains(a.Warning, s.keeper.path) {
		t.Errorf("the warning is %q", a.Warning)
	}
	order(t, s, "/learn", `{"flags":["-epochs=1"],"steps":-1}`)
	if a := finish(s); a.Training.State != stateEnded {
		t.Errorf("training: %+v", a)
	}
	if _, wrong := post[state](t, s, "/save", "{}"); !strings.Contains(wrong, s.keeper.path) {
		t.Errorf("Save says %q", wrong)
	}
	os.Mkdir(filepath.Dir(s.keeper.path), 0o755)
	if a := order(t, s, "/save", "{}"); !a.Saved {
		t.Error("Save fails where it could write again")
	}
}

func TestLookHasThePassAndTheGradientOfTheCore(t *testing.T) {
	s, n := newTestStudio(t), trained()
	drawn, _ := s.decode(strings.NewReader(`{"drawing":"`+drawing(0)+`"}`), "picture")
	for source, picture := range map[string]Picture{
		`"number":8`: mnist().Test[8].Picture, `"drawing":"` + drawing(0) + `"`: *drawn.picture,
	} {
		p, _ := passOf(n, Example{Picture: picture, Label: 3})
		digit, cost, network := Answer(p.A[3]), Cost(p.A[3], 3), n.file()
		want := lookAnswer{Version: 1, Network: &network, Digit: &digit, Activations: p.A, Z: p.Z}
		if a, _ := post[lookAnswer](t, s, "/look", `{`+source+`}`); !reflect.DeepEqual(a, want) {
			t.Errorf("%.12s without a label: not the pass of the core, or more", source)
		}
		want.Network, want.Cost, want.DCDA, want.Delta = nil, &cost, p.DCDA, p.Delta
		if a, _ := post[lookAnswer](t, s, "/look", `{`+source+`,"label":3,"have":1}`); !reflect.DeepEqual(a, want) {
			t.Errorf("%.12s with a label: not the gradient of the core, or more", source)
		}
	}
}

// Every derivative on the page is compared with the gradient of the core, with the slope measured
// there, and with the curve beside it.
func TestLookHasSlopesThatAreThoseOfTheCurves(t *testing.T) {
	s, n, e := newTestStudio(t), trained(), Example{Picture: mnist().Test[8].Picture, Label: 3}
	_, g := passOf(n, e)
	moved := n.Clone()
	cost := func() float64 { return costOf(moved, e) }
	for _, x := range []place{{1, 3, 300}, {2, 5, 11}, {3, 9, 0}, {1, 2, -1}, {3, 3, -1}} {
		text, _ := json.Marshal(x)
		a, _ := post[lookAnswer](t, s, "/look", fmt.Sprintf(`{"number":8,"label":3,"place":%s}`, text))
		value, _ := moved.at(x)
		slope, _ := g.at(x)
		want := weightCurve{*value, *slope, MeasureSlope(value, cost), a.Weight.costCurve}
		if !reflect.DeepEqual(*a.Weight, want) || RelativeError(want.Slope, want.Measured) > 1e-5 {
			t.Errorf("%+v: %+v, want %+v", x, *a.Weight, want)
		}
		if at := a.Weight.At; len(at) != 41 || at[10] > *value || at[30] < *value {
			t.Errorf("%+v: the value %v is not in the middle of %v", x, *value, at)
		}
		for i, at := range a.Weight.At {
			if *value = at; a.Weight.Costs[i] != cost() {
				t.Errorf("%+v at %v: %v, want %v", x, at, a.Weight.Costs[i], cost())
			}
		}
		*value = want.Value
	}
	costAt := func(rate float64) float64 {
		_, g := passOf(n, e)
		copy(moved.All, n.All)
		moved.Descend(g, rate, 0)
		return cost()
	}
	measured := (costAt(1e-6) - costAt(0)) / 1e-6
	for _, rate := range []float64{1e-3, 0.01, 1, 7} {
		a, _ := post[lookAnswer](t, s, "/look", fmt.Sprintf(`{"number":8,"label":3,"rate":%v}`, rate))
		step := a.Step
		if step.Cost != costAt(0) || step.After != costAt(rate) || RelativeError(step.Slope, measured) > 1e-3 {
			t.Errorf("rate %v: %+v; want %v to %v, slope %v", rate, step, costAt(0), costAt(rate), measured)
		}
		if len(step.At) != 41 || step.At[0] != 0 || step.At[10] > rate || step.At[20] < rate {
			t.Errorf("rate %v is not in the second quarter of %v", rate, step.At)
		}
		for i, at := range step.At {
			if math.Abs(step.Costs[i]-costAt(at)) > 1e-12 {
				t.Errorf("rate %v: %v, want %v", at, step.Costs[i], costAt(at))
			}
		}
	}
}

func TestTestAnswersEveryTestPicture(t *testing.T) {
	type tested struct {
		Version, Right, Of int
		Cost               float64
		Answers            []int
	}
	s, p, score := newTestStudio(t), trained().NewPass(), trained().Evaluate(mnist().Test)
	want := tested{Version: 1, Right: score.Right, Of: 10_000, Cost: score.Cost()}
	for _, e := range mnist().Test {
		want.Answers = append(want.Answers, Answer(trained().Forward(p, e.Picture)))
	}
	if a, _ := post[tested](t, s, "/test", "{}"); !reflect.DeepEqual(a, want) {
		t.Errorf("version %d, %d of %d right, cost %v; want %+v", a.Version, a.Right, a.Of, a.Cost, score)
	}
}

// What the page changes.

func TestChangesAreThoseOfTheCoreAndAreTakenBackExactly(t *testing.T) {
	s, before := newTestStudio(t), trained().Clone()
	stepped, set, setBias := trained().Clone(), trained().Clone(), trained().Clone()
	_, g := passOf(stepped, Example{Picture: mnist().Test[8].Picture, Label: 5})
	stepped.Descend(g, 0.1, 0)
	set.Weights[2].Set(3, 4, -1.5)
	setBias.Biases[2][3] = -1.5
	for _, c := range []struct {
		path, body, undoes string
		want               *Network
	}{
		{"/step", `{"number":8,"label":5,"rate":0.1}`, "the step", stepped},
		{"/set", `{"place":{"l":2,"j":3,"k":4},"value":-1.5}`, "the weight", set},
		{"/set", `{"place":{"l":2,"j":3,"k":-1},"value":-1.5}`, "the bias", setBias},
		{"/learn", `{"flags":["-resume"],"steps":0}`, "the training", trained()},
	} {
		a := order(t, s, c.path, c.body)
		if a.Training.State == statePaused {
			a = order(t, s, "/stop", "{}")
		}
		if a.Undoes != c.undoes || a.Version != s.version || !slices.Equal(s.network.All, c.want.All) {
			t.Errorf("%s: undoes %q, version %d; or the network is not the one of the core", c.path, a.Undoes, a.Version)
		}
		a = order(t, s, "/undo", "{}")
		if !a.Saved || a.Undoes != "" || a.Training.State != stateIdle || !slices.Equal(s.network.All, before.All) {
			t.Errorf("%s is not taken back: saved %t, undoes %q, %s", c.path, a.Saved, a.Undoes, a.Training.State)
		}
	}
	if _, wrong := post[state](t, s, "/undo", "{}"); !strings.Contains(wrong, "nothing to take back") {
		t.Errorf("what cannot be taken back: %q", wrong)
	}
}

func TestTurningAWeightIsOneChange(t *testing.T) {
	s := newSmallStudio(t)
	const w, b = `{"place":{"l":1,"j":0,"k":7},"value":1}`, `{"place":{"l":1,"j":0,"k":-1},"value":1}`
	const step = `{"number":8,"label":5,"rate":1}`
	for i, c := range []struct {
		path, body string
		changes    int
	}{
		{"/set", w, 1}, {"/set", w, 1}, {"/set", b, 2}, {"/set", w, 3}, {"/step", step, 4}, {"/step", step, 5},
	} {
		if order(t, s, c.path, c.body); len(s.changes) != c.changes {
			t.Errorf("order %d, %s %s: %d changes, want %d", i, c.path, c.body, len(s.changes), c.changes)
		}
	}
}

func TestOnlySaveWritesAndItKeepsWhatWasThere(t *testing.T) {
	s := newSmallStudio(t)
	first, _ := os.ReadFile(s.keeper.path)
	shown := func() []byte { text, _ := json.Marshal(s.network.file()); return append(text, '\n') }
	do := func(path, body string, saved bool, file, kept []byte) {
		t.Helper()
		a := order(t, s, path, body)
		now, _ := os.ReadFile(s.keeper.path)
		backup, _ := os.ReadFile(s.keeper.path + ".bak") // an error means that there is none
		if a.Saved != saved || !bytes.Equal(now, file) || !bytes.Equal(backup, kept) {
			t.Errorf("%s: saved %t; the file has %.60q, the backup %.60q", path, a.Saved, now, backup)
		}
	}
	do("/set", `{"place":{"l":1,"j":0,"k":0},"value":1}`, false, first, nil)
	do("/learn", `{"flags":["-resume"],"steps":1}`, false, first, nil)
	trained := shown()
	do("/save", `{}`, true, trained, first)
	do("/stop", `{}`, true, trained, first)
	do("/save", `{}`, true, trained, first)
	do("/undo", `{}`, false, trained, first)
	other := []byte("what another program writes")
	os.WriteFile(s.keeper.path, other, 0o644)
	do("/step", `{"number":8,"label":5,"rate":1}`, false, other, first)
	do("/save", `{}`, true, shown(), other)
}

// Training.

func TestTrainingOnThePageIsThatOfTrain(t *testing.T) {
	usual := Training{Epochs: 2, Batch: 20, Rate: 1.5, Anneal: true, Decay: 1e-4, Vary: Shift}
	plain, gentle := Training{Epochs: 2, Batch: 30, Rate: 2}, Training{Epochs: 3, Batch: 20, Rate: gentleRate}
	for flags, c := range map[string]struct {
		plan     Training
		start    []int // the layers of a random network, nil for -resume
		examples int
	}{
		`"-hidden=6","-epochs=2","-seed=4"`:                                {usual, []int{784, 6, 10}, 500},
		`"-hidden=6","-epochs=2","-batch=30","-rate=2","-seed=4","-plain"`: {plain, []int{784, 6, 10}, 500},
		`"-resume","-epochs=3","-seed=4","-plain","-examples=90"`:          {gentle, nil, 90},
	} {
		s, random := newSmallStudio(t), seeded(4)
		want := s.network.Clone()
		if c.start != nil {
			want = NewNetwork(c.start, random)
		}
		examples := s.set.Train[:c.examples]
		test0, tests, last := s.grade(want, 0), []grade{}, Progress{}
		start, costs := want.Evaluate(examples).Cost(), 0.0
		c.plan.Train(want, examples, random, func(p Progress) error {
			if last = p; p.Score.Seen == p.Of {
				tests, costs = append(tests, s.grade(want, p.Epoch)), costs+p.Score.Costs
			}
			return nil
		})
		order(t, s, "/learn", `{"flags":[`+flags+`],"steps":-1}`)
		a := finish(s).Training
		if n, _ := s.current(); !slices.Equal(n.All, want.All) {
			t.Errorf("%s: the network is not that of Train", flags)
		}
		if a.State != stateEnded || *a.Test0 != test0 || !slices.Equal(a.Tests, tests) || a.Epochs != c.plan.Epochs ||
			a.Epoch != a.Epochs || a.Batch != c.plan.Batch || a.Seen != c.examples || a.Of != c.examples ||
			a.Cost != last.Score.Cost() || a.Right != last.Score.Right || len(a.Lessons) != 0 {
			t.Errorf("%s: %+v", flags, a)
		}
		if a.Points[0] != [2]float64{0, start} {
			t.Errorf("%s: the chart begins at %v, want cost %v", flags, a.Points[0], start)
		}
		for i, p := range a.Points[1:] {
			costs -= p[1] * (p[0] - a.Points[i][0])
		}
		if end := a.Points[len(a.Points)-1][0]; end != float64(c.plan.Epochs*c.examples) || math.Abs(costs) > 1e-6 {
			t.Errorf("%s: the chart ends at %v, and a cost of %v is missing", flags, end, costs)
		}
	}
}

func TestChartHasEachOfTheFirstStepsAndAFewHundredPoints(t *testing.T) {
	for _, c := range []struct{ epochs, of, batch int }{{1, 500, 500}, {40, 60_000, 20}, {1000, 6_000, 50}} {
		l, course := &learner{plan: Training{Epochs: c.epochs, Batch: c.batch}}, newCourse(stateLearning)
		for seen := c.batch; seen <= c.epochs*c.of; seen += c.batch {
			l.plot(&course, Progress{Epoch: (seen-1)/c.of + 1, Of: c.of, Score: Score{Seen: (seen-1)%c.of + 1}})
		}
		for i, p := range course.Points[:min(20, len(course.Points))] {
			if p[0] != float64((i+1)*c.batch) {
				t.Errorf("%+v: point %d is of %v examples", c, i, p[0])
			}
		}
		if end := course.Points[len(course.Points)-1][0]; len(course.Points) > 500 || end != float64(c.epochs*c.of) {
			t.Errorf("%+v: %d points up to %v", c, len(course.Points), end)
		}
	}
}

func TestTrainingPausesTakesStepsGoesOnAndStops(t *testing.T) {
	s := newSmallStudio(t)
	const learn = `{"flags":["-hidden=6","-epochs=100000"],"steps":%d}`
	const set = `{"place":{"l":1,"j":0,"k":0},"value":1}`
	for i, c := range []struct {
		path, body string
		state      string // "" if it is refused
		seen       int    // since the start of training; -1 for any number
		lessons    int
	}{
		{"/learn", fmt.Sprintf(learn, 0), statePaused, 0, 0},
		{"/go", `{"steps":0}`, statePaused, 0, 0},
		{"/go", `{"steps":1}`, statePaused, 20, 20},
		{"/go", `{"steps":3}`, statePaused, 80, 20},
		{"/learn", fmt.Sprintf(learn, 0), "", 0, 0},
		{"/step", `{"number":0,"label":7,"rate":1}`, "", 0, 0},
		{"/set", set, "", 0, 0},
		{"/undo", `{}`, "", 0, 0},
		{"/save", `{}`, statePaused, 80, 20},
		{"/go", `{"steps":-1}`, stateLearning, 80, 20},
		{"/go", `{"steps":0}`, statePaused, -1, 20},
		{"/go", `{"steps":-1}`, stateLearning, -1, 20},
		{"/undo", `{}`, "", 0, 0},
		{"/stop", `{}`, stateEnded, -1, -1},
		{"/go", `{"steps":1}`, "", 0, 0},
		{"/set", set, stateEnded, -1, -1},
		{"/undo", `{}`, stateEnded, -1, -1},
		{"/undo", `{}`, stateIdle, 0, 0},
		{"/learn", fmt.Sprintf(learn, 2), statePaused, 40, 20},
		{"/stop", `{}`, stateEnded, 40, 20},
	} {
		a, wrong := post[state](t, s, c.path, c.body)
		if (wrong != "") != (c.state == "") {
			t.Fatalf("order %d, %s %s: %q", i, c.path, c.body, wrong)
		}
		seen := max(0, a.Training.Epoch-1)*a.Training.Of + a.Training.Seen
		if wrong == "" && (a.Undoes != "") != (c.state == stateEnded) {
			t.Errorf("order %d, %s %s: it would take back %q", i, c.path, c.body, a.Undoes)
		}
		lessons := len(a.Training.Lessons)
		if a.Training.State != c.state || c.seen >= 0 && seen != c.seen || c.lessons >= 0 && lessons != c.lessons {
			t.Errorf("order %d, %s %s: %s after %d examples with %d lessons; want %+v",
				i, c.path, c.body, a.Training.State, seen, lessons, c)
		}
	}
}

func TestLessonsAreTheExamplesOfTheLastMiniBatch(t *testing.T) {
	for _, flags := range []string{`"-hidden=6","-batch=30","-shift=false"`, `"-hidden=6","-batch=250"`} {
		s := newSmallStudio(t)
		order(t, s, "/learn", `{"flags":[`+flags+`],"steps":0}`)
		for range 5 {
			before, _ := s.current()
			a := order(t, s, "/go", `{"steps":1}`).Training
			after, _ := s.current()
			if len(a.Lessons) != min(a.Batch, 100) {
				t.Errorf("%s: %d lessons", flags, len(a.Lessons))
			}
			for i, lesson := range a.Lessons {
				greys := make([]byte, len(lesson.Picture))
				for k, grey := range lesson.Picture {
					greys[k] = byte(grey)
				}
				e := Example{Picture: NewPicture(28, 28, greys), Label: lesson.Label}
				want := lesson
				want.Answer = Answer(before.Forward(before.NewPass(), e.Picture))
				want.Before, want.After = costOf(before, e), costOf(after, e)
				if !reflect.DeepEqual(lesson, want) {
					t.Errorf("%s: lesson %d is %+v, want %+v", flags, i, lesson, want)
				}
				if a.Batch == 30 && !slices.ContainsFunc(s.set.Train, func(x Example) bool { return reflect.DeepEqual(x, e) }) {
					t.Errorf("%s: lesson %d is not an example of the set", flags, i)
				}
			}
		}
		version := s.version
		if a := order(t, s, "/go", `{"steps":3}`); a.Version < version+2 {
			t.Errorf("%s: the last of three steps is not between two networks that were shown", flags)
		}
		order(t, s, "/stop", "{}")
	}
	for granted, want := range map[int]bool{toTheEnd: false, 2: false, 1: true} {
		s, l := newSmallStudio(t), &learner{}
		s.granted = granted
		if s.await(l); l.recording != want {
			t.Errorf("with %d steps granted, the examples of the next one are kept: %t", granted, l.recording)
		}
	}
}

func TestTrainingThatFailsSaysSoAndBringsTheNetworkBack(t *testing.T) {
	for _, c := range []struct {
		examples int
		showAt   time.Time
	}{{20, time.Now().Add(time.Hour)}, {500, time.Now().Add(time.Hour)}, {500, time.Time{}}} { // by test, cost, copy
		s := newSmallStudio(t)
		before, n := s.network, NewNetwork([]int{784, 10}, seeded(1))
		s.change(n, "the training", place{})
		s.course, s.granted = newCourse(stateLearning), toTheEnd
		s.train(&learner{plan: Training{Epochs: 1, Batch: 20, Rate: math.Inf(1)}, network: n.Clone(),
			examples: s.set.Train[:c.examples], random: seeded(1), showAt: c.showAt})
		a := finish(s)
		if a.Training.State != stateFailed || !strings.Contains(a.Training.Error, "lower rate") || a.Undoes != "" ||
			s.network != before || a.Version != 3 {
			t.Errorf("%+v: %s: %q; undoes %q, version %d; or the network is not the one from before",
				c, a.Training.State, a.Training.Error, a.Undoes, a.Version)
		}
		order(t, s, "/set", `{"place":{"l":1,"j":0,"k":0},"value":1}`)
	}
}

// Training, steps, saves and readers all at once, also for go test -race: each answer must agree
// with the network that comes with it, and no version may come after a later one.
func TestEachAnswerIsAboutOneNetwork(t *testing.T) {
	s := newSmallStudio(t)
	requests := strings.Split(`/learn {"flags":["-hidden=4"],"steps":-1}|/learn {"flags":["-resume"],"steps":1}|`+
		`/go {"steps":0}|/go {"steps":1}|/go {"steps":50}|/go {"steps":-1}|/stop {}|/step {"number":3,"label":0,"rate":0.1}|`+
		`/set {"place":{"l":1,"j":0,"k":-1},"value":1e6}|/undo {}|/save {}|/setup {}|/test {}|`+
		`/look {"number":1,"label":1,"rate":1e6,"place":{"l":1,"j":0,"k":0}}`, "|")
	var users sync.WaitGroup
	for user := range 4 {
		users.Add(1)
		go func() {
			defer users.Done()
			random, version := seeded(uint64(user)), 0
			for range 40 {
				path, body, _ := strings.Cut(requests[random.IntN(len(requests))], " ")
				post[any](t, s, path, body)
				send(s, "GET /events", "localhost", "", "")
				a, wrong := post[lookAnswer](t, s, "/look", fmt.Sprintf(`{"number":%d,"label":3}`, user))
				if wrong != "" || a.Version < version {
					t.Errorf("version %d after %d: %s", a.Version, version, wrong)
					return
				}
				version = a.Version
				n, err := a.Network.network()
				if err != nil || *a.Cost != costOf(n, Example{Picture: s.set.Test[user].Picture, Label: 3}) {
					t.Errorf("version %d: the answer is not about its network: %v", version, err)
				}
			}
		}()
	}
	users.Wait()
	post[state](t, s, "/stop", "{}")
	finish(s)
}

// The page in Chromium. Where there is none, these tests are skipped.

// browse opens a path of the page in Chromium, runs a script there, and returns what the script
// passes to the function result, decoded from JSON. At /blank there is an empty page, for scripts
// that only import modules.
func browse[T any](t *testing.T, s *studio, path, script string) (result T) {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no Chromium here")
	}
	// --dump-dom prints the document once its pictures are loaded. The last one comes when the script
	// is done.
	const end = `<pre id="result"></pre><img src="last" alt=""><script type="module" src="test.js"></script></body>`
	const helpers = `
		const frame = () => new Promise(requestAnimationFrame), find = id => document.getElementById(id);
		const until = async condition => { while (!condition()) await frame(); };
		const result = value => { find("result").textContent = JSON.stringify(value); };
	`
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
		case "/", "/blank":
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, r)
			maps.Copy(w.Header(), recorder.Header())
			w.Header().Del("Content-Length")
			if r.URL.Path == "/" {
				io.WriteString(w, strings.Replace(recorder.Body.String(), "</body>", end, 1))
			} else {
				w.Header().Set("Content-Type", "text/html")
				io.WriteString(w, "<!DOCTYPE html><body>"+end)
			}
		default:
			handler.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	document, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,720",
		"--user-data-dir="+t.TempDir(), "--dump-dom", server.URL+path).Output()
	match := regexp.MustCompile(`<pre id="result">([^<]+)</pre>`).FindSubmatch(document)
	if err != nil || match == nil {
		t.Fatalf("%s: no result: %v: %.300s", path, err, document)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(match[1]))), &result); err != nil {
		t.Fatalf("%s: %v: %.300s", path, err, match[1])
	}
	return result
}

func TestPageShowsTheNumbersOfTheCore(t *testing.T) {
	s, e := newTestStudio(t), mnist().Test[8]
	p, g := passOf(trained(), e)
	cost, slope := Cost(p.A[3], e.Label), g.Weights[3].At(e.Label, Answer(p.A[2])) // of the brightest neuron's weight
	for _, view := range []string{"read", "learn", "why"} {
		got := browse[struct {
			Digit          string
			Cost, Computed float64
			Measured       float64
			Neurons        [][]float64
		}](t, s, "/?digit=8&view="+view, `
			await until(() => find("digit").textContent && document.querySelector("[data-delta]"));
			if (document.body.dataset.view === "why") {
				find("avenues").querySelectorAll("button")[1].click();
				await until(() => find("chain").dataset.computed);
			}
			const {computed, measured} = find("chain").dataset, {cost} = find("costOfOne").dataset;
			const names = ["layer", "neuron", "activation", "z", "dcda", "delta"];
			const neurons = [...document.querySelectorAll("[data-layer]")].map(g => names.map(name => +g.dataset[name]));
			result({digit: find("digit").textContent, cost: +cost, computed: +computed, measured: +measured, neurons});`)
		if got.Digit != fmt.Sprint(Answer(p.A[3])) || len(got.Neurons) != 16+16+10 {
			t.Errorf("%s: the answer %q, %d neurons", view, got.Digit, len(got.Neurons))
		}
		for _, shown := range got.Neurons {
			l, j := int(shown[0]), int(shown[1])
			want := []float64{shown[0], shown[1], p.A[l][j], p.Z[l][j], p.DCDA[l][j], p.Delta[l][j]}
			if !slices.Equal(shown, want) {
				t.Errorf("%s: a neuron shows %v, want %v", view, shown, want)
			}
		}
		if view == "why" && (got.Cost != cost || got.Computed != slope || RelativeError(got.Measured, slope) > 1e-5) {
			t.Errorf("cost %v, slope %v, measured %v; want %v and %v", got.Cost, got.Computed, got.Measured, cost, slope)
		}
	}
}

func TestFirstStrokeBeginsAPaperThatHasNoLabel(t *testing.T) {
	type paper struct {
		Number                      *int
		Strokes                     int
		Label, Cost, Digit, Address string
	}
	got := browse[[]paper](t, newTestStudio(t), "/?digit=0&view=why", `
		import {state} from "./state.js";
		const papers = [], look = () => papers.push({number: state.sheet.number, strokes: state.sheet.strokes.length,
			label: find("label").value, cost: find("costOfOne").dataset.cost ?? "", digit: find("digit").textContent,
			address: location.search});
		const read = () => state.reading && state.readingOf === state.sheet.id && find("digit").textContent;
		const stroke = async (from, to) => {
			const {left, top, width, height} = find("paper").getBoundingClientRect();
			for (const [kind, [x, y]] of [["down", from], ["move", to], ["up", to]]) {
				const at = {clientX: left + x * width, clientY: top + y * height, pointerId: 1, bubbles: true};
				find("paper").dispatchEvent(new PointerEvent("pointer" + kind, at));
			}
			await frame();
			await until(read);
			await frame();
			look();
		};
		find("paper").setPointerCapture = () => {};
		await until(() => find("costOfOne").dataset.cost);
		look();
		await stroke([0.55, 0.2], [0.45, 0.8]);
		find("label").value = 1;
		find("label").dispatchEvent(new Event("change"));
		await until(() => find("costOfOne").dataset.cost);
		await stroke([0.3, 0.8], [0.6, 0.8]);
		result(papers);`)
	if got[0].Number == nil || got[0].Label != "7" || got[0].Cost == "" {
		t.Errorf("the page opens with %+v", got[0])
	}
	first := paper{nil, 1, "", "", "1", "?view=why"}
	if got[1] != first {
		t.Errorf("after the first stroke: %+v, want %+v", got[1], first)
	}
	if got[2].Strokes != 2 || got[2].Label != "1" || got[2].Cost == "" {
		t.Errorf("the second stroke is on another paper than the first, or its label is gone: %+v", got[2])
	}
}

func TestEachStageOfWhyShowsOneQuantity(t *testing.T) {
	type stage struct {
		Name, Sentence string
		Arrows         []int // the layers that have some
		Wires          float64
	}
	got := browse[[]stage](t, newTestStudio(t), "/?digit=8&view=why", `
		import {state} from "./state.js";
		import {connection} from "./wires.js";
		const stages = [], k = 2;
		await until(() => document.querySelector("[data-delta]"));
		while (!find("forward").disabled) {
			find("forward").click();
			await frame();
			await frame();
			const name = find("board").dataset.stage, l = +name.slice(-1), {delta, dCda, activations} = state.reading;
			const arrows = [...document.querySelectorAll(".wish[d]")].map(path => +path.parentNode.dataset.layer);
			let wires = 0; // by how much they differ from what the sentence names
			if (name.startsWith("nudges") && l < 3)
				wires = state.network.biases[l].reduce((sum, _, j) => sum + connection(l + 1, j, k), dCda[l][k]);
			if (name.startsWith("weights")) wires = connection(l, 3, k) + delta[l][3] * activations[l - 1][k];
			stages.push({name, sentence: find("sentence").textContent, arrows: [...new Set(arrows)], wires});
		}
		result(stages);`)
	want := []stage{
		{"cost 3", "(a − y)²", []int{}, 0}, {"nudges 3", "−dC/da", []int{3}, 0}, {"weights 3", "−dC/dw", []int{}, 0},
		{"nudges 2", "−dC/da", []int{2}, 0}, {"weights 2", "−dC/dw", []int{}, 0},
		{"nudges 1", "−dC/da", []int{1}, 0}, {"weights 1", "−dC/dw", []int{}, 0},
	}
	for i, w := range want {
		if i >= len(got) || got[i].Name != w.Name || !slices.Equal(got[i].Arrows, w.Arrows) ||
			!strings.Contains(got[i].Sentence, w.Sentence) || math.Abs(got[i].Wires) > 1e-9 {
			t.Errorf("stage %d of %d: got %+v, want %+v", i, len(got), got[min(i, len(got)-1)], w)
		}
	}
}

func TestStepAndItsResultAreInSightUntilAnotherTabTakesItBack(t *testing.T) {
	got := browse[[]any](t, newTestStudio(t), "/?digit=8&view=why", `
		const sees = id => {
			const {top, bottom, height} = find(id).getBoundingClientRect();
			return height > 0 && top >= 0 && bottom <= Math.min(innerHeight, 720);
		};
		await until(() => find("alongText").textContent);
		find("take").click();
		await until(() => find("stepTest").textContent);
		for (let i = 0; i < 5; i++) await frame();
		const said = [sees("take"), sees("takenBox"), find("takeBack").textContent];
		await fetch("undo", {method: "POST", body: "{}"});
		await until(() => find("takenBox").hidden);
		result([...said, find("takeBack").hidden]);`)
	if want := []any{true, true, "Take back: the step", true}; !reflect.DeepEqual(got, want) {
		t.Errorf("in sight, in sight, the button, gone after: %v, want %v", got, want)
	}
}

func TestStartTakesOneStepAtATimeThenMoreThenAll(t *testing.T) {
	got := browse[struct {
		Steps []int
		Said  []string
	}](t, newSmallStudio(t), "/?view=learn", `
		const later = window.setTimeout, send = window.fetch, steps = [], said = [];
		window.setTimeout = (f, ms) => later(f, ms / 50);
		window.fetch = (path, options) => {
			if (path === "go") steps.push(JSON.parse(options.body).steps);
			return send(path, options);
		};
		await until(() => find("learnState").textContent);
		said.push(find("learnState").textContent);
		find("epochs").value = 400;
		find("start").click();
		await until(() => find("learnState").textContent.includes("has ended"));
		said.push(find("learnState").textContent);
		find("takeBack").click();
		await until(() => find("learnState").textContent.includes("board"));
		result({steps, said: [...said, find("learnState").textContent]});`)
	if n := len(got.Steps); n < 30 || !slices.Equal(got.Steps[:20], slices.Repeat([]int{1}, 20)) ||
		!slices.IsSorted(got.Steps[:n-1]) || got.Steps[n-1] != toTheEnd {
		t.Errorf("the page grants %v", got.Steps)
	}
	if got.Said[0] != got.Said[2] || !strings.HasSuffix(got.Said[1], "restores the network from before.") {
		t.Errorf("the page says %q", got.Said)
	}
}
