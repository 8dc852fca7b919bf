//! Commands on containers that exist.

use std::future::Future;
use std::time::Duration;

use container::flags::Parsed;
use container::options::Protocol;
use container::{Container, Phase, signals};

use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// Does something with each container named, printing the names as they were given. What fails is told, and the others are
/// done.
pub(super) async fn each<F, Done>(session: &Session, names: &[String], work: F) -> Outcome
where
    F: Fn(Container) -> Done,
    Done: Future<Output = Result<(), Failure>>,
{
    let mut code = 0;
    for name in names {
        let done = match session.ground.table.container(name) {
            Ok(container) => work(container).await,
            Err(error) => Err(error.into()),
        };
        match done {
            Ok(()) => session.line(name).await,
            Err(failure) => {
                session.err(format!("{}\n", failure.text)).await;
                code = 1;
            }
        }
    }
    Ok(code)
}

/// The timeout of `-t`: negative is for ever.
fn patience(parsed: &Parsed) -> Result<Option<Option<Duration>>, Failure> {
    let Some(text) = parsed.last("time").or(parsed.last("timeout")) else { return Ok(None) };
    let seconds: i64 =
        text.parse().map_err(|_| Failure::new(format!("invalid argument {text:?} for \"-t, --timeout\" flag")))?;
    Ok(Some(u64::try_from(seconds).ok().map(Duration::from_secs)))
}

fn signal(parsed: &Parsed) -> Result<Option<i32>, Failure> {
    let number = |text: &str| signals::number(text).map_err(|why| Failure::daemon(why.replace("invalid", "Invalid")));
    parsed.last("signal").map(number).transpose()
}

pub(super) async fn stop(session: &Session, parsed: Parsed) -> Outcome {
    let (timeout, signal) = (patience(&parsed)?, signal(&parsed)?);
    each(session, &parsed.rest, |container| async move { Ok(container.stop(signal, timeout).await?) }).await
}

pub(super) async fn restart(session: &Session, parsed: Parsed) -> Outcome {
    let timeout = patience(&parsed)?;
    each(session, &parsed.rest, |container| async move { Ok(container.restart(timeout).await?) }).await
}

pub(super) async fn kill(session: &Session, parsed: Parsed) -> Outcome {
    let signal = signal(&parsed)?.unwrap_or(9);
    each(session, &parsed.rest, |container| async move {
        container.kill(signal).await?;
        if signal == 9 {
            container.wait().await;
        }
        Ok(())
    })
    .await
}

pub(super) async fn rm(session: &Session, parsed: Parsed) -> Outcome {
    let (force, volumes) = (parsed.on("force"), parsed.on("volumes"));
    if parsed.on("link") {
        return Err(Failure::new(
            "docker rm --link is not supported: links are lines in /etc/hosts and cannot be removed",
        ));
    }
    let mut names = parsed.rest;
    // With `-f`, one that is not there is no failure.
    if force {
        let mut known = Vec::new();
        for name in names {
            match session.ground.table.container(&name) {
                Ok(_) => known.push(name),
                Err(error) => session.err(format!("Error response from daemon: {error}\n")).await,
            }
        }
        names = known;
    }
    each(session, &names, |container| async move { Ok(container.remove(force, volumes).await?) }).await
}

pub(super) async fn rename(session: &Session, parsed: Parsed) -> Outcome {
    let [from, to] = parsed.rest.as_slice() else { return Err(Failure::new("two names are needed")) };
    let table = &session.ground.table;
    table.rename(&table.container(from)?, to)?;
    Ok(0)
}

pub(super) async fn wait(session: &Session, parsed: Parsed) -> Outcome {
    for name in &parsed.rest {
        let code = session.ground.table.container(name)?.wait().await;
        session.line(code.to_string()).await;
    }
    Ok(0)
}

pub(super) async fn port(session: &Session, parsed: Parsed) -> Outcome {
    let container = session.ground.table.container(&parsed.rest[0])?;
    let published = container.published();
    match parsed.rest.get(1) {
        None => {
            for (port, address) in published {
                session.line(format!("{port} -> {address}")).await;
            }
        }
        Some(wanted) => {
            let (number, protocol) = wanted.split_once('/').unwrap_or((wanted, "tcp"));
            let protocol = if protocol == "udp" { Protocol::Udp } else { Protocol::Tcp };
            let fits = |port: &container::options::Port| port.protocol == protocol && port.number.to_string() == number;
            let found: Vec<_> = published.into_iter().filter(|(port, _)| fits(port)).collect();
            if found.is_empty() {
                let text = format!("Error: No public port '{wanted}' published for {}", parsed.rest[0]);
                return Err(Failure::new(text));
            }
            for (_, address) in found {
                session.line(address.to_string()).await;
            }
        }
    }
    Ok(0)
}

pub(super) async fn top(session: &Session, parsed: Parsed) -> Outcome {
    let container = session.ground.table.container(&parsed.rest[0])?;
    let Some(sandbox) = container.sandbox() else {
        return Err(Failure::daemon(format!("container {} is not running", container.id())));
    };
    let mut lines = vec!["PID\tCMD".to_owned()];
    let processes = sandbox.processes().await.map_err(Failure::daemon)?;
    lines.extend(processes.iter().map(|process| format!("{}\t{}", process.pid, process.name)));
    session.out(crate::listing::aligned(&lines)).await;
    Ok(0)
}

/// Removes all that have ended. Gives their ids.
pub(super) async fn prune_stopped(session: &Session) -> Vec<String> {
    let mut removed = Vec::new();
    for container in session.ground.table.containers() {
        if matches!(container.status().phase, Phase::Created | Phase::Exited)
            && container.remove(false, false).await.is_ok()
        {
            removed.push(container.id().to_owned());
        }
    }
    removed
}
