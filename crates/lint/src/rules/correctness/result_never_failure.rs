use expr::{Comparison, Expr, Part, Term, Value};
use span::Severity;
use span::Span;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/result-never-failure",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:gate-job-skipped-on-failure"],
    summary: "a job looks for failed jobs, and is skipped when one fails",
    page: page!("correctness/result-never-failure"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let job = subject.job;
    let decides = job.condition.as_ref().is_some_and(|condition| !condition.condition.is_implicit_success());
    if job.needs.is_empty() || decides {
        return;
    }
    let mut found: Option<Span> = None;
    let mut look = |expr: &Expr, scalar: Span| {
        if found.is_none()
            && let Some(root) = expr.view()
        {
            root.each(&mut |part| {
                if found.is_none() && asks_for_failure(part) {
                    found = Some(subject.document.place(scalar, part.range()));
                }
            });
        }
    };
    if let Some(condition) = &job.condition {
        look(condition.condition.expr(), condition.span);
    }
    if let workflow::JobKind::Steps(steps) = &job.kind {
        for condition in steps.steps.iter().filter_map(|step| step.condition.as_ref()) {
            look(condition.condition.expr(), condition.span);
        }
    }
    workflow::each_expression_of_job(job, &mut |template, scalar| {
        template.expressions().for_each(|expr| look(expr, scalar));
    });
    if let Some(span) = found {
        report
            .at(span, format!("this never holds: `{}` is skipped when a job that it needs fails", job.id.value))
            .related(job.id.span, "a job without a status function in its `if` needs success")
            .help("add `if: always()` (or `!cancelled()`) to the job; a check that is skipped counts as passed");
    }
}

/// `needs.x.result == 'failure'`, `contains(needs.*.result, 'failure')`.
fn asks_for_failure(part: Part<'_>) -> bool {
    let failure = |part: Part<'_>| matches!(part.literal(), Some(Value::String(text)) if matches!(text.to_lowercase().as_str(), "failure" | "cancelled"));
    let result = |part: Part<'_>| {
        part.path().is_some_and(|path| {
            path.len() == 3 && path[0].eq_ignore_ascii_case("needs") && path[2].eq_ignore_ascii_case("result")
        })
    };
    match part.term() {
        Term::Compare(Comparison::Equal, left, right) => {
            (result(left) && failure(right)) || (result(right) && failure(left))
        }
        Term::Call("contains", arguments) => match arguments[..] {
            [list, wanted] => result(list) && failure(wanted),
            _ => false,
        },
        _ => false,
    }
}
