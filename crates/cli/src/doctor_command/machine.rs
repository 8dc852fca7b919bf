//! The kernel, the clock, disks, other architectures.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use explain::doctor::Finding;

use crate::dirs::Dirs;
use crate::report::text;

/// The oldest kernel that sandboxes work on.
const KERNEL: (u32, u32) = (5, 12);
/// Free space below which runs are likely to fail, and below which they may, in bytes.
const TIGHT: u64 = 512 << 20;
const SHORT: u64 = 4 << 30;

pub(super) fn look() -> Vec<Finding> {
    vec![kernel(), memory(), clock(), architectures()]
}

fn kernel() -> Finding {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy().into_owned();
    let title = "kernel";
    match version(&release) {
        Some(found) if found >= KERNEL => Finding::ok("machine/kernel", title, format!("Linux {release}")),
        _ => Finding::fail(
            "machine/kernel",
            title,
            format!("Linux {release}"),
            "sandboxes need Linux 5.12 or newer; jobs run on the host, with nothing between them and your files",
        )
        .remedy("use a newer kernel, or run jobs on the host on purpose with -P LABEL=host"),
    }
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn memory() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = |key: &str| -> Option<u64> {
        let line = meminfo.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let (total, free) = (kib("MemTotal:").unwrap_or(0) << 10, kib("MemAvailable:").unwrap_or(0) << 10);
    let found = format!("{}, {} of {} free", text::count(cores, "processor"), text::size(free), text::size(total));
    if free < 256 << 20 {
        return Finding::warn("machine/memory", "memory", found, "jobs may be killed for want of memory")
            .remedy("end other programs, or bound jobs with --memory and --jobs 1");
    }
    Finding::ok("machine/memory", "memory", found)
}

/// A clock that is behind this very program makes certificates look as if they were not valid yet.
fn clock() -> Finding {
    let now = SystemTime::now();
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let shown = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let shown = shown.map_or_else(|| "before 1970".to_owned(), |time| time.to_string());
    let built = std::env::current_exe().and_then(std::fs::metadata).and_then(|meta| meta.modified());
    match built {
        Ok(built) if built > now + std::time::Duration::from_secs(86_400) => Finding::fail(
            "machine/clock",
            "clock",
            shown,
            "the clock is behind: this program is from the future, and certificates will not be valid",
        )
        .remedy("set the clock, or start the service that does (`timedatectl set-ntp true`)"),
        _ => Finding::ok("machine/clock", "clock", shown),
    }
}

/// Programs of other architectures run through what is registered with the kernel.
fn architectures() -> Finding {
    let (id, title) = ("machine/architectures", "architectures");
    let own = std::env::consts::ARCH;
    let entries = std::fs::read_dir("/proc/sys/fs/binfmt_misc").into_iter().flatten().flatten();
    let mut others: Vec<String> =
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix("qemu-").map(str::to_owned)).collect();
    others.sort();
    if others.is_empty() {
        return Finding::ok(id, title, format!("{own}; images of others cannot run (no emulator is registered)"));
    }
    Finding::ok(id, title, format!("{own}, by emulation also {}", others.join(", ")))
}

/// Where Trunkline keeps its files: space, inodes, and whether one can be written.
pub(super) fn disks(dirs: &Dirs) -> Vec<Finding> {
    let all = [
        ("machine/data", "records", &dirs.data),
        ("machine/cache", "caches", &dirs.cache),
        ("machine/state", "jobs' files", &dirs.state),
    ];
    all.into_iter().map(|(id, title, path)| disk(id, title, path)).collect()
}

fn disk(id: &'static str, title: &'static str, path: &Path) -> Finding {
    let shown = path.display().to_string();
    // A directory that is not there yet is made by the first run; what counts is the one above.
    let there = path.ancestors().find(|one| one.is_dir()).unwrap_or(Path::new("/"));
    let refuse = |error: String| {
        Finding::fail(id, title, format!("{shown}: {error}"), "nothing can be recorded or cached")
            .remedy("make it writable, or set TRUNKLINE_HOME to a directory that is")
    };
    if let Err(error) = tempfile::NamedTempFile::new_in(there) {
        return refuse(format!("cannot be written: {error}"));
    }
    let stat = match rustix::fs::statvfs(there) {
        Ok(stat) => stat,
        Err(error) => return refuse(error.to_string()),
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let inodes = (stat.f_files > 0).then(|| stat.f_favail.saturating_mul(100) / stat.f_files.max(1));
    let found = match inodes {
        Some(percent) => format!("{shown}: {} free, {percent} % of the inodes", text::size(free)),
        None => format!("{shown}: {} free", text::size(free)),
    };
    let clean = "old runs and images can go: `trunkline image prune`, and the directories below `runs`";
    if free < TIGHT || inodes == Some(0) {
        return Finding::fail(id, title, found, "runs will fail for want of space").remedy(clean);
    }
    if free < SHORT || inodes.is_some_and(|percent| percent < 5) {
        return Finding::warn(id, title, found, "large builds may fail for want of space").remedy(clean);
    }
    Finding::ok(id, title, found)
}
