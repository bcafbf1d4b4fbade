package confirmations_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies/confirmations"
)

func TestStatusKeepsTheNewestUses(t *testing.T) {
	t.Parallel()
	use := func(second int) confirmations.Use {
		return confirmations.Use{
			Time: metav1.Unix(int64(second), 0), User: "alice", Operation: "DELETE", Resource: "statefulsets", Name: fmt.Sprintf("db-%d", second),
		}
	}
	uses := func(from, to int) (uses []confirmations.Use) {
		for second := from; second <= to; second++ {
			uses = append(uses, use(second))
		}
		return uses
	}
	newest := func(seconds ...int) (uses []confirmations.Use) {
		for _, second := range seconds {
			uses = append(uses, use(second))
		}
		return uses
	}
	at := func(second int64) *metav1.Time { return &metav1.Time{Time: time.Unix(second, 0)} }
	for name, test := range map[string]struct {
		before confirmations.Status
		added  []confirmations.Use
		want   confirmations.Status
	}{
		"none": {},
		"the first": {
			added: uses(7, 7),
			want:  confirmations.Status{Uses: 1, LastUsed: at(7), Recent: newest(7)},
		},
		"more than fit": {
			before: confirmations.Status{Uses: 40, LastUsed: at(3), Recent: newest(3, 2, 1)},
			added:  uses(4, 13),
			want:   confirmations.Status{Uses: 50, LastUsed: at(13), Recent: newest(13, 12, 11, 10, 9, 8, 7, 6, 5, 4)},
		},
		"those of another replica came later": {
			before: confirmations.Status{Uses: 2, LastUsed: at(9), Recent: newest(9, 5)},
			added:  uses(7, 7),
			want:   confirmations.Status{Uses: 3, LastUsed: at(9), Recent: newest(9, 7, 5)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := test.before
			got.Add(test.added...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}
