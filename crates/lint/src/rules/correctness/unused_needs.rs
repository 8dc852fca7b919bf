use std::collections::HashMap;
use std::sync::Arc;

use span::Severity;
use workflow::{Job, Spanned};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/unused-needs",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    profile: Profile::Pedantic,
    aliases: &["jactionlint:unused-needs"],
    summary: "a job needs another one that a further one of its `needs` already waits for",
    page: page!("correctness/unused-needs"),
    checks: &[Check::Workflow(check)],
};

/// Whether a need brings the order only is not to be seen; one that another need implies brings nothing.
fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let jobs = &subject.workflow.jobs;
    if jobs.iter().all(|job| job.needs.len() < 2) {
        return;
    }
    let graph = Graph::of(jobs);
    for job in jobs.iter().filter(|job| job.needs.len() > 1) {
        let below = graph.below(&job.needs);
        for need in job.needs.iter().filter(|need| graph.has(&below, need)) {
            let implied = job.needs.iter().find(|other| {
                !other.value.eq_ignore_ascii_case(&need.value)
                    && graph.has(&graph.below(std::slice::from_ref(*other)), need)
            });
            let Some(implied) = implied.filter(|_| !reads(job, &need.value)) else { continue };
            report
                .at(
                    need.span,
                    format!("`{}` waits for `{}` already, and nothing here reads it", implied.value, need.value),
                )
                .related(implied.span, format!("this needs `{}` too", need.value))
                .help(format!("leave out `{}`, unless its failure has to skip this job by itself", need.value));
        }
    }
}

/// The jobs by number, and which each of them needs.
struct Graph {
    numbers: HashMap<String, usize>,
    needs: Vec<Vec<usize>>,
}

impl Graph {
    fn of(jobs: &[Job]) -> Graph {
        let ids = jobs.iter().map(|job| job.id.value.to_ascii_lowercase());
        let mut graph = Graph { numbers: ids.zip(0..).collect(), needs: Vec::new() };
        graph.needs = jobs.iter().map(|job| job.needs.iter().filter_map(|need| graph.number(need)).collect()).collect();
        graph
    }

    fn number(&self, need: &Spanned<Arc<str>>) -> Option<usize> {
        self.numbers.get(&need.value.to_ascii_lowercase()).copied()
    }

    fn has(&self, set: &[bool], need: &Spanned<Arc<str>>) -> bool {
        self.number(need).is_some_and(|number| set[number])
    }

    /// What any of these jobs waits for, by number; each job is looked at once. A job itself is there only where jobs
    /// wait in a ring.
    fn below(&self, needs: &[Spanned<Arc<str>>]) -> Vec<bool> {
        let mut found = vec![false; self.needs.len()];
        let mut next: Vec<usize> = needs.iter().filter_map(|need| self.number(need)).collect();
        while let Some(number) = next.pop() {
            for need in &self.needs[number] {
                if !std::mem::replace(&mut found[*need], true) {
                    next.push(*need);
                }
            }
        }
        found
    }
}

/// Whether an expression of the job reads what the need gives. One that reads all of `needs` counts for each.
fn reads(job: &Job, id: &str) -> bool {
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
    if let Some(condition) = &job.condition {
        look(condition.condition.expr());
    }
    workflow::each_expression_of_job(job, &mut |template, _| template.expressions().for_each(&mut look));
    found
}
