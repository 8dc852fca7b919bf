//! A repository with its workflow files, read and checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use git::{Facts, Repository, TreeFile};
use span::{Diagnostic, FileId, SourceMap, render_terminal};
use workflow::Workflow;

use crate::args::PlaceArgs;
use crate::config::Config;
use crate::failure::Failure;

/// Where workflows are looked for, below the top of the repository.
pub(crate) const DIRECTORIES: &[&str] = &[".github/workflows", ".trunkline/workflows"];

pub(crate) struct Project {
    pub(crate) repository: Arc<Repository>,
    /// Top of the repository, or the directory itself where there is none.
    pub(crate) top: PathBuf,
    pub(crate) facts: Facts,
    pub(crate) config: Config,
    pub(crate) sources: SourceMap,
    /// In the order of their paths.
    pub(crate) workflows: Vec<Arc<Workflow>>,
    /// Found with the files; none of them is an error.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Files of the revision that is looked at in place of the work tree.
    pub(crate) tree: Option<Vec<TreeFile>>,
}

/// A workflow file that is none, and why.
pub(crate) struct Broken {
    pub(crate) path: String,
    pub(crate) problems: Vec<Diagnostic>,
}

impl Project {
    /// Reads everything. Every problem of every file is told at once.
    pub(crate) fn open(place: &PlaceArgs) -> Result<Self, Failure> {
        let (project, broken) = Self::look(place)?;
        let errors: Vec<Diagnostic> = broken.into_iter().flat_map(|broken| broken.problems).collect();
        if errors.is_empty() { Ok(project) } else { Err(Failure::invalid(rendered(&errors, &project.sources))) }
    }

    /// Reads everything; files that are not valid are given back apart.
    pub(crate) fn look(place: &PlaceArgs) -> Result<(Self, Vec<Broken>), Failure> {
        let mut project = Self::locate(place)?;
        let files = project.read_files(place)?;
        let broken = project.take_in(files);
        Ok((project, broken))
    }

    /// Finds the repository and its configuration; its workflow files are not read yet.
    pub(crate) fn locate(place: &PlaceArgs) -> Result<Self, Failure> {
        let directory = &place.directory;
        if !directory.is_dir() {
            return Err(Failure::usage(format!("{}: no such directory", directory.display())));
        }
        let repository = discover(directory)?;
        if repository.is_bare() {
            return Err(Failure::usage(format!(
                "{} is a bare repository: it has no files to run workflows from; clone it, or name a work tree of it with -C",
                directory.display()
            )));
        }
        let facts = repository.facts().map_err(|error| Failure::broken(error.to_string()))?;
        let top = repository.top_level().to_owned();
        let config = Config::read(&top)?;
        Ok(Self {
            repository: Arc::new(repository),
            facts,
            config,
            sources: SourceMap::default(),
            workflows: Vec::new(),
            warnings: Vec::new(),
            tree: None,
            top,
        })
    }

    /// The workflow files of the work tree, as they lie there.
    pub(crate) fn read_files(&self, place: &PlaceArgs) -> Result<Vec<TreeFile>, Failure> {
        let files = self.workflow_files(place)?;
        let read = files.iter().map(|file| {
            let path = self.shown(file);
            let content = std::fs::read(file).map_err(|error| Failure::broken(format!("{path}: {error}")))?;
            Ok(TreeFile { path, content })
        });
        read.collect()
    }

    /// Takes the workflow files of another revision in place of those of the work tree.
    pub(crate) fn take_files(&mut self, files: Vec<TreeFile>) -> Vec<Broken> {
        self.workflows.clear();
        self.warnings.clear();
        let is_workflow = |file: &&TreeFile| file.path.ends_with(".yml") || file.path.ends_with(".yaml");
        let workflows = files.iter().filter(is_workflow).cloned().collect();
        self.tree = Some(files);
        self.take_in(workflows)
    }

    /// Parses files, several at a time, and takes them in; gives back what is not valid.
    pub(crate) fn take_in(&mut self, files: Vec<TreeFile>) -> Vec<Broken> {
        let files: Vec<(FileId, TreeFile)> =
            files.into_iter().map(|file| (add(&mut self.sources, &file.path, &file.content), file)).collect();
        let parsed =
            lint::parallel::map(0, &files, |(id, file)| workflow::parse_workflow(*id, &file.path, &file.content));
        let mut broken = Vec::new();
        for ((_, file), parsed) in files.into_iter().zip(parsed) {
            match (parsed.value, parsed.diagnostics) {
                (Some(workflow), found) if !found.iter().any(Diagnostic::is_error) => {
                    self.workflows.push(Arc::new(workflow));
                    self.warnings.extend(found);
                }
                (_, problems) => broken.push(Broken { path: file.path, problems }),
            }
        }
        broken
    }

    /// The failure for a job that no workflow has.
    pub(crate) fn no_such_job(&self, job: &str) -> Failure {
        let mut keys: Vec<&str> = Vec::new();
        for key in self.workflows.iter().flat_map(|one| one.jobs.iter().map(|job| job.id.value.as_ref())) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let help = match span::did_you_mean(job, keys.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", keys.join(", ")),
        };
        Failure::missing(format!("there is no job `{job}`")).hint(help)
    }

    fn no_such_file(&self, path: &Path) -> Failure {
        let all = DIRECTORIES.iter().filter_map(|directory| yaml_files(&self.top.join(directory)).ok()).flatten();
        let names: Vec<String> =
            all.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
        let failure = Failure::missing(format!("{}: no such workflow file or directory", path.display()));
        match span::did_you_mean(&path.to_string_lossy(), names.iter().map(String::as_str)) {
            Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
            None if names.is_empty() => failure,
            None => failure.hint(format!("there are {}", names.join(", "))),
        }
    }

    fn workflow_files(&self, place: &PlaceArgs) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        if place.workflows.is_empty() {
            for directory in DIRECTORIES {
                files.extend(yaml_files(&self.top.join(directory))?);
            }
            if files.is_empty() {
                let text = format!("no workflow files in {}", self.top.join(DIRECTORIES[0]).display());
                return Err(Failure::missing(text)
                    .hint("name a file or directory with --workflows, or another repository with -C"));
            }
            return Ok(files);
        }
        for path in &place.workflows {
            // As the user sees it from where they are, else from the repository, else by its name alone.
            let mut candidates = vec![path.clone(), place.directory.join(path), self.top.join(path)];
            candidates.extend(DIRECTORIES.iter().map(|directory| self.top.join(directory).join(path)));
            let Some(found) = candidates.iter().find(|candidate| candidate.exists()) else {
                return Err(self.no_such_file(path));
            };
            if found.is_dir() {
                let inside = yaml_files(found)?;
                if inside.is_empty() {
                    return Err(Failure::missing(format!("{}: no workflow files in it", path.display())));
                }
                files.extend(inside);
            } else {
                files.push(found.clone());
            }
        }
        Ok(files)
    }

    /// A path relative to the repository where it lies in it.
    fn shown(&self, file: &Path) -> String {
        let absolute = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let top = std::fs::canonicalize(&self.top).unwrap_or_else(|_| self.top.clone());
        absolute.strip_prefix(&top).unwrap_or(&absolute).to_string_lossy().into_owned()
    }

    /// `file:line:column` of a span.
    pub(crate) fn location(&self, span: span::Span) -> api::Location {
        location(&self.sources, span)
    }
}

/// Adds a workflow file to the sources and reads it.
pub(crate) fn read_workflow(sources: &mut SourceMap, path: &str, bytes: &[u8]) -> (Option<Workflow>, Vec<Diagnostic>) {
    let id = add(sources, path, bytes);
    let parsed = workflow::parse_workflow(id, path, bytes);
    (parsed.value, parsed.diagnostics)
}

fn add(sources: &mut SourceMap, path: &str, bytes: &[u8]) -> FileId {
    sources.add(path, String::from_utf8_lossy(bytes).into_owned())
}

pub(crate) fn location(sources: &SourceMap, span: span::Span) -> api::Location {
    let position = sources.position(span);
    api::Location { file: sources.file(span.file).name.to_string(), line: position.line, column: position.column }
}

/// A directory that holds `.github/workflows` of its own is a project of its own, whatever repository it lies in.
fn discover(directory: &Path) -> Result<Repository, Failure> {
    let own = DIRECTORIES.iter().any(|below| directory.join(below).is_dir());
    let found = if own { Repository::open(directory) } else { Repository::discover(directory) };
    found.map_err(|error| Failure::broken(error.to_string()))
}

fn yaml_files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::broken(format!("{}: {error}", directory.display()))),
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    Ok(files)
}

/// Diagnostics for a terminal, with colour where standard error shows it.
pub(crate) fn rendered(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let colour = match anstream::AutoStream::choice(&std::io::stderr()) {
        anstream::ColorChoice::Never => span::Color::Off,
        _ => span::Color::On,
    };
    render_terminal(diagnostics, sources, colour)
}
