//! The same suite as a normal user.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;

use sandbox::{IdRange, User};

use crate::images::{busybox, spec, start};
use crate::world::{World, ok, output, run, sh, shell, skip};

const NOBODY: u32 = 65_534;
const MARK: &str = "TRUNKLINE_TEST_AS_USER";

#[test]
fn a_normal_user_passes_too() {
    if std::env::var_os(MARK).is_some() {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return skip("not root: the whole suite already runs as a normal user");
    }
    let done = std::process::Command::new(std::env::current_exe().expect("test binary"))
        .args(["--test-threads=2", "--skip", "carried_along"])
        .env(MARK, "1")
        .env("HOME", "/")
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output();
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            skip("the test binary is not readable for all");
        }
        done => {
            let done = done.expect("runs");
            let text = String::from_utf8_lossy(&done.stdout);
            assert!(done.status.success(), "{text}\n{}", String::from_utf8_lossy(&done.stderr));
        }
    }
}

/// With ranges of ids granted, which newuidmap wants to find in `/etc`: in a mount namespace of its own, so that the
/// machine's files stay as they are.
#[test]
fn a_normal_user_with_ranges_of_ids_passes_too() {
    if std::env::var_os(MARK).is_some() {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return skip("not root: ranges of ids cannot be granted");
    }
    let dir = tempfile::tempdir().expect("directory");
    // The tests start themselves again, and the build may lie where only root can go.
    let program = dir.path().join("it");
    std::fs::copy(std::env::current_exe().expect("test binary"), &program).expect("copied");
    for path in [dir.path(), &program] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("readable");
    }
    let granted = dir.path().join("granted");
    std::fs::write(&granted, format!("{NOBODY}:200000:65536\n")).expect("file");
    // And with a tun device for all, which a normal user's way out takes; some machines keep it for root.
    let devices = dir.path().join("devices");
    std::fs::create_dir(&devices).expect("directory");
    let script = "mount --bind \"$1\" /etc/subuid && mount --bind \"$1\" /etc/subgid && command -v newuidmap >/dev/null || exit 77; \
                  mount -t tmpfs tmpfs \"$3\" && mknod \"$3/tun\" c 10 200 && chmod 666 \"$3/tun\" && mount --bind \"$3/tun\" /dev/net/tun; \
                  cd /; exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$2\" --test-threads=2 images networks ranges death";
    let done = std::process::Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"])
        .args([&granted, &program, &devices])
        .env(MARK, "ranges")
        .env("HOME", "/")
        .output();
    match done {
        Ok(done) if done.status.code() == Some(77) => skip("mounts or newuidmap are missing"),
        Ok(done) => {
            let text = String::from_utf8_lossy(&done.stdout);
            assert!(done.status.success(), "{text}\n{}", String::from_utf8_lossy(&done.stderr));
        }
        Err(error) => skip(&format!("unshare: {error}")),
    }
}

/// What the test above starts.
#[test]
fn ranges_of_ids_are_there() {
    if std::env::var_os(MARK).is_none_or(|mark| mark != "ranges") {
        return;
    }
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let upper = world.path("upper");
        let Some(sandbox) = start(&world, spec(&world, "ranges", vec![layer], Some(upper.clone()))).await else {
            return;
        };
        let isolation = sandbox.isolation().clone();
        assert_eq!(isolation.missing, Vec::<String>::new());
        let mut command = shell("id -u; id -G; touch /tmp/mine; stat -c %u:%g /tmp/mine");
        command.user = Some(User { uid: 999, gid: 998, groups: vec![7] });
        ok(&sandbox, "mkdir -m 1777 /tmp; touch /given && chown 33:34 /given && stat -c %u:%g /given").await;
        assert_eq!(output(&sandbox, command).await.1, "999\n998 7\n999:998\n");
        sandbox.destroy().await.expect("destroys");
        let given = std::fs::metadata(upper.join("given")).expect("kept");
        assert_eq!((given.uid(), given.gid()), (200_032, 200_033));
        assert_eq!(IdRange::inside_of(&isolation.uids, given.uid()), Some(33));
        assert_eq!(IdRange::inside_of(&isolation.uids, NOBODY), Some(0));
        assert_eq!(IdRange::inside_of(&isolation.uids, 12), None);
    });
}

#[test]
fn a_normal_user_gets_an_overlay_and_is_told_what_is_missing() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    run(|| async {
        let world = World::new();
        let sandbox = world.sandbox("user").await;
        let isolation = sandbox.isolation();
        if !isolation.overlay {
            assert_ne!(isolation.missing, Vec::<String>::new());
            return skip(&isolation.missing.join("; "));
        }
        assert_eq!(isolation.mode.as_str(), "user");
        assert!(isolation.pid_namespace);
        assert!(isolation.missing.iter().any(|sentence| sentence.contains("sudo")), "{isolation:?}");
        assert!(!sh(&sandbox, "echo x >> /etc/passwd").await.0.success());
        let (status, text) =
            sh(&sandbox, "id -u; ls /usr/bin/env /etc/passwd; cat /proc/self/status | grep CapEff").await;
        assert!(status.success(), "{text}");
        assert!(text.starts_with(&rustix::process::geteuid().as_raw().to_string()), "{text}");
        assert!(text.contains("0000000000000000"), "{text}");
    });
}
