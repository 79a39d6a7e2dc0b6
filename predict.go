package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	_ "image/png"
	"io"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// This file reads your own handwriting: it turns a picture file into greys like those of the set that
// a network was trained on. The command comes first, then the four stages in which a picture is
// prepared, then the decoding of files. At the end, train -styles draws what MNIST hardly has.

func init() {
	commands = append(commands, command{
		name: "predict", arguments: "FILE...", run: predict,
		summary: "read the digits in picture files (- is standard input)",
		example: "FILE", purpose: "read your own handwriting",
	})
	variations = append(variations, variation{
		name: "styles", start: Styles,
		usage: "add a flag or a foot to some 1s, a hook to 9s, a slash to 0s, which MNIST hardly has",
	})
}

// predict reads the digits in picture files.
func predict(c *console, args []string) error {
	flags := flag.NewFlagSet("predict", flag.ContinueOnError)
	path, data := netFlag(flags), dataFlag(flags)
	verbose := flags.Bool("v", false, "draw what the network sees, and its outputs")
	names, err := parse(c, flags, args, math.MaxInt)
	if err == nil && len(names) == 0 {
		err = usage("predict: no picture; name one or more files, or - for standard input")
	}
	if err != nil {
		return err
	}
	set, n, err := loadForPictures(*path, *data)
	if err != nil {
		return err
	}
	frame := FrameOf(set)
	if frame.Part == 0 {
		return fmt.Errorf("%s: not a network for MNIST; name the folder with its data with -data", *path)
	}
	names, pass, failed := expand(names), n.NewPass(), 0
	for _, name := range names {
		picture, done, err := readPictureFile(c, name, frame)
		switch {
		case err != nil && len(names) == 1:
			return err
		case err != nil:
			fmt.Fprintf(c.err, "digits: %v\n", err)
			failed++
			continue
		}
		printAnswer(c, set, name, n.Forward(pass, picture), done.Warning)
		if *verbose {
			drawOutput(c, set, picture, append(done.Done, frame.String()), pass.A[len(n.Layers)-1])
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %s could not be read", failed, count(len(names), "picture"))
}

// loadForPictures reads a network and the set in a folder. Without a folder it returns a set
// without examples: the network knows only the number of pixels, so its pictures are square.
func loadForPictures(path, folder string) (*Dataset, *Network, error) {
	if folder != "" {
		return loadBoth(path, folder)
	}
	n, err := loadNetwork(path)
	if err != nil {
		return nil, nil, err
	}
	side := int(math.Sqrt(float64(n.Layers[0])) + 0.5)
	if side*side != n.Layers[0] {
		return nil, nil, fmt.Errorf("%s: its pictures have %d pixels and are not square; "+
			"name the folder with its data with -data", path, n.Layers[0])
	}
	return &Dataset{Rows: side, Cols: side, Classes: n.Layers[len(n.Layers)-1]}, n, nil
}

// expand replaces patterns such as *.png by the names of files, as most shells do.
func expand(names []string) (expanded []string) {
	for _, name := range names {
		_, err := os.Lstat(name)
		if matches, _ := filepath.Glob(name); err != nil && len(matches) > 0 {
			expanded = append(expanded, matches...)
		} else {
			expanded = append(expanded, name)
		}
	}
	return expanded
}

// readPictureFile prepares the picture in a file, or on standard input if the name is -.
func readPictureFile(c *console, name string, frame Frame) (picture Picture, done Preparation, err error) {
	file, err := openPicture(c, name)
	if err == nil {
		defer file.Close()
		picture, done, err = ReadPicture(context.Background(), file, frame, MaxPicture)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", printable(name), reason(err))
	}
	return picture, done, err
}

// openPicture opens a picture file, or standard input if the name is -.
func openPicture(c *console, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(c.in), nil
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil, errors.New("a folder; name the pictures in it")
	case err != nil && strings.Contains(name, "://"):
		return nil, errors.New("an address; save the picture and name its file")
	}
	return os.Open(name)
}

// printAnswer prints the line that other programs read, with what there is to know about it
// after two spaces.
func printAnswer(c *console, set *Dataset, name string, output []float64, warning string) {
	answer := Answer(output)
	details := fmt.Sprintf("activation %.2f", output[answer])
	if len(output) > 1 {
		rest := slices.Clone(output)
		rest[answer] = -1
		second := Answer(rest)
		details += fmt.Sprintf(", then %s with %.2f", set.Name(second), output[second])
	}
	if unsure(output) {
		details += "; unsure"
	}
	if warning != "" {
		details += "; " + warning
	}
	fmt.Fprintf(c.out, "%s: %s  %s\n", printable(name), set.Name(answer), details)
}

// unsure reports whether no output is brighter than one half. On real handwriting, seven of ten
// such answers are wrong.
func unsure(output []float64) bool { return output[Answer(output)] < 0.5 }

// drawOutput draws what the network sees, and its outputs as bars.
func drawOutput(c *console, set *Dataset, picture Picture, done []string, output []float64) {
	var bars []string
	for j, a := range output {
		bars = append(bars, fmt.Sprintf("%3s %.3f %s", set.Name(j), a, strings.Repeat("█", int(20*a+0.5))))
	}
	fmt.Fprintf(c.out, "prepared: %s\n\n", strings.Join(done, ", "))
	fmt.Fprint(c.out, c.sideBySide([][]string{sketch(picture, image.Rectangle{}), bars}))
}

// From here on, a picture of somebody's own digit becomes one like those of the network's set. A
// network can only read what looks like the pictures it was trained on.

// A Frame says where the digits lie in the pictures of a set.
type Frame struct {
	Rows, Cols int     // of every picture, in pixels
	Part       float64 // of the rows or columns that a digit takes, the larger part; 0 if it is not known
	Mass       bool    // the centre of mass is in the middle, not the centre of the digit's box
}

// mnistFrame is the frame of MNIST's pictures.
var mnistFrame = Frame{Rows: 28, Cols: 28, Part: 20. / 28, Mass: true}

// FrameOf measures the frame of a set on up to 2,000 of its training pictures: the median of the
// parts, and which of the two centres is nearer to the middle. Without examples the frame is
// known only if the set has the size of MNIST.
func FrameOf(set *Dataset) Frame {
	var parts []float64
	off := map[bool]float64{} // the distances of the centre of mass, and of the box, from the middle
	for i := 0; i < len(set.Train); i += 1 + len(set.Train)/2000 {
		f := asField(set.Train[i].Picture)
		if f.box().Empty() {
			continue
		}
		parts = append(parts, f.part())
		for _, mass := range []bool{true, false} {
			y, x := f.centre(mass)
			off[mass] += math.Hypot(y-float64(f.rows)/2, x-float64(f.cols)/2)
		}
	}
	frame := Frame{Rows: set.Rows, Cols: set.Cols}
	if len(parts) > 0 {
		slices.Sort(parts)
		frame.Part, frame.Mass = parts[len(parts)/2], off[true] < off[false]
	} else if set.Rows == mnistFrame.Rows && set.Cols == mnistFrame.Cols && set.Classes == 10 {
		return mnistFrame
	}
	return frame
}

// String describes the frame in words.
func (f Frame) String() string {
	centre := "box"
	if f.Mass {
		centre = "mass"
	}
	return fmt.Sprintf("fitted into %.3g x %.3g of %d x %d pixels, centre of %s in the middle",
		f.Part*float64(f.Rows), f.Part*float64(f.Cols), f.Rows, f.Cols, centre)
}

// ErrNoInk is the error for a picture in which there is nothing to read.
var ErrNoInk = errors.New("no ink found: a digit must stand out from its background")

// A Preparation reports what ReadPicture did to a picture.
type Preparation struct {
	Done    []string // such as "thickened thin strokes"
	Warning string   // why the answer may be wrong, or ""
}

// ReadPicture reads a digit in a PNG, JPEG or GIF, dark on light or light on dark, and prepares
// it the way MNIST was prepared: light on black, with strokes that are not much thinner than
// MNIST's, and where frame says. A picture of more than limit pixels is not decoded, because a
// file of a few bytes can claim any size. Decoding ends with an error when ctx is done.
func ReadPicture(ctx context.Context, r io.Reader, frame Frame, limit int) (Picture, Preparation, error) {
	picture, orientation, err := decode(ctx, r, limit)
	if err != nil {
		return Picture{}, Preparation{}, err
	}
	ink, done, err := findDigit(picture)
	if err != nil {
		return Picture{}, Preparation{}, err
	}
	box := ink.box()
	digit := scale(crop(ink, box), measuredSide/float64(max(box.Dx(), box.Dy())))
	if orientation != 1 {
		digit = upright(digit, orientation)
		done.Done = append(done.Done, "turned upright")
	}
	if width := strokeWidth(digit); width < thinStroke {
		digit = thicken(digit, (goodStroke-width)/2)
		done.Done = append(done.Done, "thickened thin strokes")
	}
	return NewPicture(frame.Rows, frame.Cols, fitInto(digit, frame)), done, nil
}

// A field is a picture of numbers from 0 to 1, row by row.
type field struct {
	rows, cols int
	at         []float64
}

// newField returns a field of zeros.
func newField(rows, cols int) *field {
	return &field{rows: rows, cols: cols, at: make([]float64, rows*cols)}
}

// fieldOf returns a field with the given value in each row y and column x.
func fieldOf(rows, cols int, value func(y, x int) float64) *field {
	f := newField(rows, cols)
	for y := range rows {
		for x := range cols {
			f.at[y*cols+x] = value(y, x)
		}
	}
	return f
}

// asField returns a picture of a set as a field.
func asField(p Picture) *field { return &field{rows: p.Rows, cols: p.Cols, at: pixels(p)} }

// pixel returns the pixel in row y and column x, or 0 outside the picture.
func (f *field) pixel(y, x int) float64 {
	if y < 0 || x < 0 || y >= f.rows || x >= f.cols {
		return 0
	}
	return f.at[y*f.cols+x]
}

// box returns the smallest box with all pixels above 0.
func (f *field) box() image.Rectangle { return litBox(f.at, f.cols) }

// Stage 1: find the part of the picture with the digit, and see it in at most 160 x 160 pixels.

// findDigit returns the ink of the digit in a picture. What looks like ink may be the sheet on
// which the digit is. And where the picture is made smaller, a small digit would be blurred. In
// both cases that part is looked at once more.
func findDigit(picture image.RGBA64Image) (*field, Preparation, error) {
	v, err := look(picture, picture.Bounds())
	for err == nil && v.isSheet() {
		edge := 1 + max(v.ink.rows, v.ink.cols)/40
		inner, err := look(picture, v.around(-edge))
		if err != nil { // a blot
			break
		}
		v = inner
		v.done.Done = append(v.done.Done, "cut out the sheet")
	}
	if err != nil || v.step == 1 {
		return v.ink, v.done, err
	}
	box := v.ink.box()
	size := max(box.Dx(), box.Dy())
	// Lines would be thicker in a smaller part, and might not be found.
	if size < measuredSide && !slices.Contains(v.done.Done, removedLines) {
		if closer, err := look(picture, v.around(2+size/4)); err == nil { // the gap that keepDigit allows
			v.ink = closer.ink
		}
	}
	return v.ink, v.done, nil
}

// A view is what is seen in a part of a picture.
type view struct {
	part image.Rectangle
	step int // a square of this side in the picture is one pixel of the ink
	ink  *field
	done Preparation
}

// look looks for ink in a part of a picture.
func look(picture image.RGBA64Image, part image.Rectangle) (view, error) {
	if part.Empty() {
		return view{}, ErrNoInk
	}
	grey, step := toGrey(picture, part)
	ink, done, err := findInk(grey)
	return view{part: part, step: step, ink: ink, done: done}, err
}

// around returns the part of the picture with the ink and a margin around it, in pixels of the view. A
// negative margin cuts off as much.
func (v view) around(margin int) image.Rectangle {
	box := v.ink.box().Inset(-margin)
	return image.Rectangle{Min: box.Min.Mul(v.step), Max: box.Max.Mul(v.step)}.Add(v.part.Min).Intersect(v.part)
}

// isSheet reports whether the ink fills its box as no digit does, unless that is narrow.
func (v view) isSheet() bool {
	box, ink := v.ink.box(), 0.0
	for _, a := range v.ink.at {
		ink += a
	}
	return ink > 0.72*float64(box.Dx()*box.Dy()) && 2*min(box.Dx(), box.Dy()) > max(box.Dx(), box.Dy())
}

// toGrey returns how bright a picture is within box. Where it is transparent, what shows
// through is white if the ink is dark and black if it is light. A large box is made smaller:
// a square of pixels, step wide, becomes one, so that no side is longer than 160.
func toGrey(picture image.RGBA64Image, box image.Rectangle) (grey *field, step int) {
	step = (max(box.Dx(), box.Dy()) + 159) / 160
	skip := max(1, step/3) // 9 or more pixels of a large square are enough for its average
	grey = newField((box.Dy()+step-1)/step, (box.Dx()+step-1)/step)
	cover := newField(grey.rows, grey.cols) // how opaque
	light, opaque := 0.0, 0.0
	for i := range grey.at {
		x, y := box.Min.X+i%grey.cols*step, box.Min.Y+i/grey.cols*step
		square := image.Rect(x, y, x+step, y+step).Intersect(box)
		pixels := 0.0
		for y := square.Min.Y; y < square.Max.Y; y += skip {
			for x := square.Min.X; x < square.Max.X; x += skip {
				c := picture.RGBA64At(x, y) // 0 to 65535, and the colours no more than c.A
				grey.at[i] += (0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)) / 65535
				cover.at[i] += float64(c.A) / 65535
				pixels++
			}
		}
		grey.at[i] /= pixels
		cover.at[i] /= pixels
		light += grey.at[i]
		opaque += cover.at[i]
	}
	if light < opaque/2 {
		for i := range grey.at {
			grey.at[i] += 1 - cover.at[i]
		}
	}
	return grey, step
}

// Stage 2: tell the ink from its background, in whatever light.

// removedLines is what a Preparation says of lines that were removed.
const removedLines = "removed lines"

// findInk returns how much ink there is at each pixel, 0 for none and 1 for the average
// stroke, with only the digit left.
//
// What is dark and narrow is ink. A wide dark area is background: a shadow, a table around
// the sheet, a dark sheet.
//
// Not handled: lines as thick as a stroke or with a kink; a shadow with two hard edges, as of a hand;
// marks that touch the digit; patterns on the paper, which all count as ink; and ink that differs from
// the paper in its colour only. A smaller closing would tell such a shadow from ink, but it takes digits
// that fill their picture for a shadow as well.
func findInk(grey *field) (*field, Preparation, error) {
	// Dark ink leaves the lighter background even, light ink the darker one. A quarter of
	// the picture is wider than most strokes and narrower than what lies between them.
	quarter := 1 + max(grey.rows, grey.cols)/4
	dark := roughness(closing(grey, quarter)) <= roughness(closing(negative(grey), quarter))
	if !dark {
		grey = negative(grey)
	}
	ink, err := darkInk(grey, paleInk)
	if err != nil { // perhaps its strokes are wider than that
		dark = !dark
		ink, err = darkInk(negative(grey), clearInk)
	}
	if err != nil {
		return nil, Preparation{}, err
	}
	var done Preparation
	if dark {
		done.Done = append(done.Done, "made light on dark")
	}
	if dropLines(ink) {
		done.Done = append(done.Done, removedLines)
	}
	if digits := keepDigit(ink); digits > 1 {
		done.Warning = fmt.Sprintf("this looks like %d digits side by side; the network reads one", digits)
	}
	return ink, done, nil
}

// The least contrast of ink is 0.1, and four times the noise of the paper. Pale ink of 0.02 is
// enough with ten times the noise and on more than a hundredth of the picture, as dust has less.
const clearInk, paleInk = 0.1, 0.02

// darkInk returns how much darker than its background each pixel is. The average of all
// pixels that are more like background than like strokes becomes 0, that of the others 1.
func darkInk(grey *field, least float64) (*field, error) {
	// No stroke fills a square of 0.75 of the picture. Any size from 0.6 to 1 works as well.
	f := closing(grey, 1+max(grey.rows, grey.cols)*3/4)
	for i, v := range grey.at {
		f.at[i] -= v
	}
	paper, noise, stroke, share := levels(f)
	contrast := stroke - paper // not a number if all pixels are equal
	if !(contrast >= clearInk && contrast >= 4*noise ||
		contrast >= least && contrast >= 10*noise && share > 0.01) {
		return nil, ErrNoInk
	}
	faint := min(contrast/2, max(0.02, 4*noise)) // what may still be noise of the paper
	for i, v := range f.at {
		if v -= paper; v < faint {
			v = 0
		}
		f.at[i] = min(1, v/contrast)
	}
	return f, nil
}

// levels divides the pixels into paper and strokes, at the mean of the averages of both. It
// returns the averages, the standard deviation of the paper and the share of the strokes.
func levels(f *field) (paper, noise, stroke, share float64) {
	middle := slices.Max(f.at) / 2
	for range 5 { // it settles after three or four
		var n, sum, squares, total float64
		for _, v := range f.at {
			total += v
			if v <= middle {
				n, sum, squares = n+1, sum+v, squares+v*v
			}
		}
		rest := float64(len(f.at)) - n
		paper, stroke, share = sum/n, (total-sum)/rest, rest/float64(len(f.at))
		noise = math.Sqrt(max(0, squares/n-paper*paper))
		middle = (paper + stroke) / 2
	}
	return paper, noise, stroke, share
}

// closing returns the morphological closing of a picture with a square of this side: dark areas
// that do not hold the square are filled. The pixels at the edges of the picture are repeated
// outside, so a dark area at an edge is wide.
//
// Dilation makes each pixel the lightest of the square that starts there, erosion the darkest.
// Both move the picture up and to the left, by side-1 in all, where the repeated pixels were.
func closing(f *field, side int) *field {
	wide := fieldOf(f.rows+side-1, f.cols+side-1, func(y, x int) float64 {
		return f.pixel(max(0, y-side+1), max(0, x-side+1))
	})
	for range 2 { // the second time in the negative, where the darkest is the lightest
		for row := range slices.Chunk(wide.at, wide.cols) {
			slidingMax(row, side, 1)
		}
		slidingMax(wide.at, side, wide.cols)
		wide = negative(wide)
	}
	return crop(wide, image.Rect(0, 0, f.cols, f.rows))
}

// slidingMax replaces each number by the maximum of a window of size numbers that starts there and
// goes on in steps of stride.
func slidingMax(numbers []float64, size, stride int) {
	for done := 1; done < size; { // the windows so far have done numbers, twice as many in each round
		step := min(done, size-done)
		for i := range len(numbers) - step*stride {
			if later := numbers[i+step*stride]; later > numbers[i] {
				numbers[i] = later
			}
		}
		done += step
	}
}

// negative returns the picture with dark and light exchanged.
func negative(f *field) *field {
	result := newField(f.rows, f.cols)
	for i, v := range f.at {
		result.at[i] = 1 - v
	}
	return result
}

// roughness returns the sum of the squared differences of neighbouring pixels. Squares
// make a slow change over many pixels count little, a sharp edge much.
func roughness(f *field) float64 {
	sum := 0.0
	for i, v := range f.at {
		if (i+1)%f.cols != 0 {
			sum += (f.at[i+1] - v) * (f.at[i+1] - v)
		}
		if i+f.cols < len(f.at) {
			sum += (f.at[i+f.cols] - v) * (f.at[i+f.cols] - v)
		}
	}
	return sum
}

// Stage 3: keep one digit, without lines and dust.

// dropLines removes thin lines from edge to edge, such as those of ruled and
// squared paper or a frame, and reports whether there were any. The strokes that cross a
// line stay whole.
func dropLines(ink *field) bool {
	turned := transpose(ink)
	columns := dropRows(turned)
	rest := transpose(turned)
	rows := dropRows(rest)
	if !rows && !columns || rest.box().Empty() { // a 1 may look like a line
		return false
	}
	copy(ink.at, rest.at)
	return true
}

// dropRows removes the lines that run from left to right and reports whether there were any.
// They may rise or fall by up to 16 rows in 100 columns, and bend slowly, as in a photo of a page.
func dropRows(ink *field) (found bool) {
	for _, slope := range []float64{0, 0.04, -0.04, 0.08, -0.08, 0.12, -0.12, 0.16, -0.16} {
		for y := range ink.rows {
			for _, i := range lineFrom(ink, float64(y), slope) {
				ink.at[i] = 0
				found = true
			}
		}
	}
	return found
}

// lineFrom returns the pixels of the line that starts on the left in row y with this slope, or
// none if there is no line. A line is inked along at least 0.92 of its length, and for half of it
// thinner than 1/40 of the picture. Strokes are thicker or shorter. The line is followed where it
// is thin, and bends less than a stroke.
func lineFrom(ink *field, y, slope float64) (line []int) {
	blank, narrow := 0, 0
	for x := range ink.cols {
		top, bottom := inkedRun(ink, x, int(math.Round(y)))
		if top == bottom {
			blank++
		} else if bottom-top <= max(ink.rows, ink.cols)/40 { // otherwise a stroke crosses the line
			narrow++
			for y := top; y < bottom; y++ {
				line = append(line, y*ink.cols+x)
			}
			y += (float64(top+bottom-1)/2 - y) / 4
		}
		y += slope
		if blank > ink.cols*8/100 {
			return nil
		}
	}
	if narrow < ink.cols/2 {
		return nil
	}
	return line
}

// inkedRun returns the rows from top to before bottom of the inked run in column x at row y
// or next to it.
func inkedRun(ink *field, x, y int) (top, bottom int) {
	for _, y := range []int{y, y - 1, y + 1} {
		if ink.pixel(y, x) > 0 {
			top, bottom = y, y+1
			for ink.pixel(top-1, x) > 0 {
				top--
			}
			for ink.pixel(bottom, x) > 0 {
				bottom++
			}
			return top, bottom
		}
	}
	return 0, 0
}

// A component is a connected component of the ink: inked pixels that touch each other.
type component struct {
	pixels []int
	ink    float64
	box    image.Rectangle
}

// keepDigit clears all components but those of one digit: the one with the most ink, and what
// is near it, as the bar of a 5 may be. It returns how many components could be digits.
func keepDigit(ink *field) (digits int) {
	components := connected(ink)
	slices.SortStableFunc(components, func(a, b component) int { return cmp.Compare(b.ink, a.ink) })
	largest, digit := components[0].ink, components[0].box
	size := max(digit.Dx(), digit.Dy())
	digits = 1
	for _, p := range components[1:] {
		// A part of the digit may be a quarter of its size away. Where it is small, it may be
		// dust, unless it is as near as the dots of a stroke that is broken.
		gap := 1 + size/20
		if p.ink >= largest/20 {
			gap = 1 + size/4
		}
		if p.box.Overlaps(digit.Inset(-gap)) {
			digit = digit.Union(p.box)
			continue
		}
		if p.ink >= largest/4 && max(p.box.Dx(), p.box.Dy()) >= size/2 { // neither dust nor a blot
			digits++
		}
		for _, i := range p.pixels {
			ink.at[i] = 0
		}
	}
	return digits
}

// connected returns the components of the ink. Pixels touch also at their corners.
func connected(ink *field) (components []component) {
	seen := make([]bool, len(ink.at))
	for start, v := range ink.at {
		if v == 0 || seen[start] {
			continue
		}
		seen[start] = true
		p := component{pixels: []int{start}}
		for n := 0; n < len(p.pixels); n++ {
			i := p.pixels[n]
			p.ink += ink.at[i]
			x, y := i%ink.cols, i/ink.cols
			p.box = p.box.Union(image.Rect(x, y, x+1, y+1))
			for near := range 9 { // a square of 3 x 3 around it
				y, x := y+near/3-1, x+near%3-1
				if k := y*ink.cols + x; ink.pixel(y, x) > 0 && !seen[k] {
					seen[k] = true
					p.pixels = append(p.pixels, k)
				}
			}
		}
		components = append(components, p)
	}
	return components
}

// Stage 4: make it look like the pictures of the set, which are all that a network can read.

// upright turns a picture that is stored in one of the eight orientations of EXIF.
func upright(f *field, orientation int) *field {
	result := crop(f, image.Rect(0, 0, f.cols, f.rows))
	if orientation >= 5 {
		result = transpose(f)
	}
	if slices.Contains([]int{3, 4, 7, 8}, orientation) {
		slices.Reverse(result.at) // half a turn
	}
	if orientation%2 == 0 {
		for row := range slices.Chunk(result.at, result.cols) {
			slices.Reverse(row) // a mirror image
		}
	}
	return result
}

// transpose exchanges rows and columns.
func transpose(f *field) *field {
	return fieldOf(f.cols, f.rows, func(y, x int) float64 { return f.pixel(x, y) })
}

// Strokes are measured on digits whose longer side has 80 pixels. There, most of MNIST's
// strokes are 5.5 to 10.7 wide. A pen's are often half as wide, and a network reads most of
// these as 5. Thickening to 9 or 10, and from 6 or 7 down, gave nearly the same results.
const (
	measuredSide = 80
	thinStroke   = 7 // thinner strokes are thickened
	goodStroke   = 9 // to this width
)

// strokeWidth returns how wide the strokes of a digit are: twice their area over the length
// of their outline, as a bar of width w and length l has area wl and outline 2l. The length
// of the outline is the sum of all changes from pixel to pixel.
func strokeWidth(digit *field) float64 {
	area, outline := 0.0, 0.0
	for y := -1; y < digit.rows; y++ {
		for x := -1; x < digit.cols; x++ {
			v := digit.pixel(y, x)
			area += v
			outline += math.Hypot(digit.pixel(y+1, x)-v, digit.pixel(y, x+1)-v)
		}
	}
	return 2 * area / outline
}

// thicken widens all strokes by radius on each side: each pixel spreads over a disc.
func thicken(digit *field, radius float64) *field {
	reach := int(radius + 1)
	result := newField(digit.rows+2*reach, digit.cols+2*reach)
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			covered := min(1, radius+1-math.Hypot(float64(dy), float64(dx))) // less than 1 at the rim
			if covered <= 0 {
				continue
			}
			for i, v := range digit.at {
				k := (i/digit.cols+reach+dy)*result.cols + i%digit.cols + reach + dx
				result.at[k] = max(result.at[k], v*covered)
			}
		}
	}
	return result
}

// fitInto scales a cropped digit and puts it into a frame. It returns the greys of all pixels.
func fitInto(digit *field, frame Frame) []byte {
	factor := frame.Part * min(float64(frame.Rows)/float64(digit.rows), float64(frame.Cols)/float64(digit.cols))
	small := scale(digit, factor)
	y, x := small.centre(frame.Mass)
	top := int(math.Round(float64(frame.Rows)/2 - y))
	left := int(math.Round(float64(frame.Cols)/2 - x))
	top = min(max(top, 0), frame.Rows-small.rows)
	left = min(max(left, 0), frame.Cols-small.cols)
	placed := crop(small, image.Rect(0, 0, frame.Cols, frame.Rows).Sub(image.Pt(left, top)))

	greys := make([]byte, len(placed.at))
	peak := slices.Max(small.at) // thin strokes have lost some of their brightness
	for i, v := range placed.at {
		greys[i] = byte(255*v/peak + 0.5)
	}
	return greys
}

// centre returns the row and the column of the centre of mass or of the box.
//
// MNIST counts pixels from 0 and puts the centre of mass on number 14 of 28, half a pixel beside
// the true middle, and so does this. Half a pixel off costs right answers.
func (f *field) centre(ofMass bool) (y, x float64) {
	if !ofMass {
		box := f.box()
		return float64(box.Min.Y+box.Max.Y) / 2, float64(box.Min.X+box.Max.X) / 2
	}
	mass := 0.0
	for i, v := range f.at {
		mass += v
		y += v * float64(i/f.cols)
		x += v * float64(i%f.cols)
	}
	return y / mass, x / mass
}

// part returns the part of the rows or columns that is not 0, whichever is larger.
func (f *field) part() float64 {
	box := f.box()
	return max(float64(box.Dy())/float64(f.rows), float64(box.Dx())/float64(f.cols))
}

// crop returns the part of a picture that lies in box, with 0 outside the picture.
func crop(f *field, box image.Rectangle) *field {
	return fieldOf(box.Dy(), box.Dx(), func(y, x int) float64 { return f.pixel(box.Min.Y+y, box.Min.X+x) })
}

// scale returns the picture factor times as large. Each pixel is the average of the area that it
// covers.
func scale(f *field, factor float64) *field {
	rows, cols := max(1, int(float64(f.rows)*factor+0.5)), max(1, int(float64(f.cols)*factor+0.5))
	return fieldOf(rows, cols, func(row, col int) float64 {
		top, bottom := span(row, rows, f.rows)
		left, right := span(col, cols, f.cols)
		sum := 0.0
		for y := int(top); float64(y) < bottom; y++ {
			for x := int(left); float64(x) < right; x++ {
				height := min(bottom, float64(y+1)) - max(top, float64(y))
				width := min(right, float64(x+1)) - max(left, float64(x))
				sum += f.at[y*f.cols+x] * height * width
			}
		}
		return sum / ((bottom - top) * (right - left))
	})
}

// span returns the part of a side of old pixels that the i-th of count new ones covers.
func span(i, count, old int) (from, to float64) {
	return float64(i*old) / float64(count), float64((i+1)*old) / float64(count)
}

// Decoding: from a file to a picture, and what to do about a file that is not one.

// decode returns the picture in a file and its orientation, which readOrientation explains.
func decode(ctx context.Context, r io.Reader, limit int) (result image.RGBA64Image, orientation int, err error) {
	in := bufio.NewReader(r)
	start, err := in.Peek(512)
	if len(start) == 0 && err != io.EOF {
		return nil, 0, err
	}
	var header bytes.Buffer
	config, format, err := image.DecodeConfig(io.TeeReader(in, &header))
	if err != nil {
		return nil, 0, explainDecoding(err, format, start)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > limit/config.Height {
		return nil, 0, fmt.Errorf("the picture claims %d x %d pixels; at least 1 and at most %d million are read",
			config.Width, config.Height, limit/1_000_000)
	}
	orientation = readOrientation(header.Bytes())
	visits := limit / (config.Width * config.Height) // to each pixel, at most
	whole := &decoderInput{Reader: io.MultiReader(&header, in), ctx: ctx, scans: math.MaxInt}
	if format == "jpeg" {
		whole.scans = 16 * visits // a photo has 10 at most
	}
	var picture image.Image
	if format == "gif" {
		picture, err = decodeGIF(whole, visits)
	} else {
		picture, _, err = image.Decode(whole)
	}
	switch {
	case whole.err != nil:
		return nil, 0, whole.err
	case err != nil:
		return nil, 0, explainDecoding(err, format, start)
	}
	return picture.(image.RGBA64Image), orientation, nil // as all pictures of package image are
}

// A decoderInput ends the work of a decoder, which cannot be interrupted otherwise, by an error
// when the decoder reads on.
type decoderInput struct {
	io.Reader
	ctx   context.Context
	scans int // of a JPEG that may still be read; each visits all pixels, and takes few bytes
	last  byte
	err   error
}

// Read reads a few bytes at a time. It returns an error when the context is done or after too
// many scans.
func (in *decoderInput) Read(p []byte) (n int, err error) {
	if in.err = in.ctx.Err(); in.scans < 0 {
		in.err = errors.New("the JPEG has too many scans: save it as PNG with another program")
	}
	if in.err != nil {
		return 0, in.err
	}
	n, err = in.Reader.Read(p[:min(len(p), 256)])
	for _, b := range p[:n] {
		if in.last == 0xff && b == 0xda { // the marker of a scan
			in.scans--
		}
		in.last = b
	}
	return n, err
}

// decodeGIF returns the frame of an animation with the most ink. Only the first frame is decoded
// if there are more than most or 300.
func decodeGIF(r io.Reader, most int) (image.Image, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	// A frame starts with a comma, after a block that ends with 0. The same bytes may
	// occur elsewhere too, so this is an upper bound.
	frames := 1 + bytes.Count(file, []byte("\x00,"))
	if frames <= min(300, most) {
		if animation, err := gif.DecodeAll(bytes.NewReader(file)); err == nil {
			return mostInk(animation), nil
		}
	}
	return gif.Decode(bytes.NewReader(file)) // the first frame may be whole where others are damaged
}

// mostInk returns the frame of an animation with the most ink, measured by its edges.
func mostInk(animation *gif.GIF) image.Image {
	page := image.NewRGBA(image.Rect(0, 0, animation.Config.Width, animation.Config.Height))
	best, most := slices.Clone(page.Pix), 0.0
	for i, frame := range animation.Image {
		before := slices.Clone(page.Pix)
		draw.Draw(page, frame.Rect, frame, frame.Rect.Min, draw.Over)
		grey, _ := toGrey(page, page.Rect)
		if edges := roughness(grey); edges > most {
			best, most = slices.Clone(page.Pix), edges
		}
		switch animation.Disposal[i] {
		case gif.DisposalBackground:
			draw.Draw(page, frame.Rect, image.Transparent, image.Point{}, draw.Src)
		case gif.DisposalPrevious:
			page.Pix = before
		}
	}
	page.Pix = best
	return page
}

// explainDecoding returns an error that says what is wrong with a file and what to do. The
// format is empty if package image knows none that starts like this.
func explainDecoding(err error, format string, start []byte) error {
	format = strings.ToUpper(format)
	switch {
	case len(start) == 0:
		return errors.New("the file is empty")
	case format == "":
		if what := recognize(start, slices.Concat(otherPictures, otherFiles)); what != "" {
			return fmt.Errorf("not a PNG, JPEG or GIF, but %s", what)
		}
		return errors.New("not a PNG, JPEG or GIF")
	case strings.Contains(err.Error(), "EOF"), strings.Contains(err.Error(), "not enough"): // the decoders differ
		return fmt.Errorf("the %s is cut off: copy or download it again", format)
	case errors.As(err, new(jpeg.UnsupportedError)):
		return fmt.Errorf("a rare kind of %s: save it as PNG with another program (%w)", format, err)
	}
	return fmt.Errorf("the %s is damaged: copy or download it again (%w)", format, err)
}

// otherPictures are formats of pictures that are not read.
var otherPictures = []format{
	{8, "WEBP", "a WebP picture: save it as PNG or JPEG"},
	{4, "ftyphei", "HEIC, as iPhones write it: save it as JPEG or PNG"},
	{4, "ftyp", "a HEIC or AVIF picture or a video: save it as PNG or JPEG"},
	{0, "BM", "a BMP picture: save it as PNG"},
	{0, "II*\x00", "a TIFF picture: save it as PNG or JPEG"},
	{0, "MM\x00*", "a TIFF picture: save it as PNG or JPEG"},
	{0, "P5", "a PGM picture: save it as PNG"},
	{0, "%PDF", "a PDF document: save its page as PNG"},
	{0, "<svg", "an SVG drawing: export it as PNG"},
	{0, "<?xml", "an SVG drawing or other XML: export it as PNG"},
}

// readOrientation returns the orientation in the EXIF data of a JPEG, 1 if there is none.
// Phones store a picture as the sensor lay, with a number that says how to turn it: an entry
// with the tag 0x0112, the type 3 and the count 1, in either order of bytes.
func readOrientation(header []byte) int {
	_, exif, _ := bytes.Cut(header, []byte("Exif\x00\x00"))
	for _, entry := range []string{"\x01\x12\x00\x03\x00\x00\x00\x01\x00", "\x12\x01\x03\x00\x01\x00\x00\x00"} {
		_, value, _ := bytes.Cut(exif, []byte(entry))
		if len(value) > 0 && value[0] >= 1 && value[0] <= 8 {
			return int(value[0])
		}
	}
	return 1
}

// The rest of this file draws what many people write and MNIST hardly has onto MNIST's digits,
// for train -styles.

// Styles returns a function for Training.Vary that adds a flag or a foot to a quarter of the 1s,
// a hook to a fifth of the 9s and a slash to a tenth of the 0s, at random.
func Styles() func(e Example, random *rand.Rand) Picture {
	return func(e Example, random *rand.Rand) Picture {
		switch {
		case e.Label == 1 && random.IntN(4) == 0:
			return restyle(e.Picture, random, (*pen).addFlagOrFoot)
		case e.Label == 9 && random.IntN(5) == 0:
			return restyle(e.Picture, random, (*pen).addHook)
		case e.Label == 0 && random.IntN(10) == 0:
			return restyle(e.Picture, random, (*pen).addSlash)
		}
		return e.Picture
	}
}

// restyle returns the picture of a digit with something added. The digit takes the same part of
// its frame as before.
func restyle(p Picture, random *rand.Rand, add func(*pen)) Picture {
	if len(p.Lit) == 0 {
		return p
	}
	f := asField(p)
	wide := crop(f, image.Rect(0, 0, p.Cols, p.Rows).Inset(-max(p.Rows, p.Cols))) // room to draw
	pen := &pen{field: wide, digit: wide.box(), radius: strokeWidth(f) / 2, random: random}
	pen.radius *= pen.between(0.8, 1.2)
	add(pen)
	frame := Frame{Rows: p.Rows, Cols: p.Cols, Part: f.part(), Mass: true}
	return NewPicture(p.Rows, p.Cols, fitInto(crop(wide, wide.box()), frame))
}

// A pen draws strokes onto a digit. A point of the paper is a complex number x + iy, so that a
// direction is an angle: 0 to the right, pi/2 down, pi to the left.
type pen struct {
	*field
	digit  image.Rectangle // its box
	radius float64
	random *rand.Rand
}

// between returns a random number from low to high.
func (p *pen) between(low, high float64) float64 { return low + (high-low)*p.random.Float64() }

// stroke draws from a point in a direction, which turns by an angle on the way.
func (p *pen) stroke(at complex128, direction, turn, length float64) {
	for range int(2*length) + 1 { // a round dot every half pixel
		for y := int(imag(at)-p.radius) - 1; y < int(imag(at)+p.radius)+2; y++ {
			for x := int(real(at)-p.radius) - 1; x < int(real(at)+p.radius)+2; x++ {
				distance := cmplx.Abs(complex(float64(x), float64(y)) - at)
				p.at[y*p.cols+x] = max(p.pixel(y, x), min(1, p.radius+0.5-distance))
			}
		}
		at += cmplx.Rect(0.5, direction)
		direction += turn / (2 * length)
	}
}

// end returns the middle of the digit's ink in its first row, with step 1, or last row, with -1.
func (p *pen) end(step int) complex128 {
	row := p.digit.Min.Y
	if step < 0 {
		row = p.digit.Max.Y - 1
	}
	sum, sumX := 0.0, 0.0
	for x := range p.cols {
		sum += p.pixel(row, x)
		sumX += p.pixel(row, x) * float64(x)
	}
	return complex(sumX/sum, float64(row)+float64(step)*p.radius)
}

// addFlagOrFoot adds a flag at the top of a 1, a foot below it, or both.
func (p *pen) addFlagOrFoot() {
	top, bottom := p.end(1), p.end(-1)
	height, down := cmplx.Polar(bottom - top)
	which := p.random.IntN(5)
	if which < 4 {
		p.stroke(top, down+p.between(0.45, 0.95), p.between(-0.25, 0.25), height*p.between(0.25, 0.7))
	}
	if which > 1 {
		tilt, left := p.between(-0.15, 0.15), height*p.between(0.15, 0.4)
		p.stroke(bottom-cmplx.Rect(left, tilt), tilt, 0, left+height*p.between(0.15, 0.4))
	}
}

// addHook bends the end of a 9 to the left.
func (p *pen) addHook() {
	p.stroke(p.end(-1), p.between(1.6, 2.1), p.between(1.4, 2.3), float64(p.digit.Dy())*p.between(0.35, 0.65))
}

// addSlash adds a slash to a 0, which may reach beyond it.
func (p *pen) addSlash() {
	low := complex(float64(p.digit.Min.X), float64(p.digit.Max.Y))
	high := complex(float64(p.digit.Max.X), float64(p.digit.Min.Y))
	length, direction := cmplx.Polar(high - low)
	direction += p.between(-0.2, 0.2)
	length *= p.between(0.6, 1.2)
	p.stroke((low+high)/2-cmplx.Rect(length/2, direction), direction, 0, length)
}
