//! Runners within the server's process. They speak the same protocol as others, over the loopback interface.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use agent::{AgentConfig, AgentError, Stop};
use api::wire::Secret;
use identity::{Actor, Purpose, RunnerScope};
use tokio_util::task::TaskTracker;

use crate::{Notice, Server, ServerError};

/// Servers of one data directory that have local runners, at most.
const MOST: u32 = 64;
/// Before a runner that has ended is begun anew.
const PAUSE: Duration = Duration::from_secs(10);

/// Starts them; what is returned ends when they do.
pub(crate) async fn start(server: &Server, stop: &Stop) -> Result<TaskTracker, ServerError> {
    let tasks = TaskTracker::new();
    let wanted = &server.config().runners;
    if wanted.slots > 0 {
        // What is wrong with the settings is told before anything listens.
        config(server, 1).await?;
        let (server, stop) = (server.clone(), stop.clone());
        tasks.spawn(async move { keep_running(&server, &stop).await });
    }
    tasks.close();
    Ok(tasks)
}

/// Servers that share a data directory have a runner's directory each. A runner that ends, because it was removed or its
/// machine had a bad moment, is begun anew.
async fn keep_running(server: &Server, stop: &Stop) {
    let mut number = 1;
    while !stop.drain.is_cancelled() {
        let ended = match config(server, number).await {
            Ok(config) => match agent::run(config, stop.clone()).await {
                Ok(()) => return,
                Err(AgentError::InUse { .. }) if number < MOST => {
                    number += 1;
                    continue;
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        server.tell(Notice::Problem { part: "local runner", message: format!("{ended}; begun anew") });
        tokio::select! {
            () = stop.drain.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn config(server: &Server, number: u32) -> Result<AgentConfig, ServerError> {
    let (config, wanted) = (server.config(), &server.config().runners);
    let dir = match number {
        1 => config.data.join("runner"),
        _ => config.data.join(format!("runner-{number}")),
    };
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
        identity.issue_runner_token(&mut tx, Actor::server(), RunnerScope::Server, Purpose::Register).await?;
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
