package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"
)

// commands returns the commands in the order in which help lists them. It is a function to
// avoid an initialization cycle: commands print the help.
func commands() []command {
	return []command{
		{"train", "", "learn to read digits and save the network (the default)", train},
		{"test", "", "measure a saved network on pictures it has never seen", test},
		{"explain", "[NUMBER (0 to 9999) or FILE]...", "follow a digit through the four chapters", explain},
		{"weights", "", "paint what each neuron of layer 1 looks for in the pixels", weights},
		{"predict", "FILE...", "read the digits in picture files (- is standard input)", predict},
		{"draw", "", "open a page to draw digits and watch the network", drawPage},
	}
}

// A command is one word after `go run .` and what it does.
type command struct {
	name      string
	arguments string // what may follow the flags, for the help
	summary   string
	run       func(*console, []string) error
}

// A console is where a command reads and writes.
type console struct {
	in     io.Reader
	out    io.Writer // results
	err    io.Writer // the live line and errors
	live   bool      // err is a terminal on which a line can be rewritten
	colour bool      // out is a terminal and the user wants colours
	width  int       // of the lines with drawings, in characters
}

// errUsage marks errors in the way the program was called. It adds nothing to their text.
var errUsage = errors.New("")

// main exits with 0 if all is well, 1 if the command failed, 2 if it was called wrongly.
func main() {
	results := &resultWriter{Writer: os.Stdout}
	_, noColour := os.LookupEnv("NO_COLOR") // https://no-color.org
	c := &console{
		in: os.Stdin, out: results, err: os.Stderr,
		live: isTerminal(os.Stderr), colour: isTerminal(os.Stdout) && !noColour, width: lineWidth(os.Stdout),
	}
	code := run(c, os.Args[1:])
	// EPIPE means that the reader of a pipe has closed it.
	if code == 0 && results.err != nil && !errors.Is(results.err, syscall.EPIPE) {
		fmt.Fprintf(os.Stderr, "digits: cannot write the results: %v\n", results.err)
		code = 1
	}
	os.Exit(code)
}

// A resultWriter remembers the first error, such as a full disk, for main to report.
type resultWriter struct {
	io.Writer
	err error
}

// Write writes to the underlying writer.
func (w *resultWriter) Write(text []byte) (int, error) {
	n, err := w.Writer.Write(text)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// isTerminal reports whether a file is a terminal that understands control sequences.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// lineWidth returns the width of a terminal, but at most 80, or 80 if f is not a terminal.
func lineWidth(f *os.File) int {
	cmd := exec.Command("stty", "size")
	cmd.Stdin = f
	text, _ := cmd.Output() // nothing if f is not a terminal or there is no stty
	var rows, cols int
	if fmt.Sscan(string(text), &rows, &cols); cols > 0 {
		return min(cols, 80)
	}
	return 80
}

// run runs the command that the arguments name and returns the exit code.
func run(c *console, args []string) int {
	err := dispatch(c, args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(c.err, "digits: %v\n", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

// dispatch finds the command that the arguments name, train if they name none, and runs it.
func dispatch(c *console, args []string) error {
	switch {
	case len(args) == 0:
		args = []string{"train"}
	case slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]):
		if len(args) == 1 || args[1] == "help" || strings.HasPrefix(args[1], "-") {
			return help(c)
		}
		args = []string{args[1], "-h"}
	case strings.HasPrefix(args[0], "-"):
		args = append([]string{"train"}, args...)
	}
	for _, cmd := range commands() {
		if cmd.name == args[0] {
			return cmd.run(c, args[1:])
		}
	}
	return unknownCommand(args[0])
}

// unknownCommand returns an error that names the command that was probably meant.
func unknownCommand(word string) error {
	if _, err := strconv.Atoi(word); err == nil {
		return usage("there is no command %q; to explain test picture %s, run: go run . explain %s", word, word, word)
	}
	if strings.ContainsAny(word, "./\\") {
		return usage("there is no command %q; to read the digit in a picture, run: go run . predict %s", word, word)
	}
	for _, cmd := range commands() {
		if len(word) < 10 && editDistance(strings.ToLower(word), cmd.name) <= 2 {
			return usage("there is no command %q; did you mean %s?", word, cmd.name)
		}
	}
	return usage("there is no command %q; to list the commands, run: go run . help", word)
}

// editDistance returns how many letters have to be added, removed or replaced to make b of
// a. It is recursive and slow, so it is for short words.
func editDistance(a, b string) int {
	switch {
	case a == "" || b == "":
		return len(a) + len(b)
	case a[0] == b[0]:
		return editDistance(a[1:], b[1:])
	}
	return 1 + min(editDistance(a[1:], b), editDistance(a, b[1:]), editDistance(a[1:], b[1:]))
}

// usage returns an error in the way the program was called.
func usage(format string, args ...any) error {
	return fmt.Errorf(format+"%w", append(args, errUsage)...)
}

// help lists the commands.
func help(c *console) error {
	fmt.Fprint(c.out, "A neural network that learns to read handwritten digits.\n\n"+
		"usage: go run . [command] [flags] [arguments]\n\n")
	for _, cmd := range commands() {
		fmt.Fprintf(c.out, "  %-8s %s\n", cmd.name, cmd.summary)
	}
	fmt.Fprint(c.out, "\nThe flags of a command: go run . help COMMAND\n")
	return nil
}

// parse reads a command's flags, which may stand before, between or after its arguments; --
// ends the flags. It returns the arguments, of which there may be at most the given number.
func parse(c *console, flags *flag.FlagSet, args []string, most int) (arguments []string, err error) {
	flags.SetOutput(io.Discard)
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			printFlags(c, flags)
			return nil, err
		}
		if err != nil {
			return nil, usage("%s: %v; to list the flags, run: go run . help %s", flags.Name(), err, flags.Name())
		}
		rest := flags.Args()
		end := len(args) - len(rest)
		if len(rest) == 0 || end > 0 && args[end-1] == "--" {
			arguments = append(arguments, rest...)
			break
		}
		arguments, args = append(arguments, rest[0]), rest[1:]
	}
	if len(arguments) > most {
		return nil, usage("%s: one argument too many: %q; for the usage, run: go run . help %s",
			flags.Name(), arguments[most], flags.Name())
	}
	return arguments, nil
}

// printFlags prints the help of one command.
func printFlags(c *console, flags *flag.FlagSet) {
	for _, cmd := range commands() {
		if cmd.name == flags.Name() {
			line := strings.TrimRight(fmt.Sprintf("usage: go run . %s [flags] %s", cmd.name, cmd.arguments), " ")
			fmt.Fprintf(c.out, "%s: %s\n\n%s\n\n", cmd.name, cmd.summary, line)
		}
	}
	flags.SetOutput(c.out)
	flags.PrintDefaults()
}

// What several commands print.

// layersText formats layers as 784-16-16-10.
func layersText(layers []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(layers), "[]"), " ", "-")
}

// percent returns 100 n / of.
func percent(n, of int) float64 { return 100 * float64(n) / float64(of) }

// share formats n / of as 96.50%.
func share(n, of int) string { return fmt.Sprintf("%.2f%%", percent(n, of)) }

// thousands formats 60000 as 60,000.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// count formats a number with a noun: 1 picture, 60,000 pictures, 10 classes.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		noun += "e"
	}
	return thousands(n) + " " + noun + "s"
}

// anA formats a digit with its article: a 5, an 8.
func anA(digit int) string {
	text := strconv.Itoa(digit)
	if text[0] == '8' || digit == 11 || digit == 18 {
		return "an " + text
	}
	return "a " + text
}

// quote formats a file name for a command line that the user may copy.
func quote(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// Files of networks.

// maxParameters is the largest number of weights and biases of a network that is trained,
// saved or loaded.
const maxParameters = 10_000_000

// A networkFile is a network as it is saved, in JSON. A network with two inputs, one hidden
// neuron and one output could be
//
//	{"layers":[2,1,1],"weights":[[[0.5,-0.25]],[[3]]],"biases":[[0.1],[-1]]}
//
// where weights[l][j][k] leads from neuron k of layer l to neuron j of layer l+1. Numbers are
// written with all the digits that it takes to read back the same float64.
type networkFile struct {
	Layers  []int       `json:"layers"`
	Weights [][]numbers `json:"weights"`
	Biases  []numbers   `json:"biases"`
}

// numbers is a JSON list of numbers. Unlike a []float64 it does not accept null for one.
type numbers []float64

// UnmarshalJSON reads the list.
func (list *numbers) UnmarshalJSON(text []byte) error {
	var pointers []*float64
	if err := json.Unmarshal(text, &pointers); err != nil {
		return err
	}
	*list = make(numbers, len(pointers))
	for i, x := range pointers {
		if x == nil {
			return fmt.Errorf("number %d of a list is null", i)
		}
		(*list)[i] = *x
	}
	return nil
}

// file returns the network in the form in which it is saved.
func (n *Network) file() networkFile {
	f := networkFile{Layers: n.Layers}
	for l := 1; l < len(n.Layers); l++ {
		rows := make([]numbers, n.Layers[l])
		for j := range rows {
			rows[j] = row(n.Weights[l], j)
		}
		f.Weights = append(f.Weights, rows)
		f.Biases = append(f.Biases, n.Biases[l])
	}
	return f
}

// row returns a copy of row j of a matrix: the weights into neuron j.
func row(m *Matrix, j int) []float64 {
	row := make([]float64, m.Cols)
	for k := range row {
		row[k] = m.At(j, k)
	}
	return row
}

// network returns the network in a file. All sizes are checked before anything is allocated,
// because a file can claim any size.
func (f networkFile) network() (*Network, error) {
	if len(f.Layers) < 2 {
		return nil, fmt.Errorf("it lists %s; a network has at least 2", count(len(f.Layers), "layer"))
	}
	last := len(f.Layers) - 1
	if len(f.Weights) != last || len(f.Biases) != last {
		return nil, fmt.Errorf("%d layers need %d lists of weights and of biases, not %d and %d",
			len(f.Layers), last, len(f.Weights), len(f.Biases))
	}
	for l, size := range f.Layers[1:] {
		if err := checkSizes(f.Weights[l], f.Biases[l], size, f.Layers[l]); err != nil {
			return nil, fmt.Errorf("weights and biases into layer %d: %w", l+1, err)
		}
	}
	n := &Network{f.Layers, NewParameters(f.Layers)}
	for l := range last {
		for j, row := range f.Weights[l] {
			for k, w := range row {
				n.Weights[l+1].Set(j, k, w)
			}
		}
		copy(n.Biases[l+1], f.Biases[l])
	}
	return n, nil
}

// checkSizes returns an error unless there are rows x cols weights and as many biases as rows.
func checkSizes(weights []numbers, biases numbers, rows, cols int) error {
	if rows < 1 || cols < 1 {
		return fmt.Errorf("a layer has at least 1 neuron, not %d", min(rows, cols))
	}
	if len(weights) != rows || len(biases) != rows {
		return fmt.Errorf("the layers need %d rows and %d biases, not %d and %d", rows, rows, len(weights), len(biases))
	}
	for j, row := range weights {
		if len(row) != cols {
			return fmt.Errorf("the layers need %d weights in row %d, not %d", cols, j, len(row))
		}
	}
	return nil
}

// loadNetwork reads a network that save wrote.
func loadNetwork(path string) (*Network, error) {
	const most = 30 * maxParameters // bytes, of which a number takes about 20
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no such file; to create it, run: go run . train -net %s", path, quote(path))
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file; name a saved network with -net", path)
	case info.Size() > most:
		return nil, fmt.Errorf("%s: too large for a saved network, which has at most %s bytes", path, thousands(most))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var n *Network
	var f networkFile
	if err = json.Unmarshal(text, &f); err == nil {
		n, err = f.network()
	}
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		err = fmt.Errorf("an unexpected %s in %q", mismatch.Value, mismatch.Field) // not the names of our types
	}
	if err != nil {
		return nil, fmt.Errorf("%s: not a saved network: %w; name another file with -net", path, err)
	}
	return n, nil
}

// save writes the network to a file, whole or not at all.
func (n *Network) save(path string) error {
	text, err := json.Marshal(n.file())
	if err != nil {
		return fmt.Errorf("%s: cannot be saved: %w", path, err)
	}
	return writeWhole(path, append(text, '\n'))
}

// writeWhole writes a file whole or not at all: it writes a temporary file in the same folder
// and renames it. A symbolic link stays one, and an existing file keeps its mode.
func writeWhole(path string, content []byte) error {
	f, target, err := createBeside(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // no effect after the renaming
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		return fmt.Errorf("%s: cannot be written: %w", path, reason(err))
	}
	return nil
}

// canWrite returns an error if writeWhole could not write a file. It is for use before a long
// computation, and leaves everything as it was.
func canWrite(path string) error {
	if path == "" || path == "-" {
		return usage("%q is not the name of a file to write", path)
	}
	f, _, err := createBeside(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// createBeside creates a temporary file that can replace the file of this name or, if that is
// a symbolic link, its target. It returns the temporary file and the name of the target.
func createBeside(path string) (f *os.File, target string, err error) {
	target = path
	for range 40 { // links may point to each other
		link, err := os.Readlink(target)
		if err != nil {
			break
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(target), link)
		}
		target = link
	}
	mode := fs.FileMode(0o666)
	info, err := os.Stat(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("%s: cannot be written: %w", path, reason(err))
	}
	if err == nil {
		if mode = info.Mode(); !mode.IsRegular() {
			return nil, "", fmt.Errorf("%s: cannot be written, it is not a regular file", path)
		}
		// Renaming would also replace a file that the user made read-only.
		old, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return nil, "", fmt.Errorf("%s: cannot be written: %w", path, reason(err))
		}
		defer old.Close()
	}
	name := fmt.Sprintf("%s.part-%d", target, os.Getpid())
	f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode.Perm())
	if err != nil {
		return nil, "", fmt.Errorf("%s: cannot be written: %w", path, reason(err))
	}
	return f, target, nil
}

// reason returns an error without the operation and the path, which may be of a temporary file.
func reason(err error) error {
	if pathError := (*fs.PathError)(nil); errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// loadBoth reads a set, MNIST if no folder is named, and a network made for it.
func loadBoth(path, folder string) (*Dataset, *Network, error) {
	set, err := LoadDataset(folder)
	if err != nil {
		return nil, nil, err
	}
	n, err := loadFitting(path, folder, set)
	return set, n, err
}

// loadFitting reads a network, which must have an input for each pixel of the set's pictures
// and an output for each class.
func loadFitting(path, folder string, set *Dataset) (*Network, error) {
	n, err := loadNetwork(path)
	if err != nil {
		return nil, err
	}
	if n.Layers[0] != set.Rows*set.Cols || n.Layers[len(n.Layers)-1] != set.Classes {
		if folder != "" {
			folder = " -data " + quote(folder)
		}
		return nil, fmt.Errorf("%s: the network %s does not fit the data, which has %d x %d = %d pixels and %s; "+
			"to train one that does, run: go run . train%s -net FILE", path, layersText(n.Layers),
			set.Rows, set.Cols, set.Rows*set.Cols, count(set.Classes, "class"), folder)
	}
	return n, nil
}

// settings are the flags of train. The Learn view of the page has the same.
type settings struct {
	plan   Training
	hidden []int
	seed   uint64
	data   string // the folder with the data, "" for MNIST
	net    string // the file of the network
	resume bool
}

// defaults returns the settings that did best on the last 10,000 training pictures after
// training on the other 50,000. The test pictures were not used.
func defaults() settings {
	return settings{
		plan:   Training{Epochs: 40, Batch: 20, Rate: 1.5, Anneal: true, Decay: 1e-4, Shift: true},
		hidden: []int{16, 16},
		seed:   1,
		net:    "network.json",
	}
}

// plain returns the rule of the videos: the plan without the tweaks.
func plain(t Training) Training {
	t.Anneal, t.Decay, t.Shift = false, 0, false
	return t
}

// check returns an error if a number is out of range.
func (s *settings) check() error {
	for _, size := range s.hidden {
		if size < 1 || size > 10_000 {
			return usage("-hidden: %d is not a number of neurons from 1 to 10000", size)
		}
	}
	switch p := s.plan; {
	case p.Epochs < 1:
		return usage("-epochs %d: must be at least 1", p.Epochs)
	case p.Batch < 1:
		return usage("-batch %d: must be at least 1", p.Batch)
	case !(p.Rate > 0) || math.IsInf(p.Rate, 0):
		return usage("-rate %g: must be a number above 0", p.Rate)
	case !(p.Decay >= 0):
		return usage("-decay %g: must be at least 0", p.Decay)
	case !(p.Decay*p.Rate < 1):
		return usage("-rate %g with -decay %g: their product must be below 1", p.Rate, p.Decay)
	}
	return nil
}

// parseTrain returns the settings on the command line of train.
func parseTrain(c *console, args []string) (*settings, error) {
	s := defaults()
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	flags.Func("hidden", "the `sizes` of the hidden layers (default 16,16)", func(text string) (err error) {
		s.hidden, err = parseSizes(text)
		return err
	})
	flags.IntVar(&s.plan.Epochs, "epochs", s.plan.Epochs, "how many times every picture is seen")
	flags.IntVar(&s.plan.Batch, "batch", s.plan.Batch, "the number of pictures in a mini-batch")
	flags.Float64Var(&s.plan.Rate, "rate", s.plan.Rate,
		"the factor of the gradient in a step\n(with the cost 1/2 sum (a - y)^2, use twice this rate)")
	flags.BoolVar(&s.plan.Anneal, "anneal", s.plan.Anneal, "lower the rate to 0 during the training")
	flags.Float64Var(&s.plan.Decay, "decay", s.plan.Decay, "weight decay for the weights of the pixels")
	flags.BoolVar(&s.plan.Shift, "shift", s.plan.Shift, "move each picture by up to a pixel each time it is seen")
	videos := flags.Bool("plain", false, "train by the rule of the videos: no -anneal, -decay or -shift")
	flags.Uint64Var(&s.seed, "seed", s.seed, "the seed of the random numbers")
	flags.StringVar(&s.data, "data", "", "learn from the four IDX files in this `folder`, not from MNIST")
	flags.StringVar(&s.net, "net", s.net, "save the network in this `file`")
	flags.BoolVar(&s.resume, "resume", false, "go on from the network saved in the file of -net")
	if _, err := parse(c, flags, args, 0); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case s.resume && given["hidden"]:
		return nil, usage("train: -resume takes the layers from %s; leave out -hidden", s.net)
	case *videos && (given["anneal"] || given["decay"] || given["shift"]):
		return nil, usage("train: -plain turns off -anneal, -decay and -shift; leave them out")
	case *videos:
		s.plan = plain(s.plan)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &s, nil
}

// parseSizes reads a list such as 16,16.
func parseSizes(text string) ([]int, error) {
	var sizes []int
	for word := range strings.SplitSeq(text, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("%q is not a number of neurons", word)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// train trains a network and saves it.
func train(c *console, args []string) error {
	s, err := parseTrain(c, args)
	if err != nil {
		return err
	}
	if err := canSave(s.net); err != nil {
		return err
	}
	// When a reader of the output goes away, as tee does at Ctrl-C, the program must still save.
	signal.Ignore(syscall.SIGPIPE)
	// The pictures take 60 MB. By default garbage may take as much again.
	debug.SetGCPercent(30)
	set, err := LoadDataset(s.data)
	if err != nil {
		return err
	}
	printSet(c, set)
	random := rand.New(rand.NewPCG(s.seed, 0))
	n, err := startingNetwork(c, s, set, random)
	if err != nil {
		return err
	}
	_, err = os.Stat(s.net)
	replaced := err == nil && !s.resume
	start := time.Now()
	advice, err := learn(c, s, n, set, random)
	if err != nil {
		return err
	}
	r := review(n, set.Test)
	drawMistakes(c, r.mistakes, "The first mistakes")
	fmt.Fprintf(c.out, "saved in %s after %.1f s\n", s.net, time.Since(start).Seconds())
	if replaced {
		fmt.Fprintf(c.out, "the network that was there before is in %s\n", backup(s.net))
	}
	fmt.Fprint(c.out, advice)
	printNext(c, s, r.mistakes)
	printAccuracy(c, r, len(set.Test))
	return nil
}

// printSet prints what there is to learn from. A class without examples does not count: the
// labels of EMNIST's letters start at 1.
func printSet(c *console, set *Dataset) {
	labels := map[int]bool{}
	for _, e := range set.Train {
		labels[e.Label] = true
	}
	fmt.Fprintf(c.out, "%s to learn from, %s for the test: %d x %d pixels, %s\n", count(len(set.Train), "picture"),
		thousands(len(set.Test)), set.Rows, set.Cols, count(len(labels), "class"))
}

// canSave returns an error if the network could not be saved under this name, or would replace
// a file that is not a network.
func canSave(path string) error {
	for _, name := range []string{path, backup(path)} {
		if err := canWrite(name); err != nil {
			return err
		}
		_, statErr := os.Stat(name)
		if _, err := loadNetwork(name); err != nil && statErr == nil {
			return fmt.Errorf("%w; this one is not replaced", err)
		}
	}
	return nil
}

// backup returns the name under which the network that was in a file before is kept.
func backup(path string) string { return path + ".bak" }

// saveOver saves a network. If keep is set, it first copies what is in the file to the backup.
func (n *Network) saveOver(path string, keep bool) error {
	old, err := os.ReadFile(path)
	if err == nil && keep {
		err = writeWhole(backup(path), old)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return n.save(path)
}

// startingNetwork returns the network to train, a random one or a saved one, and prints what
// it can do so far.
func startingNetwork(c *console, s *settings, set *Dataset, random *rand.Rand) (*Network, error) {
	var n *Network
	var err error
	origin := "from " + s.net
	if s.resume {
		n, err = loadFitting(s.net, s.data, set)
	} else if n, err = s.randomNetwork(set, random); err != nil {
		err = fmt.Errorf("train: %w", err)
	} else {
		origin = fmt.Sprintf("random (seed %d)", s.seed)
	}
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.out, "network %s: %s weights and biases, %s\n", layersText(n.Layers), thousands(len(n.All)), origin)
	cost, right := n.Test(set.Test)
	fmt.Fprintf(c.out, "before training: cost %.4f, %s of the test pictures right\n\n",
		cost, share(right, len(set.Test)))
	return n, nil
}

// randomNetwork returns a network for a set, with random weights and biases.
func (s *settings) randomNetwork(set *Dataset, random *rand.Rand) (*Network, error) {
	layers := slices.Concat([]int{set.Rows * set.Cols}, s.hidden, []int{set.Classes})
	if size := parameters(layers); size > maxParameters {
		return nil, usage("%s has %s weights and biases, of at most %s",
			layersText(layers), thousands(size), thousands(maxParameters))
	}
	return NewNetwork(layers, random), nil
}

// parameters returns the number of weights and biases between layers of these sizes.
func parameters(layers []int) int {
	sum := 0
	for l := 1; l < len(layers); l++ {
		sum += layers[l] * (layers[l-1] + 1)
	}
	return sum
}

// endSignals returns the signals that ask the program to end. A program started by nohup goes on
// when its terminal is closed.
func endSignals() []os.Signal {
	if signal.Ignored(syscall.SIGHUP) {
		return []os.Signal{os.Interrupt, syscall.SIGTERM}
	}
	return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
}

// epochLine is the format of the line for each epoch. It fits into 50 characters.
const epochLine = "%9s  %7s  %7s  %7s  %9s\n"

// learn trains the network and saves it, after every epoch and at the end. It returns advice on
// the next run, if there is any. The first Ctrl-C ends training after the step under
// way; another one ends the program.
func learn(
	c *console, s *settings, n *Network, set *Dataset, random *rand.Rand,
) (advice string, err error) {
	ctx, release := signal.NotifyContext(context.Background(), endSignals()...)
	defer release()
	context.AfterFunc(ctx, release)

	w := newWatcher(ctx, c, s, n, set)
	fmt.Fprintf(c.out, epochLine, "epoch", "cost", "right", "test", "time left")
	end := s.plan.Train(n, set.Train, random, w.report)
	w.endTest()
	w.clearLine()
	if end != nil && !errors.Is(end, context.Canceled) {
		if w.saved > 0 {
			return "", fmt.Errorf("%w; %s has the network of epoch %d", end, s.net, w.saved)
		}
		return "", fmt.Errorf("%w; nothing is saved", end)
	}
	if err := w.save(n); err != nil {
		return "", err
	}
	if e := len(w.costs); e > 1 {
		fmt.Fprintf(c.out, "\ncost, epoch by epoch: %.4f %s %.4f\n", w.costs[0], curve(w.costs), w.costs[e-1])
		if w.costs[e/2]-w.costs[e-1] > w.blind/10 {
			advice = fmt.Sprintf("the cost was still falling fast; more epochs may help: -epochs %d\n", 5*s.plan.Epochs)
		}
	}
	if end != nil {
		fmt.Fprintf(c.out, "stopped in epoch %d of %d; what was learned so far is saved\n", w.last.Epoch, s.plan.Epochs)
	}
	return advice, nil
}

// A watcher shows the progress of training, saves the network after every epoch, and ends
// training on an interrupt or when it diverges.
type watcher struct {
	ctx     context.Context // done when the user wants to stop
	console *console
	*settings
	network *Network
	test    []Example
	blind   float64 // see blindCost
	start   time.Time

	last   Progress
	costs  []float64     // of the epochs so far
	drawn  time.Time     // when the live line was last drawn
	tested chan epochEnd // receives the result of the epoch under test, nil if there is none
	saved  int           // the last epoch whose network was saved, 0 for none
}

// An epochEnd is an epoch with the result of the test after it.
type epochEnd struct {
	Progress
	testRight int
	save      bool // the network was to be saved
	saveError error
}

// newWatcher returns a watcher for training that starts now.
func newWatcher(ctx context.Context, c *console, s *settings, n *Network, set *Dataset) *watcher {
	return &watcher{
		ctx: ctx, console: c, settings: s, network: n,
		test: set.Test, blind: blindCost(set), start: time.Now(),
	}
}

// blindCost returns the least cost of a network that gives every picture the same outputs.
// The best such outputs are p_j, the share of the examples with label j, and they cost
//
//	sum over j of (p_j (1 - p_j)^2 + (1 - p_j) p_j^2) = sum over j of p_j (1 - p_j)
func blindCost(set *Dataset) float64 {
	shares := make([]float64, set.Classes)
	for _, e := range set.Train {
		shares[e.Label] += 1 / float64(len(set.Train))
	}
	cost := 0.0
	for _, p := range shares {
		cost += p * (1 - p)
	}
	return cost
}

// report is called after each step.
func (w *watcher) report(p Progress) error {
	w.last = p
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if p.Seen < p.Of {
		if len(w.tested) == 1 {
			w.endTest()
		}
		w.drawLine(p)
	} else {
		w.costs = append(w.costs, p.Cost)
		w.startTest(p)
	}
	return diverged(w.plan, w.blind, w.costs, p)
}

// startTest tests and saves a copy of the network while the next epoch goes on. As long as its
// cost is more than 5% above that of a blind network it is not saved: training may fail.
func (w *watcher) startTest(p Progress) {
	w.endTest()
	tested, n := make(chan epochEnd, 1), w.network.Clone()
	w.tested = tested
	go func() {
		end := epochEnd{Progress: p, save: p.Cost <= 1.05*w.blind}
		_, end.testRight = n.Test(w.test)
		if end.save {
			end.saveError = w.save(n)
		}
		tested <- end
	}()
}

// endTest waits for the test under way, if there is one, and prints the line of its epoch.
func (w *watcher) endTest() {
	if w.tested == nil {
		return
	}
	end := <-w.tested
	w.tested = nil
	w.clearLine()
	fmt.Fprintf(w.console.out, epochLine, fmt.Sprintf("%d/%d", end.Epoch, w.plan.Epochs), fmt.Sprintf("%.4f", end.Cost),
		share(end.Right, end.Of), share(end.testRight, len(w.test)), w.timeLeft())
	if end.saveError != nil {
		fmt.Fprintf(w.console.err, "digits: %v; training goes on\n", end.saveError)
	} else if end.save {
		w.saved = end.Epoch
	}
}

// save saves a network. It keeps the one that was in the file before, unless the training
// started from that.
func (w *watcher) save(n *Network) error { return n.saveOver(w.net, w.saved == 0 && !w.resume) }

// drawLine shows on a terminal, ten times a second, how far the epoch has come. It turns off
// line wrapping meanwhile, so that a narrow terminal cuts the line instead of breaking it.
func (w *watcher) drawLine(p Progress) {
	if !w.console.live || time.Since(w.drawn) < 100*time.Millisecond {
		return
	}
	w.drawn = time.Now()
	const width = 7
	full := width * p.Seen / p.Of
	line := fmt.Sprintf(epochLine, fmt.Sprintf("%d/%d", p.Epoch, w.plan.Epochs), fmt.Sprintf("%.4f", p.Cost),
		share(p.Right, p.Seen), strings.Repeat("█", full)+strings.Repeat("░", width-full), w.timeLeft())
	fmt.Fprintf(w.console.err, "\r\x1b[?7l%s\x1b[?7h", strings.TrimSuffix(line, "\n"))
}

// clearLine removes the live line.
func (w *watcher) clearLine() {
	if w.console.live {
		fmt.Fprint(w.console.err, "\r\x1b[K")
	}
}

// timeLeft estimates how long the rest of training takes.
func (w *watcher) timeLeft() string {
	done := (float64(w.last.Epoch-1) + float64(w.last.Seen)/float64(w.last.Of)) / float64(w.plan.Epochs)
	seconds := int(time.Since(w.start).Seconds()*(1/done-1) + 0.5)
	switch minutes, hours := seconds/60, seconds/3600; {
	case hours >= 24:
		return fmt.Sprintf("%dd %dh", hours/24, hours%24)
	case hours > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes%60)
	default:
		return fmt.Sprintf("%d:%02d", minutes, seconds%60)
	}
}

// diverged returns an error if the network is lost after a step, because the steps overshoot
// (chapter 2): the cost is no longer a number or, at the end of an epoch, it fell by less than
// 1% and was never within 5% of blind, see blindCost. Steps that are far too small have the
// same effect. The costs are those of the epochs so far.
func diverged(plan Training, blind float64, costs []float64, p Progress) error {
	rate := plan.Rate / 4
	if plan.Rate > defaults().plan.Rate || rate < defaults().plan.Rate/100 {
		rate = defaults().plan.Rate
	}
	if math.IsNaN(p.Cost) {
		return fmt.Errorf("the cost is not a number in epoch %d; try -rate %g", p.Epoch, rate)
	}
	e := len(costs)
	if p.Seen < p.Of || e < 2 || blind == 0 || slices.Min(costs) <= 1.05*blind || costs[e-1] <= 0.99*costs[e-2] {
		return nil
	}
	return fmt.Errorf("the cost is stuck at %.4f after epoch %d (ignoring the pictures would give %.4f); try -rate %g",
		costs[e-1], e, blind, rate)
}

// curve draws numbers as one line of at most 40 bars, on a logarithmic scale. A 0, which has
// no logarithm, counts as 1e-9.
func curve(numbers []float64) string {
	height := func(x float64) float64 { return math.Log(max(x, 1e-9)) }
	low, high := height(slices.Min(numbers)), height(slices.Max(numbers))
	bars := []rune("▁▂▃▄▅▆▇█")
	line := ""
	for i := range min(len(numbers), 40) {
		x := numbers[i*len(numbers)/min(len(numbers), 40)]
		bar := 0.0
		if high > low {
			bar = 7 * (height(x) - low) / (high - low)
		}
		line += string(bars[int(bar+0.5)])
	}
	return line
}

// printNext prints what the user may want to do next.
func printNext(c *console, s *settings, wrong []mistake) {
	flags := ""
	if s.net != defaults().net {
		flags += " -net " + quote(s.net)
	}
	if s.data != "" {
		flags += " -data " + quote(s.data)
	}
	number := 0
	if len(wrong) > 0 {
		number = wrong[0].number
	}
	fmt.Fprintf(c.out, "\nWhat next:\n"+
		"  go run . draw%s           draw digits and watch the network\n"+
		"  go run . explain%s %-6d follow a digit through the four chapters\n"+
		"  go run . predict%s FILE   read your own handwriting\n\n", flags, flags, number, flags)
}

// A result is what a network does with a list of examples.
type result struct {
	cost     float64 // the average
	right    int
	table    [][]int // table[label][answer] counts examples
	mistakes []mistake
}

// A mistake is an example that is answered wrong.
type mistake struct {
	number     int // of the example, as explain takes it
	example    Example
	answer     int
	activation float64 // of the answer
}

// review shows a network all examples.
func review(n *Network, examples []Example) result {
	var r result
	p := n.NewPass()
	for range n.Layers[len(n.Layers)-1] {
		r.table = append(r.table, make([]int, n.Layers[len(n.Layers)-1]))
	}
	for i, e := range examples {
		output := n.Forward(p, e.Picture)
		answer := Answer(output)
		r.cost += Cost(output, e.Label) / float64(len(examples))
		r.table[e.Label][answer]++
		if answer == e.Label {
			r.right++
		} else {
			r.mistakes = append(r.mistakes, mistake{i, e, answer, output[answer]})
		}
	}
	return r
}

// drawMistakes draws the first six mistakes.
func drawMistakes(c *console, mistakes []mistake, title string) {
	if len(mistakes) == 0 {
		return
	}
	mistakes = mistakes[:min(6, len(mistakes))]
	var pictures []Picture
	for _, m := range mistakes {
		pictures = append(pictures, m.example.Picture)
	}
	box := litBox(pictures)
	var columns [][]string
	for _, m := range mistakes {
		columns = append(columns, append(sketch(m.example.Picture, box),
			fmt.Sprintf("number %d, %s", m.number, anA(m.example.Label)),
			fmt.Sprintf("read as %d (%.2f)", m.answer, m.activation)))
	}
	fmt.Fprintf(c.out, "\n%s, with the activation of the answer:\n\n%s", title, c.sideBySide(columns))
}

// printAccuracy prints the line that other programs read.
func printAccuracy(c *console, r result, of int) {
	fmt.Fprintf(c.out, "test accuracy %s (%d of %d)\n", share(r.right, of), r.right, of)
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
	for i, k := range p.Lit {
		greys[k] = float64(p.Greys[i]) / 255
	}
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

// sketchSigned draws rows x cols numbers, at most width characters wide: ░▒▓█ stand for
// numbers above 0 and ·-=≡ for those below, the last of each for 0.85 scale and more.
func sketchSigned(table []float64, rows, cols, width int, scale float64) []string {
	clipped := make([]float64, len(table))
	for i, x := range table {
		clipped[i] = max(-1, min(1, x/scale))
	}
	return mosaic(clipped, cols, image.Rect(0, 0, cols, rows), width, func(upper, lower float64) rune {
		shade := min(4, int(math.Abs(upper+lower)/2*4+0.6))
		if upper+lower < 0 {
			return []rune(" ·-=≡")[shade]
		}
		return []rune(" ░▒▓█")[shade]
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

// sideBySide sets columns of text next to each other, as many as fit into the width of the
// console, and the others below. All columns take as much space as the widest.
func (c *console) sideBySide(columns [][]string) string {
	const gap = 3
	width, height := 1, 0
	for _, column := range columns {
		height = max(height, len(column))
		for _, line := range column {
			width = max(width, charactersIn(line))
		}
	}
	var text strings.Builder
	for row := range slices.Chunk(columns, max(1, (c.width+gap)/(width+gap))) {
		for y := range height {
			line := ""
			for _, column := range row {
				if y < len(column) {
					line += column[y]
				}
				line += strings.Repeat(" ", width+gap-charactersIn(line)%(width+gap))
			}
			text.WriteString(strings.TrimRight(line, " ") + "\n")
		}
		text.WriteString("\n")
	}
	return text.String()
}

// charactersIn returns how many characters a line shows, which the colours of paint are not.
func charactersIn(line string) int {
	return utf8.RuneCountInString(regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(line, ""))
}

// test measures a saved network.
func test(c *console, args []string) error {
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` of the network")
	data := flags.String("data", "", "test on the four IDX files in this `folder`, not on MNIST")
	if _, err := parse(c, flags, args, 0); err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	r := review(n, set.Test)
	fmt.Fprintf(c.out, "%s: %s, %s weights and biases\n", *path, layersText(n.Layers), thousands(len(n.All)))
	fmt.Fprintf(c.out, "cost %.4f, the average over %s\n\n", r.cost, count(len(set.Test), "test picture"))
	fmt.Fprintf(c.out, "How many of each digit are right, and what they are read as:\n\n")
	printTable(c, r.table)
	slices.SortStableFunc(r.mistakes, func(a, b mistake) int { return cmp.Compare(b.activation, a.activation) })
	drawMistakes(c, r.mistakes, "The most confident mistakes")
	printAccuracy(c, r, len(set.Test))
	return nil
}

// printTable prints for each class how many of its examples are right and how many are read as
// each class. Where this takes more than 80 characters, the most frequent mistakes are listed
// instead. A class without examples and answers is left out.
func printTable(c *console, table [][]int) {
	examples, answers := make([]int, len(table)), make([]int, len(table))
	for label, row := range table {
		for answer, count := range row {
			examples[label] += count
			answers[answer] += count
		}
	}
	var classes []int
	for class := range table {
		if examples[class]+answers[class] > 0 {
			classes = append(classes, class)
		}
	}
	wide := len(classes) > 11
	printRow := func(label, right any, cell func(answer int) int) {
		fmt.Fprintf(c.out, "%5v  %7v", label, right)
		for _, answer := range classes {
			if !wide {
				fmt.Fprintf(c.out, "%6d", cell(answer))
			}
		}
		fmt.Fprintln(c.out)
	}
	printRow("digit", "right", func(answer int) int { return answer })
	for _, label := range classes {
		right := "none"
		if examples[label] > 0 {
			right = share(table[label][label], examples[label])
		}
		printRow(label, right, func(answer int) int { return table[label][answer] })
	}
	if wide {
		printConfused(c, table)
	}
}

// printConfused lists the twenty most frequent mistakes.
func printConfused(c *console, table [][]int) {
	type confused struct{ label, answer, count int }
	var list []confused
	for label, row := range table {
		for answer, count := range row {
			if answer != label && count > 0 {
				list = append(list, confused{label, answer, count})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b confused) int { return cmp.Compare(b.count, a.count) })
	fmt.Fprintln(c.out)
	for _, m := range list[:min(20, len(list))] {
		fmt.Fprintf(c.out, "%s read as %d: %s\n", anA(m.label), m.answer, count(m.count, "time"))
	}
}

// explain takes one digit through the four chapters with the numbers of this network, or shows
// what a mini-batch of several digits asks for.
func explain(c *console, args []string) error {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` of the network")
	data := flags.String("data", "", "take test pictures from the IDX files in this `folder`, not from MNIST")
	label := flags.Int("label", -1, "the `digit` that the picture should be; -1 is its label or, in a file, the answer")
	neuron := flags.Int("neuron", -1, "the `neuron` of layer 1 to spell out; -1 is the brightest")
	names, err := parse(c, flags, args, math.MaxInt)
	if err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	if *neuron < -1 || *neuron >= n.Layers[1] {
		return usage("explain: -neuron %d: the neurons of layer 1 are 0 to %d", *neuron, n.Layers[1]-1)
	}
	if *neuron >= 0 && len(names) > 1 {
		return usage("explain: -neuron is for one picture, not for %d", len(names))
	}
	names = append(names, "0")[:max(1, len(names))]
	all := make([]*explanation, len(names))
	for i, name := range names {
		if all[i], err = newExplanation(c, n, set, name, *label); err != nil {
			return err
		}
	}
	fmt.Fprint(c.out, "Layers, neurons, rows and columns are counted from 0; layer 0 is the pixels.\n"+
		"Letters follow the videos: w_jk leads from neuron k of a layer to j of the next.\n"+
		"Numbers are rounded, so the last digit of a product or a sum may be off.\n\n")
	if len(all) > 1 {
		compare(all)
		return nil
	}
	all[0].chapter1(*neuron)
	all[0].chapter2(set.Test)
	all[0].chapter3()
	all[0].chapter4()
	return nil
}

// An explanation is one example on its way through a network, forward and back.
type explanation struct {
	*console
	n        *Network
	name     string // of the picture and its label
	example  Example
	pass     *Pass
	gradient *Gradient
}

// newExplanation explains the picture that a word means, the number of a test picture or a file.
func newExplanation(c *console, n *Network, set *Dataset, word string, label int) (*explanation, error) {
	x := &explanation{console: c, n: n, pass: n.NewPass(), gradient: n.NewGradient()}
	number, err := strconv.Atoi(word)
	switch {
	case err != nil:
		x.name, x.example.Label = filepath.Base(word), -1
		if x.example.Picture, _, err = readPictureFile(c, word, set.Rows, set.Cols); err != nil {
			return nil, fmt.Errorf("%w; explain takes the number of a test picture or a picture file", err)
		}
	case number < 0 || number >= len(set.Test):
		return nil, fmt.Errorf("there is no test picture %d; their numbers are 0 to %d", number, len(set.Test)-1)
	default:
		x.name, x.example = fmt.Sprintf("test picture %d", number), set.Test[number]
	}
	if label < -1 || label >= set.Classes {
		return nil, usage("explain: -label %d: the labels are 0 to %d", label, set.Classes-1)
	}
	answer := Answer(n.Forward(x.pass, x.example.Picture))
	if x.example.Label < 0 && label >= 0 {
		x.example.Label = label
	} else if x.example.Label < 0 {
		x.example.Label = answer
	}
	x.name += ", " + anA(x.example.Label)
	if label >= 0 && label != x.example.Label {
		x.name += fmt.Sprintf(" as if it were %s", anA(label))
		x.example.Label = label
	}
	n.Backward(x.pass, x.example.Label, x.gradient)
	return x, nil
}

// printf prints to the console.
func (x *explanation) printf(format string, args ...any) { fmt.Fprintf(x.out, format, args...) }

// cost returns the cost of the example in a network, such as x.n with one number nudged.
func (x *explanation) cost(n *Network) float64 {
	return Cost(n.Forward(n.NewPass(), x.example.Picture), x.example.Label)
}

// digits formats an activation with 6 significant digits, or with more near 1, so that 1 - a
// has 6, too.
func digits(a float64) string {
	precision := 6
	if a > 0.5 && a < 1 {
		precision = 5 - int(math.Floor(math.Log10(1-a)))
	}
	return strconv.FormatFloat(a, 'g', precision, 64)
}

// ranked returns the indices of numbers, the largest in size first.
func ranked(numbers []float64) []int {
	order := make([]int, len(numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(numbers[b]), math.Abs(numbers[a])) })
	return order
}

// printTerms prints the largest terms of a sum, given the value and the source of each. If the sum
// has a name, it also prints the others together and the sum. It returns the format of its lines,
// in which the largest number has 6 digits.
func (x *explanation) printTerms(terms, most int, sum string, term func(i int) (float64, string)) (format string) {
	values := make([]float64, terms)
	total, largest := 0.0, 1e-9
	for i := range values {
		values[i], _ = term(i)
		total += values[i]
		largest = max(largest, math.Abs(values[i]), math.Abs(total))
	}
	format = fmt.Sprintf("  %%+12.%df   %%s\n", max(0, 5-int(math.Floor(math.Log10(largest)))))
	rest := total
	for _, i := range ranked(values)[:min(most, terms)] {
		value, source := term(i)
		x.printf(format, value, source)
		rest -= value
	}
	if sum != "" && terms > most {
		x.printf(format, rest, fmt.Sprintf("and %d more", terms-most))
	}
	if sum != "" {
		x.printf(format, total, "= "+sum)
	}
	return format
}

// chapter1 shows the activations of each layer, and the sum of one neuron.
func (x *explanation) chapter1(neuron int) {
	n, p := x.n, x.pass
	if neuron < 0 {
		neuron = Answer(p.A[1])
	}
	x.printf("CHAPTER 1: how the network reads %s\n\n", x.name)
	w := row(n.Weights[1], neuron)
	rows, cols := x.example.Rows, x.example.Cols
	drawn := x.paint(strings.Join(sketchSigned(w, rows, cols, 36, commonScale(w)), "\n"))
	x.printf("%s", x.sideBySide([][]string{
		append(sketch(x.example.Picture, image.Rect(0, 0, cols, rows)), "the picture"),
		append(strings.Split(drawn, "\n"), fmt.Sprintf("the weights of neuron %d:", neuron),
			x.paint("░▒▓█")+" above 0, "+x.paint("·-=≡")+" below")}))
	x.printf("layer 0: %s, %d of them not black\n", count(n.Layers[0], "pixel"), len(x.example.Lit))
	for l, a := range p.A[1:] {
		for j := 0; j < len(a); j += 10 {
			x.printf("layer %d, neuron %2d and on: %.2f\n", l+1, j, a[j:min(j+10, len(a))])
		}
	}
	answer := Answer(p.A[len(n.Layers)-1])
	x.printf("\nThe brightest output is %d: the network reads %d.\n\n"+
		"Neuron %d of layer 1 (the brightest, unless -neuron chooses another) has\n"+
		"z = the sum of w_k a_k over the pixels k, plus the bias, and a = sigmoid(z):\n\n", answer, answer, neuron)
	format := x.printTerms(len(x.example.Lit), 5, "the weighted sum", func(i int) (float64, string) {
		k := int(x.example.Lit[i])
		return w[k] * p.A[0][k], fmt.Sprintf("w_%d a_%d = %+.6g * %.6g, row %d, column %d",
			k, k, w[k], p.A[0][k], k/cols, k%cols)
	})
	x.printf(format, n.Biases[1][neuron], "the bias")
	x.printf(format+"\n", p.Z[1][neuron], "= z, and a = sigmoid(z) = "+digits(p.A[1][neuron]))
}

// parameter names number i of Parameters.All.
func parameter(layers []int, i int) string {
	for l := 1; ; l++ {
		rows, cols := layers[l], layers[l-1]
		if i < rows*cols {
			return fmt.Sprintf("w_%d,%d into layer %d", i%rows, i/rows, l)
		}
		if i -= rows * cols; i < rows {
			return fmt.Sprintf("b_%d of layer %d", i, l)
		}
		i -= rows
	}
}

// chapter2 shows the cost, and how sensitive it is to the weights and biases.
func (x *explanation) chapter2(test []Example) {
	x.printf("CHAPTER 2: the cost, and its gradient\n\n")
	output := x.pass.A[len(x.n.Layers)-1]
	x.printTerms(len(output), 10, "C, the cost of this example", func(j int) (float64, string) {
		a, y := output[j], Wanted(j, x.example.Label)
		return (a - y) * (a - y), fmt.Sprintf("(a_%d - y_%d)^2 = (%s - %.0f)^2", j, j, digits(a), y)
	})
	cost, _ := x.n.Test(test)
	x.printf("\nThe cost of the network, the average over all test pictures, is %.6g.\n\n", cost)

	g := x.gradient.All
	order := slices.DeleteFunc(ranked(g), func(i int) bool { return g[i] == 0 })
	x.printf("The gradient of C has %s components. %s are 0, as those of weights from\n"+
		"black pixels always are.\n\n", thousands(len(g)), thousands(len(g)-len(order)))
	if len(order) == 0 {
		return
	}
	nudge := func(title string, i int) {
		const by = 0.01
		moved := x.n.Clone()
		moved.All[i] += by
		x.printf("%s: %s, derivative %+.6g\n  nudged by %+g, it should change C by %+.4g; it does by %+.4g\n\n",
			title, parameter(x.n.Layers, i), g[i], by, g[i]*by, x.cost(moved)-x.cost(x.n))
	}
	most, least := order[0], order[len(order)-1]
	nudge("Most sensitive", most)
	nudge("Least sensitive (nonzero)", least)
	x.printf("The first matters %.3g times as much as the second. (C has 16 digits, so\n"+
		"changes near 1e-16 do not show.)\n\n", math.Abs(g[most]/g[least]))
}

// chapter3 shows what this example asks of the neurons, weights and biases.
func (x *explanation) chapter3() {
	p, last, label := x.pass, len(x.n.Layers)-1, x.example.Label
	x.printf("CHAPTER 3: what %s asks for\n\n", anA(label))
	x.printf("Each output should move against its slope, by -dC/da = 2 (y - a):\n\n")
	x.printTerms(len(p.A[last]), 10, "", func(j int) (float64, string) {
		return -p.DCDA[last][j], fmt.Sprintf("output %d: 2 (%.0f - %s)", j, Wanted(j, label), digits(p.A[last][j]))
	})
	x.printAvenues()
	if last > 1 {
		k := ranked(p.DCDA[last-1])[0]
		x.printf("\nEvery output asks, each by its own delta. What they ask of neuron %d of\n"+
			"layer %d, of which most is asked, is the sum of -w delta:\n\n", k, last-1)
		x.printTerms(len(p.A[last]), 5, fmt.Sprintf("-dC/da_%d", k), func(j int) (float64, string) {
			w, delta := x.n.Weights[last].At(j, k), p.Delta[last][j]
			return -w * delta, fmt.Sprintf("output %d: -(%+.6g * %+.6g)", j, w, delta)
		})
	}
	printStep([]*explanation{x}, x.gradient)
}

// printAvenues shows the three ways in which the output of the label can move.
func (x *explanation) printAvenues() {
	last, j := len(x.n.Layers)-1, x.example.Label
	w, a := row(x.n.Weights[last], j), x.pass.A[last-1]
	dadz, dCda, delta := SigmoidSlope(x.pass.A[last][j]), x.pass.DCDA[last][j], x.pass.Delta[last][j]
	x.printf("\nOutput %d moves when its z does. The slope of C there is called delta:\n\n"+
		"  delta = dC/dz = da/dz * dC/da = %.6g * %+.6g = %+.6g\n\n"+
		"Its z should move against it, by -delta. There are three avenues. The bias,\nas dz/db = 1:\n\n"+
		"  %+12.6g   b_%d: -delta\n", j, dadz, dCda, delta, -delta, j)
	x.printf("\nThe weights, in proportion to the activations (the three largest):\n\n")
	x.printTerms(len(a), 3, "", func(k int) (float64, string) {
		return -delta * a[k], fmt.Sprintf("w_%d,%d: -delta a_%d = %+.6g * %.6g", j, k, k, -delta, a[k])
	})
	x.printf("\nThe activations, in proportion to the weights (the three largest):\n\n")
	x.printTerms(len(a), 3, "", func(k int) (float64, string) {
		return -delta * w[k], fmt.Sprintf("a_%d: -delta w_%d,%d = %+.6g * %+.6g", k, j, k, -delta, w[k])
	})
}

// printStep takes steps down the average gradient of examples, each in a copy of the network.
func printStep(all []*explanation, g *Gradient) {
	x, examples := all[0], float64(len(all))
	x.printf("\nOne step, w <- w - rate dC/dw, for all weights and biases. The gradient predicts\n"+
		"that C changes by -rate times its length squared. That holds for a small step;\n"+
		"in one as large as in training, the slope changes on the way.\n\n"+
		"%8s  %12s  %12s  %12s  %12s\n", "rate", "C before", "C after", "change", "predicted")
	var moved *Network
	for _, rate := range []float64{0.001, defaults().plan.Rate} {
		moved = x.n.Clone()
		before, after, predicted := 0.0, 0.0, 0.0
		for i, sum := range g.All {
			moved.All[i] -= rate * sum / examples
			predicted -= rate * (sum / examples) * (sum / examples)
		}
		for _, x := range all {
			before += x.cost(x.n) / examples
			after += x.cost(moved) / examples
		}
		x.printf("%8g  %12.6g  %12.6g  %+12.6g  %+12.6g\n", rate, before, after, after-before, predicted)
	}
	for _, x := range all {
		before, after := x.pass.A[len(x.n.Layers)-1], moved.Forward(moved.NewPass(), x.example.Picture)
		x.printf("\n%s, is read as %d before the larger step and as %d after it:\n\n",
			x.name, Answer(before), Answer(after))
		x.printTerms(len(after), max(3, 10/len(all)), "", func(j int) (float64, string) {
			return after[j] - before[j], fmt.Sprintf("output %d: from %.4f to %.4f", j, before[j], after[j])
		})
	}
	x.printf("\n")
}

// compare shows what several examples ask of the same few weights, and what a mini-batch of
// them does (chapter 3).
func compare(all []*explanation) {
	x, g := all[0], all[0].n.NewGradient()
	var sketches [][]string
	for _, x := range all {
		x.n.Backward(x.pass, x.example.Label, g)
		sketches = append(sketches, append(sketch(x.example.Picture, litBox([]Picture{x.example.Picture})), x.name))
	}
	x.printf("CHAPTER 3: what %d pictures ask of the same weights\n\n%s", len(all), x.sideBySide(sketches))
	x.printf("Each asks a weight to move by -dC/dw. A mini-batch moves it by the average,\n" +
		"times the rate. Here are the neurons j of each layer that should move most, each\n" +
		"with its weight from the neuron k before that is brightest for these pictures.\n")
	for l := len(x.n.Layers) - 1; l > 0; l-- {
		brightness := make([]float64, x.n.Layers[l-1])
		for _, x := range all {
			for k, a := range x.pass.A[l-1] {
				brightness[k] += a
			}
		}
		k := ranked(brightness)[0]
		neurons := ranked(g.Biases[l])[:min(5, x.n.Layers[l])]
		x.printf("\n%-20s", fmt.Sprintf("into layer %d", l))
		for _, j := range neurons {
			x.printf("  %10s", fmt.Sprintf("w_%d,%d", j, k))
		}
		line := func(name string, g *Gradient) {
			x.printf("\n%-20.20s", name)
			for _, j := range neurons {
				x.printf("  %+10.3g", 0-g.Weights[l].At(j, k)/float64(g.Examples))
			}
		}
		for _, x := range all {
			line(x.name, x.gradient)
		}
		line("average", g)
		x.printf("\n")
	}
	printStep(all, g)
}

// chapter4 follows the chain rule for a weight and a bias of each layer, and checks all
// derivatives.
func (x *explanation) chapter4() {
	x.printf("CHAPTER 4: the chain rule, factor by factor\n\n")
	cost := func() float64 { return x.cost(x.n) }
	for l := len(x.n.Layers) - 1; l > 0; l-- {
		x.printChain(l, cost)
	}
	worst := 0.0
	for i, derivative := range x.gradient.All {
		worst = max(worst, RelativeError(derivative, Slope(&x.n.All[i], cost)))
	}
	x.printf("All %s derivatives compared with their measured slopes:\nthe worst relative error is %.0e\n",
		thousands(len(x.n.All)), worst)
}

// printChain follows the chain rule for the most sensitive weight into layer l, and for the
// bias of its neuron.
func (x *explanation) printChain(l int, cost func() float64) {
	w, p := x.n.Weights[l], x.pass
	i := ranked(x.gradient.Weights[l].Data)[0]
	j, k := i%w.Rows, i/w.Rows
	a, dadz, dCda := p.A[l][j], SigmoidSlope(p.A[l][j]), p.DCDA[l][j]
	x.printf("Layer %d: its most sensitive weight is w_%d,%d, from neuron %d of layer %d to\n"+
		"neuron %d. It is now %+.6g, and the bias b_%d is %+.6g.\n\n",
		l, j, k, k, l-1, j, w.Data[i], j, x.n.Biases[l][j])
	x.printf("  dz/dw = a_%d = %.6g\n  dz/db = 1\n", k, p.A[l-1][k])
	x.printf("  da/dz = sigmoid'(z) = a (1 - a) = %s * %.6g = %.6g\n", digits(a), 1-a, dadz)
	if l == len(x.n.Layers)-1 {
		x.printf("  dC/da = 2 (a - y) = 2 (%s - %.0f) = %+.6g\n", digits(a), Wanted(j, x.example.Label), dCda)
	} else {
		x.printf("  dC/da = the sum over the neurons of layer %d of w * da/dz * dC/da there:\n", l+1)
		x.printTerms(len(p.A[l+1]), 3, "dC/da", func(next int) (float64, string) {
			w, dadz := x.n.Weights[l+1].At(next, j), SigmoidSlope(p.A[l+1][next])
			return w * p.Delta[l+1][next],
				fmt.Sprintf("through %d: %+.6g * %.6g * %+.6g", next, w, dadz, p.DCDA[l+1][next])
		})
	}
	product, measured := x.gradient.Weights[l].Data[i], Slope(&w.Data[i], cost)
	x.printf("  dC/dw = %.6g * %.6g * %+.6g = %+.6g\n", p.A[l-1][k], dadz, dCda, product)
	x.printf("  measured by nudging w: %+.6g, relative error %.0e\n", measured, RelativeError(product, measured))
	product, measured = x.gradient.Biases[l][j], Slope(&x.n.Biases[l][j], cost)
	x.printf("  dC/db = 1 * %.6g * %+.6g = %+.6g\n", dadz, dCda, product)
	x.printf("  measured by nudging b: %+.6g, relative error %.0e\n\n", measured, RelativeError(product, measured))
}

// weights paints the weights of the neurons of layer 1.
func weights(c *console, args []string) error {
	flags := flag.NewFlagSet("weights", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` of the network")
	data := flags.String("data", "", "the `folder` with the data, for pictures that are not square")
	out := flags.String("out", "weights.png", "the `file` to paint")
	if _, err := parse(c, flags, args, 0); err != nil {
		return err
	}
	if filepath.Clean(*out) == filepath.Clean(*path) {
		return usage("weights: -out %s would replace the network", *out)
	}
	if err := canWrite(*out); err != nil {
		return err
	}
	if old, err := os.ReadFile(*out); err == nil && !bytes.HasPrefix(old, []byte("\x89PNG")) {
		return fmt.Errorf("%s: not a PNG, so weights does not replace it; name another file with -out", *out)
	}
	n, rows, cols, err := loadForPictures(*path, *data)
	if err != nil {
		return err
	}
	var tables [][]float64
	for j := range n.Layers[1] {
		tables = append(tables, row(n.Weights[1], j))
	}
	scale := commonScale(slices.Concat(tables...))
	printWeights(c, rows, cols, tables, scale)

	var file bytes.Buffer
	if err := png.Encode(&file, grid(rows, cols, tables, scale)); err != nil {
		return err
	}
	if err := writeWhole(*out, file.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "painted in %s, in the same order: blue is above 0, red below\n", *out)
	return nil
}

// loadForPictures reads a network and returns the size of its pictures. The network knows only
// their number of pixels: they are square, or like those of the data in a folder.
func loadForPictures(path, folder string) (n *Network, rows, cols int, err error) {
	if folder != "" {
		set, n, err := loadBoth(path, folder)
		if err != nil {
			return nil, 0, 0, err
		}
		return n, set.Rows, set.Cols, nil
	}
	if n, err = loadNetwork(path); err != nil {
		return nil, 0, 0, err
	}
	side := int(math.Sqrt(float64(n.Layers[0])) + 0.5)
	if side*side != n.Layers[0] {
		return nil, 0, 0, fmt.Errorf("%s: its pictures have %d pixels and are not square; "+
			"name the folder with its data with -data", path, n.Layers[0])
	}
	return n, side, side, nil
}

// commonScale returns a number that 99 of 100 numbers do not exceed in size. With the largest
// of all as the scale, most of a picture would be pale.
func commonScale(numbers []float64) float64 {
	sizes := make([]float64, len(numbers))
	for i, x := range numbers {
		sizes[i] = math.Abs(x)
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)*99/100], 1e-12)
}

// printWeights draws the weights of each neuron on the terminal.
func printWeights(c *console, rows, cols int, tables [][]float64, scale float64) {
	var sketches [][]string
	for j, table := range tables {
		sketches = append(sketches, append(sketchSigned(table, rows, cols, 16, scale), strconv.Itoa(j)))
	}
	fmt.Fprintf(c.out, "What the %s of layer 1 look for. %s are weights above 0, %s below;\n"+
		"the last of each stands for %.2g and more.\n\n%s",
		count(len(tables), "neuron"), c.paint("░▒▓█"), c.paint("·-=≡"), 0.85*scale, c.paint(c.sideBySide(sketches)))
}

// paint makes the characters of sketchSigned blue above 0 and red below, on a terminal.
func (c *console) paint(text string) string {
	if !c.colour {
		return text
	}
	text = regexp.MustCompile("[░▒▓█]+").ReplaceAllString(text, "\x1b[34m$0\x1b[0m")
	return regexp.MustCompile("[·=≡-]+").ReplaceAllString(text, "\x1b[31m$0\x1b[0m")
}

// The colours of numbers: 0, above 0, below 0. The frame is for what is not a number.
var (
	zero  = color.RGBA{255, 255, 255, 255}
	above = color.RGBA{13, 71, 161, 255}
	below = color.RGBA{183, 28, 28, 255}
	frame = color.RGBA{200, 200, 200, 255}
)

// grid paints tables of rows x cols numbers as tiles, row by row from the top left, in full
// colour where a number reaches scale.
func grid(rows, cols int, tables [][]float64, scale float64) image.Image {
	const gap = 12 // in pixels
	across := int(math.Ceil(math.Sqrt(float64(len(tables)))))
	down := (len(tables) + across - 1) / across
	zoom := min(max(1, (800/across-gap)/cols), 24) // the pixels of a number
	width, height := cols*zoom+gap, rows*zoom+gap
	page := image.NewRGBA(image.Rect(0, 0, across*width+gap, down*height+gap))
	fill := func(box image.Rectangle, c color.Color) {
		draw.Draw(page, box, image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(page.Bounds(), zero)
	for i, table := range tables {
		x0, y0 := gap+i%across*width, gap+i/across*height
		fill(image.Rect(x0-1, y0-1, x0+cols*zoom+1, y0+rows*zoom+1), frame)
		for at, v := range table {
			x, y := x0+at%cols*zoom, y0+at/cols*zoom
			fill(image.Rect(x, y, x+zoom, y+zoom), signed(v/scale))
		}
	}
	return page
}

// signed returns the colour of a number from -1 to 1.
func signed(v float64) color.RGBA {
	full, strength := above, min(1, math.Abs(v))
	if v < 0 {
		full = below
	}
	mix := func(from, to uint8) uint8 { return uint8(float64(from) + strength*(float64(to)-float64(from)) + 0.5) }
	return color.RGBA{mix(zero.R, full.R), mix(zero.G, full.G), mix(zero.B, full.B), 255}
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
	n, rows, cols, err := loadForPictures(*path, *data)
	if err != nil {
		return err
	}
	pass, failed := n.NewPass(), 0
	for _, name := range names {
		picture, done, err := readPictureFile(c, name, rows, cols)
		if err != nil && len(names) == 1 {
			return err
		}
		if err != nil {
			fmt.Fprintf(c.err, "digits: %v\n", err)
			failed++
			continue
		}
		printAnswer(c, name, n.Forward(pass, picture), done.Warning)
		if *verbose {
			drawOutput(c, picture, done.Done, pass.A[len(n.Layers)-1])
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s could not be read", failed, count(len(names), "picture"))
	}
	return nil
}

// readPictureFile prepares the picture in a file, or on standard input if the name is -.
func readPictureFile(c *console, name string, rows, cols int) (Picture, Preparation, error) {
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
	picture, done, err := ReadPicture(in, rows, cols, MaxPicture)
	if err != nil {
		return Picture{}, Preparation{}, fmt.Errorf("%s: %w", name, err)
	}
	return picture, done, nil
}

// printAnswer prints the line that other programs read, with what there is to know about it
// after two spaces.
func printAnswer(c *console, name string, output []float64, warning string) {
	answer := Answer(output)
	details := fmt.Sprintf("activation %.2f", output[answer])
	if len(output) > 1 {
		rest := slices.Clone(output)
		rest[answer] = -1
		second := Answer(rest)
		details += fmt.Sprintf(", then %d with %.2f", second, output[second])
	}
	if unsure(output) {
		details += "; unsure"
	}
	if warning != "" {
		details += "; " + warning
	}
	fmt.Fprintf(c.out, "%s: %d  %s\n", name, answer, details)
}

// unsure reports whether no output is brighter than one half. On real handwriting, seven of ten
// such answers are wrong.
func unsure(output []float64) bool { return output[Answer(output)] < 0.5 }

// drawOutput draws what the network sees, and its outputs as bars.
func drawOutput(c *console, picture Picture, done []string, output []float64) {
	var bars []string
	for j, a := range output {
		bars = append(bars, fmt.Sprintf("%3d %.3f %s", j, a, strings.Repeat("█", int(20*a+0.5))))
	}
	if len(done) > 0 {
		fmt.Fprintf(c.out, "prepared: %s\n", strings.Join(done, ", "))
	}
	whole := image.Rect(0, 0, picture.Cols, picture.Rows)
	fmt.Fprintf(c.out, "\n%s", c.sideBySide([][]string{sketch(picture, whole), bars}))
}

// page is what draw shows in the browser.
//
//go:embed web/draw.html
var page []byte

// drawPage serves the page until Ctrl-C.
func drawPage(c *console, args []string) error {
	flags := flag.NewFlagSet("draw", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` with the network")
	data := flags.String("data", "", "take test digits from the IDX files in this `folder`")
	addr := flags.String("addr", "localhost:8080", "the `address` to listen at; only localhost is private")
	open := flags.Bool("open", true, "open the page in a browser if standard output is a terminal")
	if _, err := parse(c, flags, args, 0); err != nil {
		return err
	}
	set, err := LoadDataset(*data)
	if err != nil {
		return err
	}
	s := newStudio(*path, *data, set)
	if _, _, err := s.current(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use, perhaps by another draw; stop that, or let the system choose a port: "+
			"go run . draw -addr localhost:0", *addr)
	}
	if err != nil {
		return fmt.Errorf("cannot listen at %s: %w", *addr, err)
	}
	ctx, release := signal.NotifyContext(context.Background(), endSignals()...)
	defer release()
	address := announce(c, listener.Addr().(*net.TCPAddr))
	if _, standard := c.out.(*resultWriter); *open && standard && isTerminal(os.Stdout) {
		openBrowser(address)
	}
	err = s.serve(ctx, listener)
	s.mutex.Lock() // once a save under way is done
	defer s.mutex.Unlock()
	if s.network != s.inFile {
		fmt.Fprintf(c.out, "the network on the page was not saved; %s is as it was\n", *path)
	}
	return err
}

// announce prints the address of the page and returns it.
func announce(c *console, at *net.TCPAddr) string {
	address := "http://" + at.String()
	if at.IP.IsUnspecified() { // listening everywhere, which is no address to open
		address = fmt.Sprintf("http://localhost:%d", at.Port)
	}
	fmt.Fprintf(c.out, "open %s in a browser; Ctrl-C ends it\n", address)
	if !at.IP.IsLoopback() {
		fmt.Fprintf(c.out, "others on your network can open it too, at port %d of this machine, and train and save\n",
			at.Port)
	}
	return address
}

// openBrowser opens an address in the browser. Where there is none, nothing happens.
func openBrowser(address string) {
	opener := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if opener == "" && os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY") != "" {
		opener = "xdg-open" // without a screen it would start a browser for terminals
	}
	go exec.Command(opener, address).Run()
}

// A studio has the network that the page shows, and trains. The network is never changed in
// place: a step, learning or a new file replaces it. So requests use it without a lock,
// and each answer is about one network, whose version it carries.
type studio struct {
	path  string // of the network
	data  string // the folder of the set, "" for MNIST
	set   *Dataset
	turns chan struct{} // limits how many drawings are decoded at once, for their memory

	mutex    sync.Mutex // guards the rest
	network  *Network
	version  int        // the number of networks so far
	inFile   *Network   // the network last read from the file or saved
	written  time.Time  // when the file was
	own      bool       // it was saved by the page
	steps    []*Network // the network before each step taken on the page
	learning *learning  // under way, or the last one
	changed  *sync.Cond // signals an order to the learning, or that one is carried out
}

// newStudio returns a studio that reads its network when it is first asked for.
func newStudio(path, data string, set *Dataset) *studio {
	s := &studio{path: path, data: data, set: set, turns: make(chan struct{}, 2), learning: &learning{state: "idle"}}
	s.changed = sync.NewCond(&s.mutex)
	return s
}

// current returns the network and its version. It reads the file again if another network
// was saved there, as train does, unless the page has one that is not saved.
func (s *studio) current() (*Network, int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	info, err := os.Stat(s.path)
	same := err != nil || s.written.Equal(info.ModTime())
	if s.network != nil && (same || s.network != s.inFile || s.learning.underWay()) {
		return s.network, s.version, nil
	}
	n, err := loadFitting(s.path, s.data, s.set)
	if err != nil {
		return nil, 0, refuse(http.StatusServiceUnavailable, "%w", err)
	}
	s.replace(n)
	s.inFile, s.written, s.own, s.steps = n, info.ModTime(), false, nil
	return n, s.version, nil
}

// replace makes n the network that the page shows.
func (s *studio) replace(n *Network) {
	s.network = n
	s.version++
}

// A learning trains a network of its own in the background.
type learning struct {
	plan     Training
	network  *Network
	blind    float64 // see blindCost
	state    string  // idle, learning, paused, ended or failed
	failure  string
	progress Progress
	costs    []float64      // of each epoch
	rights   []float64      // the share of the training examples that were right in each epoch
	tests    []float64      // the share of the test examples right after each epoch
	testing  sync.WaitGroup // for the test under way

	order     string        // pause, resume, next, stop or pace, to be carried out after the step under way
	interval  time.Duration // the least time between two steps
	stepped   time.Time     // when the last step began
	publishAt time.Time     // when the next copy is to be shown
}

// underWay reports whether the learning has not ended, though it may be paused.
func (l *learning) underWay() bool { return l.state == "learning" || l.state == "paused" }

// learn trains to the end.
func (s *studio) learn(l *learning, random *rand.Rand) {
	err := l.plan.Train(l.network, s.set.Train, random, func(p Progress) error { return s.report(l, p) })
	l.testing.Wait()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	l.state = "ended"
	if err != nil && err != context.Canceled {
		l.state, l.failure = "failed", err.Error()
	}
	s.changed.Broadcast()
}

// report is called after each step.
func (s *studio) report(l *learning, p Progress) error {
	ends := p.Seen == p.Of
	if ends {
		l.testing.Wait() // for the epoch before
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !math.IsNaN(p.Cost) { // JSON has no NaN
		l.progress = p
		if ends {
			l.costs = append(l.costs, p.Cost)
			l.rights = append(l.rights, float64(p.Right)/float64(p.Of))
		}
	}
	if err := diverged(l.plan, l.blind, l.costs, p); err != nil {
		return err
	}
	waits := l.order != "" || l.state == "paused" || time.Since(l.stepped) < l.interval
	if ends || waits || time.Now().After(l.publishAt) {
		s.publish(l)
	}
	if ends {
		l.testing.Add(1)
		go s.test(l, s.network) // beside the next epoch
	}
	return s.wait(l)
}

// publish shows a copy of the network in training, ten times a second. For a large network
// that is less often, so that the copies take at most a tenth of the time.
func (s *studio) publish(l *learning) {
	bad := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
	if slices.ContainsFunc(l.network.All, bad) { // it is about to fail
		return
	}
	start := time.Now()
	s.replace(l.network.Clone())
	l.publishAt = time.Now().Add(max(100*time.Millisecond, 10*time.Since(start)))
}

// test measures the network at the end of an epoch.
func (s *studio) test(l *learning, n *Network) {
	defer l.testing.Done()
	_, right := n.Test(s.set.Test)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	l.tests = append(l.tests, float64(right)/float64(len(s.set.Test)))
}

// wait carries out orders. It returns when the next step is due, or an error if there should
// be none.
func (s *studio) wait(l *learning) error {
	for {
		switch l.order {
		case "stop":
			return context.Canceled
		case "pause":
			l.state = "paused"
		case "resume":
			l.state = "learning"
		case "next":
			l.state, l.order = "paused", "step" // stands until the step is taken
			return nil
		}
		l.order = ""
		s.changed.Broadcast()
		if l.state == "learning" {
			early := l.interval - time.Since(l.stepped)
			if early <= 0 {
				l.stepped = time.Now()
				return nil
			}
			time.AfterFunc(early, s.changed.Broadcast)
		}
		s.changed.Wait()
	}
}

// settle returns when no order is left to be carried out.
func (s *studio) settle(l *learning) {
	for l.order != "" && l.underWay() {
		s.changed.Wait()
	}
}

// serve answers requests until ctx is done.
func (s *studio) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:        s.handler(),
		ReadTimeout:    15 * time.Second,
		WriteTimeout:   30 * time.Second,
		IdleTimeout:    time.Minute,
		MaxHeaderBytes: 1 << 14,
	}
	debug.SetMemoryLimit(200 << 20) // with hundreds of connections the garbage would double it
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// handler routes requests. A value that is served becomes JSON, an error {"error": "..."}.
func (s *studio) handler() http.Handler {
	type serve func(http.ResponseWriter, *http.Request) (any, error)
	get := map[string]serve{
		"/": s.servePage, "/network": s.serveNetwork, "/digit": s.serveReading, "/progress": s.serveProgress,
	}
	post := map[string]serve{
		"/recognize": s.serveReading, "/check": s.serveCheck, "/step": s.serveStep, "/undo": s.serveUndo,
		"/learn": s.serveLearn, "/pause": s.serveOrder, "/resume": s.serveOrder, "/next": s.serveOrder,
		"/stop": s.serveOrder, "/pace": s.serveOrder, "/save": s.serveSave,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; "+
			"style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'")
		answer, method := get[r.URL.Path], "GET"
		if answer == nil {
			answer, method = post[r.URL.Path], "POST"
		}
		var value any
		err := checkSender(r)
		switch {
		case err != nil:
		case answer == nil:
			err = refuse(http.StatusNotFound, "there is nothing at %s", r.URL.Path)
		case r.Method != method && !(method == "GET" && r.Method == "HEAD"):
			w.Header().Set("Allow", method)
			err = refuse(http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, method, r.Method)
		default:
			value, err = answer(w, r)
		}
		sendJSON(w, r, value, err)
	})
}

// checkSender refuses requests of other pages. A foreign site could send requests here from
// the user's own browser, under its own name (Origin) or with a name of its own made to mean
// this machine (Host). So the host must be localhost or an IP address, which no foreign site
// can have, and the origin, if there is one, the same.
func checkSender(r *http.Request) error {
	host, origin := r.Host, r.Header.Get("Origin")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
		return refuse(http.StatusForbidden, "this server does not answer to the name %q", r.Host)
	}
	if origin != "" && origin != "http://"+r.Host {
		return refuse(http.StatusForbidden, "pages from %q may not use this server", origin)
	}
	return nil
}

// A refusal is an error with the HTTP status that goes with it. All other errors are bad requests.
type refusal struct {
	status int
	error
}

// refuse returns a refusal with a formatted error.
func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Errorf(format, args...)}
}

// sendJSON sends a value or an error. A nil value has been sent already.
func sendJSON(w http.ResponseWriter, r *http.Request, value any, err error) {
	status := http.StatusOK
	if r.URL.Path == "/learn" {
		status = http.StatusAccepted
	}
	text, infinite := json.Marshal(value) // an error means numbers that JSON does not have
	if err = cmp.Or(err, infinite); err != nil {
		status = http.StatusBadRequest
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			status = refused.status
		}
		text, _ = json.Marshal(map[string]string{"error": err.Error()})
	} else if value == nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // an error means that nobody listens any more
}

// queryNumber returns a whole number from low to high in the query of a request. After a
// mistake it returns low and sets err, if that is not set yet.
func queryNumber(r *http.Request, name string, low, high int, err *error) int {
	text := r.URL.Query().Get(name)
	x, mistake := strconv.Atoi(text)
	if mistake == nil && low <= x && x <= high {
		return x
	}
	if *err == nil {
		*err = fmt.Errorf("%s=%s: must be a whole number from %d to %d", name, text, low, high)
	}
	return low
}

// servePage sends the page itself.
func (s *studio) servePage(w http.ResponseWriter, r *http.Request) (any, error) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page)
	return nil, nil
}

// serveNetwork sends the network in memory.
func (s *studio) serveNetwork(w http.ResponseWriter, r *http.Request) (any, error) {
	n, version, err := s.current()
	if err != nil {
		return nil, err
	}
	return s.describe(n, version, r)
}

// describe returns a network as it is saved, with the size of its pictures. places=N in the
// query rounds its numbers to N decimal places: with 3 they are short enough to be sent ten
// times a second. 17 keeps all digits.
func (s *studio) describe(n *Network, version any, r *http.Request) (any, error) {
	places, err := 17, error(nil)
	if r.URL.Query().Has("places") {
		places = queryNumber(r, "places", 0, 17, &err)
	}
	if unit := math.Pow10(places); places < 17 {
		n = n.Clone()
		for i, x := range n.All {
			n.All[i] = math.Round(x*unit) / unit
		}
	}
	f := n.file()
	return map[string]any{"version": version, "rows": s.set.Rows, "cols": s.set.Cols,
		"layers": f.Layers, "weights": f.Weights, "biases": f.Biases}, err
}

// question returns the network and the example that a request is about, and an answer that
// says so. The example is a drawing in the body, or a test picture, by number=N, the next
// after wrong=N that the network misreads, or for /digit any. The label is the one in the query
// or else that of the test picture. Only for /recognize there may be none: it is -1 then.
func (s *studio) question(w http.ResponseWriter, r *http.Request) (
	n *Network, e Example, answer map[string]any, err error) {
	n, version, err := s.current()
	if err != nil {
		return nil, e, nil, err
	}
	answer = map[string]any{"version": version}
	query, last, number := r.URL.Query(), len(s.set.Test)-1, -1
	switch {
	case query.Has("wrong"):
		number, err = s.nextMistake(n, r)
	case query.Get("number") != "":
		if number = queryNumber(r, "number", 0, last, &err); err != nil {
			err = refuse(http.StatusNotFound, "there is no test picture %s; the numbers are 0 to %d",
				query.Get("number"), last)
		}
	case r.URL.Path == "/digit":
		number = rand.IntN(last + 1)
	default:
		var prepared Preparation
		e.Picture, prepared, err = s.readDrawing(w, r)
		e.Label, answer["prepared"], answer["warning"] = -1, prepared.Done, prepared.Warning
	}
	if number >= 0 {
		e = s.set.Test[number]
		answer["number"], answer["label"] = number, e.Label
	}
	if query.Has("label") || e.Label < 0 && r.URL.Path != "/recognize" {
		e.Label = queryNumber(r, "label", 0, s.set.Classes-1, &err)
	}
	return n, e, answer, err
}

// nextMistake returns the number of the next test picture that the network misreads. After
// the last picture comes the first.
func (s *studio) nextMistake(n *Network, r *http.Request) (number int, err error) {
	p, after := n.NewPass(), queryNumber(r, "wrong", -1, len(s.set.Test)-1, &err)
	for i := range s.set.Test {
		number = (after + 1 + i) % len(s.set.Test)
		if e := s.set.Test[number]; err != nil || Answer(n.Forward(p, e.Picture)) != e.Label {
			return number, err
		}
	}
	return 0, refuse(http.StatusNotFound, "the network misreads no test picture")
}

// readDrawing reads the picture in the body of a request, as predict does with a file.
func (s *studio) readDrawing(w http.ResponseWriter, r *http.Request) (p Picture, prepared Preparation, err error) {
	const largestBody, largestPicture = 1 << 20, 4_000_000 // bytes, pixels
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err == nil {
		s.turns <- struct{}{}
		p, prepared, err = ReadPicture(bytes.NewReader(body), s.set.Rows, s.set.Cols, largestPicture)
		<-s.turns
	}
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		err = refuse(http.StatusRequestEntityTooLarge, "a picture may have %d bytes at most", largestBody)
	case errors.Is(err, ErrNoInk):
		err = refuse(http.StatusUnprocessableEntity, "%w", err)
	}
	return p, prepared, err
}

// serveReading answers /recognize and /digit: what the network makes of a picture and, if the
// label is known, what the gradient asks. With places=N the network itself comes too, so that
// both are of one version.
func (s *studio) serveReading(w http.ResponseWriter, r *http.Request) (any, error) {
	n, e, a, err := s.question(w, r)
	if err != nil {
		return nil, err
	}
	p := n.NewPass()
	output := n.Forward(p, e.Picture)
	a["digit"], a["unsure"], a["activations"], a["z"] = Answer(output), unsure(output), p.A, p.Z
	if e.Label >= 0 {
		n.Backward(p, e.Label, n.NewGradient())
		a["cost"], a["dCda"], a["delta"] = Cost(output, e.Label), p.DCDA, p.Delta
	}
	if r.URL.Query().Has("places") {
		a["network"], err = s.describe(n, a["version"], r)
	}
	return a, err
}

// serveCheck compares the derivative of the cost with respect to one weight or bias, by the
// chain rule of chapter 4, with the measured slope.
func (s *studio) serveCheck(w http.ResponseWriter, r *http.Request) (any, error) {
	n, e, a, err := s.question(w, r)
	if err != nil {
		return nil, err
	}
	l := queryNumber(r, "layer", 1, len(n.Layers)-1, &err)
	j := queryNumber(r, "j", 0, n.Layers[l]-1, &err)
	k := queryNumber(r, "k", -1, n.Layers[l-1]-1, &err)
	n = n.Clone() // to be nudged
	p, g := n.NewPass(), n.NewGradient()
	n.Forward(p, e.Picture)
	n.Backward(p, e.Label, g)
	a["dadz"], a["dCda"] = SigmoidSlope(p.A[l][j]), p.DCDA[l][j]
	x, dzdw, computed := &n.Biases[l][j], 1.0, g.Biases[l][j]
	if k >= 0 {
		x, dzdw, computed = &n.Weights[l].Column(k)[j], p.A[l-1][k], g.Weights[l].At(j, k)
	}
	measured := Slope(x, func() float64 { return Cost(n.Forward(p, e.Picture), e.Label) })
	a["dzdw"], a["computed"], a["measured"], a["error"] = dzdw, computed, measured, RelativeError(computed, measured)
	return a, err
}

// serveStep takes one step of gradient descent on one example. As w becomes w - rate * dC/dw,
// the gradient predicts that the cost falls by the sum of dC/dw * rate * dC/dw.
func (s *studio) serveStep(w http.ResponseWriter, r *http.Request) (any, error) {
	_, e, a, err := s.question(w, r)
	if err != nil {
		return nil, err
	}
	text := r.URL.Query().Get("rate")
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate > 0 && rate <= 1e6) {
		return nil, fmt.Errorf("rate=%s: must be a number above 0, at most 1000000", text)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.learning.underWay() {
		return nil, refuse(http.StatusConflict, "the network is learning; stop that first")
	}
	n := s.network.Clone()
	p, g := n.NewPass(), n.NewGradient()
	before := Cost(n.Forward(p, e.Picture), e.Label)
	n.Backward(p, e.Label, g)
	predicted := before
	for _, derivative := range g.All {
		predicted -= derivative * rate * derivative
	}
	n.Descend(g, rate, 0)
	s.steps = append(s.steps, s.network)
	s.steps = s.steps[max(0, len(s.steps)-maxParameters/len(n.All)):] // for their memory
	s.replace(n)
	a["version"], a["before"], a["predicted"] = s.version, before, predicted
	a["after"] = Cost(n.Forward(p, e.Picture), e.Label)
	return a, nil
}

// serveUndo takes back the last step.
func (s *studio) serveUndo(w http.ResponseWriter, r *http.Request) (any, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	last := len(s.steps) - 1
	if last < 0 || s.learning.underWay() {
		return nil, refuse(http.StatusConflict, "there is no step to take back")
	}
	s.replace(s.steps[last])
	s.steps = s.steps[:last]
	return s.progress(), nil
}

// serveLearn starts training in the background.
func (s *studio) serveLearn(w http.ResponseWriter, r *http.Request) (any, error) {
	d, err := learningSettings(http.MaxBytesReader(w, r.Body, 1<<12))
	interval := stepInterval(r, &err)
	if err != nil {
		return nil, err
	}
	n, _, err := s.current()
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(d.seed, 0))
	if d.resume {
		n = n.Clone()
	} else if n, err = d.randomNetwork(s.set, random); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.learning.underWay() {
		return nil, refuse(http.StatusConflict, "the network is learning already; stop that first")
	}
	l := &learning{plan: d.plan, network: n, blind: blindCost(s.set), state: "learning"}
	l.interval, l.stepped = interval, time.Now()
	s.learning, s.steps = l, nil
	s.publish(l)
	go s.learn(l, random)
	return s.progress(), nil
}

// learningSettings reads an order to learn. What is left out of it is as on the command line.
func learningSettings(body io.Reader) (*settings, error) {
	d := defaults()
	order := struct {
		Hidden        []int // not a pointer to the default, of which null would keep an element
		Epochs, Batch *int
		Rate          *float64
		Seed          *uint64
		Plain         bool
		From          string // random, or here for the layers, weights and biases of the network
	}{nil, &d.plan.Epochs, &d.plan.Batch, &d.plan.Rate, &d.seed, false, "random"}
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	if err := decodeWhole(in, &order); err != nil {
		return nil, fmt.Errorf("not an order to learn: %w", err)
	}
	if order.Hidden != nil {
		d.hidden = order.Hidden
	}
	if order.From != "random" && order.From != "here" {
		return nil, fmt.Errorf("from %q: must be random or here", order.From)
	}
	d.resume = order.From == "here"
	if order.Plain {
		d.plan = plain(d.plan)
	}
	return &d, d.check()
}

// decodeWhole decodes one JSON object and nothing after it. Its errors do not name Go types.
func decodeWhole(in *json.Decoder, object any) error {
	err := in.Decode(object)
	mismatch := (*json.UnmarshalTypeError)(nil)
	switch _, end := in.Token(); {
	case err == io.EOF:
		return errors.New("the body is empty; for the defaults send {}")
	case errors.As(err, &mismatch):
		expected := map[string]string{"[]int": "a list of whole numbers", "int": "a whole number",
			"uint64": "a whole number from 0", "float64": "a number", "bool": "true or false", "string": "a string"}
		return fmt.Errorf("%s: expected %s, found %s", cmp.Or(strings.ToLower(mismatch.Field), "the body"),
			cmp.Or(expected[mismatch.Type.String()], "an object"), mismatch.Value)
	case err == nil && end != io.EOF:
		return errors.New("there is more after the object")
	}
	return err
}

// stepInterval returns the least time between two steps for batches=N a second in the query,
// 0 for as fast as it goes. It sets err as queryNumber does.
func stepInterval(r *http.Request, err *error) time.Duration {
	text := cmp.Or(r.URL.Query().Get("batches"), "0")
	pace, mistake := strconv.ParseFloat(text, 64)
	if mistake == nil && pace >= 0.01 && pace <= 1e6 {
		return time.Duration(float64(time.Second) / pace)
	}
	if *err == nil && (mistake != nil || pace != 0) {
		*err = fmt.Errorf("batches=%s: must be 0 or a number from 0.01 to 1000000", text)
	}
	return 0
}

// serveOrder answers /pause, /resume, /next, /stop and /pace when they are carried out.
func (s *studio) serveOrder(w http.ResponseWriter, r *http.Request) (any, error) {
	var err error
	interval := stepInterval(r, &err)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	l, order := s.learning, strings.TrimPrefix(r.URL.Path, "/")
	s.settle(l) // after an order from another tab
	switch {
	case !l.underWay():
		return nil, refuse(http.StatusConflict, "no learning is under way")
	case order == "pause" && l.state == "paused" || order == "resume" && l.state == "learning":
		return nil, refuse(http.StatusConflict, "there is nothing to %s: the network is %s", order, l.state)
	case order == "pace":
		l.interval = interval
	}
	l.order = order
	s.changed.Broadcast()
	s.settle(l)
	return s.progress(), nil
}

// progress returns what the page is told of the learning and the network.
func (s *studio) progress() map[string]any {
	l, p := s.learning, s.learning.progress
	list := func(x []float64) []float64 { return append([]float64{}, x...) } // in JSON [] and not null
	return map[string]any{"version": s.version, "saved": s.network == s.inFile, "steps": len(s.steps), "state": l.state,
		"error": l.failure, "epoch": p.Epoch, "epochs": l.plan.Epochs, "batch": l.plan.Batch,
		"seen": p.Seen, "of": p.Of,
		"cost": p.Cost, "right": p.Right, "costs": list(l.costs), "rights": list(l.rights), "tests": list(l.tests)}
}

// serveProgress sends the progress at once, and then ten times a second if it has changed.
func (s *studio) serveProgress(w http.ResponseWriter, r *http.Request) (any, error) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == "HEAD" {
		return nil, nil
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // this may last for hours
	for last := ""; ; {
		s.current() // for a new file; its errors are for those who ask for the network
		s.mutex.Lock()
		text, _ := json.Marshal(s.progress())
		s.mutex.Unlock()
		if string(text) != last {
			last = string(text)
			control.SetWriteDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprintf(w, "data: %s\n\n", text)
			control.Flush() // an error ends the request's context
		}
		select {
		case <-r.Context().Done():
			return nil, nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// serveSave writes the network to its file. It keeps the network that is there, unless the page
// has saved that itself.
func (s *studio) serveSave(w http.ResponseWriter, r *http.Request) (any, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := canSave(s.path); err != nil {
		return nil, refuse(http.StatusConflict, "%w", err)
	}
	info, err := os.Stat(s.path)
	own := err == nil && s.own && s.written.Equal(info.ModTime())
	if err := s.network.saveOver(s.path, !own); err != nil {
		return nil, refuse(http.StatusInternalServerError, "%w", err)
	}
	s.inFile, s.own = s.network, true
	if info, err := os.Stat(s.path); err == nil {
		s.written = info.ModTime()
	}
	return s.progress(), nil
}
