//! Carrying out steps that run nothing: `COPY`, `ADD`, `WORKDIR`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::Store;
use image::layer::Builder;

use super::{Fetched, Solver};
use crate::copy::{Destination, Placer, Selection, is_archive, spool};
use crate::graph::{CopyOp, CopySource, Layer, StepRef, Tree};
use crate::meta::{Kind, Meta};
use crate::view::View;
use crate::{Error, account};

/// One source with everything that is needed to place it.
enum Ready {
    Files {
        view: Arc<dyn View>,
        fetched: Option<(Arc<Vec<Fetched>>, usize)>,
        selection: Option<Selection>,
        unpack: bool,
        fixed: bool,
    },
    Inline {
        name: String,
        content: String,
    },
    File {
        path: PathBuf,
        unpack: bool,
    },
}

impl Solver<'_> {
    pub(super) async fn make_directory(&self, index: StepRef, path: &Path, user: &str) -> Result<Layer, Error> {
        let view = self.view(self.graph.steps[index].below).await?;
        let (path, user, epoch) = (path.to_owned(), user.to_owned(), self.epoch);
        let store = self.session.store.clone();
        let made = crate::blocking::run(move || {
            let owner = if user.is_empty() {
                (0, 0)
            } else {
                match account::process(Some(&*view), &user) {
                    Ok(account) => (account.uid, account.gid),
                    Err(why) => return Ok(Err(why)),
                }
            };
            let relative = path.strip_prefix("/").unwrap_or(&path);
            let place = || {
                let target = crate::view::resolve(&*view, relative, true)?;
                let mut placer = Placer::new(Some(&*view), None, None, epoch);
                // What is there stays as it is: the layer is empty then.
                if view.lookup(&target)?.is_none_or(|meta| !meta.is_dir()) {
                    placer.directories_as(&target, Some(owner))?;
                }
                Ok::<_, std::io::Error>(placer.finish())
            };
            match place() {
                Ok(builder) => Ok(Ok(write(builder, &store)?)),
                Err(error) => Ok(Err(error.to_string())),
            }
        })
        .await?;
        made.map_err(|why| self.at(index, why))
    }

    pub(super) async fn copy_files(&self, index: StepRef, copy: &CopyOp) -> Result<Layer, Error> {
        let below = match (self.stands_alone(copy), self.graph.steps[index].below) {
            (false, Some(step)) => Some(self.view(Some(step)).await?),
            _ => None,
        };
        let fetched = self.sources_of(index, copy).await?;
        let mut ready = Vec::new();
        for (place, source) in copy.sources.iter().enumerate() {
            ready.push(match (source, fetched.get(place)) {
                (CopySource::Inline { name, content }, _) => {
                    Ready::Inline { name: name.clone(), content: content.clone() }
                }
                (CopySource::Paths { tree: Tree::Step(from), pattern, unpack }, _) => {
                    let (view, selection, _) = self.chosen(index, *from, pattern, copy).await?;
                    Ready::Files { view, fetched: None, selection: Some(selection), unpack: *unpack, fixed: false }
                }
                (CopySource::Paths { unpack, .. }, Some(Fetched::Chosen { files, .. })) => {
                    let view: Arc<dyn View> = files.listing()?;
                    Ready::Files {
                        view,
                        fetched: Some((fetched.clone(), place)),
                        selection: None,
                        unpack: *unpack,
                        fixed: true,
                    }
                }
                (_, Some(Fetched::Tree { view, .. })) => {
                    let (view, fetched) = (view.clone(), Some((fetched.clone(), place)));
                    Ready::Files { view, fetched, selection: None, unpack: false, fixed: true }
                }
                (CopySource::Url { url, unpack, .. }, Some(Fetched::Promised { checksum })) => {
                    Ready::File { path: self.promised(index, url, *checksum).await?, unpack: *unpack }
                }
                (CopySource::Url { unpack, .. }, Some(Fetched::File { path, .. })) => {
                    Ready::File { path: path.clone(), unpack: *unpack }
                }
                _ => return Err(Error::Interrupted),
            });
        }
        let spool = spool(&self.session.scratch).map_err(Error::io("making a temporary directory"))?;
        let (store, epoch) = (self.session.store.clone(), self.epoch);
        let (destination, into_directory) = (copy.destination.clone(), copy.into_directory);
        let (owner, mode) = (copy.owner.clone(), copy.mode.clone());
        let made = crate::blocking::run(move || {
            let below = below.as_deref();
            let owner = match owner.map(|owner| account::owner(below, &owner)).transpose() {
                Ok(owner) => owner,
                Err(why) => return Ok(Err(why)),
            };
            let mut placer = Placer::new(below, owner, mode.as_ref(), epoch);
            let destination = Destination { path: &destination, is_directory: into_directory };
            for source in &ready {
                if let Err(error) = place(&mut placer, source, destination, &spool) {
                    return Ok(Err(error.to_string()));
                }
            }
            let layer = write(placer.finish(), &store)?;
            // What was written while a key was made of what was there before must not be found by that key.
            Ok(match ready.iter().find_map(Ready::changed) {
                Some(path) => Err(format!("/{} was changed while it was copied", path.display())),
                None => Ok(layer),
            })
        })
        .await?;
        made.map_err(|why| self.at(index, why))
    }
}

impl Ready {
    /// A file of a context that is not what it was when its digest was taken.
    fn changed(&self) -> Option<PathBuf> {
        let Self::Files { view, fetched: Some((fetched, place)), .. } = self else { return None };
        let Some(Fetched::Chosen { selection, .. }) = fetched.get(*place) else { return None };
        let differs = |path: &Path, meta: &Meta| {
            let now = view.real_path(path).and_then(|real| Ok(Meta::from(&rustix::fs::lstat(real)?)));
            meta.kind == Kind::File && now.is_ok_and(|now| now.stamp != meta.stamp)
        };
        selection.matches.iter().find_map(|found| {
            let inner = found.items.iter().map(|item| (found.path.join(&item.relative), &item.meta));
            let mut all = std::iter::once((found.path.clone(), &found.meta)).chain(inner);
            all.find(|(path, meta)| differs(path, meta)).map(|(path, _)| path)
        })
    }
}

fn place(placer: &mut Placer<'_>, source: &Ready, destination: Destination<'_>, spool: &Path) -> std::io::Result<()> {
    match source {
        Ready::Inline { name, content } => placer.inline(name, content.as_bytes(), destination),
        Ready::File { path, unpack } => {
            if *unpack && is_archive(File::open(path)?)? {
                return placer.unpack(File::open(path)?, destination, &fresh(spool)?);
            }
            let parent = path.parent().unwrap_or(Path::new("/"));
            let listing = crate::view::Listing::read(parent, true, &mut |_, _| crate::view::Verdict::Keep)?;
            let name = path.file_name().unwrap_or_default();
            let meta = listing.lookup(Path::new(name))?.ok_or(std::io::ErrorKind::NotFound)?;
            // Files from the web are readable by their owner only, unless --chmod says otherwise.
            let meta = crate::meta::Meta { mode: 0o600, ..meta };
            let found = crate::copy::Match { name: name.to_owned(), path: name.into(), meta, items: Vec::new() };
            placer.place(&listing, &Selection { matches: vec![found] }, destination, true)
        }
        Ready::Files { view, fetched, selection, unpack, fixed } => {
            let selection = match (selection, fetched) {
                (Some(selection), _) => selection,
                (None, Some((fetched, place))) => match fetched.get(*place) {
                    Some(Fetched::Chosen { selection, .. } | Fetched::Tree { selection, .. }) => selection,
                    _ => return Err(std::io::ErrorKind::NotFound.into()),
                },
                (None, None) => return Err(std::io::ErrorKind::NotFound.into()),
            };
            if *unpack {
                for found in &selection.matches {
                    let is_file = found.meta.kind == crate::meta::Kind::File;
                    if is_file && is_archive(view.open(&found.path)?)? {
                        placer.unpack(view.open(&found.path)?, destination, &fresh(spool)?)?;
                    } else {
                        placer.place_one(&**view, found, destination, *fixed)?;
                    }
                }
                return Ok(());
            }
            placer.place(&**view, selection, destination, *fixed)
        }
    }
}

fn fresh(spool: &Path) -> std::io::Result<PathBuf> {
    let directory = spool.join(uuid::Uuid::now_v7().simple().to_string());
    std::fs::create_dir(&directory)?;
    Ok(directory)
}

/// Writes a layer into the store.
pub(super) fn write(builder: Builder, store: &Store) -> Result<Layer, Error> {
    let layer = builder
        .write(store)
        .map_err(|error| Error::Io { what: "writing a layer".to_owned(), source: std::io::Error::other(error) })?;
    Ok(Layer { descriptor: layer.descriptor, diff_id: layer.diff_id })
}
