//! `why` as a whole command: a repository with fifty workflows and a push that changes a thousand files.

use std::fmt::Write as _;

use super::cases::Bench;
use super::measure::{median, quiet, time};
use super::project::Project;
use super::table::Row;

const WORKFLOWS: usize = 50;
const FILES: usize = 1000;
const LIMIT: f64 = 30.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>, String> {
    let project = project(bench)?;
    let mut rows = Vec::new();
    for (name, words) in [
        ("why push", &["why", "push"][..]),
        ("why push -v --json", &["why", "push", "-v", "--json"][..]),
        ("why pr", &["why", "pr", "--head", "feature", "--base", "main"][..]),
    ] {
        let command = || {
            let mut command = quiet(&bench.program, words, &project.path);
            command.env("TRUNKLINE_HOME", &project.state);
            command
        };
        time(&mut command())?;
        let times: Result<Vec<f64>, String> = (0..bench.rounds.max(15)).map(|_| time(&mut command())).collect();
        let how = "whole command, 50 workflows, 1,000 changed files";
        let ours = median(&times?);
        rows.push(if name == "why push" {
            Row::at_most(name, None, ours, "ms", LIMIT, how)
        } else {
            Row::beside(name, ours, "ms")
        });
    }
    Ok(rows)
}

fn project(bench: &Bench) -> Result<Project, String> {
    let project = Project::new(&bench.place, "why", &workflow(0))?;
    for number in 1..WORKFLOWS {
        project.write(&format!(".github/workflows/w{number}.yml"), &workflow(number))?;
    }
    for number in 0..FILES {
        project.write(&path(number), "one\n")?;
    }
    project.commit()?;
    for number in 0..FILES {
        project.write(&path(number), "two\n")?;
    }
    project.commit()?;
    // As a clone has them.
    time(&mut quiet("git", &["gc", "--quiet"], &project.path))?;
    time(&mut quiet("git", &["branch", "feature"], &project.path))?;
    time(&mut quiet("git", &["branch", "--force", "base", "HEAD~1"], &project.path))?;
    Ok(project)
}

fn path(number: usize) -> String {
    format!("packages/p{}/src/module{}/file{number}.ts", number % 40, number % 7)
}

/// A third runs for some file, a third for none, a third by its branch.
fn workflow(number: usize) -> String {
    let filter = match number % 3 {
        0 => format!("    paths: ['packages/p{}/**', '!**/*.md', 'shared/**']\n", number % 40),
        1 => format!("    paths: ['apps/a{number}/**', '**/*.rs', 'Cargo.lock', '!docs/**']\n"),
        _ => "    branches: [main, 'release/**']\n    paths-ignore: ['docs/**', '**.md']\n".to_owned(),
    };
    let mut text = format!("name: Workflow {number}\non:\n  push:\n{filter}  pull_request:\njobs:\n");
    for job in 0..6 {
        let _ = writeln!(text, "  job{job}:\n    runs-on: ubuntu-latest");
        if job > 0 {
            let _ = writeln!(text, "    needs: job{}\n    if: github.ref == 'refs/heads/main' || {job} == 2", job - 1);
        }
        let _ = writeln!(text, "    steps:\n      - uses: actions/checkout@v4\n      - run: make job{job}");
    }
    text
}
