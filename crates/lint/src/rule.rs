use std::fmt;

use span::Severity;

use crate::finding::Confidence;
use crate::project::Project;
use crate::report::Report;
use crate::subject::{ActionSubject, ExpressionSubject, FileSubject, JobSubject, StepSubject, WorkflowSubject};

/// What a rule is. Rules are statics, one a file, listed in [`crate::RULES`].
pub struct Rule {
    /// Stable, `group/name`: `correctness/unused-needs`, `security/template-injection`.
    pub id: &'static str,
    /// Of its findings, unless one says otherwise.
    pub severity: Severity,
    pub confidence: Confidence,
    /// The smallest profile that has it.
    pub profile: Profile,
    /// What other linters call it, such as `zizmor:unpinned-uses` or `actionlint:glob`; names of one linter's rules may
    /// stand for several of ours.
    pub aliases: &'static [&'static str],
    /// One line, no full stop: what is wrong when it fires.
    pub summary: &'static str,
    /// The page of `docs/rules`, which `--explain` prints. Its examples are the rule's tests.
    pub page: &'static str,
    pub checks: &'static [Check],
}

/// What a rule looks at. A function is called once for each thing of its kind in the files that are linted.
#[derive(Clone, Copy)]
pub enum Check {
    /// Found when the file is read: diagnostics under the rule's id.
    Reading,
    /// Found by a program outside, such as shellcheck, where there is one.
    External,
    /// Any file, even one that could not be read: text and YAML tree.
    File(fn(&FileSubject<'_>, &mut Report<'_>)),
    Workflow(fn(&WorkflowSubject<'_>, &mut Report<'_>)),
    Job(fn(&JobSubject<'_>, &mut Report<'_>)),
    /// A step of a job or of a composite action, those inside `parallel` too.
    Step(fn(&StepSubject<'_>, &mut Report<'_>)),
    Action(fn(&ActionSubject<'_>, &mut Report<'_>)),
    /// An expression of a workflow or action, conditions included.
    Expression(fn(&ExpressionSubject<'_>, &mut Report<'_>)),
    /// Everything at once: what only all files together show.
    Project(fn(&Project, &mut Report<'_>)),
}

/// Sets of rules; each has those of the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// What is wrong: it cannot run, or does not do what it says.
    Correctness,
    /// And what is dangerous or wasteful.
    #[default]
    Default,
    /// And what is a matter of style or of strict policy.
    Pedantic,
}

impl Rule {
    /// The part of the id before the slash.
    pub fn group(&self) -> &'static str {
        self.id.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether `name` means this rule: its id, `group/*`, `*`, or a name from another linter, with or without the
    /// linter's own name in front.
    pub fn is_named(&self, name: &str) -> bool {
        let name = name.trim();
        if name == self.id || name == "*" {
            return true;
        }
        if let Some(group) = name.strip_suffix("/*") {
            return group == self.group();
        }
        self.aliases.iter().any(|alias| *alias == name || alias.split_once(':').is_some_and(|(_, bare)| bare == name))
    }

    /// Whether another linter's `name` means this rule.
    pub fn is_alias(&self, linter: &str, name: &str) -> bool {
        self.aliases.iter().any(|alias| alias.split_once(':') == Some((linter, name)))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.id).finish()
    }
}

impl Profile {
    /// `correctness`, `default` or `pedantic`.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Correctness => "correctness",
            Profile::Default => "default",
            Profile::Pedantic => "pedantic",
        }
    }
}
