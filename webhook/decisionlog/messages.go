package decisionlog

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/fieldpath"
)

// messages replaces in what rules say what is masked in what they read.
type messages struct {
	patterns []fieldpath.Pattern
	// secrets are sorted, the longest first: one may hold another.
	secrets []secret
	changed bool
}

type secret struct{ text, marker string }

func newMessages(patterns []fieldpath.Pattern, secrets map[string]string) *messages {
	sorted := make([]secret, 0, len(secrets))
	for _, text := range slices.Sorted(maps.Keys(secrets)) {
		sorted = append(sorted, secret{text, secrets[text]})
	}
	slices.SortStableFunc(sorted, func(a, b secret) int { return cmp.Compare(len(b.text), len(a.text)) })
	return &messages{patterns: patterns, secrets: sorted}
}

// hidden is said instead of what a rule says of a masked field: it may show a part of the value, or another form of it.
const hidden = lazy.Mask + "field]"

// decision returns one without masked values.
func (m *messages) decision(decision engine.Decision) engine.Decision {
	if len(m.secrets) == 0 {
		return decision
	}
	decision.Findings = slices.Clone(decision.Findings)
	for index := range decision.Findings {
		decision.Findings[index] = m.finding(decision.Findings[index])
	}
	decision.Patches = m.patches(decision.Patches)
	return decision
}

func (m *messages) finding(finding engine.Finding) engine.Finding {
	if slices.ContainsFunc(m.patterns, func(pattern fieldpath.Pattern) bool { return pattern.Matches(finding.Path) }) {
		finding.Message, finding.What, finding.Fix, m.changed = hidden, hidden, hidden, true
	}
	for _, text := range []*string{&finding.Message, &finding.What, &finding.Fix, &finding.Field} {
		*text = m.text(*text)
	}
	finding.Path = slices.Clone(finding.Path)
	for index, step := range finding.Path {
		finding.Path[index] = m.value(step)
	}
	if finding.Confirmation != nil {
		used := *finding.Confirmation
		used.By, used.Reason, used.Until = m.text(used.By), m.text(used.Reason), m.text(used.Until)
		finding.Confirmation = &used
	}
	finding.Patch = m.patches(finding.Patch)
	return finding
}

func (m *messages) patches(patches []engine.Patch) []engine.Patch {
	patches = slices.Clone(patches)
	for index, patch := range patches {
		patches[index].Path = m.text(patch.Path)
		var value any
		if len(patch.Value) == 0 || json.Unmarshal(patch.Value, &value) != nil {
			continue
		}
		before := m.changed
		m.changed = false
		if value = m.value(value); m.changed {
			// What was decoded can be encoded.
			patches[index].Value, _ = json.Marshal(value)
		}
		m.changed = m.changed || before
	}
	return patches
}

// value replaces masked values anywhere in a decoded one.
func (m *messages) value(value any) any {
	switch value := value.(type) {
	case string:
		return m.text(value)
	case float64:
		return m.scalar(value, strconv.FormatFloat(value, 'f', -1, 64))
	case bool:
		return m.scalar(value, strconv.FormatBool(value))
	case []any:
		for index := range value {
			value[index] = m.value(value[index])
		}
	case map[string]any:
		replaced := make(map[string]any, len(value))
		for key, within := range value {
			replaced[m.text(key)] = m.value(within)
		}
		return replaced
	}
	return value
}

func (m *messages) scalar(value any, text string) any {
	if replaced := m.text(text); replaced != text {
		return replaced
	}
	return value
}

// text replaces masked values where they are words of their own.
func (m *messages) text(text string) string {
	for _, each := range m.secrets {
		if text = replaceWord(text, each.text, each.marker); strings.Contains(text, each.marker) {
			m.changed = true
		}
	}
	return text
}

// replaceWord replaces a text that no letter or digit touches: "3" is not a part of "30".
func replaceWord(text, word, by string) string {
	if !strings.Contains(text, word) {
		return text
	}
	var replaced strings.Builder
	kept := 0
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			replaced.WriteString(text[kept:])
			return replaced.String()
		}
		begin, end := from+at, from+at+len(word)
		if isPart(text, begin, end) {
			from = begin + 1
			continue
		}
		replaced.WriteString(text[kept:begin])
		replaced.WriteString(by)
		kept, from = end, end
	}
}

// isPart reports whether letters or digits continue at one of the ends.
func isPart(text string, begin, end int) bool {
	first, _ := utf8.DecodeRuneInString(text[begin:])
	last, _ := utf8.DecodeLastRuneInString(text[:end])
	before, _ := utf8.DecodeLastRuneInString(text[:begin])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return begin > 0 && isWord(before) && isWord(first) || end < len(text) && isWord(after) && isWord(last)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
