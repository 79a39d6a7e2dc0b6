package main

import (
	"bytes"
	"fmt"
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

// explained returns the lines that explain prints about the trained network.
func explained(t *testing.T, args ...string) []string {
	t.Helper()
	code, out, err := call(append([]string{"explain", "-net", saved(t, trained())}, args...)...)
	if code != 0 {
		t.Fatal(err)
	}
	return strings.Split(out, "\n")
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
	split := regexp.MustCompile(` = |: |   +|, .*`)
	square := regexp.MustCompile(`(\(.*\))\^2`)
	formulas, sums, sum := 0, 0, 0.0
	for _, line := range explained(t, "8") {
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
			if !(math.Abs(printed-want) <= half+1e-5*math.Abs(want)) {
				t.Errorf("%s: by hand it is %g", line, want)
			}
			formulas++
		}
		switch x, half := number(pieces[0]); {
		case math.IsNaN(x):
			sum = 0
		case strings.Contains(line, "   = "):
			if math.Abs(x-sum) > 10*half {
				t.Errorf("%s: the numbers above it add up to %g", line, sum)
			}
			sums++
			sum = x // z goes on from the weighted sum
		default:
			sum += x
		}
	}
	if formulas < 50 || sums != 6 {
		t.Errorf("%d formulas and %d sums", formulas, sums)
	}
}

func TestExplainPrintsTheDerivativesOfBackprop(t *testing.T) {
	n, e := trained(), mnist().Test[8]
	p, gradient := passOf(n, e)
	text := strings.Join(explained(t, "8"), "\n")
	want := []string{fmt.Sprintf("the network reads %d", Answer(p.A[3]))}
	for l := 1; l <= 3; l++ { // the largest derivative of the weights of each layer, and that of the same neuron's bias
		i := ranked(gradient.Weights[l].Data)[0]
		w, b := gradient.Weights[l].Data[i], gradient.Biases[l][i%n.Layers[l]]
		want = append(want, fmt.Sprintf("= %+.6g\n  measured by nudging w: %+.6g, relative", w, w),
			fmt.Sprintf("= %+.6g\n  measured by nudging b: %+.6g, relative", b, b))
	}
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing", part)
		}
	}
	prediction := regexp.MustCompile(`should change C by (\S+); it does by (\S+)|\n +0.001 .* (\S+) +(\S+)\n`)
	predictions := prediction.FindAllStringSubmatch(text, -1)
	for _, m := range predictions {
		predicted, _ := number(m[1] + m[4])
		measured, _ := number(m[2] + m[3])
		if !(math.Abs(measured-predicted) <= 0.05*math.Abs(predicted)+1e-15) || predicted == 0 {
			t.Errorf("%s: predicted and measured are too far apart", m[0])
		}
	}
	relatives := regexp.MustCompile(`relative error (?:is )?(\S+)`).FindAllStringSubmatch(text, -1)
	for _, m := range relatives {
		if relative, _ := number(m[1]); !(relative <= 1e-6) {
			t.Error(m[0])
		}
	}
	if len(predictions) != 3 || len(relatives) != 7 {
		t.Errorf("%d predictions and %d relative errors", len(predictions), len(relatives))
	}
}

func TestExplainAveragesAMiniBatch(t *testing.T) {
	lines, n, examples := explained(t, "8", "9", "10"), trained().Clone(), mnist().Test[8:11]
	var gradients []Parameters
	for _, batch := range [][]Example{examples[:1], examples[1:2], examples[2:], examples} {
		g := NewParameters(n.Layers)
		copy(g.All, backprop(n, batch))
		gradients = append(gradients, g)
	}
	numbers := 0
	for at, line := range lines {
		var l, j, k int
		if _, err := fmt.Sscanf(line, "into layer %d", &l); err != nil {
			continue
		}
		for i, name := range strings.Fields(line)[3:] {
			fmt.Sscanf(name, "w_%d,%d", &j, &k)
			for y, g := range gradients { // a line for each example, and one for the average
				fields := strings.Fields(lines[at+1+y])
				printed, half := number(fields[len(fields)-5+i])
				if want := -g.Weights[l].At(j, k); !(math.Abs(printed-want) <= half) {
					t.Errorf("%s into layer %d: %g, want %g", name, l, printed, want)
				}
				numbers++
			}
		}
	}
	before, _ := n.Test(examples)
	for i, derivative := range gradients[3].All {
		n.All[i] -= defaults().plan.Rate * derivative
	}
	after, _ := n.Test(examples)
	want := fmt.Sprintf("%8g  %12.6g  %12.6g", defaults().plan.Rate, before, after)
	if numbers != 3*5*4 || !strings.Contains(strings.Join(lines, "\n"), want) {
		t.Errorf("%d numbers; the step of the mini-batch is not %s", numbers, want)
	}
}

func TestExplainTakesANumberOrAFile(t *testing.T) {
	net, folder := saved(t, trained()), t.TempDir()
	file := write(t, folder, "7.png", asPNG(paper(mnist().Test[0].Picture, 28, 28, 0, 0, 1, black, white)))
	text := write(t, folder, "text", []byte("text"))
	for _, c := range []struct {
		args      []string
		code      int
		out, want string
	}{
		{nil, 0, "test picture 0, a 7", ""},
		{[]string{"3"}, 0, "test picture 3, a 0", ""},
		{[]string{file}, 0, "7.png, a 7", ""},
		{[]string{"-label", "2", file}, 0, "7.png, a 2", ""},
		{[]string{"10000"}, 1, "", "0 to 9999"},
		{[]string{"-label", "2", "--", "-1"}, 1, "", "0 to 9999"},
		{[]string{text}, 1, "", "not a PNG"},
		{[]string{"none"}, 1, "", "none"},
		{[]string{"8", "-neuron", "7"}, 0, "Neuron 7 of layer 1", ""},
		{[]string{"1", file}, 0, "what 2 pictures ask", ""},
		{[]string{"-neuron", "16"}, 2, "", "0 to 15"},
		{[]string{"-label", "10", file}, 2, "", "0 to 9"},
		{[]string{"-label", "-2", file}, 2, "", "0 to 9"},
		{[]string{"-label", "3", "0"}, 0, "test picture 0, a 7 as if it were a 3", ""},
		{[]string{"-neuron", "3", "0", "1"}, 2, "", "one picture, not for 2"},
	} {
		code, out, err := call(append([]string{"explain", "-net", net}, c.args...)...)
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
		for _, args := range [][]string{{"explain", "5"}, {"explain", "5", "6"}, {"test"}, {"weights", "-out", page}} {
			code, out, err := call(append(args, "-net", net, "-data", set)...)
			if code != 0 {
				t.Errorf("%v: exit %d, %s", args, code, err)
			}
			if args[0] == "test" && !regexp.MustCompile(`(?m)^an? \d+ read as \d+: \d+ times?$`).MatchString(out) {
				t.Errorf("no list of mistakes, for a table too wide for 80 columns: %s", out)
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
	// Three tiles of 2 x 3 numbers, 24 pixels wide each, with gaps of 12, in two columns.
	page := grid(2, 3, [][]float64{{1, -1, 0, 0, 1, -1}, {2, 2, 2, -2, -2, -2}, {0, 0, 0, 1, 0, 0}}, 0.5)
	if size := page.Bounds().Size(); size != image.Pt(180, 132) {
		t.Errorf("the page has %v pixels", size)
	}
	for at, want := range map[image.Point]color.Color{
		{0, 0}: zero, {11, 11}: frame, {12, 12}: above, {35, 35}: above, {36, 12}: below, {60, 12}: zero,
		{36, 36}: above, {83, 59}: below, {84, 60}: frame, {85, 61}: zero, // the first tile
		{96, 12}: above, {96, 36}: below, {12, 72}: zero, {12, 96}: above, {96, 96}: zero, // the others
	} {
		if got := page.At(at.X, at.Y); got != want {
			t.Errorf("at %v the page is %v, want %v", at, got, want)
		}
	}
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

func TestWeightsCalledWronglyFailsInOneClearLine(t *testing.T) {
	empty, net := t.TempDir(), saved(t, NewNetwork([]int{4, 2}, seeded(1)))
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"weights -net " + net + " -out " + net, 2, "would replace the network"},
		{"weights -net " + net + " -out matrix.go", 1, "not a PNG"},
		{"weights -net " + net + " -out " + empty, 1, "not a regular file"},
	} {
		code, _, err := call(strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(err, c.want) || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: exit %d, %q; want %d and one line with %s", c.args, code, err, c.code, c.want)
		}
	}
}

func TestSignedTablesHaveACharacterForEachSign(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{strings.Join(sketchSigned([]float64{
			0, 1, 0.5, -0.25, -1, 9,
			0, 1, 0.5, -0.25, -1, 9,
		}, 2, 6, 40, 1), "|"), " █▒·≡█"},
		// 6 x 4 numbers in 3 characters: each is the average of 2 x 2 above 2 x 2.
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
