//! Linux capabilities, by name.

use std::collections::BTreeSet;

/// In the kernel's order: the index is the capability's number.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// One capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

impl Capability {
    /// By name, with or without `CAP_`, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
        let number = NAMES.iter().position(|known| *known == bare)?;
        u8::try_from(number).ok().map(Self)
    }

    /// The name without `CAP_`, in capitals.
    pub fn as_str(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// What docker's `ALL` means.
    pub fn all() -> BTreeSet<Self> {
        (0..NAMES.len()).filter_map(|number| u8::try_from(number).ok()).map(Self).collect()
    }

    /// What docker gives a container when nothing is said.
    pub fn docker_default() -> BTreeSet<Self> {
        const DEFAULT: [&str; 14] = [
            "CHOWN",
            "DAC_OVERRIDE",
            "FSETID",
            "FOWNER",
            "MKNOD",
            "NET_RAW",
            "SETGID",
            "SETUID",
            "SETFCAP",
            "SETPCAP",
            "NET_BIND_SERVICE",
            "SYS_CHROOT",
            "KILL",
            "AUDIT_WRITE",
        ];
        DEFAULT.iter().filter_map(|name| Self::from_name(name)).collect()
    }

    /// As the kernel's bit mask.
    pub(crate) fn mask(set: &BTreeSet<Self>) -> u64 {
        set.iter().fold(0, |mask, capability| mask | 1 << capability.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_the_kernels() {
        // linux/capability.h: NET_ADMIN is 12, SYS_ADMIN 21, MKNOD 27, CHECKPOINT_RESTORE 40.
        for (name, number) in [("NET_ADMIN", 12), ("cap_sys_admin", 21), ("Mknod", 27), ("CAP_CHECKPOINT_RESTORE", 40)]
        {
            assert_eq!(Capability::from_name(name), Some(Capability(number)), "{name}");
        }
        assert_eq!(Capability::from_name("CAP_"), None);
        // The mask every docker container shows as CapEff.
        assert_eq!(Capability::mask(&Capability::docker_default()), 0xa804_25fb);
    }
}
