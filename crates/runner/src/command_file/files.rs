//! The command files of one step on disk.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::{MAX_SUMMARY_SIZE, Pairs, SummaryError, masked_summary, parse_pairs, parse_paths};
use crate::Masker;
use crate::regular_file::{ReadError, read_in};
use crate::result::{Annotation, AnnotationLevel, StepState};
use crate::temp_dir::make_dir;

/// Bytes of one command file that are read; a larger one is an error. GitHub sets no limit here.
pub const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

/// Directory in `RUNNER_TEMP` that holds the files.
const DIRECTORY: &str = "_runner_file_commands";

/// Variables that cannot be set from a step; compared without case.
pub(crate) const BLOCKED_VARIABLES: &[&str] = &["NODE_OPTIONS"];

/// A command file, in the order they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `GITHUB_PATH`
    Path,
    /// `GITHUB_ENV`
    Env,
    /// `GITHUB_STEP_SUMMARY`
    Summary,
    /// `GITHUB_STATE`
    State,
    /// `GITHUB_OUTPUT`
    Output,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Path, Self::Env, Self::Summary, Self::State, Self::Output];

    /// The variable that names the file to the step.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::Path => "GITHUB_PATH",
            Self::Env => "GITHUB_ENV",
            Self::Summary => "GITHUB_STEP_SUMMARY",
            Self::State => "GITHUB_STATE",
            Self::Output => "GITHUB_OUTPUT",
        }
    }

    /// The property of the `github` context that names it.
    #[must_use]
    pub fn context_name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Env => "env",
            Self::Summary => "step_summary",
            Self::State => "state",
            Self::Output => "output",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Path => "add_path_",
            Self::Env => "set_env_",
            Self::Summary => "step_summary_",
            Self::State => "save_state_",
            Self::Output => "set_output_",
        }
    }
}

/// The command files of one step, fresh and empty. They are removed when this is dropped.
#[derive(Debug)]
pub struct CommandFiles {
    directory: OwnedFd,
    suffix: String,
}

impl CommandFiles {
    /// Makes the files in `temp`, the step's `RUNNER_TEMP` held open.
    pub fn create(temp: impl AsFd) -> std::io::Result<Self> {
        // Kept open: whatever a step puts in the directory's place is never looked at.
        let directory = make_dir(temp, Path::new(DIRECTORY))?;
        let files = Self { directory, suffix: uuid::Uuid::new_v4().to_string() };
        for kind in Kind::ALL {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
            rustix::fs::openat(&files.directory, files.name(kind), flags, Mode::from_raw_mode(0o666))?;
        }
        Ok(files)
    }

    /// Lets whoever a container runs as write to them.
    pub(crate) fn open_to_all(&self) -> std::io::Result<()> {
        for kind in Kind::ALL {
            let mode = Mode::from_raw_mode(0o666);
            rustix::fs::chmodat(&self.directory, self.name(kind), mode, rustix::fs::AtFlags::empty())?;
        }
        Ok(())
    }

    /// A file's path for a step that sees `RUNNER_TEMP` at `temp`.
    #[must_use]
    pub fn path(&self, kind: Kind, temp: &Path) -> PathBuf {
        temp.join(DIRECTORY).join(self.name(kind))
    }

    fn name(&self, kind: Kind) -> String {
        format!("{}{}", kind.prefix(), self.suffix)
    }

    /// Reads what the step left, also after it failed. Returns the masked summary, if there is one.
    ///
    /// A file that cannot be read or understood fails the step ([`StepState::command_failed`]); what stands before
    /// the error in it counts all the same. A refused summary leaves the step's result alone.
    pub fn collect(self, masker: &Masker, state: &mut StepState) -> Option<String> {
        let mut summary = None;
        for kind in Kind::ALL {
            let limit = if kind == Kind::Summary { MAX_SUMMARY_SIZE } else { MAX_FILE_SIZE };
            let bytes = match read_in(&self.directory, &self.name(kind), limit) {
                Ok(bytes) => bytes,
                Err(ReadError::Missing) => continue,
                Err(ReadError::TooLarge { size, .. }) if kind == Kind::Summary => {
                    error(state, masker, SummaryError::TooLarge(size).to_string());
                    continue;
                }
                Err(reason) => {
                    failed(state, masker, kind, &reason.to_string());
                    continue;
                }
            };
            match kind {
                Kind::Path => parse_paths(&bytes).into_iter().for_each(|path| state.add_path(path)),
                Kind::Env => set_env(state, masker, parse_pairs(&bytes)),
                Kind::Summary => match masked_summary(&bytes, masker) {
                    Ok(text) => summary = text,
                    Err(reason) => error(state, masker, reason.to_string()),
                },
                Kind::State => {
                    let pairs = parse_pairs(&bytes);
                    state.saved_state.extend(pairs.pairs.into_iter().map(|pair| (pair.name, pair.value)));
                    check(state, masker, kind, pairs.error.as_ref());
                }
                Kind::Output => {
                    let pairs = parse_pairs(&bytes);
                    state.outputs.extend(pairs.pairs.into_iter().map(|pair| (pair.name, pair.value)));
                    check(state, masker, kind, pairs.error.as_ref());
                }
            }
        }
        summary
    }
}

impl Drop for CommandFiles {
    fn drop(&mut self) {
        for kind in Kind::ALL {
            // Gone already, or not ours to judge: nothing depends on it.
            let _ = rustix::fs::unlinkat(&self.directory, self.name(kind), rustix::fs::AtFlags::empty());
        }
    }
}

fn set_env(state: &mut StepState, masker: &Masker, pairs: Pairs) {
    for pair in pairs.pairs {
        if let Some(blocked) = blocked_variable(&pair.name) {
            error(state, masker, format!("line {}: {blocked} cannot be set through $GITHUB_ENV", pair.line));
        } else {
            state.env.insert(pair.name, pair.value);
        }
    }
    check(state, masker, Kind::Env, pairs.error.as_ref());
}

/// The blocked variable that `name` is, if any.
pub(crate) fn blocked_variable(name: &str) -> Option<&'static str> {
    BLOCKED_VARIABLES.iter().find(|blocked| blocked.eq_ignore_ascii_case(name)).copied()
}

fn check(state: &mut StepState, masker: &Masker, kind: Kind, reason: Option<&super::PairError>) {
    if let Some(reason) = reason {
        failed(state, masker, kind, &reason.to_string());
    }
}

fn failed(state: &mut StepState, masker: &Masker, kind: Kind, reason: &str) {
    error(state, masker, format!("Unable to process ${}: {reason}", kind.variable()));
    state.command_failed = true;
}

fn error(state: &mut StepState, masker: &Masker, message: String) {
    state.annotate(Annotation::new(AnnotationLevel::Error, message).masked(masker));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(temp: &Path, files: &CommandFiles, kind: Kind, text: &str) {
        std::fs::write(files.path(kind, temp), text).unwrap();
    }

    fn messages(state: &StepState) -> Vec<&str> {
        state.annotations.iter().map(|annotation| annotation.message.as_str()).collect()
    }

    #[test]
    fn everything_a_step_left_is_collected_and_removed() {
        let temp = tempfile::tempdir().unwrap();
        let files = CommandFiles::create(std::fs::File::open(temp.path()).unwrap()).unwrap();
        write(temp.path(), &files, Kind::Env, "A=b\nnode_options=--x\nC<<E\nd\nE\n");
        write(temp.path(), &files, Kind::Path, "/a\n/b\n/a\n");
        write(temp.path(), &files, Kind::Output, "o=1\no=2\n");
        write(temp.path(), &files, Kind::State, "s=t\n");
        write(temp.path(), &files, Kind::Summary, "# token");
        let masker = Masker::new();
        masker.add("token");
        let mut state = StepState::default();
        let summary = files.collect(&masker, &mut state);
        assert_eq!(summary.as_deref(), Some("# ***"));
        assert_eq!(state.env.iter().collect::<Vec<_>>().len(), 2);
        assert_eq!(state.path, ["/b", "/a"]);
        assert_eq!(state.outputs["o"], "2");
        assert_eq!(state.saved_state["s"], "t");
        assert_eq!(messages(&state), ["line 2: NODE_OPTIONS cannot be set through $GITHUB_ENV"]);
        assert!(!state.command_failed);
        assert_eq!(std::fs::read_dir(temp.path().join(DIRECTORY)).unwrap().count(), 0);
    }

    #[test]
    fn a_bad_line_fails_the_step_and_keeps_the_lines_before() {
        let temp = tempfile::tempdir().unwrap();
        let files = CommandFiles::create(std::fs::File::open(temp.path()).unwrap()).unwrap();
        write(temp.path(), &files, Kind::Output, "a=1\nsecret token\nb=2\n");
        let masker = Masker::new();
        masker.add("token");
        let mut state = StepState::default();
        files.collect(&masker, &mut state);
        assert_eq!(state.outputs.len(), 1);
        assert!(state.command_failed);
        assert_eq!(
            messages(&state),
            [
                "Unable to process $GITHUB_OUTPUT: line 2: Invalid format 'secret ***': expected NAME=VALUE or NAME<<DELIMITER"
            ]
        );
    }

    #[test]
    fn a_large_summary_is_refused_and_the_step_is_well() {
        let temp = tempfile::tempdir().unwrap();
        let files = CommandFiles::create(std::fs::File::open(temp.path()).unwrap()).unwrap();
        write(temp.path(), &files, Kind::Summary, &"x".repeat(1024 * 1024 + 1));
        let mut state = StepState::default();
        assert_eq!(files.collect(&Masker::new(), &mut state), None);
        assert!(!state.command_failed);
        assert_eq!(state.annotations.len(), 1);
    }

    #[test]
    fn links_and_pipes_are_not_read_and_missing_files_say_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let files = CommandFiles::create(std::fs::File::open(temp.path()).unwrap()).unwrap();
        for kind in Kind::ALL {
            std::fs::remove_file(files.path(kind, temp.path())).unwrap();
        }
        std::fs::write(temp.path().join("outside"), "a=b\n").unwrap();
        std::os::unix::fs::symlink(temp.path().join("outside"), files.path(Kind::Env, temp.path())).unwrap();
        let fifo = files.path(Kind::Output, temp.path());
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let mut state = StepState::default();
        files.collect(&Masker::new(), &mut state);
        assert!(state.env.is_empty() && state.outputs.is_empty() && state.command_failed);
        assert_eq!(
            messages(&state),
            [
                "Unable to process $GITHUB_ENV: it is not a regular file",
                "Unable to process $GITHUB_OUTPUT: it is not a regular file"
            ]
        );
    }
}
