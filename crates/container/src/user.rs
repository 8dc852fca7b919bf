//! `user[:group]`, by number or by the names in an image's `/etc/passwd` and `/etc/group`.

use std::path::Path;

use crate::inside::Root;
use crate::{Error, Result};

/// Files of users larger than this are cut.
const LARGEST: u64 = 4 << 20;

/// Whom a process runs as, with what belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    /// The home directory, `/` when nobody says.
    pub home: String,
}

impl Account {
    /// Reads both files of the root and looks the account up. `wanted` is empty for root; `more` are the groups of
    /// `--group-add`.
    pub fn find(root: &Root, wanted: &str, more: &[String]) -> Result<Self> {
        let passwd = root.text(Path::new("/etc/passwd"), LARGEST).unwrap_or_default();
        let group = root.text(Path::new("/etc/group"), LARGEST).unwrap_or_default();
        Self::resolve(&passwd, &group, wanted, more)
    }

    fn resolve(passwd: &str, group: &str, wanted: &str, more: &[String]) -> Result<Self> {
        let (user, wanted_group) = match wanted.split_once(':') {
            Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
            None => (wanted, None),
        };
        let user = if user.is_empty() { "0" } else { user };
        let number = number(user)?;
        let entry = passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let (uid, gid): (u32, u32) = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
            let found = fields[0] == user || number == Some(uid);
            found.then(|| (fields[0].to_owned(), uid, gid, fields.get(5).copied().unwrap_or("").to_owned()))
        });
        let (name, uid, gid, home) = match (entry, number) {
            (Some(entry), _) => entry,
            (None, Some(uid)) => (String::new(), uid, 0, String::new()),
            (None, None) => {
                return Err(Error::Refused(format!("unable to find user {user}: no matching entries in passwd file")));
            }
        };
        let entries: Vec<(&str, u32, &str)> = group
            .lines()
            .filter_map(|line| {
                let fields: Vec<&str> = line.split(':').collect();
                Some((fields[0], fields.get(2)?.parse().ok()?, fields.get(3).copied().unwrap_or("")))
            })
            .collect();
        let gid_of = |text: &str| match self::number(text)? {
            Some(gid) => Ok(gid),
            None => entries.iter().find(|(name, ..)| *name == text).map(|(_, gid, _)| *gid).ok_or_else(|| {
                Error::Refused(format!("unable to find group {text}: no matching entries in group file"))
            }),
        };
        let mut account = Self {
            uid,
            gid: wanted_group.map_or(Ok(gid), gid_of)?,
            groups: Vec::new(),
            home: if home.is_empty() { "/".into() } else { home },
        };
        // With a group named, the memberships do not count.
        if wanted_group.is_none() && !name.is_empty() {
            let member = |list: &str| list.split(',').any(|member| member == name);
            account.groups.extend(entries.iter().filter(|(.., list)| member(list)).map(|(_, gid, _)| *gid));
        }
        for text in more {
            account.groups.push(gid_of(text)?);
        }
        Ok(account)
    }

    /// As the sandbox wants it.
    pub fn sandbox_user(&self) -> sandbox::User {
        sandbox::User { uid: self.uid, gid: self.gid, groups: self.groups.clone() }
    }
}

/// The text as an id; `None` when it is a name.
fn number(text: &str) -> Result<Option<u32>> {
    match text.parse::<u64>() {
        Err(_) => Ok(None),
        Ok(id) if id < u64::from(u32::MAX >> 1) => Ok(Some(id as u32)),
        Ok(_) => Err(Error::Refused("uids and gids must be in range 0-2147483647".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nbad line\napp:x:1000:1001::/home/app:/bin/sh\n";
    const GROUP: &str = "root:x:0:\napp:x:1001:\nwheel:x:10:root,app\nvideo:x:44:app\n";

    #[test]
    fn accounts() {
        type Found = (u32, u32, &'static [u32], &'static str);
        let cases: &[(&str, Found)] = &[
            ("", (0, 0, &[10], "/root")),
            ("app", (1000, 1001, &[10, 44], "/home/app")),
            ("1000", (1000, 1001, &[10, 44], "/home/app")),
            ("app:wheel", (1000, 10, &[], "/home/app")),
            ("app:", (1000, 1001, &[10, 44], "/home/app")),
            ("4242", (4242, 0, &[], "/")),
            ("4242:99", (4242, 99, &[], "/")),
        ];
        for (wanted, (uid, gid, groups, home)) in cases {
            let account = Account::resolve(PASSWD, GROUP, wanted, &[]).unwrap();
            assert_eq!(
                (account.uid, account.gid, account.groups.as_slice(), account.home.as_str()),
                (*uid, *gid, *groups, *home),
                "{wanted}"
            );
        }
        let more = Account::resolve(PASSWD, GROUP, "4242", &["video".into(), "7".into()]).unwrap();
        assert_eq!(more.groups, [44, 7]);
    }

    #[test]
    fn unknown_names() {
        let told = |wanted: &str| Account::resolve(PASSWD, GROUP, wanted, &[]).unwrap_err().to_string();
        assert_eq!(told("nobody"), "unable to find user nobody: no matching entries in passwd file");
        assert_eq!(told("app:staff"), "unable to find group staff: no matching entries in group file");
        assert_eq!(told("4294967296"), "uids and gids must be in range 0-2147483647");
    }
}
