//! Users and groups by name, as an image's `/etc/passwd` and `/etc/group` have them.

use std::path::Path;

use dockerfile::{Owner, Principal};

use crate::view::{View, read_small, resolve};

/// Larger files of users are not read.
const LARGEST: u64 = 8 << 20;

/// Whom a process runs as, or whose a file is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) home: Option<String>,
}

struct Tables {
    passwd: String,
    group: String,
}

impl Tables {
    fn read(view: Option<&dyn View>) -> Self {
        let text = |path: &str| {
            let view = view?;
            let path = resolve(view, Path::new(path), true).ok()?;
            view.lookup(&path).ok()??;
            let bytes = read_small(view, &path, LARGEST).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        Self { passwd: text("etc/passwd").unwrap_or_default(), group: text("etc/group").unwrap_or_default() }
    }

    /// Name, number, group and home of the first that fits.
    fn user(&self, wanted: &Principal) -> Option<(String, u32, u32, String)> {
        self.passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let (name, uid, gid) = (fields.first()?, fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
            let fits = match wanted {
                Principal::Name(wanted) => name == wanted,
                Principal::Id(wanted) => uid == *wanted,
            };
            fits.then(|| ((*name).to_owned(), uid, gid, fields.get(5).copied().unwrap_or_default().to_owned()))
        })
    }

    fn group(&self, wanted: &Principal) -> Result<u32, String> {
        let name = match wanted {
            Principal::Id(gid) => return Ok(*gid),
            Principal::Name(name) => name,
        };
        let found = self.group.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields.first() == Some(&name.as_str())).then(|| fields.get(2)?.parse().ok())?
        });
        found.ok_or_else(|| format!("there is no group {name} in /etc/group of the image"))
    }

    fn memberships(&self, name: &str) -> Vec<u32> {
        let of_line = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let member = fields.get(3)?.split(',').any(|member| member == name);
            if member { fields.get(2)?.parse().ok() } else { None }
        };
        self.group.lines().filter_map(of_line).collect()
    }
}

/// Whose files `--chown` makes: a name's group is its own group, a number's is the same number.
pub(crate) fn owner(view: Option<&dyn View>, owner: &Owner) -> Result<(u32, u32), String> {
    let tables = Tables::read(view);
    let (uid, own_group) = match &owner.user {
        Principal::Id(uid) => (*uid, *uid),
        Principal::Name(name) => match tables.user(&owner.user) {
            Some((_, uid, gid, _)) => (uid, gid),
            None => return Err(format!("there is no user {name} in /etc/passwd of the image")),
        },
    };
    let gid = owner.group.as_ref().map(|group| tables.group(group)).transpose()?.unwrap_or(own_group);
    Ok((uid, gid))
}

/// Whom `USER` means for a process.
pub(crate) fn process(view: Option<&dyn View>, user: &str) -> Result<Account, String> {
    let tables = Tables::read(view);
    let (name, group) = match user.split_once(':') {
        Some((name, group)) => (name, Some(group).filter(|group| !group.is_empty())),
        None => (user, None),
    };
    let principal = |text: &str| match text.parse() {
        Ok(number) => Principal::Id(number),
        Err(_) => Principal::Name(text.to_owned()),
    };
    let wanted = principal(if name.is_empty() { "0" } else { name });
    let mut account = match (tables.user(&wanted), &wanted) {
        (Some((name, uid, gid, home)), _) => {
            Account { uid, gid, groups: tables.memberships(&name), home: Some(home).filter(|home| !home.is_empty()) }
        }
        (None, Principal::Id(uid)) => Account { uid: *uid, ..Account::default() },
        (None, Principal::Name(name)) => return Err(format!("there is no user {name} in /etc/passwd of the image")),
    };
    if let Some(group) = group {
        account.gid = tables.group(&principal(group))?;
        account.groups.clear();
    }
    Ok(account)
}

#[cfg(test)]
mod tests {
    use span::{FileId, Span};

    use super::*;
    use crate::view::{Listing, Verdict};

    fn image() -> (tempfile::TempDir, Listing) {
        let directory = tempfile::tempdir().unwrap();
        let etc = directory.path().join("etc");
        std::fs::create_dir(&etc).unwrap();
        std::fs::write(etc.join("passwd"), "root:x:0:0::/root:\nbroken\napp:x:7:8::/app:/bin/sh\n").unwrap();
        std::fs::write(etc.join("group"), "root:x:0:\nstaff:x:8:\nmore:x:9:app,root\n").unwrap();
        let listing = Listing::read(directory.path(), true, &mut |_, _| Verdict::Keep).unwrap();
        (directory, listing)
    }

    #[test]
    fn processes_run_as_whom_the_image_says() {
        let (_directory, image) = image();
        let account = |user: &str| {
            process(Some(&image), user).map(|account| (account.uid, account.gid, account.groups, account.home))
        };
        let home = |text: &str| Some(text.to_owned());
        for (user, expected) in [
            ("", Ok((0, 0, vec![9], home("/root")))),
            ("app", Ok((7, 8, vec![9], home("/app")))),
            ("7", Ok((7, 8, vec![9], home("/app")))),
            ("app:more", Ok((7, 9, vec![], home("/app")))),
            ("app:", Ok((7, 8, vec![9], home("/app")))),
            ("1234", Ok((1234, 0, vec![], None))),
            ("1234:5", Ok((1234, 5, vec![], None))),
            ("nobody", Err("there is no user nobody in /etc/passwd of the image".to_owned())),
            ("app:none", Err("there is no group none in /etc/group of the image".to_owned())),
        ] {
            assert_eq!(account(user), expected, "{user}");
        }
        assert_eq!(process(None, "0").unwrap().uid, 0);
    }

    #[test]
    fn numbers_need_no_names() {
        let (_directory, image) = image();
        let whose = |text: &str, view: Option<&dyn View>| {
            let word = dockerfile::Word::new(text, Span::new(FileId(0), 0, text.len()));
            super::owner(view, &Owner::parse(&word).unwrap())
        };
        for (text, expected) in
            [("app", (7, 8)), ("app:more", (7, 9)), ("5", (5, 5)), ("5:6", (5, 6)), ("5:more", (5, 9))]
        {
            assert_eq!(whose(text, Some(&image)), Ok(expected), "{text}");
        }
        assert_eq!(whose("3:4", None), Ok((3, 4)));
        assert!(whose("app", None).is_err());
    }
}
