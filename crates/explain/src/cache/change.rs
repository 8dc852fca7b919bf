use std::collections::BTreeMap;

use api::FilesHashed;
use serde::Serialize;

/// How a key differs from an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyChange {
    /// The run of the earlier one.
    pub run: u64,
    pub key: String,
    /// What stands between the parts that both have.
    pub before: String,
    pub now: String,
    /// Why, where a `hashFiles` is in the key: the files that changed.
    pub files: Vec<FileChange>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileChange {
    pub path: String,
    /// `changed`, `added` or `removed`.
    pub how: &'static str,
    /// The patterns of the `hashFiles`.
    pub patterns: String,
}

type Side<'a> = (&'a str, &'a [FilesHashed]);

pub(super) fn between(before: Side<'_>, now: Side<'_>, run: u64) -> KeyChange {
    let (was, is) = middle(before.0, now.0);
    let mut files = Vec::new();
    for hashed in now.1.iter().filter(|hashed| !hashed.digest.is_empty() && now.0.contains(&hashed.digest)) {
        let earlier = before.1.iter().find(|other| other.patterns == hashed.patterns);
        if let Some(earlier) = earlier.filter(|earlier| earlier.digest != hashed.digest) {
            files.extend(changed(earlier, hashed));
        }
    }
    KeyChange { run, key: before.0.to_owned(), before: was, now: is, files }
}

/// What is left of both without their common beginning and end. Cut at separators, so that a digest stays whole.
fn middle(before: &str, now: &str) -> (String, String) {
    let separator = |c: char| matches!(c, '-' | '_' | '/' | '.' | ':' | '|' | ' ');
    let words = |text: &str| -> Vec<String> { text.split_inclusive(separator).map(str::to_owned).collect() };
    let (mut a, mut b) = (words(before), words(now));
    while a.first().is_some_and(|first| b.first() == Some(first)) {
        a.remove(0);
        b.remove(0);
    }
    while a.last().is_some_and(|last| b.last() == Some(last)) {
        a.pop();
        b.pop();
    }
    (a.concat(), b.concat())
}

fn changed(before: &FilesHashed, now: &FilesHashed) -> Vec<FileChange> {
    let by_path = |hashed: &FilesHashed| -> BTreeMap<String, String> {
        hashed.files.iter().map(|file| (file.path.clone(), file.digest.clone())).collect()
    };
    let (before, after) = (by_path(before), by_path(now));
    let patterns = now.patterns.join(", ");
    let of = |path: &str, how: &'static str| FileChange { path: path.to_owned(), how, patterns: patterns.clone() };
    let mut files = Vec::new();
    for (path, digest) in &after {
        match before.get(path) {
            None => files.push(of(path, "added")),
            Some(other) if other != digest => files.push(of(path, "changed")),
            Some(_) => {}
        }
    }
    files.extend(before.keys().filter(|path| !after.contains_key(*path)).map(|path| of(path, "removed")));
    files
}
