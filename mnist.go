package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// embedded holds the four files of MNIST, inside the program itself.
//
//go:embed data/*.gz
var embedded embed.FS

// maxPicture is how many pixels a picture may have, more than most cameras make.
const maxPicture = 51_000_000

// A Dataset is a set of labelled pictures of one size, part of it kept apart for the
// test: a network must show what it learned on pictures it has never seen.
type Dataset struct {
	Rows, Cols  int // of every picture, in pixels
	Classes     int // labels are 0 to Classes-1
	Train, Test []Example
}

// The names under which MNIST, and every set made after its pattern, is kept.
const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
	testImages  = "t10k-images-idx3-ubyte"
	testLabels  = "t10k-labels-idx1-ubyte"
)

// LoadDataset reads the four files of a dataset from a folder, each as it is or with .gz at
// the end of its name. The empty name stands for the embedded MNIST.
func LoadDataset(folder string) (*Dataset, error) {
	if folder != "" {
		return loadDataset(os.DirFS(folder), folder)
	}
	files, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	return loadDataset(files, "data")
}

// loadDataset reads a set from files, which messages call folder.
func loadDataset(files fs.FS, folder string) (*Dataset, error) {
	train, err := loadExamples(files, folder, trainImages, trainLabels)
	if err != nil {
		return nil, err
	}
	test, err := loadExamples(files, folder, testImages, testLabels)
	if err != nil {
		return nil, err
	}
	if test.rows != train.rows || test.cols != train.cols {
		return nil, fmt.Errorf("%s: pictures of %d x %d pixels, but those to learn from in %s have %d x %d",
			filepath.Join(folder, testImages), test.rows, test.cols, trainImages, train.rows, train.cols)
	}
	if test.classes > train.classes {
		return nil, fmt.Errorf("%s: label %d, but in %s they end at %d", filepath.Join(folder, testLabels), test.classes-1, trainLabels, train.classes-1)
	}
	return &Dataset{Rows: train.rows, Cols: train.cols, Classes: train.classes, Train: train.examples, Test: test.examples}, nil
}

// half is one half of a Dataset.
type half struct {
	rows, cols, classes int
	examples            []Example
}

// loadExamples reads a file of pictures and the file of their labels.
func loadExamples(files fs.FS, folder, imagesName, labelsName string) (*half, error) {
	set := &half{}
	size, err := readIDXFile(files, folder, imagesName, 3, func(size []int, greys []byte) {
		set.examples = append(set.examples, Example{Picture: NewPicture(size[1], size[2], greys)})
	})
	if err != nil {
		return nil, err
	}
	set.rows, set.cols = size[1], size[2]

	labels := 0
	_, err = readIDXFile(files, folder, labelsName, 1, func(_ []int, label []byte) {
		if labels < len(set.examples) {
			set.examples[labels].Label = int(label[0])
		}
		set.classes = max(set.classes, int(label[0])+1)
		labels++
	})
	if err == nil && labels != len(set.examples) {
		err = fmt.Errorf("%s has %d labels for the %d pictures in %s: the two files do not belong together",
			filepath.Join(folder, labelsName), labels, len(set.examples), imagesName)
	}
	if err != nil {
		return nil, err
	}
	return set, nil
}

// readIDXFile reads the file of this name, or of this name and .gz.
func readIDXFile(files fs.FS, folder, name string, dimensions int, each func(size []int, item []byte)) (size []int, err error) {
	f, err := files.Open(name + ".gz")
	if err == nil {
		name += ".gz"
	} else if errors.Is(err, fs.ErrNotExist) {
		f, err = files.Open(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file, nor %s.gz; a set is four files: %s",
			filepath.Join(folder, name), name, strings.Join([]string{trainImages, trainLabels, testImages, testLabels}, ", "))
	}
	if err == nil {
		defer f.Close()
		size, err = readIDX(f, dimensions, each)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, name), err)
	}
	return size, nil
}

// readIDX reads the IDX format, the one MNIST came in: numbers of 4 bytes, the highest
// first, and then the items, one byte for each label or pixel.
//
//	0000  00 00 08 03   "bytes follow, in 3 dimensions"; 00 00 08 01 for labels
//	0004  00 00 ea 60   60,000 pictures
//	0008  00 00 00 1c   of 28 rows
//	000c  00 00 00 1c   of 28 pixels
//	0010  00 00 00 ...  the pixels, row by row, 0 black to 255 white
//
// The file may be compressed by gzip. readIDX calls each with every item in turn, in
// a slice that is used again for the next one. So no more room is taken than for one item,
// whatever number of them the header claims.
func readIDX(r io.Reader, dimensions int, each func(size []int, item []byte)) (size []int, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if start, _ := in.Peek(2); len(start) == 2 && start[0] == 0x1f && start[1] == 0x8b {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(unzipped, 1<<16)
	}
	size, err = readIDXHeader(in, dimensions)
	if err != nil {
		return nil, err
	}
	length := 1
	for _, n := range size[1:] {
		length *= n
	}
	item := make([]byte, length)
	for i := range size[0] {
		if _, err := io.ReadFull(in, item); err != nil {
			return nil, fmt.Errorf("the file ends after %d of the %d %s its header announces: %w", i, size[0], idxContent[dimensions], err)
		}
		each(size, item)
	}
	if _, err := in.ReadByte(); err == nil { // gzip compares its checksum here
		return nil, fmt.Errorf("the file goes on after the %d %s its header announces", size[0], idxContent[dimensions])
	} else if err != io.EOF {
		return nil, err
	}
	return size, nil
}

// idxContent says what a file of so many dimensions holds.
var idxContent = map[int]string{1: "labels", 3: "pictures"}

// readIDXHeader returns the number of items and, for pictures, of rows and columns.
func readIDXHeader(in io.Reader, dimensions int) (size []int, err error) {
	header := make([]byte, 4+4*dimensions)
	if _, err := io.ReadFull(in, header); err != nil {
		return nil, fmt.Errorf("the file ends within its header: %w", err)
	}
	if magic := binary.BigEndian.Uint32(header); magic != 0x800+uint32(dimensions) {
		return nil, fmt.Errorf("the file starts with %08x, not with %08x for %s", magic, 0x800+dimensions, idxContent[dimensions])
	}
	for at := 4; at < len(header); at += 4 {
		size = append(size, int(binary.BigEndian.Uint32(header[at:])))
	}
	for i, n := range size {
		if n == 0 {
			return nil, fmt.Errorf("the header counts 0 %s", [...]string{idxContent[dimensions], "rows", "columns"}[i])
		}
	}
	if dimensions == 3 && size[1] > maxPicture/size[2] {
		return nil, fmt.Errorf("the header claims pictures of %d x %d pixels; at most %d million are read", size[1], size[2], maxPicture/1_000_000)
	}
	return size, nil
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

// ReadPicture reads a digit in a PNG, JPEG or GIF, dark on light or light on dark, and
// prepares it the way MNIST was prepared. The result has rows x cols greys, light on
// black: the digit's longer side takes 20 of 28 pixels, its strokes are not much thinner
// than MNIST's, and its centre of mass is in the middle. A picture of more than limit
// pixels is not decoded, because a file of a few bytes can claim any size.
func ReadPicture(r io.Reader, rows, cols, limit int) (Picture, Preparation, error) {
	picture, orientation, err := decode(r, limit)
	if err != nil {
		return Picture{}, Preparation{}, err
	}
	ink, done, err := lookCloser(picture)
	if err != nil {
		return Picture{}, Preparation{}, err
	}
	digit := scale(crop(ink, inkBox(ink)), measured)
	if orientation != 1 {
		digit = upright(digit, orientation)
		done.Done = append(done.Done, "turned upright")
	}
	if width := strokeWidth(digit); width < thinStroke {
		digit = thicken(digit, (goodStroke-width)/2)
		done.Done = append(done.Done, "thickened thin strokes")
	}
	return NewPicture(rows, cols, centre(digit, rows, cols)), done, nil
}

// decode returns the picture in a file and how it must be turned, a number from 1 to 8
// as in readOrientation.
func decode(r io.Reader, limit int) (picture image.Image, orientation int, err error) {
	in := bufio.NewReader(r)
	start, err := in.Peek(64)
	if len(start) == 0 {
		if err == io.EOF {
			err = errors.New("the file is empty")
		}
		return nil, 0, err
	}
	var header bytes.Buffer
	config, format, err := image.DecodeConfig(io.TeeReader(in, &header))
	if err != nil {
		return nil, 0, explainDecoding(err, format, start)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > limit/config.Height {
		return nil, 0, fmt.Errorf("the picture claims %d x %d pixels; the limit is 1 to %d million in all",
			config.Width, config.Height, limit/1_000_000)
	}
	orientation = readOrientation(header.Bytes())
	whole := io.MultiReader(&header, in)
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
	return picture, orientation, nil
}

// otherFormats are what people have tried to read, known by the bytes at the start.
var otherFormats = []struct {
	offset     int
	mark, says string
}{
	{8, "WEBP", "a WebP picture: save it as PNG or JPEG"},
	{4, "ftyphei", "HEIC, as iPhones write it: save it as JPEG or PNG"},
	{4, "ftypmif1", "HEIC, as iPhones write it: save it as JPEG or PNG"},
	{4, "ftypavif", "an AVIF picture: save it as PNG or JPEG"},
	{4, "ftyp", "a video: save one picture of it as PNG or JPEG"},
	{0, "BM", "a BMP picture: save it as PNG"},
	{0, "II*\x00", "a TIFF picture: save it as PNG or JPEG"},
	{0, "MM\x00*", "a TIFF picture: save it as PNG or JPEG"},
	{0, "P2", "a PGM picture: save it as PNG"},
	{0, "P5", "a PGM picture: save it as PNG"},
	{0, "%PDF", "a PDF document: save its page as PNG"},
	{0, "<svg", "an SVG drawing: export it as PNG"},
	{0, "<?xml", "an SVG drawing or other XML: export it as PNG"},
	{0, "<!doctype html", "a web page: download the picture itself"},
	{0, "<html", "a web page: download the picture itself"},
	{0, "version https://git-lfs", "a Git LFS pointer, not the picture itself: run git lfs pull"},
}

// explainDecoding returns an error that says what is wrong with a file and what to do. The
// format is empty if none was recognized in the bytes at the start.
func explainDecoding(err error, format string, start []byte) error {
	format = strings.ToUpper(format)
	if format == "" {
		for _, other := range otherFormats {
			if bytes.HasPrefix(bytes.ToLower(start[min(other.offset, len(start)):]), []byte(strings.ToLower(other.mark))) {
				return fmt.Errorf("this is %s", other.says)
			}
		}
		return errors.New("this is not a PNG, JPEG or GIF picture")
	}
	if strings.Contains(err.Error(), "EOF") { // package gif keeps only the text of errors
		return fmt.Errorf("the %s is cut off: copy or download it again", format)
	}
	if errors.As(err, new(jpeg.UnsupportedError)) || errors.As(err, new(png.UnsupportedError)) {
		return fmt.Errorf("a rare kind of %s: save it as PNG with another program (%w)", format, err)
	}
	return fmt.Errorf("the %s is damaged: copy or download it again (%w)", format, err)
}

// decodeGIF returns the first frame of an animation on which there is something: many
// start with a blank one. All frames must have room in limit pixels, otherwise only the
// first is decoded.
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
	if err != nil {
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

// readOrientation returns the orientation that the start of a JPEG file gives in its EXIF
// data, 1 if there is none. Cameras and phones store a picture as the sensor lay and add
// how it must be turned.
//
// EXIF is laid out like a TIFF file: "II" or "MM" for the order of bytes, the number 42, the
// position of a list; there a count and as many entries of 12 bytes: tag, type, count, value.
func readOrientation(header []byte) int {
	_, tiff, found := bytes.Cut(header, []byte("Exif\x00\x00"))
	if !found || len(tiff) < 8 || header[0] != 0xff {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	list := int(order.Uint32(tiff[4:]))
	if list > len(tiff)-2 {
		return 1
	}
	entries := tiff[list+2:]
	for range order.Uint16(tiff[list:]) {
		if len(entries) < 12 {
			break
		}
		if value := int(order.Uint16(entries[8:])); order.Uint16(entries) == 0x0112 && value >= 1 && value <= 8 {
			return value
		}
		entries = entries[12:]
	}
	return 1
}

// lookCloser finds the ink in a picture. If that is made smaller for it, a small digit
// would be blurred, so the part with the digit is looked at once more.
func lookCloser(picture image.Image) (*field, Preparation, error) {
	grey, step := toGrey(picture)
	ink, done, err := findInk(grey)
	if err != nil || step == 1 || slices.Contains(done.Done, removedLines) || max(inkBox(ink).Dx(), inkBox(ink).Dy()) >= measured {
		return ink, done, err // lines would be too thick to be found in a smaller part
	}
	box := inkBox(ink)
	box = box.Inset(-2 - max(box.Dx(), box.Dy())/4) // less than the gap that keeps other marks apart
	part, ok := picture.(interface {
		SubImage(image.Rectangle) image.Image
	})
	if !ok {
		return ink, done, nil
	}
	around := image.Rectangle{box.Min.Mul(step), box.Max.Mul(step)}.Add(picture.Bounds().Min)
	grey, _ = toGrey(part.SubImage(around))
	closer, _, err := findInk(grey)
	if err != nil { // what was found at first is still there
		return ink, done, nil
	}
	return closer, done, nil
}

// A field is a picture in numbers of 0 to 1, row by row.
type field struct {
	rows, cols int
	at         []float64
}

// newField returns a field of zeros.
func newField(rows, cols int) *field {
	return &field{rows, cols, make([]float64, rows*cols)}
}

// toGrey returns how bright a picture is. Where it is transparent, what shows through
// is white if the ink is dark and black if it is light. A large picture is made smaller:
// a square of pixels, step wide, becomes one, so that no side is longer than 200.
func toGrey(picture image.Image) (grey *field, step int) {
	box := picture.Bounds()
	step = (max(box.Dx(), box.Dy()) + 159) / 160
	skip := max(1, step/3) // 9 or more pixels of a large square are enough for its average
	grey = newField((box.Dy()+step-1)/step, (box.Dx()+step-1)/step)
	cover := newField(grey.rows, grey.cols) // how opaque
	at := func(x, y int) color.RGBA64 { return color.RGBA64Model.Convert(picture.At(x, y)).(color.RGBA64) }
	if fast, ok := picture.(image.RGBA64Image); ok { // allocates nothing
		at = fast.RGBA64At
	}
	light, opaque := 0.0, 0.0
	for i := range grey.at {
		x, y := box.Min.X+i%grey.cols*step, box.Min.Y+i/grey.cols*step
		square := image.Rect(x, y, x+step, y+step).Intersect(box)
		pixels := 0.0
		for y := square.Min.Y; y < square.Max.Y; y += skip {
			for x := square.Min.X; x < square.Max.X; x += skip {
				c := at(x, y) // 0 to 65535, and the colours no more than c.A
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
// the sheet, a sheet of any brightness.
//
// Not handled: lines that are bent, tilted by more than 5 degrees or as thick as a stroke;
// marks that touch the digit; paper with a pattern; ink as bright as the paper, whatever
// its colour. They end up in the result as if they were part of the digit.
func findInk(grey *field) (*field, Preparation, error) {
	var done Preparation
	longer := float64(max(grey.rows, grey.cols))
	// Dark ink leaves the lighter background even, light ink the darker one. A quarter of
	// the picture is wider than strokes and narrower than most of what lies between them.
	small := scale(grey, min(100, longer)) // faster, and large enough
	quarter := max(small.rows, small.cols) / 4
	if roughness(closing(small, quarter)) > roughness(closing(negative(small), quarter)) {
		grey = negative(grey)
	} else {
		done.Done = append(done.Done, "made light on dark")
	}
	// No stroke fills a square of 0.75 of the picture; any size from 0.6 to 1 works as well.
	ink := closing(grey, int(0.75*longer))
	for i, v := range grey.at {
		ink.at[i] -= v
	}
	if err := separate(ink); err != nil {
		return nil, done, err
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

// closing fills in every dark area that has no room for a square with this side. Around
// the picture its outermost pixels go on, so that what is dark at an edge counts as wide.
//
// Each pixel becomes the lightest in the square around it, then each of these the darkest.
func closing(f *field, side int) *field {
	reach := side / 2
	wide := newField(f.rows+2*reach, f.cols+2*reach)
	for i := range wide.at {
		y := min(max(i/wide.cols-reach, 0), f.rows-1)
		x := min(max(i%wide.cols-reach, 0), f.cols-1)
		wide.at[i] = f.at[y*f.cols+x]
	}
	lightest := slideMax(slideMax(wide, reach), reach)
	darkest := slideMax(slideMax(negative(lightest), reach), reach)
	return crop(negative(darkest), image.Rect(reach, reach, reach+f.cols, reach+f.rows))
}

// slideMax returns the largest value within reach of each pixel along its row, with rows
// and columns exchanged: a second call goes along the columns and puts all back in place.
//
// A window of n pixels covers the end of one block of n pixels and the start of the next, so
// the largest values from each pixel to both ends of its block are all that is needed.
func slideMax(f *field, reach int) *field {
	result := newField(f.cols, f.rows)
	fromStart, toEnd := make([]float64, f.cols), make([]float64, f.cols)
	n := 2*reach + 1
	for y := range f.rows {
		row := f.at[y*f.cols:][:f.cols]
		for x, v := range row {
			if x%n != 0 && fromStart[x-1] > v {
				v = fromStart[x-1]
			}
			fromStart[x] = v
		}
		for x := f.cols - 1; x >= 0; x-- {
			toEnd[x] = row[x]
			if (x+1)%n != 0 && x+1 < f.cols && toEnd[x+1] > row[x] {
				toEnd[x] = toEnd[x+1]
			}
		}
		for x := range f.cols {
			v := fromStart[min(x+reach, f.cols-1)]
			if x > reach && toEnd[x-reach] > v {
				v = toEnd[x-reach]
			}
			result.at[x*f.rows+y] = v
		}
	}
	return result
}

// separate turns how much darker than its background each pixel is into ink: the average
// of all that is more background than stroke becomes 0, the average of the rest 1.
func separate(f *field) error {
	var paper, spread, stroke float64 // averages of both, and the standard deviation of the first
	middle := slices.Max(f.at) / 2
	for range 5 { // it settles after three or four
		var n, sum, squares, m, darker float64
		for _, v := range f.at {
			if v <= middle {
				n, sum, squares = n+1, sum+v, squares+v*v
			} else {
				m, darker = m+1, darker+v
			}
		}
		if n == 0 || m == 0 {
			return ErrNoInk
		}
		paper, stroke = sum/n, darker/m
		spread = math.Sqrt(max(0, squares/n-paper*paper))
		middle = (paper + stroke) / 2
	}
	// Ink that is less than a tenth darker than paper, or hardly more than its noise, is
	// not seen for certain.
	contrast := stroke - paper
	if contrast < 0.1 || contrast < 4*spread {
		return ErrNoInk
	}
	faint := min(contrast/2, max(0.02, 4*spread)) // what may still be noise of the paper
	for i, v := range f.at {
		if v -= paper; v < faint {
			v = 0
		}
		f.at[i] = min(1, v/contrast)
	}
	return nil
}

// dropLines removes straight thin lines from edge to edge, such as those of ruled and
// squared paper or a frame, and reports whether there were any. Where a stroke of the digit
// crosses a line, the stroke stays.
func dropLines(ink *field) bool {
	whole := slices.Clone(ink.at)
	found := dropRows(ink)
	turned := upright(ink, transposed)
	found = dropRows(turned) || found
	copy(ink.at, upright(turned, transposed).at)
	if found && inkBox(ink).Empty() { // it was all there is: a 1, perhaps
		copy(ink.at, whole)
		return false
	}
	return found
}

// tilts are the slopes at which lines are looked for, in rows for each 100 columns.
var tilts = []int{0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5}

// dropRows removes the lines that run from left to right, tilted by up to 5 in 100. At least
// 0.85 of a line must be inked, and it must be thinner than 1 in 40: strokes of a digit
// are shorter or thicker.
func dropRows(ink *field) bool {
	thin := max(ink.rows, ink.cols) / 40
	if thin == 0 {
		return false
	}
	found := false
	for _, tilt := range tilts {
		for y := range ink.rows {
			runs := lineThrough(ink, y, tilt, thin)
			found = found || runs != nil
			for _, run := range runs {
				for y := run.Min.Y; y < run.Max.Y; y++ {
					ink.at[y*ink.cols+run.Min.X] = 0
				}
			}
		}
	}
	return found
}

// lineThrough returns the thin line that passes the middle column in row y, tilted by this
// many rows in 100 columns, as its ink in each column. It returns nil if there is no line.
func lineThrough(ink *field, y, tilt, thin int) (line []image.Rectangle) {
	mayMiss := ink.cols * 8 / 100
	for x := range ink.cols {
		y := y + int(math.Round(float64((x-ink.cols/2)*tilt)/100))
		run := inkedRun(ink, x, y)
		if run.Empty() {
			run = inkedRun(ink, x, y-1)
		}
		if run.Empty() {
			run = inkedRun(ink, x, y+1)
		}
		if mayMiss < 0 {
			return nil
		}
		switch {
		case run.Empty():
			mayMiss--
		case run.Dy() <= thin: // otherwise a stroke of the digit crosses the line
			line = append(line, run)
		}
	}
	if len(line) < ink.cols/2 {
		return nil
	}
	return line
}

// inkedRun returns the upright run of inked pixels around a pixel, empty if that has none.
func inkedRun(ink *field, x, y int) image.Rectangle {
	inked := func(y int) bool { return y >= 0 && y < ink.rows && ink.at[y*ink.cols+x] > 0 }
	top, bottom := y, y
	for inked(bottom) {
		bottom++
	}
	for bottom > y && inked(top-1) {
		top--
	}
	return image.Rect(x, top, x+1, bottom)
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
	largest := patches[0]
	size := max(largest.box.Dx(), largest.box.Dy())
	digit := largest.box
	digits = 1
	for _, p := range patches[1:] {
		// A part of the digit may be a quarter of its size away. Where it is small, it may be
		// dust, unless it is as near as the dots of a stroke that is broken.
		gap := 1 + size/20
		if p.ink >= largest.ink/20 {
			gap = 1 + size/4
		}
		if p.box.Overlaps(digit.Inset(-gap)) {
			digit = digit.Union(p.box)
			continue
		}
		if p.ink >= largest.ink/4 && max(p.box.Dx(), p.box.Dy()) >= size/2 { // neither dust nor a blot
			digits++
		}
		for _, i := range p.pixels {
			ink.at[i] = 0
		}
	}
	return digits
}

// findPatches returns the patches of the ink. Pixels touch also at their corners.
func findPatches(ink *field) []patch {
	var patches []patch
	seen := make([]bool, len(ink.at))
	for start, v := range ink.at {
		if v == 0 || seen[start] {
			continue
		}
		seen[start] = true
		p := patch{pixels: []int{start}}
		for n := 0; n < len(p.pixels); n++ {
			i := p.pixels[n]
			x, y := i%ink.cols, i/ink.cols
			p.ink += ink.at[i]
			p.box = p.box.Union(image.Rect(x, y, x+1, y+1))
			for y := max(0, y-1); y <= min(ink.rows-1, i/ink.cols+1); y++ {
				for x := max(0, x-1); x <= min(ink.cols-1, i%ink.cols+1); x++ {
					if k := y*ink.cols + x; ink.at[k] > 0 && !seen[k] {
						seen[k] = true
						p.pixels = append(p.pixels, k)
					}
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
		switch orientation {
		case 3, 4, 6, 7:
			y = f.rows - 1 - y
		}
		switch orientation {
		case 2, 3, 7, 8:
			x = f.cols - 1 - x
		}
		result.at[i] = f.at[y*f.cols+x]
	}
	return result
}

// Strokes are measured on digits whose longer side has 80 pixels. There, MNIST's strokes are
// 10 wide in the median. A pen's are often half as wide, and the answer is then mostly 5.
const (
	measured   = 80
	thinStroke = 7  // thinner ones are thickened
	goodStroke = 11 // to this width
)

// strokeWidth returns how wide the strokes of a digit are: twice their area over the length
// of their outline, as a bar of width w and length l has area wl and outline 2l. The length
// of the outline is the sum of all changes from pixel to pixel.
func strokeWidth(digit *field) float64 {
	at := func(y, x int) float64 {
		if y < 0 || x < 0 || y >= digit.rows || x >= digit.cols {
			return 0
		}
		return digit.at[y*digit.cols+x]
	}
	area, outline := 0.0, 0.0
	for y := -1; y < digit.rows; y++ {
		for x := -1; x < digit.cols; x++ {
			area += at(y, x)
			outline += math.Hypot(at(y+1, x)-at(y, x), at(y, x+1)-at(y, x))
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
			covered := min(1, radius+0.5-math.Hypot(float64(dy), float64(dx))) // share of a pixel at the rim
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

// inkBox returns the smallest box that holds all the ink.
func inkBox(ink *field) image.Rectangle {
	var box image.Rectangle
	for i, v := range ink.at {
		if v > 0 {
			x, y := i%ink.cols, i/ink.cols
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return box
}

// crop returns the part of a picture that lies in box.
func crop(ink *field, box image.Rectangle) *field {
	part := newField(box.Dy(), box.Dx())
	for i := range part.at {
		part.at[i] = ink.at[(box.Min.Y+i/part.cols)*ink.cols+box.Min.X+i%part.cols]
	}
	return part
}

// centre scales a cropped digit so that its longer side takes 20 of 28 parts, and puts
// its centre of mass in the middle of rows x cols greys.
func centre(digit *field, rows, cols int) []byte {
	small := scale(digit, float64(min(rows, cols))*20/28)

	mass, massY, massX := 0.0, 0.0, 0.0
	for i, v := range small.at {
		mass += v
		massY += v * float64(i/small.cols)
		massX += v * float64(i%small.cols)
	}
	// MNIST counts pixels from 0 and puts the centre of mass on number 14 of 28, half a
	// pixel beside the true middle; to do otherwise costs right answers.
	top := int(math.Round(float64(rows)/2 - massY/mass))
	left := int(math.Round(float64(cols)/2 - massX/mass))
	top = min(max(top, 0), rows-small.rows)
	left = min(max(left, 0), cols-small.cols)

	greys := make([]byte, rows*cols)
	peak := slices.Max(small.at) // thin strokes have lost some of their brightness
	for i, v := range small.at {
		greys[(top+i/small.cols)*cols+left+i%small.cols] = byte(255*v/peak + 0.5)
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

// span returns which part of a side of old pixels the i-th of count new ones covers.
func span(i, count, old int) (from, to float64) {
	return float64(i*old) / float64(count), min(float64((i+1)*old)/float64(count), float64(old))
}
