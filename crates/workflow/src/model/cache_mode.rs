//! `cache-mode:` of a workflow or job.

use super::Spanned;
use super::job::Job;
use super::workflow::Workflow;

/// What a job may do with caches.
///
/// Source: GitHub, "Control GitHub Actions cache access with cache-mode", September 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheMode {
    /// Restore, and save nothing.
    Read,
    /// Restore and save.
    Write,
    /// Save, and restore nothing.
    WriteOnly,
    None,
}

impl CacheMode {
    /// `read`, `write`, `write-only` or `none`.
    #[must_use]
    pub fn parse(text: &str) -> Option<CacheMode> {
        [CacheMode::Read, CacheMode::Write, CacheMode::WriteOnly, CacheMode::None]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CacheMode::Read => "read",
            CacheMode::Write => "write",
            CacheMode::WriteOnly => "write-only",
            CacheMode::None => "none",
        }
    }

    /// Whether caches are restored.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, CacheMode::Read | CacheMode::Write)
    }

    /// Whether caches are saved.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self, CacheMode::Write | CacheMode::WriteOnly)
    }

    /// What both allow.
    #[must_use]
    fn within(self, other: CacheMode) -> CacheMode {
        match (self.reads() && other.reads(), self.writes() && other.writes()) {
            (true, true) => CacheMode::Write,
            (true, false) => CacheMode::Read,
            (false, true) => CacheMode::WriteOnly,
            (false, false) => CacheMode::None,
        }
    }
}

/// What is said for a job: by itself, else by its workflow, and no more than `caller`, the calling job, may. `None` where
/// nobody says anything: then the event decides.
#[must_use]
pub fn effective_cache_mode(workflow: &Workflow, job: &Job, caller: Option<CacheMode>) -> Option<CacheMode> {
    let said = |mode: &Option<Spanned<CacheMode>>| mode.as_ref().map(|mode| mode.value);
    match (said(&job.cache_mode).or_else(|| said(&workflow.cache_mode)), caller) {
        (Some(own), Some(caller)) => Some(own.within(caller)),
        (own, caller) => own.or(caller),
    }
}

#[cfg(test)]
mod tests {
    use super::CacheMode;

    #[test]
    fn a_called_workflow_gets_no_more_than_its_caller_has() {
        let table = [
            ("write", "read", "read"),
            ("read", "write", "read"),
            ("write-only", "read", "none"),
            ("write-only", "write", "write-only"),
            ("write", "none", "none"),
            ("write", "write", "write"),
        ];
        for (own, caller, expected) in table {
            let mode = |text| CacheMode::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(mode(own).within(mode(caller)).as_str(), expected, "{own} within {caller}");
        }
        assert_eq!(CacheMode::parse("append"), None);
    }
}
