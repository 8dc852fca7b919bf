//! What a job leaves for later: the process of each step, the actions and images it used, the files it hashed.

use std::path::Path;

use api::{ActionUsed, Event, FilesHashed, HashedFile, ImageUsed, LegId, StepProcess};
use indexmap::IndexMap;

use super::action::Loaded;
use super::shared::Job;
use super::step::Running;
use crate::Masker;
use crate::hash_files::Hashed;

/// Files told one by one.
const MAX_FILES: usize = 200;
/// The longest value that is told whole, in bytes.
const MAX_VALUE: usize = 2048;
/// Variables that every step gets, and what is only for the runner's own services.
const EVERYWHERE: &[&str] = &["GITHUB_", "RUNNER_", "ACTIONS_", "STATE_"];

impl Job {
    /// `hashFiles` was evaluated.
    pub(super) fn files_hashed(&self, patterns: &[&str], hashed: &Hashed) {
        let text = |text: &str| self.masker.mask_str(text).into_owned();
        let workspace = self.host(&self.layout.workspace);
        let files = hashed.files.iter().zip(&hashed.sums).take(MAX_FILES).map(|(path, sum)| HashedFile {
            path: text(&path.strip_prefix(&workspace).unwrap_or(path).to_string_lossy()),
            digest: sum[..8].iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        self.emit(Event::FilesHashed(FilesHashed {
            leg: self.request.leg,
            patterns: patterns.iter().map(|pattern| text(pattern)).collect(),
            digest: hashed.digest.clone(),
            files: files.collect(),
            omitted: hashed.files.len().saturating_sub(MAX_FILES),
        }));
    }
}

impl Running<'_> {
    /// The step is about to start this.
    pub(super) fn note_process(&self, argv: &[String], env: &IndexMap<String, String>, cwd: &Path) {
        let job = self.job;
        let text = |text: &str| shown(&job.masker, text);
        let own = env.iter().filter(|(name, value)| {
            job.base_env.get(*name) != Some(*value) && !EVERYWHERE.iter().any(|prefix| name.starts_with(prefix))
        });
        job.emit(Event::StepProcess(StepProcess {
            leg: job.request.leg,
            step: self.index,
            argv: argv.iter().map(|word| text(word)).collect(),
            // A step without a directory of its own stands in the workspace, joined with nothing.
            cwd: text(Some(cwd.to_string_lossy().trim_end_matches('/')).filter(|path| !path.is_empty()).unwrap_or("/")),
            env: own.map(|(name, value)| (name.clone(), text(value))).collect(),
        }));
    }

    /// The step's action was found.
    pub(super) fn note_action(&self, uses: &str, loaded: &Loaded) {
        self.job.emit(Event::ActionUsed(ActionUsed {
            leg: self.job.request.leg,
            step: self.index,
            uses: uses.to_owned(),
            commit: loaded.resolved.commit.clone(),
            from: loaded.resolved.why.clone(),
        }));
    }
}

/// An image is there to be used.
pub(super) fn image_used(leg: LegId, base: &container::Base) -> Event {
    Event::ImageUsed(ImageUsed { leg, image: base.reference.clone(), digest: base.id.clone() })
}

/// Masked, then cut: what is cut off of a secret would not be recognised.
fn shown(masker: &Masker, text: &str) -> String {
    let mut text = masker.mask_str(text).into_owned();
    if text.len() > MAX_VALUE {
        text.truncate(text.floor_char_boundary(MAX_VALUE));
        text.push('…');
    }
    text
}
