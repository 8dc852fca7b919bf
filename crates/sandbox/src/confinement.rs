//! What an image's processes may do, with docker's defaults.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::Capability;

/// The particulars of a sandbox with an image root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// Capabilities of root inside; other users have none.
    pub capabilities: BTreeSet<Capability>,
    /// All of the host's devices, nothing masked, `/sys` writable. Pair it with [`Capability::all`].
    pub privileged: bool,
    /// Programs cannot gain rights by being executed (setuid, file capabilities).
    pub no_new_privileges: bool,
    /// Writes below `/` are refused, except on mounts.
    pub read_only: bool,
    /// Size of `/dev/shm`; docker's default is 64 MiB.
    pub shm_bytes: u64,
    pub tmpfs: Vec<Tmpfs>,
    /// Host devices shown inside, beyond the standard ones.
    pub devices: Vec<Device>,
    /// `net.*`, `kernel.shm*`, `kernel.msg*`, `kernel.sem` and `fs.mqueue.*`, as names with dots. Others are refused, because
    /// they are the host's.
    pub sysctls: Vec<(String, String)>,
    /// Limits of every process.
    pub rlimits: Vec<Rlimit>,
    pub etc: Etc,
}

impl Default for Confinement {
    fn default() -> Self {
        Self {
            capabilities: Capability::docker_default(),
            privileged: false,
            no_new_privileges: false,
            read_only: false,
            shm_bytes: 64 << 20,
            tmpfs: Vec::new(),
            devices: Vec::new(),
            sysctls: Vec::new(),
            rlimits: Vec::new(),
            etc: Etc::default(),
        }
    }
}

/// A file system in memory, empty, `nosuid` and `nodev`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tmpfs {
    /// Absolute path inside; created when missing.
    pub target: PathBuf,
    /// `None` is half of the machine's memory.
    pub size_bytes: Option<u64>,
    /// Permission bits; docker's default is `0o1777`.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Whether programs on it can be executed; docker's default for `--tmpfs` is no.
    pub exec: bool,
    pub read_only: bool,
}

impl Tmpfs {
    /// With docker's defaults for `--tmpfs`.
    pub fn new(target: impl Into<PathBuf>) -> Self {
        Self { target: target.into(), size_bytes: None, mode: 0o1777, uid: 0, gid: 0, exec: false, read_only: false }
    }
}

/// A device of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Path on the host.
    pub source: PathBuf,
    /// Path inside, below `/dev`.
    pub target: PathBuf,
}

/// One limit as `setrlimit` takes it. `u64::MAX` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rlimit {
    pub resource: Resource,
    pub soft: u64,
    pub hard: u64,
}

/// What a limit is on, by the names docker's `--ulimit` uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    Core,
    Cpu,
    Data,
    Fsize,
    Locks,
    Memlock,
    Msgqueue,
    Nice,
    Nofile,
    Nproc,
    Rss,
    Rtprio,
    Rttime,
    Sigpending,
    Stack,
}

impl Resource {
    const ALL: [(Self, &'static str, u32); 15] = [
        (Self::Core, "core", libc::RLIMIT_CORE),
        (Self::Cpu, "cpu", libc::RLIMIT_CPU),
        (Self::Data, "data", libc::RLIMIT_DATA),
        (Self::Fsize, "fsize", libc::RLIMIT_FSIZE),
        (Self::Locks, "locks", libc::RLIMIT_LOCKS),
        (Self::Memlock, "memlock", libc::RLIMIT_MEMLOCK),
        (Self::Msgqueue, "msgqueue", libc::RLIMIT_MSGQUEUE),
        (Self::Nice, "nice", libc::RLIMIT_NICE),
        (Self::Nofile, "nofile", libc::RLIMIT_NOFILE),
        (Self::Nproc, "nproc", libc::RLIMIT_NPROC),
        (Self::Rss, "rss", libc::RLIMIT_RSS),
        (Self::Rtprio, "rtprio", libc::RLIMIT_RTPRIO),
        (Self::Rttime, "rttime", libc::RLIMIT_RTTIME),
        (Self::Sigpending, "sigpending", libc::RLIMIT_SIGPENDING),
        (Self::Stack, "stack", libc::RLIMIT_STACK),
    ];

    /// By docker's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(resource, ..)| *resource)
    }

    /// Docker's name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or("", |(_, name, _)| name)
    }

    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().find(|(.., known)| *known == number).map(|(resource, ..)| *resource)
    }

    pub(crate) fn number(self) -> u32 {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or(0, |(.., number)| *number)
    }
}

/// The three files below `/etc` that are the sandbox's and never the image's. Each is a file of its own, mounted, which
/// [`crate::Sandbox::write_etc`] changes later.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Etc {
    /// Lines of `/etc/hosts` after those for localhost and the sandbox itself.
    pub extra_hosts: Vec<(String, std::net::IpAddr)>,
    /// `/etc/resolv.conf` as a whole; otherwise made from the network: the private network's name server, or the
    /// host's file.
    pub resolv_conf: Option<String>,
}

/// Which of the three files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtcFile {
    Hosts,
    Hostname,
    ResolvConf,
}

impl EtcFile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hosts => "hosts",
            Self::Hostname => "hostname",
            Self::ResolvConf => "resolv.conf",
        }
    }
}
