//! A user namespace in which one is root, with as many further users as the machine grants.

use std::io;
use std::path::{Path, PathBuf};

use crate::sys;

/// Ids inside, ids on the host, how many.
pub(super) type Ranges = Vec<(u32, (u32, u32))>;

/// Who exists in a user namespace.
#[derive(Debug, Default, Clone)]
pub(super) struct Ids {
    pub(super) uids: Ranges,
    pub(super) gids: Ranges,
    /// Why there is but one user.
    pub(super) missing: Option<String>,
}

/// Leaves the current user namespace for a new one, and the mount namespace with it.
pub(super) fn enter() -> io::Result<Ids> {
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    let granted = granted(uid);
    let mapper = match &granted {
        Ok((uids, gids)) => Some(Mapper::start(uid, gid, *uids, *gids)?),
        Err(_) => None,
    };
    sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS)?;
    // A process that gained capabilities is not dumpable, and then /proc/self belongs to root.
    sys::prctl(libc::PR_SET_DUMPABLE, 1)?;
    let refused = match mapper.map(Mapper::map) {
        Some(Ok(())) => {
            let ((uids, uid_count), (gids, gid_count)) = granted.unwrap_or_default();
            return Ok(Ids {
                uids: vec![(0, (uid, 1)), (1, (uids, uid_count))],
                gids: vec![(0, (gid, 1)), (1, (gids, gid_count))],
                missing: None,
            });
        }
        Some(Err(error)) => format!("newuidmap failed: {error}"),
        None => granted.err().unwrap_or_default(),
    };
    if uid == 0 && std::fs::write("/proc/self/uid_map", "0 0 4294967295").is_ok() {
        std::fs::write("/proc/self/gid_map", "0 0 4294967295")?;
        return Ok(Ids::default());
    }
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    Ok(Ids {
        uids: vec![(0, (uid, 1))],
        gids: vec![(0, (gid, 1))],
        missing: Some(format!(
            "only root exists inside: no process can run as another user and no file can be given to one ({refused}; ranges \
             of ids come from /etc/subuid and /etc/subgid through newuidmap and newgidmap)"
        )),
    })
}

type Range = (u32, u32);

/// The ranges the machine's administrator granted this user.
fn granted(uid: u32) -> Result<(Range, Range), String> {
    if on_path("newuidmap").is_none() || on_path("newgidmap").is_none() {
        return Err("newuidmap is not installed".into());
    }
    let name = std::fs::read_to_string("/etc/passwd").ok().and_then(|text| name_of(&text, uid));
    let find = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        range_of(&text, name.as_deref(), uid).ok_or_else(|| format!("{file} grants user {uid} nothing"))
    };
    Ok((find("/etc/subuid")?, find("/etc/subgid")?))
}

fn name_of(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// The largest range of a user: start and count.
fn range_of(text: &str, name: Option<&str>, uid: u32) -> Option<Range> {
    let own = uid.to_string();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let user = fields.next()?;
            if Some(user) != name && user != own {
                return None;
            }
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .filter(|(_, count)| *count > 0)
        .max_by_key(|(_, count)| *count)
}

fn on_path(program: &str) -> Option<PathBuf> {
    ["/usr/bin", "/usr/local/bin", "/bin", "/run/wrappers/bin"]
        .iter()
        .map(|directory| Path::new(directory).join(program))
        .find(|path| path.exists())
}

/// A child that stays outside and maps ids when told: from inside only one's own can be.
struct Mapper {
    pid: i32,
    go: std::io::PipeWriter,
}

impl Mapper {
    fn start(uid: u32, gid: u32, uids: Range, gids: Range) -> io::Result<Self> {
        let target = std::process::id().to_string();
        let (mut reader, go) = std::io::pipe()?;
        // SAFETY: the helper has a single thread.
        match unsafe { sys::fork(0) }? {
            Some(pid) => Ok(Self { pid, go }),
            None => {
                drop(go);
                // Nothing comes when the parent failed.
                let told = io::Read::read(&mut reader, &mut [0]).is_ok_and(|count| count == 1);
                let map = |program: &str, own: u32, (start, count): Range| {
                    let numbers = [0, own, 1, 1, start, count].map(|number| number.to_string());
                    let mut command = std::process::Command::new(on_path(program).unwrap_or_default());
                    command.arg(&target).args(numbers).status().is_ok_and(|status| status.success())
                };
                let done = told && map("newuidmap", uid, uids) && map("newgidmap", gid, gids);
                sys::exit(i32::from(!done));
            }
        }
    }

    fn map(mut self) -> io::Result<()> {
        io::Write::write_all(&mut self.go, b"x")?;
        match sys::decode_status(sys::wait_for(self.pid)?).0 {
            Some(0) => Ok(()),
            _ => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_granted_range_by_name_or_number() {
        let text = "# comment\nada:100000:10\nada:200000:65536\n1000:1:5\nbob:5:99999999\nada:x:y\n";
        assert_eq!(range_of(text, Some("ada"), 1000), Some((200_000, 65_536)));
        assert_eq!(range_of(text, None, 1000), Some((1, 5)));
        assert_eq!(range_of(text, Some("eve"), 7), None);
        assert_eq!(name_of("root:x:0:0::/:/bin/sh\nada:x:1000:1000::/:/bin/sh\n", 1000).as_deref(), Some("ada"));
    }
}
