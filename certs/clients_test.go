package certs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClientsWithoutAuthoritiesAreRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{"empty.crt": "", "key.pem": "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewClients(file); err == nil || !strings.Contains(err.Error(), file+" has no PEM certificate") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewClients(filepath.Join(folder, "gone.crt")); err == nil || !strings.Contains(err.Error(), "gone.crt: no such file") {
		t.Errorf("no file: %v", err)
	}
}
