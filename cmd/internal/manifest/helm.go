package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// maxRendered in bytes is more than Helm stores of a release.
const maxRendered = 64 << 20

// errNoHelm says what is missing for --helm.
var errNoHelm = errors.New("a chart is rendered with helm, which is not in the PATH: install it, or leave out --helm")

// sourceComment is what Helm writes above each template's output.
var sourceComment = regexp.MustCompile(`(?m)^# Source: (.+)$`)

// Helm returns the objects that a chart renders to. Their places are the templates that they come from, as a whole: no
// line of what was rendered is one of a template.
func Helm(ctx context.Context, folder, namespace string, values []string, opts Options) (Input, error) {
	text, err := render(ctx, folder, namespace, values)
	if err != nil {
		return Input{}, fileError(folder, err)
	}
	input, err := Parse("helm:"+folder, text, opts)
	for index := range input.Documents {
		input.Documents[index].nameTemplate(folder, text)
	}
	return input, err
}

// nameTemplate makes the template that a document was rendered from its place.
func (d *Document) nameTemplate(folder string, text []byte) {
	before := lineStart(text, d.Position(nil).Line)
	found := sourceComment.FindAllSubmatch(text[:before], -1)
	if len(found) == 0 {
		return
	}
	_, template, _ := strings.Cut(string(found[len(found)-1][1]), "/")
	d.File = filepath.Join(folder, filepath.FromSlash(template))
	d.outline, d.source = yamlpos.OutlineOf(&yamlpos.Node{}), nil
}

func lineStart(text []byte, line int) int {
	at := 0
	for ; line > 1; line-- {
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			return len(text)
		}
		at += next + 1
	}
	return at
}

func render(ctx context.Context, folder, namespace string, values []string) ([]byte, error) {
	program, err := exec.LookPath("helm")
	if err != nil {
		return nil, errNoHelm
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	arguments := []string{"template", "release", absolute, "--namespace", namespace}
	for _, file := range values {
		arguments = append(arguments, "--values", file)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // No shell; the folder is absolute, so no option.
	var complaints bytes.Buffer
	command.Stderr = &complaints
	pipe, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("cannot be rendered: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(pipe, maxRendered+1))
	if len(text) > maxRendered {
		cancel()
		err = fmt.Errorf("cannot be rendered: helm printed more than %d MiB", maxRendered>>20)
	}
	waited := command.Wait()
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return nil, fmt.Errorf("cannot be rendered: %w", ended(context.Cause(ctx)))
	case waited != nil:
		return nil, fmt.Errorf("cannot be rendered: helm: %s", firstLine(complaints.String()))
	default:
		return text, nil
	}
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimPrefix(first, "Error: ")
}
