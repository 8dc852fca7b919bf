//! Jobs' names as they stand before their lines.

use std::collections::{BTreeMap, BTreeSet};

use api::LegId;

use super::text;
use super::view::RunView;

/// Short names, all of one width, no two the same.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    /// Whether a job came since they were made.
    pub(crate) outdated: bool,
    labels: BTreeMap<LegId, String>,
}

/// Wider names are cut.
const WIDEST: usize = 28;

impl Labels {
    pub(crate) fn update(&mut self, view: &RunView, columns: usize) {
        if !std::mem::take(&mut self.outdated) {
            return;
        }
        let widest = (columns / 4).clamp(8, WIDEST);
        let mut taken = BTreeSet::new();
        self.labels.clear();
        for job in view.jobs.values() {
            let name = view.full_name(job);
            let mut label = text::cut_middle(&name, widest);
            if !taken.insert(label.clone()) {
                let number = format!("#{}", job.leg);
                let room = widest.saturating_sub(number.len());
                label = format!("{}{number}", text::cut(&name, room));
                taken.insert(label.clone());
            }
            self.labels.insert(job.leg, label);
        }
        let width = self
            .labels
            .values()
            .map(|label| text::width(label))
            .max()
            .unwrap_or(0);
        for label in self.labels.values_mut() {
            *label = text::pad(label, width);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.labels.len()
    }

    pub(crate) fn of(&self, leg: LegId) -> &str {
        self.labels.get(&leg).map_or("?", String::as_str)
    }
}
