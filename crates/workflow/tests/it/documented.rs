//! Every code has its line in the reference.

use std::collections::BTreeSet;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Codes that have a line in the reference.
fn documented() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("docs/reference/diagnostics.md")).unwrap();
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(code, _)| code.to_owned()).collect()
}

#[test]
fn every_code_is_documented() {
    let areas = ["workflow/", "call/", "action/"];
    let documented: BTreeSet<String> = documented()
        .into_iter()
        .filter(|code| areas.iter().any(|area| code.starts_with(area)))
        .collect();
    let emitted: BTreeSet<String> = workflow::CODES
        .iter()
        .map(|&code| code.to_owned())
        .collect();
    assert_eq!(documented, emitted);
}

/// The YAML reader writes its codes where it uses them.
#[test]
fn every_code_of_the_yaml_reader_is_documented() {
    let mut emitted = BTreeSet::new();
    for file in std::fs::read_dir(root().join("crates/yaml/src")).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for rest in text.split("\"yaml/").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            if name
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '-')
            {
                emitted.insert(format!("yaml/{name}"));
            }
        }
    }
    let documented: BTreeSet<String> = documented()
        .into_iter()
        .filter(|code| code.starts_with("yaml/"))
        .collect();
    assert_eq!(documented, emitted);
}
