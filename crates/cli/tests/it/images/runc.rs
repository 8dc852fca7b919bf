use std::fs;
use std::process::{Command, Stdio};

use super::{Desk, busybox, skip};

#[test]
fn runc_runs_what_is_exported() {
    let test = "images::runc_runs_what_is_exported";
    if skip(test, "runc") {
        return;
    }
    let Some(tree) = busybox() else { return testkit::skip(test, "busybox-static is not installed") };
    if !rustix::process::geteuid().is_root() {
        return testkit::skip(test, "runc is tried as root only");
    }
    let desk = Desk::new();
    desk.import(&tree, &["busybox"]);
    desk.good(&["image", "export", "-o", "root.tar", "busybox"]);
    let root = desk.path().join("rootfs");
    let bytes = fs::read(desk.path().join("root.tar")).unwrap();
    let digest = image::Digest::of(&bytes);
    let limits = image::layer::Limits::default();
    image::layer::unpack(&bytes[..], bytes.len() as u64, &digest, &root, &limits, image::layer::Privilege::Full)
        .unwrap();
    let runc = |arguments: &[&str]| {
        let mut command = Command::new("runc");
        command
            .arg("--root")
            .arg(desk.path().join("state"))
            .args(arguments)
            .current_dir(desk.path())
            .stdin(Stdio::null());
        command.output().unwrap()
    };
    assert!(runc(&["spec"]).status.success());
    let path = desk.path().join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["process"]["terminal"] = false.into();
    config["process"]["args"] = serde_json::json!(["/bin/sh", "-c", "echo ran; exit 7"]);
    // A limit that needs a capability which not every root has.
    config["process"]["rlimits"] = serde_json::json!([]);
    fs::write(&path, config.to_string()).unwrap();
    let name = format!("trunkline-test-{}", std::process::id());
    let output = runc(&["run", &name]);
    if output.status.code() == Some(1) {
        let reason = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        return testkit::skip(test, &format!("runc cannot start a container here: {reason}"));
    }
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(7), "ran\n"));
}
