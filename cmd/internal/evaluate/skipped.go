package evaluate

import (
	"fmt"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
)

// mayHoldSets reports a kind that is not evaluated and is a StatefulSet of another project, or creates StatefulSets.
func mayHoldSets(document manifest.Document) bool {
	group := policies.GroupOf(document.APIVersion)
	switch document.Kind {
	case "Template":
		return group == "template.openshift.io" || group == ""
	case "UnitedDeployment", "DeploymentConfig":
		return strings.HasSuffix(group, "kruise.io")
	default:
		return strings.HasSuffix(document.Kind, "StatefulSet") && strings.Contains(group, ".")
	}
}

// skippedNotes names the documents of kinds that may hold a StatefulSet, which no rule sees.
func skippedNotes(documents []manifest.Document) (notes []report.LeftOut) {
	for _, document := range documents {
		if mayHoldSets(document) {
			notes = append(notes, report.LeftOut{
				Position: position(document, nil), Reason: "kinds that are not judged", Note: true,
				Detail: fmt.Sprintf("%s %s of %s was skipped and may hold a StatefulSet: no rule judges this kind", document.Kind, document.Name, document.APIVersion),
			})
		}
	}
	return notes
}
