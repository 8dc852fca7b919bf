//! apt and dpkg.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "apt-package-unknown",
        title: "apt knows no such package",
        hints: &["Unable to locate package"],
        patterns: &[r"^E: Unable to locate package (?P<package>\S+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the package lists of the machine do not have `{package}`: they are missing or old, or the package has another name in this release.",
        remedy: &[
            "refresh the lists in the same step: `apt-get update && apt-get install -y {package}`",
            "look for its name: `apt-cache search {package}`; a package of another release needs its repository added first",
        ],
    },
    Entry {
        id: "apt-not-root",
        title: "apt is run without the rights for it",
        hints: &["are you root?"],
        patterns: &[r"^E: Unable to (?:acquire|lock) .*are you root\?"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "packages can only be installed by root, and the step runs as another user.",
        remedy: &[
            "put `sudo` before it where the image has sudo",
            "in a container job run as root (`options: --user root`), or put the package into the image",
        ],
    },
    Entry {
        id: "apt-held-lock",
        title: "another apt holds the lock",
        hints: &["is another process using it?"],
        patterns: &[r"^E: Unable to (?:acquire|lock) .*is another process using it\?"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "another process installs packages at this moment: a job on the same host, or an automatic upgrade.",
        remedy: &[
            "let apt wait for it: `apt-get -o DPkg::Lock::Timeout=300 install …`",
            "do not install in parallel on a host that jobs share; a sandbox has files of its own",
        ],
    },
];
