//! The same calls to docker itself, with a daemon of this test alone: the same output and exit codes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::world::{Said, World, world};

/// A daemon without networks. Ends when dropped.
struct Daemon {
    process: Child,
    socket: PathBuf,
}

impl Daemon {
    fn start(dir: &Path) -> Result<Self, String> {
        let socket = dir.join("d.sock");
        let log = std::fs::File::create(dir.join("log")).unwrap();
        let place = |name: &str| dir.join(name);
        let process = Command::new("dockerd")
            .args(["--bridge=none", "--iptables=false", "--ip6tables=false", "-H"])
            .arg(format!("unix://{}", socket.display()))
            .arg("--data-root")
            .arg(place("data"))
            .arg("--exec-root")
            .arg(place("exec"))
            .arg("--pidfile")
            .arg(place("pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("dockerd cannot be started: {error}"))?;
        let mut daemon = Self { process, socket };
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while daemon.docker(dir, &["version"]).code != 0 {
            let ended = daemon.process.try_wait().unwrap().is_some();
            if ended || std::time::Instant::now() > patience {
                let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
                return Err(format!("dockerd does not run here: {}", log.lines().last().unwrap_or_default()));
            }
            std::thread::yield_now();
        }
        Ok(daemon)
    }

    fn docker(&self, cwd: &Path, words: &[&str]) -> Said {
        let said = Command::new("docker")
            .arg("-H")
            .arg(format!("unix://{}", self.socket.display()))
            .args(words)
            .current_dir(cwd)
            .stdin(Stdio::null())
            .env("FROM_CALLER", "here")
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { code: said.status.code().unwrap_or(255) as u8, out: text(said.stdout), err: text(said.stderr) }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It ends its containerd and its mounts when it is asked to end.
        if let Some(id) = rustix::process::Pid::from_raw(self.process.id() as i32) {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _ = self.process.wait();
    }
}

/// Calls whose standard output and exit code are compared. `\ ` is a blank within a word.
const SAME: &[&str] = &[
    "run --rm --network none busybox sh -c exit\\ 4",
    "run --rm --network none -e FROM_CALLER -e X=1 -w /tmp busybox sh -c echo\\ $FROM_CALLER$X;pwd;id\\ -u",
    "run --rm --network none --entrypoint echo busybox from the\\ entrypoint",
    "run --rm --network none -h box --add-host a:1.2.3.4 busybox sh -c cat\\ /etc/hostname;cat\\ /etc/hosts\\ |\\ cat\\ >/dev/null",
    "run --rm --network none --tmpfs /t -v /anonymous busybox sh -c touch\\ /t/a\\ /anonymous/b;ls\\ /t\\ /anonymous",
    "run --rm --network none --read-only busybox touch /x",
    "run --rm --network none -t busybox sh -c test\\ -t\\ 1&&echo\\ terminal",
    "run --rm --network none -it busybox true",
    "run --rm --network none busybox nope",
    "run --rm --network none busybox /etc/passwd",
    "run --network none --name nouser -u nobody busybox true",
    "rm nouser",
    "run --frob busybox",
    "run --pull never nothing:here",
    "run --rm --network nope busybox true",
    "create --name one --network none -l a=b -l c -e E=1 --restart on-failure:3 busybox echo a\\ long\\ command\\ line",
    "ps -a",
    "ps -a --no-trunc --format {{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Labels}}|{{.Networks}}|{{.Ports}}|{{.Mounts}}",
    "ps -aq --filter label=a=b",
    "ps -aq --filter name=nothing",
    "inspect -f {{.State.Status}}|{{.Name}}|{{.Path}}|{{.Args}}|{{.Config.Image}}|{{json\\ .Config.Labels}} one",
    "inspect -f {{.HostConfig.NetworkMode}}|{{json\\ .HostConfig.RestartPolicy}}|{{.HostConfig.Privileged}}|{{json\\ .Mounts}} one",
    "inspect -f {{index\\ .Config.Env\\ 0}}|{{len\\ .Config.Env}}|{{.Config.Cmd}}|{{json\\ .Config.Entrypoint}}|{{.Config.Tty}} one",
    "inspect -f {{range\\ $k,\\ $v\\ :=\\ .NetworkSettings.Networks}}{{$k}}{{end}}|{{.NetworkSettings.IPAddress}} one",
    "inspect -f {{.Nope}} one",
    "inspect nothing",
    "start -a one",
    "logs one",
    "logs --tail 0 one",
    "wait one",
    "start nothing",
    "stop nothing",
    "exec one true",
    "rename one two",
    "port two",
    "cp root.tar two:/tmp/copied",
    "cp two:/tmp/copied back.tar",
    "cp two:/nothing .",
    "rm two",
    "rm -f nothing",
    "run -d --name bg --network none --health-cmd true busybox sleep 1000",
    "exec -e A=2 -w /tmp bg sh -c echo\\ $A;pwd",
    "exec bg sh -c exit\\ 9",
    "exec -d bg true",
    "ps --format {{.Names}}\\ {{.State}}",
    "kill -s NOPE bg",
    "rm bg",
    "kill bg",
    "inspect -f {{.State.ExitCode}}|{{.State.Running}}|{{.State.OOMKilled}} bg",
    "rm -v bg",
    "images --format {{.Repository}}|{{.Tag}}",
    "images nothing",
    "tag busybox ghcr.io/me/box:v1",
    "tag nothing a:b",
    "images --format {{.Repository}}:{{.Tag}} ghcr.io/me/box",
    "rmi ghcr.io/me/box:v1",
    "rmi nothing",
    "volume create vol",
    "volume ls",
    "volume ls -q --filter name=vo",
    "volume inspect -f {{.Name}}|{{.Driver}}|{{.Scope}}|{{json\\ .Options}} vol",
    "volume rm vol nope",
    "network rm nope",
    "frobnicate",
    "ps --filter bogus=1",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_same_as_docker() {
    const NAME: &str = "docker::the_same_as_docker";
    if !rustix::process::geteuid().is_root() {
        return testkit::skip(NAME, "dockerd needs root");
    }
    let Some(world) = world().await else { return };
    // Paths of its sockets must be short.
    let dir = tempfile::Builder::new().prefix("dockerd-").tempdir_in("/tmp").unwrap();
    let dir = dir.path();
    std::fs::copy(world.cwd().join("root.tar"), dir.join("root.tar")).unwrap();
    let daemon = match Daemon::start(dir) {
        Ok(daemon) => daemon,
        Err(why) => return testkit::skip(NAME, &why),
    };
    let import = ["import", "-c", "CMD [\"sh\"]", "-c", "ENV PATH=/bin", "root.tar", "busybox"];
    assert_eq!(daemon.docker(dir, &import).code, 0);
    let mut different = Vec::new();
    for line in SAME {
        let theirs = daemon.docker(dir, &words(line).iter().map(String::as_str).collect::<Vec<_>>());
        let ours = world.docker(line).await;
        if theirs.code != ours.code || plain(&theirs.out) != plain(&ours.out) {
            different.push(format!("docker {line}\n  docker:    {theirs:?}\n  trunkline: {ours:?}"));
        }
    }
    drop(daemon);
    close(world).await;
    assert!(different.is_empty(), "{}", different.join("\n"));
}

async fn close(world: World) {
    world.server.close().await;
}

fn words(line: &str) -> Vec<String> {
    let line = line.replace("\\ ", "\u{1}");
    line.split_whitespace().map(|word| word.replace('\u{1}', " ")).collect()
}

/// Without what differs from one run to the next: ids, times, and the blanks that depend on them.
fn plain(text: &str) -> Vec<String> {
    let id = |word: &str| word.len() >= 12 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let line = |line: &str| {
        let words = line.split_whitespace().map(|word| if id(word) { "<id>" } else { word });
        let text = words.collect::<Vec<_>>().join(" ");
        // "Less than a second ago", "2 seconds ago".
        let text = text.replace("Less than a second", "1 second").replace("seconds", "second");
        text.replace("2 second", "1 second").replace("3 second", "1 second")
    };
    text.lines().map(line).collect()
}
