//! Every command, and which function carries it out.

mod archives;
mod build;
mod buildx;
mod containers;
mod contexts;
mod copy;
mod exec;
mod flag_lists;
mod help;
mod images;
mod info;
mod inspect;
mod logs;
mod networks;
mod not_here;
mod prune;
mod ps;
mod registry;
mod run;
mod table;
mod volumes;

use std::future::Future;
use std::pin::Pin;

use container::flags::{self, Flag, Order, Parsed};

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::wire::FromClient;

type Work<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One command.
pub(crate) struct Command {
    /// All the ways to name it, words separated by blanks.
    names: &'static [&'static str],
    /// What follows the name, for messages.
    usage: &'static str,
    flags: &'static [Flag],
    order: Order,
    /// How many arguments it takes.
    arguments: (usize, usize),
    /// What becomes of signals is its own affair.
    takes_signals: bool,
    work: for<'a> fn(&'a Session, Parsed) -> Work<'a>,
}

/// Flags before the command.
const GLOBAL: &[Flag] = &[
    Flag::value("config"),
    Flag::value("context").short('c'),
    Flag::switch("debug").short('D'),
    Flag::value("host").short('H'),
    Flag::value("log-level").short('l'),
    Flag::switch("tls"),
    Flag::switch("tlsverify"),
    Flag::value("tlscacert"),
    Flag::value("tlscert"),
    Flag::value("tlskey"),
    Flag::switch("version").short('v'),
    Flag::switch("help"),
];

/// Runs the command of a call. Gives the exit code.
pub(crate) async fn carry_out(session: &Session) -> u8 {
    let outcome = match find(&session.hello.argv) {
        Err(failure) => Err(failure),
        Ok(Found::Version) => {
            session.line(info::short_version()).await;
            Ok(0)
        }
        Ok(Found::Help(text)) => {
            session.out(text).await;
            Ok(0)
        }
        Ok(Found::Command(command, parsed)) => {
            let work = (command.work)(session, parsed);
            match command.takes_signals {
                true => work.await,
                false => tokio::select! {
                    outcome = work => outcome,
                    code = interrupted(session) => Err(Failure::silent(code)),
                },
            }
        }
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            if !failure.text.is_empty() {
                session.err(format!("{}\n", failure.text)).await;
            }
            failure.code
        }
    }
}

/// Waits for a signal that ends programs.
async fn interrupted(session: &Session) -> u8 {
    let mut from_client = session.from_client.lock().await;
    loop {
        match from_client.recv().await {
            Some(FromClient::Signal(signal @ (1 | 2 | 3 | 15))) => return 128 + u8::try_from(signal).unwrap_or(0),
            Some(_) => {}
            None => std::future::pending::<()>().await,
        }
    }
}

enum Found {
    Version,
    Help(String),
    Command(&'static Command, Parsed),
}

fn find(argv: &[String]) -> Result<Found, Failure> {
    let global =
        flags::parse(GLOBAL, argv, Order::FlagsFirst).map_err(|error| usage_error(&error.to_string(), "docker", ""))?;
    if global.on("version") {
        return Ok(Found::Version);
    }
    if let Some(host) = global.last("host") {
        let text = format!(
            "docker: --host {host}: there is no other docker to reach from here; Trunkline is its daemon itself"
        );
        return Err(Failure::new(text));
    }
    let words = &global.rest;
    let Some(first) = words.first() else { return Ok(Found::Help(help::overview())) };
    if first == "help" {
        return Ok(Found::Help(help::overview()));
    }
    // The longest name first: `buildx imagetools inspect`.
    for count in (1..=words.len().min(3)).rev() {
        let name = words[..count].join(" ");
        if let Some(command) = table::COMMANDS.iter().find(|command| command.names.contains(&name.as_str())) {
            return parse(command, &name, &words[count..]);
        }
    }
    unknown(words)
}

fn parse(command: &'static Command, name: &str, words: &[String]) -> Result<Found, Failure> {
    let usage = || format!("docker {name} {}", command.usage);
    if words.iter().take_while(|word| *word != "--").any(|word| word == "--help") && command.order == Order::Mixed
        || words.first().is_some_and(|word| word == "--help")
    {
        return Ok(Found::Help(help::help(name, command)));
    }
    // Those with docker run's flags read them themselves.
    if command.flags.is_empty() && command.order == Order::FlagsFirst {
        return Ok(Found::Command(command, Parsed { given: Vec::new(), rest: words.to_vec() }));
    }
    let parsed = flags::parse(command.flags, words, command.order);
    let parsed = parsed.map_err(|error| usage_error(&error.to_string(), &format!("docker {name}"), &usage()))?;
    let (least, most) = command.arguments;
    let count = parsed.rest.len();
    if count < least || count > most {
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        let wanted = match (least, most) {
            (0, 0) => "accepts no arguments".to_owned(),
            (least, most) if least == most => format!("requires {least} argument{}", plural(least)),
            (least, _) if count < least => format!("requires at least {least} argument{}", plural(least)),
            (_, most) => format!("requires at most {most} argument{}", plural(most)),
        };
        let text = format!(
            "docker: 'docker {name}' {wanted}\n\nUsage:  {}\n\nSee 'docker {name} --help' for more information",
            usage()
        );
        return Err(Failure::new(text));
    }
    Ok(Found::Command(command, parsed))
}

fn usage_error(error: &str, name: &str, usage: &str) -> Failure {
    let usage = if usage.is_empty() { String::new() } else { format!("\n\nUsage:  {usage}") };
    Failure { code: 125, text: format!("{error}{usage}\n\nRun '{name} --help' for more information") }
}

/// What is said about a command that there is not, or about a group of commands.
fn unknown(words: &[String]) -> Result<Found, Failure> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let group: Vec<&str> = table::COMMANDS
        .iter()
        .flat_map(|command| command.names)
        .filter_map(|name| name.strip_prefix(first)?.strip_prefix(' '))
        .collect();
    let name = words.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ");
    if let Some(why) = not_here::NOT_HERE.iter().find(|(known, _)| *known == first || *known == name) {
        return Err(Failure::new(format!(
            "docker: 'docker {}' is not supported by Trunkline's docker command: {}",
            why.0, why.1
        )));
    }
    let text = match (group.is_empty(), words.get(1)) {
        (true, _) => format!("docker: unknown command: docker {first}\n\nRun 'docker --help' for more information"),
        (false, None) => {
            let help = format!("Usage:  docker {first} COMMAND\n\nCommands:\n  {}\n", group.join("\n  "));
            return Ok(Found::Help(help));
        }
        (false, Some(second)) => format!(
            "docker: unknown command: docker {first} {second}\n\nUsage:  docker {first}\n\nRun 'docker {first} --help' for more \
             information"
        ),
    };
    Err(Failure::new(text))
}
