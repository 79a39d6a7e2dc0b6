// Digits is the neural network of 3Blue1Brown's "Deep learning" chapters 1 to 4. It
// learns to read handwritten digits, with every sum and every derivative written out.
//
// Read the files in this order:
//
//	matrix.go        a table of numbers
//	network.go       weights, biases and the forward pass (chapter 1), the cost (chapter 2)
//	backprop.go      the gradient (chapters 3 and 4), the step and the training (chapter 2)
//	network_test.go  the gradient and what the videos say, checked
//	mnist.go         70,000 handwritten digits
//	main.go          the commands train and test
//
// This is the whole program. The other files are optional: predict.go reads your handwriting,
// explain.go shows the numbers behind an answer, draw.go serves a page to draw on. Apart from
// the tests, a file uses only what the files before it define.
//
// Letters follow the videos. The weight w_jk leads from neuron k of one layer to neuron j of
// the next: j is always the later neuron and k the earlier one.
package main

// A Matrix is a table of numbers. The weights between two layers are a Matrix with a row
// for each neuron j of the later layer and a column for each neuron k of the earlier one.
//
// Data holds it column by column, so the weights that leave one neuron k are next to each other
// in memory.
type Matrix struct {
	Rows, Cols int
	Data       []float64 // element (j, k) is Data[k*Rows+j]
}

// At returns the element in row j and column k.
func (m *Matrix) At(j, k int) float64 { return m.Data[k*m.Rows+j] }

// Set changes the element in row j and column k to v.
func (m *Matrix) Set(j, k int, v float64) { m.Data[k*m.Rows+j] = v }

// Column returns column k, with one number for each row. It shares memory with m.
func (m *Matrix) Column(k int) []float64 { return m.Data[k*m.Rows:][:m.Rows] }

// A Vector lists the activations a_k of a layer. Of the pixels of a handwritten digit 80% are black,
// with a_k = 0. They add m_jk * 0 to a sum, so they are not listed. After its end a list goes on with
// room for seven more, all 0, so that the products can take eight at a time.
type Vector struct {
	K []int32   // which activations are listed
	A []float64 // A[i] is a_k for k = K[i]
}

// MulAdd adds m times a to z:
//
//	z_j += sum over k of m_jk a_k
//
// As two plain loops that is
//
//	for i, k := range a.K {
//		for j, mjk := range m.Column(int(k)) {
//			z[j] += mjk * a.A[i]
//		}
//	}
//
// The code takes eight columns k at a time, so that z_j is loaded and stored once for all eight. This
// and AddOuter make training 1.4 times as fast. The last group is filled up with zeros.
// With slices of a known length Go need not check the indices.
func (m *Matrix) MulAdd(z []float64, a Vector) {
	filled := (len(a.K) + 7) / 8 * 8
	for ks, as := a.K[:filled], a.A[:filled]; len(ks) > 0; ks, as = ks[8:], as[8:] {
		k, ak := (*[8]int32)(ks), (*[8]float64)(as)
		m0, m1 := m.Column(int(k[0]))[:len(z)], m.Column(int(k[1]))[:len(z)]
		m2, m3 := m.Column(int(k[2]))[:len(z)], m.Column(int(k[3]))[:len(z)]
		m4, m5 := m.Column(int(k[4]))[:len(z)], m.Column(int(k[5]))[:len(z)]
		m6, m7 := m.Column(int(k[6]))[:len(z)], m.Column(int(k[7]))[:len(z)]
		a0, a1, a2, a3, a4, a5, a6, a7 := ak[0], ak[1], ak[2], ak[3], ak[4], ak[5], ak[6], ak[7]
		for j := range z {
			z[j] += (m0[j]*a0 + m1[j]*a1) + (m2[j]*a2 + m3[j]*a3) +
				((m4[j]*a4 + m5[j]*a5) + (m6[j]*a6 + m7[j]*a7))
		}
	}
}

// AddOuter adds to m the products of all a_k and delta_j (delta is dC/dz, see backprop.go):
//
//	m_jk += a_k delta_j
//
// It has the loops of MulAdd, with four columns at a time, so that delta_j is loaded once for all four.
func (m *Matrix) AddOuter(a Vector, delta []float64) {
	filled := (len(a.K) + 3) / 4 * 4
	for ks, as := a.K[:filled], a.A[:filled]; len(ks) > 0; ks, as = ks[4:], as[4:] {
		k, ak := (*[4]int32)(ks), (*[4]float64)(as)
		m0, m1 := m.Column(int(k[0]))[:len(delta)], m.Column(int(k[1]))[:len(delta)]
		m2, m3 := m.Column(int(k[2]))[:len(delta)], m.Column(int(k[3]))[:len(delta)]
		a0, a1, a2, a3 := ak[0], ak[1], ak[2], ak[3]
		for j, dj := range delta {
			m0[j] += a0 * dj
			m1[j] += a1 * dj
			m2[j] += a2 * dj
			m3[j] += a3 * dj
		}
	}
}
