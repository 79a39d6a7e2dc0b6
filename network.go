package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
)

// A Picture is what the network looks at. Four of five pixels of a handwritten digit are
// black, and what is multiplied by their 0 adds nothing, on the way forward or back. So
// only the others are kept. To find them once, not each time it is seen, takes a tenth off
// the time of a training.
type Picture struct {
	Size  int     // how many pixels it has
	Lit   []int32 // which of them are not black, counted row by row from the top left; int would take twice the memory
	Greys []byte  // how bright those are, up to 255 for white
}

// NewPicture returns the picture with these greys, row by row, 0 black to 255 white.
func NewPicture(greys []byte) Picture {
	lit := len(greys) - bytes.Count(greys, []byte{0})
	p := Picture{Size: len(greys), Lit: make([]int32, 0, lit), Greys: make([]byte, 0, lit)}
	for k, grey := range greys {
		if grey != 0 {
			p.Lit = append(p.Lit, int32(k))
			p.Greys = append(p.Greys, grey)
		}
	}
	return p
}

// Pixels returns the greys of all the pixels, as NewPicture takes them.
func (p Picture) Pixels() []byte {
	greys := make([]byte, p.Size)
	for i, k := range p.Lit {
		greys[k] = p.Greys[i]
	}
	return greys
}

// An Example is one picture with its label, the digit that it shows.
type Example struct {
	Picture
	Label int // the output neuron that should be bright
}

// A Network is a lot of numbers, the dials of chapter 1: the weights and the biases of
// layers of neurons, each neuron of a layer connected to every one of the next.
//
// With Layers 784, 16, 16, 10 there are 13,002 of them, and three steps from layer to
// layer: Weights[0] is 16 x 784, Weights[1] 16 x 16, Weights[2] 10 x 16; Biases have 16,
// 16 and 10. Step l leads from layer l to layer l+1.
type Network struct {
	Layers  []int
	Weights []*Matrix
	Biases  [][]float64
}

// NewNetwork returns a network of the given layers, the input first, whose weights
// and biases are all drawn at random from a bell curve around 0.
//
// The biases have a standard deviation of 1. That of the weights is 1 divided by the
// root of the number of weights that come together in a neuron. Added up, so many random
// terms would otherwise give a z far from 0, where sigmoid is flat and a neuron hardly
// learns.
func NewNetwork(layers []int, random *rand.Rand) *Network {
	n := newZeroNetwork(layers)
	for l, w := range n.Weights {
		deviation := 1 / math.Sqrt(float64(w.Cols))
		for i := range w.data {
			w.data[i] = random.NormFloat64() * deviation
		}
		for j := range n.Biases[l] {
			n.Biases[l][j] = random.NormFloat64()
		}
	}
	return n
}

// newZeroNetwork returns a network of the given layers, all weights and biases 0.
func newZeroNetwork(layers []int) *Network {
	n := &Network{Layers: layers}
	for l := range len(layers) - 1 {
		n.Weights = append(n.Weights, NewMatrix(layers[l+1], layers[l]))
		n.Biases = append(n.Biases, make([]float64, layers[l+1]))
	}
	return n
}

// Clone returns a network of the same numbers that goes its own way from here.
func (n *Network) Clone() *Network {
	c := newZeroNetwork(n.Layers)
	for l, w := range n.Weights {
		copy(c.Weights[l].data, w.data)
		copy(c.Biases[l], n.Biases[l])
	}
	return c
}

// Parameters counts the weights and biases: 13,002 for 784, 16, 16, 10.
func (n *Network) Parameters() int {
	count := 0
	for l, w := range n.Weights {
		count += w.Rows*w.Cols + len(n.Biases[l])
	}
	return count
}

// Sigmoid squeezes any z into the range 0 to 1: very negative to about 0, very
// positive to about 1, steepest around 0 (chapter 1).
func Sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// A Pass holds what every neuron does while the network looks at one picture. The
// way back needs the values of the way forward, so all are kept.
type Pass struct {
	A [][]float64 // A[l][j], the activation of neuron j of layer l, 0 to 1; A[0] is the picture
	Z [][]float64 // Z[l][j], its weighted sum plus bias, before sigmoid; Z[0] is nil, pixels have none

	lit [][]int // lit[l] lists the neurons of layer l to visit: in layer 0 the pixels that are lit, else all
}

// NewPass returns room for the passes of networks like n. One Pass serves for any
// number of pictures, one after the other.
func (n *Network) NewPass() *Pass {
	p := &Pass{}
	for l, size := range n.Layers {
		p.A = append(p.A, make([]float64, size))
		p.Z = append(p.Z, make([]float64, size))
		p.lit = append(p.lit, make([]int, size))
		for k := range size {
			p.lit[l][k] = k
		}
	}
	p.Z[0] = nil
	return p
}

// Forward shows the network a picture, with a pixel for each neuron of layer 0,
// and returns the activations of the last one (chapter 1). They belong to p and last
// until its next picture.
func (n *Network) Forward(p *Pass, picture Picture) []float64 {
	p.show(picture)
	for l, w := range n.Weights {
		a, z, next := p.A[l], p.Z[l+1], p.A[l+1]

		// z = W a + b
		w.MulAdd(z, a, n.Biases[l], p.lit[l])

		// a' = sigmoid(z), where a' are the activations of the next layer
		for j := range z {
			next[j] = Sigmoid(z[j])
		}
	}
	return p.A[len(n.Weights)]
}

// show sets the activations of layer 0 to the picture's greys, 0 to 1.
func (p *Pass) show(picture Picture) {
	a := p.A[0]
	if picture.Size != len(a) {
		panic(fmt.Sprintf("a picture of %d pixels for a network with %d inputs", picture.Size, len(a)))
	}
	for _, k := range p.lit[0] { // those of the picture before
		a[k] = 0
	}
	lit := p.lit[0][:0]
	for i, k := range picture.Lit {
		lit = append(lit, int(k))
		a[k] = float64(picture.Greys[i]) / 255
	}
	p.lit[0] = lit
}

// Answer returns the brightest output: the digit that the network takes the picture
// for. Of equally bright ones it is the first.
func Answer(output []float64) int {
	brightest := 0
	for j, a := range output {
		if a > output[brightest] {
			brightest = j
		}
	}
	return brightest
}

// wanted returns y_j, what output j should be for a picture with this label: 1 for
// the output of the label, 0 for all others.
func wanted(j, label int) float64 {
	if j == label {
		return 1
	}
	return 0
}

// Cost tells how bad an output is for a picture with this label: 0 is perfect, and
// an output that is 0.5 everywhere costs a quarter for each neuron (chapter 2).
func Cost(output []float64, label int) float64 {
	// C0 = sum over j of (a_j - y_j)^2
	cost := 0.0
	for j, a := range output {
		difference := a - wanted(j, label)
		cost += difference * difference
	}
	return cost
}

// Test shows the network all the examples. It returns the cost of the network, which
// is the average of theirs, and how many it answered right.
func (n *Network) Test(examples []Example) (cost float64, right int) {
	p := n.NewPass()
	for _, e := range examples {
		output := n.Forward(p, e.Picture)
		cost += Cost(output, e.Label)
		if Answer(output) == e.Label {
			right++
		}
	}
	return cost / float64(len(examples)), right
}

// networkFile is a network as it is saved, in JSON. A network with two inputs, one
// hidden neuron and one output could read
//
//	{"layers":[2,1,1],"weights":[[[0.5,-0.25]],[[3]]],"biases":[[0.1],[-1]]}
//
// Weights has a list of rows for each step from layer to layer: weights[l][j][k] leads
// from neuron k of layer l to neuron j of layer l+1. The numbers are pointers so that
// a null does not pass for a 0.
type networkFile struct {
	Layers  []int          `json:"layers"`
	Weights [][][]*float64 `json:"weights"`
	Biases  [][]*float64   `json:"biases"`
}

// MarshalJSON writes the network in the form of a networkFile. Every number is given
// with as many digits as it takes to read back the very same float64.
func (n *Network) MarshalJSON() ([]byte, error) { return json.Marshal(n.file()) }

// file returns the network in the form in which it is saved.
func (n *Network) file() networkFile {
	f := networkFile{Layers: n.Layers}
	for l, w := range n.Weights {
		rows := make([][]*float64, w.Rows)
		biases := make([]*float64, w.Rows)
		for j := range rows {
			for k := range w.Cols {
				rows[j] = append(rows[j], &w.Column(k)[j])
			}
			biases[j] = &n.Biases[l][j]
		}
		f.Weights = append(f.Weights, rows)
		f.Biases = append(f.Biases, biases)
	}
	return f
}

// UnmarshalJSON reads what MarshalJSON writes. The sizes of the layers must be those of
// the lists; on an error n stays as it was.
func (n *Network) UnmarshalJSON(text []byte) error {
	var f networkFile
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	if len(f.Layers) < 2 {
		return fmt.Errorf("layers lists %d layers, a network has at least 2", len(f.Layers))
	}
	steps := len(f.Layers) - 1
	if len(f.Weights) != steps || len(f.Biases) != steps {
		return fmt.Errorf("%d layers need %d tables of weights and lists of biases, here are %d and %d", len(f.Layers), steps, len(f.Weights), len(f.Biases))
	}
	read := &Network{Layers: f.Layers}
	for l := range steps {
		w, err := readWeights(f.Weights[l], f.Layers[l+1], f.Layers[l])
		if err != nil {
			return fmt.Errorf("weights[%d]%w", l, err)
		}
		b, err := readNumbers(f.Biases[l], f.Layers[l+1])
		if err != nil {
			return fmt.Errorf("biases[%d]%w", l, err)
		}
		read.Weights = append(read.Weights, w)
		read.Biases = append(read.Biases, b)
	}
	*n = *read
	return nil
}

// readWeights makes a matrix of a list of rows. Its errors go on from the name of the
// list: "weights[0]" + "[3] has 5 numbers, the layers call for 16".
func readWeights(list [][]*float64, rows, cols int) (*Matrix, error) {
	if rows < 1 || cols < 1 {
		return nil, fmt.Errorf(": a layer has at least 1 neuron, not %d", min(rows, cols))
	}
	if len(list) != rows {
		return nil, fmt.Errorf(" has %d rows, the layers call for %d", len(list), rows)
	}
	numbers := make([][]float64, rows) // first all rows are checked: only then is there room made for the matrix, whose size the file claims
	for j := range list {
		row, err := readNumbers(list[j], cols)
		if err != nil {
			return nil, fmt.Errorf("[%d]%w", j, err)
		}
		numbers[j] = row
	}
	w := NewMatrix(rows, cols)
	for j, row := range numbers {
		for k, v := range row {
			w.Set(j, k, v)
		}
	}
	return w, nil
}

// readNumbers returns the numbers of a list that must have exactly so many.
func readNumbers(list []*float64, count int) ([]float64, error) {
	if len(list) != count {
		return nil, fmt.Errorf(" has %d numbers, the layers call for %d", len(list), count)
	}
	numbers := make([]float64, count)
	for i, v := range list {
		if v == nil {
			return nil, fmt.Errorf("[%d] is null, not a number", i)
		}
		numbers[i] = *v
	}
	return numbers, nil
}

// LoadNetwork reads a network that Save wrote.
func LoadNetwork(path string) (*Network, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file; to make it, run: go run . train -net %s", path, path)
	}
	if err != nil {
		return nil, err
	}
	n := &Network{}
	if err := json.Unmarshal(text, n); err != nil {
		return nil, fmt.Errorf("%s: not a saved network: %w; to make a new one, run: go run . train -net %s", path, err, path)
	}
	return n, nil
}

// Save writes the network to a file, whole or not at all.
func (n *Network) Save(path string) error {
	text, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("%s is not written: %w", path, err)
	}
	return WriteWhole(path, append(text, '\n'))
}

// WriteWhole writes a file so that at any moment either all of it is there or what was
// there before: first to a new file beside it, which takes its name only when everything
// is on disk.
func WriteWhole(path string, content []byte) error {
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once it is renamed there is nothing left to remove
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("%s is not written: %w", path, err)
	}
	return nil
}

// CanWrite tells, before a long job, whether WriteWhole would find a place to write. It
// leaves everything as it was.
func CanWrite(path string) error {
	if path == "" {
		return errors.New("cannot write to a file without a name")
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("cannot write there: %s is not a file", path)
	}
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		err = old.Close()
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot write there: %w", err)
	}
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// createBeside creates a new file in the folder of path, under a name that no other
// process uses.
func createBeside(path string) (*os.File, error) {
	f, err := os.Create(fmt.Sprintf("%s.part-%d", path, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("cannot write there: %w", err)
	}
	return f, nil
}
