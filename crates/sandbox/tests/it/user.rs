//! The same suite as a normal user.

use std::os::unix::process::CommandExt as _;

use crate::world::{World, run, sh, skip};

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
