//! Names of images, in docker's grammar.

use std::fmt;
use std::str::FromStr;

use blob::Digest;
use thiserror::Error;

use crate::cut::cut;

/// Where names without a registry are.
const DEFAULT_DOMAIN: &str = "docker.io";
/// What docker.io was once called; still read.
const LEGACY_DOMAIN: &str = "index.docker.io";
const LONGEST_PATH: usize = 255;
const LONGEST_TAG: usize = 128;
/// More than any name has.
const LONGEST_SHOWN: usize = 400;

/// A normalised name of an image: `docker.io/library/alpine:3.20@sha256:…`.
///
/// The grammar and its normalisation are those of docker's command line: `alpine` is `docker.io/library/alpine:latest`. A
/// name with neither tag nor digest means the tag `latest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text names no image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a name of an image: {reason}")]
pub struct ReferenceError {
    text: String,
    reason: String,
}

impl Reference {
    /// Reads a name as docker's command line does.
    ///
    /// # Errors
    ///
    /// Says which part of the name does not follow the grammar.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        read(text).map_err(|reason| ReferenceError { text: shown(text), reason })
    }

    /// The registry: a host, with its port if the name has one.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository in its registry: `library/alpine`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The registry and the repository: `docker.io/library/alpine`.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The tag. A name with a digest may have none.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, when the name pins one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What a registry is asked for below `/manifests/`: the digest if there is one, else the tag.
    pub fn selector(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The same repository with another tag, and no digest.
    ///
    /// # Errors
    ///
    /// When the text is not a tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        check_tag(tag).map_err(|reason| ReferenceError { text: shown(tag), reason })?;
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// The same repository with a digest, and no tag.
    pub fn with_digest(&self, digest: &Digest) -> Self {
        Self { tag: None, digest: Some(*digest), ..self.clone() }
    }

    /// The same repository, tag and digest at another registry, such as a mirror of it.
    pub fn at(&self, domain: &str) -> Self {
        Self { domain: domain.to_owned(), ..self.clone() }
    }

    /// The name as people write it: without `docker.io/library/`.
    pub fn familiar(&self) -> String {
        format!("{}{}", self.familiar_repository(), self.suffix())
    }

    /// The repository as people write it: `alpine`, `ghcr.io/owner/name`.
    pub fn familiar_repository(&self) -> String {
        if self.domain != DEFAULT_DOMAIN {
            return self.repository();
        }
        let short = self.path.strip_prefix("library/").filter(|rest| !rest.contains('/'));
        short.unwrap_or(&self.path).to_owned()
    }

    fn suffix(&self) -> String {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        tag + &digest
    }
}

/// The whole name, with registry: what two names of the same image have in common.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.domain, self.path, self.suffix())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn read(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        return Err("64 hexadecimal digits are the id of an image, not a name".to_owned());
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => {
            let digest = digest.parse().map_err(|error| format!("the part after `@` is not a digest: {error}"))?;
            (rest, Some(digest))
        }
        None => (text, None),
    };
    // A colon after the last slash begins the tag; one before it belongs to a port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    let (domain, path) = split_domain(name);
    check_domain(domain)?;
    check_path(path)?;
    let domain = if domain == LEGACY_DOMAIN { DEFAULT_DOMAIN } else { domain };
    let path =
        if domain == DEFAULT_DOMAIN && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
    if path.len() > LONGEST_PATH {
        return Err(format!("the repository is longer than {LONGEST_PATH} characters"));
    }
    let tag = match (tag, &digest) {
        (None, None) => Some("latest".to_owned()),
        (tag, _) => tag.map(str::to_owned),
    };
    Ok(Reference { domain: domain.to_owned(), path, tag, digest })
}

/// A first component is a registry when it cannot be a part of a repository: it has a dot, a port or upper-case letters, or
/// is `localhost`.
fn split_domain(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':', '['])
                || first == "localhost"
                || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => (DEFAULT_DOMAIN, name),
    }
}

fn check_domain(domain: &str) -> Result<(), String> {
    let wrong = || Err(format!("`{domain}` is not a registry (expected HOST or HOST:PORT)"));
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, after)) if after.starts_with(':') => (address, Some(&after[1..])),
            _ => return wrong(),
        },
        None => match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        },
    };
    if port.is_some_and(|port| port.is_empty() || port.len() > 5 || !port.bytes().all(|byte| byte.is_ascii_digit())) {
        return wrong();
    }
    let good = if domain.starts_with('[') {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
    };
    if good { Ok(()) } else { wrong() }
}

fn check_path(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("the repository is missing".to_owned());
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the repository must be in lower case".to_owned());
    }
    for component in path.split('/') {
        if component.is_empty() {
            return Err("a part of the repository is empty".to_owned());
        }
        if !is_component(component.as_bytes()) {
            return Err(format!(
                "`{}` is not a part of a repository (expected a-z and 0-9, with `.`, `_`, `__` or dashes between them)",
                shown(component)
            ));
        }
    }
    Ok(())
}

fn is_component(bytes: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    is_word(first)
        && is_word(last)
        && bytes.split(is_word).all(|between| match between {
            b"" | b"." | b"_" | b"__" => true,
            dashes => dashes.iter().all(|byte| *byte == b'-'),
        })
}

fn check_tag(tag: &str) -> Result<(), String> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let good = tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-');
    if good {
        return Ok(());
    }
    Err(format!("`{}` is not a tag (expected up to {LONGEST_TAG} of A-Z, a-z, 0-9, `_`, `.` and `-`)", shown(tag)))
}

/// Text of any length and content, fit for a message of one line.
fn shown(text: &str) -> String {
    cut(text, LONGEST_SHOWN).chars().flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn names_are_normalised() {
        for (text, whole, familiar) in [
            ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
            ("alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"),
            ("docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
            ("index.docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
            ("owner/name", "docker.io/owner/name:latest", "owner/name:latest"),
            ("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
            ("ghcr.io/Owner/x", "", ""),
            ("ghcr.io/owner/name:v1", "ghcr.io/owner/name:v1", "ghcr.io/owner/name:v1"),
            ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
            ("localhost:5000/x", "localhost:5000/x:latest", "localhost:5000/x:latest"),
            ("Upper/x", "Upper/x:latest", "Upper/x:latest"),
            ("[::1]:5000/x:y", "[::1]:5000/x:y", "[::1]:5000/x:y"),
            ("a__b/c-d--e.f_g", "docker.io/a__b/c-d--e.f_g:latest", "a__b/c-d--e.f_g:latest"),
            ("x:5000", "docker.io/library/x:5000", "x:5000"),
        ] {
            match Reference::parse(text) {
                Ok(reference) => {
                    assert_eq!(reference.to_string(), whole, "{text}");
                    assert_eq!(reference.familiar(), familiar, "{text}");
                }
                Err(error) => assert_eq!(whole, "", "{error}"),
            }
        }
        let pinned = Reference::parse(&format!("alpine@sha256:{HEX}")).unwrap();
        assert_eq!(pinned.to_string(), format!("docker.io/library/alpine@sha256:{HEX}"));
        assert_eq!(pinned.tag(), None);
        assert_eq!(pinned.selector(), format!("sha256:{HEX}"));
        let both = Reference::parse(&format!("alpine:3@sha256:{HEX}")).unwrap();
        assert_eq!(both.familiar(), format!("alpine:3@sha256:{HEX}"));
        assert_eq!(both.at("mirror:5000").to_string(), format!("mirror:5000/library/alpine:3@sha256:{HEX}"));
    }

    #[test]
    fn errors_name_the_part() {
        let errors: Vec<String> = [
            "",
            HEX,
            "Alpine",
            "a//b",
            "-a",
            "a-",
            "a..b",
            "a___b",
            "a:",
            "a:-x",
            "a@sha256:12",
            "a@b",
            "host:port/x",
            "a.b-/x",
            "[::z]/x",
            "a.b/",
            "ü",
        ]
        .iter()
        .map(|text| Reference::parse(text).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        `` is not a name of an image: it is empty
        `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855` is not a name of an image: 64 hexadecimal digits are the id of an image, not a name
        `Alpine` is not a name of an image: the repository must be in lower case
        `a//b` is not a name of an image: a part of the repository is empty
        `-a` is not a name of an image: `-a` is not a part of a repository (expected a-z and 0-9, with `.`, `_`, `__` or dashes between them)
        `a-` is not a name of an image: `a-` is not a part of a repository (expected a-z and 0-9, with `.`, `_`, `__` or dashes between them)
        `a..b` is not a name of an image: `a..b` is not a part of a repository (expected a-z and 0-9, with `.`, `_`, `__` or dashes between them)
        `a___b` is not a name of an image: `a___b` is not a part of a repository (expected a-z and 0-9, with `.`, `_`, `__` or dashes between them)
        `a:` is not a name of an image: `` is not a tag (expected up to 128 of A-Z, a-z, 0-9, `_`, `.` and `-`)
        `a:-x` is not a name of an image: `-x` is not a tag (expected up to 128 of A-Z, a-z, 0-9, `_`, `.` and `-`)
        `a@sha256:12` is not a name of an image: the part after `@` is not a digest: `sha256:12` is no digest: expected 64 lower-case hex digits after `sha256:`
        `a@b` is not a name of an image: the part after `@` is not a digest: `b` is no digest: expected `sha256:` or `sha512:` and the hash in hex
        `host:port/x` is not a name of an image: `host:port` is not a registry (expected HOST or HOST:PORT)
        `a.b-/x` is not a name of an image: `a.b-` is not a registry (expected HOST or HOST:PORT)
        `[::z]/x` is not a name of an image: `[::z]` is not a registry (expected HOST or HOST:PORT)
        `a.b/` is not a name of an image: the repository is missing
        `ü` is not a name of an image: `ü` is not a part of a repository (expected a-z and 0-9, with `.`, `_`, `__` or dashes between them)
        "#);
        let long = "a".repeat(256);
        assert!(Reference::parse(&long).unwrap_err().to_string().contains("longer than 255"));
        assert!(Reference::parse("alpine").unwrap().with_tag("a b").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_an_error(text in ".*") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.to_string()).unwrap(), reference.clone());
                prop_assert_eq!(Reference::parse(&reference.familiar()).unwrap(), reference);
            }
        }

        #[test]
        fn names_survive_being_written(text in "([a-z]{1,4}[.:]?[0-9]{0,3}/)?[a-z0-9._-]{1,6}(/[a-z0-9_-]{1,4})?(:[a-zA-Z0-9._-]{1,5})?") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.familiar()).unwrap(), reference);
            }
        }
    }
}
