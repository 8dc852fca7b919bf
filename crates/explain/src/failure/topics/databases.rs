//! Databases and stores that tests talk to.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "postgres-refused",
        title: "PostgreSQL cannot be reached",
        hints: &["connection to server at", "could not connect to server"],
        patterns: &[
            r#"connection to server at "(?P<host>[^"]+)"(?: \([^)]*\))?, port (?P<port>\d+) failed: Connection refused"#,
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "nothing listens at {host} port {port}: the service is not up yet, or is reached under another name or port.",
        remedy: &[
            "give the service a health check: `options: --health-cmd pg_isready --health-interval 2s --health-retries 30`",
            "in a container job the host is the label of the service; otherwise `localhost` and the mapped port (`ports: [\"5432:5432\"]`)",
        ],
    },
    Entry {
        id: "redis-refused",
        title: "Redis cannot be reached",
        hints: &["Could not connect to Redis at"],
        patterns: &[r"Could not connect to Redis at (?P<address>[^\s,]+): Connection refused"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "nothing listens at {address}: the service is not up yet, or is reached under another name or port.",
        remedy: &[
            "give the service a health check: `options: --health-cmd \"redis-cli ping\"`",
            "in a container job the host is the label of the service; otherwise `localhost` and the mapped port",
        ],
    },
];
