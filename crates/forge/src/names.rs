//! Names of repositories.

use crate::{Error, Result};

/// Names that mean something else in an address.
const RESERVED: &[&str] = &[".", "..", ".git", "info", "objects", "-"];

/// Checks a repository's name: what a path of an address and a directory may be called, and no more.
pub fn check_repository_name(name: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::invalid("Repository", "name", format!("a repository's name {why}")));
    if name.is_empty() || name.len() > 100 {
        return refuse("has 1 to 100 characters");
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return refuse("is made of letters, digits, `-`, `_` and `.`");
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str())
        || lower.ends_with(".git")
        || lower.ends_with(".wiki")
        || lower.ends_with(".lock")
    {
        return refuse("may not be that, or end with `.git`, `.wiki` or `.lock`");
    }
    Ok(())
}

/// Checks the short name of a branch.
pub fn check_branch(name: &str) -> Result<()> {
    crate::git::check_ref_name(&format!("refs/heads/{name}"))
        .map_err(|message| Error::invalid("Reference", "ref", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_paths_or_addresses_of_something_else_are_refused() {
        for good in ["app", "a", "my.app", "A-b_c.d", "x.github.io", "..."] {
            assert!(check_repository_name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(101);
        for bad in
            ["", ".", "..", "../x", "a/b", "a b", "a.git", "A.GIT", "ä", "a\0", "a%2f", ".git", "x.wiki", "info", &long]
        {
            assert!(check_repository_name(bad).is_err(), "{bad}");
        }
    }
}
