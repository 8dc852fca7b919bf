//! Patterns for artifact names: minimatch with its defaults, on names without slashes.

use regex::Regex;

use super::error::{Fault, Result};

/// Bytes of a pattern.
const MAX_BYTES: usize = 4096;
/// Alternatives that braces may make.
const MAX_ALTERNATIVES: usize = 1000;

/// A pattern with braces expanded.
#[derive(Debug)]
pub(crate) struct Minimatch {
    negated: bool,
    alternatives: Vec<Alternative>,
}

#[derive(Debug)]
struct Alternative {
    regex: Regex,
    /// The pattern begins with a dot: names may, too.
    dot: bool,
}

impl Minimatch {
    /// # Errors
    /// Patterns that expand beyond reason.
    pub(crate) fn new(pattern: &str) -> Result<Self> {
        let pattern = pattern.trim();
        if pattern.len() > MAX_BYTES {
            return Err(Fault::Text(format!("a pattern is longer than {MAX_BYTES} bytes")));
        }
        // A comment matches nothing.
        if pattern.starts_with('#') {
            return Ok(Self { negated: false, alternatives: Vec::new() });
        }
        let rest = pattern.trim_start_matches('!');
        let marks = pattern.len() - rest.len();
        // `!(` begins a group, not a negation.
        let (marks, rest) =
            if marks > 0 && rest.starts_with('(') { (marks - 1, &pattern[marks - 1..]) } else { (marks, rest) };
        let mut expanded = Vec::new();
        expand(rest, &mut expanded)?;
        let too_large = |_| Fault::Text(format!("the pattern `{pattern}` is too large"));
        let alternatives = expanded.iter().map(|text| {
            let regex = Regex::new(&format!("(?s)^(?:{})$", translate(text))).map_err(too_large)?;
            Ok(Alternative { regex, dot: text.starts_with('.') })
        });
        Ok(Self { negated: marks % 2 == 1, alternatives: alternatives.collect::<Result<_>>()? })
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let hidden = name.starts_with('.');
        let found = self.alternatives.iter().any(|one| (!hidden || one.dot) && one.regex.is_match(name));
        found != self.negated
    }
}

/// `a{b,c}` and `{1..3}` into all they stand for.
fn expand(pattern: &str, out: &mut Vec<String>) -> Result<()> {
    if out.len() > MAX_ALTERNATIVES {
        return Err(Fault::Text(format!("the pattern `{pattern}` has too many alternatives")));
    }
    let mut from = 0;
    while let Some(open) = pattern[from..].find('{').map(|at| at + from) {
        let escaped = pattern[..open].ends_with('\\');
        if let (false, Some((options, close))) = (escaped, options(&pattern[open..])) {
            for option in options {
                expand(&format!("{}{option}{}", &pattern[..open], &pattern[open + close + 1..]), out)?;
            }
            return Ok(());
        }
        from = open + 1;
    }
    out.push(pattern.to_owned());
    Ok(())
}

/// The options of a group that begins here, and where it ends; none when it is plain text.
fn options(text: &str) -> Option<(Vec<String>, usize)> {
    let (mut depth, mut parts, mut start) = (0, Vec::new(), 1);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b',' if depth == 1 => {
                parts.push(text[start..at].to_owned());
                start = at + 1;
            }
            b'}' if depth == 1 => {
                parts.push(text[start..at].to_owned());
                if parts.len() == 1 {
                    parts = range(&parts[0])?;
                }
                return Some((parts, at));
            }
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn range(text: &str) -> Option<Vec<String>> {
    let (from, to) = text.split_once("..")?;
    let (from, to): (i64, i64) = (from.parse().ok()?, to.parse().ok()?);
    if from.abs_diff(to) > MAX_ALTERNATIVES as u64 {
        return None;
    }
    let all = from.min(to)..=from.max(to);
    Some(if from <= to { all.map(|n| n.to_string()).collect() } else { all.rev().map(|n| n.to_string()).collect() })
}

fn translate(pattern: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = pattern.chars().collect();
    let mut groups: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let group = match (c, chars.get(at + 1)) {
            ('?', Some('(')) => Some(")?"),
            ('*', Some('(')) => Some(")*"),
            ('+', Some('(')) => Some(")+"),
            ('@', Some('(')) => Some(")"),
            _ => None,
        };
        if let Some(end) = group.filter(|_| chars[at..].contains(&')')) {
            out.push_str("(?:");
            groups.push(end);
            at += 2;
            continue;
        }
        match c {
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '|' if !groups.is_empty() => out.push('|'),
            ')' if !groups.is_empty() => out.push_str(groups.pop().unwrap_or(")")),
            '[' => match class(&chars[at..]) {
                Some((text, length)) => {
                    out.push_str(&text);
                    at += length;
                    continue;
                }
                None => out.push_str("\\["),
            },
            '\\' if at + 1 < chars.len() => {
                at += 1;
                out.push_str(&regex::escape(&chars[at].to_string()));
            }
            other => out.push_str(&regex::escape(&other.to_string())),
        }
        at += 1;
    }
    for end in groups.into_iter().rev() {
        out.push_str(end);
    }
    out
}

/// A class in the regex crate's spelling, and how long it was.
fn class(chars: &[char]) -> Option<(String, usize)> {
    let negated = matches!(chars.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    let end = start + 1 + chars.get(start + 1..)?.iter().position(|c| *c == ']')?;
    let mut text = String::from(if negated { "[^" } else { "[" });
    for c in &chars[start..end] {
        if *c != '-' {
            text.push('\\');
        }
        text.push(*c);
    }
    text.push(']');
    // Letters and digits must not be escaped.
    let text = text.chars().collect::<Vec<_>>();
    let mut clean = String::new();
    for (index, c) in text.iter().enumerate() {
        let plain_next = text.get(index + 1).is_some_and(|next| next.is_alphanumeric() || !next.is_ascii());
        if *c == '\\' && plain_next {
            continue;
        }
        clean.push(*c);
    }
    Regex::new(&clean).is_ok().then_some((clean, end + 1))
}

#[cfg(test)]
mod tests {
    use super::Minimatch;

    #[test]
    fn names() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("*", &["a", "a b"], &[".a"]),
            ("build-*", &["build-linux", "build-"], &["build", "xbuild-1"]),
            ("{a,b}-?", &["a-1", "b-2"], &["c-1", "a-12"]),
            ("v{1..3}", &["v1", "v3"], &["v4", "v{1..3}"]),
            ("[a-c]x", &["ax", "cx"], &["dx"]),
            ("[!a]x", &["bx"], &["ax"]),
            ("!a*", &["b"], &["ab"]),
            ("#a", &[], &["#a", "a"]),
            ("@(a|b)", &["a", "b"], &["ab", "@(a|b)"]),
            ("x+(1|2)", &["x1", "x121"], &["x"]),
            ("a.b", &["a.b"], &["axb"]),
            (".*", &[".a"], &["a"]),
            ("a\\*", &["a*"], &["ab"]),
            ("{a}", &["{a}"], &["a"]),
            ("[a", &["[a"], &["a"]),
        ];
        for (pattern, yes, no) in table {
            let pattern_read = Minimatch::new(pattern).unwrap();
            for name in *yes {
                assert!(pattern_read.matches(name), "{pattern} {name}");
            }
            for name in *no {
                assert!(!pattern_read.matches(name), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn braces_end() {
        assert!(Minimatch::new(&"{a,b}".repeat(40)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_is_read(pattern in "[ab{},.!@+*?()|#0-9\\[\\]\\\\-]{0,24}|.{0,12}", name in ".{0,8}") {
            if let Ok(pattern) = Minimatch::new(&pattern) {
                pattern.matches(&name);
            }
        }
    }
}
