package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/test/cluster"
)

// Forecasts is how many random scenarios were compared, and whether the forecasts of all of them were what the
// controller did.
type Forecasts struct {
	Scenarios int  `json:"scenarios"`
	Equal     bool `json:"equal"`
}

func (f *Forecasts) String() string {
	switch {
	case f == nil:
		return notRun
	case f.Equal:
		return fmt.Sprintf("%d scenarios, no difference", f.Scenarios)
	default:
		return "a difference"
	}
}

// compare runs test/forecast with the StatefulSet controller of a version.
func compare(ctx context.Context, root, version string, scenarios int) (*Forecasts, error) {
	tags, err := tags(version)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(root, "test", "forecast")
	module, err := cluster.ModuleOf(ctx, folder, version)
	if err != nil {
		return nil, fmt.Errorf("make a module of Kubernetes %s for test/forecast: %w", version, err)
	}
	command := interruptible(ctx, folder, append(os.Environ(), "GOWORK=off"), "test", "-mod=mod", "-modfile="+module, "-tags="+tags, "-v", "-count=1",
		"-timeout=60m", "-run=TestForecastEqualsController", ".", "-args", "-scenarios", strconv.Itoa(scenarios))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return &Forecasts{Scenarios: scenarios}, nil
	}
	return &Forecasts{Scenarios: scenarios, Equal: true}, err
}

// tags are the build constraints of files in test/forecast for a version.
func tags(version string) (string, error) {
	parsed, err := forecast.ParseVersion(version)
	if err != nil {
		return "", err
	}
	var list []string
	for _, minor := range []int{35, 36, 37} {
		if parsed.Minor < minor {
			list = append(list, fmt.Sprintf("before_1_%d", minor))
		}
	}
	return strings.Join(list, ","), nil
}
