//! A server with an image named `busybox`, and calls of it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use container::{Paths, Table, TableConfig};
use docker::{Call, Ground, Server};
use sandbox::{Launcher, LauncherConfig};

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) dir: tempfile::TempDir,
    socket: PathBuf,
}

/// What a call printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

const APPLETS: &[&str] = &[
    "sh", "cat", "echo", "env", "true", "false", "id", "ls", "sleep", "nc", "wget", "httpd", "pwd", "touch", "mkdir",
    "wc", "ip", "nslookup", "test",
];

/// `None`, with the reason told, where busybox is missing.
pub(crate) async fn world() -> Option<World> {
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].iter().map(Path::new).find(|path| path.exists());
    let Some(busybox) = busybox else {
        testkit::skip("docker", "there is no busybox");
        return None;
    };
    let base = match rustix::process::geteuid().is_root() {
        true => PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        // Not a directory of this user.
        false => std::env::temp_dir(),
    };
    std::fs::create_dir_all(&base).unwrap();
    let dir = tempfile::Builder::new().prefix("docker-").tempdir_in(base).unwrap();
    let store = image::Store::open(dir.path().join("images")).unwrap();
    let launcher = Arc::new(Launcher::start(LauncherConfig::new(dir.path().join("sandboxes"))).unwrap());
    let table = TableConfig {
        launcher: Arc::clone(&launcher),
        dir: dir.path().join("table"),
        paths: Paths::Host,
        closed: true,
        hide: Default::default(),
    };
    let ground = Ground {
        table: Table::new(table).unwrap(),
        store,
        launcher,
        client: Default::default(),
        own: None,
        builder: dir.path().join("builder"),
        sandbox: None,
    };
    let socket = dir.path().join("docker.sock");
    let server = Server::start(&socket, ground).unwrap();
    std::fs::create_dir(dir.path().join("cwd")).unwrap();
    let world = World { server, dir, socket };
    std::fs::write(world.cwd().join("root.tar"), root(busybox)).unwrap();
    let said = world.docker(r#"import -c CMD\ ["sh"] -c ENV\ PATH=/bin root.tar busybox"#).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.starts_with("sha256:"), "{}", said.out);
    Some(world)
}

fn root(busybox: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    for name in ["bin/", "etc/", "tmp/", "data/"] {
        tar.append_data(&mut header.clone(), name, std::io::empty()).unwrap();
    }
    tar.append_path_with_name(busybox, "bin/busybox").unwrap();
    for applet in APPLETS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox").unwrap();
    }
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(26);
    tar.append_data(&mut header, "etc/passwd", &b"root:x:0:0::/root:/bin/sh\n"[..]).unwrap();
    tar.into_inner().unwrap()
}

impl World {
    pub(crate) fn cwd(&self) -> PathBuf {
        self.dir.path().join("cwd")
    }

    /// Calls with words separated by blanks; `\ ` is a blank within a word.
    pub(crate) async fn docker(&self, line: &str) -> Said {
        let line = line.replace("\\ ", "\u{1}");
        let words: Vec<String> = line.split_whitespace().map(|word| word.replace('\u{1}', " ")).collect();
        self.call(words, "").await
    }

    /// The standard output of a call that succeeds, without the last line break.
    pub(crate) async fn ok(&self, line: &str) -> String {
        let said = self.docker(line).await;
        assert_eq!(said.code, 0, "docker {line}: {said:?}");
        said.out.trim_end_matches('\n').to_owned()
    }

    /// The standard error of a call that fails.
    pub(crate) async fn fails(&self, line: &str) -> String {
        let said = self.docker(line).await;
        assert_ne!(said.code, 0, "docker {line}: {said:?}");
        said.err
    }

    pub(crate) async fn call(&self, argv: Vec<String>, input: &str) -> Said {
        let (socket, cwd, input) = (self.socket.clone(), self.cwd(), input.to_owned());
        let home = self.dir.path().join("home").to_string_lossy().into_owned();
        tokio::task::spawn_blocking(move || {
            let ((stdin, mut feed), (out, stdout), (err, stderr)) =
                (std::io::pipe().unwrap(), std::io::pipe().unwrap(), std::io::pipe().unwrap());
            let feeding = std::thread::spawn(move || drop(feed.write_all(input.as_bytes())));
            let read = |mut pipe: std::io::PipeReader| {
                std::thread::spawn(move || {
                    let mut text = String::new();
                    pipe.read_to_string(&mut text).unwrap();
                    text
                })
            };
            let (out, err) = (read(out), read(err));
            let env = BTreeMap::from([("HOME".to_owned(), home), ("FROM_CALLER".to_owned(), "here".to_owned())]);
            let call = Call { argv, cwd: cwd.to_string_lossy().into_owned(), env };
            let code = call.make(&socket, [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()]).unwrap();
            drop((stdin, stdout, stderr));
            feeding.join().unwrap();
            Said { code, out: out.join().unwrap(), err: err.join().unwrap() }
        })
        .await
        .unwrap()
    }
}
