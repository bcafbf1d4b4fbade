package baseline

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// Modes of git's tree entries.
const (
	linkMode      = "120000"
	submoduleMode = "160000"
)

// entry is one line of git ls-tree: a file, a symbolic link or a submodule of a revision.
type entry struct {
	mode   string
	object string
	path   string
	// named is true for a file that was given by name, and not found in a folder.
	named bool
}

// list returns what the revision has at these places and below.
func (r repository) list(ctx context.Context, commit string, places []place) ([]entry, error) {
	arguments := []string{"ls-tree", "-r", "-z", "--full-tree", commit, "--"}
	for _, place := range places {
		if place.below == "" {
			// Without a path git lists all.
			arguments = arguments[:6]
			break
		}
		arguments = append(arguments, place.below)
	}
	output, err := r.git(ctx, arguments...)
	if err != nil {
		return nil, fmt.Errorf("list the files of the baseline: %w", err)
	}
	return parseEntries(output)
}

// parseEntries reads "MODE TYPE OBJECT\tPATH\0" again and again.
func parseEntries(output []byte) ([]entry, error) {
	var entries []entry
	for line := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x00"), "\x00") {
		if line == "" && len(output) == 0 {
			break
		}
		head, name, found := strings.Cut(line, "\t")
		fields := strings.Split(head, " ")
		if !found || len(fields) != 3 || !isObject(fields[2]) || name == "" {
			return nil, fmt.Errorf("list the files of the baseline: git printed %q, which is not a file", line)
		}
		entries = append(entries, entry{mode: fields[0], object: fields[2], path: name})
	}
	return entries, nil
}

// isObject reports whether git could have named an object like this.
func isObject(name string) bool {
	return (len(name) == 40 || len(name) == 64) && strings.Trim(name, "0123456789abcdef") == ""
}

// listing is what counts of a revision: the manifests, and what is not looked into.
type listing struct {
	files      []entry
	links      []entry
	submodules []entry
}

// classify applies the rules by which manifest.Read chooses files: one that was named counts whatever its ending, in
// a folder only manifests do, and folders whose name starts with a dot are left out.
func classify(entries []entry, places []place, leavesOut func(place place, path string) bool) listing {
	var found listing
	for _, entry := range entries {
		entry.named = slices.ContainsFunc(places, func(place place) bool { return place.below == entry.path })
		chosen := slices.ContainsFunc(places, func(place place) bool {
			return chooses(place, entry) && (entry.named || !leavesOut(place, entry.path))
		})
		switch {
		case !chosen:
		case entry.mode == linkMode:
			found.links = append(found.links, entry)
		case entry.mode == submoduleMode:
			found.submodules = append(found.submodules, entry)
		default:
			found.files = append(found.files, entry)
		}
	}
	return found
}

func chooses(place place, entry entry) bool {
	below, inside := strings.CutPrefix(entry.path, place.below)
	if place.below != "" && below != "" {
		var deeper bool
		below, deeper = strings.CutPrefix(below, "/")
		inside = inside && deeper
	}
	switch {
	case !inside:
		return false
	case below == "":
		return true
	case isHidden(below, entry.mode == submoduleMode):
		return false
	case entry.mode == submoduleMode:
		return true
	case entry.mode == linkMode && path.Ext(below) == "":
		// It may lead to a folder.
		return true
	default:
		return manifest.IsManifest(below)
	}
}

// isHidden reports whether a path leads through a folder whose name starts with a dot.
func isHidden(below string, isFolder bool) bool {
	steps := strings.Split(below, "/")
	if !isFolder {
		steps = steps[:len(steps)-1]
	}
	return slices.ContainsFunc(steps, func(step string) bool { return strings.HasPrefix(step, ".") })
}

// had reports whether the revision has a manifest at a place or below it.
func (l listing) had(place place) bool {
	return slices.ContainsFunc(l.files, func(entry entry) bool { return chooses(place, entry) })
}
