package report

import "fmt"

// Changes counts what became of the objects between a baseline and now.
type Changes struct {
	Changed   int `json:"changed"`
	New       int `json:"new"`
	Removed   int `json:"removed"`
	Unchanged int `json:"unchanged"`
	// Standing counts findings in unchanged objects that the baseline has too; they are not listed.
	Standing int `json:"standing"`
}

// add counts what another counted too.
func (c *Changes) add(other Changes) {
	c.Changed += other.Changed
	c.New += other.New
	c.Removed += other.Removed
	c.Unchanged += other.Unchanged
	c.Standing += other.Standing
}

// summary is the line below the summary of all; empty where no changes were evaluated.
func (c *Changes) summary() string {
	if c == nil {
		return ""
	}
	line := fmt.Sprintf("%d changed, %d new, %d removed, %d unchanged", c.Changed, c.New, c.Removed, c.Unchanged)
	if c.Standing > 0 {
		line += fmt.Sprintf(" (%s as before, not listed)", Plural(c.Standing, "finding"))
	}
	return line + "\n"
}
