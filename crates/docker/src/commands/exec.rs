//! `docker exec`.

use container::flags::Parsed;
use container::{Error, Exec, Options, Streams};

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::wire::{FromClient, FromServer};

pub(super) async fn exec(session: &Session, parsed: Parsed) -> Outcome {
    let container = session.ground.table.container(&parsed.rest[0])?;
    if container.status().phase != container::Phase::Running {
        return Err(Failure::daemon(format!("container {} is not running", container.id())));
    }
    let exec = Exec {
        argv: parsed.rest[1..].to_vec(),
        env: variables(session, &parsed)?,
        user: parsed.last("user").filter(|user| !user.is_empty()).map(str::to_owned),
        workdir: parsed.last("workdir").filter(|path| !path.is_empty()).map(str::to_owned),
        tty: parsed.on("tty"),
        privileged: parsed.on("privileged"),
    };
    let interactive = parsed.on("interactive");
    if exec.tty && interactive && !session.hello.terminals[0] && !parsed.on("detach") {
        return Err(Failure::new("the input device is not a TTY"));
    }
    let told = |error: Error| match error {
        Error::Program { code, why } => Failure { code, text: format!("OCI runtime exec failed: {why}") },
        error => Failure::daemon(error),
    };
    if parsed.on("detach") {
        let execution = container.exec(exec, Streams::default()).await.map_err(told)?;
        tokio::spawn(execution.wait());
        return Ok(0);
    }
    if exec.tty && interactive {
        let _ = session.to_client.send(FromServer::Raw).await;
    }
    let execution = container.exec(exec, session.streams(interactive)?).await.map_err(told)?;
    let terminal = execution.terminal();
    if let (Some(terminal), Some((rows, columns))) = (&terminal, session.hello.size) {
        let _ = terminal.resize(rows, columns);
    }
    let process = execution.process();
    let mut end = Box::pin(execution.wait());
    let mut from_client = session.from_client.lock().await;
    loop {
        tokio::select! {
            code = &mut end => return Ok(code?),
            Some(message) = from_client.recv() => match message {
                FromClient::Resize(rows, columns) => {
                    if let Some(terminal) = &terminal {
                        let _ = terminal.resize(rows, columns);
                    }
                }
                // Docker's client ends and leaves the process; one that nobody can end any more helps nobody here.
                FromClient::Signal(signal) => {
                    let _ = process.signal(signal).await;
                }
            },
        }
    }
}

fn variables(session: &Session, parsed: &Parsed) -> Result<Vec<(String, Option<String>)>, Failure> {
    let words = parsed.given.iter().filter(|(name, _)| matches!(*name, "env" | "env-file"));
    let mut words: Vec<String> = words.map(|(name, value)| format!("--{name}={value}")).collect();
    words.push("image".into());
    let asked = session.with_surroundings(|surroundings| Options::from_args(&words, surroundings));
    Ok(asked.map_err(|error| Failure { code: 125, text: error.to_string() })?.options.env)
}
