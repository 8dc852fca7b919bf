//! After `kill -9` of the calling process, nothing stays.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use sandbox::{Launcher, LauncherConfig, Limits, Member, Network, NetworkSpec, Placement, Protocol, Root, SandboxSpec};

use crate::images::{busybox, start};
use crate::networks::network;
use crate::world::{World, exists, run, shell};

const STATE: &str = "TRUNKLINE_TEST_VICTIM";

/// Not a test: the process that the others kill.
#[test]
fn victim() {
    let Some(dir) = std::env::var_os(STATE).map(PathBuf::from) else {
        return;
    };
    run(|| async {
        let launcher = Launcher::start(LauncherConfig::new(dir.join("state"))).expect("launcher");
        let mut kept = Vec::new();
        for (name, placement) in [("isolated", Placement::Isolated), ("host", Placement::Host)] {
            let mut spec = SandboxSpec::new(name, dir.join("jobs").join(name));
            spec.placement = placement;
            spec.dirs = vec![sandbox::FreshDir { path: "/home/runner".into() }];
            spec.limits = Limits { pids: Some(100), ..Limits::default() };
            let sandbox = launcher.sandbox(spec).await.expect("sandbox");
            let mut command = shell("touch ./x; (setsid sh -c 'sleep 607 & sleep 608' &) ; echo started; sleep 609");
            let (reader, writer) = std::io::pipe().expect("pipe");
            command.cwd = sandbox.inside_path("/home/runner".as_ref());
            command.stdout = Some(writer.into());
            let process = sandbox.spawn(command).await.expect("spawns");
            BufReader::new(reader).read_line(&mut String::new()).expect("reads");
            kept.push((sandbox, process));
        }
        let world = World { dir: tempfile::tempdir_in(&dir).expect("directory"), launcher };
        let mut images = None;
        if let Some(layer) = busybox(&world)
            && let Some(network) =
                network(&world, NetworkSpec { name: "victim".into(), ..NetworkSpec::default() }).await
        {
            // The tempfile crate, too, can only remove what is the user's own.
            let kept_upper = rustix::process::geteuid().is_root();
            let mut spec = SandboxSpec::new("image", dir.join("jobs/image"));
            spec.root = Root::Layers { lowers: vec![layer], upper: kept_upper.then(|| dir.join("upper")) };
            spec.network =
                Network::Member(Member { network: network.clone(), aliases: vec!["image".into()], address: None });
            let sandbox = start(&world, spec).await.expect("image");
            let (reader, writer) = std::io::pipe().expect("pipe");
            // Where there are others than root: a directory that only its owner may change.
            let script =
                "touch /x; mkdir -m 700 /own && touch /own/x; chown -R 33 /own 2>/dev/null; echo started; sleep 610";
            let mut command = shell(script);
            command.stdout = Some(writer.into());
            let process = sandbox.spawn(command).await.expect("spawns");
            BufReader::new(reader).read_line(&mut String::new()).expect("reads");
            let anywhere = "127.0.0.1:0".parse().expect("address");
            let address = sandbox.address().expect("address");
            let published = network.publish(anywhere, address, 80, Protocol::Tcp).await.expect("publishes");
            images = Some((network, sandbox, process, published));
        }
        println!("victim {} ready", if images.is_some() { "with images" } else { "without images" });
        std::future::pending::<()>().await;
    });
}

struct Victim {
    dir: tempfile::TempDir,
    child: Child,
    /// Everything it started, with what `ps` calls it.
    family: Vec<(Pid, String, OwnedFd)>,
}

impl Victim {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let mut child = std::process::Command::new(std::env::current_exe().expect("test binary"))
            .args(["--exact", "death::victim", "--nocapture"])
            .env(STATE, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let output = child.stdout.take().expect("piped");
        let mut lines = BufReader::new(output).lines().map(|line| line.expect("reads"));
        let ready = lines.find(|line| line.contains("victim with")).expect("ready");
        let family = family(child.id());
        for name in ["trunkline-init", "trunkline-helpe", "sleep"] {
            assert!(family.iter().filter(|(_, found, _)| found == name).count() >= 2, "{name}: {family:?}");
        }
        if ready.contains("with images") {
            assert_eq!(family.iter().filter(|(_, found, _)| found == "trunkline-net").count(), 1, "{family:?}");
        }
        Self { dir, child, family }
    }

    fn kill(&mut self, also_helpers: bool) {
        if also_helpers {
            for (pid, name, _) in &self.family {
                if name == "trunkline-helpe" || name == "trunkline-net" {
                    kill_process(*pid, Signal::KILL).expect("kills");
                }
            }
        }
        self.child.kill().expect("kills");
        self.child.wait().expect("reaps");
    }

    fn all_end(&self) {
        for (_, name, pidfd) in &self.family {
            let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
            let ended = poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&patience)).expect("polls");
            assert_eq!(ended, 1, "{name} is still there");
        }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }
}

/// All descendants, found by parent ids.
fn family(root: u32) -> Vec<(Pid, String, OwnedFd)> {
    let mut known = HashSet::from([root.to_string()]);
    let mut found = Vec::new();
    loop {
        let before = known.len();
        for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
            let id = entry.file_name().to_string_lossy().into_owned();
            let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else {
                continue;
            };
            let field = |name: &str| {
                let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
                line.split_ascii_whitespace().nth(1).unwrap_or_default().to_owned()
            };
            if known.contains(&field("PPid:")) && known.insert(id.clone()) {
                let pid = Pid::from_raw(id.parse().expect("number")).expect("not zero");
                let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
                    continue;
                };
                found.push((pid, field("Name:"), pidfd));
            }
        }
        if known.len() == before {
            return found;
        }
    }
}

fn cgroups_of(state: &Path) -> Vec<PathBuf> {
    let records = std::fs::read_dir(state).into_iter().flatten().flatten();
    records
        .flat_map(|instance| std::fs::read_dir(instance.path().join("records")).into_iter().flatten().flatten())
        .filter_map(|record| std::fs::read_link(record.path()).ok())
        .filter(|target| target.starts_with("/sys"))
        .collect()
}

fn nothing_left(state: &Path, cgroups: &[PathBuf], family: &[(Pid, String, OwnedFd)]) {
    let left: Vec<_> =
        std::fs::read_dir(state).expect("state").map(|entry| entry.expect("entry").file_name()).collect();
    assert_eq!(left, ["lock"]);
    let jobs = state.with_file_name("jobs");
    for name in ["isolated", "host", "image"] {
        assert!(!exists(jobs.join(name)), "{name}");
    }
    assert!(!exists(state.with_file_name("upper.work")));
    assert_eq!(cgroups.iter().filter(|group| exists(group)).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    let table = std::fs::read_to_string("/proc/self/mountinfo").expect("mount table");
    assert!(!table.contains(state.to_str().expect("utf-8")));
    // Every process of the victim is gone, so what has the number of one is left over.
    // After a kill the kernel takes a network apart in its own time.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let ours = |name: &str| family.iter().any(|(pid, ..)| name == format!("untl{}", pid.as_raw_nonzero()));
    let interface = || {
        let table = std::fs::read_to_string("/proc/net/dev").expect("interfaces");
        table
            .lines()
            .filter_map(|line| line.trim().split_once(':'))
            .map(|(name, _)| name.to_owned())
            .find(|name| ours(name))
    };
    while let Some(name) = interface() {
        assert!(std::time::Instant::now() < until, "{name} is still there");
        std::thread::yield_now();
    }
    let rules = std::process::Command::new("nft").args(["list", "tables"]).output();
    let rules = rules.map(|rules| String::from_utf8_lossy(&rules.stdout).into_owned()).unwrap_or_default();
    for (pid, ..) in family {
        let name = format!("untl{}", pid.as_raw_nonzero());
        assert!(!rules.lines().any(|line| line.ends_with(&name)), "{rules}");
    }
}

#[test]
fn killing_the_caller_leaves_nothing() {
    let mut victim = Victim::start();
    let cgroups = cgroups_of(&victim.state());
    victim.kill(false);
    victim.all_end();
    nothing_left(&victim.state(), &cgroups, &victim.family);
}

#[test]
fn killing_the_helpers_too_leaves_only_what_a_sweep_removes() {
    let mut victim = Victim::start();
    let cgroups = cgroups_of(&victim.state());
    assert_eq!(sandbox::sweep(&victim.state()).expect("sweeps"), 0, "it lives");
    assert!(exists(victim.dir.path().join("jobs/isolated/dirs")));
    victim.kill(true);
    victim.all_end();
    assert_eq!(sandbox::sweep(&victim.state()).expect("sweeps"), 1);
    nothing_left(&victim.state(), &cgroups, &victim.family);
    assert_eq!(sandbox::sweep(&victim.state()).expect("sweeps"), 0);
}
