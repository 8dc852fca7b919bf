use span::Severity;
use workflow::{JobKind, StepKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{self, ActionStep};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "cache/never-hits",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &[],
    summary: "a cache is saved under a name that no later run asks for",
    page: page!("cache/never-hits"),
    checks: &[Check::Step(check)],
};

/// What is new in each run, and in each commit.
const RUN: &[&str] = &["github.run_id", "github.run_number", "github.run_attempt"];
const COMMIT: &str = "github.sha";

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(action) = ActionStep::of(subject).filter(is_cache) else { return };
    let (Some(key), Some(text)) = (action.input("key"), action.text("key")) else { return };
    if action.is_filled("restore-keys") {
        return;
    }
    let run = RUN.iter().find(|part| text.contains(*part));
    let Some(part) = run.copied().or_else(|| text.contains(COMMIT).then_some(COMMIT)).or_else(|| clock(subject, &text))
    else {
        return;
    };
    // Handing files on to other jobs of the run is a use of its own.
    if used_elsewhere(subject, &text) {
        return;
    }
    let finding = report.at(
        key.span,
        format!(
            "`{part}` makes this key new for every {}, so nothing is ever restored",
            if part == COMMIT { "commit" } else { "run" }
        ),
    );
    if part == COMMIT {
        finding.confidence(Confidence::Medium);
    }
    finding.help("make the key of what the files depend on, `${{ runner.os }}-${{ hashFiles('**/lockfile') }}`");
    finding.help("or give `restore-keys:` with the part before it, to start from the newest");
}

fn is_cache(action: &ActionStep<'_>) -> bool {
    action.uses.is("actions/cache") || action.uses.is("actions/cache/restore")
}

/// A step's output that a script makes of the clock.
fn clock(subject: &StepSubject<'_>, text: &str) -> Option<&'static str> {
    let job = subject.owner.steps_job()?;
    let daily = steps::flat(&job.steps).into_iter().any(|step| {
        let script = match &step.kind {
            StepKind::Run { script, .. } => script.source_text(),
            _ => None,
        };
        let named = step.explicit_id.as_ref().is_some_and(|id| text.contains(&format!("steps.{}.outputs", id.value)));
        named
            && script.is_some_and(|script| {
                script.contains("date +%s") || script.contains("date '+%s") || script.contains("%H%M%S")
            })
    });
    daily.then_some("the time")
}

/// Whether another step of the project names the same key, or a beginning of it.
fn used_elsewhere(subject: &StepSubject<'_>, key: &str) -> bool {
    let mut times = 0;
    for (_, workflow) in subject.project.workflows() {
        for job in &workflow.jobs {
            let JobKind::Steps(steps) = &job.kind else { continue };
            for step in steps::flat(&steps.steps) {
                let Some(action) = steps::action(step).filter(|action| action.uses.is_from("actions/cache")) else {
                    continue;
                };
                let same = action.text("key").is_some_and(|other| other == key);
                let begins = action.text("restore-keys").is_some_and(|keys| {
                    keys.lines().any(|line| !line.trim().is_empty() && key.starts_with(line.trim()))
                });
                times += usize::from(same || begins);
            }
        }
    }
    let own = usize::from(subject.owner.job().is_some());
    times > own
}
