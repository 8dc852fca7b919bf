//! How far a sandbox is isolated in truth.

/// The layout a sandbox got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As root: one overlay over the host's root.
    Root,
    /// In a user namespace: one overlay for each top-level directory.
    User,
    /// On the host, without namespaces.
    Host,
}

impl Mode {
    /// `root`, `user` or `host`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::User => "user",
            Self::Host => "host",
        }
    }
}

/// What one sandbox's isolation consists of. Recorded on every job: nothing degrades silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isolation {
    pub mode: Mode,
    /// Processes see only each other and end with the sandbox, whatever happens.
    pub pid_namespace: bool,
    /// Writes to the host's files vanish.
    pub overlay: bool,
    /// The network is the sandbox's own.
    pub network: bool,
    /// Every limit asked for is enforced (true as well when none was asked for).
    pub limits: bool,
    /// Plain sentences: what could not be isolated, and why.
    pub missing: Vec<String>,
    /// Which users inside are which on the host. Empty: the same.
    pub uids: Vec<IdRange>,
    /// Which groups inside are which on the host. Empty: the same.
    pub gids: Vec<IdRange>,
}

/// Ids from `inside` on are those from `host` on, `count` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    pub inside: u32,
    pub host: u32,
    pub count: u32,
}

impl IdRange {
    /// What an id of the host, such as the owner of a file in an upper layer, is called inside.
    pub fn inside_of(ranges: &[Self], host: u32) -> Option<u32> {
        if ranges.is_empty() {
            return Some(host);
        }
        ranges.iter().find_map(|range| {
            let offset = host.checked_sub(range.host)?;
            (offset < range.count).then(|| range.inside + offset)
        })
    }

    pub(crate) fn all(ranges: &[(u32, (u32, u32))]) -> Vec<Self> {
        ranges.iter().map(|(inside, (host, count))| Self { inside: *inside, host: *host, count: *count }).collect()
    }
}
