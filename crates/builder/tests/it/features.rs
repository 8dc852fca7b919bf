//! Every feature of the Dockerfile, one file each in `tests/features`.

use std::path::Path;

use super::feature::Feature;
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn every_feature() {
    let Some(world) = World::new("features") else { return };
    let only = std::env::var("FEATURE").unwrap_or_default();
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/features"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt") && path.to_string_lossy().contains(&only))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut failures = Vec::new();
    for path in &paths {
        let feature = Feature::read(path);
        let wrong = feature.check(&world).await;
        if !wrong.is_empty() {
            failures.push(format!("{}:\n  {}", feature.name, wrong.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{} of {} features\n\n{}", failures.len(), paths.len(), failures.join("\n\n"));
}
