package report

import (
	"bytes"
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
	// Others is the part of the processors that other programs used while the contest measured.
	Others float64
}

// idle is the part of the processors that others may use on a machine that is called idle.
const idle = 0.03

// ThisMachine is the one that this runs on.
func ThisMachine() Machine {
	return Machine{Processor: processorModel(), Count: runtime.NumCPU(), Go: runtime.Version(), Day: time.Now().UTC().Format(time.DateOnly)}
}

// Watch finds out what others do on this machine.
type Watch struct {
	own     func() (time.Duration, error)
	started time.Time
	ticks   ticks
	before  time.Duration
}

// NewWatch watches from now on. Own returns the processor time of all processes of the contest so far.
func NewWatch(own func() (time.Duration, error)) (*Watch, error) {
	before, err := own()
	if err != nil {
		return nil, err
	}
	now, err := readTicks()
	return &Watch{own: own, started: time.Now(), ticks: now, before: before}, err
}

// Others is the part of all processors that others have used since.
func (w *Watch) Others() (float64, error) {
	now, err := readTicks()
	if err != nil {
		return 0, err
	}
	after, err := w.own()
	if err != nil {
		return 0, err
	}
	busy := float64(now.busy-w.ticks.busy) / float64(now.all-w.ticks.all)
	own := (after - w.before).Seconds() / (time.Since(w.started).Seconds() * float64(runtime.NumCPU()))
	return max(0, busy-own), nil
}

// ticks are those of all processors together: how many there were, and in how many a program ran, here or on another machine
// on the same processors.
type ticks struct{ busy, all int }

// readTicks reads them. Source: proc_stat(5).
func readTicks() (ticks, error) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return ticks{}, fmt.Errorf("look at the machine: %w: run the contest on Linux", err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return ticks{}, errors.New("/proc/stat: the first line is not that of all processors")
	}
	var read ticks
	for index, field := range fields[1:9] {
		number, err := strconv.Atoi(field)
		if err != nil {
			return ticks{}, fmt.Errorf("/proc/stat: %w", err)
		}
		read.all += number
		switch index {
		case 0, 1, 2, 7: // user, nice, system, steal
			read.busy += number
		}
	}
	return read, nil
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
	if m.Others > idle {
		state = fmt.Sprintf("**not idle: other programs used %.0f %% of it meanwhile**", m.Others*100)
	}
	return fmt.Sprintf("%s, %d x %s, %s, %s", m.Day, m.Count, m.Processor, m.Go, state)
}
