//! Limits by control groups, version 2 or 1, whichever can be written.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::mounts::{self, Mounted};
use crate::remains;
use crate::wire::Setup;

/// What came of the limits asked for.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Groups made; to be removed when all processes are gone.
    pub(super) groups: Vec<PathBuf>,
    pub(super) missing: Vec<String>,
    pub(super) out_of_memory: Option<OutOfMemory>,
}

/// The kernel's count of processes killed for exceeding the memory limit.
#[derive(Debug)]
pub(super) struct OutOfMemory(File);

impl OutOfMemory {
    /// How many so far.
    pub(super) fn count(&self) -> u64 {
        let mut buffer = [0; 512];
        let count = self.0.read_at(&mut buffer, 0).unwrap_or(0);
        let text = std::str::from_utf8(&buffer[..count]).unwrap_or_default();
        // The same word in memory.events (version 2) and memory.oom_control (version 1).
        text.lines()
            .find_map(|line| line.strip_prefix("oom_kill "))
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0)
    }
}

/// One limit as files to write, by version.
struct Limit {
    what: &'static str,
    controller: &'static str,
    v2: Vec<(&'static str, String)>,
    v1: Vec<(&'static str, String)>,
}

/// The period over which processor time is counted, in microseconds.
const PERIOD: u64 = 100_000;
/// Optional files: swap accounting may be off.
const OPTIONAL: [&str; 2] = ["memory.swap.max", "memory.memsw.limit_in_bytes"];

fn limits(setup: &Setup) -> Vec<Limit> {
    let mut limits = Vec::new();
    if let Some(bytes) = setup.memory_bytes {
        let bytes = bytes.to_string();
        limits.push(Limit {
            what: "memory",
            controller: "memory",
            v2: vec![("memory.max", bytes.clone()), ("memory.swap.max", "0".into())],
            v1: vec![("memory.limit_in_bytes", bytes.clone()), ("memory.memsw.limit_in_bytes", bytes)],
        });
    }
    if let Some(pids) = setup.pids {
        let file = vec![("pids.max", pids.to_string())];
        limits.push(Limit { what: "number of processes", controller: "pids", v2: file.clone(), v1: file });
    }
    if let Some(cpus) = setup.cpus {
        let quota = ((cpus * PERIOD as f64) as u64).max(1000);
        limits.push(Limit {
            what: "processor time",
            controller: "cpu",
            v2: vec![("cpu.max", format!("{quota} {PERIOD}"))],
            v1: vec![("cpu.cfs_period_us", PERIOD.to_string()), ("cpu.cfs_quota_us", quota.to_string())],
        });
    }
    limits
}

/// Makes groups for the limits asked for and moves this process, so far alone in its sandbox, into them. What
/// cannot be applied is said in [`Applied::missing`]. Each group is recorded in the instance before it exists.
pub(super) fn apply(setup: &Setup, instance: &Path, number: u32) -> Applied {
    let mut applied = Applied::default();
    let limits = limits(setup);
    if limits.is_empty() {
        return applied;
    }
    let table = mounts::table().unwrap_or_default();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let leaf = format!("{}-{number}", remains::instance_name(instance));
    for limit in &limits {
        let mut reason = String::from("no writable control group");
        let done = parents(&table, &own, limit.controller).into_iter().any(|(parent, version2)| {
            let group = parent.join(&leaf);
            match apply_one(limit, &parent, &group, version2, instance, &mut applied.groups) {
                Ok(()) => {
                    if limit.controller == "memory" {
                        let file = if version2 { "memory.events" } else { "memory.oom_control" };
                        applied.out_of_memory = File::open(group.join(file)).ok().map(OutOfMemory);
                    }
                    true
                }
                Err(error) => {
                    reason = format!("{}: {error}", parent.display());
                    false
                }
            }
        });
        if !done {
            applied.missing.push(format!("the limit on {} is not enforced: {reason}", limit.what));
        }
    }
    applied
}

fn apply_one(
    limit: &Limit,
    parent: &Path,
    group: &Path,
    version2: bool,
    instance: &Path,
    groups: &mut Vec<PathBuf>,
) -> io::Result<()> {
    if version2 && !has_word(&parent.join("cgroup.subtree_control"), limit.controller) {
        fs::write(parent.join("cgroup.subtree_control"), format!("+{}", limit.controller))?;
    }
    if !groups.iter().any(|made| made == group) {
        remains::record(instance, group)?;
        match fs::create_dir(group) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => groups.push(group.to_owned()),
        }
    }
    for (file, value) in if version2 { &limit.v2 } else { &limit.v1 } {
        match fs::write(group.join(file), value) {
            Err(error) if !OPTIONAL.contains(file) => return Err(error),
            _ => {}
        }
    }
    fs::write(group.join("cgroup.procs"), "0")
}

/// Groups in which one for this controller might be made, best first. In version 2 a group with processes cannot
/// hand controllers down (unless it is the root), so the parent of the own group comes first.
fn parents(table: &[Mounted], own: &str, controller: &str) -> Vec<(PathBuf, bool)> {
    let mut found = Vec::new();
    for mounted in table {
        let version2 = mounted.kind == "cgroup2";
        let version1 = mounted.kind == "cgroup" && mounted.super_options.split(',').any(|option| option == controller);
        if version1 {
            if let Some(path) = own_path(own, |controllers| controllers.split(',').any(|name| name == controller)) {
                found.push((within(mounted, path), false));
            }
        } else if version2 && has_word(&mounted.point.join("cgroup.controllers"), controller) {
            let Some(path) = own_path(own, str::is_empty) else {
                continue;
            };
            let group = within(mounted, path);
            if group != mounted.point
                && let Some(parent) = group.parent()
            {
                found.push((parent.to_owned(), true));
            }
            found.push((group, true));
        }
    }
    found
}

/// The own group of the hierarchy whose controller field satisfies the test.
fn own_path(own: &str, is_it: impl Fn(&str) -> bool) -> Option<&str> {
    own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let controllers = fields.nth(1)?;
        is_it(controllers).then(|| fields.next()).flatten()
    })
}

/// A group's directory, given that the mount may show a part of the hierarchy only.
fn within(mounted: &Mounted, path: &str) -> PathBuf {
    match Path::new(path).strip_prefix(&mounted.root) {
        Ok(relative) if !relative.as_os_str().is_empty() => mounted.point.join(relative),
        _ => mounted.point.clone(),
    }
}

fn has_word(file: &Path, word: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.split_ascii_whitespace().any(|found| found == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounted(point: &str, kind: &str, root: &str, options: &str) -> Mounted {
        Mounted {
            point: point.into(),
            kind: kind.into(),
            root: root.into(),
            read_only: false,
            super_options: options.into(),
        }
    }

    #[test]
    fn finds_version_1_groups() {
        let table = [mounted("/sys/fs/cgroup/memory", "cgroup", "/", "rw,memory")];
        let own = "4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n";
        assert_eq!(parents(&table, own, "memory"), [(PathBuf::from("/sys/fs/cgroup/memory/a/b"), false)]);
        assert_eq!(parents(&table, own, "pids"), []);
    }

    #[test]
    fn a_container_sees_its_own_part_of_the_hierarchy() {
        let table = [mounted("/cg", "cgroup", "/docker/1", "rw,pids")];
        assert_eq!(parents(&table, "3:pids:/docker/1\n", "pids"), [(PathBuf::from("/cg"), false)]);
    }
}
