use span::Severity;
use span::Span;
use workflow::{JobKind, Template, TemplateKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/self-hosted-runner",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:self-hosted-runner"],
    summary: "a job runs on a machine of your own, which strangers of a public repository may reach",
    page: page!("security/self-hosted-runner"),
    checks: &[Check::Job(check)],
};

const LABEL: &str = "self-hosted";

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    let finding = match &job.runs_on.kind {
        TemplateKind::Mapping(_) => {
            let finding = report.at(job.runs_on.span, "groups of runners are mostly machines of your own");
            finding.confidence(Confidence::Low);
            finding
        }
        TemplateKind::Sequence(labels) if labels.iter().any(|label| label.literal_str() == Some(LABEL)) => {
            report.at(job.runs_on.span, "the job runs on a machine of your own")
        }
        TemplateKind::Literal(_) if job.runs_on.literal_str() == Some(LABEL) => {
            report.at(job.runs_on.span, "the job runs on a machine of your own")
        }
        TemplateKind::Text(text) => {
            let matrix = subject.job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
            let axis = text
                .as_expr()
                .and_then(|expr| expr.view()?.path())
                .filter(|path| path.len() == 2 && path[0] == "matrix");
            let value = axis.as_ref().and_then(|path| matrix.and_then(|matrix| own(matrix, &path[1])));
            let Some(span) = value else { return };
            // `exclude` may have taken that value away.
            if let (Some(matrix), Some(path)) = (matrix, &axis)
                && every_leg(matrix).is_some_and(|legs| !legs.iter().any(|leg| runs_on_own(leg, &path[1])))
            {
                return;
            }
            let finding = report.at(job.runs_on.span, "a leg of the matrix runs on a machine of your own");
            finding.related(span, "this value");
            finding
        }
        _ => return,
    };
    finding.help("in a public repository, let nothing of pull requests from forks run there");
}

/// The legs of a matrix, where the file alone tells them.
fn every_leg(matrix: &Template) -> Option<Vec<workflow::Leg>> {
    struct Nothing;
    impl expr::Context for Nothing {
        fn named(&self, _name: &str) -> Option<expr::Value> {
            None
        }
    }
    matrix.is_literal().then(|| workflow::expand_matrix(&matrix.evaluate(&Nothing).ok()?).ok())?
}

fn runs_on_own(leg: &workflow::Leg, axis: &str) -> bool {
    leg.values.get(axis).is_some_and(|value| value.to_json().to_string().contains(LABEL))
}

/// The value of an axis that names such a machine.
fn own(matrix: &Template, axis: &str) -> Option<Span> {
    let values = matrix.get(axis).into_iter().chain(matrix.get("include"));
    values.filter_map(holds).next()
}

fn holds(value: &Template) -> Option<Span> {
    match &value.kind {
        TemplateKind::Literal(_) => value.literal_str().is_some_and(|text| text.contains(LABEL)).then_some(value.span),
        TemplateKind::Sequence(items) => items.iter().find_map(holds),
        TemplateKind::Mapping(entries) => entries.iter().find_map(|entry| holds(&entry.value)),
        TemplateKind::Text(_) => None,
    }
}
