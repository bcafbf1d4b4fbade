package preview

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/jsonscan"
)

// Stored is a StatefulSet as far as a forecast reads it.
type Stored struct {
	forecast.Set
	Status forecast.Status
	// Ending is true for an object that is being deleted.
	Ending bool

	template []byte
	// foreground and orphans are finalizers that decide how a deletion without a policy propagates.
	foreground, orphans bool
}

// Read reads a StatefulSet from JSON that an API server wrote. It reads only the fields that a forecast needs, and so takes a
// fraction of the time that it takes to decode the object.
func Read(raw []byte) (Stored, error) {
	r := reader{Scanner: jsonscan.Scanner{Text: raw}}
	r.into.Replicas, r.into.History = 1, 10
	if !r.object() {
		return Stored{}, fmt.Errorf("the StatefulSet cannot be read behind byte %d", r.At)
	}
	set := &r.into
	set.Status.Observed = r.observed >= r.generation
	if set.Strategy == "" {
		set.Strategy, set.Rolling = forecast.RollingUpdate, &forecast.Rolling{}
	}
	set.CurrentRevision = set.Status.Current
	return *set, nil
}

// WithoutTemplate returns the StatefulSet for a cache. The template is a part of the JSON that it was read from, all of which
// would stay in memory with it; only updates compare templates, and they hold both.
func (s Stored) WithoutTemplate() Stored {
	s.template = nil
	return s
}

// reader reads one StatefulSet.
type reader struct {
	jsonscan.Scanner

	into                 Stored
	generation, observed int
}

func (r *reader) object() bool {
	return r.Fields(func(name []byte) bool {
		switch string(name) {
		case "metadata":
			return r.Fields(r.metadata)
		case "spec":
			return r.Fields(r.spec)
		case "status":
			return r.Fields(r.status)
		default:
			return r.Skip()
		}
	})
}

func (r *reader) metadata(name []byte) bool {
	switch string(name) {
	case "namespace":
		return r.text(&r.into.Namespace)
	case "name":
		return r.text(&r.into.Name)
	case "uid":
		return r.text(&r.into.UID)
	case "generation":
		return r.number(&r.generation)
	case "deletionTimestamp":
		r.into.Ending = true
		return r.Skip()
	case "finalizers":
		return r.Items(func() bool {
			var finalizer string
			ok := r.text(&finalizer)
			r.into.foreground = r.into.foreground || finalizer == "foregroundDeletion"
			r.into.orphans = r.into.orphans || finalizer == "orphan"
			return ok
		})
	default:
		return r.Skip()
	}
}

func (r *reader) spec(name []byte) bool {
	set := &r.into
	switch string(name) {
	case "replicas":
		return r.number(&set.Replicas)
	case "serviceName":
		return r.text(&set.Service)
	case "minReadySeconds":
		return r.number(&set.MinReady)
	case "revisionHistoryLimit":
		return r.number(&set.History)
	case "podManagementPolicy":
		var policy string
		ok := r.text(&policy)
		set.Parallel = policy == "Parallel"
		return ok
	case "ordinals":
		return r.field("start", func() bool { return r.number(&set.Start) })
	case "updateStrategy":
		return r.Fields(r.strategy)
	case "persistentVolumeClaimRetentionPolicy":
		return r.Fields(r.retention)
	case "volumeClaimTemplates":
		return r.Items(r.claim)
	case "template":
		set.template = r.Value()
		return set.template != nil
	default:
		return r.Skip()
	}
}

func (r *reader) strategy(name []byte) bool {
	switch string(name) {
	case "type":
		var strategy string
		ok := r.text(&strategy)
		r.into.Strategy = forecast.Strategy(strategy)
		return ok
	case "rollingUpdate":
		r.into.Rolling = &forecast.Rolling{}
		return r.Fields(r.rolling)
	default:
		return r.Skip()
	}
}

func (r *reader) rolling(name []byte) bool {
	rolling := r.into.Rolling
	switch {
	case string(name) == "partition":
		return r.number(&rolling.Partition)
	case string(name) != "maxUnavailable":
		return r.Skip()
	case r.Next() != '"':
		return r.number(&rolling.MaxUnavailable)
	}
	var percentage string
	if !r.text(&percentage) {
		return false
	}
	number, isPercentage := bytes.CutSuffix([]byte(percentage), []byte("%"))
	percent, err := strconv.Atoi(string(number))
	rolling.MaxUnavailable, rolling.Percent = percent, true
	return isPercentage && err == nil
}

func (r *reader) retention(name []byte) bool {
	var policy string
	if !r.text(&policy) {
		return false
	}
	switch string(name) {
	case "whenDeleted":
		r.into.DeleteWhenDeleted = policy == string(forecast.ReclaimDelete)
	case "whenScaled":
		r.into.DeleteWhenScaled = policy == string(forecast.ReclaimDelete)
	}
	return true
}

// claim reads the name of a claim template.
func (r *reader) claim() bool {
	var claim string
	ok := r.field("metadata", func() bool { return r.field("name", func() bool { return r.text(&claim) }) })
	r.into.Claims = append(r.into.Claims, claim)
	return ok
}

func (r *reader) status(name []byte) bool {
	switch string(name) {
	case "observedGeneration":
		return r.number(&r.observed)
	case "currentRevision":
		return r.text(&r.into.Status.Current)
	case "updateRevision":
		return r.text(&r.into.Status.Update)
	case "currentReplicas":
		return r.number(&r.into.CurrentReplicas)
	default:
		return r.Skip()
	}
}

// field goes over an object, and reads one of its fields.
func (r *reader) field(wanted string, read func() bool) bool {
	return r.Fields(func(name []byte) bool {
		if string(name) == wanted {
			return read()
		}
		return r.Skip()
	})
}

// text reads a string. null leaves things as they are; of two fields with one name the later counts.
func (r *reader) text(into *string) bool {
	if r.Next() == 'n' {
		return string(r.Value()) == "null"
	}
	*into = ""
	return r.String(into)
}

func (r *reader) number(into *int) bool {
	raw := r.Value()
	if bytes.Equal(raw, []byte("null")) {
		return true
	}
	number, err := strconv.Atoi(string(raw))
	if err == nil {
		*into = number
	}
	return err == nil
}
