package baseline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var errNoGit = errors.New("a revision is read with git, which is not in the PATH: install it, or give a folder as --baseline")

// repository is a work tree on disk.
type repository struct{ top string }

// place is a path as given, and what git calls it: relative to the top of the work tree, with slashes, ""
// for the top itself.
type place struct {
	given string
	below string
}

// locate finds the one repository that holds all paths, and their places in it.
func locate(ctx context.Context, paths []string) (repository, []place, error) {
	var found repository
	var places []place
	prefixes := map[string]string{}
	for _, path := range paths {
		folder, rest, err := nearestFolder(path)
		if err != nil {
			return repository{}, nil, err
		}
		if _, known := prefixes[folder]; !known {
			top, prefix, err := topOf(ctx, folder)
			if errors.Is(err, errNoGit) {
				return repository{}, nil, err
			}
			if err != nil {
				return repository{}, nil, fmt.Errorf("%s: a revision is one of a git repository, and this path is in none "+
					"that git can read (%w): give a folder as --baseline", path, err)
			}
			if found.top != "" && found.top != top {
				return repository{}, nil, fmt.Errorf("%s and %s are in two repositories, %s and %s: check each by itself",
					paths[0], path, found.top, top)
			}
			found.top, prefixes[folder] = top, prefix
		}
		below := filepath.ToSlash(filepath.Join(filepath.FromSlash(prefixes[folder]), rest))
		if below == "." {
			below = ""
		}
		places = append(places, place{given: filepath.Clean(path), below: below})
	}
	return found, places, nil
}

// topOf returns the top of the work tree that a folder is in, and the way from there to the folder.
func topOf(ctx context.Context, folder string) (top, prefix string, err error) {
	output, err := repository{top: folder}.git(ctx, "rev-parse", "--show-toplevel", "--show-prefix")
	if err != nil {
		return "", "", err
	}
	top, prefix, _ = strings.Cut(strings.TrimSuffix(string(output), "\n"), "\n")
	return top, prefix, nil
}

// nearestFolder returns the folder to ask git in, links resolved, and what of the path is below it: a path that is
// gone was in a folder that may be gone with it.
func nearestFolder(path string) (folder, rest string, err error) {
	folder, err = filepath.Abs(path)
	if err != nil {
		return "", "", err
	}
	for {
		resolved, err := filepath.EvalSymlinks(folder)
		if err == nil {
			info, statErr := os.Stat(resolved)
			if statErr == nil && info.IsDir() {
				return resolved, rest, nil
			}
			// A file that is a link is looked for where it leads.
			rest = filepath.Join(filepath.Base(resolved), rest)
			folder = filepath.Dir(resolved)
			continue
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", "", fmt.Errorf("%s: %w", path, err)
		}
		rest = filepath.Join(filepath.Base(folder), rest)
		folder = parent
	}
}

// resolve returns the commit that a revision names.
func (r repository) resolve(ctx context.Context, revision string) (string, error) {
	if strings.HasPrefix(revision, "-") || strings.ContainsFunc(revision, isControl) {
		return "", fmt.Errorf("--baseline %q is neither a revision nor a folder: name a branch, a tag or a commit", revision)
	}
	output, err := r.git(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err == nil {
		return strings.TrimSpace(string(output)), nil
	}
	if ctx.Err() != nil {
		return "", err
	}
	shallow, shallowErr := r.git(ctx, "rev-parse", "--is-shallow-repository")
	if shallowErr == nil && strings.TrimSpace(string(shallow)) == "true" {
		return "", fmt.Errorf("revision %q is not in this shallow clone: get it with `%s`", revision, fetchShallow(revision))
	}
	return "", fmt.Errorf("revision %q is not in the repository %s, and no folder has that name: "+
		"look for it with `git branch -a`, or get it with `git fetch origin %s`", revision, r.top, quoted(remoteName(revision)))
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// fetchShallow is what brings a revision into a shallow clone. One that counts back from another needs the history
// between them.
func fetchShallow(revision string) string {
	if strings.ContainsAny(revision, "~^@:") {
		return "git fetch --unshallow origin"
	}
	name := remoteName(revision)
	if name == revision {
		return "git fetch --depth=1 origin " + quoted(name)
	}
	return "git fetch --depth=1 origin " + quoted(name+":refs/remotes/origin/"+name)
}

// remoteName is what the other side calls origin/NAME.
func remoteName(revision string) string { return strings.TrimPrefix(revision, "origin/") }

var harmless = regexp.MustCompile(`^[A-Za-z0-9._/:+@-]+$`)

// quoted keeps a name that is pasted into a shell from being more than a name.
func quoted(name string) string {
	if harmless.MatchString(name) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// git runs a command that only reads, and returns what it prints.
func (r repository) git(ctx context.Context, arguments ...string) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command, complaints := r.command(ctx, arguments...)
	pipe, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, explain(err, complaints)
	}
	output, err := io.ReadAll(io.LimitReader(pipe, maxOutput+1))
	if err == nil && len(output) > maxOutput {
		// It would continue to print.
		cancel()
		err = errTooMuch
	}
	if waited := command.Wait(); err == nil {
		err = explain(waited, complaints)
	}
	return output, err
}

// maxOutput is what git may print: the names of a million files.
const maxOutput = 128 << 20

var errTooMuch = fmt.Errorf("git printed more than %d MiB, which no repository needs", maxOutput>>20)

// maxObject in bytes is the most memory that git may take at once, as to unpack an object.
const maxObject = 512 << 20

// command prepares git so that nothing in the repository or around it makes it run a program, ask for input, write
// something or reach out: not even for the blobs that a partial clone lacks.
func (r repository) command(ctx context.Context, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
	hardened := append([]string{
		"--no-pager", "--no-optional-locks", "--literal-pathspecs", "--no-replace-objects",
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull,
		// What is larger is unpacked piece by piece.
		"-c", "core.bigFileThreshold=32m", "-C", r.top,
	}, arguments...)
	// No shell runs, and no argument from outside is at a position where git expects options.
	command := exec.CommandContext(ctx, "git", hardened...) //nolint:gosec
	command.Env = append(slices.DeleteFunc(os.Environ(), pointsElsewhere),
		"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=",
		fmt.Sprintf("GIT_ALLOC_LIMIT=%d", maxObject))
	complaints := &bytes.Buffer{}
	command.Stderr = complaints
	return command, complaints
}

// pointsElsewhere reports variables of a git hook, which would lead git to another repository than the
// one that holds the paths.
func pointsElsewhere(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{
		"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE",
		"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
	}, name)
}

// explain puts what git said into its error.
func explain(err error, complaints *bytes.Buffer) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return errNoGit
	}
	first, _, _ := strings.Cut(strings.TrimSpace(complaints.String()), "\n")
	if first == "" {
		return fmt.Errorf("git: %w", err)
	}
	return fmt.Errorf("git: %s", strings.TrimPrefix(first, "fatal: "))
}
