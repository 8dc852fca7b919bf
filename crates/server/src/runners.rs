//! Runners within the server's process. They speak the same protocol as others, over the loopback interface.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use agent::{AgentConfig, Stop};
use api::wire::Secret;
use identity::{Caller, Purpose, RunnerScope};
use tokio_util::task::TaskTracker;

use crate::{Notice, Server, ServerError};

/// Starts them; what is returned ends when they do.
pub(crate) async fn start(server: &Server, stop: &Stop) -> Result<TaskTracker, ServerError> {
    let tasks = TaskTracker::new();
    let wanted = &server.config().runners;
    if wanted.slots > 0 {
        let config = config(server).await?;
        let (server, stop) = (server.clone(), stop.clone());
        tasks.spawn(async move {
            if let Err(error) = agent::run(config, stop).await {
                server.tell(Notice::Problem { part: "local runner", message: error.to_string() });
            }
        });
    }
    tasks.close();
    Ok(tasks)
}

async fn config(server: &Server) -> Result<AgentConfig, ServerError> {
    let (config, wanted) = (server.config(), &server.config().runners);
    let dir = config.data.join("runner");
    let mut runner = AgentConfig::new(loopback(server), name(), &dir);
    // The same server, whatever port it got this time.
    runner.server_key = "this server".to_owned();
    // Used when the runner is not registered yet, or was forgotten.
    runner.token = Some(token(server).await?);
    runner.slots = wanted.slots;
    if !wanted.labels.is_empty() {
        runner.labels.clone_from(&wanted.labels);
    }
    runner.platforms = wanted.platforms.clone();
    runner.offline = wanted.offline;
    runner.tool_cache.clone_from(&wanted.tool_cache);
    for text in &wanted.action_sources {
        let source = agent::action_source(text).map_err(ServerError::Other)?;
        runner.action_sources.push(source);
    }
    let git = config.git_dir();
    runner.local_git = Some(git.canonicalize().unwrap_or(git));
    // Everything of the server's is out of a job's sight; its own repository is shown again.
    runner.hide = vec![config.data.canonicalize().unwrap_or_else(|_| config.data.clone())];
    let teller = server.clone();
    runner.notices = std::sync::Arc::new(move |notice| teller.tell(Notice::Runner(notice)));
    Ok(runner)
}

/// For its registration; several servers have one each, and a restored server has another one than before.
fn name() -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("local-{}", &unique[..8])
}

async fn token(server: &Server) -> Result<Secret, ServerError> {
    let mut tx = server.store().begin().await?;
    let identity = server.identity();
    let (token, _) =
        identity.issue_runner_token(&mut tx, &Caller::Anonymous, RunnerScope::Server, Purpose::Register).await?;
    tx.commit().await?;
    Ok(Secret::new(token.text.to_string()))
}

/// The server's own address on this machine. With TLS the certificate names the public one.
fn loopback(server: &Server) -> String {
    if server.speaks_tls() {
        return server.url().to_owned();
    }
    let address = server.addresses().first().copied();
    let address = address.map_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), |address| match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => SocketAddr::from((Ipv6Addr::LOCALHOST, v6.port())),
        other => other,
    });
    format!("http://{address}")
}
