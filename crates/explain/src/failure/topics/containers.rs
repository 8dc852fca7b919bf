//! Docker, images and registries.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "docker-daemon-missing",
        title: "there is no Docker daemon",
        hints: &["Cannot connect to the Docker daemon"],
        patterns: &[r"Cannot connect to the Docker daemon at (?P<address>\S+?)\. Is"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the `docker` client on PATH talks to a daemon at {address}, and none answers.",
        remedy: &[
            "unset `DOCKER_HOST`: without a docker of the machine, steps find the built-in `docker` command, which needs no daemon",
            "on a machine with Docker start it, and let the user of the job into the group `docker`",
        ],
    },
    Entry {
        id: "image-not-found",
        title: "the registry has no such image",
        hints: &["manifest unknown", "manifest for"],
        patterns: &[
            r"reading manifest (?P<tag>\S+) in (?P<image>[^\s:]+(?::\d+)?[^\s:]*): manifest unknown",
            r"manifest for (?P<image>[^\s:]+):(?P<tag>\S+) not found",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the registry answers that `{image}` has no tag or digest `{tag}`: it was never pushed, was removed, or has another name.",
        remedy: &[
            "compare name and tag with what the pushing job printed",
            "if another job pushes it, name that job in `needs:`",
        ],
    },
    Entry {
        id: "registry-unauthorized",
        title: "the registry wants a login",
        hints: &[
            "unauthorized: authentication required",
            "no basic auth credentials",
            "denied: requested access to the resource is denied",
        ],
        patterns: &[
            r"unauthorized: authentication required",
            r"no basic auth credentials",
            r"denied: requested access to the resource is denied",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the registry refused the request because it came without valid credentials, or with those of somebody who may not do it.",
        remedy: &[
            "log in before: a step `uses: docker/login-action@v3`",
            "for ghcr.io give the job `permissions: { packages: write }` and log in with `github.token`",
            "in pull requests from forks secrets are empty: do not push there",
        ],
    },
];
