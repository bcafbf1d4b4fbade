package manifest

import (
	"errors"
	"fmt"
)

// Parse returns the objects in one file. The name is only used for positions.
// Together with an error it returns the documents that are in order, so that a
// caller can report on both.
func Parse(name string, data []byte, opts Options) ([]Document, error) {
	documents, errs := parse(name, data, opts.withDefaults())
	return documents, join(errs)
}

// Config reads a file that holds exactly one object, such as a configuration
// file. A list is not expanded.
func Config(name string, data []byte, opts Options) (Document, error) {
	values, faults := load(data, opts.withDefaults())
	if len(faults) > 0 {
		return Document{}, join(inFile(name, faults))
	}
	if len(values) == 0 {
		return Document{}, fileError(name, errors.New("the file holds no object; it needs one with apiVersion and kind"))
	}
	if len(values) > 1 {
		extra := faultAt(values[1].root.place, "a second object in a file that may hold only one; remove it")
		return Document{}, join(inFile(name, []fault{extra}))
	}
	o, faults := readObject(values[0], typeMeta{})
	if len(faults) > 0 {
		return Document{}, join(inFile(name, faults))
	}
	return o.document(name, 1), nil
}

func parse(name string, data []byte, opts Options) ([]Document, []Error) {
	values, faults := load(data, opts)
	var documents []Document
	for _, v := range values {
		objects, wrong := flatten(v, typeMeta{}, 0)
		faults = append(faults, limitFaults(wrong)...)
		for _, o := range objects {
			document := o.document(name, len(documents)+1)
			document.source = v.source
			documents = append(documents, opts.finish(document))
		}
	}
	return documents, inFile(name, faults)
}

// load returns the documents of a file that are not blank.
func load(data []byte, opts Options) (values []value, faults []fault) {
	if int64(len(data)) > opts.MaxBytes {
		return nil, []fault{{err: tooLarge(opts.MaxBytes)}}
	}
	decoded, faults := text(data)
	if len(faults) > 0 {
		return nil, faults
	}
	chunks, faults := split(decoded)
	texts := textsOf(decoded, chunks)
	for index, c := range chunks {
		v, wrong := loadChunk(c, opts)
		faults = append(faults, wrong...)
		if len(wrong) == 0 && !v.blank() {
			v.source = texts[index]
			values = append(values, v)
		}
	}
	return values, faults
}

func loadChunk(c chunk, opts Options) (value, []fault) {
	if c.json {
		return loadJSON(c, opts)
	}
	return loadYAML(c, opts)
}

// blank tells whether kubectl skips the document.
func (v value) blank() bool {
	return v.root == nil || string(v.raw) == "null"
}

func tooLarge(limit int64) error {
	return fmt.Errorf("the file is larger than %d bytes; split it", limit)
}

func fileError(name string, err error) Error {
	return Error{Position: Position{File: name}, Err: err}
}
