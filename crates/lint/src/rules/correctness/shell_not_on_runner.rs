use span::Severity;
use workflow::StepKind;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::runners::{System, system_of};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/shell-not-on-runner",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:shell-name"],
    summary: "the shell does not exist on the system that the job runs on",
    page: page!("correctness/shell-not-on-runner"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let StepKind::Run { shell: Some(shell), .. } = &subject.step.kind else { return };
    let Some(system) = subject.owner.job().and_then(system_of) else { return };
    let Some(name) = shell.literal_str() else { return };
    if system != System::Windows && matches!(name, "cmd" | "powershell") {
        report
            .at(shell.span, format!("`{name}` exists on Windows only, and this job runs on another system"))
            .help("`pwsh` is PowerShell on every system, `bash` and `sh` are there too");
    }
}
