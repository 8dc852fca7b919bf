use span::Severity;
use workflow::Template;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::runners::{System, system_of};
use crate::steps::{RunStep, written_shell};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/pipeline-without-pipefail",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &["jactionlint:pipeline-without-pipefail"],
    summary: "a command fails in a pipe to `tee`, and the step succeeds",
    page: page!("correctness/pipeline-without-pipefail"),
    checks: &[Check::Step(check)],
};

/// What hardly fails.
const HARMLESS: &[&str] =
    &["echo", "printf", "cat", "date", "env", "ls", "sort", "jq", "head", "tail", "true", "tee", "base64"];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(run) = RunStep::of(subject).filter(RunStep::may_be_posix) else { return };
    let text = run.text();
    if !text.contains("tee") || text.contains("pipefail") || text.contains("PIPESTATUS") {
        return;
    }
    // `shell: bash` sets it; what GitHub takes where no shell is said does not.
    let named = written_shell(subject.step, subject.owner).and_then(Template::source_text);
    if named.as_deref().is_some_and(|shell| shell != "sh") {
        return;
    }
    if subject.owner.job().and_then(system_of) == Some(System::Windows) {
        return;
    }
    let Some(script) = run.commands() else { return };
    for (index, command) in script.commands.iter().enumerate() {
        let Some(next) = script.piped_into(index) else { continue };
        let harmless = command.name().is_none_or(|name| HARMLESS.contains(&name));
        if next.name() != Some("tee") || harmless || command.group.is_some() {
            continue;
        }
        report
            .at(run.place(subject, command.range.clone()), "when this fails, the step succeeds: `tee` decides")
            .help("say `shell: bash`, with which GitHub sets `pipefail`, or begin with `set -o pipefail`");
        return;
    }
}
