package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
)

// WriteJSON writes a value as JSON that a terminal can show: what cannot be printed is escaped, so nothing of it is lost.
func WriteJSON(out io.Writer, value any) error {
	text, err := safeJSON(value, "  ")
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// safeJSON ends with a line feed; without an indent it is one line.
func safeJSON(value any, indent string) ([]byte, error) {
	var page bytes.Buffer
	encoder := json.NewEncoder(&page)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return escapeUnprintable(page.Bytes()), nil
}

// escapeUnprintable can treat JSON as plain text: outside of strings there is nothing but printable characters.
func escapeUnprintable(text []byte) []byte {
	if bytes.IndexFunc(text, mustEscape) < 0 {
		return text
	}
	var page bytes.Buffer
	for _, r := range string(text) {
		switch {
		case !mustEscape(r):
			page.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&page, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&page, `\u%04x`, r)
		}
	}
	return page.Bytes()
}

func mustEscape(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
