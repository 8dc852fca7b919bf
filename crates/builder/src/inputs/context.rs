//! A context: files, with what `.dockerignore` leaves out left out.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use dockerfile::ignore::{Ignore, Level};
use git::{Cancel, FetchTree, fetch_tree};

use super::{GitUrl, Scratch, download, unpack_archive};
use crate::request::Context;
use crate::stat_cache::StatCache;
use crate::view::{Listing, Verdict, View as _, clean, resolve};
use crate::{Error, Events};

/// The files of a context. Nothing is listed before somebody asks.
pub(crate) struct Files {
    /// For messages.
    pub(crate) what: String,
    /// Where they lie; `None` for an empty context.
    pub(crate) root: Option<PathBuf>,
    /// The whole input was a Dockerfile, given as a context: its text.
    pub(crate) lone_dockerfile: Option<String>,
    /// The commit, of a git context.
    pub(crate) commit: Option<String>,
    ignore: OnceLock<Ignore>,
    listing: OnceLock<Arc<Listing>>,
    pub(crate) stats: Arc<StatCache>,
}

impl Files {
    /// Gets hold of a context: downloads, unpacks or fetches what is not a directory.
    pub(crate) async fn load(
        name: &str,
        context: &Context,
        scratch: &Scratch,
        stat_dir: &Path,
        _events: &Events,
    ) -> Result<Self, Error> {
        let mut files = Self {
            what: name.to_owned(),
            root: None,
            lone_dockerfile: None,
            commit: None,
            ignore: OnceLock::new(),
            listing: OnceLock::new(),
            stats: Arc::new(StatCache::open(PathBuf::from("/nonexistent"))),
        };
        let make = |what: &str| scratch.directory(what).map_err(Error::io("making a temporary directory"));
        match context {
            Context::Empty => {}
            Context::Directory(path) => {
                // A sandbox's files are reached through a link in /proc that only the kernel can follow: taken apart, the
                // path would lead to this machine's own files.
                let root = if path.starts_with("/proc") { Ok(path.clone()) } else { std::fs::canonicalize(path) }
                    .map_err(|error| Error::context(path.display().to_string(), error))?;
                if !root.is_dir() {
                    return Err(Error::context(path.display().to_string(), "the context is no directory"));
                }
                let key = blob::Digest::of(root.as_os_str().as_encoded_bytes()).hex();
                files.stats = Arc::new(StatCache::open(stat_dir.join(key)));
                files.root = Some(root);
            }
            Context::Archive(path) => {
                let file = File::open(path).map_err(|error| Error::context(path.display().to_string(), error))?;
                files.unpack(file, make("context")?).await?;
            }
            Context::Url(url) => {
                let directory = make("download")?;
                let fetched = download(url, &directory, &|_, _| {}).await?;
                let file =
                    File::open(&fetched.path).map_err(Error::io(format!("opening {}", fetched.path.display())))?;
                files.unpack(file, make("context")?).await?;
            }
            Context::Git(text) => {
                let url = match GitUrl::parse(text) {
                    Some(url) => url.map_err(|why| Error::context(super::download::shown(text), why))?,
                    None => GitUrl { remote: text.clone(), ..GitUrl::default() },
                };
                let (root, commit) = fetch(&url, make("git")?, false).await?;
                files.root = Some(root);
                files.commit = Some(commit);
            }
            Context::Image(_) | Context::OciLayout { .. } | Context::Stage(_) => {
                return Err(Error::Request(format!("{name}: an image or a stage cannot be the main context")));
            }
        }
        Ok(files)
    }

    async fn unpack(&mut self, file: File, directory: PathBuf) -> Result<(), Error> {
        let what = self.what.clone();
        let (target, text) = crate::blocking::run(move || {
            let again = file.try_clone().map_err(Error::io("opening the context"))?;
            let unpacked = unpack_archive(file, &directory).map_err(|error| Error::context(&*what, error))?;
            if unpacked {
                return Ok((Some(directory), None));
            }
            let text = super::dockerfile_text::read(again).map_err(|why| Error::context(&*what, why))?;
            Ok((None, Some(text)))
        })
        .await?;
        (self.root, self.lone_dockerfile) = (target, text);
        Ok(())
    }

    /// Patterns of what is left out, if there are any.
    pub(crate) fn ignore(&self) -> Option<&Ignore> {
        self.ignore.get().filter(|ignore| !ignore.is_empty())
    }

    /// Says what is left out. Only the first call counts.
    pub(crate) fn set_ignore(&self, ignore: Ignore) {
        let _ = self.ignore.set(ignore);
    }

    /// All files of the context. Blocks.
    pub(crate) fn listing(&self) -> Result<Arc<Listing>, Error> {
        if let Some(listing) = self.listing.get() {
            return Ok(Arc::clone(listing));
        }
        let failed = |error: std::io::Error| Error::context(&*self.what, error);
        let listing = match &self.root {
            None => {
                let empty = tempfile::tempdir().map_err(failed)?;
                Listing::read(empty.path(), true, &mut |_, _| Verdict::Prune).map_err(failed)?
            }
            Some(root) => match self.ignore.get().filter(|ignore| !ignore.is_empty()) {
                None => Listing::read(root, true, &mut |_, _| Verdict::Keep).map_err(failed)?,
                Some(ignore) => Listing::read(root, true, &mut judge(ignore)).map_err(failed)?,
            },
        };
        Ok(Arc::clone(self.listing.get_or_init(|| Arc::new(listing))))
    }

    /// What may be the reason that a path is not found. Blocks.
    pub(crate) fn why_not_found(&self, pattern: &str) -> Option<String> {
        let path = clean(Path::new(pattern));
        let hidden = self.ignore.get().is_some_and(|ignore| ignore.ignores(&path.to_string_lossy()));
        if hidden && self.root.as_ref()?.join(&path).symlink_metadata().is_ok() {
            return Some("it is there, but .dockerignore leaves it out".to_owned());
        }
        // Through the listing, whose links lead nowhere else.
        let listing = self.listing().ok()?;
        if listing.lookup(&path).ok()?.is_some_and(|meta| meta.is_symlink()) {
            let target = listing.read_link(&path).ok()?;
            return Some(format!("it is a link to {}, which is not in the context", target.display()));
        }
        let parent = resolve(&*listing, path.parent()?, true).ok()?;
        let names: Vec<String> =
            listing.children(&parent).ok()?.into_iter().filter_map(|(name, _)| name.into_string().ok()).collect();
        let near = span::did_you_mean(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
        Some(format!("did you mean {}?", path.with_file_name(near).display()))
    }

    /// Whether nothing of the directory is left out.
    pub(crate) fn is_whole(&self) -> bool {
        self.ignore.get().is_none_or(Ignore::is_empty)
    }
}

/// Asks the ignore file about each path once, keeping what is known of the directories above.
fn judge(ignore: &Ignore) -> impl FnMut(&Path, bool) -> Verdict + '_ {
    let mut levels: HashMap<PathBuf, Level> = HashMap::from([(PathBuf::new(), ignore.root())]);
    move |path: &Path, is_dir: bool| {
        let parent = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
        let Some(level) = levels.get(parent) else { return Verdict::Keep };
        let entry = ignore.child(level, &name);
        let verdict = match (entry.ignored, entry.prune) {
            (false, _) => Verdict::Keep,
            (true, true) => Verdict::Prune,
            (true, false) => Verdict::Skip,
        };
        if is_dir && verdict != Verdict::Prune {
            levels.insert(path.to_owned(), entry.level);
        }
        verdict
    }
}

/// Fetches a repository; the directory that is wanted, and the commit.
pub(crate) async fn fetch(url: &GitUrl, directory: PathBuf, keep_git_dir: bool) -> Result<(PathBuf, String), Error> {
    let cancel = Cancel::default();
    let _guard = CancelOnDrop(cancel.clone());
    let url = url.clone();
    crate::blocking::run(move || {
        let request = FetchTree {
            url: &url.remote,
            reference: url.reference.as_deref(),
            checksum: url.checksum.as_deref(),
            keep_git_dir: url.keep_git_dir.unwrap_or(keep_git_dir),
            submodules: url.submodules.unwrap_or(true),
        };
        let what = super::download::shown(&url.remote);
        let commit = fetch_tree(&request, &directory, &cancel).map_err(|error| Error::context(&*what, error))?;
        let below = crate::view::clean(Path::new(url.directory.as_deref().unwrap_or_default()));
        let root = directory.join(&below);
        let canonical = std::fs::canonicalize(&root).ok().filter(|path| path.is_dir());
        let top = std::fs::canonicalize(&directory).map_err(Error::io("reading the repository"))?;
        match canonical {
            Some(path) if path.starts_with(&top) => Ok((path, commit)),
            _ => Err(Error::context(what, format!("there is no directory {} at {commit}", below.display()))),
        }
    })
    .await
}

struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
