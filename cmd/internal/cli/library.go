package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/stateward/stateward/cmd/internal/artifact"
	"github.com/stateward/stateward/cmd/internal/vap"
	"github.com/stateward/stateward/policies"
)

// rulesFlag describes --rules, which several verbs have.
const rulesFlag = "`folder` of custom rules, as `stateward rules new` creates them, or oci://REPOSITORY@DIGEST"

// loadLibrary is the built-in library, and the rules of a folder or an artifact where one is given.
func loadLibrary(ctx context.Context, rules string) (*policies.Library, error) {
	library, _, err := loadRules(ctx, rules)
	return library, err
}

// loadRules is loadLibrary with the files of the user's rules, nil where there are none.
func loadRules(ctx context.Context, rules string) (library *policies.Library, own fs.FS, err error) {
	library, err = policies.Embedded()
	if err != nil || rules == "" {
		return library, nil, err
	}
	if own, err = openRules(ctx, rules); err != nil {
		return nil, nil, usageError{fmt.Errorf("read rules: %w", err)}
	}
	if library, err = library.Extend(own, rules); err != nil {
		return nil, nil, usageError{err}
	}
	if err := vap.Check(library); err != nil {
		return nil, nil, usageError{err}
	}
	return library, own, nil
}

func openRules(ctx context.Context, rules string) (fs.FS, error) {
	if isArtifact(rules) {
		return artifact.Rules(ctx, rules)
	}
	folder, err := policies.Mounted(rules)
	return os.DirFS(folder), err
}

func isArtifact(rules string) bool { return strings.HasPrefix(rules, artifact.Scheme) }
