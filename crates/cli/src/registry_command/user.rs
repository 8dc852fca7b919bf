use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use registry::UsersFile;

use super::{PlaceArgs, Settings, failure, say};
use crate::failure::Failure;
use crate::run_command::HiddenInput;

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user, or give one another password: asked for, or the first line of the input
    Add(UserArgs),
    /// Take a user away; tokens already given end with their time
    Rm(UserArgs),
    /// List users
    Ls(PlaceArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The user's name
    name: String,
}

pub(super) fn run(command: &UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Add(args) => {
            let (path, mut users) = read(&args.place)?;
            let first = !path.exists();
            let hash =
                registry::hash_password(&password(&args.name)?).map_err(|error| Failure::usage(error.to_string()))?;
            users.set(&args.name, hash).map_err(|error| Failure::usage(error.to_string()))?;
            users.write(&path).map_err(failure)?;
            say(&format!("{}: {} may log in", path.display(), args.name))?;
            if first {
                say(
                    "this is the first user: a registry that runs already lets everybody in until it is started again",
                )?;
            }
            Ok(())
        }
        UserCommand::Rm(args) => {
            let (path, mut users) = read(&args.place)?;
            if !users.remove(&args.name) {
                return Err(Failure::missing(format!("{}: there is no user {}", path.display(), args.name)));
            }
            users.write(&path).map_err(failure)
        }
        UserCommand::Ls(place) => read(place)?.1.names().try_for_each(say),
    }
}

fn read(place: &PlaceArgs) -> Result<(PathBuf, UsersFile), Failure> {
    let config = Settings::read(place)?.config;
    let path = config.access.users.unwrap_or_else(|| config.root.join("users"));
    let users = UsersFile::read(&path).map_err(failure)?;
    Ok((path, users))
}

fn password(name: &str) -> Result<String, Failure> {
    let asked = io::stdin().is_terminal();
    let _hidden = asked.then(|| {
        let _ = write!(io::stderr(), "Password of {name}: ");
        let _ = io::stderr().flush();
        HiddenInput::start()
    });
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::broken)?;
    if asked {
        let _ = writeln!(io::stderr());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
