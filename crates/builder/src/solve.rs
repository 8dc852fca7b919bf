//! From steps to layers: looked up by key, else carried out, branches side by side.
//!
//! Each step has two keys. One says what the instruction is and what it stands on, so that a result is found without looking at
//! anything below. The other says the same with contents in place of instructions: it finds a result that was made another way
//! from the same files.

mod files;
mod key;
mod process;
mod unpacked;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::copy::Selection;
use crate::event::Event;
use crate::graph::{Graph, Layer, Op, StepRef, Tree};
use crate::keys::{Key, of_layers};
use crate::results::{Record, Results};
use crate::session::Session;
use crate::view::{Layers, View};
use crate::{Build, Error};
pub(crate) use unpacked::Stack;
use unpacked::UnpackedLayers;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Finds the layers of steps.
pub(crate) struct Solver<'a> {
    pub(crate) build: &'a Build,
    pub(crate) session: Arc<Session>,
    pub(crate) graph: &'a Graph,
    pub(crate) results: &'a Results,
    pub(crate) remote: &'a crate::cache::Remote,
    pub(crate) sources: &'a Mutex<span::SourceMap>,
    pub(crate) secrets: &'a crate::secrets::Secrets,
    pub(crate) epoch: i64,
    nodes: Vec<Node>,
    unpacked: Arc<UnpackedLayers>,
    /// One lock for each result that is being made, also for other platforms.
    pub(crate) busy: &'a Busy,
}

/// Results that are being made.
#[derive(Default)]
pub(crate) struct Busy(Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>);

impl Busy {
    fn lock(&self, key: &Key) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default())
    }
}

#[derive(Default)]
struct Node {
    key: OnceCell<Key>,
    layers: OnceCell<Arc<Vec<Layer>>>,
    unpacked: OnceCell<Arc<Stack>>,
    sources: OnceCell<Arc<Vec<Fetched>>>,
    /// Known when it was needed.
    content_key: OnceCell<Key>,
    told: std::sync::atomic::AtomicBool,
}

/// One source of a `COPY` or `ADD`, got hold of as far as that needs no other step.
pub(crate) enum Fetched {
    /// Files of a context.
    Chosen {
        files: Arc<crate::inputs::Files>,
        selection: Selection,
        digest: [u8; 32],
    },
    /// Files of another step; nothing is known yet.
    OfStep,
    Inline,
    /// A file from the web.
    File {
        path: std::path::PathBuf,
        digest: [u8; 32],
    },
    /// A file from the web whose digest the instruction gives: fetched only if it is needed.
    Promised {
        checksum: image::Digest,
    },
    /// A repository.
    Tree {
        view: Arc<dyn View>,
        digest: [u8; 32],
        selection: Selection,
    },
}

impl<'a> Solver<'a> {
    #[expect(clippy::too_many_arguments, reason = "everything that is the same for all steps")]
    pub(crate) fn new(
        build: &'a Build,
        session: Arc<Session>,
        graph: &'a Graph,
        results: &'a Results,
        remote: &'a crate::cache::Remote,
        sources: &'a Mutex<span::SourceMap>,
        secrets: &'a crate::secrets::Secrets,
        busy: &'a Busy,
        epoch: i64,
    ) -> Self {
        let nodes = graph.steps.iter().map(|_| Node::default()).collect();
        Self { build, session, graph, results, remote, sources, secrets, epoch, nodes, unpacked: Arc::default(), busy }
    }

    /// The layers a step leaves, bottom first. Their blobs may be elsewhere: see [`Self::fetch`].
    pub(crate) fn layers(&self, step: Option<StepRef>) -> Boxed<'_, Arc<Vec<Layer>>> {
        Box::pin(async move {
            let Some(step) = step else { return Ok(Arc::new(Vec::new())) };
            self.nodes[step].layers.get_or_try_init(|| self.solve(step)).await.cloned()
        })
    }

    /// The layers of the step that a build is about. All that is needed for it is begun from below: however many steps
    /// there are, none has to begin another from within itself.
    pub(crate) async fn layers_of_head(&self, head: Option<StepRef>) -> Result<Arc<Vec<Layer>>, Error> {
        let Some(head) = head else { return Ok(Arc::new(Vec::new())) };
        let reached = self.closure(head, |_| false);
        for index in &reached {
            if !matches!(self.graph.steps[*index].op, Op::Base { .. }) {
                self.key(*index).await?;
            }
        }
        // What lies below a known result is not looked at.
        let known = |index: StepRef| {
            let key = self.nodes[index].key.get();
            key.is_some_and(|key| self.results.find(key, self.graph.steps[index].fresh).is_some())
        };
        let needed = self.closure(head, known);
        futures_util::future::try_join_all(needed.iter().map(|index| self.layers(Some(*index)))).await?;
        self.layers(Some(head)).await
    }

    /// The step and what it needs, each after all that it needs; nothing below those that `ends` holds for.
    fn closure(&self, head: StepRef, ends: impl Fn(StepRef) -> bool) -> Vec<StepRef> {
        let mut seen = std::collections::BTreeSet::from([head]);
        let mut open = vec![head];
        while let Some(index) = open.pop() {
            if ends(index) {
                continue;
            }
            let below = self.graph.steps[index].below;
            open.extend(below.into_iter().chain(self.inputs(index)).filter(|next| seen.insert(*next)));
        }
        seen.into_iter().collect()
    }

    async fn solve(&self, index: StepRef) -> Result<Arc<Vec<Layer>>, Error> {
        let step = &self.graph.steps[index];
        if let Op::Base { layers } = &step.op {
            self.tell_cached(index);
            return Ok(Arc::new(layers.clone()));
        }
        let key = self.key(index).await?;
        if let Some(record) = self.results.find(&key, step.fresh) {
            self.tell_cached(index);
            return Ok(Arc::new(record.layers));
        }
        let inputs = self.inputs(index);
        let below = self.layers(step.below);
        let others = futures_util::future::try_join_all(inputs.iter().map(|input| self.layers(Some(*input))));
        let (below, _) = futures_util::future::try_join(below, others).await?;
        let content_key = self.content_key(index, &below).await?;
        let _ = self.nodes[index].content_key.set(content_key.clone());
        let lock = self.busy.lock(&content_key);
        let _made_by_one = lock.lock().await;
        let found = self.results.find(&content_key, step.fresh);
        let own = match found {
            Some(record) => {
                self.tell_cached(index);
                record.layers
            }
            None => {
                let _permit = self.session.permits.acquire().await.map_err(|_| Error::Interrupted)?;
                self.nodes[index].told.store(true, std::sync::atomic::Ordering::Relaxed);
                let layer = self.session.telling(step.id, self.carry_out(index, &below)).await?;
                let record = Record { layers: vec![layer] };
                self.results.keep(&content_key, &record)?;
                record.layers
            }
        };
        let whole: Vec<Layer> = below.iter().cloned().chain(own).collect();
        self.results.keep(&key, &Record { layers: whole.clone() })?;
        Ok(Arc::new(whole))
    }

    /// The steps whose files a step reads beside those it stands on.
    pub(crate) fn inputs(&self, index: StepRef) -> Vec<StepRef> {
        let of_tree = |tree: &Tree| match tree {
            Tree::Step(step) => *step,
            Tree::Context(_) => None,
        };
        match &self.graph.steps[index].op {
            Op::Base { .. } | Op::Workdir { .. } => Vec::new(),
            Op::Run(run) => run.mounts.iter().filter_map(|mount| of_tree(mount.tree.as_ref()?)).collect(),
            Op::Copy(copy) => {
                let trees = copy.sources.iter().filter_map(|source| match source {
                    crate::graph::CopySource::Paths { tree, .. } => of_tree(tree),
                    _ => None,
                });
                trees.collect()
            }
        }
    }

    /// Says that nothing had to be done for a step, nor for those that only it needed.
    fn tell_cached(&self, index: StepRef) {
        use std::sync::atomic::Ordering;
        let (mut pending, mut known) = (vec![index], Vec::new());
        while let Some(index) = pending.pop() {
            if self.nodes[index].told.swap(true, Ordering::Relaxed) {
                continue;
            }
            known.push(index);
            pending.extend(self.graph.steps[index].below);
            pending.extend(self.inputs(index));
        }
        // As they stand in the file.
        known.sort_unstable();
        for index in known {
            self.session.events.send(Event::Cached { step: self.graph.steps[index].id });
        }
    }

    /// Makes sure that the blobs of layers are in the store.
    pub(crate) async fn fetch(&self, layers: &[Layer]) -> Result<(), Error> {
        for layer in layers {
            if !self.session.store.blobs().contains(&layer.descriptor.digest) {
                self.remote.fetch(&self.session, &layer.descriptor).await?;
            }
        }
        Ok(())
    }

    /// The layers of a step as directories.
    pub(crate) async fn unpacked(&self, step: Option<StepRef>) -> Result<Option<Arc<Stack>>, Error> {
        let Some(index) = step else { return Ok(None) };
        let unpack = async || {
            let layers = self.layers(Some(index)).await?;
            self.fetch(&layers).await?;
            let (store, known) = (self.session.store.clone(), Arc::clone(&self.unpacked));
            let stack = crate::blocking::run(move || Ok(known.stack(&store, &layers))).await?;
            stack.map_err(|error| self.not_unpacked(error))
        };
        self.nodes[index].unpacked.get_or_try_init(unpack).await.cloned().map(Some)
    }

    /// Why layers could not be unpacked, with the place of the image that brings the bad one.
    fn not_unpacked(&self, error: image::Error) -> Error {
        let bad = match &error {
            image::Error::Layer { layer, .. } => Some(*layer),
            image::Error::Absent { digest, .. } | image::Error::Size { digest, .. } => Some(*digest),
            _ => None,
        };
        let brings = |op: &Op| match op {
            Op::Base { layers } => layers.iter().any(|layer| Some(layer.descriptor.digest) == bad),
            _ => false,
        };
        match self.graph.steps.iter().position(|step| brings(&step.op)) {
            Some(index) => self.at(index, format!("the image cannot be unpacked: {error}")),
            None => Error::Io { what: "unpacking layers".to_owned(), source: std::io::Error::other(error) },
        }
    }

    /// The files a step leaves.
    pub(crate) async fn view(&self, step: Option<StepRef>) -> Result<Arc<dyn View>, Error> {
        let stack = self.unpacked(step).await?;
        let lowers = stack.as_ref().map(|stack| stack.lowers().to_vec()).unwrap_or_default();
        let by_user = self.session.store.privilege() == image::layer::Privilege::User;
        Ok(Arc::new(Layers::new(lowers, by_user, stack)))
    }

    /// What stands for the content of a step in keys.
    pub(crate) async fn content_of(&self, step: Option<StepRef>) -> Result<Key, Error> {
        Ok(of_layers(&self.layers(step).await?))
    }

    /// Results for a cache elsewhere: of the steps that lead to `head`, or of all. The former are the same whether they were made
    /// or known, as they may become part of an image.
    pub(crate) async fn records(
        &self,
        head: Option<StepRef>,
        mode: crate::CacheMode,
    ) -> Result<Vec<(Key, Record)>, Error> {
        let mut steps = Vec::new();
        match mode {
            crate::CacheMode::Max => steps.extend(0..self.graph.steps.len()),
            crate::CacheMode::Min => {
                let mut next = head;
                while let Some(step) = next {
                    steps.push(step);
                    next = self.graph.steps[step].below;
                }
            }
        }
        let mut records = Vec::new();
        for index in steps {
            if matches!(self.graph.steps[index].op, Op::Base { .. }) {
                continue;
            }
            let by_content = self.nodes[index].content_key.get().filter(|_| mode == crate::CacheMode::Max);
            let keys = [Some(self.key(index).await?), by_content.cloned()];
            for key in keys.into_iter().flatten() {
                if let Some(record) = self.results.find(&key, false) {
                    records.push((key, record));
                }
            }
        }
        Ok(records)
    }

    /// An error of an instruction with its place.
    pub(crate) fn at(&self, index: StepRef, message: impl std::fmt::Display) -> Error {
        let message = message.to_string();
        let Some(span) = self.graph.steps[index].span else { return Error::Request(message) };
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let report = crate::report::instruction(&sources, span, &message);
        Error::Instruction { message, report }
    }

    async fn carry_out(&self, index: StepRef, below: &[Layer]) -> Result<Layer, Error> {
        match &self.graph.steps[index].op {
            Op::Base { .. } => Err(Error::Interrupted),
            Op::Workdir { path, user } => self.make_directory(index, path, user).await,
            Op::Copy(copy) => self.copy_files(index, copy).await,
            Op::Run(run) => self.run_process(index, run, below).await,
        }
    }

    fn node_sources(&self, index: StepRef) -> &OnceCell<Arc<Vec<Fetched>>> {
        &self.nodes[index].sources
    }

    fn node_key(&self, index: StepRef) -> &OnceCell<Key> {
        &self.nodes[index].key
    }
}
