// Package registry_test carries the library through a real registry to the stock tools that read it there.
package registry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/decisions"
	"github.com/stateward/stateward/test/environment"
)

// scene is a registry with the library in it, rules of a user among it.
type scene struct {
	folder, address          string
	stateward, conftest, opa string
	// digests by shape.
	digests map[string]string
}

var pushedLine = regexp.MustCompile(`@(sha256:[0-9a-f]{64}) for (\w+)\n`)

func newScene(t *testing.T) scene {
	t.Helper()
	_, stateward := environment.BinaryForTest(t)
	binaries, err := cluster.Built(t.Context(), "conftest", "opa")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	s := scene{
		folder: t.TempDir(), address: strings.TrimPrefix(server.URL, "http://") + "/policies/stateward",
		stateward: stateward, conftest: binaries["conftest"], opa: binaries["opa"], digests: map[string]string{},
	}
	s.run(t, 0, s.stateward, "rules", "new", "owner-label")
	output := s.run(t, 0, s.stateward, "bundle", "push", s.address+":v1", "--rules", "rules")
	for _, line := range pushedLine.FindAllStringSubmatch(output, -1) {
		s.digests[line[2]] = line[1]
	}
	if len(s.digests) != 2 {
		t.Fatalf("pushed %s", output)
	}
	return s
}

// run runs a program in the folder and wants its exit code; it returns what the program wrote anywhere.
func (s scene) run(t *testing.T, code int, program string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = s.folder
	// No credentials of the user who runs the tests.
	command.Env = append(os.Environ(), "DOCKER_CONFIG="+s.folder)
	output, got := environment.Output(t, command)
	if got != code {
		t.Fatalf("%s %v: exit code %d, not %d\n%s", filepath.Base(program), arguments, got, code, output)
	}
	return output
}

const unowned = `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: nginx
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: nginx}]}
`

func TestRegistryDistributesTheLibrary(t *testing.T) {
	s := newScene(t)
	if err := os.WriteFile(filepath.Join(s.folder, "web.yaml"), []byte(unowned), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, holds := range map[string]func(*testing.T, scene){
		"to conftest, which then says what check says":          toConftest,
		"to OPA, which decides by it":                           toOPA,
		"to check, by its digest only":                          toCheck,
		"to replay, which judges by it":                         toReplay,
		"into a folder, in either shape":                        toFolder,
		"and equal rules have equal digests":                    twice,
		"and what cannot be is told with the reference":         mistakes,
		"and nothing is written where something stands already": occupied,
	} {
		t.Run(name, func(t *testing.T) { holds(t, s) })
	}
}

func toConftest(t *testing.T, s scene) {
	s.run(t, 0, s.conftest, "pull", "oci://"+s.address+":v1-conftest", "-p", "pulled")
	var results []struct {
		Failures, Warnings []struct{ Msg string }
	}
	decode(t, s.run(t, 1, s.conftest, "test", "--combine", "-o", "json", "-p", "pulled", "web.yaml"), &results)
	var report struct {
		Findings []struct{ Level, Msg string }
	}
	decode(t, s.run(t, 1, s.stateward, "check", "-o", "json", "--rules", "rules", "web.yaml"), &report)
	want, got := map[string]string{}, map[string]string{}
	for _, finding := range report.Findings {
		want[finding.Msg] = finding.Level
	}
	for _, result := range results {
		for _, failure := range result.Failures {
			got[failure.Msg] = "deny"
		}
		for _, warning := range result.Warnings {
			got[warning.Msg] = "warn"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("check and conftest disagree (-check +conftest):\n%s", diff)
	}
}

// toOPA asks a server of OPA that reads the bundle from the registry.
func toOPA(t *testing.T, s scene) {
	ports, err := cluster.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	host, repository, _ := strings.Cut(s.address, "/")
	config := filepath.Join(s.folder, "opa.yaml")
	page := fmt.Sprintf("services:\n  registry: {url: \"http://%s\", type: oci}\nbundles:\n  stateward: {service: registry, resource: \"%s/%s:v1\"}\npersistence_directory: %s\n",
		host, host, repository, s.folder)
	if err := os.WriteFile(config, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	server := exec.CommandContext(t.Context(), s.opa, "run", "--server", "--disable-telemetry", "-c", config, "-a", strings.TrimPrefix(url, "http://"))
	var log bytes.Buffer
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("OPA's log:\n%s", &log)
		}
	}()
	awaitBundle(t, url)
	var answer struct {
		Result []struct{ Rule string }
	}
	post(t, url+"/v1/data/main/deny", map[string]any{"input": yamlAsJSON(t)}, &answer)
	rules := map[string]bool{}
	for _, finding := range answer.Result {
		rules[finding.Rule] = true
	}
	if diff := cmp.Diff(map[string]bool{"image-tag": true}, rules); diff != "" {
		t.Errorf("denied by (-want +got):\n%s", diff)
	}
}

func toCheck(t *testing.T, s scene) {
	for _, shape := range []string{"opa", "conftest"} {
		output := s.run(t, 1, s.stateward, "check", "--rules", "oci://"+s.address+"@"+s.digests[shape], "web.yaml")
		if !strings.Contains(output, "[owner-label]") || !strings.Contains(output, "[image-tag]") {
			t.Errorf("%s: %s", shape, output)
		}
	}
	output := s.run(t, 2, s.stateward, "check", "--rules", "oci://"+s.address+":v1", "web.yaml")
	if !strings.Contains(output, "use its digest, which is now @"+s.digests["opa"]) {
		t.Errorf("got %s", output)
	}
	wrong := "sha256:" + strings.Repeat("0", 64)
	output = s.run(t, 2, s.stateward, "check", "--rules", "oci://"+s.address+"@"+wrong, "web.yaml")
	if !strings.Contains(output, wrong) {
		t.Errorf("got %s", output)
	}
}

// toReplay evaluates recorded requests, which were decided without the pushed rule of a user.
func toReplay(t *testing.T, s scene) {
	log := filepath.Join(s.folder, "decisions.jsonl")
	if err := os.WriteFile(log, decisions.Log(t, `{"decisionLog":{"mode":"All"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var summary struct {
		Requests int
		Classes  map[string]struct{ Rules map[string]int }
	}
	decode(t, s.run(t, 0, s.stateward, "replay", "-o", "json", "--library", "oci://"+s.address+"@"+s.digests["opa"], log), &summary)
	if summary.Requests != 14 || summary.Classes["other"].Rules["owner-label"] == 0 {
		t.Errorf("%+v", summary)
	}
	output := s.run(t, 2, s.stateward, "replay", "--library", "oci://"+s.address+":v1", log)
	if !strings.Contains(output, "use its digest, which is now @"+s.digests["opa"]) {
		t.Errorf("got %s", output)
	}
}

func toFolder(t *testing.T, s scene) {
	s.run(t, 0, s.stateward, "bundle", "pull", s.address+":v1", "--dir", "from-opa")
	s.run(t, 0, s.stateward, "bundle", "pull", s.address+"@"+s.digests["conftest"], "--dir", "from-conftest")
	if diff := cmp.Diff(content(t, filepath.Join(s.folder, "from-opa")), content(t, filepath.Join(s.folder, "from-conftest"))); diff != "" {
		t.Errorf("the shapes differ (-opa +conftest):\n%s", diff)
	}
	s.run(t, 0, s.opa, "check", "--strict", "from-opa")
}

func twice(t *testing.T, s scene) {
	output := s.run(t, 0, s.stateward, "bundle", "push", s.address+":again", "--rules", "rules")
	for shape, digest := range s.digests {
		if !strings.Contains(output, "@"+digest+" for "+shape) {
			t.Errorf("%s has another digest: %s", shape, output)
		}
	}
}

func mistakes(t *testing.T, s scene) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"no address":       {[]string{"bundle", "pull", "stateward"}, `"stateward" is not an artifact reference`},
		"no tag to push":   {[]string{"bundle", "push", s.address}, "give it a tag, as policies/stateward:v1"},
		"a digest to push": {[]string{"bundle", "push", s.address + "@" + s.digests["opa"]}, "give it a tag"},
		"no tag to pull":   {[]string{"bundle", "pull", s.address}, "give a tag or a digest"},
		"no such tag":      {[]string{"bundle", "pull", s.address + ":v9"}, ":v9: not found"},
		"no registry":      {[]string{"bundle", "pull", "127.0.0.1:1/policies:v1"}, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			if output := s.run(t, 2, s.stateward, test.arguments...); !strings.Contains(output, test.want) {
				t.Errorf("no %q in %s", test.want, output)
			}
		})
	}
}

func occupied(t *testing.T, s scene) {
	output := s.run(t, 2, s.stateward, "bundle", "pull", s.address+":v1", "--dir", "rules")
	if !strings.Contains(output, "rules already exists: name a new folder") {
		t.Errorf("got %s", output)
	}
}

func content(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		files[strings.TrimPrefix(name, folder)] = string(text)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in %s: %v", len(files), folder, err)
	}
	return files
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
