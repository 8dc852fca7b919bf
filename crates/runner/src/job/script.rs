//! `run:` steps.

use std::path::{Path, PathBuf};

use workflow::Template;

use super::environment;
use super::process::{Ended, run_process};
use super::step::{Failure, Running};
use crate::command_file::CommandFiles;
use crate::result::TaskResult;
use crate::shell;

pub(crate) async fn run_script(
    running: &Running<'_>,
    script: &Template,
    shell: Option<&Template>,
    working_directory: Option<&Template>,
) -> Result<TaskResult, Failure> {
    let job = running.job;
    let text = running.text(script)?;
    let shell_text = match shell {
        Some(template) => Some(running.text(template)?),
        None => running.level.shell.map(str::to_owned),
    };
    let directory = match working_directory {
        Some(template) => running.text(template)?,
        None => running.level.working_directory.unwrap_or_default().to_owned(),
    };
    let cwd = job.layout.workspace.join(&directory);
    let files = command_files(running)?;
    let mut env = environment::of_step(job, running.frame, &running.step_env, Some(&files));
    env.extend(job.run_env.iter().cloned());
    let path = env.get("PATH").cloned().unwrap_or_default();
    let host = |inside: &Path| job.host(inside);
    // In a container the program is found when it is started; without a word about the shell it is `sh`.
    let in_container = job.own_container().is_some_and(|own| own.is_job_container);
    let find = |name: &str| match in_container {
        true => {
            (shell_text.as_deref().is_some_and(|text| !text.is_empty()) || name == "sh").then(|| PathBuf::from(name))
        }
        false => which(name, &path, &cwd, host),
    };
    let invocation = shell::invocation(shell_text.as_deref(), &text, &job.layout.temp, find).map_err(|error| {
        let span = shell.map_or(script.span, |shell| shell.span);
        Failure::new("shell", error.to_string(), Some(span))
    })?;
    let script_file = Path::new(invocation.script_path.file_name().unwrap_or_default());
    let written = job.temp.write(script_file, invocation.script.as_ref());
    written.map_err(|error| Failure::new("runner", format!("the script could not be written: {error}"), None))?;
    print_header(running, &text, &invocation.shown);
    let argv = std::iter::once(invocation.program.to_string_lossy().into_owned()).chain(invocation.arguments);
    let ended = run_process(running, argv.collect(), env, cwd, Some(files)).await;
    // Nothing reads it any more.
    job.temp.remove(script_file);
    judge(running, ended?)
}

pub(crate) fn command_files(running: &Running<'_>) -> Result<CommandFiles, Failure> {
    let temp = &running.job.temp;
    let files = temp.check().and_then(|()| CommandFiles::create(temp));
    let files = files.and_then(|files| match running.job.own_container() {
        Some(own) if own.user.uid != 0 => files.open_to_all().map(|()| files),
        _ => Ok(files),
    });
    files.map_err(|error| Failure::new("runner", format!("command files could not be made: {error}"), None))
}

/// An exit code as a result; a failing one is told in the log as GitHub does.
pub(crate) fn judge(running: &Running<'_>, ended: Ended) -> Result<TaskResult, Failure> {
    match ended {
        Ended::Cancelled => Ok(TaskResult::Cancelled),
        Ended::Exited(status) if status.success() => Ok(TaskResult::Success),
        Ended::Exited(status) => {
            let text = if status.oom {
                "the process was killed: the job's memory limit was reached".to_owned()
            } else {
                format!("Process completed with exit code {}.", status.shell_code())
            };
            Err(Failure::new(if status.oom { "oom" } else { "exit" }, text, Some(running.step.span)))
        }
    }
}

/// Finds a program on a step's `PATH`, looking through the sandbox.
fn which(name: &str, path: &str, cwd: &Path, host: impl Fn(&Path) -> PathBuf) -> Option<PathBuf> {
    let runnable = |candidate: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        let seen = host(candidate);
        std::fs::metadata(seen).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        let candidate = cwd.join(name);
        return runnable(&candidate).then_some(candidate);
    }
    path.split(':').filter(|dir| !dir.is_empty()).map(|dir| cwd.join(dir).join(name)).find(|one| runnable(one))
}

/// The group that stands at the head of every `run` step's log.
fn print_header(running: &Running<'_>, script: &str, shown: &str) {
    use std::fmt::Write as _;
    let script = script.trim_end();
    let first = script.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut text = format!("##[group]Run {first}\n");
    for line in script.lines() {
        let _ = writeln!(text, "\u{1b}[36;1m{line}\u{1b}[0m");
    }
    let _ = writeln!(text, "shell: {shown}");
    let mut env: indexmap::IndexMap<&str, &str> = indexmap::IndexMap::new();
    for (name, value) in running.frame.env.iter().chain(&running.step_env) {
        env.insert(name, value);
    }
    if !env.is_empty() {
        text.push_str("env:\n");
    }
    for (name, value) in env {
        let _ = writeln!(text, "  {name}: {value}");
    }
    text.push_str("##[endgroup]");
    running.log.say(&text);
}
