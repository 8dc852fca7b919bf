//! Every code has its line in the reference.

use std::collections::BTreeSet;

#[test]
fn every_code_is_documented() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/diagnostics.md"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let documented: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .filter(|code| {
            ["workflow/", "call/", "action/"]
                .iter()
                .any(|area| code.starts_with(area))
        })
        .collect();
    let emitted: BTreeSet<&str> = workflow::CODES.iter().copied().collect();
    assert_eq!(documented, emitted);
}
