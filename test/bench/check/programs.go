package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program is a command line; the corpus is its last argument.
type program struct {
	name      string
	arguments []string
	// most is how many manifests it is given; 0 means all.
	most int
	// files says that it takes no folder: then there are as many as a command line may hold.
	files bool
}

// prepare builds what is measured, stateward first. A rival that cannot be built is missing.
func prepare(ctx context.Context, options options, folder string) (programs []program, missing []string, err error) {
	stateward := filepath.Join(folder, "stateward")
	if err := build(ctx, options.root, stateward, "./cmd/stateward"); err != nil {
		return nil, nil, err
	}
	programs = append(programs, program{name: "stateward check", arguments: []string{stateward, "check"}})
	library, trivial := filepath.Join(folder, "library"), filepath.Join(folder, "trivial")
	if err := errors.Join(copyLibrary(filepath.Join(options.root, "policies"), library), writeFile(trivial, "three.rego", threeRules)); err != nil {
		return nil, nil, err
	}
	conftest, err := filepath.Abs(filepath.Join(options.root, "bin", "conftest"))
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(conftest); err != nil {
		missing = append(missing, fmt.Sprintf("conftest: %v: `make control-plane` builds it", err))
	} else {
		programs = append(programs,
			program{name: "conftest --combine, our library", arguments: []string{conftest, "test", "--combine", "-p", library}, most: options.combined},
			program{name: "conftest, our library", arguments: []string{conftest, "test", "-p", library}, most: options.single},
			program{name: "conftest, three trivial rules", arguments: []string{conftest, "test", "-p", trivial}},
		)
	}
	score, kubeconform := filepath.Join(folder, "kube-score"), filepath.Join(folder, "kubeconform")
	here := filepath.Join(options.root, "test", "bench", "check")
	if err := build(ctx, here, score, "github.com/zegl/kube-score/cmd/kube-score"); err != nil {
		missing = append(missing, err.Error())
	} else {
		programs = append(programs, program{name: "kube-score", arguments: []string{score, "score"}, files: true, most: 10_000})
	}
	gator, constraints := filepath.Join(folder, "gator"), filepath.Join(folder, "constraints")
	if err := errors.Join(build(ctx, filepath.Join(here, "gator"), gator, "github.com/open-policy-agent/gatekeeper/v3/cmd/gator"), writeFile(constraints, "three.yaml", threeConstraints())); err != nil {
		missing = append(missing, err.Error())
	} else {
		programs = append(programs, program{name: "gator test, the same three rules", arguments: []string{gator, "test", "-f", constraints, "-f"}})
	}
	// Its schemas are on the network; with one that takes everything it shows what reading alone costs.
	schemas := filepath.Join(folder, "schemas")
	if err := errors.Join(build(ctx, here, kubeconform, "github.com/yannh/kubeconform/cmd/kubeconform"), writeFile(schemas, "any.json", `{"type": "object"}`)); err != nil {
		missing = append(missing, err.Error())
	} else {
		programs = append(programs, program{name: "kubeconform, a schema that takes everything", arguments: []string{
			kubeconform, "-schema-location", filepath.Join(schemas, "any.json"),
		}})
	}
	return programs, missing, nil
}

func build(ctx context.Context, folder, target, main string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags=grpcnotrace", "-o", target, main)
	command.Dir = folder
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", main, err, strings.TrimSpace(string(output)))
	}
	return nil
}

// copyLibrary leaves the tests out, which conftest would compile too.
func copyLibrary(from, to string) error {
	return filepath.WalkDir(from, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return writeFile(filepath.Dir(filepath.Join(to, strings.TrimPrefix(name, from))), filepath.Base(name), string(source))
	})
}

func writeFile(folder, name, content string) error {
	return errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
}
