//! The same suite as a normal user.

use std::os::unix::process::CommandExt as _;

const NOBODY: u32 = 65_534;
const MARK: &str = "TRUNKLINE_TEST_AS_USER";

#[test]
fn a_normal_user_passes_too() {
    if std::env::var_os(MARK).is_some() {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return testkit::skip("container::a_normal_user_passes_too", "the whole suite runs as a normal user already");
    }
    // Ids other than the own one need ranges that are granted to the user.
    let done = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--test-threads=2", "--skip", "users_by_name_and_number", "--skip", "exec_beside_the_main_process"])
        .env(MARK, "1")
        .env("HOME", "/")
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output();
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            testkit::skip("container::a_normal_user_passes_too", "the test binary is not readable for all");
        }
        done => {
            let done = done.unwrap();
            let text = String::from_utf8_lossy(&done.stdout);
            assert!(done.status.success(), "{text}\n{}", String::from_utf8_lossy(&done.stderr));
        }
    }
}
