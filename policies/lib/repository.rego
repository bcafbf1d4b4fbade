# METADATA
# title: Repositories
# description: Which repositories hold the same image, and which are only mirrors of each other as far as names tell.
package stateward.lib.repository

# Known names of the same images. Sources: https://kubernetes.io/blog/2023/03/10/image-registry-redirect/,
# https://gallery.ecr.aws/docker, https://cloud.google.com/artifact-registry/docs/pull-cached-dockerhub-images,
# https://github.com/bitnami/charts/issues/35164, https://etcd.io/docs/v3.6/install/,
# https://hub.docker.com/_/vault, https://hub.docker.com/_/consul, https://hub.docker.com/_/elasticsearch,
# https://prometheus.io/docs/prometheus/latest/installation/.
_same := {
	"public.ecr.aws/docker/library": "docker.io/library",
	"mirror.gcr.io/library": "docker.io/library",
	"mirror.gcr.io": "docker.io",
	"public.ecr.aws/bitnami": "docker.io/bitnami",
	"docker.io/bitnamilegacy": "docker.io/bitnami",
	"k8s.gcr.io": "registry.k8s.io",
	"gcr.io/google_containers": "registry.k8s.io",
	"gcr.io/google-containers": "registry.k8s.io",
	"registry-1.docker.io": "docker.io",
	"registry.hub.docker.com": "docker.io",
	"docker.io/library/vault": "docker.io/hashicorp/vault",
	"docker.io/library/consul": "docker.io/hashicorp/consul",
	"docker.elastic.co/elasticsearch/elasticsearch": "docker.io/library/elasticsearch",
	"quay.io/prometheus": "docker.io/prom",
	"quay.io/minio/minio": "docker.io/minio/minio",
	"docker.redpanda.com/redpandadata": "docker.io/redpandadata",
	"cr.weaviate.io/semitechnologies": "docker.io/semitechnologies",
	"gcr.io/etcd-development": "quay.io/coreos",
}

# METADATA
# title: Canonical
# description: |
#   The repository that this one is a name of, by the table above and by mirrors, which maps a repository, or a part of
#   one before a slash, to a list of others that hold the same.
canonical(repository, mirrors) := name if {
	candidates := array.concat(
		[sprintf("%s%s", [original, rest]) |
			some original, others in mirrors
			some other in others
			rest := _below(repository, other)
		],
		[sprintf("%s%s", [original, rest]) |
			some other, original in _same
			startswith(repository, other)
			rest := _below(repository, other)
		],
	)
	name := candidates[0]
} else := repository

# METADATA
# title: Mirrored
# description: |
#   True where one repository may be a mirror of the other: on another registry, its path ends with the other's. An
#   official image may be called without `library`.
# scope: document
mirrored(left, right) if {
	_registry(left) != _registry(right)
	_ends_with(_path(left), _path(right))
}

mirrored(left, right) if {
	_registry(left) != _registry(right)
	_ends_with(_path(right), _path(left))
}

# METADATA
# title: Of PostgreSQL
# description: |
#   True for the official image of PostgreSQL, its mirrors, and images that are made from it and keep its data folder.
# scope: document
of_postgres(repository) if canonical(repository, {}) in {
	"docker.io/library/postgres", "docker.io/pgvector/pgvector", "docker.io/postgis/postgis",
	"docker.io/timescale/timescaledb", "ghcr.io/immich-app/postgres",
}

of_postgres(repository) if {
	base(repository) == "postgres"
	mirrored(repository, "docker.io/library/postgres")
}

# METADATA
# title: Base
# description: The last part of a repository, which says what is in it.
base(repository) := parts[count(parts) - 1] if parts := split(repository, "/")

_below(repository, prefix) := trim_prefix(repository, prefix) if {
	startswith(sprintf("%s/", [repository]), sprintf("%s/", [prefix]))
}

_registry(repository) := split(repository, "/")[0]

_path(repository) := trim_prefix(substring(repository, indexof(repository, "/") + 1, -1), "library/")

_ends_with(path, end) if path == end

_ends_with(path, end) if {
	endswith(path, sprintf("/%s", [end]))
	contains(end, "/")
}

_ends_with(path, end) if endswith(path, sprintf("/library/%s", [end]))
