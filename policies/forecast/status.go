package forecast

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
)

// Status are fields of a StatefulSet's status that say which revision its template is.
type Status struct {
	// Observed is true once the controller has seen the template.
	Observed        bool
	Current, Update string
}

// StatusOf reads the status of a StatefulSet.
func StatusOf(set *appsv1.StatefulSet) Status {
	return Status{
		Observed: set.Status.ObservedGeneration >= set.Generation,
		Current:  set.Status.CurrentRevision, Update: set.Status.UpdateRevision,
	}
}

// TrustStatus takes the update revision of the status for the template, once the controller has seen it: ControllerRevisions may
// be missing, or be written by another version.
func (s *State) TrustStatus(status Status) {
	if !status.Observed || status.Update == "" {
		return
	}
	if index := s.revision(status.Update); index >= 0 {
		s.Revisions[index].Template = s.Set.Template
		return
	}
	var newest int64
	for _, each := range s.Revisions {
		newest = max(newest, each.Number)
	}
	for _, name := range []string{status.Current, status.Update} {
		if name == "" || s.revision(name) >= 0 {
			continue
		}
		newest++
		template := "unknown template of " + name
		if name == status.Update {
			template = s.Set.Template
		}
		s.Revisions = append(s.Revisions, Revision{Name: name, Number: newest, Template: template})
	}
}

func (s *State) revision(name string) int {
	return slices.IndexFunc(s.Revisions, func(each Revision) bool { return each.Name == name })
}

// BrokenTemplates are those whose pods do not get Ready today.
func (s *State) BrokenTemplates() (templates []string) {
	for _, pod := range s.Pods {
		if !pod.Broken {
			continue
		}
		for _, revision := range s.Revisions {
			if revision.Name == pod.Revision && !slices.Contains(templates, revision.Template) {
				templates = append(templates, revision.Template)
			}
		}
	}
	return templates
}

// Works reports whether a pod of a template is Ready today.
func (s *State) Works(template string) bool {
	return slices.ContainsFunc(s.Pods, func(pod Pod) bool {
		return pod.Ready && slices.ContainsFunc(s.Revisions, func(revision Revision) bool {
			return revision.Name == pod.Revision && revision.Template == template
		})
	})
}
