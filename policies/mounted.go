package policies

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Mounted returns the folder that holds the files of a folder: itself, or, where it is a mounted ConfigMap, the version
// that counts. There `..data` is a link, which changes in one step, to a folder with all files of one version. Source:
// pkg/volume/util/atomic_writer.go.
func Mounted(folder string) (string, error) {
	version, err := filepath.EvalSymlinks(filepath.Join(folder, "..data"))
	if errors.Is(err, fs.ErrNotExist) {
		info, err := os.Stat(folder)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a folder", folder)
		}
		return folder, err
	}
	return version, err
}
