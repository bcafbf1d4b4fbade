package admission

import (
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
)

func TestLogLineNamesTheRequest(t *testing.T) {
	t.Parallel()
	var lines []string
	logger := funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{})
	request := admission.Request{AdmissionRequest: *recording(t, "11-delete-background.json")}
	newHandler(t, engine.ValidatingPhase).Handle(log.IntoContext(t.Context(), logger), request)
	for _, want := range []string{`"msg"="denied"`, `"name"="web"`, `"namespace"="default"`, `"user"="` + request.UserInfo.Username, `"requestID"="` + string(request.UID)} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("the log does not hold %s: %q", want, lines)
		}
	}
}
