//go:build !linux && !darwin

package cluster

import "os"

// tryLock lets everybody in: without a lock, two processes must not be made to
// build at the same time.
func tryLock(*os.File) (bool, error) {
	return true, nil
}
