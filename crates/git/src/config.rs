//! Reading git's configuration files without git.
//!
//! Only what facts need; `include` is not followed (the caller sees [`Config::has_include`] and asks git).

use std::path::Path;

/// The variables of one file, in order.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// (`section.subsection.key` with section and key in lower case, value).
    values: Vec<(String, String)>,
    /// Whether the file names others.
    pub(crate) has_include: bool,
}

impl Config {
    /// Reads a file; a missing one is empty.
    pub(crate) fn read(path: &Path) -> Config {
        std::fs::read(path).map(|bytes| Config::parse(&String::from_utf8_lossy(&bytes))).unwrap_or_default()
    }

    /// Parses the text of a file. Lines that make no sense are skipped: git itself will complain about them.
    pub(crate) fn parse(text: &str) -> Config {
        let mut config = Config::default();
        let mut section = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let mut line = line.trim();
            if line.starts_with('[') {
                let Some((name, rest)) = section_header(line) else {
                    continue;
                };
                config.has_include |= name == "include" || name.starts_with("includeif.");
                section = name;
                line = rest.trim();
            }
            if line.is_empty() || line.starts_with(['#', ';']) || section.is_empty() {
                continue;
            }
            let (key, raw) = line.split_once('=').map_or((line, None), |(key, value)| (key, Some(value)));
            let key = key.trim().to_ascii_lowercase();
            let value = raw.map_or_else(|| "true".to_owned(), |raw| value(raw, &mut lines));
            config.values.push((format!("{section}.{key}"), value));
        }
        config
    }

    /// The last value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Names of the subsections of `section` that have `key`, in order, without repeats.
    pub(crate) fn subsections(&self, section: &str, key: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (name, _) in &self.values {
            let Some(rest) = name.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let Some(sub) = rest.strip_suffix(key).and_then(|rest| rest.strip_suffix('.')) else {
                continue;
            };
            if !found.iter().any(|known| known == sub) {
                found.push(sub.to_owned());
            }
        }
        found
    }
}

/// `[section "sub"] rest` to (`section.sub`, rest).
fn section_header(line: &str) -> Option<(String, &str)> {
    let body = line.strip_prefix('[')?;
    let end_of_name = body.find([']', '"'])?;
    let name = body[..end_of_name].trim().to_ascii_lowercase();
    if body[end_of_name..].starts_with(']') {
        return Some((name, &body[end_of_name + 1..]));
    }
    let mut sub = String::new();
    let mut chars = body[end_of_name + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => sub.extend(chars.next().map(|(_, c)| c)),
            '"' => {
                let rest = &body[end_of_name + 1 + at + 1..];
                return Some((format!("{name}.{sub}"), rest.trim_start().strip_prefix(']')?));
            }
            c => sub.push(c),
        }
    }
    None
}

/// A value with its quotes, escapes, comments and continued lines undone.
fn value(raw: &str, lines: &mut std::str::Lines<'_>) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut kept = 0;
    let mut current = raw.trim_start();
    loop {
        let mut continued = false;
        let mut chars = current.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    None => continued = true,
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('b') => drop(out.pop()),
                    Some(other) => out.push(other),
                },
                '"' => {
                    quoted = !quoted;
                    kept = out.len();
                    continue;
                }
                '#' | ';' if !quoted => break,
                c => out.push(c),
            }
            if quoted || !c.is_whitespace() {
                kept = out.len();
            }
        }
        match continued.then(|| lines.next()).flatten() {
            Some(next) => current = next,
            None => break,
        }
    }
    out.truncate(kept.min(out.len()));
    out
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn values_are_read_as_git_reads_them() {
        let text = "[core]\n\tbare = false ; no\n[remote \"or\\\"igin\"]\n url = \"https://x/#y\" # c\n[Remote \"Up\"] URL=a b  \n\
                    [a]\n flag\n long = one \\\n  two\n[branch \"x.y\"]\n merge = refs/heads/x.y\n";
        let config = Config::parse(text);
        assert_eq!(config.get("core.bare"), Some("false"));
        assert_eq!(config.get("remote.or\"igin.url"), Some("https://x/#y"));
        assert_eq!(config.get("remote.Up.url"), Some("a b"));
        assert_eq!(config.get("a.flag"), Some("true"));
        assert_eq!(config.get("a.long"), Some("one   two"));
        assert_eq!(config.get("branch.x.y.merge"), Some("refs/heads/x.y"));
        assert_eq!(config.subsections("remote", "url"), ["or\"igin", "Up"]);
        assert!(!config.has_include);
        assert!(Config::parse("[includeIf \"gitdir:x\"]\npath=y").has_include);
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        for text in ["[", "[\"", "[a \"b", "=", "[a]\n=\n\\", "[a]\nb=\\", "[a]b=\"\\", "[ü \"ß\\"] {
            let _ = Config::parse(text);
        }
    }
}
