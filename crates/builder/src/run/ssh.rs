use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::Error;
use crate::inputs::Scratch;
use crate::request::SshAgent;

/// The agents of a build: those that run already, and one for each list of keys.
#[derive(Default)]
pub(crate) struct Agents {
    sockets: BTreeMap<String, PathBuf>,
    /// End with the build.
    _running: Vec<Child>,
}

impl Agents {
    pub(crate) async fn start(given: &BTreeMap<String, SshAgent>, scratch: &Scratch) -> Result<Self, Error> {
        let mut agents = Self::default();
        for (id, agent) in given {
            let socket = match agent {
                SshAgent::Socket(path) => path.clone(),
                SshAgent::Keys(keys) => {
                    let (socket, child) = with_keys(id, keys, scratch).await?;
                    agents._running.push(child);
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

async fn with_keys(id: &str, keys: &[PathBuf], scratch: &Scratch) -> Result<(PathBuf, Child), Error> {
    let failed = |why: String| Error::context(format!("ssh {id}"), why);
    let directory = scratch.directory("ssh").map_err(Error::io("making a temporary directory"))?;
    let socket = directory.join("agent");
    let child = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("ssh-agent cannot be started: {error}")))?;
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
    Ok((socket, child))
}
