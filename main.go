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
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

// This file is what a user sees of the program: the command line, the command train, the saving of
// networks, the command test, what the commands print, and the file network.json, in this order.

// The command line.

func init() {
	commands = append(commands,
		command{name: "train", summary: "learn to read digits and save the network (the default)", run: runTrain},
		command{name: "test", summary: "measure a saved network on pictures it has never seen", run: runTest})
}

// commands holds the commands of all files. Each optional file adds its own.
var commands []command

// A command is one word after `go run .` and what it does.
type command struct {
	name      string
	arguments string // what may follow the flags, for the help
	summary   string
	run       func(*console, []string) error

	// What train prints under "What next", if purpose is not empty.
	example string // the arguments there; NUMBER stands for the number of a misread picture
	purpose string
}

// A console is where a command reads and writes.
type console struct {
	in     io.Reader
	out    io.Writer // results
	err    io.Writer // the live line and errors
	live   bool      // out and err are terminals, on which a line can be rewritten
	colour bool      // out is a terminal and the user wants colours
	width  int       // of the terminal in characters, at most 80
}

// errUsage marks errors in the way the program was called. It adds nothing to their text.
var errUsage = errors.New("")

// usage returns an error in the way the program was called.
func usage(format string, args ...any) error {
	return fmt.Errorf(format+"%w", append(args, errUsage)...)
}

// main exits with 0 if all is well, 1 if the command failed, 2 if it was called wrongly.
func main() {
	results := &resultWriter{Writer: os.Stdout}
	terminal := isTerminal(os.Stdout)
	c := &console{
		in: os.Stdin, out: results, err: os.Stderr,
		live:   terminal && isTerminal(os.Stderr),
		colour: terminal && os.Getenv("NO_COLOR") == "", // https://no-color.org
		width:  lineWidth(os.Stdout),
	}
	code := run(c, os.Args[1:])
	// EPIPE means that the reader of a pipe has closed it.
	if code == 0 && results.err != nil && !errors.Is(results.err, syscall.EPIPE) {
		c.complain(fmt.Errorf("cannot write the results: %w", results.err))
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
	w.err = cmp.Or(w.err, err)
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
	c.complain(err)
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
	var names []string
	for _, cmd := range sortedCommands() {
		if cmd.name == args[0] {
			return cmd.run(c, args[1:])
		}
		names = append(names, cmd.name)
	}
	return usage("there is no command %q; the commands are %s and help", args[0], strings.Join(names, ", "))
}

// sortedCommands returns the commands in the order of the help: train, test, then by name.
func sortedCommands() []command {
	place := map[string]int{"train": 1, "test": 2}
	return slices.SortedFunc(slices.Values(commands), func(a, b command) int {
		placeA, placeB := cmp.Or(place[a.name], 3), cmp.Or(place[b.name], 3)
		return cmp.Or(placeA-placeB, strings.Compare(a.name, b.name))
	})
}

// help lists the commands.
func help(c *console) error {
	fmt.Fprint(c.out, "A neural network that learns to read handwritten digits.\n\n"+
		"usage: go run . [command] [flags] [arguments]\n\n")
	for _, cmd := range sortedCommands() {
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
			var names []string
			flags.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
			return nil, usage("%s: %v; the flags of %s are %s",
				flags.Name(), err, flags.Name(), strings.Join(names, ", "))
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
		return nil, usage("%s: unexpected argument %q; flags follow the command, see: go run . help %s",
			flags.Name(), arguments[most], flags.Name())
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

// printFlags prints the help of one command.
func printFlags(c *console, flags *flag.FlagSet) {
	cmd := commands[slices.IndexFunc(commands, func(cmd command) bool { return cmd.name == flags.Name() })]
	line := strings.TrimSpace(fmt.Sprintf("usage: go run . %s [flags] %s", cmd.name, cmd.arguments))
	fmt.Fprintf(c.out, "%s: %s\n\n%s\n\n", cmd.name, cmd.summary, line)
	flags.SetOutput(c.out)
	flags.PrintDefaults()
}

// The command train.

// runTrain trains a network and saves it. The first Ctrl-C ends training after the step under
// way. The parts of training follow in this order: settings, what there is to begin with, the
// record of the epochs, and the watcher, which prints and saves.
func runTrain(c *console, args []string) error {
	s, err := parseTrain(c, args)
	if err != nil {
		return err
	}
	k, err := newKeeper(s.net)
	if err != nil {
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
	if s.examples > 0 {
		set.Train = set.Train[:min(s.examples, len(set.Train))]
	}
	printSet(c, set)
	random := rand.New(rand.NewPCG(s.seed, 0))
	n, err := startingNetwork(c, s, set, random)
	if err != nil {
		return err
	}
	ctx, release := untilSignal()
	defer release()
	w := newWatcher(ctx, c, s, k, n, set)
	if err := w.train(set.Train, random); err != nil {
		return err
	}
	return w.finish(set)
}

// variations are the ways to vary a picture each time it is seen, each with a flag of train.
// An optional file may add some.
var variations = []variation{
	{name: "shift", usage: "move each picture by up to a pixel each time it is seen", usual: true, start: Shift},
}

// A variation is one way to vary a picture.
type variation struct {
	name, usage string
	usual       bool // by default it is on
	start       func() func(Example, *rand.Rand) Picture
}

// settings are what a user may choose for training.
type settings struct {
	plan     Training
	vary     map[string]bool // by the names of the variations
	hidden   []int
	examples int // the number of training pictures to use, from the first on; 0 for all
	seed     uint64
	data     string // the folder with the data, "" for MNIST
	net      string // the file of the network
	resume   bool
}

// defaults returns the settings that did best on the last 10,000 training pictures after
// training on the other 50,000. The test pictures were not used.
func defaults() settings {
	vary := map[string]bool{}
	for _, v := range variations {
		vary[v.name] = v.usual
	}
	return settings{
		plan:   Training{Epochs: 40, Batch: 20, Rate: 1.5, Anneal: true, Decay: 1e-4},
		vary:   vary,
		hidden: []int{16, 16},
		seed:   1,
	}
}

// gentleRate is the rate at which training goes on from a saved network. The usual one would
// first move it out of the minimum in which it has settled.
const gentleRate = 0.15

// makePlain changes s to the rule of the videos, without the tweaks.
func (s *settings) makePlain() {
	s.plan.Anneal, s.plan.Decay = false, 0
	clear(s.vary)
}

// training returns the plan with the variations that are on.
func (s *settings) training() Training {
	plan := s.plan
	for _, v := range variations {
		if !s.vary[v.name] {
			continue
		}
		before, vary := plan.Vary, v.start()
		plan.Vary = func(e Example, random *rand.Rand) Picture {
			if before != nil {
				e.Picture = before(e, random)
			}
			return vary(e, random)
		}
	}
	return plan
}

// check returns an error if a number is out of range. It begins with the name of the setting,
// which is that of its flag and of its field on the page.
func (s *settings) check() error {
	for _, size := range s.hidden {
		if size < 1 || size > 10_000 {
			return usage("hidden: %d is not a number of neurons from 1 to 10000", size)
		}
	}
	switch p := s.plan; {
	case p.Epochs < 1:
		return usage("epochs %d: must be at least 1", p.Epochs)
	case p.Batch < 1:
		return usage("batch %d: must be at least 1", p.Batch)
	case !(p.Rate > 0) || math.IsInf(p.Rate, 0):
		return usage("rate %g: must be a number above 0", p.Rate)
	case !(p.Decay >= 0):
		return usage("decay %g: must be at least 0", p.Decay)
	case !(p.Decay*p.Rate < 1):
		return usage("rate %g with decay %g: their product must be below 1", p.Rate, p.Decay)
	case s.examples < 0:
		return usage("examples %d: must be at least 0", s.examples)
	}
	return nil
}

// tweaks returns the names of the flags for what goes beyond the rule of the videos.
func tweaks() []string {
	names := []string{"anneal", "decay"}
	for _, v := range variations {
		names = append(names, v.name)
	}
	return names
}

// addFlags adds the flags of train, except -net and -data, to a flag set.
func (s *settings) addFlags(flags *flag.FlagSet) {
	flags.Func("hidden", "the `sizes` of the hidden layers, or none (default 16,16)", func(text string) (err error) {
		s.hidden, err = parseSizes(text)
		return err
	})
	flags.IntVar(&s.plan.Epochs, "epochs", s.plan.Epochs, "how many times every picture is seen")
	flags.IntVar(&s.plan.Batch, "batch", s.plan.Batch, "the number of pictures in a mini-batch")
	flags.Float64Var(&s.plan.Rate, "rate", s.plan.Rate, fmt.Sprintf("the learning rate; with -resume the default is %g\n"+
		"(texts that halve the cost use twice this rate)", gentleRate))
	flags.BoolVar(&s.plan.Anneal, "anneal", s.plan.Anneal, "lower the rate to 0 during training")
	flags.Float64Var(&s.plan.Decay, "decay", s.plan.Decay, "weight decay for the first layer of weights")
	for _, v := range variations {
		flags.BoolFunc(v.name, fmt.Sprintf("%s (default %t)", v.usage, v.usual), func(text string) (err error) {
			s.vary[v.name], err = strconv.ParseBool(text)
			return err
		})
	}
	flags.Bool("plain", false, "train by the rule of the videos: no -"+strings.Join(tweaks(), ", -"))
	flags.IntVar(&s.examples, "examples", 0, "train on the first `N` pictures only; 0 is all")
	flags.Uint64Var(&s.seed, "seed", s.seed, "the seed of the random numbers")
	flags.BoolVar(&s.resume, "resume", false, "go on from the network in the file of -net")
}

// parseTrain returns the settings on the command line of train.
func parseTrain(c *console, args []string) (*settings, error) {
	s := defaults()
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	s.addFlags(flags)
	net, data := netFlag(flags), dataFlag(flags)
	if _, err := parse(c, flags, args, 0); err != nil {
		return nil, err
	}
	s.net, s.data = *net, *data
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	plain := flags.Lookup("plain").Value.String() == "true"
	switch {
	case s.resume && given["hidden"]:
		return nil, usage("train: -resume takes the layers from %s; leave out -hidden", s.net)
	case plain && slices.ContainsFunc(tweaks(), func(name string) bool { return given[name] }):
		return nil, usage("train: -plain turns off -%s; leave them out", strings.Join(tweaks(), ", -"))
	case plain:
		s.makePlain()
	}
	if s.resume && !given["rate"] {
		s.plan.Rate = gentleRate
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("train: -%w", err)
	}
	return &s, nil
}

// parseSizes reads a list such as 16,16.
func parseSizes(text string) ([]int, error) {
	var sizes []int
	if text == "none" {
		return nil, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("%q is not a number of neurons", word)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// printSet prints what there is to learn from. A class without examples does not count: the
// labels of EMNIST's letters start at 1.
func printSet(c *console, set *Dataset) {
	labels := map[int]bool{}
	for _, e := range set.Train {
		labels[e.Label] = true
	}
	turned := ""
	if set.Turned {
		turned = ", turned upright"
	}
	c.say("%s to learn from, %s for the test: %d x %d pixels, %s%s", count(len(set.Train), "picture"),
		thousands(len(set.Test)), set.Rows, set.Cols, count(len(labels), "class"), turned)
}

// startingNetwork returns the network to train, a random one or a saved one, and prints what
// it can do so far.
func startingNetwork(c *console, s *settings, set *Dataset, random *rand.Rand) (n *Network, err error) {
	origin := fmt.Sprintf("random (seed %d)", s.seed)
	if s.resume {
		origin = fmt.Sprintf("from %s, going on at rate %g", quote(s.net), s.plan.Rate)
		n, err = loadFitting(s.net, s.data, set)
	} else if n, err = s.randomNetwork(set, random); err != nil {
		err = fmt.Errorf("train: %w", err)
	}
	if err != nil {
		return nil, err
	}
	c.say("network %s: %s weights and biases, %s", layersText(n.Layers), thousands(len(n.All)), origin)
	score := n.Score(set.Test)
	c.say("before training: cost %.4f, %s of the test pictures right", score.Cost, share(score.Right, score.Seen))
	return n, nil
}

// randomNetwork returns a network for a set, with random weights and biases.
func (s *settings) randomNetwork(set *Dataset, random *rand.Rand) (*Network, error) {
	layers := slices.Concat([]int{set.Rows * set.Cols}, s.hidden, []int{set.Classes})
	if size := CountParameters(layers); size > maxParameters {
		return nil, usage("%s has %s weights and biases; the limit is %s",
			layersText(layers), thousands(size), thousands(maxParameters))
	}
	return NewNetwork(layers, random), nil
}

// untilSignal returns a context that is done when the program is asked to end: by Ctrl-C, by the
// system or by the closing of its terminal, unless it was started by nohup. A second later another
// signal ends the program; some programs, such as timeout, send two at once.
func untilSignal() (ctx context.Context, release func()) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, release = signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, release) })
	return ctx, release
}

// A record is what is known of training so far, for the terminal and for the page. Only the
// goroutine that trains changes it.
type record struct {
	plan    Training
	network *Network // in training
	test    []Example
	blind   float64 // see blindCost
	white   int     // the largest grey of the training pictures

	last    Progress
	steps   int
	epochs  []epoch    // that are over
	testing chan epoch // receives the epoch under test, nil if there is none

	beside func(*epoch, *Network) // called with a copy of the network, beside the next epoch; may be nil
	tested func(epoch)            // called when the test after an epoch has ended; may be nil
}

// An epoch is the progress at the end of an epoch, and the test after it.
type epoch struct {
	Progress
	test      Score // of the test examples; Seen is 0 before the test has ended
	saveError error // of the watcher that saves
}

// newRecord returns the record of training that starts now.
func newRecord(plan Training, n *Network, set *Dataset) *record {
	r := &record{plan: plan, network: n, test: set.Test, blind: blindCost(set)}
	for _, e := range set.Train {
		if len(e.Greys) > 0 {
			r.white = max(r.white, int(slices.Max(e.Greys)))
		}
	}
	return r
}

// blindCost returns the least cost of a network that ignores the pictures: it has the same
// outputs for all. The best such outputs are p_j, the share of the examples with label j, and
// they cost
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

// add records the progress after a step. At the end of an epoch it starts the test of a copy of
// the network, which runs while the next epoch trains. It returns an error if training has failed.
func (r *record) add(p Progress) error {
	r.last = p
	r.steps++
	if math.IsNaN(p.Cost) { // the steps were too large (chapter 2)
		return fmt.Errorf("the cost is not a number in epoch %d; try -rate %g",
			p.Epoch, min(r.plan.Rate/4, defaults().plan.Rate))
	}
	if len(r.testing) == 1 || p.Seen == p.Of {
		r.wait()
	}
	if p.Seen < p.Of {
		return nil
	}
	over := epoch{Progress: p}
	r.epochs = append(r.epochs, over)
	testing, n := make(chan epoch, 1), r.network.Clone()
	r.testing = testing
	go func() {
		over.test = n.Score(r.test)
		if r.beside != nil {
			r.beside(&over, n)
		}
		testing <- over
	}()
	return nil
}

// wait waits for the test under way, if there is one.
func (r *record) wait() {
	if r.testing == nil {
		return
	}
	over := <-r.testing
	r.testing, r.epochs[over.Epoch-1] = nil, over
	if r.tested != nil {
		r.tested(over)
	}
}

// learned reports whether a network is better than one that ignores the pictures, on the training
// pictures or the test pictures. Differences below 0.5% are noise.
func (r *record) learned(cost, testCost float64) bool { return min(cost, testCost) < 0.995*r.blind }

// patience is the number of steps after which a network should have learned something.
const patience = 2000

// advice returns what may help a network that learns nothing.
func (r *record) advice() string {
	usual := defaults().plan
	// The directions of small mini-batches vary more, so they need a lower rate.
	rate := usual.Rate * min(1, math.Sqrt(float64(r.plan.Batch)/float64(usual.Batch)))
	var advice []string
	if r.white < 128 {
		advice = append(advice, fmt.Sprintf("pictures with greys from 0 to 255: the largest here is %d", r.white))
	}
	const deepest = 3 // hidden layers; with five, nothing is learned in four epochs
	if len(r.network.Layers)-2 > deepest {
		advice = append(advice, fmt.Sprintf("-hidden with at most %d layers", deepest))
	}
	if r.plan.Batch > 10*usual.Batch {
		advice = append(advice, fmt.Sprintf("-batch %d", usual.Batch))
	}
	if r.plan.Rate > 1.5*rate || r.plan.Rate < rate/5 {
		advice = append(advice, fmt.Sprintf("-rate %.2g", rate))
	}
	// Where the cost no longer falls, more epochs do not help.
	e := len(r.epochs)
	stuck := e == 1 && r.steps >= patience && r.epochs[0].Cost > 1.1*r.blind ||
		e > 1 && r.epochs[e-1].Cost >= 0.995*r.epochs[e-2].Cost
	switch {
	case !stuck && (e > 1 || len(advice) == 0):
		advice = append(advice, fmt.Sprintf("-epochs %d", 5*r.plan.Epochs))
	case len(advice) == 0:
		advice = append(advice, fmt.Sprintf("-rate %.2g", r.plan.Rate/4))
	}
	return "try " + strings.Join(advice, " or ")
}

// A watcher shows the progress of training on a terminal, saves the network after every epoch,
// and ends training on an interrupt.
type watcher struct {
	ctx      context.Context // done when the user wants to stop
	console  *console
	settings *settings
	keeper   *keeper
	*record
	spent   time.Duration // on training
	step    time.Time     // the end of the last step
	drawn   time.Time     // when the live line was last drawn
	saved   int           // the last epoch whose network was saved, 0 for none
	lost    bool          // it was said that nothing is learned
	warning string        // the last complaint about saving, which is not repeated
}

// newWatcher returns a watcher for training that starts now.
func newWatcher(ctx context.Context, c *console, s *settings, k *keeper, n *Network, set *Dataset) *watcher {
	w := &watcher{ctx: ctx, console: c, settings: s, record: newRecord(s.training(), n, set), keeper: k, step: time.Now()}
	w.beside, w.tested = w.saveBeside, w.printEpoch
	return w
}

// epochLine is the format of the line for each epoch. It fits into 50 characters.
const epochLine = "%9s  %7s  %7s  %7s  %9s"

// train trains the network to the end or an interrupt, and prints the table of epochs. It returns
// an error if the cost is no longer a number.
func (w *watcher) train(examples []Example, random *rand.Rand) error {
	w.console.say("\nright: training pictures answered right, each before the step that uses it")
	w.console.say("test: test pictures answered right after the epoch, so at first it is higher\n")
	fmt.Fprintf(w.console.out, epochLine+"\n", "epoch", "cost", "right", "test", "time left")
	err := w.plan.Train(w.network, examples, random, w.report)
	w.wait()
	w.clearLine()
	if err != nil && !errors.Is(err, context.Canceled) {
		return w.failure(err)
	}
	return nil
}

// report is called after each step.
func (w *watcher) report(p Progress) error {
	w.addTime()
	if err := w.add(p); err != nil {
		return err
	}
	w.drawLine(p)
	return w.ctx.Err()
}

// addTime adds the time since the last step. When that is far longer than usual, the program
// was stopped meanwhile, as by Ctrl-Z.
func (w *watcher) addTime() {
	took, usual := time.Since(w.step), w.spent/time.Duration(max(w.steps, 1))
	if took > time.Second+10*usual {
		took = usual
	}
	w.spent, w.step = w.spent+took, time.Now()
}

// saveBeside saves a copy of the network after an epoch.
func (w *watcher) saveBeside(e *epoch, n *Network) {
	if w.learned(e.Cost, e.test.Cost) {
		e.saveError = w.keeper.save(n)
	}
}

// line returns the line of an epoch that has come as far as p.
func (w *watcher) line(p Progress, test string) string {
	return fmt.Sprintf(epochLine, fmt.Sprintf("%d/%d", p.Epoch, w.plan.Epochs), fmt.Sprintf("%.4f", p.Cost),
		share(p.Right, p.Seen), test, w.timeLeft())
}

// printEpoch prints the line of an epoch that is over and tested. Then it says what went wrong.
func (w *watcher) printEpoch(e epoch) {
	w.clearLine()
	fmt.Fprintln(w.console.out, w.line(e.Progress, share(e.test.Right, e.test.Seen)))
	switch learned := w.learned(e.Cost, e.test.Cost); {
	case e.saveError != nil && e.saveError.Error() != w.warning:
		w.warning = e.saveError.Error()
		w.console.complain(fmt.Errorf("%w; training goes on", e.saveError))
	case learned && e.saveError == nil:
		w.saved = e.Epoch
	case !learned && w.steps >= patience && w.saved == 0 && !w.lost:
		w.lost = true
		w.console.say("%s", w.blindText(e.Cost))
	}
}

// blindText says that a network has learned nothing.
func (w *watcher) blindText(cost float64) string {
	return fmt.Sprintf("nothing learned: the cost is %.4f, and giving every picture the same answer would cost %.4f",
		cost, w.blind)
}

// drawLine shows on a terminal, ten times a second, how far the epoch has come. It turns off
// line wrapping meanwhile, so that a narrow terminal cuts the line instead of breaking it.
func (w *watcher) drawLine(p Progress) {
	if !w.console.live || time.Since(w.drawn) < 100*time.Millisecond {
		return
	}
	w.drawn = time.Now()
	const width = 7
	full := width * p.Seen / p.Of
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	fmt.Fprintf(w.console.err, "\r\x1b[?7l%s\x1b[?7h", w.line(p, bar))
}

// clearLine removes the live line.
func (w *watcher) clearLine() {
	if w.console.live {
		fmt.Fprint(w.console.err, "\r\x1b[K")
	}
}

// timeLeft estimates how long the rest of training takes.
func (w *watcher) timeLeft() string {
	left := min(float64(w.spent)*(1/w.plan.Done(w.last)-1), 1e18) // a Duration holds 9e18 ns
	return time.Duration(left).Round(time.Second).String()
}

// finish saves the trained network, unless it is no better than one that ignores the pictures, and
// prints what it can do.
func (w *watcher) finish(set *Dataset) error {
	c, r, stopped := w.console, review(w.network, set.Test), ""
	if w.plan.Done(w.last) < 1 {
		stopped = fmt.Sprintf("stopped in epoch %d of %d", w.last.Epoch, w.plan.Epochs)
	}
	if !w.learned(w.last.Cost, r.Cost) {
		printAccuracy(c, r.Score)
		return w.failure(fmt.Errorf("%s; %s", w.blindText(w.last.Cost), cmp.Or(stopped, w.advice())))
	}
	err := w.keeper.saveSomewhere(w.network)
	w.printCosts()
	if stopped != "" {
		c.say("%s", stopped)
	}
	drawMistakes(c, set, r.mistakes, "The first mistakes")
	if err == nil {
		c.say("saved in %s after %.1f s", quote(w.settings.net), w.spent.Seconds())
		if w.keeper.kept {
			c.say("the network that was there before is in %s", quote(backup(w.settings.net)))
		}
		printNext(c, w.settings, r.mistakes)
	}
	printAccuracy(c, r.Score)
	return err
}

// failure adds to an error what is in the file.
func (w *watcher) failure(err error) error {
	if w.saved > 0 {
		return fmt.Errorf("%w; %s has the network of epoch %d", err, w.settings.net, w.saved)
	}
	return fmt.Errorf("%w; nothing is saved", err)
}

// printCosts draws the costs of all epochs.
func (w *watcher) printCosts() {
	var costs []float64
	for _, e := range w.epochs {
		costs = append(costs, e.Cost)
	}
	if last := len(costs) - 1; last > 0 {
		w.console.say("\ncost, epoch by epoch: %.4f %s %.4f", costs[0], curve(costs, w.console.width-36), costs[last])
	}
}

// curve draws numbers as one line of bars, 40 or at most width, on a logarithmic scale, from the
// first number to the last. A 0, which has no logarithm, counts as 1e-9.
func curve(numbers []float64, width int) string {
	height := func(x float64) float64 { return math.Log(max(x, 1e-9)) }
	low, high := height(slices.Min(numbers)), height(slices.Max(numbers))
	bars := []rune("▁▂▃▄▅▆▇█")
	n := max(1, min(40, width, len(numbers)))
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

// printNext prints what the user may want to do next, with the commands that there are.
func printNext(c *console, s *settings, wrong []mistake) {
	flags := ""
	if s.net != "network.json" {
		flags += " -net " + quote(s.net)
	}
	if s.data != "" {
		flags += " -data " + quote(s.data)
	}
	number := "0"
	if len(wrong) > 0 {
		number = strconv.Itoa(wrong[0].number)
	}
	next := slices.DeleteFunc(sortedCommands(), func(cmd command) bool { return cmd.purpose == "" })
	if len(next) > 0 {
		c.say("\nWhat next:")
	}
	for _, cmd := range next {
		call := cmd.name + flags + " " + strings.Replace(cmd.example, "NUMBER", number, 1)
		c.say("  go run . %-13s  %s", call, cmd.purpose)
	}
	fmt.Fprintln(c.out)
}

// The saving of networks.

// A keeper saves networks in a file, one after the other. What was in the file before its first
// save it keeps in the backup. It replaces nothing that another program has written since.
type keeper struct {
	path  string
	known map[string][]byte // the file and the backup, as last read or written here; nil if missing
	saved bool              // the file has a network of this keeper
	kept  bool              // the backup has what was in the file before
}

// newKeeper returns a keeper for a file. It returns an error if the keeper could not save, or if
// it would replace a file that is not a network.
func newKeeper(path string) (*keeper, error) {
	k := &keeper{path: path, known: map[string][]byte{}}
	for _, name := range []string{path, backup(path)} {
		if err := canWrite(name); err != nil {
			return nil, err
		}
		if _, err := loadNetwork(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w; this file is not replaced", err)
		}
		k.known[name], _ = os.ReadFile(name)
	}
	return k, nil
}

// backup returns the name under which the network that was in a file before is kept.
func backup(path string) string { return path + ".bak" }

// save saves a network, whole or not at all.
func (k *keeper) save(n *Network) error {
	text, err := n.encode()
	if err != nil {
		return fmt.Errorf("%s: cannot be saved: %w", k.path, err)
	}
	old, err := k.read(k.path)
	if err == nil {
		_, err = k.read(backup(k.path))
	}
	if err != nil {
		return k.restore(err)
	}
	if !k.saved && old != nil {
		err = k.write(backup(k.path), old)
		k.kept = err == nil
	}
	if err == nil {
		err = k.write(k.path, text)
	}
	k.saved = k.saved || err == nil
	return err
}

// read reads the file or its backup, nil if there is none. It returns an error if that is not
// what the keeper last read or wrote there.
func (k *keeper) read(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, reason(err))
	case !bytes.Equal(text, k.known[name]):
		return nil, fmt.Errorf("%s was changed by another program and is not replaced", name)
	}
	return text, nil
}

// write writes the file or its backup.
func (k *keeper) write(name string, text []byte) error {
	err := writeWhole(name, text, k.path)
	if err == nil {
		k.known[name] = text
	}
	return err
}

// restore is called with an error when another program has changed the file or the backup. It
// saves what this keeper has replaced, unless the backup still has it.
func (k *keeper) restore(err error) error {
	before := k.known[backup(k.path)]
	if text, _ := os.ReadFile(backup(k.path)); !k.saved || bytes.Equal(text, before) || before == nil {
		return err
	}
	k.known[backup(k.path)] = nil // it is saved only once
	return k.elsewhere(before, "what was there before", err)
}

// saveSomewhere saves a network or, where that is not possible, saves it elsewhere and returns
// an error that says where.
func (k *keeper) saveSomewhere(n *Network) error {
	err := k.save(n)
	if text, broken := n.encode(); err != nil && broken == nil {
		return k.elsewhere(text, "the trained network", err)
	}
	return err
}

// elsewhere writes a network to a new file in the same folder or else in the temporary folder, and
// adds to err where it is.
func (k *keeper) elsewhere(text []byte, what string, err error) error {
	var failed error
	for _, folder := range []string{filepath.Dir(k.path), os.TempDir()} {
		name := filepath.Join(folder, fmt.Sprintf("network-%x.json", rand.Uint64()))
		if failed = writeWhole(name, text, k.path); failed == nil {
			return fmt.Errorf("%w; %s is in %s; to test it, run: go run . test -net %[3]s", err, what, quote(name))
		}
	}
	return fmt.Errorf("%w; %s is lost: %w", err, what, failed)
}

// writeWhole writes a file whole or not at all: it writes a temporary file in the same folder
// and renames it. A symbolic link stays one. The file gets the mode of the file called like, if
// there is one.
func writeWhole(path string, content []byte, like string) error {
	f, target, err := createBeside(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // no effect after the renaming
	if info, err := os.Stat(like); err == nil {
		f.Chmod(info.Mode().Perm()) // on a file system without modes nothing is lost
	}
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
		return usage("%q is not the name of a file", path)
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
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: cannot be written: %w", path, reason(err))
		}
	}()
	target, err = filepath.EvalSymlinks(path)
	if _, noFile := os.Lstat(path); errors.Is(noFile, fs.ErrNotExist) {
		target, err = path, nil
	}
	if err != nil {
		return nil, "", err
	}
	if info, err := os.Stat(target); err == nil {
		if !info.Mode().IsRegular() {
			return nil, "", errors.New("not a regular file")
		}
		// Renaming would also replace a file that the user made read-only.
		old, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return nil, "", err
		}
		old.Close()
	}
	removeLeftovers(target)
	name := fmt.Sprintf("%s.part-%d-%x", target, os.Getpid(), rand.Uint64())
	f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	return f, target, err
}

// removeLeftovers removes temporary files of programs that were killed.
func removeLeftovers(target string) {
	folder, file := filepath.Split(target)
	entries, _ := os.ReadDir(cmp.Or(folder, "."))
	for _, entry := range entries {
		rest, _ := strings.CutPrefix(entry.Name(), file)
		var pid int
		if _, err := fmt.Sscanf(rest, ".part-%d-", &pid); err != nil {
			continue
		}
		process, err := os.FindProcess(pid)
		if err != nil || errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			os.Remove(filepath.Join(folder, entry.Name()))
		}
	}
}

// The command test.

// runTest measures a saved network.
func runTest(c *console, args []string) error {
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	path, data := netFlag(flags), dataFlag(flags)
	all := flags.Bool("v", false, "list all pictures that are misread")
	if _, err := parse(c, flags, args, 0); err != nil {
		return err
	}
	set, n, err := loadBoth(*path, *data)
	if err != nil {
		return err
	}
	r := review(n, set.Test)
	c.say("%s: %s, %s weights and biases", quote(*path), layersText(n.Layers), thousands(len(n.All)))
	c.say("cost %.4f, the average over %s\n", r.Cost, count(len(set.Test), "test picture"))
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
	printAccuracy(c, r.Score)
	return nil
}

// A mistake is an example that is answered wrong.
type mistake struct {
	number     int // of the example, counted from 0
	example    Example
	answer     int
	activation float64 // of the answer
}

// title returns the number of the example and what it is.
func (m mistake) title(set *Dataset) string {
	return fmt.Sprintf("number %d, %s", m.number, anA(set.Name(m.example.Label)))
}

// reading returns what the example is read as.
func (m mistake) reading(set *Dataset) string {
	return fmt.Sprintf("read as %s (%.2f)", set.Name(m.answer), m.activation)
}

// A result is what a network does with a list of examples.
type result struct {
	Score
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
		r.Add(output, e.Label)
		r.table[e.Label][answer]++
		if answer != e.Label {
			r.mistakes = append(r.mistakes, mistake{number: i, example: e, answer: answer, activation: output[answer]})
		}
	}
	return r
}

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
	fmt.Fprint(c.out, c.sideBySide(columns))
}

// printTable prints for each class how many of its examples are right and how many are read as
// each class. Where the table would be too wide for the terminal, it has the three most frequent
// wrong answers instead. A class without examples and answers is left out.
func printTable(c *console, set *Dataset, table [][]int) {
	examples, answers := make([]int, len(table)), make([]int, len(table))
	for label, row := range table {
		for answer, count := range row {
			examples[label] += count
			answers[answer] += count
		}
	}
	var classes []int
	header := ""
	for class := range table {
		if examples[class]+answers[class] > 0 {
			classes = append(classes, class)
			header += fmt.Sprintf("%6s", set.Name(class))
		}
	}
	wide := len("digit    right"+header) > c.width
	if wide {
		header = "  most often misread as"
	}
	fmt.Fprintf(c.out, "digit    right%s\n", header)
	for _, label := range classes {
		right, cells := "none", ""
		if examples[label] > 0 {
			right = share(table[label][label], examples[label])
		}
		if wide {
			cells = confused(set, table[label], label)
		} else {
			for _, answer := range classes {
				cells += fmt.Sprintf("%6d", table[label][answer])
			}
		}
		fmt.Fprintf(c.out, "%5s  %7s%s\n", set.Name(label), right, cells)
	}
}

// confused lists the three most frequent wrong answers in a row of the table.
func confused(set *Dataset, row []int, label int) (list string) {
	row = slices.Clone(row)
	row[label] = 0
	for range 3 {
		if most := slices.Max(row); most > 0 {
			answer := slices.Index(row, most)
			list += fmt.Sprintf("  %s: %d", set.Name(answer), most)
			row[answer] = 0
		}
	}
	return list
}

// printAccuracy prints the line that other programs read.
func printAccuracy(c *console, s Score) {
	fmt.Fprintf(c.out, "test accuracy %s (%d of %d)\n", share(s.Right, s.Seen), s.Right, s.Seen)
}

// What the commands print.

// say prints a line to c.out. On a terminal it is wrapped at words.
func (c *console) say(format string, args ...any) {
	fmt.Fprintln(c.out, c.wrap(fmt.Sprintf(format, args...)))
}

// complain prints an error to c.err. Control characters, which a file name may contain, are
// printed as escapes.
func (c *console) complain(err error) {
	fmt.Fprintln(c.err, c.wrap("digits: "+printable(err.Error())))
}

// wrap breaks a line at words if it is longer than the terminal is wide.
func (c *console) wrap(line string) string {
	wrapped, length := "", 0
	for i, word := range strings.Split(line, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case c.live && length+1+n > c.width:
			wrapped, length = wrapped+"\n", 0
		default:
			wrapped, length = wrapped+" ", length+1
		}
		wrapped, length = wrapped+word, length+n
	}
	return wrapped
}

// reason returns an error without the operation and the path, which may be of a temporary file.
func reason(err error) error {
	if pathError := (*fs.PathError)(nil); errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// printable returns a text with its control characters as escapes, such as \x1b.
func printable(text string) string {
	quoted := strconv.Quote(text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}

// quote formats a file name for a command line that the user may copy.
func quote(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-"
	switch {
	case name != "" && strings.Trim(name, plain) == "":
		return name
	case printable(name) != name:
		return "$'" + strings.ReplaceAll(printable(name), "'", `\'`) + "'" // bash
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

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

// anA puts the article before a digit or a letter: a 5, an 8, an A.
func anA(name string) string {
	if name == "11" || name == "18" || strings.Contains("8AEFHILMNORSXaefhilmnorsx", name[:1]) {
		return "an " + name
	}
	return "a " + name
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
				cell := ""
				if y < len(column) {
					cell = column[y]
				}
				line += cell + strings.Repeat(" ", width+gap-charactersIn(cell))
			}
			text.WriteString(strings.TrimRight(line, " ") + "\n")
		}
		text.WriteString("\n")
	}
	return text.String()
}

// colours matches the control sequences that change the colour of a text.
var colours = regexp.MustCompile("\x1b\\[[0-9]*m")

// charactersIn returns how many characters a terminal shows of a line.
func charactersIn(line string) int {
	return utf8.RuneCountInString(colours.ReplaceAllString(line, ""))
}

// The file network.json.

// maxParameters is the largest number of weights and biases of a network that is trained or
// loaded.
const maxParameters = 10_000_000

// A networkFile is a network as it is saved, in JSON. A network with two inputs, one hidden
// neuron and one output could be
//
//	{"layers":[2,1,1],"weights":[[[0.5,-0.25]],[[3]]],"biases":[[0.1],[-1]]}
//
// where weights[l][j][k] leads from neuron k of layer l to neuron j of layer l+1. Numbers are
// written with all the digits that it takes to read back the same float64.
type networkFile struct {
	Layers  []int         `json:"layers"`
	Weights [][][]float64 `json:"weights"`
	Biases  [][]float64   `json:"biases"`
}

// layout describes a networkFile to somebody whose file has another form.
const layout = `{"layers":[784,16,16,10],"weights":[W1,W2,W3],"biases":[b1,b2,b3]}, ` +
	`where row j of W1 lists the weights from all pixels to neuron j`

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

// encode returns the text of the file of a network.
func (n *Network) encode() ([]byte, error) {
	if err := n.finite(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(n.file())
	return append(text, '\n'), err
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
		if err := checkLayer(f.Weights[l], f.Biases[l], size, f.Layers[l]); err != nil {
			return nil, fmt.Errorf("weights and biases into layer %d: %w", l+1, err)
		}
	}
	if size := CountParameters(f.Layers); size > maxParameters {
		return nil, fmt.Errorf("it has %s weights and biases; the limit is %s", thousands(size), thousands(maxParameters))
	}
	n := &Network{Layers: f.Layers, Parameters: NewParameters(f.Layers)}
	for l := range last {
		for j, row := range f.Weights[l] {
			for k, w := range row {
				n.Weights[l+1].Set(j, k, w)
			}
		}
		copy(n.Biases[l+1], f.Biases[l])
	}
	return n, n.finite()
}

// checkLayer returns an error unless there are rows x cols weights and as many biases as rows.
func checkLayer(weights [][]float64, biases []float64, rows, cols int) error {
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

// finite returns an error unless all weights and biases are numbers, and small enough that neither
// weighted sums nor derivatives can overflow.
func (n *Network) finite() error {
	tooLarge := func(x float64) bool { return !(math.Abs(x) <= 1e30) } // NaN too
	for l := 1; l < len(n.Layers); l++ {
		for j, b := range n.Biases[l] {
			if tooLarge(b) {
				return fmt.Errorf("bias %d of layer %d is too large or not a number", j, l)
			}
			for k := range n.Layers[l-1] {
				if tooLarge(n.Weights[l].At(j, k)) {
					return fmt.Errorf("weight %d of row %d into layer %d is too large or not a number", k, j, l)
				}
			}
		}
	}
	return nil
}

// parseNetwork returns the network in the text of a file.
func parseNetwork(text []byte) (*Network, error) {
	if bytes.IndexByte(text[:min(4, len(text))], 0) >= 0 {
		return nil, errors.New("the text is in UTF-16; save it in UTF-8")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // a byte order mark
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("the file is empty")
	}
	// JSON has no NaN and no Infinity, which Python writes, and package json reads null as 0.
	// A number that is too large makes finite refuse them.
	for _, word := range []string{"NaN", "Infinity", "null"} {
		text = bytes.ReplaceAll(text, []byte(word), []byte("1e300"))
	}
	var f networkFile
	err := json.Unmarshal(text, &f)
	if errors.As(err, new(*json.SyntaxError)) {
		return nil, err
	}
	var n *Network
	if err == nil {
		n, err = f.network()
	}
	if err != nil {
		return nil, fmt.Errorf("%w; expected %s", jsonError(err), layout)
	}
	return n, nil
}

// jsonError returns an error of package json in words that do not name Go types.
func jsonError(err error) error {
	mismatch := (*json.UnmarshalTypeError)(nil)
	if !errors.As(err, &mismatch) {
		return err
	}
	expected := map[reflect.Kind]string{
		reflect.Int: "a whole number", reflect.Uint64: "a whole number from 0", reflect.Float64: "a 64-bit number",
		reflect.Bool: "true or false", reflect.String: "a string", reflect.Slice: "an array", reflect.Struct: "an object",
	}[mismatch.Type.Kind()]
	return fmt.Errorf("%s: expected %s, found %s",
		cmp.Or(strings.ToLower(mismatch.Field), "the text"), expected, mismatch.Value)
}

// loadNetwork reads a saved network.
func loadNetwork(path string) (*Network, error) {
	const most = 30 * maxParameters // bytes, of which a number takes about 20
	info, err := os.Stat(path)
	switch {
	case path == "" || path == "-":
		return nil, usage("%q is not the name of a file", path)
	case errors.Is(err, fs.ErrNotExist) && canWrite(path) == nil: // so that train would not refuse it
		return nil, fmt.Errorf("%s: %w; to create it, run: go run . train -net %s", path, fs.ErrNotExist, quote(path))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file; name a saved network with -net", path)
	case info.Size() > most:
		return nil, fmt.Errorf("%s: too large for a saved network, which has at most %s bytes", path, thousands(most))
	}
	text, err := os.ReadFile(path)
	if err != nil {
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
	n, err := loadFitting(path, folder, set)
	return set, n, err
}

// loadFitting reads a network, which must fit the set.
func loadFitting(path, folder string, set *Dataset) (*Network, error) {
	n, err := loadNetwork(path)
	if err != nil {
		return nil, err
	}
	if !n.fits(set) {
		if folder != "" {
			folder = " -data " + quote(folder)
		}
		return nil, fmt.Errorf("%s: the network %s does not fit the data, which has %d x %d = %d pixels and %s; "+
			"to train one that does, run: go run . train%s -net FILE", path, layersText(n.Layers),
			set.Rows, set.Cols, set.Rows*set.Cols, count(set.Classes, "class"), folder)
	}
	return n, nil
}

// fits reports whether the network has an input for each pixel of the set's pictures and an output
// for each class.
func (n *Network) fits(set *Dataset) bool {
	return n.Layers[0] == set.Rows*set.Cols && n.Layers[len(n.Layers)-1] == set.Classes
}
