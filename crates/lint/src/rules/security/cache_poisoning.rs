use span::Severity;
use span::Span;
use std::borrow::Cow;
use workflow::{EventTrigger, JobKind, StepKind};

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::knowledge::caches::{self, Switch};
use crate::knowledge::publish;
use crate::knowledge::uses::Version;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{self, ActionStep};
use crate::subject::JobSubject;
use crate::tree;

pub(super) static RULE: Rule = Rule {
    id: "security/cache-poisoning",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    profile: Profile::Default,
    aliases: &["zizmor:cache-poisoning"],
    summary: "what is published is made with a cache that other runs can write",
    page: page!("security/cache-poisoning"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    // Nothing is restored where nothing may be.
    let mode = workflow::effective_cache_mode(subject.workflow, subject.job, None);
    if mode.is_some_and(|mode| !mode.reads()) {
        return;
    }
    let all = steps::flat(&job.steps);
    let event = subject.workflow.on.events.iter().find(|event| is_release(event));
    let publisher = all.iter().find_map(|step| {
        let action = steps::action(step)?;
        let input = |name: &str| action.text(name).map(Cow::into_owned);
        publish::is_publisher(&action.uses, input).then_some(action)
    });
    if event.is_none() && publisher.is_none() {
        return;
    }
    // Only what is published whenever the job runs is sure to have the cache in it.
    let only_tags = subject.workflow.on.events.iter().all(|event| is_release(event) && !has_release_branch(event));
    for step in &all {
        let Some(action) = steps::action(step) else { continue };
        let version = match &step.kind {
            StepKind::Uses { uses, .. } => subject.document.version_comment(uses).and_then(Version::parse),
            _ => None,
        };
        let Some(way) = cached(&action, version, only_tags) else { continue };
        // A step that a tag does not run has no part in what the tag releases.
        let not_for_tags = step.condition.as_ref().is_some_and(|one| leaves_tags_out(&one.condition));
        if not_for_tags && publisher.is_none() {
            continue;
        }
        let finding =
            report.at(action.span, format!("{} restores a cache in a job that publishes", action.uses.name()));
        if !not_for_tags && event.is_some() && publisher.is_some() && way.certain {
            finding.confidence(Confidence::Medium);
        }
        finding.label(way.label);
        if let Some(publisher) = &publisher {
            finding.related(publisher.span, "publishes");
        } else if let Some(event) = event {
            finding.related(event.name.span, "this event is for publishing");
        }
        if way.place != action.span {
            finding.related(way.place, "switched on here");
        }
        finding.help(
            "a run of any branch that shares the cache can put files into it: build what is published without it",
        );
        if let Some((input, value)) = way.off {
            let title = format!("set `{input}: {value}`");
            // Later steps may need what is restored, where the restoring is all that the step is for.
            let fix = if input == "lookup-only" { Fix::unsafe_(title) } else { Fix::safe(title) };
            finding.fixes.extend(tree::set_input(subject.document, fix, step.span, input, value));
        }
    }
}

/// A way to cache that is switched on.
struct Way {
    label: String,
    place: Span,
    certain: bool,
    /// The input and the value that switch it off, where an input does.
    off: Option<(&'static str, &'static str)>,
}

fn cached(action: &ActionStep<'_>, version: Option<Version>, only_tags: bool) -> Option<Way> {
    // Only a version that is named is kept; what the runner has already is not.
    if action.uses.is("docker/setup-buildx-action")
        && action.is_filled("version")
        && !action.says("cache-binary", "false")
    {
        let off = Some(("cache-binary", "false"));
        return Some(Way { label: "it keeps its program".into(), place: action.span, certain: false, off });
    }
    let way = |label: String, place, certain, off| Some(Way { label, place, certain, off });
    caches::switches(&action.uses, version).iter().find_map(|switch| match *switch {
        Switch::Always => way("it always does".into(), action.span, true, None),
        Switch::On(input, default) => match action.text(input) {
            None => default
                .then(|| way(format!("without `{input}: false` it does"), action.span, true, Some((input, "false"))))?,
            Some(text) if text.contains("${{") => {
                if only_tags && text.contains("!startsWith(github.ref, 'refs/tags/')") {
                    return None;
                }
                way("an expression may switch it on".into(), action.place(input), false, None)
            }
            Some(text) if caches::is_yes(&text) => {
                way("switched on".into(), action.place(input), true, Some((input, "false")))
            }
            Some(_) => None,
        },
        Switch::Off(input) => match action.text(input) {
            None => way(format!("without `{input}: true` it does"), action.span, true, Some((input, "true"))),
            Some(text) if text.contains("${{") => {
                if only_tags && text.contains("startsWith(github.ref, 'refs/tags/')") && !text.contains("!startsWith") {
                    return None;
                }
                way("an expression may leave it on".into(), action.place(input), false, None)
            }
            Some(text) if caches::is_yes(&text) => None,
            Some(_) => way("left on".into(), action.place(input), true, Some((input, "true"))),
        },
        Switch::Said(input) => match action.text(input) {
            Some(text) if text.contains("${{") => {
                way("an expression may switch it on".into(), action.place(input), false, None)
            }
            Some(text) if text.trim().eq_ignore_ascii_case("true") => {
                way("switched on".into(), action.place(input), true, Some((input, "false")))
            }
            _ => None,
        },
        Switch::Filled(input) => {
            let text = action.text(input)?;
            let on = !text.trim().is_empty() && !text.trim().eq_ignore_ascii_case("false");
            on.then(|| way("switched on".into(), action.place(input), !text.contains("${{"), None))?
        }
    })
}

/// Whether a condition holds for no tag: `!startsWith(github.ref, 'refs/tags/')`, alone or beside others.
fn leaves_tags_out(condition: &expr::Condition) -> bool {
    fn says_so(part: expr::Part<'_>) -> bool {
        match part.term() {
            expr::Term::And(parts) => parts.into_iter().any(says_so),
            expr::Term::Not(inner) => matches!(
                inner.term(),
                expr::Term::Call(name, arguments) if name.eq_ignore_ascii_case("startsWith")
                    && arguments.first().is_some_and(|of| of.text().eq_ignore_ascii_case("github.ref"))
                    && arguments.get(1).is_some_and(|tags| tags.text() == "'refs/tags/'")
            ),
            _ => false,
        }
    }
    condition.expr().view().is_some_and(says_so)
}

/// Events that stand for a release: a tag that is pushed, a branch with `release` in its name, the event itself.
fn is_release(event: &EventTrigger) -> bool {
    match &*event.name.value {
        "release" => true,
        "push" => event.tags.is_some() || event.tags_ignore.is_some() || has_release_branch(event),
        _ => false,
    }
}

fn has_release_branch(event: &EventTrigger) -> bool {
    let mut patterns = event.branches.iter().flat_map(|filter| &filter.patterns);
    patterns.any(|pattern| pattern.value.to_lowercase().contains("release"))
}
