//! The API asked by a client that may see the server die.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::server::instance::PASSWORD;

/// No answer takes so long, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server answered, whole.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

/// One server's API, as a user.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) port: u16,
    pub(super) token: String,
}

impl Api {
    /// # Errors
    /// When there is no server, or its answer does not come to its end. A request that takes for ever panics.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Answer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let kind = "application/json";
        self.send(method, &format!("/api/v3{path}"), &[("Content-Type", kind)], body.as_bytes())
    }

    /// Follows where logs and artifacts are.
    pub(super) fn get(&self, path: &str) -> io::Result<Answer> {
        let answer = self.ask("GET", path, None)?;
        let elsewhere =
            answer.header("location").and_then(|to| to.split_once("/api/v3")).map(|(_, path)| path.to_owned());
        match elsewhere.filter(|_| answer.status == 302) {
            Some(path) => self.ask("GET", &path, None),
            None => Ok(answer),
        }
    }

    /// The cookie of a session of ann's: what pages ask for.
    pub(super) fn session(&self) -> String {
        let form = format!("login=ann&password={PASSWORD}");
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let answer = self.send("POST", "/login", &[kind], form.as_bytes()).expect("an answer");
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        cookie.unwrap_or_else(|| panic!("no session: {}", answer.text())).to_owned()
    }

    /// Any request.
    pub(super) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !headers.iter().any(|(name, _)| *name == "Authorization") {
            request.push_str(&format!("Authorization: token {}\r\n", self.token));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes())?;
        stream.write_all(body)?;
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            let hangs = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
            assert!(!hangs, "{method} {path} hangs");
            return Err(error);
        }
        parse(&bytes, method == "HEAD")
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the answer broke off"))
    }
}

/// `None` when it was cut off. The answer to `HEAD` tells of a body that does not come.
fn parse(bytes: &[u8], head_only: bool) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer { status, head, body: bytes[end + 4..].to_vec() };
    if answer.header("transfer-encoding").is_some() {
        answer.body = unchunked(&answer.body)?;
    } else if let Some(length) = answer.header("content-length").filter(|_| !head_only) {
        let length: usize = length.parse().ok()?;
        (answer.body.len() == length).then_some(())?;
    }
    Some(answer)
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        rest = rest.get(end + 2 + size + 2..)?;
    }
}
