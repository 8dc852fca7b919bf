//! A server and runners as processes of a test, with directories of their own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use testkit::TestRepository;

/// Nothing comes near this: it only keeps a hang from holding up the whole suite.
const GIVE_UP: Duration = Duration::from_secs(120);

pub(super) const PASSWORD: &str = "ann-has-a-password";

/// Waits until something is so.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < GIVE_UP, "this never came about: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A running server with the user `ann`, who administers it.
pub(super) struct Instance {
    directory: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Where it writes its problems; the test's own place where there is none.
    errors: Option<PathBuf>,
    process: Option<Child>,
    /// What it said at its start.
    said: String,
}

/// An answer of the server.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    }

    pub(super) fn location(&self) -> Option<String> {
        self.header("location")
    }

    /// The session's cookie, as it is sent back.
    pub(super) fn cookie(&self) -> Option<String> {
        Some(self.header("set-cookie")?.split(';').next()?.to_owned())
    }
}

impl Instance {
    pub(super) fn start(arguments: &[&str]) -> Self {
        Self::start_in(arguments, &[])
    }

    /// With variables of the server's process.
    pub(super) fn start_in(arguments: &[&str], environment: &[(&str, String)]) -> Self {
        let mut instance = Self::at_rest(arguments);
        instance.errors = Some(instance.directory.path().join("errors"));
        instance.environment = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        instance.feed(&["admin", "user", "add", "ann", "--admin"], PASSWORD);
        instance.start_again();
        instance
    }

    /// A place for a server that the test starts by itself.
    pub(super) fn bare() -> Self {
        Self::at_rest(&[])
    }

    /// Without any user.
    pub(super) fn start_empty(arguments: &[&str]) -> Self {
        let mut instance = Self::at_rest(arguments);
        instance.start_again();
        instance
    }

    /// What a backup gives, with the master key of the server that it is of.
    pub(super) fn restored(backup: &Path, of: &Instance, arguments: &[&str]) -> Self {
        let mut instance = Self::at_rest(arguments);
        instance.feed(&["admin", "restore", &backup.to_string_lossy()], "");
        let data = |of: &Instance| of.directory.path().join("data/master.key");
        std::fs::copy(data(of), data(&instance)).expect("the master key");
        instance.start_again();
        instance
    }

    fn at_rest(arguments: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("trunkline-server-").tempdir().expect("a directory");
        // A port of its own, so that a server that is started again is found by its runners.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { directory, port, arguments, environment: Vec::new(), errors: None, process: None, said: String::new() }
    }

    /// The program on this server's data.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.directory.path());
        command.args(arguments).env("TRUNKLINE_DATA", self.directory.path().join("data"));
        command
    }

    pub(super) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Runs a command that reads a line; what it printed.
    pub(super) fn feed(&self, arguments: &[&str], line: &str) -> String {
        let mut child = self
            .command(arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        // It may not want to read.
        let _ = writeln!(child.stdin.take().expect("its input"), "{line}");
        let output = child.wait_with_output().expect("its output");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Starts it, at the same port as before.
    pub(super) fn start_again(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = self.command(&["serve", "--listen", &listen]);
        command.args(&self.arguments).envs(self.environment.iter().cloned()).stdout(Stdio::piped());
        match &self.errors {
            Some(path) => {
                command.stderr(std::fs::File::options().create(true).append(true).open(path).expect("a file"))
            }
            None => command.stderr(Stdio::inherit()),
        };
        let mut process = command.spawn().expect("the server");
        let mut lines = BufReader::new(process.stdout.take().expect("its output"));
        self.said.clear();
        while !self.said.contains("reached at") {
            assert!(lines.read_line(&mut self.said).expect("a line") > 0, "the server ended: {}", self.said);
        }
        // The rest is read so that the server is never held up; a set-up link may follow.
        if self.process.is_none() && self.arguments.iter().all(|argument| argument != "--quiet") {
            let (send, receive) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                for line in lines.lines().map_while(Result::ok) {
                    let _ = send.send(line);
                }
            });
            while let Ok(line) = receive.recv_timeout(Duration::from_millis(500)) {
                self.said.push_str(&line);
                self.said.push('\n');
                if line.contains("token=") {
                    break;
                }
            }
        }
        self.process = Some(process);
    }

    /// What it printed so far: at its start, and of its problems.
    pub(super) fn printed(&self) -> String {
        let errors = self.errors.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        format!("{}\n{}", self.said, errors.unwrap_or_default())
    }

    pub(super) fn set_up_link(&self) -> String {
        let found = self.said.split_whitespace().find(|word| word.contains("/setup?token="));
        found.unwrap_or_else(|| panic!("there is no link in: {}", self.said)).to_owned()
    }

    /// As `kill -9` does.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a living server");
            process.wait().expect("its end");
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// As it tells its clients.
    pub(super) fn public_url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Pushes `main` of a repository to `ann/app`.
    pub(super) fn push(&self, repository: &TestRepository, branch: &str) {
        let address = format!("http://ann:{PASSWORD}@127.0.0.1:{}/ann/app.git", self.port);
        repository.git(&["push", "--quiet", &address, branch]).expect("a push");
    }

    pub(super) fn get(&self, path: &str, cookie: Option<&str>) -> Answer {
        self.ask("GET", path, cookie, None)
    }

    /// A form.
    pub(super) fn post(&self, path: &str, form: &str, cookie: Option<&str>) -> Answer {
        self.ask("POST", path, cookie, Some(form))
    }

    /// JSON to the API, with a token.
    pub(super) fn post_json(&self, path: &str, json: &str, token: &str) -> Answer {
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        ))
    }

    /// With a token.
    pub(super) fn get_with(&self, path: &str, token: &str) -> Answer {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n\r\n"
        ))
    }

    /// A request for anything, with the value of `Authorization`, if there is one.
    pub(super) fn knock(&self, method: &str, path: &str, who: Option<&str>, body: &str) -> Answer {
        let who = who.map(|who| format!("Authorization: {who}\r\n")).unwrap_or_default();
        exchange(&format!("127.0.0.1:{}", self.port), method, path, &who, body)
    }

    /// What it said at its start.
    pub(super) fn said(&self) -> &str {
        &self.said
    }

    /// A request to the API; `who` is the value of `Authorization`.
    pub(super) fn api(&self, method: &str, path: &str, who: &str, body: &str) -> Answer {
        self.request(method, &format!("/api/v3{path}"), &format!("Authorization: {who}\r\n"), body)
    }

    /// A secret, put as clients put it: in a box that the server alone opens.
    pub(super) fn put_secret(&self, who: &str, place: &str, name: &str, value: &str) {
        let key = self.api("GET", &format!("{place}/secrets/public-key"), who, "");
        let key: serde_json::Value = serde_json::from_str(&key.body).expect("a key");
        let public = BASE64_STANDARD.decode(key["key"].as_str().expect("a key")).expect("base64");
        let public: [u8; 32] = public.try_into().expect("32 bytes");
        let sealed = BASE64_STANDARD.encode(identity::seal_for(&public, value.as_bytes()).expect("a box"));
        let body =
            serde_json::json!({ "encrypted_value": sealed, "key_id": key["key_id"], "visibility": "all" }).to_string();
        let answer = self.api("PUT", &format!("{place}/secrets/{name}"), who, &body);
        assert!(answer.status == 201 || answer.status == 204, "{name}: {} {}", answer.status, answer.body);
    }

    /// `Authorization` with a token of a user's.
    pub(super) fn bearer(&self, login: &str) -> String {
        let token = self.feed(&["admin", "token", login], "");
        format!("Bearer {}", token.lines().last().expect("a token"))
    }

    fn ask(&self, method: &str, path: &str, cookie: Option<&str>, form: Option<&str>) -> Answer {
        let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
        let body = form.unwrap_or_default();
        let kind = if form.is_some() { "Content-Type: application/x-www-form-urlencoded\r\n" } else { "" };
        self.request(method, path, &format!("{cookie}{kind}"), body)
    }

    pub(super) fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        exchange(&format!("127.0.0.1:{}", self.port), method, path, headers, body)
    }

    fn send(&self, request: &str) -> Answer {
        answered(&format!("127.0.0.1:{}", self.port), request)
    }

    pub(super) fn session(&self) -> String {
        let answer = self.post("/login", &format!("login=ann&password={PASSWORD}"), None);
        answer.cookie().unwrap_or_else(|| panic!("no session: {}", answer.body))
    }

    /// The page of a run, once it is completed.
    pub(super) fn completed_run(&self, repository: &str, run: u32) -> String {
        let session = self.session();
        let mut page = String::new();
        until(&format!("run {run} of {repository} is completed"), || {
            page = self.get(&format!("/{repository}/runs/{run}"), Some(&session)).body;
            // Only completed runs can be run again.
            page.contains("Run again")
        });
        page
    }

    /// The log of a job as text.
    pub(super) fn log(&self, repository: &str, run: u32, job: u32) -> String {
        let path = format!("/{repository}/runs/{run}/jobs/{job}/log.txt");
        let answer = self.get(&path, Some(&self.session()));
        assert_eq!(answer.status, 200, "{}", answer.body);
        unchunked(&answer)
    }
}

/// One request, on a connection of its own.
pub(super) fn exchange(server: &str, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    answered(server, &request)
}

/// What is answered until the server closes the connection.
fn answered(server: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(server).expect("the server");
    stream.set_read_timeout(Some(GIVE_UP)).expect("a socket");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// Long answers come in chunks.
fn unchunked(answer: &Answer) -> String {
    if answer.header("transfer-encoding").is_none() {
        return answer.body.clone();
    }
    let mut text = String::new();
    let mut rest = answer.body.as_str();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        let Some((chunk, after)) = after.split_at_checked(size).filter(|_| size > 0) else { break };
        text.push_str(chunk);
        rest = after.trim_start_matches("\r\n");
    }
    text
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program(home: &Path) -> Command {
    program_behind(&[], home)
}

/// The program, started by another one with its words.
pub(super) fn program_behind(before: &[String], home: &Path) -> Command {
    let own = env!("CARGO_BIN_EXE_trunkline");
    let mut command = match before.split_first() {
        Some((first, words)) => {
            let mut command = Command::new(first);
            command.args(words).arg(own);
            command
        }
        None => Command::new(own),
    };
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["TRUNKLINE_", "GITHUB_", "RUNNER_", "ACTIONS_", "GIT_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.env("HOME", home).env("TRUNKLINE_HOME", home).env("NO_COLOR", "1").current_dir(home).stdin(Stdio::null());
    command
}

/// `trunkline runner`, with a directory of its own.
pub(super) struct RunnerProcess {
    directory: tempfile::TempDir,
    process: Option<Child>,
}

impl RunnerProcess {
    pub(super) fn start(server: &Instance, arguments: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("trunkline-runner-").tempdir().expect("a directory");
        let mut runner = Self { directory, process: None };
        let token = server.feed(&["admin", "runner-token"], "");
        let with_token: Vec<&str> = arguments.iter().copied().chain(["--token", &token]).collect();
        runner.start_again(server, &with_token);
        runner
    }

    pub(super) fn start_again(&mut self, server: &Instance, arguments: &[&str]) {
        let mut command = program(self.directory.path());
        command.args(["runner", "--server", &server.url(), "--dir"]).arg(self.dir()).args(arguments);
        self.process = Some(command.spawn().expect("the runner"));
    }

    fn dir(&self) -> PathBuf {
        self.directory.path().join("runner")
    }

    /// The tool cache, which jobs and this test share.
    pub(super) fn tools(&self) -> PathBuf {
        self.dir().join("tools")
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a living runner");
            process.wait().expect("its end");
        }
    }

    /// As a service manager does.
    pub(super) fn terminate(&self) {
        let id = self.process.as_ref().expect("a runner").id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    }

    pub(super) fn ended_within(&mut self, time: Duration) -> bool {
        let began = Instant::now();
        while began.elapsed() < time {
            if self.process.as_mut().is_none_or(|process| process.try_wait().is_ok_and(|ended| ended.is_some())) {
                self.process = None;
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub(super) fn is_registered(&self) -> bool {
        self.dir().join("runner.json").exists()
    }

    /// Jobs that are still on its disk.
    pub(super) fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        until("the runner has tidied up", || {
            left = std::fs::read_dir(self.dir().join("jobs"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect();
            left.is_empty()
        });
        left
    }
}

impl Drop for RunnerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
