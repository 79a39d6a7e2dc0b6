package main

import (
	"bufio"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// This file reads sets of labelled pictures, MNIST and others in its format, and draws pictures in
// text.

// embedded holds the four files of MNIST, inside the program itself.
//
//go:embed data/*.gz
var embedded embed.FS

// MaxPicture is the largest number of pixels of a picture, so that a header cannot claim more
// memory than there is. Phones make photos of 8160 x 6144.
const MaxPicture = 51_000_000

// A Dataset is a set of labelled pictures of the same size. The pictures of Test are kept
// out of the training, to measure how well a network reads what it has never seen.
type Dataset struct {
	Rows, Cols  int // of every picture, in pixels
	Classes     int // labels are 0 to Classes-1; a class may have no examples
	Train, Test []Example
	names       []string // names[label] is what a label stands for, "" for the label itself
}

// Name returns what a label stands for: a digit or, in EMNIST's sets, a digit or a letter.
func (s *Dataset) Name(label int) string {
	if label < len(s.names) && s.names[label] != "" {
		return s.names[label]
	}
	return strconv.Itoa(label)
}

// LoadDataset reads the four files of a set from a folder, plain or compressed by gzip. In a
// folder with several sets, FOLDER/emnist-letters is the one whose files start with
// emnist-letters. The empty name stands for the embedded MNIST.
func LoadDataset(folder string) (*Dataset, error) {
	if folder == "" {
		files, _ := fs.Sub(embedded, "data") // the only error is an invalid name
		return readDataset(files, "")
	}
	folder, start := filepath.Clean(folder), ""
	if _, err := os.Stat(folder); err != nil {
		folder, start = filepath.Dir(folder), filepath.Base(folder)
	}
	set, err := readDataset(os.DirFS(folder), start)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return set, nil
}

// readDataset reads the four files whose names begin with start, and checks that they fit
// together.
func readDataset(files fs.FS, start string) (*Dataset, error) {
	var names [4]string
	for i, patterns := range [4][]string{ // ? is - or, in some copies, a dot
		{"*train-images?idx*"}, {"*train-labels?idx*"},
		{"*t10k-images?idx*", "*test-images?idx*"}, {"*t10k-labels?idx*", "*test-labels?idx*"},
	} {
		name, err := findFile(files, start, patterns)
		if err != nil {
			return nil, err
		}
		names[i] = name
		start, _, _ = strings.Cut(names[0], "train-images") // of the other three, which are of the same set
	}
	train, classes, err := readExamples(files, names[0], names[1], 256)
	if err != nil {
		return nil, err
	}
	test, _, err := readExamples(files, names[2], names[3], classes)
	if err != nil {
		return nil, err
	}
	set := &Dataset{Rows: train[0].Rows, Cols: train[0].Cols, Classes: classes, Train: train, Test: test}
	if test[0].Rows != set.Rows || test[0].Cols != set.Cols {
		return nil, fmt.Errorf("%s: the test pictures have %d x %d pixels, but the training pictures %d x %d",
			names[2], test[0].Rows, test[0].Cols, set.Rows, set.Cols)
	}
	set.names = readNames(files, start+"mapping.txt")
	return set, nil
}

// findFile returns the name of the file that begins with start and matches one of the patterns.
func findFile(files fs.FS, start string, patterns []string) (string, error) {
	var found []string
	for _, pattern := range patterns {
		names, _ := fs.Glob(files, pattern) // sorted, so NAME comes before NAME.gz
		found = append(found, names...)
	}
	found = slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, start) })
	switch {
	case len(found) == 0:
		return "", fmt.Errorf("no file %s, plain or .gz", start+patterns[0])
	case len(found) > 2 || len(found) == 2 && found[1] != found[0]+".gz": // not twice the same file
		return "", fmt.Errorf("several sets, with %s and %s; name one of them, as in FOLDER/emnist-letters",
			found[0], found[len(found)-1])
	}
	return found[0], nil
}

// readExamples reads a file of pictures and the file of their labels, which must be below limit.
// The largest label is classes-1.
func readExamples(files fs.FS, images, labels string, limit int) (examples []Example, classes int, err error) {
	err = readIDXFile(files, images, 3, func(size []uint32, greys []byte) error {
		rows, cols := int(size[0]), int(size[1])
		if strings.HasPrefix(images, "emnist-") { // it stores pictures column by column, so they lie on their side
			rows, cols, greys = cols, rows, turn(rows, cols, greys)
		}
		examples = append(examples, Example{Picture: NewPicture(rows, cols, greys)})
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	count := 0
	err = readIDXFile(files, labels, 1, func(_ []uint32, item []byte) error {
		label := int(item[0])
		if label >= limit {
			return fmt.Errorf("picture %d has label %d, but labels are 0 to %d", count, label, limit-1)
		}
		if count < len(examples) {
			examples[count].Label = label
		}
		count++
		classes = max(classes, label+1)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if count != len(examples) {
		return nil, 0, fmt.Errorf("%s: %d labels for the %d pictures in %s", labels, count, len(examples), images)
	}
	return examples, classes, nil
}

// readIDXFile is readIDX for a file. Its errors start with the path.
func readIDXFile(files fs.FS, path string, dimensions int, each func(size []uint32, item []byte) error) error {
	f, err := files.Open(path)
	if err == nil {
		defer f.Close()
		err = readIDX(f, dimensions, each)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readIDX reads a file in the IDX format: numbers of 4 bytes, the most significant byte
// first, and then the items, with one byte for each label or pixel.
//
//	0000  00 00 08 03   bytes, in 3 dimensions; 00 00 08 01 for labels
//	0004  00 00 ea 60   60,000 pictures
//	0008  00 00 00 1c   of 28 rows
//	000c  00 00 00 1c   of 28 pixels
//	0010  00 00 00 ...  the pixels, row by row, 0 black to 255 white
//
// The file may be compressed by gzip. readIDX calls each for every item in turn, with the size of an
// item in each dimension and a slice that is reused for the next item. So it allocates memory for one
// item only.
func readIDX(r io.Reader, dimensions int, each func(size []uint32, item []byte) error) error {
	in, err := unzip(r)
	if err != nil {
		return err
	}
	count, size, length, err := readIDXHeader(in, dimensions)
	if err != nil {
		return err
	}
	item := make([]byte, length)
	for i := range count {
		if _, err := io.ReadFull(in, item); err != nil {
			return fmt.Errorf("the file ends after %d of the %d %s that its header announces: %w",
				i, count, idxContent[dimensions], err)
		}
		if err := each(size, item); err != nil {
			return err
		}
	}
	if _, err := in.ReadByte(); err == nil { // gzip compares its checksum here
		return fmt.Errorf("the file goes on after the %d %s that its header announces", count, idxContent[dimensions])
	} else if err != io.EOF {
		return err
	}
	return nil
}

// unzip returns a reader of the data in r, which may be compressed.
func unzip(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if start, _ := in.Peek(2); string(start) != "\x1f\x8b" {
		return in, nil
	}
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(unzipped, 1<<16), nil
}

// idxContent names what a file with this number of dimensions holds.
var idxContent = map[int]string{1: "labels", 3: "pictures"}

// readIDXHeader returns the number of items, their size in each dimension, and their length in
// bytes. It computes with 64 bits, because a header can claim any size.
func readIDXHeader(in *bufio.Reader, dimensions int) (count uint32, size []uint32, length uint64, err error) {
	content := idxContent[dimensions]
	start, _ := in.Peek(16) // fewer bytes if the file is shorter; they stay in the reader
	if !strings.HasPrefix(string(start), string([]byte{0, 0, 8, byte(dimensions)})) {
		return 0, nil, 0, fmt.Errorf("not an IDX file of %s: it starts with %q", content, start)
	}
	numbers := make([]uint32, dimensions)
	in.Discard(4)
	if err := binary.Read(in, binary.BigEndian, numbers); err != nil {
		return 0, nil, 0, fmt.Errorf("the file ends within its header: %w", err)
	}
	count, size, length = numbers[0], numbers[1:], 1
	for _, n := range size {
		length *= uint64(n)
	}
	if count == 0 || length == 0 || length > MaxPicture {
		return 0, nil, 0, fmt.Errorf("the header claims %d %s of %d bytes; there must be at least 1, of 1 to %d bytes",
			count, content, length, MaxPicture)
	}
	return count, size, length, nil
}

// readNames reads EMNIST's list of what the labels stand for, if there is one. A line has a label
// and the codes of its characters, of which the first counts: 1 65 97 for A and a.
func readNames(files fs.FS, mapping string) []string {
	text, err := fs.ReadFile(files, mapping)
	if err != nil {
		return nil
	}
	names := make([]string, 256)
	for line := range strings.Lines(string(text)) {
		var label byte
		var character rune
		if n, _ := fmt.Sscan(line, &label, &character); n == 2 && unicode.IsGraphic(character) {
			names[label] = string(character)
		}
	}
	return names
}

// turn exchanges the rows and the columns of a picture.
func turn(rows, cols int, greys []byte) []byte {
	turned := make([]byte, len(greys))
	for i, grey := range greys {
		y, x := i/cols, i%cols
		turned[x*rows+y] = grey
	}
	return turned
}

// Pictures in text.

// pixels returns the greys of all pixels, row by row, 0 to 1.
func pixels(p Picture) []float64 {
	greys := make([]float64, p.Rows*p.Cols)
	p.Fill(greys, &Vector{})
	return greys
}

// litBox returns the smallest box that holds all positive numbers of a table.
func litBox(table []float64, cols int) image.Rectangle {
	var box image.Rectangle
	for i, v := range table {
		if v > 0 {
			x, y := i%cols, i/cols
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return box
}

// sketch draws the part of a picture that is in box, or all of it if box is empty. A character stands
// for two pixels, one above the other: a half block if only one of them is bright, otherwise a shade
// for both. In pictures wider than 40 pixels only every second, third, ... pixel is drawn.
func sketch(p Picture, box image.Rectangle) []string {
	if box.Empty() {
		box = image.Rect(0, 0, p.Cols, p.Rows)
	}
	greys, step := pixels(p), (box.Dx()+39)/40
	var lines []string
	for y := box.Min.Y; y < box.Max.Y; y += 2 * step {
		line := ""
		for x := box.Min.X; x < box.Max.X; x += step {
			upper, lower := greys[y*p.Cols+x], 0.0
			if y+step < box.Max.Y {
				lower = greys[(y+step)*p.Cols+x]
			}
			switch {
			case upper-lower > 0.5:
				line += "▀"
			case lower-upper > 0.5:
				line += "▄"
			default:
				line += string([]rune(" ░▒▓█")[min(4, int((upper+lower)/2*5))])
			}
		}
		lines = append(lines, line)
	}
	return lines
}
