package browser_test

import (
	_ "embed"

	"github.com/chromedp/cdproto/runtime"
)

// inspect returns what is wrong with a page for people who cannot see it, or who read it in any light.
//
//go:embed testdata/inspect.js
var inspect string

// isBright reports whether the background is.
const isBright = `getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)"`

// awaited waits for a promise.
func awaited(parameters *runtime.EvaluateParams) *runtime.EvaluateParams {
	return parameters.WithAwaitPromise(true)
}
