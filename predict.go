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
	"os"
	"slices"
	"strings"
)

func init() {
	commands = append(commands, command{
		name: "predict", arguments: "FILE...", run: predict,
		summary: "read the digits in picture files (- is standard input)",
		example: "FILE", purpose: "read your own handwriting",
	})
}

// predict reads the digits in picture files.
func predict(c *console, args []string) error {
	flags := flag.NewFlagSet("predict", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` of the network")
	data := flags.String("data", "", "the `folder` with the data, for pictures that are not square")
	verbose := flags.Bool("v", false, "draw what the network sees, and its outputs")
	names, err := parse(c, flags, args, math.MaxInt)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return usage("predict: no picture; name one or more files, or - for standard input")
	}
	n, set, err := loadForPictures(*path, *data)
	if err != nil {
		return err
	}
	frame := FrameOf(set)
	if frame.Part == 0 {
		return fmt.Errorf("%s: a network for %d x %d pixels and %d classes, which are not MNIST's; "+
			"name the folder with its data with -data", *path, set.Rows, set.Cols, set.Classes)
	}
	pass, failed := n.NewPass(), 0
	for _, name := range names {
		picture, done, err := readPictureFile(c, name, frame)
		if err != nil && len(names) == 1 {
			return err
		}
		if err != nil {
			fmt.Fprintf(c.err, "digits: %v\n", err)
			failed++
			continue
		}
		printAnswer(c, set, name, n.Forward(pass, picture), done.Warning)
		if *verbose {
			drawOutput(c, set, picture, done.Done, pass.A[len(n.Layers)-1])
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s could not be read", failed, count(len(names), "picture"))
	}
	return nil
}

// loadForPictures reads a network and the set in a folder. Without a folder it returns a set
// without examples: the network knows only the number of pixels, so its pictures are square.
func loadForPictures(path, folder string) (*Network, *Dataset, error) {
	if folder != "" {
		set, n, err := loadBoth(path, folder)
		return n, set, err
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
	return n, &Dataset{Rows: side, Cols: side, Classes: n.Layers[len(n.Layers)-1]}, nil
}

// readPictureFile prepares the picture in a file, or on standard input if the name is -.
func readPictureFile(c *console, name string, frame Frame) (Picture, Preparation, error) {
	in := c.in
	if name != "-" {
		f, err := os.Open(name)
		switch {
		case err != nil && strings.Contains(name, "://"):
			err = fmt.Errorf("%s is an address; save the picture and name its file", name)
		case err != nil && strings.ContainsAny(name, "*?["):
			err = fmt.Errorf("%s: no file has a name like that", name)
		}
		if err != nil {
			return Picture{}, Preparation{}, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return Picture{}, Preparation{}, fmt.Errorf("%s: a folder; name the pictures in it", name)
		}
		in = f
	}
	picture, done, err := ReadPicture(context.Background(), in, frame, MaxPicture)
	if err != nil {
		return Picture{}, Preparation{}, fmt.Errorf("%s: %w", name, err)
	}
	return picture, done, nil
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
	fmt.Fprintf(c.out, "%s: %s  %s\n", name, set.Name(answer), details)
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
	if len(done) > 0 {
		fmt.Fprintf(c.out, "prepared: %s\n", strings.Join(done, ", "))
	}
	whole := image.Rect(0, 0, picture.Cols, picture.Rows)
	fmt.Fprintf(c.out, "\n%s", c.sideBySide([][]string{sketch(picture, whole), bars}))
}

// The rest of this file turns a picture of somebody's own digit into one like MNIST's. A
// network can only read what looks like the pictures it was trained on.

// ErrNoInk is the error for a picture in which there is nothing to read.
var ErrNoInk = errors.New("no ink found: a digit must stand out from its background")

// A Preparation reports what ReadPicture did to a picture.
type Preparation struct {
	Done    []string // such as "thickened thin strokes"
	Warning string   // why the answer may be wrong, or ""
}

// A Frame is where the digits lie in the pictures of a set.
type Frame struct {
	Rows, Cols int     // of every picture, in pixels
	Part       float64 // of the frame that the longer side of a digit takes, 0 if it is not known
	Mass       bool    // the centre of mass is in the middle, not the centre of the digit's box
	Y, X       float64 // the middle, which is pixel (Y, X) counted from 0
}

// mnistFrame is the frame of MNIST's pictures. They have their centre of mass on pixel 14 of 28,
// half a pixel beside the true middle. Half a pixel off costs right answers.
var mnistFrame = Frame{Rows: 28, Cols: 28, Part: 20. / 28, Mass: true, Y: 14, X: 14}

// FrameOf measures the frame of a set's training pictures. The part is the median. Of the two
// centres, the one that varies less from picture to picture was put in the middle. A set without
// examples has MNIST's frame if it has the size of MNIST.
func FrameOf(set *Dataset) Frame {
	switch {
	case len(set.Train) > 0:
	case set.Rows == mnistFrame.Rows && set.Cols == mnistFrame.Cols && set.Classes == 10:
		return mnistFrame
	default:
		return Frame{Rows: set.Rows, Cols: set.Cols}
	}
	parts := make([]float64, 0, len(set.Train))
	var centres [4]struct{ sum, squares float64 } // y and x of the mass, then of the box
	for _, e := range set.Train {
		box := litBox(pixels(e.Picture), set.Cols)
		parts = append(parts, max(float64(box.Dy())/float64(set.Rows), float64(box.Dx())/float64(set.Cols)))
		mass, massY, massX := 0.0, 0.0, 0.0
		for i, k := range e.Lit {
			grey := float64(e.Greys[i])
			mass += grey
			massY += grey * float64(int(k)/set.Cols)
			massX += grey * float64(int(k)%set.Cols)
		}
		if mass == 0 {
			continue
		}
		boxY, boxX := float64(box.Min.Y+box.Max.Y-1)/2, float64(box.Min.X+box.Max.X-1)/2
		for i, v := range []float64{massY / mass, massX / mass, boxY, boxX} {
			centres[i].sum += v
			centres[i].squares += v * v
		}
	}
	var mean, variance [4]float64
	for i, c := range centres {
		mean[i] = c.sum / float64(len(parts))
		variance[i] = c.squares/float64(len(parts)) - mean[i]*mean[i]
	}
	slices.Sort(parts)
	f := Frame{Rows: set.Rows, Cols: set.Cols, Part: parts[len(parts)/2]}
	f.Mass = variance[0]+variance[1] < variance[2]+variance[3]
	if !f.Mass {
		mean[0], mean[1] = mean[2], mean[3]
	}
	f.Y, f.X = math.Round(2*mean[0])/2, math.Round(2*mean[1])/2 // to half pixels
	return f
}

// ReadPicture reads a digit in a PNG, JPEG or GIF, dark on light or light on dark, and
// prepares it the way the pictures of a set were prepared, which frame describes. The result is
// light on black, and its strokes are not much thinner than MNIST's. A picture of more than
// limit pixels is not decoded, because a file of a few bytes can claim any size. Decoding ends
// with an error when ctx is done.
func ReadPicture(ctx context.Context, r io.Reader, frame Frame, limit int) (Picture, Preparation, error) {
	picture, orientation, err := decode(untilDone{ctx, r}, limit)
	if err != nil {
		return Picture{}, Preparation{}, cmp.Or(ctx.Err(), err)
	}
	ink, done, err := lookCloser(picture)
	if err != nil {
		return Picture{}, Preparation{}, err
	}
	digit := scale(crop(ink, litBox(ink.at, ink.cols)), measured)
	if orientation != 1 {
		digit = upright(digit, orientation)
		done.Done = append(done.Done, "turned upright")
	}
	if width := strokeWidth(digit); width < thinStroke {
		digit = thicken(digit, (goodStroke-width)/2)
		done.Done = append(done.Done, "thickened thin strokes")
	}
	return NewPicture(frame.Rows, frame.Cols, centre(digit, frame)), done, nil
}

// untilDone is a reader whose next Read fails when the context is done. Decoders of package image
// cannot be interrupted otherwise.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read reads a few bytes at a time, because a decoder may work long on what it has.
func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p[:min(len(p), 256)])
}

// decode returns the picture in a file and its orientation, which readOrientation explains.
func decode(r io.Reader, limit int) (result image.RGBA64Image, orientation int, err error) {
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
	whole := io.MultiReader(&header, in)
	var picture image.Image
	if format == "gif" {
		picture, err = decodeGIF(whole, config, limit)
	} else {
		picture, _, err = image.Decode(whole)
	}
	if err != nil {
		return nil, 0, explainDecoding(err, format, start)
	}
	if picture.Bounds().Empty() {
		return nil, 0, ErrNoInk
	}
	return picture.(image.RGBA64Image), orientation, nil // as all pictures of package image are
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

// decodeGIF returns the first frame of an animation that is not blank. If all frames
// together have more than limit pixels, only the first is decoded.
func decodeGIF(r io.Reader, config image.Config, limit int) (image.Image, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	// A frame starts with a comma, after a block that ends with 0. The same bytes may
	// occur elsewhere too, so this is an upper bound.
	frames := 1 + bytes.Count(file, []byte("\x00,"))
	if frames > limit/(config.Width*config.Height) {
		return gif.Decode(bytes.NewReader(file))
	}
	animation, err := gif.DecodeAll(bytes.NewReader(file))
	if err != nil { // the first frame may be whole
		return gif.Decode(bytes.NewReader(file))
	}
	page := image.NewRGBA(image.Rect(0, 0, config.Width, config.Height))
	for _, frame := range animation.Image {
		draw.Draw(page, frame.Rect, frame, frame.Rect.Min, draw.Over)
		if !bytes.Equal(page.Pix[4:], page.Pix[:len(page.Pix)-4]) { // not all pixels are equal
			break
		}
	}
	return page, nil
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

// A field is a picture of numbers from 0 to 1, row by row.
type field struct {
	rows, cols int
	at         []float64
}

// newField returns a field of zeros.
func newField(rows, cols int) *field {
	return &field{rows, cols, make([]float64, rows*cols)}
}

// pixel returns the pixel in row y and column x, or 0 outside the picture.
func (f *field) pixel(y, x int) float64 {
	if y < 0 || x < 0 || y >= f.rows || x >= f.cols {
		return 0
	}
	return f.at[y*f.cols+x]
}

// lookCloser finds the ink in a picture. Where the picture is made smaller for that, a small
// digit would be blurred, so the part with the digit is looked at once more.
func lookCloser(picture image.RGBA64Image) (*field, Preparation, error) {
	grey, step := toGrey(picture, picture.Bounds())
	ink, done, err := findInk(grey)
	if err != nil || step == 1 {
		return ink, done, err
	}
	box := litBox(ink.at, ink.cols)
	// Lines would be thicker in a smaller part, and might not be found.
	if max(box.Dx(), box.Dy()) >= measured || slices.Contains(done.Done, removedLines) {
		return ink, done, nil
	}
	box = box.Inset(-2 - max(box.Dx(), box.Dy())/4) // no more than the gap that keepDigit allows
	around := image.Rectangle{box.Min.Mul(step), box.Max.Mul(step)}.Add(picture.Bounds().Min)
	grey, _ = toGrey(picture, around.Intersect(picture.Bounds()))
	if closer, _, err := findInk(grey); err == nil {
		return closer, done, nil
	}
	return ink, done, nil // what was found at first is still there
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

// removedLines is what a Preparation says of lines that were removed.
const removedLines = "removed lines"

// findInk returns how much ink there is at each pixel, 0 for none and 1 for the average
// stroke, with only the digit left.
//
// What is dark and narrow is ink. A wide dark area is background: a shadow, a table around
// the sheet, a dark sheet.
//
// Not handled: lines that are bent, tilted by more than 3 degrees or as thick as a stroke;
// marks that touch the digit; patterns on the paper, which all count as ink; and ink that
// differs from the paper in its colour only.
func findInk(grey *field) (*field, Preparation, error) {
	// Dark ink leaves the lighter background even, light ink the darker one. A quarter of
	// the picture is wider than most strokes and narrower than what lies between them.
	quarter := 1 + max(grey.rows, grey.cols)/4
	dark := roughness(closing(grey, quarter)) <= roughness(closing(negative(grey), quarter))
	if !dark {
		grey = negative(grey)
	}
	ink, err := darkInk(grey)
	if err != nil { // perhaps its strokes are wider than that
		dark = !dark
		ink, err = darkInk(negative(grey))
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

// closing fills in every dark area in which a square with this side does not fit. The pixels
// at the edges of the picture are repeated outside, so a dark area at an edge is wide.
//
// Each pixel becomes the lightest in a square that starts there, then the darkest of these.
// That moves the picture by side-1 up and to the left, where the repeated pixels were.
func closing(f *field, side int) *field {
	wide := newField(f.rows+side-1, f.cols+side-1)
	for i := range wide.at {
		y, x := max(0, i/wide.cols-side+1), max(0, i%wide.cols-side+1)
		wide.at[i] = f.at[y*f.cols+x]
	}
	for range 2 { // the second time in the negative, where the darkest is the lightest
		for y := range wide.rows {
			slideMax(wide.at[y*wide.cols:][:wide.cols], side, 1)
		}
		slideMax(wide.at, side, wide.cols)
		wide = negative(wide)
	}
	return crop(wide, image.Rect(0, 0, f.cols, f.rows))
}

// slideMax replaces each number by the largest of this many numbers, from it on, each stride
// after the one before.
func slideMax(numbers []float64, count, stride int) {
	for done := 1; done < count; { // each is the largest of done numbers: twice as many in each round
		step := min(done, count-done)
		for i := range len(numbers) - step*stride {
			if later := numbers[i+step*stride]; later > numbers[i] {
				numbers[i] = later
			}
		}
		done += step
	}
}

// darkInk returns how much darker than its background each pixel is. The average of all
// pixels that are more like background than like strokes becomes 0, that of the others 1.
func darkInk(grey *field) (*field, error) {
	// No stroke fills a square of 0.75 of the picture. Any size from 0.6 to 1 works as well.
	f := closing(grey, 1+max(grey.rows, grey.cols)*3/4)
	total := 0.0
	for i, v := range grey.at {
		f.at[i] -= v
		total += f.at[i]
	}
	var paper, spread, stroke float64 // averages of both, and the standard deviation of the first
	middle := slices.Max(f.at) / 2
	for range 5 { // it settles after three or four
		var n, sum, squares float64
		for _, v := range f.at {
			if v <= middle {
				n, sum, squares = n+1, sum+v, squares+v*v
			}
		}
		if n == float64(len(f.at)) {
			return nil, ErrNoInk
		}
		paper, stroke = sum/n, (total-sum)/(float64(len(f.at))-n)
		spread = math.Sqrt(max(0, squares/n-paper*paper))
		middle = (paper + stroke) / 2
	}
	// Ink that is less than a tenth darker than paper, or hardly more than its noise, is
	// not seen for certain.
	contrast := stroke - paper
	if contrast < 0.1 || contrast < 4*spread {
		return nil, ErrNoInk
	}
	faint := min(contrast/2, max(0.02, 4*spread)) // what may still be noise of the paper
	for i, v := range f.at {
		if v -= paper; v < faint {
			v = 0
		}
		f.at[i] = min(1, v/contrast)
	}
	return f, nil
}

// dropLines removes straight thin lines from edge to edge, such as those of ruled and
// squared paper or a frame, and reports whether there were any. The strokes that cross a
// line stay whole.
func dropLines(ink *field) bool {
	turned := upright(ink, transposed)
	columns := dropRows(turned)
	rest := upright(turned, transposed)
	rows := dropRows(rest)
	if !rows && !columns || litBox(rest.at, rest.cols).Empty() { // a 1 may look like a line
		return false
	}
	copy(ink.at, rest.at)
	return true
}

// dropRows removes the lines that run from left to right and reports whether there were
// any. They may be tilted by up to 5 rows in 100 columns.
func dropRows(ink *field) (found bool) {
	for _, tilt := range []int{0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5} {
		for y := range ink.rows {
			for _, i := range lineThrough(ink, y, tilt) {
				ink.at[i] = 0
				found = true
			}
		}
	}
	return found
}

// lineThrough returns the pixels of the line that passes the middle column in row y, or none
// if there is no line. A line is inked along at least 0.92 of its length, and for half of it
// thinner than 1/40 of the picture. Strokes are thicker or shorter.
func lineThrough(ink *field, y, tilt int) (line []int) {
	blank, narrow := 0, 0
	for x := range ink.cols {
		top, bottom := inkedRun(ink, x, y+int(math.Round(float64((x-ink.cols/2)*tilt)/100)))
		if top == bottom {
			blank++
		} else if bottom-top <= max(ink.rows, ink.cols)/40 { // otherwise a stroke crosses the line
			narrow++
			for y := top; y < bottom; y++ {
				line = append(line, y*ink.cols+x)
			}
		}
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

// A patch is inked pixels that touch each other.
type patch struct {
	pixels []int
	ink    float64
	box    image.Rectangle
}

// keepDigit clears all patches but those of one digit: the one with the most ink, and what
// is near it, as the bar of a 5 may be. It returns how many patches could be digits.
func keepDigit(ink *field) (digits int) {
	patches := findPatches(ink)
	slices.SortStableFunc(patches, func(a, b patch) int { return cmp.Compare(b.ink, a.ink) })
	largest, digit := patches[0].ink, patches[0].box
	size := max(digit.Dx(), digit.Dy())
	digits = 1
	for _, p := range patches[1:] {
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

// findPatches returns the patches of the ink. Pixels touch also at their corners.
func findPatches(ink *field) (patches []patch) {
	seen := make([]bool, len(ink.at))
	for start, v := range ink.at {
		if v == 0 || seen[start] {
			continue
		}
		seen[start] = true
		p := patch{pixels: []int{start}}
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
		patches = append(patches, p)
	}
	return patches
}

// transposed is the orientation of a picture whose rows are stored as columns.
const transposed = 5

// upright turns a picture that is stored in one of the eight orientations of EXIF.
func upright(f *field, orientation int) *field {
	result := newField(f.rows, f.cols)
	if orientation >= transposed {
		result = newField(f.cols, f.rows)
	}
	for i := range result.at {
		y, x := i/result.cols, i%result.cols
		if orientation >= transposed {
			y, x = x, y
		}
		if slices.Contains([]int{3, 4, 6, 7}, orientation) {
			y = f.rows - 1 - y
		}
		if slices.Contains([]int{2, 3, 7, 8}, orientation) {
			x = f.cols - 1 - x
		}
		result.at[i] = f.at[y*f.cols+x]
	}
	return result
}

// Strokes are measured on digits whose longer side has 80 pixels. There, most of MNIST's
// strokes are 5.5 to 10.7 wide. A pen's are often half as wide, and a network reads most of
// these as 5. Thickening to 9 or 10, and from 6 or 7 down, gave nearly the same results.
const (
	measured   = 80
	thinStroke = 7 // thinner strokes are thickened
	goodStroke = 9 // to this width
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

// crop returns the part of a picture that lies in box.
func crop(ink *field, box image.Rectangle) *field {
	part := newField(box.Dy(), box.Dx())
	for i := range part.at {
		part.at[i] = ink.at[(box.Min.Y+i/part.cols)*ink.cols+box.Min.X+i%part.cols]
	}
	return part
}

// centre scales a cropped digit and puts its centre in the middle of a frame. It returns the
// greys of all pixels in the frame.
func centre(digit *field, frame Frame) []byte {
	factor := frame.Part * min(float64(frame.Rows)/float64(digit.rows), float64(frame.Cols)/float64(digit.cols))
	small := scale(digit, factor*float64(max(digit.rows, digit.cols)))

	y, x := float64(small.rows-1)/2, float64(small.cols-1)/2
	if frame.Mass {
		mass := 0.0
		y, x = 0, 0
		for i, v := range small.at {
			mass += v
			y += v * float64(i/small.cols)
			x += v * float64(i%small.cols)
		}
		y, x = y/mass, x/mass
	}
	top := min(max(int(math.Round(frame.Y-y)), 0), frame.Rows-small.rows)
	left := min(max(int(math.Round(frame.X-x)), 0), frame.Cols-small.cols)

	greys := make([]byte, frame.Rows*frame.Cols)
	peak := slices.Max(small.at) // thin strokes have lost some of their brightness
	for i, v := range small.at {
		greys[(top+i/small.cols)*frame.Cols+left+i%small.cols] = byte(255*v/peak + 0.5)
	}
	return greys
}

// scale returns the picture with a longer side of this many pixels.
func scale(f *field, longer float64) *field {
	factor := longer / float64(max(f.rows, f.cols))
	return resize(f, max(1, int(float64(f.rows)*factor+0.5)), max(1, int(float64(f.cols)*factor+0.5)))
}

// resize returns the picture with another number of pixels, each the average of the
// area that it covers.
func resize(f *field, rows, cols int) *field {
	result := newField(rows, cols)
	for i := range result.at {
		top, bottom := span(i/cols, rows, f.rows)
		left, right := span(i%cols, cols, f.cols)
		for y := int(top); float64(y) < bottom; y++ {
			for x := int(left); float64(x) < right; x++ {
				height := min(bottom, float64(y+1)) - max(top, float64(y))
				width := min(right, float64(x+1)) - max(left, float64(x))
				result.at[i] += f.at[y*f.cols+x] * height * width
			}
		}
		result.at[i] /= (bottom - top) * (right - left)
	}
	return result
}

// span returns the part of a side of old pixels that the i-th of count new ones covers.
func span(i, count, old int) (from, to float64) {
	return float64(i*old) / float64(count), float64((i+1)*old) / float64(count)
}
