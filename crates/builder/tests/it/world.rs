//! A store with a base image of Debian's static busybox, and sandboxes to run it in.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use builder::{Build, Built, Error, Event, Events, Ground};
use image::layer::{Builder, Entry};
use image::{ContainerConfig, ImageConfiguration, Reference, Store, media_type};
use sandbox::{Launcher, LauncherConfig};

pub(crate) struct World {
    pub(crate) ground: Ground,
    dir: tempfile::TempDir,
}

/// A build with all it told.
pub(crate) struct Told {
    pub(crate) outcome: Result<Built, Error>,
    pub(crate) events: Vec<Event>,
}

const APPLETS: &[&str] = &[
    "sh",
    "ash",
    "cat",
    "echo",
    "env",
    "false",
    "true",
    "id",
    "ls",
    "sleep",
    "test",
    "touch",
    "pwd",
    "kill",
    "mkdir",
    "stat",
    "wc",
    "head",
    "tail",
    "mount",
    "hostname",
    "chmod",
    "chown",
    "seq",
    "ps",
    "grep",
    "cut",
    "rm",
    "df",
    "cp",
    "mv",
    "ln",
    "find",
    "sort",
    "tr",
    "sed",
    "awk",
    "tar",
    "date",
    "sha256sum",
    "readlink",
    "dirname",
    "basename",
    "printf",
    "ip",
    "tee",
    "nc",
    "uname",
    "xargs",
    "expr",
    "od",
    "cmp",
    "whoami",
    "printenv",
];

impl World {
    /// `None`, with the reason told, where busybox is missing.
    pub(crate) fn new(test: &str) -> Option<World> {
        let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(&base).unwrap();
        World::below(test, &base)
    }

    pub(crate) fn below(test: &str, base: &Path) -> Option<World> {
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].iter().map(Path::new).find(|path| path.exists());
        let Some(busybox) = busybox else {
            testkit::skip(test, "there is no busybox");
            return None;
        };
        // Overlays want a real file system below them.
        let dir = tempfile::Builder::new().prefix("builds-").tempdir_in(base).unwrap();
        let store = Store::open(dir.path().join("images")).unwrap();
        base_image(&store, busybox);
        let launcher = Arc::new(Launcher::start(LauncherConfig::new(dir.path().join("sandboxes"))).unwrap());
        let client = image::client::Client::new(image::client::ClientConfig::default()).unwrap();
        let ground = Ground { store, launcher, client, dir: dir.path().join("builder") };
        Some(World { ground, dir })
    }

    /// A directory that is gone with the world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) async fn build(&self, build: &Build) -> Told {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&seen);
        let events = Events::new(move |event| listener.lock().unwrap().push(event));
        let outcome = build.run(&self.ground, events).await;
        let events = std::mem::take(&mut *seen.lock().unwrap());
        Told { outcome, events }
    }

    /// The configuration of what was built.
    pub(crate) fn config(&self, built: &Built) -> ImageConfiguration {
        let (platform, descriptor) = &built.platforms[0];
        self.ground.store.image(descriptor, platform).unwrap().config
    }
}

impl Told {
    /// Everything that processes wrote.
    pub(crate) fn log(&self) -> String {
        let data = self.events.iter().filter_map(|event| match event {
            Event::Log { data, .. } => Some(data.as_slice()),
            _ => None,
        });
        String::from_utf8_lossy(&data.collect::<Vec<_>>().concat()).into_owned()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let warnings = self.events.iter().filter_map(|event| match event {
            Event::Warning { message, line: Some(line) } => Some(format!("{message} (line {line})")),
            Event::Warning { message, line: None } => Some(message.clone()),
            _ => None,
        });
        warnings.collect()
    }

    pub(crate) fn built(&self) -> &Built {
        self.outcome.as_ref().unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }
}

/// `busybox:latest`: with a user `app`, a shell and a few files.
fn base_image(store: &Store, busybox: &Path) {
    let mut layer = Builder::new(Default::default());
    let size = std::fs::metadata(busybox).unwrap().len();
    for (name, mode) in [
        ("bin", 0o755),
        ("etc", 0o755),
        ("tmp", 0o1777),
        ("root", 0o700),
        ("home", 0o755),
        ("data", 0o755),
        ("usr", 0o755),
    ] {
        layer.add(Entry::directory(name, mode));
    }
    layer.add(Entry::directory("home/app", 0o755).owned_by(1000, 1000));
    layer.add(Entry::file("bin/busybox", 0o755, size, busybox));
    for applet in APPLETS {
        layer.add(Entry::symlink(format!("bin/{applet}"), "busybox"));
    }
    let passwd = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n";
    layer.add(Entry::bytes("etc/passwd", 0o644, passwd.as_bytes()));
    layer.add(Entry::bytes("etc/group", 0o644, "root:x:0:\napp:x:1000:\nstaff:x:50:app\n".as_bytes()));
    layer.add(Entry::bytes("data/one", 0o644, "one\n".as_bytes()));
    layer.add(Entry::bytes("data/two", 0o640, "two\n".as_bytes()).owned_by(1000, 50));
    let layer = layer.write(store).unwrap();
    let config = ImageConfiguration {
        architecture: image::Platform::host().architecture,
        os: "linux".into(),
        config: ContainerConfig {
            cmd: Some(vec!["sh".into()]),
            env: vec!["PATH=/bin:/usr/bin".into(), "FROM_BASE=yes".into()],
            ..ContainerConfig::default()
        },
        rootfs: image::RootFs { diff_ids: vec![layer.diff_id], ..image::RootFs::default() },
        ..ImageConfiguration::default()
    };
    let config = store.put(media_type::OCI_CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap();
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": config,
        "layers": [layer.descriptor],
    });
    let manifest = store.put(media_type::OCI_MANIFEST, &serde_json::to_vec(&manifest).unwrap()).unwrap();
    store.tag(&Reference::parse("busybox:latest").unwrap(), &manifest).unwrap();
}
