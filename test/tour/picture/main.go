// Command picture draws the recorded output of the tour as a terminal, in SVG for light and for dark pages.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stateward/stateward/test/cluster"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "test", "tour")
	recorded, err := os.ReadFile(filepath.Join(folder, "recorded.txt"))
	if err != nil {
		return err
	}
	lines, err := scenes(string(recorded), shown())
	if err != nil {
		return err
	}
	for _, theme := range themes() {
		if err := os.WriteFile(filepath.Join(folder, "tour-"+theme.name+".svg"), draw(lines, theme), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// shown are the commands in the picture, by how they begin.
func shown() []string {
	return []string{
		"$ kubectl scale statefulset web --replicas=1",
		"$ kubectl delete pvc www-web-0",
		"$ kubectl delete service nginx",
		"$ kubectl annotate service nginx",
		"$ kubectl delete service nginx",
	}
}

// scenes cuts commands with what they print out of the recorded tour, in this order.
func scenes(recorded string, commands []string) (lines []string, err error) {
	rest := recorded
	for _, command := range commands {
		_, behind, found := strings.Cut(rest, "\n"+command)
		if !found {
			return nil, fmt.Errorf("the recorded tour has no %q: record it again with `make tour-record`", command)
		}
		scene, after, _ := strings.Cut(behind, "\n\n")
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, strings.Split(command+scene, "\n")...)
		rest = "\n" + after
	}
	return lines, nil
}
