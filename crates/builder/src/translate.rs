//! From the stages of a Dockerfile to steps, with every word resolved, and to the configuration of the image.

mod config;
mod copy;
mod named;
mod run;
mod stage;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dockerfile::{Base, BaseFacts, Dockerfile, InstructionKind, Plan};
use image::{ImageConfiguration, Platform};
use span::{Diagnostic, FileId, SourceMap, Span};

use crate::graph::{Graph, Op, Step, StepRef, Tree};
use crate::images::Images;
use crate::inputs::Files;
use crate::request::{Context, NoCache};
use crate::session::Session;
use crate::{Build, Error};

pub(crate) use stage::StageState;

/// Turns one file into steps for one platform.
pub(crate) struct Translator<'a> {
    pub(crate) build: &'a Build,
    pub(crate) session: &'a Session,
    pub(crate) images: &'a Images,
    pub(crate) file: &'a Dockerfile,
    pub(crate) sources: &'a std::sync::Mutex<SourceMap>,
    pub(crate) plan: &'a Plan,
    pub(crate) platform: Platform,
    pub(crate) context: Arc<Files>,
    /// Named contexts that are files, loaded already.
    pub(crate) named: &'a HashMap<String, Arc<Files>>,
    pub(crate) epoch: i64,
    pub(crate) graph: Graph,
    states: HashMap<usize, StageState>,
    /// What base images bring along, for the checks.
    facts: BTreeMap<usize, BaseFacts>,
    /// The stage that is being translated.
    current: Option<usize>,
    /// Images and named contexts that are read from.
    outside: HashMap<String, Tree>,
}

/// The end of a build's stage: its files and its configuration.
pub(crate) struct Target {
    pub(crate) head: Option<StepRef>,
    pub(crate) config: ImageConfiguration,
    pub(crate) platform: Platform,
    /// Base images by name, with the digest of their manifests.
    pub(crate) materials: Vec<(String, image::Digest)>,
    /// What the base images of stages bring along.
    pub(crate) facts: BTreeMap<usize, BaseFacts>,
}

impl<'a> Translator<'a> {
    #[expect(clippy::too_many_arguments, reason = "everything that a file's meaning depends on")]
    pub(crate) fn new(
        build: &'a Build,
        session: &'a Session,
        images: &'a Images,
        file: &'a Dockerfile,
        sources: &'a std::sync::Mutex<SourceMap>,
        plan: &'a Plan,
        platform: Platform,
        context: Arc<Files>,
        named: &'a HashMap<String, Arc<Files>>,
        epoch: i64,
    ) -> Self {
        Self {
            build,
            session,
            images,
            file,
            sources,
            plan,
            platform,
            context,
            named,
            epoch,
            graph: Graph::default(),
            states: HashMap::new(),
            facts: BTreeMap::new(),
            current: None,
            outside: HashMap::new(),
        }
    }

    /// Translates every stage that the target needs.
    pub(crate) async fn run(mut self) -> Result<(Graph, Target), Error> {
        for index in self.plan.order.clone() {
            self.stage(index).await?;
        }
        let target = self.plan.target;
        let Some(state) = self.states.remove(&target) else {
            return Err(Error::Request("the target is not among the stages".to_owned()));
        };
        let materials = self.images.materials();
        let target = Target {
            head: state.head,
            config: state.finished(self.build),
            platform: state.platform.clone(),
            materials,
            facts: std::mem::take(&mut self.facts),
        };
        Ok((self.graph, target))
    }

    async fn stage(&mut self, index: usize) -> Result<(), Error> {
        let (Some(stage), Some(plan)) = (self.file.stages.get(index), self.plan.stages.get(index)) else {
            return Ok(());
        };
        let platform = match &plan.platform {
            Some(text) => text.parse().map_err(|error| self.at(stage.span, format!("{error}")))?,
            None => self.platform.clone(),
        };
        let name = stage.display_name();
        let mut state = match &plan.base {
            Base::Scratch => StageState::scratch(&platform, self.epoch),
            Base::Stage(base) => match self.states.get(base) {
                Some(base) => base.inherit(),
                None => return Err(self.at(stage.span, "it begins with a stage that comes later".to_owned())),
            },
            Base::Image(reference) => self.on_image(reference, &platform, stage.span).await?,
            Base::Context(context) => self.on_context(context, &platform, stage.span).await?,
        };
        state.begin(name, stage, self.file.stages.len() > 1);
        state.fresh = match &self.build.no_cache {
            NoCache::No => false,
            NoCache::All => true,
            NoCache::Stages(stages) => stages.iter().any(|name| name.eq_ignore_ascii_case(&state.name)),
        };
        if plan.replaced {
            // A named context stands for the whole stage.
            self.states.insert(index, state);
            return Ok(());
        }
        if matches!(plan.base, Base::Image(_) | Base::Context(_)) {
            self.facts.insert(index, facts(&state, &platform));
        }
        if plan.replaced {
            // A named context stands for what the stage would have made.
            self.states.insert(index, state);
            return Ok(());
        }
        let triggers = std::mem::take(&mut state.triggers);
        let parsed = self.triggers(&triggers, stage.span)?;
        let own = stage.instructions.iter().map(|instruction| (instruction.clone(), false));
        let all: Vec<_> = parsed.into_iter().map(|instruction| (instruction, true)).chain(own).collect();
        state.total += all.iter().filter(|(instruction, _)| makes_step(&instruction.kind)).count();
        for (instruction, is_trigger) in &all {
            state.onbuild = *is_trigger;
            self.current = Some(index);
            self.instruction(&mut state, instruction).await?;
        }
        self.states.insert(index, state);
        Ok(())
    }

    /// Reads the `ONBUILD` instructions of a base image.
    fn triggers(&self, triggers: &[String], at: Span) -> Result<Vec<dockerfile::Instruction>, Error> {
        let mut parsed = Vec::new();
        for trigger in triggers {
            let file = self.lock().add("ONBUILD of the base image", trigger.as_str());
            match dockerfile::parse_trigger(file, trigger) {
                Ok(instruction) => parsed.push(instruction),
                Err(mut problems) => {
                    problems.push(
                        Diagnostic::info("dockerfile/onbuild", "the instruction comes from this base image").at(at),
                    );
                    return Err(self.problems(&problems));
                }
            }
        }
        Ok(parsed)
    }

    /// Adds a step and tells of it.
    pub(crate) fn add(&mut self, state: &mut StageState, span: Span, shown: &str, op: Op) -> StepRef {
        state.number += 1;
        let name = state.step_name(shown, (self.build.platforms.len() > 1).then(|| state.platform.clone()));
        let line = self.line(span);
        let id = self.session.plan(&name, &state.name, line);
        self.graph.add(Step {
            id,
            op,
            below: state.head,
            name,
            span: Some(span),
            platform: state.platform.clone(),
            fresh: state.fresh,
            shown: shown.to_owned(),
        })
    }

    fn line(&self, span: Span) -> Option<usize> {
        (span.file == FileId(0)).then(|| self.lock().position(span).line as usize)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SourceMap> {
        self.sources.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// An error of one instruction, with its place.
    pub(crate) fn at(&self, span: Span, message: String) -> Error {
        let report = crate::report::instruction(&self.lock(), span, &message);
        Error::Instruction { message, report }
    }

    pub(crate) fn problems(&self, problems: &[Diagnostic]) -> Error {
        Error::Dockerfile { report: crate::report::diagnostics(&self.lock(), problems) }
    }

    pub(crate) fn problem(&self, problem: Diagnostic) -> Error {
        self.problems(&[problem])
    }

    /// The tree that `from` names: a stage, a named context or an image.
    pub(crate) async fn tree(&mut self, from: &str, platform: &Platform, span: Span) -> Result<Tree, Error> {
        if let Some(context) = self.context_named(from) {
            return self.context_tree(from, &context, platform, span).await;
        }
        let by_number = from.parse::<usize>().ok().filter(|index| *index < self.file.stages.len());
        let stage = by_number.or_else(|| self.file.stage_named(from).map(|stage| stage.index));
        if let Some(index) = stage {
            if !self.states.contains_key(&index) && self.current.is_some_and(|current| index < current) {
                // Only an instruction that came with a base image reads it.
                Box::pin(self.stage(index)).await?;
            }
            return match self.states.get(&index) {
                Some(state) => Ok(Tree::Step(state.head)),
                None => Err(self.at(span, format!("the stage {from} has to come before this one"))),
            };
        }
        if from.eq_ignore_ascii_case("scratch") {
            return Ok(Tree::Step(None));
        }
        let key = format!("{from} {platform}");
        if let Some(tree) = self.outside.get(&key) {
            return Ok(tree.clone());
        }
        let state = self.on_image(from, platform, span).await?;
        let tree = Tree::Step(state.head);
        self.outside.insert(key, tree.clone());
        Ok(tree)
    }

    pub(crate) fn context_named(&self, name: &str) -> Option<Context> {
        let contexts = &self.build.contexts;
        let exact = contexts.get(name).or_else(|| contexts.get(&name.to_ascii_lowercase()));
        exact.cloned().or_else(|| {
            let wanted = image::Reference::parse(name).ok()?;
            let same = |known: &&String| image::Reference::parse(known).is_ok_and(|known| known == wanted);
            contexts.keys().find(same).and_then(|known| contexts.get(known)).cloned()
        })
    }
}

fn facts(state: &StageState, wanted: &Platform) -> BaseFacts {
    let config = &state.config.config;
    let pairs = config.env.iter().map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    BaseFacts {
        environment: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        shell: config.shell.as_ref().is_some_and(|shell| !shell.is_empty()),
        platforms: Some((state.platform.to_string(), wanted.to_string())),
    }
}

/// Whether an instruction makes a layer.
fn makes_step(kind: &InstructionKind) -> bool {
    use InstructionKind as Kind;
    matches!(kind, Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) | Kind::Workdir(_))
}
