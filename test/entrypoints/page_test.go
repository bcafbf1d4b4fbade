package entrypoints_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	pageFile  = "README.md"
	cellsFile = "cells.json"
)

// committed are the cells of the page.
func committed() (cells, error) {
	text, err := os.ReadFile(cellsFile)
	if errors.Is(err, fs.ErrNotExist) && *update {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var before cells
	return before, json.Unmarshal(text, &before)
}

// keep writes the outcomes, or names each cell that differs from what is written.
func keep(t *testing.T, before, now cells) {
	t.Helper()
	encoded, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	encoded = append(encoded, '\n')
	if !*update {
		for _, difference := range compare(before, now) {
			t.Error(difference)
		}
		if written, err := os.ReadFile(pageFile); err != nil || string(written) != page(now) {
			t.Errorf("%s does not show the cells: run `make entrypoints` (%v)", pageFile, err)
		}
		return
	}
	for name, text := range map[string]string{cellsFile: string(encoded), pageFile: page(now)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// compare names the cells that changed.
func compare(before, now cells) (differences []string) {
	const advice = "if this is meant, run `make entrypoints` and review the page"
	for _, title := range union(before, now) {
		for _, entryPoint := range union(before[title], now[title]) {
			was, is := before[title][entryPoint], now[title][entryPoint]
			if was != is {
				differences = append(differences, fmt.Sprintf("%s, %s: it was %q and is %q: %s", title, entryPoint, was, is, advice))
			}
		}
	}
	return differences
}

func union[V any](one, another map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(one)), maps.Keys(another))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// page is the Markdown of the cells.
func page(now cells) string {
	always, optIn := append(scenes(), scenesOfGuardrails()...), scenesOfOptInRules()
	var text strings.Builder
	text.WriteString(introduction)
	text.WriteString(counts(now))
	for _, part := range []struct {
		heading   string
		scenes    []scene
		operation operation
	}{
		{"Deletions", always, deletion},
		{"Changes", always, change},
		{"Creations", always, creation},
		{"Deletions, with rules that are off by default", optIn, deletion},
		{"Changes, with rules that are off by default", optIn, change},
	} {
		fmt.Fprintf(&text, "\n## %s\n\n%s", part.heading, table(now, part.scenes, part.operation))
	}
	text.WriteString("\n## Reasons\n\n| word | reason |\n|---|---|\n")
	known := reasons()
	for _, key := range slices.Sorted(maps.Keys(known)) {
		fmt.Fprintf(&text, "| %s | %s |\n", key, known[key].text)
	}
	text.WriteString("\n## Entry points without a cell\n\n| entry point | reason |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(evaluated())) {
		fmt.Fprintf(&text, "| %s | %s |\n", name, evaluated()[name])
	}
	return text.String()
}

// counts is how many cells have each outcome.
func counts(now cells) string {
	number := map[string]int{}
	total := 0
	for _, row := range now {
		for _, cell := range row {
			word, _, _ := strings.Cut(cell, ":")
			number[word]++
			total++
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "| outcome | requests | meaning |\n|---|---:|---|\n")
	for _, word := range []struct{ word, meaning string }{
		{denied, "a rule denies it, and the cell names the rule"},
		{warned, "it happens, and a rule says what it means"},
		{refused, "the API server rejects it, with this reason"},
		{noEffect, "the API server accepts the request and leaves the field as it is"},
		{allowed, "it happens without a word, for a reason below"},
		{open, "it happens without a word, and should not; the reasons below say what is missing"},
	} {
		fmt.Fprintf(&text, "| %s | %d | %s |\n", word.word, number[word.word], word.meaning)
	}
	fmt.Fprintf(&text, "| all | %d | %d kinds of loss |\n", total, len(now))
	return text.String()
}

// table has a row for each kind of an operation and a column for each entry point; ways into one subresource share a column.
func table(now cells, all []scene, operation operation) string {
	var titles, columns []string
	for _, each := range all {
		for _, kind := range each.kinds {
			if kind.operation != operation {
				continue
			}
			titles = append(titles, kind.title)
			for _, entryPoint := range slices.Sorted(maps.Keys(now[kind.title])) {
				if column := columnOf(entryPoint); !slices.Contains(columns, column) {
					columns = append(columns, column)
				}
			}
		}
	}
	slices.SortFunc(columns, func(one, another string) int {
		return slices.Index(order, one) - slices.Index(order, another)
	})
	var text strings.Builder
	fmt.Fprintf(&text, "| kind of loss | %s |\n|---%s|\n", strings.Join(columns, " | "), strings.Repeat("|---", len(columns)))
	for _, title := range titles {
		fmt.Fprintf(&text, "| %s ", title)
		for _, column := range columns {
			fmt.Fprintf(&text, "| %s ", inColumn(now[title], column))
		}
		text.WriteString("|\n")
	}
	return text.String()
}

// order is that of the columns.
var order = []string{
	"POST", "PUT", "merge patch", "strategic merge patch", "JSON patch", "apply", "forced apply", "status", "scale", "other subresources",
	"in the background", "in the foreground", "orphaning", "as a collection", "eviction",
}

func columnOf(entryPoint string) string {
	subresource, _, is := strings.Cut(entryPoint, ": ")
	switch {
	case !is:
		return entryPoint
	case slices.Contains(order, subresource):
		return subresource
	default:
		return "other subresources"
	}
}

// inColumn is the outcome of all entry points of a column: one, where they agree.
func inColumn(row map[string]string, column string) string {
	bySubresource := map[string]map[string]string{}
	for entryPoint, outcome := range row {
		if columnOf(entryPoint) != column {
			continue
		}
		subresource, way, is := strings.Cut(entryPoint, ": ")
		if !is {
			return outcome
		}
		if bySubresource[subresource] == nil {
			bySubresource[subresource] = map[string]string{}
		}
		bySubresource[subresource][way] = outcome
	}
	var parts []string
	for _, subresource := range slices.Sorted(maps.Keys(bySubresource)) {
		text := agreed(bySubresource[subresource])
		if column == "other subresources" {
			text = subresource + " " + text
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, "; ")
}

func agreed(byWay map[string]string) string {
	outcomes := map[string][]string{}
	for _, way := range slices.Sorted(maps.Keys(byWay)) {
		outcomes[byWay[way]] = append(outcomes[byWay[way]], way)
	}
	var parts []string
	for _, outcome := range slices.Sorted(maps.Keys(outcomes)) {
		if len(outcomes) == 1 {
			return outcome
		}
		parts = append(parts, outcome+" ("+strings.Join(outcomes[outcome], ", ")+")")
	}
	return strings.Join(parts, "; ")
}

const introduction = `<!-- Generated by ` + "`make entrypoints`" + `; do not edit. -->
# Kinds of loss at every entry point

Each cell is the answer of a real API server, guarded by Stateward, to one person who may do everything and has confirmed nothing. The
rules are the default ones; the last two tables add the rules that are off by default. A kind of loss is a row. A column is a way of asking for it.

How it is made: the [test of this folder](matrix_test.go) starts a control plane and makes fresh objects for each kind. It takes the entry
points from the API server's discovery: all verbs and subresources of the resources that Stateward is registered for. It sends each request
as a dry run. What was denied or refused is then sent for good, and must be answered in the same way; so is one of the requests that came
through. ` + "`make entrypoints`" + ` writes this page. Without it, the test fails when a cell changes, when an entry point has no cell, and when
a loss is allowed without a reason. A dash means that the resource has no such entry point.

`
