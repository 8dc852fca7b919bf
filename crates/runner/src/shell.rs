//! Which program runs a `run:` step's script, and how.

mod arguments;
mod script;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use script::file_name;

/// A shell that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShellError {
    /// A custom shell that does not say where the script goes.
    #[error(
        "Invalid shell option '{0}': expected one of bash, sh, pwsh, powershell, python, cmd, or a command with {{0}} where the script's path belongs"
    )]
    NoPlace(String),
    /// Braces that are no `{0}`.
    #[error(
        "Invalid shell option '{0}': '{{' and '}}' stand only in {{0}}; write {{{{ and }}}} for the characters themselves"
    )]
    Format(String),
    /// The program is not on `PATH`.
    #[error("{0}: command not found")]
    NotFound(String),
}

/// How to run a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program, found.
    pub program: PathBuf,
    /// Its arguments, with the script's path in them.
    pub arguments: Vec<String>,
    /// Where to write the script, as the step sees it.
    pub script_path: PathBuf,
    /// What to write there.
    pub script: String,
    /// The shell as the log shows it: the program and the arguments with `{0}` for the script.
    pub shown: String,
}

/// GitHub's table. The first column is the name, then arguments, then the extension of the script.
const BUILT_IN: &[(&str, &str, &str)] = &[
    ("cmd", "/D /E:ON /V:OFF /S /C \"CALL \"{0}\"\"", ".cmd"),
    ("pwsh", "-command \". '{0}'\"", ".ps1"),
    ("powershell", "-command \". '{0}'\"", ".ps1"),
    ("bash", "--noprofile --norc -e -o pipefail {0}", ".sh"),
    ("sh", "-e {0}", ".sh"),
    ("python", "{0}", ".py"),
];

/// Says how to run `script` with `shell`, the text of the step's or the defaults' `shell:`.
///
/// `temp` is `RUNNER_TEMP` as the step sees it; `which` finds a program on the step's `PATH`. Without a shell it is
/// bash if there is one, but with sh's arguments: `-o pipefail` comes only with an explicit `shell: bash`
/// (actions/runner, ScriptHandler.cs).
pub fn invocation(
    shell: Option<&str>,
    script: &str,
    temp: &Path,
    which: impl Fn(&str) -> Option<PathBuf>,
) -> Result<Invocation, ShellError> {
    let not_found = |name: &str| ShellError::NotFound(name.to_owned());
    let (name, program, template) = match shell.filter(|shell| !shell.is_empty()) {
        None => {
            let program = which("bash").or_else(|| which("sh")).ok_or_else(|| not_found("sh"))?;
            ("sh", program, built_in("sh").map_or("", |(template, _)| template))
        }
        Some(shell) => {
            let (name, arguments) = shell.split_once(' ').unwrap_or((shell, ""));
            let mut template = arguments.trim_start();
            if template.is_empty() {
                template = built_in(name).map_or("", |(template, _)| template);
            }
            // Said before the program is sought: the mistake is in the workflow, whatever is installed.
            if !template.contains("{0}") {
                return Err(ShellError::NoPlace(shell.to_owned()));
            }
            (name, which(name).ok_or_else(|| not_found(name))?, template)
        }
    };
    let script_path = temp.join(file_name(built_in(name).map_or("", |(_, extension)| extension)));
    let path = script_path.to_string_lossy().replace('"', "\\\"");
    let line = arguments::formatted(template, &path).ok_or_else(|| ShellError::Format(template.to_owned()))?;
    Ok(Invocation {
        shown: format!("{} {template}", program.display()),
        arguments: arguments::split(&line),
        program,
        script_path,
        script: script::fixed_up(name, script),
    })
}

/// Splits a line into arguments as [`invocation`] does.
pub fn words(line: &str) -> Vec<String> {
    arguments::split(line)
}

/// A built-in's arguments and extension; names count without case.
fn built_in(name: &str) -> Option<(&'static str, &'static str)> {
    BUILT_IN
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
        .map(|(_, template, extension)| (*template, *extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shell: Option<&str>, installed: &[&str]) -> Result<Invocation, ShellError> {
        invocation(shell, "echo", Path::new("/t"), |name| {
            installed.contains(&name).then(|| Path::new("/bin").join(name))
        })
    }

    /// Program and arguments with `S` for the script, then the extension.
    fn show(shell: Option<&str>, installed: &[&str]) -> String {
        match plan(shell, installed) {
            Err(error) => error.to_string(),
            Ok(plan) => {
                let path = plan.script_path.to_str().unwrap();
                let arguments: Vec<String> =
                    plan.arguments.iter().map(|part| format!("<{}>", part.replace(path, "S"))).collect();
                let extension = plan.script_path.extension().unwrap_or_default().to_str().unwrap();
                format!("{} {} .{extension}", plan.program.display(), arguments.concat())
            }
        }
    }

    #[test]
    fn table() {
        let all = ["bash", "sh", "pwsh", "powershell", "python", "cmd", "perl", "BASH"];
        let invalid = |shell: &str| {
            format!(
                "Invalid shell option '{shell}': expected one of bash, sh, pwsh, powershell, python, cmd, or a command with {{0}} where the script's path belongs"
            )
        };
        let table: &[(Option<&str>, &[&str], &str)] = &[
            (None, &all, "/bin/bash <-e><S> .sh"),
            (None, &["sh"], "/bin/sh <-e><S> .sh"),
            (None, &[], "sh: command not found"),
            (Some(""), &["sh"], "/bin/sh <-e><S> .sh"),
            (Some("bash"), &all, "/bin/bash <--noprofile><--norc><-e><-o><pipefail><S> .sh"),
            (Some("sh"), &all, "/bin/sh <-e><S> .sh"),
            (Some("pwsh"), &all, "/bin/pwsh <-command><. 'S'> .ps1"),
            (Some("powershell"), &all, "/bin/powershell <-command><. 'S'> .ps1"),
            (Some("python"), &all, "/bin/python <S> .py"),
            (Some("cmd"), &all, "/bin/cmd </D></E:ON></V:OFF></S></C><CALL S> .cmd"),
            (Some("bash "), &all, "/bin/bash <--noprofile><--norc><-e><-o><pipefail><S> .sh"),
            (Some("BASH"), &all, "/bin/BASH <--noprofile><--norc><-e><-o><pipefail><S> .sh"),
            (Some("bash -x {0} {0}"), &all, "/bin/bash <-x><S><S> .sh"),
            (Some("perl -e \"a b\" {{x}}{0}"), &all, "/bin/perl <-e><a b><{x}S> ."),
            (Some("bash"), &["sh"], "bash: command not found"),
            (Some("perl"), &all, &invalid("perl")),
            (Some("bash -x"), &all, &invalid("bash -x")),
            (Some("nope"), &[], &invalid("nope")),
            (
                Some("perl {print} {0}"),
                &all,
                "Invalid shell option '{print} {0}': '{' and '}' stand only in {0}; write {{ and }} for the characters themselves",
            ),
        ];
        for (shell, installed, expected) in table {
            assert_eq!(show(*shell, installed), *expected, "{shell:?}");
        }
    }

    #[test]
    fn the_log_shows_the_template() {
        assert_eq!(plan(None, &["bash"]).unwrap().shown, "/bin/bash -e {0}");
    }
}
