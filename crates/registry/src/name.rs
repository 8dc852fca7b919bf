//! Names in requests: repositories, tags, and what a manifest may be asked for by.

use std::fmt;
use std::str::FromStr;

use blob::Digest;
use thiserror::Error;

/// The name of a repository, such as `team/app`: components of lower-case letters and digits with single `.`, `_`, `__` or
/// any number of `-` between them, 255 bytes at most in all.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository(String);

/// A tag: 1 to 128 letters, digits, `_`, `.` and `-`, the first of them no `.` and no `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Tag(Tag),
    Digest(Digest),
}

/// Why a text is no name of a repository, or no tag.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct NameError(pub(crate) String);

/// The longest name: together with a host, many clients stop at 255.
const LONGEST_NAME: usize = 255;

impl Repository {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Repository {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() > LONGEST_NAME {
            return Err(NameError(format!("a repository name has at most {LONGEST_NAME} bytes, not {}", text.len())));
        }
        if text.split('/').all(is_component) {
            return Ok(Self(text.to_owned()));
        }
        Err(NameError(format!(
            "`{text}` is no repository name: expected components such as `team/app`, of lower-case letters and digits with \
             `.`, `_`, `__` or `-` between them"
        )))
    }
}

fn is_component(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    if !edge(bytes.first()) || !edge(bytes.last()) {
        return false;
    }
    bytes.split(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()).all(|separator| match separator {
        [] | [b'.'] | [b'_'] | [b'_', b'_'] => true,
        other => other.iter().all(|byte| *byte == b'-'),
    })
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Tag {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let good = text.len() <= 128
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-');
        if good {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(160).collect();
        Err(NameError(format!(
            "`{shown}` is no tag: expected 1 to 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`"
        )))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        for good in ["a", "a/b", "a.b/c_d/e__f/g--h", "0", "library/alpine", "localhost/x-1", "blobs/uploads"] {
            assert!(good.parse::<Repository>().is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "", "/", "a/", "/a", "a//b", "A", "a..b", "a___b", "a._b", "-a", "a-", "_a", "..", "a/../b", "ü", "a b",
            &long,
        ] {
            assert!(bad.parse::<Repository>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tags() {
        let (longest, long) = ("t".repeat(128), "t".repeat(129));
        for good in ["latest", "1.2.3", "_x", "A-b", &longest] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".x", "-x", "a/b", "a:b", "a b", "ü", &long] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }
}
