//! `registry-url`: an `.npmrc` with the address and a token taken from the environment.

use std::fs;

use crate::native::error::{Fault, Result};
use crate::native::files::Files;
use crate::native::{NativeCall, NativeOutcome};

pub(super) fn configure(call: &NativeCall, outcome: &mut NativeOutcome, url: &str) -> Result<()> {
    let inside = call.place.temp.join(".npmrc");
    let host = Files(&call.place.sandbox).host(&inside);
    let before = fs::read_to_string(&host).unwrap_or_default();
    let owner = &call.place.repository_name.owner;
    let text = npmrc(&before, url, call.inputs().text("scope"), owner);
    fs::write(&host, text).map_err(Fault::io("write", &inside))?;
    outcome.env.insert("NPM_CONFIG_USERCONFIG".to_owned(), inside.to_string_lossy().into_owned());
    // npm fails on a variable that is not set; before version 7 the action exported this one.
    let token = match call.env("NODE_AUTH_TOKEN") {
        "" if crate::native::setup::major(call) < 7 => Some("XXXXX-XXXXX-XXXXX-XXXXX"),
        "" => None,
        token => Some(token),
    };
    if let Some(token) = token {
        outcome.env.insert("NODE_AUTH_TOKEN".to_owned(), token.to_owned());
    }
    Ok(())
}

fn npmrc(before: &str, url: &str, scope: &str, owner: &str) -> String {
    let url = format!("{}/", url.trim_end_matches('/'));
    let scope = match scope {
        "" if url.contains("npm.pkg.github.com") => owner,
        scope => scope,
    };
    let scope = match scope.trim_start_matches('@') {
        "" => String::new(),
        scope => format!("@{}:", scope.to_lowercase()),
    };
    let setting = format!("{scope}registry");
    let kept = before.lines().filter(|line| !line.is_empty() && !line.to_lowercase().starts_with(&setting));
    let mut text: String = kept.map(|line| format!("{line}\n")).collect();
    let address = url.split_once(':').map_or(url.as_str(), |(_, rest)| rest);
    text.push_str(&format!("{address}:_authToken=${{NODE_AUTH_TOKEN}}\n{setting}={url}\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::npmrc;

    #[test]
    fn files() {
        assert_eq!(
            npmrc("x=1\nregistry=https://old/\n", "https://r.example", "", "Octo"),
            "x=1\n//r.example/:_authToken=${NODE_AUTH_TOKEN}\nregistry=https://r.example/\n"
        );
        assert_eq!(
            npmrc("", "https://npm.pkg.github.com", "", "Octo"),
            "//npm.pkg.github.com/:_authToken=${NODE_AUTH_TOKEN}\n@octo:registry=https://npm.pkg.github.com/\n"
        );
        assert!(npmrc("", "https://r.example/", "@Team", "Octo").contains("@team:registry="));
    }
}
