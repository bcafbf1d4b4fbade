package forecast

import "slices"

// claimsAt are a pod's claims by template; those that do not exist are nil.
func (s *simulation) claimsAt(ordinal int) []*Claim {
	claims := s.claims[ordinal]
	if claims == nil {
		claims = make([]*Claim, len(s.Set.Claims))
		s.claims[ordinal] = claims
	}
	return claims
}

// createClaims creates the claims that a pod misses. It fails where one of them is being deleted.
func (s *simulation) createClaims(pod *Pod) bool {
	works := true
	claims := s.claimsAt(pod.Ordinal)
	for template, claim := range claims {
		if claim == nil {
			pod.aligned = false
			name := s.Set.ClaimName(s.Set.Claims[template], pod.Ordinal)
			claims[template], s.byName = &Claim{Name: name, template: template, ordinal: pod.Ordinal}, nil
			s.step(Step{Kind: ClaimCreated, Object: name})
		} else if claim.Terminating {
			works = false
		}
	}
	return works
}

// alignClaims writes the owner references that the retention policy asks for: updateClaimOwnerRefForSetAndPod.
func (s *simulation) alignClaims(pod *Pod) {
	if pod.aligned {
		return
	}
	pod.aligned = true
	for _, claim := range s.claimsAt(pod.Ordinal) {
		if claim == nil || s.isAligned(claim, pod) {
			continue
		}
		name := s.podName(pod)
		unexpected := s.hasUnexpectedOwner(claim, pod)
		claim.Owners = slices.DeleteFunc(claim.Owners, func(owner Owner) bool {
			return owner.is(setKind, s.Set.Name) || owner.is(podKind, name)
		})
		ownedBySet, ownedByPod := s.wantedOwners(pod)
		if ownedBySet && !unexpected {
			claim.add(Owner{Kind: setKind, Name: s.Set.Name, UID: s.Set.UID, Controller: true})
		}
		if ownedByPod && !unexpected {
			claim.add(Owner{Kind: podKind, Name: name, UID: pod.UID, Controller: true})
		}
		s.step(Step{Kind: ClaimOwned, Object: claim.Name, Owners: slices.Clone(claim.Owners)})
	}
}

// wantedOwners is the retention policy: the deletion of an owner deletes the claim.
func (s *simulation) wantedOwners(pod *Pod) (set, byPod bool) {
	scaledDown := s.Set.DeleteWhenScaled && !s.Set.within(pod.Ordinal)
	return s.Set.DeleteWhenDeleted && !scaledDown, scaledDown
}

// isAligned models isClaimOwnerUpToDate: claims with owners of an earlier set or pod are left alone.
func (s *simulation) isAligned(claim *Claim, pod *Pod) bool {
	if len(claim.Owners) == 0 {
		ownedBySet, ownedByPod := s.wantedOwners(pod)
		return !ownedBySet && !ownedByPod
	}
	if claim.isStale(setKind, s.Set.Name, s.Set.UID) || claim.isStale(podKind, s.podName(pod), pod.UID) {
		return true
	}
	bySet, byPod := claim.isOwnedBy(s.Set.UID), claim.isOwnedBy(pod.UID)
	if s.hasUnexpectedOwner(claim, pod) {
		return !bySet && !byPod
	}
	for _, owner := range claim.Owners {
		if !owner.Controller && (owner.UID == s.Set.UID || owner.UID == pod.UID) {
			return false
		}
	}
	wantSet, wantPod := s.wantedOwners(pod)
	return bySet == wantSet && byPod == wantPod
}

// hasUnexpectedOwner reports another controller of the claim, or an earlier set or pod of the same name.
func (s *simulation) hasUnexpectedOwner(claim *Claim, pod *Pod) bool {
	if !s.Set.DeleteWhenDeleted && !s.Set.DeleteWhenScaled {
		return false
	}
	for _, owner := range claim.Owners {
		switch {
		case owner.is(setKind, s.Set.Name):
			if owner.UID != s.Set.UID {
				return true
			}
		case owner.is(podKind, s.podName(pod)):
			if owner.UID != pod.UID {
				return true
			}
		case owner.Controller:
			return true
		}
	}
	return false
}

// hasStaleClaim reports whether a claim still belongs to an earlier pod whose deletion will delete it: PodClaimIsStale.
func (s *simulation) hasStaleClaim(pod *Pod) bool {
	if !s.Set.DeleteWhenScaled {
		return false
	}
	for _, claim := range s.claimsAt(pod.Ordinal) {
		if claim != nil && claim.isStale(podKind, s.podName(pod), pod.UID) {
			return true
		}
	}
	return false
}

func (o Owner) is(kind, name string) bool { return o.Kind == kind && o.Name == name }

func (c *Claim) isOwnedBy(uid string) bool {
	return slices.ContainsFunc(c.Owners, func(owner Owner) bool { return owner.UID == uid })
}

// isStale reports whether the first owner of that kind and name is another object.
func (c *Claim) isStale(kind, name, uid string) bool {
	for _, owner := range c.Owners {
		if owner.is(kind, name) {
			return owner.UID != uid
		}
	}
	return false
}

func (c *Claim) add(owner Owner) {
	if !c.isOwnedBy(owner.UID) {
		c.Owners = append(c.Owners, owner)
	}
}
