//! `trunkline runs`: the recorded runs of a repository.

use std::path::{Path, PathBuf};

use anstyle::Style;
use serde_json::json;

use crate::dirs::Dirs;
use crate::failure::Failure;
use crate::record::{RecordStore, RunState, StoredRun, now};
use crate::report::closing;
use crate::report::palette::{CYAN, DIM, Palette, YELLOW};
use crate::report::screen::Screen;
use crate::report::table::{Cell, table};
use crate::report::text;
use crate::report::view::RunView;

/// Whose records.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RecordsArgs {
    /// The repository, or a directory in it
    #[arg(short = 'C', long = "directory", value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunsArgs {
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// At most so many, the newest first
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl RecordsArgs {
    pub(crate) fn store(&self) -> Result<RecordStore, Failure> {
        let dirs = Dirs::from_env()?;
        Ok(RecordStore::open(&dirs, &top_level(&self.directory)?)?)
    }
}

/// The directory whose records these are: the same that `trunkline run` takes for the project.
fn top_level(directory: &Path) -> Result<PathBuf, Failure> {
    if !directory.is_dir() {
        return Err(Failure::usage(format!("{}: no such directory", directory.display())));
    }
    let own = [".github/workflows", ".trunkline/workflows"].iter().any(|below| directory.join(below).is_dir());
    if own {
        return Ok(directory.to_owned());
    }
    let repository = git::Repository::discover(directory).map_err(Failure::broken)?;
    Ok(repository.top_level().to_owned())
}

pub(crate) fn run(args: &RunsArgs) -> Result<(), Failure> {
    let runs = args.records.store()?.list(args.limit)?;
    let mut screen = Screen::stdout();
    if args.json {
        for run in &runs {
            screen.line(&as_json(run).to_string());
        }
    } else if runs.is_empty() {
        eprintln!("No run of this repository is recorded; `trunkline run` makes the first one.");
    } else {
        let columns = screen.size().columns;
        for line in lines(&runs, now(), Palette::for_stdout(), columns) {
            screen.line(&line);
        }
    }
    screen.flush(&[]);
    Ok(())
}

fn lines(runs: &[StoredRun], now: i64, palette: Palette, columns: usize) -> Vec<String> {
    let rows = runs
        .iter()
        .map(|run| {
            let (word, style) = word(&run.state);
            let sha = run.meta.sha.get(..7).unwrap_or(&run.meta.sha);
            [
                Cell::plain(run.number.to_string()),
                Cell::new(word, style),
                Cell::plain(elapsed(run, now).map(text::duration).unwrap_or_default()).right(),
                Cell::plain(&run.meta.event_name),
                Cell::plain(format!("{} {sha}", branch(&run.meta.git_ref))),
                Cell::new(text::age(now - run.meta.started_at), DIM),
                Cell::new(workflows(run).join(", "), Style::new()),
            ]
        })
        .collect();
    table(["RUN", "RESULT", "TIME", "EVENT", "REF", "AGE", "WORKFLOWS"], rows, palette, columns)
}

fn word(state: &RunState) -> (String, Style) {
    match state {
        RunState::Running => (format!("● {}", state.word()), CYAN),
        RunState::Interrupted => (format!("⊘ {}", state.word()), YELLOW),
        RunState::Finished(result) => {
            let conclusion = result.conclusion;
            (format!("{} {conclusion}", closing::symbol(conclusion)), closing::style(conclusion))
        }
    }
}

/// `refs/heads/main` is `main`.
fn branch(git_ref: &str) -> &str {
    ["refs/heads/", "refs/tags/", "refs/"].iter().find_map(|prefix| git_ref.strip_prefix(prefix)).unwrap_or(git_ref)
}

/// Microseconds; none for one that was interrupted.
fn elapsed(run: &StoredRun, now: i64) -> Option<i64> {
    match &run.state {
        RunState::Finished(result) => Some(result.finished_at - run.meta.started_at),
        RunState::Running => Some(now - run.meta.started_at),
        RunState::Interrupted => None,
    }
}

/// From the result; one that has none is asked for its events.
fn workflows(run: &StoredRun) -> Vec<String> {
    if let RunState::Finished(result) = &run.state {
        return result.workflows.clone();
    }
    let mut view = RunView::default();
    for envelope in run.events().into_iter().flatten() {
        view.apply(&envelope);
    }
    view.workflows.into_values().map(|workflow| workflow.name).collect()
}

fn as_json(run: &StoredRun) -> serde_json::Value {
    json!({
        "run": run.number,
        "state": run.state.word(),
        "event": run.meta.event_name,
        "ref": run.meta.git_ref,
        "sha": run.meta.sha,
        "attempt": run.meta.attempt,
        "parent": run.meta.parent,
        "started_at": run.meta.started_at,
        "finished_at": match &run.state {
            RunState::Finished(result) => Some(result.finished_at),
            RunState::Running | RunState::Interrupted => None,
        },
        "workflows": workflows(run),
        "directory": run.dir,
    })
}
