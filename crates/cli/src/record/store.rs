//! All runs of one repository.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use api::RunNumber;
use sha2::{Digest as _, Sha256};

use super::live::{Record, artifacts_dir, logs_dir, now, write_json};
use super::{RecordError, RunMeta, StoredRun, retention};
use crate::dirs::{Dirs, create_private};

/// Old runs are removed when a run gets a number divisible by this.
const PRUNED_EVERY: u64 = 8;

/// The records of one repository.
#[derive(Clone, Debug)]
pub(crate) struct RecordStore {
    dir: PathBuf,
}

impl RecordStore {
    /// The store for the repository at this root. Makes no directory until something is recorded.
    pub(crate) fn open(dirs: &Dirs, repo_root: &Path) -> Result<Self, RecordError> {
        let root = fs::canonicalize(repo_root).map_err(RecordError::io(repo_root))?;
        let name = root.file_name().map_or_else(|| "root".into(), std::ffi::OsStr::to_string_lossy);
        let name: String = name.chars().take(40).collect();
        let hash = hex::encode(&Sha256::digest(root.as_os_str().as_bytes())[..5]);
        Ok(Self { dir: dirs.data.join("runs").join(format!("{name}-{hash}")) })
    }

    /// Begins a record under the next free number. Other processes may do the same at the same time.
    ///
    /// Old records go in the background, so that their removal does not hold the new run up.
    pub(crate) fn create(&self, meta: &RunMeta) -> Result<Record, RecordError> {
        create_private(&self.dir)?;
        let mut number = self.numbers()?.last().copied().unwrap_or(0);
        let dir = loop {
            number += 1;
            let dir = self.run_dir(number);
            match fs::create_dir(&dir) {
                Ok(()) => break dir,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(RecordError::io(dir)(error)),
            }
        };
        let (running, events) = begin(&dir, meta).map_err(|error| {
            // Nothing half-made stays, for which a full disk is thankful too.
            let _ = fs::remove_dir_all(&dir);
            RecordError::io(&dir)(error)
        })?;
        // Reading the results of hundreds of runs is felt in a short one, hence not each time.
        if number % PRUNED_EVERY == 0 {
            let store = self.clone();
            // A failure here is no failure of the run; a later run tries again.
            let _ = std::thread::Builder::new()
                .name("retention".to_owned())
                .spawn(move || retention::prune(&store, retention::Limits::default()));
        }
        Ok(Record::new(RunNumber(number), dir, events, running))
    }

    /// The newest runs, at most so many, newest first. Runs whose `meta.json` is not written yet are left out.
    pub(crate) fn list(&self, most: usize) -> Result<Vec<StoredRun>, RecordError> {
        let numbers = self.numbers()?.into_iter().rev();
        Ok(numbers.filter_map(|number| self.load(number).ok()).take(most).collect())
    }

    /// The run that a user names: a number, `last`, or counted from the end: `-1`.
    pub(crate) fn find(&self, wanted: &str) -> Result<StoredRun, RecordError> {
        let numbers = self.numbers()?;
        let newest = numbers.last().copied();
        let number = match (wanted.trim_start_matches('#'), wanted.strip_prefix('-')) {
            ("last" | "latest", _) => newest,
            (_, Some(back)) => {
                let back: usize = back.parse().map_err(|_| RecordError::NotANumber(wanted.to_owned()))?;
                back.checked_sub(1).and_then(|back| numbers.iter().rev().nth(back)).copied()
            }
            (number, None) => {
                let number = number.parse().map_err(|_| RecordError::NotANumber(wanted.to_owned()))?;
                numbers.contains(&number).then_some(number)
            }
        };
        match number {
            Some(number) => self.load(number),
            None if newest.is_none() => Err(RecordError::Empty),
            None => Err(RecordError::NoSuchRun { wanted: wanted.to_owned(), newest }),
        }
    }

    pub(super) fn load(&self, number: u64) -> Result<StoredRun, RecordError> {
        StoredRun::load(RunNumber(number), self.run_dir(number))
    }

    pub(super) fn run_dir(&self, number: u64) -> PathBuf {
        self.dir.join(number.to_string())
    }

    /// Ascending.
    pub(super) fn numbers(&self) -> Result<Vec<u64>, RecordError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(RecordError::io(&self.dir)(error)),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let entry = entry.map_err(RecordError::io(&self.dir))?;
            numbers.extend(entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// What a record begins with: the lock that shows that it is being written, and the file of events.
fn begin(dir: &Path, meta: &RunMeta) -> io::Result<(File, File)> {
    let running = File::create(dir.join("running"))?;
    // Nobody else locks it for longer than a look takes, and who looks takes it shared.
    running.lock()?;
    fs::create_dir(logs_dir(dir))?;
    fs::create_dir(artifacts_dir(dir))?;
    let started_at = if meta.started_at == 0 { now() } else { meta.started_at };
    write_json(&dir.join("meta.json"), &RunMeta { started_at, ..meta.clone() })?;
    let events = File::options().append(true).create_new(true).open(dir.join("events.jsonl"))?;
    Ok((running, events))
}
