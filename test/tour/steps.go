package tour

import "slices"

// Steps is the tour: the commands of the tutorial in their order, then dangerous commands, then the safe alternatives.
func Steps() []Step {
	return slices.Concat(create(), scale(), images(), canary(), onDelete(), dangers(), service(), orphan(), remove())
}

const showImages = `kubectl get pods -l app=nginx -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image`

// ofWeb lists the findings for the tutorial's StatefulSet: what is corrected, and what its author should decide before it
// holds data.
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
			Why:   "The API server would reject this manifest: it has no spec.selector. Stateward fills it in and removes an annotation that does nothing. The warnings are easiest to act on now.",
			Then:  podsReady(2),
		},
		{Command: "kubectl get service nginx", Shows: []string{"None"}},
		{Command: "kubectl get statefulset web", Shows: []string{"2/2"}},
		{Command: "kubectl get pvc", Shows: []string{"www-web-0", "www-web-1", "Bound"}},
		{Command: "kubectl get pods -l app=nginx", Shows: []string{"web-0", "web-1", "Running"}},
		{Asks: "nslookup web-0.nginx (the tutorial asks from a busybox pod; kwok's pods run no program, so the tour asks CoreDNS itself)", Look: nslookup("web-0.nginx"), Why: "CoreDNS returns the address of the pod: this is what the headless Service is for."},
	}
}

func scale() []Step {
	return []Step{
		{
			Title:   "2. Scale",
			Command: "kubectl scale statefulset web --replicas=5", Verdict: Allowed,
			Why:  "Scaling up is safe while the partition is 0.",
			Then: podsReady(5),
		},
		{
			Command: `kubectl patch statefulset web -p '{"spec":{"replicas":3}}'`,
			Verdict: Warned, Rules: []string{"scale-down"},
			Why:  "Scaling down stops the last pods. Their claims stay, and the warning names them.",
			Then: podsReady(3),
		},
	}
}

func images() []Step {
	return []Step{{
		Title:   "3. Update the image",
		Command: `kubectl patch sts web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"nginx:1.9.1"}]'`,
		Verdict: Warned, Rules: []string{"readiness-gate", "canary-first"},
		Why:  "1.7.9 to 1.9.1 stays within the major version. But no probe would detect a bad image, and it reaches all pods.",
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
			Verdict: Allowed, Why: "With partition 3 of 5 an update reaches only web-3 and web-4.",
		},
		{
			Command: "stateward plan --image sts/web=nginx:1.11.1", Exit: 2, Rules: []string{"readiness-gate", "canary-first"},
			Shows: []string{"web-4 stops", "partition 3 keeps these pods at their revision", "restarts: web-4, web-3"},
			Why:   "The plan says before the change what it does: two pods restart, the others wait, and where a bad image would be stuck.",
		},
		{
			Command: `kubectl patch sts web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"nginx:1.11.1"}]'`,
			Verdict: Warned, Rules: []string{"readiness-gate", "canary-first"},
			Why:  "The new image is limited by the partition, but two pods run it first; one is enough for a canary.",
			Then: imagesAre("nginx:1.9.1", "nginx:1.9.1", "nginx:1.9.1", "nginx:1.11.1", "nginx:1.11.1"),
		},
		{Command: showImages, Why: "As planned: web-4 and web-3 run the new image, and the others keep theirs."},
		{
			Command: `kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}}}}'`,
			Verdict: Allowed, Why: "The canaries are updated and Ready, so the other pods may follow.",
			Then: imagesAre("nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1"),
		},
	}
}

func onDelete() []Step {
	return []Step{
		{
			Title:   "3b. OnDelete",
			Command: `kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}'`,
			Verdict: Allowed, Why: "From now on a pod changes only when it is deleted.",
		},
		{
			Command: `kubectl patch sts web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"nginx:1.13.1"}]'`,
			Verdict: Warned, Rules: []string{"on-delete"},
			Why: "The pods keep the old image. Stateward prints the order in which to delete them.",
		},
		{
			Command: "kubectl delete pod web-4", Verdict: Allowed,
			Why:  "web-4 is recreated with the new image; the others keep theirs.",
			Then: imagesAre("nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.11.1", "nginx:1.13.1"),
		},
		{Command: showImages},
		{
			Command: `kubectl patch sts web -p '{"spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}}}'`,
			Verdict: Warned, Rules: []string{"on-delete", "readiness-gate", "scale-down"},
			Why:  "Back to RollingUpdate, with 3 replicas and web-2 as the canary.",
			Then: imagesAre("nginx:1.11.1", "nginx:1.11.1", "nginx:1.13.1"),
		},
	}
}

func dangers() []Step {
	return []Step{
		{
			Title:   "4. Dangerous commands",
			Command: `kubectl patch sts web -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":99}}}}'`,
			Verdict: Denied, Rules: []string{"partition-range"},
			Why: "Kubernetes accepts partition 99 with 3 replicas, and no later update would reach a pod.",
		},
		{
			Command: "kubectl set image sts/web nginx=nginx:latest",
			Verdict: Denied, Rules: []string{"image-tag", "image-change", "readiness-gate", "rollout-in-progress"},
			Why: "latest is whatever the registry holds when a pod restarts. A denial lists all reasons at once.",
		},
		{
			Command: "kubectl set image sts/web nginx=nginx:0.8.0",
			Verdict: Denied, Rules: []string{"image-change", "readiness-gate", "rollout-in-progress"},
			Why: "A lower major version can seldom read the data of a higher one, and the previous rollout is not finished.",
		},
		{
			Command: "kubectl scale statefulset web --replicas=1",
			Verdict: Denied, Rules: []string{"partition-range", "scale-down"},
			Why: "A Scale has no partition; Stateward looks up the StatefulSet that it scales.",
		},
		{
			Command: "kubectl delete statefulset web",
			Verdict: Denied, Rules: []string{"cascade-delete"},
			Why: "This command of the tutorial stops every pod at once.",
		},
		{
			Command: "kubectl delete pvc www-web-0",
			Verdict: Denied, Rules: []string{"claim-in-use"},
			Why: "web-0 finds its data by the name of this claim; its next start would find an empty disk.",
		},
		{
			Command: "kubectl delete --raw /apis/apps/v1/namespaces/default/statefulsets",
			Verdict: Denied, Rules: []string{"cascade-delete"},
			Why: "A deletecollection request has no name; Stateward reads it from each object.",
		},
	}
}

func service() []Step {
	return []Step{
		{
			Title:   "5. The Service behind the pod names",
			Command: "kubectl delete service nginx",
			Verdict: Denied, Rules: []string{"service-in-use"},
			Why: "The pods would keep running but lose their DNS names. If you want this, paste the command:",
		},
		{
			Command: pasted, Verdict: Corrected, Rules: []string{"confirmed-by"},
			Why: "The deletion is confirmed for ten minutes, and Stateward records by whom.",
		},
		{
			Command: "kubectl delete service nginx",
			Verdict: Warned, Rules: []string{"service-in-use"},
			Why: "The deletion is confirmed, so it is allowed and recorded.",
		},
		{Asks: "nslookup web-0.nginx", Look: nslookupGone("web-0.nginx"), Shows: []string{"NXDOMAIN"}, Why: "The pod runs, but its name does not resolve."},
		{
			Command: "kubectl patch sts web -p '{\"spec\":{\"minReadySeconds\":1}}'",
			Verdict: Warned, Rules: []string{"headless-service"},
			Why: "An existing problem that an update does not touch is only a warning.",
		},
		{
			Command: "kubectl create service clusterip nginx --clusterip=None --tcp=80",
			Verdict: Allowed, Why: "The Service is recreated, headless, with the selector app=nginx.",
		},
		{Asks: "nslookup web-0.nginx", Look: nslookup("web-0.nginx"), Why: "The names resolve again."},
	}
}

func orphan() []Step {
	return []Step{
		{
			Title:   "6. Delete the StatefulSet and keep its pods",
			Command: "kubectl delete sts web --cascade=false",
			Verdict: Warned, Rules: []string{"orphan-delete"},
			Why:  "kubectl still accepts --cascade=false and calls it --cascade=orphan. From now on no controller recreates the pods.",
			Then: orphaned,
		},
		{Command: "kubectl get pods -l app=nginx", Shows: []string{"web-0", "web-1", "web-2"}},
		{
			Command: "kubectl delete pod web-1", Verdict: Allowed,
			Why:  "It is not recreated, because the StatefulSet is gone.",
			Then: podsAre("web-0", "web-2"),
		},
		{
			Command: "kubectl apply -f web.yaml",
			Verdict: Corrected, Rules: append(ofWeb(), "image-change", "scale-down"),
			Why:  "The new StatefulSet (2 replicas) adopts the pods that its selector matches, stops web-2, and takes web-0 back to its older image.",
			Then: podsReady(2),
		},
		{
			Command: "kubectl apply -f web.yaml",
			Verdict: Corrected, Rules: []string{"claim-class-annotation"},
			Shows: []string{"statefulset.apps/web"},
			Why:   "Applying the same manifest again changes nothing: it is corrected in the same way. kubectl prints configured, because the file differs from what is stored.",
		},
	}
}

func remove() []Step {
	return []Step{
		{
			Title:   "7. Delete it all",
			Command: "stateward plan --delete sts/web", Exit: 2, Rules: []string{"cascade-delete"},
			Shows: []string{"StatefulSet web is deleted", "stops for good: web-0, web-1"},
			Why:   "The plan of the deletion: both pods stop at once, and their claims are not among what is deleted.",
		},
		{
			Command: "kubectl delete statefulset web",
			Verdict: Denied, Rules: []string{"cascade-delete"},
			Why: "Scaling to 0 first would stop the pods in order. To skip that, confirm the deletion:",
		},
		{Command: pasted, Verdict: Corrected, Rules: []string{"confirmed-by"}, Why: "Confirmation works in the same way as for the Service."},
		{
			Command: "kubectl delete statefulset web",
			Verdict: Warned, Rules: []string{"cascade-delete"},
			Why:  "The deletion is confirmed. Stateward does not block the controllers that complete it.",
			Then: podsAre(),
		},
		{Command: "kubectl get pods,pvc -l app=nginx", Shows: []string{"www-web-0", "www-web-1"}, Why: "As planned: the pods are gone, and the claims are still there."},
		{
			Command: "kubectl delete service nginx", Verdict: Allowed,
			Why: "The Service governs no StatefulSet now.",
		},
		{Asks: "nslookup web-0.nginx", Look: nslookupGone("web-0.nginx"), Shows: []string{"NXDOMAIN"}},
		{
			Command: "kubectl delete pvc www-web-0 www-web-1", Verdict: Allowed,
			Why: "No StatefulSet uses these claims.",
		},
		{
			Title:   "8. Your turn",
			Command: "kubectl create -f web.yaml",
			Verdict: Corrected, Rules: ofWeb(),
			Why:  "The StatefulSet is recreated, so that you can try your own commands.",
			Then: podsReady(2),
		},
	}
}
