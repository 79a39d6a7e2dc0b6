package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// embedded holds the four files of MNIST, inside the program itself.
//
//go:embed data/*.gz
var embedded embed.FS

// MaxPicture is how many pixels a picture may have. Phones make photos of 8160 x 6144.
const MaxPicture = 51_000_000

// A Dataset is a set of labelled pictures of the same size. The pictures of Test are kept
// out of the training, to measure how well a network reads what it has never seen.
type Dataset struct {
	Rows, Cols  int // of every picture, in pixels
	Classes     int // labels are 0 to Classes-1; a class may have no examples
	Train, Test []Example

	names []string // names[label] is what a label stands for, "" for the label itself
}

// Name returns what a label stands for: 7 or, in a set of letters, A.
func (s *Dataset) Name(label int) string {
	if label < len(s.names) && s.names[label] != "" {
		return s.names[label]
	}
	return strconv.Itoa(label)
}

// The names of MNIST's files. Other datasets have names like these.
const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
	testImages  = "t10k-images-idx3-ubyte"
	testLabels  = "t10k-labels-idx1-ubyte"
)

// LoadDataset reads the four files of a dataset from a folder, plain or compressed by gzip.
// The empty name stands for the embedded MNIST.
func LoadDataset(folder string) (*Dataset, error) {
	if folder == "" {
		files, _ := fs.Sub(embedded, "data") // the only error is an invalid name
		return readDataset(files)
	}
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such folder", folder)
	}
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s: not a folder", folder)
	}
	set, err := readDataset(os.DirFS(folder))
	if err != nil { // it starts with the name of a file
		return nil, fmt.Errorf("%s%c%w", filepath.Clean(folder), filepath.Separator, err)
	}
	return set, nil
}

// readDataset reads the four files and checks that they fit together.
func readDataset(files fs.FS) (*Dataset, error) {
	train, classes, err := readExamples(files, trainImages, trainLabels)
	if err != nil {
		return nil, err
	}
	test, testClasses, err := readExamples(files, testImages, testLabels)
	if err != nil {
		return nil, err
	}
	set := &Dataset{Rows: train[0].Rows, Cols: train[0].Cols, Classes: classes, Train: train, Test: test}
	set.names = readNames(files)
	if test[0].Rows != set.Rows || test[0].Cols != set.Cols {
		return nil, fmt.Errorf("%s: the test pictures have %d x %d pixels, but the training pictures %d x %d",
			testImages, test[0].Rows, test[0].Cols, set.Rows, set.Cols)
	}
	if testClasses > classes {
		return nil, fmt.Errorf("%s: label %d, but the training labels end at %d", testLabels, testClasses-1, classes-1)
	}
	return set, nil
}

// readNames reads EMNIST's mapping.txt, if there is one. Its lines have a label and the code of
// its character, or of several that share the label: 1 65 97 for A and a.
func readNames(files fs.FS) (names []string) {
	found, _ := fs.Glob(files, "*mapping.txt")
	if len(found) != 1 {
		return nil
	}
	text, _ := fs.ReadFile(files, found[0])
	names = make([]string, 256)
	for line := range strings.Lines(string(text)) {
		var label byte
		var character rune
		if n, _ := fmt.Sscan(line, &label, &character); n == 2 && unicode.IsGraphic(character) {
			names[label] = string(character)
		}
	}
	return names
}

// readExamples reads a file of pictures and the file of their labels, 0 to classes-1.
func readExamples(files fs.FS, images, labels string) (examples []Example, classes int, err error) {
	err = readIDXFile(files, images, 3, func(size []int, greys []byte) {
		examples = append(examples, Example{Picture: NewPicture(size[1], size[2], greys)})
	})
	if err != nil {
		return nil, 0, err
	}
	count := 0
	err = readIDXFile(files, labels, 1, func(size []int, item []byte) {
		label := int(item[0])
		if len(size) > 1 { // QMNIST: several numbers of 4 bytes, of which the first is the label
			label = int(min(binary.BigEndian.Uint32(item), 1<<30))
		}
		if count < len(examples) {
			examples[count].Label = label
		}
		classes = max(classes, label+1)
		count++
	})
	switch {
	case err != nil:
		return nil, 0, err
	case count != len(examples):
		return nil, 0, fmt.Errorf("%s: %d labels for the %d pictures in %s: the two files do not belong together",
			labels, count, len(examples), images)
	case classes > 256:
		return nil, 0, fmt.Errorf("%s: label %d; at most 255 is read", labels, classes-1)
	}
	return examples, classes, nil
}

// readIDXFile reads the file with this name or a similar one. Its errors start with the name.
func readIDXFile(files fs.FS, name string, dimensions int, each func(size []int, item []byte)) error {
	name, err := findFile(files, name)
	if err == nil {
		var f fs.File
		if f, err = files.Open(name); err == nil {
			defer f.Close()
			_, err = readIDX(f, dimensions, each)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// findFile returns the name under which the folder has a file of a dataset. The name may
// have .gz at its end, EMNIST's start with the name of a part and have test for t10k, and
// Kaggle's have a dot for a hyphen.
func findFile(files fs.FS, name string) (string, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return name, err
	}
	part, _, _ := strings.Cut(name, "-idx")
	var here, found []string
	for _, entry := range entries {
		here = append(here, entry.Name())
		like := strings.Replace(entry.Name(), "test-", "t10k-", 1)
		if !entry.IsDir() && strings.Contains(like, part) {
			found = append(found, entry.Name())
		}
	}
	if len(here) > 8 { // enough to see what kind of folder it is
		here = append(here[:8], fmt.Sprintf("and %d more", len(here)-8))
	}
	switch {
	case len(found) == 0:
		return name, fmt.Errorf("no such file, with .gz or without; files in the folder: %s",
			cmp.Or(strings.Join(here, ", "), "none"))
	case len(found) > 1 && found[0] != name:
		return name, fmt.Errorf("which of these is it? %s", strings.Join(found, ", "))
	}
	return found[0], nil
}

// readIDX reads a file in the IDX format: numbers of 4 bytes, the most significant byte
// first, and then the items, here with one byte for each label or pixel.
//
//	0000  00 00 08 03   bytes, in 3 dimensions; 00 00 08 01 for labels
//	0004  00 00 ea 60   60,000 pictures
//	0008  00 00 00 1c   of 28 rows
//	000c  00 00 00 1c   of 28 pixels
//	0010  00 00 00 ...  the pixels, row by row, 0 black to 255 white
//
// The file may be compressed by gzip. Labels may also be rows of numbers of 4 bytes, which
// starts with 00 00 0c 02.
//
// readIDX calls each for every item in turn, with a slice that is reused for the next one.
// So it allocates memory for one item only, whatever number of items the header claims.
func readIDX(r io.Reader, dimensions int, each func(size []int, item []byte)) (size []int, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if start, _ := in.Peek(2); len(start) == 2 && start[0] == 0x1f && start[1] == 0x8b {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(unzipped, 1<<16)
	}
	size, length, err := readIDXHeader(in, dimensions)
	if err != nil {
		return nil, err
	}
	item := make([]byte, length)
	for i := range size[0] {
		if _, err := io.ReadFull(in, item); err != nil {
			return nil, fmt.Errorf("the file ends after %d of the %d %s that its header announces: %w",
				i, size[0], idxContent[dimensions], err)
		}
		each(size, item)
	}
	if _, err := in.ReadByte(); err == nil { // gzip compares its checksum here
		return nil, fmt.Errorf("the file goes on after the %d %s that its header announces",
			size[0], idxContent[dimensions])
	} else if err != io.EOF {
		return nil, err
	}
	return size, nil
}

// idxContent names what a file with this number of dimensions holds.
var idxContent = map[int]string{1: "labels", 3: "pictures"}

// readIDXHeader returns the size in each dimension, the number of items first, and the
// length of an item in bytes.
func readIDXHeader(in io.Reader, dimensions int) (size []int, length int, err error) {
	content, length := idxContent[dimensions], 1
	var magic uint32
	if err := binary.Read(in, binary.BigEndian, &magic); err != nil {
		return nil, 0, fmt.Errorf("the file ends within its header: %w", err)
	}
	if dimensions == 1 && magic == 0xc02 {
		dimensions, length = 2, 4
	} else if magic != 0x800+uint32(dimensions) {
		return nil, 0, fmt.Errorf("the file starts with %08x, not with %08x for %s", magic, 0x800+dimensions, content)
	}
	numbers := make([]uint32, dimensions)
	if err := binary.Read(in, binary.BigEndian, numbers); err != nil {
		return nil, 0, fmt.Errorf("the file ends within its header: %w", err)
	}
	for i, n := range numbers {
		if n == 0 {
			return nil, 0, fmt.Errorf("the header counts 0 %s", [...]string{content, "rows", "columns"}[i])
		}
		size = append(size, int(n))
	}
	if dimensions > 1 && size[1] > MaxPicture/size[dimensions-1] {
		return nil, 0, fmt.Errorf("the header claims %s of %d x %d pixels; at most %d million are read",
			content, size[1], size[dimensions-1], MaxPicture/1_000_000)
	}
	for _, n := range size[1:] {
		length *= n
	}
	return size, length, nil
}

// Pictures in text.

// litBox returns the smallest box with all lit pixels of the pictures, or all of their area
// where there are none.
func litBox(pictures []Picture) image.Rectangle {
	var box image.Rectangle
	for _, p := range pictures {
		for _, k := range p.Lit {
			x, y := int(k)%p.Cols, int(k)/p.Cols
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	if box.Empty() {
		return image.Rect(0, 0, pictures[0].Cols, pictures[0].Rows)
	}
	return box
}

// pixels returns the greys of all pixels, row by row, 0 to 1.
func pixels(p Picture) []float64 {
	greys := make([]float64, p.Rows*p.Cols)
	p.Fill(greys)
	return greys
}

// sketch draws the part of a picture that is in box, at most 40 characters wide. A character
// stands for two pixels, one above the other: a half block if only one of them is bright,
// otherwise a shade for both.
func sketch(p Picture, box image.Rectangle) []string {
	return mosaic(pixels(p), p.Cols, box, 40, func(upper, lower float64) rune {
		switch {
		case upper-lower > 0.5:
			return '▀'
		case lower-upper > 0.5:
			return '▄'
		}
		return []rune(" ░▒▓█")[min(4, int((upper+lower)/2*5))]
	})
}

// mosaic draws the part of a table of numbers that is in box with one character for each two
// squares, one above the other, in lines of at most width characters. Large tables are drawn
// smaller: the numbers are the averages of larger squares.
func mosaic(
	table []float64, cols int, box image.Rectangle, width int, character func(upper, lower float64) rune,
) []string {
	average := func(part image.Rectangle) float64 {
		sum := 0.0
		for y := part.Min.Y; y < part.Max.Y; y++ {
			for x := part.Min.X; x < part.Max.X; x++ {
				sum += table[y*cols+x]
			}
		}
		return sum / float64(part.Dx()*part.Dy())
	}
	side := (box.Dx() + width - 1) / width
	var lines []string
	for y := box.Min.Y; y < box.Max.Y; y += 2 * side {
		line := ""
		for x := box.Min.X; x < box.Max.X; x += side {
			upper := image.Rect(x, y, x+side, y+side).Intersect(box)
			lower := image.Rect(x, y+side, x+side, y+2*side).Intersect(box)
			if lower.Empty() {
				lower = upper
			}
			line += string(character(average(upper), average(lower)))
		}
		lines = append(lines, line)
	}
	return lines
}
