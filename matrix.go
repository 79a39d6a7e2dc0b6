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
// in memory. A matrix times a vector is a sum of columns, each times one number of the vector, and
// columns times 0 can be skipped. With handwritten digits that is five times as fast as adding up
// whole rows.
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

// Skip the rest of this file on a first reading. It has faster versions of one loop in Forward and
// one in Backward. They take several columns at a time and load z_j or delta_j once for all of them,
// which cuts training time by a third. With MNIST they add 98 of 100 terms of z and 99 of 100 of the
// gradient. Reslicing the columns to the same length eliminates bounds checks.

// MulAdd adds a_k times column k to z, z_j += m_jk a_k, for the columns k listed in ks, eight at a
// time. It returns the columns that are left over, at most seven.
func (m *Matrix) MulAdd(z, a []float64, ks []int32) (rest []int32) {
	for ; len(ks) >= 8; ks = ks[8:] {
		a0, a1, a2, a3 := a[ks[0]], a[ks[1]], a[ks[2]], a[ks[3]]
		a4, a5, a6, a7 := a[ks[4]], a[ks[5]], a[ks[6]], a[ks[7]]
		m0, m1 := m.Column(int(ks[0]))[:len(z)], m.Column(int(ks[1]))[:len(z)]
		m2, m3 := m.Column(int(ks[2]))[:len(z)], m.Column(int(ks[3]))[:len(z)]
		m4, m5 := m.Column(int(ks[4]))[:len(z)], m.Column(int(ks[5]))[:len(z)]
		m6, m7 := m.Column(int(ks[6]))[:len(z)], m.Column(int(ks[7]))[:len(z)]
		for j := range z {
			z[j] += (m0[j]*a0 + m1[j]*a1) + (m2[j]*a2 + m3[j]*a3) +
				((m4[j]*a4 + m5[j]*a5) + (m6[j]*a6 + m7[j]*a7))
		}
	}
	return ks
}

// AddOuter adds a_k times delta to column k, m_jk += a_k delta_j, for the columns k listed in ks,
// four at a time. It returns the columns that are left over, at most three.
func (m *Matrix) AddOuter(a, delta []float64, ks []int32) (rest []int32) {
	for ; len(ks) >= 4; ks = ks[4:] {
		a0, a1, a2, a3 := a[ks[0]], a[ks[1]], a[ks[2]], a[ks[3]]
		m0, m1 := m.Column(int(ks[0]))[:len(delta)], m.Column(int(ks[1]))[:len(delta)]
		m2, m3 := m.Column(int(ks[2]))[:len(delta)], m.Column(int(ks[3]))[:len(delta)]
		for j, dj := range delta {
			m0[j] += a0 * dj
			m1[j] += a1 * dj
			m2[j] += a2 * dj
			m3[j] += a3 * dj
		}
	}
	return ks
}
