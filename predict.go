package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// This file reads your own handwriting. A network reads only pictures like those that it was trained
// on. ReadPicture turns any picture into one of those in three stages: file to greys, greys to ink,
// ink to a picture of the set. Then comes the command predict and, for train -styles, what many
// people write and MNIST hardly has.

// ReadPicture reads a digit in a PNG, JPEG or GIF, dark on light or light on dark, and prepares
// it the way MNIST was prepared: light on black, with strokes that are not much thinner than
// MNIST's, placed as frame says. A warning says why the answer may be wrong. A picture of more
// than limit pixels is not decoded, because a file of a few bytes can claim any size.
//
// Of 534 digits that other people wrote, eight networks read 486 on average. Without one of the
// steps they read fewer: 306 if the digit is not cropped, 407 if light ink is not looked for, 427 with
// the noise of the paper, 432 without the centre of mass, 472 with thin strokes left thin, and 476 if
// what lies around the digit is kept.
func ReadPicture(r io.Reader, frame Frame, limit int) (picture Picture, warning string, err error) {
	grey, err := readGreys(r, limit)
	if err != nil {
		return Picture{}, "", err
	}
	ink, err := findInk(grey)
	if err != nil {
		return Picture{}, "", err
	}
	if digits := keepDigit(ink); digits > 1 {
		warning = fmt.Sprintf("this looks like %d digits side by side; the network reads one", digits)
	}
	box := ink.box()
	digit := scale(crop(ink, box), measuredSide/float64(max(box.Dx(), box.Dy())))
	if width := strokeWidth(digit); width < thinStroke {
		digit = thicken(digit, (goodStroke-width)/2)
	}
	return NewPicture(frame.Rows, frame.Cols, fitInto(digit, frame)), warning, nil
}

// A field is a picture of numbers from 0 to 1, row by row.
type field struct {
	rows, cols int
	at         []float64
}

// newField returns a field with the given value in each row y and column x.
func newField(rows, cols int, value func(y, x int) float64) *field {
	f := &field{rows: rows, cols: cols, at: make([]float64, rows*cols)}
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

// crop returns the part of a picture that lies in box, with 0 outside the picture.
func crop(f *field, box image.Rectangle) *field {
	return newField(box.Dy(), box.Dx(), func(y, x int) float64 { return f.pixel(box.Min.Y+y, box.Min.X+x) })
}

// Stage 1: from a file to greys.

// largestSide is how many pixels the longer side of the greys has at most.
const largestSide = 160

// readGreys returns how bright the picture in a file is, turned upright and made smaller.
func readGreys(r io.Reader, limit int) (*field, error) {
	file, err := io.ReadAll(io.LimitReader(r, 8*int64(limit))) // no pixel takes more than 8 bytes
	if err != nil {
		return nil, err
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	switch {
	case format == "":
		return nil, explainFormat(file)
	case err != nil:
		return nil, fmt.Errorf("the %s cannot be decoded: %w", strings.ToUpper(format), err)
	case config.Width < 1 || config.Height < 1 || config.Width > limit/config.Height:
		return nil, fmt.Errorf("the picture claims %d x %d pixels; the limit is %d", config.Width, config.Height, limit)
	}
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("the %s cannot be decoded: %w", strings.ToUpper(format), err)
	}
	grey := toGrey(picture.(image.RGBA64Image)) // as all pictures of package image are
	for range quarterTurns(file) {
		grey = turnClockwise(grey)
	}
	return grey, nil
}

// explainFormat returns the error for a file that is not a PNG, JPEG or GIF.
func explainFormat(file []byte) error {
	start := string(file[:min(16, len(file))])
	switch {
	case start == "":
		return errors.New("the file is empty")
	case strings.HasPrefix(start, "%PDF"):
		return errors.New("a PDF document, not a PNG, JPEG or GIF")
	case strings.Contains(start, "WEBP"):
		return errors.New("a WebP picture, not a PNG, JPEG or GIF")
	case strings.Contains(start, "ftyphei"):
		return errors.New("a HEIC picture, as iPhones write it, not a PNG, JPEG or GIF")
	}
	return fmt.Errorf("not a PNG, JPEG or GIF: the file starts with %q", start)
}

// toGrey returns how bright a picture is. Where it is transparent, white paper shows through. A
// large picture is made smaller: a square of pixels, step wide, becomes one.
func toGrey(picture image.RGBA64Image) *field {
	box := picture.Bounds()
	step := max(1, (max(box.Dx(), box.Dy())+largestSide-1)/largestSide)
	skip := max(1, step/3) // 9 or more pixels of a large square are enough for its average
	return newField((box.Dy()+step-1)/step, (box.Dx()+step-1)/step, func(row, col int) float64 {
		square := image.Rect(0, 0, step, step).Add(box.Min).Add(image.Pt(col*step, row*step)).Intersect(box)
		sum, count := 0.0, 0.0
		for y := square.Min.Y; y < square.Max.Y; y += skip {
			for x := square.Min.X; x < square.Max.X; x += skip {
				c := picture.RGBA64At(x, y) // 0 to 65535, and the colours no more than c.A
				sum += (0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B) + 65535 - float64(c.A)) / 65535
				count++
			}
		}
		return sum / count
	})
}

// quarterTurns returns how many quarter turns clockwise set the picture in a file upright. Phones
// store a photo as the sensor lay. The EXIF data of the JPEG says how that was: an entry with the
// tag 0x0112, the type 3 and the count 1, in either order of bytes.
func quarterTurns(file []byte) int {
	_, exif, _ := bytes.Cut(file, []byte("Exif\x00\x00"))
	for _, entry := range []string{"\x01\x12\x00\x03\x00\x00\x00\x01\x00", "\x12\x01\x03\x00\x01\x00\x00\x00"} {
		if _, value, _ := bytes.Cut(exif, []byte(entry)); len(value) > 0 {
			return map[byte]int{6: 1, 3: 2, 8: 3}[value[0]] // the others are upright or mirrored
		}
	}
	return 0
}

// turnClockwise returns the picture after a quarter turn.
func turnClockwise(f *field) *field {
	return newField(f.cols, f.rows, func(y, x int) float64 { return f.pixel(f.rows-1-x, y) })
}

// Stage 2: from greys to ink, in whatever light.

// ErrNoInk is the error for a picture in which there is nothing to read.
var ErrNoInk = errors.New("no ink found: a digit must stand out from its background")

// findInk returns how much ink there is at each pixel: 0 for none, 1 for the average stroke.
//
// What is darker than the paper around it counts as ink, or lighter, on dark paper. So do the lines
// of ruled paper, a pattern, and the table around a sheet: removing them gained none of the 534
// digits. Ink that differs from the paper in its colour only is not found.
func findInk(grey *field) (*field, error) {
	if len(grey.at) == 0 { // an empty frame of a GIF
		return nil, ErrNoInk
	}
	// Most of a picture is paper. If that is the darker part, the ink is light.
	sorted := slices.Sorted(slices.Values(grey.at))
	if sorted[len(sorted)/2] < (sorted[0]+sorted[len(sorted)-1])/2 {
		grey = negative(grey)
	}
	// No stroke fills a square of 0.75 of the picture. Any size from 0.6 to 1 works as well.
	background := closing(grey, 1+max(grey.rows, grey.cols)*3/4)
	darker := newField(grey.rows, grey.cols, func(y, x int) float64 { return background.pixel(y, x) - grey.pixel(y, x) })

	// The average of all pixels that are more like paper than like strokes becomes 0, that of the
	// others 1. Ink has a contrast of 0.1 at least, and of four times the noise of the paper.
	paper, noise, stroke := levels(darker)
	contrast := stroke - paper // not a number if all pixels are equal
	if !(contrast >= 0.1 && contrast >= 4*noise) {
		return nil, ErrNoInk
	}
	faint := min(contrast/2, max(0.02, 4*noise)) // what may still be noise of the paper
	return newField(grey.rows, grey.cols, func(y, x int) float64 {
		v := darker.pixel(y, x) - paper
		if v < faint {
			return 0
		}
		return min(1, v/contrast)
	}), nil
}

// levels divides the pixels into paper and strokes, at the mean of the averages of both. It returns
// the averages, and the standard deviation of the paper.
func levels(f *field) (paper, noise, stroke float64) {
	middle := slices.Max(f.at) / 2
	for range 5 { // it settles after three or four
		var n, sum, squares, total float64
		for _, v := range f.at {
			total += v
			if v <= middle {
				n, sum, squares = n+1, sum+v, squares+v*v
			}
		}
		paper, stroke = sum/n, (total-sum)/(float64(len(f.at))-n)
		noise = math.Sqrt(max(0, squares/n-paper*paper))
		middle = (paper + stroke) / 2
	}
	return paper, noise, stroke
}

// closing returns the morphological closing of a picture with a square of this side: dark areas
// that do not hold the square are filled. The pixels at the edges of the picture are repeated
// outside, so a dark area at an edge is wide.
//
// Dilation makes each pixel the lightest of the square that starts there, erosion the darkest.
// Both move the picture up and to the left, by side-1 in all, where the repeated pixels were.
func closing(f *field, side int) *field {
	wide := newField(f.rows+side-1, f.cols+side-1, func(y, x int) float64 {
		return f.pixel(max(0, y-side+1), max(0, x-side+1))
	})
	for range 2 { // the second time in the negative, so the maximum becomes the minimum
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
			numbers[i] = max(numbers[i], numbers[i+step*stride])
		}
		done += step
	}
}

// negative returns the picture with dark and light exchanged.
func negative(f *field) *field {
	return newField(f.rows, f.cols, func(y, x int) float64 { return 1 - f.pixel(y, x) })
}

// Stage 3: from ink to a picture of the set.

// A component is a connected component of the ink: inked pixels that touch each other.
type component struct {
	pixels []int
	ink    float64
	box    image.Rectangle
}

// keepDigit clears all components but those of one digit: the one with the most ink, and what is
// near it, as the bar of a 5 may be. It returns how many components could be digits.
func keepDigit(ink *field) (digits int) {
	components := connected(ink)
	slices.SortStableFunc(components, func(a, b component) int { return cmp.Compare(b.ink, a.ink) })
	largest, digit := components[0].ink, components[0].box
	size := max(digit.Dx(), digit.Dy())
	digits = 1
	for _, c := range components[1:] {
		if c.box.Overlaps(digit.Inset(-1 - size/4)) {
			digit = digit.Union(c.box)
			continue
		}
		if c.ink >= largest/4 && max(c.box.Dx(), c.box.Dy()) >= size/2 { // neither dust nor a blot
			digits++
		}
		for _, i := range c.pixels {
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
		c := component{pixels: []int{start}}
		for n := 0; n < len(c.pixels); n++ {
			i := c.pixels[n]
			c.ink += ink.at[i]
			x, y := i%ink.cols, i/ink.cols
			c.box = c.box.Union(image.Rect(x, y, x+1, y+1))
			for near := range 9 { // a square of 3 x 3 around it
				y, x := y+near/3-1, x+near%3-1
				if k := y*ink.cols + x; ink.pixel(y, x) > 0 && !seen[k] {
					seen[k] = true
					c.pixels = append(c.pixels, k)
				}
			}
		}
		components = append(components, c)
	}
	return components
}

// Strokes are measured on digits whose longer side has 80 pixels. There, nine of ten digits of MNIST
// have strokes that are 5.7 to 12.3 wide. A pen's are often half as wide. Thickening to 9 or 10, and
// from 6 or 7 down, gave nearly the same results.
const (
	measuredSide = 80
	thinStroke   = 7 // thinner strokes are thickened
	goodStroke   = 9 // to this width
)

// strokeWidth returns how wide the strokes of a digit are: twice their area over the length of their
// outline, as a bar of width w and length l has area wl and outline 2l. The length of the outline is
// the sum of all changes from pixel to pixel.
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
	wide := crop(digit, image.Rect(0, 0, digit.cols, digit.rows).Inset(-reach))
	result := newField(wide.rows, wide.cols, wide.pixel)
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			covered := min(1, radius+1-math.Hypot(float64(dy), float64(dx))) // less than 1 at the rim
			if covered <= 0 {
				continue
			}
			for i := range result.at {
				v := wide.pixel(i/wide.cols+dy, i%wide.cols+dx)
				result.at[i] = max(result.at[i], v*covered)
			}
		}
	}
	return result
}

// A Frame says where the digits lie in the pictures of a set.
type Frame struct {
	Rows, Cols int     // of every picture, in pixels
	Part       float64 // of the rows or columns that a digit takes, the larger part; 0 if it is not known
	Mass       bool    // the centre of mass is in the middle, not the centre of the digit's box
}

// mnistFrame is the frame of MNIST's pictures.
var mnistFrame = Frame{Rows: 28, Cols: 28, Part: 20. / 28, Mass: true}

// FrameOf measures the frame of a set on up to 2,000 of its training pictures: the median of the
// parts, and which of the two centres is nearer to the middle. Without examples the frame is known
// only if the set has the size of MNIST.
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

// part returns the part of the rows or columns that is not 0, whichever is larger.
func (f *field) part() float64 {
	box := f.box()
	return max(float64(box.Dy())/float64(f.rows), float64(box.Dx())/float64(f.cols))
}

// centre returns the row and the column of the centre of mass or of the box.
//
// MNIST counts pixels from 0 and puts the centre of mass on number 14 of 28, half a pixel beside
// the true middle, and so does this. A centre that differs by half a pixel costs right answers.
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

// scale returns the picture factor times as large. Each pixel is the average of the area that it
// covers.
func scale(f *field, factor float64) *field {
	rows, cols := max(1, int(float64(f.rows)*factor+0.5)), max(1, int(float64(f.cols)*factor+0.5))
	return newField(rows, cols, func(row, col int) float64 {
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

// The command predict.

func init() {
	commands = append(commands, command{
		name: "predict", arguments: "FILE...", run: runPredict,
		summary: "read the digits in picture files (- is standard input)",
	})
}

// runPredict reads the digits in picture files.
func runPredict(c *console, flags *flag.FlagSet, args []string) error {
	path, data := netFlag(flags), dataFlag(flags)
	verbose := flags.Bool("v", false, "draw what the network sees, and its outputs")
	names, err := parse(flags, args, math.MaxInt)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("predict: no picture; name one or more files, or - for standard input")
	}
	set, n, err := loadForPictures(*path, *data)
	if err != nil {
		return err
	}
	frame := FrameOf(set)
	if frame.Part == 0 {
		return fmt.Errorf("%s: not a network for MNIST; name the folder with its data with -data", *path)
	}
	pass, failed := n.NewPass(), 0
	for _, name := range names {
		picture, warning, err := readPictureFile(name, frame)
		if err != nil && len(names) == 1 {
			return err
		} else if err != nil {
			fmt.Fprintln(c.err, "digits:", err)
			failed++
			continue
		}
		printAnswer(c, set, name, n.Forward(pass, picture), warning)
		if *verbose {
			drawOutput(c, set, picture, pass.A[len(n.Layers)-1])
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d pictures could not be read", failed, len(names))
	}
	return nil
}

// loadForPictures reads a network and the set in a folder. Without a folder it returns a set without
// examples: the network knows only the number of pixels, so its pictures are square.
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

// readPictureFile prepares the picture in a file, or on standard input if the name is -.
func readPictureFile(name string, frame Frame) (picture Picture, warning string, err error) {
	file := os.Stdin
	if name != "-" {
		if file, err = os.Open(name); err != nil {
			return Picture{}, "", err
		}
		defer file.Close()
	}
	picture, warning, err = ReadPicture(file, frame, MaxPicture)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return picture, warning, err
}

// printAnswer prints the line that other programs read, with details after two spaces.
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
	c.say("%s: %s  %s", name, set.Name(answer), details)
}

// unsure reports whether no output is brighter than one half. On real handwriting, six of ten such
// answers are wrong, but only one of sixteen others.
func unsure(output []float64) bool { return output[Answer(output)] < 0.5 }

// drawOutput draws what the network sees, and its outputs as bars.
func drawOutput(c *console, set *Dataset, picture Picture, output []float64) {
	var bars []string
	for j, a := range output {
		bars = append(bars, fmt.Sprintf("%3s %.3f %s", set.Name(j), a, strings.Repeat("█", int(20*a+0.5))))
	}
	c.say("\n%s", sideBySide([][]string{sketch(picture, image.Rectangle{}), bars}))
}

// What many people write and MNIST hardly has, drawn onto MNIST's digits for train -styles.

func init() {
	variations = append(variations, variation{
		name: "styles", vary: Styles,
		usage: "add a flag or a foot to 1s, a hook to 9s, a slash to 0s (rare in MNIST)",
	})
}

// Styles returns the picture of an example, with a flag or a foot added to a quarter of the 1s, a
// hook to a fifth of the 9s and a slash to a tenth of the 0s, at random.
func Styles(e Example, random *rand.Rand) Picture {
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
		for y := max(0, int(imag(at)-p.radius)-1); y < min(p.rows, int(imag(at)+p.radius)+2); y++ {
			for x := max(0, int(real(at)-p.radius)-1); x < min(p.cols, int(real(at)+p.radius)+2); x++ {
				distance := cmplx.Abs(complex(float64(x), float64(y)) - at)
				p.at[y*p.cols+x] = max(p.pixel(y, x), min(1, p.radius+0.5-distance))
			}
		}
		at += cmplx.Rect(0.5, direction)
		direction += turn / (2 * length)
	}
}

// end returns the point a radius inside the digit, from the middle of the ink in its first row, with
// step 1, or its last row, with -1.
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
