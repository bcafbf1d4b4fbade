package entrypoints_test

// reason is why a loss is allowed without a word.
type reason struct {
	text string
	// open says that it should not be.
	open bool
}

// reasons are all of them, by the word that cells have.
func reasons() map[string]reason {
	return map[string]reason{
		"adds-only":       {text: "Another manager that applies a list adds an entry to it. The former one stays."},
		"canary-well":     {text: "The new pod is Ready, so the rollout may go on."},
		"no-confirmation": {text: "Annotations on snapshots are not registered: rules about loss of data accept Confirmation objects only."},
		"nothing-lost":    {text: "No pod stops, and the claims stay."},
		"pod-returns":     {text: "The pod stops within its grace period, and its StatefulSet starts it again with its claim. Drains work like this."},
		"owner-orphans":   {text: "The StatefulSet stays, without its owner."},
		"permission-ends": {text: "It takes a permission away; nothing else changes."},
		"status-by-hand":  {text: "A status that a person writes is out of scope: [SECURITY.md](../../SECURITY.md)."},
		"foreign-pod":     {text: "The rule foreign-endpoint compares StatefulSets and Services, and is off by default; creations of pods are not registered.", open: true},
	}
}
