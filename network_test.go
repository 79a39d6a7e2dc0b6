package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"image"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"
)

// Chapter 4: backpropagation calculus. Read these tests first. Where numbers follow from each other, a
// test stops at the first one that is wrong and names its formula.

// One neuron in each layer: no matrix, no index, only the chain, from the picture to the step.
func TestChainOfSingleNeuronsFollowsTheVideosFromThePictureToTheStep(t *testing.T) {
	n := NewNetwork([]int{1, 1, 1, 1}, seeded(12))
	w1, w2, w3 := n.Weights[1].At(0, 0), n.Weights[2].At(0, 0), n.Weights[3].At(0, 0)
	b1, b2, b3 := n.Biases[1][0], n.Biases[2][0], n.Biases[3][0]
	if w1*w2*w3*b1*b2*b3 == 0 {
		t.Fatal("chapter 2: a network starts from random weights and biases, but there is a 0")
	}

	const a0, y, rate = 0.6, 1.0, 0.5
	z1 := w1*a0 + b1
	a1 := 1 / (1 + math.Exp(-z1))
	z2 := w2*a1 + b2
	a2 := 1 / (1 + math.Exp(-z2))
	z3 := w3*a2 + b3
	a3 := 1 / (1 + math.Exp(-z3))

	slope := func(z float64) float64 { return math.Exp(-z) / ((1 + math.Exp(-z)) * (1 + math.Exp(-z))) }
	dCda3 := 2 * (a3 - y)
	dCdz3 := slope(z3) * dCda3
	dCda2 := w3 * dCdz3
	dCdz2 := slope(z2) * dCda2
	dCda1 := w2 * dCdz2
	dCdz1 := slope(z1) * dCda1

	p, g := n.NewPass(), n.NewGradient()
	n.Forward(p, NewPicture(1, 1, []byte{153})) // 153/255 = 0.6
	n.Backward(p, 0, g)
	dC := slices.Clone(g.All) // dw1, db1, dw2, db2, dw3, db3
	n.Descend(g, rate, 0)
	for _, c := range []struct {
		chapter   int
		formula   string
		got, want float64
	}{
		{1, "z1 = w1 a0 + b1", p.Z[1][0], z1},
		{1, "a1 = sigma(z1)", p.A[1][0], a1},
		{1, "z2 = w2 a1 + b2", p.Z[2][0], z2},
		{1, "a3 = sigma(z3)", p.A[3][0], a3},
		{2, "C = (a3 - y)^2", Cost(p.A[3], 0), (a3 - y) * (a3 - y)},
		{4, "dC/da3 = 2 (a3 - y)", p.DCDA[3][0], dCda3},
		{4, "dC/dz3 = sigma'(z3) * dC/da3", p.Delta[3][0], dCdz3},
		{4, "dC/dw3 = a2 * sigma'(z3) * dC/da3", dC[4], a2 * dCdz3},
		{4, "dC/db3 = 1 * sigma'(z3) * dC/da3", dC[5], dCdz3},
		{4, "dC/da2 = w3 * sigma'(z3) * dC/da3", p.DCDA[2][0], dCda2},
		{4, "dC/dz2 = sigma'(z2) * dC/da2", p.Delta[2][0], dCdz2},
		{4, "dC/dw2 = a1 * sigma'(z2) * dC/da2", dC[2], a1 * dCdz2},
		{4, "dC/db2 = 1 * sigma'(z2) * dC/da2", dC[3], dCdz2},
		{4, "dC/dw1 = a0 * sigma'(z1) * dC/da1", dC[0], a0 * dCdz1},
		{4, "dC/db1 = 1 * sigma'(z1) * dC/da1", dC[1], dCdz1},
		{2, "w1 <- w1 - rate * dC/dw1", n.Weights[1].At(0, 0), w1 - rate*a0*dCdz1},
		{2, "w3 <- w3 - rate * dC/dw3", n.Weights[3].At(0, 0), w3 - rate*a2*dCdz3},
		{2, "b3 <- b3 - rate * dC/db3", n.Biases[3][0], b3 - rate*dCdz3},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-15) {
			t.Fatalf("chapter %d: %s is %.9g, want %.9g", c.chapter, c.formula, c.got, c.want)
		}
	}
}

// PyTorch 1.13 computed the gradients in float64 by automatic differentiation.
func TestGradientIsTheOneThatPyTorchComputes(t *testing.T) {
	n := network(t, `{"layers":[4,3,2],
		"weights":[[[0.5,-0.25,1,-1.5],[-0.75,0.125,0.25,2],[1.25,-1,0.75,0.5]],[[1.5,-2,0.5],[-1,0.25,3]]],
		"biases":[[0.1,-0.2,0.3],[-0.4,0.6]]}`)
	p, g := n.NewPass(), n.NewGradient()
	output := n.Forward(p, NewPicture(1, 4, []byte{51, 0, 204, 255}))
	n.Backward(p, 1, g)
	const delta0, delta1 = 0.0886979904892039, -0.0046566424404677785
	for _, c := range []struct {
		formula   string
		got, want []float64
	}{
		{"chapter 1: the outputs", output, []float64{0.2418620795760686, 0.950506998927729}},
		{"chapter 2: the cost", []float64{Cost(output, 1)}, []float64{0.06094682269200035}},
		{"chapter 4: dC/db_j = delta_j of the outputs", g.Biases[2], []float64{delta0, delta1}},
		{"chapter 4: dC/dw_0k = a_k delta_0 into output 0", row(g.Weights[2], 0),
			[]float64{0.03348709865034558, 0.07664633756255068, 0.0744079504119343}},
		{"chapter 4: dC/dw_1k = a_k delta_1 into output 1", row(g.Weights[2], 1),
			[]float64{-0.0017580719013280332, -0.004023930941745923, -0.003906415668330268}},
		{"chapter 4: dC/da_k = sum over j of w_jk delta_j in layer 1", p.DCDA[1],
			[]float64{1.5*delta0 - 1*delta1, -2*delta0 + 0.25*delta1, 0.5*delta0 + 3*delta1}},
		{"chapter 4: dC/db_j of layer 1", g.Biases[1],
			[]float64{0.03236086380458238, -0.020965005648126325, 0.004105817790704081}},
		{"chapter 4: dC/dw_0k into neuron 0 of layer 1", row(g.Weights[1], 0),
			[]float64{0.006472172760916476, 0, 0.025888691043665903, 0.03236086380458238}},
		{"chapter 4: dC/dw_1k into neuron 1 of layer 1", row(g.Weights[1], 1),
			[]float64{-0.004193001129625265, 0, -0.01677200451850106, -0.020965005648126325}},
		{"chapter 4: dC/dw_2k into neuron 2 of layer 1", row(g.Weights[1], 2),
			[]float64{0.0008211635581408162, 0, 0.003284654232563265, 0.004105817790704081}},
	} {
		for i, want := range c.want {
			if len(c.got) != len(c.want) || !(math.Abs(c.got[i]-want) <= 1e-15) {
				t.Fatalf("%s: %.9g, want %.9g", c.formula, c.got, c.want)
			}
		}
	}
}

// The layers here are wide enough for the faster loops at the end of matrix.go. Two sums over
// the gradient, one of them weighted, stand for its 146 numbers.
func TestGradientOfWideLayersIsTheOneThatPyTorchComputes(t *testing.T) {
	n := blank(13, 9, 2)
	for l := 1; l < len(n.Layers); l++ {
		for j := range n.Layers[l] {
			for k := range n.Layers[l-1] {
				n.Weights[l].Set(j, k, float64((7*j+3*k+5*l)%11-5)/8)
			}
			n.Biases[l][j] = float64((5*j+l)%7-3) / 4
		}
	}
	p, g := n.NewPass(), n.NewGradient()
	output := n.Forward(p, NewPicture(1, 13, []byte{40, 77, 0, 151, 188, 225, 6, 0, 80, 117, 154, 191, 228}))
	n.Backward(p, 1, g)
	signed, squares := 0.0, 0.0
	for i, derivative := range g.All {
		signed += float64(i%7-3) * derivative
		squares += derivative * derivative
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"chapter 1: output 0, with sums by MulAdd,", output[0], 0.39320591068678384},
		{"chapter 1: output 1, with sums by MulAdd,", output[1], 0.5054397484135065},
		{"chapter 2: the cost", Cost(output, 1), 0.3992007306483188},
		{"chapter 4: the signed sum over the gradient, with products by AddOuter,", signed, -0.3958336698530455},
		{"chapter 4: the sum of the gradient's squares", squares, 0.40202857150182436},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-14) {
			t.Fatalf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestEveryDerivativeAgreesWithTheMeasuredSlope(t *testing.T) {
	trained := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	Training{Epochs: 1, Batch: 10, Rate: 1.5}.Train(trained, mnist().Train[:10000], seeded(1), quiet)
	fresh := func(seed uint64, layers ...int) *Network { return NewNetwork(layers, seeded(seed)) }
	for _, c := range []struct {
		name     string
		network  *Network
		examples []Example
	}{
		{"a chain of single neurons", fresh(9, 1, 1, 1, 1), []Example{few(0, 153)}},
		{"one output", fresh(8, 3, 4, 1), []Example{few(0, 255, 0, 31), few(0, 17, 200, 99)}},
		{"layers one neuron wide", fresh(7, 784, 1, 1, 10), mnist().Train[:3]},
		{"three hidden layers", fresh(6, 784, 5, 6, 4, 10), mnist().Train[:3]},
		{"one hidden layer", fresh(5, 784, 7, 10), mnist().Train[:3]},
		{"no hidden layer", fresh(4, 784, 10), mnist().Train[:3]},
		{"a mini-batch of 10", fresh(3, 784, 5, 6, 10), mnist().Train[100:110]},
		{"13,002 parameters, one digit", fresh(1, 784, 16, 16, 10), mnist().Train[:1]},
		{"13,002 parameters, another start and digit", fresh(2, 784, 16, 16, 10), mnist().Train[7:8]},
		{"13,002 parameters, after training", trained, mnist().Test[:2]},
	} {
		t.Run(c.name, func(t *testing.T) {
			gradient := backprop(c.network, c.examples)
			worst, where := worstDerivative(c.network, c.examples, gradient)
			if len(gradient) != CountParameters(c.network.Layers) || !(worst <= 1e-6) {
				t.Fatalf("chapter 4: dC/dw_jk = a_k * sigma'(z_j) * dC/da_j: the worst of %d is %s", len(gradient), where)
			}
			t.Logf("the worst of %d derivatives: %s", len(gradient), where)
		})
	}
}

// backprop returns the gradient of the average cost that the code under test computes.
func backprop(n *Network, examples []Example) []float64 {
	p, g := n.NewPass(), n.NewGradient()
	for _, e := range examples {
		n.Forward(p, e.Picture)
		n.Backward(p, e.Label, g)
	}
	for i := range g.All {
		g.All[i] /= float64(g.Examples)
	}
	return g.All
}

// worstDerivative compares a gradient with the measured slopes of the average cost along every weight and
// bias. It returns the largest relative error and where it is.
func worstDerivative(n *Network, examples []Example, gradient []float64) (worst float64, where string) {
	p := n.NewPass()
	cost := func() float64 {
		var s Score
		for _, e := range examples {
			s.Add(n.Forward(p, e.Picture), e.Label)
		}
		return s.Cost
	}
	for i, computed := range gradient {
		measured := MeasureSlope(&n.All[i], cost)
		if relative := RelativeError(computed, measured); !(relative <= worst) {
			worst, where = relative, fmt.Sprintf("%s: computed %.9g, measured %.9g, relative error %.1g",
				parameterName(n.Layers, i), computed, measured, relative)
		}
	}
	return worst, where
}

// parameterName returns what number i of a network's parameters is, such as "w_3,7 into layer 2".
func parameterName(layers []int, i int) string {
	l := 1
	for ; i >= layers[l]*(layers[l-1]+1); l++ {
		i -= layers[l] * (layers[l-1] + 1)
	}
	if rows, cols := layers[l], layers[l-1]; i < rows*cols {
		return fmt.Sprintf("w_%d,%d into layer %d", i%rows, i/rows, l)
	}
	return fmt.Sprintf("b_%d of layer %d", i-layers[l]*layers[l-1], l)
}

// Popular published code has had some of these mistakes and still learned to read 94 of 100 digits,
// so nobody noticed for years. A check that lets them pass is worth nothing.
func TestGradientCheckCatchesKnownMistakes(t *testing.T) {
	examples := mnist().Train[:3]
	n := NewNetwork([]int{784, 6, 6, 10}, seeded(1))
	if worst, where := worstDerivative(n, examples, plainGradient(n, examples, "")); !(worst <= 1e-6) {
		t.Fatalf("the plain chain rule itself is wrong for %s", where)
	}
	for _, mistake := range []string{
		"sigma' left out of the last layer",
		"sigma' left out of a hidden layer",
		"the 2 left out",
		"W transposed",
		"a path of the sum left out",
		"the bias forgotten",
		"the activation of the wrong layer",
		"the sum instead of the average",
		"the label off by one",
	} {
		worst, where := worstDerivative(n, examples, plainGradient(n, examples, mistake))
		t.Logf("%s: %s", mistake, where)
		if !(worst >= 0.1) {
			t.Errorf("%s: worst relative error only %g", mistake, worst)
		}
	}
}

// plainGradient returns the gradient of the average cost by the chain rule, written out path by
// path. It uses the forward pass of the code under test, but nothing of its way back. The mistake, if
// it is not empty, is made on purpose.
func plainGradient(n *Network, examples []Example, mistake string) []float64 {
	gradient := NewParameters(n.Layers)
	share := 1 / float64(len(examples))
	if mistake == "the sum instead of the average" {
		share = 1
	}
	for _, e := range examples {
		p := n.NewPass()
		n.Forward(p, e.Picture)
		last := len(n.Layers) - 1
		label := e.Label
		if mistake == "the label off by one" {
			label++
		}
		dCda := make([]float64, n.Layers[last])
		for j, a := range p.A[last] {
			y := 0.0
			if j == label {
				y = 1
			}
			dCda[j] = 2 * (a - y)
			if mistake == "the 2 left out" {
				dCda[j] = a - y
			}
		}
		for l := last; l > 0; l-- {
			w := n.Weights[l]
			before := make([]float64, w.Cols) // dC/da of the layer before
			for j := range w.Rows {
				dadz := Sigmoid(p.Z[l][j]) * (1 - Sigmoid(p.Z[l][j]))
				if mistake == "sigma' left out of the last layer" && l == last ||
					mistake == "sigma' left out of a hidden layer" && l < last {
					dadz = 1
				}
				for k := range w.Cols {
					dzdw := p.A[l-1][k]
					if mistake == "the activation of the wrong layer" {
						dzdw = p.A[l][j]
					}
					dCdw := gradient.Weights[l]
					dCdw.Set(j, k, dCdw.At(j, k)+dzdw*dadz*dCda[j]*share)

					path := w.At(j, k) * dadz * dCda[j]
					switch {
					case mistake == "W transposed" && j < w.Cols && k < w.Rows:
						path = w.At(k, j) * dadz * dCda[j]
					case mistake == "a path of the sum left out" && j == 0:
						path = 0
					}
					before[k] += path
				}
				if mistake != "the bias forgotten" {
					gradient.Biases[l][j] += dadz * dCda[j] * share
				}
			}
			dCda = before
		}
	}
	return gradient.All
}

func TestSlopeOfSigmoidIsATimes1MinusA(t *testing.T) {
	for _, z := range []float64{-5, -1, 0, 0.3, 2, 7} {
		const h = 1e-5
		measured := (Sigmoid(z+h) - Sigmoid(z-h)) / (2 * h)
		if got := SigmoidSlope(Sigmoid(z)); math.Abs(got-measured) > 1e-10 {
			t.Errorf("chapter 4: sigma'(z) = a (1 - a) for z = %g is %.9g, measured %.9g", z, got, measured)
		}
	}
}

func TestSlopeMeasuresWhatCalculusSays(t *testing.T) {
	x := 0.7
	for name, c := range map[string]struct {
		f    func() float64
		want float64
	}{
		"x^2":    {func() float64 { return x * x }, 2 * x},
		"x^3":    {func() float64 { return x * x * x }, 3 * x * x},
		"sin x":  {func() float64 { return math.Sin(x) }, math.Cos(x)},
		"e^(5x)": {func() float64 { return math.Exp(5 * x) }, 5 * math.Exp(5*x)},
	} {
		if got := MeasureSlope(&x, c.f); RelativeError(got, c.want) > 1e-9 || x != 0.7 {
			t.Errorf("the slope of %s at 0.7 is measured as %v, want %v; x is now %v", name, got, c.want, x)
		}
	}
	for _, c := range [][3]float64{{2, 1, 0.5}, {1, -2, 1.5}, {0, 1e-12, 1e-7}} {
		if got := RelativeError(c[0], c[1]); got != c[2] {
			t.Errorf("computed %g, measured %g: relative error %v, want %g", c[0], c[1], got, c[2])
		}
	}
}

// What the tests share.

// mnist is loaded once for all tests.
var mnist = sync.OnceValue(func() *Dataset {
	set, err := LoadDataset("")
	if err != nil {
		panic(err)
	}
	return set
})

// network returns the network of a saved file's text.
func network(t *testing.T, text string) *Network {
	t.Helper()
	n, err := parseNetwork([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// blank returns a network whose weights and biases are all 0.
func blank(layers ...int) *Network {
	return &Network{Layers: layers, Parameters: NewParameters(layers)}
}

// quiet is a report that does nothing.
func quiet(Progress) error { return nil }

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// raced reports whether the race detector is on (go test -race). It makes arithmetic twenty
// times slower, so tests with much of it in one goroutine then do less.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// few is an example with a row of pixels.
func few(label int, greys ...byte) Example {
	return Example{Picture: NewPicture(1, len(greys), greys), Label: label}
}

// passOf returns the pass and the gradient of one example.
func passOf(n *Network, e Example) (*Pass, *Gradient) {
	p, g := n.NewPass(), n.NewGradient()
	n.Forward(p, e.Picture)
	n.Backward(p, e.Label, g)
	return p, g
}

// Chapter 1: what is a neural network?

func TestEveryNeuronHasABiasAndAWeightForEachNeuronBefore(t *testing.T) {
	layers := []int{784, 16, 16, 10}
	p := NewParameters(layers)
	for l := 1; l < len(layers); l++ {
		w, b := p.Weights[l], p.Biases[l]
		if w.Rows != layers[l] || w.Cols != layers[l-1] || len(b) != layers[l] {
			t.Errorf("layer %d has %d x %d weights and %d biases", l, w.Rows, w.Cols, len(b))
		}
		for i := range w.Data {
			w.Data[i]++
		}
		for j := range b {
			b[j]++
		}
	}
	odd := slices.IndexFunc(p.All, func(visits float64) bool { return visits != 1 })
	if len(p.All) != 13002 || odd >= 0 {
		t.Errorf("%d numbers, want 13002; number %d is not one weight or bias", len(p.All), odd)
	}
}

func TestSigmoidMapsEveryNumberBetween0And1(t *testing.T) {
	for _, c := range []struct{ z, want float64 }{
		{0, 0.5},
		{1, 0.7310585786300049},
		{-1, 0.2689414213699951},
		{math.Log(3), 0.75},
		{-math.Log(3), 0.25},
		{1000, 1},
		{-1000, 0},
		{math.Inf(1), 1},
		{math.Inf(-1), 0},
	} {
		if got := Sigmoid(c.z); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("chapter 1: sigma(%g) = %v, want %v", c.z, got, c.want)
		}
	}
}

// The sums have from 1 to 784 terms, so that the loops at the end of matrix.go and those that
// add what is left over all have work.
func TestNeuronIsSigmoidOfItsWeightedSumPlusBias(t *testing.T) {
	random := seeded(2)
	for _, size := range [][2]int{{1, 1}, {9, 1}, {1, 9}, {4, 3}, {7, 5}, {17, 16}, {784, 16}} {
		n := NewNetwork([]int{size[0], size[1]}, random)
		greys := make([]byte, size[0])
		for k := range greys {
			greys[k] = byte(random.IntN(3) * 100) // a third is black
		}
		p := n.NewPass()
		n.Forward(p, NewPicture(1, size[0], greys))
		for j := range size[1] {
			z := n.Biases[1][j]
			for k, grey := range greys {
				z += n.Weights[1].At(j, k) * float64(grey) / 255
			}
			if a := 1 / (1 + math.Exp(-z)); math.Abs(p.Z[1][j]-z) > 1e-13 || math.Abs(p.A[1][j]-a) > 1e-13 {
				t.Fatalf("chapter 1: z_j = b_j + sum over k of w_jk a_k, a_j = sigma(z_j): "+
					"with %d inputs z_%d = %.9g and a_%d = %.9g, want %.9g and %.9g",
					size[0], j, p.Z[1][j], j, p.A[1][j], z, a)
			}
		}
	}
}

func TestBrightestOutputIsTheAnswer(t *testing.T) {
	for _, c := range []struct {
		output []float64
		want   int
	}{
		{[]float64{0.1, 0.2, 0.9, 0.3}, 2},
		{[]float64{0.9, 0.2}, 0},
		{[]float64{0.1, 0.2}, 1},
		{[]float64{0.5, 0.5}, 0},
		{[]float64{0}, 0},
	} {
		if got := Answer(c.output); got != c.want {
			t.Errorf("%v: answer %d, want %d", c.output, got, c.want)
		}
	}
}

func TestSpreadOfRandomWeightsIs1OverTheRootOfTheInputs(t *testing.T) {
	deviation := func(numbers []float64) float64 { return length(numbers) / math.Sqrt(float64(len(numbers))) }
	for _, inputs := range []int{10, 784, 5000} {
		n := NewNetwork([]int{inputs, 1000}, seeded(4))
		if d := deviation(n.Weights[1].Data) * math.Sqrt(float64(inputs)); math.Abs(d-1) > 0.05 {
			t.Errorf("%d inputs: the weights deviate by %.3f/sqrt(inputs), want 1/sqrt(inputs)", inputs, d)
		}
		if d := deviation(n.Biases[1]); math.Abs(d-1) > 0.1 {
			t.Errorf("%d inputs: the biases deviate by %.3f, want 1", inputs, d)
		}
	}
}

func TestMistakesOfTheProgrammerPanic(t *testing.T) {
	n := NewNetwork([]int{4, 1}, seeded(1))
	for want, mistake := range map[string]func(){
		"a picture of 1 x 3 pixels for 4 inputs": func() { n.Forward(n.NewPass(), NewPicture(1, 3, make([]byte, 3))) },
		"Descend without examples":               func() { n.Descend(n.NewGradient(), 1, 0) },
	} {
		message := func() (message string) {
			defer func() { message, _ = recover().(string) }()
			mistake()
			return ""
		}()
		if message != want {
			t.Errorf("the panic says %q, want %q", message, want)
		}
	}
}

// Chapter 2: gradient descent, how neural networks learn.

func TestCostOfAnExampleIsTheSumOfSquaredDifferences(t *testing.T) {
	for _, c := range []struct {
		output []float64
		label  int
		want   float64
	}{
		{[]float64{0, 0, 1, 0}, 2, 0},
		{[]float64{0, 0, 1, 0}, 3, 2},
		{[]float64{0.5, 0.5, 0.5, 0.5}, 0, 1},
		{[]float64{0.25, 0.75}, 1, 0.125},
		{[]float64{1}, 0, 0},
	} {
		if got := Cost(c.output, c.label); got != c.want {
			t.Errorf("chapter 2: C = sum over j of (a_j - y_j)^2 of %v for a %d is %v, want %v", c.output, c.label, got, c.want)
		}
	}
}

func TestUsedPassGivesTheScoreOfAFreshOne(t *testing.T) {
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	examples, used := mnist().Test[:100], n.NewPass()
	cost, right := 0.0, 0
	for _, e := range examples {
		p, _ := passOf(n, e)
		if n.Forward(used, e.Picture); !slices.EqualFunc(used.A, p.A, slices.Equal[[]float64]) {
			t.Fatal("a used pass has other activations than a fresh one")
		}
		cost += Cost(p.A[3], e.Label) / 100
		if Answer(p.A[3]) == e.Label {
			right++
		}
	}
	if s := n.Score(examples); !(math.Abs(s.Cost-cost) <= 1e-12) || s.Right != right || s.Seen != 100 {
		t.Errorf("%+v, want the average cost %v and %d right", s, cost, right)
	}
}

// To first order a step of -rate * gradient changes the cost by -rate * |gradient|^2.
func TestStepLowersTheCostAsPredictedAndEmptiesTheGradient(t *testing.T) {
	const rate = 1e-5
	n, e := NewNetwork([]int{784, 16, 16, 10}, seeded(5)), mnist().Train[0]
	p, g := passOf(n, e)
	before, predicted := Cost(p.A[3], e.Label), -rate*dot(g.All, g.All)
	n.Descend(g, rate, 0)
	after := Cost(n.Forward(p, e.Picture), e.Label)
	if !(math.Abs((after-before)/predicted-1) <= 1e-3) {
		t.Errorf("chapter 2: a step changes the cost by %.9g, want about -rate * |gradient|^2 = %.9g", after-before, predicted)
	}
	if length(g.All) != 0 || g.Examples != 0 {
		t.Errorf("after the step the gradient has length %v, with %d examples", length(g.All), g.Examples)
	}
}

// Decay is the one tweak that changes a step; without it the rule is that of the videos.
func TestTrainingFollowsTheRuleOfTheVideosStepByStep(t *testing.T) {
	for _, decay := range []float64{0, 0.01} {
		examples := slices.Clone(mnist().Train[:23]) // mini-batches of 10, 10 and 3
		before, got := slices.Clone(examples), NewNetwork([]int{784, 5, 10}, seeded(6))
		want, random, order, steps := got.Clone(), seeded(7), slices.Clone(examples), 0
		training := Training{Epochs: 2, Batch: 10, Rate: 0.7, Decay: decay}
		training.Train(got, examples, seeded(7), func(p Progress) error {
			start := steps % 3 * 10
			if start == 0 {
				random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			}
			batch := order[start:min(start+10, len(order))]
			steps++
			if p.Epoch != 1+(steps-1)/3 || p.Seen != start+len(batch) || p.Of != 23 {
				t.Errorf("after step %d of 3 in each epoch: %+v", steps, p)
			}
			for i, derivative := range plainGradient(want, batch, "") {
				if i < len(want.Weights[1].Data) {
					derivative += decay * want.All[i]
				}
				want.All[i] -= 0.7 * derivative
				if !(math.Abs(got.All[i]-want.All[i]) <= 1e-12) {
					t.Fatalf("chapter 2: w <- w - 0.7 (dC/dw + %g w), C the average over %d examples: "+
						"after step %d %s is %.9g, want %.9g", decay, len(batch), steps,
						parameterName(got.Layers, i), got.All[i], want.All[i])
				}
			}
			return nil
		})
		same := slices.EqualFunc(examples, before, func(a, b Example) bool { return a.Label == b.Label })
		if steps != 6 || !same {
			t.Errorf("%d steps, want 6; the examples of the caller are in their order: %v", steps, same)
		}
	}
}

// A network without hidden layer shows the rate of a step: the bias of an output that is always
// shown the same picture changes by -rate * dC/db.
func TestAnnealingLowersTheRateTowards0(t *testing.T) {
	for _, c := range []struct {
		anneal bool
		want   []float64 // the rates of two epochs with two steps each
	}{{false, []float64{2, 2, 2, 2}}, {true, []float64{2, 1 + math.Sqrt2/2, 1, 1 - math.Sqrt2/2}}} {
		n, e := NewNetwork([]int{1, 1}, seeded(1)), few(0, 100)
		_, g := passOf(n, e)
		bias := n.Biases[1][0]
		step := 0
		training := Training{Epochs: 2, Batch: 5, Rate: 2, Anneal: c.anneal}
		training.Train(n, slices.Repeat([]Example{e}, 10), seeded(1), func(p Progress) error {
			rate := (bias - n.Biases[1][0]) / g.Biases[1][0]
			if math.Abs(rate-c.want[step]) > 1e-12 {
				t.Errorf("anneal %v: step %d of 4 has rate %.9g, want %.9g", c.anneal, step+1, rate, c.want[step])
			}
			bias, step = n.Biases[1][0], step+1
			_, g = passOf(n, e)
			return nil
		})
	}
}

func TestDecayShrinksTheFirstLayerWeightsInEveryStep(t *testing.T) {
	start := NewNetwork([]int{4, 3, 2}, seeded(10))
	plain, decayed := start.Clone(), start.Clone()
	for n, decay := range map[*Network]float64{plain: 0, decayed: 0.25} {
		_, g := passOf(n, few(0, 10, 0, 30, 40))
		n.Descend(g, 0.5, decay)
	}
	// w <- w - rate (dC/dw + decay w), so decay adds -0.5 * 0.25 w
	pixels := len(start.Weights[1].Data)
	for i, w := range start.All {
		want := 0.0
		if i < pixels {
			want = -0.5 * 0.25 * w
		}
		if got := decayed.All[i] - plain.All[i]; math.Abs(got-want) > 1e-15 {
			t.Errorf("w <- w - rate (dC/dw + decay w): decay changed %s by %.9g, want %.9g",
				parameterName(start.Layers, i), got, want)
		}
	}
}

func TestTrainingLearnsFromTheVariedPicture(t *testing.T) {
	n := NewNetwork([]int{1, 1}, seeded(1))
	w, b := n.All[0], n.All[1]
	black := func(Example, *rand.Rand) Picture { return few(0, 0).Picture }
	Training{Epochs: 1, Batch: 1, Rate: 1, Vary: black}.Train(n, []Example{few(0, 255)}, seeded(1), quiet)
	if n.All[0] != w || n.All[1] == b {
		t.Errorf("after a black picture, for which dC/dw = 0, w went from %v to %v, b from %v to %v", w, n.All[0], b, n.All[1])
	}
}

func TestShiftMovesAPictureByAtMostOnePixel(t *testing.T) {
	greys := []byte{
		0, 0, 0, 0,
		0, 1, 2, 0,
		0, 0, 0, 0,
		0, 0, 3, 0,
		0, 0, 0, 0,
	}
	random := seeded(1)
	count := map[string]int{}
	shift := Shift()
	for range 5000 {
		moved := shift(Example{Picture: NewPicture(5, 4, greys)}, random)
		if !slices.Equal(moved.Greys, []byte{1, 2, 3}) {
			t.Fatalf("the greys became %v", moved.Greys)
		}
		count[fmt.Sprint(moved.Lit)]++
	}
	for _, lit := range []string{"[5 6 14]", "[1 2 10]", "[9 10 18]", "[4 5 13]", "[6 7 15]"} {
		if count[lit] < 900 {
			t.Errorf("the pixels are at %s in %d of 5000 pictures, want about 1000", lit, count[lit])
		}
	}
	if len(count) != 5 {
		t.Errorf("the picture is seen in %d places, want 5", len(count))
	}
	for _, at := range []int{0, 1, 2, 3, 4, 7, 8, 11, 12, 15, 16, 17, 18, 19} { // the border holds a picture
		reaching := slices.Clone(greys)
		reaching[at] = 9
		for range 20 {
			if p := NewPicture(5, 4, reaching); !slices.Equal(shift(Example{Picture: p}, random).Lit, p.Lit) {
				t.Errorf("a picture with a lit pixel %d is moved", at)
			}
		}
	}
}

func TestReportCountsTheEpochAndItsErrorEndsTrainingAfterAStep(t *testing.T) {
	// At this rate the network stays the same, so an epoch counts what a test counts.
	training := Training{Epochs: 5, Batch: 7, Rate: 1e-15}
	examples, enough := mnist().Train[:50], errors.New("enough")
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(11))
	want := n.Score(examples)
	var whole, last Progress
	err := training.Train(n, examples, seeded(1), func(p Progress) error {
		if last = p; p.Seen == p.Of {
			whole = p
		}
		if p.Epoch == 3 && p.Seen == 21 {
			return enough
		}
		return nil
	})
	if whole.Epoch != 2 || whole.Of != 50 || whole.Right != want.Right || math.Abs(whole.Cost-want.Cost) > 1e-9 {
		t.Errorf("at the end of epoch 2 %+v, want cost %v and %d right", whole, want.Cost, want.Right)
	}
	if err != enough || last.Epoch != 3 || last.Seen != 21 {
		t.Errorf("stopped at %+v with %v, want epoch 3 after 21", last, err)
	}
}

func TestSaturatedNeuronsGiveNumbersNotNaN(t *testing.T) {
	for z, want := range map[float64]float64{-1000: 2, -40: 2, 40: 0, 1000: 0} { // all outputs wrong, or all right
		n := blank(1, 1, 2)
		n.Biases[1][0], n.Biases[2][0], n.Biases[2][1] = z, z, -z
		p, g := passOf(n, few(0, 255))
		if cost := Cost(p.A[2], 0); math.Abs(cost-want) > 1e-15 {
			t.Errorf("z = %g: outputs %v cost %v, want %v", z, p.A[2], cost, want)
		}
		if !(length(g.All) <= 1e-15) {
			t.Errorf("z = %g: derivatives %v, but every sigmoid is flat", z, g.All)
		}
	}
}

func TestTrainingCopesWithOddExamples(t *testing.T) {
	for _, c := range []struct {
		name     string
		layers   []int
		examples []Example
		right    int // at least, after training
	}{
		{"a single example", []int{2, 3, 2}, []Example{few(1, 9, 99)}, 1},
		{"one class only", []int{2, 3, 1}, []Example{few(0, 9, 99), few(0, 99, 9)}, 2},
		{"pictures that are all the same", []int{2, 3, 2}, []Example{few(0, 50, 50), few(1, 50, 50)}, 1},
		{"pictures that are all black", []int{2, 3, 2}, []Example{few(0, 0, 0), few(1, 0, 0)}, 1},
		{"one neuron in each layer", []int{1, 1, 1, 1}, []Example{few(0, 255), few(0, 0)}, 2},
		{"no hidden layer", []int{2, 2}, []Example{few(0, 255, 0), few(1, 0, 255)}, 2},
	} {
		n := NewNetwork(c.layers, seeded(1))
		before := n.Score(c.examples).Cost
		training := Training{Epochs: 200, Batch: 1, Rate: 0.5, Anneal: true, Vary: Shift()}
		if err := training.Train(n, c.examples, seeded(1), quiet); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		after := n.Score(c.examples)
		if !(after.Cost < before) || after.Right < c.right {
			t.Errorf("%s: the cost went from %v to %v, %d right", c.name, before, after.Cost, after.Right)
		}
	}
}

func TestSameSeedGivesTheSameNetwork(t *testing.T) {
	train := func(seed uint64) []float64 {
		random, plan := seeded(seed), defaults().plan
		n := NewNetwork([]int{784, 16, 16, 10}, random)
		plan.Epochs = 2
		plan.Train(n, mnist().Train[:500], random, quiet)
		return n.All
	}
	if first := train(1); !slices.Equal(first, train(1)) || slices.Equal(first, train(2)) {
		t.Error("seed 1 gave two networks, or seed 2 the same")
	}
}

// The sentences of the videos, measured: go test -v -run Claims

func TestClaims(t *testing.T) {
	if raced() || testing.Short() {
		t.Skip("they take seconds without -race, and minutes with it")
	}
	t.Parallel()
	layers := []int{784, 16, 16, 10}
	some := mnist().Train[:10000]

	// The network that most of the claims are about: the videos' plain rule.
	plain, afterOne := NewNetwork(layers, seeded(1)), 0
	Training{Epochs: 5, Batch: 10, Rate: 1.5}.Train(plain, mnist().Train, seeded(1), func(p Progress) error {
		if p.Epoch == 1 && p.Seen == p.Of {
			afterOne = plain.Score(mnist().Test).Right
		}
		return nil
	})

	claim := func(name string, measure func(*testing.T)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			measure(t)
		})
	}

	claim("the network has 13,002 weights and biases (chapter 1)", func(t *testing.T) {
		t.Logf("784*16 + 16*16 + 16*10 weights and 16 + 16 + 10 biases are %d numbers", len(plain.All))
		holds(t, len(plain.All) == 13002)
	})

	claim("a neuron can be made by hand to see one bar (chapter 1)", func(t *testing.T) {
		// Weights of 1 along a bar of 8 pixels and -1 right above and below it.
		n := blank(28*28, 1)
		black, white := make([]byte, 784), bytes.Repeat([]byte{255}, 784)
		bar, upright := make([]byte, 784), make([]byte, 784)
		for i := range 8 {
			n.Weights[1].Set(0, 10*28+10+i, 1)
			n.Weights[1].Set(0, 9*28+10+i, -1)
			n.Weights[1].Set(0, 11*28+10+i, -1)
			bar[10*28+10+i] = 255
			upright[(7+i)*28+13] = 255
		}
		p := n.NewPass()
		for _, bias := range []float64{-5, 0} {
			n.Biases[1][0] = bias
			var a [4]float64
			for i, picture := range [][]byte{bar, black, white, upright} {
				a[i] = n.Forward(p, NewPicture(28, 28, picture))[0]
			}
			t.Logf("activation with bias %+g: %.3f for the bar, %.3f for black, %.3f for white, "+
				"%.3f for the bar upright", bias, a[0], a[1], a[2], a[3])
			if a[0] < 0.9 || bias < 0 && max(a[1], a[2], a[3]) > 0.1 || bias == 0 && a[1] < 0.4 {
				t.Error("with the bias it should fire on the bar only, without it too easily")
			}
		}
	})

	claim("an untrained network guesses, at a cost of 2.5 to 3 (chapter 2)", func(t *testing.T) {
		cost, right := 0.0, 0
		for seed := range uint64(20) {
			score := NewNetwork(layers, seeded(seed)).Score(mnist().Test[:1000])
			cost += score.Cost / 20
			right += score.Right
		}
		t.Logf("20 random networks: average cost %.2f, %.1f%% of the answers right", cost, percent(right, 20000))
		holds(t, cost >= 2.3 && cost <= 3.3 && right >= 1400 && right <= 2600)
	})

	claim("the cost falls, and the steps get smaller as the slope flattens (chapter 2)", func(t *testing.T) {
		n := NewNetwork(layers, seeded(1))
		var costs, lengths []float64
		done := 0
		for _, epochs := range []int{0, 1, 2, 5, 12} {
			Training{Epochs: epochs, Batch: 10, Rate: 0.75}.Train(n, some, seeded(1), quiet)
			done += epochs
			cost := n.Score(some).Cost
			steepness := length(backprop(n, some))
			costs, lengths = append(costs, cost), append(lengths, steepness)
			t.Logf("after %s of 10,000 pictures: cost %.3f, length of the gradient as a vector %.4f",
				count(done, "epoch"), cost, steepness)
		}
		last := len(costs) - 1
		holds(t, costs[last] <= costs[0]/10 && lengths[last] <= lengths[0]/10)
	})

	claim("a rate that is too large overshoots (chapter 2)", func(t *testing.T) {
		var costs []float64
		for _, rate := range []float64{1, 100} {
			n := NewNetwork(layers, seeded(1))
			Training{Epochs: 1, Batch: 10, Rate: rate}.Train(n, some, seeded(1), quiet)
			score := n.Score(some)
			t.Logf("after an epoch with rate %g: cost %.3f, %.1f%% right", rate, score.Cost, percent(score.Right, len(some)))
			costs = append(costs, score.Cost)
		}
		holds(t, costs[1] >= 2*costs[0])
	})

	claim("other random starts end in other valleys of nearly the same depth (chapter 2)", func(t *testing.T) {
		var ends []*Network
		var costs []float64
		for _, seed := range []uint64{1, 2} {
			n := NewNetwork(layers, seeded(seed))
			Training{Epochs: 5, Batch: 10, Rate: 1.5, Anneal: true}.Train(n, some, seeded(1), quiet)
			cost := n.Score(some).Cost
			ends, costs = append(ends, n), append(costs, cost)
		}
		far := cosine(ends[0].All, ends[1].All)
		t.Logf("two networks end with costs %.4f and %.4f; cosine of the angle between their 13,002 numbers %.2f "+
			"(1 is the same direction, 0 a right angle)", costs[0], costs[1], far)
		holds(t, math.Abs(costs[0]-costs[1]) <= 0.25*max(costs[0], costs[1]) && far <= 0.5)
	})

	claim("about 96 of 100 pictures never seen are read right (chapter 2)", func(t *testing.T) {
		random, s := seeded(1), defaults()
		n := NewNetwork(layers, random)
		s.plan.Epochs = 10 // of 40, which take four times as long
		plan := s.training()
		plan.Train(n, mnist().Train, random, quiet)
		plainRight := plain.Score(mnist().Test).Right
		right := n.Score(mnist().Test).Right
		t.Logf("right in test: %.2f%% after 5 epochs of the videos' rule, %.2f%% after %d epochs of go run . train, "+
			"which adds -anneal, -decay and -shift; 93.63%% with the weights shown in the videos",
			percent(plainRight, 10000), percent(right, 10000), plan.Epochs)
		if afterOne < 9000 || plainRight < 9200 || right < 9570 {
			t.Errorf("too few; %d were right after 1 epoch", afterOne)
		}
	})

	claim("what the first layer looks for seems almost random (chapter 2)", func(t *testing.T) {
		// The weights of the videos' network start with the same spread as its biases. What is
		// learned then hides in what was random from the start.
		wide := NewNetwork(layers, seeded(1))
		for i := range wide.Weights[1].Data {
			wide.Weights[1].Data[i] *= 28
		}
		untrained := likeness(wide)
		Training{Epochs: 2, Batch: 10, Rate: 1.5}.Train(wide, mnist().Train, seeded(1), quiet)
		t.Logf("cosine of the weights from neighbouring pixels (0 is random): %.2f before training, "+
			"%.2f after training from large random weights, %.2f from small ones",
			untrained, likeness(wide), likeness(plain))
		t.Log("true for large random weights; from small ones, as in train, neurons come to look for strokes and edges")
		holds(t, likeness(wide) <= 0.5 && likeness(plain) >= 0.5)
	})

	claim("it answers confidently even when shown noise (chapter 2)", func(t *testing.T) {
		var noise []Example
		random, greys := seeded(1), make([]byte, 784)
		for range 1000 {
			for i := range greys {
				greys[i] = byte(random.IntN(256))
			}
			noise = append(noise, Example{Picture: NewPicture(28, 28, greys)})
		}
		var wrong []Example
		for _, m := range review(plain, mnist().Test).mistakes {
			wrong = append(wrong, m.example)
		}
		t.Logf("average of the brightest output: %.2f for digits, %.2f for digits read wrong, %.2f for noise",
			brightness(plain, mnist().Test), brightness(plain, wrong), brightness(plain, noise))
		t.Logf("how many of 1,000 pictures of noise it reads as 0, 1, 2, ..., 9: %v", review(plain, noise).table[0])
		holds(t, brightness(plain, noise) >= 0.3)
	})

	claim("a network that is large for its data learns labels at random by heart, and nothing from them (chapter 2)", func(t *testing.T) {
		random := seeded(1)
		shuffled := slices.Clone(mnist().Train[:10000])
		for i := range shuffled {
			shuffled[i].Label = random.IntN(10)
		}
		for _, c := range []struct {
			name                     string
			hidden, examples, epochs int
			least, most              float64 // share of the labels that it learns
		}{{"large for its data", 100, 300, 100, 90, 100}, {"small for its data", 16, 10000, 5, 0, 40}} {
			n := NewNetwork([]int{784, c.hidden, 10}, seeded(1))
			examples := shuffled[:c.examples]
			Training{Epochs: c.epochs, Batch: 10, Rate: 1.5, Anneal: true}.Train(n, examples, seeded(1), quiet)
			byHeart := n.Score(examples).Right
			right := n.Score(mnist().Test).Right
			t.Logf("a network %s (%d hidden neurons, %d pictures): %.1f%% of the random labels right, "+
				"%.1f%% of the test digits", c.name, c.hidden, c.examples,
				percent(byHeart, c.examples), percent(right, 10000))
			share := percent(byHeart, c.examples)
			holds(t, share >= c.least && share <= c.most && right <= 2500)
		}
	})

	claim("a component of the gradient 32 times as large matters 32 times as much (chapter 3)", func(t *testing.T) {
		n := NewNetwork(layers, seeded(1))
		examples := mnist().Train[:100]
		g := backprop(n, examples)[:16*784] // the first-layer weights
		large := 0
		for i, derivative := range g {
			if math.Abs(derivative) > math.Abs(g[large]) {
				large = i
			}
		}
		small := 0
		for i := range g {
			if math.Abs(g[large]/g[i]-32) < math.Abs(g[large]/g[small]-32) {
				small = i
			}
		}
		before := n.Score(examples).Cost
		change := func(i int) float64 {
			n.All[i] += 1e-4
			defer func() { n.All[i] -= 1e-4 }()
			after := n.Score(examples).Cost
			return after - before
		}
		t.Logf("two components of the gradient: %.3g and %.3g, ratio %.2f; "+
			"the same nudge changes the cost by %.3g and %.3g, ratio %.2f",
			g[large], g[small], g[large]/g[small], change(large), change(small), change(large)/change(small))
		holds(t, math.Abs(change(large)/change(small)/32-1) <= 0.05)
	})

	claim("the gradient of a mini-batch points roughly the way of the whole one (chapter 3)", func(t *testing.T) {
		whole := backprop(plain, some)
		last := 0.0
		for _, size := range []int{1, 10, 100, 1000} {
			mean := 0.0
			for batch := range 10 {
				mean += cosine(backprop(plain, some[batch*size:][:size]), whole) / 10
			}
			t.Logf("cosine of the angle between the gradients of %d and of 10,000 examples: %.3f", size, mean)
			holds(t, mean > last) // more examples come closer
			last = mean
		}
		t.Log("1 is the same direction, 0 a right angle; so 10 examples say little, " +
			"but a step with them is 1,000 times cheaper")
	})

	claim("a network that listens only to the 2s takes everything for a 2 (chapter 3)", func(t *testing.T) {
		n := NewNetwork(layers, seeded(1))
		var twos []Example
		for _, e := range mnist().Train[:20000] {
			if e.Label == 2 {
				twos = append(twos, e)
			}
		}
		Training{Epochs: 1, Batch: 10, Rate: 1.5}.Train(n, twos, seeded(1), quiet)
		called := 0
		for _, answers := range review(n, mnist().Test).table {
			called += answers[2]
		}
		t.Logf("trained with %d pictures of a 2 only, it reads %.2f%% of the test digits as 2",
			len(twos), percent(called, 10000))
		holds(t, called >= 9900)
	})
}

// holds fails the test if a claim, in the line of the call, does not hold.
func holds(t *testing.T, claim bool) {
	t.Helper()
	if !claim {
		t.Error("the claim does not hold; the log has what was measured")
	}
}

func length(x []float64) float64 { return math.Sqrt(dot(x, x)) }

func cosine(x, y []float64) float64 { return dot(x, y) / math.Sqrt(dot(x, x)*dot(y, y)) }

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// brightness returns the average activation of the brightest output.
func brightness(n *Network, examples []Example) float64 {
	sum, p := 0.0, n.NewPass()
	for _, e := range examples {
		sum += slices.Max(n.Forward(p, e.Picture))
	}
	return sum / float64(len(examples))
}

// likeness returns how much the weights from pixels side by side in the middle of the
// picture go together: the cosine of the two lists, near 0 for random ones.
func likeness(n *Network) float64 {
	var left, right []float64
	for j := range n.Layers[1] {
		for y := 6; y < 22; y++ {
			for x := 6; x < 21; x++ {
				left = append(left, n.Weights[1].At(j, 28*y+x))
				right = append(right, n.Weights[1].At(j, 28*y+x+1))
			}
		}
	}
	return cosine(left, right)
}

// The digits.

func TestMNISTIsWholeAndInOrder(t *testing.T) {
	set := mnist()
	if set.Rows != 28 || set.Cols != 28 || set.Classes != 10 || len(set.Train) != 60000 || len(set.Test) != 10000 {
		t.Fatalf("%d x %d pixels, %d classes, %d and %d pictures",
			set.Rows, set.Cols, set.Classes, len(set.Train), len(set.Test))
	}
	for i, want := range []int{5, 0, 4, 1, 9, 2, 1, 3, 1, 4} {
		if got := set.Train[i].Label; got != want {
			t.Errorf("picture %d has label %d, want %d", i, got, want)
		}
	}
	sum := 0
	for _, e := range set.Train {
		for _, grey := range e.Greys {
			sum += int(grey)
		}
	}
	if mean := float64(sum) / 60000 / 784 / 255; math.Abs(mean-0.1307) > 0.0001 {
		t.Errorf("the mean grey is %.4f, want 0.1307", mean)
	}
}

// idx makes a file in the IDX format.
func idx(magic uint32, size []uint32, data []byte) []byte {
	file := binary.BigEndian.AppendUint32(nil, magic)
	for _, n := range size {
		file = binary.BigEndian.AppendUint32(file, n)
	}
	return append(file, data...)
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func TestBrokenIDXFilesAreErrorsThatSayWhy(t *testing.T) {
	good := idx(0x803, []uint32{2, 2, 2}, make([]byte, 8))
	zipped := gzipped(good)
	badSum := slices.Clone(zipped)
	badSum[len(badSum)-5] ^= 1
	picture := make([]byte, 28*28)
	tar := append(make([]byte, 257), "ustar"...)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "header"},
		{"cut in the header", good[:9], "header"},
		{"cut in the data", good[:20], "after 1 of the 2 pictures"},
		{"one byte missing", good[:23], "after 1 of the 2 pictures"},
		{"one byte too many", append(slices.Clone(good), 0), "goes on after the 2 pictures"},
		{"labels for pictures", idx(0x801, []uint32{8}, make([]byte, 8)), "of pictures, but an IDX file of labels"},
		{"integers", idx(0xc03, []uint32{2, 2, 2}, make([]byte, 32)), "32-bit integers"},
		{"floats", idx(0xd03, []uint32{2, 2, 2}, make([]byte, 32)), "32-bit floats"},
		{"large floats", idx(0xe03, []uint32{2, 2, 2}, make([]byte, 64)), "64-bit floats"},
		{"four dimensions", idx(0x804, []uint32{2, 2, 2, 3}, make([]byte, 24)), "starts with 00000804"},
		{"text", []byte("this is not a file of pictures at all"), "starts with 74686973"},
		{"HTML", []byte("\n<!DOCTYPE html><html>"), "a web page"},
		{"HTML without a declaration", []byte("<HTML>"), "a web page"},
		{"XML", []byte("\ufeff<?xml version='1.0'?>"), "XML"},
		{"Git LFS", []byte("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"},
		{"zip", []byte("PK\x03\x04"), "zip archive"},
		{"tar, compressed", gzipped(tar), "tar archive"},
		{"NumPy", []byte("\x93NUMPY\x01\x00"), "NumPy"},
		{"no pictures", idx(0x803, []uint32{0, 28, 28}, nil), "0 pictures"},
		{"no rows", idx(0x803, []uint32{1, 0, 28}, nil), "0 rows"},
		{"no columns", idx(0x803, []uint32{1, 8, 0}, nil), "0 columns"},
		{"billions of pictures", idx(0x803, []uint32{math.MaxUint32, 28, 28}, picture), "after 1 of the 4294967295"},
		{"billions of rows", idx(0x803, []uint32{1, math.MaxUint32, 1}, picture), "of 4294967295 bytes"},
		{"0 pixels in 32 bits", idx(0x803, []uint32{1, 1 << 31, 2}, picture), "of 4294967296 bytes"},
		{"0 pixels in 62 bits", idx(0x803, []uint32{1, 1 << 31, 1 << 31}, picture), "of 4611686018427387904 bytes"},
		{"a little too large", idx(0x803, []uint32{1, 51000, 1001}, nil), "of 51051000 bytes; at most 51 million"},
		{"just not too large", idx(0x803, []uint32{1, 51000, 1000}, nil), "after 0 of the 1"},
		{"gzip that claims too much", gzipped(idx(0x803, []uint32{1 << 20, 28, 28}, picture)), "after 1 of the 1048576"},
		{"gzip cut short", zipped[:len(zipped)-9], "unexpected EOF"},
		{"gzip with a wrong checksum", badSum, "checksum"},
		{"gzip in gzip with a wrong checksum", gzipped(badSum), "checksum"},
		{"gzip that is none", []byte{0x1f, 0x8b, 1, 2, 3}, "EOF"},
		{"gzip three times", gzipped(gzipped(zipped)), "unpack it"},
	} {
		err := readIDX(bytes.NewReader(c.file), 3, func([]int, []byte) error { return nil })
		if !says(err, c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// says reports whether err is an error with all of these words.
func says(err error, words ...string) bool {
	return err != nil && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(err.Error(), w) })
}

// greysOf returns the greys of all pixels of a picture.
func greysOf(p Picture) []byte {
	greys := make([]byte, p.Rows*p.Cols)
	for i, k := range p.Lit {
		greys[k] = p.Greys[i]
	}
	return greys
}

// write writes a file and returns its path.
func write(t testing.TB, folder, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(folder, name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// smallSet returns a dataset with the same examples in both halves. Each picture is filled
// with 10 times its label.
func smallSet(examples, rows, cols, classes int) *Dataset {
	set := &Dataset{Rows: rows, Cols: cols, Classes: classes}
	for i := range examples {
		label := i % classes
		greys := bytes.Repeat([]byte{byte(10 * label)}, rows*cols)
		set.Train = append(set.Train, Example{Picture: NewPicture(rows, cols, greys), Label: label})
	}
	set.Test = set.Train
	return set
}

// writeSet writes the four files of a dataset to a new folder, those of the labels compressed.
func writeSet(t *testing.T, set *Dataset) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for half, examples := range map[string][]Example{"train": set.Train, "t10k": set.Test} {
		var pixels, labels []byte
		for _, e := range examples {
			pixels, labels = append(pixels, greysOf(e.Picture)...), append(labels, byte(e.Label))
		}
		size := []uint32{uint32(len(examples)), uint32(set.Rows), uint32(set.Cols)}
		write(t, folder, half+"-images-idx3-ubyte", idx(0x803, size, pixels))
		write(t, folder, half+"-labels-idx1-ubyte.gz", gzipped(idx(0x801, size[:1], labels)))
	}
	return folder
}

func TestFilesOfASetAreFoundUnderSimilarNamesAndBesideOthers(t *testing.T) {
	want := smallSet(256, 3, 5, 256)
	for _, c := range []struct {
		set     string
		name    string   // made from MNIST's name
		changes []string // in MNIST's name
		beside  []string // files that are none, made from the new name
	}{
		{"MNIST", "%s", nil, []string{"%s:Zone.Identifier", "._%s", "%s.bak", "%s (1)", "mnist-%s", ".gz %s"}},
		{"MNIST, unpacked", "%s", []string{".gz", ""}, []string{"%s.gz"}},
		{"MNIST, in folders", "%[1]s/%[1]s", nil, []string{"%s.bak", "._%s"}},
		{"MNIST from Kaggle", "%s", []string{"-idx", ".idx"}, []string{"%s.bak", "%s.gz"}},
		{"a copy of MNIST", "%s (1)", nil, []string{"%s:Zone.Identifier"}},
		{"a set with a name", "mnist-%s", nil, []string{"%s.bak", "._%s"}},
		{"QMNIST", "qmnist-%s", []string{"t10k", "test", "idx1-ubyte.gz", "idx2-int"}, []string{"%s.tsv.gz"}},
	} {
		folder := writeSet(t, want)
		files, _ := os.ReadDir(folder)
		for _, file := range files {
			name := strings.NewReplacer(c.changes...).Replace(file.Name())
			path := filepath.Join(folder, fmt.Sprintf(c.name, name))
			content, _ := os.ReadFile(filepath.Join(folder, file.Name()))
			os.Remove(filepath.Join(folder, file.Name()))
			os.Mkdir(filepath.Dir(path), 0o755)
			if strings.HasSuffix(name, "-int") { // the label, and another number
				content = idx(0xc02, []uint32{256, 2}, nil)
				for _, e := range want.Train {
					content = append(content, 0, 0, 0, byte(e.Label), 0, 0, 0, 99)
				}
			}
			os.WriteFile(path, content, 0o644)
			for _, beside := range c.beside {
				write(t, folder, fmt.Sprintf(beside, filepath.Base(path)), nil)
			}
		}
		if set, err := LoadDataset(folder); err != nil || !reflect.DeepEqual(set, want) {
			t.Errorf("%s: error %v, or another dataset", c.set, err)
		}
	}
}

func TestOneOfSeveralSetsInAFolderIsReadByItsName(t *testing.T) {
	folder := t.TempDir()
	for _, set := range []string{"emnist-digits", "emnist-letters"} {
		one := writeSet(t, smallSet(30, 3, 5, len(set)))
		files, _ := os.ReadDir(one)
		for _, file := range files {
			name := strings.Replace(file.Name(), "t10k", "test", 1)
			os.Rename(filepath.Join(one, file.Name()), filepath.Join(folder, set+"-"+name))
		}
	}
	if set, err := LoadDataset(filepath.Join(folder, "emnist-letters")); err != nil || set.Classes != 14 {
		t.Errorf("error %v, or another dataset", err)
	}
	empty := t.TempDir()
	file := write(t, empty, "mnist.csv", nil)
	for path, want := range map[string]string{
		folder:                                  "several files match: emnist-digits, emnist-letters; keep one",
		filepath.Join(folder, "emnist-byclass"): "emnist-byclass: no such folder",
		empty:                                   "no such file, with .gz or without; the folder has mnist.csv",
		file:                                    "mnist.csv: not a folder",
		filepath.Join(empty, "mnist"):           "no such file",
		filepath.Join(empty, "no"):              "no: no such folder",
	} {
		if _, err := LoadDataset(path); !says(err, want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}

func TestEMNISTIsReadUprightWithItsLetters(t *testing.T) {
	onItsSide, upright := []byte{1, 2, 3, 4, 5, 6}, []byte{1, 4, 2, 5, 3, 6} // of 2 rows and of 3
	files := fstest.MapFS{"emnist-letters-mapping.txt": {Data: []byte("1 65 97\r\n2 66 98\r\n3 7\r\n300 67\r\n")}}
	for _, half := range []string{"train", "test"} {
		files["emnist-letters-"+half+"-images-idx3-ubyte"] = &fstest.MapFile{Data: idx(0x803, []uint32{1, 2, 3}, onItsSide)}
		files["emnist-letters-"+half+"-labels-idx1-ubyte"] = &fstest.MapFile{Data: idx(0x801, []uint32{1}, []byte{2})}
	}
	set, err := readDataset(files, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Example{set.Train[0], set.Test[0]} {
		if e.Rows != 3 || e.Cols != 2 || !slices.Equal(greysOf(e.Picture), upright) {
			t.Errorf("read as %d x %d pixels %v, want %v", e.Rows, e.Cols, greysOf(e.Picture), upright)
		}
	}
	for label, want := range map[int]string{0: "0", 1: "A", 2: "B", 3: "3", 300: "300"} {
		if got := set.Name(label); got != want {
			t.Errorf("label %d is shown as %s, want %s", label, got, want)
		}
	}
	var out bytes.Buffer
	printSet(&console{out: &out}, set)
	if want := "1 picture to learn from, 1 for the test: 3 x 2 pixels, 1 class, turned upright\n"; out.String() != want {
		t.Errorf("train starts with %q, want %q", out.String(), want)
	}
}

func TestFilesThatDoNotFitTogetherAreErrorsThatNameTheFile(t *testing.T) {
	labels := func(n uint32, label byte) []byte {
		return idx(0x801, []uint32{n}, bytes.Repeat([]byte{label}, int(n)))
	}
	for _, c := range []struct {
		name, file string
		content    []byte // nil: the file is missing
		want       string
	}{
		{"missing", trainImages, nil, "no such file"},
		{"too few labels", testLabels, labels(29, 0), "29 labels for the 30 pictures"},
		{"too many labels", testLabels, labels(31, 0), "31 labels for the 30 pictures"},
		{"test pictures of another height", testImages, idx(0x803, []uint32{30, 4, 5}, make([]byte, 600)), "4 x 5"},
		{"test pictures of another width", testImages, idx(0x803, []uint32{30, 3, 4}, make([]byte, 360)), "3 x 4"},
		{"label without training", testLabels, labels(30, 26), "picture 0 has label 26, but labels are 0 to 25"},
		{"gzip that holds labels", trainImages + ".gz", gzipped(labels(30, 0)), "ubyte.gz: not an IDX file of pictures"},
		{"pictures and labels swapped", trainImages, labels(30, 0), "an IDX file of labels"},
		{"cut", trainImages, idx(0x803, []uint32{30, 3, 5}, make([]byte, 449)), "after 29 of the 30 pictures"},
		{"large label", trainLabels, idx(0xc02, []uint32{30, 1}, bytes.Repeat([]byte{0, 0, 1, 0}, 30)), "label 256"},
		{"label -1", trainLabels, idx(0xc02, []uint32{30, 1}, bytes.Repeat([]byte{255}, 120)), "picture 0 has label -1"},
		{"label -1 in a byte", trainLabels, idx(0x801, []uint32{30}, append(make([]byte, 29), 255)),
			"picture 29 has label 255"},
		{"compressed twice", trainImages, gzipped(gzipped(labels(30, 0))), "an IDX file of labels"},
	} {
		folder := writeSet(t, smallSet(30, 3, 5, 26))
		os.Remove(filepath.Join(folder, strings.TrimSuffix(c.file, ".gz")))
		os.Remove(filepath.Join(folder, c.file+".gz"))
		if c.content != nil {
			write(t, folder, c.file, c.content)
		}
		if _, err := LoadDataset(folder); !says(err, c.want, filepath.Join(folder, c.file)) {
			t.Errorf("%s: error %v, want one with %q that names %s", c.name, err, c.want, c.file)
		}
	}
}

func FuzzReadIDX(f *testing.F) {
	f.Add(idx(0x803, []uint32{2, 2, 2}, make([]byte, 8)), 3)
	f.Add(gzipped(gzipped(idx(0x801, []uint32{3}, []byte{1, 2, 3}))), 1)
	f.Add(idx(0xc02, []uint32{1, 2}, make([]byte, 8)), 1)
	f.Fuzz(func(t *testing.T, file []byte, dimensions int) {
		dimensions = 1 + 2*(dimensions&1)
		items := 0
		err := readIDX(bytes.NewReader(file), dimensions, func(size []int, item []byte) error {
			length := 1
			for _, n := range size {
				length *= n
			}
			if len(item) != length && (dimensions != 1 || len(item) != 4*length) {
				t.Errorf("an item of size %v has %d bytes", size, len(item))
			}
			items++
			return nil
		})
		if err == nil && items == 0 {
			t.Error("no items, and no error")
		}
	})
}

// network.json.

func TestNetworkFileHasARowForEachNeuronAndEveryBit(t *testing.T) {
	want := &Network{Layers: []int{2, 3}, Parameters: NewParameters([]int{2, 3})}
	for j := range 3 {
		want.Weights[1].Set(j, 0, float64(10*j))
		want.Weights[1].Set(j, 1, -1e29)
		want.Biases[1][j] = 1 / float64(j+1)
	}
	want.Weights[1].Set(0, 1, math.SmallestNonzeroFloat64)
	path := saved(t, want)
	const text = `{"layers":[2,3],"weights":[[[0,5e-324],[10,-1e+29],[20,-1e+29]]],` +
		`"biases":[[1,0.5,0.3333333333333333]]}` + "\n"
	if file, _ := os.ReadFile(path); string(file) != text {
		t.Errorf("%s, want %s", file, text)
	}
	for _, start := range []string{"", "\ufeff"} { // Windows writes a byte order mark
		if got, err := parseNetwork([]byte(start + text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after %q: %+v, error %v", start, got, err)
		}
	}
}

func TestBrokenNetworkFilesAreErrorsThatSayWhere(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"cut", `{"layers":[2,1],"weights":[[[1,`, "unexpected end"},
		{"text", "hello", "invalid character"},
		{"two networks", `{"layers":[1,1],"weights":[[[1]]],"biases":[[1]]} {}`, "after top-level"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "UTF-16"},
		{"UTF-16 without a mark", "\x00{\x00}", "UTF-16"},
		{"a list", `[1,2]`, "expected an object, found array"},
		{"null", `null`, "expected an object"},
		{"another layout", `{"sizes":[2,1],"w1":[[1,2]],"b1":[1]}`,
			`expected {"layers":[784,16,16,10],"weights":[W1,W2,W3]`},
		{"one layer", `{"layers":[3],"weights":[],"biases":[]}`, "1 layer; a network has at least 2"},
		{"a layer of none", `{"layers":[2,0],"weights":[[]],"biases":[[]]}`, "at least 1 neuron"},
		{"a negative layer", `{"layers":[-2,1],"weights":[[[]]],"biases":[[1]]}`, "at least 1 neuron"},
		{"half a neuron", `{"layers":[2,1.5],"weights":[[[1,2]]],"biases":[[1]]}`,
			"expected a whole number, found number 1.5"},
		{"absurd sizes", `{"layers":[1000000000,1000000000],"weights":[[[1]]],"biases":[[1]]}`,
			"1000000000 rows and 1000000000 biases, not 1 and 1"},
		{"weights missing", `{"layers":[2,1],"biases":[[1]]}`, "not 0 and 1"},
		{"biases missing", `{"layers":[2,1],"weights":[[[1,2]]]}`, "not 1 and 0"},
		{"a layer too many", `{"layers":[1,1],"weights":[[[1]],[[1]]],"biases":[[1],[1]]}`, "not 2 and 2"},
		{"transposed", `{"layers":[2,1],"weights":[[[1],[2]]],"biases":[[1]]}`,
			"layer 1: the layers need 1 rows and 1 biases, not 2 and 1; expected {"},
		{"a ragged row", `{"layers":[2,2],"weights":[[[1,2],[3]]],"biases":[[1,2]]}`,
			"layer 1: the layers need 2 weights in row 1, not 1"},
		{"too many biases", `{"layers":[1,1],"weights":[[[1]]],"biases":[[1,2]]}`, "1 rows and 1 biases, not 1 and 2"},
		{"a null", `{"layers":[2,1],"weights":[[[1,null]]],"biases":[[1]]}`, "weight 1 of row 0 into layer 1 is too large"},
		{"a null bias", `{"layers":[1,1],"weights":[[[1]]],"biases":[[null]]}`, "bias 0 of layer 1 is too large"},
		{"NaN", `{"layers":[1,1,1],"weights":[[[1]],[[NaN]]],"biases":[[1],[1]]}`,
			"weight 0 of row 0 into layer 2 is too large or not a"},
		{"-Infinity", `{"layers":[1,1],"weights":[[[1]]],"biases":[[-Infinity]]}`,
			"bias 0 of layer 1 is too large"},
		{"too large to be a number", `{"layers":[1,1],"weights":[[[1e999]]],"biases":[[1]]}`, "1e999"},
		{"too large to be added up", `{"layers":[1,2],"weights":[[[1],[1e308]]],"biases":[[1,1]]}`,
			"weight 0 of row 1 into layer 1 is too large"},
		{"a word", `{"layers":[1,1],"weights":[[["1"]]],"biases":[[1]]}`,
			"weights: expected a 64-bit number, found string"},
	} {
		path := write(t, t.TempDir(), "odd.json", []byte(c.text))
		n, err := loadNetwork(path)
		if n != nil || !says(err, c.want, path) || says(err, "\n") || says(err, "float64") {
			t.Errorf("%s: network %v, error %v, want one line with the path and %q", c.name, n, err, c.want)
		}
		if _, err := newKeeper(path); !says(err, path) {
			t.Errorf("%s: train would replace it, error %v", c.name, err)
		}
	}
}

func TestWhatIsNoNetworkFileIsNotRead(t *testing.T) {
	folder := t.TempDir()
	huge := write(t, folder, "huge.json", nil)
	if err := os.Truncate(huge, 1<<40); err != nil { // a file with a hole takes no space
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		folder:                             "not a regular file",
		"/dev/zero":                        "not a regular file",
		huge:                               "too large",
		os.DevNull:                         "not a regular file",
		folder + "/":                       "not a regular file",
		filepath.Join(folder, "none.json"): "go run . train",
	} {
		if n, err := loadNetwork(path); n != nil || !says(err, want) {
			t.Errorf("%s: network %v, error %v, want %q", path, n, err, want)
		}
	}
}

func TestFileIsSavedWholeOrNotAtAllWithItsModeAndLinks(t *testing.T) {
	folder := t.TempDir()
	path, link := filepath.Join(folder, "network.json"), filepath.Join(folder, "link.json")
	n := NewNetwork([]int{2, 1}, seeded(1))
	for _, mode := range []fs.FileMode{0o664, 0o600} {
		saveAs(t, n, path)
		os.Chmod(path, mode)
		os.Symlink("network.json", link)
		k, err := newKeeper(link)
		if err == nil {
			err = k.save(n)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, backup(link)} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: mode %v, error %v, want %o", name, info.Mode(), err, mode)
			}
		}
		if target, _ := os.Readlink(link); target != "network.json" {
			t.Errorf("the link points to %q", target)
		}
		old, _ := os.ReadFile(path)
		bad := n.Clone()
		bad.Weights[1].Set(0, 1, math.NaN())
		if err := k.save(bad); !says(err, link) {
			t.Errorf("a network with a NaN is saved: error %v", err)
		}
		if now, _ := os.ReadFile(path); !bytes.Equal(now, old) {
			t.Errorf("the old file was changed to %q", now)
		}
	}
	if files, _ := os.ReadDir(folder); len(files) != 3 {
		t.Errorf("left behind: %v", files)
	}
}

func TestPathThatCannotBeWrittenIsFoundBeforeTraining(t *testing.T) {
	folder, fresh := t.TempDir(), t.TempDir()
	loop, dangling := filepath.Join(fresh, "loop"), filepath.Join(fresh, "dangling")
	os.Symlink(loop, loop)
	os.Symlink("nowhere", dangling)
	for _, path := range []string{
		folder, filepath.Join(folder, "no", "network.json"), "/dev/null", loop, dangling, "", "-",
	} {
		if _, err := newKeeper(path); !says(err, path) || says(err, ".part") {
			t.Errorf("newKeeper(%q): error %v", path, err)
		}
	}
	ended := exec.Command("true")
	ended.Run()
	write(t, fresh, fmt.Sprintf("network.json.part-%d-1f", ended.Process.Pid), nil) // its program was killed
	write(t, fresh, fmt.Sprintf("network.json.part-%d-1f", os.Getpid()), nil)       // its program is saving
	if _, err := newKeeper(filepath.Join(fresh, "network.json")); err != nil {
		t.Errorf("newKeeper: %v", err)
	}
	files, _ := os.ReadDir(folder)
	if more, _ := os.ReadDir(fresh); len(files) != 0 || len(more) != 3 {
		t.Errorf("left behind: %v %v", files, more)
	}
}

// What was in the file before is in the file, the backup or a file that the error names,
// whatever two programs do at the same time.
func TestKeeperKeepsWhatItHasNotSavedItself(t *testing.T) {
	networks := make([]*Network, 6)
	for i := range networks {
		networks[i] = NewNetwork([]int{2, 1}, seeded(uint64(i)))
	}
	path := saved(t, networks[0])
	is := func(name string, want *Network) {
		t.Helper()
		if n, err := loadNetwork(name); err != nil || !slices.Equal(n.All, want.All) {
			t.Errorf("%s does not have the right network, error %v", filepath.Base(name), err)
		}
	}
	open := func() *keeper {
		k, err := newKeeper(path)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	save := func(k *keeper, n *Network) error {
		t.Helper()
		err := k.save(n)
		is(path, n)
		return err
	}
	a, b := open(), open()
	save(a, networks[1])
	save(a, networks[2]) // its own network is not backed up
	is(backup(path), networks[0])
	if err := b.save(networks[3]); !says(err, path, "changed by another program") {
		t.Errorf("the second of two trainings: error %v", err)
	}
	is(path, networks[2])
	is(backup(path), networks[0])

	save(open(), networks[4]) // a third, which started between two epochs of the first
	is(backup(path), networks[2])
	err := a.save(networks[5])
	if !says(err, path, "what was there before is in ") {
		t.Fatalf("the first after the third: error %v", err)
	}
	_, rescued, _ := strings.Cut(err.Error(), "what was there before is in ")
	rescued, _, _ = strings.Cut(rescued, ";")
	is(rescued, networks[0])
	is(path, networks[4])
	if err := a.save(networks[5]); !says(err, path) || says(err, "before") {
		t.Errorf("once more: error %v", err)
	}
	os.Remove(path)
	os.Remove(backup(path))
	save(a, networks[5]) // what was removed is not missed
}

func FuzzNetworkFile(f *testing.F) {
	f.Add([]byte(`{"layers":[2,1,1],"weights":[[[0.5,-0.25]],[[3]]],"biases":[[0.1],[-1]]}`))
	f.Add([]byte(`{"layers":[1000000000,1],"weights":[[[1]]],"biases":[[1]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := parseNetwork(text)
		if err != nil {
			return
		}
		text, err = n.encode()
		if err != nil {
			t.Fatal(err)
		}
		if back := network(t, string(text)); !reflect.DeepEqual(back, n) {
			t.Errorf("%s reads back as another network", text)
		}
		for _, a := range n.Forward(n.NewPass(), NewPicture(1, n.Layers[0], make([]byte, n.Layers[0]))) {
			if !(a >= 0 && a <= 1) {
				t.Errorf("an activation of %v", a)
			}
		}
	})
}

// The commands.

func TestMistakesAreDrawnSideBySideWithoutTheirCommonMargin(t *testing.T) {
	diagonal := []byte{
		0, 0, 0, 0,
		0, 255, 0, 0,
		0, 0, 255, 0,
		0, 0, 0, 0,
		0, 0, 0, 128,
	}
	wrong := []mistake{
		{number: 3, example: Example{Picture: NewPicture(5, 4, diagonal), Label: 8}, answer: 0, activation: 0.5},
		{number: 12, example: Example{Picture: NewPicture(5, 4, make([]byte, 20)), Label: 7}, answer: 1, activation: 0.25},
	}
	var out bytes.Buffer
	drawMistakes(&console{out: &out, width: 80}, &Dataset{}, wrong, "Wrong")
	const want = "\nWrong, with the activation of the answer:\n\n" +
		"▀▄\n  ▄\nnumber 3, an 8     number 12, a 7\nread as 0 (0.50)   read as 1 (0.25)\n\n"
	if out.String() != want {
		t.Errorf("drawn as\n%swant\n%s", out.String(), want)
	}
}

// trained is a network that can read, for the tests that need one.
var trained = sync.OnceValue(func() *Network {
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	training := Training{Epochs: 3, Batch: 10, Rate: 1, Anneal: true, Decay: 1e-4, Vary: Shift()}
	training.Train(n, mnist().Train, seeded(1), quiet)
	return n
})

// saved writes a network to a new file and returns its path.
func saved(t testing.TB, n *Network) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "network.json")
	saveAs(t, n, path)
	return path
}

// saveAs writes a network to a file as another program does.
func saveAs(t testing.TB, n *Network, path string) {
	t.Helper()
	text, err := n.encode()
	if err == nil {
		err = os.WriteFile(path, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSketchesHaveACharacterForTwoPixels(t *testing.T) {
	whole := func(rows, cols int, greys ...byte) string {
		return strings.Join(sketch(NewPicture(rows, cols, greys), image.Rect(0, 0, cols, rows)), "|")
	}
	stripes := make([]byte, 25)
	for i := range stripes {
		stripes[i] = byte(i % 5 * 63)
	}
	for _, c := range []struct{ got, want string }{
		{whole(2, 2, 128, 0, 0, 128), "▀▄"},
		{whole(2, 2, 127, 0, 0, 127), "░░"},
		{whole(5, 5, stripes...), " ░▒▓█| ░▒▓█| ░▒▓█"},
	} {
		if c.got != c.want {
			t.Errorf("sketched as %q, want %q", c.got, c.want)
		}
	}
	for _, line := range sketch(NewPicture(300, 200, make([]byte, 60000)), image.Rect(0, 0, 200, 300)) {
		if utf8.RuneCountInString(line) != 40 {
			t.Fatalf("a large picture is drawn %d wide, want 40", utf8.RuneCountInString(line))
		}
	}
}

func TestColumnsOfTextStandSideBySideIn80Characters(t *testing.T) {
	wide := func(width int) []string { return []string{strings.Repeat("a", width)} }
	c := &console{width: 80}
	for width, lines := range map[int]int{17: 1, 18: 2, 24: 2, 25: 2, 38: 2, 39: 4, 80: 4, 90: 4} { // of four columns
		text := c.sideBySide([][]string{wide(width), wide(width), wide(width), wide(width)})
		if got := strings.Count(text, "a\n"); got != lines {
			t.Errorf("columns of %d characters take %d lines, want %d:\n%s", width, got, lines, text)
		}
	}
	three := c.sideBySide([][]string{wide(24), wide(24), wide(24)}) // with gaps of 3 they take 78 characters
	if strings.Count(three, "\n") != 2 {
		t.Errorf("three columns of 24 characters are set as %q", three)
	}
	got := c.sideBySide([][]string{{"ab", "c"}, {"d"}, {"e", "f"}})
	if want := "ab   d    e\nc         f\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// call runs a command line and returns the exit code and what was printed.
func call(args ...string) (code int, out, err string) { return callWith(nil, args...) }

// callWith is call with something on standard input.
func callWith(in []byte, args ...string) (code int, out, err string) {
	var outBuffer, errBuffer bytes.Buffer
	code = run(&console{in: bytes.NewReader(in), out: &outBuffer, err: &errBuffer, width: 80}, args)
	return code, outBuffer.String(), errBuffer.String()
}

func TestMistakesInTheCallAreOneClearLine(t *testing.T) {
	empty, set := t.TempDir(), writeSet(t, smallSet(30, 3, 5, 26))
	net := saved(t, NewNetwork([]int{2, 2}, seeded(1)))
	old, _ := os.ReadFile(net)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"fly", 2, `no command "fly"; the commands are train, test`},
		{"help fly", 2, `no command "fly"`},
		{"train -lr 1", 2, "-plain, -rate, -resume"},
		{"-net n.json test", 2, `unexpected argument "test"; flags follow the command`},
		{"-net n.json test -v", 2, "-v; the flags of train are -anneal, "},
		{"-fly", 2, "-fly"},
		{"train away", 2, `"away"`},
		{"test away", 2, `"away"`},
		{"test away -fly", 2, "-fly"},
		{"test -- -fly", 2, `"-fly"`},
		{"train -examples -1", 2, "examples -1"},
		{"train -hidden 0", 2, "0 is not"},
		{"train -hidden abc", 2, `"abc"`},
		{"train -hidden 16,", 2, `""`},
		{"train -hidden 1000000000", 2, "1000000000 is not"},
		{"train -hidden 10000,10000 -data " + set, 2, "100,430,026 weights and biases"},
		{"train -rate NaN", 2, "-rate NaN"},
		{"train -rate 0", 2, "-rate 0"},
		{"train -rate Inf", 2, "-rate +Inf"},
		{"train -decay -0.1", 2, "-decay -0.1"},
		{"train -decay 1 -rate 1", 2, "decay 1"},
		{"train -decay NaN", 2, "-decay NaN"},
		{"train -epochs 0", 2, "-epochs 0"},
		{"train -batch 0", 2, "-batch 0"},
		{"train -seed x", 2, `"x"`},
		{"train -resume -hidden 5", 2, "-hidden"},
		{"train -plain -shift", 2, "-plain"},
		{"train -data " + empty, 1, trainImages},
		{"test -data " + empty, 1, trainImages},
		{"train -net " + empty, 1, empty},
		{"train -net " + filepath.Join(empty, "no", "n.json"), 1, "n.json: cannot be written: no such file"},
		{"train -net -", 2, `"-" is not the name`},
		{"train -net=", 2, `"" is not the name`},
		{"test -net -", 2, `"-" is not the name`},
		{"test -net=", 2, `"" is not the name`},
		{"test -net " + filepath.Join(empty, "no", "n.json"), 1, "n.json: no such file"},
		{"test -net a\x1b[31m.json", 1,
			`a\x1b[31m.json: file does not exist; to create it, run: go run . train -net $'a\x1b`},
		{"train -net /dev/null", 1, "not a regular file"},
		{"train -resume -data " + set, 1, "does not fit the data"},
		{"train -net matrix.go", 1, "this file is not replaced"},
		{"test -net " + net, 1, "run: go run . train -net FILE"},
		{"test -data " + set + " -net " + net, 1, "run: go run . train -data " + set + " -net FILE"},
	} {
		args := strings.Fields(c.args)
		if !strings.Contains(c.args, "-net") && (args[0] == "train" || args[0] == "test") {
			args = slices.Insert(args, 1, "-net", net)
		}
		code, _, err := call(args...)
		if code != c.code || !strings.Contains(err, c.want) || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: exit %d, %q; want %d and one line with %s", c.args, code, err, c.code, c.want)
		}
	}
	if now, _ := os.ReadFile(net); !bytes.Equal(now, old) {
		t.Error("the network file was changed")
	}
	if files, _ := os.ReadDir(empty); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestTextsFollowTheirNumbersAndNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{anA("5"), "a 5"}, {anA("8"), "an 8"}, {anA("11"), "an 11"}, {anA("18"), "an 18"},
		{anA("81"), "an 81"}, {anA("17"), "a 17"}, {anA("B"), "a B"}, {anA("R"), "an R"},
		{quote("net-1.json"), "net-1.json"}, {quote("a b"), "'a b'"},
		{count(1, "class"), "1 class"}, {count(2, "class"), "2 classes"}, {count(60000, "picture"), "60,000 pictures"},
		{quote("it's"), `'it'\''s'`}, {quote("$x"), "'$x'"},
		{quote(""), "''"}, {quote("it's \a"), `$'it\'s \a'`}, {printable("a\x1b[31m \"b\" \\n"), `a\x1b[31m "b" \n`},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestFlagsMayStandAnywhere(t *testing.T) {
	for _, c := range []struct{ args, arguments string }{
		{"a -v b -n 3 c", "a b c"},
		{"-v a -- -n b", "a -n b"},
		{"a -", "a -"},
		{"-n 3 --", ""},
	} {
		flags := flag.NewFlagSet("some", flag.ContinueOnError)
		flags.Bool("v", false, "")
		flags.Int("n", 0, "")
		got, err := parse(&console{}, flags, strings.Fields(c.args), 3)
		if err != nil || strings.Join(got, " ") != c.arguments {
			t.Errorf("%s: arguments %q, error %v, want %q", c.args, got, err, c.arguments)
		}
	}
}

// barSet returns a set with a bar in one of four columns, the label. Every tenth is in another.
func barSet() *Dataset {
	set := &Dataset{Rows: 4, Cols: 4, Classes: 4}
	for i := range 200 {
		label := i % 4
		greys := make([]byte, 16)
		for y := range 4 {
			greys[4*y+(label+(i%10)/9)%4] = 255
		}
		set.Train = append(set.Train, Example{Picture: NewPicture(4, 4, greys), Label: label})
	}
	set.Test = set.Train[:40]
	return set
}

// The last digits are masked: they depend on whether a processor rounds a product before adding it.
func TestTrainAndTestPrintWhatTheyDo(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	os.Rename(writeSet(t, barSet()), "bars")
	for _, c := range []struct{ args, want string }{
		{"train -data bars -hidden 4 -epochs 3 -batch 2", goldenTrain},
		{"test -data bars -v", goldenTest},
	} {
		code, out, err := call(strings.Fields(c.args)...)
		out = regexp.MustCompile(`([0-9]\.[0-9]{2})[0-9]{2}\b`).ReplaceAllString(out, "$1##") // costs
		out = regexp.MustCompile(`(\(0\.[0-9])[0-9]\)`).ReplaceAllString(out, "$1#)")         // activations
		out = regexp.MustCompile(` +[0-9hms.]+( ?s\n)`).ReplaceAllString(out, " #$1")         // times
		// What next depends on the optional files.
		out, rest, _ := strings.Cut(out, "\nWhat next:\n")
		if rest != "" {
			_, last, _ := strings.Cut(rest, "\n\n")
			out += "\n" + last
		}
		if code != 0 || err != "" || out != c.want {
			t.Errorf("%s: exit %d, %sprinted\n%s\nwant\n%s", c.args, code, err, out, c.want)
		}
	}
}

const goldenTrain = `200 pictures to learn from, 40 for the test: 4 x 4 pixels, 4 classes
network 16-4-4: 88 weights and biases, random (seed 1)
before training: cost 1.23##, 25.00% of the test pictures right

right: training pictures answered right, each before the step that uses it
test: test pictures answered right after the epoch, so at first it is higher

    epoch     cost    right     test  time left
      1/3   0.43##   72.00%   90.00% #s
      2/3   0.19##   90.00%   90.00% #s
      3/3   0.18##   90.00%   90.00% #s

cost, epoch by epoch: 0.43## █▂▁ 0.18##

The first mistakes, with the activation of the answer:

  █                █                    █                █
  █                █                    █                █
number 9, a 1      number 19, a 3     number 29, a 1     number 39, a 3
read as 2 (0.7#)   read as 0 (0.8#)   read as 2 (0.7#)   read as 0 (0.8#)

saved in network.json after # s

test accuracy 90.00% (36 of 40)
`

const goldenTest = `network.json: 16-4-4, 88 weights and biases
cost 0.18##, the average over 40 test pictures

How many of each digit are right, and what they are read as:

digit    right     0     1     2     3
    0  100.00%    10     0     0     0
    1   80.00%     0     8     2     0
    2  100.00%     0     0    10     0
    3   80.00%     2     0     0     8

All mistakes, with the activation of the answer:

number 9, a 1, read as 2 (0.7#)
number 19, a 3, read as 0 (0.8#)
number 29, a 1, read as 2 (0.7#)
number 39, a 3, read as 0 (0.8#)

The most confident mistakes, with the activation of the answer:

█                  █                    █                  █
█                  █                    █                  █
number 19, a 3     number 39, a 3     number 9, a 1      number 29, a 1
read as 0 (0.8#)   read as 0 (0.8#)   read as 2 (0.7#)   read as 2 (0.7#)

test accuracy 90.00% (36 of 40)
`

func TestSameCallWritesTheSameFileAndResumeGoesOn(t *testing.T) {
	set := writeSet(t, barSet())
	net := filepath.Join(t.TempDir(), "network.json")
	do := func(args string) (file []byte) {
		t.Helper()
		if code, _, err := call(append(strings.Fields(args), "-data", set, "-net", net)...); code != 0 {
			t.Fatalf("%s: exit %d, %s", args, code, err)
		}
		file, _ = os.ReadFile(net)
		return file
	}
	const train = "train -hidden 5 -epochs 6 -batch 2"
	first := do(train)
	second := do("train -resume -epochs 1")
	if n, err := loadNetwork(net); err != nil || !slices.Equal(n.Layers, []int{16, 5, 4}) || bytes.Equal(first, second) {
		t.Errorf("-resume left %v, error %v", n, err)
	}
	if kept, _ := os.ReadFile(backup(net)); !bytes.Equal(first, kept) {
		t.Error("the network from which -resume started is not in the backup")
	}
	if again := do(train); !bytes.Equal(first, again) {
		t.Error("the same seed and flags wrote another file")
	}
	if kept, _ := os.ReadFile(backup(net)); !bytes.Equal(second, kept) {
		t.Error("the network that was there before is not in the backup")
	}
	do("train -hidden none -epochs 50 -batch 1000 -rate 20") // a mini-batch larger than the set
	if n, err := loadNetwork(net); err != nil || len(n.Layers) != 2 {
		t.Errorf("-hidden none: network %v, error %v", n, err)
	}
	few := do("train -examples 40 -epochs 30 -batch 2")
	halved := barSet()
	halved.Train = halved.Train[:40]
	set = writeSet(t, halved)
	if !bytes.Equal(few, do("train -epochs 30 -batch 2")) {
		t.Error("-examples 40 does not train on the first 40 pictures")
	}
	set = writeSet(t, &Dataset{Rows: 28, Cols: 28, Classes: 10, Train: mnist().Train[:2000], Test: mnist().Test[:100]})
	usual, plain := do("train -epochs 1"), do("train -epochs 1 -plain")
	for _, flags := range []string{" -shift=false", " -decay 0", " -anneal=false"} {
		if bytes.Equal(usual, do("train -epochs 1"+flags)) {
			t.Errorf("%s changes nothing", flags)
		}
	}
	if !bytes.Equal(plain, do("train -epochs 1 -shift=false -decay 0 -anneal=false")) {
		t.Error("-plain is more or less than none of the tweaks")
	}
}

// watcherOf returns a watcher for training on 3,000 digits into a file that has another network,
// and what it prints.
func watcherOf(t *testing.T, ctx context.Context) (*watcher, *Dataset, *bytes.Buffer) {
	t.Helper()
	set := &Dataset{Rows: 28, Cols: 28, Classes: 10, Train: mnist().Train[:3000], Test: mnist().Test[:100]}
	s := defaults()
	s.net, s.plan.Epochs = saved(t, NewNetwork([]int{784, 4, 10}, seeded(1))), 3
	k, err := newKeeper(s.net)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := &console{out: &out, err: &out, width: 80}
	return newWatcher(ctx, c, &s, k, NewNetwork([]int{784, 16, 10}, seeded(1)), set), set, &out
}

func TestEveryEpochIsSavedAndTheOldNetworkKept(t *testing.T) {
	w, set, _ := watcherOf(t, context.Background())
	w.settings.plan.Train(w.network, set.Train, seeded(1), func(p Progress) error {
		err := w.report(p)
		if p.Epoch == 3 && p.Seen == 1000 {
			w.wait()
			return errors.New("the window is closed")
		}
		return err
	})
	for path, want := range map[string][]int{w.settings.net: {784, 16, 10}, backup(w.settings.net): {784, 4, 10}} {
		if got, err := loadNetwork(path); err != nil || !slices.Equal(got.Layers, want) {
			t.Errorf("%s: network %v, error %v, want layers %v", path, got, err, want)
		}
	}
	if w.saved != 2 {
		t.Errorf("the network of epoch %d is saved, want 2", w.saved)
	}
}

func TestInterruptSavesOnlyWhatHasLearned(t *testing.T) {
	for _, c := range []struct {
		epoch, seen int // of the interrupt
		want        string
	}{
		{1, 40, "; stopped in epoch 1 of 3; nothing is saved"},
		{2, 1000, "stopped in epoch 2 of 3"},
	} {
		ctx, interrupt := context.WithCancel(context.Background())
		w, set, out := watcherOf(t, ctx)
		old, _ := os.ReadFile(w.settings.net)
		w.drawn = time.Now()
		report := w.settings.plan.Train(w.network, set.Train, seeded(1), func(p Progress) error {
			if p.Epoch == c.epoch && p.Seen == c.seen {
				interrupt()
			}
			return w.report(p)
		})
		w.wait()
		err := w.finish(set)
		now, _ := os.ReadFile(w.settings.net)
		if err != nil { // it saves nothing
			fmt.Fprint(out, err)
		}
		if report == nil || !strings.Contains(out.String(), c.want) || (err != nil) != bytes.Equal(now, old) {
			t.Errorf("epoch %d: error %v, printed %s, want %q", c.epoch, err, out, c.want)
		}
	}
}

func TestTrainedNetworkThatCannotBeSavedIsSavedElsewhere(t *testing.T) {
	w, set, out := watcherOf(t, context.Background())
	elsewhere := t.TempDir()
	t.Setenv("TMPDIR", elsewhere)
	folder := filepath.Dir(w.settings.net)
	os.RemoveAll(folder)
	if err := w.train(set.Train, seeded(1)); err != nil || strings.Count(out.String(), "training goes on") != 1 {
		t.Fatalf("error %v, printed\n%s", err, out)
	}
	err := w.finish(set)
	if !says(err, w.settings.net, "cannot be written", "network is in "+elsewhere, "test -net "+elsewhere) {
		t.Errorf("error %v", err)
	}
	files, _ := os.ReadDir(elsewhere)
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	n, err := loadNetwork(filepath.Join(elsewhere, files[0].Name()))
	if err != nil || !slices.Equal(n.All, w.network.All) || !strings.Contains(out.String(), "test accuracy ") {
		t.Errorf("error %v, or another network; printed\n%s", err, out)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("the folder is back")
	}
}

func TestTrainingEndsOnlyWhenTheCostIsNotANumber(t *testing.T) {
	net := saved(t, NewNetwork([]int{784, 4, 10}, seeded(1)))
	old, _ := os.ReadFile(net)
	some := &Dataset{Rows: 28, Cols: 28, Classes: 10, Train: mnist().Train[:2000], Test: mnist().Test[:200]}
	digits := writeSet(t, some)
	for _, c := range []struct {
		flags, want string
		lines       int // of the table
	}{
		{"-rate 1e308 -decay 0 -epochs 3", "nothing learned: the cost is 1.", 3},
		{"-rate 1000 -epochs 3 -batch 2", "nothing learned: the cost is 1.", 3},
		{"-plain -batch 2000 -rate 0.1 -epochs 2", "giving every picture the same answer would cost 0.8", 2},
	} {
		code, out, err := call(append(strings.Fields(c.flags), "-data", digits, "-net", net)...)
		lines := strings.Count(out, fmt.Sprintf("/%d  ", c.lines))
		if code != 1 || !strings.Contains(err, c.want) || lines != c.lines {
			t.Errorf("%s: exit %d, %d epochs, %s; want %d and %q", c.flags, code, lines, err, c.lines, c.want)
		}
		said, expected := strings.Count(out, "nothing learned"), strings.HasSuffix(c.flags, "-batch 2")
		if said > 1 || said == 0 && expected { // after 2,000 steps
			t.Errorf("%s: said %d times that nothing is learned", c.flags, said)
		}
	}
	if now, _ := os.ReadFile(net); !bytes.Equal(now, old) {
		t.Error("training that learned nothing changed the old network")
	}
	if _, err := os.Stat(backup(net)); err == nil {
		t.Error("training that learned nothing made a backup")
	}
	w, set, _ := watcherOf(t, context.Background())
	w.network.Biases[2][0] = math.NaN()
	err := w.train(set.Train, seeded(1))
	if !says(err, "the cost is not a number in epoch 1; try -rate 0.375; nothing is saved") || w.steps != 1 {
		t.Errorf("after step %d: error %v", w.steps, err)
	}
}

func TestAdviceFitsWhatKeepsANetworkFromLearning(t *testing.T) {
	deep := &Network{Layers: slices.Repeat([]int{16}, 12)}
	shallow := &Network{Layers: []int{784, 16, 16, 10}}
	for _, c := range []struct {
		plan  Training
		n     *Network
		white int
		want  string
		costs []float64 // of the epochs
	}{
		{Training{Rate: 1.5, Batch: 20}, deep, 255, "try -hidden with at most 3 layers", nil},
		{Training{Rate: 1.5, Batch: 1}, shallow, 255, "try -rate 0.34", nil},
		{Training{Rate: 0.001, Batch: 20}, shallow, 255, "try -rate 1.5", nil},
		{Training{Rate: 100, Batch: 20}, shallow, 255, "try -rate 1.5", nil},
		{Training{Rate: 1.5, Batch: 20}, shallow, 16, "try pictures with greys from 0 to 255: the largest here is 16", nil},
		{Training{Rate: 0.1, Batch: 60000}, shallow, 255, "try -batch 20 or -rate 1.5", nil},
		{Training{Rate: 1.5, Batch: 20, Epochs: 3}, shallow, 255, "try -epochs 15", nil},
		{Training{Rate: 1.5, Batch: 20, Epochs: 3}, shallow, 255, "try -epochs 15", []float64{3, 2, 1}},
		{Training{Rate: 1.5, Batch: 20, Epochs: 3}, shallow, 255, "try -rate 0.38", []float64{8.2, 8.2, 8.2}},
		{Training{Rate: 1.5, Batch: 20, Epochs: 1}, shallow, 255, "try -rate 0.38", []float64{1}},
		{Training{Rate: 1.5, Batch: 20, Epochs: 1}, shallow, 255, "try -epochs 5", []float64{0.9}},
	} {
		r := record{plan: c.plan, network: c.n, white: c.white, blind: 0.9, steps: 3000}
		for _, cost := range c.costs {
			r.epochs = append(r.epochs, epoch{Progress: Progress{Score: Score{Cost: cost}}})
		}
		if got := r.advice(); got != c.want {
			t.Errorf("%+v, layers %v: %q, want %q", c.plan, c.n.Layers, got, c.want)
		}
	}
}

func TestResumeStartsGentlyUnlessTheUserNamesARate(t *testing.T) {
	for args, want := range map[string]float64{
		"": 1.5, "-resume": 0.15, "-resume -rate 1.5": 1.5, "-resume -plain": 0.15,
	} {
		if s, err := parseTrain(&console{}, strings.Fields(args)); err != nil || s.plan.Rate != want {
			t.Errorf("%q: rate %v, error %v, want %v", args, s.plan.Rate, err, want)
		}
	}
}

func TestTableThatIsTooWideListsTheMostFrequentMistakes(t *testing.T) {
	var out bytes.Buffer
	table := [][]int{{8, 2, 0}, {0, 0, 0}, {1, 5, 94}}
	printTable(&console{out: &out, width: 30}, &Dataset{}, table)
	const want = "digit    right  most often misread as\n" +
		"    0   80.00%  1: 2\n    1     none\n    2   94.00%  1: 5  0: 1\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}

func TestSentencesWrapAtWordsOnANarrowTerminal(t *testing.T) {
	for _, c := range []struct {
		live       bool
		text, want string
	}{
		{true, "a line that is longer than twelve", "a line that\nis longer\nthan twelve"},
		{true, "\n  two spaces", "\n  two\nspaces"},
		{true, "averylongnamewithoutspaces and", "averylongnamewithoutspaces\nand"},
		{false, "a line that is longer than twelve", "a line that is longer than twelve"},
	} {
		if got := (&console{live: c.live, width: 12}).wrap(c.text); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestLineOfAnEpochHoldsForLongTrainings(t *testing.T) {
	var out bytes.Buffer
	s := defaults()
	s.plan.Epochs = 1000
	w := newWatcher(context.Background(), &console{out: &out}, &s, nil, nil, &Dataset{Test: make([]Example, 4)})
	w.epochs, w.saved = make([]epoch, 500), 1
	for hours, want := range map[float64]string{0.01: "36s", 0.99: "59m24s", 7.5: "7h30m0s", 100: "100h0m0s", 1e6: "277777h46m40s"} {
		out.Reset()
		w.last = Progress{Epoch: 500, Of: 4, Score: Score{Seen: 4, Cost: 0.25, Right: 4}} // half of the training
		w.spent = time.Duration(hours * float64(time.Hour))
		w.testing = make(chan epoch, 1)
		w.testing <- epoch{Progress: w.last, test: Score{Seen: 4, Right: 4}}
		w.wait()
		if line := fmt.Sprintf(" 500/1000   0.2500  100.00%%  100.00%%  %9s\n", want); out.String() != line {
			t.Errorf("%q, want %q", out.String(), line)
		}
	}
}

func TestLiveLineIsDrawnAfterTheFirstStep(t *testing.T) {
	var live bytes.Buffer
	s := defaults()
	w := newWatcher(context.Background(), &console{err: &live, live: true}, &s, nil, nil, barSet())
	w.report(Progress{Epoch: 1, Of: 200, Score: Score{Seen: 100, Cost: 0.5, Right: 50}})
	want := regexp.MustCompile(`^\r\x1b\[\?7l     1/40   0\.5000   50\.00%  ███░░░░ +[0-9]+s\x1b\[\?7h$`)
	if !want.MatchString(live.String()) {
		t.Errorf("%q, want %v", live.String(), want)
	}
}

func TestTimeWhileTheProgramIsStoppedDoesNotCount(t *testing.T) {
	for _, c := range []struct {
		usual, last, want time.Duration
	}{
		{time.Millisecond, 2 * time.Millisecond, 102 * time.Millisecond},
		{time.Millisecond, 20 * time.Second, 101 * time.Millisecond}, // Ctrl-Z
		{3 * time.Second, 20 * time.Second, 320 * time.Second},       // large steps vary
	} {
		w := &watcher{record: &record{steps: 100}, spent: 100 * c.usual, step: time.Now().Add(-c.last)}
		w.addTime()
		if w.spent < c.want-2*time.Millisecond || w.spent > c.want+time.Second {
			t.Errorf("steps of %v, then one of %v: spent %v, want %v", c.usual, c.last, w.spent, c.want)
		}
	}
}

func TestCostsAreDrawnAsBars(t *testing.T) {
	for _, c := range []struct {
		costs []float64
		want  string
	}{
		{[]float64{4, 2, 1}, "█▅▁"},
		{append(slices.Repeat([]float64{4}, 99), 1), strings.Repeat("█", 39) + "▁"}, // to the last
		{[]float64{1, 1}, "▁▁"},
		{[]float64{1, 0, 0}, "█▁▁"}, // every picture exactly right, as with a single class
		{slices.Repeat([]float64{1, 2, 2, 2, 2}, 8), strings.Repeat("▁████", 8)},
		{[]float64{1}, "▁"},
	} {
		if got := curve(c.costs, 44); got != c.want {
			t.Errorf("%v is drawn as %s, want %s", c.costs, got, c.want)
		}
	}
}

func TestHelpNamesEveryCommandAndItsFlags(t *testing.T) {
	var names []string
	want := map[string][]string{}
	for _, cmd := range commands {
		names = append(names, cmd.name)
		want["help "+cmd.name], want[cmd.name+" -h"] = []string{"-net"}, []string{"-net"}
	}
	want["help"], want["-h"], want["--help"] = names, names, names
	for args, words := range want {
		code, out, err := call(strings.Fields(args)...)
		if code != 0 || err != "" || !says(errors.New(out), words...) {
			t.Errorf("%s: exit %d, %s%s", args, code, out, err)
		}
	}
}

// Examples: documentation that is run.

func Example_networkByHand() {
	n := blank(2, 1)
	n.Weights[1].Set(0, 0, 2) // from the first pixel
	n.Weights[1].Set(0, 1, 5) // from the second
	n.Biases[1][0] = -1

	pass := n.NewPass()
	output := n.Forward(pass, NewPicture(1, 2, []byte{255, 0}))
	fmt.Printf("z = 2*1 + 5*0 - 1 = %g, a = sigmoid(z) = %.4f\n", pass.Z[1][0], output[0])
	// Output: z = 2*1 + 5*0 - 1 = 1, a = sigmoid(z) = 0.7311
}

func Example_oneStep() {
	n := blank(2, 1)
	e := few(0, 255, 51) // a_0 = 1 and a_1 = 0.2, and y = 1
	pass, gradient := n.NewPass(), n.NewGradient()
	output := n.Forward(pass, e.Picture)
	n.Backward(pass, e.Label, gradient)
	fmt.Printf("a = %g, C = (%g - 1)^2 = %g\n", output[0], output[0], Cost(output, e.Label))
	fmt.Printf("dC/dw_0 = a_0 * sigmoid'(z) * 2 (a - y) = 1 * 0.25 * -1 = %g\n", gradient.Weights[1].At(0, 0))
	fmt.Printf("dC/dw_1 = 0.2 * 0.25 * -1 = %g\n", gradient.Weights[1].At(0, 1))
	fmt.Printf("dC/db = 1 * 0.25 * -1 = %g\n", gradient.Biases[1][0])

	n.Descend(gradient, 2, 0)
	output = n.Forward(pass, e.Picture)
	fmt.Printf("after a step with rate 2: w_0, w_1, b = %.2f, a = %.3f, C = %.3f\n",
		n.All, output[0], Cost(output, e.Label))
	// Output:
	// a = 0.5, C = (0.5 - 1)^2 = 0.25
	// dC/dw_0 = a_0 * sigmoid'(z) * 2 (a - y) = 1 * 0.25 * -1 = -0.25
	// dC/dw_1 = 0.2 * 0.25 * -1 = -0.05
	// dC/db = 1 * 0.25 * -1 = -0.25
	// after a step with rate 2: w_0, w_1, b = [0.50 0.10 0.50], a = 0.735, C = 0.070
}

func Example_gradientCheck() {
	n := blank(1, 1, 1)
	copy(n.All, []float64{2, -1, 3, 0.5}) // w and b of layer 1, w and b of layer 2
	e := few(0, 204)
	pass, gradient := n.NewPass(), n.NewGradient()
	n.Forward(pass, e.Picture)
	n.Backward(pass, e.Label, gradient)
	for i, computed := range gradient.All {
		measured := MeasureSlope(&n.All[i], func() float64 { return Cost(n.Forward(pass, e.Picture), e.Label) })
		fmt.Printf("computed %.8f, measured %.8f\n", computed, measured)
	}
	// Output:
	// computed -0.00652747, measured -0.00652747
	// computed -0.00815933, measured -0.00815933
	// computed -0.00767553, measured -0.00767553
	// computed -0.01188796, measured -0.01188796
}

// How long it takes.

func BenchmarkEpoch(b *testing.B) {
	for _, c := range []struct {
		name   string
		layers []int
		batch  int
	}{
		{"784-16-16-10/batch10", []int{784, 16, 16, 10}, 10},
		{"784-16-16-10/batch100", []int{784, 16, 16, 10}, 100},
		{"784-100-10/batch10", []int{784, 100, 10}, 10},
	} {
		b.Run(c.name, func(b *testing.B) {
			random := seeded(1)
			n, examples := NewNetwork(c.layers, random), mnist().Train
			b.ReportAllocs()
			for b.Loop() {
				Training{Epochs: 1, Batch: c.batch, Rate: 1.5}.Train(n, examples, random, quiet)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/epoch")
		})
	}
}

func BenchmarkForward(b *testing.B) {
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	p := n.NewPass()
	examples := mnist().Test
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n.Forward(p, examples[i%len(examples)].Picture)
	}
}

func BenchmarkBackward(b *testing.B) {
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	p, g := n.NewPass(), n.NewGradient()
	e := mnist().Test[0]
	n.Forward(p, e.Picture)
	b.ReportAllocs()
	for b.Loop() {
		n.Backward(p, e.Label, g)
	}
}

func BenchmarkDescend(b *testing.B) {
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	g := n.NewGradient()
	for b.Loop() {
		g.Examples = 1
		n.Descend(g, 1, 1e-4)
	}
}

func BenchmarkLoadMNIST(b *testing.B) {
	for b.Loop() {
		if _, err := LoadDataset(""); err != nil {
			b.Fatal(err)
		}
	}
}
