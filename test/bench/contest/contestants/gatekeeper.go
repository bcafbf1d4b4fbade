package contestants

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stateward/stateward/test/bench/contest/rules"
	"github.com/stateward/stateward/test/cluster"
)

const gatekeeperModule = "github.com/open-policy-agent/gatekeeper/v3"

// gatekeeperSeparate has a template for each rule, as people use Gatekeeper.
func (a *Arena) gatekeeperSeparate(ctx context.Context, binaries cluster.Binaries) (Contestant, error) {
	templates, err := rules.GatekeeperSeparate()
	if err != nil {
		return Contestant{}, err
	}
	contestant := Contestant{Name: "Gatekeeper, 12 templates", Slug: "gatekeeper-separate"}
	return a.gatekeeper(ctx, a.other, binaries["gatekeeper"], templates, contestant)
}

// gatekeeperCombined has one template with all rules.
func (a *Arena) gatekeeperCombined(ctx context.Context, binaries cluster.Binaries) (Contestant, error) {
	templates, err := rules.GatekeeperCombined()
	if err != nil {
		return Contestant{}, err
	}
	contestant := Contestant{Name: "Gatekeeper, 1 template", Slug: "gatekeeper-combined"}
	return a.gatekeeper(ctx, a.Main.Cluster, binaries["gatekeeper"], templates, contestant)
}

// gatekeeper runs Gatekeeper's manager, as its chart does but for mutations, on an API server of which it is the only one: it
// takes all templates that it finds.
func (a *Arena) gatekeeper(ctx context.Context, beside *cluster.Cluster, binary string, templates rules.Templates, contestant Contestant) (Contestant, error) {
	source, err := a.moduleFolder(ctx)
	if err != nil {
		return Contestant{}, err
	}
	if err := kubectl(ctx, beside, nil, "create", "namespace", "gatekeeper-system"); err != nil {
		return Contestant{}, err
	}
	if err := kubectl(ctx, beside, nil, "create", "-f", filepath.Join(source, "charts", "gatekeeper", "crds")); err != nil {
		return Contestant{}, err
	}
	ports, err := cluster.FreePorts(3)
	if err != nil {
		return Contestant{}, err
	}
	contestant.Path, contestant.Port, contestant.Decides = "/v1/admit", ports[0], true
	command := exec.Command(binary,
		"--kubeconfig", beside.Kubeconfig(), "--debug-use-fake-pod", "--operation=webhook", "--operation=generate",
		"--host=127.0.0.1", "--port", strconv.Itoa(ports[0]), "--health-addr", local(ports[1]), "--prometheus-port", strconv.Itoa(ports[2]),
		"--disable-cert-rotation", "--cert-dir", a.Certificate.Folder, "--tls-min-version=1.3", "--log-denies=false", "--log-level=ERROR")
	contestant.Process, err = run(ctx, beside, contestant.Slug, "http://"+local(ports[1])+"/healthz", http.DefaultClient, command)
	if err != nil {
		return Contestant{}, err
	}
	if err := install(ctx, beside, templates); err != nil {
		return Contestant{}, fmt.Errorf("install the templates: %w\nGatekeeper says:\n%s", err, tail(contestant.Process.LogPath()))
	}
	return contestant, nil
}

// tail is the end of a log.
func tail(file string) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Appendf(nil, "nothing: %v", err)
	}
	return content[max(0, len(content)-4000):]
}

// install applies the templates, waits for the kinds that Gatekeeper makes of them, and applies the constraints. When they
// are in force shows by the answers.
func install(ctx context.Context, beside *cluster.Cluster, templates rules.Templates) error {
	for _, each := range templates.Templates {
		if err := kubectl(ctx, beside, each, "create", "-f", "-"); err != nil {
			return err
		}
	}
	for _, each := range templates.CRDs {
		if err := kubectl(ctx, beside, nil, "wait", "--for=create", "--timeout=60s", "crd/"+each); err != nil {
			return err
		}
		if err := kubectl(ctx, beside, nil, "wait", "--for=condition=established", "--timeout=60s", "crd/"+each); err != nil {
			return err
		}
	}
	for _, each := range templates.Constraints {
		if err := kubectl(ctx, beside, each, "create", "-f", "-"); err != nil {
			return err
		}
	}
	return nil
}

func kubectl(ctx context.Context, beside *cluster.Cluster, input json.RawMessage, arguments ...string) error {
	output, err := beside.KubectlWithInput(ctx, bytes.NewReader(input), arguments...)
	if err != nil {
		return err
	}
	if output.ExitCode != 0 {
		return fmt.Errorf("kubectl %s: %s", strings.Join(arguments, " "), output.Stderr)
	}
	return nil
}

// moduleFolder is where Go keeps the source of the Gatekeeper that was built, with the manifests that belong to it.
func (a *Arena) moduleFolder(ctx context.Context) (string, error) {
	command := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", gatekeeperModule)
	command.Dir = filepath.Join(a.root, "test", "tools", "gatekeeper")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("find the module of Gatekeeper: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}
