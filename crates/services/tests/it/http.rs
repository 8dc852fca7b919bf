//! The least HTTP client: one request a connection, nothing hidden.

use crate::fixture::{Fixture, variable};
use serde_json::Value;
use services::JobEnvironment;
use std::io::{Read, Write};
use std::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// `url` is absolute; `headers` are whole lines.
pub(crate) fn request(method: &str, url: &str, headers: &[String], body: &[u8]) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let mut head = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    if !headers.iter().any(|header| header.starts_with("content-length")) {
        head += &format!("content-length: {}\r\n", body.len());
    }
    for header in headers {
        head += &format!("{header}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = answer[end + 4..].to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = unchunk(&body);
    }
    Answer { status, head, body }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}

pub(crate) fn authorization(environment: &JobEnvironment) -> String {
    format!("authorization: Bearer {}", variable(environment, "ACTIONS_RUNTIME_TOKEN"))
}

/// A Twirp call to one of the two services, e.g. `ArtifactService/ListArtifacts`.
pub(crate) fn twirp(fixture: &Fixture, environment: &JobEnvironment, method: &str, body: &Value) -> Answer {
    let url = format!("{}twirp/github.actions.results.api.v1.{method}", fixture.services.url());
    let headers = ["content-type: application/json".to_owned(), authorization(environment)];
    request("POST", &url, &headers, body.to_string().as_bytes())
}

/// The ids in the runtime token, as the client reads them.
pub(crate) fn backend_ids(environment: &JobEnvironment) -> (String, String) {
    use base64::Engine;
    let token = variable(environment, "ACTIONS_RUNTIME_TOKEN");
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let scope = claims["scp"].as_str().unwrap();
    let parts: Vec<&str> = scope.split(':').collect();
    assert_eq!((parts.len(), parts[0]), (3, "Actions.Results"));
    (parts[1].to_owned(), parts[2].to_owned())
}
