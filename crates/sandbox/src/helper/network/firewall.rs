//! A firewall that drops forwarded packets, as docker and ufw set one up: it must be told of our interfaces, because a rule
//! of ours that accepts counts for nothing where another drops.
//!
//! It is spoken to through `iptables`, which is how it was set up. The rules name interfaces that go with their
//! networks; what a killed network leaves is known by that.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const CHAIN: &str = "FORWARD";

/// Lets packets from and to an interface through, if a policy drops others. Without `iptables` there is nothing to tell.
pub(super) fn open(interface: &str) -> io::Result<()> {
    let Some(program) = find() else { return Ok(()) };
    let rules = rules(&program);
    if !rules.lines().any(|line| line.starts_with("-P ") && line.ends_with(" DROP")) {
        return Ok(());
    }
    for direction in ["-i", "-o"] {
        let status = quiet(&program).args(["-I", CHAIN, "1", direction, interface, "-j", "ACCEPT"]).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("{} ended with {status}", program.display())));
        }
    }
    Ok(())
}

/// Takes the rules back that name interfaces of networks which are gone.
pub(super) fn sweep() {
    let Some(program) = find() else { return };
    let devices = std::fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    for rule in stale(&rules(&program), &devices) {
        let _ = quiet(&program).args(["-D", CHAIN, rule.0.as_str(), rule.1.as_str(), "-j", "ACCEPT"]).status();
    }
}

/// Direction and interface of rules of ours whose interface is not there.
fn stale(rules: &str, devices: &str) -> Vec<(String, String)> {
    let lives = |name: &str| devices.lines().any(|line| line.trim_start().split(':').next() == Some(name));
    rules
        .lines()
        .filter_map(|line| {
            let words: Vec<_> = line.split_ascii_whitespace().collect();
            let ["-A", CHAIN, direction @ ("-i" | "-o"), interface, "-j", "ACCEPT"] = words[..] else {
                return None;
            };
            let ours = interface.starts_with(super::UPLINK) && !lives(interface);
            ours.then(|| (direction.to_owned(), interface.to_owned()))
        })
        .collect()
}

fn rules(program: &Path) -> String {
    let output = Command::new(program).args(["-w", "5", "-S", CHAIN]).stderr(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    // It waits for others that change rules.
    command.args(["-w", "5"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn find() -> Option<PathBuf> {
    ["/usr/sbin/iptables", "/sbin/iptables", "/usr/bin/iptables"].iter().map(PathBuf::from).find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rules_of_networks_that_are_gone() {
        let rules = "-P FORWARD DROP\n-A FORWARD -i untl7 -j ACCEPT\n-A FORWARD -o untl7 -j ACCEPT\n\
                     -A FORWARD -i untl77 -j ACCEPT\n-A FORWARD -i docker0 -j ACCEPT\n-A FORWARD -j DOCKER-USER\n";
        let devices = "Inter-| x\n face |y\n    lo: 0\n untl77: 0 0\n";
        let gone = |direction: &str| (direction.to_owned(), "untl7".to_owned());
        assert_eq!(stale(rules, devices), [gone("-i"), gone("-o")]);
    }
}
