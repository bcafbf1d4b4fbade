package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/webhook/decisionlog"
)

// mostDenied bounds the objects whose names are kept for exceptions, over all rules, users and namespaces.
const mostDenied = 10_000

// Denial is what a rule would deny now of one user's requests in one namespace, and what was allowed then.
type Denial struct {
	Rule      string `json:"rule"`
	User      string `json:"user"`
	Namespace string `json:"namespace,omitempty"`
	// Names are those of the objects, sorted.
	Names []string `json:"names"`
	// Count is the number of requests, First and Last are the times of the first and the last one.
	Count int       `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// key is what denials of one kind have in common.
func (d Denial) key(other Denial) int {
	return cmp.Or(strings.Compare(d.Rule, other.Rule), strings.Compare(d.User, other.User), strings.Compare(d.Namespace, other.Namespace))
}

// Denials are sorted by rule, user and namespace, each once.
type Denials struct {
	List []Denial `json:"list,omitempty"`
	// LeftOut is how many requests are not in the list, since it has mostDenied names.
	LeftOut int `json:"leftOut,omitempty"`
	names   int
}

// deny keeps what exceptions for a request would need.
func (d *Denials) deny(record *decisionlog.Record, rules []string) {
	for _, rule := range rules {
		d.keep(Denial{
			Rule: rule, User: record.Request.UserInfo.Username, Namespace: record.Request.Namespace, Names: []string{nameToExcept(record)},
			Count: 1, First: record.Timestamp, Last: record.Timestamp,
		})
	}
}

// nameToExcept is the name that an exception must match: that of the object, as the engine takes it. One that is still to be
// generated is a pattern.
func nameToExcept(record *decisionlog.Record) string {
	asked := record.Request
	subject := metadataOf(asked.OldObject.Raw)
	if len(asked.OldObject.Raw) == 0 {
		subject = metadataOf(asked.Object.Raw)
	}
	if subject.Name == "" && subject.GenerateName != "" {
		return subject.GenerateName + "*"
	}
	return cmp.Or(subject.Name, asked.Name)
}

func (d *Denials) keep(denial Denial) {
	before, known := slices.BinarySearchFunc(d.List, denial, Denial.key)
	var kept Denial
	if known {
		kept = d.List[before]
	}
	fresh := slices.DeleteFunc(slices.Clone(denial.Names), func(name string) bool {
		_, has := slices.BinarySearch(kept.Names, name)
		return has
	})
	if d.names+len(fresh) > mostDenied {
		d.LeftOut += denial.Count
		return
	}
	d.names += len(fresh)
	if !known {
		d.List = slices.Insert(d.List, before, denial)
		return
	}
	for _, name := range fresh {
		at, _ := slices.BinarySearch(kept.Names, name)
		kept.Names = slices.Insert(kept.Names, at, name)
	}
	kept.Count += denial.Count
	if denial.First.Before(kept.First) {
		kept.First = denial.First
	}
	if denial.Last.After(kept.Last) {
		kept.Last = denial.Last
	}
	d.List[before] = kept
}

func (d *Denials) merge(other *Denials) {
	for _, each := range other.List {
		d.keep(each)
	}
	d.LeftOut += other.LeftOut
}
