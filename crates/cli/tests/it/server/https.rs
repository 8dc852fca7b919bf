//! A server with a certificate at a name of its own. Clients come to it through a tunnel, as through a company's proxy: so the
//! name needs no entry anywhere, and the port is whatever is free.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::instance::Instance;

pub(super) const HOST: &str = "ci.example.test";

pub(super) struct Https {
    pub(super) server: Instance,
    directory: tempfile::TempDir,
    tunnel: String,
}

impl Https {
    /// `None`, with the reason, where a program is missing that makes certificates.
    pub(super) fn start(test: &str, arguments: &[&str]) -> Option<Self> {
        let directory = tempfile::Builder::new().prefix("trunkline-https-").tempdir().expect("a directory");
        if let Err(reason) = certificates(directory.path()) {
            testkit::skip(test, &reason);
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let tunnel = format!("http://{}", listener.local_addr().expect("an address"));
        let file = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
        let (leaf, key, public) = (file("leaf.pem"), file("leaf.key"), format!("https://{HOST}"));
        let mut all = vec!["--certificate", &leaf, "--key", &key, "--public-url", &public];
        all.extend(arguments);
        // Its own runner comes to it by the same way.
        let environment = [("HTTPS_PROXY", tunnel.clone()), ("SSL_CERT_FILE", file("ca.pem"))];
        let server = Instance::start_in(&all, &environment);
        let port = server.port();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                std::thread::spawn(move || relay(client, port));
            }
        });
        Some(Self { server, directory, tunnel })
    }

    /// A command that trusts the server's certificate and goes through the tunnel.
    pub(super) fn client(&self, program: &str, cwd: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(cwd)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("HTTPS_PROXY", &self.tunnel)
            .env("https_proxy", &self.tunnel)
            .env("SSL_CERT_FILE", self.authority())
            .env("GIT_SSL_CAINFO", self.authority())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0");
        command
    }

    fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// A directory for the test's files.
    pub(super) fn scratch(&self) -> PathBuf {
        self.directory.path().join("scratch")
    }
}

/// An authority, and a certificate of its for the server's name.
fn certificates(directory: &Path) -> Result<(), String> {
    let make = |arguments: &[&str]| {
        let common = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let made = Command::new("openssl").args(common).args(arguments).current_dir(directory).output();
        let made = made.map_err(|_| "openssl is not installed".to_owned())?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Ok::<(), String>(())
    };
    let authority = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=An authority of a test"];
    make(&authority)?;
    let (name, subject) = (format!("subjectAltName=DNS:{HOST}"), format!("/CN={HOST}"));
    let leaf = ["-keyout", "leaf.key", "-out", "leaf.pem", "-subj", &subject, "-CA", "ca.pem", "-CAkey", "ca.key"];
    make(&[&leaf[..], &["-addext", &name, "-addext", "basicConstraints=CA:FALSE"]].concat())
}

/// Answers `CONNECT`, for the server's name only.
fn relay(mut client: TcpStream, port: u16) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if !matches!(client.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    let is_server = head.starts_with(format!("CONNECT {HOST}:443 ").as_bytes());
    let Some(server) = is_server.then(|| TcpStream::connect(("127.0.0.1", port)).ok()).flatten() else {
        let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        return;
    };
    let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else { return };
    std::thread::spawn(move || copy(from_client, to_server));
    copy(server, client);
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
