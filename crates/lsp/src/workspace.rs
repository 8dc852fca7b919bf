//! Open files and the projects that they belong to.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lint::{Document, Finding, Kind, Options, Project};
use lsp_types::Uri;
use span::{FileId, SourceFile, SourceMap};

use crate::uri;

/// A project as it lies on the disk.
#[derive(Debug)]
pub struct Opened {
    pub top: PathBuf,
    pub project: Project,
}

/// Reads the project that a file belongs to, the file itself included if it is there.
pub type Opener<'a> = &'a dyn Fn(&Path) -> Option<Opened>;

/// Everything that the client has open.
pub(crate) struct Workspace<'a> {
    opener: Opener<'a>,
    pub(crate) options: Options,
    projects: Vec<Opened>,
    open: BTreeMap<PathBuf, OpenFile>,
    /// Open files to look at again, once no more messages wait.
    stale: BTreeSet<PathBuf>,
}

pub(crate) struct OpenFile {
    pub(crate) uri: Uri,
    pub(crate) version: i32,
    pub(crate) text: String,
    /// What was found in it, until it or another file of its project changes.
    pub(crate) findings: OnceCell<Vec<Finding>>,
}

/// An open file with its project.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) file: &'a OpenFile,
    pub(crate) opened: &'a Opened,
    pub(crate) document: &'a Document,
}

impl<'a> Workspace<'a> {
    pub(crate) fn new(opener: Opener<'a>) -> Workspace<'a> {
        Workspace {
            opener,
            // One file at a time gains nothing by threads.
            options: Options { threads: 1, ..Options::default() },
            projects: Vec::new(),
            open: BTreeMap::new(),
            stale: BTreeSet::new(),
        }
    }

    pub(crate) fn open(&mut self, uri: Uri, version: i32, text: String) {
        let Some(path) = uri::to_path(&uri) else { return };
        self.open.insert(path.clone(), OpenFile { uri, version, text, findings: OnceCell::new() });
        self.take_in(&path);
    }

    pub(crate) fn change(&mut self, path: &Path, version: i32, change: impl FnOnce(String) -> String) {
        let Some(file) = self.open.get_mut(path) else { return };
        file.version = version;
        file.text = change(std::mem::take(&mut file.text));
        self.take_in(path);
    }

    /// What is on the disk counts again.
    pub(crate) fn close(&mut self, path: &Path) {
        self.open.remove(path);
        self.stale.remove(path);
        self.reload(path);
    }

    /// A file changed on the disk: its project is read again, and what is open is put over it.
    pub(crate) fn reload(&mut self, path: &Path) {
        let before = self.projects.len();
        self.projects.retain(|opened| !path.starts_with(&opened.top));
        if self.projects.len() < before {
            let open: Vec<PathBuf> = self.open.keys().cloned().collect();
            open.iter().for_each(|path| self.take_in(path));
        }
    }

    /// Puts an open file's text into its project. Files that refer to it are looked at again as well.
    fn take_in(&mut self, path: &Path) {
        let index = match self.projects.iter().position(|opened| path.starts_with(&opened.top)) {
            Some(index) => index,
            None => match (self.opener)(path) {
                Some(opened) => {
                    self.projects.push(opened);
                    self.projects.len() - 1
                }
                None => return,
            },
        };
        let (Some(file), Some(opened)) = (self.open.get(path), self.projects.get_mut(index)) else { return };
        let shown = path.strip_prefix(&opened.top).unwrap_or(path).to_string_lossy().into_owned();
        let Some(kind) = Kind::of_path(&shown).or_else(|| Kind::of_text(&file.text)) else { return };
        // A file keeps its id, so that findings in other files still point into it.
        let id = opened.project.at_path(&shown).map_or_else(|| free_id(&opened.project), |document| document.file);
        let document = Document::read(id, shown.as_str(), kind, source(&shown, &file.text), true);
        opened.project.add(document);
        let top = opened.top.clone();
        for (other, file) in self.open.iter_mut().filter(|(other, _)| other.starts_with(&top)) {
            file.findings = OnceCell::new();
            self.stale.insert(other.clone());
        }
    }

    /// Files to look at now; asked once, they are no longer stale.
    pub(crate) fn take_stale(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.stale).into_iter().collect()
    }

    pub(crate) fn view(&self, path: &Path) -> Option<View<'_>> {
        let (path, file) = self.open.get_key_value(path)?;
        let opened = self.projects.iter().find(|opened| path.starts_with(&opened.top))?;
        let shown = path.strip_prefix(&opened.top).ok()?.to_string_lossy();
        Some(View { file, opened, document: opened.project.at_path(&shown)? })
    }
}

impl View<'_> {
    pub(crate) fn project(&self) -> &Project {
        &self.opened.project
    }

    /// The address of a file of the project.
    pub(crate) fn uri_of(&self, file: FileId) -> Option<Uri> {
        if file == self.document.file {
            return Some(self.file.uri.clone());
        }
        uri::of_path(&self.opened.top.join(&*self.project().document(file)?.path))
    }
}

fn free_id(project: &Project) -> FileId {
    let highest = project.documents().iter().map(|document| document.file.0).max();
    FileId(highest.map_or(0, |id| id + 1))
}

fn source(name: &str, text: &str) -> SourceFile {
    let mut sources = SourceMap::new();
    let id = sources.add(name, text);
    sources.file(id).clone()
}
