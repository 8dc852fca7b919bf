//! Servers, runners and a database as processes that can be killed.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use store::testing::Database;

use super::api::Api;
use super::chaos::Victim;
use crate::server::instance::{PASSWORD, program_behind};

/// Nothing that starts takes so long.
const STARTING: Duration = Duration::from_secs(90);

/// A program that is started again and again with the same arguments.
pub(super) struct Process {
    pub(super) name: String,
    home: PathBuf,
    /// A program with its words that starts the program, such as `nsenter`.
    before: Vec<String>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Process {
    pub(super) fn new(directory: &Path, name: &str, arguments: Vec<String>) -> Self {
        let home = directory.join(name);
        std::fs::create_dir_all(&home).expect("a directory");
        let log = directory.join(format!("{name}.log"));
        let (before, environment) = (Vec::new(), Vec::new());
        Self { name: name.to_owned(), log, home, before, arguments, environment, child: None }
    }

    pub(super) fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(&self.log).expect("a log");
        let mut command = program_behind(&self.before, &self.home);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        self.child = Some(command.spawn().expect("the program"));
    }

    /// As `kill -9` does.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            child.wait().expect("its end");
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// `-TERM`, `-INT`, `-STOP` …
    pub(super) fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(status.expect("kill").success(), "{} is not there", self.name);
    }

    /// Its code, once it has ended by itself.
    pub(super) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        let ended = self.child.as_mut()?.try_wait().ok().flatten()?;
        self.child = None;
        Some(ended)
    }

    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a site is made of.
pub(super) struct Plan {
    pub(super) servers: usize,
    pub(super) runners: usize,
    /// More lines of the servers' file, before its tables.
    pub(super) settings: String,
    /// `s3://…`
    pub(super) blobs: Option<String>,
    pub(super) environment: Vec<(String, String)>,
    /// What every program of a server is started by.
    pub(super) before: Vec<String>,
    /// Where its data is, unless it is in the site's own directory.
    pub(super) data: Option<PathBuf>,
    /// A runner of the server's own.
    pub(super) local: bool,
    /// A backup that it begins with, and the master key that goes with it.
    pub(super) restore: Option<(PathBuf, PathBuf)>,
}

impl Plan {
    /// One server and one runner.
    pub(super) fn small() -> Self {
        Self {
            servers: 1,
            runners: 1,
            settings: "lease = \"5m\"\n".to_owned(),
            blobs: None,
            environment: Vec::new(),
            before: Vec::new(),
            data: None,
            local: false,
            restore: None,
        }
    }
}

/// Servers that share a database, and runners.
pub(super) struct Site {
    pub(super) servers: Vec<Process>,
    pub(super) runners: Vec<Process>,
    pub(super) apis: Vec<Api>,
    /// The words before an administrator's command.
    admin: Vec<String>,
    pub(super) database: Database,
    directory: tempfile::TempDir,
    plan: Plan,
}

impl Site {
    /// One server, or two that share PostgreSQL, and two runners; with a lease that a test can wait for, and that no server is
    /// away for.
    pub(super) fn start(database: Database) -> Self {
        let servers = if database.cluster().is_some() { 2 } else { 1 };
        let settings = "lease = \"15s\"\n".to_owned();
        Self::of(database, Plan { servers, runners: 2, settings, ..Plan::small() })
    }

    pub(super) fn of(database: Database, plan: Plan) -> Self {
        let directory = tempfile::Builder::new().prefix("trunkline-site-").tempdir().expect("a directory");
        let tools = directory.path().join("tools");
        std::fs::create_dir_all(&tools).expect("a directory");
        let data = plan.data.clone().unwrap_or_else(|| directory.path().join("data"));
        let file = directory.path().join("server.toml");
        let slots = u32::from(plan.local);
        let text = format!("{}[runners]\nslots = {slots}\noffline = true\n", plan.settings);
        std::fs::write(&file, text).expect("a file");
        let (data, file) = (data.to_string_lossy().into_owned(), file.to_string_lossy().into_owned());
        // SQLite's file is where the server wants it.
        let address = database.cluster().map(|_| database.address());
        let place = |words: &[&str]| -> Vec<String> {
            let mut words: Vec<&str> = [words, &["--data", &data, "--config", &file]].concat();
            words.extend(address.iter().flat_map(|address| ["--database", address]));
            words.extend(plan.blobs.iter().flat_map(|blobs| ["--blobs", blobs]));
            words.into_iter().map(str::to_owned).collect()
        };
        let admin = place(&["admin"]);
        let feed = |words: &[&str], line: &str| {
            feed(&plan.before, directory.path(), &plan.environment, &admin, words, line)
                .expect("a command that succeeds")
        };
        match &plan.restore {
            None => drop(feed(&["user", "add", "ann", "--admin"], PASSWORD)),
            Some((backup, key)) => {
                feed(&["restore", &backup.to_string_lossy()], "");
                std::fs::copy(key, Path::new(&data).join("master.key")).expect("the master key");
            }
        }
        let token = feed(&["token", "ann"], "");
        let (mut servers, mut runners, mut apis) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..plan.servers {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
            let listen = format!("127.0.0.1:{port}");
            let arguments = place(&["serve", "--listen", &listen]);
            let mut server = Process::new(directory.path(), &format!("server-{number}"), arguments);
            server.before.clone_from(&plan.before);
            server.environment.clone_from(&plan.environment);
            servers.push(server);
            apis.push(Api { port, token: token.clone() });
        }
        for number in 0..plan.runners {
            let server = format!("http://127.0.0.1:{}", apis[number % apis.len()].port);
            let file = directory.path().join(format!("runner-{number}.toml"));
            let dir = directory.path().join(format!("runner-{number}-dir"));
            // A restored server knows the former one's runners.
            let name = format!("{}-{number}", if plan.restore.is_some() { "restored" } else { "r" });
            let text = format!(
                "server = {server:?}\ntoken_file = {:?}\nname = \"{name}\"\nslots = 2\ndir = {dir:?}\ntool_cache = {tools:?}\noffline = true\n",
                directory.path().join(format!("token-{number}")),
            );
            std::fs::write(&file, text).expect("a file");
            std::fs::write(directory.path().join(format!("token-{number}")), feed(&["runner-token"], ""))
                .expect("a file");
            let arguments = ["runner", "--config", &file.to_string_lossy()].map(str::to_owned).to_vec();
            runners.push(Process::new(directory.path(), &format!("runner-{number}"), arguments));
        }
        let mut site = Self { servers, runners, apis, admin, database, directory, plan };
        for server in &mut site.servers {
            server.start();
        }
        site.wait_until_ready();
        if site.plan.restore.is_none() {
            site.set_up();
        }
        for runner in &mut site.runners {
            runner.start();
        }
        site.wait_for_runners();
        site
    }

    /// A repository with an environment that ann reviews.
    fn set_up(&self) {
        let made = json!({ "name": "app" });
        assert_eq!(self.apis[0].ask("POST", "/user/repos", Some(&made)).expect("an answer").status, 201);
        let id = self.apis[0].get("/user").expect("an answer").json()["id"].clone();
        let rules = json!({ "reviewers": [{ "type": "User", "id": id }] });
        let put = self.apis[0].ask("PUT", "/repos/ann/app/environments/prod", Some(&rules)).expect("an answer");
        assert_eq!(put.status, 200, "{}", put.text());
    }

    /// Registered before anything is killed: the token is good once.
    fn wait_for_runners(&self) {
        let site = self;
        let began = Instant::now();
        while (0..site.runners.len()).any(|number| !site.path(&format!("runner-{number}-dir/runner.json")).exists()) {
            assert!(began.elapsed() < STARTING, "the runners do not register:\n{}", site.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs an administrator's command; what it printed, or what it said when it failed.
    pub(super) fn admin(&self, words: &[&str], line: &str) -> Result<String, String> {
        feed(&self.plan.before, self.directory.path(), &self.plan.environment, &self.admin, words, line)
    }

    /// A command of the administrator's that can be killed.
    pub(super) fn admin_process(&self, words: &[&str]) -> Process {
        let arguments = self.admin.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect();
        Process::new(self.directory.path(), "admin", arguments)
    }

    /// What the first server is started with.
    pub(super) fn serve_words(&self) -> Vec<String> {
        self.servers[0].arguments.clone()
    }

    pub(super) fn cluster(&self) -> &store::testing::Cluster {
        self.database.cluster().expect("PostgreSQL")
    }

    /// What jobs and this test share.
    pub(super) fn tools(&self) -> PathBuf {
        self.path("tools")
    }

    pub(super) fn has_cluster(&self) -> bool {
        self.database.cluster().is_some()
    }

    pub(super) fn kill(&mut self, victim: &Victim) {
        match *victim {
            Victim::Server(number) => self.servers[number].kill(),
            Victim::Runner(number) => self.runners[number].kill(),
            Victim::Database => self.kill_database(),
            Victim::Everything => {
                self.kill_database();
                self.servers.iter_mut().chain(&mut self.runners).for_each(Process::kill);
            }
        }
    }

    fn kill_database(&self) {
        if let Some(cluster) = self.database.cluster() {
            cluster.kill();
        }
    }

    /// Starts what was killed, and waits until the servers answer.
    pub(super) fn start_again(&mut self, victim: &Victim) {
        match *victim {
            Victim::Server(number) => self.servers[number].start(),
            Victim::Runner(number) => self.runners[number].start(),
            Victim::Database => self.start_database(),
            Victim::Everything => {
                // Servers come before their database does: they wait for it.
                self.servers.iter_mut().chain(&mut self.runners).for_each(Process::start);
                self.start_database();
            }
        }
        self.wait_until_ready();
    }

    fn start_database(&self) {
        if let Some(cluster) = self.database.cluster() {
            cluster.go().expect("the database");
        }
    }

    pub(super) fn wait_until_ready(&mut self) {
        let began = Instant::now();
        for number in 0..self.servers.len() {
            while !self.apis[number].send("GET", "/readyz", &[], &[]).is_ok_and(|answer| answer.status == 200) {
                let ended = self.servers[number].ended();
                assert!(ended.is_none(), "server {number} ended with {ended:?}:\n{}", self.said());
                assert!(began.elapsed() < STARTING, "server {number} is not ready:\n{}", self.said());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// The last lines of every process.
    pub(super) fn said(&self) -> String {
        let last = |process: &Process| {
            let text = process.said();
            let lines: Vec<&str> = text.lines().collect();
            format!("--- {}\n{}\n", process.name, lines[lines.len().saturating_sub(40)..].join("\n"))
        };
        self.servers.iter().chain(&self.runners).map(last).collect()
    }

    /// Nothing of it is left on the machine.
    pub(super) fn end(mut self) {
        for process in self.runners.iter_mut().chain(&mut self.servers) {
            process.signal("-TERM");
            let began = Instant::now();
            while process.ended().is_none() {
                assert!(began.elapsed() < STARTING, "{} does not end:\n{}", process.name, process.said());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let here = self.directory.path().to_string_lossy().into_owned();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("mounts");
        assert!(!mounts.contains(&here), "something is still mounted: {mounts}");
    }
}

/// Runs a command of the administrator's.
fn feed(
    before: &[String],
    home: &Path,
    environment: &[(String, String)],
    admin: &[String],
    words: &[&str],
    line: &str,
) -> Result<String, String> {
    let mut command = program_behind(before, home);
    command.args(admin).args(words).envs(environment.iter().map(|(name, value)| (name, value)));
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the program");
    // It may not want to read.
    let _ = writeln!(child.stdin.take().expect("its input"), "{line}");
    let output = child.wait_with_output().expect("its output");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
