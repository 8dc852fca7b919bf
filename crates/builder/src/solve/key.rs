//! What the keys of each kind of step are made of.

use std::path::PathBuf;
use std::sync::Arc;

use dockerfile::ignore::Ignore;
use dockerfile::{MountKind, Principal};

use super::{Boxed, Fetched, Solver};
use crate::Error;
use crate::copy::{Selection, select};
use crate::event::Event;
use crate::graph::{CopyOp, CopySource, Layer, Op, RunOp, StepRef, Tree};
use crate::inputs::{Downloaded, Files, download};
use crate::keys::{Hashing, Key, of_layers};
use crate::view::{Listing, Verdict, View};

/// With instructions or with contents for what a step stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Definition,
    Content,
}

impl Solver<'_> {
    /// The key that says what a step is and what it stands on.
    pub(crate) fn key(&self, index: StepRef) -> Boxed<'_, Key> {
        Box::pin(async move {
            let make = async || {
                let step = &self.graph.steps[index];
                if let Op::Base { layers } = &step.op {
                    return Ok(of_layers(layers));
                }
                let mut hashing = Hashing::of("definition");
                hashing.text(&self.below_key(step.below).await?);
                self.describe(index, Sort::Definition, &mut hashing).await?;
                Ok(hashing.key())
            };
            self.node_key(index).get_or_try_init(make).await.cloned()
        })
    }

    async fn below_key(&self, step: Option<StepRef>) -> Result<Key, Error> {
        match step {
            Some(step) => self.key(step).await,
            None => Ok(of_layers(&[])),
        }
    }

    /// The key that says which files a step works on, whatever made them.
    pub(crate) async fn content_key(&self, index: StepRef, below: &[Layer]) -> Result<Key, Error> {
        let step = &self.graph.steps[index];
        let mut hashing = Hashing::of("content");
        match &step.op {
            Op::Copy(copy) if self.stands_alone(copy) => hashing.text("any"),
            _ => hashing.text(&of_layers(below)),
        }
        self.describe(index, Sort::Content, &mut hashing).await?;
        Ok(hashing.key())
    }

    /// Whether a copy's layer does not depend on what is below: names of users are looked up there.
    pub(crate) fn stands_alone(&self, copy: &CopyOp) -> bool {
        let named = |principal: &Principal| matches!(principal, Principal::Name(_));
        let by_name =
            copy.owner.as_ref().is_some_and(|owner| named(&owner.user) || owner.group.as_ref().is_some_and(named));
        copy.link && !by_name
    }

    async fn describe(&self, index: StepRef, sort: Sort, hashing: &mut Hashing) -> Result<(), Error> {
        let step = &self.graph.steps[index];
        hashing.number(self.epoch.cast_unsigned());
        match &step.op {
            Op::Base { .. } => {}
            Op::Workdir { path, user } => {
                hashing.text("workdir");
                hashing.bytes(path.as_os_str().as_encoded_bytes());
                hashing.text(user);
            }
            Op::Copy(copy) => self.describe_copy(index, copy, sort, hashing).await?,
            Op::Run(run) => {
                hashing.text(&step.platform.to_string());
                self.describe_run(index, run, sort, hashing).await?;
            }
        }
        Ok(())
    }

    async fn describe_copy(
        &self,
        index: StepRef,
        copy: &CopyOp,
        sort: Sort,
        hashing: &mut Hashing,
    ) -> Result<(), Error> {
        hashing.text("copy");
        hashing.bytes(copy.destination.as_os_str().as_encoded_bytes());
        for flag in [copy.into_directory, copy.link, copy.parents] {
            hashing.flag(flag);
        }
        hashing.text(&format!("{:?} {:?} {:?}", copy.owner, copy.mode, copy.excludes));
        let fetched = self.sources_of(index, copy).await?;
        for (source, fetched) in copy.sources.iter().zip(fetched.iter()) {
            match (source, fetched) {
                (CopySource::Paths { unpack, .. }, Fetched::Chosen { digest, .. }) => {
                    hashing.text("files");
                    hashing.flag(*unpack);
                    hashing.bytes(digest);
                }
                (CopySource::Paths { tree: Tree::Step(from), pattern, unpack }, _) => {
                    hashing.flag(*unpack);
                    match sort {
                        Sort::Definition => {
                            hashing.text("of a step");
                            hashing.text(pattern);
                            hashing.text(&self.below_key(*from).await?);
                        }
                        Sort::Content => {
                            hashing.text("files");
                            let (_, _, digest) = self.chosen(index, *from, pattern, copy).await?;
                            hashing.bytes(&digest);
                        }
                    }
                }
                (CopySource::Inline { name, content }, _) => {
                    hashing.text("inline");
                    hashing.text(name);
                    hashing.text(content);
                }
                (CopySource::Url { url, unpack, .. }, Fetched::File { digest, .. }) => {
                    hashing.text("url");
                    hashing.text(&crate::inputs::file_name_of(url));
                    hashing.flag(*unpack);
                    hashing.bytes(digest);
                }
                (CopySource::Url { url, unpack, .. }, Fetched::Promised { checksum }) => {
                    hashing.text("url");
                    hashing.text(&crate::inputs::file_name_of(url));
                    hashing.flag(*unpack);
                    hashing.bytes(&hex::decode(checksum.hex()).unwrap_or_default());
                }
                (_, Fetched::Tree { digest, .. }) => {
                    hashing.text("tree");
                    hashing.bytes(digest);
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn describe_run(&self, index: StepRef, run: &RunOp, sort: Sort, hashing: &mut Hashing) -> Result<(), Error> {
        hashing.text("run");
        hashing.number(run.argv.len() as u64);
        run.argv.iter().for_each(|word| hashing.text(word));
        if let Some((name, content)) = &run.script {
            hashing.text(name);
            hashing.text(content);
        }
        let mut env: Vec<_> = run.env.iter().collect();
        env.sort();
        hashing.number(env.len() as u64);
        for (name, value) in env {
            hashing.text(name);
            hashing.text(value);
        }
        hashing.bytes(run.cwd.as_os_str().as_encoded_bytes());
        hashing.text(&run.user);
        hashing.text(&format!("{:?} {}", run.network, run.insecure));
        for mount in &run.mounts {
            let target = mount.target.as_ref().map(|target| target.to_string_lossy());
            hashing.maybe(target.as_deref());
            match (&mount.kind, &mount.tree) {
                (MountKind::Bind { source, read_only, .. }, Some(tree)) => {
                    hashing.text("bind");
                    hashing.text(source);
                    hashing.flag(*read_only);
                    match tree {
                        Tree::Context(files) => {
                            let chosen = of_context(files.clone(), source.clone(), false, Ignore::default()).await?;
                            let (_, digest) = chosen.map_err(|why| self.at(index, why))?;
                            hashing.bytes(&digest);
                        }
                        Tree::Step(step) => hashing.text(&match sort {
                            Sort::Definition => self.below_key(*step).await?,
                            Sort::Content => self.content_of(*step).await?,
                        }),
                    }
                }
                // What a cache, a secret or an agent holds is no part of the result's identity.
                (MountKind::Cache { id, .. }, _) => {
                    hashing.text("cache");
                    hashing.maybe(id.as_deref());
                }
                (MountKind::Secret { id, env, .. }, _) => {
                    hashing.text("secret");
                    hashing.text(id);
                    hashing.maybe(env.as_deref());
                }
                (MountKind::Ssh { id, .. }, _) => {
                    hashing.text("ssh");
                    hashing.text(id);
                }
                (MountKind::Tmpfs { .. } | MountKind::Bind { .. }, _) => hashing.text("tmpfs"),
            }
        }
        Ok(())
    }

    /// Gets hold of all sources that need no other step.
    pub(crate) async fn sources_of(&self, index: StepRef, copy: &CopyOp) -> Result<Arc<Vec<Fetched>>, Error> {
        let fetch = async || {
            let mut fetched = Vec::with_capacity(copy.sources.len());
            for source in &copy.sources {
                fetched.push(self.source_of(index, source, copy).await?);
            }
            Ok(Arc::new(fetched))
        };
        self.node_sources(index).get_or_try_init(fetch).await.cloned()
    }

    async fn source_of(&self, index: StepRef, source: &CopySource, copy: &CopyOp) -> Result<Fetched, Error> {
        match source {
            CopySource::Inline { .. } => Ok(Fetched::Inline),
            CopySource::Paths { tree: Tree::Step(_), .. } => Ok(Fetched::OfStep),
            CopySource::Paths { tree: Tree::Context(files), pattern, .. } => {
                let chosen = of_context(files.clone(), pattern.clone(), copy.parents, copy.excludes.clone()).await?;
                let (selection, digest) = chosen.map_err(|why| self.at(index, why))?;
                Ok(Fetched::Chosen { files: files.clone(), selection, digest })
            }
            CopySource::Url { checksum: Some(checksum), .. } => Ok(Fetched::Promised { checksum: *checksum }),
            CopySource::Url { url, checksum: None, .. } => {
                let file = self.download(index, url).await?;
                Ok(Fetched::File { path: file.path, digest: file.digest })
            }
            CopySource::Git { url, keep_git_dir } => {
                let directory = self.session.scratch.directory("git").map_err(Error::io("making a directory"))?;
                let fetched = crate::inputs::fetch(url, directory, *keep_git_dir).await;
                let (root, _) = fetched.map_err(|error| self.at(index, error))?;
                let excludes = copy.excludes.clone();
                let (view, selection, digest) = crate::blocking::run(move || {
                    let listing = Listing::read(&root, true, &mut |_, _| Verdict::Keep);
                    let listing = listing.map_err(Error::io("reading the repository"))?;
                    let selection =
                        select(&listing, "/", false, &excludes).map_err(Error::io("reading the repository"))?;
                    let digest = selection.digest(&listing, None).map_err(Error::io("reading the repository"))?;
                    Ok((Arc::new(listing), selection, digest))
                })
                .await?;
                Ok(Fetched::Tree { view, selection, digest })
            }
        }
    }

    /// Fetches a file of the web.
    async fn download(&self, index: StepRef, url: &str) -> Result<Downloaded, Error> {
        let directory = self.session.scratch.directory("url").map_err(Error::io("making a directory"))?;
        let (events, step) = (self.session.events.clone(), self.graph.steps[index].id);
        let name = crate::inputs::file_name_of(url);
        let progress = move |done, total| events.send(Event::Transfer { step, what: name.clone(), done, total });
        download(url, &directory, &progress).await.map_err(|error| self.at(index, error))
    }

    /// A file whose content was known by its digest before anybody asked for it.
    pub(super) async fn promised(&self, index: StepRef, url: &str, checksum: image::Digest) -> Result<PathBuf, Error> {
        let file = self.download(index, url).await?;
        let path = file.path.clone();
        let digest = crate::blocking::run(move || {
            let failed = || Error::io(format!("reading {}", path.display()));
            let mut hasher = blob::Hasher::new(checksum.algorithm());
            let mut file = std::fs::File::open(&path).map_err(failed())?;
            let mut buffer = vec![0; 256 * 1024];
            loop {
                match std::io::Read::read(&mut file, &mut buffer).map_err(failed())? {
                    0 => return Ok(hasher.finish()),
                    length => hasher.update(&buffer[..length]),
                }
            }
        })
        .await?;
        if digest != checksum {
            return Err(self.at(index, format!("its digest is {digest}, not {checksum}")));
        }
        Ok(file.path)
    }

    /// What a pattern names among the files of a step.
    pub(crate) async fn chosen(
        &self,
        index: StepRef,
        from: Option<StepRef>,
        pattern: &str,
        copy: &CopyOp,
    ) -> Result<(Arc<dyn View>, Selection, [u8; 32]), Error> {
        let view = self.view(from).await?;
        let (own, pattern) = (view.clone(), pattern.to_owned());
        let (parents, excludes) = (copy.parents, copy.excludes.clone());
        let chosen = crate::blocking::run(move || {
            let chosen = select(&*own, &pattern, parents, &excludes)
                .and_then(|selection| Ok((selection.digest(&*own, None)?, selection)));
            Ok(chosen)
        })
        .await?;
        let (digest, selection) = chosen.map_err(|error| self.at(index, error))?;
        Ok((view, selection, digest))
    }
}

/// Files of a context with the digest of all of them; the inner error says why an instruction cannot have them.
async fn of_context(
    files: Arc<Files>,
    pattern: String,
    parents: bool,
    excludes: Ignore,
) -> Result<Result<(Selection, [u8; 32]), String>, Error> {
    crate::blocking::run(move || {
        let listing = files.listing()?;
        let chosen = select(&*listing, &pattern, parents, &excludes).and_then(|selection| {
            let digest = selection.digest(&*listing, Some(&files.stats))?;
            Ok((selection, digest))
        });
        Ok(chosen.map_err(|error| {
            let not_found = error.kind() == std::io::ErrorKind::NotFound;
            match files.why_not_found(&pattern).filter(|_| not_found) {
                Some(hint) => format!("{error} ({hint})"),
                None => error.to_string(),
            }
        }))
    })
    .await
}
