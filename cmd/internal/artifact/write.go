package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes a folder with the files, whole or not at all.
func Write(folder string, files []File) error {
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write rules: %s already exists: name a new folder", folder)
	}
	parent := filepath.Dir(filepath.Clean(folder))
	making, err := os.MkdirTemp(parent, ".stateward-")
	if err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	defer os.RemoveAll(making)
	for _, file := range files {
		if err := writeBelow(making, file); err != nil {
			return fmt.Errorf("write rules: %w", err)
		}
	}
	if err := os.Chmod(making, 0o755); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	if err := os.Rename(making, folder); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	return nil
}

// writeBelow trusts no path to stay below the folder.
func writeBelow(folder string, file File) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.FromSlash(filepath.Dir(file.Path)), 0o755); err != nil {
		return err
	}
	return root.WriteFile(filepath.FromSlash(file.Path), file.Content, 0o644)
}
