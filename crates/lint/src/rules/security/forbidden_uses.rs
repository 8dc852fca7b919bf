use span::Severity;
use std::sync::Arc;
use workflow::{JobKind, Spanned, StepKind};

use crate::finding::Confidence;
use crate::knowledge::uses::Uses;
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/forbidden-uses",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:forbidden-uses"],
    summary: "an action is used that the repository does not allow",
    page: page!("security/forbidden-uses"),
    checks: &[Check::Step(of_step), Check::Job(of_job)],
};

fn of_step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    if let StepKind::Uses { uses, .. } = &subject.step.kind {
        check(subject.project, uses, report);
    }
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if let JobKind::Call(call) = &subject.job.kind {
        check(subject.project, &call.uses, report);
    }
}

fn check(project: &Project, uses: &Spanned<Arc<str>>, report: &mut Report<'_>) {
    let (Some(options), Some(known)) = (project.facts.options(RULE.id), Uses::parse(&uses.value)) else {
        return;
    };
    let listed = |key: &str| {
        let list = options.get(key)?.as_array()?;
        Some(list.iter().filter_map(toml::Value::as_str).any(|pattern| known.matches(pattern)))
    };
    let why = match (listed("allow"), listed("deny")) {
        (_, Some(true)) => "is on the list of what is denied",
        (Some(false), _) => "is not on the list of what is allowed",
        _ => return,
    };
    report
        .at(uses.span, format!("`{}` {why}", known.name()))
        .help("the lists are in `trunkline.toml`, below `[lint.rules]`, or in `zizmor.yml`");
}
