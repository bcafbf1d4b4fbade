package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/cli"
)

func TestOutputsWriteSeveralReportsInOneRun(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"old.json", "target.xml"} {
		write(t, filepath.Join(folder, name), "old")
	}
	if err := os.Symlink("target.xml", filepath.Join(folder, "link.xml")); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	stdout, stderr, code := run(t, "", "check", "-o", "text", "-o", "sarif="+in("new.sarif"), "-o", "json="+in("old.json"),
		"-o", "junit="+in("link.xml"), "testdata/violations.yaml")
	if code != cli.ExitViolations || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	golden(t, "violations.txt", stdout)
	golden(t, "violations.json", read(t, in("old.json")))
	for file, begin := range map[string]string{"new.sarif": "{\n  \"$schema\"", "target.xml": "<?xml"} {
		if got := read(t, in(file)); !strings.HasPrefix(got, begin) {
			t.Errorf("%s begins with %.40q", file, got)
		}
	}
	if diff := cmp.Diff([]string{"link.xml", "new.sarif", "old.json", "target.xml"}, names(t, folder)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestOutputsToFilesLeaveStandardOutputEmpty(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.tap")
	stdout, stderr, code := run(t, "", "check", "-o", "tap="+file, "testdata/web.yaml")
	if code != cli.ExitClean || stdout != "" || stderr != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if got := read(t, file); !strings.HasPrefix(got, "TAP version 14\n") {
		t.Errorf("it begins with %.40q", got)
	}
}

func TestReportFileIsWrittenWhenInputFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stdin string
		code  int
		want  string
	}{
		"not evaluated": {stdin: violations(t), code: cli.ExitInternal, want: `"failed": 1,`},
		"not a review": {
			stdin: "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n", code: cli.ExitUsage, want: "it has no request with an operation",
		},
		"not YAML": {stdin: "a: [", code: cli.ExitUsage, want: "invalid YAML"},
		"empty":    {stdin: "", code: cli.ExitUsage, want: "no document in -"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			file := filepath.Join(folder, "report.json")
			write(t, file, "old")
			if _, stderr, code := run(t, test.stdin, "check", "--rules", crashing(t), "-o", "text", "-o", "json="+file, "-"); code != test.code {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			if got := read(t, file); !strings.Contains(got, test.want) {
				t.Errorf("the file has %q", got)
			}
			if diff := cmp.Diff([]string{"report.json"}, names(t, folder)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutputToADeviceKeepsTheDevice(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "null")
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := run(t, "", "check", "-o", "json="+link, "testdata/web.yaml"); code != cli.ExitClean {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	info, err := os.Stat(link)
	if err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", link, info, err)
	}
}

func TestOutputsAreValidatedBeforeInputIsRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "file"), "")
	const all = "use one of text, json, html, junit, sarif, github, gitlab, tap, policyreport, openreports"
	for name, test := range map[string]struct {
		outputs []string
		want    string
	}{
		"an unknown format":         {outputs: []string{"xml"}, want: `unknown output format "xml": ` + all},
		"an unknown format in file": {outputs: []string{"xml=a"}, want: `unknown output format "xml": ` + all},
		"two to standard output": {
			outputs: []string{"text", "json"},
			want:    "both -o text and -o json go to standard output: write one to a file, as -o json=FILE",
		},
		"two to one file": {
			outputs: []string{"json=" + folder + "/a", "sarif=" + folder + "/./a"},
			want:    "both -o json=" + folder + "/a and -o sarif=" + folder + "/./a go to " + folder + "/a: name another file",
		},
		"no file":                 {outputs: []string{"json="}, want: "-o json= names no file: write -o FORMAT=FILE, or -o FORMAT for standard output"},
		"a folder that is none":   {outputs: []string{"json=" + folder + "/file/a"}, want: "/file is not a folder"},
		"a folder for a file":     {outputs: []string{"json=" + folder}, want: "-o json=" + folder + ": " + folder + " is a folder: name a file in it"},
		"a folder that is absent": {outputs: []string{"json=" + folder + "/no/a"}, want: "-o json=" + folder + "/no/a: folder " + folder + "/no does not exist: create it first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"check", "testdata/none.yaml"}
			for _, output := range test.outputs {
				args = append(args, "-o", output)
			}
			stdout, stderr, code := run(t, "", args...)
			if code != cli.ExitUsage || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestExitCodeFollowsFailOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stdin string
		args  []string
		want  int
	}{
		"a denial fails by default":                 {args: []string{"testdata/violations.yaml"}, want: cli.ExitViolations},
		"a denial fails under warn":                 {args: []string{"--fail-on", "warn", "testdata/violations.yaml"}, want: cli.ExitViolations},
		"a denial fails nothing under none":         {args: []string{"--fail-on", "none", "testdata/violations.yaml"}, want: cli.ExitClean},
		"a warning fails nothing by default":        {args: []string{"testdata/web.yaml"}, want: cli.ExitClean},
		"a warning fails under warn":                {args: []string{"--fail-on", "warn", "testdata/web.yaml"}, want: cli.ExitViolations},
		"none hides no input that cannot be read":   {args: []string{"--fail-on", "none", "-"}, stdin: "a: [", want: cli.ExitUsage},
		"none hides nothing that cannot be decided": {args: []string{"--fail-on", "none", "--rules", crashing(t), "-"}, stdin: violations(t), want: cli.ExitInternal},
		"none hides no empty input":                 {args: []string{"--fail-on", "none", "-"}, want: cli.ExitUsage},
		"empty input may be allowed":                {args: []string{"--allow-empty", "-"}, want: cli.ExitClean},
		"an empty list is empty input":              {args: []string{"-"}, stdin: "apiVersion: v1\nkind: List\nitems: []\n", want: cli.ExitUsage},
		"other levels are refused":                  {args: []string{"--fail-on", "audit", "-"}, want: cli.ExitUsage},
		"other colours are refused":                 {args: []string{"--color", "blue", "-"}, want: cli.ExitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, stderr, code := run(t, test.stdin, append([]string{"check"}, test.args...)...); code != test.want {
				t.Errorf("exit code %d, want %d, stderr %q", code, test.want, stderr)
			}
		})
	}
}

func TestEmptyInputExplainsWhatToDo(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	const unread = "0 documents, 0 judged, 1 unreadable: 0 denied, 0 warnings\n"
	for name, test := range map[string]struct {
		args         []string
		stdout, want string
	}{
		"when it is an error":               {args: []string{"-"}, stdout: unread, want: "error: no document in -, so nothing was checked: give files that contain manifests, or use --allow-empty"},
		"when it is a folder":               {args: []string{empty}, stdout: unread, want: "error: " + empty + ": no .yaml, .yml or .json file in this folder; name another one"},
		"when it is allowed":                {args: []string{"--allow-empty", "-"}, stdout: "0 documents, 0 judged: 0 denied, 0 warnings\n"},
		"when it is an allowed folder":      {args: []string{"--allow-empty", empty}, stdout: "0 documents, 0 judged: 0 denied, 0 warnings\n"},
		"when --fail-on is none of them":    {args: []string{"--fail-on", "all", "-"}, want: `error: unknown --fail-on "all": use deny, warn or none`},
		"when --color is none of the three": {args: []string{"--color", "blue", "-"}, want: `error: unknown --color "blue": use auto, always or never`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, _ := run(t, "", append([]string{"check"}, test.args...)...)
			if diff := cmp.Diff([]string{test.stdout, test.want}, []string{stdout, stderr}); diff != "" {
				t.Errorf("stdout and stderr (-want +got):\n%s", diff)
			}
		})
	}
}

func TestColorFlagAppliesToEachOutput(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		color         string
		stdout, saved bool
	}{
		"nowhere by default, away from a terminal": {color: "auto"},
		"nowhere under never":                      {color: "never"},
		"everywhere under always":                  {color: "always", stdout: true, saved: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "report.txt")
			args := []string{"check", "--color", test.color, "-o", "text=" + file, "testdata/web.yaml"}
			if _, stderr, code := run(t, "", args...); code != cli.ExitClean {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			stdout, _, _ := run(t, "", "check", "--color", test.color, "testdata/web.yaml")
			got := []bool{strings.Contains(stdout, "\x1b["), strings.Contains(read(t, file), "\x1b[")}
			if diff := cmp.Diff([]bool{test.stdout, test.saved}, got); diff != "" {
				t.Errorf("colours on stdout and in the file (-want +got):\n%s", diff)
			}
		})
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
