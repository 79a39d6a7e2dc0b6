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
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// commands returns what the program can do; help shows it in this order. (It is a function,
// as a variable would depend on itself: a command may print the help.)
func commands() []command {
	return []command{
		{"train", "", "learn to read digits and save what was learned (the default)", train},
		{"test", "", "show how a saved network does on pictures it has never seen", test},
		{"explain", "[NUMBER or FILE]", "take a test picture or a file of yours through the four chapters", explain},
		{"weights", "", "paint what each neuron of layer 1 looks for in the pixels", weights},
		{"predict", "FILE...", "read the digits in picture files (- is standard input)", predict},
		{"draw", "", "serve a page to draw a digit on, where the neurons light up", drawPage},
	}
}

// A command is one word after `go run .` and what it does.
type command struct {
	name      string
	arguments string // what may follow the flags, for the help
	summary   string
	run       func(*console, []string) error
}

// A console is where a command reads and writes, and what it knows of the place.
type console struct {
	in   io.Reader
	out  io.Writer // results
	err  io.Writer // progress
	live bool      // err is a terminal: a line there may be written again and again
	tint bool      // out is a terminal: colours help
}

// errUsage marks errors in how the program was called. It adds nothing to their text.
var errUsage = errors.New("")

// main exits with 0 when all is done, 1 when something failed, 2 when the program was
// called in a way it does not know.
func main() {
	results := &resultWriter{Writer: os.Stdout}
	c := &console{in: os.Stdin, out: results, err: os.Stderr, live: isTerminal(os.Stderr), tint: isTerminal(os.Stdout)}
	code := run(c, os.Args[1:])
	if code == 0 && results.err != nil && !errors.Is(results.err, syscall.EPIPE) { // EPIPE: the reader has read enough
		fmt.Fprintf(os.Stderr, "digits: the results could not be written: %v\n", results.err)
		code = 1
	}
	os.Exit(code)
}

// A resultWriter remembers the first error, so that a full disk does not go unnoticed.
type resultWriter struct {
	io.Writer
	err error
}

func (w *resultWriter) Write(text []byte) (int, error) {
	n, err := w.Writer.Write(text)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// isTerminal tells whether a file is a terminal on which the user wants more than plain
// lines: https://no-color.org.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}

// run carries out the command that the arguments name and returns the exit code.
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
	return usage("there is no command %q; to see them all, run: go run . help", args[0])
}

// usage returns an error in how the program was called.
func usage(format string, args ...any) error {
	return fmt.Errorf(format+"%w", append(args, errUsage)...)
}

// help tells what the program can do.
func help(c *console) error {
	fmt.Fprint(c.out, "A neural network that learns to read handwritten digits.\n\nusage: go run . [command] [flags] [arguments]\n\n")
	for _, cmd := range commands() {
		fmt.Fprintf(c.out, "  %-8s %s\n", cmd.name, cmd.summary)
	}
	fmt.Fprint(c.out, "\nThe flags of a command: go run . help COMMAND\n")
	return nil
}

// parse reads a command's flags, after which at most so many arguments may follow.
// Whatever is wrong with them is said in one line.
func parse(c *console, flags *flag.FlagSet, args []string, most int) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		for _, cmd := range commands() {
			if cmd.name == flags.Name() {
				fmt.Fprintf(c.out, "%s: %s\n\nusage: go run . %s [flags] %s\n\n", cmd.name, cmd.summary, cmd.name, cmd.arguments)
			}
		}
		flags.SetOutput(c.out)
		flags.PrintDefaults()
		return err
	}
	if err != nil {
		return usage("%s: %v; to see the flags, run: go run . help %s", flags.Name(), err, flags.Name())
	}
	if flags.NArg() > most {
		return usage("%s: %q is one argument too many; to see what it takes, run: go run . help %s", flags.Name(), flags.Arg(most), flags.Name())
	}
	return nil
}

// loadData returns the set in a folder, or MNIST if no folder is named.
func loadData(folder string) (*Dataset, error) {
	if folder == "" {
		return LoadMNIST()
	}
	return LoadDataset(folder)
}

// loadFitting reads a network that must be made for pictures like those of the set.
func loadFitting(path, data string, set *Dataset) (*Network, error) {
	n, err := LoadNetwork(path)
	if err != nil {
		return nil, err
	}
	return n, fits(n, path, data, set)
}

// loadBoth reads a set and a network that is made for it.
func loadBoth(path, data string) (*Dataset, *Network, error) {
	set, err := loadData(data)
	if err != nil {
		return nil, nil, err
	}
	n, err := loadFitting(path, data, set)
	return set, n, err
}

// fits returns an error unless the network from this file is made for pictures and
// classes like those of the set, which comes from the folder data or is MNIST.
func fits(n *Network, path, data string, set *Dataset) error {
	inputs, outputs := n.Layers[0], n.Layers[len(n.Layers)-1]
	if inputs == set.Rows*set.Cols && outputs == set.Classes {
		return nil
	}
	if data != "" {
		data = " -data " + data
	}
	return fmt.Errorf("%s: the network %s is not made for this data, which has %d x %d = %d pixels and %d classes; to make one that is, run: go run . train%s -net FILE",
		path, layersText(n.Layers), set.Rows, set.Cols, set.Rows*set.Cols, set.Classes, data)
}

// trainFlags is what can be said about a training on the command line.
type trainFlags struct {
	plan   Training
	hidden []int
	seed   uint64
	data   string
	net    string
	resume bool
}

// defaultRate, and the other defaults below, did best on the last 10,000 training pictures
// after training on the others, never on the test pictures.
const defaultRate = 2.0

func parseTrain(c *console, args []string) (*trainFlags, error) {
	t := &trainFlags{hidden: []int{16, 16}}
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	flags.Func("hidden", "the `sizes` of the hidden layers (default 16,16)", func(text string) (err error) {
		t.hidden, err = parseSizes(text)
		return err
	})
	flags.IntVar(&t.plan.Epochs, "epochs", 25, "how many times every picture is seen")
	flags.IntVar(&t.plan.Batch, "batch", 20, "how many pictures share a step")
	flags.Float64Var(&t.plan.Rate, "rate", defaultRate, "how far a step goes down the gradient\n(code that takes half the cost needs twice as much)")
	flags.BoolVar(&t.plan.Anneal, "anneal", true, "ease the rate and the decay down to 0 over the run\n(the videos' plain rule is -anneal=false -decay 0)")
	flags.Float64Var(&t.plan.Decay, "decay", 0.6, "the share that each weight of a pixel loses between epochs")
	flags.Uint64Var(&t.seed, "seed", 1, "which random numbers; the same give the same network")
	flags.StringVar(&t.data, "data", "", "learn from the four IDX files in this `folder`, not from MNIST")
	flags.StringVar(&t.net, "net", "network.json", "save the network in this `file`")
	flags.BoolVar(&t.resume, "resume", false, "go on from the network that is saved there")
	if err := parse(c, flags, args, 0); err != nil {
		return nil, err
	}
	hiddenGiven := false
	flags.Visit(func(f *flag.Flag) { hiddenGiven = hiddenGiven || f.Name == "hidden" })
	switch {
	case t.plan.Epochs < 1:
		return nil, usage("train: -epochs %d: at least 1", t.plan.Epochs)
	case t.plan.Batch < 1:
		return nil, usage("train: -batch %d: at least 1", t.plan.Batch)
	case !(t.plan.Rate > 0) || math.IsInf(t.plan.Rate, 0):
		return nil, usage("train: -rate %g: a number above 0", t.plan.Rate)
	case !(t.plan.Decay >= 0 && t.plan.Decay < 1):
		return nil, usage("train: -decay %g: a number from 0 to below 1", t.plan.Decay)
	case t.resume && hiddenGiven:
		return nil, usage("train: -resume takes the layers from %s, so leave out -hidden", t.net)
	}
	return t, nil
}

// parseSizes reads a list like 16,16.
func parseSizes(text string) ([]int, error) {
	var sizes []int
	for word := range strings.SplitSeq(text, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || size < 1 || size > 10_000 {
			return nil, fmt.Errorf("%q is not a number of neurons from 1 to 10000", word)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// train lets a network learn and saves it.
func train(c *console, args []string) error {
	t, err := parseTrain(c, args)
	if err != nil {
		return err
	}
	if err := CanWrite(t.net); err != nil {
		return err
	}
	// A reader of the output that goes away, as tee does at Ctrl-C, must not end the program
	// before it has saved.
	signal.Ignore(syscall.SIGPIPE)
	set, err := loadData(t.data)
	if err != nil {
		return err
	}
	if t.plan.Batch > len(set.Train) {
		return usage("train: -batch %d: there are only %d pictures to learn from", t.plan.Batch, len(set.Train))
	}
	fmt.Fprintf(c.out, "%s pictures to learn from, %s for the test: %d x %d pixels, %d classes\n",
		thousands(len(set.Train)), thousands(len(set.Test)), set.Rows, set.Cols, set.Classes)

	random := rand.New(rand.NewPCG(t.seed, 0))
	n, err := startingNetwork(c, t, set, random)
	if err != nil {
		return err
	}

	start := time.Now()
	if err := learn(c, t, n, set, random); err != nil {
		return err
	}
	wrong := mistakes(n, set.Test)
	drawMistakes(c, set, wrong, "The first it gets wrong")
	fmt.Fprintf(c.out, "saved in %s after %.1f s\n", t.net, time.Since(start).Seconds())
	printAccuracy(c, len(set.Test)-len(wrong), len(set.Test))
	return nil
}

// learn carries out the training and saves the network. The first Ctrl-C ends the training
// after the mini-batch at hand; from then on Ctrl-C stops the program as usual.
func learn(c *console, t *trainFlags, n *Network, set *Dataset, random *rand.Rand) error {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	context.AfterFunc(ctx, release)

	w := newWatcher(ctx, c, n, set, t.plan)
	end := t.plan.Train(n, set.Train, random, w.report)
	stopped := errors.Is(end, context.Canceled)
	var err error
	if end == nil || stopped {
		err = n.Save(t.net)
	} else {
		err = fmt.Errorf("%w; nothing is saved", end)
	}
	w.finish()
	if err == nil && stopped {
		fmt.Fprintf(c.out, "stopped in epoch %d of %d; what was learned so far is kept\n", w.last.Epoch, t.plan.Epochs)
	}
	return err
}

// startingNetwork returns the network that a training starts from, a random or a saved
// one, and introduces it.
func startingNetwork(c *console, t *trainFlags, set *Dataset, random *rand.Rand) (*Network, error) {
	layers := append(append([]int{set.Rows * set.Cols}, t.hidden...), set.Classes)
	origin := fmt.Sprintf("drawn at random (seed %d)", t.seed)
	state := "untrained"
	var n *Network
	if t.resume {
		var err error
		if n, err = loadFitting(t.net, t.data, set); err != nil {
			return nil, err
		}
		origin = "from " + t.net
		state = "so far"
	} else {
		n = NewNetwork(layers, random)
	}
	fmt.Fprintf(c.out, "network %s: %s weights and biases, %s\n", layersText(n.Layers), thousands(n.Parameters()), origin)
	cost, right := n.Test(set.Test)
	fmt.Fprintf(c.out, "%s: cost %.4f, %.2f%% of the test pictures right\n\n", state, cost, percent(right, len(set.Test)))
	return n, nil
}

// A watcher shows a training as it goes, and ends it when it is no use to go on.
type watcher struct {
	ctx     context.Context // done when the learner wants to stop
	console *console
	network *Network
	test    []Example
	plan    Training
	start   time.Time
	blind   float64 // the cost of the best answer that does not look at the picture

	last   Progress
	costs  []float64 // of the epochs so far
	drawn  time.Time // when the live line was last drawn
	tested chan int  // how many test pictures are right after the epoch in ended, nil while no test is under way
	ended  Progress
}

func newWatcher(ctx context.Context, c *console, n *Network, set *Dataset, plan Training) *watcher {
	fmt.Fprintln(c.err, "  epoch     cost    right   right in test   time left")
	return &watcher{ctx: ctx, console: c, network: n, test: set.Test, plan: plan, start: time.Now(), blind: blindCost(set)}
}

// blindCost returns the cost of a network that gives every picture the same outputs. The
// best such outputs are p_j, the share of the examples that are a j, and they cost
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
	if p.Seen == p.Of {
		w.costs = append(w.costs, p.Cost)
		w.startTest(p)
	} else {
		if len(w.tested) == 1 {
			w.endTest()
		}
		w.drawLine(p)
	}
	return w.diverged()
}

// startTest tests the network on pictures it does not learn from: a copy of it, beside
// the next epoch, so that the training does not wait.
func (w *watcher) startTest(p Progress) {
	w.endTest()
	tested, n := make(chan int, 1), w.network.Clone()
	go func() {
		_, right := n.Test(w.test)
		tested <- right
	}()
	w.tested, w.ended = tested, p
}

// endTest waits for the test under way, if there is one, and prints the line of its epoch.
func (w *watcher) endTest() {
	if w.tested == nil {
		return
	}
	right := <-w.tested
	w.tested = nil
	p := w.ended
	w.clearLine()
	fmt.Fprintf(w.console.err, "%3d/%-3d   %.4f   %5.2f%%   %5.2f%%          %s\n",
		p.Epoch, w.plan.Epochs, p.Cost, percent(p.Right, p.Of), percent(right, len(w.test)), w.timeLeft())
}

// drawLine shows on a terminal, ten times a second, how far the epoch has come.
func (w *watcher) drawLine(p Progress) {
	if !w.console.live || time.Since(w.drawn) < 100*time.Millisecond {
		return
	}
	w.drawn = time.Now()
	const width = 24
	full := width * p.Seen / p.Of
	fmt.Fprintf(w.console.err, "\r%3d/%-3d   %.4f   %5.2f%%   %s%s   %s ", p.Epoch, w.plan.Epochs, p.Cost, percent(p.Right, p.Seen),
		strings.Repeat("█", full), strings.Repeat("░", width-full), w.timeLeft())
}

// clearLine wipes the live line.
func (w *watcher) clearLine() {
	if w.console.live {
		fmt.Fprint(w.console.err, "\r\x1b[K")
	}
}

// timeLeft estimates how long the rest of the training takes, in minutes and seconds.
func (w *watcher) timeLeft() string {
	done := (float64(w.last.Epoch-1) + float64(w.last.Seen)/float64(w.last.Of)) / float64(w.plan.Epochs)
	seconds := int(time.Since(w.start).Seconds()*(1/done-1) + 0.5)
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// diverged returns an error when the steps overshoot so far (chapter 2) that the network
// is lost: its numbers are beyond all bounds, or every sigmoid is flat. The cost then does
// not fall, not by 1 in 100, and never was near that of a network that does not look. Steps
// that are far too small come to the same.
func (w *watcher) diverged() error {
	const advice = "the steps lead nowhere, instead of -rate %g try %g"
	if math.IsNaN(w.last.Cost) {
		return fmt.Errorf("in epoch %d the cost is no longer a number: "+advice, w.last.Epoch, w.plan.Rate, otherRate(w.plan.Rate))
	}
	e := len(w.costs)
	if w.last.Seen < w.last.Of || e < 2 || w.blind == 0 {
		return nil
	}
	if slices.Min(w.costs) > 1.05*w.blind && w.costs[e-1] > 0.99*w.costs[e-2] {
		return fmt.Errorf("after epoch %d the cost stays at %.4f, and not to look at the pictures costs %.4f: "+advice, e, w.costs[e-1], w.blind, w.plan.Rate, otherRate(w.plan.Rate))
	}
	return nil
}

// otherRate returns a rate to try when this one leads nowhere.
func otherRate(rate float64) float64 {
	if rate > defaultRate || rate < defaultRate/100 {
		return defaultRate
	}
	return rate / 4
}

// finish closes the account of a training, which may have been stopped early.
func (w *watcher) finish() {
	w.endTest()
	w.clearLine()
	if len(w.costs) > 1 {
		fmt.Fprintf(w.console.out, "\ncost, epoch by epoch: %.4f %s %.4f\n", w.costs[0], curve(w.costs), w.costs[len(w.costs)-1])
	}
}

// curve draws numbers of 0 and more as one line of bars at most 40 long, on a scale where
// equal ratios are equal heights. A 0, which has no ratio to anything, counts as 1e-9.
func curve(numbers []float64) string {
	height := func(x float64) float64 { return math.Log(max(x, 1e-9)) }
	low, high := height(slices.Min(numbers)), height(slices.Max(numbers))
	bars := []rune("▁▂▃▄▅▆▇█")
	line := ""
	for i := range min(len(numbers), 40) {
		x := numbers[i*len(numbers)/min(len(numbers), 40)]
		share := 0.0
		if high > low {
			share = (height(x) - low) / (high - low)
		}
		line += string(bars[int(share*7+0.5)])
	}
	return line
}

// A mistake is a picture that the network takes for something else.
type mistake struct {
	example    Example
	answer     int
	confidence float64 // the activation of the answer, 0 to 1
}

// mistakes returns all examples that the network gets wrong, in their order.
func mistakes(n *Network, examples []Example) []mistake {
	var wrong []mistake
	p := n.NewPass()
	for _, e := range examples {
		output := n.Forward(p, e.Picture)
		if answer := Answer(output); answer != e.Label {
			wrong = append(wrong, mistake{e, answer, output[answer]})
		}
	}
	return wrong
}

// drawMistakes draws up to six of them below a title.
func drawMistakes(c *console, set *Dataset, wrong []mistake, title string) {
	if len(wrong) == 0 {
		return
	}
	wrong = wrong[:min(6, len(wrong))]
	var pictures []Picture
	var captions []string
	for _, m := range wrong {
		pictures = append(pictures, m.example.Picture)
		captions = append(captions, fmt.Sprintf("a %d, says %d (%.2f)", m.example.Label, m.answer, m.confidence))
	}
	fmt.Fprintf(c.out, "\n%s, with the activation of its answer:\n\n%s", title, Draw(set.Rows, set.Cols, pictures, captions))
}

// printAccuracy prints the line that other programs read.
func printAccuracy(c *console, right, of int) {
	fmt.Fprintf(c.out, "test accuracy %.2f%% (%d of %d)\n", percent(right, of), right, of)
}

// test shows what a saved network can do.
func test(c *console, args []string) error {
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` with the network")
	data := flags.String("data", "", "test on the four IDX files in this `folder`, not on MNIST")
	if err := parse(c, flags, args, 0); err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	cost, right := n.Test(set.Test)
	fmt.Fprintf(c.out, "%s: %s, %s weights and biases\n", *path, layersText(n.Layers), thousands(n.Parameters()))
	fmt.Fprintf(c.out, "cost %.4f, the average over %s test pictures\n\n", cost, thousands(len(set.Test)))

	printConfusion(c, confusion(n, set))
	wrong := mistakes(n, set.Test)
	slices.SortStableFunc(wrong, func(a, b mistake) int { return cmp.Compare(b.confidence, a.confidence) })
	drawMistakes(c, set, wrong, "Its most confident mistakes")
	printAccuracy(c, right, len(set.Test))
	return nil
}

// confusion counts in row i and column j the test pictures of an i that are taken for
// a j.
func confusion(n *Network, set *Dataset) [][]int {
	table := make([][]int, set.Classes)
	for i := range table {
		table[i] = make([]int, set.Classes)
	}
	p := n.NewPass()
	for _, e := range set.Test {
		table[e.Label][Answer(n.Forward(p, e.Picture))]++
	}
	return table
}

// printConfusion prints, for each class, how many are right and what the others are
// taken for. Where a column for each answer does not fit into 80 columns, the mistakes
// made most often are listed instead.
func printConfusion(c *console, table [][]int) {
	narrow := len(table) <= 11
	fmt.Fprint(c.out, "digit    right")
	if narrow {
		fmt.Fprint(c.out, "  read as")
		for answer := range table {
			fmt.Fprintf(c.out, "%5d", answer)
		}
	}
	fmt.Fprintln(c.out)

	type confused struct{ label, answer, count int }
	var list []confused
	for label, row := range table {
		sum := 0
		for answer, count := range row {
			sum += count
			if answer != label && count > 0 {
				list = append(list, confused{label, answer, count})
			}
		}
		if sum == 0 {
			fmt.Fprintf(c.out, "%5d     none", label)
		} else {
			fmt.Fprintf(c.out, "%5d  %6.2f%%", label, percent(row[label], sum))
		}
		if narrow {
			fmt.Fprint(c.out, "         ")
			for _, count := range row {
				fmt.Fprintf(c.out, "%5d", count)
			}
		}
		fmt.Fprintln(c.out)
	}
	if narrow {
		return
	}
	fmt.Fprintln(c.out)
	slices.SortStableFunc(list, func(a, b confused) int { return cmp.Compare(b.count, a.count) })
	for _, m := range list[:min(20, len(list))] {
		fmt.Fprintf(c.out, "a %d read as %d: %d times\n", m.label, m.answer, m.count)
	}
}

// layersText writes layers like 784-16-16-10.
func layersText(layers []int) string {
	words := make([]string, len(layers))
	for i, size := range layers {
		words[i] = strconv.Itoa(size)
	}
	return strings.Join(words, "-")
}

// percent returns 100 n / of.
func percent(n, of int) float64 { return 100 * float64(n) / float64(of) }

// thousands writes 60000 as 60,000.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// weights paints the weights of the neurons that look at the pixels.
func weights(c *console, args []string) error {
	flags := flag.NewFlagSet("weights", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` with the network")
	data := flags.String("data", "", "the `folder` of the data it learned from, if not of square pictures")
	out := flags.String("out", "weights.png", "the `file` to paint")
	if err := parse(c, flags, args, 0); err != nil {
		return err
	}
	if filepath.Clean(*out) == filepath.Clean(*path) {
		return usage("weights: -out %s would be painted over the network", *out)
	}
	if err := CanWrite(*out); err != nil {
		return err
	}
	n, err := LoadNetwork(*path)
	if err != nil {
		return err
	}
	rows, cols, err := pictureSize(n, *path, *data)
	if err != nil {
		return err
	}
	return paintWeights(c, n, rows, cols, *out)
}

// paintWeights shows on the terminal and in a file what the neurons of layer 1 look
// for, in pictures of rows x cols.
func paintWeights(c *console, n *Network, rows, cols int, path string) error {
	tables := make([][]float64, n.Layers[1])
	sketches := make([][]string, len(tables))
	for j := range tables {
		tables[j] = row(n.Weights[0], j)
	}
	scale := commonScale(tables...)
	for j, table := range tables {
		sketches[j] = append(SketchSigned(rows, cols, 16, table, scale), strconv.Itoa(j))
	}
	fmt.Fprintf(c.out, "What the %d neurons of layer 1 look for: %s are weights above 0,\n%s below 0, the last of each for %.2g and more.\n\n%s",
		len(tables), c.colour("░▒▓█"), c.colour("·-=≡"), 0.85*scale, c.colour(SideBySide(sketches)))

	var file bytes.Buffer
	if err := png.Encode(&file, Grid(rows, cols, tables, scale)); err != nil {
		return err
	}
	if err := WriteWhole(path, file.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "painted in %s: blue is above 0, red below\n", path)
	return nil
}

// colour makes the marks of SketchSigned blue above 0 and red below, on a terminal.
func (c *console) colour(text string) string {
	if !c.tint {
		return text
	}
	text = regexp.MustCompile("[░▒▓█]+").ReplaceAllString(text, "\x1b[34m$0\x1b[0m")
	return regexp.MustCompile("[·=≡-]+").ReplaceAllString(text, "\x1b[31m$0\x1b[0m")
}

// commonScale returns a size that all but one of a hundred numbers stay below: with the
// very largest for a scale most of a picture would be pale.
func commonScale(tables ...[]float64) float64 {
	var sizes []float64
	for _, table := range tables {
		for _, v := range table {
			sizes = append(sizes, math.Abs(v))
		}
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)*99/100], 1e-12)
}

// pictureSize returns the rows and columns of the pictures that a network is made for.
// The network knows only how many pixels they have: they are square, or like those in
// the data folder.
func pictureSize(n *Network, path, data string) (rows, cols int, err error) {
	if data != "" {
		set, err := LoadDataset(data)
		if err != nil {
			return 0, 0, err
		}
		return set.Rows, set.Cols, fits(n, path, data, set)
	}
	side := int(math.Sqrt(float64(n.Layers[0])) + 0.5)
	if side*side != n.Layers[0] {
		return 0, 0, fmt.Errorf("%s: its pictures have %d pixels, which makes no square; name the folder it learned from with -data", path, n.Layers[0])
	}
	return side, side, nil
}

// explain takes one digit through the four chapters, with this network's own numbers.
func explain(c *console, args []string) error {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` with the network")
	data := flags.String("data", "", "take the test picture from the IDX files in this `folder`")
	label := flags.Int("label", -1, "what a picture file is to show; -1: what the network sees")
	if err := parse(c, flags, args, 1); err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	x := &explanation{console: c, set: set, n: n, pass: n.NewPass(), gradient: n.NewGradient(), trial: n.NewPass()}
	if err := x.choose(cmp.Or(flags.Arg(0), "0"), *label); err != nil {
		return err
	}
	x.chapter1()
	x.chapter2()
	x.chapter3()
	x.chapter4()
	return nil
}

// An explanation is one example on its way through a network, forward and back.
type explanation struct {
	*console
	set      *Dataset
	n        *Network
	name     string // of the picture
	example  Example
	pass     *Pass     // what every neuron does with it
	gradient *Gradient // of this example alone
	trial    *Pass     // for what the neurons would do if the network were another
}

// choose finds the picture that the words mean, the number of a test picture or a file,
// and sends it through the network.
func (x *explanation) choose(words string, label int) error {
	if number, err := strconv.Atoi(words); err == nil {
		if number < 0 || number >= len(x.set.Test) {
			return fmt.Errorf("there is no test picture %d; they have the numbers 0 to %d", number, len(x.set.Test)-1)
		}
		if label >= 0 {
			return usage("explain: -label is for picture files; test picture %d is known to show a %d", number, x.set.Test[number].Label)
		}
		x.name = fmt.Sprintf("test picture %d", number)
		x.example = x.set.Test[number]
	} else {
		picture, err := readPictureFile(x.console, words, x.set.Rows, x.set.Cols)
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("neither the number of a test picture nor a file: %w", err)
		}
		if err != nil {
			return err
		}
		if label < -1 || label >= x.set.Classes {
			return usage("explain: -label %d: the labels are 0 to %d", label, x.set.Classes-1)
		}
		if label < 0 {
			label = Answer(x.n.Forward(x.pass, picture))
		}
		x.name = words
		x.example = Example{Picture: picture, Label: label}
	}
	x.n.Forward(x.pass, x.example.Picture)
	x.gradient.Add(x.n, x.pass, x.example.Label)
	return nil
}

func (x *explanation) printf(format string, args ...any) { fmt.Fprintf(x.out, format, args...) }

// last is the number of the output layer.
func (x *explanation) last() int { return len(x.n.Layers) - 1 }

// cost returns what the example costs a network, such as x.n with one number nudged.
func (x *explanation) cost(n *Network) float64 {
	return Cost(n.Forward(x.trial, x.example.Picture), x.example.Label)
}

// costNow is for Slope.
func (x *explanation) costNow() float64 { return x.cost(x.n) }

// A term is one of the numbers that make a sum, and where it comes from.
type term struct {
	value  float64
	source string
}

// printSum prints a sum: its largest terms, the rest together, and the whole.
func (x *explanation) printSum(name string, terms []term, largest int) {
	slices.SortStableFunc(terms, func(a, b term) int { return cmp.Compare(math.Abs(b.value), math.Abs(a.value)) })
	sum, rest := 0.0, 0.0
	for i, t := range terms {
		sum += t.value
		if i < largest {
			x.printf("  %+12.5g   %s\n", t.value, t.source)
		} else {
			rest += t.value
		}
	}
	if n := len(terms) - largest; n > 0 {
		x.printf("  %+12.5g   and %d more\n", rest, n)
	}
	x.printf("  %+12.5g   = %s\n", sum, name)
}

// chapter1 shows what every layer makes of the picture, and one neuron term by term.
func (x *explanation) chapter1() {
	n, p := x.n, x.pass
	output := p.A[x.last()]
	x.printf("CHAPTER 1: what the network sees in %s, a %d, and makes of it\n\n", x.name, x.example.Label)
	neuron := Answer(p.A[1]) // the brightest of the first layer after the pixels
	w := row(n.Weights[0], neuron)
	whole := image.Rect(0, 0, x.set.Cols, x.set.Rows)
	picture := append(Sketch(x.set.Cols, whole, x.example.Picture), "the picture")
	sketch := append(SketchSigned(x.set.Rows, x.set.Cols, 40, w, commonScale(w)), fmt.Sprintf("the weights of neuron %d", neuron))
	x.printf("%s", SideBySide([][]string{picture, sketch}))
	x.printf("In the picture of the weights ░▒▓█ are above 0, and ·-=≡ are below.\n\n")
	x.printf("layer 0  the %d pixels, %d of them not black\n", n.Layers[0], len(p.lit[0]))
	for l := 1; l <= x.last(); l++ {
		x.printLayer(l)
	}
	answer := Answer(output)
	x.printf("\nThe brightest output is %d: the network says %d.\n\n", answer, answer)

	x.printf("Neuron %d of layer 1, spelled out: z = the sum of w_k a_k, plus the bias.\n\n", neuron)
	var terms []term
	for _, k := range p.lit[0] {
		terms = append(terms, term{w[k] * p.A[0][k], fmt.Sprintf("w_%d a_%d = %.4g * %.3f, from row %d, column %d", k, k, w[k], p.A[0][k], k/x.set.Cols, k%x.set.Cols)})
	}
	x.printSum("the weighted sum", terms, 5)
	b, z := n.Biases[0][neuron], p.Z[1][neuron]
	x.printf("  %+12.5g   the bias\n  %+12.5g   = z, and a = sigmoid(z) = %.4f\n\n", b, z, p.A[1][neuron])
}

// row returns row j of a matrix.
func row(m *Matrix, j int) []float64 {
	numbers := make([]float64, m.Cols)
	for k := range numbers {
		numbers[k] = m.At(j, k)
	}
	return numbers
}

// printLayer prints the number and the activation of each neuron of a layer, or of the
// first 30.
func (x *explanation) printLayer(l int) {
	a := x.pass.A[l]
	for j := range min(30, len(a)) {
		switch {
		case j == 0:
			x.printf("layer %d", l)
		case j%8 == 0:
			x.printf("\n       ")
		}
		x.printf("  %2d:%.2f", j, a[j])
	}
	if n := len(a) - 30; n > 0 {
		x.printf("\n         and %d more", n)
	}
	x.printf("\n")
}

// parameter names a weight or a bias as Each numbers them.
func parameter(l, j, k int) string {
	if k < 0 {
		return fmt.Sprintf("the bias of neuron %d of layer %d", j, l)
	}
	return fmt.Sprintf("the weight from neuron %d of layer %d to %d of layer %d", k, l-1, j, l)
}

// chapter2 shows the cost, and how much each of the dials matters to it.
func (x *explanation) chapter2() {
	x.printf("CHAPTER 2: what that costs, and which dials matter\n\n")
	output := x.pass.A[x.last()]
	var terms []term
	for j, a := range output {
		y := wanted(j, x.example.Label)
		terms = append(terms, term{(a - y) * (a - y), fmt.Sprintf("(a_%d - y_%d)^2 = (%.4g - %.0f)^2", j, j, a, y)})
	}
	x.printSum("the cost of this example", terms, 10)
	cost, _ := x.n.Test(x.set.Test)
	x.printf("\nThe cost of the network, the average over all test pictures: %.4f\n\n", cost)
	x.printDials()
}

// A dial is one of the weights and biases, with what the gradient says of it.
type dial struct {
	name  string
	slope float64
	value *float64
}

// printDials finds the dials that matter most and least, and turns each a little.
func (x *explanation) printDials() {
	var most, least dial
	zeros := 0
	x.n.Each(x.gradient, func(l, j, k int, value *float64, derivative float64) {
		size := math.Abs(derivative)
		if size == 0 {
			zeros++
			return
		}
		if most.value == nil || size > math.Abs(most.slope) {
			most = dial{parameter(l, j, k), derivative, value}
		}
		if least.value == nil || size < math.Abs(least.slope) {
			least = dial{parameter(l, j, k), derivative, value}
		}
	})
	x.printf("The gradient has %s components; %s are 0, those of weights from\nblack pixels among them.\n", thousands(x.n.Parameters()), thousands(zeros))
	if most.value == nil {
		x.printf("\n")
		return
	}
	x.printf("\nThe cost feels most of all\n")
	x.printNudge(most)
	x.printf("\nThe cost feels least of all, of those that it feels\n")
	x.printNudge(least)
	x.printf("\nThe first matters %.3g times as much as the second.\n\n", math.Abs(most.slope/least.slope))
}

// printNudge compares what the gradient says of a dial with what turning it does.
func (x *explanation) printNudge(d dial) {
	const nudge = 0.01
	before, old := x.cost(x.n), *d.value
	*d.value += nudge
	measured := x.cost(x.n) - before
	*d.value = old
	x.printf("  %s\n  its component of the gradient is %+.4g\n", d.name, d.slope)
	x.printf("  nudged by %+g it should change the cost by %+.4g; it does by %+.4g\n", nudge, d.slope*nudge, measured)
	if math.Abs(d.slope*nudge) < 1e-13*before {
		x.printf("  (which is less than the 16 digits of the cost can show)\n")
	}
}

// chapter3 shows what this example asks of the network, and that it is worth doing.
func (x *explanation) chapter3() {
	n, p, g, last := x.n, x.pass, x.gradient, x.last()
	x.printf("CHAPTER 3: what a %d asks for\n\n", x.example.Label)
	x.printf("Each output should move against its slope, -dC/da = 2 (y - a):\n\n")
	for j, a := range p.A[last] {
		wish := -g.dCda[last][j]
		direction := "down"
		if wish > 0 {
			direction = "up"
		}
		x.printf("  output %3d   %-9.3g should go %-4s by %+.3g\n", j, a, direction, wish)
	}

	j := x.example.Label
	delta := g.delta[last][j]
	x.printf("\nFor output %d there are three avenues. Its z should move by %+.4g, so\n\n", j, -delta)
	x.printf("  its bias by %+.4g\n", -g.Biases[last-1][j])
	x.printf("\n  its weights in proportion to the activations behind them:\n")
	x.printTop(p.A[last-1], func(k int, a float64) string {
		return fmt.Sprintf("w_%d by %+.4g, for a_%d = %.4f", k, -g.Weights[last-1].At(j, k), k, a)
	})
	x.printf("\n  the activations behind it in proportion to their weights:\n")
	x.printTop(row(n.Weights[last-1], j), func(k int, w float64) string {
		return fmt.Sprintf("a_%d by %+.4g, for w_%d = %+.4g", k, -w*delta, k, w)
	})

	if last > 1 {
		k := 0 // the hidden neuron of which most is asked
		for other, slope := range g.dCda[last-1] {
			if math.Abs(slope) > math.Abs(g.dCda[last-1][k]) {
				k = other
			}
		}
		x.printf("\nBut all outputs have a wish. What they ask of neuron %d of layer %d:\n\n", k, last-1)
		var terms []term
		for output, d := range g.delta[last] {
			w := n.Weights[last-1].At(output, k)
			terms = append(terms, term{-w * d, fmt.Sprintf("output %d: -w delta = -(%+.4g * %+.4g)", output, w, d)})
		}
		x.printSum(fmt.Sprintf("-dC/da_%d, what layer %d should do", k, last-1), terms, 5)
	}
	x.takeStep()
}

// printTop prints a line for each of the three numbers that are largest in size.
func (x *explanation) printTop(numbers []float64, line func(k int, v float64) string) {
	order := make([]int, len(numbers))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(numbers[b]), math.Abs(numbers[a])) })
	for _, k := range order[:min(3, len(order))] {
		x.printf("    %s\n", line(k, numbers[k]))
	}
	if n := len(order) - 3; n > 0 {
		x.printf("    and %d more\n", n)
	}
}

// takeStep does what the example asks for, a little of it and in a copy of the network,
// and compares the change of the cost with what the gradient predicts.
func (x *explanation) takeStep() {
	const rate = 0.001
	moved, square := x.n.Clone(), 0.0
	moved.Each(x.gradient, func(_, _, _ int, value *float64, derivative float64) {
		*value -= rate * derivative
		square += derivative * derivative
	})
	before, after := x.cost(x.n), x.cost(moved)
	x.printf("\nWith every weight and bias moved by %g of its wish\n\n", rate)
	x.printf("  the cost before is            %.10f\n  the cost after is             %.10f\n", before, after)
	x.printf("  the change is                 %+.6g\n  the gradient predicts         %+.6g\n\n", after-before, -rate*square)
}

// chapter4 shows the chain rule at one weight of each layer, and checks all of them.
func (x *explanation) chapter4() {
	x.printf("CHAPTER 4: the chain rule, link by link\n\n")
	for l := x.last(); l > 0; l-- {
		x.printChain(l)
	}
	worst := 0.0
	x.n.Each(x.gradient, func(_, _, _ int, value *float64, derivative float64) {
		worst = max(worst, RelativeError(derivative, Slope(value, x.costNow)))
	})
	x.printf("All %s derivatives compared with their measured slopes:\nthe worst relative error is %.0e\n", thousands(x.n.Parameters()), worst)
}

// printChain takes the weight into layer l that matters most through the chain rule.
func (x *explanation) printChain(l int) {
	w, g := x.n.Weights[l-1], x.gradient.Weights[l-1]
	j, k := 0, 0
	for row := range g.Rows {
		for col := range g.Cols {
			if math.Abs(g.At(row, col)) > math.Abs(g.At(j, k)) {
				j, k = row, col
			}
		}
	}
	before, a, dCda := x.pass.A[l-1][k], x.pass.A[l][j], x.gradient.dCda[l][j]
	x.printf("%s, now %.4g:\n\n", parameter(l, j, k), w.At(j, k))
	x.printf("  dz/dw = a_%d = %.4g\n  da/dz = sigmoid'(z) = a (1 - a) = %.4f * %.4f = %.4g\n", k, before, a, 1-a, SigmoidSlope(a))
	if l == x.last() {
		x.printf("  dC/da = 2 (a - y) = 2 (%.4f - %.0f) = %+.4g\n", a, wanted(j, x.example.Label), dCda)
	} else {
		x.printf("  dC/da = the sum over the paths through layer %d, w * da/dz * dC/da each:\n", l+1)
		var terms []term
		for next, aNext := range x.pass.A[l+1] {
			weight := x.n.Weights[l].At(next, j)
			terms = append(terms, term{weight * x.gradient.delta[l+1][next], fmt.Sprintf("through %d: %+.4g * %.4g * %+.4g", next, weight, SigmoidSlope(aNext), x.gradient.dCda[l+1][next])})
		}
		x.printSum("dC/da", terms, 3)
	}
	product := before * SigmoidSlope(a) * dCda
	measured := Slope(&w.Column(k)[j], x.costNow)
	x.printf("  dC/dw = %.4g * %.4g * %+.4g = %+.6g\n", before, SigmoidSlope(a), dCda, product)
	x.printf("  measured, nudging w up and down:   %+.6g, relative error %.0e\n\n", measured, RelativeError(product, measured))
}

// predict reads digits in picture files.
func predict(c *console, args []string) error {
	flags := flag.NewFlagSet("predict", flag.ContinueOnError)
	path := flags.String("net", "network.json", "the `file` with the network")
	data := flags.String("data", "", "the `folder` of the data it learned from, if not of square pictures")
	verbose := flags.Bool("v", false, "draw what the network sees, and all its outputs")
	if err := parse(c, flags, args, math.MaxInt); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return usage("predict: which picture? name one or more files, or - for standard input")
	}
	n, err := LoadNetwork(*path)
	if err != nil {
		return err
	}
	rows, cols, err := pictureSize(n, *path, *data)
	if err != nil {
		return err
	}
	pass, failed := n.NewPass(), 0
	for _, name := range flags.Args() {
		picture, err := readPictureFile(c, name, rows, cols)
		if err != nil {
			fmt.Fprintf(c.err, "digits: %v\n", err)
			failed++
			continue
		}
		output := n.Forward(pass, picture)
		answer := Answer(output)
		fmt.Fprintf(c.out, "%s: %d  activation %.2f%s\n", name, answer, output[answer], runnerUp(output, answer))
		if *verbose {
			drawOutput(c, rows, cols, picture, output)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d pictures could not be read", failed, flags.NArg())
	}
	return nil
}

// readPictureFile prepares the picture in a file, or on standard input for -.
func readPictureFile(c *console, name string, rows, cols int) (Picture, error) {
	in := c.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return Picture{}, err
		}
		defer f.Close()
		in = f
	}
	picture, err := ReadPicture(in, rows, cols, maxPicture)
	if err != nil {
		return Picture{}, fmt.Errorf("%s: %w", name, err)
	}
	return picture, nil
}

// runnerUp names the second brightest output.
func runnerUp(output []float64, answer int) string {
	if len(output) < 2 {
		return ""
	}
	rest := slices.Clone(output)
	rest[answer] = -1
	second := Answer(rest)
	return fmt.Sprintf(", then %d with %.2f", second, output[second])
}

// drawOutput draws what the network saw, and its outputs as bars.
func drawOutput(c *console, rows, cols int, picture Picture, output []float64) {
	var lines []string
	for j, a := range output {
		lines = append(lines, fmt.Sprintf("%3d %.3f %s", j, a, strings.Repeat("█", int(20*a+0.5))))
	}
	fmt.Fprintf(c.out, "\n%s", SideBySide([][]string{Sketch(cols, image.Rect(0, 0, cols, rows), picture), lines}))
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
	if err := parse(c, flags, args, 0); err != nil {
		return err
	}
	set, err := loadData(*data)
	if err != nil {
		return err
	}
	studio := newStudio(*path, *data, set)
	if _, err := studio.current(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use, perhaps by another draw; stop that, or let the system choose a port: go run . draw -addr localhost:0", *addr)
	}
	if err != nil {
		return fmt.Errorf("cannot listen at %s: %w", *addr, err)
	}
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	fmt.Fprintf(c.out, "open http://%s in a browser; Ctrl-C ends it\n", listener.Addr())
	return studio.serve(ctx, listener)
}

// A studio answers what the page asks.
type studio struct {
	path  string // of the network
	data  string // the folder of the set, "" for MNIST
	set   *Dataset
	turns chan struct{} // holds one for each picture that is being read: few at a time, so that many requests need no more memory

	mutex   sync.Mutex
	network *Network
	written time.Time // when the file of the network was
}

func newStudio(path, data string, set *Dataset) *studio {
	return &studio{path: path, data: data, set: set, turns: make(chan struct{}, 4)}
}

// current returns the network, read again if another has been saved meanwhile.
func (s *studio) current() (*Network, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	info, err := os.Stat(s.path)
	if err == nil && s.network != nil && info.ModTime().Equal(s.written) {
		return s.network, nil
	}
	n, err := loadFitting(s.path, s.data, s.set)
	if err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "%w", err)
	}
	s.network = n
	if info != nil {
		s.written = info.ModTime()
	}
	return n, nil
}

// serve answers requests until ctx is done, and then those that are under way.
func (s *studio) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    1 << 14,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if server.Shutdown(patience) == nil {
		return nil
	}
	return server.Close() // for those who would not finish
}

// handler guards and routes. Other pages must not use this one: a foreign site could
// send requests here from the learner's own browser, under its own name (Origin) or
// with its own name made to mean this machine (Host). So the host must be localhost or
// plain numbers, and the origin, if there is one, the same.
func (s *studio) handler() http.Handler {
	routes := map[string]struct {
		method string
		serve  func(http.ResponseWriter, *http.Request) error
	}{
		"/":          {"GET", s.servePage},
		"/network":   {"GET", s.serveNetwork},
		"/digit":     {"GET", s.serveDigit},
		"/recognize": {"POST", s.servePicture},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'")
		route, ok := routes[r.URL.Path]
		origin := r.Header.Get("Origin")
		var err error
		switch {
		case !isSafeHost(r.Host):
			err = refuse(http.StatusForbidden, "this server does not answer to the name %q", r.Host)
		case origin != "" && origin != "http://"+r.Host:
			err = refuse(http.StatusForbidden, "pages from %q may not use this server", origin)
		case !ok:
			err = refuse(http.StatusNotFound, "there is nothing at %s", r.URL.Path)
		case r.Method != route.method && !(route.method == "GET" && r.Method == "HEAD"):
			w.Header().Set("Allow", route.method)
			err = refuse(http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, route.method, r.Method)
		default:
			err = route.serve(w, r)
		}
		if err != nil {
			status := http.StatusInternalServerError
			var refused *refusal
			if errors.As(err, &refused) {
				status = refused.status
			}
			sendJSON(w, status, map[string]string{"error": err.Error()})
		}
	})
}

// isSafeHost tells whether a Host header is localhost or an IP address, with or without
// a port: a name that no foreign site can have.
func isSafeHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// A refusal is an error with the HTTP status that goes with it.
type refusal struct {
	status int
	error
}

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Errorf(format, args...)}
}

// sendJSON sends a value as JSON.
func sendJSON(w http.ResponseWriter, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // an error here means that nobody listens any more
	return nil
}

func (s *studio) servePage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page)
	return nil
}

// serveNetwork sends the network as it is saved, with the size of its pictures.
func (s *studio) serveNetwork(w http.ResponseWriter, r *http.Request) error {
	n, err := s.current()
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, struct {
		networkFile
		Rows int `json:"rows"`
		Cols int `json:"cols"`
	}{n.file(), s.set.Rows, s.set.Cols})
}

// recognition is what the network makes of a picture.
type recognition struct {
	Digit       int         `json:"digit"`
	Activations [][]float64 `json:"activations"` // of every layer, the pixels first
}

func recognize(n *Network, picture Picture) recognition {
	p := n.NewPass()
	return recognition{Answer(n.Forward(p, picture)), p.A}
}

// serveDigit sends what the network makes of the test picture of the number that is
// asked for, or of any.
func (s *studio) serveDigit(w http.ResponseWriter, r *http.Request) error {
	number := rand.IntN(len(s.set.Test))
	if text := r.URL.Query().Get("number"); text != "" {
		var err error
		if number, err = strconv.Atoi(text); err != nil || number < 0 || number >= len(s.set.Test) {
			return refuse(http.StatusNotFound, "there is no test picture %q; they have the numbers 0 to %d", text, len(s.set.Test)-1)
		}
	}
	n, err := s.current()
	if err != nil {
		return err
	}
	e := s.set.Test[number]
	return sendJSON(w, http.StatusOK, struct {
		Number int `json:"number"`
		Label  int `json:"label"`
		recognition
	}{number, e.Label, recognize(n, e.Picture)})
}

// inTurn waits until few enough pictures are being read, and reads one.
func (s *studio) inTurn(read func() (Picture, error)) (Picture, error) {
	s.turns <- struct{}{}
	defer func() { <-s.turns }()
	return read()
}

// servePicture reads the digit in a picture that was drawn, as predict does with a file.
func (s *studio) servePicture(w http.ResponseWriter, r *http.Request) error {
	const largestBody, largestPicture = 1 << 20, 4_000_000 // bytes, pixels
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if errors.As(err, new(*http.MaxBytesError)) {
		return refuse(http.StatusRequestEntityTooLarge, "a picture may have %d bytes at most", largestBody)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "the picture did not arrive: %w", err)
	}
	picture, err := s.inTurn(func() (Picture, error) {
		return ReadPicture(bytes.NewReader(body), s.set.Rows, s.set.Cols, largestPicture)
	})
	if errors.Is(err, ErrNoInk) {
		return refuse(http.StatusUnprocessableEntity, "%w", err)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "%w", err)
	}
	n, err := s.current()
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, recognize(n, picture))
}
