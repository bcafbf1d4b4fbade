package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/stateward/stateward/test/tour"
)

// theme has the colours of a page, each as SVG writes it.
type theme struct {
	name                                               string
	background, border, text, command, good, warn, bad string
}

func themes() []theme {
	return []theme{
		{"light", "#ffffff", "#d0d7de", "#1f2328", "#0550ae", "#116329", "#7d4e00", "#a40e26"},
		{"dark", "#0d1117", "#30363d", "#e6edf3", "#79c0ff", "#7ee787", "#e3b341", "#ff7b72"},
	}
}

const (
	charWidth  = 7.8
	lineHeight = 18
	margin     = 16
)

func draw(lines []string, colours theme) []byte {
	var page bytes.Buffer
	width, height := int(charWidth*tour.Width)+2*margin, lineHeight*len(lines)+2*margin
	fmt.Fprintf(&page, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="The tour: denied and confirmed operations on a StatefulSet">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&page, `<rect x="0.5" y="0.5" width="%d" height="%d" rx="8" fill="%s" stroke="%s"/>`+"\n", width-1, height-1, colours.background, colours.border)
	fmt.Fprintf(&page, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" xml:space="preserve">`+"\n")
	colour := colours.text
	for index, line := range lines {
		colour = colours.of(line, colour)
		if line == "" {
			continue
		}
		fmt.Fprintf(&page, `<text x="%d" y="%d" fill="%s">`, margin, margin+lineHeight*index+13, colour)
		// A buffer takes all that is written to it.
		_ = xml.EscapeText(&page, []byte(line))
		page.WriteString("</text>\n")
	}
	page.WriteString("</g>\n</svg>\n")
	return page.Bytes()
}

// of returns the colour of a line; one that continues another keeps its colour.
func (t theme) of(line, before string) string {
	switch {
	case strings.HasPrefix(line, "$ "):
		return t.command
	case strings.HasPrefix(line, "  Error from server"), strings.HasPrefix(line, "  -> denied"):
		return t.bad
	case strings.HasPrefix(line, "  Warning:"), strings.HasPrefix(line, "  -> warned"):
		return t.warn
	case strings.HasPrefix(line, "  -> "):
		return t.good
	case strings.HasPrefix(line, "    "), strings.HasPrefix(line, "  \""):
		return before
	case strings.HasPrefix(before, t.command) && strings.HasPrefix(line, "  stateward.dev/"):
		return before
	default:
		return t.text
	}
}
