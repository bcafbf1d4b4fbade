package cluster

import (
	"context"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// provisionedVolumes is where the controller manager makes a folder for each
// volume. The place is fixed in its code and shared by all clusters.
const provisionedVolumes = "/tmp/hostpath_pv"

// volumeFolders lists the folders of this cluster's volumes, so that Stop can
// remove them. Without an API server to ask, they stay: they are empty.
func (c *Cluster) volumeFolders() []string {
	if c.client == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	volumes, err := c.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	var folders []string
	for _, volume := range volumes.Items {
		source := volume.Spec.HostPath
		if source != nil && filepath.Dir(source.Path) == provisionedVolumes {
			folders = append(folders, source.Path)
		}
	}
	return folders
}
