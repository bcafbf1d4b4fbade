package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
)

// ModuleFolder returns the folder of a module that a tool's go.mod requires, or of MODULE@VERSION. The go command knows
// where that is, and downloads it in case only the binary was kept.
func ModuleFolder(ctx context.Context, tool, module string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	tools, err := findTools([]string{tool})
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	command.Dir = tools[0].dir(root)
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("run %s in %s: %w", command, filepath.Base(command.Dir), err)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(output, &downloaded); err != nil {
		return "", fmt.Errorf("read the answer of %s: %w", command, err)
	}
	return downloaded.Dir, nil
}
