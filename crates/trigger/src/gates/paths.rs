//! G9: `paths` and `paths-ignore`.

use workflow::{EventTrigger, Filter};

use super::refs::broken;
use crate::glob::Subject;
use crate::{ChangedFile, ChangedFiles, Event, Gate, PatternList, PatternStep, RefKind, Runs, Settings, Verdict};

/// GitHub looks at this many changed files.
const GITHUB_FILES: usize = 300;

/// `None` when there is no path filter.
pub(super) fn gate(trigger: &EventTrigger, event: &Event, settings: &Settings) -> Option<Verdict> {
    if event.name != "push" && !event.is_pull_request() {
        return None;
    }
    let (filter, ignoring) = match (&trigger.paths, &trigger.paths_ignore) {
        (Some(_), Some(ignore)) => {
            return Some(
                Verdict::no(Gate::Valid, "`paths` and `paths-ignore` cannot stand together").at(ignore.key_span),
            );
        }
        (Some(filter), None) => (filter, false),
        (None, Some(filter)) => (filter, true),
        (None, None) => return None,
    };
    let key = if ignoring { "paths-ignore" } else { "paths" };
    if event.name == "push" && event.ref_kind == RefKind::Tag {
        let reason = format!("`{key}` is not looked at for tags");
        return Some(Verdict::yes(Gate::Paths, reason).at(filter.key_span));
    }
    let list = match PatternList::compile(filter, Subject::Path) {
        Ok(list) => list,
        Err(errors) => return Some(broken(filter, &errors)),
    };
    if !ignoring && list.only_negated() {
        let reason = "`paths` has only `!` patterns, and nothing that they could take away from";
        return Some(Verdict::no(Gate::Valid, reason).at(filter.key_span));
    }
    let files = match &event.changed {
        ChangedFiles::Known(files) => files,
        ChangedFiles::TooMany => {
            let reason = format!("the change is too large to look at `{key}`, so it runs");
            return Some(Verdict::yes(Gate::Paths, reason).at(filter.key_span));
        }
        ChangedFiles::Unknown(why) => {
            let reason = format!("`{key}` cannot be decided: {why}");
            return Some(Verdict::new(Runs::Undetermined, Gate::Paths, reason).at(filter.key_span));
        }
    };
    Some(decide(files, filter, &list, ignoring, settings))
}

fn decide(files: &[ChangedFile], filter: &Filter, list: &PatternList, ignoring: bool, settings: &Settings) -> Verdict {
    if files.is_empty() {
        return Verdict::no(Gate::Paths, "no files changed").at(filter.key_span);
    }
    let mut sorted: Vec<&ChangedFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let judged: Vec<Judged> = sorted.iter().flat_map(|file| judge(file, filter, list, ignoring)).collect();
    let counts = |file: &Judged| file.counts;
    let seen = if settings.github_compat_300 { &judged[..judged.len().min(within(&sorted))] } else { &judged[..] };
    if let Some(deciding) = seen.iter().position(counts) {
        return allowed(&judged, deciding, &sorted, filter, ignoring, settings);
    }
    let (total, key) = (files.len(), if ignoring { "paths-ignore" } else { "paths" });
    let span = sole_pattern(seen).unwrap_or(filter.key_span);
    let mut reason = match (total, ignoring) {
        (1, true) => format!("the one changed file, `{}`, is left out by `{key}`", files[0].path),
        (1, false) => format!("the one changed file, `{}`, matches nothing under `{key}`", files[0].path),
        (_, true) => format!("all {total} changed files are left out by `{key}`"),
        (_, false) => format!("none of the {total} changed files matches `{key}`"),
    };
    if settings.github_compat_300 && judged[seen.len()..].iter().any(counts) {
        reason = format!(
            "none of the first {GITHUB_FILES} of {total} changed files passes `{key}`; GitHub looks no further, though a later one would pass"
        );
    }
    Verdict::no(Gate::Paths, reason).at(span).with_evidence(judged.into_iter().map(|file| file.step).collect())
}

/// How one path of one changed file fared.
struct Judged {
    /// It makes the workflow run: selected by `paths`, or not covered by `paths-ignore`.
    counts: bool,
    step: PatternStep,
    decided: bool,
}

/// Both paths of a rename count, so that moving a file out of a directory is a change to that directory.
fn judge(file: &ChangedFile, filter: &Filter, list: &PatternList, ignoring: bool) -> Vec<Judged> {
    [Some(&file.path), file.previous.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| {
            let decision = list.decide(path);
            let pattern = decision.pattern.and_then(|index| filter.patterns.get(index));
            Judged {
                counts: decision.selected != ignoring,
                decided: pattern.is_some(),
                step: PatternStep {
                    span: pattern.map_or(filter.key_span, |pattern| pattern.span),
                    pattern: pattern.map(|pattern| pattern.value.to_string()),
                    subject: path.clone(),
                    matched: pattern.is_some(),
                },
            }
        })
        .collect()
}

/// How many judged paths the first files of GitHub's limit make.
fn within(sorted: &[&ChangedFile]) -> usize {
    sorted.iter().take(GITHUB_FILES).map(|file| 1 + usize::from(file.previous.is_some())).sum()
}

fn allowed(
    judged: &[Judged],
    deciding: usize,
    sorted: &[&ChangedFile],
    filter: &Filter,
    ignoring: bool,
    settings: &Settings,
) -> Verdict {
    let step = &judged[deciding].step;
    let mut reason = match (&step.pattern, ignoring) {
        (Some(pattern), false) => format!("`{}` changed, which matches `{pattern}` of `paths`", step.subject),
        (Some(pattern), true) => format!("`{}` changed, which `{pattern}` keeps out of `paths-ignore`", step.subject),
        (None, _) => format!("`{}` changed, which `paths-ignore` does not leave out", step.subject),
    };
    if !settings.github_compat_300 && deciding >= within(sorted) {
        reason.push_str("; GitHub looks at the first 300 files only and would not run it");
    }
    let span = if judged[deciding].decided { step.span } else { filter.key_span };
    Verdict::yes(Gate::Paths, reason).at(span).with_evidence(vec![step.clone()])
}

/// The pattern's place, if the same pattern decided for every file.
fn sole_pattern(judged: &[Judged]) -> Option<span::Span> {
    let first = judged.first()?;
    let same = judged.iter().all(|file| file.decided && file.step.span == first.step.span);
    same.then_some(first.step.span)
}
