//! `RUN --mount=type=ssh` with a real key, a real agent and a real server.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use builder::{Build, Context, DockerfileSource, SshAgent};

use super::world::World;

/// A server that knows one key. Ends with this.
struct Sshd {
    process: Child,
    port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program on PATH, or where servers are.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    places.map(|place| place.join(name)).find(|path| path.is_file())
}

fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().unwrap();
    assert!(made.success());
}

fn start_server(dir: &Path, known: &Path) -> Sshd {
    let host = dir.join("host_key");
    make_key(&host);
    // Free now; if somebody takes it meanwhile, the server says that it cannot listen.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\nForceCommand echo hello from the server\n",
        host.display(),
        known.display()
    );
    let path = dir.join("sshd_config");
    std::fs::write(&path, config).unwrap();
    let mut process = Command::new(program("sshd").unwrap())
        .args(["-D", "-e", "-f"])
        .arg(&path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let listening = lines.by_ref().map_while(Result::ok).find(|line| line.contains("listening"));
    // Its pipe must not become full.
    std::thread::spawn(move || lines.for_each(drop));
    assert!(listening.is_some(), "sshd does not listen");
    Sshd { process, port }
}

/// The program and the libraries that it needs, as a context of its own.
fn client(context: &Path) {
    let ssh = program("ssh").unwrap().canonicalize().unwrap();
    let listed = Command::new("ldd").arg(&ssh).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
    for file in libraries.chain([ssh]) {
        let target = context.join(file.strip_prefix("/").unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, target).unwrap();
    }
}

fn build(context: &Path, port: u16, agent: Option<SshAgent>) -> Build {
    let text = format!(
        "FROM busybox\nCOPY . /\n\
         RUN --mount=type=ssh /usr/bin/ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no \
         -o UserKnownHostsFile=/dev/null -p {port} root@127.0.0.1 > /said\n\
         FROM scratch\nCOPY --from=0 /said /said\n"
    );
    Build {
        dockerfile: DockerfileSource::Text { name: "Dockerfile".to_owned(), text },
        context: Context::Directory(context.to_owned()),
        ssh: agent.into_iter().map(|agent| ("default".to_owned(), agent)).collect::<BTreeMap<_, _>>(),
        offline: true,
        ..Build::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_the_door_and_stays_outside() {
    const TEST: &str = "a_key_opens_the_door_and_stays_outside";
    let Some(world) = World::new(TEST) else { return };
    if let Some(missing) = ["ssh", "sshd", "ssh-agent", "ssh-keygen", "ldd"].iter().find(|name| program(name).is_none())
    {
        return testkit::skip(TEST, &format!("there is no {missing}"));
    }
    if !rustix::process::geteuid().is_root() {
        return testkit::skip(TEST, "sshd lets others in for root only");
    }
    // Where sshd insists on it.
    std::fs::create_dir_all("/run/sshd").unwrap();
    let (keys, context) = (world.path("keys"), world.path("context"));
    std::fs::create_dir_all(&keys).unwrap();
    let (key, stranger) = (keys.join("id"), keys.join("stranger"));
    make_key(&key);
    make_key(&stranger);
    let server = start_server(&keys, &key.with_extension("pub"));
    client(&context);

    let refused = world.build(&build(&context, server.port, Some(SshAgent::Keys(vec![stranger])))).await;
    assert!(refused.outcome.is_err() && refused.log().contains("Permission denied"), "{}", refused.log());
    let told = world.build(&build(&context, server.port, Some(SshAgent::Keys(vec![key.clone()])))).await;
    let built = told.built();
    let (platform, descriptor) = &built.platforms[0];
    let image = world.ground.store.image(descriptor, platform).unwrap();
    let unpacked = world.ground.store.unpack(&image).unwrap();
    assert_eq!(std::fs::read_to_string(unpacked.lowers()[0].join("said")).unwrap(), "hello from the server\n");

    let secret = std::fs::read_to_string(&key).unwrap();
    let line = secret.lines().nth(2).unwrap();
    super::hidden::nowhere_below(world.ground.store.root(), line);
    super::hidden::nowhere_below(&world.ground.dir, line);
}

/// The agent that was started for the keys ends with the build, and its socket goes.
#[tokio::test(flavor = "multi_thread")]
async fn agents_end_with_their_builds() {
    const TEST: &str = "agents_end_with_their_builds";
    let Some(world) = World::new(TEST) else { return };
    if let Some(missing) = ["ssh-agent", "ssh-keygen"].iter().find(|name| program(name).is_none()) {
        return testkit::skip(TEST, &format!("there is no {missing}"));
    }
    let keys = world.path("keys");
    std::fs::create_dir_all(&keys).unwrap();
    make_key(&keys.join("id"));
    let text = "FROM busybox\nRUN --mount=type=ssh,target=/agent grep -q /agent /proc/self/mountinfo && \
                grep /agent /proc/self/mountinfo | cut -d' ' -f4 > /socket\n";
    let build = Build {
        dockerfile: DockerfileSource::Text { name: "Dockerfile".to_owned(), text: text.to_owned() },
        ssh: BTreeMap::from([("default".to_owned(), SshAgent::Keys(vec![keys.join("id")]))]),
        offline: true,
        ..Build::default()
    };
    let told = world.build(&build).await;
    let built = told.built();
    let (platform, descriptor) = &built.platforms[0];
    let image = world.ground.store.image(descriptor, platform).unwrap();
    let unpacked = world.ground.store.unpack(&image).unwrap();
    let layer = unpacked.lowers().last().unwrap();
    let socket = std::fs::read_to_string(layer.join("socket")).unwrap();
    assert!(socket.contains("trunkline-ssh-"), "{socket}");
    let own = socket.trim().rsplit_once('/').unwrap().0.rsplit_once('/').unwrap().1.to_owned();
    let agents = || -> Vec<String> {
        let lines = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = lines.map(|entry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default());
        lines.map(|line| String::from_utf8_lossy(&line).into_owned()).filter(|line| line.contains(&own)).collect()
    };
    // It ends by itself once the pipe is closed; a hang is the runner's to find.
    while !agents().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!std::env::temp_dir().join(&own).exists());
}
