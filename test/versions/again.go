package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// again runs the tests that failed in the last run of each minor version once more, as after a mend: all of them take an hour.
func again(ctx context.Context, root string, minors []int) error {
	page := filepath.Join(root, "test", "versions")
	for _, minor := range minors {
		result, err := stored(filepath.Join(page, "results", fmt.Sprintf("1.%d.json", minor)))
		if err != nil {
			return fmt.Errorf("run failed tests again: %w", err)
		}
		fmt.Println("Kubernetes " + result.Version)
		if err := result.again(ctx, root); err != nil {
			return err
		}
		if err := write(page, result); err != nil {
			return err
		}
		if !result.good() {
			return fmt.Errorf("tests failed on Kubernetes %s: see test/versions/README.md", result.Version)
		}
	}
	return nil
}

func (r *Result) again(ctx context.Context, root string) error {
	environment, err := build(ctx, r.Version)
	if err != nil {
		return err
	}
	for pkg, outcome := range map[string]*Outcome{"./test/e2e": r.EndToEnd, "./test/vap": r.Policies} {
		if outcome == nil || len(outcome.Failed) == 0 {
			continue
		}
		now, err := test(ctx, root, environment, pkg, "-run", outcome.pattern())
		if err != nil {
			return err
		}
		outcome.replace(*now)
	}
	return nil
}

// pattern selects the tests that failed, with all their parts. A package that did not come to its end is run whole.
func (o *Outcome) pattern() string {
	names := map[string]bool{}
	for _, failed := range o.Failed {
		if strings.Contains(failed, ".") {
			return "."
		}
		name, _, _ := strings.Cut(strings.TrimSuffix(failed, skipped), "/")
		names[name] = true
	}
	return "^(" + strings.Join(slices.Sorted(maps.Keys(names)), "|") + ")$"
}

// replace takes what became of the tests that had failed.
func (o *Outcome) replace(now Outcome) {
	if o.pattern() == "." {
		o.Passed = 0
	}
	o.Passed, o.Failed = o.Passed+now.Passed, now.Failed
	maps.Copy(o.Behaviours, now.Behaviours)
}
