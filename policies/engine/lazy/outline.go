package lazy

import "github.com/open-policy-agent/opa/v1/ast"

// mark is an object or array of a text, in the order in which they begin.
type mark struct {
	// end is behind it, and next the first mark that is not in it. Before its end was found, they are the character that ends it
	// and the mark that it is in.
	end, next int32
	// size is how many things are in it, or 1 where nothing is.
	size int32
}

// maxDepth is how many objects and arrays may be in each other, as encoding/json has it.
const maxDepth = 10000

// outliner checks that a text is JSON and finds its objects and arrays, in one pass.
type outliner struct {
	text string
	// at is the current offset.
	at    int
	marks []mark
	// innermost is the last mark of those that have not ended, and depth is how many they are.
	innermost int32
	depth     int
	// unusable is about the first number that Rego cannot calculate with.
	unusable error
}

// outline scans a text once. valid is false if the text is not JSON; err is about a number that Rego cannot calculate with.
func outline(text string) (marks []mark, valid bool, err error) {
	o := outliner{text: text, marks: make([]mark, 0, 8+len(text)/32)}
	valid = o.document()
	return o.marks, valid, o.unusable
}

func (o *outliner) document() bool {
	for o.value() {
		for o.depth > 0 && o.ends() {
			o.close()
		}
		if o.depth == 0 {
			return o.next() == 0 && o.at == len(o.text)
		}
		if !o.take(',') || !o.key() {
			return false
		}
		o.marks[o.innermost].size++
	}
	return false
}

// value scans a value; of an object or array with something in it the first value too, and not the end.
func (o *outliner) value() bool {
	for {
		switch first := o.next(); first {
		case '"':
			return o.quoted()
		case '{', '[':
			if !o.begin(first) {
				return false
			}
			if o.ends() {
				return true
			}
			if !o.key() {
				return false
			}
		case 't':
			return o.word("true")
		case 'f':
			return o.word("false")
		case 'n':
			return o.word("null")
		default:
			return o.number()
		}
	}
}

func (o *outliner) begin(first byte) bool {
	// There are two characters from each opening bracket to its closing one.
	o.marks = append(o.marks, mark{end: int32(first) + 2, next: o.innermost, size: 1})
	o.innermost = int32(len(o.marks) - 1) //nolint:gosec // There are fewer than bytes.
	o.depth++
	o.at++
	return o.depth <= maxDepth
}

// ends reports whether the innermost object or array ends here.
func (o *outliner) ends() bool { return int32(o.next()) == o.marks[o.innermost].end }

func (o *outliner) close() {
	o.at++
	o.depth--
	closed := &o.marks[o.innermost]
	o.innermost = closed.next
	closed.end, closed.next = int32(o.at), int32(len(o.marks)) //nolint:gosec // The same.
}

// key scans what is before a value of an object, which is nothing in an array.
func (o *outliner) key() bool {
	return o.marks[o.innermost].end == ']' || o.next() == '"' && o.quoted() && o.take(':')
}

// next is the character that follows after space, 0 at the end.
func (o *outliner) next() byte {
	for o.at < len(o.text) {
		switch char := o.text[o.at]; char {
		case ' ', '\n', '\t', '\r':
			o.at++
		default:
			return char
		}
	}
	return 0
}

func (o *outliner) take(wanted byte) bool {
	if o.next() != wanted {
		return false
	}
	o.at++
	return true
}

func (o *outliner) word(wanted string) bool {
	end := o.at + len(wanted)
	if end > len(o.text) || o.text[o.at:end] != wanted {
		return false
	}
	o.at = end
	return true
}

// quoted scans a string.
func (o *outliner) quoted() bool {
	text := o.text
	for at := o.at + 1; at < len(text); at++ {
		switch char := text[at]; {
		case char > '\\':
			// Most characters are letters in lower case.
		case char == '"':
			o.at = at + 1
			return true
		case char < ' ':
			return false
		case char == '\\':
			length := escape(text[at:])
			if length == 0 {
				return false
			}
			at += length - 1
		}
	}
	return false
}

// escape is the length of the escape that begins a text, 0 where it is none.
func escape(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return 0
	}
	const length = len(`\u0000`)
	if len(text) < length {
		return 0
	}
	for _, char := range []byte(text[2:length]) {
		if !isHex(char) {
			return 0
		}
	}
	return length
}

func isHex(char byte) bool {
	return isDigit(char) || 'a' <= char|0x20 && char|0x20 <= 'f'
}

func isDigit(char byte) bool { return '0' <= char && char <= '9' }

// number scans a number.
func (o *outliner) number() bool {
	begin := o.at
	if o.at < len(o.text) && o.text[o.at] == '-' {
		o.at++
	}
	if whole := o.digits(); whole == 0 || whole > 1 && o.text[o.at-whole] == '0' {
		return false
	}
	if o.at < len(o.text) && o.text[o.at] == '.' {
		o.at++
		if o.digits() == 0 {
			return false
		}
	}
	if o.at < len(o.text) && o.text[o.at]|0x20 == 'e' {
		if o.at++; o.at < len(o.text) && (o.text[o.at] == '+' || o.text[o.at] == '-') {
			o.at++
		}
		if o.digits() == 0 {
			return false
		}
		if _, err := ast.NumberChecked(o.text[begin:o.at]); err != nil && o.unusable == nil {
			o.unusable = err
		}
	}
	return true
}

// digits scans digits and returns how many there are.
func (o *outliner) digits() int {
	begin := o.at
	for o.at < len(o.text) && isDigit(o.text[o.at]) {
		o.at++
	}
	return o.at - begin
}
