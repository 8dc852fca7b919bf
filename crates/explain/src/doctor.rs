//! Findings about a machine and its configuration, and how they are shown. Whoever looks makes them.

use serde::Serialize;

use crate::text::{Line, Tone, count};

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable: `machine/kernel`.
    pub id: &'static str,
    pub state: State,
    /// What was looked at, a few words.
    pub title: &'static str,
    /// What is there.
    pub found: String,
    /// What that means for runs; empty when it is as it should be.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub means: String,
    /// What to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedy: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    /// Something will not work, or not as well.
    Warn,
    /// Runs will fail.
    Fail,
}

impl Finding {
    #[must_use]
    pub fn ok(id: &'static str, title: &'static str, found: impl Into<String>) -> Finding {
        Finding { id, state: State::Ok, title, found: found.into(), means: String::new(), remedy: Vec::new() }
    }

    #[must_use]
    pub fn warn(id: &'static str, title: &'static str, found: impl Into<String>, means: impl Into<String>) -> Finding {
        Finding { state: State::Warn, means: means.into(), ..Finding::ok(id, title, found) }
    }

    #[must_use]
    pub fn fail(id: &'static str, title: &'static str, found: impl Into<String>, means: impl Into<String>) -> Finding {
        Finding { state: State::Fail, ..Finding::warn(id, title, found, means) }
    }

    /// With something to do.
    #[must_use]
    pub fn remedy(mut self, text: impl Into<String>) -> Finding {
        self.remedy.push(text.into());
        self
    }
}

/// The worst of all.
#[must_use]
pub fn worst(findings: &[Finding]) -> State {
    findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok)
}

/// All findings, area by area.
#[must_use]
pub fn lines(findings: &[Finding]) -> Vec<Line> {
    let mut out = Vec::new();
    let width = findings.iter().map(|finding| finding.title.chars().count()).max().unwrap_or(0);
    let mut area = "";
    for finding in findings {
        let own = finding.id.split('/').next().unwrap_or_default();
        if own != area {
            if !area.is_empty() {
                out.push(Line::new());
            }
            area = own;
            out.push(Line::new().with(Tone::Strong, area));
        }
        let (sign, tone) = match finding.state {
            State::Ok => ("✓", Tone::Good),
            State::Warn => ("!", Tone::Warn),
            State::Fail => ("✗", Tone::Bad),
        };
        let line = Line::new().plain("  ").with(tone, sign).plain(format!(" {}", finding.title)).padded(width + 6);
        out.push(line.plain(finding.found.clone()));
        let indent = width + 6;
        if !finding.means.is_empty() {
            out.push(Line::new().with(tone, finding.means.clone()).indented(indent));
        }
        out.extend(
            finding.remedy.iter().map(|text| Line::new().with(Tone::Good, "→ ").plain(text.clone()).indented(indent)),
        );
    }
    out.push(Line::new());
    let of = |state: State| findings.iter().filter(|finding| finding.state == state).count();
    out.push(match (of(State::Fail), of(State::Warn)) {
        (0, 0) => Line::new().with(Tone::Good, "Everything is as it should be."),
        (0, warnings) => Line::new().plain(format!("Runs will work; {} above.", count(warnings, "remark"))),
        (fails, _) => Line::new().with(Tone::Bad, format!("{} in the way of runs.", count(fails, "thing"))),
    });
    out
}
