package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// alone prints what `stateward check` takes by itself for many manifests, each number of them one per file and 100 per
// file: with all rules, and with those that look at nothing but the object.
func alone(ctx context.Context, stateward program, sizes []int, folder string) error {
	if len(sizes) == 0 {
		return nil
	}
	guardrails, off, err := withoutInventory(ctx, stateward.arguments[0], folder)
	if err != nil {
		return err
	}
	narrow := stateward
	narrow.arguments = append(slices.Clone(stateward.arguments), "--config", guardrails)
	fmt.Println("\n| manifests | rules | wall s | CPU s | peak MiB |")
	fmt.Println("|---|---|---:|---:|---:|")
	for _, size := range sizes {
		for _, perFile := range []int{1, 100} {
			corpus, err := write(folder, size, perFile)
			if err != nil {
				return err
			}
			for _, each := range []struct {
				program
				rules string
			}{{stateward, "all"}, {narrow, fmt.Sprintf("without the %d that look at other objects", off)}} {
				spent, err := measure(ctx, each.program, corpus)
				if err != nil {
					return err
				}
				fmt.Printf("| %d, %d per file | %s | %.1f | %.1f | %d |\n",
					size, perFile, each.rules, spent.wall.Seconds(), spent.processor.Seconds(), spent.memory/1024)
			}
			if err := os.RemoveAll(corpus); err != nil {
				return err
			}
		}
	}
	return nil
}

// withoutInventory writes Guardrails without the rules that read other objects, and returns how many these are.
func withoutInventory(ctx context.Context, stateward, folder string) (file string, off int, err error) {
	listed, err := exec.CommandContext(ctx, stateward, "rules", "-o", "json").Output()
	if err != nil {
		return "", 0, fmt.Errorf("list the rules: %w", err)
	}
	var rules []struct {
		ID    string   `json:"id"`
		Reads []string `json:"reads"`
	}
	if err := json.Unmarshal(listed, &rules); err != nil {
		return "", 0, fmt.Errorf("list the rules: %w", err)
	}
	var page strings.Builder
	page.WriteString("apiVersion: stateward.dev/v1alpha1\nkind: Guardrails\nmetadata: {name: stateward}\nspec:\n  rules:\n")
	for _, rule := range rules {
		if len(rule.Reads) > 0 {
			fmt.Fprintf(&page, "    - {id: %s, action: \"off\"}\n", rule.ID)
			off++
		}
	}
	return filepath.Join(folder, "guardrails.yaml"), off, writeFile(folder, "guardrails.yaml", page.String())
}
