//! Which stages a target needs, and what they are made from.

mod globals;
mod names;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use span::{Diagnostic, Span, did_you_mean};

use crate::{Dockerfile, Expander, Instruction, InstructionKind, Stage, Word};
use names::same_name;

/// What a build brings along.
#[derive(Debug, Clone, Default)]
pub struct PlanInput {
    /// The stage to build, by name or number; the last one if `None`.
    pub target: Option<String>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// `os/arch[/variant]` of the machine that builds.
    pub build_platform: String,
    /// `os/arch[/variant]` of the image.
    pub target_platform: String,
    /// Names of `--build-context`; they stand in front of stages and images.
    pub contexts: BTreeSet<String>,
}

/// A file with its global arguments known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The index of the stage that is asked for.
    pub target: usize,
    /// One for each stage of the file.
    pub stages: Vec<StagePlan>,
    /// Stages that the target needs, it included, each after all that it needs.
    pub order: Vec<usize>,
    /// The values of `ARG` before the first `FROM` and of the platform arguments; what an `ARG` in a stage takes
    /// when it has no value of its own.
    pub globals: BTreeMap<String, String>,
    /// Names given with `--build-arg` that the file never declares.
    pub unused_args: Vec<String>,
}

/// What a stage is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagePlan {
    pub base: Base,
    /// A named context of the stage's own name stands in for it: its instructions do not run.
    pub replaced: bool,
    /// `--platform` with its variables put in.
    pub platform: Option<String>,
    /// Stages it reads by `FROM`, `COPY --from` and `RUN --mount=from=`.
    pub needs: BTreeSet<usize>,
    /// Images and named contexts it reads by `COPY --from` and `RUN --mount=from=`.
    pub outside: BTreeSet<String>,
}

/// Where a stage begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    Scratch,
    /// An earlier stage.
    Stage(usize),
    /// A named context stands in for the image or for the stage itself.
    Context(String),
    /// An image's reference.
    Image(String),
}

/// What `from` means in `COPY --from` and `RUN --mount=from=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    Scratch,
    Stage(usize),
    Context(String),
    Image(String),
}

impl Plan {
    /// Puts variables into every `FROM` and finds what the target needs.
    pub fn new(file: &Dockerfile, input: &PlanInput) -> Result<Plan, Vec<Diagnostic>> {
        Plan::with_triggers(file, input, &BTreeMap::new())
    }

    /// The same, with the `ONBUILD` instructions that the base images of stages (by index) bring along: they may read
    /// more stages.
    pub fn with_triggers(
        file: &Dockerfile,
        input: &PlanInput,
        triggers: &BTreeMap<usize, Vec<Instruction>>,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let target = target(file, input).map_err(|diagnostic| vec![diagnostic])?;
        let globals = globals::globals(file, input, target)?;
        let mut planner =
            Planner { file, input, globals: &globals, triggers, names: names_of(file), broken: BTreeMap::new() };
        let stages: Vec<StagePlan> = file.stages.iter().map(|stage| planner.stage(stage)).collect();
        let Planner { broken, .. } = planner;
        let order = reachable(&stages, target);
        let mut problems = Vec::new();
        // What is wrong in a stage that nobody needs does not keep the others from being built.
        for index in &order {
            problems.extend(broken.get(index).cloned().unwrap_or_default());
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let unused_args = globals::unused(file, input);
        Ok(Plan { target, stages, order, globals, unused_args })
    }

    /// What `from` means in a stage: a number or the name of a stage, a named context, an image.
    pub fn source(&self, file: &Dockerfile, contexts: &BTreeSet<String>, from: &str, by_number: bool) -> From {
        meaning(&names_of(file), contexts, from, by_number)
    }
}

fn names_of(file: &Dockerfile) -> HashMap<String, Vec<usize>> {
    let mut names: HashMap<String, Vec<usize>> = HashMap::new();
    for stage in &file.stages {
        if let Some(name) = &stage.name {
            names.entry(name.text.to_lowercase()).or_default().push(stage.index);
        }
    }
    names
}

fn target(file: &Dockerfile, input: &PlanInput) -> Result<usize, Diagnostic> {
    let Some(wanted) = &input.target else {
        return Ok(file.stages.len().saturating_sub(1));
    };
    let by_number = || wanted.parse().ok().filter(|index: &usize| *index < file.stages.len());
    if let Some(index) = file.stage_named(wanted).map(|stage| stage.index).or_else(by_number) {
        return Ok(index);
    }
    let names: Vec<&str> = file.stages.iter().filter_map(|stage| stage.name.as_ref().map(Word::as_str)).collect();
    let diagnostic = Diagnostic::error("dockerfile/unknown-stage", format!("there is no stage `{wanted}` to build"));
    Err(match (did_you_mean(wanted, names.iter().copied()), names.is_empty()) {
        (Some(near), _) => diagnostic.help(format!("did you mean `{near}`?")),
        (None, false) => diagnostic.help(format!("stages are `{}`", names.join("`, `"))),
        (None, true) => diagnostic.help("no stage has a name: `FROM image AS name` gives one"),
    })
}

/// The stages a target needs, each after all that it needs: needs always point backwards.
fn reachable(stages: &[StagePlan], target: usize) -> Vec<usize> {
    let mut seen = BTreeSet::from([target]);
    let mut open = vec![target];
    while let Some(index) = open.pop() {
        let needs = stages.get(index).map(|stage| stage.needs.iter().copied()).into_iter().flatten();
        open.extend(needs.filter(|need| seen.insert(*need)));
    }
    seen.into_iter().collect()
}

fn meaning(names: &HashMap<String, Vec<usize>>, contexts: &BTreeSet<String>, from: &str, by_number: bool) -> From {
    if let Some(index) = from.parse().ok().filter(|_| by_number) {
        return From::Stage(index);
    }
    // Of several stages of one name the last one is meant.
    if let Some(index) = names.get(&from.to_lowercase()).and_then(|indices| indices.last()) {
        return From::Stage(*index);
    }
    if let Some(context) = context(contexts, from) {
        return From::Context(context);
    }
    if from == "scratch" { From::Scratch } else { From::Image(from.to_owned()) }
}

fn context(contexts: &BTreeSet<String>, name: &str) -> Option<String> {
    if name.eq_ignore_ascii_case("scratch") || name.eq_ignore_ascii_case("context") {
        return None;
    }
    contexts.iter().find(|own| same_name(own, name)).cloned()
}

struct Planner<'a> {
    file: &'a Dockerfile,
    input: &'a PlanInput,
    globals: &'a BTreeMap<String, String>,
    triggers: &'a BTreeMap<usize, Vec<Instruction>>,
    /// The stages of each name, in order.
    names: HashMap<String, Vec<usize>>,
    /// Problems that count only if the stage is needed.
    broken: BTreeMap<usize, Vec<Diagnostic>>,
}

impl Planner<'_> {
    fn stage(&mut self, stage: &Stage) -> StagePlan {
        let mut plan = StagePlan {
            base: Base::Scratch,
            replaced: false,
            platform: self.platform(stage),
            needs: BTreeSet::new(),
            outside: BTreeSet::new(),
        };
        let own = stage.name.as_ref().and_then(|name| context(&self.input.contexts, &name.text));
        if let Some(context) = own {
            plan.base = Base::Context(context);
            plan.replaced = true;
            return plan;
        }
        plan.base = self.base(stage);
        let mut instructions: Vec<&Instruction> = stage.instructions.iter().collect();
        instructions.extend(self.triggers.get(&stage.index).into_iter().flatten());
        if let Base::Stage(index) = plan.base {
            plan.needs.insert(index);
            // What a stage leaves to its children is theirs to do.
            let inherited = self.file.stages.get(index).map(|base| base.instructions.as_slice()).unwrap_or_default();
            instructions.extend(inherited.iter().filter_map(|instruction| match &instruction.kind {
                InstructionKind::Onbuild(onbuild) => Some(&*onbuild.instruction),
                _ => None,
            }));
        }
        for instruction in instructions {
            match &instruction.kind {
                InstructionKind::Copy(copy) => {
                    if let Some(from) = &copy.from {
                        self.need(stage, &mut plan, &from.text, from.span, true);
                    }
                }
                InstructionKind::Run(run) => {
                    for from in run.mounts.iter().filter_map(crate::MountFlag::from) {
                        self.need(stage, &mut plan, &from.text, from.span, false);
                    }
                }
                _ => {}
            }
        }
        plan
    }

    fn need(&mut self, stage: &Stage, plan: &mut StagePlan, from: &str, span: Span, by_number: bool) {
        let index = match meaning(&self.names, &self.input.contexts, from, by_number) {
            From::Scratch => return,
            From::Context(name) | From::Image(name) => {
                plan.outside.insert(name);
                return;
            }
            From::Stage(index) => index,
        };
        if index < stage.index {
            plan.needs.insert(index);
            return;
        }
        let diagnostic = match self.file.stages.get(index) {
            None => Diagnostic::error("dockerfile/unknown-stage", format!("there is no stage {index}"))
                .at(span)
                .help(format!("stages are counted from 0; this is stage {}", stage.index)),
            Some(_) if index == stage.index => {
                Diagnostic::error("dockerfile/later-stage", "a stage cannot read from itself")
                    .at(span)
                    .related(stage.span, "the stage begins here")
            }
            Some(other) => {
                let message = format!("the stage `{}` comes after this one", other.display_name());
                Diagnostic::error("dockerfile/later-stage", message)
                    .at(span)
                    .related(other.span, "it begins here")
                    .help("a stage reads from stages above it only")
            }
        };
        self.broken.entry(stage.index).or_default().push(diagnostic);
    }

    fn base(&mut self, stage: &Stage) -> Base {
        let name = match Expander::new(self.file.escape, self.globals).word(&stage.base) {
            Ok(word) => word.text,
            Err(diagnostic) => {
                self.broken.entry(stage.index).or_default().push(diagnostic);
                return Base::Scratch;
            }
        };
        if name.is_empty() {
            let message = format!("`{}` gives no name of an image", stage.base.text);
            let diagnostic = Diagnostic::error("dockerfile/base-name", message).at(stage.base.span);
            let diagnostic = self.hint(diagnostic, &stage.base);
            self.broken.entry(stage.index).or_default().push(diagnostic);
            return Base::Scratch;
        }
        // Above this one the nearest stage of that name is meant.
        let own = self.names.get(&name.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
        if let Some(index) = own.iter().rev().find(|index| **index < stage.index) {
            return Base::Stage(*index);
        }
        if let Some(context) = context(&self.input.contexts, &name) {
            return Base::Context(context);
        }
        if name == "scratch" { Base::Scratch } else { Base::Image(name) }
    }

    /// Tells that a variable in `FROM` was never declared, with the one that was meant.
    fn hint(&self, diagnostic: Diagnostic, word: &Word) -> Diagnostic {
        let mut expander = Expander::new(self.file.escape, self.globals);
        let _ = expander.word(word);
        let Some((missing, _)) = expander.missing.first() else {
            return diagnostic.help("give the argument a default, or a value with `--build-arg`");
        };
        let declared = || self.file.global_args.iter().flat_map(|arg| &arg.definitions).map(|own| own.name.as_str());
        if declared().any(|own| own == missing) {
            return diagnostic.help(format!("give `{missing}` a default, or a value with `--build-arg {missing}=…`"));
        }
        match did_you_mean(missing, declared().chain(self.globals.keys().map(String::as_str))) {
            Some(near) => diagnostic.help(format!("`{missing}` is not declared: did you mean `{near}`?")),
            None => diagnostic.help(format!("`ARG {missing}` has to stand before the first `FROM`")),
        }
    }

    fn platform(&mut self, stage: &Stage) -> Option<String> {
        let word = stage.platform.as_ref()?;
        let text = match Expander::new(self.file.escape, self.globals).word(word) {
            Ok(word) => word.text,
            Err(diagnostic) => {
                self.broken.entry(stage.index).or_default().push(diagnostic);
                return None;
            }
        };
        if names::is_platform(&text) {
            return Some(text);
        }
        let what =
            if text.is_empty() { format!("`{}` gives nothing", word.text) } else { format!("`{text}` is no platform") };
        let diagnostic = Diagnostic::error("dockerfile/platform", what)
            .at(word.span)
            .help("a platform is `os/architecture` or `os/architecture/variant`, such as `linux/arm64`");
        let diagnostic = if text.is_empty() { self.hint(diagnostic, word) } else { diagnostic };
        self.broken.entry(stage.index).or_default().push(diagnostic);
        None
    }
}
