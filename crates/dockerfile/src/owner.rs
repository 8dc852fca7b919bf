use span::Diagnostic;

use crate::Word;

/// `--chown`: whose the files become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub user: Principal,
    /// As the user's own group if absent: the same number for a number, the one of `/etc/passwd` for a name.
    pub group: Option<Principal>,
}

/// A number, or a name to look up in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    Id(u32),
    Name(String),
}

impl Owner {
    /// `user`, `user:group`, numbers or names. Variables have to be in already.
    pub fn parse(word: &Word) -> Result<Owner, Diagnostic> {
        let (user, group) = match word.text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (word.text.as_str(), None),
        };
        let bad = |part: &str| {
            Diagnostic::error("dockerfile/owner", format!("`{part}` names no user or group"))
                .at(word.span)
                .help("an owner is `user`, `user:group` or numbers such as `1000:1000`")
        };
        let group = group.filter(|group| !group.is_empty());
        let user = Principal::parse(user).ok_or_else(|| bad(&word.text))?;
        let group = group.map(|group| Principal::parse(group).ok_or_else(|| bad(group))).transpose()?;
        Ok(Owner { user, group })
    }
}

impl Principal {
    fn parse(text: &str) -> Option<Principal> {
        if text.is_empty() || text.contains([':', '\n', '\0', '/']) {
            return None;
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(Principal::Id);
        }
        Some(Principal::Name(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use span::{FileId, Span};

    use super::*;

    fn parse(text: &str) -> Option<Owner> {
        Owner::parse(&Word::new(text, Span::new(FileId(0), 0, text.len()))).ok()
    }

    #[test]
    fn names_and_numbers() {
        let name = |name: &str| Principal::Name(name.to_owned());
        for (text, user, group) in [
            ("app", name("app"), None),
            ("app:staff", name("app"), Some(name("staff"))),
            ("1000", Principal::Id(1000), None),
            ("1000:1001", Principal::Id(1000), Some(Principal::Id(1001))),
            ("app:", name("app"), None),
            ("0:app", Principal::Id(0), Some(name("app"))),
        ] {
            assert_eq!(parse(text), Some(Owner { user, group }), "{text}");
        }
        for text in ["", ":", ":app", "a:b:c", "4294967296", "a\nb"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
