//! Sandboxes whose root is an image's.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sandbox::{
    Bind, Capability, Error, EtcFile, Mode, Network, Resource, Rlimit, Root, Sandbox, SandboxSpec, Tmpfs, User,
};

use crate::world::{World, exists, ok, output, run, sh, shell, skip};

/// An image of one layer: busybox and what it is called by.
pub(crate) fn busybox(world: &World) -> Option<PathBuf> {
    let source = ["/bin/busybox", "/usr/bin/busybox"].iter().map(Path::new).find(|path| path.exists());
    let Some(source) = source else {
        skip("busybox is not installed");
        return None;
    };
    let layer = world.path("image");
    std::fs::create_dir_all(layer.join("bin")).expect("layer");
    std::fs::copy(source, layer.join("bin/busybox")).expect("copies");
    for name in [
        "sh",
        "ls",
        "cat",
        "echo",
        "id",
        "grep",
        "test",
        "mkdir",
        "rm",
        "mv",
        "ln",
        "find",
        "stat",
        "mount",
        "true",
        "sleep",
        "touch",
        "env",
        "mknod",
        "chown",
        "hostname",
        "wget",
        "nc",
        "nslookup",
        "kill",
        "head",
        "ip",
        "chmod",
        "readlink",
        "ping",
        "httpd",
        "wc",
        "sort",
        "tr",
        "cut",
        "umount",
        "traceroute",
        "awk",
        "timeout",
        "date",
        "seq",
        "ulimit",
        "printf",
    ] {
        std::os::unix::fs::symlink("busybox", layer.join("bin").join(name)).expect("links");
    }
    std::fs::create_dir_all(layer.join("etc")).expect("layer");
    std::fs::write(layer.join("etc/passwd"), "root:x:0:0::/:/bin/sh\nada:x:1000:1000::/:/bin/sh\n").expect("file");
    std::fs::write(layer.join("etc/hosts"), "the image's\n").expect("file");
    Some(layer)
}

pub(crate) fn spec(world: &World, name: &str, lowers: Vec<PathBuf>, upper: Option<PathBuf>) -> SandboxSpec {
    let mut spec = SandboxSpec::new(name, world.path("jobs").join(name));
    spec.root = Root::Layers { lowers, upper };
    spec
}

/// A sandbox with that image, or the reason why this machine cannot have one.
pub(crate) async fn start(world: &World, spec: SandboxSpec) -> Option<Sandbox> {
    match world.launcher.sandbox(spec).await {
        Ok(sandbox) => Some(sandbox),
        Err(Error::Setup { step, source }) if step.contains("namespaces for an image") => {
            skip(&format!("{step}: {source}"));
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_image_is_the_root_and_the_surroundings_are_dockers() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let mut spec = spec(&world, "root", vec![layer.clone()], None);
        spec.hostname = "web".into();
        spec.network = Network::Private;
        spec.confinement.etc.extra_hosts = vec![("db".into(), "10.0.0.7".parse().expect("address"))];
        let Some(sandbox) = start(&world, spec).await else { return };
        assert_eq!(ok(&sandbox, "cd /; echo *").await, "bin dev etc proc sys\n");
        assert_eq!(ok(&sandbox, "cat /etc/hostname; hostname").await, "web\nweb\n");
        assert_eq!(ok(&sandbox, "grep db /etc/hosts; grep -c image /etc/hosts || true").await, "10.0.0.7\tdb\n0\n");
        assert_eq!(
            ok(&sandbox, "cd /dev; ls | tr '\\n' ' '").await,
            "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
        );
        ok(&sandbox, "echo x > /dev/null && head -c1 /dev/urandom > /dev/shm/x && touch /dev/new && touch /here").await;
        assert_eq!(ok(&sandbox, "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status").await, {
            let mask = "00000000a80425fb";
            format!("CapEff:\t{mask}\nCapBnd:\t{mask}\nNoNewPrivs:\t0\n")
        });
        for script in [
            "echo 1 > /proc/sys/vm/drop_caches",
            "echo x > /proc/sysrq-trigger",
            "mkdir /sys/fs/cgroup/x",
            "test -s /proc/keys",
            "test -s /proc/timer_list",
            "mount -t tmpfs tmpfs /bin",
            "ls /sys/firmware | grep .",
            "cat /proc/1/root/etc/passwd",
            "cat /proc/1/environ | grep .",
        ] {
            assert!(!sh(&sandbox, script).await.0.success(), "{script}");
        }
        assert_eq!(ok(&sandbox, "ls /sys/class/net").await, "lo\n");
        sandbox.write_etc(EtcFile::Hosts, "127.0.0.1 rewritten\n").await.expect("writes");
        assert_eq!(ok(&sandbox, "cat /etc/hosts").await, "127.0.0.1 rewritten\n");
        assert_eq!(std::fs::read_to_string(layer.join("etc/hosts")).expect("reads"), "the image's\n");
        assert!(!exists(layer.join("here")));
        sandbox.destroy().await.expect("destroys");
        assert!(!exists(world.path("jobs/root")));
    });
}

#[test]
fn a_device_node_made_inside_is_of_no_use() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let mut spec = spec(&world, "nodes", vec![layer], None);
        std::fs::create_dir(world.path("volume")).expect("directory");
        spec.binds = vec![Bind { source: world.path("volume"), target: "/volume".into(), read_only: false }];
        spec.confinement.tmpfs = vec![Tmpfs::new("/memory")];
        let Some(sandbox) = start(&world, spec).await else { return };
        // The kernel's own null device, which does no harm.
        for place in ["/dev/made", "/made", "/volume/made", "/memory/made", "/dev/shm/made"] {
            let (status, text) = sh(&sandbox, &format!("mknod {place} c 1 3 || exit 3; echo x > {place}")).await;
            assert!(!status.success(), "{place}: {text}");
        }
    });
}

#[test]
fn a_kept_upper_layer_holds_the_changes_and_nothing_else() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let upper = world.path("changes");
        std::fs::write(world.path("shown"), "shown").expect("file");
        let build = |name: &str| {
            let mut spec = spec(&world, name, vec![layer.clone()], Some(upper.clone()));
            spec.binds = vec![Bind { source: world.path("shown"), target: "/deep/down/file".into(), read_only: true }];
            spec.confinement.tmpfs = vec![Tmpfs::new("/run/secrets")];
            spec
        };
        let Some(sandbox) = start(&world, build("first")).await else { return };
        assert_eq!(ok(&sandbox, "cat /deep/down/file; test -d /run/secrets").await, "shown");
        ok(&sandbox, "echo new > /new; rm /etc/passwd; mkdir -p /a/b; mv /bin/ls /a/b/ls").await;
        sandbox.destroy().await.expect("destroys");
        let listed = |upper: &Path| {
            let mut found: Vec<_> = walk(upper).into_iter().map(|path| path.display().to_string()).collect();
            found.sort();
            found
        };
        // A mount point made in `/deep`, which is nowhere in the image, is not in it.
        assert_eq!(listed(&upper), ["a", "a/b", "a/b/ls", "bin", "bin/ls", "etc", "etc/passwd", "new"]);
        let gone = std::fs::symlink_metadata(upper.join("etc/passwd")).expect("whiteout");
        assert_eq!((gone.mode() & 0o170_000, gone.rdev()), (0o020_000, 0), "a whiteout");
        assert!(!exists(world.path("changes.work")));
        let table = std::fs::read_to_string("/proc/self/mountinfo").expect("mount table");
        assert!(!table.contains("changes"));
        // Another sandbox goes on from there, with the same layers below.
        let sandbox = start(&world, build("second")).await.expect("again");
        assert_eq!(ok(&sandbox, "cat /new; test ! -e /etc/passwd && readlink /a/b/ls").await, "new\nbusybox\n");
        sandbox.destroy().await.expect("destroys");
        // And as a layer below others.
        let spec = spec(&world, "third", vec![layer.clone(), upper.clone()], None);
        let sandbox = start(&world, spec).await.expect("as a lower layer");
        assert_eq!(ok(&sandbox, "cat /new; test ! -e /etc/passwd && readlink /a/b/ls").await, "new\nbusybox\n");
        ok(&sandbox, "rm -r /a /new").await;
        assert!(exists(upper.join("new")));
    });
}

fn walk(top: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![top.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("reads") {
            let path = entry.expect("entry").path();
            found.push(path.strip_prefix(top).expect("below").to_owned());
            if path.symlink_metadata().expect("metadata").is_dir() {
                open.push(path);
            }
        }
    }
    found
}

#[test]
fn more_than_a_hundred_layers() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let mut lowers = vec![layer];
        for index in 0..150 {
            let path = world.path(&format!("{}{index}", "long-name-".repeat(12)));
            std::fs::create_dir(&path).expect("layer");
            std::fs::write(path.join("number"), index.to_string()).expect("file");
            lowers.push(path);
        }
        let Some(sandbox) = start(&world, spec(&world, "many", lowers, None)).await else { return };
        assert_eq!(ok(&sandbox, "cat /number").await, "149");
        let missing = vec![world.path("image"), world.path("no-such-layer")];
        let error = world.launcher.sandbox(spec(&world, "missing", missing, None)).await.expect_err("no layer");
        assert!(error.to_string().contains("no-such-layer"), "{error}");
    });
}

#[test]
fn an_image_without_anything_and_one_with_links_in_odd_places() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let links = world.path("links");
        std::fs::create_dir_all(links.join("etc")).expect("layer");
        std::os::unix::fs::symlink("../run/resolve/stub.conf", links.join("etc/resolv.conf")).expect("link");
        std::os::unix::fs::symlink("/../../../../tmp", links.join("proc-link")).expect("link");
        std::fs::write(world.path("shown"), "shown").expect("file");
        let mut asked = spec(&world, "links", vec![layer, links], None);
        asked.binds = vec![Bind { source: world.path("shown"), target: "/proc-link/file".into(), read_only: true }];
        let Some(sandbox) = start(&world, asked).await else { return };
        ok(&sandbox, "test -s /etc/resolv.conf && test ! -e /run").await;
        // Within the image: the host's /tmp is not touched.
        assert_eq!(ok(&sandbox, "cat /tmp/file").await, "shown");
        let empty = start(&world, spec(&world, "empty", vec![], None)).await.expect("an empty root");
        let error = empty.spawn(shell("true")).await.expect_err("nothing there");
        assert!(matches!(error, Error::ProgramNotFound { .. }), "{error}");
    });
}

#[test]
fn users_groups_capabilities_and_limits_of_a_process() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let mut asked = spec(&world, "users", vec![layer], None);
        asked.confinement.rlimits = vec![Rlimit { resource: Resource::Nofile, soft: 100, hard: 200 }];
        asked.confinement.no_new_privileges = true;
        asked.confinement.capabilities =
            BTreeSet::from(["CHOWN", "SETUID"].map(|name| Capability::from_name(name).expect("known")));
        let Some(sandbox) = start(&world, asked.clone()).await else { return };
        assert_eq!(ok(&sandbox, "ulimit -Sn; ulimit -Hn; id -u; id -g").await, "100\n200\n0\n0\n");
        let mask = ok(&sandbox, "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status").await;
        assert_eq!(mask, "CapEff:\t0000000000000081\nCapBnd:\t0000000000000081\nNoNewPrivs:\t1\n");
        let mut command =
            shell("id -u; id -g; id -G; grep -E '^Cap(Eff|Prm)' /proc/self/status; touch /x || echo refused");
        command.user = Some(User { uid: 1000, gid: 1001, groups: vec![1002, 1003] });
        if sandbox.isolation().uids.len() == 1 {
            let error = sandbox.spawn(command).await.expect_err("one user only");
            assert!(error.to_string().contains("only root exists"), "{error}");
        } else {
            let (_, text) = output(&sandbox, command).await;
            assert_eq!(
                text,
                "1000\n1001\n1001 1002 1003\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n\
                 touch: /x: Permission denied\nrefused\n"
            );
        }
        let mut command = shell("grep CapEff /proc/self/status");
        command.capabilities = Some(BTreeSet::new());
        assert_eq!(output(&sandbox, command).await.1, "CapEff:\t0000000000000000\n");
        // The init is as whole as before.
        ok(&sandbox, "true").await;
        asked.confinement.rlimits = vec![Rlimit { resource: Resource::Nofile, soft: 1 << 29, hard: 1 << 29 }];
        if let Err(error) = world.launcher.sandbox(asked.clone()).await {
            assert!(error.to_string().contains("raising the limit nofile to 536870912"), "{error}");
        }
        asked.confinement.rlimits = vec![Rlimit { resource: Resource::Nofile, soft: 2, hard: 1 }];
        let error = world.launcher.sandbox(asked).await.expect_err("soft above hard");
        assert_eq!(error.to_string(), "limit nofile: the soft limit 2 is above the hard limit 1");
    });
}

#[test]
fn binds_memory_and_a_read_only_root() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        std::fs::create_dir_all(world.path("volume/inner")).expect("directory");
        std::fs::write(world.path("file"), "host's").expect("file");
        let mut spec = spec(&world, "binds", vec![layer], None);
        let bind = |source: &str, target: &str, read_only| Bind {
            source: world.path(source),
            target: target.into(),
            read_only,
        };
        spec.binds = vec![
            // The inner one first: order does not matter.
            bind("file", "/data/inner/file", true),
            bind("volume", "/data", false),
            bind("volume", "/read-only", true),
            bind("file", "/etc/config", false),
        ];
        spec.confinement.read_only = true;
        spec.confinement.shm_bytes = 1 << 20;
        let mut memory = Tmpfs::new("/run");
        memory.size_bytes = Some(4096);
        memory.mode = 0o700;
        spec.confinement.tmpfs = vec![memory];
        spec.confinement.sysctls = vec![("kernel.shmmni".into(), "77".into())];
        spec.network = Network::Private;
        let Some(sandbox) = start(&world, spec).await else { return };
        assert_eq!(
            ok(&sandbox, "cat /data/inner/file; stat -c %a /run; cat /proc/sys/kernel/shmmni").await,
            "host's700\n77\n"
        );
        ok(&sandbox, "echo x > /data/new; echo y > /etc/config; echo z > /run/z").await;
        assert_eq!(std::fs::read_to_string(world.path("file")).expect("reads"), "y\n");
        assert!(exists(world.path("volume/new")));
        for script in [
            "touch /x",
            "touch /read-only/x",
            "echo x > /data/inner/file",
            "head -c 10000 /dev/zero > /run/big",
            "head -c 2000000 /dev/zero > /dev/shm/big",
        ] {
            assert!(!sh(&sandbox, script).await.0.success(), "{script}");
        }
    });
}

#[test]
fn what_is_the_hosts_is_refused() {
    run(|| async {
        let world = World::new();
        let ask = |change: fn(&mut SandboxSpec)| {
            let mut spec = spec(&world, "refused", vec![], None);
            change(&mut spec);
            world.launcher.sandbox(spec)
        };
        let error = ask(|spec| spec.confinement.sysctls = vec![("vm.swappiness".into(), "1".into())])
            .await
            .expect_err("host's");
        assert!(error.to_string().starts_with("sysctl vm.swappiness is the host's"), "{error}");
        let error = ask(|spec| spec.confinement.sysctls = vec![("net.ipv4.ip_forward".into(), "1".into())])
            .await
            .expect_err("host's");
        assert!(error.to_string().contains("when the network is the host's"), "{error}");
        let error = ask(|spec| spec.placement = sandbox::Placement::Host).await.expect_err("host");
        assert!(matches!(error, Error::Unsupported(_)), "{error}");
        let error = ask(|spec| spec.confinement.tmpfs = vec![Tmpfs::new("/a/../b")]).await.expect_err("path");
        assert!(matches!(error, Error::Path { .. }), "{error}");
    });
}

#[test]
fn an_overlay_of_a_snapshot_in_an_image() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let tree = world.path("snapshots/abc");
        std::fs::create_dir_all(&tree).expect("tree");
        std::fs::write(tree.join("main"), "original").expect("file");
        let Some(sandbox) = start(&world, spec(&world, "snapshot", vec![layer], None)).await else { return };
        sandbox.mount_overlay(&tree, Path::new("/__w/repo/repo")).await.expect("mounts");
        assert_eq!(ok(&sandbox, "cat /__w/repo/repo/main; echo changed > /__w/repo/repo/main").await, "original");
        assert_eq!(std::fs::read_to_string(tree.join("main")).expect("reads"), "original");
        let seen = sandbox.host_path(Path::new("/__w/repo/repo/main"));
        assert_eq!(std::fs::read_to_string(seen).expect("reads"), "changed\n");
    });
}

/// As in a container of another program, whose root is an overlay itself.
#[test]
fn where_an_overlay_cannot_be_written_memory_is() {
    const MARK: &str = "TRUNKLINE_TEST_ON_OVERLAY";
    let Some(on) = std::env::var_os(MARK).map(PathBuf::from) else {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().expect("directory");
        for name in ["lower", "upper", "work", "merged"] {
            std::fs::create_dir(dir.path().join(name)).expect("directory");
        }
        let script =
            "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged || exit 77; exec \"$@\"";
        let done = std::process::Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"])
            .arg(std::env::current_exe().expect("test binary"))
            .args(["--exact", "images::where_an_overlay_cannot_be_written_memory_is", "--nocapture"])
            .env(MARK, dir.path().join("merged"))
            .current_dir(dir.path())
            .output();
        return match done {
            Ok(done) if done.status.code() == Some(77) => skip("an overlay cannot be mounted"),
            Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
            Err(error) => skip(&format!("unshare: {error}")),
        };
    };
    run(|| async {
        let config = sandbox::LauncherConfig::new(on.join("state"));
        let launcher = sandbox::Launcher::start(config).expect("launcher");
        let world = World { dir: tempfile::tempdir_in(&on).expect("directory"), launcher };
        let Some(layer) = busybox(&world) else { return };
        let sandbox = start(&world, spec(&world, "memory", vec![layer.clone()], None)).await.expect("starts");
        assert_eq!(ok(&sandbox, "echo written > /file; cat /file").await, "written\n");
        let kept = spec(&world, "kept", vec![layer], Some(world.path("upper")));
        let error = world.launcher.sandbox(kept).await.expect_err("nowhere to keep it");
        assert!(error.to_string().contains("cannot hold what an overlay writes"), "{error}");
    });
}

#[test]
fn privileged_is_as_root_on_the_machine() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let mut asked = spec(&world, "privileged", vec![layer], None);
        asked.confinement.privileged = true;
        asked.confinement.capabilities = Capability::all();
        let Some(sandbox) = start(&world, asked).await else { return };
        ok(&sandbox, "mkdir /m && mount -t tmpfs tmpfs /m && umount /m").await;
        if sandbox.isolation().mode == Mode::Root {
            ok(&sandbox, "mknod /made c 1 3 && echo x > /made").await;
        }
    });
}
