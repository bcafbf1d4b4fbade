package engine

// wantedIndex finds names by labels of which theirs are a part. Names that want the same keys are kept together, by the
// values: there are few such sets of keys, however many names there are.
type wantedIndex struct{ byKeys map[string]*wantedKeys }

type wantedKeys struct {
	keys     []string
	byValues map[string][]string
}

func newWantedIndex() *wantedIndex { return &wantedIndex{byKeys: map[string]*wantedKeys{}} }

func (i *wantedIndex) add(name string, labels Labels) {
	keys := labels.keys()
	id := joined(keys)
	if i.byKeys[id] == nil {
		i.byKeys[id] = &wantedKeys{keys: keys, byValues: map[string][]string{}}
	}
	values, _ := labels.values(keys)
	i.byKeys[id].byValues[values] = append(i.byKeys[id].byValues[values], name)
}

func (i *wantedIndex) within(labels Labels) (names []string) {
	for _, each := range i.byKeys {
		if values, ok := labels.values(each.keys); ok {
			names = append(names, each.byValues[values]...)
		}
	}
	return names
}

// givenIndex finds names by a part of their labels.
type givenIndex struct{ byPair map[[2]string][]givenLabels }

type givenLabels struct {
	name   string
	labels Labels
}

func newGivenIndex() *givenIndex { return &givenIndex{byPair: map[[2]string][]givenLabels{}} }

func (i *givenIndex) add(name string, labels Labels) {
	for key, value := range labels {
		pair := [2]string{key, value}
		i.byPair[pair] = append(i.byPair[pair], givenLabels{name, labels})
	}
}

// having looks where the fewest are.
func (i *givenIndex) having(labels Labels) (names []string) {
	var fewest []givenLabels
	for index, key := range labels.keys() {
		if found := i.byPair[[2]string{key, labels[key]}]; index == 0 || len(found) < len(fewest) {
			fewest = found
		}
	}
	for _, each := range fewest {
		if each.labels.Has(labels) {
			names = append(names, each.name)
		}
	}
	return names
}
