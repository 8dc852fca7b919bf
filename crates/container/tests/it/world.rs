//! A table of containers over an image made of Debian's static busybox.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use container::{Asked, Base, Container, Create, Options, Paths, Streams, Surroundings, Table, TableConfig};
use image::layer::{Builder, Entry};
use image::{ContainerConfig, ImageConfiguration};
use sandbox::{Launcher, LauncherConfig};

pub(crate) struct World {
    pub(crate) table: Table,
    pub(crate) base: Base,
    pub(crate) dir: tempfile::TempDir,
}

/// What a container wrote, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

const APPLETS: &[&str] = &[
    "sh", "cat", "echo", "env", "false", "true", "id", "ls", "sleep", "test", "touch", "pwd", "kill", "mkdir", "stat",
    "wc", "head", "mount", "hostname", "chmod", "seq", "tty", "stty", "ps", "grep", "cut", "ulimit", "rm", "df",
];

/// `None`, with the reason told, where busybox is missing or nothing can be isolated.
pub(crate) async fn world() -> Option<World> {
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].iter().map(Path::new).find(|path| path.exists());
    let Some(busybox) = busybox else {
        testkit::skip("container", "there is no busybox");
        return None;
    };
    let dir = tempfile::Builder::new().prefix("containers-").tempdir_in(work_dir()).unwrap();
    let store = image::Store::open(dir.path().join("images")).unwrap();
    let mut layer = Builder::new(Default::default());
    let size = std::fs::metadata(busybox).unwrap().len();
    for name in ["bin", "etc", "tmp", "data", "home", "home/app"] {
        layer.add(Entry::directory(name, if name == "tmp" { 0o1777 } else { 0o755 }));
    }
    layer.add(Entry::file("bin/busybox", 0o755, size, busybox));
    for applet in APPLETS {
        layer.add(Entry::symlink(format!("bin/{applet}"), "busybox"));
    }
    layer.add(Entry::bytes(
        "etc/passwd",
        0o644,
        "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n".as_bytes(),
    ));
    layer.add(Entry::bytes("etc/group", 0o644, "root:x:0:\napp:x:1000:\nextra:x:50:app\n".as_bytes()));
    layer.add(Entry::bytes("data/seed", 0o640, "from the image".as_bytes()).owned_by(1000, 50));
    let layer = layer.write(&store).unwrap();
    let layers = Arc::new(store.unpack_layers(&[layer.descriptor], &[layer.diff_id]).unwrap());
    let config = ImageConfiguration {
        config: ContainerConfig {
            cmd: Some(vec!["sh".into()]),
            env: vec!["PATH=/bin".into(), "FROM_IMAGE=1".into()],
            ..Default::default()
        },
        ..Default::default()
    };
    let launcher = Arc::new(Launcher::start(LauncherConfig::new(dir.path().join("sandboxes"))).unwrap());
    let config_table = TableConfig {
        launcher,
        dir: dir.path().join("table"),
        paths: Paths::Host,
        closed: true,
        hide: Default::default(),
    };
    let table = Table::new(config_table).unwrap();
    let base = Base { reference: "busybox".into(), id: "sha256:0".into(), config, layers };
    Some(World { table, base, dir })
}

/// Overlays want a real file system below them.
fn work_dir() -> PathBuf {
    let base = match rustix::process::geteuid().is_root() {
        true => PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        // Not a directory of this user.
        false => std::env::temp_dir(),
    };
    std::fs::create_dir_all(&base).unwrap();
    base
}

impl World {
    /// Creates a container with the arguments of `docker run`, the image left out; `--network none` unless said otherwise.
    pub(crate) async fn create(&self, options: &str, command: &[&str]) -> container::Result<Container> {
        let mut words: Vec<String> = options.split_whitespace().map(str::to_owned).collect();
        if !words.iter().any(|word| word == "--network") {
            words.extend(["--network".into(), "none".into()]);
        }
        words.push("image".into());
        let Asked { options, .. } = Options::from_args(&words, &Surroundings::none())?;
        let mut create = Create::new(self.base.clone(), options);
        create.command = command.iter().map(|&word| word.to_owned()).collect();
        self.table.create(create).await
    }

    pub(crate) async fn run(&self, options: &str, command: &[&str]) -> Ran {
        let container = self.create(options, command).await.unwrap();
        finish(&container).await
    }

    pub(crate) async fn shell(&self, options: &str, line: &str) -> Ran {
        self.run(options, &["sh", "-c", line]).await
    }
}

/// Starts a container and collects everything until its end.
pub(crate) async fn finish(container: &Container) -> Ran {
    let ((out, stdout), (err, stderr)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let streams = Streams { stdin: None, stdout: Some(stdout.into()), stderr: Some(stderr.into()) };
    let reading = tokio::task::spawn_blocking(move || (text(out), text(err)));
    match container.start_attached(streams).await {
        Ok(attached) => {
            let code = container.wait().await;
            attached.finished().await;
            let (out, err) = reading.await.unwrap();
            Ran { code, out, err }
        }
        Err(error) => Ran { code: error.exit_code(), out: String::new(), err: error.to_string() },
    }
}

pub(crate) fn text(mut pipe: std::io::PipeReader) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
