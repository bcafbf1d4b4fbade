package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/stateward/stateward/policies"
)

// clusterOptions say which cluster is meant, as for kubectl.
type clusterOptions struct {
	kubeconfig string
	context    string
}

func (o *clusterOptions) add(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig `file` (default: the one that kubectl uses)")
	flags.StringVar(&o.context, "context", "", "`name` of the kubeconfig context")
}

// connect finds cluster and namespace; without a namespace it is the context's.
func (o *clusterOptions) connect(namespace string) (*rest.Config, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: o.context}
	overrides.Context.Namespace = namespace
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		// client-go advises a variable that kubectl does not document.
		return nil, "", errors.New("no kubeconfig was found: set KUBECONFIG, or give --kubeconfig")
	}
	if err != nil {
		return nil, "", fmt.Errorf("read kubeconfig: %s", strings.TrimSpace(err.Error()))
	}
	namespace, _, err = loader.Namespace()
	return config, namespace, err
}

func resourceClient(client dynamic.Interface, resource policies.Resource, namespace string) dynamic.ResourceInterface {
	all := client.Resource(schema.GroupVersionResource{Group: resource.Group, Version: resource.Version, Resource: resource.Name})
	if resource.Namespaced {
		return all.Namespace(namespace)
	}
	return all
}
