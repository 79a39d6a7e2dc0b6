package main

import (
	"bytes"
	"go/constant"
	"go/token"
	"go/types"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// byHand writes a network 6-5-4 and a set with four pictures of 2 x 3 pixels, of the letters A to D.
func byHand(t *testing.T) (net, set string) {
	n := &Network{Layers: []int{6, 5, 4}, Parameters: NewParameters([]int{6, 5, 4})}
	for i := range n.All {
		n.All[i] = float64((7*i+3)%11-5) / 4
	}
	var examples []Example
	for label, greys := range [][]byte{
		{255, 0, 51, 0, 0, 0}, {0, 204, 0, 255, 102, 0}, {0, 0, 0, 255, 0, 153}, {51, 255, 0, 0, 0, 255},
	} {
		examples = append(examples, Example{Picture: NewPicture(2, 3, greys), Label: label})
	}
	set = writeSet(t, &Dataset{Rows: 2, Cols: 3, Train: examples, Test: examples})
	write(t, set, "mapping.txt", []byte("0 65\n1 66\n2 67\n3 68\n"))
	return saved(t, n), set
}

// digits writes the first examples of MNIST to a new folder.
func digits(t *testing.T) (set string) {
	return writeSet(t, &Dataset{Rows: 28, Cols: 28, Train: mnist().Train[:100], Test: mnist().Test[:20]})
}

func TestExplainAndWeightsPrintTheseNumbersAndSentences(t *testing.T) {
	net, set := byHand(t)
	page := filepath.Join(t.TempDir(), "weights.png")
	relative := regexp.MustCompile(`relative error (is )?(\S+)`)
	for _, c := range []struct{ args, want string }{
		{"explain 1", explainedB},
		{"explain -label D 0 2", explainedBatch},
		{"weights -out " + page, drawnWeights},
	} {
		code, out, err := call(append(strings.Fields(c.args), "-net", net, "-data", set)...)
		for _, m := range relative.FindAllStringSubmatch(out, -1) {
			if x, err := strconv.ParseFloat(m[2], 64); err != nil || x > 1e-6 || m[1] == "is " && x == 0 {
				t.Errorf("%s: %s", c.args, m[0])
			}
		}
		out = relative.ReplaceAllString(strings.ReplaceAll(out, page, "weights.png"), "relative error ${1}small")
		if code != 0 || out != c.want {
			t.Errorf("%s: %s", c.args, err)
		}
		got, want := strings.Split(out, "\n"), strings.Split(c.want, "\n")
		for i, line := range got {
			if i >= len(want) || line != want[i] {
				t.Errorf("%s: line %d is %q, want %q", c.args, i+1, line, want[min(i, len(want)-1)])
			}
		}
	}
}

// number returns a printed number, or NaN, and half a unit of its last digit.
func number(text string) (x, half float64) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN(), 0
	}
	mantissa, exponent, _ := strings.Cut(text, "e")
	_, decimals, _ := strings.Cut(mantissa, ".")
	power, _ := strconv.Atoi(exponent)
	return x, 0.5 * math.Pow10(power-len(decimals))
}

func TestExplainAddsUpOnAPocketCalculator(t *testing.T) {
	small, letters := byHand(t)
	sure := NewNetwork([]int{784, 5, 10}, seeded(1)) // with outputs close to 0 or 1
	for j := range sure.Biases[2] {
		sure.Biases[2][j] = -30
	}
	sure.Biases[2][7] = 12
	for _, c := range []struct {
		net, set, number string
		formulas, sums   int // at least, exactly
	}{
		{saved(t, trained()), digits(t), "8", 50, 6},
		{small, letters, "1", 30, 5},
		{saved(t, sure), digits(t), "0", 40, 5},
	} {
		code, out, err := call("explain", "-net", c.net, "-data", c.set, c.number)
		if code != 0 {
			t.Fatal(err)
		}
		formulas, sums := addUp(t, out)
		if formulas < c.formulas || sums != c.sums {
			t.Errorf("number %s: %d formulas and %d sums", c.number, formulas, sums)
		}
	}
}

// addUp checks each formula and each sum in what explain prints, and counts them.
func addUp(t *testing.T, text string) (formulas, sums int) {
	split := regexp.MustCompile(` = |: |  +|, .*`)
	square := regexp.MustCompile(`(\(.*\))\^2`)
	sum, terms := 0.0, 0
	for line := range strings.Lines(text) {
		pieces := split.Split(strings.TrimSpace(line), -1)
		for i, piece := range pieces { // evaluates those that are formulas of numbers, as Go does
			formula := strings.Replace(square.ReplaceAllString(piece, "$1 * $1"), "2 (", "2 * (", 1)
			result, err := types.Eval(token.NewFileSet(), nil, token.NoPos, formula)
			if err != nil || !strings.Contains(formula, " ") {
				continue
			}
			want, _ := constant.Float64Val(result.Value)
			printed, half := number(pieces[0])
			if i+1 < len(pieces) && pieces[i+1] != "" {
				printed, half = number(pieces[i+1])
			}
			if !(math.Abs(printed-want) <= half+2e-5*math.Abs(want)) { // of three factors with 6 digits
				t.Errorf("%s: by hand it is %g", line, want)
			}
			formulas++
		}
		if strings.HasPrefix(pieces[0], "-0") && strings.Trim(pieces[0], "-0.") == "" {
			t.Errorf("%s: minus zero", line)
		}
		switch x, half := number(pieces[0]); {
		case math.IsNaN(x):
			sum, terms = 0, 0
		case strings.Contains(line, "   = "):
			if !(math.Abs(x-sum) <= float64(terms+1)*half) {
				t.Errorf("%s: the numbers above it add up to %g", line, sum)
			}
			sums++
			sum, terms = x, 1 // z goes on from the weighted sum
		default:
			sum, terms = sum+x, terms+1
		}
	}
	return formulas, sums
}

func TestExplainReportsTheWorstOfAllDerivatives(t *testing.T) {
	net, folder := byHand(t)
	set, n, _ := loadBoth(net, folder)
	for i := range n.All {
		var out bytes.Buffer
		x, err := newExplanation(&console{out: &out}, n, set, "1", "")
		if err != nil {
			t.Fatal(err)
		}
		x.gradient.All[i]++ // as if backpropagation were wrong there
		x.chapter4()
		_, text, _ := strings.Cut(out.String(), "the worst relative error is ")
		if worst, _ := number(strings.TrimSpace(text)); !(worst > 0.5) {
			t.Errorf("derivative %d is wrong by 1, and the worst relative error is %s", i, text)
		}
	}
}

func TestExplainTakesANumberOrAFile(t *testing.T) {
	n := NewNetwork([]int{784, 5, 10}, seeded(1))
	n.Biases[2][7] = 50 // it reads everything as a 7
	net, set, folder := saved(t, n), digits(t), t.TempDir()
	file := write(t, folder, "7.png", asPNG(paper(mnist().Test[0].Picture, 28, 28, 0, 0, 1, black, white)))
	text := write(t, folder, "text", []byte("text"))
	for _, c := range []struct {
		args      []string
		code      int
		out, want string
	}{
		{nil, 0, "test picture 0, label 7", ""},
		{[]string{"3"}, 0, "test picture 3, label 0", ""},
		{[]string{file}, 0, "7.png, taken for 7", ""},
		{[]string{"-label", "8", file}, 0, "7.png, taken for 8", ""},
		{[]string{"20"}, 1, "", "0 to 19"},
		{[]string{"-label", "2", "--", "-1"}, 1, "", "0 to 19"},
		{[]string{text}, 1, "", "not a PNG"},
		{[]string{"none"}, 1, "", "none"},
		{[]string{"8", "-neuron", "3"}, 0, "Neuron j = 3 of layer 1", ""},
		{[]string{"1", file}, 0, "what 2 pictures ask", ""},
		{[]string{"-neuron", "5"}, 1, "", "0 to 4"},
		{[]string{"-neuron", "-2"}, 1, "", "0 to 4"},
		{[]string{"-neuron", "x"}, 2, "", "-neuron"},
		{[]string{"-label", "10", file}, 1, "", "not a label of these pictures, such as 9"},
		{[]string{"-label", "3", "0"}, 0, "test picture 0, taken for 3", ""},
		{[]string{"-neuron", "3", "0", "1"}, 1, "", "one picture, not for 2"},
	} {
		code, out, err := call(append([]string{"explain", "-net", net, "-data", set}, c.args...)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(err, c.want) ||
			code != 0 && strings.Count(err, "\n") != 1 {
			t.Errorf("%v: exit %d, err %q", c.args, code, err)
		}
	}
}

func TestEveryShapeOfNetworkCanBeExplainedAndPainted(t *testing.T) {
	set := writeSet(t, smallSet(40, 4, 6, 12))
	for _, layers := range [][]int{{24, 12}, {24, 1, 12}, {24, 3, 4, 5, 12}, {24, 130, 12}} {
		net, page := saved(t, NewNetwork(layers, seeded(1))), filepath.Join(t.TempDir(), "w.png")
		for _, args := range [][]string{{"explain", "5"}, {"explain", "5", "6"}, {"weights", "-out", page}} {
			code, out, err := call(append(args, "-net", net, "-data", set)...)
			if code != 0 {
				t.Errorf("%v: exit %d, %s", args, code, err)
			}
			for _, line := range strings.Split(out, "\n") {
				if utf8.RuneCountInString(line) > 80 && !strings.Contains(line, os.TempDir()) {
					t.Errorf("%v: too wide for 80 columns: %s", args[:1], line)
				}
			}
		}
		file, _ := os.ReadFile(page)
		if _, err := png.Decode(bytes.NewReader(file)); err != nil {
			t.Errorf("%v: weights.png: %v", layers, err)
		}
	}
}

func TestWeightsArePaintedBlueAbove0AndRedBelow(t *testing.T) {
	half := color.RGBA{134, 163, 208, 255}
	for v, want := range map[float64]color.RGBA{0: zero, 1: above, -1: below, 9: above, -9: below, 0.5: half} {
		if got := signed(v); got != want {
			t.Errorf("%v is painted %v, want %v", v, got, want)
		}
	}
	sizes := make([]float64, 200)
	for i := range sizes {
		sizes[i] = float64(i)
	}
	if scale := commonScale(sizes); scale != 198 {
		t.Errorf("the scale of 0 to 199 is %g, want the 99th percentile", scale)
	}
	// Three tiles of 2 x 3 numbers, 24 pixels wide each, with gaps of 12, in two columns.
	page := grid(2, 3, [][]float64{{1, -1, 0, 0, 1, -1}, {2, 2, 2, -2, -2, -2}, {0, 0, 0, 1, 0, 0}}, 0.5)
	if size := page.Bounds().Size(); size != image.Pt(180, 132) {
		t.Errorf("the page has %v pixels", size)
	}
	for at, want := range map[image.Point]color.Color{
		{0, 0}: zero, {11, 11}: outline, {12, 12}: above, {35, 35}: above, {36, 12}: below, {60, 12}: zero,
		{36, 36}: above, {83, 59}: below, {84, 60}: outline, {85, 61}: zero, // the first tile
		{96, 12}: above, {96, 36}: below, {12, 72}: zero, {12, 96}: above, {96, 96}: zero, // the others
	} {
		if got := page.At(at.X, at.Y); got != want {
			t.Errorf("at %v the page is %v, want %v", at, got, want)
		}
	}
}

func TestTilesOfWeightsFitOnAScreen(t *testing.T) {
	for _, c := range []struct {
		rows, cols, tiles int
		want              image.Point
	}{
		{28, 28, 16, image.Pt(732, 732)}, // 6 pixels for a weight
		{10, 900, 1, image.Pt(924, 34)},  // never less than 1
		{28, 28, 1, image.Pt(696, 696)},  // never more than 24
		{28, 28, 17, image.Pt(772, 620)}, // five in a row
	} {
		tables := slices.Repeat([][]float64{make([]float64, c.rows*c.cols)}, c.tiles)
		if got := grid(c.rows, c.cols, tables, 1).Bounds().Size(); got != c.want {
			t.Errorf("%d tiles of %d x %d take %v, want %v", c.tiles, c.rows, c.cols, got, c.want)
		}
	}
}

func TestWeightsThatCannotBeWrittenAreAnError(t *testing.T) {
	net, set := byHand(t)
	page := filepath.Join(t.TempDir(), "none", "weights.png")
	code, _, err := call("weights", "-net", net, "-data", set, "-out", page)
	if code != 1 || !strings.Contains(err, page) {
		t.Errorf("exit %d, %q; want 1 and a line with %s", code, err, page)
	}
}

func TestSignedTablesHaveACharacterForEachSign(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{strings.Join(sketchSigned([]float64{
			0, 1, 0.5, -0.25, -1, 9,
			0, 1, 0.5, -0.25, -1, 9,
		}, 2, 6, 40, 1), "|"), " █▒·≡█"},
		// 6 x 4 numbers in 3 characters: each is the average of 2 x 4.
		{strings.Join(sketchSigned([]float64{
			1, 1, -2, -2, 0, 0,
			1, 1, -2, -9, 0, 2,
			1, 1, -2, -2, 0, 0,
			1, 1, 0, 0, 0, 2,
		}, 4, 6, 3, 2), "|"), "▒=░"},
	} {
		if c.got != c.want {
			t.Errorf("sketched as %q, want %q", c.got, c.want)
		}
	}
}

// What explain and weights print about byHand.

const explainedB = notation + `CHAPTER 1: how the network reads test picture 1, label B

▄▓                          ▒·
the picture                the weights of neuron 3:
                           ░▒▓█ above 0, ·-=≡ below

layer 0: 6 pixels, 3 of them not black
layer 1, from neuron  0: [0.56 0.14 0.48 0.63 0.52]
layer 2, from neuron  0: [0.42 0.77 0.67 0.24]

The brightest output is 1: the network reads B.

Neuron j = 3 of layer 1 (choose another with -neuron) has z = the sum of
w_jk a_k over all pixels k, plus its bias, and the activation a = sigmoid(z):

      +0.75000   w_3,3 a_3 = +0.75 * 1, row 1, column 0
      +0.50000   w_3,4 a_4 = +1.25 * 0.4, row 1, column 1
      -0.20000   w_3,1 a_1 = -0.25 * 0.8, row 0, column 1
      +1.05000   = the weighted sum
      -0.50000   the bias
      +0.55000   = z, and a = sigmoid(z) = 0.634136

CHAPTER 2: the cost, and its gradient

     +0.451144   (a_2 - y_2)^2 = (0.671673 - 0)^2
     +0.172961   (a_0 - y_0)^2 = (0.415886 - 0)^2
     +0.055867   (a_3 - y_3)^2 = (0.236362 - 0)^2
     +0.053940   (a_1 - y_1)^2 = (0.767751 - 1)^2
     +0.733912   = C, the cost of this example

The cost of the network, the average over all test pictures, is 1.13607.

The gradient of C has 59 components. 15 of them are 0, like those of all
weights from black pixels.

Most sensitive: b_2 of layer 2, derivative +0.296246
  nudged by +0.01: C should change by +0.002962 and changes by +0.002962

Least sensitive, but not 0: w_1,1 into layer 2, derivative -0.0112536
  nudged by +0.01: C should change by -0.0001125 and changes by -0.0001124

A nudge of the first changes C 26.3 times as much as one of the second.
(C has 16 digits, so changes near 1e-16 do not show.)

CHAPTER 3: what label B asks for

To lower C, each output should change in proportion to -dC/da = 2 (y - a):

      -1.34335   output 2: 2 (0 - 0.671673)
      -0.83177   output 0: 2 (0 - 0.415886)
      -0.47272   output 3: 2 (0 - 0.236362)
      +0.46450   output 1: 2 (1 - 0.767751)

Output 1 changes when its z does. The derivative of C in z is called delta:

  delta = dC/dz = da/dz * dC/da = 0.17831 * -0.464499 = -0.0828247

There are three avenues to change z in proportion to -delta. The bias, as
dz/db = 1:

    +0.0828247   b_1: -delta

The weights, in proportion to the activations (the three largest):

     +0.052522   w_1,3: -delta a_3 = +0.0828247 * 0.634136
     +0.046562   w_1,0: -delta a_0 = +0.0828247 * 0.562177
     +0.043481   w_1,4: -delta a_4 = +0.0828247 * 0.524979

The activations, in proportion to the weights (the three largest):

    +0.0828247   a_3: -delta w_1,3 = +0.0828247 * +1
    -0.0621185   a_0: -delta w_1,0 = +0.0828247 * -0.75
    +0.0621185   a_1: -delta w_1,1 = +0.0828247 * +0.75

Every output asks for such changes. Neuron 2 of layer 1 should change most, in
proportion to the sum of what the outputs ask of it, -w delta:

     -0.370307   output 2: -(+1.25 * +0.296246)
     -0.101029   output 0: -(+0.5 * +0.202058)
     -0.041412   output 1: -(-0.5 * -0.0828247)
     -0.021331   output 3: -(+0.25 * +0.085324)
     -0.534080   = -dC/da_2

One step, w <- w - rate dC/dw, for all weights and biases. The gradient predicts
that C changes by -rate times its squared length. That holds for a small step.
In a step as large as in training, the gradient changes on the way.

    rate      C before       C after        change     predicted
   0.001      0.733912      0.733487   -0.00042465  -0.000424687
     1.5      0.733912      0.240235     -0.493677      -0.63703

test picture 1, label B: read as B before the larger step, as B after it:

     -0.313861   output 2: from 0.6717 to 0.3578
     -0.174326   output 0: from 0.4159 to 0.2416
     +0.076816   output 1: from 0.7678 to 0.8446
     -0.064039   output 3: from 0.2364 to 0.1723

CHAPTER 4: the chain rule, factor by factor

Layer 2: its most sensitive weight is w_2,3, from neuron 3 of layer 1 to
neuron 2. It is now +0, and the bias b_2 is +0.25.

  dz/dw = a_3 = 0.634136
  dz/db = 1
  da/dz = sigmoid'(z) = a (1 - a) = 0.671673 * 0.328327 = 0.220528
  dC/da = 2 (a - y) = 2 (0.671673 - 0) = +1.34335
  dC/dw = 0.634136 * 0.220528 * +1.34335 = +0.18786
  measured by nudging w: +0.18786, relative error small
  dC/db = 1 * 0.220528 * +1.34335 = +0.296246
  measured by nudging b: +0.296246, relative error small

Layer 1: its most sensitive weight is w_2,3, from neuron 3 of layer 0 to
neuron 2. It is now -1, and the bias b_2 is +0.5.

  dz/dw = a_3 = 1
  dz/db = 1
  da/dz = sigmoid'(z) = a (1 - a) = 0.475021 * 0.524979 = 0.249376
  dC/da = the sum over the neurons of layer 2 of w * da/dz * dC/da there:
     +0.370307   through 2: +1.25 * 0.220528 * +1.34335
     +0.101029   through 0: +0.5 * 0.242925 * +0.831772
     +0.041412   through 1: -0.5 * 0.17831 * -0.464499
     +0.021331   and 1 more
     +0.534080   = dC/da
  dC/dw = 1 * 0.249376 * +0.53408 = +0.133187
  measured by nudging w: +0.133187, relative error small
  dC/db = 1 * 0.249376 * +0.53408 = +0.133187
  measured by nudging b: +0.133187, relative error small

All 59 derivatives compared with their measured slopes:
the worst relative error is small
`

const explainedBatch = notation + `CHAPTER 3: what 2 pictures ask of the same weights

▀                             ▀ ▀
test picture 0, taken for D   test picture 2, taken for D

Each picture asks for a change of -dC/dw in a weight. A mini-batch changes it by
the average, times the rate. For each layer, these are the neurons j with the
largest average delta, and their weights from the neuron k that is brightest for
these pictures.

into layer 2               w_3,4       w_1,4       w_2,4       w_0,4
test 0                    +0.259      -0.256      -0.248      -0.219
test 2                    +0.228      -0.228       -0.22      -0.179
average                   +0.243      -0.242      -0.234      -0.199

into layer 1               w_3,0       w_1,0       w_2,0       w_4,0       w_0,0
test 0                     -0.07     -0.0655     -0.0502      +0.037      -0.028
test 2                        +0          +0          +0          +0          +0
average                   -0.035     -0.0327     -0.0251     +0.0185      -0.014

One step, w <- w - rate dC/dw, for all weights and biases. The gradient predicts
that C changes by -rate times its squared length. That holds for a small step.
In a step as large as in training, the gradient changes on the way.

    rate      C before       C after        change     predicted
   0.001       1.62091       1.62014   -0.00076492  -0.000764937
     1.5       1.62091      0.626511     -0.994394      -1.14741

test picture 0, taken for D: read as B before the larger step, as D after it:

     +0.276067   output 3: from 0.2795 to 0.5555
     -0.264081   output 2: from 0.5682 to 0.3041
     -0.263298   output 1: from 0.7295 to 0.4662
     -0.198625   output 0: from 0.4927 to 0.2941

test picture 2, taken for D: read as B before the larger step, as D after it:

     +0.257081   output 3: from 0.2511 to 0.5082
     -0.252927   output 2: from 0.5494 to 0.2964
     -0.244669   output 1: from 0.7500 to 0.5053
     -0.174796   output 0: from 0.4469 to 0.2721

`

const drawnWeights = `The weights of the 5 neurons of layer 1. ░▒▓█ are above 0, ·-=≡ below.
The last of each stands for 1.1 and more.

░-    ▒·░   · ▒    ▒·   ░-
0     1     2     3     4

saved in weights.png in the same order; blue is above 0, red below
`
