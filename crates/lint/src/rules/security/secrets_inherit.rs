use span::Severity;
use workflow::{CallJob, CallSecrets, JobKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/secrets-inherit",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:secrets-inherit"],
    summary: "a called workflow gets every secret there is",
    page: page!("security/secrets-inherit"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Call(CallJob { uses, secrets: CallSecrets::Inherit(span), .. }) = &subject.job.kind else { return };
    let local = subject.project.local_workflow(&uses.value);
    let finding = report.at(uses.span, format!("`{}` gets every secret of this repository", uses.value));
    finding.related(*span, "all of them");
    if let Some((_, called)) = local {
        // Whoever changes the one file can change the other.
        finding.confidence(Confidence::Medium);
        let names: Vec<&str> =
            called.on.call().iter().flat_map(|call| &call.secrets).map(|secret| &*secret.name.value).collect();
        if !names.is_empty() {
            finding.help(format!("it declares {}", names.join(", ")));
        }
    }
    finding.help("name the secrets that it needs below `secrets:`");
}
