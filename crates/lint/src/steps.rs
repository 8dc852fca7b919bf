//! Steps as rules look at them: the action with its inputs, the script with its shell.

use std::borrow::Cow;
use std::ops::Range;

use span::Span;
use workflow::{Step, StepKind, Template, TemplateKind};

use crate::knowledge::uses::Uses;
use crate::runners;
use crate::shell::{Script, Syntax};
use crate::subject::{Owner, StepSubject};

/// A step that uses an action of a repository.
#[derive(Clone, Copy)]
pub(crate) struct ActionStep<'a> {
    pub(crate) uses: Uses<'a>,
    /// The value of `uses:`.
    pub(crate) span: Span,
    with: Option<&'a Template>,
}

/// A step with a script.
#[derive(Clone, Copy)]
pub(crate) struct RunStep<'a> {
    pub(crate) script: &'a Template,
    pub(crate) shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// `sh`, `bash`, `zsh`.
    Posix,
    /// PowerShell, old and new.
    Pwsh,
    Cmd,
    Other,
    /// The file does not say which, or legs of the matrix have different ones.
    Unknown,
}

/// The step as the use of an action of a repository.
pub(crate) fn action(step: &Step) -> Option<ActionStep<'_>> {
    let StepKind::Uses { uses, with } = &step.kind else { return None };
    Some(ActionStep { uses: Uses::parse(&uses.value)?, span: uses.span, with: with.as_ref() })
}

/// The step as a script.
pub(crate) fn run<'a>(step: &'a Step, owner: Owner<'a>) -> Option<RunStep<'a>> {
    let StepKind::Run { script, .. } = &step.kind else { return None };
    Some(RunStep { script, shell: shell_of(step, owner) })
}

/// The steps of a list, those side by side too.
pub(crate) fn flat(steps: &[Step]) -> Vec<&Step> {
    let mut all = Vec::with_capacity(steps.len());
    for step in steps {
        match &step.kind {
            StepKind::Parallel { steps } => all.extend(flat(steps)),
            _ => all.push(step),
        }
    }
    all
}

impl<'a> ActionStep<'a> {
    pub(crate) fn of(subject: &StepSubject<'a>) -> Option<ActionStep<'a>> {
        action(subject.step)
    }

    /// The value of an input as it was written.
    pub(crate) fn input(&self, name: &str) -> Option<&'a Template> {
        self.with?.get(name)
    }

    /// The text of an input, with its expressions as they stand.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.input(name)?.source_text()
    }

    /// Whether an input was written and is not empty.
    pub(crate) fn is_filled(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| !text.trim().is_empty())
    }

    /// Whether an input says this, without regard to case.
    pub(crate) fn says(&self, name: &str, value: &str) -> bool {
        self.text(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(value))
    }

    /// The names of the inputs that were written, with the place of each.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (&'a str, Span)> {
        let entries = self.with.map(Template::entries).unwrap_or_default();
        entries.iter().filter_map(|entry| match &entry.key {
            workflow::TemplateKey::Literal(name) => Some((&**name, entry.key_span)),
            _ => None,
        })
    }

    /// The whole of `with:`, where it is an expression that nobody can look into.
    pub(crate) fn opaque(&self) -> Option<&'a Template> {
        self.with.filter(|with| matches!(with.kind, TemplateKind::Text(_)))
    }

    /// The place of an input's value, else of `uses:`.
    pub(crate) fn place(&self, input: &str) -> Span {
        self.input(input).map_or(self.span, |value| value.span)
    }
}

impl<'a> RunStep<'a> {
    pub(crate) fn of(subject: &StepSubject<'a>) -> Option<RunStep<'a>> {
        run(subject.step, subject.owner)
    }

    /// The script's text, with its expressions as they stand.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        self.script.source_text().unwrap_or_default()
    }

    /// The script read as commands, where its shell is one that is understood.
    pub(crate) fn commands(&self) -> Option<Script> {
        Some(Script::read_as(self.syntax()?, &self.text()))
    }

    /// How the script is to be read; one whose shell is unknown as one of `sh`.
    pub(crate) fn syntax(&self) -> Option<Syntax> {
        match self.shell {
            Shell::Posix | Shell::Unknown => Some(Syntax::Posix),
            Shell::Pwsh => Some(Syntax::PowerShell),
            Shell::Cmd | Shell::Other => None,
        }
    }

    /// [`RunStep::commands`]; a script of another language as if it were one of `sh`, for what looks alike in all.
    pub(crate) fn commands_of_any(&self) -> Script {
        Script::read_as(self.syntax().unwrap_or_default(), &self.text())
    }

    /// Whether the script is or may be one of `sh`. What only `sh` understands can be told of both; changes need more.
    pub(crate) fn may_be_posix(&self) -> bool {
        matches!(self.shell, Shell::Posix | Shell::Unknown)
    }

    /// The file's bytes of a part of the script.
    pub(crate) fn place(&self, subject: &StepSubject<'a>, range: Range<usize>) -> Span {
        subject.place(self.script.span, range)
    }
}

/// The `shell:` that counts for a step: its own, else the job's, else the workflow's.
pub(crate) fn written_shell<'a>(step: &'a Step, owner: Owner<'a>) -> Option<&'a Template> {
    let StepKind::Run { shell, .. } = &step.kind else { return None };
    let of_job = owner.steps_job().and_then(|job| job.defaults.shell.as_ref());
    let of_workflow = owner.workflow().and_then(|workflow| workflow.defaults.shell.as_ref());
    shell.as_ref().or(of_job).or(of_workflow)
}

fn shell_of(step: &Step, owner: Owner<'_>) -> Shell {
    if let Some(shell) = written_shell(step, owner) {
        return named(shell.source_text().as_deref().unwrap_or_default());
    }
    match owner.job() {
        Some(job) => runners::default_shell(job),
        None => Shell::Unknown,
    }
}

/// The shell of `shell:`, which may have a path and options.
fn named(text: &str) -> Shell {
    let command = text.split_whitespace().next().unwrap_or_default();
    if command.contains("${{") {
        return Shell::Unknown;
    }
    let name = command.rsplit(['/', '\\']).next().unwrap_or(command).to_ascii_lowercase();
    match name.trim_end_matches(".exe") {
        "sh" | "bash" | "zsh" | "dash" | "ash" => Shell::Posix,
        "pwsh" | "powershell" => Shell::Pwsh,
        "cmd" => Shell::Cmd,
        _ => Shell::Other,
    }
}
