package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the tests of this file share.

var black, white = color.NRGBA{0, 0, 0, 255}, color.NRGBA{255, 255, 255, 255}

// paper returns a picture of width x height pixels in the colour of the background, with a
// digit on it at x, y, zoom times as large and in the colour of the ink.
func paper(digit Picture, width, height, x, y, zoom int, background, ink color.Color) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Rect, image.NewUniform(background), image.Point{}, draw.Src)
	mask, greys := image.NewAlpha(image.Rect(0, 0, 28*zoom, 28*zoom)), pixels(digit)
	for i := range mask.Pix {
		mask.Pix[i] = byte(255 * greys[i/mask.Stride/zoom*28+i%mask.Stride/zoom])
	}
	place := mask.Rect.Add(image.Pt(x, y))
	draw.DrawMask(picture, place, image.NewUniform(ink), image.Point{}, mask, image.Point{}, draw.Over)
	return picture
}

func asPNG(picture image.Image) []byte {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, picture); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func asJPEG(picture image.Image, quality int) []byte {
	var b bytes.Buffer
	jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality})
	return b.Bytes()
}

func asGIF(picture image.Image) []byte {
	var b bytes.Buffer
	gif.Encode(&b, picture, nil)
	return b.Bytes()
}

// read reads a picture for MNIST's networks.
func read(file []byte) (picture Picture, warning string, err error) {
	return ReadPicture(bytes.NewReader(file), mnistFrame, MaxPicture)
}

// ring returns a 0 as the outline of an ellipse, drawn with a pen of this width on side x
// side pixels, and blurred at its edges over this many pixels.
func ring(side int, pen, blur, paper, ink float64, centreX, centreY, radius float64) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		x, y := float64(i%side)-centreX, float64(i/side)-centreY
		off := math.Abs(math.Hypot(x/0.7, y)-radius) * 0.85 // about the distance from the outline
		covered := min(1, max(0, (pen/2-off)/blur+0.5))
		picture.Pix[i] = byte(255 * (paper + (ink-paper)*covered))
	}
	return picture
}

// Whole pictures.

func TestDigitsInPicturesOfAllKindsAreReadLikeTheOriginals(t *testing.T) {
	t.Parallel()
	dark, none := color.NRGBA{30, 30, 60, 255}, color.NRGBA{}
	for name, file := range map[string]func(Picture) []byte{
		"as it is":            func(p Picture) []byte { return asPNG(paper(p, 28, 28, 0, 0, 1, black, white)) },
		"inverted":            func(p Picture) []byte { return asPNG(paper(p, 28, 28, 0, 0, 1, white, black)) },
		"enlarged to 200x300": func(p Picture) []byte { return asPNG(paper(p, 200, 300, 2, 50, 7, white, dark)) },
		"in a corner":         func(p Picture) []byte { return asPNG(paper(p, 90, 60, 62, 32, 1, black, white)) },
		"cut off at the ink": func(p Picture) []byte {
			return asPNG(paper(p, 28, 28, 0, 0, 1, white, black).SubImage(litBox(pixels(p), 28).Inset(-1)))
		},
		"transparent": func(p Picture) []byte { return asPNG(paper(p, 56, 56, 0, 0, 2, none, dark)) },
		"JPEG":        func(p Picture) []byte { return asJPEG(paper(p, 120, 120, 4, 4, 4, white, dark), 60) },
		"GIF":         func(p Picture) []byte { return asGIF(paper(p, 56, 56, 0, 0, 2, white, dark)) },
		"yellow on blue": func(p Picture) []byte {
			return asPNG(paper(p, 84, 84, 0, 0, 3, color.NRGBA{20, 40, 120, 255}, color.NRGBA{250, 220, 80, 255}))
		},
		"16 bits of grey": func(p Picture) []byte {
			picture := image.NewGray16(image.Rect(0, 0, 28, 28))
			for i, v := range pixels(p) {
				picture.SetGray16(i%28, i/28, color.Gray16{uint16(65535 * v)})
			}
			return asPNG(picture)
		},
		"low contrast": func(p Picture) []byte { return asPNG(paper(p, 84, 84, 0, 0, 3, color.Gray{180}, color.Gray{140})) },
		"a blot": func(p Picture) []byte {
			picture := paper(p, 150, 150, 33, 10, 3, white, dark)
			draw.Draw(picture, image.Rect(10, 130, 18, 138), image.NewUniform(dark), image.Point{}, draw.Src)
			return asPNG(picture)
		},
		"uneven light, with noise": func(p Picture) []byte {
			return asPNG(unevenLight(paper(p, 120, 120, 20, 10, 3, white, color.NRGBA{40, 40, 50, 255})))
		},
	} {
		t.Run(name, func(t *testing.T) { stillRead(t, file) })
	}
}

// unevenLight adds noise to a picture, and makes it darker towards a corner, which gets a fifth of the
// light of the opposite corner.
func unevenLight(picture *image.NRGBA) *image.NRGBA {
	random, size := seeded(1), picture.Rect.Size()
	for i := range picture.Pix {
		if x, y := i/4%size.X, i/4/size.X; i%4 < 3 {
			light := 0.2 + 0.7*float64(x+y)/float64(size.X+size.Y)
			picture.Pix[i] = byte(float64(picture.Pix[i])*light + 3*random.NormFloat64() + 12)
		}
	}
	return picture
}

// stillRead reads digits in files made from them and fails the test if fewer than 93% of those that
// the network reads in the original are read, without a warning.
func stillRead(t *testing.T, file func(Picture) []byte) {
	t.Parallel()
	n := trained()
	pass := n.NewPass()
	original, same := 0, 0
	for _, e := range mnist().Test[:100] {
		if Answer(n.Forward(pass, e.Picture)) != e.Label {
			continue
		}
		original++
		picture, warning, err := read(file(e.Picture))
		if err == nil && Answer(n.Forward(pass, picture)) == e.Label && warning == "" {
			same++
		}
	}
	t.Logf("read: %s of the %d that are read in the original", share(same, original), original)
	if same*100 < 93*original {
		t.Errorf("%d of %d are read, want 93%%", same, original)
	}
}

func TestFirstFrameOfAnAnimationIsRead(t *testing.T) {
	palette := color.Palette{color.White, color.Black}
	blank := image.NewPaletted(image.Rect(0, 0, 56, 56), palette)
	digit := image.NewPaletted(blank.Rect, palette)
	draw.Draw(digit, digit.Rect, paper(mnist().Test[0].Picture, 56, 56, 0, 0, 2, white, black), image.Point{}, draw.Src)
	for _, c := range []struct {
		frames []*image.Paletted
		err    error
	}{{[]*image.Paletted{digit, blank}, nil}, {[]*image.Paletted{blank, digit}, ErrNoInk}} {
		var file bytes.Buffer
		if err := gif.EncodeAll(&file, &gif.GIF{Image: c.frames, Delay: make([]int, len(c.frames))}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := read(file.Bytes()); err != c.err {
			t.Errorf("error %v, want %v", err, c.err)
		}
	}
}

func TestThinStrokesAreThickened(t *testing.T) {
	for _, c := range []struct {
		name    string
		picture *image.Gray
	}{
		{"a pen of 2.5 pixels on 400 x 400", ring(400, 2.5, 1, 0.9, 0.2, 200, 200, 150)},
		{"a line of 1 pixel on 28 x 28", ring(28, 1, 1, 0, 1, 14, 14, 11)},
		{"a marker, which is thick", ring(400, 40, 1, 0.9, 0.2, 200, 200, 150)},
		{"a pale digit near a corner", ring(172, 9, 2, 0.8, 0.47, 26, 32, 28)},
		{"a blurred digit up to the edges", ring(120, 14, 14, 0.65, 0.3, 60, 60, 54)},
	} {
		picture, _, err := read(asPNG(c.picture))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		f := asField(picture)
		width := strokeWidth(scale(crop(f, f.box()), measuredSide/20.))
		answer := Answer(trained().Forward(trained().NewPass(), picture))
		if answer != 0 || width < 6.5 || width > 14 {
			t.Errorf("%s: read as %d, with strokes of %.1f pixels in 80; want 0, with 6.5 to 14", c.name, answer, width)
		}
	}
}

func TestPhotoThatLiesDownIsTurnedUpright(t *testing.T) {
	picture := ring(60, 5, 1, 0.9, 0.1, 30, 20, 12)
	draw.Draw(picture, image.Rect(28, 20, 32, 55), image.Black, image.Point{}, draw.Src) // not symmetric
	const before = "\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"
	const after = "\x00\x00\x00\x00\x00\x00"
	want, _, _ := read(asPNG(picture))
	for orientation, source := range map[byte]func(x, y int) int{ // where the stored pixel at x, y comes from
		1: func(x, y int) int { return y*60 + x },
		3: func(x, y int) int { return (59-y)*60 + 59 - x },
		6: func(x, y int) int { return x*60 + 59 - y },
		8: func(x, y int) int { return (59-x)*60 + y },
	} {
		stored := image.NewGray(picture.Rect)
		for i := range stored.Pix {
			stored.Pix[i] = picture.Pix[source(i%60, i/60)]
		}
		exif := slices.Concat([]byte(before), []byte{orientation}, []byte(after))
		got, _, err := read(slices.Insert(asJPEG(stored, 100), 2, exif...))
		if err != nil {
			t.Fatal(err)
		}
		off, ink := 0.0, 0.0
		for i, v := range pixels(want) {
			off, ink = off+math.Abs(pixels(got)[i]-v), ink+v
		}
		if off > ink/10 { // JPEG is not exact
			t.Errorf("orientation %d: the pixels are off by %.1f together, want at most a tenth of %.1f", orientation, off, ink)
		}
	}
}

func TestTwoDigitsSideBySideGiveAWarning(t *testing.T) {
	page := ring(200, 8, 1, 0.9, 0.1, 60, 100, 40)
	draw.Draw(page, image.Rect(130, 60, 138, 140), image.Black, image.Point{}, draw.Src)
	picture, warning, err := read(asPNG(page))
	if err != nil || !strings.Contains(warning, "2 digits") {
		t.Fatalf("error %v, warning %q; want one about 2 digits", err, warning)
	}
	if answer := Answer(trained().Forward(trained().NewPass(), picture)); answer != 0 {
		t.Errorf("read as %d, want the larger digit, a 0", answer)
	}
}

func TestFilesThatAreNoPicturesAreErrorsThatSayWhy(t *testing.T) {
	digit := mnist().Test[0].Picture
	whole := asPNG(paper(digit, 28, 28, 0, 0, 1, black, white))
	photo := asJPEG(paper(digit, 60, 60, 0, 0, 2, white, black), 75)
	huge := slices.Clone(whole) // its header says 16,000 x 16,000, with a checksum to match
	binary.BigEndian.PutUint32(huge[16:], 16000)
	binary.BigEndian.PutUint32(huge[20:], 16000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "the file is empty"},
		{"text", []byte("<!DOCTYPE html><html>"), `not a PNG, JPEG or GIF: the file starts with "<!DOCTYPE html><"`},
		{"cut header", whole[:20], "the PNG cannot be decoded: unexpected EOF"},
		{"cut PNG", whole[:len(whole)-30], "the PNG cannot be decoded: "},
		{"cut JPEG", photo[:len(photo)/2], "the JPEG cannot be decoded: unexpected EOF"},
		{"damaged PNG", append(slices.Clone(whole[:50]), whole[60:]...), "the PNG cannot be decoded: "},
		{"WebP", []byte("RIFF\x00\x01\x00\x00WEBPVP8 "), "a WebP picture, not a PNG"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00"), "a HEIC picture, as iPhones write it, not a PNG"},
		{"PDF", []byte("%PDF-1.7"), "a PDF document, not a PNG"},
		{"huge claim", huge, "16000 x 16000 pixels; the limit is 51000000"},
	} {
		if picture, _, err := read(c.file); picture.Rows != 0 || !says(err, c.want) {
			t.Errorf("%s: %d rows, error %v; want an error with %q", c.name, picture.Rows, err, c.want)
		}
	}
}

func TestPicturesWithoutInkAreErrors(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 100, 100))
	slope, random := image.NewGray(noise.Rect), seeded(1)
	for i := range slope.Pix {
		slope.Pix[i] = byte(100 + i%100)
		noise.Pix[i] = byte(200 + 4*random.NormFloat64())
	}
	inGIF := func(size, rest string) []byte {
		return []byte("GIF89a" + size + "\x80\x00\x00\x00\x00\x00\xff\xff\xff" + rest)
	}
	const end = "\x00\x00\x02\x01,\x00;"
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"GIF of no height", inGIF("\x05\x00\x00\x00", ";"), "5 x 0"},
		{"GIF of no width", inGIF("\x00\x00\x05\x00", ";"), "0 x 5"},
		{"GIF with an empty frame", inGIF("\n\x00\n\x00", ",\x00\x00\x00\x00\x00\x00\x00"+end), "no ink"},
		{"GIF with a frame of no rows", inGIF("\n\x00\n\x00", ",\x00\x00\x00\x00\x05\x00\x00"+end), "no ink"},
		{"one pixel", asPNG(image.NewGray(image.Rect(0, 0, 1, 1))), "no ink"},
		{"all transparent", asPNG(image.NewNRGBA(image.Rect(0, 0, 9, 9))), "no ink"},
		{"paper with light from one side", asPNG(slope), "no ink"},
		{"noisy paper", asPNG(noise), "no ink"},
	} {
		if picture, _, err := read(c.file); picture.Rows != 0 || !says(err, c.want) {
			t.Errorf("%s: %d rows, error %v; want an error with %q", c.name, picture.Rows, err, c.want)
		}
	}
}

func TestDigitIsPutWhereMNISTPutsIt(t *testing.T) {
	// An upright bar of 10 x 40 pixels becomes 5 x 20, in the middle of 28 x 28.
	picture := image.NewGray(image.Rect(0, 0, 300, 100))
	draw.Draw(picture, image.Rect(250, 50, 260, 90), image.NewUniform(color.Gray{200}), image.Point{}, draw.Src)
	picture.SetGray(3, 3, color.Gray{255}) // a speck of dust
	prepared, _, err := read(asPNG(picture))
	if err != nil {
		t.Fatal(err)
	}
	box := litBox(pixels(prepared), prepared.Cols)
	if box.Dy() != 20 || box.Dx() < 5 || box.Dx() > 6 || box.Min.Y < 4 || box.Min.Y > 5 {
		t.Errorf("the bar lies in %v", box)
	}
	if v := pixels(prepared)[14*28+14]; v != 1 {
		t.Errorf("its middle is %v, want 1", v)
	}
	for _, c := range []struct {
		rows, cols, limit int
		read              bool
	}{{1, 1, 300 * 100, true}, {3, 5, 300 * 100, true}, {50, 20, 300 * 100, true}, {28, 28, 300*100 - 1, false}} {
		frame := Frame{Rows: c.rows, Cols: c.cols, Part: 0.7, Mass: true}
		p, _, err := ReadPicture(bytes.NewReader(asPNG(picture)), frame, c.limit)
		if (err == nil) != c.read || c.read && (p.Rows != c.rows || p.Cols != c.cols || slices.Max(p.Greys) != 255) {
			t.Errorf("%+v: %d x %d pixels, error %v", c, p.Rows, p.Cols, err)
		}
	}
}

func FuzzReadPicture(f *testing.F) {
	f.Add([]byte("no picture"))
	f.Add(asPNG(paper(mnist().Test[0].Picture, 40, 30, 3, 1, 1, white, black)))
	f.Add(asGIF(paper(mnist().Test[1].Picture, 28, 28, 0, 0, 1, color.Transparent, black)))
	f.Fuzz(func(t *testing.T, file []byte) {
		picture, _, err := ReadPicture(bytes.NewReader(file), mnistFrame, 100_000)
		if err == nil && (picture.Rows*picture.Cols != 784 || slices.Max(picture.Greys) != 255) {
			t.Errorf("%d pixels, the brightest %d", picture.Rows*picture.Cols, slices.Max(picture.Greys))
		}
	})
}

// The steps that turn a picture into 784 greys, one by one.

func TestPictureBecomesGreyOnWhitePaper(t *testing.T) {
	colours := image.NewNRGBA(image.Rect(5, 5, 9, 6))
	colours.SetNRGBA(5, 5, color.NRGBA{255, 0, 0, 255})
	colours.SetNRGBA(6, 5, color.NRGBA{0, 255, 0, 255})
	colours.SetNRGBA(7, 5, color.NRGBA{0, 0, 255, 255})
	colours.SetNRGBA(8, 5, color.NRGBA{0, 0, 0, 51}) // a fifth of it hides the paper
	large := image.NewGray(image.Rect(0, 0, 401, 4)) // one pixel for three by three, the last ones cut
	for i := range large.Pix {
		large.Pix[i] = byte(i % 401 % 3 * 100)
	}
	for _, c := range []struct {
		name       string
		picture    image.RGBA64Image
		rows, cols int
		at         map[int]float64
	}{
		{"colours", colours, 1, 4, map[int]float64{0: 0.299, 1: 0.587, 2: 0.114, 3: 0.8}},
		{"averages", large, 2, 134, map[int]float64{0: 100. / 255, 1: 100. / 255, 133: 50. / 255}},
		{"not yet averages", image.NewGray(image.Rect(0, 0, 2, 160)), 160, 2, map[int]float64{0: 0}},
	} {
		grey := toGrey(c.picture)
		if grey.rows != c.rows || grey.cols != c.cols {
			t.Errorf("%s: %d x %d greys, want %d x %d", c.name, grey.rows, grey.cols, c.rows, c.cols)
		}
		for i, want := range c.at {
			if math.Abs(grey.at[i]-want) > 1e-4 {
				t.Errorf("%s: grey %d is %.4f, want %.4f", c.name, i, grey.at[i], want)
			}
		}
	}
}

func TestClosingFillsWhatIsNarrowAndDarkAndKeepsWhatIsWide(t *testing.T) {
	f := &field{rows: 5, cols: 9, at: []float64{
		3, 3, 3, 3, 3, 3, 9, 9, 9,
		3, 3, 3, 9, 9, 9, 9, 9, 9,
		3, 3, 9, 9, 1, 1, 9, 9, 9,
		3, 9, 9, 9, 1, 9, 9, 8, 9,
		3, 9, 9, 9, 9, 9, 9, 9, 2,
	}}
	want := []float64{
		3, 3, 3, 3, 3, 3, 9, 9, 9,
		3, 3, 3, 9, 9, 9, 9, 9, 9,
		3, 3, 9, 9, 9, 9, 9, 9, 9,
		3, 9, 9, 9, 9, 9, 9, 9, 9,
		3, 9, 9, 9, 9, 9, 9, 9, 2, // a corner goes on outwards, so it is wide
	}
	for i, v := range closing(f, 3).at {
		if math.Abs(v-want[i]) > 1e-9 {
			t.Errorf("row %d, column %d: %v, want %v", i/9, i%9, v, want[i])
		}
	}
}

func TestInkIsWhatStandsOutFromItsBackground(t *testing.T) {
	even := func(y, x int) float64 { return 0.5 }
	for _, sign := range []float64{1, -1} { // light ink, dark ink
		f := newField(20, 20, even)
		f.at[210] += sign * 0.4
		f.at[211] += sign * 0.4
		f.at[212] += sign * 0.24
		f.at[213] += sign * 0.015 // no more than the unevenness of paper
		f.at[230] -= sign * 0.1   // on the wrong side
		ink, err := findInk(f)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range ink.at {
			want := map[int]float64{210: 1, 211: 1, 212: 0.69}[i]
			if math.Abs(v-want) > 0.02 || want == 0 && v != 0 {
				t.Errorf("sign %v: %v ink at %d, want %v", sign, v, i, want)
			}
		}
	}
	for _, c := range []struct {
		contrast, noise float64
		want            error
	}{{0, 0, ErrNoInk}, {0.095, 0, ErrNoInk}, {0.105, 0, nil}, {0.105, 0.09, ErrNoInk}} {
		f := newField(10, 10, func(y, x int) float64 { return 0.5 + c.noise*float64(x%2) })
		f.at[44] = 0.5 - c.contrast
		if _, err := findInk(f); err != c.want {
			t.Errorf("contrast %v, noise %v: error %v, want %v", c.contrast, c.noise, err, c.want)
		}
	}
}

func TestMarksApartFromTheDigitAreDropped(t *testing.T) {
	ink := newField(60, 100, func(y, x int) float64 { return 0 })
	bar := func(x, y, width, height int) {
		for i := range width * height {
			ink.at[(y+i/width)*100+x+i%width] = 1
		}
	}
	bar(10, 10, 4, 40) // the digit, with 160 ink
	bar(15, 10, 4, 2)  // its other part, as near as a quarter of its size
	bar(28, 10, 4, 2)
	want := slices.Clone(ink.at)
	bar(44, 10, 4, 2) // too far away
	bar(40, 20, 8, 8) // a blot
	if digits := keepDigit(ink); digits != 1 || !slices.Equal(ink.at, want) {
		t.Errorf("%d digits, want 1; the ink in %v", digits, ink.box())
	}
	bar(60, 15, 3, 20) // another digit
	if digits := keepDigit(ink); digits != 2 || !slices.Equal(ink.at, want) {
		t.Errorf("%d digits, want 2; the ink in %v", digits, ink.box())
	}
}

func TestPixelsThatTouchAtACornerAreConnected(t *testing.T) {
	components := connected(&field{rows: 2, cols: 6, at: []float64{
		0, 1, 0, 1, 0, 2,
		1, 0, 1, 0, 0, 0,
	}})
	want := []component{
		{pixels: []int{1, 6, 8, 3}, ink: 4, box: image.Rect(0, 0, 4, 2)},
		{pixels: []int{5}, ink: 2, box: image.Rect(5, 0, 6, 1)},
	}
	if !reflect.DeepEqual(components, want) {
		t.Errorf("the components are %v, want %v", components, want)
	}
}

func TestStrokesAreMeasuredAndWidenedByTheirRadius(t *testing.T) {
	// The outline of a bar is 2 * (4 + 40), less at one corner, where it is sqrt 2 for 2.
	bar := newField(4, 40, func(y, x int) float64 { return 1 })
	if got, want := strokeWidth(bar), 2*160/(88-2+math.Sqrt2); math.Abs(got-want) > 1e-12 {
		t.Errorf("a bar 4 wide is measured as %v, want %v", got, want)
	}
	point := thicken(&field{rows: 1, cols: 1, at: []float64{1}}, 1)
	for i, v := range point.at {
		distance := math.Hypot(float64(i/5-2), float64(i%5-2))
		if want := min(1, 2-distance); point.cols != 5 || math.Abs(v-max(0, want)) > 1e-12 {
			t.Errorf("a point widened by 1 is %v at %.2f from its middle, want %v", v, distance, max(0, want))
		}
	}
	thick := thicken(bar, 3)
	middle := crop(thick, image.Rect(thick.cols/2, 0, thick.cols/2+1, thick.rows))
	if width := dot(middle.at, middle.at); math.Abs(width-10) > 1e-9 {
		t.Errorf("a bar 4 wide is %v wide with 3 more on both sides, want 10", width)
	}
}

func TestOrientationIsReadFromEXIFInEitherOrderOfBytes(t *testing.T) {
	for _, exif := range []string{
		"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x02\x01\x0f12345678ab\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00",
		"Exif\x00\x00II*\x00\x0a\x00\x00\x00..\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00",
	} {
		if got := quarterTurns([]byte(exif)); got != 1 {
			t.Errorf("%q: %d quarter turns, want 1", exif, got)
		}
		for cut := range len(exif) - 4 {
			if got := quarterTurns([]byte(exif[:cut])); got != 0 {
				t.Errorf("the first %d bytes: %d quarter turns, want 0", cut, got)
			}
		}
	}
}

func TestDigitIsCroppedAndScaled(t *testing.T) {
	f := &field{rows: 3, cols: 4, at: []float64{
		0, 0, 0, 0,
		0, 1, 0, 2,
		0, 0, 3, 0,
	}}
	want := &field{rows: 2, cols: 3, at: []float64{1, 0, 2, 0, 3, 0}}
	if part := crop(f, f.box()); !reflect.DeepEqual(part, want) {
		t.Errorf("cropped to %v: %+v, want %+v", f.box(), part, want)
	}
	for _, c := range []struct {
		factor float64
		want   field
	}{
		{0.1, field{rows: 1, cols: 1, at: []float64{3.5}}},
		{0.67, field{rows: 1, cols: 2, at: []float64{4.25 / 1.5, 6.25 / 1.5}}}, // half of the middle column goes to each side
		{2, field{rows: 4, cols: 6, at: []float64{
			1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4, 4, 5, 5, 6, 6,
		}}},
	} {
		got := scale(&field{rows: 2, cols: 3, at: []float64{1, 2, 3, 4, 5, 6}}, c.factor)
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }
		if got.rows != c.want.rows || got.cols != c.want.cols || !slices.EqualFunc(got.at, c.want.at, near) {
			t.Errorf("%v times as large: %v, want %v", c.factor, *got, c.want)
		}
	}
}

func TestDigitIsCentredByItsMass(t *testing.T) {
	// 7 x 7 leaves a side of 5 for the digit. The corner of this one has a third of the ink,
	// so its centre of mass lies at row 1.67 and column 1.67 of the five.
	greys := fitInto(&field{rows: 5, cols: 5, at: []float64{
		2, 0, 0, 0, 0,
		0, 1, 0, 0, 0,
		0, 0, 1, 0, 0,
		0, 0, 0, 1, 0,
		0, 0, 0, 0, 1,
	}}, Frame{Rows: 7, Cols: 7, Part: 5. / 7, Mass: true})
	for i, grey := range greys {
		want := byte(0)
		switch {
		case i == 2*7+2:
			want = 255
		case i/7 == i%7 && i/7 > 2:
			want = 128
		}
		if grey != want {
			t.Fatalf("row %d, column %d has grey %d, want %d", i/7, i%7, grey, want)
		}
	}
}

// fitted returns a set of MNIST's digits in another frame.
func fitted(frame Frame) *Dataset {
	fit := func(examples []Example) (fitted []Example) {
		for _, e := range examples {
			f := asField(e.Picture)
			greys := fitInto(crop(f, f.box()), frame)
			fitted = append(fitted, Example{Picture: NewPicture(frame.Rows, frame.Cols, greys), Label: e.Label})
		}
		return fitted
	}
	return &Dataset{
		Rows: frame.Rows, Cols: frame.Cols, Classes: 10,
		Train: fit(mnist().Train[:3000]), Test: fit(mnist().Test[:100]),
	}
}

func TestPicturesAreReadInTheFrameOfTheSet(t *testing.T) {
	if got := FrameOf(mnist()); got != mnistFrame {
		t.Errorf("MNIST has %+v, want %+v", got, mnistFrame)
	}
	for _, want := range []Frame{
		{Rows: 8, Cols: 8, Part: 1}, {Rows: 16, Cols: 16, Part: 1}, {Rows: 20, Cols: 20, Part: 0.8, Mass: true},
	} {
		set := fitted(want)
		frame := FrameOf(set)
		if frame != want {
			t.Errorf("the frame is %+v, want %+v", frame, want)
		}
		n := NewNetwork([]int{want.Rows * want.Cols, 16, 10}, seeded(1))
		Training{Epochs: 3, Batch: 10, Rate: 1.5}.Train(n, set.Train, seeded(2), func(Progress) error { return nil })
		right, read := 0, 0
		for _, e := range set.Test {
			if Answer(n.Forward(n.NewPass(), e.Picture)) == e.Label {
				right++
			}
			file, greys := image.NewGray(image.Rect(0, 0, 4*want.Cols, 4*want.Rows)), pixels(e.Picture)
			for i := range file.Pix {
				file.Pix[i] = byte(255 * greys[i/file.Stride/4*want.Cols+i%file.Stride/4])
			}
			p, _, err := ReadPicture(bytes.NewReader(asPNG(file)), frame, MaxPicture)
			if err == nil && Answer(n.Forward(n.NewPass(), p)) == e.Label {
				read++
			}
		}
		t.Logf("%+v: %d of %d are right, %d read from PNG", frame, right, len(set.Test), read)
		if right < 80 || read < right-6 {
			t.Errorf("%+v: %d of %d are right, but %d read from PNG", frame, right, len(set.Test), read)
		}
	}
}

// The command.

func TestPredictReadsEachFileAndGoesOnAfterABadOne(t *testing.T) {
	folder, net := t.TempDir(), saved(t, trained())
	small, dim := saved(t, NewNetwork([]int{64, 10}, seeded(1))), trained().Clone()
	for j := range dim.Biases[3] {
		dim.Biases[3][j] -= 20
	}
	file := asPNG(paper(mnist().Test[0].Picture, 60, 60, 10, 10, 1, white, black))
	good, bad := write(t, folder, "seven.png", file), write(t, folder, "bad.png", []byte("text"))
	stdin, err := os.Open(good)
	if err != nil {
		t.Fatal(err)
	}
	defer func(old *os.File) { os.Stdin = old; stdin.Close() }(os.Stdin)
	os.Stdin = stdin
	for _, c := range []struct {
		args     []string
		code     int
		out, err string
	}{
		{[]string{good}, 0, "^" + regexp.QuoteMeta(good) + `: 7  activation 0\.\d\d, then \d with 0\.\d\d\n$`, "^$"},
		{[]string{"-"}, 0, "^-: 7  ", "^$"},
		{[]string{good, bad, good}, 1, "(?s)^.*: 7  .*\n.*: 7  .*\n$",
			`^digits: .*bad\.png: not a PNG.*\ndigits: 1 of 3 pictures could not be read\n$`},
		{[]string{filepath.Join(folder, "none.png")}, 1, "^$", "^digits: open .*none.png: no such file.*\n$"},
		{[]string{"-net", saved(t, dim), good}, 0, `: 7  activation 0\.\d\d, then \d with 0\.\d\d; unsure\n$`, "^$"},
		{[]string{folder}, 1, "^$", "^digits: .*is a directory\n$"},
		{[]string{"-v", good}, 0, `(?s): 7  .*█.*  7 0\.\d\d\d █`, "^$"},
		{nil, 1, "^$", "^digits: predict: no picture;.*\n$"},
		{[]string{"-net", small, good}, 1, "^$", "^digits: .*: not a network for MNIST; .* -data\n$"},
	} {
		code, out, err := call(append([]string{"predict", "-net", net}, c.args...)...)
		matches := func(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
		if code != c.code || !matches(c.out, out) || !matches(c.err, err) {
			t.Errorf("%v: exit %d, out %q, err %q; want exit %d, out %q, err %q", c.args, code, out, err, c.code, c.out, c.err)
		}
	}
}

func TestAnswerBelowOneHalfIsUnsure(t *testing.T) {
	if !unsure([]float64{0.1, 0.49}) || unsure([]float64{0.51, 0.1}) {
		t.Error("0.49 should be unsure and 0.51 should not")
	}
}

// The styles of train -styles.

func TestStylesAreAddedToSomeDigits(t *testing.T) {
	random := seeded(1)
	for label, share := range map[int]float64{0: 0.1, 1: 0.25, 2: 0, 9: 0.2} {
		digits, changed := 0, 0
		for _, e := range mnist().Train {
			if e.Label != label || digits == 1000 {
				continue
			}
			digits++
			p := Styles(e, random)
			if reflect.DeepEqual(p, e.Picture) {
				continue
			}
			changed++
			f, before := asField(p), asField(e.Picture)
			y, x := f.centre(true)
			if math.Abs(f.part()-before.part()) > 0.04 || math.Hypot(y-14, x-14) > 1.5 {
				t.Fatalf("a %d has %v of its frame, want %v, and its centre at %v, %v", label, f.part(), before.part(), y, x)
			}
		}
		if got := float64(changed) / 1000; math.Abs(got-share) > 0.04 {
			t.Errorf("of the %ds %v are changed, want %v", label, got, share)
		}
	}
}

func TestStylesFitPicturesOfAnySize(t *testing.T) {
	random := seeded(1)
	for _, size := range []image.Point{{1, 1}, {2, 1}, {1, 9}, {40, 2}} {
		blank := NewPicture(size.Y, size.X, make([]byte, size.X*size.Y))
		if p := restyle(blank, random, (*pen).addHook); !reflect.DeepEqual(p, blank) {
			t.Errorf("a blank picture of %v pixels is changed", size)
		}
		lit := NewPicture(size.Y, size.X, bytes.Repeat([]byte{200}, size.X*size.Y))
		for range 100 {
			for _, add := range []func(*pen){(*pen).addFlagOrFoot, (*pen).addHook, (*pen).addSlash} {
				if p := restyle(lit, random, add); p.Rows != size.Y || p.Cols != size.X {
					t.Fatalf("a picture of %v pixels becomes %d x %d", size, p.Cols, p.Rows)
				}
			}
		}
	}
}
