// Package webpage has what all HTML pages of the command line share: head, colours, a frame for drawings, and a policy that
// loads nothing. Pages are functions and not text/template, which looks up methods by name: with it the linker keeps every
// method of every type in the program, 14 MB.
package webpage

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// base is the style of all pages.
//
//go:embed base.css
var base string

// Sheet is a page with its own style, and with a script that the text does not depend on.
type Sheet struct {
	Title, Style, Script string
	Body                 g.Group
}

// Write writes the page. The browser runs and applies only what Sheet holds: the policy of the page names the hashes.
func (s Sheet) Write(out io.Writer) error {
	style := base + s.Style
	return h.Doctype(Lines(
		h.HTML(h.Lang("en"), Lines(
			h.Head(Lines(
				h.Meta(h.Charset("utf-8")),
				h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content(policy(style, s.Script))),
				h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
				h.Meta(h.Name("color-scheme"), h.Content("light dark")),
				h.TitleEl(g.Text(s.Title)),
				h.Link(h.Rel("icon"), h.Href("data:,")),
				h.StyleEl(g.Raw(style)),
			)),
			h.Body(Lines(s.Body, g.If(s.Script != "", h.Script(g.Raw(s.Script))))),
		)),
	)).Render(out)
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

// Lines puts each node on a line of its own, those of groups too: people compare pages by line.
func Lines(nodes ...g.Node) g.Node {
	lines := appendLines(nil, nodes)
	if len(lines) == 0 {
		return nil
	}
	return append(lines, g.Text("\n"))
}

func appendLines(lines g.Group, nodes []g.Node) g.Group {
	for _, node := range nodes {
		switch node := node.(type) {
		case nil:
		case g.Group:
			lines = appendLines(lines, node)
		default:
			lines = append(lines, g.Text("\n"), node)
		}
	}
	return lines
}
