use std::path::Path;

use container::{Owner, Root};

use crate::world::{finish, world};

#[tokio::test(flavor = "multi_thread")]
async fn binds_reach_the_host() {
    let Some(world) = world().await else { return };
    let shared = world.dir.path().join("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::write(shared.join("in"), "hello").unwrap();
    let shared = shared.display();
    let ran = world
        .shell(&format!("-v {shared}:/a:ro -v {shared}:/b"), "cat /a/in; touch /a/x 2>&1; echo back > /b/out")
        .await;
    assert_eq!(ran.out, "hellotouch: /a/x: Read-only file system\n", "{}", ran.err);
    assert_eq!(std::fs::read_to_string(format!("{shared}/out")).unwrap(), "back\n");
    let made = world.dir.path().join("made/by/volume");
    assert_eq!(world.shell(&format!("-v {}:/m", made.display()), "ls /m").await.code, 0);
    assert!(made.is_dir());
    let missing = world.dir.path().join("missing");
    let error =
        world.create(&format!("--mount type=bind,src={},dst=/m", missing.display()), &["true"]).await.unwrap_err();
    assert!(error.to_string().contains("bind source path does not exist"), "{error}");
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_take_what_the_image_has_and_outlive_containers() {
    let Some(world) = world().await else { return };
    let ran = world
        .shell("--rm -v keep:/data", "stat -c '%u %g %a' /data/seed; cat /data/seed; echo more > /data/more")
        .await;
    let ids = if rustix::process::geteuid().is_root() { "1000 50 640\n" } else { "" };
    assert!(ran.out.starts_with(ids) && ran.out.ends_with("from the image"), "{ran:?}");
    assert_eq!(world.shell("--rm -v keep:/other", "ls /other").await.out, "more\nseed\n");
    assert_eq!(world.shell("--rm --mount type=volume,src=bare,dst=/data,volume-nocopy", "ls /data").await.out, "");
    let user = world.create("-v keep:/k", &["true"]).await.unwrap();
    assert!(world.table.remove_volume("keep").unwrap_err().to_string().contains("volume is in use"));
    user.remove(false, false).await.unwrap();
    world.table.remove_volume("keep").unwrap();
    assert_eq!(world.table.volume("keep").unwrap_err().to_string(), "get keep: no such volume");
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_copied_in_and_out() {
    let Some(world) = world().await else { return };
    let host = world.dir.path().join("host");
    std::fs::create_dir_all(host.join("tree/sub")).unwrap();
    std::fs::write(host.join("tree/sub/file"), "one").unwrap();
    // A link of the container must not lead anything onto the host.
    std::os::unix::fs::symlink("/etc", host.join("tree/link")).unwrap();
    let container =
        world.create("", &["sh", "-c", "cat /in/tree/sub/file; echo made > /out; ls /in/tree"]).await.unwrap();
    let root = || Root::open(&host).unwrap();
    container.copy_in(root(), Path::new("/tree"), Path::new("/in/tree"), Owner::These(0, 0)).await.unwrap_err();
    container.copy_in(root(), Path::new("/tree/."), Path::new("/in/tree"), Owner::These(0, 0)).await.unwrap();
    assert_eq!(finish(&container).await.out, "onelink\nsub\n");
    container.copy_out(Path::new("/out"), root(), Path::new("/got"), Owner::Same).await.unwrap();
    assert_eq!(std::fs::read_to_string(host.join("got")).unwrap(), "made\n");
    let error = container.copy_out(Path::new("/nothing"), root(), Path::new("/"), Owner::Same).await.unwrap_err();
    assert_eq!(error.to_string(), format!("Could not find the file /nothing in container {}", container.name()));
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_another_sandbox_with_what_is_mounted_there() {
    let Some(world) = world().await else { return };
    // A job's sandbox: a directory of its own, and a link that must stay inside.
    let launcher = std::sync::Arc::new(
        sandbox::Launcher::start(sandbox::LauncherConfig::new(world.dir.path().join("s2"))).unwrap(),
    );
    let mut spec = sandbox::SandboxSpec::new("job", world.dir.path().join("job"));
    spec.dirs = vec![sandbox::FreshDir { path: "/home/job".into() }];
    let job = launcher.sandbox(spec).await.unwrap();
    let inside = job.host_path(Path::new("/home/job"));
    std::fs::write(inside.join("own"), "in the directory").unwrap();
    let home = job.host_path(Path::new("/")).join("home/job");
    std::os::unix::fs::symlink("/home/job", inside.join("link")).unwrap();
    assert!(home.join("own").exists());
    let config = container::TableConfig {
        launcher,
        dir: world.dir.path().join("table2"),
        paths: container::Paths::Inside(job.clone()),
        closed: true,
        hide: Default::default(),
    };
    let world = crate::world::World { table: container::Table::new(config).unwrap(), ..world };
    let container = world
        .create(
            "-v /home/job:/a -v /home/job/link:/b:ro -v /home/job/own:/c -v /home/job/new:/d",
            &["sh", "-c", "cat /a/own; ls /b; cat /c; touch /b/x 2>&1; echo back > /d/out"],
        )
        .await
        .unwrap();
    for _ in 0..2 {
        let ran = finish(&container).await;
        assert_eq!(
            ran.out, "in the directorylink\nnew\nown\nin the directorytouch: /b/x: Read-only file system\n",
            "{}",
            ran.err
        );
    }
    assert_eq!(std::fs::read_to_string(inside.join("new/out")).unwrap(), "back\n");
    world.table.close().await;
    job.destroy().await.unwrap();
}
