//! Whose jobs are taken first.
//!
//! A run has a number, its jobs inherit it; a runner takes jobs of the highest number first, and is fair between repositories
//! among those of the same. The administrator of the server gives numbers by rules. Who dispatches a run may give it a lower
//! one, an administrator of the server any.

use trigger::{Pattern, Subject};

/// The lowest and the highest.
pub(crate) const PRIORITIES: std::ops::RangeInclusive<i64> = -100..=100;

/// Runs of some kind, and their number. What is not said holds for all.
#[derive(Clone, Debug)]
pub struct PriorityRule {
    /// Patterns of full names, `acme/*`.
    repository: Option<Pattern>,
    /// Of the file's name or path, `deploy.yml`, `.github/workflows/deploy-*.yml`.
    workflow: Option<Pattern>,
    /// `push`, `workflow_dispatch`, …
    event: Option<String>,
    branch: Option<Pattern>,
    priority: i64,
}

/// A rule as it is written.
#[derive(Clone, Debug, Default)]
pub struct NewPriorityRule<'a> {
    pub repository: Option<&'a str>,
    pub workflow: Option<&'a str>,
    pub event: Option<&'a str>,
    pub branch: Option<&'a str>,
    pub priority: i64,
}

impl PriorityRule {
    /// # Errors
    /// Which part cannot be, and why.
    pub fn new(new: &NewPriorityRule<'_>) -> Result<Self, String> {
        let pattern = |name: &str, text: Option<&str>, subject: Subject| {
            let parsed = text.map(|text| Pattern::parse(text, subject)).transpose();
            parsed.map_err(|errors| {
                let why = errors.first().map(ToString::to_string).unwrap_or_default();
                format!("`{name}` is no pattern: {why}")
            })
        };
        if !PRIORITIES.contains(&new.priority) {
            let (lowest, highest) = (PRIORITIES.start(), PRIORITIES.end());
            return Err(format!("a priority is between {lowest} and {highest}, not {}", new.priority));
        }
        Ok(Self {
            repository: pattern("repository", new.repository, Subject::Path)?,
            workflow: pattern("workflow", new.workflow, Subject::Path)?,
            event: new.event.map(str::to_owned),
            branch: pattern("branch", new.branch, Subject::Ref)?,
            priority: new.priority,
        })
    }

    fn matches(&self, kind: &KindOfRun<'_>) -> bool {
        let file = kind.workflow.rsplit('/').next().unwrap_or_default();
        let fits = |pattern: &Option<Pattern>, names: &[&str]| {
            pattern.as_ref().is_none_or(|pattern| names.iter().any(|name| pattern.matches(name)))
        };
        fits(&self.repository, &[kind.repository])
            && fits(&self.workflow, &[file, kind.workflow])
            && self.event.as_ref().is_none_or(|event| event == kind.event)
            && fits(&self.branch, kind.branch.as_slice())
    }
}

/// What rules look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KindOfRun<'a> {
    /// Full name.
    pub(crate) repository: &'a str,
    /// Path.
    pub(crate) workflow: &'a str,
    pub(crate) event: &'a str,
    pub(crate) branch: Option<&'a str>,
}

/// The number of a run: the first rule that fits has it, 0 without one.
pub(crate) fn of(rules: &[PriorityRule], kind: &KindOfRun<'_>) -> i64 {
    rules.iter().find(|rule| rule.matches(kind)).map_or(0, |rule| rule.priority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rule = |repository, workflow, event, branch, priority| {
            PriorityRule::new(&NewPriorityRule { repository, workflow, event, branch, priority }).unwrap()
        };
        let rules = [
            rule(None, Some("nightly*.yml"), None, None, -50),
            rule(Some("acme/*"), Some(".github/workflows/deploy.yml"), None, Some("release/**"), 100),
            rule(Some("acme/app"), None, Some("workflow_dispatch"), None, 20),
            rule(Some("acme/*"), None, None, None, 10),
        ];
        for (repository, file, event, branch, expected) in [
            ("acme/app", "deploy.yml", "push", Some("release/1/x"), 100),
            ("acme/app", "deploy.yml", "push", Some("main"), 10),
            // A tag has no branch.
            ("acme/app", "deploy.yml", "push", None, 10),
            ("acme/app", "ci.yml", "workflow_dispatch", Some("main"), 20),
            ("acme/other", "ci.yml", "workflow_dispatch", Some("main"), 10),
            ("ann/app", "ci.yml", "push", Some("main"), 0),
            ("acme/app", "nightly-2.yml", "schedule", Some("main"), -50),
        ] {
            let workflow = format!(".github/workflows/{file}");
            let kind = KindOfRun { repository, workflow: &workflow, event, branch };
            assert_eq!(of(&rules, &kind), expected, "{kind:?}");
        }
        for (wrong, message) in [
            (NewPriorityRule { priority: 101, ..Default::default() }, "a priority is between -100 and 100, not 101"),
            (NewPriorityRule { branch: Some("a["), ..Default::default() }, "`branch` is no pattern: "),
        ] {
            let error = PriorityRule::new(&wrong).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
