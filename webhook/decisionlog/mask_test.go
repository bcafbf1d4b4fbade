package decisionlog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/decisionlog"
)

// secret is in what is asked, in what is looked up and in what a rule says.
const secret = "swordfish"

// update changes the grace period of a set that has a secret in its environment.
func update(t *testing.T, change func(set *builders.StatefulSet)) *admissionv1.AdmissionRequest {
	t.Helper()
	asked := request(t, reviews+"/04-image-patch.json").DeepCopy()
	old, changed := builders.MakeStatefulSet(), builders.MakeStatefulSet()
	for _, set := range []*builders.StatefulSet{old, changed} {
		set.Namespace = "default"
		set.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "PASSWORD", Value: secret}}
		set.Annotate("kubectl.kubernetes.io/last-applied-configuration", `{"env": "`+secret+`"}`)
	}
	change(changed)
	asked.OldObject.Raw, asked.Object.Raw = old.JSON(), changed.JSON()
	return asked
}

const masks = `{"mode":"All","masks":["spec.template.spec.containers[*].env[*].value","spec.template.spec.containers[*].image"]}`

func TestLogHoldsNoMaskedValues(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, masks)
	asked := update(t, func(set *builders.StatefulSet) { set.Image("registry.example/" + secret + ":latest") })
	inv := tutorial(t)
	if err := inv.Add(asked.OldObject.Raw); err != nil {
		t.Fatal(err)
	}
	log := ask(t, decider, inv, asked)
	if bytes.Contains(log, []byte(secret)) {
		t.Errorf("the log holds what is masked:\n%s", log)
	}
	record := parsed(t, log)[0]
	for _, pointer := range []string{
		"/input/request/object/spec/template/spec/containers/0/env/0/value",
		"/input/request/oldObject/spec/template/spec/containers/0/image", "/result",
	} {
		if !slices.Contains(record.Masked, pointer) {
			t.Errorf("%s is not among the masked fields %v", pointer, record.Masked)
		}
	}
	if !record.Lacks(decisionlog.LastApplied) || !record.Lacks("managedFields") {
		t.Errorf("only %v is left out", record.Erased)
	}
	if _, masked := again(t, decider, record); !masked {
		t.Error("the decision depends on the masked image, and a replay does not notice")
	}
}

func TestDecisionThatNoMaskChangesIsTheSame(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, `{"mode":"All","masks":["spec.template.spec.containers[*].env[*].value"]}`)
	asked := update(t, func(set *builders.StatefulSet) { set.Replicas(1) })
	records := parsed(t, ask(t, decider, tutorial(t), asked))
	if len(records[0].Masked) == 0 {
		t.Fatal("nothing is masked")
	}
	if got, _ := again(t, decider, records[0]); got != string(records[0].Result) {
		t.Errorf("result %s instead of %s", got, records[0].Result)
	}
}

func TestMaskedValuesStayEqual(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, masks)
	record := parsed(t, ask(t, decider, tutorial(t), update(t, func(*builders.StatefulSet) {})))[0]
	var object, old struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err := errors.Join(json.Unmarshal(record.Request.Object.Raw, &object), json.Unmarshal(record.Request.OldObject.Raw, &old)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(object.Spec), "[masked ") || string(object.Spec) != string(old.Spec) {
		t.Errorf("equal specs became\n%s\n%s", object.Spec, old.Spec)
	}
}

func TestMaskedLogParses(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, `{"mode":"All","masks":["spec","metadata.annotations","metadata.labels","status"]}`)
	for name, asked := range recorded(t) {
		for _, record := range parsed(t, ask(t, decider, tutorial(t), asked)) {
			if got, masked := again(t, decider, record); !masked && got != string(record.Result) {
				t.Errorf("%s %s: decided again without a mask, and differently: %s instead of %s", name, record.Path, got, record.Result)
			}
		}
	}
}
