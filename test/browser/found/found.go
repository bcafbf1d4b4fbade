// Package found finds the browser that the tests drive.
package found

import (
	"os/exec"
	"strings"
)

// Names are those under which Chromium and Chrome are installed.
func Names() []string {
	return []string{"chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable", "chrome", "headless-shell"}
}

// Browser returns the first of Names on the PATH, empty for none.
func Browser() string {
	for _, name := range Names() {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Missing says what to do where there is none.
func Missing() string {
	return "no browser is on the PATH: install Chromium or Chrome (on Debian: apt-get install chromium-headless-shell, as root), one of " + strings.Join(Names(), ", ")
}
