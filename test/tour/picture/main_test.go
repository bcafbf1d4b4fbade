package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPictureMatchesTheRecordedTour(t *testing.T) {
	recorded, err := os.ReadFile(filepath.Join("..", "recorded.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := scenes(string(recorded), shown())
	if err != nil {
		t.Fatal(err)
	}
	for _, theme := range themes() {
		got, err := os.ReadFile(filepath.Join("..", "tour-"+theme.name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(draw(lines, theme)), string(got)); diff != "" {
			t.Errorf("tour-%s.svg is stale: run `make generate` (-want +got):\n%s", theme.name, diff)
		}
	}
}

func TestScenesKeepTheirOrder(t *testing.T) {
	recorded := "\n$ a\n  1\n\n$ b\n  2\n\n$ a\n  3\n\n"
	lines, err := scenes(recorded, []string{"$ a", "$ a"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"$ a", "  1", "", "$ a", "  3"}, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if _, err := scenes(recorded, []string{"$ c"}); err == nil {
		t.Error("a command that is missing was found")
	}
}
