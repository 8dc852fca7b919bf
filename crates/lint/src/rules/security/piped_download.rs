use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::shell::Script;
use crate::steps::RunStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/piped-download",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &[],
    summary: "a download is run as it comes, without a look at what it is",
    page: page!("security/piped-download"),
    checks: &[Check::Step(check)],
};

const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "python", "python3", "perl", "ruby", "node", "pwsh"];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(run) = RunStep::of(subject).filter(RunStep::may_be_posix) else { return };
    let text = run.text();
    if !text.contains("curl") && !text.contains("wget") {
        return;
    }
    let script = Script::read(&text);
    for (index, command) in script.commands.iter().enumerate() {
        let words = command.inner_text();
        if !matches!(words.first(), Some(&("curl" | "wget"))) {
            continue;
        }
        let Some(shell) = script.piped_into(index) else { continue };
        let Some(name) = shell.inner_text().first().copied().filter(|name| SHELLS.contains(name)) else { continue };
        // A script on the command line reads the download as its input.
        if shell.has_option(&["-c", "-e", "-m"]) {
            continue;
        }
        let url = words.iter().find(|word| word.contains("://")).copied().unwrap_or_default();
        let finding = report.at(
            run.place(subject, command.range.start..shell.range.end),
            format!("`{name}` runs whatever the server sends"),
        );
        if url.starts_with("http://") {
            finding
                .severity(Severity::Error)
                .confidence(Confidence::High)
                .help("anyone on the way can change it: there is no TLS");
        }
        finding.help("download a version to a file, compare its checksum, and run that");
    }
}
