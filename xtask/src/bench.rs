//! `cargo xtask bench engine`: the program beside a bare bash loop that runs the same scripts, in one run, rounds interleaved.

mod cases;
mod measure;
mod project;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::tree;
use cases::Bench;
use table::Row;

/// Rounds per case; medians are taken over them.
const ROUNDS: usize = 7;

pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode, String> {
    let mut rounds = ROUNDS;
    let mut program = None;
    let mut wanted = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if *word == "--program" {
            program = words.next().map(PathBuf::from);
        } else if *word == "--rounds" {
            let number = words.next().and_then(|number| number.parse().ok());
            rounds = number.filter(|rounds| *rounds > 0).ok_or("--rounds needs a number above 0")?;
        } else {
            wanted.push(*word);
        }
    }
    let bench = Bench { program: program.map_or_else(build, Ok)?, act: act(), place: place()?, rounds };
    let mut rows: Vec<Row> = Vec::new();
    for (name, case) in cases::ALL {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word)) {
            eprintln!("{name} …");
            rows.extend(case(&bench)?);
        }
    }
    print!("{}", table::render(&rows, rounds));
    let _ = std::fs::remove_dir_all(&bench.place);
    let failed = rows.iter().any(|row| row.passed == Some(false));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn build() -> Result<PathBuf, String> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", "trunkline"])
        .current_dir(tree::root())
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("the release build failed".to_owned());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    Ok(target.join("release/trunkline"))
}

/// act, when it is installed: on PATH or among the tests' tools.
fn act() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join("act"))
        .chain([tree::root().join("target/test-tools/venv/bin/act")])
        .find(|path| path.is_file())
}

fn place() -> Result<PathBuf, String> {
    let place = std::env::temp_dir().join(format!("trunkline-bench-{}", std::process::id()));
    fresh(&place)?;
    Ok(place)
}

/// An empty directory at this path.
fn fresh(path: &Path) -> Result<(), String> {
    let _ = std::fs::remove_dir_all(path);
    std::fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))
}
