// Command check measures `stateward check` as a whole process beside other validators of manifests, side by side in one
// run and in turn, and prints a Markdown table. Only the ratios within one run mean something. It is a module of its
// own, so that the others are no dependencies of the product.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// options say what to measure.
type options struct {
	root     string
	sizes    []int
	alone    []int
	rounds   int
	combined int
	single   int
}

func main() {
	sizes := flag.String("manifests", "1000,10000", "how many manifests to check, each number one per file and 100 per file")
	rounds := flag.Int("rounds", 3, "how often each program runs; the median counts")
	combined := flag.Int("conftest-combined", 500, "most manifests for conftest --combine with our library, which takes the square of them")
	single := flag.Int("conftest", 1000, "most manifests for conftest with our library, each document by itself")
	many := flag.String("alone", "", "how many manifests to check besides with `stateward check` alone, for its time and memory")
	root := flag.String("root", ".", "the repository")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	parsed, err := numbers(*sizes)
	var more []int
	if err == nil && *many != "" {
		more, err = numbers(*many)
	}
	if err == nil {
		err = run(ctx, options{*root, parsed, more, *rounds, *combined, *single})
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func numbers(list string) (numbers []int, err error) {
	for each := range strings.SplitSeq(list, ",") {
		number, err := strconv.Atoi(each)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("%q: write numbers of manifests above 0, with commas between", list)
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

func run(ctx context.Context, options options) error {
	folder, err := os.MkdirTemp("", "check")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	programs, missing, err := prepare(ctx, options, folder)
	if err != nil {
		return err
	}
	for _, reason := range missing {
		fmt.Fprintln(os.Stderr, "left out:", reason)
	}
	header()
	first, err := write(folder, 3, 3)
	if err != nil {
		return err
	}
	if err := compare(ctx, programs[:1], "3, one file", first, options.rounds*3); err != nil {
		return err
	}
	for _, size := range contests(options) {
		for _, perFile := range []int{1, 100} {
			corpus, err := write(folder, size, perFile)
			if err != nil {
				return err
			}
			what := fmt.Sprintf("%d, %d per file", size, perFile)
			if err := compare(ctx, fit(programs, size), what, corpus, options.rounds); err != nil {
				return err
			}
			if err := os.RemoveAll(corpus); err != nil {
				return err
			}
		}
	}
	return alone(ctx, programs[0], options.alone, folder)
}

// contests are the sizes, and before them those that the slower programs can take.
func contests(options options) []int {
	least := options.sizes[0]
	for _, size := range options.sizes {
		least = min(least, size)
	}
	sizes := options.sizes
	if options.combined < least {
		sizes = append([]int{options.combined}, sizes...)
	}
	return sizes
}

// fit leaves out the programs for which this is too much.
func fit(programs []program, size int) (fitting []program) {
	for _, each := range programs {
		if size <= cmp.Or(each.most, size) {
			fitting = append(fitting, each)
		}
	}
	return fitting
}
