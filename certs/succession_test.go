package certs

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAuthoritySuccessorIsTrustedBeforeItSigns lets two years go by, in which API servers believe what they were
// told last, and are told of a new bundle a day after there is one.
func TestAuthoritySuccessorIsTrustedBeforeItSigns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := selfManaged(t, "localhost")
		stop := running(t, source)
		told := source.CABundle()
		first := told
		overlaps := 0
		for range 2 * 365 {
			time.Sleep(24 * time.Hour)
			synctest.Wait()
			if err := verify(t, source, told, "localhost"); err != nil {
				t.Fatalf("at %s API servers do not trust what is served: %v", time.Now(), err)
			}
			if err := source.Check(); err != nil {
				t.Fatalf("at %s: %v", time.Now(), err)
			}
			told = source.CABundle()
			if len(authorities(told)) > 1 {
				overlaps++
			}
			source.Trusted(told)
		}
		if overlaps < 2 {
			t.Errorf("on %d days there were two authorities, want some days of each succession", overlaps)
		}
		if err := verify(t, source, first, "localhost"); err == nil {
			t.Error("the first authority has never been succeeded")
		}
		stop()
	})
}

// TestSuccessorSignsNothingUntilItIsTrusted has API servers that cannot be told.
func TestSuccessorSignsNothingUntilItIsTrusted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := selfManaged(t, "localhost")
		stop := running(t, source)
		told := source.CABundle()
		pass(time.Now().Add(360 * 24 * time.Hour))
		if err := verify(t, source, told, "localhost"); err != nil {
			t.Errorf("after 360 days: %v", err)
		}
		if got := len(authorities(source.CABundle())); got != 2 {
			t.Errorf("after 360 days there are %d authorities to be told of, want 2", got)
		}
		source.Trusted(source.CABundle())
		pass(time.Now().Add(30 * time.Minute))
		if err := verify(t, source, told, "localhost"); err != nil {
			t.Errorf("half an hour after API servers were told: %v", err)
		}
		next := source.CABundle()
		pass(time.Now().Add(90 * time.Minute))
		if err := verify(t, source, told, "localhost"); err == nil {
			t.Error("two hours after API servers were told the old authority still signs")
		}
		if err := verify(t, source, next, "localhost"); err != nil {
			t.Errorf("two hours after API servers were told: %v", err)
		}
		stop()
	})
}

func TestCheckFailsUntilTheCABundleIsWritten(t *testing.T) {
	t.Parallel()
	source, err := NewSelfManaged([]string{"localhost"}, year)
	if err != nil {
		t.Fatal(err)
	}
	want := "the serving certificate is in no caBundle yet: check that Stateward may get and update its webhook configurations"
	if diff := cmp.Diff(want, message(source.Check())); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}
	source.Trusted(selfManaged(t, "localhost").CABundle())
	if diff := cmp.Diff(want, message(source.Check())); diff != "" {
		t.Errorf("with the authority of another (-want +got):\n%s", diff)
	}
	source.Trusted(source.CABundle())
	if err := source.Check(); err != nil {
		t.Errorf("with its own: %v", err)
	}
}

func TestAuthorityLifetimeHasAMinimum(t *testing.T) {
	t.Parallel()
	source, err := NewSelfManaged([]string{"localhost"}, 9*time.Second)
	want := "make certificate: an authority of 9s ends too early: give at least 10s"
	if source != nil || message(err) != want {
		t.Errorf("source %v, error %v; want error %s", source, err, want)
	}
}

func TestCheckHostsComparesCertificateAndServiceNames(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		certificate, called []string
		want                string
	}{
		"the name of the Service": {certificate: []string{"a.b.svc", "a.b.svc.cluster.local"}, called: []string{"a.b.svc"}},
		"an address":              {certificate: []string{"127.0.0.1"}, called: []string{"127.0.0.1"}},
		"no name asked for":       {certificate: []string{"a.b.svc"}},
		"another name": {
			certificate: []string{"a.b.svc", "127.0.0.1"}, called: []string{"a.b.svc", "c.d.svc"},
			want: "the serving certificate is valid for a.b.svc, 127.0.0.1 and not for c.d.svc, which API servers call: issue another one, or set --certificate-hosts",
		},
		"another address": {
			certificate: []string{"127.0.0.1"}, called: []string{"127.0.0.2"},
			want: "the serving certificate is valid for 127.0.0.1 and not for 127.0.0.2, which API servers call: issue another one, or set --certificate-hosts",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leaf := selfManaged(t, test.certificate...).leaf.Load().Leaf
			if diff := cmp.Diff(test.want, message(check(leaf, test.called, time.Now()))); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBundleVerifiesWhatItsAuthoritiesSigned(t *testing.T) {
	t.Parallel()
	one, other := selfManaged(t, "localhost"), selfManaged(t, "localhost")
	tests := map[string]struct {
		bundle string
		want   bool
	}{
		"its authority":                {bundle: string(one.CABundle()), want: true},
		"its authority beside another": {bundle: string(other.CABundle()) + string(one.CABundle()), want: true},
		"another authority":            {bundle: string(other.CABundle())},
		"nothing":                      {},
		"what is no PEM":               {bundle: strings.Repeat("Cg==\n", 3)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := vouches([]byte(test.bundle), one.leaf.Load()); got != test.want {
				t.Errorf("vouches %v, want %v", got, test.want)
			}
		})
	}
}
