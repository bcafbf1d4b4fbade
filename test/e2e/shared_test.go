package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// growing is a storage class that no rule has anything to say about.
const growing = "growing"

var common struct {
	sync.Once
	*environment.Environment
	err error
}

// shared is the environment of all tests that leave alone what a cluster has only one of: its Guardrails, and Stateward
// itself. Each works in namespaces of its own.
func shared(t *testing.T) *environment.Environment {
	t.Helper()
	common.Do(func() {
		common.Environment, common.err = environment.Start(context.WithoutCancel(t.Context()), environment.Options{Out: t.Output(), BuiltOnly: true})
		if common.err == nil {
			common.err = offerClasses(t.Context(), common.Environment)
		}
	})
	if common.err != nil {
		t.Fatal(common.err)
	}
	common.LookAfter(t)
	return common.Environment
}

// TestMain says once, and not for each test, that the programs are not built.
func TestMain(m *testing.M) {
	flag.Parse()
	if _, err := cluster.Built(context.Background(), cluster.ControlPlane()...); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	// The tests wait for the cluster more than they compute.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	code := m.Run()
	if common.Environment != nil {
		common.Stop()
	}
	os.Exit(code)
}

// offerClasses creates a storage class that no rule has anything to say about, and one whose volumes are kept.
func offerClasses(ctx context.Context, guarded *environment.Environment) error {
	kept, retain := builders.GrowingClass(keeping), corev1.PersistentVolumeReclaimRetain
	kept.ReclaimPolicy = &retain
	for _, class := range []*storagev1.StorageClass{builders.GrowingClass(growing), kept} {
		if _, err := guarded.Client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}
