//! A sandbox, made as jobs get it and asked what it is isolated by.

use ::sandbox::{Command, Isolation, Launcher, LauncherConfig, Mode, Network, SandboxSpec};
use explain::doctor::Finding;

use crate::dirs::Dirs;

const MEMORY: u64 = 128 << 20;

pub(super) fn look(dirs: &Dirs) -> Vec<Finding> {
    if dirs.create().is_err() {
        // What is wrong with them is told with the disks.
        return Vec::new();
    }
    let mut findings = match tried(dirs) {
        Ok(isolation) => judged(&isolation),
        Err(error) => vec![
            Finding::fail("machine/sandbox", "sandbox", error, "no job can be started")
                .remedy("run jobs on the host meanwhile: -P ubuntu-latest=host"),
        ],
    };
    findings.push(stale(dirs));
    if !rustix::process::geteuid().is_root() {
        findings.push(user_ids());
        findings.push(way_out());
    }
    findings
}

fn tried(dirs: &Dirs) -> Result<Isolation, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let launcher = Launcher::start(LauncherConfig::new(&dirs.state)).map_err(|error| error.to_string())?;
        let mut spec = SandboxSpec::new("doctor", launcher.jobs_dir().join("doctor"));
        spec.network = Network::Private;
        spec.limits.memory_bytes = Some(MEMORY);
        spec.limits.pids = Some(64);
        let sandbox = launcher.sandbox(spec).await.map_err(|error| error.to_string())?;
        let isolation = sandbox.isolation().clone();
        let ran = match sandbox.spawn(Command::new(vec!["true".to_owned()])).await {
            Ok(process) => process.wait().await.map(|status| status.success()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        // Whatever came of it, nothing is left.
        let _ = sandbox.destroy().await;
        tokio::task::block_in_place(|| launcher.close());
        match ran {
            Ok(true) => Ok(isolation),
            Ok(false) => Err("a program in the sandbox failed".to_owned()),
            Err(error) => Err(error),
        }
    })
}

fn judged(isolation: &Isolation) -> Vec<Finding> {
    let (id, title) = ("machine/sandbox", "sandbox");
    let mut findings = Vec::new();
    let why = isolation.missing.join("; ");
    findings.push(match isolation.mode {
        Mode::Host => Finding::fail(id, title, "none", "jobs run on the host, with nothing between them and your files")
            .remedy(why.clone())
            .remedy("allow user namespaces: `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, `sysctl user.max_user_namespaces=10000`"),
        Mode::Root | Mode::User if !isolation.overlay => {
            Finding::warn(id, title, isolation.mode.as_str(), format!("what jobs write stays on the machine: {why}"))
        }
        Mode::Root => Finding::ok(id, title, "as root: one overlay over the machine, own processes"),
        Mode::User => Finding::ok(id, title, "in a user namespace: overlays over the machine, own processes"),
    });
    let net = ("machine/network", "own network");
    findings.push(if isolation.network {
        Finding::ok(net.0, net.1, "jobs can have one (`--network none`)")
    } else {
        Finding::warn(net.0, net.1, "not possible", format!("`--network none` does not take the network away: {why}"))
    });
    let limits = ("machine/limits", "limits");
    findings.push(if isolation.limits {
        Finding::ok(limits.0, limits.1, "memory and processes can be bounded (control groups)")
    } else {
        let found = "not enforced".to_owned();
        Finding::warn(limits.0, limits.1, found, format!("--memory, --cpus and --pids do nothing here: {why}"))
            .remedy("delegate a control group to your user, or run as root: `systemd-run --user --scope -p Delegate=yes trunkline run`")
    });
    findings
}

/// What processes that were killed have left; the next run removes it.
fn stale(dirs: &Dirs) -> Finding {
    let (id, title) = ("machine/leftovers", "leftovers");
    let entries = std::fs::read_dir(&dirs.state).into_iter().flatten().flatten();
    let left = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("run-"))
        .filter(|entry| {
            let lock = std::fs::File::open(entry.path().join("lock"));
            lock.is_ok_and(|lock| lock.try_lock_shared().is_ok() && lock.try_lock().is_ok())
        })
        .count();
    match left {
        0 => Finding::ok(id, title, "nothing of killed runs"),
        _ => Finding::warn(
            id,
            title,
            format!("{left} directories of killed runs in {}", dirs.state.display()),
            "they take space",
        )
        .remedy("the next `trunkline run` removes them"),
    }
}

/// Further users inside need ranges of ids.
fn user_ids() -> Finding {
    let (id, title) = ("machine/user-ids", "user ids");
    let uid = rustix::process::geteuid().as_raw();
    let name = std::env::var("USER").unwrap_or_default();
    let granted = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| {
            let owner = line.split(':').next().unwrap_or_default();
            owner == uid.to_string() || (!name.is_empty() && owner == name)
        })
    };
    let mapper = crate::tools::on_path("newuidmap").is_some() && crate::tools::on_path("newgidmap").is_some();
    if mapper && granted("/etc/subuid") && granted("/etc/subgid") {
        return Finding::ok(id, title, "ranges are granted: images have all their users");
    }
    let means = "in images only root exists: programs that change users, and many package managers, fail";
    let found = if mapper { "no range in /etc/subuid and /etc/subgid" } else { "newuidmap is not installed" };
    Finding::warn(id, title, found, means).remedy(
        "install Debian's `uidmap`, then `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER`",
    )
}

fn way_out() -> Finding {
    let (id, title) = ("machine/slirp", "slirp4netns");
    match crate::tools::on_path("slirp4netns") {
        Some(path) => Finding::ok(id, title, path.display().to_string()),
        None => {
            Finding::warn(id, title, "not on PATH", "networks of containers have no way to the world for a normal user")
                .remedy("install slirp4netns")
        }
    }
}
