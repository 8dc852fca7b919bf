//! The binary `trunkline`: from the command line to an exit code.

mod actions_command;
mod admin_command;
mod args;
mod build_command;
mod config;
mod dirs;
mod doctor_command;
mod event;
mod expr_command;
mod failure;
mod image_command;
mod images;
mod lint_command;
mod logs_command;
mod lsp_command;
mod project;
mod record;
mod registry_command;
mod report;
mod run_command;
mod runner_command;
mod runs_command;
mod serve_command;
mod server_facts;
mod show_command;
mod tools;
mod why_command;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    // The sandbox's helpers are this same program, started again; nothing may come before this.
    sandbox::maybe_run_helper();
    // In a job it is also the `docker` on PATH.
    docker::maybe_run_client();
    match run(Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if !failure.is_told() {
                let _ = writeln!(std::io::stderr(), "{failure}");
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<u8, Failure> {
    match cli.command {
        Command::Run(args) => run_command::run(&args)?,
        Command::Rerun(args) => run_command::rerun(&args)?,
        Command::Runs(args) => runs_command::run(&args)?,
        Command::Why(args) => why_command::run(&args)?,
        Command::Doctor(args) => return doctor_command::run(&args),
        Command::Show(args) => show_command::run(&args)?,
        Command::Logs(args) => logs_command::run(&args)?,
        Command::Actions(command) => actions_command::run(&command)?,
        Command::Image(command) => image_command::run(&command)?,
        Command::Registry(command) => registry_command::run(&command)?,
        Command::Serve(args) => serve_command::run(&args)?,
        Command::Admin(args) => admin_command::run(&args)?,
        Command::Runner(args) => runner_command::run(&args)?,
        Command::Build(args) => build_command::run(&args)?,
        Command::Lint(args) => return lint_command::run(&args),
        Command::Lsp(args) => lsp_command::run(&args)?,
        Command::Expr(args) => return expr_command::run(&args).map_err(Failure::usage),
    }
    Ok(failure::SUCCESS)
}
