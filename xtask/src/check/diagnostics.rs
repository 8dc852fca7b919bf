//! Every diagnostic's code has its section in the reference.

use std::collections::BTreeMap;

use crate::problem::Problem;
use crate::tree;

const PAGE: &str = "docs/reference/diagnostics.md";

pub(super) fn check(files: &[String]) -> Vec<Problem> {
    let mut codes: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let sources =
        files.iter().filter(|path| path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs"));
    for path in sources {
        let Some(text) = tree::text(path) else {
            continue;
        };
        // Codes are string literals: in a call of a constructor (perhaps on the next line) or in a table of codes.
        let is_table = path.ends_with("/code.rs") || path.ends_with("/codes.rs");
        let mut after_constructor = false;
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("mod tests") {
                break;
            }
            let constructs = CONSTRUCTORS.iter().any(|constructor| line.contains(constructor));
            if constructs || after_constructor || is_table {
                for code in literals(line).filter(|literal| is_code(literal)) {
                    codes.entry(code.to_owned()).or_insert_with(|| (path.clone(), index + 1));
                }
            }
            after_constructor = constructs && line.trim_end().ends_with('(');
        }
    }
    let page = tree::text(PAGE).unwrap_or_default();
    codes
        .into_iter()
        .filter(|(code, _)| !page.contains(&format!("`{code}`")))
        .map(|(code, (path, line))| Problem::new(path, line, format!("the diagnostic `{code}` is not in {PAGE}")))
        .collect()
}

const CONSTRUCTORS: [&str; 4] = ["Diagnostic::error(", "Diagnostic::warning(", "Diagnostic::info(", "Diagnostic::new("];

fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// `area/what`, lower-case with dashes.
fn is_code(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
    };
    text.split_once('/').is_some_and(|(area, what)| part(area) && part(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_other_text() {
        let rows = [
            ("workflow/unknown-key", true),
            ("yaml/tab", true),
            ("actions", false),
            ("A/b", false),
            ("a b/c", false),
            ("/x", false),
        ];
        for (text, code) in rows {
            assert_eq!(is_code(text), code, "{text}");
        }
        assert_eq!(literals(r#"f("a/b", "c")"#).collect::<Vec<_>>(), ["a/b", "c"]);
    }
}
