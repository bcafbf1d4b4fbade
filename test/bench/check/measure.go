package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// cost is what one run took.
type cost struct {
	wall, processor time.Duration
	memory          int64
}

// compare runs the programs in turn, so that whatever else the machine does slows all, and prints the median of each.
func compare(ctx context.Context, programs []program, what, corpus string, rounds int) error {
	costs := make([][]cost, len(programs))
	for range rounds {
		for index, each := range programs {
			spent, err := measure(ctx, each, corpus)
			if err != nil {
				return err
			}
			costs[index] = append(costs[index], spent)
		}
	}
	for index, each := range programs {
		row(what, each.name, median(costs[index]), median(costs[0]))
	}
	return nil
}

// measure runs a program once. Whatever it finds in the manifests is no failure.
func measure(ctx context.Context, program program, corpus string) (cost, error) {
	arguments := append(slices.Clone(program.arguments[1:]), corpus)
	if program.files {
		files, err := filepath.Glob(filepath.Join(corpus, "*.yaml"))
		if err != nil {
			return cost{}, err
		}
		arguments = append(slices.Clone(program.arguments[1:]), files...)
	}
	command := exec.CommandContext(ctx, program.arguments[0], arguments...)
	started := time.Now()
	err := command.Run()
	wall := time.Since(started)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1 || ctx.Err() != nil) {
		return cost{}, fmt.Errorf("run %s: %w", program.name, err)
	}
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, errors.New("this system does not tell what a process used")
	}
	processor := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return cost{wall: wall, processor: processor, memory: usage.Maxrss}, nil
}

// median takes each number by itself.
func median(costs []cost) cost {
	return cost{
		wall:      middle(costs, func(each cost) time.Duration { return each.wall }),
		processor: middle(costs, func(each cost) time.Duration { return each.processor }),
		memory:    middle(costs, func(each cost) int64 { return each.memory }),
	}
}

func middle[T cmp.Ordered](costs []cost, of func(cost) T) T {
	values := make([]T, 0, len(costs))
	for _, each := range costs {
		values = append(values, of(each))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func header() {
	fmt.Println("| manifests | program | wall s | CPU s | peak MiB | wall / stateward | CPU / stateward |")
	fmt.Println("|---|---|---:|---:|---:|---:|---:|")
}

// row prints what is known as soon as it is.
func row(what, program string, spent, stateward cost) {
	fmt.Printf("| %s | %s | %.3f | %.3f | %d | %.2f | %.2f |\n", what, program, spent.wall.Seconds(), spent.processor.Seconds(), spent.memory/1024,
		spent.wall.Seconds()/stateward.wall.Seconds(), spent.processor.Seconds()/stateward.processor.Seconds())
}
