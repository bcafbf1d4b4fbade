# METADATA
# title: What containers are told
# description: |
#   The folders that a container is told of by its command, its arguments and its variables, as --data-dir=/data,
#   --dbpath /data or PGDATA do.
package stateward.lib.told

import data.stateward.lib.mounts

# METADATA
# title: Options
# description: |
#   The values of options of the command and its arguments, as a set of {name, value}. Names have no dashes before
#   them. A shell's script is read word by word.
options(container, names) := {{"name": name, "value": value} |
	words := _words(container)
	some index, word in words
	[name, value] := _option(word, concat("", array.slice(words, index + 1, index + 2)))
	name in names
}

# METADATA
# title: In a claim
# description: True for a text that names a folder within a claim that the container mounts.
# scope: document
in_a_claim(sts, container, text) if {
	some use in mounts.uses(sts, container)
	some path in regex.find_n(`/[^\s,:"']*`, text, -1)
	mounts.is_below(path, split(use.at, " (")[0])
}

# METADATA
# title: Names
# description: True for a container whose command, arguments or variables contain a text.
# scope: document
names(container, text) if says(container, text)

names(container, text) if {
	some variable in container.env
	_clean(variable.value) == text
}

# METADATA
# title: Says
# description: The same of the command and the arguments alone.
says(container, text) if {
	some word in _words(container)
	_ends_as(word, text)
}

_option(word, next) := [name, _clean(next)] if {
	not contains(word, "=")
	startswith(word, "-")
	not startswith(next, "-")
	name := trim_left(word, "-")
} else := [trim_left(match[1], "-"), _clean(match[2])] if {
	some match in regex.find_all_string_submatch_n(`^([^=]+)=(.+)$`, word, 1)
}

_words(container) := [part |
	some list in ["command", "args"]
	some word in container[list]
	is_string(word)
	some part in regex.split(`\s+`, word)
]

_ends_as(word, text) if _clean(word) == text

_ends_as(word, text) if endswith(_clean(word), sprintf("=%s", [text]))

# The same folder in its shortest form, and without quotes.
_clean(text) := mounts.clean(trim(text, `"'`))
