//! `trunkline show RUN`: what a recorded run did.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::record::{RunState, StoredRun};
use crate::report::closing;
use crate::report::palette::{BOLD, DIM, Palette, YELLOW};
use crate::report::screen::Screen;
use crate::report::terminal;
use crate::report::text;
use crate::report::view::RunView;
use crate::runs_command::RecordsArgs;
use crate::why_command::model;
use crate::why_command::show::painted;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The run: its number, `last`, or counted from the end as `-1`
    #[arg(value_name = "RUN", default_value = "last", allow_negative_numbers = true)]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// The run's events, one a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Bars of time for each job and step, to scale
    #[arg(long, conflicts_with = "json")]
    pub(crate) timeline: bool,
    /// Write the run as a trace that Perfetto and Chrome open
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["json", "timeline"])]
    pub(crate) trace: Option<PathBuf>,
}

pub(crate) fn run(args: &ShowArgs) -> Result<(), Failure> {
    let run = args.records.store()?.find(&args.run)?;
    let mut screen = Screen::stdout();
    if let Some(path) = &args.trace {
        let trace = explain::timeline::trace(&model(&run)?);
        let text = serde_json::to_vec(&trace).map_err(Failure::broken)?;
        std::fs::write(path, text).map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
        screen.line(&format!(
            "{}: run {}, for Perfetto (ui.perfetto.dev) and Chrome (chrome://tracing)",
            path.display(),
            run.number
        ));
        screen.flush(&[]);
        return Ok(());
    }
    if args.timeline {
        let (columns, palette) = (screen.size().columns, Palette::for_stdout());
        for line in explain::timeline::lines(&model(&run)?, columns) {
            screen.line(painted(&line, palette).trim_end());
        }
        screen.flush(&[]);
        return Ok(());
    }
    if args.json {
        for envelope in run.events()? {
            let line = serde_json::to_string(&envelope).map_err(Failure::broken)?;
            screen.line(&line);
        }
    } else {
        let columns = screen.size().columns;
        for line in lines(&run, Palette::for_stdout(), columns)? {
            screen.line(&line);
        }
    }
    screen.flush(&[]);
    Ok(())
}

/// Head, workflows left out, table, annotations, summaries, artifacts, closing line.
fn lines(run: &StoredRun, palette: Palette, columns: usize) -> Result<Vec<String>, Failure> {
    let mut view = RunView::default();
    let mut lines = Vec::new();
    for envelope in run.events()? {
        view.apply(&envelope);
        match &envelope.event {
            api::Event::RunStarted(started) => lines.push(terminal::head(started, palette)),
            api::Event::WorkflowConsidered(considered) if !considered.runs => {
                lines.push(terminal::left_out(considered, palette));
            }
            _ => {}
        }
    }
    lines.extend(closing::job_table(&view, palette, columns));
    lines.extend(closing::annotations(&view, palette, usize::MAX));
    lines.extend(closing::summaries(&view, palette, columns, usize::MAX));
    lines.extend(artifacts(run, palette));
    lines.push(String::new());
    lines.push(match &run.state {
        RunState::Finished(_) => closing::closing_line(&view, palette),
        RunState::Running => palette.paint(YELLOW, format!("Run {} is running", run.number)),
        RunState::Interrupted => palette.paint(YELLOW, format!("Run {} was interrupted: its process died", run.number)),
    });
    Ok(lines)
}

fn artifacts(run: &StoredRun, palette: Palette) -> Vec<String> {
    if !run.artifacts_dir().is_dir() {
        return Vec::new();
    }
    match services::list_artifacts(&run.dir) {
        Ok(artifacts) if artifacts.is_empty() => Vec::new(),
        Ok(artifacts) => {
            let mut lines = vec![String::new(), palette.paint(BOLD, "Artifacts")];
            let width = artifacts.iter().map(|one| text::width(&one.name)).max().unwrap_or(0);
            for artifact in artifacts {
                let name = text::pad(&artifact.name, width);
                let size = palette.paint(DIM, text::size(artifact.size));
                lines.push(format!("  {name}  {size}"));
            }
            lines
        }
        Err(error) => vec![String::new(), palette.paint(YELLOW, format!("artifacts cannot be listed: {error}"))],
    }
}
