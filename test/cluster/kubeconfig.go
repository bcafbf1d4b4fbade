package cluster

import (
	"fmt"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig returns the path of the administrator's kubeconfig file.
func (c *Cluster) Kubeconfig() string {
	return filepath.Join(c.dir, "admin.kubeconfig")
}

// KubeconfigFor writes a kubeconfig file whose credentials authenticate as
// exactly the given user and groups, without impersonation, and returns its
// path. The name becomes the file's and the context's name.
//
// An identity that Options.Identities listed has a bearer token. The API server
// reads its tokens only when it starts, so any other identity gets a client
// certificate. Both outlive any test.
func (c *Cluster) KubeconfigFor(name, user string, groups ...string) (string, error) {
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("%q cannot be a kubeconfig's name; use letters, digits and dashes", name)
	}
	// A folder of their own keeps them from overwriting the harness's.
	path := filepath.Join(c.dir, "kubeconfigs", name+".kubeconfig")
	return path, c.writeKubeconfig(path, name, Identity{User: user, Groups: groups})
}

// ownKubeconfig writes the kubeconfig of one of the cluster's own programs.
func (c *Cluster) ownKubeconfig(name string, identity Identity) (string, error) {
	path := filepath.Join(c.dir, name+".kubeconfig")
	return path, c.writeKubeconfig(path, name, identity)
}

func (c *Cluster) writeKubeconfig(path, name string, identity Identity) error {
	info, err := c.authInfo(identity)
	if err != nil {
		return fmt.Errorf("make credentials for %s: %w", identity.User, err)
	}
	if err := clientcmd.WriteToFile(c.kubeconfig(name, info), path); err != nil {
		return fmt.Errorf("write the kubeconfig of %s: %w", identity.User, err)
	}
	return nil
}

func (c *Cluster) authInfo(identity Identity) (*clientcmdapi.AuthInfo, error) {
	for _, account := range c.accounts {
		if account.equal(identity) {
			return &clientcmdapi.AuthInfo{Token: account.token}, nil
		}
	}
	certificate, err := c.authority.client(identity)
	if err != nil {
		return nil, err
	}
	return &clientcmdapi.AuthInfo{ClientCertificateData: certificate.certificate, ClientKeyData: certificate.key}, nil
}

func (c *Cluster) kubeconfig(name string, info *clientcmdapi.AuthInfo) clientcmdapi.Config {
	return clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			"stateward-test": {Server: c.server, CertificateAuthorityData: c.authority.pem},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: info},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: "stateward-test", AuthInfo: name}},
		CurrentContext: name,
	}
}

// adminConfig has no rate limit of its own: the clients here are tests, which
// should wait for the API server and not for themselves.
func (c *Cluster) adminConfig() (*rest.Config, error) {
	path, err := c.ownKubeconfig("admin", adminIdentity())
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}
