use span::Severity;
use workflow::Job;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/unused-needs",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    profile: Profile::Pedantic,
    aliases: &["jactionlint:unused-needs"],
    summary: "a job needs another one that a further one of its `needs` already waits for",
    page: page!("correctness/unused-needs"),
    checks: &[Check::Job(check)],
};

/// Whether a need brings the order only is not to be seen; one that another need implies brings nothing.
fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let job = subject.job;
    for need in &job.needs {
        let implied = job.needs.iter().filter(|other| !other.value.eq_ignore_ascii_case(&need.value)).find(|other| {
            subject.workflow.job(&other.value).is_some_and(|other| waits_for(subject, other, &need.value, 0))
        });
        let Some(implied) = implied else { continue };
        if reads(subject, &need.value) {
            continue;
        }
        report
            .at(need.span, format!("`{}` waits for `{}` already, and nothing here reads it", implied.value, need.value))
            .related(implied.span, format!("this needs `{}` too", need.value))
            .help(format!("leave out `{}`, unless its failure has to skip this job by itself", need.value));
    }
}

fn waits_for(subject: &JobSubject<'_>, job: &Job, id: &str, depth: usize) -> bool {
    // Rings are told elsewhere; no chain is longer than the file has jobs.
    depth <= subject.workflow.jobs.len()
        && job.needs.iter().any(|need| {
            need.value.eq_ignore_ascii_case(id)
                || subject.workflow.job(&need.value).is_some_and(|next| waits_for(subject, next, id, depth + 1))
        })
}

/// Whether an expression of the job reads what the need gives. One that reads all of `needs` counts for each.
fn reads(subject: &JobSubject<'_>, id: &str) -> bool {
    let mut found = false;
    let mut look = |expr: &expr::Expr| {
        found |= expr.references().iter().any(|reference| match &reference.path[..] {
            [context, name, ..] if context.eq_ignore_ascii_case("needs") => {
                name.as_ref() == "*" || name.eq_ignore_ascii_case(id)
            }
            [context] => context.eq_ignore_ascii_case("needs"),
            _ => false,
        });
    };
    if let Some(condition) = &subject.job.condition {
        look(condition.condition.expr());
    }
    workflow::each_expression_of_job(subject.job, &mut |template, _| template.expressions().for_each(&mut look));
    found
}
