//! Every code has its line in the reference.

use std::collections::BTreeSet;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Codes that have a line in the reference.
fn documented() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("docs/reference/diagnostics.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(code, _)| code.to_owned()).collect()
}

#[test]
fn every_code_is_documented() {
    let areas = ["workflow/", "call/", "action/"];
    let documented: BTreeSet<String> = documented()
        .into_iter()
        .filter(|code| areas.iter().any(|area| code.starts_with(area)))
        // Said by whoever fetches called workflows.
        .filter(|code| code != "call/not-found")
        .collect();
    let emitted: BTreeSet<String> = workflow::CODES.iter().map(|&code| code.to_owned()).collect();
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
            if name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') {
                emitted.insert(format!("yaml/{name}"));
            }
        }
    }
    let documented: BTreeSet<String> = documented().into_iter().filter(|code| code.starts_with("yaml/")).collect();
    assert_eq!(documented, emitted);
}

/// Every test and scenario that the page of rules names is there.
#[test]
fn every_rule_has_its_tests() {
    let page = std::fs::read_to_string(root().join("docs/reference/semantics.md")).unwrap();
    let rules = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| rule "));
    for rule in rules {
        let links: Vec<&str> = rule.split("](../../").skip(1).collect();
        assert!(!links.is_empty(), "nothing shows: {rule}");
        for link in links {
            let (path, after) = link.split_once(')').unwrap();
            let file = root().join(path);
            assert!(file.exists(), "{path} is gone");
            if let Some(name) = after.strip_prefix(" `").and_then(|rest| rest.split('`').next()) {
                let text = std::fs::read_to_string(&file).unwrap();
                assert!(text.contains(&format!("fn {name}(")), "{path} has no test `{name}`");
            }
        }
    }
}
