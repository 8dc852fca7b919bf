//! Single answers read from the repository's files, without a process.

use std::path::PathBuf;

use crate::Repository;
use crate::config::Config;

impl Repository {
    /// A variable of the repository's configuration, else of the user's. `include` is not followed.
    pub fn config_value(&self, name: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        if let Some(value) = self.config().get(&name) {
            return Some(value.to_owned());
        }
        let home = PathBuf::from(std::env::var_os("HOME")?);
        let files = [
            std::env::var_os("GIT_CONFIG_GLOBAL").map_or_else(|| home.join(".gitconfig"), PathBuf::from),
            home.join(".config/git/config"),
        ];
        files.iter().find_map(|file| Config::read(file).get(&name).map(str::to_owned))
    }

    /// The commit that the branch was at when it was last pushed or fetched: its remote-tracking branch.
    pub fn upstream(&self, branch: &str) -> Option<String> {
        let remote = self.config().get(&format!("branch.{branch}.remote")).unwrap_or("origin").to_owned();
        let merge = self.config().get(&format!("branch.{branch}.merge")).map(str::to_owned);
        let name = merge.as_deref().and_then(|merge| merge.strip_prefix("refs/heads/")).unwrap_or(branch);
        self.read_ref(&format!("refs/remotes/{remote}/{name}"))
    }

    /// The commit of a branch: the local one, else origin's.
    pub fn branch_commit(&self, branch: &str) -> Option<String> {
        self.read_ref(&format!("refs/heads/{branch}"))
            .or_else(|| self.read_ref(&format!("refs/remotes/origin/{branch}")))
    }
}

impl Repository {
    /// Directories with objects: the repository's own and those it borrows from. A job's git must be able to read them.
    pub fn object_dirs(&self) -> Vec<PathBuf> {
        let mut dirs: Vec<PathBuf> = self.objects().into_iter().collect();
        let mut next = 0;
        // Borrowing goes at most a few levels; git itself stops at 5.
        while next < dirs.len() && next < 16 {
            let text = std::fs::read_to_string(dirs[next].join("info/alternates")).unwrap_or_default();
            let borrowed: Vec<PathBuf> = text
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(|line| dirs[next].join(line))
                .filter(|dir| !dirs.contains(dir))
                .collect();
            dirs.extend(borrowed);
            next += 1;
        }
        dirs
    }
}
