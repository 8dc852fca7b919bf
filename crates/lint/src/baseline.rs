//! What is known already and not told again.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::project::Project;

/// Findings to leave out. A finding is recognised by its rule, its file and the text of the line it starts on, so that
/// it may move with its line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Of the form of this file; 1.
    pub version: u32,
    pub findings: Vec<Known>,
}

/// Findings that are alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    pub file: String,
    pub rule: String,
    /// The line, without blanks around it.
    pub line: String,
    /// How many there are.
    pub count: usize,
}

const VERSION: u32 = 1;

impl Baseline {
    /// Everything that was found. `below` stands before the project's paths, where there are several projects.
    pub fn of(project: &Project, below: &str, findings: &[Finding]) -> Baseline {
        let mut counts: HashMap<(String, &str, String), usize> = HashMap::new();
        for finding in findings {
            *counts.entry(key(project, below, finding)).or_default() += 1;
        }
        let mut known: Vec<Known> = counts
            .into_iter()
            .map(|((file, rule, line), count)| Known { file, rule: rule.to_owned(), line, count })
            .collect();
        known.sort();
        Baseline { version: VERSION, findings: known }
    }

    /// Reads what [`Baseline::to_json`] wrote.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(text: &str) -> Result<Baseline, String> {
        let baseline: Baseline = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if baseline.version != VERSION {
            return Err(format!("version {} of baselines is not known, only {VERSION}", baseline.version));
        }
        Ok(baseline)
    }

    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Takes the known ones out of `findings`, and says how many they were. Where there are more than the baseline has
    /// of a kind, the last ones stay.
    pub fn filter(&self, project: &Project, below: &str, findings: &mut Vec<Finding>) -> usize {
        let mut left: HashMap<(String, &str, String), usize> = HashMap::new();
        for known in &self.findings {
            *left.entry((known.file.clone(), &known.rule, known.line.clone())).or_default() += known.count;
        }
        let before = findings.len();
        findings.retain(|finding| match left.get_mut(&key(project, below, finding)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        before - findings.len()
    }
}

fn key(project: &Project, below: &str, finding: &Finding) -> (String, &'static str, String) {
    let Some(document) = project.document(finding.span.file) else {
        return (String::new(), finding.rule.id, String::new());
    };
    let start = finding.span.start as usize;
    let text = document.text();
    let from = text[..text.floor_char_boundary(start)].rfind('\n').map_or(0, |at| at + 1);
    let line = text[from..].lines().next().unwrap_or_default().trim();
    (format!("{below}{}", document.path), finding.rule.id, line.to_owned())
}
