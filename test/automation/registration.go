package automation

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/registration"
)

// Registration is what a team keeps in git: both webhook configurations, whose caBundle Stateward fills in.
func (c Cluster) Registration(t *testing.T) string {
	t.Helper()
	library, target := builders.Library(t), registration.Target{URL: c.Webhook}
	validating, err := yaml.Marshal(registration.Validating(library, target))
	Must(t, err)
	mutating, err := yaml.Marshal(registration.Mutating(library, target))
	Must(t, err)
	return string(bytes.Join([][]byte{validating, mutating}, []byte("---\n")))
}

// Manage lets Stateward add webhooks to its registration, for a kind that what is kept in git does not have.
func (c Cluster) Manage(t *testing.T) {
	t.Helper()
	Must(t, c.Environment.Manage(t.Context()))
	if diff := cmp.Diff(managed(), c.managed(t)); diff != "" {
		t.Fatalf("managed webhooks (-want +got):\n%s", diff)
	}
}

// managed are the webhooks for one more kind, those of the validating configuration first.
func managed() []string {
	return []string{"managed-critical.stateward.dev", "managed-confirmation.stateward.dev", "managed-owner.stateward.dev", "managed-confirmation.stateward.dev"}
}

func (c Cluster) managed(t *testing.T) (names []string) {
	t.Helper()
	for _, line := range c.webhooks(t) {
		if name, _, _ := strings.Cut(line, " "); registration.IsManaged(name) {
			names = append(names, name)
		}
	}
	return names
}

// webhooks describes both configurations, with the generation of each.
func (c Cluster) webhooks(t *testing.T) (lines []string) {
	t.Helper()
	api := c.Client.AdmissionregistrationV1()
	validating, err := api.ValidatingWebhookConfigurations().Get(t.Context(), registration.Name, metav1.GetOptions{})
	Must(t, err)
	mutating, err := api.MutatingWebhookConfigurations().Get(t.Context(), registration.Name, metav1.GetOptions{})
	Must(t, err)
	for _, each := range validating.Webhooks {
		lines = append(lines, each.Name+" "+string(builders.JSON(each)))
	}
	for _, each := range mutating.Webhooks {
		lines = append(lines, each.Name+" "+string(builders.JSON(each)))
	}
	return append(lines, fmt.Sprintf("generations %d and %d", validating.Generation, mutating.Generation))
}

// StaysManaged has a program apply the registration again and again: that must change nothing. Then a webhook that the program
// applied is changed, which it must put right, beside the managed ones. Those follow it, as they are like what they extend.
func (c Cluster) StaysManaged(t *testing.T, times int, apply, repair func()) {
	t.Helper()
	before := c.webhooks(t)
	for range times {
		apply()
	}
	if diff := cmp.Diff(before, c.webhooks(t)); diff != "" {
		t.Fatalf("webhooks after the program has applied them %d times (-before +after):\n%s", times, diff)
	}
	c.Do(t, "", "patch", "validatingwebhookconfiguration", registration.Name, "--type=json", "-p", `[{"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 9}]`)
	repair()
	Eventually(t, "the webhooks are as before", func(context.Context) string {
		after := c.webhooks(t)
		return cmp.Diff(before[:len(before)-1], after[:len(after)-1])
	})
}
