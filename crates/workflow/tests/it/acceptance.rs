//! Real workflows are read without a word.

use std::path::PathBuf;

use super::support::read;

#[test]
fn acceptance_workflows_are_clean() {
    let place = std::env::var_os("TRUNKLINE_ACCEPTANCE").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/acceptance")),
        PathBuf::from,
    );
    let Ok(files) = std::fs::read_dir(place.join("workflows")) else {
        println!("skipped: no acceptance files at {}", place.display());
        return;
    };
    let mut count = 0;
    for file in files {
        let path = file.unwrap().path();
        let (parsed, shown) = read(&std::fs::read_to_string(&path).unwrap());
        assert!(parsed.value.is_some() && parsed.diagnostics.is_empty(), "{}:\n{shown}", path.display());
        count += 1;
    }
    assert!(count > 0);
}
