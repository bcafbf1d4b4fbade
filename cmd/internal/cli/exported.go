package cli

import (
	"context"
	"fmt"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/replay"
	"github.com/stateward/stateward/policies"
)

// largestExport is the largest --data of a replay, in bytes: that of an audit without --max-file-size.
const largestExport = 2 << 30

// readExported reads existing objects in the format of `kubectl get -o yaml`. Beside documents, the error says what could
// not be read.
func readExported(ctx context.Context, paths []string, most int64, read func(done, total int)) ([]manifest.Document, error) {
	exported, err := manifest.Read(ctx, paths, manifest.Options{
		MaxBytes: most, MaxTotalBytes: most, TotalFlag: "--max-file-size", Progress: read,
		Needs: func(manifest.Document) manifest.Need { return manifest.Object },
	})
	for _, document := range exported.Documents {
		if document.IsAdmissionReview() {
			return nil, fmt.Errorf("%s: an AdmissionReview is not an existing object: remove it from --data", document.Position(nil))
		}
	}
	return exported.Documents, err
}

// exportOf reads the inventory of an audit log, nil without --data. A part that cannot be read is an error: what it holds would
// be taken for absent.
func exportOf(ctx context.Context, paths []string, progress *progress) (*replay.Export, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	documents, err := readExported(ctx, paths, largestExport, progress.of("read", "files"))
	if err != nil {
		return nil, usageError{fmt.Errorf("read --data: %w", err)}
	}
	made := replay.NewExport()
	for _, document := range documents {
		resource, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind)
		if !known {
			continue
		}
		if err := made.Add(resource, document.Raw); err != nil {
			return nil, usageError{fmt.Errorf("read --data: %s: %w", document.Position(nil), err)}
		}
	}
	return made, nil
}
