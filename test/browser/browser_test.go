// Package browser_test opens the pages of `stateward plan`, `check` and `audit -o html` in a real browser.
package browser_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stateward/stateward/test/browser/found"
)

const data = "cmd/internal/cli/testdata/plan/"

// pages are plans, with the pods that are drawn.
func pages() map[string]struct {
	arguments []string
	pods      []string
} {
	return map[string]struct {
		arguments []string
		pods      []string
	}{
		"a rollout":    {[]string{"--data", data + "healthy.yaml", "-f", data + "db.yaml"}, []string{"db-0", "db-1", "db-2"}},
		"a scale-down": {[]string{"--data", data + "scaled.yaml", "-n", "data", "--scale", "sts/db=1"}, []string{"db-0", "db-1", "db-2"}},
		"a namespace":  {[]string{"--data", data + "healthy.yaml", "--delete", "ns/data"}, []string{"db-0", "db-1", "db-2"}},
		"stuck":        {[]string{"--data", data + "stuck.yaml", "-n", "data", "--image", "sts/db=postgres:16"}, []string{"db-0", "db-1", "db-2"}},
	}
}

func TestPlanPagesDraw(t *testing.T) {
	browser := start(t)
	stateward := build(t)
	for name, test := range pages() {
		t.Run(name, func(t *testing.T) {
			file := write(t, stateward, append(test.arguments, "-o", "html"))
			text := stepsOf(t, stateward, append(test.arguments, "-o", "json"))
			for _, scheme := range []string{"light", "dark"} {
				t.Run(scheme, func(t *testing.T) { draws(browser, t, file, scheme, test.pods) })
			}
			t.Run("print", func(t *testing.T) { prints(browser, t, file) })
			t.Run("without script", func(t *testing.T) { reads(browser, t, file, text) })
		})
	}
}

// start runs a headless browser as long as the test.
func start(t *testing.T) context.Context {
	t.Helper()
	path := found.Browser()
	if path == "" {
		t.Fatal(found.Missing())
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Getuid() == 0 {
		// Chromium's sandbox does not run as root.
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// tab opens a page of its own, and wants it to log no error and to load nothing else.
func tab(browser context.Context, t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(event any) {
		switch event := event.(type) {
		case *runtime.EventConsoleAPICalled:
			t.Errorf("the page writes to the console: %s", event.Type)
		case *runtime.EventExceptionThrown:
			t.Errorf("exception: %s", event.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			t.Errorf("logged: %s: %s", event.Entry.Level, event.Entry.Text)
		case *network.EventRequestWillBeSent:
			if url := event.Request.URL; !strings.HasPrefix(url, "file://") && !strings.HasPrefix(url, "data:") {
				t.Errorf("the page loads %s", url)
			}
		}
	})
	return ctx
}

// drawn is what a page looks like.
type drawn struct {
	Pods []string
	// Small are shapes without a size, or outside of their drawing.
	Small []string
	// Text is the contrast of the text with the page, and Symbols the least of symbols with what they are on.
	Text, Symbols float64
	Bright        bool
	Script        int
}

// look runs in the page.
const look = `(() => {
  const rgb = color => color.match(/[\d.]+/g).slice(0, 3).map(Number);
  const light = color => { const [r, g, b] = rgb(color).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + .05) / (y + .05) };
  const style = element => getComputedStyle(element), all = selector => [...document.querySelectorAll(selector)];
  const small = all('svg rect').filter(rect => { const a = rect.getBoundingClientRect(), b = rect.ownerSVGElement.getBoundingClientRect();
    return a.width < 5 || a.height < 5 || a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 1 }).map(rect => rect.outerHTML);
  const symbols = all('svg text.symbol').map(text => contrast(style(text).fill, style(text.previousElementSibling).fill));
  return {
    Pods: all('svg text.name').filter(text => text.getBoundingClientRect().width > 5).map(text => text.textContent), Small: small,
    Text: contrast(style(document.body).color, style(document.body).backgroundColor), Symbols: Math.min(21, ...symbols),
    Bright: light(style(document.body).backgroundColor) > .5, Script: document.scripts.length,
  };
})()`

func draws(browser context.Context, t *testing.T, file, scheme string, pods []string) {
	t.Helper()
	ctx := tab(browser, t)
	var got drawn
	var picture []byte
	err := chromedp.Run(ctx,
		log.Enable(), network.Enable(),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate("file://"+file), chromedp.Evaluate(look, &got), chromedp.FullScreenshot(&picture, 100),
	)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pods, got.Pods, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("pods (-want +drawn):\n%s", diff)
	}
	if len(got.Small) > 0 || got.Script > 0 {
		t.Errorf("%d scripts; shapes without a size or outside of the drawing: %v", got.Script, got.Small)
	}
	// WCAG 2.2 asks for 4.5, and for 7 where it is easy to read.
	if got.Text < 7 || got.Symbols < 4.5 {
		t.Errorf("contrast of text %.1f, of symbols %.1f", got.Text, got.Symbols)
	}
	if got.Bright != (scheme == "light") {
		t.Errorf("the page is bright: %v", got.Bright)
	}
	if colors := colorsOf(t, picture); colors < 6 {
		t.Errorf("the picture has %d colours", colors)
	}
}

// prints wants dark text on white paper, even of a reader who prefers dark pages.
func prints(browser context.Context, t *testing.T, file string) {
	t.Helper()
	ctx := tab(browser, t)
	var got drawn
	var paper []byte
	err := chromedp.Run(ctx,
		log.Enable(), network.Enable(),
		emulation.SetEmulatedMedia().WithMedia("print").WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
		chromedp.Navigate("file://"+file), chromedp.Evaluate(look, &got),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			paper, _, err = page.PrintToPDF().WithPrintBackground(true).Do(ctx)
			return err
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Bright || got.Text < 7 || got.Symbols < 4.5 || !strings.HasPrefix(string(paper), "%PDF-") || len(paper) < 5000 {
		t.Errorf("bright %v, contrast of text %.1f, of symbols %.1f, %d bytes", got.Bright, got.Text, got.Symbols, len(paper))
	}
}

// reads wants all text to be there for people who have no script, as assistive technology sees it.
func reads(browser context.Context, t *testing.T, file string, want []string) {
	t.Helper()
	ctx := tab(browser, t)
	var text strings.Builder
	err := chromedp.Run(ctx,
		log.Enable(), network.Enable(), emulation.SetScriptExecutionDisabled(true),
		chromedp.Navigate("file://"+file),
		chromedp.ActionFunc(func(ctx context.Context) error {
			// Read by hand: the package's own type knows no kinds of nodes that newer browsers add.
			var tree struct {
				Nodes []struct {
					Ignored bool `json:"ignored"`
					Name    struct {
						Value any `json:"value"`
					} `json:"name"`
				} `json:"nodes"`
			}
			err := cdp.Execute(ctx, accessibility.CommandGetFullAXTree, nil, &tree)
			for _, node := range tree.Nodes {
				if !node.Ignored {
					fmt.Fprintln(&text, node.Name.Value)
				}
			}
			return err
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range want {
		if !strings.Contains(text.String(), line) {
			t.Errorf("no %q in the text of the page", line)
		}
	}
}

// build returns a stateward.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stateward")
	command := exec.CommandContext(t.Context(), "go", "build", "-tags=grpcnotrace", "-o", path, "./cmd/stateward")
	command.Dir = filepath.Join("..", "..")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return path
}

func plan(t *testing.T, stateward string, arguments []string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), stateward, append([]string{"plan"}, arguments...)...)
	command.Dir = filepath.Join("..", "..")
	output, err := command.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatalf("stateward plan %v: %v", arguments, err)
	}
	return output
}

func write(t *testing.T, stateward string, arguments []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.html")
	if err := os.WriteFile(file, plan(t, stateward, arguments), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// stepsOf are the sentences of a plan that every reader must get.
func stepsOf(t *testing.T, stateward string, arguments []string) (text []string) {
	t.Helper()
	var read struct {
		Changes []struct {
			Object string
			Steps  []struct{ Text string }
			End    struct{ Reason string }
		}
	}
	if err := json.Unmarshal(plan(t, stateward, arguments), &read); err != nil {
		t.Fatal(err)
	}
	for _, change := range read.Changes {
		text = append(text, change.Object, change.End.Reason)
		for _, step := range change.Steps {
			text = append(text, step.Text)
		}
	}
	if len(text) < 3 {
		t.Fatalf("a plan of %d sentences", len(text))
	}
	return text
}
