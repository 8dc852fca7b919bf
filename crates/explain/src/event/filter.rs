//! A filter pattern by pattern: what matched what, in which order, and which match was the last.

use serde::Serialize;
use span::SourceMap;
use trigger::{ChangedFiles, Event, Gate, Pattern, Verdict};
use workflow::{Filter, Workflow};

use crate::Place;

/// Subjects told one by one.
const MAX_SUBJECTS: usize = 20;

/// One filter and how it judged its subjects.
#[derive(Clone, Debug, Serialize)]
pub struct FilterWalk {
    /// `paths`, `branches-ignore`, …
    pub key: &'static str,
    /// Whether what the patterns select is left out.
    pub ignoring: bool,
    /// All patterns, as written, in the order of the file.
    pub patterns: Vec<String>,
    pub place: Place,
    /// The first ones when there are many; those that count for the decision come first.
    pub subjects: Vec<Subject>,
    pub omitted: usize,
}

/// A branch, tag or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    pub name: String,
    /// Every pattern that matched it, in order: the last one wins.
    pub steps: Vec<SubjectStep>,
    /// What the patterns say in the end.
    pub selected: bool,
    /// Whether it makes the workflow run: selected, or for an `-ignore` filter not selected.
    pub counts: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubjectStep {
    pub pattern: String,
    pub line: u32,
    pub column: u32,
    /// `!pattern`: it takes away.
    pub negated: bool,
}

/// The filter that decided, when it was one for refs or paths.
pub(super) fn walk(workflow: &Workflow, verdict: &Verdict, event: &Event, sources: &SourceMap) -> Option<FilterWalk> {
    let trigger = workflow.on.event(&event.name)?;
    let (key, ignoring, filter, subject) = match verdict.gate {
        Gate::Ref => {
            let candidates = [
                ("branches", false, &trigger.branches),
                ("branches-ignore", true, &trigger.branches_ignore),
                ("tags", false, &trigger.tags),
                ("tags-ignore", true, &trigger.tags_ignore),
            ];
            let name = verdict.evidence.first().map(|step| step.subject.as_str())?;
            let (key, ignoring, filter) = the_one(candidates, verdict)?;
            (key, ignoring, filter, vec![name])
        }
        Gate::Paths => {
            let candidates = [("paths", false, &trigger.paths), ("paths-ignore", true, &trigger.paths_ignore)];
            let ChangedFiles::Known(files) = &event.changed else { return None };
            let both = files.iter().flat_map(|file| [Some(&file.path), file.previous.as_ref()]);
            let mut paths: Vec<&str> = both.flatten().map(String::as_str).collect();
            if !paths.is_sorted() {
                paths.sort_unstable();
            }
            let (key, ignoring, filter) = the_one(candidates, verdict)?;
            (key, ignoring, filter, paths)
        }
        _ => return None,
    };
    let kind = if verdict.gate == Gate::Paths { trigger::Subject::Path } else { trigger::Subject::Ref };
    Some(judged(key, ignoring, filter, kind, subject, sources))
}

type Candidate<'a> = (&'static str, bool, &'a Option<Filter>);

/// The filter that the verdict points into; the only one there is when it points nowhere.
fn the_one<'a, const N: usize>(
    candidates: [Candidate<'a>; N],
    verdict: &Verdict,
) -> Option<(&'static str, bool, &'a Filter)> {
    let given = candidates.into_iter().filter_map(|(key, ignoring, filter)| Some((key, ignoring, filter.as_ref()?)));
    let holds = |filter: &Filter| {
        verdict
            .span
            .is_some_and(|span| filter.key_span == span || filter.patterns.iter().any(|pattern| pattern.span == span))
    };
    given.into_iter().find(|(_, _, filter)| holds(filter))
}

fn judged(
    key: &'static str,
    ignoring: bool,
    filter: &Filter,
    kind: trigger::Subject,
    names: Vec<&str>,
    sources: &SourceMap,
) -> FilterWalk {
    let compiled: Vec<Option<Pattern>> =
        filter.patterns.iter().map(|pattern| Pattern::parse(&pattern.value, kind).ok()).collect();
    let judge = |name: &str| {
        let mut selected = false;
        let mut steps = Vec::new();
        for (pattern, compiled) in filter.patterns.iter().zip(&compiled) {
            if let Some(compiled) = compiled.as_ref().filter(|compiled| compiled.matches(name)) {
                selected = !compiled.negated();
                let position = sources.position(pattern.span);
                steps.push(SubjectStep {
                    pattern: pattern.value.to_string(),
                    line: position.line,
                    column: position.column,
                    negated: compiled.negated(),
                });
            }
        }
        Subject { name: name.to_owned(), steps, selected, counts: selected != ignoring }
    };
    let total = names.len();
    // Which of many are shown is decided by looking at all, but only some of them are kept.
    let (mut counting, mut others) = (Vec::new(), Vec::new());
    for name in names {
        if counting.len() == MAX_SUBJECTS {
            break;
        }
        let subject = judge(name);
        let to = if subject.counts { &mut counting } else { &mut others };
        if to.len() < MAX_SUBJECTS {
            to.push(subject);
        }
    }
    // Those near to a match teach more than those that no pattern knows.
    others.sort_by_key(|subject| std::cmp::Reverse(subject.steps.len()));
    let room = MAX_SUBJECTS - counting.len();
    counting.extend(others.into_iter().take(room));
    FilterWalk {
        key,
        ignoring,
        patterns: filter.patterns.iter().map(|pattern| pattern.value.to_string()).collect(),
        place: Place::of(sources, filter.key_span),
        omitted: total - counting.len(),
        subjects: counting,
    }
}
