//! `trunkline lint` beside zizmor and actionlint: the time that each takes for the same files, and what each finds.

mod beside;
mod corpus;
mod reading;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use super::measure::median;
use super::table::Row;
use super::{Asked, build, place, table, verdict};
use corpus::Corpus;

/// Seconds of processor time for all files, and milliseconds for one, that are aimed at.
const ALL_FILES: f64 = 250.0;
const ONE_FILE: f64 = 10.0;

/// The number of files for which the first limit is meant.
const FILES: usize = 296;

/// What the command line asks for beyond what all benches take.
struct Wanted<'a> {
    corpus: Option<PathBuf>,
    /// Where the table of agreements is written, and beside which linter.
    table: Option<PathBuf>,
    beside: String,
    rest: Vec<&'a str>,
}

pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode, String> {
    let wanted = wanted(arguments)?;
    let asked = Asked::parse(&wanted.rest)?;
    let program = asked.program.clone().map_or_else(build, Ok)?;
    let place = place()?;
    let done = measure(&asked, &wanted, &program, &place);
    let _ = std::fs::remove_dir_all(&place);
    done
}

fn wanted<'a>(arguments: &[&'a str]) -> Result<Wanted<'a>, String> {
    let mut wanted = Wanted { corpus: None, table: None, beside: "zizmor".to_owned(), rest: Vec::new() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut path = || words.next().map(PathBuf::from).ok_or(format!("{word} needs a path"));
        match *word {
            "--corpus" => wanted.corpus = Some(path()?),
            "--table" => wanted.table = Some(path()?),
            "--beside" => wanted.beside = path()?.to_string_lossy().into_owned(),
            word => wanted.rest.push(word),
        }
    }
    Ok(wanted)
}

fn measure(asked: &Asked<'_>, wanted: &Wanted<'_>, program: &Path, place: &Path) -> Result<ExitCode, String> {
    let corpus = match &wanted.corpus {
        Some(directory) => Corpus::of(directory)?,
        None => Corpus::made(&place.join("corpus"))?,
    };
    eprintln!("{}", corpus.described());
    if let Some(path) = &wanted.table {
        let text = beside::table(program, &corpus, &wanted.beside)?;
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let files = corpus.first(FILES, &place.join("files"))?;
    let one = corpus.largest_below(&files, 20_000).ok_or("there is no file to measure with")?;
    let tools = Tools { ours: program.to_owned(), zizmor: tool("zizmor"), actionlint: tool("actionlint") };
    let mut times = Times::default();
    for _ in 0..asked.rounds {
        times.round(&tools, &files, &one)?;
    }
    let rows = times.rows(files.len());
    print!("{}", table::render(&rows, asked.rounds));
    println!("{}", corpus.described());
    for (name, tool) in [("zizmor", &tools.zizmor), ("actionlint", &tools.actionlint)] {
        match tool {
            Some(path) => println!("{name}: {}", version(path)),
            None => println!("skipped: {name} is neither on PATH nor among the tests' tools"),
        }
    }
    Ok(verdict(&rows))
}

struct Tools {
    ours: PathBuf,
    zizmor: Option<PathBuf>,
    actionlint: Option<PathBuf>,
}

/// Milliseconds of each round: of the processor for all files, from start to end for one.
#[derive(Default)]
struct Times {
    ours: Vec<f64>,
    ours_wall: Vec<f64>,
    zizmor: Vec<f64>,
    actionlint: Vec<f64>,
    one: Vec<f64>,
}

impl Times {
    /// Every tool once, one after the other.
    fn round(&mut self, tools: &Tools, files: &[PathBuf], one: &Path) -> Result<(), String> {
        // What shellcheck costs is not ours.
        let ours = &["lint", "--format", "json", "--fail-on", "never", "--external", "never"];
        let (cpu, wall) = timed(&tools.ours, ours, files)?;
        self.ours.push(cpu);
        self.ours_wall.push(wall);
        self.one.push(timed(&tools.ours, ours, &[one.to_owned()])?.1);
        if let Some(zizmor) = &tools.zizmor {
            let words = &["--offline", "--no-config", "--no-exit-codes", "--format", "json", "--"];
            self.zizmor.push(timed(zizmor, words, files)?.0);
        }
        if let Some(actionlint) = &tools.actionlint {
            let words = &["-shellcheck=", "-pyflakes=", "-no-color"];
            self.actionlint.push(timed(actionlint, words, files)?.0);
        }
        Ok(())
    }

    fn rows(&self, files: usize) -> Vec<Row> {
        let all = format!("{files} files, processor time");
        let limit = ALL_FILES * files as f64 / FILES as f64;
        let ours = median(&self.ours);
        let mut rows = Vec::new();
        for (name, times) in [("zizmor", &self.zizmor), ("actionlint", &self.actionlint)] {
            if !times.is_empty() {
                rows.push(Row::beside(format!("{all}: {name}"), median(times), "ms"));
            }
        }
        let floor = (!self.zizmor.is_empty()).then(|| median(&self.zizmor));
        rows.push(Row::at_most(all, floor, ours, "ms", limit, "0.25 s for 296"));
        rows.push(Row::beside(format!("{files} files, start to end"), median(&self.ours_wall), "ms"));
        rows.push(Row::at_most("one file, start to end", None, median(&self.one), "ms", ONE_FILE, "a keystroke"));
        rows
    }
}

/// Milliseconds of the processor and of the clock that a command takes. Finding something is no failure.
fn timed(program: &Path, words: &[&str], files: &[PathBuf]) -> Result<(f64, f64), String> {
    let mut command = Command::new(program);
    command.args(words).args(files).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = children_ticks()?;
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("{}: {error}", program.display()))?;
    let wall = start.elapsed().as_secs_f64() * 1000.0;
    if !matches!(status.code(), Some(0 | 1 | 3 | 11..=14)) {
        return Err(format!("{}: {status}", program.display()));
    }
    Ok((children_ticks()?.saturating_sub(before) as f64 * TICK, wall))
}

/// Milliseconds in one tick of the kernel's accounting, which Linux tells in hundredths of a second.
const TICK: f64 = 10.0;

/// The processor time of all ended children of this process: user and system, in ticks.
fn children_ticks() -> Result<u64, String> {
    let text = std::fs::read_to_string("/proc/self/stat").map_err(|error| format!("/proc/self/stat: {error}"))?;
    // The name of the program stands in brackets and may have blanks in it.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Ok(number(13) + number(14))
}

/// A tool on PATH or among the tests' tools.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let venv = crate::tree::root().join("target/test-tools/venv/bin").join(name);
    std::env::split_paths(&path).map(|directory| directory.join(name)).chain([venv]).find(|path| path.is_file())
}

/// The first line that a tool says of its version.
fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}
