//! The protocol of `docker-credential-*` programs: an action as argument, a registry or JSON on stdin, JSON on stdout.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{AuthError, Credentials, Environment};
use crate::cut::cut;

/// A helper may ask a person or a cloud; longer than this it hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// More than any answer of a helper.
const ANSWER_BYTES: u64 = 1 << 20;

/// The user a helper gives for an identity token.
const TOKEN_USER: &str = "<token>";

pub(super) struct Helper<'a> {
    /// What follows `docker-credential-`.
    name: &'a str,
    /// The file that names the helper, for messages.
    config: &'a Path,
    environment: &'a Environment,
}

impl<'a> Helper<'a> {
    pub(super) fn new(name: &'a str, config: &'a Path, environment: &'a Environment) -> Result<Self, AuthError> {
        if name.is_empty() || name.contains(['/', '\0']) {
            return Err(AuthError::HelperName { name: name.to_owned(), config: config.to_owned() });
        }
        Ok(Self { name, config, environment })
    }

    pub(super) fn program(&self) -> String {
        format!("docker-credential-{}", self.name)
    }

    /// What the helper keeps for a registry, if anything.
    pub(super) async fn get(&self, registry: &str) -> Result<Option<Credentials>, AuthError> {
        let Some(answer) = self.run("get", registry, registry).await? else {
            return Ok(None);
        };
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(username), Some(secret)) = (text("Username"), text("Secret")) else {
            return Err(self.failed("get", registry, "the answer has no Username and Secret".to_owned()));
        };
        Ok(match (username.as_str(), secret.is_empty()) {
            (_, true) => None,
            (TOKEN_USER, _) => Some(Credentials::Identity { token: secret }),
            _ => Some(Credentials::Basic { username, password: secret }),
        })
    }

    pub(super) async fn store(&self, registry: &str, credentials: &Credentials) -> Result<(), AuthError> {
        let request = serde_json::json!({
            "ServerURL": registry,
            "Username": credentials.username().unwrap_or(TOKEN_USER),
            "Secret": credentials.secret(),
        });
        self.run("store", registry, &request.to_string()).await.map(drop)
    }

    pub(super) async fn erase(&self, registry: &str) -> Result<(), AuthError> {
        self.run("erase", registry, registry).await.map(drop)
    }

    /// `None` when the helper has nothing for the registry.
    async fn run(&self, action: &'static str, registry: &str, input: &str) -> Result<Option<Value>, AuthError> {
        let program = self.program();
        let Some(path) = self.environment.program(&program) else {
            return Err(AuthError::HelperMissing { program, config: self.config.to_owned() });
        };
        let failed = |error: std::io::Error| self.failed(action, registry, error.to_string());
        let mut child = tokio::process::Command::new(path)
            .arg(action)
            .env_clear()
            .envs(self.environment.all())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let talk = async {
            let mut answer = Vec::new();
            let ask = async {
                if let Some(mut stdin) = stdin {
                    // A helper that ends without reading is judged by its exit code.
                    let _ = stdin.write_all(input.as_bytes()).await;
                }
            };
            let hear = async {
                match stdout {
                    Some(stdout) => stdout.take(ANSWER_BYTES).read_to_end(&mut answer).await.map(drop),
                    None => Ok(()),
                }
            };
            let ((), heard) = tokio::join!(ask, hear);
            heard?;
            let status = child.wait().await?;
            Ok::<_, std::io::Error>((status, answer))
        };
        let (status, answer) = tokio::time::timeout(LIMIT, talk)
            .await
            .map_err(|_| self.failed(action, registry, format!("no answer within {} s", LIMIT.as_secs())))?
            .map_err(failed)?;
        if status.success() {
            if action != "get" {
                return Ok(None);
            }
            let answer = serde_json::from_slice(&answer)
                .map_err(|_| self.failed(action, registry, "the answer is no JSON".to_owned()))?;
            return Ok(Some(answer));
        }
        let said = String::from_utf8_lossy(&answer);
        let said = said.lines().next().unwrap_or_default().trim();
        // The sentence of docker-credential-helpers, which clients compare with.
        if said.starts_with("credentials not found") {
            return Ok(None);
        }
        let said = cut(said, 200);
        Err(self.failed(action, registry, if said.is_empty() { status.to_string() } else { said }))
    }

    fn failed(&self, action: &'static str, registry: &str, reason: String) -> AuthError {
        AuthError::Helper { program: self.program(), action, registry: registry.to_owned(), reason }
    }
}
