package baseline

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// blob is the content of one file of a revision.
type blob struct {
	entry entry
	data  []byte
}

// read returns the objects of a revision. Their files are called REVISION:PATH, as `git show` has it.
func (r repository) read(ctx context.Context, revision string, past listing, opts manifest.Options) (Tree, error) {
	var tree Tree
	for _, link := range past.links {
		tree.note("%s:%s: a symbolic link is not followed where changes are judged: name what it leads to", revision, link.path)
	}
	for _, submodule := range past.submodules {
		tree.note("%s:%s: a submodule is not looked into: what is in it now counts as new", revision, submodule.path)
	}
	if len(past.files) == 0 {
		tree.note("%s has no manifest at these paths: everything counts as new", revision)
		return tree, nil
	}
	blobs, err := r.blobs(ctx, past.files, limit(opts))
	if err != nil {
		return Tree{}, fmt.Errorf("read the files of the baseline: %w", err)
	}
	var failed []error
	for _, blob := range blobs {
		tree.Revision = revision
		name := revision + ":" + blob.entry.path
		documents, err := manifest.Parse(name, blob.data, opts)
		tree.Documents = append(tree.Documents, documents...)
		switch {
		case err == nil:
		case r.exists(blob.entry.path):
			// The file of today was read, so this change has mended it, or is free to.
			tree.note("%s; the baseline is read without it, so what is there now counts as new", firstLine(err))
		default:
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return Tree{}, fmt.Errorf("%w; the file is gone, and its content is unknown: correct it in a separate change "+
			"first, or take a later baseline", errors.Join(failed...))
	}
	return tree, nil
}

func limit(opts manifest.Options) int64 {
	if opts.MaxBytes > 0 {
		return opts.MaxBytes
	}
	return manifest.DefaultMaxBytes
}

func (r repository) exists(path string) bool {
	info, err := os.Lstat(filepath.Join(r.top, filepath.FromSlash(path)))
	return err == nil && info.Mode().IsRegular()
}

func firstLine(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

// blobs reads the content of all files from one process.
func (r repository) blobs(ctx context.Context, files []entry, limit int64) ([]blob, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command, complaints := r.command(ctx, "cat-file", "--batch")
	var wanted strings.Builder
	for _, file := range files {
		wanted.WriteString(file.object + "\n")
	}
	command.Stdin = strings.NewReader(wanted.String())
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, explain(err, complaints)
	}
	blobs, err := parseBatch(bufio.NewReader(output), files, limit)
	if err != nil {
		// It may still want to write.
		cancel()
		_ = command.Wait()
		if complaints.Len() > 0 {
			return nil, fmt.Errorf("%w (%w)", err, explain(err, complaints))
		}
		return nil, err
	}
	return blobs, explain(command.Wait(), complaints)
}

// parseBatch reads what `git cat-file --batch` answers: for each object "OBJECT TYPE SIZE\n", its content and "\n",
// or "OBJECT missing\n". Of a file that is too large one byte more than the limit is kept, by which manifest.Parse
// learns that there is more.
func parseBatch(from *bufio.Reader, files []entry, limit int64) ([]blob, error) {
	blobs := make([]blob, 0, len(files))
	for _, file := range files {
		size, err := parseHead(from, file)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(from, min(size, limit+1)))
		if err == nil && int64(len(data)) < min(size, limit+1) {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			_, err = io.CopyN(io.Discard, from, size-int64(len(data)))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: git stopped in the middle of the file: %w", file.path, err)
		}
		if end, err := from.ReadByte(); err != nil || end != '\n' {
			return nil, fmt.Errorf("%s: git did not end the file where it said it would", file.path)
		}
		blobs = append(blobs, blob{entry: file, data: data})
	}
	return blobs, nil
}

// longestHead is more than any object's name, type and size.
const longestHead = 256

func parseHead(from *bufio.Reader, file entry) (size int64, err error) {
	var head []byte
	for {
		next, err := from.ReadByte()
		if err != nil {
			return 0, fmt.Errorf("%s: git has no content for this file: %w; in a partial clone get it with "+
				"`git fetch --refetch --no-filter origin`, nothing is fetched here", file.path, err)
		}
		if next == '\n' {
			break
		}
		if head = append(head, next); len(head) > longestHead {
			return 0, fmt.Errorf("%s: git answered %q instead of the file", file.path, head)
		}
	}
	fields := strings.Split(string(head), " ")
	if slices.Equal(fields, []string{file.object, "missing"}) {
		return 0, fmt.Errorf("%s: this clone lacks the content of the file, and nothing is fetched here: "+
			"get it with `git fetch --refetch --no-filter origin`, or clone without --filter", file.path)
	}
	if len(fields) != 3 || fields[0] != file.object || fields[1] != "blob" {
		return 0, fmt.Errorf("%s: git answered %q instead of the file", file.path, head)
	}
	size, err = strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return 0, fmt.Errorf("%s: git says that the file has %q bytes", file.path, fields[2])
	}
	return size, nil
}
