//! Programs outside that know the languages of scripts: shellcheck and pyflakes, where they are on PATH.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use lint::{Dialect, Finding, Options, Project, ScriptTask, script_tasks};

use super::tell;
use crate::failure::Failure;
use crate::tools::on_path;

/// What they find. One that is not there finds nothing; one that fails is told on standard error, and the rest goes on.
pub(super) fn findings(project: &Project, options: &Options) -> Result<Vec<Finding>, Failure> {
    let tasks = script_tasks(project, options);
    let (python, shell): (Vec<ScriptTask>, Vec<ScriptTask>) =
        tasks.into_iter().partition(|task| task.dialect == Dialect::Python);
    let mut found = Vec::new();
    let mut take = |findings: Result<Vec<Finding>, Failure>| match findings {
        Ok(findings) => {
            found.extend(findings);
            Ok(true)
        }
        Err(failure) => {
            let told = failure.to_string();
            let why = told.trim_start_matches("error: ");
            tell(&format!("warning: {why}\n  = help: `--external never` leaves it out\n")).map(|()| false)
        }
    };
    if let (false, Some(program)) = (shell.is_empty(), on_path("shellcheck")) {
        take(shellcheck(&program, &shell, project))?;
    }
    if let (false, Some(program)) = (python.is_empty(), on_path("pyflakes")) {
        for task in &python {
            if !take(pyflakes(&program, task).map(|said| task.read_pyflakes(&said, project)))? {
                break;
            }
        }
    }
    Ok(found)
}

/// All scripts at once for each dialect: starting the program costs more than most scripts.
fn shellcheck(program: &PathBuf, tasks: &[ScriptTask], project: &Project) -> Result<Vec<Finding>, Failure> {
    let directory = tempfile::tempdir().map_err(Failure::broken)?;
    for (index, task) in tasks.iter().enumerate() {
        std::fs::write(directory.path().join(index.to_string()), task.source()).map_err(Failure::broken)?;
    }
    let mut found = Vec::new();
    for (dialect, shell) in [(Dialect::Bash, "bash"), (Dialect::Sh, "sh")] {
        let files = (0..tasks.len()).filter(|index| tasks[*index].dialect == dialect).map(|index| index.to_string());
        let files: Vec<String> = files.collect();
        if files.is_empty() {
            continue;
        }
        let output = Command::new(program)
            .args(["--norc", "--format=json1", "--shell", shell])
            .args(&files)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::broken(format!("shellcheck: {error}")))?;
        let json = String::from_utf8_lossy(&output.stdout);
        found.extend(ScriptTask::read_shellcheck(&json, tasks, project).map_err(|why| {
            let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Failure::broken(format!("shellcheck answered in an unknown form ({why}): {told}"))
        })?);
    }
    Ok(found)
}

fn pyflakes(program: &PathBuf, task: &ScriptTask) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::broken(format!("pyflakes: {error}"));
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(task.source().as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
