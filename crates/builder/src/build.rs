//! One build from its request to what comes of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use dockerfile::ignore::Ignore;
use dockerfile::{CheckInput, Dockerfile, Plan, PlanInput};
use image::Platform;
use span::{Diagnostic, FileId, SourceMap};

use crate::cache::{self, Remote};
use crate::event::Event;
use crate::graph::Graph;
use crate::images::Images;
use crate::inputs::{DockerfileText, Files};
use crate::output::{self, Made};
use crate::request::{CacheLocation, CacheMode, Context, DEFAULT_EPOCH};
use crate::results::Results;
use crate::secrets::Secrets;
use crate::session::Session;
use crate::solve::{Busy, Solver};
use crate::translate::{Target, Translator};
use crate::{Build, Built, Error, Events, Ground};

/// One platform's steps and where they lead.
struct Part {
    platform: Platform,
    graph: Graph,
    target: Target,
}

impl Build {
    /// Builds. Dropping the future ends every process of the build and removes what was half done.
    pub async fn run(&self, ground: &Ground, events: Events) -> Result<Built, Error> {
        let session = Arc::new(Session::new(ground, self, events).await?);
        let secrets = Secrets::read(&self.secrets)?;
        let inputs = Inputs::load(self, &session).await?;
        let outcome = self.with_inputs(&session, &secrets, &inputs).await;
        inputs.save();
        outcome
    }

    async fn with_inputs(&self, session: &Arc<Session>, secrets: &Secrets, inputs: &Inputs) -> Result<Built, Error> {
        let epoch = self.epoch()?;
        let images = Images::new(Arc::clone(session), self.pull, self.offline);
        let (results, remote, busy) = (Results::new(session.store.clone()), Remote::default(), Busy::default());
        let writing = {
            let store = session.store.clone();
            crate::blocking::run(move || store.writing().map_err(store_failed)).await?
        };
        cache::import(self, session, &results, &remote).await;
        let platforms = if self.platforms.is_empty() { vec![Platform::host()] } else { self.platforms.clone() };
        let mut parts = Vec::new();
        for platform in platforms {
            let plan = self.plan(inputs, &platform)?;
            for name in plan.unused_args.iter().filter(|_| parts.is_empty()) {
                let message = format!("the build argument {name} is used nowhere");
                session.events.send(Event::Warning { message, line: None });
            }
            let translator = Translator::new(
                self,
                session,
                &images,
                &inputs.file,
                &inputs.sources,
                &plan,
                platform.clone(),
                Arc::clone(&inputs.context),
                &inputs.named,
                epoch,
            );
            let (graph, target) = translator.run().await?;
            if parts.is_empty() {
                self.check(session, inputs, &plan, &target)?;
            }
            parts.push(Part { platform, graph, target });
        }
        let solvers: Vec<Solver<'_>> = parts
            .iter()
            .map(|part| {
                let session = Arc::clone(session);
                let (sources, graph) = (&inputs.sources, &part.graph);
                Solver::new(self, session, graph, &results, &remote, sources, secrets, &busy, epoch)
            })
            .collect();
        let heads = parts.iter().zip(&solvers).map(|(part, solver)| solver.layers_of_head(part.target.head));
        let layers = futures_util::future::try_join_all(heads).await?;
        let wants_blobs =
            !self.outputs.iter().all(|output| output.kind == crate::OutputKind::CacheOnly) || self.outputs.is_empty();
        let mut made = Vec::new();
        for ((part, solver), layers) in parts.iter().zip(&solvers).zip(layers) {
            if wants_blobs {
                solver.fetch(&layers).await?;
            }
            let records = if self.cache_to.contains(&CacheLocation::Inline) {
                solver.records(part.target.head, CacheMode::Min).await?
            } else {
                Vec::new()
            };
            made.push(Made {
                platform: part.target.platform.clone(),
                asked: part.platform.clone(),
                config: part.target.config.clone(),
                layers: layers.to_vec(),
                materials: part.target.materials.clone(),
                inline: records,
            });
        }
        let subject = output::Subject {
            build: self,
            session,
            epoch,
            dockerfile: &inputs.text.name,
            text: &inputs.text.text,
            commit: inputs.context.commit.as_deref(),
            steps: parts
                .first()
                .map(|part| part.graph.steps.iter().map(|step| step.shown.clone()).collect())
                .unwrap_or_default(),
        };
        let built =
            output::write(&subject, made, &solvers, &parts.iter().map(|part| part.target.head).collect::<Vec<_>>())
                .await;
        let built = built?;
        drop(writing);
        self.export_cache(session, &parts, &solvers).await?;
        Ok(built)
    }

    async fn export_cache(&self, session: &Session, parts: &[Part], solvers: &[Solver<'_>]) -> Result<(), Error> {
        for location in &self.cache_to {
            let mode = match location {
                CacheLocation::Registry { mode, .. } | CacheLocation::Local { mode, .. } => *mode,
                CacheLocation::Inline => continue,
            };
            let mut records = Vec::new();
            for (part, solver) in parts.iter().zip(solvers) {
                let found = solver.records(part.target.head, mode).await?;
                for (_, record) in &found {
                    solver.fetch(&record.layers).await?;
                }
                records.extend(found);
            }
            cache::export(location, records, session).await?;
        }
        Ok(())
    }

    /// Tells what builds, though hardly as meant. With `# check=error=true` that stops the build.
    fn check(&self, session: &Session, inputs: &Inputs, plan: &Plan, target: &Target) -> Result<(), Error> {
        let input = CheckInput {
            build_args: self.args.clone(),
            bases: target.facts.clone(),
            ignore: inputs.context.ignore(),
            all_stages: false,
        };
        let found = dockerfile::check(&inputs.file, plan, &input);
        let sources = inputs.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if found.iter().any(Diagnostic::is_error) {
            return Err(Error::Dockerfile { report: crate::report::diagnostics(&sources, &found) });
        }
        for problem in found {
            let line = problem.primary.map(|span| sources.position(span).line as usize);
            session.events.send(Event::Warning { message: problem.message, line });
        }
        Ok(())
    }

    /// The time that everything which is made carries.
    fn epoch(&self) -> Result<i64, Error> {
        if let Some(epoch) = self.source_date_epoch {
            return Ok(epoch);
        }
        match self.args.get("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) {
            None => Ok(DEFAULT_EPOCH),
            Some(text) => text
                .parse()
                .map_err(|_| Error::Request(format!("SOURCE_DATE_EPOCH is seconds since 1970, not `{text}`"))),
        }
    }

    fn plan(&self, inputs: &Inputs, platform: &Platform) -> Result<Plan, Error> {
        let input = PlanInput {
            target: self.target.clone(),
            build_args: self.args.clone(),
            build_platform: Platform::host().to_string(),
            target_platform: platform.to_string(),
            contexts: self.contexts.keys().cloned().collect::<BTreeSet<_>>(),
        };
        Plan::new(&inputs.file, &input).map_err(|problems| {
            let sources = inputs.sources.lock().unwrap_or_else(PoisonError::into_inner);
            Error::Dockerfile { report: crate::report::diagnostics(&sources, &problems) }
        })
    }
}

/// What a build reads.
struct Inputs {
    text: DockerfileText,
    file: Dockerfile,
    sources: Mutex<SourceMap>,
    context: Arc<Files>,
    named: HashMap<String, Arc<Files>>,
}

impl Inputs {
    async fn load(build: &Build, session: &Session) -> Result<Self, Error> {
        let stats = session.dir.join("stats");
        let step = session.plan("[internal] load build context", "", None);
        let load = async {
            let files = Files::load("context", &build.context, &session.scratch, &stats, &session.events).await?;
            let mut named = HashMap::new();
            for (name, context) in &build.contexts {
                if matches!(context, Context::Image(_) | Context::OciLayout { .. } | Context::Stage(_)) {
                    continue;
                }
                let files = Files::load(name, context, &session.scratch, &stats, &session.events).await?;
                set_ignore(&files, crate::inputs::ignore_of(&files)?)?;
                named.insert(name.clone(), Arc::new(files));
            }
            Ok((files, named))
        };
        let (context, named) = session.telling(step, load).await?;
        let text = DockerfileText::read(&build.dockerfile, &context)?;
        let mut sources = SourceMap::new();
        let id = sources.add(text.name.as_str(), text.text.as_str());
        let parsed = dockerfile::parse(id, &text.text);
        let file =
            parsed.map_err(|problems| Error::Dockerfile { report: crate::report::diagnostics(&sources, &problems) })?;
        if let Some(syntax) = file.syntax.as_ref().filter(|syntax| !syntax.text.contains("docker/dockerfile")) {
            let message = format!(
                "# syntax={} is not fetched: the instructions are read as BuildKit's newest dialect",
                syntax.text
            );
            session.events.send(Event::Warning { message, line: Some(1) });
        }
        set_ignore(&context, text.ignore.clone())?;
        Ok(Self { text, file, sources: Mutex::new(sources), context: Arc::new(context), named })
    }

    /// Keeps what was learnt about files; if that fails, they are read again next time.
    fn save(&self) {
        let all = std::iter::once(&self.context).chain(self.named.values());
        all.for_each(|files| drop(files.stats.save()));
    }
}

fn set_ignore(files: &Files, ignore: Option<(String, String)>) -> Result<(), Error> {
    let Some((name, text)) = ignore else { return Ok(()) };
    let mut sources = SourceMap::new();
    let id: FileId = sources.add(name.as_str(), text.as_str());
    match Ignore::parse(id, &text) {
        Ok(ignore) => files.set_ignore(ignore),
        Err(problems) => return Err(Error::Dockerfile { report: crate::report::diagnostics(&sources, &problems) }),
    }
    Ok(())
}

pub(crate) fn store_failed(error: image::Error) -> Error {
    Error::Io { what: "writing to the store of images".to_owned(), source: std::io::Error::other(error) }
}
