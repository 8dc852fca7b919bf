use api::{Conclusion, Location};

use super::{JobAccount, RunExplanation, StepAccount};
use crate::part;
use crate::text::{Line, Tone, duration};

/// The run, its workflows, its jobs. With `steps` each step of each job as well.
#[must_use]
pub fn lines(run: &RunExplanation, steps: bool) -> Vec<Line> {
    let branch = run.git_ref.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    let word = run.conclusion.map_or("did not end", Conclusion::as_str);
    let mut out = vec![
        Line::new()
            .with(Tone::Strong, format!("Run {}", run.run))
            .plain(format!(" · {} on {branch}", run.event))
            .quiet(format!(" at {} · ", run.sha.get(..7).unwrap_or(&run.sha)))
            .with(tone(run.conclusion), word),
        Line::new(),
    ];
    for one in &run.workflows {
        let (sign, tone) = if one.runs { ("✓", Tone::Good) } else { ("✗", Tone::Quiet) };
        out.push(
            Line::new()
                .with(tone, sign)
                .plain(format!(" {}  ", one.path))
                .plain(one.reason.reason.clone())
                .quiet(one.reason.location.as_ref().map(|place| format!("  {}", shown(place))).unwrap_or_default()),
        );
        for step in one.evidence.iter().filter(|_| steps) {
            let pattern = step.pattern.as_deref().unwrap_or("no pattern");
            let word = if step.matched { "matched by" } else { "not matched by" };
            out.push(Line::new().quiet(format!("    {} {word} {pattern}", step.subject)));
        }
    }
    for one in &run.jobs {
        out.push(Line::new());
        out.extend(job(one, steps));
    }
    out
}

fn tone(conclusion: Option<Conclusion>) -> Tone {
    match conclusion {
        Some(Conclusion::Success) => Tone::Good,
        Some(Conclusion::Failure) => Tone::Bad,
        Some(Conclusion::Cancelled) | None => Tone::Warn,
        Some(Conclusion::Skipped) => Tone::Quiet,
    }
}

fn sign(conclusion: Option<Conclusion>) -> &'static str {
    match conclusion {
        Some(Conclusion::Success) => "✓",
        Some(Conclusion::Failure) => "✗",
        Some(Conclusion::Cancelled) => "⊘",
        Some(Conclusion::Skipped) => "–",
        None => "…",
    }
}

fn job(one: &JobAccount, steps: bool) -> Vec<Line> {
    let word = one.conclusion.map_or("did not end", Conclusion::as_str);
    let mut head = Line::new()
        .with(tone(one.conclusion), sign(one.conclusion))
        .plain(" ")
        .with(Tone::Strong, one.name.clone())
        .plain(format!(" {word}"));
    match (&one.reason, &one.first_error) {
        (Some(reason), _) => {
            head = head.plain(format!(": {}", reason.reason));
            head = head.quiet(reason.location.as_ref().map(|place| format!("  {}", shown(place))).unwrap_or_default());
        }
        (None, Some(error)) => head = head.plain(format!(": {error}")),
        (None, None) => {}
    }
    let mut out = vec![head];
    out.extend(one.waited.iter().map(|text| Line::new().quiet(format!("  {text}"))));
    for link in &one.cascade {
        let word = link.conclusion.map_or("did not end", Conclusion::as_str);
        let reason = link.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let place = link.place.as_ref().map(|place| format!("  {}", shown(place))).unwrap_or_default();
        out.push(Line::new().quiet("  ← ").plain(format!("`{}` {word}{reason}", link.name)).quiet(place));
    }
    if let Some(condition) = one.condition.as_ref().filter(|_| one.cascade.is_empty()) {
        out.extend(part::lines(condition).into_iter().map(|line| line.indented(2)));
    }
    for step in one.steps.iter().filter(|step| steps || telling(step)) {
        out.extend(self::step(step, steps));
    }
    out
}

/// Steps that did not simply run.
fn telling(step: &StepAccount) -> bool {
    step.conclusion != Some(Conclusion::Success) || step.outcome != step.conclusion
}

fn step(one: &StepAccount, all: bool) -> Vec<Line> {
    let indent = 4 + 2 * one.depth;
    let mut line = Line::new().with(tone(one.conclusion), sign(one.conclusion)).plain(format!(" {}", one.name));
    if let Some(took) = one.took.filter(|_| one.conclusion != Some(Conclusion::Skipped)) {
        line = line.quiet(format!("  {}", duration(took)));
    }
    if let Some(reason) = &one.reason {
        // The parts below say it better than the sentence.
        let text = if reason.code == "if" && one.condition.is_some() { "its `if` is false" } else { &reason.reason };
        line = line.plain(format!("  {text}"));
        line = line.quiet(reason.location.as_ref().map(|place| format!("  {}", shown(place))).unwrap_or_default());
    }
    if one.outcome != one.conclusion && one.outcome == Some(Conclusion::Failure) {
        line = line.with(Tone::Warn, "  failed, and `continue-on-error` let it pass");
    }
    let mut out = vec![line.indented(indent)];
    if let Some(condition) = one.condition.as_ref().filter(|_| all || one.conclusion != Some(Conclusion::Success)) {
        out.extend(part::lines(condition).into_iter().map(|line| line.indented(indent + 4)));
    }
    if let Some(action) = one.action.as_ref().filter(|_| all) {
        out.push(Line::new().quiet(action.clone()).indented(indent + 2));
    }
    out
}

fn shown(place: &Location) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}
