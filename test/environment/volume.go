package environment

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Project puts files into a folder as a kubelet puts a Secret into a volume: all of them at once, behind a link that it
// turns, and what was there before is deleted.
func Project(folder string, files map[string][]byte) error {
	version := fmt.Sprintf("..%d", time.Now().UnixNano())
	if err := os.Mkdir(filepath.Join(folder, version), 0o700); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, version, name), content, 0o600); err != nil {
			return err
		}
	}
	data := filepath.Join(folder, "..data")
	before, err := os.Readlink(data)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Symlink(version, data+"_tmp"); err != nil {
		return err
	}
	if err := os.Rename(data+"_tmp", data); err != nil {
		return err
	}
	for name := range files {
		link := filepath.Join(folder, name)
		if err := os.Symlink(filepath.Join("..data", name), link); err != nil && !os.IsExist(err) {
			return err
		}
	}
	if before == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(folder, before))
}
