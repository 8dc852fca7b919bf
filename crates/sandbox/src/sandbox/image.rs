//! An image root as asked for: checked, and put into the form its init takes.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::launcher::Shared;
use crate::network::Place;
use crate::wire::{ImageSetup, Memory};
use crate::{Capability, Error, Network, Placement, Root, SandboxSpec, helper, remains};

/// Refuses what cannot be, before anything is made.
pub(super) fn check(spec: &SandboxSpec) -> Result<(), Error> {
    let Root::Layers { lowers, upper } = &spec.root else {
        return Ok(());
    };
    if spec.placement == Placement::Host {
        return Err(Error::Unsupported("an image root needs an isolated sandbox, not host mode".into()));
    }
    let confinement = &spec.confinement;
    let inside = confinement.tmpfs.iter().map(|tmpfs| &tmpfs.target);
    let devices = confinement.devices.iter().flat_map(|device| [&device.source, &device.target]);
    for path in lowers.iter().chain(upper).chain(inside).chain(devices) {
        if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
            return Err(Error::Path { path: path.clone(), why: "must be absolute and without `..`" });
        }
    }
    for device in &confinement.devices {
        if !device.target.starts_with("/dev") {
            return Err(Error::Path { path: device.target.clone(), why: "devices can only be shown below /dev" });
        }
    }
    for (name, _) in &confinement.sysctls {
        if !is_namespaced(name) {
            return Err(Error::Invalid(format!(
                "sysctl {name} is the host's: only net.*, kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.* belong to a sandbox"
            )));
        }
        if name.starts_with("net.") && spec.network == Network::Host {
            return Err(Error::Invalid(format!("sysctl {name} is the host's when the network is the host's")));
        }
    }
    for limit in &confinement.rlimits {
        if limit.soft > limit.hard {
            let (name, soft, hard) = (limit.resource.as_str(), limit.soft, limit.hard);
            return Err(Error::Invalid(format!("limit {name}: the soft limit {soft} is above the hard limit {hard}")));
        }
    }
    Ok(())
}

fn is_namespaced(name: &str) -> bool {
    const IPC: [&str; 9] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.msg_next_id",
    ];
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    plain && !name.contains("..") && (name.starts_with("net.") || name.starts_with("fs.mqueue.") || IPC.contains(&name))
}

/// What the init is told.
pub(super) fn setup(launcher: &Shared, spec: &SandboxSpec, etc: Option<&Path>) -> Result<Option<ImageSetup>, Error> {
    let (Root::Layers { lowers, upper }, Some(etc)) = (&spec.root, etc) else {
        return Ok(None);
    };
    if let Some(work) = work(&spec.root) {
        remains::record(&launcher.instance, &work)
            .map_err(|source| Error::Io { what: "recording the overlay's directory".into(), source })?;
    }
    let confinement = &spec.confinement;
    Ok(Some(ImageSetup {
        lowers: each_once(lowers),
        upper: upper.clone(),
        read_only: confinement.read_only,
        privileged: confinement.privileged,
        shm_bytes: confinement.shm_bytes,
        memory: confinement
            .tmpfs
            .iter()
            .map(|tmpfs| Memory {
                target: tmpfs.target.clone(),
                size_bytes: tmpfs.size_bytes,
                mode: tmpfs.mode,
                uid: tmpfs.uid,
                gid: tmpfs.gid,
                exec: tmpfs.exec,
                read_only: tmpfs.read_only,
            })
            .collect(),
        devices: confinement.devices.iter().map(|one| (one.source.clone(), one.target.clone())).collect(),
        sysctls: confinement.sysctls.clone(),
        rlimits: confinement.rlimits.iter().map(|one| (one.resource.number(), (one.soft, one.hard))).collect(),
        capabilities: Capability::mask(&confinement.capabilities),
        no_new_privileges: confinement.no_new_privileges,
        etc: etc.to_owned(),
    }))
}

/// The scratch directory that an overlay may need beside a kept upper layer.
pub(super) fn work(root: &Root) -> Option<PathBuf> {
    match root {
        Root::Layers { upper: Some(upper), .. } => Some(helper::work_beside(upper)),
        _ => None,
    }
}

/// Writes the files that are mounted below `/etc`; returns their directory. Who joins another's network has its files.
pub(super) fn write_etc(spec: &SandboxSpec, place: &Place) -> Result<Option<PathBuf>, Error> {
    if spec.root == Root::Host {
        return Ok(None);
    }
    if let Network::Join(other) = &spec.network
        && let Some(etc) = other.etc()
    {
        return Ok(Some(etc.to_owned()));
    }
    let etc = spec.job_dir.join("etc");
    let own = &spec.confinement.etc;
    let mut hosts = match &spec.network {
        Network::Host => fs::read_to_string("/etc/hosts").unwrap_or_default(),
        _ => String::from(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\n\
             ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
        ),
    };
    if let Some(address) = place.address() {
        hosts.push_str(&format!("{address}\t{}\n", spec.hostname));
    }
    for (name, address) in &own.extra_hosts {
        hosts.push_str(&format!("{address}\t{name}\n"));
    }
    let resolv_conf = match (&own.resolv_conf, place.name_server()) {
        (Some(whole), _) => whole.clone(),
        (None, Some(server)) => {
            let host = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
            let search = host.lines().find(|line| line.starts_with("search ")).map(|line| format!("{line}\n"));
            format!("nameserver {server}\n{}options ndots:0\n", search.unwrap_or_default())
        }
        (None, None) => fs::read_to_string("/etc/resolv.conf").unwrap_or_default(),
    };
    let write = || -> io::Result<()> {
        fs::create_dir_all(&etc)?;
        for (name, content) in
            [("hosts", hosts), ("hostname", format!("{}\n", spec.hostname)), ("resolv.conf", resolv_conf)]
        {
            fs::write(etc.join(name), content)?;
        }
        Ok(())
    };
    write().map_err(|source| Error::Io { what: format!("writing {}", etc.display()), source })?;
    Ok(Some(etc))
}

/// A layer may occur twice in an image, a mount may not name it twice: the topmost hides whatever the others would show.
fn each_once(lowers: &[PathBuf]) -> Vec<PathBuf> {
    let later = |index: usize, path: &PathBuf| lowers[index + 1..].contains(path);
    let topmost = lowers.iter().enumerate().filter(|(index, path)| !later(*index, path));
    topmost.map(|(_, path)| path.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sysctls_of_namespaces() {
        for name in ["net.ipv4.ip_forward", "kernel.shmmax", "fs.mqueue.msg_max", "net.core.somaxconn"] {
            assert!(is_namespaced(name), "{name}");
        }
        for name in ["kernel.panic", "vm.swappiness", "net/../kernel", "net..x", "kernel.hostname", "fs.file-max", ""] {
            assert!(!is_namespaced(name), "{name}");
        }
    }

    #[test]
    fn a_layer_is_mounted_once() {
        let paths = |names: &str| names.chars().map(|name| PathBuf::from(name.to_string())).collect::<Vec<_>>();
        for (given, want) in [("abc", "abc"), ("aba", "ba"), ("aabb", "ab"), ("", "")] {
            assert_eq!(each_once(&paths(given)), paths(want), "{given}");
        }
    }
}
