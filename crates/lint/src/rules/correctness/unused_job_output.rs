use span::Severity;
use workflow::{JobKind, each_expression_of_workflow};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/unused-job-output",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    profile: Profile::Pedantic,
    aliases: &["jactionlint:unused-job-output"],
    summary: "an output of a job is read by nothing",
    page: page!("correctness/unused-job-output"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let workflow = subject.workflow;
    let mut read: Vec<Vec<String>> = Vec::new();
    let mut everything = false;
    let mut look = |expr: &expr::Expr| {
        for reference in expr.references() {
            let [context, path @ ..] = &reference.path[..] else { continue };
            if !context.eq_ignore_ascii_case("needs") && !context.eq_ignore_ascii_case("jobs") {
                continue;
            }
            // What is not written out could be any output.
            everything |= path.is_empty() || path.iter().take(3).any(|name| &**name == "*");
            everything |=
                !reference.complete || path.len() == 2 && path[1].eq_ignore_ascii_case("outputs") || path.len() == 1;
            read.push(path.iter().map(|name| name.to_lowercase()).collect());
        }
    };
    each_expression_of_workflow(workflow, &mut |template, _| template.expressions().for_each(&mut look));
    for job in &workflow.jobs {
        if let Some(condition) = &job.condition {
            look(condition.condition.expr());
        }
        if let JobKind::Steps(steps) = &job.kind {
            steps
                .steps
                .iter()
                .filter_map(|step| step.condition.as_ref())
                .for_each(|condition| look(condition.condition.expr()));
        }
    }
    for output in workflow.on.call().map(|call| call.outputs.as_slice()).unwrap_or_default() {
        output.value.each_expression(&mut |template, _| template.expressions().for_each(&mut look));
    }
    if everything {
        return;
    }
    for job in &workflow.jobs {
        let JobKind::Steps(steps) = &job.kind else { continue };
        for (name, _) in &steps.outputs {
            let path = [job.id.value.to_lowercase(), "outputs".to_owned(), name.value.to_lowercase()];
            if !read.iter().any(|read| read.starts_with(&path)) {
                report.at(name.span, format!("nothing reads the output `{}` of `{}`", name.value, job.id.value));
            }
        }
    }
}
