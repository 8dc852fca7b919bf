//! Goes through a file once, and shows each rule what it looks at.

mod expressions;

use workflow::{Action, JobKind, Runs, Step, StepKind, Workflow};

use crate::document::Document;
use crate::finding::Finding;
use crate::links;
use crate::newer::is_newer;
use crate::project::Project;
use crate::reading_fix::repaired;
use crate::report::Report;
use crate::rule::{Check, Rule};
use crate::subject::{ActionSubject, ExpressionSubject, FileSubject, JobSubject, Owner, StepSubject, WorkflowSubject};

macro_rules! Function {
    ($subject:ty) => { fn(&$subject, &mut Report<'_>) };
}

/// The functions of the rules that are on, by what they look at.
#[derive(Default)]
pub(crate) struct Checks {
    /// Rules of diagnostics, in the order of their ids.
    reading: Vec<&'static Rule>,
    file: List<Function!(FileSubject<'_>)>,
    workflow: List<Function!(WorkflowSubject<'_>)>,
    job: List<Function!(JobSubject<'_>)>,
    step: List<Function!(StepSubject<'_>)>,
    action: List<Function!(ActionSubject<'_>)>,
    expression: List<Function!(ExpressionSubject<'_>)>,
    project: List<Function!(Project)>,
}

/// Functions with the rules that they belong to.
type List<F> = Vec<(&'static Rule, F)>;

impl Checks {
    pub(crate) fn new(rules: impl IntoIterator<Item = &'static Rule>) -> Checks {
        let mut checks = Checks::default();
        for rule in rules {
            for check in rule.checks {
                match *check {
                    Check::Reading => checks.reading.push(rule),
                    Check::External => {}
                    Check::File(function) => checks.file.push((rule, function)),
                    Check::Workflow(function) => checks.workflow.push((rule, function)),
                    Check::Job(function) => checks.job.push((rule, function)),
                    Check::Step(function) => checks.step.push((rule, function)),
                    Check::Action(function) => checks.action.push((rule, function)),
                    Check::Expression(function) => checks.expression.push((rule, function)),
                    Check::Project(function) => checks.project.push((rule, function)),
                }
            }
        }
        checks.reading.sort_by_key(|rule| rule.id);
        checks
    }

    /// Everything that concerns one file.
    pub(crate) fn document(&self, project: &Project, document: &Document, out: &mut Vec<Finding>) {
        let walk = Walk { checks: self, project, document };
        if !self.reading.is_empty() {
            for diagnostic in document.diagnostics.iter().cloned().chain(links::diagnostics(project, document)) {
                if is_newer(document, &diagnostic) {
                    continue;
                }
                if let Ok(index) = self.reading.binary_search_by_key(&diagnostic.code, |rule| rule.id) {
                    let finding = Finding::from_diagnostic(self.reading[index], diagnostic);
                    out.extend(finding.map(|finding| repaired(document, finding)));
                }
            }
        }
        for (rule, check) in &self.file {
            check(&FileSubject { project, document }, &mut Report::new(rule, out));
        }
        if let Some(workflow) = &document.workflow {
            walk.workflow(workflow, out);
        }
        if let Some(action) = &document.action {
            walk.action(action, out);
        }
    }

    /// What only all files together show.
    pub(crate) fn project(&self, project: &Project, out: &mut Vec<Finding>) {
        for (rule, check) in &self.project {
            check(project, &mut Report::new(rule, out));
        }
    }
}

struct Walk<'a> {
    checks: &'a Checks,
    project: &'a Project,
    document: &'a Document,
}

impl<'a> Walk<'a> {
    fn workflow(&self, workflow: &'a Workflow, out: &mut Vec<Finding>) {
        let (project, document) = (self.project, self.document);
        for (rule, check) in &self.checks.workflow {
            check(&WorkflowSubject { project, document, workflow }, &mut Report::new(rule, out));
        }
        for job in &workflow.jobs {
            for (rule, check) in &self.checks.job {
                check(&JobSubject { project, document, workflow, job }, &mut Report::new(rule, out));
            }
            if let JobKind::Steps(steps) = &job.kind {
                self.steps(Owner::Job { workflow, job }, &steps.steps, out);
            }
        }
        if !self.checks.expression.is_empty() {
            expressions::of_workflow(workflow, &mut |site| self.expression(site, out));
        }
    }

    fn action(&self, action: &'a Action, out: &mut Vec<Finding>) {
        let (project, document) = (self.project, self.document);
        for (rule, check) in &self.checks.action {
            check(&ActionSubject { project, document, action }, &mut Report::new(rule, out));
        }
        if let Runs::Composite(runs) = &action.runs {
            self.steps(Owner::Action { action }, &runs.steps, out);
        }
        if !self.checks.expression.is_empty() {
            expressions::of_action(action, &mut |site| self.expression(site, out));
        }
    }

    fn steps(&self, owner: Owner<'a>, steps: &'a [Step], out: &mut Vec<Finding>) {
        for (index, step) in steps.iter().enumerate() {
            for (rule, check) in &self.checks.step {
                let subject =
                    StepSubject { project: self.project, document: self.document, owner, siblings: steps, index, step };
                check(&subject, &mut Report::new(rule, out));
            }
            if let StepKind::Parallel { steps } = &step.kind {
                self.steps(owner, steps, out);
            }
        }
    }

    fn expression(&self, site: expressions::Site<'a>, out: &mut Vec<Finding>) {
        for (rule, check) in &self.checks.expression {
            let subject = ExpressionSubject {
                project: self.project,
                document: self.document,
                owner: site.owner,
                step: site.step,
                key: site.key,
                expr: site.expr,
                scalar: site.scalar,
                template: site.template,
                condition: site.condition,
            };
            check(&subject, &mut Report::new(rule, out));
        }
    }
}

/// Calls `visit` for every expression of a file, as rules about expressions get them.
pub fn each_expression<'a>(
    project: &'a Project,
    document: &'a Document,
    visit: &mut dyn FnMut(&ExpressionSubject<'a>),
) {
    let mut visit = |site: expressions::Site<'a>| {
        visit(&ExpressionSubject {
            project,
            document,
            owner: site.owner,
            step: site.step,
            key: site.key,
            expr: site.expr,
            scalar: site.scalar,
            template: site.template,
            condition: site.condition,
        });
    };
    if let Some(workflow) = &document.workflow {
        expressions::of_workflow(workflow, &mut visit);
    }
    if let Some(action) = &document.action {
        expressions::of_action(action, &mut visit);
    }
}
