package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is where the contest ran.
type Machine struct {
	Processor string
	Count     int
	Go        string
	Day       string
	// Busy is the part of the processors that others used just before.
	Busy float64
}

// looking is how long the machine is watched before anything starts.
const looking = 3 * time.Second

// idle is the part of the processors that may be busy on a machine that is called idle.
const idle = 0.03

// Look watches what else the machine does.
func Look(ctx context.Context) (Machine, error) {
	machine := Machine{Processor: processorModel(), Count: runtime.NumCPU(), Go: runtime.Version(), Day: time.Now().UTC().Format(time.DateOnly)}
	idleBefore, allBefore, err := ticks()
	if err != nil {
		return Machine{}, err
	}
	select {
	case <-ctx.Done():
		return Machine{}, ctx.Err()
	case <-time.After(looking):
	}
	idleAfter, allAfter, err := ticks()
	if err != nil {
		return Machine{}, err
	}
	machine.Busy = 1 - float64(idleAfter-idleBefore)/float64(allAfter-allBefore)
	return machine, nil
}

// ticks are those that all processors were idle, and all there were. Source: proc_stat(5).
func ticks() (idle, all int, err error) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("look at the machine: %w: run the contest on Linux", err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0, 0, errors.New("/proc/stat: the first line is not that of all processors")
	}
	for index, field := range fields[1:9] {
		number, err := strconv.Atoi(field)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		all += number
		// Idle, and idle while it waits for a disk.
		if index == 3 || index == 4 {
			idle += number
		}
	}
	return idle, all, nil
}

func processorModel() string {
	content, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range bytes.Lines(content) {
		if key, value, found := strings.Cut(string(line), ":"); found && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// String says it in a sentence.
func (m Machine) String() string {
	state := "nothing else running"
	if m.Busy > idle {
		state = fmt.Sprintf("**not idle: before the run, others used %.0f %% of it**", m.Busy*100)
	}
	return fmt.Sprintf("%s, %d x %s, %s, %s", m.Day, m.Count, m.Processor, m.Go, state)
}
