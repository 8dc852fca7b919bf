use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Desk, busybox, skip};

/// A docker daemon of this test's own.
struct Daemon {
    child: Child,
    socket: String,
}

impl Daemon {
    /// None when it does not start here.
    fn start(dir: &Path) -> Option<Self> {
        fs::create_dir(dir).ok()?;
        let at = |name: &str| dir.join(name).display().to_string();
        let socket = format!("unix://{}", at("socket"));
        let child = Command::new("dockerd")
            .args(["--data-root", &at("data"), "--exec-root", &at("exec"), "-H", &socket, "-p", &at("pid")])
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut daemon = Self { child, socket };
        loop {
            if daemon.docker(&["version"]).status.success() {
                return Some(daemon);
            }
            if !matches!(daemon.child.try_wait(), Ok(None)) {
                return None;
            }
            std::thread::yield_now();
        }
    }

    fn docker(&self, arguments: &[&str]) -> std::process::Output {
        Command::new("docker").args(["-H", &self.socket]).args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn good(&self, arguments: &[&str]) -> String {
        let output = self.docker(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            // It ends its own children then.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

#[test]
fn debians_docker_takes_what_is_saved_and_gives_it_back() {
    let test = "images::debians_docker_takes_what_is_saved_and_gives_it_back";
    if skip(test, "dockerd") {
        return;
    }
    let Some(tree) = busybox() else { return testkit::skip(test, "busybox-static is not installed") };
    if !rustix::process::geteuid().is_root() {
        return testkit::skip(test, "dockerd needs root");
    }
    let desk = Desk::new();
    let Some(docker) = Daemon::start(&desk.path().join("docker")) else {
        return testkit::skip(test, "dockerd does not start here");
    };
    let change =
        ["-c", "ENV GREETING=hello", "-c", "ENTRYPOINT [\"/bin/sh\", \"-c\"]", "-c", "CMD [\"echo $GREETING\"]"];
    let id = desk.import(&tree, &[&["busybox:ours", "-c", "WORKDIR /tmp"], &change[..]].concat());
    desk.good(&["image", "save", "-o", "ours.tar", "busybox:ours"]);
    assert_eq!(
        docker.good(&["load", "-i", &desk.path().join("ours.tar").display().to_string()]),
        "Loaded image: busybox:ours\n"
    );
    assert_eq!(docker.good(&["inspect", "busybox:ours", "--format", "{{.Id}}"]).trim_end(), id);
    let run = docker.docker(&["run", "--rm", "--network", "none", "busybox:ours"]);
    // Where containers cannot be started at all, what was loaded is still compared.
    if run.status.success() {
        assert_eq!(String::from_utf8_lossy(&run.stdout), "hello\n");
    } else {
        testkit::skip(test, "docker cannot start containers here");
    }
    docker.good(&["tag", "busybox:ours", "busybox:theirs"]);
    let theirs = desk.path().join("theirs.tar").display().to_string();
    docker.good(&["save", "-o", &theirs, "busybox:theirs"]);
    let back = Desk::new();
    assert_eq!(back.good(&["image", "load", "-i", &theirs]), "Loaded image: busybox:theirs\n");
    assert_eq!(back.good(&["image", "ls", "-q", "--no-trunc"]).trim_end(), id);
    let imported = desk.path().join("tree.tar").display().to_string();
    fs::write(&imported, tree).unwrap();
    docker.good(&["import", &imported, "imported:1"]);
    docker.good(&["save", "-o", &theirs, "imported:1"]);
    assert_eq!(back.good(&["image", "load", "-i", &theirs]), "Loaded image: imported:1\n");
}
