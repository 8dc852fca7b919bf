//! Answers of web servers, as curl tells them.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "http-not-found",
        title: "an address is not there",
        hints: &["The requested URL returned error", "ERROR 404"],
        patterns: &[r"returned error: 404\b", r"ERROR 404: Not Found"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the server was reached and has nothing at this address: a wrong version or file name, or something private without a login.",
        remedy: &[
            "print the address and open it yourself; for release files compare name, version and platform",
            "for private things send a token: `-H \"Authorization: Bearer $TOKEN\"`",
        ],
    },
    Entry {
        id: "http-unauthorized",
        title: "the server wants credentials",
        hints: &["The requested URL returned error"],
        patterns: &[r"returned error: 401\b"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the request came without valid credentials: the token is missing, has expired or is sent in another way than the server wants.",
        remedy: &["check that the secret reaches the step: `trunkline why secret NAME`", "renew the token"],
    },
    Entry {
        id: "http-forbidden",
        title: "the server refuses the request",
        hints: &["The requested URL returned error"],
        patterns: &[r"returned error: 403\b"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the server knows who asks and does not allow it, or limits requests without a login.",
        remedy: &["check what the token may do", "for servers that limit requests send a token and try later"],
    },
    Entry {
        id: "http-rate-limited",
        title: "the server limits requests",
        hints: &["The requested URL returned error", "Too Many Requests", "toomanyrequests"],
        patterns: &[r"returned error: 429\b", r"\b429 Too Many Requests", r"\btoomanyrequests\b"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "too many requests were made from this address or with this account.",
        remedy: &[
            "log in: limits for accounts are higher",
            "keep what is fetched: `actions/cache`, a mirror or a pull-through cache (`trunkline registry serve` is one for images)",
            "wait longer between tries: `curl --retry 5` follows `Retry-After`",
        ],
    },
    Entry {
        id: "http-server-error",
        title: "the server is in trouble",
        hints: &["The requested URL returned error"],
        patterns: &[r"returned error: (?P<status>5\d\d)\b"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the server answered {status}: the fault is on its side, or on that of a proxy before it.",
        remedy: &[
            "try again in the step: `curl --retry 5 --retry-all-errors …`",
            "look at the status page of the service",
        ],
    },
    Entry {
        id: "connection-reset",
        title: "the server hung up",
        hints: &["Empty reply from server", "Connection reset by peer", "ECONNRESET", "socket hang up"],
        patterns: &[r"Empty reply from server|Connection reset by peer|\bECONNRESET\b|socket hang up"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the connection was made and ended in the middle: the server crashed or restarted, or something between cut it.",
        remedy: &[
            "try again in the step: `curl --retry 5 --retry-all-errors …`",
            "for a server of the job look at its own log",
        ],
    },
    Entry {
        id: "connection-timeout",
        title: "no answer in time",
        hints: &["Operation timed out", "Connection timed out", "ETIMEDOUT", "Resolving timed out"],
        patterns: &[
            r"Operation timed out after|Connection timed out|\bETIMEDOUT\b|Connection timeout|Resolving timed out",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "nothing came within the limit: a firewall drops packets, the server is overloaded, or the address is one that the job cannot reach.",
        remedy: &[
            "try the same from the machine itself; jobs with `--network none` reach nothing",
            "set limits and tries: `curl --connect-timeout 10 --retry 5 …`",
        ],
    },
];
