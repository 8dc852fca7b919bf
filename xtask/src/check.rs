//! `cargo xtask check`: every broken rule as `file:line: message`.

mod diagnostics;
mod graph;
mod lengths;
mod words;

use std::process::ExitCode;

use crate::problem::Problem;
use crate::{compat, test, tree};

pub(crate) fn run() -> Result<ExitCode, String> {
    let files = tree::files()?;
    let mut problems = Vec::new();
    problems.extend(graph::check()?);
    problems.extend(lengths::check(&files));
    problems.extend(words::check(&files));
    problems.extend(diagnostics::check(&files));
    problems.extend(compat::check()?);
    problems.extend(test::check());
    problems.extend(changelog());
    for problem in &problems {
        println!("{problem}");
    }
    let failed = problems.iter().filter(|problem| !problem.warning).count();
    println!("{} files checked, {failed} problems, {} warnings", files.len(), problems.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn changelog() -> Vec<Problem> {
    match tree::text("CHANGELOG.md") {
        None => vec![Problem::new("CHANGELOG.md", 0, "there is no changelog")],
        Some(text) if !text.lines().any(|line| line.starts_with("## ")) => {
            vec![Problem::new("CHANGELOG.md", 1, "it has no `## ` section for a release")]
        }
        Some(_) => Vec::new(),
    }
}
