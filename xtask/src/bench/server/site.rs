//! A server with an account, a repository and the ways to load it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::Asked;
use super::super::measure::median;
use super::super::table::Row;
use super::database::Database;
use super::http::Client;

const PASSWORD: &str = "correct horse battery";
pub(super) const RUNNER: &str = "/_trunkline/runner/v1";

pub(super) struct Site {
    pub(super) name: &'static str,
    program: PathBuf,
    pub(super) place: PathBuf,
    pub(super) database: Database,
    /// The token of the account `ann`.
    pub(super) token: String,
    /// Their session, for pages.
    cookie: String,
}

/// A server that runs; killed with the value.
pub(super) struct Server {
    process: Child,
    pub(super) address: String,
    /// From its start to its first answer, in milliseconds.
    pub(super) started: f64,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Site {
    pub(super) fn new(name: &'static str, program: &Path, place: &Path, database: Database) -> Result<Self, String> {
        let place = place.join(name);
        std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
        let mut site =
            Self { name, program: program.to_owned(), place, database, token: String::new(), cookie: String::new() };
        // The first start makes keys and tables, which no later one does.
        drop(site.serve(0)?);
        site.admin(&["user", "add", "ann"], &format!("{PASSWORD}\n"))?;
        let said = site.admin(&["token", "ann"], "")?;
        site.token = said.split_whitespace().last().ok_or("no token was made")?.to_owned();
        let server = site.serve(0)?;
        site.cookie = super::http::log_in(&server.address, "ann", PASSWORD)?;
        drop(server);
        Ok(site)
    }

    fn command(&self, word: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(word).arg("--data").arg(&self.place).arg("--database").arg(self.database.address());
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    pub(super) fn admin(&self, words: &[&str], input: &str) -> Result<String, String> {
        use std::io::Write as _;
        let mut command = self.command("admin");
        let mut child = command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        if let Some(mut pipe) = child.stdin.take() {
            let _ = pipe.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("admin {words:?}: {}", String::from_utf8_lossy(&output.stderr)))
        }
    }

    /// Starts the server with so many runners of its own.
    pub(super) fn serve(&self, runners: usize) -> Result<Server, String> {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let address = format!("127.0.0.1:{port}");
        let mut command = self.command("serve");
        command.args([
            "--listen",
            &address,
            "--quiet",
            "--offline",
            "--no-registry",
            "--runners",
            &runners.to_string(),
        ]);
        let begun = Instant::now();
        let process = command.stdout(Stdio::null()).spawn().map_err(|error| error.to_string())?;
        let mut server = Server { process, address, started: 0.0 };
        while !Client::new(&server.address, "").ask("GET", "/healthz", &[]).is_ok_and(|answer| answer.status == 200) {
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("the server does not answer".to_owned());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.started = begun.elapsed().as_secs_f64() * 1000.0;
        Ok(server)
    }

    pub(super) fn client(&self, server: &Server) -> Client {
        Client::new(&server.address, &self.token).with_cookie(&self.cookie)
    }

    /// A runner that executes nothing: its connection, ready to claim.
    pub(super) fn runner(&self, server: &Server, name: &str) -> Result<Client, String> {
        let said = self.admin(&["runner-token"], "")?;
        let token = said.split_whitespace().last().ok_or("no token was made")?;
        let body = format!(
            r#"{{"name":"{name}","labels":["ubuntu-latest"],"os":"Linux","arch":"X64","version":"0","slots":1}}"#
        );
        let answer = Client::new(&server.address, token).ask("POST", &format!("{RUNNER}/register"), body.as_bytes())?;
        let secret = answer.value("secret").filter(|_| answer.status == 200);
        Ok(Client::new(&server.address, &secret.ok_or_else(|| format!("register: {}", answer.text()))?))
    }

    /// Commits a workflow in the work tree of a repository of this name, to be pushed.
    pub(super) fn commit(&self, repository: &str, workflow: &str) -> Result<PathBuf, String> {
        let tree = self.place.join("trees").join(repository);
        let file = tree.join(".github/workflows/ci.yml");
        if !tree.exists() {
            std::fs::create_dir_all(tree.join(".github/workflows")).map_err(|error| error.to_string())?;
            git(&tree, &["init", "-q", "-b", "main"])?;
        }
        std::fs::write(file, workflow).map_err(|error| error.to_string())?;
        git(&tree, &["add", "-A"])?;
        git(
            &tree,
            &["-c", "user.name=ann", "-c", "user.email=ann@example.org", "commit", "-q", "--allow-empty", "-m", "go"],
        )?;
        Ok(tree)
    }

    /// The ids of all commits of a work tree.
    pub(super) fn commits(&self, tree: &Path) -> Result<Vec<String>, String> {
        let output = Command::new("git").args(["rev-list", "HEAD"]).current_dir(tree).output();
        let output = output.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    pub(super) fn push(&self, server: &Server, tree: &Path) -> Result<(), String> {
        let name = tree.file_name().unwrap_or_default().to_string_lossy();
        let url = format!("http://ann:{}@{}/ann/{name}.git", self.token, server.address);
        git(tree, &["push", "-q", &url, "main"])
    }
}

fn git(tree: &Path, words: &[&str]) -> Result<(), String> {
    let output = Command::new("git").args(words).current_dir(tree).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("git {}: {}", words[0], String::from_utf8_lossy(&output.stderr)))
    }
}

impl Server {
    /// Seconds of processor time that the process itself has used, its children left aside.
    pub(super) fn cpu_seconds(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
        // utime and stime, in hundredths of a second on Linux.
        (ticks(11) + ticks(12)) / 100.0
    }

    fn resident_mib(&self) -> f64 {
        self.memory_mib("VmRSS:")
    }

    /// The largest so far.
    pub(super) fn peak_mib(&self) -> f64 {
        self.memory_mib("VmHWM:")
    }

    fn memory_mib(&self, name: &str) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
        line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    }
}

/// From the start of the process to its first answer, the database being there.
pub(super) fn start(site: &mut Site, asked: &Asked<'_>) -> Result<Vec<Row>, String> {
    let mut times = Vec::new();
    for _ in 0..asked.rounds {
        times.push(site.serve(2)?.started);
    }
    Ok(vec![Row::at_most(format!("{}: start", site.name), None, median(&times), "ms", 200.0, "aim")])
}

/// Nobody asks for anything, two runners wait for jobs.
pub(super) fn idle(site: &mut Site, _: &Asked<'_>) -> Result<Vec<Row>, String> {
    let server = site.serve(2)?;
    std::thread::sleep(Duration::from_secs(5));
    let before = server.cpu_seconds();
    std::thread::sleep(Duration::from_secs(20));
    let busy = (server.cpu_seconds() - before) / 20.0 * 100.0;
    Ok(vec![
        Row::at_most(format!("{}: idle, resident", site.name), None, server.resident_mib(), "MiB", 60.0, "aim"),
        Row::at_most(format!("{}: idle, of one processor", site.name), None, busy, "%", 1.0, "no busy CPU"),
    ])
}
