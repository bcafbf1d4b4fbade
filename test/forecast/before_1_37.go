//go:build before_1_37

package forecast

// Kubernetes before 1.37 does not know the update strategy Recreate; forecast.Gates names what else differs.
const (
	recreates = false
	before137 = true
)
