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
        let mut differing: BTreeMap<_, Differing> = BTreeMap::new();
        for job in view.jobs.values() {
            differing.entry((job.workflow, &job.key)).or_default().see(&view.full_name(job));
        }
        self.labels.clear();
        for job in view.jobs.values() {
            let mut name = view.full_name(job);
            if text::width(&name) > widest {
                name = differing.get(&(job.workflow, &job.key)).map_or(name.clone(), |values| values.keep(&name));
            }
            let mut label = text::cut_middle(&name, widest);
            if !taken.insert(label.clone()) {
                let number = format!("#{}", job.leg);
                let room = widest.saturating_sub(number.len());
                label = format!("{}{number}", text::cut(&name, room));
                taken.insert(label.clone());
            }
            self.labels.insert(job.leg, label);
        }
        let width = self.labels.values().map(|label| text::width(label)).max().unwrap_or(0);
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

/// Which of the values in `test (ubuntu, 1.23)` differ between the legs of a job.
#[derive(Debug, Default)]
struct Differing {
    first: Vec<String>,
    differs: Vec<bool>,
}

impl Differing {
    fn see(&mut self, name: &str) {
        let Some((_, values)) = values(name) else {
            return;
        };
        if self.first.is_empty() {
            self.first = values.iter().map(|value| (*value).to_owned()).collect();
            self.differs = vec![false; values.len()];
        }
        for (index, value) in values.iter().enumerate() {
            if let (Some(first), Some(differs)) = (self.first.get(index), self.differs.get_mut(index)) {
                *differs |= first != value;
            }
        }
    }

    /// The name without the values that all legs share.
    fn keep(&self, name: &str) -> String {
        let Some((head, values)) = values(name) else {
            return name.to_owned();
        };
        let kept: Vec<&str> = values
            .iter()
            .enumerate()
            .filter(|(index, _)| self.differs.get(*index).copied().unwrap_or(true))
            .map(|(_, value)| *value)
            .collect();
        if kept.is_empty() { name.to_owned() } else { format!("{head}({})", kept.join(", ")) }
    }
}

/// `test ` and its values.
fn values(name: &str) -> Option<(&str, Vec<&str>)> {
    let (head, values) = name.strip_suffix(')')?.split_once('(')?;
    Some((head, values.split(", ").collect()))
}
