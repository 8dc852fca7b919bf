//! `trunkline admin`: what an administrator does at the server's machine.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use identity::NewAccount;
use server::{Admin, BackedUp};

use crate::failure::Failure;
use crate::run_command::HiddenInput;
use crate::serve_command::{ServerPlaceArgs, failure, place};

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    place: ServerPlaceArgs,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Users: add, list, password
    #[command(subcommand)]
    User(UserCommand),
    /// Make a token with which tools act as a user; it is shown once
    Token(TokenArgs),
    /// Make a token that registers one runner within the hour
    RunnerToken(RunnerTokenArgs),
    /// Copy database, repositories and blobs into an empty directory; the server may run meanwhile
    Backup {
        /// The directory
        to: PathBuf,
    },
    /// Put a backup into an empty data directory
    Restore {
        /// The backup's directory
        from: PathBuf,
    },
    /// Bring the database to this version
    Migrate,
    /// Remove what has had its time, and what nobody refers to
    Gc,
    /// Wrap all secrets under the current master key, after `[[master_key.older]]` was told the former one
    RotateKey,
    /// List what happened and could not be acted on, such as pushes while git was out of memory
    Events {
        /// Have all of it tried again now
        #[arg(long)]
        retry: bool,
    },
    /// Check that the audit log is as it was written
    Audit,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make a user; the password is asked for, or read from standard input
    Add(AddArgs),
    /// List users and organisations
    List,
    /// Give a user another password; their sessions end
    Password {
        /// The user's name
        login: String,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The user's name
    login: String,
    /// The user administers the server
    #[arg(long)]
    admin: bool,
    /// An address, for the commits that the server makes in their name
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// No password: the user logs in at a provider, or by tokens only
    #[arg(long)]
    no_password: bool,
}

#[derive(Debug, Args)]
struct TokenArgs {
    /// The user it stands for
    login: String,
    /// What it is for
    #[arg(long, value_name = "NAME", default_value = "command line")]
    name: String,
    /// A scope, such as `repo` or `workflow`; may be repeated [default: all]
    #[arg(long = "scope", value_name = "SCOPE")]
    scope: Vec<String>,
}

#[derive(Debug, Args)]
struct RunnerTokenArgs {
    /// Only for jobs of this repository
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
}

pub(crate) fn run(args: &AdminArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::broken)?;
    runtime.block_on(async {
        let (config, _, _) = place(&args.place)?;
        if let AdminCommand::Restore { from } = &args.command {
            let done = Admin::restore(&config, from).await.map_err(failure)?;
            say(&copied("restored", &done))?;
            return say("the master key is not in a backup: put it back before the server starts");
        }
        let admin = Admin::open(&config).await.map_err(failure)?;
        match &args.command {
            AdminCommand::User(UserCommand::Add(add)) => {
                let password = if add.no_password { None } else { Some(password(&add.login)?) };
                let account = NewAccount {
                    login: &add.login,
                    email: add.email.as_deref(),
                    password: password.as_deref(),
                    ..NewAccount::default()
                };
                admin.add_user(&account, add.admin).await.map_err(failure)
            }
            AdminCommand::User(UserCommand::List) => {
                for user in admin.users().await.map_err(failure)? {
                    let admin = if user.admin { "  administrator" } else { "" };
                    let suspended = if user.suspended { "  suspended" } else { "" };
                    say(&format!("{}  {}{admin}{suspended}", user.login, user.kind))?;
                }
                Ok(())
            }
            AdminCommand::User(UserCommand::Password { login }) => {
                admin.set_password(login, &password(login)?).await.map_err(failure)
            }
            AdminCommand::Token(token) => {
                say(&admin.token(&token.login, &token.name, &token.scope).await.map_err(failure)?)
            }
            AdminCommand::Backup { to } => {
                say(&copied("copied", &admin.backup(to).await.map_err(failure)?))?;
                say("the master key is not in it: keep it elsewhere, without it no secret can be had again")
            }
            AdminCommand::Restore { .. } => Ok(()),
            // Opening it has done that.
            AdminCommand::Migrate => say("the database is of this version"),
            AdminCommand::Gc => {
                let gone = admin.collect().await.map_err(failure)?;
                say(&format!(
                    "removed {} artifacts, logs of {} jobs, {} caches, {} uploads and {} objects that nobody refers to",
                    gone.artifacts, gone.logs, gone.caches, gone.uploads, gone.objects
                ))
            }
            AdminCommand::RotateKey => {
                let done = admin.rotate_key().await.map_err(failure)?;
                say(&format!("{done} envelopes wrapped again, under the key {}", admin.master_key()))
            }
            AdminCommand::RunnerToken(token) => {
                say(&admin.runner_token(token.repository.as_deref()).await.map_err(failure)?)
            }
            AdminCommand::Events { retry: true } => {
                say(&format!("{} events are tried again", admin.retry_events().await.map_err(failure)?))
            }
            AdminCommand::Events { retry: false } => {
                for event in admin.troubled_events().await.map_err(failure)? {
                    let state = if event.state == "failed" { "given up" } else { "tried again" };
                    let error = event.error.unwrap_or_default();
                    say(&format!(
                        "{}  {} {}  {state} after {} attempts: {error}",
                        event.id, event.name, event.git_ref, event.attempts
                    ))?;
                }
                Ok(())
            }
            AdminCommand::Audit => {
                let entries = admin.verify_audit().await.map_err(failure)?;
                say(&format!("{entries} entries, all as they were written"))
            }
        }
    })
}

fn copied(what: &str, done: &BackedUp) -> String {
    format!(
        "{what} the database, {} repositories and {} objects, {} bytes",
        done.repositories, done.objects, done.bytes
    )
}

/// Asked for at a terminal, else the first line of standard input.
fn password(login: &str) -> Result<String, Failure> {
    let asked = std::io::stdin().is_terminal();
    let hidden = asked.then(HiddenInput::start);
    if asked {
        let _ = write!(std::io::stderr(), "Password of {login}: ");
        let _ = std::io::stderr().flush();
    }
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text).map_err(Failure::broken)?;
    if asked {
        let _ = writeln!(std::io::stderr());
    }
    drop(hidden);
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A line for the user.
fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").map_err(Failure::broken)
}
