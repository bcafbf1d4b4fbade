package registry_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// awaitBundle waits until OPA has the bundle.
func awaitBundle(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		response, err := http.Get(url + "/health?bundles")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatal("OPA never gets the bundle")
}

func post(t *testing.T, url string, body, into any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(answer), into)
}

func yamlAsJSON(t *testing.T) (object any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(unowned), &object); err != nil {
		t.Fatal(err)
	}
	return object
}
