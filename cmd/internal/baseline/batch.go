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
	size  int64
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
	if most := fileLimit(opts); len(past.files) > most {
		return Tree{}, fmt.Errorf("%s has more than %d files at these paths: name a smaller folder, or raise --max-files", revision, most)
	}
	blobs, err := r.blobs(ctx, past.files, limit(opts), totalLimit(opts))
	if err != nil {
		return Tree{}, fmt.Errorf("read the files of the baseline: %w", err)
	}
	tree.Revision, tree.Top = revision, r.top
	parts := partsOf(blobs)
	var failed []error
	for _, blob := range blobs {
		if isPart(parts, "/"+blob.entry.path, opts) {
			continue
		}
		input, err := parseBlob(revision+":"+blob.entry.path, blob, opts)
		tree.Documents = append(tree.Documents, input.Documents...)
		switch {
		case err == nil:
		case r.exists(blob.entry.path):
			// The file of today was read, so this change has mended it, or is free to.
			tree.note("%s; the baseline is read without it, so what is there now counts as new", firstLine(err))
		default:
			failed = append(failed, gone(err))
		}
	}
	tree.Unreadable = errors.Join(failed...)
	return tree, nil
}

// gone says why a file of the past that is not here any more has to be read.
func gone(err error) error {
	var errs []error
	for _, each := range manifest.Errors(err) {
		each.Err = fmt.Errorf("%w; the file is gone, and its content is unknown: correct it in a separate change "+
			"first, or take a later baseline", each.Err)
		errs = append(errs, each)
	}
	return errors.Join(errs...)
}

// partsOf finds the files that kustomizations of the revision use for something else than an object.
func partsOf(blobs []blob) manifest.Parts {
	parts := manifest.NewParts()
	for _, blob := range blobs {
		if manifest.IsKustomization(blob.entry.path) {
			parts.Add("/"+blob.entry.path, blob.data)
		}
	}
	return parts
}

func isPart(parts manifest.Parts, file string, opts manifest.Options) bool {
	_, found := parts.Reason(file)
	return found || manifest.IsKustomization(file) || opts.SkipBuilt && parts.IsResource(file)
}

func parseBlob(name string, blob blob, opts manifest.Options) (manifest.Input, error) {
	if blob.data == nil && blob.size > 0 {
		return manifest.Input{}, manifest.Error{
			Position: manifest.Position{File: name}, Err: fmt.Errorf("the file is larger than %d bytes; split it", limit(opts)),
		}
	}
	if blob.entry.named {
		return manifest.Parse(name, blob.data, opts)
	}
	return manifest.ParseFound(name, blob.data, opts)
}

func limit(opts manifest.Options) int64 {
	if opts.MaxBytes > 0 {
		return opts.MaxBytes
	}
	return manifest.DefaultMaxBytes
}

func totalLimit(opts manifest.Options) int64 {
	if opts.MaxTotalBytes > 0 {
		return opts.MaxTotalBytes
	}
	return manifest.DefaultMaxTotalBytes
}

// fileLimit is how many files of a revision may be read: as many as a walk may meet.
func fileLimit(opts manifest.Options) int {
	if opts.MaxFiles > 0 {
		return opts.MaxFiles
	}
	return manifest.DefaultMaxFiles
}

func (r repository) exists(path string) bool {
	info, err := os.Lstat(filepath.Join(r.top, filepath.FromSlash(path)))
	return err == nil && info.Mode().IsRegular()
}

func firstLine(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

// blobs reads the content of all files from one process. Those that are too large are not asked for: a small object may
// unpack to gigabytes.
func (r repository) blobs(ctx context.Context, files []entry, limit, all int64) ([]blob, error) {
	sizes, err := r.batch(ctx, "--batch-check", files, limit)
	if err != nil {
		return nil, err
	}
	var small []entry
	var total int64
	for _, each := range sizes {
		if each.size <= limit {
			small = append(small, each.entry)
			total += each.size
		}
	}
	if total > all {
		return nil, fmt.Errorf("they are larger than %d bytes together: name a smaller folder, or raise --max-total-size", all)
	}
	read, err := r.batch(ctx, "--batch", small, limit)
	if err != nil {
		return nil, err
	}
	for index, each := range sizes {
		if each.size <= limit {
			sizes[index], read = read[0], read[1:]
		}
	}
	return sizes, nil
}

// batch asks one process for the sizes or the contents of files.
func (r repository) batch(ctx context.Context, what string, files []entry, limit int64) ([]blob, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command, complaints := r.command(ctx, "cat-file", what)
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
	parse := parseBatch
	if what == "--batch-check" {
		parse = parseSizes
	}
	blobs, err := parse(bufio.NewReader(output), files, limit)
	if err != nil {
		// It may still write.
		cancel()
		_ = command.Wait()
		if complaints.Len() > 0 {
			return nil, fmt.Errorf("%w (%w)", err, explain(err, complaints))
		}
		return nil, err
	}
	return blobs, explain(command.Wait(), complaints)
}

// parseSizes reads what `git cat-file --batch-check` answers: the heads of --batch alone.
func parseSizes(from *bufio.Reader, files []entry, _ int64) ([]blob, error) {
	blobs := make([]blob, 0, len(files))
	for _, file := range files {
		size, err := parseHead(from, file)
		if err != nil {
			return nil, err
		}
		blobs = append(blobs, blob{entry: file, size: size})
	}
	return blobs, nil
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
		blobs = append(blobs, blob{entry: file, data: data, size: size})
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
