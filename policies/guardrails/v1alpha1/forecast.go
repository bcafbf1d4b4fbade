package v1alpha1

import (
	"fmt"
	"slices"
)

// ForecastMode says which requests are forecast.
type ForecastMode string

// The modes of forecasts.
const (
	ForecastOff    ForecastMode = "Off"
	ForecastDryRun ForecastMode = "DryRun"
	ForecastAlways ForecastMode = "Always"
)

// Forecasts is the mode, with the default filled in.
func (g *Guardrails) Forecasts() ForecastMode {
	if g == nil || g.Spec.Forecast == "" {
		return ForecastDryRun
	}
	return g.Spec.Forecast
}

func (m ForecastMode) check(found *mistakes, path ...any) {
	if modes := []ForecastMode{ForecastOff, ForecastDryRun, ForecastAlways}; m != "" && !slices.Contains(modes, m) {
		found.add(fmt.Errorf("unknown mode %q: use one of %v", m, modes), path...)
	}
}
