use std::path::{Path, PathBuf};
use std::process::Command;

use super::fresh;
use super::measure::{median, peak_memory, quiet, time};
use super::project::{self, Project};
use super::table::Row;

pub(super) struct Bench {
    pub(super) program: PathBuf,
    pub(super) act: Option<PathBuf>,
    pub(super) place: PathBuf,
    pub(super) rounds: usize,
}

type Case = fn(&Bench) -> Result<Vec<Row>, String>;

pub(super) const ALL: &[(&str, Case)] = &[
    ("10 steps", ten_steps),
    ("20 parallel jobs", parallel),
    ("chain of 20 jobs", chain),
    ("list", list),
    ("checkout", checkout),
    ("256 legs planned", legs),
    ("log throughput", throughput),
];

const HOST: &[&str] = &["-P", "ubuntu-latest=host"];

impl Bench {
    fn trunkline(&self, project: &Project, words: &[&str]) -> Command {
        let mut command = quiet(&self.program, words, &project.path);
        command.env("TRUNKLINE_HOME", &project.state);
        command
    }
}

/// How much slower than the floor a whole command may be.
struct Allowed {
    times: f64,
    plus: f64,
}

fn ten_steps(bench: &Bench) -> Result<Vec<Row>, String> {
    let floor = "for i in 1 2 3 4 5 6 7 8 9 10; do bash --noprofile --norc -e -o pipefail \"$1\"; done";
    beside_floor(bench, "10 steps", &project::ten_steps(), floor, &Allowed { times: 1.5, plus: 15.0 })
}

fn parallel(bench: &Bench) -> Result<Vec<Row>, String> {
    let floor = "for i in {1..20}; do bash --noprofile --norc -e -o pipefail \"$1\" & done; wait";
    beside_floor(bench, "20 parallel jobs", &project::twenty_jobs(false), floor, &Allowed { times: 2.0, plus: 30.0 })
}

fn chain(bench: &Bench) -> Result<Vec<Row>, String> {
    let floor = "for i in {1..20}; do bash --noprofile --norc -e -o pipefail \"$1\"; done";
    beside_floor(bench, "chain of 20 jobs", &project::twenty_jobs(true), floor, &Allowed { times: 3.0, plus: 30.0 })
}

const MEMORY_LIMIT: f64 = 25.0;

fn beside_floor(bench: &Bench, name: &str, workflow: &str, floor: &str, allowed: &Allowed) -> Result<Vec<Row>, String> {
    let project = Project::new(&bench.place, &name.replace(' ', "-"), workflow)?;
    let script = bench.place.join("step.sh");
    std::fs::write(&script, "echo step 1\n").map_err(|error| error.to_string())?;
    let script = script.to_string_lossy().into_owned();
    let floor_command = || quiet("bash", &["--noprofile", "--norc", "-c", floor, "floor", &script], &bench.place);
    let host_words = [&["run", "--quiet"], HOST].concat();
    let act = bench.act.as_deref().filter(|act| time(&mut act_command(act, &project.path)).is_ok());

    // Once unmeasured, so that caches are warm for everybody.
    time(&mut floor_command())?;
    time(&mut bench.trunkline(&project, &["run", "--quiet"]))?;
    time(&mut bench.trunkline(&project, &host_words))?;
    let (mut floors, mut sandboxes, mut hosts, mut acts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        floors.push(time(&mut floor_command())?);
        sandboxes.push(time(&mut bench.trunkline(&project, &["run", "--quiet"]))?);
        hosts.push(time(&mut bench.trunkline(&project, &host_words))?);
        if let Some(act) = act {
            acts.push(time(&mut act_command(act, &project.path))?);
        }
    }
    let memory = peak_memory(&mut bench.trunkline(&project, &["run", "--quiet"]))?;

    let floor = median(&floors);
    let limit = floor * allowed.times + allowed.plus;
    let how = format!("{} x floor + {} ms", allowed.times, allowed.plus);
    let mut rows = vec![
        Row::at_most(format!("{name}, sandbox"), Some(floor), median(&sandboxes), "ms", limit, &how),
        Row::at_most(
            format!("{name}, host"),
            Some(floor),
            median(&hosts),
            "ms",
            median(&sandboxes).min(limit),
            "better than sandbox",
        ),
    ];
    if !acts.is_empty() {
        rows.push(Row {
            case: format!("{name}, act on the host"),
            floor: Some(floor),
            ours: median(&acts),
            unit: "ms",
            target: String::new(),
            passed: None,
        });
    }
    rows.push(Row::at_most(format!("{name}, peak memory"), None, memory, "MiB", MEMORY_LIMIT, "the process itself"));
    Ok(rows)
}

fn act_command(act: &Path, directory: &Path) -> Command {
    quiet(act, &["push", "--platform", "ubuntu-latest=-self-hosted", "--quiet"], directory)
}

fn list(bench: &Bench) -> Result<Vec<Row>, String> {
    let project = Project::new(&bench.place, "list", &project::twenty_jobs(true))?;
    let ours = repeated(bench, || bench.trunkline(&project, &["run", "--list"]))?;
    Ok(vec![Row::at_most("run --list", None, ours, "ms", 10.0, "whole command")])
}

fn legs(bench: &Bench) -> Result<Vec<Row>, String> {
    let project = Project::new(&bench.place, "legs", &project::matrix())?;
    let ours = repeated(bench, || bench.trunkline(&project, &["run", "--dry-run", "--json"]))?;
    Ok(vec![Row::at_most("256 legs planned", None, ours, "ms", 20.0, "whole command, --dry-run --json")])
}

fn repeated(bench: &Bench, command: impl Fn() -> Command) -> Result<f64, String> {
    time(&mut command())?;
    let times: Result<Vec<f64>, String> = (0..bench.rounds).map(|_| time(&mut command())).collect();
    Ok(median(&times?))
}

/// Four jobs that check out 5,000 files of 10 KB: the first time on an empty state directory beside a plain copy of the tree,
/// then again with the snapshot there. Both with the time of the same run without checkout taken off.
fn checkout(bench: &Bench) -> Result<Vec<Row>, String> {
    let with = large_project(bench, "checkout", true)?;
    let without = large_project(bench, "no-checkout", false)?;
    let copy = bench.place.join("copy");
    let source = with.path.to_string_lossy().into_owned();
    let target = copy.to_string_lossy().into_owned();
    let (mut copies, mut firsts, mut laters, mut bares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let git = with.path.join(".git");
    let aside = bench.place.join("git-aside");
    for _ in 0..bench.rounds {
        let _ = std::fs::remove_dir_all(&copy);
        // The tree alone: git's own files are not part of a checkout's content.
        std::fs::rename(&git, &aside).map_err(|error| error.to_string())?;
        let copied = time(&mut quiet("cp", &["-r", &source, &target], &bench.place));
        std::fs::rename(&aside, &git).map_err(|error| error.to_string())?;
        copies.push(copied?);
        fresh(&with.state)?;
        firsts.push(time(&mut bench.trunkline(&with, &["run", "--quiet"]))?);
        laters.push(time(&mut bench.trunkline(&with, &["run", "--quiet"]))?);
        bares.push(time(&mut bench.trunkline(&without, &["run", "--quiet"]))?);
    }
    let bare = median(&bares);
    let (copied, first, later) = (median(&copies), median(&firsts) - bare, median(&laters) - bare);
    Ok(vec![
        Row::at_most("checkout by 4 jobs, first time", Some(copied), first, "ms", copied, "one cp -r of the tree"),
        Row::at_most("checkout by 4 jobs, afterwards, per job", None, later / 4.0, "ms", 30.0, "over a run without it"),
    ])
}

fn large_project(bench: &Bench, name: &str, checkout: bool) -> Result<Project, String> {
    let project = Project::new(&bench.place, name, &project::four_checkouts(checkout))?;
    for directory in 0..50 {
        for file in 0..100 {
            let line = format!("file {file} of directory {directory} ");
            let content = line.repeat(10_240 / line.len() + 1);
            project.write(&format!("d{directory:02}/f{file:02}.txt"), &content[..10_240])?;
        }
    }
    project.commit()?;
    Ok(project)
}

/// More than 1 GB.
const LOUD: u64 = 1 << 30;

fn throughput(bench: &Bench) -> Result<Vec<Row>, String> {
    let project = Project::new(&bench.place, "loud", &project::loud(LOUD))?;
    let silent = Project::new(&bench.place, "silent", &project::loud(100))?;
    let mut times = Vec::new();
    for _ in 0..bench.rounds.min(5) {
        fresh(&project.state)?;
        let bare = time(&mut bench.trunkline(&silent, &["run", "--quiet"]))?;
        times.push(time(&mut bench.trunkline(&project, &["run", "--quiet"]))? - bare);
    }
    fresh(&project.state)?;
    #[expect(clippy::cast_precision_loss, reason = "a round power of two")]
    let megabytes = LOUD as f64 / 1e6;
    let rate = megabytes / (median(&times) / 1000.0);
    Ok(vec![Row {
        case: "log throughput to the record".to_owned(),
        floor: None,
        ours: rate,
        unit: "MB/s",
        target: ">= 200 (1 GB from one step)".to_owned(),
        passed: Some(rate >= 200.0),
    }])
}
