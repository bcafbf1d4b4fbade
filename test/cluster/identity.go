package cluster

import (
	"bytes"
	"crypto/rand"
	"encoding/csv"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
)

// Identity is a user and the groups that the user is in, as the API server
// sees them.
type Identity struct {
	User   string
	Groups []string
}

// These are the names by which Kubernetes' built-in roles know its programs.
func adminIdentity() Identity       { return Identity{User: "admin", Groups: []string{"system:masters"}} }
func controllersIdentity() Identity { return Identity{User: "system:kube-controller-manager"} }
func schedulerIdentity() Identity   { return Identity{User: "system:kube-scheduler"} }

func dnsIdentity() Identity {
	return Identity{
		User:   "system:serviceaccount:kube-system:coredns",
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system"},
	}
}

// kubeletIdentity is what a kubelet calls itself. Rules about forced deletion
// look at it.
func kubeletIdentity(node string) Identity {
	return Identity{User: "system:node:" + node, Groups: []string{"system:nodes"}}
}

func (i Identity) equal(other Identity) bool {
	return i.User == other.User && slices.Equal(i.Groups, other.Groups)
}

// account is an identity with the bearer token that proves it.
type account struct {
	Identity
	token string
}

func newAccounts(identities []Identity) []account {
	var accounts []account
	for _, identity := range identities {
		accounts = append(accounts, account{Identity: identity, token: rand.Text()})
	}
	return accounts
}

// writeTokens writes the API server's token file: token, user, user id, and
// the groups as one field.
func writeTokens(path string, accounts []account) error {
	var content bytes.Buffer
	writer := csv.NewWriter(&content)
	for _, account := range accounts {
		record := []string{account.token, account.User, account.User, strings.Join(account.Groups, ",")}
		if err := writer.Write(record); err != nil {
			return err
		}
	}
	writer.Flush()
	if err := writer.Error(); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o600)
}

// Config returns the configuration of a client that may do everything: user
// "admin" of group "system:masters". The caller may change it.
func (c *Cluster) Config() *rest.Config {
	return rest.CopyConfig(c.admin)
}

// ConfigFor returns the configuration of a client that acts as another user,
// by impersonation.
func (c *Cluster) ConfigFor(user string, groups ...string) *rest.Config {
	config := c.Config()
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return config
}
