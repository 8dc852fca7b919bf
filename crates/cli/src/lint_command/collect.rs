//! Which files are linted, and what the rules get to know about their repository.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use git::Repository;
use lint::{Adopted, Document, EnvironmentNames, Facts, Kind, Project, Store, Tree};
use span::SourceMap;

use super::{LintArgs, Placed, Workspace, configuration, output, tell};
use crate::config::Config;
use crate::failure::Failure;
use crate::server_facts::ServerFacts;

/// Directories that are never searched.
const SKIPPED: &[&str] = &[".git", "node_modules", "target", "vendor", ".trunkline"];

/// A file to lint.
struct Found {
    path: PathBuf,
    kind: Kind,
    bytes: Vec<u8>,
}

pub(super) fn collect(args: &LintArgs) -> Result<Workspace, Failure> {
    let here = std::env::current_dir().map_err(Failure::broken)?;
    let mut found = Vec::new();
    if args.paths.is_empty() {
        let repository = Repository::discover(&here).map_err(|error| Failure::broken(error.to_string()))?;
        of_repository(&repository, &mut found)?;
        if found.is_empty() {
            return Err(Failure::missing(format!("{}: nothing to check here", here.display()))
                .hint("workflows are looked for in .github/workflows; name files or directories to check others"));
        }
    }
    for path in &args.paths {
        of_path(path, args, &here, &mut found)?;
    }
    let mut by_top: BTreeMap<PathBuf, Vec<Found>> = BTreeMap::new();
    for file in found {
        let top = top_of(&file.path, &here);
        let files = by_top.entry(top).or_default();
        if !files.iter().any(|other| other.path == file.path) {
            files.push(file);
        }
    }
    let mut sources = SourceMap::new();
    let repository = Repository::discover(&here).map_err(|error| Failure::broken(error.to_string()))?;
    let server = args.server.facts(&repository)?.map(|facts| (repository.top_level().to_owned(), facts));
    for closed in server.iter().flat_map(|(_, facts)| &facts.closed) {
        tell(&format!("note: {closed}\n"))?;
    }
    // These are placed in the repository by those who read them.
    let from_top = matches!(args.format.as_str(), "github" | "sarif");
    let mut settings = Settings { configured: !args.no_config, from_top, server, outer: BTreeMap::new() };
    let projects =
        by_top.into_iter().map(|(top, files)| place(top, files, &here, &mut sources, &mut settings)).collect();
    Ok(Workspace { sources, projects })
}

/// The project of one file for an editor, which hands in the file's own text: what the repository has, or beside a
/// `.github` without one, what is in there.
pub(crate) fn project_of(path: &Path) -> Option<Placed> {
    let top = top_of(path, path.parent()?);
    let mut found = Vec::new();
    let repository = Repository::discover(&top).ok().filter(|repository| same(repository.top_level(), &top));
    match repository.filter(Repository::is_git) {
        Some(repository) => of_repository(&repository, &mut found).ok()?,
        // Never the whole directory: it may be somebody's home.
        None if top.join(".github").is_dir() => of_directory(&top.join(".github"), &mut found).ok()?,
        None => {}
    }
    Some(place(top.clone(), found, &top, &mut SourceMap::new(), &mut Settings::default()))
}

fn of_path(path: &Path, args: &LintArgs, here: &Path, found: &mut Vec<Found>) -> Result<(), Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(Failure::broken)?;
        let path = here.join(&args.stdin_filename);
        let kind = kind_of(&path, &bytes).unwrap_or(Kind::Workflow);
        found.push(Found { path, kind, bytes });
        return Ok(());
    }
    let absolute = here.join(path);
    if absolute.is_dir() {
        let before = found.len();
        of_directory(&absolute, found)?;
        if found.len() == before {
            return Err(Failure::missing(format!("{}: nothing to check in it", path.display())).hint(output::kinds()));
        }
        return Ok(());
    }
    let bytes = std::fs::read(&absolute).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::missing(format!("{}: there is no such file or directory", path.display()))
        }
        _ => Failure::missing(format!("{}: {error}", path.display())),
    })?;
    // What was named is looked at, whatever it is called.
    let kind = kind_of(&absolute, &bytes).unwrap_or(Kind::Workflow);
    found.push(Found { path: absolute, kind, bytes });
    Ok(())
}

/// What a repository has: the files that git knows or would know, else all of a directory.
fn of_repository(repository: &Repository, found: &mut Vec<Found>) -> Result<(), Failure> {
    let top = repository.top_level();
    if repository.is_git()
        && let Ok(files) = repository.files()
    {
        for path in files {
            // What lies below another `.github` is no part of this repository's own: it is looked at when it is named.
            let nested = Path::new(&path).ancestors().skip(1).any(|directory| {
                directory.file_name().is_some_and(|name| name == ".github") && directory != Path::new(".github")
            });
            if Kind::of_path(&path).is_some() && !nested {
                take(&top.join(&path), found);
            }
        }
        return Ok(());
    }
    of_directory(top, found)
}

/// Everything below a directory that is one of our files by its name, or by what it holds. A file that cannot be read
/// does not keep the others from being checked.
fn of_directory(directory: &Path, found: &mut Vec<Found>) -> Result<(), Failure> {
    let entries =
        std::fs::read_dir(directory).map_err(|error| Failure::broken(format!("{}: {error}", directory.display())))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) || (name == ".trunkline" && path.join("workflows").is_dir()) {
                // One that cannot be read does not keep the others from being checked.
                let _ = of_directory(&path, found);
            }
        } else if name.ends_with(".yml") || name.ends_with(".yaml") || name == crate::config::FILE {
            take(&path, found);
        }
    }
    Ok(())
}

fn take(path: &Path, found: &mut Vec<Found>) {
    if let Ok(bytes) = std::fs::read(path)
        && let Some(kind) = kind_of(path, &bytes)
    {
        found.push(Found { path: path.to_owned(), kind, bytes });
    }
}

fn kind_of(path: &Path, bytes: &[u8]) -> Option<Kind> {
    Kind::of_path(&slashed(path)).or_else(|| Kind::of_text(&String::from_utf8_lossy(bytes)))
}

/// The top of the repository that a file belongs to: what holds its `.github`, else its git repository, else where we are.
fn top_of(path: &Path, here: &Path) -> PathBuf {
    for directory in path.ancestors().skip(1) {
        let holds = directory.file_name().is_some_and(|name| name == ".github" || name == ".trunkline");
        if holds && let Some(parent) = directory.parent() {
            return parent.to_owned();
        }
        if directory.join(".git").exists() {
            return directory.to_owned();
        }
    }
    match path.starts_with(here) {
        true => here.to_owned(),
        false => path.parent().unwrap_or(here).to_owned(),
    }
}

fn place(top: PathBuf, files: Vec<Found>, here: &Path, sources: &mut SourceMap, settings: &mut Settings) -> Placed {
    let mut project = Project::new(facts(&top, settings.configured));
    let git = top.ancestors().find(|directory| settings.from_top && directory.join(".git").exists());
    let names = git.unwrap_or(here).to_owned();
    if let Some((_, server)) = settings.server.as_ref().filter(|(own, _)| same(own, &top)) {
        project.facts.store = server.store();
        project.facts.protection = server.protection();
        project.facts.repository = Some(server.repository.clone());
        project.facts.default_branch = server.default_branch.clone().or(project.facts.default_branch.take());
    }
    let mut excluded = 0;
    let (others, files): (Vec<Found>, Vec<Found>) =
        files.into_iter().partition(|file| matches!(file.kind, Kind::Zizmor | Kind::Actionlint));
    for (kind, candidates) in Adopted::candidates().into_iter().filter(|_| settings.configured) {
        let paths = candidates.iter().map(|path| top.join(path));
        let found = paths.into_iter().find_map(|path| Some(Found { kind, bytes: std::fs::read(&path).ok()?, path }));
        if let Some(file) = found {
            let linted = others.iter().any(|asked| asked.path == file.path);
            add(&mut project, sources, &top, &names, file, linted);
        }
    }
    for file in files {
        let own = file.path.strip_prefix(&top).is_ok_and(|path| project.facts.config.exclude.matches(&slashed(path)));
        let linted = !own && !settings.exclude(&file.path, &top, here);
        excluded += usize::from(!linted);
        add(&mut project, sources, &top, &names, file, linted);
    }
    // What the files refer to may refer to more.
    loop {
        let before = project.documents().len();
        for (paths, kind) in project.wanted() {
            let found = paths.iter().find_map(|path| {
                let path = top.join(path);
                std::fs::read(&path).ok().map(|bytes| Found { path, kind, bytes })
            });
            if let Some(file) = found {
                add(&mut project, sources, &top, &names, file, false);
            }
        }
        if project.documents().len() == before {
            break;
        }
    }
    Placed { top, project, excluded }
}

/// `names` is where the file's name counts from that people are shown.
fn add(project: &mut Project, sources: &mut SourceMap, top: &Path, names: &Path, file: Found, linted: bool) {
    let path = slashed(file.path.strip_prefix(top).unwrap_or(&file.path));
    let shown = slashed(file.path.strip_prefix(names).unwrap_or(&file.path));
    let id = sources.add(shown, String::from_utf8_lossy(&file.bytes));
    let source = sources.file(id).clone();
    let mut document = Document::read_bytes(id, path, file.kind, source, &file.bytes, linted);
    if file.kind == Kind::Config {
        configuration::check(&mut document, &project.facts.config);
    }
    if matches!(file.kind, Kind::Zizmor | Kind::Actionlint) {
        project.facts.adopted.read(&mut document);
    }
    project.add(document);
}

/// What is configured counts, that of the projects which a project lies in too.
struct Settings {
    configured: bool,
    /// Files are called by their way from the top of the git repository, not from here.
    from_top: bool,
    /// What the server knows of the repository that has its top there.
    server: Option<(PathBuf, ServerFacts)>,
    /// What they exclude, by their top.
    outer: BTreeMap<PathBuf, lint::Patterns>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { configured: true, from_top: false, server: None, outer: BTreeMap::new() }
    }
}

impl Settings {
    /// Whether a project above `top`, up to the top of the git repository, or up to `here` outside of any, leaves the
    /// file out.
    fn exclude(&mut self, file: &Path, top: &Path, here: &Path) -> bool {
        if !self.configured {
            return false;
        }
        let above: Vec<&Path> = top.ancestors().skip(1).collect();
        let end = above.iter().position(|directory| directory.join(".git").exists());
        let reach = match end {
            Some(end) => &above[..=end],
            None => &above[..above.iter().take_while(|directory| directory.starts_with(here)).count()],
        };
        reach.iter().any(|directory| {
            let patterns = self
                .outer
                .entry(directory.to_path_buf())
                .or_insert_with(|| Config::read(directory).unwrap_or_default().lint.exclude);
            file.strip_prefix(directory).is_ok_and(|path| patterns.matches(&slashed(path)))
        })
    }
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// `configured`: what `[lint]` says counts.
fn facts(top: &Path, configured: bool) -> Facts {
    let repository = Repository::discover(top).ok().filter(Repository::is_git);
    // Only for a project that is the repository itself: paths of workflows count from there.
    let own = repository.as_ref().filter(|repository| same(repository.top_level(), top));
    let tree = own.and_then(|repository| repository.files().ok()).map(Tree::new);
    let known = own.and_then(|repository| repository.facts().ok());
    let remote = known.as_ref().filter(|known| known.remote_url.is_some());
    // A broken trunkline.toml is told when it is linted; the rules go by the defaults then.
    let config = Config::read(top).unwrap_or_default();
    let today = jiff::Zoned::now().date();
    let part = |number: i8| u16::try_from(number).unwrap_or_default();
    Facts {
        tree,
        store: store(&config),
        config: if configured { config.lint } else { lint::Config::default() },
        today: Some([u16::try_from(today.year()).unwrap_or_default(), part(today.month()), part(today.day())]),
        repository: remote.map(|known| format!("{}/{}", known.owner, known.name)),
        default_branch: remote.map(|known| known.default_branch.clone()),
        ..Facts::default()
    }
}

fn same(a: &Path, b: &Path) -> bool {
    let canonical = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    canonical(a) == canonical(b)
}

/// The names that `trunkline.toml` gives. A file without any says nothing about what the store has.
fn store(config: &Config) -> Option<Store> {
    let empty = config.secrets.is_empty() && config.vars.is_empty() && config.environments.is_empty();
    let environments = config.environments.iter().map(|(name, environment)| {
        let names = EnvironmentNames {
            secrets: environment.secrets.keys().cloned().collect(),
            vars: environment.vars.keys().cloned().collect(),
        };
        (name.clone(), names)
    });
    (!empty).then(|| Store {
        secrets: config.secrets.keys().cloned().collect(),
        vars: config.vars.keys().cloned().collect(),
        environments: environments.collect(),
        ..Store::default()
    })
}
