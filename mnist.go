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
	"io"
	"io/fs"
	"os"
	"path"
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
	Turned      bool // the pictures were stored on their side and turned upright when read

	names []string // names[label] is what a label stands for, "" for the label itself
}

// Name returns what a label stands for: 7 or, in a set of letters, A.
func (s *Dataset) Name(label int) string {
	if label < len(s.names) && s.names[label] != "" {
		return s.names[label]
	}
	return strconv.Itoa(label)
}

// The names of MNIST's files. Other sets have names like these.
const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
	testImages  = "t10k-images-idx3-ubyte"
	testLabels  = "t10k-labels-idx1-ubyte"
)

// LoadDataset reads the four files of a set from a folder, plain or compressed by gzip. In a
// folder with several sets, FOLDER/emnist-letters is the one whose files start with
// emnist-letters. The empty name stands for the embedded MNIST.
func LoadDataset(folder string) (*Dataset, error) {
	if folder == "" {
		files, _ := fs.Sub(embedded, "data") // the only error is an invalid name
		return readDataset(files, "")
	}
	folder, start := filepath.Clean(folder), ""
	info, err := os.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%s: not a folder", folder)
	case errors.Is(err, fs.ErrNotExist):
		parent, name := filepath.Dir(folder), filepath.Base(folder)
		entries, _ := os.ReadDir(parent)
		if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), name) }) {
			return nil, fmt.Errorf("%s: no such folder", folder)
		}
		folder, start = parent, name
	}
	set, err := readDataset(os.DirFS(folder), start)
	if err != nil { // it starts with the name of a file
		return nil, fmt.Errorf("%s%c%w", folder, filepath.Separator, err)
	}
	return set, nil
}

// readDataset reads the four files whose paths begin with start, and checks that they fit
// together.
func readDataset(files fs.FS, start string) (*Dataset, error) {
	var paths [4]string
	for i, name := range []string{trainImages, trainLabels, testImages, testLabels} {
		found, err := findFile(files, start, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		paths[i] = found
		start, _, _ = strings.Cut(paths[0], "train-images") // the others are of the same set
	}
	train, classes, err := readExamples(files, paths[0], paths[1], 256)
	if err != nil {
		return nil, err
	}
	test, _, err := readExamples(files, paths[2], paths[3], classes)
	if err != nil {
		return nil, err
	}
	set := &Dataset{Rows: train[0].Rows, Cols: train[0].Cols, Classes: classes, Train: train, Test: test}
	if test[0].Rows != set.Rows || test[0].Cols != set.Cols {
		return nil, fmt.Errorf("%s: the test pictures have %d x %d pixels, but the training pictures %d x %d",
			paths[2], test[0].Rows, test[0].Cols, set.Rows, set.Cols)
	}
	last := slices.IndexFunc(train, func(e Example) bool { return e.Label == 255 })
	if last >= 0 && !slices.ContainsFunc(train, func(e Example) bool { return e.Label == 254 }) {
		return nil, fmt.Errorf("%s: picture %d has label 255, but none has label 254; is it -1, for no label?",
			paths[1], last)
	}
	set.Turned, set.names = isTurned(paths[0]), readNames(files, start+"mapping.txt")
	return set, nil
}

// readExamples reads a file of pictures and the file of their labels, which must be below limit.
// The largest label is classes-1.
func readExamples(files fs.FS, images, labels string, limit int) (examples []Example, classes int, err error) {
	err = readIDXFile(files, images, 3, func(size []int, greys []byte) error {
		rows, cols := size[0], size[1]
		if isTurned(images) {
			rows, cols, greys = cols, rows, turn(rows, cols, greys)
		}
		examples = append(examples, Example{Picture: NewPicture(rows, cols, greys)})
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	count := 0
	err = readIDXFile(files, labels, 1, func(_ []int, item []byte) error {
		label := int(item[0])
		if len(item) > 1 { // QMNIST: several numbers of 4 bytes, of which the first is the label
			label = int(int32(binary.BigEndian.Uint32(item)))
		}
		if label < 0 || label >= limit {
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
		return nil, 0, fmt.Errorf("%s: %d labels for the %d pictures in %s: the two files do not belong together",
			labels, count, len(examples), images)
	}
	return examples, classes, nil
}

// readIDXFile is readIDX for a file. Its errors start with the path.
func readIDXFile(files fs.FS, path string, dimensions int, each func(size []int, item []byte) error) error {
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
// The file may be compressed by gzip. In QMNIST's files of labels, which start with 00 00 0c 02, each
// item is a row of numbers of 4 bytes.
//
// readIDX calls each for every item in turn, with the size of an item in each dimension and a
// slice that is reused for the next item. So it allocates memory for one item only, whatever
// number of items the header claims.
func readIDX(r io.Reader, dimensions int, each func(size []int, item []byte) error) error {
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

// unzip returns a reader of the uncompressed data of r. Some servers compress a compressed file
// once more.
func unzip(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	for range 2 {
		if start, _ := in.Peek(2); string(start) != "\x1f\x8b" {
			break
		}
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(unzipped, 1<<16)
	}
	return in, nil
}

// idxContent names what a file with this number of dimensions holds.
var idxContent = map[int]string{1: "labels", 3: "pictures"}

// readIDXHeader returns the number of items, their size in each dimension, and their length in
// bytes. It computes with 64 bits, because a header can claim any size.
func readIDXHeader(in *bufio.Reader, dimensions int) (count uint32, size []int, length int, err error) {
	content, width := idxContent[dimensions], 1
	start, _ := in.Peek(512) // fewer bytes if the file is shorter
	if dimensions == 1 && bytes.HasPrefix(start, []byte{0, 0, 0xc, 2}) {
		dimensions, width = 2, 4
	} else if len(start) >= 4 && !bytes.HasPrefix(start, []byte{0, 0, 8, byte(dimensions)}) {
		what := cmp.Or(recognize(start, otherFiles), fmt.Sprintf("a file that starts with %x", start[:4]))
		return 0, nil, 0, fmt.Errorf("not an IDX file of %s, but %s", content, what)
	}
	numbers := make([]uint32, dimensions)
	in.Discard(4)
	if err := binary.Read(in, binary.BigEndian, numbers); err != nil {
		return 0, nil, 0, fmt.Errorf("the file ends within its header: %w", err)
	}
	total := uint64(width)
	for i, n := range numbers {
		if n == 0 {
			return 0, nil, 0, fmt.Errorf("the header gives 0 %s", [...]string{content, "rows", "columns"}[i])
		}
		if i > 0 {
			size, total = append(size, int(n)), total*uint64(n)
		}
	}
	if total > MaxPicture {
		return 0, nil, 0, fmt.Errorf("the header claims %s of %d bytes; at most %d million are read",
			content, total, MaxPicture/1_000_000)
	}
	return numbers[0], size, int(total), nil
}

// The files of other sets, and files that are something else.

// findFile returns the path of the file whose name is this one or else the most similar one. The
// path begins with start.
func findFile(files fs.FS, start, name string) (string, error) {
	found, err := mostSimilar(files, start, name)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		here, _ := fs.Glob(files, "*")
		if len(here) > 8 {
			here = append(here[:8], fmt.Sprintf("and %d more", len(here)-8))
		}
		return "", fmt.Errorf("no such file, with .gz or without; the folder has %s",
			cmp.Or(strings.Join(here, ", "), "no files"))
	case len(found) > 1:
		kind, _, _ := strings.Cut(name, "-idx")
		for i := range found {
			found[i], _, _ = strings.Cut(found[i], "-"+kind)
		}
		return "", fmt.Errorf("several files match: %s; keep one, or add the name of a set to that of "+
			"the folder, as in FOLDER/emnist-letters", strings.Join(found, ", "))
	}
	return found[0], nil
}

// mostSimilar returns the paths of the files with the names that are most similar to this one. A
// folder with such a name is searched, too.
func mostSimilar(files fs.FS, start, name string) (found []string, err error) {
	best := 1
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		likeness := similarity(entry.Name(), name)
		switch {
		case entry.IsDir() && likeness == 0:
			return fs.SkipDir
		case entry.IsDir() || likeness < best || !strings.HasPrefix(path, start):
			return nil
		case likeness > best:
			found, best = nil, likeness
		}
		found = append(found, path)
		return nil
	})
	// NAME and NAME.gz are the same file, unpacked and packed.
	plain := func(file string) string { return strings.TrimSuffix(path.Base(file), ".gz") }
	return slices.CompactFunc(found, func(a, b string) bool { return plain(a) == plain(b) }), err
}

// similarity returns how similar the name of a file is to one of MNIST's names, from 3 if it is the
// same, with or without .gz, to 0 for the name of something else. The files of other sets start
// with the name of the set, have test for t10k or a dot for a hyphen, or end with idx2-int.
func similarity(name, wanted string) int {
	plain := strings.TrimSuffix(name, ".gz")
	like := strings.NewReplacer("test-", "t10k-", ".idx", "-idx", "idx2-int", "idx1-ubyte").Replace(plain)
	kind, _, _ := strings.Cut(wanted, "-idx")
	switch {
	case strings.HasPrefix(name, ".") || strings.Contains(name, ":"): // written by macOS or Windows beside the file
		return 0
	case plain == wanted:
		return 3
	case strings.HasSuffix(like, wanted):
		return 2
	case strings.Contains(like, kind):
		return 1
	}
	return 0
}

// readNames reads EMNIST's list of what the labels stand for, if there is one. A line has a label
// and the code of its character, or of several that share the label: 1 65 97 for A and a.
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

// isTurned reports whether a file stores each picture column by column, as EMNIST's do. Read row
// by row, such pictures lie on their side.
func isTurned(images string) bool { return strings.HasPrefix(path.Base(images), "emnist-") }

// turn exchanges the rows and the columns of a picture.
func turn(rows, cols int, greys []byte) []byte {
	turned := make([]byte, len(greys))
	for i, grey := range greys {
		y, x := i/cols, i%cols
		turned[x*rows+y] = grey
	}
	return turned
}

// A format is a kind of file, known by the bytes at an offset.
type format struct {
	offset int
	bytes  string
	what   string // what it is, and what to do
}

// otherFiles are what is sometimes found in place of data or of a picture.
var otherFiles = []format{
	{0, "\x00\x00\x08\x01", "an IDX file of labels"},
	{0, "\x00\x00\x08\x03", "an IDX file of pictures"},
	{0, "\x00\x00\x0c", "an IDX file of 32-bit integers: convert it to bytes"},
	{0, "\x00\x00\x0d", "an IDX file of 32-bit floats: convert it to bytes"},
	{0, "\x00\x00\x0e", "an IDX file of 64-bit floats: convert it to bytes"},
	{0, "<!doctype html", "a web page: download the file itself"},
	{0, "<html", "a web page: download the file itself"},
	{0, "<?xml", "XML, perhaps an error of the server: download the file again"},
	{0, "version https://git-lfs", "a Git LFS pointer: run git lfs pull"},
	{0, "PK\x03\x04", "a zip archive: unpack it"},
	{0, "\x1f\x8b", "a file compressed by gzip: unpack it"},
	{257, "ustar", "a tar archive: unpack it"},
	{0, "\x93NUMPY", "a NumPy array: convert it to another format"},
}

// recognize returns which of the formats a file has, given how it starts, or "".
func recognize(start []byte, formats []format) string {
	for _, f := range formats {
		rest := strings.TrimLeft(string(start[min(f.offset, len(start)):]), "\ufeff\r\n\t ")
		if strings.EqualFold(rest[:min(len(f.bytes), len(rest))], f.bytes) {
			return f.what
		}
	}
	return ""
}

// Pictures in text.

// pixels returns the greys of all pixels, row by row, 0 to 1.
func pixels(p Picture) []float64 {
	greys := make([]float64, p.Rows*p.Cols)
	p.Fill(greys)
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

// sketch draws the part of a picture that is in box, or all of it if box is empty, at most 40
// characters wide. A character stands for two pixels, one above the other: a half block if only
// one of them is bright, otherwise a shade for both.
func sketch(p Picture, box image.Rectangle) []string {
	if box.Empty() {
		box = image.Rect(0, 0, p.Cols, p.Rows)
	}
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
