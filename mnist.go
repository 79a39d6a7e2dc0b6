package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
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
const maxPicture = 50_000_000

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

// What follows makes a learner's own picture one like MNIST's. Most programs of this kind
// that "cannot read my digit" leave this out.

// ErrNoInk is the error for a picture in which there is nothing to read.
var ErrNoInk = errors.New("there is no ink in it; a digit must stand out from its ground")

// A Preparation is what was done to a picture.
type Preparation struct {
	Done    []string // in words
	Warning string   // "" or what may be wrong with the picture
}

// ReadPicture reads a digit in a PNG, JPEG or GIF, dark on light or light on dark, and
// prepares it the way MNIST was prepared. The result has rows x cols greys, light on
// black: the digit's longer side takes 20 of 28 parts, and its centre of mass is in the
// middle. A picture of more than limit pixels is not decoded: a file of a few bytes can
// claim to have any number.
func ReadPicture(r io.Reader, rows, cols, limit int) (Picture, Preparation, error) {
	var start bytes.Buffer
	in := bufio.NewReader(r)
	if _, err := in.Peek(1); err != nil {
		return Picture{}, Preparation{}, fmt.Errorf("nothing can be read from it: %w", err)
	}
	config, _, err := image.DecodeConfig(io.TeeReader(in, &start))
	if err != nil {
		return Picture{}, Preparation{}, fmt.Errorf("not a PNG, JPEG or GIF: %w", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > limit/config.Height {
		return Picture{}, Preparation{}, fmt.Errorf("the picture claims %d x %d pixels; from 1 to %d million in all are read", config.Width, config.Height, limit/1_000_000)
	}
	picture, _, err := image.Decode(io.MultiReader(&start, in))
	if err != nil {
		return Picture{}, Preparation{}, fmt.Errorf("the picture is broken: %w", err)
	}
	if picture.Bounds().Empty() {
		return Picture{}, Preparation{}, ErrNoInk
	}
	ink, err := lookCloser(picture)
	if err != nil {
		return Picture{}, Preparation{}, err
	}
	return NewPicture(rows, cols, centre(crop(ink, inkBox(ink)), rows, cols)), Preparation{}, nil
}

// lookCloser finds the ink in a picture. What is small on a large picture would be blurred
// by making that smaller, so it is looked at once more, with only the ground around it.
func lookCloser(picture image.Image) (*field, error) {
	grey, step := toGrey(picture)
	ink, err := findInk(grey)
	if err != nil || step == 1 {
		return ink, err
	}
	box := inkBox(ink)
	margin := 2 + max(box.Dx(), box.Dy())/4
	box = box.Inset(-margin)
	around := image.Rectangle{box.Min.Mul(step), box.Max.Mul(step)}.Add(picture.Bounds().Min)
	part, ok := picture.(interface {
		SubImage(image.Rectangle) image.Image
	})
	if !ok {
		return ink, nil
	}
	grey, _ = toGrey(part.SubImage(around))
	return findInk(grey)
}

// A field is a picture in numbers of 0 to 1, row by row.
type field struct {
	rows, cols int
	at         []float64
}

func newField(rows, cols int) *field {
	return &field{rows, cols, make([]float64, rows*cols)}
}

// toGrey returns how bright a picture is. Where it is transparent, what shows through
// is white if the ink is dark and black if it is light. A large picture is made smaller
// by averaging squares of pixels, step wide, so that no side is longer than 200.
func toGrey(picture image.Image) (grey *field, step int) {
	box := picture.Bounds()
	step = (max(box.Dx(), box.Dy()) + 199) / 200
	grey = newField((box.Dy()+step-1)/step, (box.Dx()+step-1)/step)
	cover := newField(grey.rows, grey.cols) // how opaque
	light, opaque := 0.0, 0.0
	for i := range grey.at {
		x, y := box.Min.X+i%grey.cols*step, box.Min.Y+i/grey.cols*step
		square := image.Rect(x, y, x+step, y+step).Intersect(box)
		for y := square.Min.Y; y < square.Max.Y; y++ {
			for x := square.Min.X; x < square.Max.X; x++ {
				r, g, b, a := picture.At(x, y).RGBA() // 0 to 65535, and the colours no more than a
				grey.at[i] += (0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)) / 65535
				cover.at[i] += float64(a) / 65535
			}
		}
		pixels := float64(square.Dx() * square.Dy())
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

// findInk returns how much ink there is at each pixel: 0 on the ground, 1 where the
// picture differs from the ground the most.
//
// The ground is what most of the frame looks like. Its brightness may slope, as that of
// paper does with light from one side, so it is taken to be a plane: fitted to all that
// is not too far from it, again and again, so that the ink has no say in it. What stands
// out clearly from its unevenness is ink, if it is lighter or if it is darker: whichever
// there is more of.
//
// That is as far as it goes: the edge of a shadow, lines on the paper or the table
// around it count as ink.
func findInk(grey *field) (*field, error) {
	ground, near := plane{level: frameMedian(grey)}, 0.25 // what differs by less may be ground
	for range 4 {
		ground, near = fitPlane(grey, ground, near)
	}
	difference := newField(grey.rows, grey.cols)
	balance := 0.0 // is more above the ground or below?
	for i, v := range grey.at {
		d := v - ground.at(float64(i/grey.cols), float64(i%grey.cols))
		if math.Abs(d) > near {
			balance += d
		}
		difference.at[i] = d
	}
	if balance < 0 {
		for i := range difference.at {
			difference.at[i] *= -1
		}
	}
	peak := slices.Max(difference.at)
	if peak < 0.1 || peak < 2*near {
		return nil, ErrNoInk
	}
	for i, d := range difference.at {
		difference.at[i] = d / peak
		if d < max(near, peak/25) {
			difference.at[i] = 0
		}
	}
	dropSpecks(difference)
	return difference, nil
}

// frameMedian returns the brightness in the middle of all those along the frame.
func frameMedian(f *field) float64 {
	var frame []float64
	for i, v := range f.at {
		y, x := i/f.cols, i%f.cols
		if y == 0 || x == 0 || y == f.rows-1 || x == f.cols-1 {
			frame = append(frame, v)
		}
	}
	slices.Sort(frame)
	return frame[len(frame)/2]
}

// A plane is a brightness that changes evenly along the rows and the columns.
type plane struct{ level, perRow, perCol float64 }

func (p plane) at(y, x float64) float64 { return p.level + p.perRow*y + p.perCol*x }

// fitPlane returns the plane with the least squared differences from all pixels that
// are within near of the old one, and how near to the new one ground is: within four times
// the root of their mean square, but not less than 0.02.
//
// Where the squares are least, the sums of difference * 1, * y and * x are all 0. With y and x
// counted from their own averages these are three equations that hardly touch each
// other: one for the level and two for the slopes.
func fitPlane(f *field, old plane, near float64) (plane, float64) {
	var n, sy, sx, sv float64
	f.eachNear(old, near, func(y, x, v float64) { n, sy, sx, sv = n+1, sy+y, sx+x, sv+v })
	if n == 0 {
		return old, near
	}
	my, mx, mv := sy/n, sx/n, sv/n
	var yy, yx, xx, yv, xv float64
	f.eachNear(old, near, func(y, x, v float64) {
		y, x, v = y-my, x-mx, v-mv
		yy, yx, xx, yv, xv = yy+y*y, yx+y*x, xx+x*x, yv+y*v, xv+x*v
	})
	fitted := plane{level: mv}
	if d := yy*xx - yx*yx; d > 1e-9*yy*xx { // else all pixels lie in a line, and slopes mean nothing
		fitted.perRow = (yv*xx - xv*yx) / d
		fitted.perCol = (xv*yy - yv*yx) / d
		fitted.level = mv - fitted.perRow*my - fitted.perCol*mx
	}
	squares := 0.0
	f.eachNear(old, near, func(y, x, v float64) {
		d := v - fitted.at(y, x)
		squares += d * d
	})
	return fitted, max(0.02, 4*math.Sqrt(squares/n))
}

// eachNear visits the pixels whose brightness is within near of a plane.
func (f *field) eachNear(p plane, near float64, visit func(y, x, v float64)) {
	for row := range f.rows {
		for col := range f.cols {
			y, x, v := float64(row), float64(col), f.at[row*f.cols+col]
			if math.Abs(v-p.at(y, x)) <= near {
				visit(y, x, v)
			}
		}
	}
}

// dropSpecks clears every patch of ink, pixels that touch each other, with less than a
// twentieth of the ink of the largest: dust, not a part of a digit.
func dropSpecks(ink *field) {
	patch := make([]int, len(ink.at)) // which patch a pixel belongs to, 0 for none yet
	inked := []float64{0}
	for start, v := range ink.at {
		if v == 0 || patch[start] != 0 {
			continue
		}
		number := len(inked)
		inked = append(inked, 0)
		patch[start] = number
		for todo := []int{start}; len(todo) > 0; {
			i := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			inked[number] += ink.at[i]
			for y := max(0, i/ink.cols-1); y <= min(ink.rows-1, i/ink.cols+1); y++ {
				for x := max(0, i%ink.cols-1); x <= min(ink.cols-1, i%ink.cols+1); x++ {
					if k := y*ink.cols + x; ink.at[k] > 0 && patch[k] == 0 {
						patch[k] = number
						todo = append(todo, k)
					}
				}
			}
		}
	}
	largest := slices.Max(inked)
	for i, number := range patch {
		if inked[number] < largest/20 {
			ink.at[i] = 0
		}
	}
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
	side := float64(min(rows, cols)) * 20 / 28
	scale := side / float64(max(digit.rows, digit.cols))
	small := resize(digit, max(1, int(float64(digit.rows)*scale+0.5)), max(1, int(float64(digit.cols)*scale+0.5)))

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
