// Package headline holds the sentences that audits and replays have in common, and how they write numbers and Markdown.
package headline

import (
	"fmt"
	"strconv"
	"strings"
)

// Denied counts what rules would deny.
type Denied struct {
	Count, Rules, Namespaces int
}

// By is the end of the sentence: which rules deny, and where. Without a denial it is empty.
func (d Denied) By() string {
	if d.Count == 0 {
		return ""
	}
	return fmt.Sprintf(", by %s, in %s", Number(d.Rules, "rule"), Number(d.Namespaces, "namespace"))
}

// Number is a number with its noun.
func Number(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return Thousands(count) + " " + noun + "s"
}

// Thousands writes 12,400.
func Thousands(count int) string {
	digits := strconv.Itoa(count)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// Escaped keeps names and messages from being read as Markdown.
func Escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", `\<`, "[", `\[`, "`", "\\`").Replace(text)
}
