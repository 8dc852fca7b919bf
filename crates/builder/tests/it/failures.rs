//! How a build fails.

use image::{Descriptor, ImageConfiguration, media_type};

use crate::machine::{World, can_run, has_base};

#[test]
fn a_failing_process_is_shown_with_its_place_and_last_lines() {
    let world = World::new();
    if !can_run("a_failing_process_is_shown_with_its_place_and_last_lines", &world) {
        return;
    }
    let error =
        world.fail("FROM busybox\nRUN echo before\n\nRUN echo working; \\\n    echo broken; exit 3\nRUN echo after\n");
    let expected = "\
[2/3] RUN echo working; echo broken; exit 3
Dockerfile:4
   2 |     RUN echo before
   3 |     
   4 | >>> RUN echo working; \\
   5 | >>>     echo broken; exit 3
   6 |     RUN echo after
the last lines:
    working
    broken
`/bin/sh -c echo working;     echo broken; exit 3` ended with code 3";
    assert_eq!(error, expected);
    let (done, _) = world.steps();
    assert!(!done.iter().any(|name| name.contains("after")), "{done:?}");
}

#[test]
fn mistakes_have_line_and_column() {
    let world = World::new();
    insta::assert_snapshot!(world.fail("FROM scratch\nCOPPY a b\nRUN --mont=x true\n"), @r"
    error[dockerfile/unknown-instruction]: there is no instruction `COPPY`
     --> Dockerfile:2:1
      |
    2 | COPPY a b
      | ^^^^^
      |
      = help: did you mean `COPY`?

    error[dockerfile/unknown-flag]: RUN has no flag `--mont`
     --> Dockerfile:3:5
      |
    3 | RUN --mont=x true
      |     ^^^^^^
      |
      = help: did you mean `--mount`?
    ");
    let device = world.fail("FROM scratch\nRUN --device=vendor.com/gpu=all [\"/x\"]\n");
    assert!(
        device.contains("Dockerfile:2") && device.contains("names a device by CDI, which is not supported"),
        "{device}"
    );
    let later = "FROM scratch AS a\nCOPY --from=later /a /b\nFROM scratch AS later\nCOPY --from=a /b /\n";
    let error = world.fail(later);
    assert!(error.contains("Dockerfile:2:13") && error.contains("the stage `later` comes after this one"), "{error}");
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

#[test]
fn a_damaged_base_is_named_with_its_place() {
    let world = World::new();
    let bytes = b"this is no archive";
    let diff_id = world.ground.store.blobs().put(bytes).expect("blob");
    let layer = image::layer::Layer { descriptor: Descriptor::of(media_type::OCI_LAYER, bytes), diff_id };
    world.image("damaged", ImageConfiguration::default(), vec![layer]);
    let error = world.fail("FROM scratch AS other\nFROM damaged\nCOPY --chown=app Dockerfile /\n");
    assert!(
        error.contains("the image cannot be unpacked: layer sha256:") && error.contains("Dockerfile:2:1"),
        "{error}"
    );
}
