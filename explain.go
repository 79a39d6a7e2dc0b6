package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// This file shows what is inside a network: the command explain, with the numbers behind an answer,
// and the command weights, with the weights as pictures.

func init() {
	commands = append(commands, command{
		name: "explain", arguments: "[NUMBER of a test picture or FILE]...", run: runExplain,
		summary: "follow a digit through the four chapters, or compare several",
	}, command{
		name: "weights", run: runWeights,
		summary: "draw the weights of each neuron of layer 1 as a picture",
	})
}

// The command explain.

// runExplain takes one digit through the four chapters with the numbers of this network, or shows
// what a mini-batch of several digits asks for.
func runExplain(c *console, flags *flag.FlagSet, args []string) error {
	path, data := netFlag(flags), dataFlag(flags)
	label := flags.String("label", "", "the `digit` it should be (default its label or, of a file, the answer)")
	neuron := flags.Int("neuron", -1, "spell out this `neuron` of layer 1; -1 is the brightest")
	names, err := parse(flags, args, math.MaxInt)
	if err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	if *neuron < -1 || *neuron >= n.Layers[1] {
		return fmt.Errorf("explain: -neuron %d: the neurons of layer 1 are 0 to %d", *neuron, n.Layers[1]-1)
	}
	if *neuron >= 0 && len(names) > 1 {
		return fmt.Errorf("explain: -neuron is for one picture, not for %d", len(names))
	}
	if len(names) == 0 {
		names = []string{"0"}
	}
	all := make([]*explanation, len(names))
	for i, name := range names {
		if all[i], err = newExplanation(c, n, set, name, *label); err != nil {
			return err
		}
	}
	fmt.Fprint(c.out, notation)
	if len(all) > 1 {
		compare(all)
		return nil
	}
	all[0].chapter1(*neuron)
	all[0].chapter2(set.Test)
	all[0].chapter3()
	all[0].chapter4()
	return nil
}

// notation comes before all that explain prints.
const notation = `Layers, neurons, rows and columns are counted from 0; layer 0 is the pixels.
As in the videos, w_jk leads from neuron k of a layer to neuron j of the next.
Numbers are rounded, so the last digit of a product or a sum may be off.

`

// An explanation is one example on its way through a network, forward and back.
type explanation struct {
	*console
	n        *Network
	set      *Dataset
	name     string // of the picture and its label
	example  Example
	pass     *Pass
	gradient *Gradient
	nudged   *Pass // of cost
}

// newExplanation returns the explanation of a test picture, given its number, or of the picture
// in a file. The label is the picture's own or, for a file, the answer, unless another is named.
func newExplanation(c *console, n *Network, set *Dataset, word, label string) (*explanation, error) {
	x := &explanation{
		console: c, n: n, set: set, pass: n.NewPass(), gradient: n.NewGradient(), nudged: n.NewPass(),
	}
	number, err := strconv.Atoi(word)
	isFile := err != nil
	if isFile {
		x.name = filepath.Base(word)
		if x.example.Picture, _, err = readPictureFile(word, FrameOf(set)); err != nil {
			return nil, fmt.Errorf("%w; explain takes the number of a test picture or a picture file", err)
		}
	} else if number < 0 || number >= len(set.Test) {
		return nil, fmt.Errorf("there is no test picture %d; their numbers are 0 to %d", number, len(set.Test)-1)
	} else {
		x.name, x.example = fmt.Sprintf("test picture %d", number), set.Test[number]
	}
	answer, role := Answer(n.Forward(x.pass, x.example.Picture)), ", taken for "
	switch {
	case label != "":
		if x.example.Label, err = labelNamed(set, label); err != nil {
			return nil, err
		}
	case isFile:
		x.example.Label = answer
	default:
		role = ", label "
	}
	x.name += role + set.Name(x.example.Label)
	n.Backward(x.pass, x.example.Label, x.gradient)
	return x, nil
}

// labelNamed returns the label with this name.
func labelNamed(set *Dataset, name string) (int, error) {
	for label := range set.Classes {
		if set.Name(label) == name {
			return label, nil
		}
	}
	return 0, fmt.Errorf("explain: -label %s: not a label of these pictures, such as %s", name, set.Name(set.Classes-1))
}

// printf prints to the console.
func (x *explanation) printf(format string, args ...any) { fmt.Fprintf(x.out, format, args...) }

// cost returns the cost of the example in a network, such as x.n with one number nudged.
func (x *explanation) cost(n *Network) float64 {
	return Cost(n.Forward(x.nudged, x.example.Picture), x.example.Label)
}

// precise formats an activation with 6 significant digits, or with more near 1, so that 1 - a
// has 6, too.
func precise(a float64) string {
	digits := 6
	if a > 0.5 && a < 1 {
		digits = 5 - int(math.Floor(math.Log10(1-a)))
	}
	return strconv.FormatFloat(a, 'g', digits, 64)
}

// ranked returns the indices of numbers, sorted by descending absolute value.
func ranked(numbers []float64) []int {
	order := make([]int, len(numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(numbers[b]), math.Abs(numbers[a])) })
	return order
}

// printTerms prints the largest terms of a sum, given the value and the source of each. If the sum
// has a name, it also prints the sum, after the other terms together. It returns a function that
// prints another line with the same number of decimals, which gives the largest number 6 digits.
func (x *explanation) printTerms(
	terms, most int, sum string, term func(i int) (float64, string),
) (line func(value float64, source string)) {
	values := make([]float64, terms)
	total, largest := 0.0, 1e-9
	for i := range values {
		values[i], _ = term(i)
		total += values[i]
		largest = max(largest, math.Abs(values[i]), math.Abs(total))
	}
	decimals := max(0, 5-int(math.Floor(math.Log10(largest))))
	line = func(value float64, source string) {
		if math.Abs(value) < 0.5*math.Pow10(-decimals) {
			value = 0 // not -0.00000
		}
		x.printf("  %+12.*f   %s\n", decimals, value, source)
	}
	rest := total
	for _, i := range ranked(values)[:min(most, terms)] {
		line(term(i))
		rest -= values[i]
	}
	if sum != "" && terms > most {
		line(rest, fmt.Sprintf("and %d more", terms-most))
	}
	if sum != "" {
		line(total, "= "+sum)
	}
	return line
}

// chapter1 shows the activations of each layer, and the sum of one neuron, the brightest of layer
// 1 if it is -1.
func (x *explanation) chapter1(neuron int) {
	n, p := x.n, x.pass
	if neuron < 0 {
		neuron = Answer(p.A[1])
	}
	x.printf("CHAPTER 1: how the network reads %s\n\n", x.name)
	w := row(n.Weights[1], neuron)
	rows, cols := x.example.Rows, x.example.Cols
	x.printf("%s", sideBySide([][]string{
		append(sketch(x.example.Picture, image.Rectangle{}), "the picture"),
		append(sketchSigned(w, rows, cols, 36, commonScale(w)), fmt.Sprintf("the weights of neuron %d:", neuron),
			"░▒▓█ above 0, ·-=≡ below")}))
	x.printf("layer 0: %d pixels, %d of them not black\n", n.Layers[0], len(x.example.Lit))
	for l, a := range p.A[1:] {
		for j := 0; j < len(a); j += 10 {
			x.printf("layer %d, from neuron %2d: %.2f\n", l+1, j, a[j:min(j+10, len(a))])
		}
	}
	answer := Answer(p.A[len(n.Layers)-1])
	x.printf("\nThe brightest output is %d: the network reads %s.\n\n"+
		"Neuron j = %d of layer 1 (choose another with -neuron) has z = the sum of\n"+
		"w_jk a_k over all pixels k, plus its bias, and the activation a = sigmoid(z):\n\n",
		answer, x.set.Name(answer), neuron)
	line := x.printTerms(len(x.example.Lit), 5, "the weighted sum", func(i int) (float64, string) {
		k := int(x.example.Lit[i])
		return w[k] * p.A[0][k], fmt.Sprintf("w_%d,%d a_%d = %+.6g * %.6g, row %d, column %d",
			neuron, k, k, w[k], p.A[0][k], k/cols, k%cols)
	})
	line(n.Biases[1][neuron], "the bias")
	line(p.Z[1][neuron], "= z, and a = sigmoid(z) = "+precise(p.A[1][neuron]))
}

// nameOf names number i of Parameters.All.
func nameOf(layers []int, i int) string {
	for l := 1; ; l++ {
		rows, cols := layers[l], layers[l-1]
		if i < rows*cols {
			return fmt.Sprintf("w_%d,%d into layer %d", i%rows, i/rows, l)
		}
		if i -= rows * cols; i < rows {
			return fmt.Sprintf("b_%d of layer %d", i, l)
		}
		i -= rows
	}
}

// chapter2 shows the cost, and how sensitive it is to the weights and biases.
func (x *explanation) chapter2(test []Example) {
	x.printf("\nCHAPTER 2: the cost, and its gradient\n\n")
	output := x.pass.A[len(x.n.Layers)-1]
	x.printTerms(len(output), 10, "C, the cost of this example", func(j int) (float64, string) {
		a, y := output[j], Wanted(j, x.example.Label)
		return (a - y) * (a - y), fmt.Sprintf("(a_%d - y_%d)^2 = (%s - %.0f)^2", j, j, precise(a), y)
	})
	cost := x.n.Evaluate(test).Cost()
	x.printf("\nThe cost of the network, the average over all test pictures, is %.6g.\n\n", cost)

	g := x.gradient.All
	order := slices.DeleteFunc(ranked(g), func(i int) bool { return g[i] == 0 })
	x.printf("The gradient of C has %s components. %s of them are 0, like those of all\n"+
		"weights from black pixels.\n\n", thousands(len(g)), thousands(len(g)-len(order)))
	if len(order) == 0 {
		return
	}
	nudge := func(title string, i int) {
		const by = 0.01
		moved := x.n.Clone()
		moved.All[i] += by
		x.printf("%s: %s, derivative %+.6g\n  nudged by %+g: C should change by %+.4g and changes by %+.4g\n\n",
			title, nameOf(x.n.Layers, i), g[i], by, g[i]*by, x.cost(moved)-x.cost(x.n))
	}
	most, least := order[0], order[len(order)-1]
	nudge("Most sensitive", most)
	nudge("Least sensitive, but not 0", least)
	x.printf("A nudge of the first changes C %.3g times as much as one of the second.\n"+
		"(C has 16 digits, so changes near 1e-16 do not show.)\n\n", math.Abs(g[most]/g[least]))
}

// chapter3 shows which changes of neurons, weights and biases lower the cost of this example.
func (x *explanation) chapter3() {
	p, last, label := x.pass, len(x.n.Layers)-1, x.example.Label
	x.printf("CHAPTER 3: what label %s asks for\n\n", x.set.Name(label))
	x.printf("To lower C, each output should change in proportion to -dC/da = 2 (y - a):\n\n")
	x.printTerms(len(p.A[last]), 10, "", func(j int) (float64, string) {
		return -p.DCDA[last][j], fmt.Sprintf("output %d: 2 (%.0f - %s)", j, Wanted(j, label), precise(p.A[last][j]))
	})
	x.printAvenues()
	if last > 1 {
		k := ranked(p.DCDA[last-1])[0]
		x.printf("\nEvery output asks for such changes. Neuron %d of layer %d should change most, in\n"+
			"proportion to the sum of what the outputs ask of it, -w delta:\n\n", k, last-1)
		x.printTerms(len(p.A[last]), 5, fmt.Sprintf("-dC/da_%d", k), func(j int) (float64, string) {
			w, delta := x.n.Weights[last].At(j, k), p.Delta[last][j]
			return -w * delta, fmt.Sprintf("output %d: -(%+.6g * %+.6g)", j, w, delta)
		})
	}
	printStep([]*explanation{x}, x.gradient)
}

// printAvenues shows the three ways in which the output of the label can change.
func (x *explanation) printAvenues() {
	last, j := len(x.n.Layers)-1, x.example.Label
	w, a := row(x.n.Weights[last], j), x.pass.A[last-1]
	dadz, dCda, delta := SigmoidSlope(x.pass.A[last][j]), x.pass.DCDA[last][j], x.pass.Delta[last][j]
	x.printf("\nOutput %d changes when its z does. The derivative of C in z is called delta:\n\n"+
		"  delta = dC/dz = da/dz * dC/da = %.6g * %+.6g = %+.6g\n\n"+
		"There are three avenues to change z in proportion to -delta. The bias, as\ndz/db = 1:\n\n"+
		"  %+12.6g   b_%d: -delta\n", j, dadz, dCda, delta, -delta, j)
	x.printf("\nThe weights, in proportion to the activations (the three largest):\n\n")
	x.printTerms(len(a), 3, "", func(k int) (float64, string) {
		return -delta * a[k], fmt.Sprintf("w_%d,%d: -delta a_%d = %+.6g * %.6g", j, k, k, -delta, a[k])
	})
	x.printf("\nThe activations, in proportion to the weights (the three largest):\n\n")
	x.printTerms(len(a), 3, "", func(k int) (float64, string) {
		return -delta * w[k], fmt.Sprintf("a_%d: -delta w_%d,%d = %+.6g * %+.6g", k, j, k, -delta, w[k])
	})
}

// printStep takes steps down the average gradient of examples, each in a copy of the network.
func printStep(all []*explanation, g *Gradient) {
	x, examples := all[0], float64(len(all))
	x.printf("\nOne step, w <- w - rate dC/dw, for all weights and biases. The gradient predicts\n"+
		"that C changes by -rate times its squared length. That holds for a small step.\n"+
		"In a step as large as in training, the gradient changes on the way.\n\n"+
		"%8s  %12s  %12s  %12s  %12s\n", "rate", "C before", "C after", "change", "predicted")
	squared := 0.0
	for _, sum := range g.All {
		squared += (sum / examples) * (sum / examples)
	}
	var moved *Network
	usual := addFlags(flag.NewFlagSet("train", flag.ContinueOnError)).plan.Rate
	for _, rate := range []float64{0.001, usual} {
		moved = x.n.Clone()
		step := moved.NewGradient() // a copy of g, as Descend empties it
		copy(step.All, g.All)
		step.Examples = g.Examples
		moved.Descend(step, rate, 0)
		before, after := 0.0, 0.0
		for _, x := range all {
			before += x.cost(x.n) / examples
			after += x.cost(moved) / examples
		}
		x.printf("%8g  %12.6g  %12.6g  %+12.6g  %+12.6g\n", rate, before, after, after-before, -rate*squared)
	}
	for _, x := range all {
		before, after := x.pass.A[len(x.n.Layers)-1], moved.Forward(moved.NewPass(), x.example.Picture)
		x.printf("\n%s: read as %s before the larger step, as %s after it:\n\n",
			x.name, x.set.Name(Answer(before)), x.set.Name(Answer(after)))
		x.printTerms(len(after), max(3, 10/len(all)), "", func(j int) (float64, string) {
			return after[j] - before[j], fmt.Sprintf("output %d: from %.4f to %.4f", j, before[j], after[j])
		})
	}
	x.printf("\n")
}

// compare shows what several examples ask of the same few weights, and what a mini-batch of
// them does (chapter 3).
func compare(all []*explanation) {
	x, g := all[0], all[0].n.NewGradient()
	var sketches [][]string
	for _, x := range all {
		x.n.Backward(x.pass, x.example.Label, g)
		box := litBox(pixels(x.example.Picture), x.example.Cols)
		sketches = append(sketches, append(sketch(x.example.Picture, box), x.name))
	}
	x.printf("CHAPTER 3: what %d pictures ask of the same weights\n\n%s", len(all), sideBySide(sketches))
	x.printf("Each picture asks for a change of -dC/dw in a weight. A mini-batch changes it by\n" +
		"the average, times the rate. For each layer, these are the neurons j with the\n" +
		"largest average delta, and their weights from the neuron k that is brightest for\n" +
		"these pictures.\n")
	for l := len(x.n.Layers) - 1; l > 0; l-- {
		printAsked(all, g, l)
	}
	printStep(all, g)
}

// printAsked prints what each of several examples asks of some weights into layer l, and the
// average of it, given the sum of their gradients.
func printAsked(all []*explanation, g *Gradient, l int) {
	x, brightness := all[0], make([]float64, all[0].n.Layers[l-1])
	for _, x := range all {
		for k, a := range x.pass.A[l-1] {
			brightness[k] += a
		}
	}
	k := ranked(brightness)[0]
	neurons := ranked(g.Biases[l])[:min(5, x.n.Layers[l])]
	x.printf("\n%-20s", fmt.Sprintf("into layer %d", l))
	for _, j := range neurons {
		x.printf("  %10s", fmt.Sprintf("w_%d,%d", j, k))
	}
	line := func(name string, g *Gradient) {
		x.printf("\n%-20.20s", strings.Replace(name, "test picture", "test", 1))
		for _, j := range neurons {
			x.printf("  %+10.3g", 0-g.Weights[l].At(j, k)/float64(g.Examples))
		}
	}
	for _, x := range all {
		name, _, _ := strings.Cut(x.name, ", taken for")
		line(name, x.gradient)
	}
	line("average", g)
	x.printf("\n")
}

// chapter4 follows the chain rule for a weight and a bias of each layer, and checks all
// derivatives.
func (x *explanation) chapter4() {
	x.printf("CHAPTER 4: the chain rule, factor by factor\n\n")
	cost := func() float64 { return x.cost(x.n) }
	for l := len(x.n.Layers) - 1; l > 0; l-- {
		x.printChain(l, cost)
	}
	worst := 0.0
	for i, derivative := range x.gradient.All {
		worst = max(worst, RelativeError(derivative, MeasureSlope(&x.n.All[i], cost)))
	}
	x.printf("All %s derivatives compared with their measured slopes:\nthe worst relative error is %.0e\n",
		thousands(len(x.n.All)), worst)
}

// printChain follows the chain rule for the most sensitive weight into layer l, and for the
// bias of its neuron.
func (x *explanation) printChain(l int, cost func() float64) {
	w, p := x.n.Weights[l], x.pass
	i := ranked(x.gradient.Weights[l].Data)[0]
	j, k := i%w.Rows, i/w.Rows
	a, dadz, dCda := p.A[l][j], SigmoidSlope(p.A[l][j]), p.DCDA[l][j]
	x.printf("Layer %d: its most sensitive weight is w_%d,%d, from neuron %d of layer %d to\n"+
		"neuron %d. It is now %+.6g, and the bias b_%d is %+.6g.\n\n",
		l, j, k, k, l-1, j, w.Data[i], j, x.n.Biases[l][j])
	x.printf("  dz/dw = a_%d = %.6g\n  dz/db = 1\n", k, p.A[l-1][k])
	slope := fmt.Sprintf("%.6g", dadz)
	if dadz == a*(1-a) { // not after SigmoidSlope was replaced
		slope = fmt.Sprintf("a (1 - a) = %s * %.6g = %s", precise(a), 1-a, slope)
	}
	x.printf("  da/dz = sigmoid'(z) = %s\n", slope)
	if l == len(x.n.Layers)-1 {
		x.printf("  dC/da = 2 (a - y) = 2 (%s - %.0f) = %+.6g\n", precise(a), Wanted(j, x.example.Label), dCda)
	} else {
		x.printf("  dC/da = the sum over the neurons of layer %d of w * da/dz * dC/da there:\n", l+1)
		x.printTerms(len(p.A[l+1]), 3, "dC/da", func(next int) (float64, string) {
			w, dadz := x.n.Weights[l+1].At(next, j), SigmoidSlope(p.A[l+1][next])
			return w * p.Delta[l+1][next],
				fmt.Sprintf("through %d: %+.6g * %.6g * %+.6g", next, w, dadz, p.DCDA[l+1][next])
		})
	}
	x.printCheck("w", p.A[l-1][k], dadz, dCda, x.gradient.Weights[l].Data[i], MeasureSlope(&w.Data[i], cost))
	x.printCheck("b", 1, dadz, dCda, x.gradient.Biases[l][j], MeasureSlope(&x.n.Biases[l][j], cost))
	x.printf("\n")
}

// printCheck shows the three factors of a derivative and their product, and compares it with the
// slope that was measured.
func (x *explanation) printCheck(name string, dz, dadz, dCda, product, measured float64) {
	x.printf("  dC/d%s = %.6g * %.6g * %+.6g = %+.6g\n", name, dz, dadz, dCda, product)
	x.printf("  measured by nudging %s: %+.6g, relative error %.0e\n", name, measured, RelativeError(product, measured))
}

// The command weights.

// runWeights draws the weights of the neurons of layer 1, on the terminal and in a PNG.
func runWeights(c *console, flags *flag.FlagSet, args []string) error {
	path, data := netFlag(flags), dataFlag(flags)
	out := flags.String("out", "weights.png", "write the pictures to this `file`")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	set, n, err := loadForPictures(*path, *data)
	if err != nil {
		return err
	}
	var tables [][]float64
	for j := range n.Layers[1] {
		tables = append(tables, row(n.Weights[1], j))
	}
	scale := commonScale(slices.Concat(tables...))
	var sketches [][]string
	for j, table := range tables {
		sketches = append(sketches, append(sketchSigned(table, set.Rows, set.Cols, 16, scale), strconv.Itoa(j)))
	}
	c.say("The weights of the %d neurons of layer 1. ░▒▓█ are above 0, ·-=≡ below.\n"+
		"The last of each stands for %.2g and more.\n", len(tables), 0.85*scale)
	fmt.Fprint(c.out, sideBySide(sketches))
	var file bytes.Buffer
	if err := png.Encode(&file, grid(set.Rows, set.Cols, tables, scale)); err != nil {
		return err
	}
	if err := writeWhole(*out, file.Bytes()); err != nil {
		return err
	}
	c.say("saved in %s in the same order; blue is above 0, red below", *out)
	return nil
}

// commonScale returns the 99th percentile of the absolute values of numbers, or a little more than
// 0. With the largest as the scale, most of a picture would be pale.
func commonScale(numbers []float64) float64 {
	sizes := make([]float64, len(numbers))
	for i, x := range numbers {
		sizes[i] = math.Abs(x)
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)*99/100], 1e-12)
}

// sketchSigned draws rows x cols numbers, at most width characters wide. A character stands for the
// average of two squares of numbers, one above the other: ░▒▓█ for averages above 0 and ·-=≡ for
// those below, the last of each for 0.85 scale and more.
func sketchSigned(table []float64, rows, cols, width int, scale float64) (lines []string) {
	side := (cols + width - 1) / width
	for y := 0; y < rows; y += 2 * side {
		line := ""
		for x := 0; x < cols; x += side {
			sum, count := 0.0, 0.0
			for row := y; row < min(y+2*side, rows); row++ {
				for _, v := range table[row*cols+x : row*cols+min(x+side, cols)] {
					sum += max(-1, min(1, v/scale))
					count++
				}
			}
			shades := []rune(" ░▒▓█")
			if sum < 0 {
				shades = []rune(" ·-=≡")
			}
			line += string(shades[int(math.Abs(sum/count)*4+0.6)])
		}
		lines = append(lines, line)
	}
	return lines
}

// The colours of numbers that are 0, above 0 and below 0, and of the line around each table.
var (
	zero    = color.RGBA{255, 255, 255, 255}
	above   = color.RGBA{13, 71, 161, 255}
	below   = color.RGBA{183, 28, 28, 255}
	outline = color.RGBA{200, 200, 200, 255}
)

// grid paints tables of rows x cols numbers as tiles, row by row from the top left, in full
// colour where a number reaches scale.
func grid(rows, cols int, tables [][]float64, scale float64) image.Image {
	const gap = 12 // in pixels
	across := int(math.Ceil(math.Sqrt(float64(len(tables)))))
	down := (len(tables) + across - 1) / across
	zoom := min(max(1, (800/across-gap)/cols), 24) // the pixels of a number
	width, height := cols*zoom+gap, rows*zoom+gap
	sheet := image.NewRGBA(image.Rect(0, 0, across*width+gap, down*height+gap))
	fill := func(box image.Rectangle, c color.Color) {
		draw.Draw(sheet, box, image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(sheet.Bounds(), zero)
	for i, table := range tables {
		x0, y0 := gap+i%across*width, gap+i/across*height
		fill(image.Rect(x0-1, y0-1, x0+cols*zoom+1, y0+rows*zoom+1), outline)
		for at, v := range table {
			x, y := x0+at%cols*zoom, y0+at/cols*zoom
			fill(image.Rect(x, y, x+zoom, y+zoom), signed(v/scale))
		}
	}
	return sheet
}

// signed returns the colour of a number from -1 to 1.
func signed(v float64) color.RGBA {
	full, strength := above, min(1, math.Abs(v))
	if v < 0 {
		full = below
	}
	mix := func(from, to uint8) uint8 { return uint8(float64(from) + strength*(float64(to)-float64(from)) + 0.5) }
	return color.RGBA{mix(zero.R, full.R), mix(zero.G, full.G), mix(zero.B, full.B), 255}
}
