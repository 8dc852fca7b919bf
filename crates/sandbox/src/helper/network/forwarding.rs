//! Whether this machine passes packets on between interfaces: turned on while networks need it, and only then.
//!
//! ```text
//! /run/trunkline/lock         taken while the other is read or changed
//! /run/trunkline/forwarding   names of the interfaces for which it was off; locked (shared) by each network
//! ```

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

pub(super) const DIRECTORY: &str = "/run/trunkline";

/// Forwarding is on while this lives; [`leave`](Self::leave) turns it off if it was the last.
#[derive(Debug)]
pub(super) struct Forwarding {
    held: File,
    /// Interfaces for which it was turned on, by this network or another.
    pub(super) turned_on: Vec<String>,
}

impl Forwarding {
    /// Turns it on for every interface that has a route, in the network namespace this process is in.
    pub(super) fn enter() -> io::Result<Self> {
        fs::create_dir_all(DIRECTORY)?;
        let gate = gate()?;
        let path = Path::new(DIRECTORY).join("forwarding");
        let mut held = File::options().create(true).append(true).read(true).open(&path)?;
        let routes = fs::read_to_string("/proc/self/net/route")?;
        let mut turned_on = names(&path);
        for interface in interfaces(&routes) {
            let switch = format!("/proc/sys/net/ipv4/conf/{interface}/forwarding");
            if fs::read_to_string(&switch)?.trim() == "0" {
                // Noted first: a death in between must not leave it on.
                writeln!(held, "{interface}")?;
                fs::write(&switch, "1")?;
                turned_on.push(interface);
            }
        }
        flock(&held, FlockOperation::LockShared)?;
        drop(gate);
        Ok(Self { held, turned_on })
    }

    pub(super) fn leave(self) {
        drop(self.held);
        sweep();
    }
}

fn gate() -> io::Result<File> {
    let path = Path::new(DIRECTORY).join("lock");
    let gate = File::options().create(true).truncate(false).write(true).open(path)?;
    flock(&gate, FlockOperation::LockExclusive)?;
    Ok(gate)
}

/// Turns off what was turned on, unless a living network needs it.
pub(super) fn sweep() {
    let path = Path::new(DIRECTORY).join("forwarding");
    if !path.exists() {
        return;
    }
    let Ok(_gate) = gate() else { return };
    let Ok(file) = File::options().write(true).open(&path) else { return };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return;
    }
    for interface in names(&path) {
        // It may be gone.
        let _ = fs::write(format!("/proc/sys/net/ipv4/conf/{interface}/forwarding"), "0");
    }
    let _ = fs::remove_file(&path);
}

fn names(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|name| !name.contains('/') && !name.is_empty()).map(str::to_owned).collect()
}

/// The interfaces of a routing table, those of networks like this one left out.
fn interfaces(routes: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in routes.lines().skip(1) {
        let name = line.split_ascii_whitespace().next().unwrap_or_default();
        if !name.is_empty() && !name.starts_with(super::UPLINK) && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_with_routes() {
        let table = "Iface\tDestination\tGateway\neth0\t00000000\t0100000A\neth0\t0000000A\t00000000\nuntl77\t0\t0\ntun0\t1\t2\n";
        assert_eq!(interfaces(table), ["eth0", "tun0"]);
    }
}
