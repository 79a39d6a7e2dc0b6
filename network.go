package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
)

// Parameters holds one number for each weight and each bias of a network: the number itself
// or, in a gradient, its derivative. Weights and Biases share the memory of All.
type Parameters struct {
	All     []float64   // W1 column by column, b1, W2, b2, ...
	Weights []*Matrix   // Weights[l] leads from layer l-1 into layer l; Weights[0] is nil
	Biases  [][]float64 // Biases[l][j] belongs to neuron j of layer l; Biases[0] is nil
}

// CountParameters returns the number of weights and biases of a network with these layers. For
// layers 784, 16, 16, 10 there are (784*16 + 16) + (16*16 + 16) + (16*10 + 10) = 13,002.
func CountParameters(layers []int) int {
	count := 0
	for l := 1; l < len(layers); l++ {
		count += layers[l]*layers[l-1] + layers[l]
	}
	return count
}

// NewParameters returns parameters for a network with these layers, all 0.
func NewParameters(layers []int) Parameters {
	p := Parameters{All: make([]float64, CountParameters(layers)), Weights: []*Matrix{nil}, Biases: [][]float64{nil}}
	rest := p.All
	for l := 1; l < len(layers); l++ {
		rows, cols := layers[l], layers[l-1]
		p.Weights = append(p.Weights, &Matrix{Rows: rows, Cols: cols, Data: rest[:rows*cols]})
		p.Biases = append(p.Biases, rest[rows*cols:][:rows])
		rest = rest[rows*cols+rows:]
	}
	return p
}

// A Network is the function of chapter 1, from pixels to digits. Every neuron is connected to all
// neurons of the layer before it.
type Network struct {
	Layers []int // the number of neurons in each layer, the pixels first
	Parameters
}

// NewNetwork returns a network with random weights and biases, from normal distributions around 0.
// The standard deviation is 1 for biases and 1/sqrt(K) for the K weights into a neuron. A sum of K
// random terms spreads sqrt(K) times as wide as one term, so z spreads equally wide for any K. If z
// were much larger, sigmoid would be flat there and the neurons would hardly learn.
func NewNetwork(layers []int, random *rand.Rand) *Network {
	n := &Network{Layers: layers, Parameters: NewParameters(layers)}
	for l := 1; l < len(layers); l++ {
		deviation := 1 / math.Sqrt(float64(layers[l-1]))
		for i := range n.Weights[l].Data {
			n.Weights[l].Data[i] = deviation * random.NormFloat64()
		}
		for j := range n.Biases[l] {
			n.Biases[l][j] = random.NormFloat64()
		}
	}
	return n
}

// Clone returns a copy of n with weights and biases of its own.
func (n *Network) Clone() *Network {
	c := &Network{Layers: n.Layers, Parameters: NewParameters(n.Layers)}
	copy(c.All, n.All)
	return c
}

// Sigmoid maps any z to a number between 0 and 1: close to 0 for very negative z, 1/2 for z = 0,
// close to 1 for very positive z (chapter 1). For z below -710 the exponential overflows to +Inf, and
// 1/(1+Inf) = 0 is right.
func Sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// A Pass holds what is computed for one example. The first index is the layer. Z, DCDA and
// Delta are nil for layer 0, the pixels.
type Pass struct {
	A     [][]float64 // a_j, the activation, 0 to 1
	Z     [][]float64 // z_j, the weighted sum plus the bias; kept to be shown, as Backward needs only a_j
	DCDA  [][]float64 // dC/da_j, computed by Backward (backprop.go)
	Delta [][]float64 // dC/dz_j, computed by Backward
	Lit   []Vector    // A for MulAdd: of layer 0 the lit pixels, of the others A[l] itself
}

// NewPass allocates a reusable Pass for n.
func (n *Network) NewPass() *Pass {
	p := &Pass{}
	for l, size := range n.Layers {
		p.A = append(p.A, make([]float64, size, size+7)) // with the room that a Vector needs
		p.Z = append(p.Z, make([]float64, size))
		p.DCDA = append(p.DCDA, make([]float64, size))
		p.Delta = append(p.Delta, make([]float64, size))
		p.Lit = append(p.Lit, Vector{K: make([]int32, size, size+7), A: p.A[l]})
		for j := range size {
			p.Lit[l].K[j] = int32(j)
		}
	}
	p.Z[0], p.DCDA[0], p.Delta[0] = nil, nil, nil
	p.Lit[0].A = make([]float64, 0, n.Layers[0]+7)
	return p
}

// Forward computes the activations of all layers for a picture (chapter 1), which has a pixel for
// each neuron of layer 0 and fills that. It returns those of the last layer, valid until p is used again.
func (n *Network) Forward(p *Pass, picture Picture) []float64 {
	if picture.Rows*picture.Cols != n.Layers[0] {
		panic("Forward: the picture does not have a pixel for each input of the network")
	}
	picture.Fill(p.A[0], &p.Lit[0]) // a_k of layer 0 is the grey of pixel k, 0 black to 1 white

	for l := 1; l < len(n.Layers); l++ { // from the neurons k of layer l-1 to the neurons j of layer l
		w, b := n.Weights[l], n.Biases[l]
		a, z := p.Lit[l-1], p.Z[l]

		// z_j = b_j + sum over k of w_jk a_k
		copy(z, b)
		w.MulAdd(z, a)

		// a_j = sigmoid(z_j)
		for j := range z {
			p.A[l][j] = Sigmoid(z[j])
		}
	}
	return p.A[len(n.Layers)-1]
}

// Answer returns the index of the brightest output, the first of equals: the digit that is read.
func Answer(output []float64) int {
	brightest := 0
	for j, a := range output {
		if a > output[brightest] {
			brightest = j
		}
	}
	return brightest
}

// Wanted returns y_j, what output j should be: 1 for the output of the label, 0 for the others.
func Wanted(j, label int) float64 {
	if j == label {
		return 1
	}
	return 0
}

// Cost returns the cost of one example, given its output and its label (chapter 2). Many texts halve
// the cost. That halves every derivative, so a rate of 3 there is a rate of 1.5 here.
func Cost(output []float64, label int) float64 {
	// C = sum over j of (a_j - y_j)^2, called C0 in the videos
	cost := 0.0
	for j, a := range output {
		difference := a - Wanted(j, label)
		cost += difference * difference
	}
	return cost
}

// A Score counts how well a network does on a number of examples.
type Score struct {
	Seen  int     // the number of examples
	Right int     // how many of them were answered right
	Costs float64 // the sum of their costs
}

// Add counts one more example, given the output and the label.
func (s *Score) Add(output []float64, label int) {
	s.Seen++
	s.Costs += Cost(output, label)
	if Answer(output) == label {
		s.Right++
	}
}

// Cost returns the average cost of the examples, the cost of the network (chapter 2).
func (s Score) Cost() float64 { return s.Costs / float64(s.Seen) }

// Evaluate returns how well the network does on the examples.
func (n *Network) Evaluate(examples []Example) Score {
	s, p := Score{}, n.NewPass()
	for _, e := range examples {
		s.Add(n.Forward(p, e.Picture), e.Label)
	}
	return s
}

// An Example is a picture with its label, the digit that it shows.
type Example struct {
	Picture
	Label int // the index of the output neuron that should be bright
}

// A Picture is a greyscale picture. It lists only the pixels that are not black, as a Vector does.
type Picture struct {
	Rows, Cols int
	Lit        []int32 // the indices of the lit pixels, counted row by row from the top left
	Greys      []byte  // Greys[i] is the brightness of pixel Lit[i]; white is 255
	HasMargin  bool    // all pixels of the outermost rows and columns are black
	Moved      int32   // is added to all indices in Lit, see Shift (backprop.go)
}

// NewPicture returns the picture with these rows x cols greys, from 0 for black to 255 for white.
func NewPicture(rows, cols int, greys []byte) Picture {
	lit := rows*cols - bytes.Count(greys, []byte{0})
	p := Picture{Rows: rows, Cols: cols, Lit: make([]int32, 0, lit), Greys: make([]byte, 0, lit), HasMargin: true}
	for k, grey := range greys {
		if grey != 0 {
			p.Lit, p.Greys = append(p.Lit, int32(k)), append(p.Greys, grey)
			y, x := k/cols, k%cols
			p.HasMargin = p.HasMargin && y > 0 && y < rows-1 && x > 0 && x < cols-1
		}
	}
	return p
}

// Fill sets a to the greys of all pixels, row by row, from 0 for black to 1 for white, and lit to
// those of the lit pixels.
func (p Picture) Fill(a []float64, lit *Vector) {
	clear(a)
	n := len(p.Lit)
	ks, as := slices.Grow(lit.K[:0], n+7)[:n], slices.Grow(lit.A[:0], n+7)[:n]
	clear(as[n : n+7])
	for i, k := range p.Lit {
		ks[i] = k + p.Moved
		as[i] = float64(p.Greys[i]) / 255
		a[ks[i]] = as[i]
	}
	lit.K, lit.A = ks, as
}
