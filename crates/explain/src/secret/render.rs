use super::{Gets, Reader, SecretExplanation, Source, SourceState};
use crate::text::{Line, Tone};

#[must_use]
pub fn lines(secret: &SecretExplanation) -> Vec<Line> {
    let mut out = vec![Line::new().with(Tone::Strong, secret.name.clone()).quiet("  its value is never shown")];
    out.push(Line::new());
    if let (true, Some(server)) = (secret.sources.is_empty(), &secret.server) {
        out.push(Line::new().with(Tone::Bad, "defined nowhere").plain(format!(" on {server}")));
    } else if secret.sources.is_empty() {
        out.push(
            Line::new()
                .with(Tone::Bad, "defined nowhere")
                .plain(": give it with `--secret` or under [secrets] in trunkline.toml"),
        );
    } else {
        out.push(Line::new().with(Tone::Strong, "defined by").quiet("  the first one that is there wins"));
        out.extend(secret.sources.iter().map(source));
    }
    for name in &secret.alike {
        out.push(Line::new().plain(format!("did you mean {name}?")));
    }
    out.push(Line::new());
    if !secret.unread.is_empty() {
        let files = secret.unread.join(", ");
        out.push(Line::new().with(Tone::Warn, "not valid, so not looked at: ").plain(files));
    }
    if secret.readers.is_empty() {
        out.push(Line::new().plain("no workflow reads it"));
        return out;
    }
    out.push(Line::new().with(Tone::Strong, "read by"));
    for one in &secret.readers {
        out.extend(reader(one));
    }
    let mut empty: Vec<&String> = secret.readers.iter().flat_map(|reader| &reader.empty_for).collect();
    empty.sort();
    empty.dedup();
    if !empty.is_empty() {
        out.push(Line::new());
        let events: Vec<String> = empty.into_iter().cloned().collect();
        out.push(Line::new().with(Tone::Warn, "always empty for ").plain(events.join(", ")));
    }
    out
}

fn source(one: &Source) -> Line {
    let (sign, tone, word) = match one.state {
        SourceState::There => ("✓", Tone::Good, "there"),
        SourceState::Missing => ("✗", Tone::Bad, "not there"),
        SourceState::NotAsked => ("?", Tone::Quiet, "not asked"),
    };
    let environment = one.environment.as_ref().map(|name| format!(", environment {name}")).unwrap_or_default();
    let over = if one.overridden { ", overridden" } else { "" };
    Line::new()
        .plain("  ")
        .with(tone, sign)
        .plain(format!(" {}{environment}: {}", one.kind, one.how))
        .quiet(format!("  ({word}{over})"))
}

fn reader(one: &Reader) -> Vec<Line> {
    let (sign, tone) = match one.gets {
        Gets::Value => ("✓", Tone::Good),
        Gets::Nothing => ("✗", Tone::Bad),
    };
    let environment = one.environment.as_ref().map(|name| format!(" (environment {name})")).unwrap_or_default();
    let mut out = vec![
        Line::new()
            .plain("  ")
            .with(tone, sign)
            .plain(" ")
            .with(Tone::Strong, one.job.clone())
            .plain(environment)
            .plain(format!(": {}", one.reason))
            .quiet(format!("  {}", one.workflow)),
    ];
    if !one.chain.is_empty() {
        out.push(Line::new().quiet(format!("      called by {}", one.chain.join(", then "))));
    }
    out.extend(one.places.iter().map(|at| Line::new().quiet(format!("      {}  {}", at.what, at.place.short()))));
    out
}
