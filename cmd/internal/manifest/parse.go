package manifest

import (
	"errors"
	"fmt"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// Parse returns the objects in one file. The name is only used for positions.
// Together with an error it returns the documents that are in order, so that a
// caller can report on both.
func Parse(name string, data []byte, opts Options) (Input, error) {
	read := parse(name, data, opts.withDefaults())
	return read.Input, join(read.errs)
}

// ParseFound returns the objects in a file that was found in a folder and not named: it need not be a manifest.
func ParseFound(name string, data []byte, opts Options) (Input, error) {
	opts.lenient = true
	return Parse(name, data, opts)
}

// contents are what one file holds.
type contents struct {
	Input

	errs []Error
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
		extra := yamlpos.FaultAt(values[1].Root.Place, "a second object in a file that may hold only one; remove it")
		return Document{}, join(inFile(name, []yamlpos.Fault{extra}))
	}
	o, faults := readObject(values[0], typeMeta{})
	if len(faults) > 0 {
		return Document{}, join(inFile(name, faults))
	}
	return o.document(name, 1), nil
}

func parse(name string, data []byte, opts Options) contents {
	sort := sorter{file: name, opts: opts}
	if int64(len(data)) > opts.MaxBytes {
		sort.fault(data, []yamlpos.Fault{{Err: tooLarge(opts.MaxBytes)}})
		return sort.contents
	}
	decoded, faults := yamlpos.Text(data)
	if len(faults) > 0 {
		sort.fault(data, faults)
		return sort.contents
	}
	if opts.lenient && !mayBeManifest(decoded) {
		sort.leaveOut(yamlpos.Place{}, NotKubernetes)
		return sort.contents
	}
	chunks, faults := yamlpos.Split(decoded)
	sort.fault(decoded, faults)
	texts := textsOf(decoded, chunks)
	for index, c := range chunks {
		v, wrong := yamlpos.Load(c, opts.limits())
		if len(wrong) > 0 {
			sort.fault(c.Text, wrong)
			continue
		}
		if !v.Blank() {
			sort.value(c, v, texts[index])
		}
	}
	return sort.contents
}

// load returns the documents of a file that are not blank.
func load(data []byte, opts Options) (values []yamlpos.Value, faults []yamlpos.Fault) {
	if int64(len(data)) > opts.MaxBytes {
		return nil, []yamlpos.Fault{{Err: tooLarge(opts.MaxBytes)}}
	}
	decoded, faults := yamlpos.Text(data)
	if len(faults) > 0 {
		return nil, faults
	}
	chunks, faults := yamlpos.Split(decoded)
	for _, c := range chunks {
		v, wrong := yamlpos.Load(c, opts.limits())
		faults = append(append(faults, wrong...), v.Duplicates...)
		if len(wrong) == 0 && !v.Blank() {
			values = append(values, v)
		}
	}
	return values, faults
}

func (o Options) limits() yamlpos.Limits { return yamlpos.Limits{Bytes: o.MaxBytes, Depth: o.MaxDepth} }

func tooLarge(limit int64) error {
	return fmt.Errorf("the file is larger than %d bytes; split it", limit)
}

func fileError(name string, err error) Error {
	return Error{Position: Position{File: name}, Err: err}
}
