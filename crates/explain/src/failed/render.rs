use super::flaky::Verdict;
use super::{Difference, FailedExplanation, FailedStepAccount};
use crate::text::{Line, Tone, cut};

#[must_use]
pub fn lines(failed: &FailedExplanation, columns: usize) -> Vec<Line> {
    let mut head = Line::new().with(Tone::Bad, "✗ ").with(Tone::Strong, failed.job_name.clone());
    if let Some(step) = &failed.step {
        head = head.plain(" · ").with(Tone::Strong, step.name.clone());
    }
    let mut out = vec![head.quiet(format!("  run {}", failed.run))];
    // Where the step's end is all that is known, it is told once.
    let reason = failed.step.as_ref().and_then(|step| step.reason.as_ref());
    let error = failed.error.as_deref().map(first_line).unwrap_or_default();
    let repeated = reason.is_some_and(|reason| first_line(&reason.reason) == error);
    if !error.is_empty() && !repeated {
        out.push(Line::new().with(Tone::Bad, format!("  {error}")));
    }
    if let Some(step) = &failed.step {
        out.extend(self::step(step, columns));
    }
    for cause in &failed.causes {
        out.push(Line::new());
        let perhaps = if cause.perhaps { "perhaps: " } else { "" };
        let title = Line::new().quiet(perhaps).with(Tone::Strong, cause.title);
        out.push(title.quiet(format!("  [{}]", cause.id)));
        out.push(Line::new().plain(format!("  {}", cause.cause)));
        out.extend(cause.remedy.iter().map(|text| Line::new().with(Tone::Good, "  → ").plain(text.clone())));
    }
    out.push(Line::new());
    out.extend(differences(failed, columns));
    let (sign, tone) = match failed.flaky.verdict {
        Verdict::Yes => ("flaky: ", Tone::Warn),
        Verdict::No => ("not flaky: ", Tone::Plain),
        Verdict::Unknown => ("flaky? not known: ", Tone::Quiet),
    };
    out.push(Line::new().with(tone, sign).plain(failed.flaky.reason.clone()));
    if !failed.others.is_empty() {
        out.push(Line::new().quiet("failed too: ").plain(failed.others.join(", ")));
    }
    if !failed.wake.is_empty() {
        out.push(Line::new().quiet("in its wake, not to be looked at: ").plain(failed.wake.join(", ")));
    }
    out
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

fn step(step: &FailedStepAccount, columns: usize) -> Vec<Line> {
    let mut out = Vec::new();
    if let Some(reason) = &step.reason {
        let place = reason.location.as_ref().map(|place| format!("  {}:{}:{}", place.file, place.line, place.column));
        out.push(Line::new().plain(format!("  {}", first_line(&reason.reason))).quiet(place.unwrap_or_default()));
    }
    if !step.excerpt.is_empty() {
        out.push(Line::new());
        let width = step.excerpt.last().map_or(1, |line| line.number.to_string().len());
        for line in &step.excerpt {
            let text = cut(&line.text.replace('\t', "    "), columns.saturating_sub(width + 5));
            let tone = if line.marked { Tone::Bad } else { Tone::Plain };
            out.push(Line::new().quiet(format!("  {:>width$} │ ", line.number)).with(tone, text));
        }
    }
    if let Some(process) = &step.process {
        out.push(Line::new());
        out.push(Line::new().with(Tone::Strong, "command").quiet(format!("  in {}", process.cwd)));
        out.push(
            Line::new().with(Tone::Code, format!("  {}", cut(&process.argv.join(" "), columns.saturating_sub(2)))),
        );
        out.extend(step.script.iter().map(|line| Line::new().with(Tone::Code, format!("    {line}"))));
        for (name, value) in &process.env {
            let text = cut(&format!("{name}={}", first_line(value)), columns.saturating_sub(4));
            out.push(Line::new().quiet(format!("  + {text}")));
        }
    }
    out
}

/// Commits told one by one.
const COMMITS: usize = 8;

fn differences(failed: &FailedExplanation, columns: usize) -> Vec<Line> {
    let Some(green) = failed.green else {
        return vec![Line::new().quiet("no earlier run of this job is green: there is nothing to compare with")];
    };
    if failed.differences.is_empty() {
        let text = format!("nothing that is recorded differs from run {green}, in which it was green");
        return vec![Line::new().plain(text)];
    }
    let mut out = vec![Line::new().with(Tone::Strong, format!("different from run {green}, in which it was green"))];
    let commits = failed.differences.iter().filter(|one| one.kind == "commit").count();
    for one in failed.differences.iter().filter(|one| one.kind == "commit").take(COMMITS) {
        out.push(Line::new().quiet("  commit       ").plain(cut(&one.what, columns.saturating_sub(15))));
    }
    if commits > COMMITS {
        out.push(Line::new().quiet(format!("               and {} more commits", commits - COMMITS)));
    }
    out.extend(failed.differences.iter().filter(|one| one.kind != "commit").map(|one| difference(one, columns)));
    out
}

fn difference(one: &Difference, columns: usize) -> Line {
    let nothing = || "nothing".to_owned();
    let (before, now) = (one.before.clone().unwrap_or_else(nothing), one.now.clone().unwrap_or_else(nothing));
    let text = format!("{}: {} → {}", one.what, first_line(&before), first_line(&now));
    Line::new().quiet(format!("  {:<12} ", one.kind)).plain(cut(&text, columns.saturating_sub(15)))
}
