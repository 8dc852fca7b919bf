//! Scripts of steps for programs outside, and what these say about them. Nothing is started here.

use std::ops::Range;

use serde::Deserialize;
use span::{FileId, Severity, Span};
use workflow::{JobKind, Runs, Step, StepKind, Template, TemplateKind};

use crate::check::{Options, Selection};
use crate::document::Document;
use crate::finding::{Confidence, Finding};
use crate::project::Project;
use crate::rules::scripts::{PYFLAKES, SHELLCHECK};
use crate::runners::{System, system_of};
use crate::steps::{flat, written_shell};
use crate::subject::Owner;

/// What a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    Bash,
    Sh,
    Python,
}

/// A script to be checked.
#[derive(Debug, Clone)]
pub struct ScriptTask {
    pub dialect: Dialect,
    /// The script; every `${{ … }}` is as many underscores.
    pub text: String,
    pub file: FileId,
    scalar: Span,
}

/// What underscores bring about: constants that are compared, names that are never set, files that are not there.
const OF_UNDERSCORES: &[u32] = &[1090, 1091, 2043, 2050, 2153, 2154, 2157, 2194];

/// Every script of the linted files in a language that a program outside knows, where its rule is on.
pub fn script_tasks(project: &Project, options: &Options) -> Vec<ScriptTask> {
    let selection = Selection::new(project, options);
    let mut tasks = Vec::new();
    for document in project.documents().iter().filter(|document| selection.looks_at(document)) {
        let (shell, python) =
            (selection.is_on(&SHELLCHECK, &document.path), selection.is_on(&PYFLAKES, &document.path));
        if !shell && !python {
            continue;
        }
        if let Some(workflow) = &document.workflow {
            for job in &workflow.jobs {
                if let JobKind::Steps(steps) = &job.kind {
                    let owner = Owner::Job { workflow, job };
                    tasks.extend(flat(&steps.steps).into_iter().filter_map(|step| task(document, owner, step)));
                }
            }
        }
        if let Some(action) = &document.action
            && let Runs::Composite(runs) = &action.runs
        {
            let owner = Owner::Action { action };
            tasks.extend(flat(&runs.steps).into_iter().filter_map(|step| task(document, owner, step)));
        }
        tasks.retain(|task| task.file != document.file || if task.dialect == Dialect::Python { python } else { shell });
    }
    tasks
}

fn task(document: &Document, owner: Owner<'_>, step: &Step) -> Option<ScriptTask> {
    let StepKind::Run { script, .. } = &step.kind else { return None };
    let dialect = match written_shell(step, owner) {
        Some(shell) => dialect(&shell.source_text()?)?,
        // Where nothing says so, the system has to be known.
        None if matches!(owner.job().and_then(system_of), Some(System::Linux | System::MacOs)) => Dialect::Bash,
        None => return None,
    };
    Some(ScriptTask { dialect, text: neutral(script, dialect)?, file: document.file, scalar: script.span })
}

fn dialect(shell: &str) -> Option<Dialect> {
    match shell.split_whitespace().next()? {
        "bash" => Some(Dialect::Bash),
        "sh" => Some(Dialect::Sh),
        "python" => Some(Dialect::Python),
        _ => None,
    }
}

/// The script with underscores in the place of expressions; `None` where these could make no script of it.
fn neutral(script: &Template, dialect: Dialect) -> Option<String> {
    match &script.kind {
        TemplateKind::Literal(value) => Some(value.to_display_string().into_owned()),
        TemplateKind::Text(template) => {
            let mut text = template.text().to_owned();
            let ranges: Vec<Range<usize>> = expressions(&text);
            for range in ranges {
                if dialect == Dialect::Python && !text[..range.start].ends_with(['\'', '"']) {
                    return None;
                }
                let filler: String =
                    text[range.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { '_' }).collect();
                text.replace_range(range, &filler);
            }
            Some(text)
        }
        _ => None,
    }
}

fn expressions(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("${{").map(|at| from + at) {
        let Some(end) = text[start..].find("}}").map(|at| start + at + 2) else { break };
        found.push(start..end);
        from = end;
    }
    found
}

#[derive(Deserialize)]
struct Answer {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    level: String,
    code: u32,
    message: String,
    /// The file that the script was put into.
    file: String,
}

/// What GitHub's shells are started with: the script stops at the first command that fails.
const PRELUDE: &str = "set -e\n";

impl ScriptTask {
    /// The script as a program outside is to get it.
    pub fn source(&self) -> String {
        match self.dialect {
            Dialect::Bash | Dialect::Sh => format!("{PRELUDE}{}", self.text),
            Dialect::Python => self.text.clone(),
        }
    }

    /// What shellcheck says in its format `json1` about the sources of scripts, in files called by their number.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn read_shellcheck(json: &str, tasks: &[ScriptTask], project: &Project) -> Result<Vec<Finding>, String> {
        let answer: Answer = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let mut findings = Vec::new();
        for comment in answer.comments {
            let name = comment.file.rsplit('/').next().unwrap_or_default();
            let Some(task) = name.parse().ok().and_then(|index: usize| tasks.get(index)) else { continue };
            let Some(document) = project.document(task.file) else { continue };
            // The first line is not of the file.
            let (line, end_line) = (comment.line.saturating_sub(1), comment.end_line.saturating_sub(1));
            if line == 0 {
                continue;
            }
            let start = offset(&task.text, line, comment.column);
            let end = offset(&task.text, end_line, comment.end_column).max(word_end(&task.text, start));
            let (start, end) = on_text(&task.text, start, end);
            // A place among underscores is one of ours.
            let about_expression = task.text[start..end].contains("___");
            if OF_UNDERSCORES.contains(&comment.code) || (about_expression && comment.code == 2016) {
                continue;
            }
            let span = document.place(task.scalar, start..end);
            let (severity, confidence) = match comment.level.as_str() {
                "error" => (Severity::Error, Confidence::High),
                "warning" => (Severity::Warning, Confidence::High),
                "info" => (Severity::Info, Confidence::Medium),
                _ => (Severity::Info, Confidence::Low),
            };
            let message = comment.message.trim_end_matches('.').to_owned();
            let mut finding = Finding::new(&SHELLCHECK, span, message);
            finding.severity(severity).confidence(confidence).label(format!("SC{}", comment.code));
            finding.help(format!("`# shellcheck disable=SC{}` above the line silences it", comment.code));
            findings.push(finding);
        }
        Ok(findings)
    }

    /// What pyflakes says about this script: `NAME:LINE:COLUMN: MESSAGE` on each line.
    pub fn read_pyflakes(&self, output: &str, project: &Project) -> Vec<Finding> {
        let Some(document) = project.document(self.file) else { return Vec::new() };
        let lines = output.lines().filter_map(|line| {
            let mut parts = line.splitn(4, ':');
            let (_, line, column, message) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
            let start = offset(&self.text, line, column);
            let end = start + self.text[start..].lines().next().map_or(0, str::len);
            Some(Finding::new(&PYFLAKES, document.place(self.scalar, start..end), message.trim().to_owned()))
        });
        lines.collect()
    }
}

/// The byte of a line and column, both from 1; columns count characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text[start..].split('\n').next().unwrap_or_default();
    let inside: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    start + inside
}

/// What is missing at a script's end is shown at its last line.
fn on_text(text: &str, start: usize, end: usize) -> (usize, usize) {
    let text = text.trim_end();
    if start < text.len() {
        return (start, end);
    }
    let line = text.rfind('\n').map_or(0, |newline| newline + 1);
    (line + (text.len() - line - text[line..].trim_start().len()), text.len())
}

/// The end of the word at a place, or of the character there.
fn word_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    at + word.max(rest.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        let text = "a\nüb\n\nc";
        for (line, column, expected) in [(1, 1, 0), (1, 9, 1), (2, 1, 2), (2, 2, 4), (3, 1, 6), (4, 1, 7), (9, 1, 8)] {
            assert_eq!(offset(text, line, column), expected, "{line}:{column}");
        }
    }
}
