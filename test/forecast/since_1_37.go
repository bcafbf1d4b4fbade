//go:build !before_1_37

package forecast

// What Kubernetes 1.37 has that versions before it lack.
const (
	recreates = true
	before137 = false
)
