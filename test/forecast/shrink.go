package forecast

import "slices"

// shrink returns the smallest scenario that still differs, by leaving out one thing after the other.
func shrink(scenario Scenario, differs func(Scenario) bool) Scenario {
	for smaller := true; smaller; {
		smaller = false
		for _, candidate := range simpler(scenario) {
			if candidate.String() != scenario.String() && candidate.isValid() && differs(candidate) {
				scenario, smaller = candidate, true
				break
			}
		}
	}
	return scenario
}

// simpler lists scenarios with one thing less.
func simpler(scenario Scenario) (list []Scenario) {
	for index := range scenario.Acts {
		less := scenario
		less.Acts = slices.Delete(slices.Clone(scenario.Acts), index, index+1)
		list = append(list, less)
	}
	for index, act := range scenario.Acts {
		for pod := range act.Pods {
			less := act
			less.Pods = slices.Delete(slices.Clone(act.Pods), pod, pod+1)
			list = append(list, with(scenario, index, less))
		}
		if act.Rounds > 0 {
			less := act
			less.Rounds--
			list = append(list, with(scenario, index, less))
		}
		if act.Set != nil {
			for _, settings := range plainer(*act.Set) {
				less := act
				less.Set = &settings
				list = append(list, with(scenario, index, less))
			}
		}
	}
	for number, settings := range plainer(scenario.Set) {
		less := scenario
		less.Set = settings
		everywhere := less
		everywhere.Acts = slices.Clone(less.Acts)
		for index, act := range less.Acts {
			if act.Set != nil {
				everywhere.Acts[index].Set = &plainer(*act.Set)[number]
			}
		}
		list = append(list, less, everywhere)
	}
	return list
}

// isValid reports whether the API server would accept the changes: some fields are immutable.
func (s Scenario) isValid() bool {
	return !slices.ContainsFunc(s.Acts, func(act Act) bool {
		return act.Set != nil && (act.Set.Claims != s.Set.Claims || act.Set.Parallel != s.Set.Parallel)
	})
}

func with(scenario Scenario, index int, act Act) Scenario {
	scenario.Acts = slices.Clone(scenario.Acts)
	scenario.Acts[index] = act
	return scenario
}

// plainer lists settings with one thing nearer to the defaults.
func plainer(settings Settings) (list []Settings) {
	for _, change := range []func(*Settings){
		func(s *Settings) { s.Replicas = max(s.Replicas-1, 0) },
		func(s *Settings) { s.Start = 0 },
		func(s *Settings) { s.MinReady = 0 },
		func(s *Settings) { s.Partition = max(s.Partition-1, 0) },
		func(s *Settings) { s.MaxUnavailable = "" },
		func(s *Settings) { s.DeleteDeleted = false },
		func(s *Settings) { s.DeleteScaled = false },
		func(s *Settings) { s.Claims = max(s.Claims-1, 0) },
		func(s *Settings) { s.Parallel = false },
		func(s *Settings) { s.History = 10 },
		func(s *Settings) { s.Image = "good-1" },
	} {
		less := settings
		change(&less)
		list = append(list, less)
	}
	return list
}
