package snapshots_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/stateward/stateward/test/automation"
)

const (
	module      = "github.com/kubernetes-csi/external-snapshotter/v8"
	definitions = "github.com/kubernetes-csi/external-snapshotter/client/v8"
	driver      = "disk.example.com"
	// The classes are called like their deletion policies.
	deleting  = "delete"
	retaining = "retain"
	// Source: pkg/utils/util.go of the module.
	protectsSource  = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection"
	protectsBound   = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
	protectsContent = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
)

var (
	controller = automation.Account{Namespace: "kube-system", Name: "snapshot-controller"}
	sidecar    = automation.Account{Namespace: "default", Name: "csi-snapshotter"}
	image      = automation.Image("16.4")
)

// storage is a cluster with a database whose disks have snapshots.
type storage struct {
	automation.Cluster
	// contents are written as the driver's csi-snapshotter.
	contents dynamic.NamespaceableResourceInterface
}

// run starts the controller, and the database on disks of a CSI driver.
func run(t *testing.T, guarded automation.Cluster) storage {
	t.Helper()
	// The folder has a kustomization.yaml too.
	guarded.Define(t, filepath.Join(automation.Module(t, tool, definitions), "config", "crd", "*snapshot*.yaml"))
	deploy := filepath.Join(automation.Module(t, tool, module), "deploy", "kubernetes")
	for _, program := range []automation.Account{controller, sidecar} {
		guarded.Do(t, "", "apply", "-n", program.Namespace, "-f", filepath.Join(deploy, program.Name, "rbac-"+program.Name+".yaml"))
	}
	guarded.Run(t, automation.Program{Tool: tool, Account: controller, Arguments: []string{"--kubeconfig={kubeconfig}"}})

	s := storage{guarded, contents(t, guarded.Kubeconfig(t, sidecar))}
	s.guards(t, recording)
	s.Do(t, classes, "create", "-f", "-")
	s.Do(t, "", "create", "namespace", namespace)
	for ordinal := range 3 {
		s.Do(t, fmt.Sprintf(disk, namespace, ordinal, driver), "create", "-f", "-")
	}
	s.Do(t, strings.Replace(automation.Database(image), "  serviceName: db",
		"  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n  serviceName: db", 1), "create", "-n", namespace, "-f", "-")
	s.Becomes(t, namespace, automation.DatabaseState(3, image)...)
	return s
}

const classes = `apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: {name: ` + deleting + `}
driver: ` + driver + `
deletionPolicy: Delete
---
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: {name: ` + retaining + `}
driver: ` + driver + `
deletionPolicy: Retain
`

const disk = `apiVersion: v1
kind: PersistentVolume
metadata: {name: disk-%[2]d}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: standard
  persistentVolumeReclaimPolicy: Delete
  claimRef: {namespace: %[1]s, name: data-db-%[2]d}
  csi: {driver: %[3]s, volumeHandle: disk-%[2]d}
`

// guards puts Guardrails in force.
func (s storage) guards(t *testing.T, guardrails string) {
	t.Helper()
	s.Do(t, guardrails, "apply", "-f", "-")
	automation.Eventually(t, "the Guardrails are in force", func(context.Context) string {
		status := s.field(t, "guardrails/stateward", `{.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=="Ready")].status}`)
		if fields := strings.Fields(status); len(fields) != 3 || fields[0] != fields[1] || fields[2] != "True" {
			return status
		}
		return ""
	})
}

// warns wants the command to succeed with a warning of a rule.
func (s storage) warns(t *testing.T, rule string, arguments ...string) {
	t.Helper()
	output, code := s.Try(t, "", arguments...)
	if code != 0 {
		t.Fatalf("kubectl %s: exit code %d: %s", strings.Join(arguments, " "), code, output)
	}
	automation.Contains(t, output, "Warning: ["+rule+"]")
}

// takes takes a snapshot of a claim, and returns when the controller has bound and protects it. A snapshot waits for the deletion
// of its content only where it deletes that.
func (s storage) takes(t *testing.T, name, claim, class string, taken time.Time) {
	t.Helper()
	s.Do(t, snapshot(name, "persistentVolumeClaimName: "+claim, class), "create", "-n", namespace, "-f", "-")
	s.succeeds(t, name, taken)
	protects := []string{protectsSource}
	if class == deleting {
		protects = append(protects, protectsBound)
	}
	s.becomes(t, "volumesnapshot/"+name, "{.metadata.finalizers}", protects...)
	s.becomes(t, "volumesnapshotcontent/"+s.content(t, name), "{.metadata.finalizers}", protectsContent)
}

// snapshot is a VolumeSnapshot. The class is empty for one whose content exists.
func snapshot(name, source, class string) string {
	text := fmt.Sprintf("apiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {name: %s}\nspec:\n  source: {%s}\n", name, source)
	if class != "" {
		text += "  volumeSnapshotClassName: " + class + "\n"
	}
	return text
}

// provides makes a content of a snapshot that the storage system has.
func (s storage) provides(t *testing.T, name, handle string) {
	t.Helper()
	s.Do(t, fmt.Sprintf(`apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotContent
metadata: {name: %[1]s}
spec:
  driver: %[2]s
  deletionPolicy: Delete
  source: {snapshotHandle: %[3]s}
  volumeSnapshotRef: {namespace: %[4]s, name: %[1]s}
`, name, driver, handle, namespace), "create", "-f", "-")
}

// succeeds writes the status of the content that the controller has made or bound, as the driver's sidecar does, and waits
// until the controller has copied it.
func (s storage) succeeds(t *testing.T, name string, taken time.Time) {
	t.Helper()
	content := s.content(t, name)
	s.patch(t, content, fmt.Sprintf(`{"status": {"readyToUse": true, "snapshotHandle": "snap-%s", "creationTime": %d, "restoreSize": 1073741824}}`,
		name, taken.UnixNano()), "status")
	s.becomes(t, "volumesnapshot/"+name, "{.status.readyToUse}", "true")
}

// releases removes the finalizer of a content, as the driver's sidecar does once the storage system has deleted the snapshot.
func (s storage) releases(t *testing.T, content string) {
	t.Helper()
	s.patch(t, content, `{"metadata": {"finalizers": null}}`)
}

// patch changes a content as the driver's sidecar, which may patch the status and not read it, as kubectl does before.
func (s storage) patch(t *testing.T, content, patch string, subresources ...string) {
	t.Helper()
	_, err := s.contents.Patch(t.Context(), content, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, subresources...)
	automation.Must(t, err)
}

func contents(t *testing.T, kubeconfig string) dynamic.NamespaceableResourceInterface {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	automation.Must(t, err)
	client, err := dynamic.NewForConfig(config)
	automation.Must(t, err)
	return client.Resource(schema.GroupVersionResource{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: "volumesnapshotcontents"})
}

// content returns the name of the content of a snapshot, once the controller has made or found it.
func (s storage) content(t *testing.T, name string) (content string) {
	t.Helper()
	automation.Eventually(t, "the content of "+name, func(context.Context) string {
		if content = s.field(t, "volumesnapshot/"+name, "{.status.boundVolumeSnapshotContentName}"); content == "" {
			return "none is bound"
		}
		return ""
	})
	return content
}

func (s storage) uid(t *testing.T, name string) string {
	t.Helper()
	return s.field(t, "volumesnapshot/"+name, "{.metadata.uid}")
}

func (s storage) field(t *testing.T, object, path string) string {
	t.Helper()
	return s.Do(t, "", "get", object, "-n", namespace, "-o", "jsonpath="+path)
}

// becomes waits until a field of an object has all of the words.
func (s storage) becomes(t *testing.T, object, path string, words ...string) {
	t.Helper()
	automation.Eventually(t, path+" of "+object, func(context.Context) string {
		value := s.field(t, object, path)
		for _, word := range words {
			if !strings.Contains(value, word) {
				return "it is " + value
			}
		}
		return ""
	})
}

// gone waits until an object is deleted.
func (s storage) gone(t *testing.T, object string) {
	t.Helper()
	automation.Eventually(t, "the deletion of "+object, func(context.Context) string {
		return s.Do(t, "", "get", object, "-n", namespace, "--ignore-not-found", "-o", "name")
	})
}
