# METADATA
# title: Marks
# description: The former name of the package metadata, for rules of users that import it.
package stateward.lib.marks

import data.stateward.lib.metadata

confirm := metadata.confirm

until := metadata.until

reason := metadata.reason

rules := metadata.rules

for_time := metadata.for_time

confirmed_by := metadata.confirmed_by

confirmed_object := metadata.confirmed_object

canary_hold := metadata.canary_hold

kinds := metadata.kinds

unmarked := metadata.without_annotations

quorum := metadata.quorum

canary := metadata.canary

ephemeral := metadata.ephemeral

rollout_group := metadata.rollout_group

protections := metadata.protections

is_ephemeral(resource) if metadata.is_ephemeral(resource)

protects(resource, label) if metadata.protects(resource, label)

begins_with_canary(resource) if metadata.begins_with_canary(resource)

annotation(resource, key) := metadata.annotation(resource, key)

confirmation(resource) := metadata.confirmation(resource)
