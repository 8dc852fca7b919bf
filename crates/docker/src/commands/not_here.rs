//! Commands that are refused, with the reason.

/// What docker has and this has not, with the reason.
pub(super) const NOT_HERE: &[(&str, &str)] = &[
    ("compose", "start the containers of the file by docker run, or as services of the job"),
    ("swarm", "there are no clusters of docker"),
    ("service", "there are no clusters of docker"),
    ("stack", "there are no clusters of docker"),
    ("node", "there are no clusters of docker"),
    ("secret", "there are no clusters of docker"),
    ("config", "there are no clusters of docker"),
    ("commit", "build images from a Dockerfile"),
    ("diff", "changes of containers are not listed"),
    ("export", "copy files out by docker cp"),
    ("pause", "containers cannot be paused"),
    ("unpause", "containers cannot be paused"),
    ("update", "limits are set when a container is created"),
    ("stats", "figures of containers are not collected"),
    ("events", "there is no stream of events"),
    ("search", "registries cannot be searched"),
    ("manifest", "use docker buildx build --platform for images of several platforms"),
    ("plugin", "there are no plugins"),
    ("trust", "images are not signed here"),
    ("scout", "images are not scanned here"),
    ("buildx bake", "call docker buildx build for each target"),
    ("buildx imagetools", "of imagetools only inspect is carried out"),
    ("buildx du", "the builder's cache is this machine's"),
    ("network disconnect", "a container stays in the network it was created with"),
];
