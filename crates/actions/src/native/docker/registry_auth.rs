//! The `registry-auth` input of `docker/login-action`: a YAML list of registries.

use crate::native::error::{Fault, Result};

/// One login.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) registry: String,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) scope: String,
    pub(crate) ecr: String,
}

/// Reads a list of mappings with plain or quoted values, one key a line: what the action's documentation shows. Never
/// tells a value.
pub(crate) fn parse(text: &str) -> Result<Vec<Login>> {
    let mut logins: Vec<Login> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let refuse = |what: &str| Fault::Text(format!("registry-auth, line {}: {what}", index + 1));
        let mut rest = line.trim_end();
        if rest.trim_start().is_empty() || rest.trim_start().starts_with('#') || rest == "---" {
            continue;
        }
        rest = rest.trim_start();
        if let Some(item) = rest.strip_prefix('-') {
            if !item.is_empty() && !item.starts_with(' ') {
                return Err(refuse("an item of the list begins with `- `"));
            }
            logins.push(Login::default());
            rest = item.trim_start();
            if rest.is_empty() {
                continue;
            }
        }
        let login = logins.last_mut().ok_or_else(|| refuse("expected a list: `- registry: …`"))?;
        let (key, value) = rest.split_once(':').ok_or_else(|| refuse("expected `key: value`"))?;
        let value = scalar(value).ok_or_else(|| refuse("the value is no text in one line"))?;
        match key.trim().trim_matches(['"', '\'']) {
            "registry" => login.registry = value,
            "username" => login.username = value,
            "password" => login.password = value,
            "scope" => login.scope = value,
            "ecr" => login.ecr = value,
            _ => return Err(refuse("the keys are registry, username, password, scope and ecr")),
        }
    }
    if logins.is_empty() {
        return Err(Fault::text("No registry to login"));
    }
    Ok(logins)
}

fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'') {
        return Some(inner.strip_suffix('\'')?.replace("''", "'"));
    }
    if text.starts_with('"') {
        // The common escapes of both are the same.
        return serde_json::from_str(text).ok();
    }
    if text.starts_with(['|', '>', '{', '[', '&', '*', '!', '%', '@', '`']) {
        return None;
    }
    Some(text.split(" #").next().unwrap_or(text).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let text = "\n# two\n- registry: ghcr.io\n  username: ann # me\n  password: 'it''s'\n-\n  username: \"b\\\"ob\"\n  password: x:y\n";
        let logins = parse(text).unwrap();
        assert_eq!(logins.len(), 2);
        assert_eq!(
            (logins[0].registry.as_str(), logins[0].username.as_str(), logins[0].password.as_str()),
            ("ghcr.io", "ann", "it's")
        );
        assert_eq!((logins[1].username.as_str(), logins[1].password.as_str()), ("b\"ob", "x:y"));
    }

    #[test]
    fn mistakes_tell_the_line_and_no_value() {
        for (text, want) in [
            ("", "No registry to login"),
            ("registry: x", "line 1: expected a list"),
            ("- registry: x\n  password hunter2", "line 2: expected `key: value`"),
            ("- token: hunter2", "line 1: the keys are"),
            ("- password: |", "no text in one line"),
        ] {
            let error = parse(text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(want) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
