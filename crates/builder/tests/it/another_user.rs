//! The same digest whoever builds: root here, a normal user there.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use builder::{Build, Context, DockerfileSource};

use super::world::World;

/// Everything belongs to root, as a user without a range of ids can only make it.
const DOCKERFILE: &str = "FROM busybox AS one\nRUN mkdir -p /d/sub && echo x > /d/f && chmod 700 /d/sub && ln -s f /d/l\n\
    FROM scratch\nCOPY --from=one /d /d\nCOPY --chmod=640 tree /tree\nCOPY --chown=7:8 tree/f /owned\nWORKDIR /w\nENV A=b\n";

/// Where a child of [`a_normal_user_makes_the_same_image`] builds.
const PLACE: &str = "TRUNKLINE_TEST_PLACE";

async fn digest(test: &str, below: &Path) -> Option<String> {
    let world = World::below(test, below)?;
    let context = world.path("context");
    std::fs::create_dir_all(context.join("tree")).unwrap();
    std::fs::write(context.join("tree/f"), "f").unwrap();
    let build = Build {
        dockerfile: DockerfileSource::Text { name: "Dockerfile".to_owned(), text: DOCKERFILE.to_owned() },
        context: Context::Directory(context),
        offline: true,
        ..Build::default()
    };
    let told = world.build(&build).await;
    Some(told.built().digest.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_normal_user_makes_the_same_image() {
    const TEST: &str = "a_normal_user_makes_the_same_image";
    if let Some(place) = std::env::var_os(PLACE) {
        // This is the child: it tells its digest and is done.
        if let Some(digest) = digest(TEST, Path::new(&place)).await {
            println!("digest {digest}");
        }
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return testkit::skip(TEST, "only root can become another user");
    }
    let here = tempfile::tempdir().unwrap();
    let Some(mine) = digest(TEST, here.path()).await else { return };
    let there = tempfile::tempdir().unwrap();
    let (program, place) = (there.path().join("tests"), there.path().join("place"));
    // Where it was built it may be out of the user's reach.
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::create_dir(&place).unwrap();
    std::fs::set_permissions(there.path(), PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(&place, Some(54_321), Some(54_321)).unwrap();
    let child = Command::new(&program)
        .args(["--exact", "another_user::a_normal_user_makes_the_same_image", "--nocapture"])
        .env(PLACE, &place)
        .env("HOME", &place)
        .current_dir(&place)
        .uid(54_321)
        .gid(54_321)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    let theirs = out.lines().find_map(|line| Some(line.split_once("digest ")?.1.trim().to_owned()));
    match theirs {
        Some(theirs) => assert_eq!(theirs, mine),
        None if err.contains("no sandbox") => testkit::skip(TEST, "a normal user has no sandbox here"),
        None => panic!("{out}\n{err}"),
    }
}
