//! Which files are looked at.

use testkit::TestRepository;

use super::{BAD, GOOD, lint, rules};

/// A repository with a fixture that is wrong on purpose.
fn with_fixture(config: &str) -> TestRepository {
    let files = [
        (".github/workflows/ci.yml", GOOD),
        ("fixtures/one/.github/workflows/bad.yml", BAD),
        ("trunkline.toml", config),
    ];
    TestRepository::from_files(&files).expect("a repository")
}

#[test]
fn workflows_of_a_nested_project_are_looked_at_when_they_are_named() {
    let repository = with_fixture("");
    let alone = lint(&repository, &["--rule", "workflow/*"]);
    assert_eq!((alone.code, alone.stderr.as_str()), (Some(0), "0 findings in 2 files\n"), "{}", alone.stdout);
    for path in [".", "fixtures", "fixtures/one/.github/workflows/bad.yml"] {
        let named = lint(&repository, &["--rule", "workflow/*", "--format", "json", path]);
        assert_eq!(rules(&named), ["workflow/unknown-need"], "{path}: {}", named.stderr);
    }
}

#[test]
fn what_a_project_excludes_is_excluded_below_it_too() {
    let repository = with_fixture("[lint]\nexclude = [\"fixtures/**\"]\n");
    for path in [".", "fixtures", "fixtures/one/.github/workflows/bad.yml"] {
        let found = lint(&repository, &["--rule", "workflow/*", path]);
        assert_eq!((found.code, found.stdout.as_str()), (Some(0), ""), "{path}");
        assert!(found.stderr.ends_with(", 1 file excluded\n"), "{path}: {}", found.stderr);
    }
    // A project of its own may say so itself, and nothing is excluded where nothing configured counts.
    let all = lint(&repository, &["--rule", "workflow/*", "--format", "json", "--no-config", "fixtures"]);
    assert_eq!(rules(&all), ["workflow/unknown-need"]);
}
