package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ModuleFolder returns the folder of a module that a tool's go.mod requires, or of MODULE@VERSION.
func ModuleFolder(ctx context.Context, tool, module string) (string, error) {
	tools, err := findTools([]string{tool})
	if err != nil {
		return "", err
	}
	return RequiredModuleFolder(ctx, tools[0].Module, module)
}

// RequiredModuleFolder returns the folder of a module that the go.mod of a folder of test/tools requires, or of MODULE@VERSION.
// The go command knows where that is, and downloads it in case only a binary was kept.
func RequiredModuleFolder(ctx context.Context, requiring, module string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	output, err := goCommand(ctx, filepath.Join(root, "test", "tools", requiring), "mod", "download", "-json", module)
	if err != nil {
		return "", fmt.Errorf("find module %s: %w", module, err)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(output, &downloaded); err != nil {
		return "", fmt.Errorf("read where module %s is: %w", module, err)
	}
	return downloaded.Dir, nil
}

// goCommand runs the go command in a folder and returns what it wrote to its standard output.
func goCommand(ctx context.Context, dir string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		// With -json the reason is on the standard output.
		said := string(output) + stderr.String()
		if reason := unreachable(said); reason != "" {
			return nil, fmt.Errorf("modules cannot be downloaded: check the network and `go env GOPROXY`, and run this again (%s)", reason)
		}
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(arguments, " "), err, lastLines(said, 20))
	}
	return output, nil
}
