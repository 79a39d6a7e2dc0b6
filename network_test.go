package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests of the chapters come first. To write the network yourself, empty NewNetwork, Sigmoid,
// Forward, Answer, Cost, Descend, MeasureSlope, SigmoidSlope, Backward or Train, and run
//
//	go test -run Chapter -failfast
//
// The first failure names the chapter, the formula and the function, and what it should compute.

// Chapter 1: what is a neural network?

func TestChapter1NetworkStartsFromRandomWeightsAndBiases(t *testing.T) {
	const formula = "chapter 1: 784*16 + 16*16 + 16*10 weights and 16 + 16 + 10 biases, all random, " +
		"in NewNetwork, network.go: "
	layers := []int{784, 16, 16, 10}
	n := NewNetwork(layers, seeded(1))
	if len(n.All) != 13002 {
		t.Fatalf(formula+"%d numbers, want 13002", len(n.All))
	}
	for i, x := range n.All {
		if x == 0 {
			t.Fatalf(formula+"%s is 0, want a random number", parameterName(layers, i))
		}
	}
	for l := 1; l < len(layers); l++ {
		w, b := n.Weights[l], n.Biases[l]
		if w.Rows != layers[l] || w.Cols != layers[l-1] || len(b) != layers[l] {
			t.Fatalf(formula+"layer %d has %d x %d weights and %d biases, want %d x %d and %[5]d",
				l, w.Rows, w.Cols, len(b), layers[l], layers[l-1])
		}
	}
	if same := NewNetwork(layers, seeded(1)); !slices.Equal(same.All, n.All) {
		t.Fatal(formula + "the same seed gives another network, want the same; do all numbers come from random?")
	}
	deviation := func(numbers []float64) float64 { return length(numbers) / math.Sqrt(float64(len(numbers))) }
	for _, inputs := range []int{10, 784, 5000} {
		wide := NewNetwork([]int{inputs, 1000}, seeded(4))
		if got, want := deviation(wide.Weights[1].Data), 1/math.Sqrt(float64(inputs)); !(math.Abs(got/want-1) <= 0.05) {
			t.Fatalf(formula+"%d weights into a neuron deviate by %.4f, want 1 over the root of their number, %.4f",
				inputs, got, want)
		}
		if got := deviation(wide.Biases[1]); !(math.Abs(got-1) <= 0.1) {
			t.Fatalf(formula+"the biases deviate by %.4f, want 1", got)
		}
	}
}

func TestChapter1SigmoidMapsEveryNumberBetween0And1(t *testing.T) {
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
		formula := fmt.Sprintf("chapter 1: sigmoid(z) = 1 / (1 + e^-z) for z = %g, in Sigmoid, network.go", c.z)
		equal(t, formula, Sigmoid(c.z), c.want, slip{1 - c.want, "is the sign of z right?"})
	}
}

// The layers have from 1 to 784 neurons, so MulAdd (matrix.go) has full and partial groups of columns.
func TestChapter1NeuronIsSigmoidOfItsWeightedSumPlusBias(t *testing.T) {
	random := seeded(2)
	for _, layers := range [][]int{{1, 1, 1}, {2, 2, 2}, {5, 5, 5}, {9, 1, 3}, {17, 16, 10}, {784, 16, 16, 10}} {
		n := NewNetwork(layers, random)
		p := n.NewPass()
		n.Forward(p, NewPicture(1, layers[0], bytes.Repeat([]byte{99}, layers[0]))) // leaves no trace in the next pass
		last := slices.Concat(p.Z...)
		greys := make([]byte, layers[0])
		for k := range greys {
			greys[k] = byte((k + 1) % 3 * 100) // a third is black
		}
		picture := NewPicture(1, layers[0], greys)
		output := n.Forward(p, picture)
		a := make([]float64, layers[0])
		for k, grey := range greys {
			a[k] = float64(grey) / 255
			equal(t, fmt.Sprintf("chapter 1: a_%d of layer 0 is the grey of a pixel, in Forward, network.go", k),
				p.A[0][k], a[k])
		}
		if lit := p.Lit[0].K; !slices.Equal(lit, picture.Lit) {
			t.Fatalf("chapter 1: Lit[0] lists the lit pixels, as Picture.Fill does, in Forward, network.go: got %v, want %v",
				lit, picture.Lit)
		}
		for l := 1; l < len(layers); l++ {
			next := make([]float64, layers[l])
			for j := range next {
				sum, transposed := 0.0, 0.0
				for k := range a {
					sum += n.Weights[l].At(j, k) * a[k]
					transposed += n.Weights[l].Data[(j*layers[l-1]+k)%len(n.Weights[l].Data)] * a[k]
				}
				z, b := sum+n.Biases[l][j], n.Biases[l][j]
				next[j] = 1 / (1 + math.Exp(-z))
				equal(t, fmt.Sprintf("chapter 1: z_j = b_j + sum over k of w_jk a_k for neuron %d of layer %d of %v, "+
					"in Forward, network.go", j, l, layers), p.Z[l][j], z, slip{sum, "is the bias missing?"},
					slip{b, "is the sum missing?"}, slip{transposed + b, "is W transposed?"},
					slip{last[0] + sum, "is z_j left over from the last picture?"})
				last = last[1:]
				equal(t, fmt.Sprintf("chapter 1: a_j = sigmoid(z_j) for neuron %d of layer %d of %v, in Forward, network.go",
					j, l, layers), p.A[l][j], next[j], slip{z, "is sigmoid missing?"})
			}
			a = next
		}
		for j := range a {
			equal(t, "chapter 1: Forward, network.go, returns the activations of the last layer", output[j], a[j])
		}
	}
}

func TestChapter1BrightestOutputIsTheAnswer(t *testing.T) {
	for _, c := range []struct {
		output []float64
		want   int
	}{
		{[]float64{0.1, 0.2, 0.9, 0.3}, 2},
		{[]float64{0.9, 0.2, 0.3}, 0},
		{[]float64{0.1, 0.2}, 1},
		{[]float64{0.5, 0.5}, 0},
		{[]float64{0}, 0},
	} {
		if got := Answer(c.output); got != c.want {
			t.Fatalf("chapter 1: the brightest output is the answer, in Answer, network.go: for %v it is %d, want %d",
				c.output, got, c.want)
		}
	}
}

// Chapter 2: gradient descent, how neural networks learn.

func TestChapter2CostOfAnExampleIsTheSumOfSquaredDifferences(t *testing.T) {
	for _, c := range []struct {
		output []float64
		label  int
		want   float64
	}{
		{[]float64{0.5, 0, 1, 0}, 3, 2.25},
		{[]float64{0, 0, 1, 0}, 2, 0},
		{[]float64{0.5, 0.5, 0.5, 0.5}, 0, 1},
		{[]float64{0.25, 0.75}, 1, 0.125},
		{[]float64{1}, 0, 0},
	} {
		formula := fmt.Sprintf("chapter 2: C = sum over j of (a_j - y_j)^2 for outputs %v and label %d, in Cost, network.go",
			c.output, c.label)
		equal(t, formula, Cost(c.output, c.label), c.want, slip{c.want / 2, "is it halved?"},
			slip{c.want / float64(len(c.output)), "is it divided by the number of outputs?"},
			slip{(c.output[c.label] - 1) * (c.output[c.label] - 1), "is it the output of the label only?"})
	}
}

func TestChapter2CostOfTheNetworkIsTheAverageOverTheExamples(t *testing.T) {
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	examples := mnist().Test[:100]
	costs, right := 0.0, 0
	for _, e := range examples {
		output := n.Forward(n.NewPass(), e.Picture)
		costs += Cost(output, e.Label)
		if Answer(output) == e.Label {
			right++
		}
	}
	s := n.Evaluate(examples)
	equal(t, "chapter 2: the cost of the network is the average of 100 costs, in Score.Cost, network.go",
		s.Cost(), costs/100)
	if s.Right != right || s.Seen != 100 {
		t.Fatalf("chapter 2: %d of %d answers are right, want %d of 100, in Score, network.go", s.Right, s.Seen, right)
	}
}

func TestChapter2StepGoesDownTheGradient(t *testing.T) {
	const rate = 0.75
	for _, decay := range []float64{0, 0.25} {
		n := NewNetwork([]int{4, 3, 2}, seeded(10))
		before, g := slices.Clone(n.All), n.NewGradient()
		for i := range g.All {
			g.All[i] = float64(i) - 9.5 // the sum of dC/dw over two examples
		}
		g.Examples = 2
		n.Descend(g, rate, decay)
		for i, w := range before {
			dCdw, own := (float64(i)-9.5)/2, 0.0
			if i < 4*3 { // the weights from the pixels
				own = decay
			}
			extra := own * w
			formula := fmt.Sprintf("chapter 2: w <- w - rate * (dC/dw + decay * w), C the average over the examples, for %s "+
				"with decay %g, in Descend, backprop.go", parameterName(n.Layers, i), own)
			equal(t, formula, n.All[i], w-rate*(dCdw+extra), slip{w + rate*(dCdw+extra), "is it a step uphill?"},
				slip{w - rate*(2*dCdw+extra), "is dC/dw the sum instead of the average?"},
				slip{w, "is the step missing?"}, slip{w - dCdw - extra, "is the rate missing?"},
				slip{w - rate*(dCdw+decay*w), "does decay change a later layer or a bias?"})
		}
		if length(g.All) != 0 || g.Examples != 0 {
			t.Fatalf("chapter 2: a step empties the gradient, in Descend, backprop.go: got %v and Examples %d, want all 0",
				g.All, g.Examples)
		}
	}
}

// Chapters 3 and 4: what is backpropagation really doing, and its calculus.

func TestChapter4SlopeIsMeasuredByANudge(t *testing.T) {
	const formula = "chapter 4: dC/dx = (C(x+h) - C(x-h)) / 2h for C = %s at x = 0.7, in MeasureSlope, backprop.go"
	x := 0.7
	for _, c := range []struct {
		name string
		f    func() float64
		want float64
	}{
		{"x^2", func() float64 { return x * x }, 2 * x},
		{"x^3", func() float64 { return x * x * x }, 3 * x * x},
		{"sin x", func() float64 { return math.Sin(x) }, math.Cos(x)},
		{"e^(5x)", func() float64 { return math.Exp(5 * x) }, 5 * math.Exp(5*x)},
	} {
		got, question := MeasureSlope(&x, c.f), ""
		if math.Abs(got/c.want-2) < 1e-3 {
			question = "; is it divided by h instead of 2h?"
		} else if math.Abs(got/c.want-1) < 1e-2 {
			question = "; is x nudged to one side only, or is h too large?"
		}
		if !(math.Abs(got-c.want) <= 1e-6*c.want) {
			t.Fatalf(formula+": got %.9g, want %.9g%s", c.name, got, c.want, question)
		}
		if x != 0.7 {
			t.Fatalf(formula+": x is %v afterwards, want 0.7 again", c.name, x)
		}
	}
	for _, c := range [][3]float64{{2, 1, 0.5}, {1, -2, 1.5}, {0, 1e-12, 1e-7}} {
		equal(t, "chapter 4: |computed - measured| / the larger one, in RelativeError, backprop.go",
			RelativeError(c[0], c[1]), c[2])
	}
}

func TestChapter4SlopeOfSigmoidIsATimes1MinusA(t *testing.T) {
	for _, z := range []float64{-5, -1, 0.3, 2, 7} {
		a, slope := 1/(1+math.Exp(-z)), math.Exp(-z)/((1+math.Exp(-z))*(1+math.Exp(-z)))
		formula := fmt.Sprintf("chapter 4: sigmoid'(z) = a (1 - a) for z = %g, a = %.3f, in SigmoidSlope, backprop.go", z, a)
		equal(t, formula, SigmoidSlope(a), slope, slip{Sigmoid(a) * (1 - Sigmoid(a)), "is a taken for z?"})
	}
}

// One neuron in each layer: no matrix and no sum, only the chain.
func TestChapter4ChainOfSingleNeurons(t *testing.T) {
	n := NewNetwork([]int{1, 1, 1, 1}, seeded(12))
	w2, w3 := n.Weights[2].At(0, 0), n.Weights[3].At(0, 0)
	e := few(0, 153) // a0 = 153/255 = 0.6, y = 1
	p, g := n.NewPass(), n.NewGradient()
	n.Forward(p, e.Picture)
	n.Backward(p, e.Label, g)

	a0, a1, a2, a3 := p.A[0][0], p.A[1][0], p.A[2][0], p.A[3][0]
	slope := func(a float64) float64 { return a * (1 - a) }
	dCda3 := 2 * (a3 - 1)
	dCdz3 := slope(a3) * dCda3
	dCda2 := w3 * dCdz3
	dCdz2 := slope(a2) * dCda2
	dCda1 := w2 * dCdz2
	dCdz1 := slope(a1) * dCda1
	for _, c := range []struct {
		formula   string
		got, want float64
		slip      slip
	}{
		{"dC/da3 = 2 (a3 - y)", p.DCDA[3][0], dCda3, slip{dCda3 / 2, "is the 2 missing?"}},
		{"dC/dz3 = sigmoid'(z3) * dC/da3 = a3 (1 - a3) * dC/da3", p.Delta[3][0], dCdz3, slip{dCda3, "is sigmoid' missing?"}},
		{"dC/dw3 = a2 * sigmoid'(z3) * dC/da3", g.Weights[3].Data[0], a2 * dCdz3, slip{a3 * dCdz3, "is a3 used for a2?"}},
		{"dC/db3 = 1 * sigmoid'(z3) * dC/da3", g.Biases[3][0], dCdz3, slip{a2 * dCdz3, "dz3/db3 is 1, not a2"}},
		{"dC/da2 = w3 * sigmoid'(z3) * dC/da3", p.DCDA[2][0], dCda2, slip{w3 * dCda3, "is sigmoid' missing?"}},
		{"dC/dz2 = sigmoid'(z2) * dC/da2", p.Delta[2][0], dCdz2, slip{dCda2, "is sigmoid' missing?"}},
		{"dC/dw2 = a1 * sigmoid'(z2) * dC/da2", g.Weights[2].Data[0], a1 * dCdz2, slip{a2 * dCdz2, "is a2 used for a1?"}},
		{"dC/db2 = 1 * sigmoid'(z2) * dC/da2", g.Biases[2][0], dCdz2, slip{}},
		{"dC/dw1 = a0 * sigmoid'(z1) * dC/da1", g.Weights[1].Data[0], a0 * dCdz1, slip{a1 * dCdz1, "is a1 used for a0?"}},
		{"dC/db1 = 1 * sigmoid'(z1) * dC/da1", g.Biases[1][0], dCdz1, slip{}},
		{"the number of examples in the gradient", float64(g.Examples), 1, slip{}},
	} {
		equal(t, "chapter 4: "+c.formula+", in Backward, backprop.go", c.got, c.want, c.slip)
	}
	n.Backward(p, e.Label, g)
	for _, c := range []struct {
		formula          string
		got, want, first float64
	}{
		{"dC/dw3 of two examples is the sum", g.Weights[3].Data[0], 2 * a2 * dCdz3, a2 * dCdz3},
		{"dC/db3 of two examples is the sum", g.Biases[3][0], 2 * dCdz3, dCdz3},
		{"the number of examples", float64(g.Examples), 2, 1},
		{"dC/da2 is that of the last example", p.DCDA[2][0], dCda2, math.NaN()},
	} {
		equal(t, "chapter 4: "+c.formula+", in Backward, backprop.go", c.got, c.want,
			slip{c.first, "is it set instead of added?"})
	}
}

func TestChapter4CostDependsOnANeuronAlongAllPaths(t *testing.T) {
	n := NewNetwork([]int{2, 3, 3, 2}, seeded(13))
	p, _ := passOf(n, few(1, 80, 200))
	for j, y := range []float64{0, 1} {
		equal(t, fmt.Sprintf("chapter 4: dC/da_j = 2 (a_j - y_j) for output %d, y = %g, in Backward, backprop.go", j, y),
			p.DCDA[3][j], 2*(p.A[3][j]-y))
	}
	for l := 3; l > 1; l-- {
		w, delta := n.Weights[l], p.Delta[l]
		for k := range w.Cols {
			sum, transposed := 0.0, 0.0
			for j := range w.Rows {
				sum += w.At(j, k) * delta[j]
				transposed += w.Data[j*w.Rows+k] * delta[j]
			}
			last := w.At(w.Rows-1, k) * delta[w.Rows-1]
			equal(t, fmt.Sprintf("chapter 4: dC/da_k = sum over j of w_jk sigmoid'(z_j) dC/da_j for neuron %d of layer %d, "+
				"in Backward, backprop.go", k, l-1), p.DCDA[l-1][k], sum, slip{transposed, "is W transposed?"},
				slip{w.At(0, k) * delta[0], "is it the first path only?"}, slip{last, "is it the last path only?"})
		}
	}
}

func TestChapter4EveryDerivativeAgreesWithTheMeasuredSlope(t *testing.T) {
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
			if len(gradient) != CountParameters(c.network.Layers) || !(worst <= 1e-5) {
				t.Fatalf("chapter 4: dC/dw_jk = a_k * sigmoid'(z_j) * dC/da_j, in Backward, backprop.go: "+
					"the worst of %d is %s", len(gradient), where)
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
		return s.Cost()
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

// PyTorch 1.13 computed the gradients in float64 by automatic differentiation.
func TestChapter4GradientIsTheOneThatPyTorchComputes(t *testing.T) {
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

// Popular published code has had some of these mistakes. It still learned, so they went unnoticed.
func TestChapter4CheckCatchesKnownMistakes(t *testing.T) {
	examples := mnist().Train[:3]
	n := NewNetwork([]int{784, 6, 6, 10}, seeded(1))
	if worst, where := worstDerivative(n, examples, plainGradient(n, examples, "")); !(worst <= 1e-5) {
		t.Fatalf("the plain chain rule itself is wrong for %s", where)
	}
	for _, mistake := range []string{
		"sigmoid' left out of the last layer",
		"sigmoid' left out of a hidden layer",
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
				if mistake == "sigmoid' left out of the last layer" && l == last ||
					mistake == "sigmoid' left out of a hidden layer" && l < last {
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

// Training: chapters 2 and 3, and two tweaks beyond the videos.

func TestChapter3TrainingStepsThroughMiniBatchesInRandomOrder(t *testing.T) {
	const place = ", in Train, backprop.go"
	examples := slices.Clone(mnist().Train[:23]) // mini-batches of 10, 10 and 3
	before, got := slices.Clone(examples), NewNetwork([]int{784, 5, 10}, seeded(6))
	want, random, order, steps := got.Clone(), seeded(7), slices.Clone(examples), 0
	Training{Epochs: 2, Batch: 10, Rate: 0.7}.Train(got, examples, seeded(7), func(p Progress) error {
		start, epoch := steps%3*10, 1+steps/3
		if start == 0 {
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		end := min(start+10, len(order))
		steps++
		if p.Epoch != epoch || p.Score.Seen != end || p.Of != 23 {
			t.Fatalf("chapter 3: 23 examples in mini-batches of 10, 10 and 3%s: report %d of 6 is %+v, "+
				"want Epoch:%d Of:23 Seen:%d", place, steps, p, epoch, end)
		}
		old, unshuffled := want.Clone(), want.Clone()
		for i, derivative := range plainGradient(old, order[start:end], "") {
			want.All[i] -= 0.7 * derivative
		}
		for i, derivative := range plainGradient(old, before[start:end], "") {
			unshuffled.All[i] -= 0.7 * derivative
		}
		off := func(n *Network) float64 { return distance(got.All, n.All) }
		if question := ""; !(off(want) <= 1e-12) {
			if off(old) == 0 {
				question = "; is the step missing, or after the report?"
			} else if off(unshuffled) <= 1e-12 {
				question = "; are the examples not shuffled with random?"
			}
			t.Fatalf("chapter 3: w <- w - 0.7 dC/dw, C the average over the %d examples of mini-batch %d of 3 in epoch %d, "+
				"shuffled once more%s: the weights are off by up to %.2g%s", end-start, 1+start/10, epoch, place, off(want), question)
		}
		return nil
	})
	if steps != 6 {
		t.Fatalf("chapter 3: 2 epochs of 3 mini-batches are 6 steps, each reported%s: got %d", place, steps)
	}
	if !slices.EqualFunc(examples, before, func(a, b Example) bool { return a.Label == b.Label }) {
		t.Fatalf("chapter 3: the examples of the caller stay in their order%s: they do not", place)
	}
}

// The rate is so small that the score of an epoch is that of Evaluate.
func TestChapter3TrainingReportsItsProgressAndEndsOnAnError(t *testing.T) {
	const place = "chapter 3: after each step, in Train, backprop.go, "
	training := Training{Epochs: 5, Batch: 7, Rate: 1e-15}
	examples, enough := mnist().Train[:50], errors.New("enough")
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(11))
	want := n.Evaluate(examples)
	var whole, last Progress
	err := training.Train(n, examples, seeded(1), func(p Progress) error {
		if last = p; p.Score.Seen == p.Of {
			whole = p
		}
		if p.Epoch == 3 && p.Score.Seen == 21 {
			return enough
		}
		return nil
	})
	if err != enough || last.Epoch != 3 || last.Score.Seen != 21 {
		t.Fatalf(place+"an error from report ends training: stopped with %v at %+v, want epoch 3 after 21", err, last)
	}
	if s := whole.Score; whole.Epoch != 2 || s.Right != want.Right || !(math.Abs(s.Cost()-want.Cost()) <= 1e-9) {
		t.Fatalf(place+"report gets the score of the epoch: %+v at the end of epoch 2, want %+v", whole, want)
	}
}

// The bias of an output that is always shown the same picture changes by -rate * dC/db.
func TestChapter3AnnealingLowersTheRateTowards0(t *testing.T) {
	for _, c := range []struct {
		anneal bool
		want   []float64 // the rates of two epochs with two steps each
	}{{false, []float64{2, 2, 2, 2}}, {true, []float64{2, 1 + math.Sqrt2/2, 1, 1 - math.Sqrt2/2}}} {
		n, e := NewNetwork([]int{1, 1}, seeded(1)), few(0, 100)
		_, g := passOf(n, e)
		bias, step := n.Biases[1][0], 0
		training := Training{Epochs: 2, Batch: 5, Rate: 2, Anneal: c.anneal}
		training.Train(n, slices.Repeat([]Example{e}, 10), seeded(1), func(p Progress) error {
			formula := fmt.Sprintf("with Anneal, rate * (1 + cos(pi done)) / 2 is the rate of step %d of 4, Anneal %v, "+
				"in Train, backprop.go", step+1, c.anneal)
			equal(t, formula, (bias-n.Biases[1][0])/g.Biases[1][0], c.want[step],
				slip{2 - float64(step)/2, "is it a straight line?"})
			bias, step = n.Biases[1][0], step+1
			_, g = passOf(n, e)
			return nil
		})
	}
}

func TestChapter3TrainingLearnsFromTheVariedPicture(t *testing.T) {
	n := NewNetwork([]int{1, 1}, seeded(1))
	w, b := n.All[0], n.All[1]
	black := func(Example, *rand.Rand) Picture { return few(0, 0).Picture }
	Training{Epochs: 1, Batch: 1, Rate: 1, Vary: black}.Train(n, []Example{few(0, 255)}, seeded(1), quiet)
	if n.All[0] != w || n.All[1] == b {
		t.Fatalf("Vary makes the picture black, so dC/dw = 0, in Train, backprop.go: w went from %v to %v, want no change; "+
			"b from %v to %v", w, n.All[0], b, n.All[1])
	}
}

// What is beside the chapters.

func TestShiftMovesAPictureByAtMostOnePixel(t *testing.T) {
	greys := []byte{
		0, 0, 0, 0,
		0, 1, 2, 0,
		0, 0, 0, 0,
		0, 0, 3, 0,
		0, 0, 0, 0,
	}
	random, count := seeded(1), map[string]int{}
	for range 5000 {
		p := Shift(Example{Picture: NewPicture(5, 4, greys)}, random)
		var lit Vector
		p.Fill(make([]float64, 20), &lit)
		count[fmt.Sprint(lit.K)]++
	}
	for _, lit := range []string{"[5 6 14]", "[1 2 10]", "[9 10 18]", "[4 5 13]", "[6 7 15]"} {
		if count[lit] < 900 || len(count) != 5 {
			t.Fatalf("Shift, backprop.go: the pixels are at %v, want about 1000 times at %s", count, lit)
		}
	}
	for _, at := range []int{0, 1, 2, 3, 4, 7, 8, 11, 12, 15, 16, 17, 18, 19} { // the border
		reaching := slices.Clone(greys)
		reaching[at] = 9
		for range 20 {
			if p := Shift(Example{Picture: NewPicture(5, 4, reaching)}, random); p.Moved != 0 {
				t.Fatalf("Shift, backprop.go: a picture with a lit pixel %d on its border is moved", at)
			}
		}
	}
}

// Claims of the videos, measured: go test -v -run Claims

func TestClaims(t *testing.T) {
	if raced() || testing.Short() {
		t.Skip("they take seconds without -race, and minutes with it")
	}
	layers := []int{784, 16, 16, 10}
	some := mnist().Train[:10000]

	// The network that most of the claims are about: the videos' plain rule.
	plain := NewNetwork(layers, seeded(1))
	Training{Epochs: 5, Batch: 10, Rate: 1.5}.Train(plain, mnist().Train, seeded(1), quiet)

	t.Run("the network has 13,002 weights and biases (chapter 1)", func(t *testing.T) {
		t.Logf("784*16 + 16*16 + 16*10 weights and 16 + 16 + 10 biases are %d numbers", len(plain.All))
		holds(t, len(plain.All) == 13002)
	})

	t.Run("a neuron can be made by hand to see one bar (chapter 1)", func(t *testing.T) {
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

	t.Run("an untrained network guesses, at a cost of 2.5 to 3 (chapter 2)", func(t *testing.T) {
		cost, right := 0.0, 0
		for seed := range uint64(20) {
			score := NewNetwork(layers, seeded(seed)).Evaluate(mnist().Test[:1000])
			cost += score.Cost() / 20
			right += score.Right
		}
		t.Logf("20 random networks: average cost %.2f, %.1f%% of the answers right", cost, 100*float64(right)/20000)
		holds(t, cost >= 2.3 && cost <= 3.3 && right >= 1400 && right <= 2600)
	})

	t.Run("the cost falls, and the steps get smaller as the slope flattens (chapter 2)", func(t *testing.T) {
		n := NewNetwork(layers, seeded(1))
		var costs, lengths []float64
		done := 0
		for _, epochs := range []int{0, 1, 2, 5, 12} {
			Training{Epochs: epochs, Batch: 10, Rate: 0.75}.Train(n, some, seeded(1), quiet)
			done += epochs
			cost, steepness := n.Evaluate(some).Cost(), length(backprop(n, some))
			costs, lengths = append(costs, cost), append(lengths, steepness)
			t.Logf("after %d epochs of 10,000 pictures: cost %.3f, length of the gradient as a vector %.4f",
				done, cost, steepness)
		}
		last := len(costs) - 1
		holds(t, costs[last] <= costs[0]/10 && lengths[last] <= lengths[0]/10)
	})

	t.Run("a rate that is too large overshoots (chapter 2)", func(t *testing.T) {
		var costs []float64
		for _, rate := range []float64{1, 100} {
			n := NewNetwork(layers, seeded(1))
			Training{Epochs: 1, Batch: 10, Rate: rate}.Train(n, some, seeded(1), quiet)
			score := n.Evaluate(some)
			t.Logf("after an epoch with rate %g: cost %.3f, %s right", rate, score.Cost(), share(score.Right, score.Seen))
			costs = append(costs, score.Cost())
		}
		holds(t, costs[1] >= 2*costs[0])
	})

	t.Run("other random starts end in other valleys of nearly the same depth (chapter 2)", func(t *testing.T) {
		var ends []*Network
		var costs []float64
		for _, seed := range []uint64{1, 2} {
			n := NewNetwork(layers, seeded(seed))
			Training{Epochs: 5, Batch: 10, Rate: 1.5, Anneal: true}.Train(n, some, seeded(1), quiet)
			ends, costs = append(ends, n), append(costs, n.Evaluate(some).Cost())
		}
		far := cosine(ends[0].All, ends[1].All)
		t.Logf("two networks end with costs %.4f and %.4f; cosine of the angle between their 13,002 numbers %.2f "+
			"(1 is the same direction, 0 a right angle)", costs[0], costs[1], far)
		holds(t, math.Abs(costs[0]-costs[1]) <= 0.25*max(costs[0], costs[1]) && far <= 0.5)
	})

	t.Run("about 96 of 100 pictures never seen are read right (chapter 2)", func(t *testing.T) {
		random, s := seeded(1), addFlags(flag.NewFlagSet("train", flag.ContinueOnError))
		n := NewNetwork(layers, random)
		s.plan.Epochs = 10 // of 40, which take four times as long
		plan := s.training()
		plan.Train(n, mnist().Train, random, quiet)
		plainRight := plain.Evaluate(mnist().Test).Right
		right := n.Evaluate(mnist().Test).Right
		t.Logf("right in test: %.2f%% after 5 epochs of the videos' rule, %.2f%% after %d epochs of go run . train, "+
			"which adds -anneal, -decay and -shift; 93.63%% with the weights shown in the videos",
			100*float64(plainRight)/10000, 100*float64(right)/10000, plan.Epochs)
		holds(t, plainRight >= 9200 && right >= 9570)
	})

	t.Run("what the first layer looks for seems almost random (chapter 2)", func(t *testing.T) {
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

	t.Run("it answers confidently even when shown noise (chapter 2)", func(t *testing.T) {
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
		holds(t, brightness(plain, noise) >= 0.5)
	})

	t.Run("a network large for its data learns random labels by heart, but no digits (chapter 2)", func(t *testing.T) {
		random := seeded(1)
		shuffled := slices.Clone(mnist().Train[:10000])
		for i := range shuffled {
			shuffled[i].Label = random.IntN(10)
		}
		for _, c := range []struct {
			name                     string
			hidden, examples, epochs int
			least, most              float64 // share of the labels that it learns
		}{{"large for its data", 100, 300, 200, 90, 100}, {"small for its data", 16, 10000, 5, 0, 40}} {
			n := NewNetwork([]int{784, c.hidden, 10}, seeded(1))
			examples := shuffled[:c.examples]
			Training{Epochs: c.epochs, Batch: 10, Rate: 1.5, Anneal: true}.Train(n, examples, seeded(1), quiet)
			byHeart, right := n.Evaluate(examples).Right, n.Evaluate(mnist().Test).Right
			share := 100 * float64(byHeart) / float64(c.examples)
			t.Logf("a network %s (%d hidden neurons, %d pictures): %.1f%% of the random labels right, "+
				"%.1f%% of the test digits", c.name, c.hidden, c.examples,
				share, 100*float64(right)/10000)
			holds(t, share >= c.least && share <= c.most && right <= 2500)
		}
	})

	t.Run("a component of the gradient 32 times as large matters 32 times as much (chapter 3)", func(t *testing.T) {
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
		before := n.Evaluate(examples).Cost()
		change := func(i int) float64 {
			n.All[i] += 1e-4
			defer func() { n.All[i] -= 1e-4 }()
			return n.Evaluate(examples).Cost() - before
		}
		t.Logf("two components of the gradient: %.3g and %.3g, ratio %.2f; "+
			"the same nudge changes the cost by %.3g and %.3g, ratio %.2f",
			g[large], g[small], g[large]/g[small], change(large), change(small), change(large)/change(small))
		holds(t, math.Abs(change(large)/change(small)/32-1) <= 0.05)
	})

	t.Run("the gradient of a mini-batch points roughly the way of the whole one (chapter 3)", func(t *testing.T) {
		whole := backprop(plain, some)
		last := 0.0
		for _, size := range []int{1, 10, 100, 1000} {
			mean := 0.0
			batches := min(100, len(some)/size)
			for batch := range batches {
				mean += cosine(backprop(plain, some[batch*size:][:size]), whole) / float64(batches)
			}
			t.Logf("cosine of the angle between the gradients of %d and of 10,000 examples: %.3f", size, mean)
			holds(t, mean > last) // more examples come closer
			last = mean
		}
		t.Log("1 is the same direction, 0 a right angle; so 10 examples say little, " +
			"but a step with them is 1,000 times cheaper")
	})

	t.Run("a network that listens only to the 2s takes everything for a 2 (chapter 3)", func(t *testing.T) {
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
			len(twos), 100*float64(called)/10000)
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

// What the tests share.

// equal fails the test unless got is close to want, also if it is NaN. If got is the value of a slip,
// the message asks its question.
func equal(t *testing.T, formula string, got, want float64, slips ...slip) {
	t.Helper()
	near := func(x, y float64) bool { return math.Abs(x-y) <= 1e-12*max(1, math.Abs(y)) }
	if near(got, want) {
		return
	}
	question := ""
	for _, s := range slips {
		if question == "" && s.question != "" && near(got, s.value) {
			question = "; " + s.question
		}
	}
	t.Fatalf("%s: got %.9g, want %.9g%s", formula, got, want, question)
}

// A slip is a usual mistake.
type slip struct {
	value    float64 // that it leads to
	question string
}

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

// distance returns the largest difference between two lists, element by element.
func distance(x, y []float64) (largest float64) {
	for i := range x {
		largest = max(largest, math.Abs(x[i]-y[i]))
	}
	return largest
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

// Below is the shell: the tests of files and commands. You can stop reading here.

func TestMNISTIsWholeAndInOrder(t *testing.T) {
	set, sum, first := mnist(), 0, ""
	for i, e := range set.Train {
		for _, grey := range e.Greys {
			sum += int(grey)
		}
		if i < 10 {
			first += set.Name(e.Label)
		}
	}
	got := fmt.Sprintf("%d and %d pictures, %d x %d pixels, %d classes, mean grey %.4f, labels %s", len(set.Train),
		len(set.Test), set.Rows, set.Cols, set.Classes, float64(sum)/60000/784/255, first)
	if want := "60000 and 10000 pictures, 28 x 28 pixels, 10 classes, mean grey 0.1307, labels 5041921314"; got != want {
		t.Errorf("%s, want %s", got, want)
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
	zipped, picture := gzipped(good), make([]byte, 28*28)
	badSum := slices.Clone(zipped)
	badSum[len(badSum)-5] ^= 1
	gigabytes := append(zipped, bytes.Repeat(gzipped(make([]byte, 1<<20)), 4000)...) // gzip joins what follows
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, `not an IDX file of pictures: it starts with ""`},
		{"text", []byte("<!DOCTYPE html><html>"), `not an IDX file of pictures: it starts with "<!DOCTYPE html><"`},
		{"labels", idx(0x801, []uint32{2}, []byte{3, 4}), `it starts with "\x00\x00\b\x01\x00\x00\x00\x02\x03\x04"`},
		{"cut in the header", good[:9], "ends within its header"},
		{"cut in the data", good[:23], "ends after 1 of the 2 pictures"},
		{"one byte too many", append(slices.Clone(good), 0), "goes on after the 2 pictures"},
		{"no pictures", idx(0x803, []uint32{0, 28, 28}, nil), "claims 0 pictures of 784 bytes"},
		{"no rows", idx(0x803, []uint32{1, 0, 28}, nil), "claims 1 pictures of 0 bytes"},
		{"billions of pictures", idx(0x803, []uint32{math.MaxUint32, 28, 28}, picture), "after 1 of the 4294967295"},
		{"0 pixels in 32 bits", idx(0x803, []uint32{1, 1 << 31, 2}, picture), "of 4294967296 bytes"},
		{"0 pixels in 62 bits", idx(0x803, []uint32{1, 1 << 31, 1 << 31}, picture), "of 4611686018427387904 bytes"},
		{"a little too large", idx(0x803, []uint32{1, 51000, 1001}, nil), "51051000 bytes; there must be at least 1, of 1 to"},
		{"gzip that unpacks to gigabytes", gigabytes, "goes on after the 2 pictures"},
		{"gzip cut short", zipped[:len(zipped)-9], "unexpected EOF"},
		{"gzip with a wrong checksum", badSum, "invalid checksum"},
		{"gzip that is none", []byte{0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8}, "invalid header"},
	} {
		r := bytes.NewReader(c.file)
		err := readIDX(r, 3, func([]uint32, []byte) error { return nil })
		if read := len(c.file) - r.Len(); !says(err, c.want) || read > 1<<17 {
			t.Errorf("%s: error %v, want one with %q; %d bytes are read", c.name, err, c.want, read)
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
		greys := bytes.Repeat([]byte{byte(10 * (i % classes))}, rows*cols)
		set.Train = append(set.Train, Example{Picture: NewPicture(rows, cols, greys), Label: i % classes})
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

// A folder with two sets, in the two styles of names that are in use.
func TestSetsAreFoundByTheirNamesAndEMNISTIsTurnedUpright(t *testing.T) {
	kmnist, folder := smallSet(256, 3, 5, 256), t.TempDir()
	from := writeSet(t, kmnist)
	files, _ := os.ReadDir(from)
	for _, file := range files {
		os.Rename(filepath.Join(from, file.Name()), filepath.Join(folder, "kmnist-"+file.Name()))
	}
	write(t, folder, "emnist-train-images.idx3-ubyte.gz", nil) // the file that is not compressed is read
	for _, half := range []string{"train", "test"} {
		write(t, folder, "emnist-"+half+"-images.idx3-ubyte", idx(0x803, []uint32{1, 2, 3}, []byte{1, 2, 3, 4, 5, 6}))
		write(t, folder, "emnist-"+half+"-labels.idx1-ubyte", idx(0x801, []uint32{1}, []byte{2}))
	}
	write(t, folder, "emnist-mapping.txt", []byte("1 65 97\r\n2 66 98\r\n3 7\r\n300 67\r\n"))

	if set, err := LoadDataset(filepath.Join(folder, "kmnist")); err != nil || !reflect.DeepEqual(set, kmnist) {
		t.Errorf("kmnist: error %v, or another dataset", err)
	}
	set, err := LoadDataset(filepath.Join(folder, "emnist"))
	if err != nil {
		t.Fatal(err)
	}
	if e := set.Test[0]; e.Rows != 3 || e.Cols != 2 || !slices.Equal(greysOf(e.Picture), []byte{1, 4, 2, 5, 3, 6}) {
		t.Errorf("read as %d x %d pixels %v, want 3 x 2 pixels [1 4 2 5 3 6]", e.Rows, e.Cols, greysOf(e.Picture))
	}
	if got := set.Name(0) + set.Name(1) + set.Name(2) + set.Name(3) + set.Name(300); got != "0AB3300" {
		t.Errorf("the labels 0 1 2 3 300 are shown as %s, want 0 A B 3 300", got)
	}
	for name, want := range map[string]string{
		"/emnist": "3 x 2 pixels, labels 0 to B\n",
		"":        folder + ": several sets, with emnist-train-images.idx3-ubyte and kmnist-train-images-idx3-ubyte; name",
		"/qmn":    folder + ": no file qmn*train-images?idx*, plain or .gz",
	} {
		_, out, err := call("train", "-epochs", "1", "-net", folder+"/n.json", "-data", folder+name)
		if !strings.Contains(out+err, want) {
			t.Errorf("FOLDER%s: printed\n%swant %s", name, out+err, want)
		}
	}
}

func TestFilesThatDoNotFitTogetherAreErrorsThatNameTheFile(t *testing.T) {
	const images, labels = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"
	of := func(n uint32, label byte) []byte {
		return gzipped(idx(0x801, []uint32{n}, bytes.Repeat([]byte{label}, int(n))))
	}
	for _, c := range []struct {
		file    string
		content []byte
		want    string
	}{
		{labels, of(29, 0), "29 labels for the 30 pictures in t10k-images-idx3-ubyte"},
		{labels, of(31, 0), "31 labels for the 30 pictures in t10k-images-idx3-ubyte"},
		{labels, of(30, 26), "picture 0 has label 26, but labels are 0 to 25"},
		{images, idx(0x803, []uint32{30, 4, 5}, make([]byte, 600)), "the test pictures have 4 x 5 pixels, but the training"},
		{images, idx(0x803, []uint32{30, 3, 4}, make([]byte, 360)), "have 3 x 4 pixels, but the training pictures 3 x 5"},
		{images, idx(0x803, []uint32{30, 3, 5}, make([]byte, 449)), "the file ends after 29 of the 30 pictures"},
		{images, idx(0x801, []uint32{30}, make([]byte, 30)), "not an IDX file of pictures: it starts with"},
	} {
		folder := writeSet(t, smallSet(30, 3, 5, 26))
		write(t, folder, c.file, c.content)
		if _, err := LoadDataset(folder); !says(err, folder+": "+c.file+": ", c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func FuzzReadIDX(f *testing.F) {
	f.Add(idx(0x803, []uint32{2, 2, 2}, make([]byte, 8)), true)
	f.Add(gzipped(idx(0x801, []uint32{3}, []byte{1, 2, 3})), false)
	f.Fuzz(func(t *testing.T, file []byte, pictures bool) {
		dimensions := map[bool]int{true: 3, false: 1}[pictures]
		items := 0
		err := readIDX(bytes.NewReader(file), dimensions, func(size []uint32, item []byte) error {
			if items++; pictures && len(item) != int(size[0]*size[1]) || !pictures && len(item) != 1 {
				t.Errorf("an item of size %v has %d bytes", size, len(item))
			}
			return nil
		})
		if err == nil && items == 0 {
			t.Error("no items, and no error")
		}
	})
}

// saved writes a network to a new file, as another program does, and returns its path.
func saved(t testing.TB, n *Network) string {
	t.Helper()
	text, err := json.Marshal(n.file())
	if err != nil {
		t.Fatal(err)
	}
	return write(t, t.TempDir(), "network.json", text)
}

func TestNetworkFileHasARowForEachNeuronAndEveryBit(t *testing.T) {
	const text = `{"layers":[2,3],"weights":[[[0,5e-324],[10,-1e+29],[20,-1e+29]]],"biases":[[1,0.5,0.3333333333333333]]}`
	n := network(t, text)
	if got := n.Weights[1].At(2, 0); got != 20 || n.Biases[1][2] != 1.0/3 {
		t.Errorf("the weight of the first pixel in neuron 2 is %v, its bias %v, want 20 and 1/3", got, n.Biases[1][2])
	}
	path := filepath.Join(t.TempDir(), "network.json")
	err := (&keeper{path: path}).save(n)
	if file, _ := os.ReadFile(path); string(file) != text+"\n" {
		t.Errorf("%s is saved as %s, error %v", text, file, err)
	}
}

func TestBrokenNetworkFilesAreErrorsThatSayWhy(t *testing.T) {
	const shape = "not a saved network: the lists of weights and biases do not have the sizes that its layers need"
	for _, c := range []struct{ name, text, want string }{
		{"cut", `{"layers":[2,1],"weights":[[[1,`, "not a saved network: unexpected end of JSON input"},
		{"one layer", `{"layers":[3],"weights":[],"biases":[]}`, shape},
		{"a layer of none", `{"layers":[2,0],"weights":[[]],"biases":[[]]}`, shape},
		{"no pixels", `{"layers":[0,1],"weights":[[[]]],"biases":[[1]]}`, shape},
		{"absurd sizes", `{"layers":[1000000000,1000000000],"weights":[[[1]]],"biases":[[1]]}`, shape},
		{"weights missing", `{"layers":[2,1],"biases":[[1]]}`, shape},
		{"biases missing", `{"layers":[2,1],"weights":[[[1,2]]]}`, shape},
		{"transposed", `{"layers":[2,1],"weights":[[[1],[2]]],"biases":[[1]]}`, shape},
		{"a ragged row", `{"layers":[2,2],"weights":[[[1,2],[3]]],"biases":[[1,2]]}`, shape},
		{"a bias too many", `{"layers":[1,1],"weights":[[[1]]],"biases":[[1,2]]}`, shape},
		{"a null", `{"layers":[2,1],"weights":[[[1,null]]],"biases":[[1]]}`, "null in place of a number"},
		{"too large", `{"layers":[1,1],"weights":[[[1]]],"biases":[[-2e30]]}`, "a weight or bias of -2e+30 is too large"},
	} {
		path := write(t, t.TempDir(), "odd.json", []byte(c.text))
		if n, err := loadNetwork(path); n != nil || !says(err, path+": ", c.want) {
			t.Errorf("%s: network %v, error %v, want %s", c.name, n, err, c.want)
		}
	}
}

// Two programs save in the same file, as the page does while train is used in a terminal.
func TestBackupHasWhatTheKeeperDidNotWriteLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "network.json")
	number := func(path string) float64 { // of the network in a file, 0 for none
		if n, err := loadNetwork(path); err == nil {
			return n.All[0]
		}
		return 0
	}
	keepers := map[string]*keeper{}
	for i, c := range []struct {
		program  string
		inBackup float64 // the number of the network there after the save
	}{
		{"page", 0}, {"page", 0}, {"terminal", 2}, {"terminal", 2}, {"page", 4}, {"page", 4},
	} {
		if keepers[c.program] == nil {
			keepers[c.program], _ = newKeeper(path)
		}
		k, n := keepers[c.program], blank(1, 1)
		n.All[0] = float64(i + 1)
		before, _ := os.Stat(path)
		err := k.save(n)
		after, _ := os.Stat(path)
		if err != nil || number(path) != n.All[0] || number(backup(path)) != c.inBackup || k.kept != (c.inBackup > 0) {
			t.Errorf("%s saves network %d: %v is in the file, %v in the backup, want %v; error %v",
				c.program, i+1, number(path), number(backup(path)), c.inBackup, err)
		}
		if os.SameFile(before, after) {
			t.Error("the file is written in place; a program that is killed would leave half of it")
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 2 {
		t.Errorf("left behind: %v", files)
	}
}

func FuzzNetworkFile(f *testing.F) {
	f.Add([]byte(`{"layers":[2,1,1],"weights":[[[0.5,-0.25]],[[3]]],"biases":[[0.1],[-1]]}`))
	f.Add([]byte(`{"layers":[1000000000,1],"weights":[[[1]]],"biases":[[1]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := parseNetwork(text)
		if err != nil {
			return
		}
		if back, err := loadNetwork(saved(t, n)); err != nil || !reflect.DeepEqual(back, n) {
			t.Errorf("%s reads back as another network, error %v", text, err)
		}
		output := n.Forward(n.NewPass(), NewPicture(1, n.Layers[0], make([]byte, n.Layers[0])))
		if slices.ContainsFunc(output, func(a float64) bool { return !(a >= 0 && a <= 1) }) {
			t.Errorf("the activations are %v", output)
		}
	})
}

// The commands.

// trained is a network that can read, for the tests that need one.
var trained = sync.OnceValue(func() *Network {
	n := NewNetwork([]int{784, 16, 16, 10}, seeded(1))
	training := Training{Epochs: 3, Batch: 10, Rate: 1, Anneal: true, Decay: 1e-4, Vary: Shift}
	training.Train(n, mnist().Train, seeded(1), quiet)
	return n
})

// call runs a command line and returns the exit code and what was printed.
func call(args ...string) (code int, out, err string) {
	var outBuffer, errBuffer bytes.Buffer
	code = run(&console{out: &outBuffer, err: &errBuffer, commands: commands}, args)
	return code, outBuffer.String(), errBuffer.String()
}

func TestMistakesInTheCallAreOneClearLine(t *testing.T) {
	set, net := writeSet(t, smallSet(30, 3, 5, 26)), saved(t, blank(2, 2))
	folder := filepath.Dir(net)
	diary := write(t, folder, "diary.txt", []byte("Dear diary"))
	const rates = "train: -rate must be above 0, -decay at least 0, and their product below 1"
	const counts = "train: -epochs and -batch must be at least 1, -examples at least 0"
	for _, c := range []struct {
		calls string
		code  int
		want  string
	}{
		{"fly; help fly", 2, `there is no command "fly"; see: go run . help`},
		{"-lr 1; train -lr 1; train away -lr 1", 2, "train: flag provided but not defined: -lr; see: go run . help train"},
		{"test away; test away -- -fly; test -- away -fly", 1, `test: unexpected argument "away"`},
		{"train -hidden 16,0", 2, `"0" is not a number of neurons from 1 to 1000`},
		{"train -hidden 16,", 2, `"" is not a number of neurons from 1 to 1000`},
		{"train -hidden 1001", 2, `"1001" is not a number of neurons from 1 to 1000`},
		{"train -rate 0; train -rate NaN; train -rate Inf -decay 0; train -decay -0.1; train -decay 1 -rate 1", 1, rates},
		{"train -epochs 0; train -batch 0; train -examples -1", 1, counts},
		{"train -resume -hidden 5", 1, "train: -resume takes the layers from " + net + "; leave out -hidden"},
		{"train -plain -shift", 1, "train: -plain turns off -anneal, -decay, -shift"},
		{"train -data " + folder + "; test -data " + folder, 1, folder + ": no file *train-images?idx*, plain or .gz"},
		{"train -net " + folder, 1, folder + ": is a directory; this file is not replaced"},
		{"train -net " + filepath.Join(folder, "no", "n.json"), 1, "n.json: cannot be written: "},
		{"train -net " + diary, 1, ": not a saved network: invalid character 'D' looking for beginning of value; this"},
		{"test -net " + filepath.Join(folder, "n.json"), 1, "to train a network, run: go run . train -net " + folder},
		{"train -resume -data " + set, 1, "2-2 does not fit the data, which has 3 x 5 = 15 pixels and 26 classes"},
		{"test -data " + set + " -net " + saved(t, blank(15, 2)), 1, "15-2 does not fit the data"},
		{"test -data " + set + " -net " + saved(t, blank(2, 26)), 1, "2-26 does not fit the data"},
	} {
		for words := range strings.SplitSeq(c.calls, "; ") {
			args := strings.Fields(words)
			if !strings.Contains(words, "-net") && args[0] == "train" {
				args = slices.Insert(args, 1, "-net", net)
			}
			code, _, err := call(args...)
			if code != c.code || !strings.Contains(err, c.want) || strings.Count(err, "\n") != 1 {
				t.Errorf("%s: exit %d, %q; want %d and one line with %s", words, code, err, c.code, c.want)
			}
		}
	}
	if files, _ := os.ReadDir(folder); len(files) != 2 {
		t.Errorf("left behind: %v", files)
	}
}

func TestHelpNamesEveryCommandAndItsFlags(t *testing.T) {
	for _, cmd := range commands {
		use := "\nusage: go run . " + cmd.name + " [flags] " + cmd.arguments + "\n\n  -"
		for args, has := range map[string]string{"help": "", "-h": "", "help " + cmd.name: use, cmd.name + " -h": use} {
			code, out, err := call(strings.Fields(args)...)
			if code != 0 || err != "" || !says(errors.New(out), cmd.name, cmd.summary, has) {
				t.Errorf("%s: exit %d, %s%s", args, code, out, err)
			}
		}
	}
}

// barSet returns a set with a bar in one of four columns, the label. Every tenth
// has a 1 in column 2 or a 3 in column 1.
func barSet() *Dataset {
	set := smallSet(200, 4, 4, 4)
	for i, e := range set.Train {
		row := make([]byte, 4)
		if i%10 == 9 {
			e.Label = e.Label * 2 % 5
		}
		row[e.Label] = 255
		set.Train[i].Picture = NewPicture(4, 4, bytes.Repeat(row, 4))
	}
	set.Test = set.Train[:20]
	return set
}

// The last digits are masked: they depend on whether a processor rounds a product before adding it.
func TestTrainAndTestPrintWhatTheyDo(t *testing.T) {
	t.Chdir(t.TempDir())
	os.Rename(writeSet(t, barSet()), "bars")
	list := regexp.MustCompile(`(?s)All mistakes.*\n\n(The most confident)`)
	for _, c := range []struct{ args, want string }{
		{"train -data bars -hidden 4 -epochs 3 -batch 2 -examples 160", goldenTrain},
		{"test -data bars -v", goldenTest},
		{"test -data bars", list.ReplaceAllString(goldenTest, "$1")},
	} {
		var printed bytes.Buffer
		code := run(&console{out: &printed, err: &printed, commands: commands[:2]}, strings.Fields(c.args))
		out := regexp.MustCompile(`([0-9]\.[0-9]{2})[0-9]{2}\b`).ReplaceAllString(printed.String(), "$1##") // costs
		out = regexp.MustCompile(`(\(0\.[0-9])[0-9]\)`).ReplaceAllString(out, "$1#)")                       // activations
		out = regexp.MustCompile(` +[0-9.]+( ?s[\n;])`).ReplaceAllString(out, " #$1")                       // times
		if code != 0 || out != c.want {
			t.Errorf("%s: exit %d, printed\n%s\nwant\n%s", c.args, code, out, c.want)
		}
	}
}

const goldenTrain = `160 pictures to learn from, 20 to test: 4 x 4 pixels, labels 0 to 3
network 16-4-4: 88 weights and biases, random (seed 1)
before training: cost 1.23##, 25.00% of the test pictures right

right: training pictures answered right, each before the step that uses it
test: test pictures answered right after the epoch, so at first it is higher

    epoch     cost    right     test  time left
      1/3   0.51##   63.12%   90.00% #s
      2/3   0.21##   90.00%   90.00% #s
      3/3   0.19##   90.00%   90.00% #s

cost, epoch by epoch: 0.51## █▂▁ 0.19##

The first mistakes, with the activation of the answer:

 █                   █
 █                   █
number 9, label 1    number 19, label 3
read as 2 (0.7#)     read as 1 (0.8#)

trained for # s; network.json has the network of epoch 3
test accuracy 90.00% (18 of 20)
`

const goldenTest = `network.json: 16-4-4, 88 weights and biases
cost 0.18##, the average over 20 test pictures

How many of each digit are right, and what they are read as:

digit    right     0     1     2     3
    0  100.00%     5     0     0     0
    1   80.00%     0     4     1     0
    2  100.00%     0     0     5     0
    3   80.00%     0     1     0     4

All mistakes, with the activation of the answer:

number 9, label 1, read as 2 (0.7#)
number 19, label 3, read as 1 (0.8#)

The most confident mistakes, with the activation of the answer:

█                     █
█                     █
number 19, label 3   number 9, label 1
read as 1 (0.8#)     read as 2 (0.7#)

test accuracy 90.00% (18 of 20)
`

func TestSameCallWritesTheSameFileAndEachFlagAnother(t *testing.T) {
	set := writeSet(t, &Dataset{Rows: 28, Cols: 28, Train: mnist().Train[:2000], Test: mnist().Test[:100]})
	net := filepath.Join(t.TempDir(), "network.json")
	do := func(flags string) string {
		t.Helper()
		if code, _, err := call(strings.Fields("train -epochs 1 -data " + set + " -net " + net + " " + flags)...); code != 0 {
			t.Fatalf("%s: exit %d, %s", flags, code, err)
		}
		file, _ := os.ReadFile(net)
		return string(file)
	}
	wrote := map[string][]string{}   // by file
	for _, same := range [][]string{ // flags that do the same
		{"", "-seed 1 -hidden 16,16"}, {"-seed 2"}, {"-hidden none"}, {"-batch 10"}, {"-rate 1"},
		{"-shift=false"}, {"-decay 0"}, {"-anneal=false"}, {"-plain", "-shift=false -decay 0 -anneal=false"},
		{"-resume", "-resume -rate 0.15"}, {"-resume -rate 1.5"},
	} {
		file := ""
		for _, flags := range same {
			do("") // the network from which -resume goes on
			file = do(flags)
			wrote[file] = append(wrote[file], flags)
		}
		if !slices.Equal(wrote[file], same) {
			t.Errorf("%q wrote the same file, but only %q should", wrote[file], same)
		}
	}
}

// Three epochs of 200 bars each, over another network, and what happens on the way.
func TestTrainingSavesWhatIsWorthItAndSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	moveAway := func(*watcher) { os.Rename("nets", "away") }
	moveBack := func(*watcher) { os.Rename("away", "nets") }
	interrupted, cancel := context.WithCancel(context.Background())
	cancel()
	interrupt := func(w *watcher) { w.ctx = interrupted }
	same := func(answer float64) func(*watcher) { // to every picture
		return func(w *watcher) {
			clear(w.network.All)
			for j := range w.network.Biases[2] {
				w.network.Biases[2][j] = math.Log(answer / (1 - answer))
			}
		}
	}
	type events map[int]func(*watcher) // when this number of pictures have been seen
	const notSaved = "\nnot saved: no better than the same answer for every picture; try a lower -rate\n"
	for _, c := range []struct {
		rate         float64
		events       events
		err, printed string
		saved        int // the epoch whose network is in the file in the end, 0 if it is that of before
	}{
		{1.5, nil, "", "; nets/n.json has the network of epoch 3\nthe network that was there before is in nets/n.json.bak\n" +
			"what next: go run . a, b\ntest accuracy ", 3},
		{1.5, events{100: interrupt}, "stopped in epoch 1 of 3; nothing is saved", "", 0},
		{1.5, events{500: interrupt}, "", "\nstopped in epoch 3 of 3\n", 2},
		{1.5, events{599: interrupt}, "", "; nets/n.json has the network of epoch 3\n", 3},
		{1.5, events{200: same(math.NaN())}, "the cost is not a number in epoch 2; try a lower -rate; nets/n.json", "", 1},
		{1e-12, events{0: same(0.26)}, "", notSaved, 0}, // the best is 1/4 and costs 3/4
		{1.5, events{200: same(1 - 1e-12)}, "", notSaved, 1},
		{1.5, events{0: moveAway}, "nets/n.json: cannot be written: ", "; training goes on\n", 0},
		{1.5, events{0: moveAway, 300: moveBack}, "", "digits: nets/n.json: cannot be written: ", 3},
	} {
		os.RemoveAll("nets")
		os.Mkdir("nets", 0o755)
		os.Rename(saved(t, blank(1, 1)), "nets/n.json")
		var out bytes.Buffer
		w := &watcher{ctx: context.Background(), network: NewNetwork([]int{16, 4, 4}, seeded(1)), set: barSet()}
		w.console = &console{out: &out, err: &out, commands: append(commands[:2:2], command{name: "a"}, command{name: "b"})}
		w.keeper = &keeper{path: "nets/n.json"}
		seen, networks := 0, []*Network{} // after each epoch
		w.plan = Training{Epochs: 3, Batch: 2, Rate: c.rate, Vary: func(e Example, _ *rand.Rand) Picture {
			if seen%200 == 0 {
				networks = append(networks, w.network.Clone())
			}
			if event := c.events[seen]; event != nil {
				event(w)
			}
			seen++
			return e.Picture
		}}
		err := w.train(seeded(1))
		networks = append(networks, w.network)
		networks[0] = blank(1, 1)
		moveBack(w)
		if (err == nil) != (c.err == "") || err != nil && !says(err, c.err) || !strings.Contains(out.String(), c.printed) ||
			strings.Contains(out.String(), "accuracy") != (c.printed != "") || strings.Count(out.String(), notSaved) > 1 ||
			strings.Contains(out.String(), "stopped") != strings.Contains(c.printed, "stopped") {
			t.Errorf("want the error %q and %q printed, got %v and\n%s", c.err, c.printed, err, &out)
		}
		n, _ := loadNetwork("nets/n.json")
		files, _ := os.ReadDir("nets")
		if !reflect.DeepEqual(n, networks[c.saved]) || w.saved != c.saved ||
			w.keeper.kept != (c.saved > 0) || len(files) != 1+min(c.saved, 1) {
			t.Errorf("%q: the file has %v, want that of epoch %d; files %v", c.err+c.printed, n, c.saved, files)
		}
	}
}

func TestVariationsThatAreOnFollowEachOther(t *testing.T) {
	defer func(old []variation) { variations = old }(variations)
	adds := func(grey byte) variation { // a pixel at the end
		return variation{vary: func(e Example, _ *rand.Rand) Picture {
			return few(0, append(greysOf(e.Picture), grey)...).Picture
		}}
	}
	variations = []variation{adds(1), adds(2), adds(3)}
	s := &settings{vary: []bool{true, false, true}}
	if got := greysOf(s.training().Vary(few(0, 9), nil)); !slices.Equal(got, []byte{9, 1, 3}) {
		t.Errorf("the first and the third variation make %v of [9], want [9 1 3]", got)
	}
}

func TestSignalEndsTraining(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a program cannot send itself Ctrl-C")
	}
	t.Chdir(t.TempDir())
	self, _ := os.FindProcess(os.Getpid())
	defer func(old []variation) { variations = old }(variations)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		var once sync.Once
		vary := func(e Example, _ *rand.Rand) Picture { once.Do(func() { self.Signal(sig) }); return e.Picture }
		variations = []variation{{name: "shift", usual: true, vary: vary}}
		code, _, err := call()
		if code != 1 || err != "digits: stopped in epoch 1 of 40; nothing is saved\n" {
			t.Errorf("%v: exit %d, %s", sig, code, err)
		}
	}
}

func TestWhatIsShownFitsATerminal(t *testing.T) {
	var live bytes.Buffer
	w := &watcher{console: &console{err: &live, live: true}, plan: Training{Epochs: 1}}
	w.start = time.Now().Add(-30 * time.Second)
	for range 2 { // the second comes too soon
		w.drawLine(Progress{Epoch: 1, Of: 200, Score: Score{Seen: 100, Costs: 50, Right: 50}})
	}
	w.clearLine()
	table := func(classes int) string { // the start of it; there are no pictures of class 3
		counts, out := make([][]int, classes), bytes.Buffer{}
		for label := range counts {
			counts[label] = make([]int, classes)
			counts[label][label] = 6
		}
		counts[0][2], counts[3][3] = 2, 0
		printTable(&console{out: &out}, &Dataset{}, counts)
		return out.String()[:strings.Index(out.String(), "    2  100")]
	}
	drawn := func(rows, cols int, greys ...byte) string {
		return strings.Join(sketch(NewPicture(rows, cols, greys), image.Rectangle{}), "\n")
	}
	rows := func(columns, width int) string {
		return fmt.Sprint(strings.Count(sideBySide(slices.Repeat([][]string{{strings.Repeat("▄", width)}}, columns)), "\n\n"))
	}
	for _, c := range []struct{ got, want string }{
		{live.String(), "\r      1/1   0.5000   50.00%  ███░░░░        30s\r\x1b[K"},
		{table(12), "digit    right     0     1     2     4     5     6     7     8     9    10    11\n" +
			"    0   75.00%     6     0     2     0     0     0     0     0     0     0     0\n" +
			"    1  100.00%     0     6     0     0     0     0     0     0     0     0     0\n"},
		{table(13), "digit    right  most often misread as\n    0   75.00%  2: 2\n    1  100.00%\n"},
		{thousands(999), "999"}, {thousands(13002), "13,002"}, {thousands(1234567), "1,234,567"},
		{curve([]float64{4, 2, 1}), "█▅▁"}, {curve([]float64{1, 1}), "▁▁"}, {curve([]float64{1, 0, 0}), "█▁▁"},
		{curve(append(slices.Repeat([]float64{4}, 99), 1)), strings.Repeat("█", 39) + "▁"}, // to the last
		{drawn(2, 2, 128, 0, 0, 128), "▀▄"}, {drawn(2, 2, 127, 0, 0, 127), "░░"},
		{drawn(2, 4, 63, 127, 189, 204, 63, 126, 190, 255), "░▒▓█"},
		{drawn(300, 200, make([]byte, 60000)...), strings.Repeat(strings.Repeat(" ", 40)+"\n", 29) + strings.Repeat(" ", 40)},
		{sideBySide([][]string{{"ab", "c"}, {"d"}, {"e", "f"}}), "ab   d    e\nc         f\n\n"},
		{rows(4, 17), "1"}, {rows(4, 18), "2"}, {rows(3, 24), "1"}, {rows(3, 25), "2"}, {rows(2, 90), "2"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
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
