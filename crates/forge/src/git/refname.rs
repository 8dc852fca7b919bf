//! Names of refs, by the rules of `git check-ref-format`.

use std::fmt;

/// The longest name that is taken. Every part becomes a file name.
const LONGEST: usize = 1024;

/// A full ref name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefName<'a> {
    Branch(&'a str),
    Tag(&'a str),
    /// `refs/pull/…`: written by the server only.
    Pull(&'a str),
    Other(&'a str),
}

impl<'a> RefName<'a> {
    /// What a full name stands for.
    #[must_use]
    pub fn of(full: &'a str) -> RefName<'a> {
        if let Some(name) = full.strip_prefix("refs/heads/") {
            RefName::Branch(name)
        } else if let Some(name) = full.strip_prefix("refs/tags/") {
            RefName::Tag(name)
        } else if let Some(name) = full.strip_prefix("refs/pull/") {
            RefName::Pull(name)
        } else {
            RefName::Other(full)
        }
    }
}

impl fmt::Display for RefName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RefName::Branch(name) => write!(f, "branch `{name}`"),
            RefName::Tag(name) => write!(f, "tag `{name}`"),
            RefName::Pull(name) => write!(f, "`refs/pull/{name}`"),
            RefName::Other(name) => write!(f, "`{name}`"),
        }
    }
}

/// Checks a full name (`refs/heads/main`).
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check_ref_name(full: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("`{}` is no name for a ref: {why}", printable(full)));
    if !full.starts_with("refs/") || full.matches('/').count() < 2 {
        return refuse("it must begin with `refs/heads/`, `refs/tags/` or another part below `refs/`");
    }
    if full.len() > LONGEST {
        return refuse("it is longer than 1,024 bytes");
    }
    if let Some(bad) = full.chars().find(|&c| c.is_control() || " ~^:?*[\\".contains(c)) {
        return refuse(&format!("it has {bad:?} in it"));
    }
    if full.contains("..") || full.contains("@{") || full.ends_with('.') {
        return refuse("`..`, `@{` and a last `.` mean something else to git");
    }
    for part in full.split('/') {
        if part.is_empty() {
            return refuse("it has an empty part");
        }
        if part.starts_with('.') || part.ends_with(".lock") {
            return refuse("no part may begin with `.` or end with `.lock`");
        }
        if part.len() > 250 {
            return refuse("a part of it is longer than a file name can be");
        }
    }
    if full == "refs/heads/HEAD" || full.starts_with("refs/heads/-") {
        return refuse("a branch is not called so");
    }
    Ok(())
}

/// A text from outside as part of a message.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(120).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_and_this_table_agree_on_names() {
        let names = [
            "refs/heads/main",
            "refs/heads/feature/a-b_c",
            "refs/tags/v1.0",
            "refs/heads/ä",
            "refs/notes/commits",
            "refs/heads/a.b",
            "refs/heads/a@b",
            "main",
            "refs/main",
            "refs/heads/",
            "refs/heads//a",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a.lock/b",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/a~1",
            "refs/heads/a^",
            "refs/heads/a:b",
            "refs/heads/a?",
            "refs/heads/a*",
            "refs/heads/a[",
            "refs/heads/a\\b",
            "refs/heads/a.",
            "refs/heads/a@{1}",
            "refs/heads/a\u{7f}",
            "refs/heads/../../../etc/passwd",
        ];
        for name in names {
            let git = std::process::Command::new("git").args(["check-ref-format", name]).status().unwrap().success();
            // One level below `refs/` is fine for git, and a foreign place for a push.
            let ours = check_ref_name(name).is_ok() || name == "refs/main";
            assert_eq!(ours, git, "{name}");
        }
    }
}
