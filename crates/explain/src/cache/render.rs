use api::{CacheConsidered, CacheOutcome, CacheVerdict};

use super::{CacheExplanation, Entry, KeyChange, Look};
use crate::text::{Line, Tone, cut};

/// Entries told of each look.
const ENTRIES: usize = 8;

#[must_use]
pub fn lines(cache: &CacheExplanation) -> Vec<Line> {
    let mut out = Vec::new();
    for (index, one) in cache.looks.iter().enumerate() {
        if index > 0 {
            out.push(Line::new());
        }
        out.extend(look(one));
    }
    if cache.looks.is_empty() {
        out.push(Line::new().plain(format!("no recorded run asked for the cache {}", cache.asked)));
        match cache.entries.as_slice() {
            [] => out.push(Line::new().quiet("and the store has no key that begins like it")),
            entries => {
                out.push(Line::new().plain("the store has, nearest first:"));
                out.extend(entries.iter().map(entry));
            }
        }
    }
    out
}

fn entry(one: &Entry) -> Line {
    let other = one.other_repository.as_ref().map(|name| format!(", of {name}")).unwrap_or_default();
    Line::new()
        .plain(format!("  {}", one.key))
        .quiet(format!("  {}{other}, {} bytes, saved {}, used {}", one.scope, one.size, one.created, one.last_used))
}

fn look(one: &Look) -> Vec<Line> {
    let decision = &one.decision;
    let step = one.step.as_ref().map(|step| format!(" · {step}")).unwrap_or_default();
    let mut out = vec![match &decision.outcome {
        CacheOutcome::Hit { scope, .. } => Line::new()
            .with(Tone::Good, "✓ ")
            .with(Tone::Strong, decision.key.clone())
            .plain(format!(" was restored from {scope}")),
        CacheOutcome::PartialHit { key, scope, prefix } => Line::new()
            .with(Tone::Warn, "~ ")
            .with(Tone::Strong, decision.key.clone())
            .plain(format!(" is not there; {key} of {scope} was restored, which begins with {prefix}")),
        CacheOutcome::Miss => {
            Line::new().with(Tone::Bad, "✗ ").with(Tone::Strong, decision.key.clone()).plain(" was not found")
        }
    }];
    out.push(Line::new().quiet(format!("  run {}, job {}{step}", one.run, one.job)));
    out.push(Line::new().quiet(format!("  looked in {}", decision.scopes.join(", then "))));
    if !decision.restore_keys.is_empty() {
        out.push(Line::new().quiet(format!("  restore keys: {}", decision.restore_keys.join(", "))));
    }
    if let Some(change) = &one.change {
        out.extend(changed(change));
    }
    let hit = matches!(decision.outcome, CacheOutcome::Hit { .. });
    let near: Vec<&CacheConsidered> = decision
        .considered
        .iter()
        .filter(|entry| entry.verdict != CacheVerdict::Chosen && (!hit || entry.verdict != CacheVerdict::OtherKey))
        .collect();
    if !near.is_empty() {
        out.push(Line::new().with(Tone::Strong, "  considered"));
        out.extend(near.iter().take(ENTRIES).map(|entry| considered(entry)));
        let more = near.len().saturating_sub(ENTRIES) + decision.omitted;
        if more > 0 {
            out.push(Line::new().quiet(format!("    and {more} more")));
        }
    } else if matches!(decision.outcome, CacheOutcome::Miss) {
        out.push(
            Line::new().plain("  no cache of this repository is stored at all: the first run that succeeds saves one"),
        );
    }
    match one.saved {
        Some(size) => out.push(Line::new().quiet(format!("  saved afterwards: {size} bytes"))),
        None if !hit => out.push(Line::new().quiet(
            "  nothing was saved under this key in that run: the job failed, or another one had the key already",
        )),
        None => {}
    }
    out
}

fn considered(entry: &CacheConsidered) -> Line {
    let why = match &entry.verdict {
        CacheVerdict::Chosen => "restored".to_owned(),
        CacheVerdict::Passed { prefix } => format!("begins with {prefix}, but another one came first"),
        CacheVerdict::Gone => "its content is gone from disk".to_owned(),
        CacheVerdict::Expired { unused_days } => format!("nobody used it for {unused_days} days"),
        CacheVerdict::OtherVersion { .. } => "saved for other paths or with another compression".to_owned(),
        CacheVerdict::OtherScope => "belongs to a ref that this job cannot see".to_owned(),
        CacheVerdict::OtherKey => "another key".to_owned(),
    };
    Line::new()
        .plain(format!("    {}", cut(&entry.key, 80)))
        .quiet(format!("  {}", entry.scope))
        .plain(format!("  {why}"))
}

fn changed(change: &KeyChange) -> Vec<Line> {
    let mut out =
        vec![Line::new().with(Tone::Strong, format!("  since run {}", change.run)).quiet(format!("  {}", change.key))];
    if change.before == change.now {
        out.push(Line::new().plain("    the key is the same"));
        return out;
    }
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
    out.push(
        Line::new()
            .plain("    changed: ")
            .with(Tone::Bad, shown(&change.before))
            .quiet(" → ")
            .with(Tone::Good, shown(&change.now)),
    );
    for file in &change.files {
        out.push(
            Line::new()
                .plain(format!("    because {} was {}", file.path, file.how))
                .quiet(format!("  hashFiles({})", file.patterns)),
        );
    }
    out
}
