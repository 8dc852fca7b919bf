use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::endpoint::Endpoint;
use crate::cut::cut;

/// Why a registry refused, as far as something can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    Unauthorized,
    Denied,
    /// The manifest, the repository or the blob is not there.
    Unknown,
    TooManyRequests,
    Other,
}

/// A registry's refusal, with its own words and what to do about it.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: RefusalCode,
    /// The HTTP status.
    pub status: u16,
    /// How the registry is named in messages.
    registry: String,
    /// What was wanted: `pull owner/app:1`.
    what: String,
    /// `CODE: message`, as the registry said; may be empty.
    said: String,
    /// Where the credentials came from that were shown, with their user.
    shown: Option<String>,
    /// The name to log in under.
    login: String,
    /// What a registry asked for that is asked too often.
    wait: Option<Duration>,
}

/// More of a body than any error needs.
pub(super) const BODY_BYTES: usize = 64 << 10;

const SHOWN_CHARACTERS: usize = 400;

impl Refusal {
    /// From a response's status and the beginning of its body.
    pub(super) fn new(endpoint: &Endpoint, what: &str, status: u16, body: &[u8]) -> Self {
        let (codes, said) = read(body);
        let has = |names: &[&str]| codes.iter().any(|code| names.contains(&code.as_str()));
        let code = match status {
            401 => RefusalCode::Unauthorized,
            403 => RefusalCode::Denied,
            404 => RefusalCode::Unknown,
            429 => RefusalCode::TooManyRequests,
            _ if has(&["UNAUTHORIZED"]) => RefusalCode::Unauthorized,
            _ if has(&["DENIED"]) => RefusalCode::Denied,
            _ if has(&["TOOMANYREQUESTS"]) => RefusalCode::TooManyRequests,
            _ if has(&["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN"]) => RefusalCode::Unknown,
            _ => RefusalCode::Other,
        };
        Self {
            code,
            status,
            registry: endpoint.shown(),
            what: what.to_owned(),
            said,
            shown: None,
            login: endpoint.logins.first().cloned().unwrap_or_default(),
            wait: None,
        }
    }

    pub(super) fn with_credentials(mut self, shown: Option<String>) -> Self {
        self.shown = shown;
        self
    }

    pub(super) fn with_wait(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait;
        self
    }

    fn advice(&self) -> Option<String> {
        let Self { login, .. } = self;
        match (self.code, &self.shown) {
            (RefusalCode::Unauthorized, None) => {
                Some(format!("no credentials for {login} are known; log in with `docker login {login}`"))
            }
            (RefusalCode::Unauthorized, Some(shown)) => {
                Some(format!("the credentials of {shown} are not accepted; log in anew with `docker login {login}`"))
            }
            (RefusalCode::Denied, None) => Some(format!(
                "no credentials for {login} are known; log in with `docker login {login}` if it is private"
            )),
            (RefusalCode::Denied, Some(shown)) => {
                Some(format!("the credentials of {shown} were shown; they need more rights for this"))
            }
            (RefusalCode::Unknown, None) => {
                Some(format!("check the name; if it is private, `docker login {login}` first"))
            }
            (RefusalCode::Unknown, Some(_)) => Some("check the name, and that the credentials may see it".to_owned()),
            (RefusalCode::TooManyRequests, shown) => {
                let wait = self.wait.map(|wait| format!("it asks to wait {} s", wait.as_secs()));
                let wait = wait.unwrap_or_else(|| "try again later".to_owned());
                let more = if shown.is_none() { "; after `docker login` more is allowed" } else { "" };
                Some(wait + more + ", or use a mirror")
            }
            (RefusalCode::Other, _) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot {}: ", self.registry, self.what)?;
        if self.said.is_empty() {
            write!(f, "the registry answered with HTTP status {}", self.status)?;
        } else {
            write!(f, "{} (HTTP status {})", self.said, self.status)?;
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// The codes and the text of an error's body: the form of the distribution specification, those of token servers, plain text.
fn read(body: &[u8]) -> (Vec<String>, String) {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        // A page of some proxy says nothing in one line.
        let text = if text.trim_start().starts_with('<') { "" } else { text.lines().next().unwrap_or_default() };
        return (Vec::new(), shown(text));
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (mut codes, mut sentences) = (Vec::new(), Vec::new());
    for error in json.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let (code, message) = (text(error, "code").to_ascii_uppercase(), text(error, "message"));
        let detail = error.get("detail").and_then(Value::as_str).unwrap_or_default().trim();
        let parts: Vec<&str> =
            [code.as_str(), message.as_str(), detail].into_iter().filter(|part| !part.is_empty()).collect();
        sentences.push(parts.join(": "));
        codes.push(code);
    }
    for key in ["error_description", "error", "message", "details"] {
        if sentences.is_empty() {
            sentences.extend(Some(text(&json, key)).filter(|text| !text.is_empty()));
        }
    }
    sentences.dedup();
    (codes, shown(&sentences.join("; ")))
}

fn shown(text: &str) -> String {
    let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(&text, SHOWN_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Routes;

    fn refusal(registry: &str, what: &str, status: u16, body: &str) -> Refusal {
        Refusal::new(&Routes::default().endpoint(registry).unwrap(), what, status, body.as_bytes())
    }

    #[test]
    fn what_a_person_reads() {
        let errors = |code: &str, message: &str| {
            format!(r#"{{"errors":[{{"code":"{code}","message":"{message}","detail":null}}]}}"#)
        };
        let ann = || Some("`ann` from /home/ann/.docker/config.json".to_owned());
        let messages = [
            refusal("ghcr.io", "pull o/r:1", 401, &errors("UNAUTHORIZED", "authentication required")),
            refusal("ghcr.io", "push o/r:1", 401, "").with_credentials(ann()),
            refusal("ghcr.io", "push o/r:1", 403, &errors("DENIED", "permission_denied: write_package"))
                .with_credentials(ann()),
            refusal("docker.io", "pull library/none:latest", 404, &errors("MANIFEST_UNKNOWN", "manifest unknown")),
            refusal("docker.io", "pull library/alpine:latest", 429, &errors("TOOMANYREQUESTS", "pull rate limit"))
                .with_wait(Some(Duration::from_secs(3600))),
            refusal("quay.io", "push a/b", 500, "<html><body>oops"),
            refusal("quay.io", "log in", 400, r#"{"details":"incorrect username or password"}"#),
            refusal("quay.io", "push a/b", 502, "upstream \u{1b}[31mdied\nsecond line"),
        ];
        let messages: Vec<String> = messages.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(messages.join("\n"), @"
        ghcr.io: cannot pull o/r:1: UNAUTHORIZED: authentication required (HTTP status 401); no credentials for ghcr.io are known; log in with `docker login ghcr.io`
        ghcr.io: cannot push o/r:1: the registry answered with HTTP status 401; the credentials of `ann` from /home/ann/.docker/config.json are not accepted; log in anew with `docker login ghcr.io`
        ghcr.io: cannot push o/r:1: DENIED: permission_denied: write_package (HTTP status 403); the credentials of `ann` from /home/ann/.docker/config.json were shown; they need more rights for this
        docker.io: cannot pull library/none:latest: MANIFEST_UNKNOWN: manifest unknown (HTTP status 404); check the name; if it is private, `docker login docker.io` first
        docker.io: cannot pull library/alpine:latest: TOOMANYREQUESTS: pull rate limit (HTTP status 429); it asks to wait 3600 s; after `docker login` more is allowed, or use a mirror
        quay.io: cannot push a/b: the registry answered with HTTP status 500
        quay.io: cannot log in: incorrect username or password (HTTP status 400)
        quay.io: cannot push a/b: upstream  [31mdied (HTTP status 502)
        ");
    }
}
