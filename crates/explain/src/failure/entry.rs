/// One kind of failure, as its tool tells it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Stable, lower-case with dashes, the tool or topic first: `npm-lockfile-mismatch`.
    pub id: &'static str,
    /// A few words, lower-case, without full stop.
    pub title: &'static str,
    /// Plain texts, at least one of which stands in every line that [`Entry::patterns`] match; without regard to case. They
    /// are searched for all at once, so that no pattern is tried where it cannot match.
    pub hints: &'static [&'static str],
    /// Regular expressions, each tried on single lines without colours. Named groups can be used in `cause` and `remedy`:
    /// `(?P<tool>\S+)` as `{tool}`; every pattern must have every group that is used.
    pub patterns: &'static [&'static str],
    pub scope: Scope,
    /// Other entries that say the same thing better: where one of them is recognised as well, this one is not told.
    pub gives_way_to: &'static [&'static str],
    /// What happened, in one or two sentences.
    pub cause: &'static str,
    /// What to do, each a step or a choice; commands in backticks. The likeliest first.
    pub remedy: &'static [&'static str],
}

/// Which failed steps an entry can explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Any,
    /// Only steps whose process ended with one of these codes.
    Exit(&'static [i32]),
    /// Only steps that failed for one of these reasons of the runner, such as `timeout` or `oom`. Such an entry needs no
    /// pattern: the reason alone is enough when it has none.
    Reason(&'static [&'static str]),
}

impl Scope {
    pub(super) fn holds(self, exit: Option<i32>, reason: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Exit(codes) => exit.is_some_and(|code| codes.contains(&code)),
            Self::Reason(reasons) => reason.is_some_and(|code| reasons.contains(&code)),
        }
    }
}
