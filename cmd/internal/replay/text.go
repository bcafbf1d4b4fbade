package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/stateward/stateward/cmd/internal/headline"
)

// mostNames is how many names of a count are shown.
const mostNames = 10

// section is how a class is shown.
type section struct {
	class Class
	title string
}

// sections are the classes that are shown one by one, the most important first.
func sections() []section {
	return []section{
		{Denied, "would be denied now"},
		{Allowed, "would be allowed now"},
		{Other, "with other findings now"},
		{Undecided, "undecided: the record does not hold what a rule reads"},
		{Different, "different under the recorded Guardrails"},
		{Unverified, "cannot be verified"},
		{Masked, "masked: the decision depends on a masked field"},
		{Failed, "could not be evaluated now"},
		{Unevaluated, "could not be evaluated when recorded"},
	}
}

// Headline is the summary in one sentence.
func (s *Summary) Headline() string {
	if s.Verify {
		return s.verified()
	}
	denied := s.Group(Denied)
	by := headline.Denied{Count: denied.Count, Rules: len(denied.Rules), Namespaces: len(denied.Namespaces)}.By()
	return fmt.Sprintf("of %s, %s would be denied now%s", headline.Number(s.Requests-s.Mutating, "request"), headline.Thousands(denied.Count), by)
}

func (s *Summary) verified() string {
	counts := s.verifiable()
	same := s.Count(Same)
	if counts == 0 {
		return fmt.Sprintf("of %s, none can be verified", headline.Number(s.Requests, "decision"))
	}
	percent := "100 %"
	if same < counts {
		// Rounded down: what is not all is not 100 %.
		percent = fmt.Sprintf("%.2f %%", float64(same*10_000/counts)/100)
	}
	return fmt.Sprintf("of %s, %s are the same byte for byte: %s", headline.Number(counts, "decision"), headline.Thousands(same), percent)
}

// verifiable is how many decisions must be the same.
func (s *Summary) verifiable() int { return s.Requests - s.Count(Masked, Unevaluated) }

// Fails reports whether a verification found anything but the same decisions, or none to verify. A shard may have none.
func (s *Summary) Fails() bool {
	nothing := s.Requests > 0 && s.verifiable() == 0 && s.Shard == nil
	return s.Verify && (nothing || s.Count(Different, Unverified, Failed) > 0)
}

// notes are what there is to say beside the classes.
func (s *Summary) notes() (notes []string) {
	if !s.Verify && s.Mutating > 0 {
		notes = append(notes, headline.Number(s.Mutating, "decision")+" of the mutating webhook evaluated too, about the same requests")
	}
	if !s.Verify && s.Sampled {
		notes = append(notes, "the log does not hold all requests: its Guardrails leave out allowed ones, by spec.decisionLog.mode or allowedPercent")
	}
	if !s.Verify && s.ReadMasked > 0 {
		notes = append(notes, fmt.Sprintf("%s read a masked field: what a rule says of its value cannot be seen", headline.Number(s.ReadMasked, "decision")))
	}
	if s.Events > 0 {
		beside := ", which does not hold the objects beside a request"
		if s.Data {
			beside = ", each evaluated as if the cluster looked as in the export of --data, which is of one moment"
		}
		notes = append(notes, headline.Number(s.Events, "event")+" of an API server's audit log"+beside)
	}
	if s.Refused > 0 {
		notes = append(notes, fmt.Sprintf("%s left out, which the API server refused then", headline.Number(s.Refused, "request")))
	}
	if s.Foreign > 0 {
		notes = append(notes, fmt.Sprintf("%s left out: they are no records", headline.Number(s.Foreign, "line")))
	}
	if s.Torn > 0 {
		notes = append(notes, fmt.Sprintf("%s at the end of a file not complete: it may still be written", headline.Number(s.Torn, "line")))
	}
	if s.Damaged > 0 {
		notes = append(notes, fmt.Sprintf("%s cannot be read", headline.Number(s.Damaged, "place")))
	}
	return notes
}

// JSON writes the summary with its headline.
func (s *Summary) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Headline string `json:"headline"`
		*Summary
	}{s.Headline(), s})
}

// Text writes the summary for people.
func (s *Summary) Text(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintln(&text, s.Headline())
	for _, each := range sections() {
		group := s.Group(each.class)
		if group.Count == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s %s\n", headline.Thousands(group.Count), each.title)
		for _, by := range group.counts() {
			fmt.Fprintf(&text, "  by %s: %s\n", by.what, by.list())
		}
		for _, example := range group.Examples {
			fmt.Fprintf(&text, "  %s:%d: %s\n", printable(example.File), example.Line, example.subject())
			for _, detail := range example.Details {
				fmt.Fprintf(&text, "    %s\n", printable(detail))
			}
		}
	}
	for index, note := range s.notes() {
		if index == 0 {
			fmt.Fprintln(&text)
		}
		fmt.Fprintln(&text, note)
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(&text, "  %s:%d: %s\n", printable(problem.File), problem.Line, printable(problem.Text))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// by is a count by one thing.
type by struct {
	what   string
	counts map[string]int
}

func (g *Group) counts() (counts []by) {
	for _, each := range []by{{"rule", g.Rules}, {"user", g.Users}, {"namespace", g.Namespaces}} {
		if len(each.counts) > 0 {
			counts = append(counts, each)
		}
	}
	return counts
}

func (b by) list() string {
	sorted := names(b.counts)
	var shown []string
	for _, name := range sorted[:min(len(sorted), mostNames)] {
		shown = append(shown, fmt.Sprintf("%s %s", printable(name), headline.Thousands(b.counts[name])))
	}
	if more := len(sorted) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("and %s more", headline.Thousands(more)))
	}
	return strings.Join(shown, ", ")
}

// subject describes the request, its user and its time.
func (e Example) subject() string {
	name := e.Name
	if e.Namespace != "" {
		name = e.Namespace + "/" + e.Name
	}
	return printable(fmt.Sprintf("%s %s %s by %s at %s", e.Operation, e.Resource, name, e.User, e.Time.Format("2006-01-02T15:04:05Z07:00")))
}

// printable keeps what a client wrote from driving a terminal, or from turning the direction of the text around it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return '\uFFFD'
		}
		return r
	}, text)
}
