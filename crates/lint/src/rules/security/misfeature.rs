use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{ActionStep, RunStep, Shell, written_shell};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/misfeature",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:misfeature"],
    summary: "a feature is used that does more harm than good",
    page: page!("security/misfeature"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    if let Some(action) = ActionStep::of(subject).filter(|action| action.uses.is("actions/setup-python")) {
        if action.is_filled("pip-install") {
            report
                .at(action.place("pip-install"), "this installs packages outside of any virtual environment")
                .help("make one in a `run:` step, and install into that");
        }
        return;
    }
    let Some(run) = RunStep::of(subject) else { return };
    let shell = written_shell(subject.step, subject.owner);
    let place = shell.map_or(run.script.span.at(0, 1), |shell| shell.span);
    // pyflakes reads that.
    let is_python = shell.and_then(|shell| shell.literal_str()).is_some_and(|shell| shell.trim() == "python");
    if run.shell == Shell::Cmd {
        report
            .at(place, "scripts of `cmd` go on after a failed command, and nothing can check them")
            .help("use `shell: pwsh` or `shell: bash`");
    } else if run.shell == Shell::Other && !is_python {
        report.at(place, "nothing looks into scripts of this shell").confidence(Confidence::Low);
    }
}
