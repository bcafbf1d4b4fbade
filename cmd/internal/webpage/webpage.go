// Package webpage has what all HTML pages of the command line share: head, colours, and a policy that loads nothing.
package webpage

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
)

// base is the style of all pages.
//
//go:embed base.css
var base string

// head is everything in front of the body.
//
//go:embed head.html.tmpl
var head string

// Sheet is a page that is not filled in: a template that begins with {{template "head" TITLE}}, its own style, and a script
// that the text does not depend on.
type Sheet struct {
	Markup, Style, Script string
	Funcs                 template.FuncMap
}

// Parse returns the template. The browser runs and applies only what Sheet holds: the policy of the page names the hashes.
func (s Sheet) Parse() (*template.Template, error) {
	style := base + s.Style
	return template.New("page").Funcs(s.Funcs).Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(style) },  //nolint:gosec // It is embedded in this program.
		"script": func() template.JS { return template.JS(s.Script) }, //nolint:gosec // It is embedded in this program.
		"policy": func() string { return policy(style, s.Script) },
	}).Parse(head + s.Markup)
}

// policy is the Content-Security-Policy: no requests, and no style or script but these.
func policy(style, script string) string {
	text := "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src " + hash(style)
	if script != "" {
		text += "; script-src " + hash(script)
	}
	return text
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
