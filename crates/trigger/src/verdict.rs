use serde::{Serialize, Serializer};
use span::Span;

/// Whether one workflow runs for one event, with the gate that decided and everything needed to show why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub runs: Runs,
    /// The first gate that kept it from running; when it runs, the last gate that looked at the workflow's own filters.
    pub gate: Gate,
    /// The filter or pattern that decided, when one did.
    pub span: Option<Span>,
    /// One plain sentence, lower-case, without full stop.
    pub reason: String,
    /// How subjects fared against patterns: every pattern for a ref, the deciding ones for changed files.
    pub evidence: Vec<PatternStep>,
    /// Evidence left out because there was too much of it.
    pub evidence_omitted: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Runs {
    Yes,
    /// It is created, and starts when somebody with write access approves it.
    AwaitsApproval,
    No,
    /// The facts do not decide it.
    Undetermined,
}

/// The gates between an event and a run, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// G0: workflows are on for the repository, and this one is.
    Enabled,
    /// G1: the file is where the event looks for it.
    Revision,
    /// G2: the file is valid.
    Valid,
    /// G3: the event is created at all.
    EventLimits,
    /// G4: the actor may start runs.
    Actor,
    /// G5: the commit message does not ask to skip.
    SkipInstruction,
    /// G6: base and head of the pull request merge.
    Mergeable,
    /// G7: `on` has the event, with this activity type.
    Event,
    /// G8: branch and tag filters.
    Ref,
    /// G9: path filters.
    Paths,
    /// G10: approval of outside contributors.
    Approval,
}

impl Gate {
    pub const ALL: [Gate; 11] = [
        Gate::Enabled,
        Gate::Revision,
        Gate::Valid,
        Gate::EventLimits,
        Gate::Actor,
        Gate::SkipInstruction,
        Gate::Mergeable,
        Gate::Event,
        Gate::Ref,
        Gate::Paths,
        Gate::Approval,
    ];

    /// Its number, 0 to 10.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Stable name for machines: `trigger/paths`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Gate::Enabled => "trigger/enabled",
            Gate::Revision => "trigger/revision",
            Gate::Valid => "trigger/valid",
            Gate::EventLimits => "trigger/event-limits",
            Gate::Actor => "trigger/actor",
            Gate::SkipInstruction => "trigger/skip-instruction",
            Gate::Mergeable => "trigger/mergeable",
            Gate::Event => "trigger/event",
            Gate::Ref => "trigger/ref",
            Gate::Paths => "trigger/paths",
            Gate::Approval => "trigger/approval",
        }
    }

    /// A few words for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Gate::Enabled => "workflows are on",
            Gate::Revision => "the workflow file at the event's revision",
            Gate::Valid => "the workflow file is valid",
            Gate::EventLimits => "limits on events",
            Gate::Actor => "who caused the event",
            Gate::SkipInstruction => "skip instruction in the commit message",
            Gate::Mergeable => "the pull request merges",
            Gate::Event => "event and activity type",
            Gate::Ref => "branch and tag filters",
            Gate::Paths => "path filters",
            Gate::Approval => "approval",
        }
    }
}

impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One subject against one pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PatternStep {
    /// The pattern's place, or the filter's key when no pattern matched the subject.
    pub span: Span,
    /// The pattern as written; `None` when no pattern matched the subject.
    pub pattern: Option<String>,
    /// The branch, tag, file or name.
    pub subject: String,
    pub matched: bool,
}

/// Evidence beyond this is counted, not kept.
const MAX_EVIDENCE: usize = 100;

impl Verdict {
    pub(crate) fn new(runs: Runs, gate: Gate, reason: impl Into<String>) -> Verdict {
        Verdict { runs, gate, span: None, reason: reason.into(), evidence: Vec::new(), evidence_omitted: 0 }
    }

    pub(crate) fn no(gate: Gate, reason: impl Into<String>) -> Verdict {
        Verdict::new(Runs::No, gate, reason)
    }

    pub(crate) fn yes(gate: Gate, reason: impl Into<String>) -> Verdict {
        Verdict::new(Runs::Yes, gate, reason)
    }

    pub(crate) fn at(mut self, span: Span) -> Verdict {
        self.span = Some(span);
        self
    }

    pub(crate) fn with_evidence(self, evidence: Vec<PatternStep>) -> Verdict {
        let total = evidence.len();
        self.with_evidence_of(evidence.into_iter(), total)
    }

    /// Takes no more of the evidence than is kept.
    pub(crate) fn with_evidence_of(mut self, evidence: impl Iterator<Item = PatternStep>, total: usize) -> Verdict {
        self.evidence = evidence.take(MAX_EVIDENCE).collect();
        self.evidence_omitted = total - self.evidence.len();
        self
    }

    /// Whether something is to be started now: yes, or undetermined, where not to run would hide a failure.
    #[must_use]
    pub fn starts(&self) -> bool {
        matches!(self.runs, Runs::Yes | Runs::Undetermined)
    }
}
