package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// MeasureSlope measures the derivative of the cost with respect to x, one of the weights or biases,
// without calculus (chapter 4). It nudges x by h up and down while everything else is held still:
//
//	dC/dx = (C(x+h) - C(x-h)) / 2h    for a small h
//
// If z = w a + b and only w is nudged, b is the same on both sides and cancels, so dz/dw = a. A
// smaller h follows the curve better, but leaves fewer correct digits in the difference. With
// h = 1e-4 the error is below 1e-8.
//
// To measure all 13,002 slopes in this way takes 26,004 forward passes. Backward, below, computes
// them in one pass back through the layers, and the tests compare the two.
func MeasureSlope(x *float64, cost func() float64) float64 {
	const h = 1e-4
	old := *x
	*x = old + h
	above := cost()
	*x = old - h
	below := cost()
	*x = old
	return (above - below) / (2 * h)
}

// RelativeError returns the difference between a computed and a measured derivative, divided by the
// larger absolute value of the two, but at least 1e-5, because of the error of a measured slope. The
// worst of a right gradient is about 1e-6. The usual mistakes give 0.5 or more.
func RelativeError(computed, measured float64) float64 {
	return math.Abs(computed-measured) / max(math.Abs(computed), math.Abs(measured), 1e-5)
}

// A Gradient holds the derivatives of the cost with respect to all weights and biases, summed over
// the examples that Backward has added. Divided by their number it is the gradient of chapter 2,
// 13,002 numbers that point in the direction in which the average cost rises fastest.
type Gradient struct {
	Parameters
	Examples int // the number of examples added
}

// NewGradient allocates a reusable Gradient for n, with no examples.
func (n *Network) NewGradient() *Gradient { return &Gradient{Parameters: NewParameters(n.Layers)} }

// SigmoidSlope returns sigmoid'(z), given a = sigmoid(z): it is a (1 - a), at most 1/4, and close
// to 0 where the neuron is almost off or almost on.
func SigmoidSlope(a float64) float64 { return a * (1 - a) }

// Backward adds the gradient of one example's cost to g by backpropagation, the chain rule
// of chapter 4. The pass must come from Forward with the example's picture; DCDA and Delta are set.
//
// A change of the weight w_jk changes z_j, which changes a_j, which changes the cost C. The
// derivative dC/dw_jk is the product of the derivatives of these three links. An example for the
// last layer, where a_k = 0.5, a_j = 0.6 and y_j = 1:
//
//	dC/dw_jk = dz_j/dw_jk *   da_j/dz_j   *    dC/da_j
//	         =    a_k     * a_j (1 - a_j) * 2 (a_j - y_j)
//	         =    0.5     *     0.24      *     -0.8      = -0.096
//
// The last two factors are the same for all weights into neuron j and for its bias. Their
// product, dC/dz_j, is called delta_j. C is the cost of this one example.
func (n *Network) Backward(p *Pass, label int, g *Gradient) {
	last := len(n.Layers) - 1
	// C = sum over j of (a_j - y_j)^2 in the last layer, so dC/da_j = 2 (a_j - y_j)
	for j, aj := range p.A[last] {
		p.DCDA[last][j] = 2 * (aj - Wanted(j, label))
	}

	for l := last; l > 0; l-- { // from the neurons j of layer l to the neurons k of layer l-1
		w, a, delta := n.Weights[l], p.Lit[l-1], p.Delta[l]
		dCdw, dCdb := g.Weights[l], g.Biases[l]
		for j, aj := range p.A[l] {
			// delta_j = da_j/dz_j * dC/da_j
			dadz := SigmoidSlope(aj)
			delta[j] = dadz * p.DCDA[l][j]
			// Add dC/db_j = dz_j/db_j * delta_j, where dz_j/db_j = 1, as z_j = b_j + ...
			dCdb[j] += 1 * delta[j]
		}
		// Add dC/dw_jk = dz_j/dw_jk * delta_j, where dz_j/dw_jk = a_k, for all j and k.
		dCdw.AddOuter(a, delta)
		// dC/da_k = sum over j of dz_j/da_k * delta_j, along all paths from k, where dz_j/da_k = w_jk.
		// Forward sums over k, this sums over j.
		for k := range p.DCDA[l-1] { // no loop for the pixels, as DCDA[0] is nil
			sum := 0.0
			for j, wjk := range w.Column(k) {
				sum += wjk * delta[j]
			}
			p.DCDA[l-1][k] = sum
		}
	}
	g.Examples++
}

// Descend takes one step of gradient descent (chapter 2), where w stands for every weight and
// every bias and C for the average cost of the examples in g:
//
//	w <- w - rate * dC/dw
//
// The minus is there because the gradient points uphill. Then Descend empties g.
//
// Weight decay, a tweak beyond the videos, adds decay * w to dC/dw for the weights of the first
// layer. Each step then makes them a little smaller. Those from pixels that are always black have
// dC/dw = 0 and shrink towards 0.
func (n *Network) Descend(g *Gradient, rate, decay float64) {
	if g.Examples == 0 {
		panic("Descend: the gradient has no examples")
	}
	share := 1 / float64(g.Examples)
	step := func(w, sum []float64) {
		for i := range w {
			dCdw := sum[i] * share // the average
			w[i] -= rate * (dCdw + decay*w[i])
			sum[i] = 0
		}
	}
	first := len(n.Weights[1].Data) // All starts with the weights of the first layer
	step(n.All[:first], g.All[:first])
	decay = 0 // for the biases and the later layers
	step(n.All[first:], g.All[first:])
	g.Examples = 0
}

// A Training is a plan for stochastic gradient descent: each step uses the gradient of a few
// examples chosen at random, a mini-batch (chapter 3). With Anneal false, Decay 0 and Vary nil it
// is the rule of the videos.
type Training struct {
	Epochs int     // how many times every example is seen
	Batch  int     // the number of examples in a mini-batch, at least 1
	Rate   float64 // the learning rate of the first step, and without Anneal of all steps
	Anneal bool    // lower the rate to 0 during training, along half a wave of the cosine
	Decay  float64 // weight decay, see Descend
	// Vary returns the picture to learn from each time an example is seen, such as Shift. If Vary is
	// nil, it is the picture of the example itself.
	Vary func(e Example, random *rand.Rand) Picture
}

// Progress describes the state of Train after a step.
type Progress struct {
	Epoch int   // counted from 1
	Of    int   // the number of examples in an epoch
	Score Score // of the examples seen in this epoch, each before the step that learned from it
}

// Train trains n on the examples, a copy of which it shuffles in each epoch. It calls report after
// each step; an error from report ends it and is returned.
func (t Training) Train(n *Network, examples []Example, random *rand.Rand, report func(Progress) error) error {
	pass, gradient := n.NewPass(), n.NewGradient()
	examples = slices.Clone(examples) // the caller's stay in order
	for epoch := range t.Epochs {
		random.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
		progress := Progress{Epoch: epoch + 1, Of: len(examples)}
		for batch := range slices.Chunk(examples, t.Batch) { // the last mini-batch may be smaller
			rate := t.Rate
			if t.Anneal { // rate = Rate (1 + cos(pi done)) / 2, to settle in a minimum
				rate *= (1 + math.Cos(math.Pi*t.Done(progress))) / 2
			}
			for _, e := range batch {
				if t.Vary != nil {
					e.Picture = t.Vary(e, random)
				}
				output := n.Forward(pass, e.Picture)
				n.Backward(pass, e.Label, gradient)
				progress.Score.Add(output, e.Label)
			}
			n.Descend(gradient, rate, t.Decay)
			if err := report(progress); err != nil {
				return err
			}
		}
	}
	return nil
}

// Done returns the share of the training that is done, 0 to 1.
func (t Training) Done(p Progress) float64 {
	return (float64(p.Epoch-1) + float64(p.Score.Seen)/float64(p.Of)) / float64(t.Epochs)
}

// Shift returns the picture of an example moved by one pixel down, up, right or left, or not at all,
// so that the exact place of a digit does not matter. A picture without a margin is not moved.
func Shift(e Example, random *rand.Rand) Picture {
	p := e.Picture
	moves := [...]int{0, p.Cols, -p.Cols, 1, -1} // in the list of all pixels
	if move := moves[random.IntN(len(moves))]; p.HasMargin {
		p.Moved += int32(move)
	}
	return p
}
