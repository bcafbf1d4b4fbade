package yamlpos

import "slices"

// field is a field of an object: the position of its key, and its value.
type field struct {
	key   Place
	value *Node
}

// fields are those of one object, in the order of the document. Nearly all objects have few, which are sooner looked
// through than looked up, and take far less memory so.
type fields struct {
	names  []string
	fields []field
	// index of each name, once there are many.
	index map[string]int
}

// fewFields are looked through.
const fewFields = 16

// newFields makes room for so many fields.
func newFields(room int) *fields {
	return &fields{names: make([]string, 0, room), fields: make([]field, 0, room)}
}

// get returns the field of this name; a nil set has none.
func (f *fields) get(name string) (field, bool) {
	if f == nil {
		return field{}, false
	}
	if at, found := f.find(name); found {
		return f.fields[at], true
	}
	return field{}, false
}

// set adds a field, or replaces the one of its name.
func (f *fields) set(name string, one field) {
	if at, found := f.find(name); found {
		f.fields[at] = one
		return
	}
	f.names, f.fields = append(f.names, name), append(f.fields, one)
	switch {
	case f.index != nil:
		f.index[name] = len(f.names) - 1
	case len(f.names) > fewFields:
		f.index = make(map[string]int, 2*len(f.names))
		for at, name := range f.names {
			f.index[name] = at
		}
	}
}

func (f *fields) find(name string) (at int, found bool) {
	if f.index != nil {
		at, found = f.index[name]
		return at, found
	}
	at = slices.Index(f.names, name)
	return at, at >= 0
}
