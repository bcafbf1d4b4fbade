package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stateward/stateward/cmd/internal/report"
)

// output is one place that a report is written to, in one format.
type output struct {
	renderer report.Renderer
	// draws says that the format needs the parts of StatefulSets.
	draws bool
	// file is the path; "" is standard output.
	file string
}

// parseOutputs reads FORMAT and FORMAT=FILE, before anything is evaluated: a usage error must not take long.
func parseOutputs(flags []string, build func(format string, toFile bool) (report.Renderer, error)) (outputs []output, err error) {
	taken := map[string]string{}
	for _, flag := range flags {
		format, file, named := strings.Cut(flag, "=")
		renderer, err := build(format, named)
		if err != nil {
			return nil, err
		}
		if named {
			if err := checkOutputFile(flag, file); err != nil {
				return nil, err
			}
			file = filepath.Clean(file)
		}
		if first, twice := taken[file]; twice {
			return nil, errTwice(first, flag, file)
		}
		taken[file] = flag
		outputs = append(outputs, output{renderer: renderer, draws: format == report.HTML, file: file})
	}
	return outputs, nil
}

func errTwice(first, second, file string) error {
	if file == "" {
		return fmt.Errorf("both -o %s and -o %s go to standard output: write one to a file, as -o %s=FILE", first, second, second)
	}
	return fmt.Errorf("both -o %s and -o %s go to %s: name another file", first, second, file)
}

// checkOutputFile refuses the file of -o FORMAT=FILE.
func checkOutputFile(flag, file string) error {
	if file == "" {
		return fmt.Errorf("-o %s names no file: write -o FORMAT=FILE, or -o FORMAT for standard output", flag)
	}
	return checkTarget("-o "+flag, file)
}

// checkTarget refuses a file that cannot be written, as flag names it.
func checkTarget(flag, file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s: %s is a folder: name a file in it", flag, file)
	}
	folder := filepath.Dir(file)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: folder %s does not exist: create it first", flag, folder)
	case err != nil:
		return fmt.Errorf("%s: %w", flag, err)
	case !info.IsDir():
		return fmt.Errorf("%s: %s is not a folder", flag, folder)
	}
	return nil
}

// writeOutputs writes a result to all outputs. Each format also lists what could not be read or evaluated, so that a report
// of a part does not read like one of all.
func writeOutputs(outputs []output, result report.Result, stdout io.Writer) error {
	for _, each := range outputs {
		if err := each.write(result, stdout); err != nil {
			return err
		}
	}
	return nil
}

func (o output) write(result report.Result, stdout io.Writer) error {
	var page bytes.Buffer
	if err := o.renderer.Render(&page, result); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return writePage(page.Bytes(), o.file, stdout)
}

// writePage writes to a file, or to standard output where file is "".
func writePage(page []byte, file string, stdout io.Writer) error {
	if file != "" {
		return replaceFile(file, page)
	}
	if _, err := stdout.Write(page); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// replaceFile writes a file so that half of it is never read. Devices and pipes, as /dev/stdout, are written to:
// they must not be replaced.
func replaceFile(file string, content []byte) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return writeInto(file, content)
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	// After the rename there is nothing left to remove.
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	// CreateTemp keeps others from reading; a report is for all who may read the folder.
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.Rename(temporary.Name(), file); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func writeInto(file string, content []byte) error {
	device, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err = device.Write(content)
	if err := errors.Join(err, device.Close()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
