// Digits is the neural network of 3Blue1Brown's "Deep learning" chapters 1 to 4:
// it learns to read handwritten digits, and everything it does is in plain sight.
//
// Read the files in this order; none needs a look ahead:
//
//	matrix.go    a table of numbers, and what a network computes with it
//	network.go   weights, biases and the way forward       (chapter 1)
//	backprop.go  the gradient and the way down it          (chapters 2 to 4)
//	mnist.go     70,000 handwritten digits, and pictures in and out
//	main.go      the commands
//
// The letters are the lessons' own, and the field's where those have none. The weight w_jk leads from neuron k of one layer
// to neuron j of the next: j is always the later neuron, k always the earlier one.
package main

import "fmt"

// A Matrix is a table of numbers. As the weights between two layers it has a row for
// each neuron j of the later layer and a column for each neuron k of the earlier one.
//
// It is kept column by column: the weights that leave one neuron k lie side by side.
// So W a is computed as the sum of the columns of W, each scaled by its a_k. And a column
// whose a_k is 0 need not be touched at all: four of five pixels are black, so that saves
// most of the multiplications.
type Matrix struct {
	Rows, Cols int
	data       []float64 // element (j, k) is data[k*Rows+j]
}

// NewMatrix returns a matrix of zeros.
func NewMatrix(rows, cols int) *Matrix {
	return &Matrix{Rows: rows, Cols: cols, data: make([]float64, rows*cols)}
}

// At returns the element in row j and column k.
func (m *Matrix) At(j, k int) float64 { return m.Column(k)[j] }

// Set puts v into row j and column k.
func (m *Matrix) Set(j, k int, v float64) { m.Column(k)[j] = v }

// Column returns column k: one number for each row j. It is the matrix's own memory,
// so writing to it writes to the matrix.
func (m *Matrix) Column(k int) []float64 { return m.data[k*m.Rows:][:m.Rows] }

// MulAdd computes z = W a + b, with Rows numbers in z and b and Cols in a.
//
// lit lists every k whose a_k may not be 0; the other columns are left out.
func (m *Matrix) MulAdd(z, a, b []float64, lit []int) {
	m.check("W a + b", len(z), len(a))
	m.check("W a + b", len(b), len(a))

	// z_j = b_j + sum over k of w_jk a_k
	copy(z, b)
	// Eight columns at a time, and four in the two products below, so that what belongs to
	// row j is fetched once for all of them: this takes a third off the time of a training.
	// Cutting them to the length of z tells the compiler that j is in their range.
	for ; len(lit) >= 8; lit = lit[8:] {
		k0, k1, k2, k3, k4, k5, k6, k7 := lit[0], lit[1], lit[2], lit[3], lit[4], lit[5], lit[6], lit[7]
		a0, a1, a2, a3, a4, a5, a6, a7 := a[k0], a[k1], a[k2], a[k3], a[k4], a[k5], a[k6], a[k7]
		w0, w1, w2, w3 := m.Column(k0)[:len(z)], m.Column(k1)[:len(z)], m.Column(k2)[:len(z)], m.Column(k3)[:len(z)]
		w4, w5, w6, w7 := m.Column(k4)[:len(z)], m.Column(k5)[:len(z)], m.Column(k6)[:len(z)], m.Column(k7)[:len(z)]
		for j := range z {
			z[j] += (w0[j]*a0 + w1[j]*a1) + (w2[j]*a2 + w3[j]*a3) + ((w4[j]*a4 + w5[j]*a5) + (w6[j]*a6 + w7[j]*a7))
		}
	}
	for _, k := range lit { // the last seven or fewer
		w, ak := m.Column(k)[:len(z)], a[k]
		for j := range z {
			z[j] += w[j] * ak
		}
	}
}

// MulTransposed computes c = Wᵀ d, with Cols numbers in c and Rows in d. Wᵀ is W with its
// rows and columns exchanged: the same weights, walked from the later layer back to the
// earlier one, as chapter 4 does.
func (m *Matrix) MulTransposed(c, d []float64) {
	m.check("Wᵀ d", len(d), len(c))

	// c_k = sum over j of w_jk d_j
	k := 0
	for ; k+4 <= len(c); k += 4 {
		w0, w1, w2, w3 := m.Column(k)[:len(d)], m.Column(k + 1)[:len(d)], m.Column(k + 2)[:len(d)], m.Column(k + 3)[:len(d)]
		c0, c1, c2, c3 := 0.0, 0.0, 0.0, 0.0
		for j, dj := range d {
			c0 += w0[j] * dj
			c1 += w1[j] * dj
			c2 += w2[j] * dj
			c3 += w3[j] * dj
		}
		c[k], c[k+1], c[k+2], c[k+3] = c0, c1, c2, c3
	}
	for ; k < len(c); k++ { // the last three or fewer
		w := m.Column(k)[:len(d)]
		c[k] = 0
		for j, dj := range d {
			c[k] += w[j] * dj
		}
	}
}

// AddOuter adds d aᵀ to m, the table of all products d_j a_k, with Rows numbers in d and
// Cols in a.
//
// lit lists every k whose a_k may not be 0; the other columns stay as they are.
func (m *Matrix) AddOuter(d, a []float64, lit []int) {
	m.check("d aᵀ", len(d), len(a))

	// m_jk += d_j a_k
	for ; len(lit) >= 4; lit = lit[4:] {
		k0, k1, k2, k3 := lit[0], lit[1], lit[2], lit[3]
		a0, a1, a2, a3 := a[k0], a[k1], a[k2], a[k3]
		m0, m1, m2, m3 := m.Column(k0)[:len(d)], m.Column(k1)[:len(d)], m.Column(k2)[:len(d)], m.Column(k3)[:len(d)]
		for j, dj := range d {
			m0[j] += dj * a0
			m1[j] += dj * a1
			m2[j] += dj * a2
			m3[j] += dj * a3
		}
	}
	for _, k := range lit { // the last three or fewer
		mk, ak := m.Column(k)[:len(d)], a[k]
		for j, dj := range d {
			mk[j] += dj * ak
		}
	}
}

// Descend moves the weights m against their gradient g, m <- m - step * g, and sets g to 0
// for the next time.
//
// touched tells for each column k whether anything was added to it in g; the others are
// left alone. Then all of it is set to false.
func (m *Matrix) Descend(step float64, g *Matrix, touched []bool) {
	m.check("m - step g", g.Rows, g.Cols)
	m.check("m - step g", g.Rows, len(touched))

	for k, t := range touched {
		if !t {
			continue
		}
		// m_jk <- m_jk - step g_jk
		mk := m.Column(k)
		gk := g.Column(k)[:len(mk)]
		for j := range mk {
			mk[j] -= step * gk[j]
		}
		clear(gk)
		touched[k] = false
	}
}

// check panics unless the matrix has the shape that its partners in a product call
// for. A wrong shape is a mistake in the program, never in what it is given to read.
func (m *Matrix) check(product string, rows, cols int) {
	if m.Rows != rows || m.Cols != cols {
		panic(fmt.Sprintf("%s: the matrix is %d x %d, its partners call for %d x %d", product, m.Rows, m.Cols, rows, cols))
	}
}
