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
    // Both paths of a rename count, so that moving a file out of a directory is a change to that directory.
    let paths: Vec<&str> = sorted
        .iter()
        .flat_map(|file| [Some(&file.path), file.previous.as_ref()])
        .flatten()
        .map(String::as_str)
        .collect();
    let counts = |path: &&str| list.decide(path).selected != ignoring;
    let first = within(&sorted).min(paths.len());
    let seen = if settings.github_compat_300 { &paths[..first] } else { &paths[..] };
    if let Some(deciding) = seen.iter().position(counts) {
        let beyond = !settings.github_compat_300 && deciding >= first;
        return allowed(&judge(seen[deciding], filter, list), filter, ignoring, beyond);
    }
    let (total, key) = (files.len(), if ignoring { "paths-ignore" } else { "paths" });
    let mut reason = match (total, ignoring) {
        (1, true) => format!("the one changed file, `{}`, is left out by `{key}`", files[0].path),
        (1, false) => format!("the one changed file, `{}`, matches nothing under `{key}`", files[0].path),
        (_, true) => format!("all {total} changed files are left out by `{key}`"),
        (_, false) => format!("none of the {total} changed files matches `{key}`"),
    };
    if settings.github_compat_300 && paths[seen.len()..].iter().any(counts) {
        reason = format!(
            "none of the first {GITHUB_FILES} of {total} changed files passes `{key}`; GitHub looks no further, though a later one would pass"
        );
    }
    let span = sole_pattern(seen, filter, list).unwrap_or(filter.key_span);
    let evidence = paths.iter().map(|path| judge(path, filter, list));
    Verdict::no(Gate::Paths, reason).at(span).with_evidence_of(evidence, paths.len())
}

/// How one path fared: the pattern that decided.
fn judge(path: &str, filter: &Filter, list: &PatternList) -> PatternStep {
    let pattern = list.decide(path).pattern.and_then(|index| filter.patterns.get(index));
    PatternStep {
        span: pattern.map_or(filter.key_span, |pattern| pattern.span),
        pattern: pattern.map(|pattern| pattern.value.to_string()),
        subject: path.to_owned(),
        matched: pattern.is_some(),
    }
}

/// How many paths the first files of GitHub's limit make.
fn within(sorted: &[&ChangedFile]) -> usize {
    sorted.iter().take(GITHUB_FILES).map(|file| 1 + usize::from(file.previous.is_some())).sum()
}

/// `beyond`: the path that decided lies after those that GitHub looks at.
fn allowed(step: &PatternStep, filter: &Filter, ignoring: bool, beyond: bool) -> Verdict {
    let mut reason = match (&step.pattern, ignoring) {
        (Some(pattern), false) => format!("`{}` changed, which matches `{pattern}` of `paths`", step.subject),
        (Some(pattern), true) => format!("`{}` changed, which `{pattern}` keeps out of `paths-ignore`", step.subject),
        (None, _) => format!("`{}` changed, which `paths-ignore` does not leave out", step.subject),
    };
    if beyond {
        reason.push_str("; GitHub looks at the first 300 files only and would not run it");
    }
    let span = if step.matched { step.span } else { filter.key_span };
    Verdict::yes(Gate::Paths, reason).at(span).with_evidence(vec![step.clone()])
}

/// The pattern's place, if the same pattern decided for every path.
fn sole_pattern(paths: &[&str], filter: &Filter, list: &PatternList) -> Option<span::Span> {
    let mut decided = paths.iter().map(|path| list.decide(path).pattern);
    let first = decided.next()??;
    let pattern = filter.patterns.get(first)?;
    decided.all(|other| other == Some(first)).then_some(pattern.span)
}
