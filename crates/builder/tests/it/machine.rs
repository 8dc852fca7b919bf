//! A machine of its own for each test: a store, a launcher, a directory for contexts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use builder::{Build, Built, Context, Error, Event, Events, Ground};
use image::layer::{Builder, Entry, Options};
use image::{Descriptor, Image, ImageConfiguration, Manifest, Platform, Reference, Store, media_type};
use sandbox::{Launcher, LauncherConfig};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) ground: Ground,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
}

/// The names of busybox that tests use.
const NAMES: [&str; 24] = [
    "sh", "cat", "ls", "echo", "mkdir", "rm", "touch", "id", "stat", "sleep", "test", "chmod", "ln", "env", "pwd",
    "find", "sort", "wc", "false", "true", "cp", "mv", "grep", "ps",
];

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let inside = runtime.enter();
        let launcher = Launcher::start(LauncherConfig::new(dir.path().join("state"))).expect("launcher");
        let ground = Ground {
            store: Store::open(dir.path().join("store")).expect("store"),
            launcher: Arc::new(launcher),
            client: image::client::Client::new(image::client::ClientConfig::default()).expect("client"),
            dir: dir.path().join("builder"),
        };
        drop(inside);
        fs::create_dir(dir.path().join("context")).expect("context");
        let world = Self { dir, ground, runtime, events: Arc::default() };
        world.make_base();
        world
    }

    /// `busybox`: one static program with the names that tests use.
    fn make_base(&self) {
        let Some(busybox) = busybox() else { return };
        let mut layer = Builder::new(Options { latest: Some(0), ..Options::default() });
        for directory in ["bin", "etc", "tmp", "root", "home"] {
            layer.add(Entry::directory(directory, if directory == "tmp" { 0o1777 } else { 0o755 }));
        }
        let size = busybox.metadata().expect("busybox").len();
        layer.add(Entry::file("bin/busybox", 0o755, size, &busybox));
        for name in NAMES {
            layer.add(Entry::symlink(format!("bin/{name}"), "busybox"));
        }
        let passwd = *b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home:/bin/sh\n";
        layer.add(Entry::bytes("etc/passwd", 0o644, passwd));
        layer.add(Entry::bytes("etc/group", 0o644, *b"root:x:0:\nstaff:x:1001:\nextra:x:1002:app\n"));
        let layer = layer.write(&self.ground.store).expect("layer");
        let container = image::ContainerConfig { cmd: Some(vec!["sh".into()]), ..Default::default() };
        self.image("busybox", ImageConfiguration { config: container, ..Default::default() }, vec![layer]);
    }

    pub(crate) fn image(
        &self,
        name: &str,
        mut config: ImageConfiguration,
        layers: Vec<image::layer::Layer>,
    ) -> Descriptor {
        let store = &self.ground.store;
        let host = Platform::host();
        (config.os, config.architecture) = (host.os, host.architecture);
        config.rootfs.diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
        let config = store.put(media_type::OCI_CONFIG, &config.to_bytes()).expect("config");
        let manifest = Manifest::oci(config, layers.into_iter().map(|layer| layer.descriptor).collect());
        let descriptor = store.put(media_type::OCI_MANIFEST, &manifest.to_bytes()).expect("manifest");
        store.tag(&Reference::parse(name).expect("name"), &descriptor).expect("tag");
        descriptor
    }

    pub(crate) fn context(&self) -> PathBuf {
        self.dir.path().join("context")
    }

    /// Writes a file of the context.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.context().join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("directories");
        fs::write(path, text).expect("file");
    }

    /// A build of the context with this Dockerfile, which needs no registry.
    pub(crate) fn request(&self, dockerfile: &str) -> Build {
        self.write("Dockerfile", dockerfile);
        Build { context: Context::Directory(self.context()), offline: true, ..Build::default() }
    }

    pub(crate) fn run(&self, build: &Build) -> Result<Built, Error> {
        self.events.lock().expect("events").clear();
        let told = Arc::clone(&self.events);
        let events = Events::new(move |event| told.lock().expect("events").push(event));
        self.runtime.block_on(build.run(&self.ground, events))
    }

    pub(crate) fn build(&self, dockerfile: &str) -> Image {
        let built = self.run(&self.request(dockerfile)).unwrap_or_else(|error| panic!("{error}"));
        self.open(&built)
    }

    pub(crate) fn open(&self, built: &Built) -> Image {
        self.ground.store.image(&built.descriptor, &Platform::host()).expect("image")
    }

    pub(crate) fn fail(&self, dockerfile: &str) -> String {
        match self.run(&self.request(dockerfile)) {
            Ok(_) => panic!("it was built"),
            Err(error) => error.to_string(),
        }
    }

    /// Every file of an image: mode, owner, content or target.
    pub(crate) fn files(&self, image: &Image) -> BTreeMap<String, String> {
        let mut bytes = Vec::new();
        image::archive::export(&self.ground.store, image, &mut bytes).expect("export");
        let mut files = BTreeMap::new();
        let mut archive = tar::Archive::new(&bytes[..]);
        for entry in archive.entries().expect("entries") {
            use std::io::Read as _;
            let mut entry = entry.expect("entry");
            let path = entry.path().expect("path").to_string_lossy().trim_end_matches('/').to_owned();
            let header = entry.header().clone();
            let link =
                |entry: &tar::Entry<'_, &[u8]>| entry.link_name().expect("link").expect("link").display().to_string();
            let kind = match header.entry_type() {
                tar::EntryType::Directory => "d".to_owned(),
                tar::EntryType::Symlink => format!("-> {}", link(&entry)),
                tar::EntryType::Link => format!("= {}", link(&entry)),
                tar::EntryType::Regular => {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).expect("content");
                    String::from_utf8_lossy(&content).trim_end().chars().take(60).collect()
                }
                other => format!("{other:?}"),
            };
            let mode = header.mode().expect("mode");
            let (uid, gid) = (header.uid().expect("uid"), header.gid().expect("gid"));
            files.insert(path, format!("{mode:o} {uid}:{gid} {kind}"));
        }
        files
    }

    /// The files that are not the base's.
    pub(crate) fn own_files(&self, image: &Image) -> String {
        let base = self.ground.store.resolve(&Reference::parse("busybox").expect("name")).expect("store");
        let base = base.map(|base| self.files(&self.ground.store.image(&base, &Platform::host()).expect("base")));
        let base = base.unwrap_or_default();
        let own = self.files(image).into_iter().filter(|(path, what)| base.get(path) != Some(what));
        own.map(|(path, what)| format!("{path} {what}\n")).collect()
    }

    /// What processes wrote.
    pub(crate) fn log(&self) -> String {
        let events = self.events.lock().expect("events");
        let logs = events.iter().filter_map(|event| match event {
            Event::Log { data, .. } => Some(String::from_utf8_lossy(data).into_owned()),
            _ => None,
        });
        logs.collect()
    }

    /// The names of steps that were carried out, and of those whose result was known.
    pub(crate) fn steps(&self) -> (Vec<String>, Vec<String>) {
        let events = self.events.lock().expect("events");
        let name = |wanted| {
            events.iter().find_map(|event| match event {
                Event::Planned { step, name, .. } if *step == wanted => Some(name.clone()),
                _ => None,
            })
        };
        let (mut done, mut cached) = (Vec::new(), Vec::new());
        for event in events.iter() {
            match event {
                Event::Started { step } => done.extend(name(*step)),
                Event::Cached { step } => cached.extend(name(*step)),
                _ => {}
            }
        }
        let own = |names: Vec<String>| names.into_iter().filter(|name| !name.starts_with("[internal]")).collect();
        (own(done), own(cached))
    }
}

fn busybox() -> Option<PathBuf> {
    let path = Path::new("/bin/busybox");
    path.exists().then(|| path.to_owned())
}

/// Whether the base is there; says why not.
pub(crate) fn has_base(test: &str) -> bool {
    let found = busybox().is_some();
    if !found {
        testkit::skip(test, "busybox-static is not installed");
    }
    found
}

/// Whether `RUN` works here; says why not.
pub(crate) fn can_run(test: &str, world: &World) -> bool {
    if !has_base(test) {
        return false;
    }
    match world.run(&world.request("FROM busybox\nRUN true\n")) {
        Err(Error::Sandbox(error)) => {
            testkit::skip(test, &format!("no sandbox: {error}"));
            false
        }
        Err(error) if error.to_string().contains("RUN needs namespaces") => {
            testkit::skip(test, "there are no namespaces");
            false
        }
        Err(error) => panic!("{error}"),
        Ok(_) => true,
    }
}
