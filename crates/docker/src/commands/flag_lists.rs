//! The flags of commands, as docker has them; those of `run` and `create` are crate `container`'s.

use container::flags::Flag;

pub(super) const FORMAT: Flag = Flag::value("format");
pub(super) const FILTER: Flag = Flag::value("filter").short('f');
pub(super) const QUIET: Flag = Flag::switch("quiet").short('q');
pub(super) const FORCE: Flag = Flag::switch("force").short('f');
pub(super) const NO_TRUNC: Flag = Flag::switch("no-trunc");
pub(super) const SIGNAL: Flag = Flag::value("signal").short('s');
pub(super) const TIME: Flag = Flag::value("time").short('t');
pub(super) const TIMEOUT: Flag = Flag::value("timeout");
pub(super) const LABEL: Flag = Flag::value("label");
pub(super) const ALL: Flag = Flag::switch("all").short('a');

/// Flags of the commands that only list or inspect.
pub(super) const INSPECT: &[Flag] = &[
    FORMAT.short('f'),
    Flag::switch("size").short('s'),
    Flag::value("type"),
    Flag::switch("verbose").short('v'),
    Flag::value("platform"),
];
pub(super) const STOP: &[Flag] = &[SIGNAL, TIME, TIMEOUT];
pub(super) const PRUNE: &[Flag] = &[ALL, Flag::value("filter"), FORCE, Flag::switch("volumes")];
pub(super) const BUILDER: &[Flag] = &[
    Flag::value("builder"),
    Flag::switch("bootstrap"),
    Flag::switch("default"),
    Flag::switch("global"),
    FORCE,
    Flag::switch("all-inactive"),
    Flag::switch("keep-state"),
    Flag::switch("keep-daemon"),
    FORMAT,
    ALL,
    FILTER,
    Flag::switch("verbose"),
    Flag::value("max-used-space"),
    Flag::value("reserved-space"),
    Flag::value("min-free-space"),
];

pub(super) const BUILD: &[Flag] = &[
    Flag::value("add-host"),
    Flag::value("allow"),
    Flag::value("annotation"),
    Flag::value("attest"),
    Flag::value("build-arg"),
    Flag::value("build-context"),
    Flag::value("builder"),
    Flag::value("cache-from"),
    Flag::value("cache-to"),
    Flag::value("call"),
    Flag::value("cgroup-parent"),
    Flag::switch("check"),
    Flag::switch("compress"),
    Flag::value("cpu-period"),
    Flag::value("cpu-quota"),
    Flag::value("cpu-shares").short('c'),
    Flag::value("cpuset-cpus"),
    Flag::value("cpuset-mems"),
    Flag::switch("debug").short('D'),
    Flag::value("file").short('f'),
    Flag::switch("force-rm"),
    Flag::value("iidfile"),
    Flag::value("isolation"),
    LABEL,
    Flag::switch("load"),
    Flag::value("memory").short('m'),
    Flag::value("memory-swap"),
    Flag::value("metadata-file"),
    Flag::value("network"),
    Flag::switch("no-cache"),
    Flag::value("no-cache-filter"),
    Flag::value("output").short('o'),
    Flag::value("platform"),
    Flag::value("policy"),
    Flag::value("progress"),
    Flag::value("provenance"),
    Flag::switch("pull"),
    Flag::switch("push"),
    QUIET,
    Flag::switch("rm"),
    Flag::value("sbom"),
    Flag::value("secret"),
    Flag::value("security-opt"),
    Flag::value("shm-size"),
    Flag::switch("squash"),
    Flag::value("ssh"),
    Flag::value("tag").short('t'),
    Flag::value("target"),
    Flag::value("ulimit"),
];

pub(super) const NETWORK_CREATE: &[Flag] = &[
    Flag::switch("attachable"),
    Flag::value("aux-address"),
    Flag::value("config-from"),
    Flag::switch("config-only"),
    Flag::value("driver").short('d'),
    Flag::value("gateway"),
    Flag::switch("ingress"),
    Flag::switch("internal"),
    Flag::value("ip-range"),
    Flag::value("ipam-driver"),
    Flag::value("ipam-opt"),
    Flag::switch("ipv6"),
    LABEL,
    Flag::value("opt").short('o'),
    Flag::value("scope"),
    Flag::value("subnet"),
];

pub(super) const EXEC: &[Flag] = &[
    Flag::switch("detach").short('d'),
    Flag::value("detach-keys"),
    Flag::value("env").short('e'),
    Flag::value("env-file"),
    Flag::switch("interactive").short('i'),
    Flag::switch("privileged"),
    Flag::switch("tty").short('t'),
    Flag::value("user").short('u'),
    Flag::value("workdir").short('w'),
];

pub(super) const PS: &[Flag] = &[
    ALL,
    FILTER,
    FORMAT,
    Flag::value("last").short('n'),
    Flag::switch("latest").short('l'),
    NO_TRUNC,
    QUIET,
    Flag::switch("size").short('s'),
];
