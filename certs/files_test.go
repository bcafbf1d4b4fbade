package certs

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// pair is a certificate and its key in PEM.
type pair struct {
	cert, key []byte
	source    *SelfManaged
}

func newPair(t *testing.T) pair {
	t.Helper()
	source := selfManaged(t, "localhost")
	served, err := source.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	private, ok := served.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("key is a %T", served.PrivateKey)
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return pair{cert: encodePEM(served.Certificate[0]), key: key, source: source}
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFilesThatCannotBeServedAreErrors(t *testing.T) {
	t.Parallel()
	one, other := newPair(t), newPair(t)
	tests := map[string]struct {
		cert, key []byte
		want      string
	}{
		"a key of another certificate": {
			cert: one.cert, key: other.key,
			want: "load certificate %[1]s with key %[2]s: tls: private key does not match public key",
		},
		"no certificate": {
			key:  one.key,
			want: "load certificate %[1]s with key %[2]s: open %[1]s: no such file or directory",
		},
		"no key": {
			cert: one.cert,
			want: "load certificate %[1]s with key %[2]s: open %[2]s: no such file or directory",
		},
		"a certificate that is no PEM": {
			cert: []byte("certificate"), key: one.key,
			want: "load certificate %[1]s with key %[2]s: tls: failed to find any PEM data in certificate input",
		},
		"a key that is no PEM": {
			cert: one.cert, key: []byte("key"),
			want: "load certificate %[1]s with key %[2]s: tls: failed to find any PEM data in key input",
		},
		"a certificate that is empty": {
			cert: []byte{}, key: one.key,
			want: "load certificate %[1]s with key %[2]s: tls: failed to find any PEM data in certificate input",
		},
		"files that were taken for each other": {
			cert: one.key, key: one.cert,
			want: "load certificate %[1]s with key %[2]s: tls: failed to find certificate PEM data in certificate input, " +
				"but did find a private key; PEM inputs may have been switched",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			certFile, keyFile := filepath.Join(directory, "tls.crt"), filepath.Join(directory, "tls.key")
			if test.cert != nil {
				write(t, certFile, test.cert)
			}
			if test.key != nil {
				write(t, keyFile, test.key)
			}
			source, err := NewFiles(certFile, keyFile, []string{"localhost"})
			if source != nil {
				t.Error("there is a source")
			}
			if diff := cmp.Diff(fmt.Sprintf(test.want, certFile, keyFile), message(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFilesAreFollowed replaces a pair step by step. It counts reads that failed, of which there is one counter in
// the process, so it does not run beside other tests.
func TestFilesAreFollowed(t *testing.T) {
	tests := map[string]struct {
		// prepare puts the first pair there, torn spoils it, and mend puts the second.
		prepare, torn, mend func(t *testing.T, directory string, first, second pair)
	}{
		"a certificate that comes before its key": {
			prepare: writeFirst,
			torn: func(t *testing.T, directory string, _, second pair) {
				write(t, filepath.Join(directory, "tls.crt"), second.cert)
			},
			mend: func(t *testing.T, directory string, _, second pair) {
				write(t, filepath.Join(directory, "tls.key"), second.key)
			},
		},
		"a certificate of which the half is written": {
			prepare: writeFirst,
			torn: func(t *testing.T, directory string, _, second pair) {
				write(t, filepath.Join(directory, "tls.crt"), second.cert[:len(second.cert)/2])
			},
			mend: writeSecond,
		},
		"a key that is away for a while": {
			prepare: writeFirst,
			torn: func(t *testing.T, directory string, _, _ pair) {
				if err := os.Remove(filepath.Join(directory, "tls.key")); err != nil {
					t.Fatal(err)
				}
			},
			// The watch of the key went with it, that of the certificate is still there.
			mend: func(t *testing.T, directory string, _, second pair) {
				write(t, filepath.Join(directory, "tls.key"), second.key)
				write(t, filepath.Join(directory, "tls.crt"), second.cert)
			},
		},
		"a Secret that a kubelet swaps": {
			prepare: func(t *testing.T, directory string, first, _ pair) {
				swap(t, directory, "1", first.cert, first.key)
				for _, name := range []string{"tls.crt", "tls.key"} {
					if err := os.Symlink(filepath.Join("..data", name), filepath.Join(directory, name)); err != nil {
						t.Fatal(err)
					}
				}
			},
			torn: func(t *testing.T, directory string, first, second pair) {
				swap(t, directory, "2", second.cert, first.key)
				remove(t, filepath.Join(directory, "..1"))
			},
			mend: func(t *testing.T, directory string, _, second pair) {
				swap(t, directory, "3", second.cert, second.key)
				remove(t, filepath.Join(directory, "..2"))
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			directory, first, second := t.TempDir(), newPair(t), newPair(t)
			test.prepare(t, directory, first, second)
			source, err := NewFiles(filepath.Join(directory, "tls.crt"), filepath.Join(directory, "tls.key"), []string{"localhost"})
			if err != nil {
				t.Fatal(err)
			}
			run(t, source)
			awaitWatch(t, directory)
			before := reads(t, "certwatcher_read_certificate_errors_total")
			test.torn(t, directory, first, second)
			await(t, "a read that fails", func() bool { return reads(t, "certwatcher_read_certificate_errors_total") > before })
			if err := verify(t, source, first.source.CABundle(), "localhost"); err != nil {
				t.Errorf("while the files are torn: %v", err)
			}
			if got := source.NotAfter(); !got.Equal(first.source.NotAfter()) {
				t.Errorf("while the files are torn the certificate ends at %s, want %s", got, first.source.NotAfter())
			}
			test.mend(t, directory, first, second)
			await(t, "the second pair", func() bool {
				return verify(t, source, second.source.CABundle(), "localhost") == nil
			})
			if err := source.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFilesHaveNoCABundle(t *testing.T) {
	t.Parallel()
	directory, first := t.TempDir(), newPair(t)
	writeFirst(t, directory, first, pair{})
	source, err := NewFiles(filepath.Join(directory, "tls.crt"), filepath.Join(directory, "tls.key"), []string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	if bundle := source.CABundle(); bundle != nil {
		t.Errorf("bundle %q, want none", bundle)
	}
}

func writeFirst(t *testing.T, directory string, first, _ pair) {
	t.Helper()
	write(t, filepath.Join(directory, "tls.crt"), first.cert)
	write(t, filepath.Join(directory, "tls.key"), first.key)
}

func writeSecond(t *testing.T, directory string, _, second pair) {
	t.Helper()
	writeFirst(t, directory, second, pair{})
}

// swap makes ..data lead to a new directory in one step, as a kubelet does.
func swap(t *testing.T, directory, version string, cert, key []byte) {
	t.Helper()
	next := filepath.Join(directory, ".."+version)
	if err := os.Mkdir(next, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(next, "tls.crt"), cert)
	write(t, filepath.Join(next, "tls.key"), key)
	link := filepath.Join(directory, "..data_tmp")
	if err := os.Symlink(".."+version, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(directory, "..data")); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, directory string) {
	t.Helper()
	if err := os.RemoveAll(directory); err != nil {
		t.Fatal(err)
	}
}

// run follows the files until the test ends.
func run(t *testing.T, source *Files) {
	t.Helper()
	t.Cleanup(running(t, source))
}

// await polls, since what a watcher has seen is not visible from outside. The deadline is far beyond its own poll.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no sign of %s", what)
		}
	}
}

// awaitWatch touches each file until the watcher looks at it.
func awaitWatch(t *testing.T, directory string) {
	t.Helper()
	for _, name := range []string{"tls.crt", "tls.key"} {
		before := reads(t, "certwatcher_read_certificate_total")
		await(t, "a watch of "+name, func() bool {
			if err := os.Chmod(filepath.Join(directory, name), 0o600); err != nil {
				t.Fatal(err)
			}
			return reads(t, "certwatcher_read_certificate_total") > before
		})
	}
}

// reads is the value of one of the watcher's counters.
func reads(t *testing.T, name string) (count float64) {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			for _, metric := range family.GetMetric() {
				count += metric.GetCounter().GetValue()
			}
		}
	}
	return count
}
