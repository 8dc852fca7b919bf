use std::time::Duration;

use clap::{Args, ValueEnum};
use registry::{Action, Grant};

use super::{PlaceArgs, Settings, age, say};
use crate::failure::Failure;

#[derive(Clone, Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// What the log calls whoever uses it
    #[arg(long, value_name = "NAME", default_value = "token")]
    subject: String,
    /// A repository; `team/**` is all below, `**` is all; may be repeated
    #[arg(long, value_name = "NAME", required = true)]
    repository: Vec<String>,
    /// What may be done there
    #[arg(long, value_name = "ACTION", value_enum, value_delimiter = ',', default_value = "pull")]
    action: Vec<Allowed>,
    /// How long it is good for, such as 1h or 30d
    #[arg(long, value_name = "TIME", value_parser = age, default_value = "1h")]
    life: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Allowed {
    Pull,
    Push,
    Delete,
}

pub(super) fn run(args: &TokenArgs) -> Result<(), Failure> {
    for name in &args.repository {
        let plain = name.strip_suffix("/**").unwrap_or(name);
        if name != "**"
            && let Err(error) = plain.parse::<registry::Repository>()
        {
            return Err(Failure::usage(error));
        }
    }
    let actions: Vec<Action> = args
        .action
        .iter()
        .map(|action| match action {
            Allowed::Pull => Action::Pull,
            Allowed::Push => Action::Push,
            Allowed::Delete => Action::Delete,
        })
        .collect();
    let grants = args.repository.iter().map(|name| Grant::repository(name, &actions)).collect();
    let registry = Settings::read(&args.place)?.open()?;
    say(&registry.mint(&args.subject, grants, args.life))
}
