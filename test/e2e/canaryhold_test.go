package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

const (
	holdAnnotation = "stateward.dev/canary-hold"
	// syncs is how often a manifest is applied again.
	syncs = 20
)

// syncer applies one manifest again and again, as a service account.
type syncer struct {
	guard
	account   string
	arguments []string
}

// TestCanariesAreHeldAgainstSyncs applies a manifest with partition 0 by all three ways in which tools do it, with an image
// that Stateward lets onto one pod, and ends each canary in another way.
func TestCanariesAreHeldAgainstSyncs(t *testing.T) {
	guarded := shared(t)
	for name, test := range map[string]struct {
		arguments []string
		ends      func(*testing.T, syncer)
	}{
		"server-side apply":  {[]string{"apply", "--server-side", "--force-conflicts", "-f", "-"}, endsByAPerson},
		"client-side apply":  {[]string{"apply", "-f", "-"}, endsByPromotion},
		"replacement by PUT": {[]string{"replace", "-f", "-"}, endsByRollback},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			s := syncer{g, "system:serviceaccount:" + g.namespace + ":syncer", test.arguments}
			s.begin(t)
			s.holds(t)
			s.keepsWithANewTemplate(t)
			test.ends(t, s)
		})
	}
}

// manifest is that of a chart which renders partition 0.
func (s syncer) manifest(image string, changes ...func(*builders.StatefulSet)) string {
	set := builders.MakeStatefulSet().Image(image).Partition(0)
	set.Namespace = s.namespace
	set.Labels = map[string]string{"stateward.dev/canary": "auto"}
	for _, change := range changes {
		change(set)
	}
	return string(set.JSON())
}

func (s syncer) sync(t *testing.T, arguments ...string) []string {
	t.Helper()
	return append(append(s.as(t, s.account), s.arguments...), arguments...)
}

// begin starts a canary with the second image.
func (s syncer) begin(t *testing.T) {
	t.Helper()
	s.create(t, builders.MakeStatefulSet().Image(oldImage))
	s.settled(t, 3)
	s.says(t, false, s.manifest(newImage), []string{"[auto-canary]", "Stateward sets 2: the new image goes to web-2 only"}, s.sync(t)...)
	s.held(t, 2, newImage)
	s.run(t, oldImage, oldImage, newImage)
}

// holds wants syncs, with and without dry run, to write nothing.
func (s syncer) holds(t *testing.T) {
	t.Helper()
	before, err := s.set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range syncs {
		s.allowed(t, s.manifest(newImage), s.sync(t)...)
	}
	after, err := s.set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before.Generation != after.Generation {
		t.Errorf("after %d syncs the generation is %d, before it was %d", syncs, after.Generation, before.Generation)
	}
	s.held(t, 2, newImage)

	output, code := s.kubectl(t, s.manifest(newImage), s.sync(t, "--dry-run=server", "-o", "json")...)
	var forecast appsv1.StatefulSet
	object := output[max(0, strings.Index(output, "{")) : strings.LastIndex(output, "}")+1]
	if err := json.Unmarshal([]byte(object), &forecast); err != nil || code != 0 || strings.Contains(output, "[auto-canary]") {
		t.Fatalf("exit code %d, error %v:\n%s", code, err, output)
	}
	if forecast.Generation != after.Generation || forecast.Annotations[holdAnnotation] != after.Annotations[holdAnnotation] {
		t.Errorf("a dry run would make generation %d of %d, with annotations %v", forecast.Generation, after.Generation, forecast.Annotations)
	}
	if s.arguments[0] != "apply" {
		return
	}
	differs := append(append(s.as(t, s.account), "diff"), s.arguments[1:]...)
	if output, code := s.kubectl(t, s.manifest(newImage), differs...); code != 0 || output != "" {
		t.Errorf("kubectl diff: exit code %d:\n%s", code, output)
	}
}

// keepsWithANewTemplate wants a warning of a sync that brings a template.
func (s syncer) keepsWithANewTemplate(t *testing.T) {
	t.Helper()
	annotated := s.manifest(newImage, func(set *builders.StatefulSet) { set.Spec.Template.Annotations = map[string]string{"team": "shop"} })
	for _, dry := range [][]string{{"--dry-run=server"}, nil} {
		s.says(t, false, annotated, []string{"[auto-canary]", "Stateward keeps 2"}, s.sync(t, dry...)...)
	}
	s.held(t, 2, newImage)
	s.run(t, oldImage, oldImage, newImage)
	s.says(t, false, s.manifest(newImage), []string{"[auto-canary]"}, s.sync(t)...)
	s.run(t, oldImage, oldImage, newImage)
	s.held(t, 2, newImage)
}

// endsByAPerson lowers the partition in steps, the last one by the very manifest that the account applies.
func endsByAPerson(t *testing.T, s syncer) {
	alice := s.as(t, "alice")
	s.eventuallyAllowed(t, "", append(alice, partition(1)...)...)
	s.held(t, 1, newImage)
	s.run(t, oldImage, newImage, newImage)
	unforced := append(s.as(t, s.account), "apply", "--server-side", "-f", "-")
	s.says(t, true, s.manifest(newImage), []string{"conflict with \"kubectl-patch\"", ".spec.updateStrategy.rollingUpdate.partition"}, unforced...)
	s.eventuallyAllowed(t, s.manifest(newImage), s.sync(t)...)
	s.held(t, 1, newImage)
	s.eventuallyAllowed(t, s.manifest(newImage), append(alice, s.arguments...)...)
	s.released(t)
	s.run(t, newImage, newImage, newImage)
	s.allowed(t, s.manifest(newImage), s.sync(t)...)
	s.released(t)

	// A hold that a request invents holds nothing, and the next image begins again.
	s.says(t, false, "", []string{"Warning: [auto-canary]", "this hold has no effect, so Stateward removes it"},
		append(alice, "annotate", "statefulset", "web", holdAnnotation+"=2/nginx="+newImage)...)
	s.released(t)
	s.says(t, false, s.manifest(nextImage), []string{"Stateward sets 2"}, s.sync(t)...)
	s.held(t, 2, nextImage)
}

// endsByPromotion is for people and promoters: the account is told so.
func endsByPromotion(t *testing.T, s syncer) {
	output, code := s.stateward(t, s.account, "promote", "sts/web", "--yes")
	if code != 1 || !strings.Contains(output, "Stateward keeps partition 2, because this service account is not a promoter") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
	s.held(t, 2, newImage)
	s.promotesWhatWasShown(t)
	output, code = s.stateward(t, "alice", "promote", "sts/web", "--to", "1", "--yes")
	want := []string{"statefulset/web: partition 2, 3 replicas\n", "1 pod, 1 Ready\n    web-2 Ready for ", "statefulset/web: the partition is 1\n"}
	for _, want := range want {
		if code != 0 || !strings.Contains(output, want) {
			t.Errorf("exit code %d, no %q in\n%s", code, want, output)
		}
	}
	s.held(t, 1, newImage)
	s.run(t, oldImage, newImage, newImage)
	eventually(t, "the next step is promoted", func(context.Context) (bool, error) {
		output, code = s.stateward(t, "alice", "promote", "sts/web", "--yes")
		return code == 0, nil
	})
	s.released(t)
	s.run(t, newImage, newImage, newImage)
	s.allowed(t, s.manifest(newImage), s.sync(t)...)
	output, code = s.stateward(t, "alice", "promote", "sts/web", "--yes")
	if code != 2 || !strings.Contains(output, "nothing to promote: the partition is 0 already") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
}

// promotesWhatWasShown changes the set between the question and the answer.
func (s syncer) promotesWhatWasShown(t *testing.T) {
	t.Helper()
	_, binary := environment.BinaryForTest(t)
	command := exec.CommandContext(t.Context(), binary, "promote", "sts/web", "-n", s.namespace, "--kubeconfig", s.kubeconfig(t, "alice"))
	answer, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shown, output, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdin, command.Stdout, command.Stderr = answer, output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	question, err := bufio.NewReader(shown).ReadString('?')
	if err != nil || !strings.HasSuffix(question, "Lower the partition from 2 to 0?") {
		t.Fatalf("error %v after\n%s", err, question)
	}
	s.allowed(t, "", patch(`{"spec":{"minReadySeconds":1}}`)...)
	if _, err := input.WriteString("yes\n"); err != nil {
		t.Fatal(err)
	}
	waited := command.Wait()
	_ = output.Close()
	rest, err := io.ReadAll(shown)
	if err != nil || command.ProcessState.ExitCode() != 1 || !strings.Contains(string(rest), "the StatefulSet has changed since it was shown") {
		t.Errorf("%v, error %v:\n%s", waited, err, rest)
	}
	s.held(t, 2, newImage)
	s.allowed(t, s.manifest(newImage), s.sync(t)...)
	s.run(t, oldImage, oldImage, newImage)
}

// endsByRollback needs no person: the account applies the former image with partition 0.
func endsByRollback(t *testing.T, s syncer) {
	s.says(t, false, s.manifest(badImage), []string{"Stateward sets 2"}, s.sync(t)...)
	s.held(t, 2, badImage)
	eventually(t, "web-2 has the bad image", func(ctx context.Context) (bool, error) {
		images, err := s.images(ctx)
		return len(images) == 3 && images[2] == badImage, err
	})
	output, code := s.stateward(t, "alice", "promote", "sts/web", "--yes")
	if code != 1 || !strings.Contains(output, "not promoted: web-2 is not Ready") || !strings.Contains(output, "    web-2 not Ready for ") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
	eventually(t, "the account takes the image back", func(context.Context) (bool, error) {
		output, code = s.kubectl(t, s.manifest(oldImage), s.sync(t)...)
		return code == 0, nil
	})
	s.released(t)
	s.allowed(t, "", "delete", "pod", "web-2")
	s.run(t, oldImage, oldImage, oldImage)
}

// TestPromotersLowerThePartitionOfACanary lets a service account of the Guardrails' promoters do what others cannot.
func TestPromotersLowerThePartitionOfACanary(t *testing.T) {
	guarded := environment.ForTest(t)
	g := newGuard(t, guarded)
	s := syncer{g, "system:serviceaccount:" + g.namespace + ":syncer", []string{"apply", "-f", "-"}}
	s.begin(t)
	s.says(t, true, guardrails("  promoters: [pipelines]\n"), []string{"spec.promoters[0]", `spec.actors has no actor "pipelines"`}, "apply", "-f", "-")
	s.says(t, false, guardrails(fmt.Sprintf("  promoters: [pipelines]\n  actors:\n"+
		"  - {name: pipelines, subjects: [{kind: ServiceAccount, namespace: %s, name: deployer}]}\n", g.namespace)), nil, "apply", "-f", "-")
	deployer := "system:serviceaccount:" + g.namespace + ":deployer"
	eventually(t, "the promoter lowers the partition", func(context.Context) (bool, error) {
		_, code := s.stateward(t, deployer, "promote", "sts/web", "--yes")
		return code == 0, nil
	})
	s.released(t)
	s.run(t, newImage, newImage, newImage)
}

// held wants the partition and the hold of the stored set.
func (g guard) held(t *testing.T, partition int, image string) {
	t.Helper()
	set, err := g.set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%d/nginx=%s", partition, image)
	if got := int(*set.Spec.UpdateStrategy.RollingUpdate.Partition); got != partition || set.Annotations[holdAnnotation] != want {
		t.Errorf("partition %d with hold %q, want %d with %q", got, set.Annotations[holdAnnotation], partition, want)
	}
}

// released wants neither partition nor hold.
func (g guard) released(t *testing.T) {
	t.Helper()
	set, err := g.set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := *set.Spec.UpdateStrategy.RollingUpdate.Partition; got != 0 || set.Annotations[holdAnnotation] != "" {
		t.Errorf("partition %d with hold %q", got, set.Annotations[holdAnnotation])
	}
}
