package tour

import "slices"

// Steps is the tour: what the tutorial types, in its order and as it prints it, then what a tired person might type
// instead, then the ways that are open.
func Steps() []Step {
	return slices.Concat(create(), scale(), images(), canary(), onDelete(), dangers(), service(), orphan(), remove())
}

const showImages = `kubectl get pods -l app=nginx -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image`

// ofWeb lists what is said whenever the tutorial's StatefulSet is made: what is put right, and what its author may want to
// think of before it holds data.
func ofWeb() []string {
	return []string{
		"default-selector", "claim-class-annotation",
		"readiness-gate", "spread", "disruption-budget", "storage-class-fit",
	}
}

func create() []Step {
	return []Step{
		{
			Title:   "1. Create",
			Command: "kubectl create -f web.yaml",
			Verdict: Corrected, Rules: ofWeb(),
			Shows: []string{"service/nginx created", "statefulset.apps/web created"},
			Why:   "A current API server refuses this manifest for want of spec.selector; Stateward fills it in, and drops an annotation that does nothing. The rest is advice that is cheapest to take now.",
			Then:  podsReady(2),
		},
		{Command: "kubectl get service nginx", Shows: []string{"None"}},
		{Command: "kubectl get statefulset web", Shows: []string{"2/2"}},
		{Command: "kubectl get pvc", Shows: []string{"www-web-0", "www-web-1", "Bound"}},
		{Command: "kubectl get pods -l app=nginx", Shows: []string{"web-0", "web-1", "Running"}},
		{Asks: "nslookup web-0.nginx (the tutorial asks from a busybox pod; kwok's pods run no program, so the tour asks CoreDNS itself)", Look: nslookup("web-0.nginx"), Why: "The cluster's CoreDNS answers with the pod's address: that is what the headless Service is for."},
	}
}

func scale() []Step {
	return []Step{
		{
			Title:   "2. Scale",
			Command: "kubectl scale statefulset web --replicas=5", Verdict: Allowed,
			Why:  "More replicas than the partition (0) are fine.",
			Then: podsReady(5),
		},
		{
			Command: `kubectl patch statefulset web -p '{"spec":{"replicas":3}}'`, Verdict: Allowed,
			Why:  "Fewer are fine too, as long as the partition is not above them.",
			Then: podsReady(3),
		},
	}
}

func images() []Step {
	return []Step{{
		Title:   "3. Update the image",
		Command: `kubectl patch sts web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"nginx:1.9.1"}]'`,
		Verdict: Warned, Rules: []string{"readiness-gate", "canary-first"},
		Why:  "From 1.7.9 up to 1.9.1 is within the major version. Nothing would tell if it were a bad image, and it goes to all pods.",
		Then: imagesAre("nginx:1.9.1", "nginx:1.9.1", "nginx:1.9.1"),
	}}
}

func canary() []Step {
	return []Step{
		{
			Title:   "3a. RollingUpdate with a partition: a canary on 5 pods",
			Command: "kubectl scale statefulset web --replicas=5", Verdict: Allowed,
			Then: podsReady(5),
		},
		{
			Command: `kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":3}}}}'`,
			Verdict: Allowed, Why: "Partition 3 of 5: an update reaches web-3 and web-4 only.",
		},
		{
			Command: `kubectl patch sts web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"nginx:1.11.1"}]'`,
			Verdict: Warned, Rules: []string{"readiness-gate", "canary-first"},
			Why:  "Up within the major version again, and behind the partition; one pod would do for a canary.",
			Then: imagesAre("nginx:1.9.1", "nginx:1.9.1", "nginx:1.9.1", "nginx:1.11.1", "nginx:1.11.1"),
		},
		{Command: showImages, Why: "The canaries run the new image."},
		{
			Command: `kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}}}}'`,
			Verdict: Allowed, Why: "The canaries are updated and Ready: the rest follows.",
			Then: imagesAre("nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1"),
		},
	}
}

func onDelete() []Step {
	return []Step{
		{
			Title:   "3b. OnDelete",
			Command: `kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}'`,
			Verdict: Allowed, Why: "Pods now change only when somebody deletes them.",
		},
		{
			Command: `kubectl patch sts web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"nginx:1.13.1"}]'`,
			Verdict: Warned, Rules: []string{"on-delete"},
			Why: "Nothing happens by itself now; Stateward says in which order to delete the pods.",
		},
		{
			Command: "kubectl delete pod web-4", Verdict: Allowed,
			Why:  "web-4 comes back with the new image, the others keep theirs.",
			Then: imagesAre("nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.13.1"),
		},
		{Command: showImages},
		{
			Command: `kubectl patch sts web -p '{"spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}}}'`,
			Verdict: Warned, Rules: []string{"readiness-gate"},
			Why:  "Back to RollingUpdate, with 3 replicas and web-2 as canary.",
			Then: imagesAre("nginx:1.11.1", "nginx:1.11.1", "nginx:1.13.1"),
		},
	}
}

func dangers() []Step {
	return []Step{
		{
			Title:   "4. What a tired person might type",
			Command: `kubectl patch sts web -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":99}}}}'`,
			Verdict: Denied, Rules: []string{"partition-range"},
			Why: "Kubernetes takes a partition of 99 with 3 replicas, and no update reaches a pod ever after.",
		},
		{
			Command: "kubectl set image sts/web nginx=nginx:latest",
			Verdict: Denied, Rules: []string{"image-tag", "image-change", "readiness-gate", "rollout-in-progress"},
			Why: "latest is whatever the registry holds when a pod restarts. All reasons come at once.",
		},
		{
			Command: "kubectl set image sts/web nginx=nginx:1.7.9",
			Verdict: Denied, Rules: []string{"image-change", "readiness-gate", "rollout-in-progress"},
			Why: "Older software seldom reads the data of newer software. And the canary before is still alone with its image.",
		},
		{
			Command: "kubectl scale statefulset web --replicas=1",
			Verdict: Denied, Rules: []string{"partition-range"},
			Why: "A Scale knows nothing of partitions; Stateward looks at the StatefulSet behind it.",
		},
		{
			Command: "kubectl delete statefulset web",
			Verdict: Denied, Rules: []string{"cascade-delete"},
			Why: "The tutorial's own command stops every pod at once.",
		},
		{
			Command: "kubectl delete pvc www-web-0",
			Verdict: Denied, Rules: []string{"claim-in-use"},
			Why: "web-0 comes back to this claim by its name, and would find an empty disk.",
		},
		{
			Command: "kubectl delete --raw /apis/apps/v1/namespaces/default/statefulsets",
			Verdict: Denied, Rules: []string{"cascade-delete"},
			Why: "A deletecollection names no object; Stateward reads the name from the object itself.",
		},
	}
}

func service() []Step {
	return []Step{
		{
			Title:   "5. The Service that gives the pods their names",
			Command: "kubectl delete service nginx",
			Verdict: Denied, Rules: []string{"service-in-use"},
			Why: "The pods would go on running and lose their names. Whoever means it pastes the command of the denial:",
		},
		{
			Command: pasted, Verdict: Corrected, Rules: []string{"confirmed-by"},
			Why: "For ten minutes the deletion of this Service is confirmed, and it is on record by whom.",
		},
		{
			Command: "kubectl delete service nginx",
			Verdict: Warned, Rules: []string{"service-in-use"},
			Why: "Confirmed, so it goes through, and is on record.",
		},
		{Asks: "nslookup web-0.nginx", Look: nslookupGone("web-0.nginx"), Shows: []string{"NXDOMAIN"}, Why: "The pod runs, and nobody finds it."},
		{
			Command: "kubectl patch sts web -p '{\"spec\":{\"minReadySeconds\":1}}'",
			Verdict: Warned, Rules: []string{"headless-service"},
			Why: "An update that leaves the fault alone is not stopped for it, only told of it.",
		},
		{
			Command: "kubectl create service clusterip nginx --clusterip=None --tcp=80",
			Verdict: Allowed, Why: "The Service comes back, headless, with the selector app=nginx.",
		},
		{Asks: "nslookup web-0.nginx", Look: nslookup("web-0.nginx"), Why: "And so do the names."},
	}
}

func orphan() []Step {
	return []Step{
		{
			Title:   "6. Delete the StatefulSet and keep its pods",
			Command: "kubectl delete sts web --cascade=false",
			Verdict: Warned, Rules: []string{"orphan-delete"},
			Why:  "A current kubectl still takes --cascade=false and calls it --cascade=orphan. Nobody restarts the pods now.",
			Then: orphaned,
		},
		{Command: "kubectl get pods -l app=nginx", Shows: []string{"web-0", "web-1", "web-2"}},
		{
			Command: "kubectl delete pod web-1", Verdict: Allowed,
			Why:  "It does not come back: there is no StatefulSet to bring it.",
			Then: podsAre("web-0", "web-2"),
		},
		{
			Command: "kubectl apply -f web.yaml",
			Verdict: Corrected, Rules: ofWeb(),
			Why:  "The set of the manifest (2 replicas) takes over what its selector matches, and puts the rest right.",
			Then: podsReady(2),
		},
		{
			Command: "kubectl apply -f web.yaml",
			Verdict: Corrected, Rules: []string{"claim-class-annotation"},
			Shows: []string{"statefulset.apps/web"},
			Why:   "The same once more is no change, and is corrected in the same way: templates cannot be changed, not even back.",
		},
	}
}

func remove() []Step {
	return []Step{
		{
			Title:   "7. Delete it all",
			Command: "kubectl delete statefulset web",
			Verdict: Denied, Rules: []string{"cascade-delete"},
			Why: "Scaling to 0 first would stop the pods in order. Whoever will not wait confirms:",
		},
		{Command: pasted, Verdict: Corrected, Rules: []string{"confirmed-by"}, Why: "The same way as for the Service."},
		{
			Command: "kubectl delete statefulset web",
			Verdict: Warned, Rules: []string{"cascade-delete"},
			Why:  "Confirmed. The controllers finish the deletion unhindered.",
			Then: podsAre(),
		},
		{Command: "kubectl get pods -l app=nginx", Shows: []string{"No resources found"}},
		{
			Command: "kubectl delete service nginx", Verdict: Allowed,
			Why: "It governs nothing any more.",
		},
		{Asks: "nslookup web-0.nginx", Look: nslookupGone("web-0.nginx"), Shows: []string{"NXDOMAIN"}},
		{
			Command: "kubectl delete pvc www-web-0 www-web-1", Verdict: Allowed,
			Why: "No StatefulSet uses these claims.",
		},
		{
			Title:   "8. Yours",
			Command: "kubectl create -f web.yaml",
			Verdict: Corrected, Rules: ofWeb(),
			Why:  "Once more, so that there is something to try things on.",
			Then: podsReady(2),
		},
	}
}
