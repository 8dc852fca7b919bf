//! Where a job's processes live: namespaces and overlays where the kernel allows them, the bare host otherwise.
//!
//! A [`Launcher`] owns one helper process: this executable started again with a hidden argument, single-threaded,
//! which does every fork, unshare and mount, so that the calling process, full of threads, never does. The helper
//! forks an init for each [`Sandbox`]; the init stays, starts each [`Process`] by `vfork`, reaps, and reports over
//! a socket of its own. When the calling process ends, however it ends, those sockets close, and inits, processes
//! and mounts are gone with them; the helper then removes what lies on disk, or, should it have been killed as well,
//! [`sweep`] does so later.
//!
//! # What it protects from
//!
//! From accidents and leaks: a job that writes where it should not, leaves processes, fills `/tmp`, reads another
//! job's files, or needs a clean machine to be right. It is **not** a boundary against an attacker who has a kernel
//! exploit, nor, when run as root, against one who sets out to use root's remaining capabilities (`SYS_ADMIN` among
//! them, because jobs use `sudo mount`): use a virtual machine for code you would not run yourself. Files readable on
//! the host are readable inside, unless hidden. Capabilities that reach the kernel itself (modules, raw hardware
//! access, clock, reboot, security policy, kernel log) are dropped; `/dev` holds no disks; `/sys` and `/proc/sys`
//! cannot be written. `no_new_privs` is not set, so `sudo` works inside.
//!
//! This crate knows nothing of workflows, jobs' contents or logs, never prints, and is the only one with `unsafe`.
//!
//! Needs Linux 5.12; on older kernels everything runs in host mode, saying so.

mod capability;
mod channel;
mod command;
mod confinement;
mod error;
mod helper;
mod isolation;
mod launcher;
mod lookup;
mod network;
mod process;
mod remains;
mod remote;
mod root;
mod sandbox;
mod spec;
mod sys;
mod tree;
mod wire;

pub use capability::Capability;
pub use command::{Command, User};
pub use confinement::{Confinement, Device, Etc, EtcFile, Resource, Rlimit, Tmpfs};
pub use error::Error;
pub use helper::maybe_run_helper;
pub use isolation::{IdRange, Isolation, Mode};
pub use launcher::Launcher;
pub use network::{Member, NetworkHandle, NetworkSpec, Protocol, Published};
pub use process::{ExitStatus, Process, ProcessName};
pub use remains::sweep;
pub use root::Root;
pub use sandbox::Sandbox;
pub use spec::{Bind, FreshDir, LauncherConfig, Limits, Network, Placement, SandboxSpec, TreeBind};
pub use tree::Tree;
