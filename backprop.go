package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A Gradient tells for every weight and every bias how the cost changes with it: it
// has the shape of the network, with dC/dw_jk where the network has w_jk and dC/db_j
// where it has b_j. Seen as one long list it is the arrow of chapter 2, 13,002 numbers
// that point in the direction in which the cost rises fastest.
//
// It is summed up over examples; divided by their number it is the gradient of their
// average cost.
type Gradient struct {
	Weights  []*Matrix
	Biases   [][]float64
	Examples int // how many are summed up

	dCda    [][]float64 // dCda[l][j] for the example at hand
	delta   [][]float64 // delta[l][j] is dC/dz_j for the same
	touched [][]bool    // touched[l][k]: column k of Weights[l] has been added to since the last step down
}

// NewGradient returns a gradient of zeros, of no examples, for networks like n.
func (n *Network) NewGradient() *Gradient {
	zero := newZeroNetwork(n.Layers)
	g := &Gradient{Weights: zero.Weights, Biases: zero.Biases}
	for l, size := range n.Layers {
		g.dCda = append(g.dCda, make([]float64, size))
		g.delta = append(g.delta, make([]float64, size))
		if l < len(n.Weights) {
			g.touched = append(g.touched, make([]bool, size))
		}
	}
	return g
}

// SigmoidSlope returns da/dz = sigmoid'(z), given not z but a = sigmoid(z): the slope
// can be written as a (1 - a), which saves computing the exponential again. It is at
// most 1/4, and near 0 where the neuron is almost off or almost on.
func SigmoidSlope(a float64) float64 { return a * (1 - a) }

// Add adds the gradient of one example's cost: backpropagation, the chain rule of
// chapter 4. The pass must have come from n with the example's picture.
//
// A weight w_jk moves z_j, that moves a_j, and that moves the cost. Each link has its
// own derivative, and the derivative of the whole is their product:
//
//	dC/dw_jk = dz_j/dw_jk * da_j/dz_j * dC/da_j = a_k * sigmoid'(z_j) * dC/da_j
//
// The last two factors, dC/dz_j, are shared by all the weights into neuron j and by
// its bias. This product is called delta_j. C is the cost of this one example here, C0 in
// the lessons; Weights[l-1] and Biases[l-1] are those that lead into layer l.
func (g *Gradient) Add(n *Network, p *Pass, label int) {
	last := len(n.Layers) - 1

	// In the last layer the cost is a sum over the a_j themselves, C = sum of (a_j - y_j)^2:
	// dC/da_j = 2 (a_j - y_j)
	for j, a := range p.A[last] {
		g.dCda[last][j] = 2 * (a - wanted(j, label))
	}

	// Then layer by layer backwards, from the neurons j of layer l to the k of layer l-1.
	for l := last; l > 0; l-- {
		delta := g.delta[l]

		// delta_j = da_j/dz_j * dC/da_j
		for j, a := range p.A[l] {
			dadz := SigmoidSlope(a)
			delta[j] = dadz * g.dCda[l][j]
		}

		// The bias is added to z_j as it is, so dz_j/db_j = 1. What is added to the gradient is
		// dC/db_j = 1 * delta_j
		for j := range delta {
			g.Biases[l-1][j] += delta[j]
		}

		// The weight is multiplied by a_k on its way into z_j, so dz_j/dw_jk = a_k. Added is
		// dC/dw_jk = a_k * delta_j
		g.Weights[l-1].AddOuter(delta, p.A[l-1], p.lit[l-1])
		for _, k := range p.lit[l-1] {
			g.touched[l-1][k] = true // the step down will leave out the other columns
		}

		// Neuron k moves the cost along every path that leaves it, one through each z_j,
		// and dz_j/da_k = w_jk:
		// dC/da_k = sum over j of w_jk * delta_j
		if l > 1 { // the picture itself is not ours to change
			n.Weights[l-1].MulTransposed(g.dCda[l-1], delta)
		}
	}
	g.Examples++
}

// Descend moves the network one step down the slope, w <- w - rate * dC/dw, with the
// gradient of the average cost of the examples added since the last step. It leaves g
// empty, for the next ones.
func (n *Network) Descend(g *Gradient, rate float64) {
	step := rate / float64(g.Examples) // a sum of gradients, divided by their number
	for l, w := range n.Weights {
		w.Descend(step, g.Weights[l], g.touched[l])
		for j := range n.Biases[l] {
			n.Biases[l][j] -= step * g.Biases[l][j]
		}
		clear(g.Biases[l])
	}
	g.Examples = 0
}

// Training is a plan for learning by mini-batch gradient descent (chapters 2 and 3).
// With Anneal false and Decay 0 it is the videos' plain rule.
type Training struct {
	Epochs int     // how many times every example is seen
	Batch  int     // the examples in a mini-batch, which share a step
	Rate   float64 // eta: a step is -Rate times the gradient; with half the cost, as in much other code, the same step takes twice the Rate
	Anneal bool    // ease the rate and the decay down to 0 over the run, to settle where big steps would overshoot
	Decay  float64 // the share of itself that each weight of a pixel loses between epochs, to keep only what many examples ask for
}

// Progress tells how far a training has come. Cost and Right are of the examples of
// this epoch as they came up, each before the network has learned from it.
type Progress struct {
	Epoch int     // 1 for the first
	Seen  int     // the examples seen in this epoch
	Of    int     // the examples in an epoch
	Cost  float64 // the average cost of those seen
	Right int     // how many of those seen were answered right
}

// Train lets a network learn from examples, in an order shuffled anew for each epoch.
// After each step it calls report; an error from there ends the training and is returned.
func (t Training) Train(n *Network, examples []Example, random *rand.Rand, report func(Progress) error) error {
	d := newDescent(t, n, examples)
	for range t.Epochs {
		d.shuffle(random)
		if err := d.epoch(report); err != nil {
			return err
		}
	}
	return nil
}

// A descent is a training under way.
type descent struct {
	plan     Training
	network  *Network
	examples []Example
	order    []int // the indices of the examples, as they come up in this epoch
	pass     *Pass
	gradient *Gradient
	progress Progress
	costs    float64 // the sum of the costs of the examples seen in this epoch
}

func newDescent(plan Training, n *Network, examples []Example) *descent {
	d := &descent{plan: plan, network: n, examples: examples, pass: n.NewPass(), gradient: n.NewGradient()}
	for i := range examples {
		d.order = append(d.order, i)
	}
	return d
}

// shuffle puts the examples into a new random order.
func (d *descent) shuffle(random *rand.Rand) {
	random.Shuffle(len(d.order), func(i, j int) { d.order[i], d.order[j] = d.order[j], d.order[i] })
}

// epoch goes once through all the examples, mini-batch by mini-batch.
func (d *descent) epoch(report func(Progress) error) error {
	d.progress = Progress{Epoch: d.progress.Epoch + 1, Of: len(d.examples)}
	d.costs = 0
	if d.progress.Epoch > 1 {
		d.decay()
	}
	for batch := range slices.Chunk(d.order, d.plan.Batch) { // the last one may be shorter
		d.step(batch)
		if err := report(d.progress); err != nil {
			return err
		}
	}
	return nil
}

// decay makes the weights that lead from the pixels smaller. There are so many of them
// that they could learn single pictures by heart.
func (d *descent) decay() {
	// w <- w - share * w
	share := d.plan.Decay * d.ease()
	for i, w := range d.network.Weights[0].data {
		d.network.Weights[0].data[i] = w - share*w
	}
}

// step learns from one mini-batch: the gradients of its examples, averaged, and one
// step down.
func (d *descent) step(batch []int) {
	rate := d.plan.Rate * d.ease()
	for _, i := range batch {
		e := d.examples[i]
		output := d.network.Forward(d.pass, e.Picture)
		d.gradient.Add(d.network, d.pass, e.Label)

		d.costs += Cost(output, e.Label)
		if Answer(output) == e.Label {
			d.progress.Right++
		}
	}
	d.network.Descend(d.gradient, rate)
	d.progress.Seen += len(batch)
	d.progress.Cost = d.costs / float64(d.progress.Seen)
}

// ease returns what is left of the rate: 1 at the start, 0 at the end of the run, along
// half a wave of the cosine.
func (d *descent) ease() float64 {
	if !d.plan.Anneal {
		return 1
	}
	p := d.progress
	done := (float64(p.Epoch-1) + float64(p.Seen)/float64(p.Of)) / float64(d.plan.Epochs)
	return (1 + math.Cos(math.Pi*done)) / 2
}

// What follows is no part of learning. It checks that the gradient is right.

// Each visits every weight and every bias together with its derivative in g, which must
// be of one example, as sums are not divided here. The weights w_jk into layer l come
// column by column, then its biases b_j, with -1 for k. The visitor may change the numbers.
func (n *Network) Each(g *Gradient, visit func(l, j, k int, value *float64, derivative float64)) {
	for step, w := range n.Weights {
		for k := range w.Cols {
			values, derivatives := w.Column(k), g.Weights[step].Column(k)
			for j := range values {
				visit(step+1, j, k, &values[j], derivatives[j])
			}
		}
		for j := range n.Biases[step] {
			visit(step+1, j, -1, &n.Biases[step][j], g.Biases[step][j])
		}
	}
}

// Slope measures how steeply the cost rises with one number x, without any calculus: it
// nudges x a little up and a little down and looks. This central difference,
//
//	(C(x+h) - C(x-h)) / 2h
//
// is off by an error e that grows with h^2. Measured again with 2h it is off by 4e: so
// 4 times the first less the second is 3 times the slope, without e.
func Slope(x *float64, cost func() float64) float64 {
	const h = 1e-3
	old := *x
	at := func(nudge float64) float64 {
		*x = old + nudge
		return cost()
	}
	near := (at(h) - at(-h)) / (2 * h)
	far := (at(2*h) - at(-2*h)) / (4 * h)
	*x = old
	return (4*near - far) / 3
}

// RelativeError compares a derivative as computed with the slope as measured. A cost has
// 16 digits, so with h = 1e-3 a slope shows no more than about 12 places after the point:
// below 1e-5 the error is taken relative to 1e-5.
func RelativeError(computed, measured float64) float64 {
	return math.Abs(computed-measured) / max(math.Abs(computed), math.Abs(measured), 1e-5)
}
