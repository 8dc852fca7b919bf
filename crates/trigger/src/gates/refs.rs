//! G8: `branches`, `branches-ignore`, `tags`, `tags-ignore`.

use workflow::{EventTrigger, Filter};

use crate::glob::Subject;
use crate::{Event, Gate, PatternList, PatternStep, RefKind, Runs, Verdict};

/// One pair of filters for one kind of ref.
struct Pair<'a> {
    include: Option<&'a Filter>,
    ignore: Option<&'a Filter>,
}

impl<'a> Pair<'a> {
    fn given(&self) -> Option<&'a Filter> {
        self.include.or(self.ignore)
    }
}

/// `None` when no filter has anything to say.
pub(super) fn gate(trigger: &EventTrigger, event: &Event) -> Option<Verdict> {
    let branches = Pair { include: trigger.branches.as_ref(), ignore: trigger.branches_ignore.as_ref() };
    let tags = Pair { include: trigger.tags.as_ref(), ignore: trigger.tags_ignore.as_ref() };
    if event.name == "push" {
        return match event.ref_kind {
            RefKind::Tag => push(&tags, &branches, "tag", "branch", event),
            RefKind::Branch | RefKind::Pull => push(&branches, &tags, "branch", "tag", event),
        };
    }
    let (subject, what) = match event.name.as_str() {
        "pull_request" | "pull_request_target" => (event.base_ref.as_deref(), "the base branch"),
        "merge_group" => (event.base_ref.as_deref(), "the branch merged into"),
        "workflow_run" => (event.workflow_run.as_ref().map(|run| run.head_branch.as_str()), "the branch of the run"),
        _ => return None,
    };
    let filter = branches.given()?;
    let Some(subject) = subject else {
        return Some(Verdict::new(Runs::Undetermined, Gate::Ref, format!("{what} is not known")).at(filter.key_span));
    };
    Some(filtered(&branches, filter, "branches", what, short(subject)))
}

/// A kind of ref that has no filter while the other kind has one does not run.
fn push(own: &Pair<'_>, other: &Pair<'_>, kind: &str, other_kind: &str, event: &Event) -> Option<Verdict> {
    let plural = |kind: &str| if kind == "branch" { "branches" } else { "tags" };
    match (own.given(), other.given()) {
        (Some(filter), _) => Some(filtered(own, filter, plural(kind), kind, short(&event.ref_name))),
        (None, Some(filter)) => Some(
            Verdict::no(
                Gate::Ref,
                format!("only {} are filtered, so pushes of {} do not run it", plural(other_kind), plural(kind)),
            )
            .at(filter.key_span),
        ),
        (None, None) => None,
    }
}

/// Filters see refs without their prefix.
fn short(name: &str) -> &str {
    name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")).unwrap_or(name)
}

fn filtered(pair: &Pair<'_>, filter: &Filter, key: &str, what: &str, subject: &str) -> Verdict {
    if let (Some(_), Some(ignore)) = (pair.include, pair.ignore) {
        return Verdict::no(Gate::Valid, format!("`{key}` and `{key}-ignore` cannot stand together"))
            .at(ignore.key_span);
    }
    let ignoring = pair.include.is_none();
    let key = if ignoring { format!("{key}-ignore") } else { key.to_owned() };
    let list = match PatternList::compile(filter, Subject::Ref) {
        Ok(list) => list,
        Err(errors) => return broken(filter, &errors),
    };
    if !ignoring && list.only_negated() {
        return Verdict::no(
            Gate::Valid,
            format!("`{key}` has only `!` patterns, and nothing that they could take away from"),
        )
        .at(filter.key_span);
    }
    let decision = list.decide(subject);
    let pattern = decision.pattern.and_then(|index| filter.patterns.get(index));
    let (runs, reason) = match (decision.selected, ignoring, pattern) {
        (true, false, Some(pattern)) => (true, format!("{what} `{subject}` matches `{}` of `{key}`", pattern.value)),
        (true, _, pattern) => (
            false,
            format!("{what} `{subject}` is left out by `{}` of `{key}`", pattern.map_or("", |pattern| &pattern.value)),
        ),
        (false, true, _) => (true, format!("{what} `{subject}` is not left out by `{key}`")),
        (false, false, Some(pattern)) => {
            (false, format!("{what} `{subject}` is taken away by `{}` of `{key}`", pattern.value))
        }
        (false, false, None) => (false, format!("{what} `{subject}` matches nothing under `{key}`")),
    };
    let evidence = filter
        .patterns
        .iter()
        .map(|pattern| PatternStep {
            span: pattern.span,
            pattern: Some(pattern.value.to_string()),
            subject: subject.to_owned(),
            matched: crate::Pattern::parse(&pattern.value, Subject::Ref)
                .is_ok_and(|compiled| compiled.matches(subject)),
        })
        .collect();
    let runs = if runs { Runs::Yes } else { Runs::No };
    Verdict::new(runs, Gate::Ref, reason)
        .at(pattern.map_or(filter.key_span, |pattern| pattern.span))
        .with_evidence(evidence)
}

/// The verdict for a filter with an invalid pattern: the file is invalid.
pub(super) fn broken(filter: &Filter, errors: &[(usize, crate::GlobError)]) -> Verdict {
    let Some((index, error)) = errors.first() else {
        return Verdict::no(Gate::Valid, "the filter is invalid").at(filter.key_span);
    };
    match filter.patterns.get(*index) {
        Some(pattern) => {
            Verdict::no(Gate::Valid, format!("the pattern `{}` is invalid: {error}", pattern.value)).at(pattern.span)
        }
        None => Verdict::no(Gate::Valid, error.to_string()).at(filter.key_span),
    }
}
