package cli

import (
	"bufio"
	"fmt"
	"strings"
)

// ask returns an error unless the answer to the question is yes; unchanged says what happens then.
func ask(streams Streams, question, unchanged string) error {
	fmt.Fprintf(streams.Out, "%s Only yes is accepted: ", question)
	answer, err := bufio.NewReader(streams.In).ReadString('\n')
	if strings.TrimSpace(answer) == "yes" {
		return nil
	}
	fmt.Fprintln(streams.Out)
	if err != nil && answer == "" {
		return usageError{fmt.Errorf("%s: standard input has no answer; use --yes without a terminal", unchanged)}
	}
	return usageError{fmt.Errorf("%s", unchanged)}
}
