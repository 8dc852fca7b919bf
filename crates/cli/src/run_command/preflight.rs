//! What can be known to be missing before the first job starts: actions, their inputs, secrets, inputs of the event.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use actions::{ActionKind, Resolver, Uses};
use expr::Value;
use span::{Diagnostic, Span};
use workflow::{Action, Job, JobKind, Program, Runs, Spanned, Step, StepKind, Template, Workflow};

use super::plan::Plan;
use super::values::Values;
use crate::failure::Failure;
use crate::project::{Project, rendered};

/// Checks every workflow that runs, called ones included. Returns notices; refuses with every problem at once.
pub(crate) fn check(
    project: &mut Project,
    plan: &Plan,
    resolver: &Resolver,
    values: &Values,
    jobs: &[String],
) -> Result<Vec<String>, Failure> {
    let own = project.top.clone();
    let mut check =
        Check { project, resolver, problems: Vec::new(), notices: Vec::new(), seen: HashMap::new(), own, node: None };
    let mut secrets: BTreeMap<String, Span> = BTreeMap::new();
    let mut visited = HashSet::new();
    for program in &plan.programs {
        check.program(program, jobs, &mut secrets, &mut visited);
    }
    for (name, span) in secrets {
        let environments = check.project.config.environments.values();
        let known = values.secrets.contains_key(&name)
            || name.eq_ignore_ascii_case("GITHUB_TOKEN")
            || environments.into_iter().any(|one| one.secrets.keys().any(|key| key.eq_ignore_ascii_case(&name)));
        if !known {
            let place = check.project.location(span);
            check.notices.push(format!(
                "the secret {name} is not given and will be empty ({}:{}:{}); give it with --secret {name}",
                place.file, place.line, place.column
            ));
        }
    }
    let (problems, notices) = (check.problems, check.notices);
    if problems.is_empty() {
        return Ok(notices);
    }
    let text = rendered(&problems, &project.sources);
    Err(Failure::missing(format!("something that the run needs is not there\n{}", text.trim_end())))
}

struct Check<'a> {
    project: &'a mut Project,
    resolver: &'a Resolver,
    problems: Vec<Diagnostic>,
    notices: Vec<String>,
    /// Actions by their reference: asked for once.
    seen: HashMap<(PathBuf, String), Option<Arc<Action>>>,
    /// What `$/` means where we look: the project, or the repository of the action that holds the step.
    own: PathBuf,
    /// Whether `node` was found, once somebody needed it.
    node: Option<bool>,
}

impl Check<'_> {
    fn program(
        &mut self,
        program: &Program,
        jobs: &[String],
        secrets: &mut BTreeMap<String, Span>,
        visited: &mut HashSet<usize>,
    ) {
        let workflow = program.workflow.clone();
        if !visited.insert(Arc::as_ptr(&workflow) as usize) {
            return;
        }
        let top = self.project.top.clone();
        let elsewhere = Uses::of_called_workflow(&workflow.path)
            .and_then(|uses| self.resolver.workflow(&uses, &top).ok())
            .map(|file| file.root);
        for job in wanted(&workflow, jobs) {
            match &job.kind {
                JobKind::Steps(steps) => {
                    self.own = elsewhere.clone().unwrap_or_else(|| top.clone());
                    for step in &steps.steps {
                        self.step(step, 0);
                    }
                }
                JobKind::Call(_) => {
                    if let Some(callee) = program.callee(job) {
                        self.program(callee, &[], &mut BTreeMap::new(), visited);
                    }
                }
            }
            workflow::each_expression_of_job(job, &mut |template, span| {
                for expression in template.expressions() {
                    for reference in expression.references() {
                        if let [context, name, ..] = reference.path.as_slice()
                            && context.eq_ignore_ascii_case("secrets")
                        {
                            secrets.entry(name.to_string()).or_insert(span);
                        }
                    }
                }
            });
        }
    }

    fn step(&mut self, step: &Step, depth: usize) {
        match &step.kind {
            StepKind::Uses { uses, with } => self.uses(uses, with.as_ref(), depth),
            StepKind::Parallel { steps } => steps.iter().for_each(|step| self.step(step, depth)),
            _ => {}
        }
    }

    fn uses(&mut self, uses: &Spanned<Arc<str>>, with: Option<&Template>, depth: usize) {
        let Ok(parsed) = Uses::parse(&uses.value) else { return };
        // A local action may be made by an earlier step, so only what is there can be looked at.
        let local = matches!(parsed, Uses::Local(_));
        if let Uses::Docker(image) = &parsed {
            if let Err(error) = image::Reference::parse(image) {
                self.refuse(uses, &format!("`{image}` is no image: {error}"));
            }
            return;
        }
        let own = if matches!(parsed, Uses::SelfRepository(_)) { self.own.clone() } else { PathBuf::new() };
        let key = (own, uses.value.to_string());
        let action = match self.seen.get(&key) {
            Some(action) => action.clone(),
            None => {
                let (found, root) = self.find(uses, &parsed, local).unzip();
                self.seen.insert(key, found.clone());
                if let Some(action) = &found {
                    let inside = root.flatten().unwrap_or_else(|| self.own.clone());
                    let outside = std::mem::replace(&mut self.own, inside);
                    self.kind(uses, action, depth);
                    self.own = outside;
                }
                found
            }
        };
        if let (Some(action), Some(with)) = (action, with) {
            let found = workflow::check_action_inputs(uses, Some(with), &action);
            self.notices.extend(found.iter().map(|one| rendered(std::slice::from_ref(one), &self.project.sources)));
        }
    }

    /// The action, and for one of another repository that repository's root.
    fn find(&mut self, uses: &Spanned<Arc<str>>, parsed: &Uses, local: bool) -> Option<(Arc<Action>, Option<PathBuf>)> {
        let top = self.project.top.clone();
        let resolved = match self.resolver.action(parsed, &top, &self.own) {
            Ok(resolved) => resolved,
            Err(_) if local => return None,
            Err(error) => {
                self.refuse(uses, &error.to_string());
                return None;
            }
        };
        let ActionKind::Metadata(file) = &resolved.kind else {
            return None;
        };
        let bytes = std::fs::read(file).ok()?;
        let shown = if local {
            file.strip_prefix(&top).unwrap_or(file).display().to_string()
        } else {
            format!("{}/{}", uses.value, file.file_name()?.to_string_lossy())
        };
        let id = self.project.sources.add(shown, String::from_utf8_lossy(&bytes).into_owned());
        let parsed = workflow::parse_action(id, &bytes);
        let errors: Vec<Diagnostic> = parsed.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
        let broken = !errors.is_empty();
        self.problems.extend(errors);
        let root = resolved.root.filter(|_| resolved.repository.is_some());
        parsed.value.filter(|_| !broken).map(|action| (Arc::new(action), root))
    }

    fn kind(&mut self, uses: &Spanned<Arc<str>>, action: &Action, depth: usize) {
        match &action.runs {
            Runs::Node(node) => {
                let found = *self.node.get_or_insert_with(|| on_path("node"));
                if !found {
                    let text =
                        format!("it runs on {} and there is no `node` on PATH; install Node.js", node.using.value);
                    self.refuse(uses, &text);
                }
            }
            Runs::Composite(composite) if depth < 10 => {
                for step in &composite.steps {
                    self.step(step, depth + 1);
                }
            }
            Runs::Composite(_) => {}
            Runs::Docker(_) => {}
        }
    }

    fn refuse(&mut self, uses: &Spanned<Arc<str>>, text: &str) {
        let message = format!("the action `{}` cannot be used: {text}", uses.value);
        self.problems.push(Diagnostic::error("run/action", message).at(uses.span));
    }
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// The jobs asked for with what they need; all when none was named.
fn wanted<'w>(workflow: &'w Workflow, jobs: &[String]) -> Vec<&'w Job> {
    if jobs.is_empty() {
        return workflow.jobs.iter().collect();
    }
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut stack: Vec<String> = jobs.to_vec();
    while let Some(key) = stack.pop() {
        if let Some(job) = workflow.job(&key)
            && keys.insert(job.id.value.to_lowercase())
        {
            stack.extend(job.needs.iter().map(|need| need.value.to_string()));
        }
    }
    workflow.jobs.iter().filter(|job| keys.contains(&job.id.value.to_lowercase())).collect()
}

/// `inputs` of every workflow that a `workflow_dispatch` starts.
pub(crate) fn dispatch_inputs(plan: &Plan, event: &trigger::Event) -> Result<HashMap<String, Value>, Failure> {
    let mut all = HashMap::new();
    let mut errors = Vec::new();
    for program in &plan.programs {
        match super::drive::dispatch_inputs(&program.workflow, event) {
            Ok(inputs) => {
                all.insert(program.workflow.path.to_string(), inputs);
            }
            Err(found) => errors.extend(found.iter().map(|error| format!("{}: {error}", program.workflow.path))),
        }
    }
    if errors.is_empty() {
        return Ok(all);
    }
    Err(Failure::missing(errors.join("\n")).hint("give inputs with --input NAME=VALUE"))
}
