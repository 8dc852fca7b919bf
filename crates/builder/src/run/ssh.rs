use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{ChildStdin, Command};

use crate::Error;
use crate::request::SshAgent;

/// The agents of a build: those that run already, and one for each list of keys.
#[derive(Default)]
pub(crate) struct Agents {
    sockets: BTreeMap<String, PathBuf>,
    running: Vec<OwnAgent>,
}

/// An agent with keys. It ends when the other end of this pipe is closed, also when this process is killed.
struct OwnAgent {
    _life: ChildStdin,
    _directory: TempDir,
}

/// What the agent runs: it takes the agent with it when its input ends, and the socket's directory.
const UNTIL_INPUT_ENDS: &str = r#"cat >/dev/null; kill "$SSH_AGENT_PID"; rm -rf "${SSH_AUTH_SOCK%/*}""#;

impl Agents {
    pub(crate) async fn start(given: &BTreeMap<String, SshAgent>) -> Result<Self, Error> {
        let mut agents = Self::default();
        for (id, agent) in given {
            let socket = match agent {
                SshAgent::Socket(path) => path.clone(),
                SshAgent::Keys(keys) => {
                    let (socket, agent) = with_keys(id, keys).await?;
                    agents.running.push(agent);
                    socket
                }
            };
            if !socket.exists() {
                return Err(Error::context(format!("ssh {id}"), format!("there is no agent at {}", socket.display())));
            }
            agents.sockets.insert(id.clone(), socket);
        }
        Ok(agents)
    }

    pub(crate) fn socket(&self, id: &str) -> Option<&Path> {
        self.sockets.get(id).map(PathBuf::as_path)
    }
}

async fn with_keys(id: &str, keys: &[PathBuf]) -> Result<(PathBuf, OwnAgent), Error> {
    let failed = |why: String| Error::context(format!("ssh {id}"), why);
    // Paths of sockets have at most 107 bytes: the builder's own directory may be too deep.
    let directory = tempfile::Builder::new().prefix("trunkline-ssh-").tempdir();
    let directory = directory.map_err(Error::io("making a temporary directory"))?;
    let socket = directory.path().join("agent");
    let mut child = Command::new("ssh-agent")
        .arg("-a")
        .arg(&socket)
        .args(["sh", "-c", UNTIL_INPUT_ENDS])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(format!("ssh-agent cannot be started: {error}")))?;
    let life = child.stdin.take().ok_or_else(|| failed("ssh-agent has no input".to_owned()))?;
    let agent = OwnAgent { _life: life, _directory: directory };
    // It makes its socket right away; there is nothing else to wait for.
    for _ in 0..100 {
        if socket.exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for key in keys {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", &socket)
            .env("SSH_ASKPASS_REQUIRE", "never")
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|error| failed(format!("ssh-add cannot be started: {error}")))?;
        if !added.status.success() {
            let why = String::from_utf8_lossy(&added.stderr).trim().to_owned();
            return Err(failed(format!("the key {} could not be used: {why}", key.display())));
        }
    }
    Ok((socket, agent))
}
