//! `cargo xtask test`: everything the tests use, then the tests, then what was skipped.

mod install;
mod outcome;
mod tools;

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use crate::problem::Problem;
use crate::tree;

pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode, String> {
    let install = !arguments.contains(&"--no-install");
    let rest: Vec<&str> = arguments.iter().copied().filter(|argument| *argument != "--no-install").collect();
    let tools = tools::read()?;
    let missing = install::all(&tools, install);
    let skips = place().join("skips");
    std::fs::create_dir_all(place()).map_err(|error| format!("{}: {error}", place().display()))?;
    std::fs::write(&skips, "").map_err(|error| format!("{}: {error}", skips.display()))?;

    let mut command = Command::new("cargo");
    command.args(if has_nextest() { &["nextest", "run"][..] } else { &["test"] });
    // All packages, unless some are named.
    if !rest.iter().any(|word| matches!(*word, "-p" | "--package")) {
        command.arg("--workspace");
    }
    command.arg("--no-fail-fast").args(&rest);
    command.current_dir(tree::root()).env("TRUNKLINE_SKIPS", &skips).env("TRUNKLINE_TEST_TOOLS", place());
    println!("running: {}", shown(&command));
    let outcome = outcome::run(command)?;
    let skipped = outcome::skipped(&skips);
    for missing in &missing {
        println!("missing: {missing}");
    }
    println!("{}", outcome.report(&skipped));
    Ok(if outcome.success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is wrong with `tests/tools.toml`.
pub(crate) fn check() -> Vec<Problem> {
    match tools::read() {
        Ok(tools) => tools.problems(),
        Err(message) => vec![Problem::new(tools::FILE, 0, message)],
    }
}

/// Where tools for tests are put.
fn place() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from).join("test-tools")
}

fn has_nextest() -> bool {
    Command::new("cargo")
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
