package browser_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// perSet is how many findings each set of many has.
const perSet = 5

// TestReportPagesOpen opens pages of `stateward check -o html` of several sizes, without a network.
func TestReportPagesOpen(t *testing.T) {
	browser := start(t)
	stateward := build(t)
	for _, findings := range []int{10, 1_000, 20_000} {
		t.Run(strconv.Itoa(findings), func(t *testing.T) {
			file, texts := written(t, stateward, "check", many(t, findings/perSet))
			if len(texts) != findings {
				t.Fatalf("%d findings", len(texts))
			}
			t.Run("opens", func(t *testing.T) { opens(browser, t, file, findings) })
			t.Run("filters", func(t *testing.T) { filters(browser, t, file, findings) })
			for _, scheme := range []string{"light", "dark"} {
				t.Run(scheme, func(t *testing.T) { isReadable(browser, t, file, scheme) })
			}
			if findings == 10 {
				t.Run("without script", func(t *testing.T) { reads(browser, t, file, texts) })
				t.Run("print", func(t *testing.T) { printsReport(browser, t, file) })
			}
		})
	}
}

// TestAuditPageComparesWithAnEarlierOne opens a page with drawings of stored objects.
func TestAuditPageComparesWithAnEarlierOne(t *testing.T) {
	browser := start(t)
	const data = "cmd/internal/cli/testdata/audit/"
	file, texts := written(t, build(t), "audit", "--data", data+"there.yaml", "--since", data+"earlier.json")
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) { isReadable(browser, t, file, scheme) })
	}
	t.Run("without script", func(t *testing.T) {
		reads(browser, t, file, append(texts, "Gone since the earlier report", "orphaned-claim"))
	})
	ctx := tab(browser, t)
	var status string
	err := chromedp.Run(ctx, append(offline(file), chromedp.Click("#new", chromedp.ByQuery), settled(), chromedp.Text("#status", &status, chromedp.ByQuery))...)
	if err != nil || status != "6 of 7 findings" {
		t.Errorf("only new: %q, %v", status, err)
	}
}

// many writes manifests of this many sets, each with the same five findings.
func many(t *testing.T, sets int) string {
	t.Helper()
	var text strings.Builder
	for index := range sets {
		fmt.Fprintf(&text, `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"namespace":"team-%d","name":"db-%05d"},"spec":{"replicas":3,"minReadySeconds":10,"serviceName":"db-%05d",
			"selector":{"matchLabels":{"app":"db-%05d"}},"template":{"metadata":{"labels":{"app":"db-%05d"}},"spec":{"containers":[{"name":"main","image":"postgres:latest"}]}}}}
---
`, index%20, index, index, index, index)
	}
	file := filepath.Join(t.TempDir(), "many.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// written is the page of a command, with the sentences of all its findings.
func written(t *testing.T, stateward string, arguments ...string) (file string, texts []string) {
	t.Helper()
	folder := t.TempDir()
	file, facts := filepath.Join(folder, "report.html"), filepath.Join(folder, "report.json")
	command := exec.CommandContext(t.Context(), stateward, append(arguments, "-o", "html="+file, "-o", "json="+facts)...)
	command.Dir = filepath.Join("..", "..")
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("stateward %v: %v: %s", arguments, err, output)
	}
	text, err := os.ReadFile(facts)
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ Findings []struct{ What string } }
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, finding := range read.Findings {
		texts = append(texts, finding.What)
	}
	return file, texts
}

// offline opens a page without a network.
func offline(file string) []chromedp.Action {
	return []chromedp.Action{
		log.Enable(), network.Enable(), network.EmulateNetworkConditions(true, 0, 0, 0), chromedp.Navigate("file://" + file),
	}
}

// settled waits until the page has filtered.
func settled() chromedp.Action { return chromedp.Sleep(300 * time.Millisecond) }

func opens(browser context.Context, t *testing.T, file string, findings int) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx := tab(browser, t)
	var rows, drawings int
	var loaded, painted float64
	err = chromedp.Run(ctx, append(offline(file),
		chromedp.Evaluate(`document.querySelectorAll("li[data-level]").length`, &rows),
		chromedp.Evaluate(`document.querySelectorAll("svg[role=img]").length`, &drawings),
		chromedp.Evaluate(`performance.getEntriesByType("navigation")[0].loadEventEnd`, &loaded),
		chromedp.Evaluate(`new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime)).observe({type: "paint", buffered: true}))`,
			&painted, awaited),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	if rows != findings || drawings != min(findings/perSet, 100) {
		t.Errorf("%d findings, %d drawings", rows, drawings)
	}
	t.Logf("%d findings, %d KiB: loaded after %.0f ms, painted after %.0f ms", findings, info.Size()>>10, loaded, painted)
}

// filters uses the page by keyboard alone.
func filters(browser context.Context, t *testing.T, file string, findings int) {
	t.Helper()
	ctx := tab(browser, t)
	var focused []string
	focus := chromedp.ActionFunc(func(ctx context.Context) error {
		var id string
		err := chromedp.Evaluate(`document.activeElement.id || document.activeElement.className`, &id).Do(ctx)
		focused = append(focused, id)
		return err
	})
	var outline string
	err := chromedp.Run(ctx, append(offline(file),
		chromedp.KeyEvent(kb.Tab), focus, chromedp.KeyEvent(kb.Tab), focus,
		chromedp.Evaluate(`getComputedStyle(document.activeElement).outlineStyle`, &outline),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"skip", "search"}, focused); diff != "" || outline != "solid" {
		t.Errorf("focus by the tab key, outline %s (-want +got):\n%s", outline, diff)
	}
	for _, step := range []struct {
		what   string
		action chromedp.Action
		want   int
	}{
		{"search for a set", chromedp.SendKeys("#search", "DB-00001", chromedp.ByQuery), perSet},
		{"and for a rule", chromedp.SendKeys("#search", " image-tag", chromedp.ByQuery), 1},
		{"search for what is not there", chromedp.SendKeys("#search", "nothing", chromedp.ByQuery), 0},
		{"reset", chromedp.Click("button[type=reset]", chromedp.ByQuery), findings},
		{"no denials", chromedp.Click("[value=deny]", chromedp.ByQuery), findings / perSet * 3},
		{"reset again", chromedp.Click("button[type=reset]", chromedp.ByQuery), findings},
		{"one rule", chromedp.Click("button.show", chromedp.ByQuery), findings / perSet},
	} {
		var status string
		var visible int
		err := chromedp.Run(ctx, step.action, settled(), chromedp.Text("#status", &status, chromedp.ByQuery),
			chromedp.Evaluate(`[...document.querySelectorAll("li[data-level]")].filter(row => !row.closest("[hidden]")).length`, &visible))
		if err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if got := strings.ReplaceAll(status, ",", ""); visible != step.want || !strings.HasPrefix(got, strconv.Itoa(step.want)) {
			t.Errorf("%s: %d findings are visible, not %d, status %q", step.what, visible, step.want, status)
		}
	}
}

// isReadable checks what a screen reader and a pair of eyes need.
func isReadable(browser context.Context, t *testing.T, file, scheme string) {
	t.Helper()
	ctx := tab(browser, t)
	var faults []string
	var bright bool
	err := chromedp.Run(ctx, append([]chromedp.Action{
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
	}, append(offline(file), chromedp.Evaluate(inspect, &faults), chromedp.Evaluate(isBright, &bright))...)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
	if bright != (scheme == "light") {
		t.Errorf("the page is bright: %v", bright)
	}
}

// printsReport wants paper that is bright for a reader of dark pages too, with all findings and no form.
func printsReport(browser context.Context, t *testing.T, file string) {
	t.Helper()
	ctx := tab(browser, t)
	var faults []string
	var bright bool
	var form string
	var paper []byte
	err := chromedp.Run(ctx, append([]chromedp.Action{
		emulation.SetEmulatedMedia().WithMedia("print").WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
	}, append(offline(file), chromedp.Evaluate(inspect, &faults), chromedp.Evaluate(isBright, &bright),
		chromedp.Evaluate(`getComputedStyle(document.getElementById("filter")).display`, &form),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			paper, _, err = page.PrintToPDF().WithPrintBackground(true).Do(ctx)
			return err
		}))...)...)
	if err != nil {
		t.Fatal(err)
	}
	if len(faults) > 0 || !bright || form != "none" || len(paper) < 5000 {
		t.Errorf("bright %v, form %s, %d bytes, faults %v", bright, form, len(paper), faults)
	}
}
