// Package forecast compares the forecasts of policies/forecast with the StatefulSet controller's own code.
package forecast

import (
	"encoding/json"
	"fmt"

	"github.com/stateward/stateward/policies/forecast"
)

// Scenario is a StatefulSet and what happens to it. Its JSON form is what a difference prints and -scenario replays.
type Scenario struct {
	// MaxUnavailable is the feature gate MaxUnavailableStatefulSet.
	MaxUnavailable bool
	// Recreate is the feature gate StatefulSetRecreateStrategy.
	Recreate bool `json:",omitempty"`
	Set      Settings
	// Acts happen one after the other. The first forecast is the creation.
	Acts []Act
}

// Settings are the fields of a StatefulSet.
type Settings struct {
	Replicas       int
	Start          int    `json:",omitempty"`
	MinReady       int    `json:",omitempty"`
	Parallel       bool   `json:",omitempty"`
	Strategy       string `json:",omitempty"`
	Bare           bool   `json:",omitempty"`
	Partition      int    `json:",omitempty"`
	MaxUnavailable string `json:",omitempty"`
	DeleteDeleted  bool   `json:",omitempty"`
	DeleteScaled   bool   `json:",omitempty"`
	Claims         int    `json:",omitempty"`
	History        int
	// Image of the containers; pods with an image that begins with "bad" never get Ready.
	Image string
}

// Act is one thing that happens, after which a forecast is compared.
type Act struct {
	// Set is the new StatefulSet.
	Set *Settings `json:",omitempty"`
	// Pods are what happens to pods at the same time.
	Pods []Mishap `json:",omitempty"`
	// DeleteClaim is the first claim of a pod, by its ordinal plus 1.
	DeleteClaim int `json:",omitempty"`
	// Delete deletes the StatefulSet with this propagation.
	Delete forecast.Propagation `json:",omitempty"`
	// Replace deletes the set without its pods and creates it again, which adopts them.
	Replace bool `json:",omitempty"`
	// Rounds of the controller before the next act; 0 is until nothing changes.
	Rounds int `json:",omitempty"`
}

// Mishap happens to one pod.
type Mishap struct {
	Ordinal int
	What    string
}

// What can happen to a pod.
const (
	kill    = "kill"
	fail    = "fail"
	succeed = "succeed"
	unready = "unready"
	crash   = "crash"
	pend    = "pend"
)

func (s Scenario) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func parse(text string) (scenario Scenario, err error) {
	if err := json.Unmarshal([]byte(text), &scenario); err != nil {
		return scenario, fmt.Errorf("read scenario: %w", err)
	}
	return scenario, nil
}
