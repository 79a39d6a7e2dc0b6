package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var black, white = color.NRGBA{0, 0, 0, 255}, color.NRGBA{255, 255, 255, 255}

// paper returns a picture of width x height pixels in the colour of the background, with a
// digit on it at x, y, zoom times as large and in the colour of the ink.
func paper(digit Picture, width, height, x, y, zoom int, background, ink color.Color) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Rect, image.NewUniform(background), image.Point{}, draw.Src)
	mask, greys := image.NewAlpha(image.Rect(0, 0, 28*zoom, 28*zoom)), greysOf(digit)
	for i := range mask.Pix {
		mask.Pix[i] = greys[i/mask.Stride/zoom*28+i%mask.Stride/zoom]
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

// stillRead reads digits in files made from them and fails the test if fewer than the least
// percentage of those that the network reads in the original are read, without a warning.
func stillRead(t *testing.T, digits []Example, least float64, file func(Picture) []byte) {
	t.Parallel()
	n := trained()
	pass := n.NewPass()
	original, same := 0, 0
	for _, e := range digits {
		if Answer(n.Forward(pass, e.Picture)) != e.Label {
			continue
		}
		original++
		picture, done, err := read(file(e.Picture))
		if err == nil && Answer(n.Forward(pass, picture)) == e.Label && done.Warning == "" {
			same++
		}
	}
	t.Logf("read: %.1f%% of the %d that are read in the original", percent(same, original), original)
	if percent(same, original) < least {
		t.Error("too few")
	}
}

// read reads a picture for MNIST's networks.
func read(file []byte) (Picture, Preparation, error) {
	return ReadPicture(context.Background(), bytes.NewReader(file), mnistFrame, MaxPicture)
}

func TestDigitsInPicturesOfAllKindsAreReadLikeTheOriginals(t *testing.T) {
	t.Parallel()
	dark, none := color.NRGBA{30, 30, 60, 255}, color.NRGBA{}
	digits := mnist().Test[:300]
	if raced() {
		digits = digits[:50]
	}
	for name, file := range map[string]func(Picture) []byte{
		"as it is":            func(p Picture) []byte { return asPNG(paper(p, 28, 28, 0, 0, 1, black, white)) },
		"inverted":            func(p Picture) []byte { return asPNG(paper(p, 28, 28, 0, 0, 1, white, black)) },
		"enlarged to 200x300": func(p Picture) []byte { return asPNG(paper(p, 200, 300, 2, 50, 7, white, dark)) },
		"in a corner":         func(p Picture) []byte { return asPNG(paper(p, 90, 60, 62, 32, 1, black, white)) },
		"cut off at the ink": func(p Picture) []byte {
			return asPNG(paper(p, 28, 28, 0, 0, 1, white, black).SubImage(litBox(pixels(p), 28).Inset(-1)))
		},
		"dark ink, transparent":  func(p Picture) []byte { return asPNG(paper(p, 56, 56, 0, 0, 2, none, dark)) },
		"light ink, transparent": func(p Picture) []byte { return asPNG(paper(p, 56, 56, 0, 0, 2, none, white)) },
		"JPEG": func(p Picture) []byte {
			return asJPEG(paper(p, 120, 120, 4, 4, 4, white, dark), 60)
		},
		"GIF": func(p Picture) []byte { return asGIF(paper(p, 56, 56, 0, 0, 2, white, dark)) },
		"yellow on blue": func(p Picture) []byte {
			return asPNG(paper(p, 84, 84, 0, 0, 3, color.NRGBA{20, 40, 120, 255}, color.NRGBA{250, 220, 80, 255}))
		},
		"16 bits of grey": func(p Picture) []byte {
			picture := image.NewGray16(image.Rect(0, 0, 28, 28))
			for i, grey := range greysOf(p) {
				picture.SetGray16(i%28, i/28, color.Gray16{uint16(grey) * 257})
			}
			return asPNG(picture)
		},
		"12 of 16 bits": func(p Picture) []byte {
			picture := image.NewGray16(image.Rect(0, 0, 28, 28))
			for i, grey := range greysOf(p) {
				picture.SetGray16(i%28, i/28, color.Gray16{uint16(grey) * 16})
			}
			return asPNG(picture)
		},
		"pale": func(p Picture) []byte { return asPNG(paper(p, 84, 84, 0, 0, 3, white, color.Gray{247})) },
		"uneven light, with noise": func(p Picture) []byte {
			picture := paper(p, 120, 120, 20, 10, 3, white, color.NRGBA{40, 40, 50, 255})
			random := seeded(1)
			for i := range picture.Pix {
				if x, y := i/4%120, i/480; i%4 < 3 { // one corner has little more than half the light of the other
					light := 0.5 + 0.4*float64(x+y)/240
					picture.Pix[i] = byte(float64(picture.Pix[i])*light + 6*random.NormFloat64() + 12)
				}
			}
			return asPNG(picture)
		},
	} {
		t.Run(name, func(t *testing.T) { stillRead(t, digits, 93, file) })
	}
}

func TestDigitsAreReadInSpiteOfWhatIsAroundThem(t *testing.T) {
	t.Parallel()
	within := func(x, y, low, high int) bool { return min(x, y) >= low && max(x, y) < high }
	// The brightness at x, y of 300 x 300, where it is v on plain paper.
	for name, light := range map[string]func(x, y int, v float64) float64{
		"low contrast": func(x, y int, v float64) float64 { return 0.5 + 0.2*v },
		"dark corners": func(x, y int, v float64) float64 {
			return v * (1 - 0.25*float64((x-150)*(x-150)+(y-150)*(y-150))/22500)
		},
		"hard edge of a shadow":   func(x, y int, v float64) float64 { return pick(x+y/3 > 190, v*0.7, v) },
		"dark table around paper": func(x, y int, v float64) float64 { return pick(within(x, y, 15, 282), v, 0.25) },
		"more of the table": func(x, y int, v float64) float64 {
			return pick(within(x, y, 48, 252), v, 0.1+float64((7*x+13*y)%10)/100)
		},
		"dark border on two sides":       func(x, y int, v float64) float64 { return pick(x > 60 && y > 60, v, 0) },
		"light border of a dark picture": func(x, y int, v float64) float64 { return pick(within(x, y, 50, 250), 1-v, 1) },
		"drawn frame": func(x, y int, v float64) float64 {
			return pick(within(x, y, 10, 290) && !within(x, y, 13, 287), 0.2, v)
		},
		"strip along an edge": func(x, y int, v float64) float64 { return pick(y > 270, v*0.5, v) },
		"blot": func(x, y int, v float64) float64 {
			return pick((x-30)*(x-30)+(y-265)*(y-265) < 150, 0.2, v)
		},
		"line through the digit": func(x, y int, v float64) float64 { return pick(y/3 == 50, 0.2, v) },
		"ruled paper, tilted":    func(x, y int, v float64) float64 { return pick((y+x/24)%34 < 3, v*0.5, v) },
		"lines in perspective, bent": func(x, y int, v float64) float64 {
			at := float64(y-150)*(1+0.0008*float64(x-150)) + 0.0002*float64((x-150)*(x-150)) + 0.03*float64(x)
			return pick(math.Mod(at+340, 34) < 3, v*0.6, v)
		},
		"squared paper": func(x, y int, v float64) float64 { return pick(x%30 < 2 || y%30 < 2, v*0.75, v) },
	} {
		t.Run(name, func(t *testing.T) {
			stillRead(t, mnist().Test[:30], 85, func(p Picture) []byte {
				picture := paper(p, 300, 300, 66, 66, 6, color.Gray{215}, color.Gray{50})
				for i, v := range picture.Pix {
					if i%4 < 3 {
						picture.Pix[i] = byte(255 * light(i/4%300, i/1200, float64(v)/255))
					}
				}
				return asPNG(picture)
			})
		})
	}
}

// pick returns a if the condition holds, otherwise b.
func pick(condition bool, a, b float64) float64 {
	if condition {
		return a
	}
	return b
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

func TestStrokesAreMeasuredAndWidenedByTheirRadius(t *testing.T) {
	bar := newField(4, 40) // its outline is 2 * (4 + 40), less at one corner, where it is sqrt 2 for 2
	for i := range bar.at {
		bar.at[i] = 1
	}
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
		t.Errorf("a bar 4 wide is %v wide with 3 more on both sides", width)
	}
}

func TestPixelsThatTouchAtACornerAreConnected(t *testing.T) {
	for _, p := range connected(&field{rows: 3, cols: 5, at: []float64{0, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}}) {
		if want := map[float64]image.Rectangle{2: image.Rect(0, 0, 2, 2)}[p.ink]; len(p.pixels) == 2 && p.box != want {
			t.Errorf("two pixels that touch at a corner are a component in %v, want %v", p.box, want)
		} else if len(p.pixels) == 1 && p.box != image.Rect(4, 0, 5, 1) {
			t.Errorf("the single pixel is a component in %v", p.box)
		}
	}
}

func TestThinStrokesAreThickened(t *testing.T) {
	for _, c := range []struct {
		name    string
		picture *image.Gray
		thin    bool
	}{
		{"a pen of 2.5 pixels on 400 x 400", ring(400, 2.5, 1, 0.9, 0.2, 200, 200, 150), true},
		{"a line of 1 pixel on 28 x 28", ring(28, 1, 1, 0, 1, 14, 14, 11), true},
		{"a marker", ring(400, 40, 1, 0.9, 0.2, 200, 200, 150), false},
		{"a pale digit near a corner", ring(172, 9, 2, 0.8, 0.47, 26, 32, 28), false},
		{"a blurred digit up to the edges", ring(120, 14, 14, 0.65, 0.3, 60, 60, 54), false},
	} {
		picture, done, err := read(asPNG(c.picture))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		f := asField(picture)
		width := strokeWidth(scale(crop(f, f.box()), measuredSide/20.))
		answer := Answer(trained().Forward(trained().NewPass(), picture))
		thickened := slices.Contains(done.Done, "thickened thin strokes")
		if answer != 0 || width < 6.5 || width > 14 || thickened != c.thin {
			t.Errorf("%s: read as %d, strokes of %.1f pixels in 80, %v", c.name, answer, width, done)
		}
	}
}

func TestFrameWithTheMostInkIsRead(t *testing.T) {
	palette := color.Palette{color.White, color.Gray{128}, color.Black, color.Transparent}
	digit := paper(mnist().Test[0].Picture, 56, 56, 0, 0, 2, white, black)
	frame := func(part image.Rectangle) *image.Paletted {
		f := image.NewPaletted(part, palette)
		draw.Draw(f, f.Rect, digit, f.Rect.Min, draw.Src)
		return f
	}
	blank, whole := frame(image.Rect(0, 0, 3, 3)), frame(digit.Rect)
	upper, lower := frame(image.Rect(0, 0, 56, 20)), frame(image.Rect(0, 20, 56, 56))
	want, _, _ := read(asPNG(whole))
	alone := frame(digit.Rect) // the lower part
	draw.Draw(alone, image.Rect(0, 0, 56, 20), image.White, image.Point{}, draw.Src)
	part, _, _ := read(asPNG(alone))
	for _, c := range []struct {
		name     string
		frames   []*image.Paletted
		disposal byte
		limit    int
		want     Picture
	}{
		{"after blank ones", []*image.Paletted{blank, blank, whole, blank}, 0, MaxPicture, want},
		{"it grows", []*image.Paletted{upper, lower}, gif.DisposalNone, MaxPicture, want},
		{"frames that are cleared", []*image.Paletted{upper, lower, upper}, gif.DisposalBackground, MaxPicture, part},
		{"frames that are taken back", []*image.Paletted{upper, lower, upper}, gif.DisposalPrevious, MaxPicture, part},
		{"more pixels than the limit", []*image.Paletted{blank, blank, whole}, 0, 3*56*56 - 1, Picture{}},
		{"too many frames", append(slices.Repeat([]*image.Paletted{blank}, 300), whole), 0, MaxPicture, Picture{}},
	} {
		animation := &gif.GIF{Image: c.frames, Delay: make([]int, len(c.frames)), Config: image.Config{Width: 56, Height: 56}}
		animation.Disposal = bytes.Repeat([]byte{c.disposal}, len(c.frames))
		var file bytes.Buffer
		if err := gif.EncodeAll(&file, animation); err != nil {
			t.Fatal(err)
		}
		got, _, err := ReadPicture(t.Context(), &file, mnistFrame, c.limit)
		if !reflect.DeepEqual(got, c.want) || (err != nil) != (c.want.Rows == 0) {
			t.Errorf("%s: error %v, or not the frame with the most ink", c.name, err)
		}
	}
}

// scans returns a progressive JPEG of 1024 x 1024 pixels with this number of scans. Each has 12 bytes and
// visits all blocks without changing one.
func scans(count int) []byte {
	table := "\xff\xdb\x00\x43\x00" + strings.Repeat("\x01", 64)
	frame := "\xff\xc2\x00\x0b\x08\x04\x00\x04\x00\x01\x01\x11\x00"
	code := "\xff\xc4\x00\x14\x10\x01" + strings.Repeat("\x00", 15) + "\xe0" // 0 is the end of 2^14 blocks
	scan := "\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00" + "\x00\x01"
	return []byte("\xff\xd8" + table + frame + code + strings.Repeat(scan, count) + "\xff\xd9")
}

func TestDecodingHasAPrice(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		file []byte
		want string
	}{
		{"20 scans", t.Context(), scans(20), "no ink"},
		{"70,000 scans", t.Context(), scans(70_000), "too many scans: save it as PNG"},
		{"a request that has ended", done, scans(20), "context canceled"},
		{"an animation after that", done, asGIF(image.NewGray(image.Rect(0, 0, 9, 9))), "context canceled"},
	} {
		if _, _, err := ReadPicture(c.ctx, bytes.NewReader(c.file), mnistFrame, 4_000_000); !says(err, c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestPhotoThatLiesDownIsTurnedUpright(t *testing.T) {
	picture := ring(60, 5, 1, 0.9, 0.1, 30, 20, 12)
	draw.Draw(picture, image.Rect(28, 20, 32, 55), image.Black, image.Point{}, draw.Src) // not symmetric
	lying := image.NewGray(picture.Rect)
	for i := range lying.Pix {
		lying.Pix[i] = picture.Pix[i%60*60+59-i/60]
	}
	exif := "\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08" +
		"\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	want, _, _ := read(asPNG(picture))
	got, done, err := read(slices.Insert(asJPEG(lying, 100), 2, []byte(exif)...))
	if err != nil || !slices.Contains(done.Done, "turned upright") {
		t.Fatalf("error %v, done %v", err, done.Done)
	}
	for i, grey := range greysOf(got) {
		if off := int(grey) - int(greysOf(want)[i]); off < -30 || off > 30 {
			t.Fatalf("pixel %d has grey %d, want about %d", i, grey, greysOf(want)[i])
		}
	}
}

func TestTwoDigitsSideBySideGiveAWarning(t *testing.T) {
	page := ring(200, 8, 1, 0.9, 0.1, 60, 100, 40)
	draw.Draw(page, image.Rect(130, 60, 138, 140), image.Black, image.Point{}, draw.Src)
	picture, done, err := read(asPNG(page))
	if err != nil || !strings.Contains(done.Warning, "2 digits") {
		t.Fatalf("error %v, warning %q", err, done.Warning)
	}
	if answer := Answer(trained().Forward(trained().NewPass(), picture)); answer != 0 {
		t.Errorf("read as %d, want the larger digit, a 0", answer)
	}
}

func TestPicturesWithoutADigitAreErrorsThatSayWhy(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 100, 100))
	slope, random := image.NewGray(noise.Rect), seeded(1)
	for i := range slope.Pix {
		slope.Pix[i] = byte(100 + i%100)
		noise.Pix[i] = byte(200 + 4*random.NormFloat64())
	}
	digit := mnist().Test[0].Picture
	whole := asPNG(paper(digit, 28, 28, 0, 0, 1, black, white))
	photo := asJPEG(paper(digit, 60, 60, 0, 0, 2, white, black), 75)
	huge := slices.Clone(whole) // its header says 100,000 x 100,000, with a checksum to match
	binary.BigEndian.PutUint32(huge[16:], 100000)
	binary.BigEndian.PutUint32(huge[20:], 100000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	inPhoto := func(old, new string) []byte { return bytes.Replace(photo, []byte(old), []byte(new), 1) }
	inGIF := func(size, rest string) []byte { return []byte("GIF89a" + size + "\x80\x00\x00\x00\x00\x00" + rest) }
	const colour, end = "\xff\xff\xff", "\x00\x00\x02\x01,\x00;"
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "the file is empty"},
		{"text", []byte("seven"), "not a PNG, JPEG or GIF"},
		{"cut header", whole[:20], "the PNG is cut off"},
		{"cut PNG", whole[:len(whole)-30], "the PNG is cut off"},
		{"cut JPEG", photo[:len(photo)/2], "the JPEG is cut off"},
		{"cut GIF", []byte("GIF89a\n\x00\n\x00\x80\x00\x00\x00\x00"), "the GIF is cut off"},
		{"damaged PNG", append(slices.Clone(whole[:50]), whole[60:]...), "the PNG is damaged"},
		{"damaged JPEG", inPhoto("\xff\xda", "\xff\xc0"), "the JPEG is damaged"},
		{"JPEG with 12 bits", inPhoto("\xff\xc0\x00\x11\x08", "\xff\xc0\x00\x11\x0c"), "a rare kind of JPEG"},
		{"WebP", []byte("RIFF\x00\x01\x00\x00WEBPVP8 "), "a WebP picture: save it as PNG"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00"), "HEIC, as iPhones write it: save it as JPEG"},
		{"web page", []byte("<!doctype HTML><html>"), "a web page: download the file itself"},
		{"pointer", []byte("version https://git-lfs.github.com/spec/v1\noid"), "run git lfs pull"},
		{"huge claim", huge, "100000 x 100000 pixels; at least 1 and at most 51 million"},
		{"GIF of no size", inGIF("\x00\x00\x00\x00", colour+";"), "0 x 0"},
		{"GIF of no height", inGIF("\x05\x00\x00\x00", colour+";"), "5 x 0"},
		{"GIF of no width", inGIF("\x00\x00\x05\x00", colour+";"), "0 x 5"},
		{"GIF with an empty frame", inGIF("\n\x00\n\x00", colour+",\x00\x00\x00\x00\x00\x00\x00"+end), "no ink"},
		{"GIF with a frame of no rows", inGIF("\n\x00\n\x00", colour+",\x00\x00\x00\x00\x05\x00\x00"+end), "no ink"},
		{"one pixel", asPNG(image.NewGray(image.Rect(0, 0, 1, 1))), "no ink"},
		{"all transparent", asPNG(image.NewNRGBA(image.Rect(0, 0, 9, 9))), "no ink"},
		{"paper with light from one side", asPNG(slope), "no ink"},
		{"noisy paper", asPNG(noise), "no ink"},
		{"the space within a pale hair", asPNG(ring(160, 1, 1, 0.9, 0.84, 80, 80, 30)), "no ink"},
	} {
		if picture, _, err := read(c.file); picture.Rows != 0 || !says(err, c.want) {
			t.Errorf("%s: %d rows, error %v; want an error with %q", c.name, picture.Rows, err, c.want)
		}
	}
}

func TestNoUniformPictureHasInk(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 9, 7))
	for i := range 256 + 512 {
		c := color.RGBA{byte(i), byte(i), byte(i), 255}
		if i >= 256 {
			c = color.RGBA{byte(i % 8 * 36), byte(i / 8 % 8 * 36), byte(i / 64 % 8 * 36), 255}
		}
		draw.Draw(picture, picture.Rect, image.NewUniform(c), image.Point{}, draw.Src)
		if _, _, err := findDigit(picture); err != ErrNoInk {
			t.Errorf("%v: error %v, want %v", c, err, ErrNoInk)
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
	if grey := greysOf(prepared)[14*28+14]; grey != 255 {
		t.Errorf("its middle has grey %d", grey)
	}
	for _, c := range []struct {
		rows, cols, limit int
		read              bool
	}{{1, 1, 300 * 100, true}, {3, 5, 300 * 100, true}, {50, 20, 300 * 100, true}, {28, 28, 300*100 - 1, false}} {
		frame := Frame{Rows: c.rows, Cols: c.cols, Part: 0.7, Mass: true}
		p, _, err := ReadPicture(t.Context(), bytes.NewReader(asPNG(picture)), frame, c.limit)
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
		picture, _, err := ReadPicture(t.Context(), bytes.NewReader(file), mnistFrame, 100_000)
		if err == nil && (picture.Rows*picture.Cols != 784 || slices.Max(picture.Greys) != 255) {
			t.Errorf("%d pixels, the brightest %d", picture.Rows*picture.Cols, slices.Max(picture.Greys))
		}
	})
}

func TestPredictReadsEachFileAndGoesOnAfterABadOne(t *testing.T) {
	folder, net := t.TempDir(), saved(t, trained())
	file := asPNG(paper(mnist().Test[0].Picture, 60, 60, 10, 10, 1, white, black))
	good, bad := write(t, folder, "seven.png", file), write(t, folder, "bad.png", []byte("text"))
	escape := write(t, folder, "\x1b[2J.png", file) // it would clear the screen
	for _, c := range []struct {
		args     []string
		code     int
		out, err string
	}{
		{[]string{good}, 0, "^" + regexp.QuoteMeta(good) + `: 7  activation 0\.\d\d, then \d with 0\.\d\d\n$`, "^$"},
		{[]string{"-"}, 0, "^-: 7  ", "^$"},
		{[]string{good, bad, good}, 1, "(?s)^.*: 7  .*\n.*: 7  .*\n$",
			`^digits: .*bad\.png: not a PNG.*\ndigits: 1 of 3 `},
		{[]string{filepath.Join(folder, "none.png")}, 1, "^$", "none.png: no such file"},
		{[]string{"-v", good}, 0, `(?s): 7  .*prepared: .*into 20 x 20 of 28 x 28 pixels, .* mass .*  7 0\.\d\d\d █`, "^$"},
		{nil, 2, "^$", "no picture"},
		{[]string{filepath.Join(folder, "s*.png")}, 0, `^.*seven\.png: 7  .*\n$`, "^$"}, // for shells that do not expand it
		{[]string{filepath.Join(folder, "t*.png")}, 1, "^$", "t\\*.png: no such file"},
		{[]string{escape}, 0, `^[^\x1b]*\\x1b\[2J\.png: 7  .*\n$`, "^$"},
		{[]string{escape + "no"}, 1, "^$", `^digits: [^\x1b]*\\x1b\[2J\.pngno: no such file`},
	} {
		code, out, err := callWith(file, append([]string{"predict", "-net", net}, c.args...)...)
		matches := func(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
		if code != c.code || !matches(c.out, out) || !matches(c.err, err) {
			t.Errorf("%v: exit %d, out %q, err %q; want exit %d, out %q, err %q", c.args, code, out, err, c.code, c.out, c.err)
		}
	}
}

// The steps that turn a picture into 784 greys, one by one.

func TestPictureBecomesGreyWithWhateverShowsThroughIt(t *testing.T) {
	picture := image.NewNRGBA(image.Rect(5, 5, 8, 6))
	picture.SetNRGBA(5, 5, color.NRGBA{255, 0, 0, 255})
	picture.SetNRGBA(6, 5, color.NRGBA{0, 255, 0, 255})
	picture.SetNRGBA(7, 5, color.NRGBA{0, 0, 255, 255})
	dark, light := image.NewNRGBA(image.Rect(0, 0, 2, 1)), image.NewNRGBA(image.Rect(0, 0, 2, 1))
	dark.SetNRGBA(0, 0, color.NRGBA{51, 51, 51, 255})
	light.SetNRGBA(0, 0, color.NRGBA{204, 204, 204, 255})
	large := image.NewGray(image.Rect(0, 0, 401, 4)) // one in three by three, the last ones cut
	for i := range large.Pix {
		large.Pix[i] = byte(i % 401 % 3 * 100)
	}
	for _, c := range []struct {
		name    string
		picture image.RGBA64Image
		step    int
		first   []float64
	}{
		{"colours", picture, 1, []float64{0.299, 0.587, 0.114}},
		{"dark ink on nothing", dark, 1, []float64{0.2, 1}},
		{"light ink on nothing", light, 1, []float64{0.8, 0}},
		{"averages", large, 3, []float64{100.0 / 255, 100.0 / 255}},
		{"not yet averages", image.NewGray(image.Rect(0, 0, 2, 160)), 1, []float64{0, 0}},
	} {
		grey, step := toGrey(c.picture, c.picture.Bounds())
		for i, want := range c.first {
			if step != c.step || math.Abs(grey.at[i]-want) > 1e-4 {
				t.Errorf("%s: step %d, %.4f; want %d, %v", c.name, step, grey.at[:len(c.first)], c.step, c.first)
				break
			}
		}
	}
	grey, _ := toGrey(large, large.Rect)
	if grey.rows != 2 || grey.cols != 134 || math.Abs(grey.at[133]-50.0/255) > 1e-4 {
		t.Errorf("401 x 4 became %d x %d, its corner %.4f", grey.cols, grey.rows, grey.at[133])
	}
}

func TestWhatIsSmallOnALargePictureIsLookedAtClosely(t *testing.T) {
	page := image.NewGray(image.Rect(100, 50, 900, 450)) // five pixels in one at first sight
	draw.Draw(page, page.Bounds(), image.NewUniform(color.Gray{230}), image.Point{}, draw.Src)
	draw.Draw(page, image.Rect(400, 250, 440, 290), image.NewUniform(color.Gray{30}), image.Point{}, draw.Src)
	ink, _, err := findDigit(page)
	if err != nil {
		t.Fatal(err)
	}
	// 8 x 8 of those, with a margin of 2 + 8/4 on each side, make 80 x 80 pixels.
	if box := litBox(ink.at, ink.cols); ink.rows != 80 || ink.cols != 80 || box != image.Rect(20, 20, 60, 60) {
		t.Errorf("seen in %d x %d pixels, the ink in %v", ink.cols, ink.rows, box)
	}
	page = page.SubImage(image.Rect(320, 170, 480, 330)).(*image.Gray) // small enough as it is
	if ink, _, err := findDigit(page); err != nil || ink.cols != 160 {
		t.Errorf("a picture of 160 x 160 is seen in %d pixels, error %v", ink.cols, err)
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
	for _, sign := range []float64{1, -1} { // light ink, dark ink
		f := newField(20, 20)
		for i := range f.at {
			f.at[i] = 0.5
		}
		f.at[210] += sign * 0.4
		f.at[211] += sign * 0.4
		f.at[212] += sign * 0.24
		f.at[213] += sign * 0.015 // no more than the unevenness of paper
		f.at[230] -= sign * 0.1   // on the wrong side
		ink, _, err := findInk(f)
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
		pixels          int
		want            error
	}{
		{0.095, 0, 1, ErrNoInk}, {0.105, 0, 1, nil}, // a little of it must be clear
		{0.019, 0, 2, ErrNoInk}, {0.021, 0, 2, nil}, {0.03, 0.008, 2, ErrNoInk}, // more may be pale, on even paper
	} {
		f := newField(10, 10)
		for i := range f.at {
			f.at[i] = 0.5 + c.noise*float64(i%2)
		}
		for i := range c.pixels {
			f.at[44+i] = 0.5 + c.contrast
		}
		if _, _, err := findInk(f); err != c.want {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

func TestMarksApartFromTheDigitAreDropped(t *testing.T) {
	ink := newField(60, 100)
	bar := func(x, y, width, height int) {
		for i := range width * height {
			ink.at[(y+i/width)*100+x+i%width] = 1
		}
	}
	bar(10, 10, 4, 40) // the digit, with 160 ink
	bar(15, 10, 4, 2)  // its other part, as near as a quarter of its size
	bar(28, 10, 4, 2)
	bar(44, 10, 4, 2) // too far away
	bar(12, 52, 1, 1) // a dot of its broken stroke
	bar(16, 56, 1, 1) // dust
	bar(40, 20, 8, 8) // a blot
	want := slices.Clone(ink.at)
	want[56*100+16] = 0
	for y := range 30 {
		clear(want[y*100+40 : y*100+48])
	}
	if digits := keepDigit(ink); digits != 1 || !slices.Equal(ink.at, want) {
		t.Errorf("%d digits, the ink in %v", digits, litBox(ink.at, ink.cols))
	}
	bar(60, 15, 3, 20) // another digit
	if digits := keepDigit(ink); digits != 2 || !slices.Equal(ink.at, want) {
		t.Errorf("%d digits, want 2; the ink in %v", digits, litBox(ink.at, ink.cols))
	}
}

func TestUprightTurnsTheEightOrientationsOfEXIF(t *testing.T) {
	for i, stored := range []string{"ABCDEF", "CBAFED", "FEDCBA", "DEFABC", "ADBECF", "CFBEAD", "FCEBDA", "DAEBFC"} {
		f := &field{rows: 2, cols: 3}
		if i+1 >= 5 {
			f = &field{rows: 3, cols: 2}
		}
		for _, letter := range stored {
			f.at = append(f.at, float64(letter))
		}
		if got := upright(f, i+1); got.rows != 2 || !slices.Equal(got.at, []float64{'A', 'B', 'C', 'D', 'E', 'F'}) {
			t.Errorf("orientation %d: %+v, want A B C above D E F", i+1, got)
		}
	}
	for _, exif := range []string{
		"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x02\x01\x0f12345678ab\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00",
		"Exif\x00\x00II*\x00\x0a\x00\x00\x00..\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00",
	} {
		if got := readOrientation([]byte(exif)); got != 6 {
			t.Errorf("%q: orientation %d, want 6", exif, got)
		}
		for cut := range len(exif) - 4 {
			if got := readOrientation([]byte(exif[:cut])); got != 1 {
				t.Errorf("the first %d bytes: orientation %d", cut, got)
			}
		}
	}
}

func TestDigitIsCroppedScaledAndCentred(t *testing.T) {
	f := &field{rows: 3, cols: 4, at: []float64{
		0, 0, 0, 0,
		0, 1, 0, 2,
		0, 0, 3, 0,
	}}
	box := litBox(f.at, f.cols)
	want := &field{rows: 2, cols: 3, at: []float64{1, 0, 2, 0, 3, 0}}
	if part := crop(f, box); box != image.Rect(1, 1, 4, 3) || !reflect.DeepEqual(part, want) {
		t.Errorf("cropped to %v: %+v", box, part)
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

// A photo of 2 million pixels. Most of the time goes into decoding its file.
func BenchmarkReadPicture(b *testing.B) {
	photo := image.NewYCbCr(image.Rect(0, 0, 1632, 1224), image.YCbCrSubsampleRatio420)
	for i := range photo.Y {
		photo.Y[i] = byte(pick(i%1632/100 == 6 && i/1632/600 == 1, 50, 220))
	}
	file := asJPEG(photo, 75)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			jpeg.Decode(bytes.NewReader(file))
		}
	})
	b.Run("prepare", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := findDigit(photo); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestPredictCalledWronglyFailsInOneClearLine(t *testing.T) {
	empty, net := t.TempDir(), saved(t, NewNetwork([]int{784, 10}, seeded(1)))
	small := saved(t, NewNetwork([]int{64, 10}, seeded(1)))
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"predict -net " + net, 2, "no picture"},
		{"predict -net " + net + " https://example.org/4.png", 1, "an address"},
		{"predict -net " + net + " " + empty, 1, "a folder; name the pictures in it"},
		{"predict -net " + small + " four.png", 1, "not a network for MNIST; name the folder with its data with -data"},
		{"predict -net matrix.go four.png", 1, "not a saved network"},
	} {
		code, _, err := call(strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(err, c.want) || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: exit %d, %q; want %d and one line with %s", c.args, code, err, c.code, c.want)
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
			t.Errorf("%+v, want %+v", frame, want)
		}
		n := NewNetwork([]int{want.Rows * want.Cols, 16, 10}, seeded(1))
		Training{Epochs: 3, Batch: 10, Rate: 1.5}.Train(n, set.Train, seeded(2), func(Progress) error { return nil })
		right := n.Score(set.Test).Right
		read := 0
		for _, e := range set.Test {
			file := image.NewGray(image.Rect(0, 0, 4*want.Cols, 4*want.Rows))
			greys := greysOf(e.Picture)
			for i := range file.Pix {
				file.Pix[i] = greys[i/file.Stride/4*want.Cols+i%file.Stride/4]
			}
			p, _, err := ReadPicture(t.Context(), bytes.NewReader(asPNG(file)), frame, MaxPicture)
			if err == nil && Answer(n.Forward(n.NewPass(), p)) == e.Label {
				read++
			}
		}
		t.Logf("%s: %d of %d are right, %d read from PNG", frame, right, len(set.Test), read)
		if right < 80 || read < right-6 {
			t.Errorf("%s: %d of %d are right, but %d read from PNG", frame, right, len(set.Test), read)
		}
	}
}

func TestStylesAreAddedToSomeDigits(t *testing.T) {
	vary, random := Styles(), seeded(1)
	for label, share := range map[int]float64{0: 0.1, 1: 0.25, 2: 0, 9: 0.2} {
		digits, changed := 0, 0
		for _, e := range mnist().Train {
			if e.Label != label || digits == 1000 {
				continue
			}
			digits++
			p := vary(e, random)
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
	if blank := NewPicture(28, 28, make([]byte, 784)); !reflect.DeepEqual(restyle(blank, random, nil), blank) {
		t.Error("a blank picture is changed")
	}
}
