//! What a sandbox's processes see and change of the host's files.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use sandbox::{Bind, Error, Mode};

use crate::world::{World, exists, isolated, ok, run, sh, skip};

#[test]
fn writes_vanish_and_the_host_stays_unchanged() {
    run(|| async {
        let world = World::new();
        let sandbox = world.sandbox("writes").await;
        if !isolated(&sandbox) {
            return;
        }
        // A place root alone, and one every user may write to.
        let place = if sandbox.isolation().mode == Mode::Root { "/etc" } else { "/var/tmp" };
        let file = format!("{place}/trunkline-test-{}", std::process::id());
        ok(&sandbox, &format!("echo hi > {file} && test -s {file} && echo x > /tmp/f && echo x > /dev/shm/f")).await;
        assert!(!exists(&file));
        if sandbox.isolation().mode == Mode::Root {
            ok(&sandbox, "rm /etc/passwd && ! test -e /etc/passwd && mv /usr/share /usr/moved && ls /usr/moved").await;
            assert!(exists("/etc/passwd") && exists("/usr/share"));
        }
        sandbox.destroy().await.expect("destroys");
        let again = world.sandbox("again").await;
        ok(&again, &format!("! test -e {file} && ! test -e /tmp/f && ! test -e /dev/shm/f && test -e /etc/passwd"))
            .await;
    });
}

#[test]
fn nothing_is_left_on_disk_after_closing() {
    run(|| async {
        let world = World::new();
        let sandbox = world.sandbox("closing").await;
        if isolated(&sandbox) {
            ok(
                &sandbox,
                "mkdir -p /home/runner/ro/x /tmp/ro && touch /home/runner/ro/f && chmod 500 /home/runner/ro /tmp/ro",
            )
            .await;
        }
        sandbox.destroy().await.expect("destroys");
        assert!(!exists(world.path("jobs/closing")));
        let World { dir, launcher } = world;
        tokio::task::spawn_blocking(|| launcher.close()).await.expect("closes");
        let left: Vec<_> = std::fs::read_dir(dir.path().join("state"))
            .expect("state")
            .map(|entry| entry.expect("entry").file_name())
            .collect();
        assert_eq!(left, ["lock"]);
    });
}

#[test]
fn fresh_directories_are_shared_with_the_caller() {
    run(|| async {
        let world = World::new();
        for sandbox in [world.sandbox("fresh").await, world.host("fresh-host").await] {
            let inside = sandbox.inside_path(Path::new("/home/runner/work/_temp"));
            let outside = sandbox.host_path(Path::new("/home/runner/work/_temp/out"));
            ok(&sandbox, &format!("echo from inside > {}/out", inside.display())).await;
            assert_eq!(std::fs::read_to_string(outside).expect("reads"), "from inside\n");
            let input = sandbox.host_path(Path::new("/home/runner/in"));
            std::fs::write(&input, "from outside").expect("writes");
            let home = sandbox.inside_path(Path::new("/home/runner"));
            assert_eq!(ok(&sandbox, &format!("cat {}/in", home.display())).await, "from outside");
            sandbox.destroy().await.expect("destroys");
            assert!(!exists(input));
        }
    });
}

#[test]
fn binds_and_hidden_paths() {
    run(|| async {
        let world = World::new();
        // Not below /tmp, which is fresh inside.
        let outer = tempfile::tempdir_in("/var/tmp").expect("directory");
        for name in ["shown", "secret"] {
            std::fs::create_dir(outer.path().join(name)).expect("directory");
            std::fs::write(outer.path().join(name).join("file"), name).expect("file");
        }
        let mut spec = world.spec("binds");
        let bind =
            |target: &str, read_only| Bind { source: outer.path().join("shown"), target: target.into(), read_only };
        spec.binds = vec![bind("/home/runner/ro", true), bind("/home/runner/rw", false)];
        spec.hide = vec![outer.path().join("secret"), outer.path().join("secret/never")];
        let sandbox = world.launcher.sandbox(spec).await.expect("sandbox");
        if !isolated(&sandbox) {
            return;
        }
        assert_eq!(ok(&sandbox, "cat /home/runner/ro/file").await, "shown");
        assert!(!sh(&sandbox, "echo x > /home/runner/ro/file").await.0.success());
        ok(&sandbox, "echo x > /home/runner/rw/new").await;
        assert!(exists(outer.path().join("shown/new")));
        assert_eq!(sandbox.host_path(Path::new("/home/runner/rw/new")), outer.path().join("shown/new"));
        // As a normal user the place has been replaced as a whole.
        assert!(!sh(&sandbox, &format!("cat {}/secret/file", outer.path().display())).await.0.success());
    });
}

#[test]
fn an_overlay_of_a_snapshot() {
    run(|| async {
        let world = World::new();
        let tree = world.path("snapshots/abc");
        std::fs::create_dir_all(tree.join("src")).expect("tree");
        std::fs::write(tree.join("src/main"), "original").expect("file");
        let sandbox = world.sandbox("overlay").await;
        if !isolated(&sandbox) {
            return;
        }
        let target = Path::new("/home/runner/work/repo/repo");
        sandbox.mount_overlay(&tree, target).await.expect("mounts");
        let script =
            "cd /home/runner/work/repo/repo && cat src/main && echo changed > src/main && touch new && rm -r src && ls";
        assert_eq!(ok(&sandbox, script).await, "originalnew\n");
        assert_eq!(std::fs::read_to_string(tree.join("src/main")).expect("reads"), "original");
        // The caller sees the merged files through the init.
        assert!(exists(sandbox.host_path(&target.join("new"))));
        assert!(!exists(sandbox.host_path(&target.join("src"))));
        // Another one elsewhere, of the same snapshot; and one over it.
        sandbox.mount_overlay(&tree, Path::new("/opt/second")).await.expect("mounts");
        assert_eq!(ok(&sandbox, "cat /opt/second/src/main").await, "original");
        let missing = sandbox.mount_overlay(&world.path("snapshots/none"), target).await;
        assert!(matches!(missing, Err(Error::Mount { .. })), "{missing:?}");
        let foreign = sandbox.mount_overlay(Path::new("/usr"), target).await;
        assert!(matches!(foreign, Err(Error::Path { .. })), "{foreign:?}");
        let host = world.host("overlay-host").await;
        assert!(matches!(host.mount_overlay(&tree, target).await, Err(Error::Unsupported(_))));
    });
}

#[test]
fn links_of_a_job_lead_nowhere_else() {
    run(|| async {
        let world = World::new();
        // Not below /tmp, which is fresh inside: the host has it, and so has the sandbox.
        let outer = tempfile::tempdir_in("/var/tmp").expect("directory");
        std::fs::write(outer.path().join("secret"), "the host's").expect("file");
        let mut spec = world.spec("links");
        spec.hide = vec![outer.path().to_owned()];
        let sandbox = world.launcher.sandbox(spec).await.expect("sandbox");
        if !isolated(&sandbox) {
            return;
        }
        let home = Path::new("/home/runner");
        let secret = outer.path().join("secret");
        ok(
            &sandbox,
            &format!(
                "cd /home/runner && echo inside > plain && ln -s {} there && ln -s /proc/1/root/etc magic && ln -s plain link \
                 && ln -s ../../../../../../../../tmp/up up && echo inside > /tmp/up && mkfifo pipe",
                secret.display()
            ),
        )
        .await;
        let open = |name: &str, flags: i32| sandbox.open_inside(&home.join(name), flags, 0o644);
        for name in ["plain", "link", "up"] {
            let mut text = String::new();
            open(name, libc::O_RDONLY).and_then(|mut file| file.read_to_string(&mut text)).expect("reads");
            assert_eq!(text, "inside\n", "{name}");
        }
        for name in ["there", "magic/passwd"] {
            assert!(open(name, libc::O_RDONLY).is_err(), "{name}");
        }
        open("pipe", libc::O_RDONLY | libc::O_NONBLOCK).expect("does not wait");
        let made = open("made", libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL);
        made.and_then(|mut file| file.write_all(b"by the caller")).expect("writes");
        assert_eq!(ok(&sandbox, "cat /home/runner/made").await, "by the caller");
        sandbox.destroy().await.expect("destroys");
        assert!(open("plain", libc::O_RDONLY).is_err());
    });
}

#[test]
fn the_pseudo_file_systems_are_its_own_or_unwritable() {
    run(|| async {
        let world = World::new();
        let mut spec = world.spec("pseudo");
        spec.hostname = "made-up".into();
        let sandbox = world.launcher.sandbox(spec).await.expect("sandbox");
        if !isolated(&sandbox) {
            return;
        }
        assert_eq!(ok(&sandbox, "cat /proc/sys/kernel/hostname").await, "made-up\n");
        ok(&sandbox, "echo x > /dev/null && head -c1 /dev/urandom > /tmp/r && test -c /dev/ptmx && test -d /dev/pts")
            .await;
        assert_eq!(ok(&sandbox, "find /dev -type b").await, "");
        for script in [
            "echo 1 > /proc/sys/vm/drop_caches",
            "mkdir /sys/fs/cgroup/x",
            "echo s > /proc/sysrq-trigger",
            "touch /dev/x",
        ] {
            assert!(!sh(&sandbox, script).await.0.success(), "{script}");
        }
        // Only what is mounted for the job is in its mount table: the old root is gone.
        let table = ok(&sandbox, "cat /proc/self/mountinfo").await;
        let state = world.path("state");
        assert!(
            !table
                .lines()
                .any(|line| { line.split(' ').nth(4).is_some_and(|point| Path::new(point).starts_with(&state)) })
        );
    });
}

#[test]
fn mounts_below_the_root_are_carried_along() {
    if std::env::var_os("TRUNKLINE_TEST_SUBMOUNT").is_none() {
        // In a mount namespace of its own, so that the machine is left alone.
        let done = std::process::Command::new("unshare")
            .args(["--mount", "--propagation", "private"])
            .arg(std::env::current_exe().expect("test binary"))
            .args(["--exact", "files::mounts_below_the_root_are_carried_along", "--nocapture"])
            .env("TRUNKLINE_TEST_SUBMOUNT", "1")
            .arg0("unshare")
            .output();
        match done {
            Ok(done) if done.status.success() => {}
            Ok(done) if String::from_utf8_lossy(&done.stderr).contains("unshare failed") => {
                skip("cannot mount");
            }
            done => panic!("{done:?}"),
        }
        return;
    }
    run(|| async {
        let outer = tempfile::tempdir_in("/var/tmp").expect("directory");
        let mount = |arguments: &[&str]| {
            let point = outer.path().join(arguments.last().expect("name"));
            std::fs::create_dir(&point).expect("mount point");
            let done = std::process::Command::new("mount").args(&arguments[..arguments.len() - 1]).arg(&point).status();
            assert!(done.expect("mount runs").success());
            point
        };
        let writable = mount(&["-t", "tmpfs", "tmpfs", "writable"]);
        let read_only = mount(&["-t", "tmpfs", "-o", "ro", "tmpfs", "read-only"]);
        std::fs::write(writable.join("file"), "carried").expect("file");
        let world = World::new();
        let sandbox = world.sandbox("carried").await;
        assert_eq!(sandbox.isolation().missing, Vec::<String>::new());
        assert_eq!(ok(&sandbox, &format!("cat {}/file", writable.display())).await, "carried");
        ok(&sandbox, &format!("echo x > {}/file", writable.display())).await;
        assert_eq!(std::fs::read_to_string(writable.join("file")).expect("reads"), "carried");
        assert!(!sh(&sandbox, &format!("touch {}/x", read_only.display())).await.0.success());
        sandbox.destroy().await.expect("destroys");
        drop(world);
        for point in [writable, read_only] {
            assert!(std::process::Command::new("umount").arg(point).status().expect("umount runs").success());
        }
    });
}
