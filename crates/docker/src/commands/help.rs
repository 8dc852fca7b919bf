//! What `--help` says.

use container::flags::{Flag, Order, Takes};
use container::options::flag_table;

use super::Command;
use super::table::COMMANDS;

/// What `docker --help` says.
pub(super) fn overview() -> String {
    let mut names: Vec<&str> = COMMANDS.iter().map(|command| command.names[0]).collect();
    names.sort_unstable();
    format!(
        "Usage:  docker [OPTIONS] COMMAND\n\nTrunkline's docker command: containers, images and builds without a daemon\n\nCommands:\n  {}\n",
        names.join("\n  ")
    )
}

fn lines(flags: &[Flag]) -> String {
    let line = |flag: &Flag| {
        let short = flag.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = if flag.takes == Takes::Value { " value" } else { "" };
        format!("  {short}--{}{value}\n", flag.long)
    };
    flags.iter().map(line).collect()
}

/// What `docker NAME --help` says.
pub(super) fn help(name: &str, command: &Command) -> String {
    if command.order == Order::FlagsFirst && command.flags.is_empty() {
        return run_help(name);
    }
    format!("Usage:  docker {name} {}\n\nOptions:\n{}", command.usage, lines(command.flags))
}

/// The same for `run` and `create`.
pub(super) fn run_help(name: &str) -> String {
    format!("Usage:  docker {name} [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nOptions:\n{}", lines(&flag_table::flags()))
}
