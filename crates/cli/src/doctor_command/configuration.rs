//! What the repository here says: its files, secrets, sources of actions.

use actions::LockFile;
use explain::doctor::Finding;

use crate::args::PlaceArgs;
use crate::config::{Config, FILE, SecretSource};
use crate::dirs::{Dirs, DirsError};
use crate::project::Project;
use crate::record::{RecordStore, RunState};
use crate::tools::on_path;

pub(super) fn look(place: &PlaceArgs, dirs: Result<Dirs, DirsError>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let dirs = match dirs {
        Ok(dirs) => Some(dirs),
        Err(error) => {
            let means = "there is no place for records and caches";
            findings.push(Finding::fail("configuration/home", "home", error.to_string(), means).remedy(error.hint()));
            None
        }
    };
    match Project::look(place) {
        Ok((project, broken)) => {
            findings.push(file(&project));
            findings.push(workflows(&project, broken.len()));
            findings.extend(lock(&project));
            findings.extend(secrets(&project.config, &project.top));
            findings.extend(sources(&project));
            findings.extend(dirs.and_then(|dirs| interrupted(&dirs, &project)));
        }
        // The one failure that is a finding of its own: the file cannot be read as configuration.
        Err(failure) => {
            let text = failure.to_string();
            let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            findings.push(match failure.exit_code() {
                3 => Finding::fail("configuration/file", FILE, what, "no run starts with an invalid configuration"),
                _ => Finding::warn("configuration/repository", "repository", what, "there is nothing to run here"),
            });
        }
    }
    findings
}

fn file(project: &Project) -> Finding {
    let (id, title) = ("configuration/file", FILE);
    if project.top.join(FILE).is_file() {
        Finding::ok(id, title, "valid")
    } else {
        Finding::ok(id, title, "none; the defaults hold")
    }
}

fn workflows(project: &Project, broken: usize) -> Finding {
    let (id, title) = ("configuration/workflows", "workflows");
    let found =
        format!("{} in {}", crate::report::text::count(project.workflows.len(), "workflow"), project.top.display());
    match broken {
        0 => Finding::ok(id, title, found),
        _ => Finding::fail(
            id,
            title,
            format!("{found}, {broken} more not valid"),
            "`trunkline run` refuses to start while a file is invalid",
        )
        .remedy("`trunkline lint` shows what is wrong with them"),
    }
}

fn lock(project: &Project) -> Option<Finding> {
    let (id, title) = ("configuration/lock", "trunkline.lock");
    let path = project.top.join("trunkline.lock");
    match LockFile::read(&path) {
        Ok(Some(_)) => Some(Finding::ok(
            id,
            title,
            "valid; `trunkline actions verify` compares it with what the references mean now",
        )),
        Ok(None) => None,
        Err(error) => Some(
            Finding::fail(id, title, error.to_string(), "no action can be resolved")
                .remedy("write it anew: `trunkline actions lock`"),
        ),
    }
}

/// Whether each source of a secret could be read. None is.
fn secrets(config: &Config, top: &std::path::Path) -> Option<Finding> {
    let (id, title) = ("configuration/secrets", "secrets");
    let general = config.secrets.iter().map(|(name, source)| (name.clone(), source));
    let of_environments = config.environments.iter().flat_map(|(environment, known)| {
        known.secrets.iter().map(move |(name, source)| (format!("{name} of {environment}"), source))
    });
    let all: Vec<(String, &SecretSource)> = general.chain(of_environments).collect();
    if all.is_empty() {
        return None;
    }
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|(name, source)| match source {
            SecretSource::Env(variable) if std::env::var_os(variable).is_none() => {
                Some(format!("{name}: {variable} is not set"))
            }
            SecretSource::File(path) if std::fs::File::open(top.join(path)).is_err() => {
                Some(format!("{name}: {path} cannot be read"))
            }
            SecretSource::Command(command) => {
                let program = command.split_whitespace().next().unwrap_or_default();
                let shell = program.contains(['=', '$', '(', '{', '"', '\'', '|', '/']);
                (!shell && on_path(program).is_none()).then(|| format!("{name}: `{program}` is not on PATH"))
            }
            _ => None,
        })
        .collect();
    let count = crate::report::text::count(all.len(), "secret");
    Some(match wrong.as_slice() {
        [] => Finding::ok(id, title, format!("{count}, all sources are there (commands were not run)")),
        wrong => {
            let mut finding = Finding::fail(
                id,
                title,
                format!("{} of {count} cannot be had", wrong.len()),
                "runs refuse to start without them",
            );
            finding.remedy.extend(wrong.iter().cloned());
            finding.remedy("`trunkline why secret NAME` tells who reads one")
        }
    })
}

/// Directories that actions come from.
fn sources(project: &Project) -> Option<Finding> {
    let (id, title) = ("configuration/actions", "action sources");
    let named = &project.config.actions.sources;
    if named.is_empty() {
        return None;
    }
    let missing: Vec<&String> = named
        .iter()
        .filter(|text| {
            let path = text.split_once('=').map_or(text.as_str(), |(_, path)| path);
            !project.top.join(path).is_dir()
        })
        .collect();
    Some(match missing.as_slice() {
        [] => Finding::ok(id, title, named.join(", ")),
        missing => {
            let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
            Finding::fail(id, title, format!("not there: {}", names.join(", ")), "actions from there are not found")
        }
    })
}

/// Runs whose process died.
fn interrupted(dirs: &Dirs, project: &Project) -> Option<Finding> {
    let store = RecordStore::open(dirs, &project.top).ok()?;
    let runs = store.list(50).ok()?;
    let dead: Vec<String> =
        runs.iter().filter(|run| run.state == RunState::Interrupted).map(|run| run.number.to_string()).collect();
    let (id, title) = ("configuration/runs", "runs");
    Some(match dead.as_slice() {
        [] => Finding::ok(id, title, format!("{} recorded", runs.len())),
        dead => Finding::warn(
            id,
            title,
            format!("{} recorded, interrupted: {}", runs.len(), dead.join(", ")),
            "their process was killed before they ended",
        )
        .remedy("`trunkline rerun NUMBER` runs one again"),
    })
}
