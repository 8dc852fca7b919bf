//! `cargo xtask bench`: figures beside those of others, in one run, rounds interleaved. `engine`: the program beside a bare
//! bash loop that runs the same scripts. `containers`: beside runc, docker, skopeo and nginx.
//! `lint`: beside zizmor and actionlint. `why`: explanations, and the language server.

mod cases;
mod containers;
pub(crate) mod lint;
mod lsp;
mod measure;
mod project;
mod server;
mod table;
mod why;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::tree;
use cases::Bench;
use table::Row;

/// Rounds per case; medians are taken over them.
const ROUNDS: usize = 7;

/// What the command line asks for.
struct Asked<'a> {
    rounds: usize,
    program: Option<PathBuf>,
    /// Parts of the names of cases; none means all.
    cases: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn parse(arguments: &[&'a str]) -> Result<Self, String> {
        let mut asked = Self { rounds: ROUNDS, program: None, cases: Vec::new() };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if *word == "--program" {
                asked.program = words.next().map(PathBuf::from);
            } else if *word == "--rounds" {
                let number = words.next().and_then(|number| number.parse().ok());
                asked.rounds = number.filter(|rounds| *rounds > 0).ok_or("--rounds needs a number above 0")?;
            } else {
                asked.cases.push(*word);
            }
        }
        Ok(asked)
    }

    fn wants(&self, name: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|word| name.contains(word))
    }
}

pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode, String> {
    let asked = Asked::parse(arguments)?;
    let program = asked.program.clone().map_or_else(build, Ok)?;
    let bench = Bench { program, act: act(), place: place()?, rounds: asked.rounds };
    let mut rows: Vec<Row> = Vec::new();
    for (name, case) in cases::ALL {
        if asked.wants(name) {
            eprintln!("{name} …");
            rows.extend(case(&bench)?);
        }
    }
    print!("{}", table::render(&rows, asked.rounds));
    let _ = std::fs::remove_dir_all(&bench.place);
    Ok(verdict(&rows))
}

pub(crate) fn why(arguments: &[&str]) -> Result<ExitCode, String> {
    let asked = Asked::parse(arguments)?;
    let program = asked.program.clone().map_or_else(build, Ok)?;
    let bench = Bench { program, act: None, place: place()?, rounds: asked.rounds };
    let measured = why::measure(&bench).and_then(|mut rows| {
        rows.extend(lsp::measure(&bench)?);
        Ok(rows)
    });
    let _ = std::fs::remove_dir_all(&bench.place);
    let rows = measured?;
    print!("{}", table::render(&rows, asked.rounds));
    Ok(verdict(&rows))
}

pub(crate) fn containers(arguments: &[&str]) -> Result<ExitCode, String> {
    let asked = Asked::parse(arguments)?;
    let place = place()?;
    let measured = containers::measure(&asked, &place);
    let _ = std::fs::remove_dir_all(&place);
    let (rows, skipped) = measured?;
    print!("{}", table::render(&rows, asked.rounds));
    for reason in skipped {
        println!("skipped: {reason}");
    }
    Ok(verdict(&rows))
}

pub(crate) fn server(arguments: &[&str]) -> Result<ExitCode, String> {
    let asked = Asked::parse(arguments)?;
    let program = asked.program.clone().map_or_else(build, Ok)?;
    let place = place()?;
    let measured = server::measure(&asked, &program, &place);
    let _ = std::fs::remove_dir_all(&place);
    let (rows, skipped) = measured?;
    print!("{}", table::render(&rows, asked.rounds));
    for reason in skipped {
        println!("skipped: {reason}");
    }
    Ok(verdict(&rows))
}

fn verdict(rows: &[Row]) -> ExitCode {
    let failed = rows.iter().any(|row| row.passed == Some(false));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn build() -> Result<PathBuf, String> {
    release(&["--package", "trunkline"], "trunkline")
}

/// Builds with optimisation; gives a path below the directory of release builds.
fn release(what: &[&str], result: &str) -> Result<PathBuf, String> {
    let status = Command::new("cargo")
        .args(["build", "--release"])
        .args(what)
        .current_dir(tree::root())
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("the release build failed".to_owned());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    Ok(target.join("release").join(result))
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
