// Package tour follows the StatefulSet tutorial on a real, guarded cluster: it types each command, shows what comes
// back, says what Stateward did about it, and fails where that is not what it should be.
package tour

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// Verdict is what becomes of a command.
type Verdict string

// Verdicts that a step may expect.
const (
	Allowed   Verdict = "allowed"
	Corrected Verdict = "corrected"
	Warned    Verdict = "warned"
	Denied    Verdict = "denied"
)

// Step is one command of the tour.
type Step struct {
	// Title opens a new part of the tour; most steps have none.
	Title string
	// Command is typed into a shell, in a folder where web.yaml is. Empty for a step that only looks something up.
	Command string
	// Why is one line on what Stateward did and why.
	Why string
	// Verdict is expected of the command, by the Rules whose findings must be shown; no other rule may say anything. A
	// command that only reads has none.
	Verdict Verdict
	Rules   []string
	// Exit is the exit code of a command without a Verdict: `stateward plan` ends with 2 where something happens.
	Exit int
	// Shows must appear in the output.
	Shows []string
	// Look takes the place of a command; it returns what to show.
	Look func(ctx context.Context, tour *Tour) (string, error)
	// Asks is how a Look is announced.
	Asks string
	// Then waits for what the cluster makes of it.
	Then func(ctx context.Context, tour *Tour) error
}

// Tour is one walk.
type Tour struct {
	*environment.Environment
	printer
	dir      string
	outcomes []outcome
	// last is the output of the command before, from which a step may paste.
	last string
}

type outcome struct{ command, verdict, rules string }

func (s Step) outcome() outcome {
	return outcome{s.Command, string(s.Verdict), strings.Join(s.Rules, ", ")}
}

// Options change how the tour is shown.
type Options struct {
	// From is the number of the part to show first, such as 4 or 3a; the parts before it run without output.
	From string
	// Colour is for terminals.
	Colour bool
}

// Walk takes all steps. If a step does not go as expected, the error names it.
func Walk(ctx context.Context, guarded *environment.Environment, out io.Writer, options Options) error {
	first, err := Find(options.From)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "stateward-tour-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyTutorial(dir); err != nil {
		return err
	}
	tour := &Tour{Environment: guarded, printer: printer{out: io.Discard, colour: options.Colour}, dir: dir}
	for index, step := range Steps() {
		if index == first {
			tour.out = out
		}
		if err := tour.take(ctx, step); err != nil {
			return fmt.Errorf("step %d, %s: %w", index+1, step.name(), err)
		}
	}
	tour.summarise(tour.outcomes)
	return nil
}

// Find returns the index of the step that begins a part of the tour; no part is the first.
func Find(part string) (int, error) {
	var parts []string
	for index, step := range Steps() {
		number, _, titled := strings.Cut(step.Title, ".")
		if titled || step.Title != "" {
			number, _, _ = strings.Cut(number, " ")
			if part == "" || number == part {
				return index, nil
			}
			parts = append(parts, number)
		}
	}
	return 0, fmt.Errorf("unknown STEP=%s: use one of %s", part, strings.Join(parts, ", "))
}

func copyTutorial(dir string) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(root, "test", "testdata", "tutorial", "web.yaml"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "web.yaml"), page, 0o600)
}

func (t *Tour) take(ctx context.Context, step Step) error {
	step.Command = t.paste(step.Command)
	t.announce(step)
	if step.Look != nil {
		shown, err := step.Look(ctx, t)
		t.show(shown)
		if err != nil {
			return err
		}
		return t.conclude(ctx, step, expectShown(step, shown))
	}
	output, code, err := t.shell(ctx, step.Command)
	if err != nil {
		return err
	}
	t.show(output)
	t.last = output
	return t.conclude(ctx, step, expect(step, output, code))
}

// conclude says why, records the outcome and waits for the cluster.
func (t *Tour) conclude(ctx context.Context, step Step, unexpected error) error {
	if unexpected != nil {
		return unexpected
	}
	t.explain(step)
	if step.Verdict != "" {
		t.outcomes = append(t.outcomes, step.outcome())
	}
	if step.Then == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return step.Then(ctx, t)
}

// shell runs a command line as it would be typed, with the cluster's own kubectl and stateward first in the path.
func (t *Tour) shell(ctx context.Context, line string) (output string, code int, err error) {
	command := exec.CommandContext(ctx, "sh", "-c", line)
	command.Dir = t.dir
	command.Env = append(os.Environ(),
		"PATH="+t.BinDirs()+string(os.PathListSeparator)+os.Getenv("PATH"),
		"KUBECONFIG="+t.Kubeconfig(), "HOME="+t.dir)
	combined, err := command.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return string(combined), exit.ExitCode(), nil
	}
	return string(combined), 0, err
}

// pasted is a placeholder in a command for the one that the last denial advised to paste.
const pasted = "(paste)"

// paste takes "confirm it: kubectl annotate ..." out of the last output, as a person would.
func (t *Tour) paste(command string) string {
	if command != pasted {
		return command
	}
	_, advised, _ := strings.Cut(t.last, "confirm it: ")
	advised, _, _ = strings.Cut(advised, "\n")
	return advised
}

func (s Step) name() string {
	if s.Command != "" {
		return fmt.Sprintf("%q", s.Command)
	}
	return fmt.Sprintf("%q", s.Asks)
}
