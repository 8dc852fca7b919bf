//! `trunkline actions lock|verify|vendor`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use actions::{LockFile, Locker, Resolver, Uses};
use span::SourceMap;
use workflow::{JobKind, Runs, Step, StepKind, Workflow};

use crate::args::{ActionsArgs, ActionsCommand, MachineArgs};
use crate::dirs::Dirs;
use crate::failure::Failure;
use crate::project::{Project, read_workflow};
use crate::run_command::resolver;

const LOCK: &str = "trunkline.lock";
const VENDOR: &str = ".trunkline/vendor";

pub(crate) fn run(command: &ActionsCommand) -> Result<(), Failure> {
    match command {
        ActionsCommand::Lock(args) => Opened::new(args)?.lock(),
        ActionsCommand::Verify(args) => Opened::new(args)?.verify(),
        ActionsCommand::Vendor(args) => Opened::new(args)?.vendor(),
    }
}

struct Opened {
    project: Project,
    resolver: Resolver,
    uses: Vec<Uses>,
}

impl Opened {
    fn new(args: &ActionsArgs) -> Result<Self, Failure> {
        let dirs = Dirs::from_env()?;
        dirs.create()?;
        let project = Project::open(&args.place)?;
        let machine =
            MachineArgs { action_source: args.action_source.clone(), offline: args.offline, ..MachineArgs::default() };
        let resolver = resolver(&project, &machine, &dirs)?;
        let texts: BTreeSet<String> = project.workflows.iter().flat_map(|workflow| uses_of(workflow)).collect();
        // Wrong references were told when the files were read.
        let uses = texts.iter().filter_map(|text| Uses::parse(text).ok()).collect();
        Ok(Self { project, resolver, uses })
    }

    fn locker(&self) -> Locker<'_> {
        Locker { resolver: &self.resolver, nested: &nested }
    }

    fn lock(&self) -> Result<(), Failure> {
        let lock = self.locker().lock(&self.uses, &self.project.top).map_err(Failure::missing)?;
        lock.write(&self.project.top.join(LOCK)).map_err(Failure::broken)?;
        for action in &lock.actions {
            say(&format!("{}@{}  {}", action.repository, action.reference, action.commit));
        }
        say(&format!("{LOCK}: {} pinned", lock.actions.len()));
        Ok(())
    }

    fn verify(&self) -> Result<(), Failure> {
        let lock = self.read_lock()?;
        let problems = self.locker().verify(&lock, &self.uses, &self.project.top).map_err(Failure::missing)?;
        if problems.is_empty() {
            say(&format!("{LOCK}: {} as they were", lock.actions.len()));
            return Ok(());
        }
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Err(Failure::invalid(format!(
            "{LOCK} does not hold\n  {}\n  hint: `trunkline actions lock` pins anew",
            lines.join("\n  ")
        )))
    }

    fn vendor(&self) -> Result<(), Failure> {
        let lock = self.read_lock()?;
        self.locker().vendor(&lock, &self.project.top.join(VENDOR)).map_err(Failure::missing)?;
        say(&format!("{VENDOR}: {} copied", lock.actions.len()));
        Ok(())
    }

    fn read_lock(&self) -> Result<LockFile, Failure> {
        let read = LockFile::read(&self.project.top.join(LOCK)).map_err(|error| Failure::invalid(error.to_string()))?;
        read.ok_or_else(|| Failure::missing(format!("there is no {LOCK}")).hint("`trunkline actions lock` makes it"))
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Every `uses` of a workflow's jobs and steps, as written.
fn uses_of(workflow: &Workflow) -> Vec<String> {
    let mut found = Vec::new();
    for job in &workflow.jobs {
        match &job.kind {
            JobKind::Call(call) => found.push(call.uses.value.to_string()),
            JobKind::Steps(steps) => steps.steps.iter().for_each(|step| uses_of_step(step, &mut found)),
        }
    }
    found
}

fn uses_of_step(step: &Step, found: &mut Vec<String>) {
    match &step.kind {
        StepKind::Uses { uses, .. } => found.push(uses.value.to_string()),
        StepKind::Parallel { steps } => steps.iter().for_each(|step| uses_of_step(step, found)),
        _ => {}
    }
}

/// What an action or a reusable workflow uses in its turn.
fn nested(path: &Path, bytes: &[u8]) -> Result<Vec<String>, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut sources = SourceMap::default();
    if name != "action.yml" && name != "action.yaml" {
        let (workflow, found) = read_workflow(&mut sources, &path.display().to_string(), bytes);
        let error = found.iter().find(|one| one.is_error()).map(|one| one.message.clone());
        return workflow.as_ref().map(uses_of).ok_or_else(|| error.unwrap_or_default());
    }
    let id = sources.add(path.display().to_string(), String::from_utf8_lossy(bytes).into_owned());
    let parsed = workflow::parse_action(id, bytes);
    let error = parsed.diagnostics.iter().find(|one| one.is_error()).map(|one| one.message.clone());
    let action = parsed.value.ok_or_else(|| error.unwrap_or_default())?;
    let mut found = Vec::new();
    if let Runs::Composite(composite) = &action.runs {
        composite.steps.iter().for_each(|step| uses_of_step(step, &mut found));
    }
    Ok(found)
}
