package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

// This file is what a user sees of the program: the command line, the command train, the command
// test, what both print, the file network.json and how it is saved, in this order.

// The command line.

// commands holds the commands of all files. Each optional file adds its own.
var commands = []command{
	{name: "train", summary: "learn to read digits and save the network (the default)", run: runTrain},
	{name: "test", summary: "measure a saved network on pictures it has never seen", run: runTest},
}

// A command is one word after `go run .` and what it does.
type command struct {
	name      string
	arguments string // what may follow the flags, for the help
	summary   string
	run       func(c *console, flags *flag.FlagSet, args []string) error // adds its flags and calls parse
}

// A console is where a command reads and writes.
type console struct {
	out      io.Writer // results
	err      io.Writer // the live line and errors
	live     bool      // out and err are terminals, on which a line can be rewritten
	commands []command // that the user may call
}

// say prints a line of results.
func (c *console) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// errUsage ends the errors about a command or a flag that does not exist; run returns 2 for them.
var errUsage = errors.New("see: go run . help")

func main() {
	c := &console{out: os.Stdout, err: os.Stderr, commands: commands}
	c.live = isTerminal(os.Stdout) && isTerminal(os.Stderr)
	os.Exit(run(c, os.Args[1:]))
}

// isTerminal reports whether a file is a terminal, or another device such as /dev/null.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// run runs the command that the arguments name and returns the exit code: 0 if all is well, 1 if
// the command failed, 2 if there is no such command or flag.
func run(c *console, args []string) int {
	err := dispatch(c, args)
	if err == nil {
		return 0
	}
	fmt.Fprintln(c.err, "digits:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

// dispatch runs the command that the arguments name, or train if they name none.
func dispatch(c *console, args []string) error {
	switch {
	case len(args) == 0:
		args = []string{"train"}
	case slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]):
		if len(args) == 1 {
			help(c)
			return nil
		}
		args = []string{args[1], "-h"}
	case strings.HasPrefix(args[0], "-"):
		args = append([]string{"train"}, args...)
	}
	i := slices.IndexFunc(c.commands, func(cmd command) bool { return cmd.name == args[0] })
	if i < 0 {
		return fmt.Errorf("there is no command %q; %w", args[0], errUsage)
	}
	cmd := c.commands[i]
	flags := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	err := cmd.run(c, flags, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		c.say("%s: %s\n\nusage: go run . %s [flags] %s\n", cmd.name, cmd.summary, cmd.name, cmd.arguments)
		flags.SetOutput(c.out)
		flags.PrintDefaults()
		return nil
	}
	return err
}

// help lists the commands.
func help(c *console) {
	c.say("A neural network that learns to read handwritten digits.\n\n" +
		"usage: go run . [command] [flags] [arguments]\n")
	for _, cmd := range c.commands {
		c.say("  %-8s %s", cmd.name, cmd.summary)
	}
	c.say("\nThe flags of a command: go run . help COMMAND")
}

// parse reads a command's flags, which may stand before, between or after its arguments; --
// ends the flags. It returns the arguments, of which there may be at most the given number.
func parse(flags *flag.FlagSet, args []string, most int) (arguments []string, err error) {
	flags.SetOutput(io.Discard)
	for { // Parse stops before the first argument, or after --
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w; %w %[1]s", flags.Name(), err, errUsage)
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
		return nil, fmt.Errorf("%s: unexpected argument %q", flags.Name(), arguments[most])
	}
	return arguments, nil
}

// netFlag adds the flag that names the file of the network.
func netFlag(flags *flag.FlagSet) *string {
	return flags.String("net", "network.json", "the `file` of the network")
}

// dataFlag adds the flag that names the folder of another set.
func dataFlag(flags *flag.FlagSet) *string {
	return flags.String("data", "", "use the four IDX files in this `folder`, not MNIST")
}

// The command train.

// runTrain trains a network and saves it after every epoch. Ctrl-C ends training after the current
// step.
func runTrain(c *console, flags *flag.FlagSet, args []string) error {
	s, err := parseTrain(flags, args)
	if err != nil {
		return err
	}
	k, err := newKeeper(*s.net) // before anything that takes time
	if err != nil {
		return err
	}
	// The pictures take 60 MB. By default, garbage may take as much again.
	debug.SetGCPercent(15)
	set, err := LoadDataset(*s.data)
	if err != nil {
		return err
	}
	if s.examples > 0 {
		set.Train = set.Train[:min(s.examples, len(set.Train))]
	}
	c.say("%s pictures to learn from, %s to test: %d x %d pixels, labels %s to %s", thousands(len(set.Train)),
		thousands(len(set.Test)), set.Rows, set.Cols, set.Name(0), set.Name(set.Classes-1))
	random := rand.New(rand.NewPCG(s.seed, 0))
	n, err := startingNetwork(c, s, set, random)
	if err != nil {
		return err
	}
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	w := &watcher{ctx: ctx, console: c, plan: s.training(), network: n, set: set, keeper: k, start: time.Now()}
	return w.train(random)
}

// variations are the ways to vary a picture each time it is seen, each with a flag of train. Each
// optional file may add its own.
var variations = []variation{
	{name: "shift", usage: "move each picture by up to a pixel each time it is seen", usual: true, vary: Shift},
}

// A variation is one way to vary a picture.
type variation struct {
	name, usage string
	usual       bool                              // it is on by default
	vary        func(Example, *rand.Rand) Picture // see Training.Vary
}

// settings are what a user may choose for training, by the flags of train.
type settings struct {
	plan     Training
	vary     []bool // which of the variations are on
	hidden   sizes
	examples int // the number of training pictures to use, from the first on; 0 for all
	seed     uint64
	data     *string // the folder with the data, "" for MNIST
	net      *string // the file of the network
	resume   bool    // go on from the network in that file
	plain    bool    // by the rule of the videos, without the tweaks
}

// gentleRate is the rate at which training goes on from a saved network. The usual one would
// first move it out of the minimum in which it has settled.
const gentleRate = 0.15

// addFlags adds the flags of train to a flag set and returns the settings that they change. The
// defaults did best on the last 10,000 training pictures after training on the other 50,000. The
// test pictures were not used.
func addFlags(flags *flag.FlagSet) *settings {
	s := &settings{vary: make([]bool, len(variations)), hidden: sizes{16, 16}}
	flags.Var(&s.hidden, "hidden", "the `sizes` of the hidden layers, or none")
	flags.IntVar(&s.plan.Epochs, "epochs", 40, "how many times every picture is seen")
	flags.IntVar(&s.plan.Batch, "batch", 20, "the number of pictures in a mini-batch")
	flags.Float64Var(&s.plan.Rate, "rate", 1.5, fmt.Sprintf("the learning rate; with -resume the default is %g\n"+
		"(texts that halve the cost use twice this rate)", gentleRate))
	flags.BoolVar(&s.plan.Anneal, "anneal", true, "lower the rate to 0 during training")
	flags.Float64Var(&s.plan.Decay, "decay", 1e-4, "weight decay for the first layer of weights")
	for i, v := range variations {
		flags.BoolVar(&s.vary[i], v.name, v.usual, v.usage)
	}
	flags.BoolVar(&s.plain, "plain", false, "train by the rule of the videos: no -"+strings.Join(tweaks(), ", -"))
	flags.IntVar(&s.examples, "examples", 0, "train on the first `N` pictures only; 0 is all")
	flags.Uint64Var(&s.seed, "seed", 1, "the seed of the random numbers")
	flags.BoolVar(&s.resume, "resume", false, "go on from the network in the file of -net")
	s.net, s.data = netFlag(flags), dataFlag(flags)
	return s
}

// tweaks returns the names of the flags for what goes beyond the rule of the videos.
func tweaks() []string {
	names := []string{"anneal", "decay"}
	for _, v := range variations {
		names = append(names, v.name)
	}
	return names
}

// parseTrain returns the settings on the command line of train.
func parseTrain(flags *flag.FlagSet, args []string) (*settings, error) {
	s := addFlags(flags)
	if _, err := parse(flags, args, 0); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if s.resume && given["hidden"] {
		return nil, fmt.Errorf("train: -resume takes the layers from %s; leave out -hidden", *s.net)
	}
	if s.resume && !given["rate"] {
		s.plan.Rate = gentleRate
	}
	if s.plain && slices.ContainsFunc(tweaks(), func(name string) bool { return given[name] }) {
		return nil, fmt.Errorf("train: -plain turns off -%s; leave them out", strings.Join(tweaks(), ", -"))
	}
	if s.plain {
		s.plan.Anneal, s.plan.Decay = false, 0
		clear(s.vary)
	}
	p := s.plan
	if p.Epochs < 1 || p.Batch < 1 || s.examples < 0 {
		return nil, errors.New("train: -epochs and -batch must be at least 1, -examples at least 0")
	}
	if !(p.Rate > 0 && p.Decay >= 0 && p.Rate*p.Decay < 1) { // so NaN is refused too
		return nil, errors.New("train: -rate must be above 0, -decay at least 0, and their product below 1")
	}
	return s, nil
}

// training returns the plan with the variations that are on.
func (s *settings) training() Training {
	plan := s.plan
	for i, v := range variations {
		if !s.vary[i] {
			continue
		}
		before := plan.Vary // the variations before this one
		plan.Vary = func(e Example, random *rand.Rand) Picture {
			if before != nil {
				e.Picture = before(e, random)
			}
			return v.vary(e, random)
		}
	}
	return plan
}

// layers returns the layers of a network for a set, with the hidden layers of the settings.
func (s *settings) layers(set *Dataset) []int {
	return slices.Concat([]int{set.Rows * set.Cols}, s.hidden, []int{set.Classes})
}

// sizes are the numbers of neurons in the hidden layers, a flag such as 16,16 or none.
type sizes []int

// String returns the sizes as the flag has them.
func (s *sizes) String() string {
	if len(*s) == 0 {
		return "none"
	}
	return join(*s, ",")
}

// Set reads the sizes.
func (s *sizes) Set(text string) error {
	*s = nil
	if text == "none" {
		return nil
	}
	for word := range strings.SplitSeq(text, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || size < 1 || size > 1000 {
			return fmt.Errorf("%q is not a number of neurons from 1 to 1000", word)
		}
		*s = append(*s, size)
	}
	return nil
}

// startingNetwork returns the network to train, a random one or a saved one, and prints what
// it can do so far.
func startingNetwork(c *console, s *settings, set *Dataset, random *rand.Rand) (n *Network, err error) {
	origin := fmt.Sprintf("random (seed %d)", s.seed)
	if s.resume {
		origin = fmt.Sprintf("from %s, going on at rate %g", *s.net, s.plan.Rate)
		n, err = loadFitting(*s.net, set)
	} else {
		n = NewNetwork(s.layers(set), random)
	}
	if err != nil {
		return nil, err
	}
	c.say("network %s: %s weights and biases, %s", layersText(n.Layers), thousands(len(n.All)), origin)
	score := n.Evaluate(set.Test)
	c.say("before training: cost %.4f, %s of the test pictures right", score.Cost(), share(score.Right, score.Seen))
	return n, nil
}

// A watcher follows training: it shows the progress, tests and saves the network after every epoch,
// and ends training on an interrupt.
type watcher struct {
	ctx     context.Context // done when the user wants to stop
	console *console
	plan    Training
	network *Network
	set     *Dataset
	keeper  *keeper
	start   time.Time
	drawn   time.Time // when the live line was last drawn
	costs   []float64 // of the epochs that are over
	last    result    // of the test after the last of them
	saved   int       // the last epoch whose network was saved, 0 for none
	failed  error     // of the last save
	warned  bool      // "not saved" was printed
}

// epochLine is the format of the table of epochs.
const epochLine = "%9s  %7s  %7s  %7s  %9s"

// train trains the network to the end or an interrupt, and prints the table of epochs and what the
// network can do. It returns an error if the first epoch is interrupted, if the cost is no longer a
// number, or if the last network could not be saved.
func (w *watcher) train(random *rand.Rand) error {
	w.console.say("\nright: training pictures answered right, each before the step that uses it")
	w.console.say("test: test pictures answered right after the epoch, so at first it is higher\n")
	w.console.say(epochLine, "epoch", "cost", "right", "test", "time left")
	err := w.plan.Train(w.network, w.set.Train, random, w.report)
	w.clearLine()
	stopped := fmt.Sprintf("stopped in epoch %d of %d", len(w.costs)+1, w.plan.Epochs)
	switch {
	case errors.Is(err, context.Canceled) && len(w.costs) == 0:
		return fmt.Errorf("%s; %s", stopped, w.state())
	case errors.Is(err, context.Canceled):
		w.console.say("%s", stopped)
	case err != nil:
		return fmt.Errorf("%w; %s", err, w.state())
	}
	w.summarize()
	return w.failed
}

// report is called after each step.
func (w *watcher) report(p Progress) error {
	if math.IsNaN(p.Score.Costs) { // the steps were too large (chapter 2)
		return fmt.Errorf("the cost is not a number in epoch %d; try a lower -rate", p.Epoch)
	}
	if p.Score.Seen == p.Of {
		w.endEpoch(p)
	}
	w.drawLine(p)
	if w.plan.Done(p) == 1 { // an interrupt comes too late
		return nil
	}
	return w.ctx.Err()
}

// endEpoch tests the network after an epoch, prints the line of the epoch and saves the network.
func (w *watcher) endEpoch(p Progress) {
	w.costs, w.last = append(w.costs, p.Score.Cost()), review(w.network, w.set.Test)
	w.clearLine()
	w.console.say("%s", w.line(p, share(w.last.score.Right, w.last.score.Seen)))
	// The best answer that is the same for every picture has all outputs 1/classes. It costs
	// (1 - 1/classes)^2 + (classes-1) (1/classes)^2 = 1 - 1/classes. NaN is not less either.
	if !(w.last.score.Cost() < 1-1/float64(w.set.Classes)) {
		if !w.warned {
			w.console.say("not saved: no better than the same answer for every picture; try a lower -rate")
		}
		w.warned = true
		return
	}
	if w.failed = w.keeper.save(w.network); w.failed != nil {
		fmt.Fprintf(w.console.err, "digits: %v; training goes on\n", w.failed)
		return
	}
	w.saved = p.Epoch
}

// line formats the line of an epoch at progress p.
func (w *watcher) line(p Progress, test string) string {
	done := w.plan.Done(p)
	left := time.Since(w.start).Seconds() / done * (1 - done)
	return fmt.Sprintf(epochLine, fmt.Sprintf("%d/%d", p.Epoch, w.plan.Epochs), fmt.Sprintf("%.4f", p.Score.Cost()),
		share(p.Score.Right, p.Score.Seen), test, fmt.Sprintf("%.0fs", left))
}

// drawLine shows on a terminal, ten times a second, how far the epoch has come.
func (w *watcher) drawLine(p Progress) {
	if !w.console.live || time.Since(w.drawn) < 100*time.Millisecond {
		return
	}
	w.drawn = time.Now()
	const width = 7
	full := width * p.Score.Seen / p.Of
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	fmt.Fprint(w.console.err, "\r"+w.line(p, bar))
}

// clearLine removes the live line.
func (w *watcher) clearLine() {
	if w.console.live {
		fmt.Fprint(w.console.err, "\r\x1b[K")
	}
}

// summarize prints how training went and what the network of the last epoch can do.
func (w *watcher) summarize() {
	c := w.console
	if last := len(w.costs) - 1; last > 0 {
		c.say("\ncost, epoch by epoch: %.4f %s %.4f", w.costs[0], curve(w.costs), w.costs[last])
	}
	drawMistakes(c, w.set, w.last.mistakes, "The first mistakes")
	c.say("trained for %.1f s; %s", time.Since(w.start).Seconds(), w.state())
	if w.keeper.kept {
		c.say("the network that was there before is in %s", backup(w.keeper.path))
	}
	var next []string
	for _, cmd := range c.commands[2:] {
		next = append(next, cmd.name)
	}
	if len(next) > 0 && w.saved > 0 {
		c.say("what next: go run . %s", strings.Join(next, ", "))
	}
	printAccuracy(c, w.last.score)
}

// state says what is saved.
func (w *watcher) state() string {
	if w.saved == 0 {
		return "nothing is saved"
	}
	return fmt.Sprintf("%s has the network of epoch %d", w.keeper.path, w.saved)
}

// curve draws numbers as a line of at most 40 bars, on a logarithmic scale, from the first number
// to the last. A 0, which has no logarithm, counts as 1e-9.
func curve(numbers []float64) string {
	height := func(x float64) float64 { return math.Log(max(x, 1e-9)) }
	low, high := height(slices.Min(numbers)), height(slices.Max(numbers))
	bars := []rune("▁▂▃▄▅▆▇█")
	n := min(40, len(numbers))
	line := ""
	for i := range n {
		bar := 0.0
		if high > low {
			bar = 7 * (height(numbers[i*(len(numbers)-1)/max(1, n-1)]) - low) / (high - low)
		}
		line += string(bars[int(bar+0.5)])
	}
	return line
}

// The command test.

// runTest measures a saved network.
func runTest(c *console, flags *flag.FlagSet, args []string) error {
	path, data := netFlag(flags), dataFlag(flags)
	all := flags.Bool("v", false, "list all pictures that are misread")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	r := review(n, set.Test)
	c.say("%s: %s, %s weights and biases", *path, layersText(n.Layers), thousands(len(n.All)))
	c.say("cost %.4f, the average over %s test pictures\n", r.score.Cost(), thousands(len(set.Test)))
	c.say("How many of each digit are right, and what they are read as:\n")
	printTable(c, set, r.table)
	if *all {
		c.say("\nAll mistakes, with the activation of the answer:\n")
		for _, m := range r.mistakes {
			c.say("%s, %s", m.title(set), m.reading(set))
		}
	}
	slices.SortStableFunc(r.mistakes, func(a, b mistake) int { return cmp.Compare(b.activation, a.activation) })
	drawMistakes(c, set, r.mistakes, "The most confident mistakes")
	printAccuracy(c, r.score)
	return nil
}

// A mistake is an example that is answered wrong.
type mistake struct {
	number     int // of the example, counted from 0
	example    Example
	answer     int
	activation float64 // of the answer
}

// title returns the number of the example and its label.
func (m mistake) title(set *Dataset) string {
	return fmt.Sprintf("number %d, label %s", m.number, set.Name(m.example.Label))
}

// reading returns what the example is read as.
func (m mistake) reading(set *Dataset) string {
	return fmt.Sprintf("read as %s (%.2f)", set.Name(m.answer), m.activation)
}

// A result is what a network does with a list of examples.
type result struct {
	score    Score
	table    [][]int // table[label][answer] counts examples
	mistakes []mistake
}

// review shows a network all examples.
func review(n *Network, examples []Example) (r result) {
	p, classes := n.NewPass(), n.Layers[len(n.Layers)-1]
	for range classes {
		r.table = append(r.table, make([]int, classes))
	}
	for i, e := range examples {
		output := n.Forward(p, e.Picture)
		answer := Answer(output)
		r.score.Add(output, e.Label)
		r.table[e.Label][answer]++
		if answer != e.Label {
			r.mistakes = append(r.mistakes, mistake{number: i, example: e, answer: answer, activation: output[answer]})
		}
	}
	return r
}

// What both commands print.

// drawMistakes draws the first six mistakes.
func drawMistakes(c *console, set *Dataset, mistakes []mistake, title string) {
	if len(mistakes) == 0 {
		return
	}
	mistakes = mistakes[:min(6, len(mistakes))]
	var box image.Rectangle
	for _, m := range mistakes {
		box = box.Union(litBox(pixels(m.example.Picture), m.example.Cols))
	}
	var columns [][]string
	for _, m := range mistakes {
		columns = append(columns, append(sketch(m.example.Picture, box), m.title(set), m.reading(set)))
	}
	c.say("\n%s, with the activation of the answer:\n", title)
	fmt.Fprint(c.out, sideBySide(columns))
}

// printTable prints for each class with examples how many of them are right and how many are read
// as each class or, where that would be wider than 80 characters, the most frequent wrong answer.
func printTable(c *console, set *Dataset, table [][]int) {
	var classes []int
	header := ""
	for class, row := range table {
		if slices.Max(row) > 0 {
			classes = append(classes, class)
			header += fmt.Sprintf("%6s", set.Name(class))
		}
	}
	wide := len(classes) > 11 // 14 characters, and 6 for each class
	if wide {
		header = "  most often misread as"
	}
	c.say("digit    right%s", header)
	for _, label := range classes {
		examples, cells := 0, ""
		for answer, count := range table[label] {
			examples += count
			if slices.Contains(classes, answer) {
				cells += fmt.Sprintf("%6d", count)
			}
		}
		right := share(table[label][label], examples)
		if wide {
			cells = commonMistake(set, table[label], label)
		}
		c.say("%5s  %7s%s", set.Name(label), right, cells)
	}
}

// commonMistake returns the most frequent wrong answer in a row of the table and how often it is
// given, "" if all answers are right.
func commonMistake(set *Dataset, row []int, label int) string {
	wrong := slices.Clone(row)
	wrong[label] = 0
	most := slices.Max(wrong)
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("  %s: %d", set.Name(slices.Index(wrong, most)), most)
}

// printAccuracy prints the line that other programs read.
func printAccuracy(c *console, s Score) {
	c.say("test accuracy %s (%d of %d)", share(s.Right, s.Seen), s.Right, s.Seen)
}

// layersText formats layers as 784-16-16-10.
func layersText(layers []int) string { return join(layers, "-") }

// join formats numbers with a separator between them; fmt.Sprint makes [784 16 16 10] of them.
func join(numbers []int, separator string) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(numbers), "[]"), " ", separator)
}

// share formats n / of as 96.50%.
func share(n, of int) string { return fmt.Sprintf("%.2f%%", 100*float64(n)/float64(of)) }

// thousands formats 60000 as 60,000.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// sideBySide sets columns of text next to each other, as many as fit into 80 characters, and the
// others below. All columns take as much space as the widest.
func sideBySide(columns [][]string) string {
	const gap = 3
	width, height := 1, 0
	for _, column := range columns {
		height = max(height, len(column))
		for _, line := range column {
			width = max(width, utf8.RuneCountInString(line))
		}
	}
	var text strings.Builder
	for row := range slices.Chunk(columns, max(1, (80+gap)/(width+gap))) { // the last needs no gap
		for y := range height {
			line := ""
			for _, column := range row {
				cell := ""
				if y < len(column) {
					cell = column[y]
				}
				line += fmt.Sprintf("%-*s", width+gap, cell)
			}
			text.WriteString(strings.TrimRight(line, " ") + "\n")
		}
		text.WriteString("\n")
	}
	return text.String()
}

// The file network.json.

// A networkFile is a network as it is saved, in JSON. A network with two inputs, one hidden
// neuron and one output could be
//
//	{"layers":[2,1,1],"weights":[[[0.5,-0.25]],[[3]]],"biases":[[0.1],[-1]]}
//
// where weights[l][j][k] leads from neuron k of layer l to neuron j of layer l+1. (In memory,
// Weights[l] leads into layer l; Weights[0] is nil.) Numbers are written with all the digits that it
// takes to read back the same float64.
type networkFile struct {
	Layers  []int         `json:"layers"`
	Weights [][][]float64 `json:"weights"`
	Biases  [][]float64   `json:"biases"`
}

// file returns the network in the form in which it is saved.
func (n *Network) file() networkFile {
	f := networkFile{Layers: n.Layers}
	for l := 1; l < len(n.Layers); l++ {
		rows := make([][]float64, n.Layers[l])
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

// network returns the network in a file. The sizes in Layers are compared with the lists before
// memory is allocated for them.
func (f networkFile) network() (*Network, error) {
	if !f.consistent() {
		return nil, errors.New("the lists of weights and biases do not have the sizes that its layers need")
	}
	n := &Network{Layers: f.Layers, Parameters: NewParameters(f.Layers)}
	for l := 1; l < len(n.Layers); l++ {
		for j, row := range f.Weights[l-1] {
			for k, w := range row {
				n.Weights[l].Set(j, k, w)
			}
		}
		copy(n.Biases[l], f.Biases[l-1])
	}
	for _, x := range n.All {
		if math.Abs(x) > 1e30 { // a weighted sum or a derivative could overflow
			return nil, fmt.Errorf("a weight or bias of %g is too large", x)
		}
	}
	return n, nil
}

// consistent reports whether the lists have the sizes that the layers need.
func (f networkFile) consistent() bool {
	last := len(f.Layers) - 1
	if last < 1 || len(f.Weights) != last || len(f.Biases) != last {
		return false
	}
	for l := range last {
		cols, rows := f.Layers[l], f.Layers[l+1]
		if cols < 1 || rows < 1 || len(f.Weights[l]) != rows || len(f.Biases[l]) != rows ||
			slices.ContainsFunc(f.Weights[l], func(row []float64) bool { return len(row) != cols }) {
			return false
		}
	}
	return true
}

// parseNetwork returns the network in the text of a file.
func parseNetwork(text []byte) (*Network, error) {
	if bytes.Contains(text, []byte("null")) { // package json reads it as 0
		return nil, errors.New("null in place of a number")
	}
	var f networkFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	return f.network()
}

// loadNetwork reads a saved network.
func loadNetwork(path string) (*Network, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; to train a network, run: go run . train -net %s", err, path)
	} else if err != nil {
		return nil, err
	}
	n, err := parseNetwork(text)
	if err != nil {
		return nil, fmt.Errorf("%s: not a saved network: %w", path, err)
	}
	return n, nil
}

// loadBoth reads a set, MNIST if no folder is named, and a network made for it.
func loadBoth(path, folder string) (*Dataset, *Network, error) {
	set, err := LoadDataset(folder)
	if err != nil {
		return nil, nil, err
	}
	n, err := loadFitting(path, set)
	return set, n, err
}

// loadFitting reads a network, which must have an input for each pixel of the set's pictures and an
// output for each class.
func loadFitting(path string, set *Dataset) (*Network, error) {
	n, err := loadNetwork(path)
	if err != nil {
		return nil, err
	}
	if n.Layers[0] != set.Rows*set.Cols || n.Layers[len(n.Layers)-1] != set.Classes {
		return nil, fmt.Errorf("%s: the network %s does not fit the data, which has %d x %d = %d pixels and %d classes",
			path, layersText(n.Layers), set.Rows, set.Cols, set.Rows*set.Cols, set.Classes)
	}
	return n, nil
}

// The saving of networks.

// A keeper saves networks in a file, one after the other. If the file holds anything else than what
// the keeper wrote last, that is first copied to the backup.
type keeper struct {
	path string
	last []byte // what the keeper wrote last; nil before the first save
	kept bool   // the backup has what was in the file
}

// newKeeper returns a keeper for a file. It returns an error if the file cannot be written, or if it
// holds something that is not a network.
func newKeeper(path string) (*keeper, error) {
	if _, err := loadNetwork(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; this file is not replaced", err)
	}
	f, err := createBeside(path)
	if err != nil {
		return nil, err
	}
	return &keeper{path: path}, errors.Join(f.Close(), os.Remove(f.Name()))
}

// backup returns the name under which the network that was in a file before is kept.
func backup(path string) string { return path + ".bak" }

// save saves a network, whole or not at all.
func (k *keeper) save(n *Network) error {
	text, err := json.Marshal(n.file())
	if err != nil {
		return fmt.Errorf("%s: cannot be saved: %w", k.path, err)
	}
	text = append(text, '\n')
	old, err := os.ReadFile(k.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && !bytes.Equal(old, k.last) {
		if err := writeWhole(backup(k.path), old); err != nil {
			return err
		}
		k.kept = true
	}
	if err := writeWhole(k.path, text); err != nil {
		return err
	}
	k.last = text
	return nil
}

// writeWhole writes a file whole or not at all: it writes a temporary file and renames it.
func writeWhole(path string, content []byte) error {
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // no effect after the renaming
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// createBeside creates a temporary file in the folder of the file that it will replace.
func createBeside(path string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be written: %w", path, err)
	}
	f.Chmod(0o644) // CreateTemp lets only its owner read it
	return f, nil
}
