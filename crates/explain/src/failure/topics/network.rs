//! Names, connections and ports.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "dns-not-resolved",
        title: "a host name has no address",
        hints: &[
            "Could not resolve host",
            "Name or service not known",
            "Temporary failure in name resolution",
            "ENOTFOUND",
            "EAI_AGAIN",
        ],
        patterns: &[
            r"Could not resolve host: (?P<host>[^\s,;]+)",
            r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<host>[^\s,;]+)",
            r"(?P<host>[A-Za-z0-9.-]+): (?:Temporary failure in name resolution|Name or service not known)",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the name `{host}` could not be looked up: it does not exist there, or the job has no name server that it can reach.",
        remedy: &[
            "check the name; a service of the job is reached by its label only from container jobs, else at `localhost`",
            "jobs have no network with `--network none` or `network = \"none\"` in trunkline.toml",
            "if it happens now and then, try again in the step: `curl --retry 3 --retry-all-errors …`",
        ],
    },
    Entry {
        id: "connection-refused",
        title: "nobody listens at an address",
        hints: &["Failed to connect to", "Connection refused", "ECONNREFUSED"],
        patterns: &[
            r"Failed to connect to (?P<host>\S+) port (?P<port>\d+)",
            r"connect ECONNREFUSED (?P<host>\S+):(?P<port>\d+)",
            r"connect to (?:address )?(?P<host>\S+) port (?P<port>\d+): Connection refused",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the machine `{host}` was reached and nothing listens at port {port}: the server is not up yet, has ended, or listens elsewhere.",
        remedy: &[
            "wait until it is ready: a health check in `services:`, or `curl --retry 30 --retry-connrefused --retry-delay 1 …`",
            "look at the server's own log; it may have failed at its start",
            "in a container job a service is reached by its label, on the host at `localhost` and the mapped port",
        ],
    },
    Entry {
        id: "port-in-use",
        title: "a port is taken",
        hints: &["EADDRINUSE", "Address already in use", "address already in use", "port is already allocated"],
        patterns: &[
            r"listen EADDRINUSE: address already in use (?P<address>\S+)",
            r"(?i)(?:bind|listen)\S*(?: on| to)?:? (?P<address>\S+:\d+):? .*address already in use",
            r"Bind for (?P<address>\S+) failed: port is already allocated",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "another process listens at {address} already: an earlier step's server, or a job that runs at the same time on the host.",
        remedy: &[
            "ask for a free port (port 0) and pass on the one that you get",
            "end the server of the earlier step, or start it once for the whole job",
            "let jobs run in sandboxes with a network of their own: `--network none` where they need no other",
        ],
    },
];
