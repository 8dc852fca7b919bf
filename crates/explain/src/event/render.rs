//! An event's explanation as text: a line for each workflow first, then the ones that are asked for in full.

use api::Location;
use trigger::Runs;

use super::{
    Changes, EventExplanation, EventSummary, FilterWalk, GateState, JobExplanation, JobVerdict, WorkflowExplanation,
};
use crate::part;
use crate::text::{Line, Tone, count, cut};

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// A line for each workflow.
    #[default]
    Summary,
    /// Each workflow in full.
    Full,
}

/// The whole text. `columns` is how wide it may be.
#[must_use]
pub fn lines(explanation: &EventExplanation, detail: Detail, columns: usize) -> Vec<Line> {
    let mut out = heading(&explanation.event);
    out.push(Line::new());
    match detail {
        Detail::Summary => out.extend(summary(&explanation.workflows, columns)),
        Detail::Full => {
            for (index, one) in explanation.workflows.iter().enumerate() {
                if index > 0 {
                    out.push(Line::new());
                }
                out.extend(full(one, columns));
            }
        }
    }
    out.push(Line::new());
    out.push(closing(explanation, detail));
    out
}

fn heading(event: &EventSummary) -> Vec<Line> {
    let short = |sha: &str| sha.get(..7).unwrap_or(sha).to_owned();
    let mut what = event.name.clone();
    if let Some(action) = &event.action {
        what = format!("{what} ({action})");
    }
    let mut line = Line::new().with(Tone::Strong, what);
    line = match (&event.base, &event.head) {
        (Some(base), Some(head)) => line.plain(format!(" of {head} into {base}")),
        _ => {
            let plain = event.git_ref.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
            let kind = if event.git_ref.starts_with("refs/tags/") { "tag " } else { "" };
            line.plain(format!(" on {kind}{plain}"))
        }
    };
    if event.sha.bytes().any(|byte| byte != b'0') && !event.sha.is_empty() {
        line = line.quiet(format!(" at {}", short(&event.sha)));
    }
    line = match &event.changed {
        Changes::Files(number) => match (&event.before, &event.base) {
            (Some(before), None) => {
                line.quiet(format!(" · {} changed since {}", count(*number, "file"), short(before)))
            }
            _ => line.quiet(format!(" · {} changed", count(*number, "file"))),
        },
        Changes::TooMany => line.quiet(" · too many changes to look at"),
        Changes::Unknown(_) | Changes::None => line,
    };
    let mut lines = vec![line];
    lines.push(Line::new().quiet(format!("workflow files: {}", event.files_of)));
    if !event.secrets || event.read_only_token {
        let who = if event.fork { "from a fork" } else { "by Dependabot" };
        lines.push(Line::new().with(Tone::Warn, format!("{who}: no secrets, and the token may only read")));
    }
    lines.extend(event.supposed.iter().map(|text| Line::new().quiet(format!("supposed: {text}"))));
    lines
}

fn mark(runs: Runs) -> (&'static str, Tone) {
    match runs {
        Runs::Yes => ("✓", Tone::Good),
        Runs::AwaitsApproval => ("◷", Tone::Warn),
        Runs::No => ("✗", Tone::Bad),
        Runs::Undetermined => ("?", Tone::Warn),
    }
}

/// A line for each workflow, those that run first. Where the lines would be too long the place goes, and the name is that
/// of the file, by which more can be asked.
fn summary(workflows: &[WorkflowExplanation], columns: usize) -> Vec<Line> {
    let mut ordered: Vec<&WorkflowExplanation> = workflows.iter().collect();
    ordered.sort_by_key(|one| one.runs == Runs::No);
    let widest = |text: fn(&WorkflowExplanation) -> String| {
        workflows.iter().map(|one| text(one).chars().count()).max().unwrap_or(0)
    };
    let is_narrow = widest(name) + widest(what) + widest(place) + 6 > columns;
    let name: fn(&WorkflowExplanation) -> String = if is_narrow { file_name } else { name };
    let width = widest(name);
    let room = widest(what).min(columns.saturating_sub(width + 4).max(24));
    let line = |one: &WorkflowExplanation| {
        let (sign, tone) = mark(one.runs);
        let line = Line::new().with(tone, sign).plain(" ").with(Tone::Strong, name(one)).padded(width + 4);
        let line = line.plain(cut(&what(one), room));
        if is_narrow { line } else { line.padded(width + 4 + room).quiet(format!("  {}", place(one))) }
    };
    ordered.into_iter().map(line).collect()
}

/// The workflow's name; one that has none goes by its file.
fn name(one: &WorkflowExplanation) -> String {
    if one.name == one.path { file_name(one) } else { one.name.clone() }
}

fn file_name(one: &WorkflowExplanation) -> String {
    one.path.rsplit('/').next().unwrap_or(&one.path).to_owned()
}

/// Where to look: what kept it from running, else the file.
fn place(one: &WorkflowExplanation) -> String {
    match &one.place {
        Some(place) if one.runs != Runs::Yes => place.short(),
        _ => one.path.clone(),
    }
}

fn what(one: &WorkflowExplanation) -> String {
    match one.runs {
        Runs::Yes => jobs_in_short(one),
        Runs::Undetermined => format!("undetermined: {}", one.reason),
        _ => one.reason.clone(),
    }
}

fn jobs_in_short(one: &WorkflowExplanation) -> String {
    let (runs, all) = one.job_counts();
    let of = |verdict: JobVerdict| one.jobs.iter().filter(|job| job.verdict == verdict).count();
    let mut parts = vec![match (runs, all) {
        (_, 0) => "runs".to_owned(),
        (runs, all) if runs == all => count(all, "job"),
        (runs, all) => format!("{runs} of {}", count(all, "job")),
    }];
    for (verdict, word) in [
        (JobVerdict::Skipped, "skipped"),
        (JobVerdict::Fails, "would fail"),
        (JobVerdict::Waits, "waits"),
        (JobVerdict::NoRunner, "without a runner"),
        (JobVerdict::Undetermined, "undetermined"),
    ] {
        match of(verdict) {
            0 => {}
            number => parts.push(format!("{number} {word}")),
        }
    }
    let lossy =
        one.jobs.iter().filter(|job| job.limits.as_ref().is_some_and(|limits| !limits.steps.is_empty())).count();
    if lossy > 0 {
        parts.push(format!("{} would lack a secret or permission", count(lossy, "job")));
    }
    parts.join(", ")
}

fn full(one: &WorkflowExplanation, columns: usize) -> Vec<Line> {
    let (sign, tone) = mark(one.runs);
    let word = match one.runs {
        Runs::Yes => "runs",
        Runs::AwaitsApproval => "waits for approval",
        Runs::No => "does not run",
        Runs::Undetermined => "undetermined",
    };
    let mut out = vec![
        Line::new().with(tone, sign).plain(" ").with(Tone::Strong, one.name.clone()).quiet(format!("  {}", one.path)),
        Line::new().plain("  ").with(tone, word).plain(format!(": {}", one.reason)),
    ];
    if one.runs != Runs::Yes
        && let Some(gate) =
            one.gates.iter().find(|gate| matches!(gate.state, GateState::Stopped | GateState::Undetermined))
    {
        out.push(Line::new().quiet(format!("  decided by gate {}, {}", gate.number, gate.title)));
    }
    if let Some(place) = &one.place {
        out.push(Line::new().quiet(format!("  {}", place.short())));
        out.extend(place.snippet(tone).map(|line| line.indented(2)));
    }
    if let Some(walk) = &one.filter {
        out.extend(filter(walk, columns).into_iter().map(|line| line.indented(2)));
    }
    if let Some(problems) = &one.problems {
        out.extend(problems.lines().map(|line| Line::new().plain(line).indented(2)));
    }
    out.extend(one.notes.iter().map(|note| Line::new().quiet(format!("  note: {note}"))));
    if !one.jobs.is_empty() {
        let width = one.jobs.iter().map(|job| job.name.chars().count()).max().unwrap_or(0).min(40);
        out.push(Line::new().with(Tone::Strong, "  jobs"));
        for job in &one.jobs {
            out.extend(self::job(job, width).into_iter().map(|line| line.indented(4)));
        }
    }
    out
}

/// Each subject with the patterns that matched it, in order.
fn filter(walk: &FilterWalk, columns: usize) -> Vec<Line> {
    let title =
        if walk.ignoring { "left out when the last match is a pattern without `!`" } else { "the last match wins" };
    let mut out = vec![Line::new().with(Tone::Strong, walk.key).quiet(format!("  {title}"))];
    let width = walk.subjects.iter().map(|one| one.name.chars().count()).max().unwrap_or(0).min(columns / 2);
    for subject in &walk.subjects {
        let (sign, tone) = if subject.counts { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
        let mut line =
            Line::new().plain("  ").with(tone, sign).plain(format!(" {}", cut(&subject.name, width))).padded(width + 6);
        if subject.steps.is_empty() {
            line = line.quiet("no pattern matches");
        }
        for (index, step) in subject.steps.iter().enumerate() {
            if index > 0 {
                line = line.quiet(" → ");
            }
            let last = index + 1 == subject.steps.len();
            let tone = if last { Tone::Code } else { Tone::Quiet };
            line = line.with(tone, step.pattern.clone());
            if last {
                line = line.quiet(format!(" (line {})", step.line));
            }
        }
        out.push(line);
    }
    if walk.omitted > 0 {
        out.push(Line::new().quiet(format!("    and {} more", walk.omitted)));
    }
    out
}

fn job(one: &JobExplanation, width: usize) -> Vec<Line> {
    let (sign, tone) = match one.verdict {
        JobVerdict::Runs => ("✓", Tone::Good),
        JobVerdict::Skipped => ("–", Tone::Quiet),
        JobVerdict::Fails | JobVerdict::NoRunner => ("✗", Tone::Bad),
        JobVerdict::Waits => ("◷", Tone::Warn),
        JobVerdict::Undetermined => ("?", Tone::Warn),
    };
    let word = match one.verdict {
        JobVerdict::Runs => String::new(),
        JobVerdict::Skipped => format!("skipped: {}", headline(one)),
        JobVerdict::Fails => format!("fails: {}", one.reason),
        JobVerdict::Waits | JobVerdict::NoRunner => one.reason.clone(),
        JobVerdict::Undetermined => format!("undetermined: {}", one.reason),
    };
    let mut head =
        Line::new().with(tone, sign).plain(format!(" {}", cut(&one.name, width))).padded(width + 4).plain(word);
    if let Some(place) = &one.place {
        head = head.quiet(format!("  {}", shown(place)));
    }
    let mut out = vec![head];
    let mut more = Vec::new();
    if let Some(condition) = one.condition.as_ref().filter(|_| one.code != "needs" || one.cascade.is_empty()) {
        more.extend(part::lines(condition));
    }
    if let Some(root) = one.cascade.last() {
        for cause in &one.cascade {
            let place = cause.place.as_ref().map(|place| format!("  {}", shown(place))).unwrap_or_default();
            // The whole condition stands with the job that it belongs to.
            let reason = if cause.code == "if" { "its `if` is false" } else { &cause.reason };
            more.push(Line::new().quiet("← ").plain(format!("`{}`: {reason}", cause.job)).quiet(place));
        }
        if one.cascade.len() > 1 {
            more.push(Line::new().quiet(format!("it goes back to `{}`", root.job)));
        }
    }
    if let Some(group) = &one.group {
        more.push(Line::new().quiet(format!("concurrency group `{group}`: waits while another run holds it")));
    }
    if let Some(environment) = one.environment.as_ref().filter(|environment| environment.refused.is_none()) {
        more.push(Line::new().quiet(format!("environment {}: this ref may deploy there", environment.name)));
    }
    if let Some(limits) = &one.limits {
        for secret in &limits.secrets {
            more.push(
                Line::new()
                    .with(Tone::Warn, format!("secret {} is empty", secret.name))
                    .quiet(format!("  {}", secret.place.short())),
            );
        }
        for lost in &limits.permissions {
            more.push(Line::new().with(Tone::Warn, format!("{}: {} becomes {}", lost.scope, lost.asked, lost.gets)));
        }
        for step in &limits.steps {
            let text = format!("step `{}` {}", cut(&step.step, 60), step.why);
            more.push(Line::new().with(Tone::Bad, text).quiet(format!("  {}", step.place.short())));
        }
    }
    out.extend(more.into_iter().map(|line| line.indented(4)));
    out
}

/// Where the parts are shown below, the sentence need not say them.
fn headline(one: &JobExplanation) -> String {
    if one.code == "if" && one.condition.is_some() { "its `if` is false".to_owned() } else { one.reason.clone() }
}

fn shown(place: &Location) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

fn closing(explanation: &EventExplanation, detail: Detail) -> Line {
    let runs = explanation.workflows.iter().filter(|one| one.starts()).count();
    let all = explanation.workflows.len();
    let verb = if runs == 1 { "runs" } else { "run" };
    let line = Line::new().with(Tone::Strong, format!("{runs} of {} {verb}", count(all, "workflow")));
    if detail == Detail::Full {
        return line;
    }
    line.quiet(". -v shows every workflow in full, -W FILE one, -j JOB one job")
}
