//! `trunkline logs RUN [JOB]`: the logs of a recorded run.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use api::{Envelope, LegId};

use crate::failure::Failure;
use crate::record::StoredRun;
use crate::report::job_choice::{self, Choice};
use crate::report::output::{Filter, Form, Output};
use crate::report::palette::Palette;
use crate::report::screen::Screen;
use crate::report::terminal::{Terminal, TerminalOptions};
use crate::report::view::{RunView, leg_of};
use crate::runs_command::RecordsArgs;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LogsArgs {
    /// The run: its number, `last`, or counted from the end as `-1`
    #[arg(value_name = "RUN", default_value = "last", allow_negative_numbers = true)]
    pub(crate) run: String,
    /// The job: its name, its key in the file (all legs of its matrix), or the start of either
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// Only this step: its id, its name, or its number from 1
    #[arg(long, value_name = "STEP", requires = "job")]
    pub(crate) step: Option<String>,
    /// The time before each line
    #[arg(long)]
    pub(crate) timestamps: bool,
    /// Also what stands in each step's header, and debug lines
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// The text as it was recorded, without names, headers and colours of ours
    #[arg(long, conflicts_with_all = ["timestamps", "verbose"])]
    pub(crate) raw: bool,
}

pub(crate) fn run(args: &LogsArgs) -> Result<(), Failure> {
    let run = args.records.store()?.find(&args.run)?;
    let mut view = RunView::default();
    let events: Vec<Envelope> = run.events()?.inspect(|envelope| view.apply(envelope)).collect();
    let legs: BTreeSet<LegId> = match &args.job {
        None => view.jobs.keys().copied().collect(),
        Some(wanted) => job_choice::jobs(&view, wanted).map_err(|choice| unknown(choice, "job", wanted, &run))?,
    };
    let mut filter = Filter::default();
    if let (Some(wanted), Some(leg)) = (&args.step, legs.first()) {
        if legs.len() > 1 {
            let names: Vec<String> = legs.iter().filter_map(|leg| view.job(*leg)).map(|job| job.name.clone()).collect();
            return Err(Failure::usage(format!("a step is looked for in one job, not in {}", names.len()))
                .hint(format!("name one of: {}", some(&names))));
        }
        let step = job_choice::step(&view, *leg, wanted).map_err(|choice| unknown(choice, "step", wanted, &run))?;
        filter.step = Some((*leg, step));
    }
    let screen = Screen::stdout();
    if args.raw && filter.step.is_none() {
        return raw(&run, &legs);
    }
    let options = TerminalOptions { verbose: args.verbose, timestamps: args.timestamps, logs_only: true };
    let form = if args.raw {
        Form::Raw(screen)
    } else {
        Form::Terminal(Box::new(Terminal::new(screen, Palette::for_stdout(), options)))
    };
    let mut output = Output::new(form).filtered(filter);
    for leg in &legs {
        let path = run.log_path(*leg);
        if path.exists() {
            output.add_log(*leg, path);
        }
    }
    for envelope in &events {
        if leg_of(&envelope.event).is_none_or(|leg| legs.contains(&leg)) {
            output.event(envelope);
        }
        if output.is_broken() {
            return Ok(());
        }
    }
    output.clear();
    Ok(())
}

/// The files as they are, one after the other.
fn raw(run: &StoredRun, legs: &BTreeSet<LegId>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for leg in legs {
        let copied = match File::open(run.log_path(*leg)) {
            Ok(mut file) => io::copy(&mut file, &mut out),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => Err(error),
        };
        match copied {
            Ok(_) => {}
            // Whoever read it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Failure::broken(format!("the log of job {leg}: {error}"))),
        }
    }
    Ok(())
}

fn unknown(choice: Choice, what: &str, wanted: &str, run: &StoredRun) -> Failure {
    let number = run.number;
    match choice {
        Choice::Several(names) => Failure::usage(format!("{what} '{wanted}' of run {number} could be several"))
            .hint(format!("name one of: {}", some(&names))),
        Choice::None { names, .. } if names.is_empty() => Failure::missing(format!("run {number} has no {what}s")),
        Choice::None { nearest, names } => {
            let failure = Failure::missing(format!("run {number} has no {what} '{wanted}'"));
            match nearest {
                Some(nearest) => failure.hint(format!("did you mean '{nearest}'?")),
                None => failure.hint(format!("there are: {}", some(&names))),
            }
        }
    }
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    const MOST: usize = 10;
    let mut text = names[..names.len().min(MOST)].join(", ");
    if names.len() > MOST {
        text += &format!(" and {} more", names.len() - MOST);
    }
    text
}
