package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-logr/logr"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/cluster"
	"github.com/stateward/stateward/webhook/metrics"
)

const (
	// reloadInterval is how often files and Guardrails are looked at; both are at hand, so that costs nothing.
	reloadInterval = time.Second
	// syncTimeout bounds the wait for the caches of what new rules read; after it, it is tried again.
	syncTimeout = 15 * time.Second
	// lastRequest is how long a request may still hold a Policy that is no longer in force.
	lastRequest = 30 * time.Second
)

// reloader brings changed rules and Guardrails into force. If one of them is invalid, all old ones stay.
type reloader struct {
	// load reads the library and the Guardrails from files, which are the rest of what is watched.
	load  func() (*policies.Library, *v1alpha1.Guardrails, error)
	files []string
	// stored are the Guardrails in the cluster; nil where a file has the say.
	stored  *storedGuardrails
	watches *cluster.Watches
	inForce *admission.InForce
	metrics *metrics.Metrics
	log     logr.Logger

	// tried is the fingerprint of what was last brought into force or refused.
	tried string
	// reads are the resources of the Policy in force.
	reads []string
}

func (r *reloader) run(ctx context.Context) error {
	return every(ctx, reloadInterval, func() { r.look(ctx) })
}

// look applies changes. It reports an invalid version once, and retries one that could not be read.
func (r *reloader) look(ctx context.Context) {
	found, err := r.fingerprint(ctx)
	if err != nil {
		r.log.Error(err, "rules and Guardrails cannot be read, those in force stay")
		return
	}
	if found == r.tried {
		return
	}
	decider, refused := r.compile(ctx)
	if refused != nil {
		r.log.Error(refused, "rules and Guardrails are refused, those in force stay")
		decider = r.fallback(ctx)
	}
	if decider != nil && !r.enforce(ctx, decider, refused != nil) {
		return
	}
	r.tried = found
	r.metrics.CountReload(refused)
	r.report(ctx, refused)
}

// fallback returns the engine that decides if no valid Guardrails have been in force: Guardrails that were broken before the start
// must not turn the webhook off.
func (r *reloader) fallback(ctx context.Context) *engine.Engine {
	if _, err := r.inForce.Current(); err == nil {
		return nil
	}
	library, guardrails, err := r.load()
	if err != nil {
		return nil
	}
	decider, err := engine.New(ctx, library, guardrails)
	if err != nil {
		return nil
	}
	return decider
}

// compile reads everything again.
func (r *reloader) compile(ctx context.Context) (*engine.Engine, error) {
	library, guardrails, err := r.load()
	if err != nil {
		return nil, err
	}
	if r.stored != nil {
		if guardrails, err = r.stored.parse(ctx, library); err != nil {
			return nil, err
		}
	}
	return engine.New(ctx, library, guardrails)
}

// enforce waits for the caches that the rules read, and brings the engine into force.
func (r *reloader) enforce(ctx context.Context, decider *engine.Engine, provisional bool) bool {
	waiting, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	inv, err := r.watches.Inventory(waiting, decider.Reads())
	if err != nil {
		r.log.Error(err, "new rules and Guardrails are not in force yet")
		return false
	}
	r.inForce.Set(&admission.Policy{Engine: decider, Inventory: inv, Provisional: provisional})
	r.watches.Release(ctx, r.reads, lastRequest, r.wanted)
	r.reads = decider.Reads()
	library, guardrails := decider.Revision()
	r.metrics.SetLibrary(library, guardrails)
	// To compile rules takes several times the memory that they need afterwards, and to fill caches as well.
	debug.FreeOSMemory()
	if why := decider.Unplanned(); why != nil {
		r.log.Info("the rules cannot be planned: decisions take several times as long", "reason", why.Error())
	}
	r.log.Info("in force", "library", library, "guardrails", guardrails, "reads", decider.Reads())
	return true
}

// wanted reports whether a rule in force reads the resource.
func (r *reloader) wanted(resource string) bool {
	policy, err := r.inForce.Current()
	return err != nil || slices.Contains(policy.Engine.Reads(), resource)
}

// report writes the status of the object in the cluster.
func (r *reloader) report(ctx context.Context, refused error) {
	if r.stored == nil {
		return
	}
	policy, err := r.inForce.Current()
	if err != nil {
		return
	}
	if err := r.stored.report(ctx, policy.Engine, refused); err != nil {
		r.log.Error(err, "the status of the Guardrails is not up to date")
	}
}

// fingerprint changes whenever a file or the Guardrails in the cluster do.
func (r *reloader) fingerprint(ctx context.Context) (string, error) {
	sum := sha256.New()
	for _, name := range r.files {
		if err := digest(sum, name); err != nil {
			return "", err
		}
	}
	if r.stored != nil {
		version, err := r.stored.version(ctx)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(sum, version)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// digest adds a file, or the files of a folder, with their names.
func digest(sum io.Writer, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return digestFile(sum, os.DirFS(filepath.Dir(name)), filepath.Base(name))
	}
	version, err := policies.Mounted(name)
	if err != nil {
		return err
	}
	folder := os.DirFS(version)
	return fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return digestFile(sum, folder, name)
	})
}

func digestFile(sum io.Writer, folder fs.FS, name string) error {
	content, err := fs.ReadFile(folder, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "%s %d\n%s\n", name, len(content), content)
	return err
}
