//! Words that do not belong in the project's files.

use crate::problem::Problem;
use crate::tree;

struct Word {
    text: &'static str,
    why: &'static str,
    /// Only in files with this ending.
    ending: Option<&'static str>,
}

// Put together from halves, so that this file passes its own check.
const WORDS: &[Word] = &[
    Word { text: concat!("issue", " #"), why: "tracker numbers mean nothing to readers", ending: None },
    Word { text: concat!("(", "#1)"), why: "tracker numbers mean nothing to readers", ending: Some(".md") },
    Word { text: concat!("/work", "/main"), why: "a path of one machine", ending: None },
    Word { text: concat!("/work", "/shared"), why: "a path of one machine", ending: None },
    Word { text: concat!("/work", "/.mirror"), why: "a path of one machine", ending: None },
    Word { text: concat!("/root", "/."), why: "a path of one machine", ending: None },
    Word { text: concat!("registry.npmjs", ".org"), why: "a package registry's host", ending: None },
    Word { text: concat!("files.pythonhosted", ".org"), why: "a package registry's host", ending: None },
    Word { text: concat!("index.crates", ".io"), why: "a package registry's host", ending: None },
    Word { text: concat!("static.crates", ".io"), why: "a package registry's host", ending: None },
    Word { text: concat!("artifactory", "."), why: "a package registry's host", ending: None },
    Word { text: concat!("#[", "allow("), why: "use #[expect(…, reason = \"…\")]", ending: Some(".rs") },
    Word { text: concat!("#![", "allow("), why: "use #![expect(…, reason = \"…\")]", ending: Some(".rs") },
    Word { text: concat!("todo", "!("), why: "unfinished code", ending: Some(".rs") },
    Word { text: concat!("unimplemented", "!("), why: "unfinished code", ending: Some(".rs") },
    Word { text: concat!("dbg", "!("), why: "left over from debugging", ending: Some(".rs") },
];

pub(super) fn check(files: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for path in files.iter().filter(|path| *path != "Cargo.lock") {
        let Some(text) = tree::text(path) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            let lower = line.to_ascii_lowercase();
            for word in WORDS.iter().filter(|word| word.ending.is_none_or(|ending| path.ends_with(ending))) {
                if lower.contains(word.text) {
                    problems.push(Problem::new(path, index + 1, format!("`{}`: {}", word.text, word.why)));
                }
            }
        }
    }
    problems
}
