//! How a build fails.

use crate::machine::{World, can_run, has_base};

#[test]
fn a_failing_process_is_shown_with_its_place_and_last_lines() {
    let world = World::new();
    if !can_run("a_failing_process_is_shown_with_its_place_and_last_lines", &world) {
        return;
    }
    let error = world
        .fail("FROM busybox\nRUN echo before\n\nRUN echo working; \\\n    echo broken >&2; exit 3\nRUN echo after\n");
    insta::assert_snapshot!(error, @"");
    let (done, _) = world.steps();
    assert!(!done.iter().any(|name| name.contains("after")), "{done:?}");
}

#[test]
fn mistakes_have_line_and_column() {
    let world = World::new();
    insta::assert_snapshot!(world.fail("FROM scratch\nCOPPY a b\nRUN --mont=x true\n"), @"");
    insta::assert_snapshot!(world.fail("FROM scratch\nCOPY --from=later /a /b\nFROM scratch AS later\n"), @"");
}

#[test]
fn images_that_are_nowhere_are_named() {
    let world = World::new();
    let error = world.fail("FROM nowhere:1\n");
    assert!(error.contains("nowhere:1: it is not in the store") && error.contains("Dockerfile:1"), "{error}");
}

#[test]
fn programs_that_are_not_there_are_named() {
    let world = World::new();
    if !can_run("programs_that_are_not_there_are_named", &world) {
        return;
    }
    let error = world.fail("FROM busybox\nRUN [\"/no/such\", \"x\"]\n");
    assert!(error.contains("/no/such: no such program"), "{error}");
}

#[test]
fn a_foreign_platform_without_an_emulator_is_an_error() {
    if !has_base("a_foreign_platform_without_an_emulator_is_an_error") {
        return;
    }
    let world = World::new();
    if std::path::Path::new("/proc/sys/fs/binfmt_misc/qemu-s390x").exists() {
        return testkit::skip("a_foreign_platform_without_an_emulator_is_an_error", "an emulator is registered");
    }
    let mut build = world.request("FROM busybox\nRUN true\n");
    build.platforms = vec!["linux/s390x".parse().expect("platform")];
    // The base is for this machine: the platform is the base's, with a warning.
    let _ = world.run(&build);
    let mut build = world.request("FROM scratch\nRUN [\"/x\"]\n");
    build.platforms = vec!["linux/s390x".parse().expect("platform")];
    let error = world.run(&build).expect_err("no emulator").to_string();
    assert!(error.contains("binfmt_misc has no emulator for s390x"), "{error}");
}
