//! What caching, splitting and more places would save, as estimates that say what they are made of.

use api::CacheOutcome;

use super::Saving;
use crate::run::{JobModel, StepModel};
use crate::schedule::{Schedule, Span};
use crate::text::duration;

/// Below this nothing is worth a word, in microseconds.
const WORTH: i64 = 500_000;

/// Commands that fetch or build what a cache could bring.
const CACHEABLE: &[&str] = &[
    "npm ci",
    "npm install",
    "yarn",
    "pnpm install",
    "pip install",
    "poetry install",
    "uv sync",
    "bundle install",
    "cargo build",
    "cargo test",
    "cargo fetch",
    "go mod download",
    "go build",
    "gradle",
    "mvn",
    "composer install",
    "apt-get install",
    "dotnet restore",
    "mix deps.get",
    "docker pull",
    "docker build",
];

pub(super) fn estimate(schedule: &Schedule<'_>) -> Vec<Saving> {
    let mut savings = Vec::new();
    for (index, span) in schedule.spans.iter().enumerate().filter(|(_, span)| span.critical) {
        let most = schedule.without(index);
        savings.extend(caching(span.job, most));
        savings.extend(splitting(span, most));
        if span.queued() > WORTH {
            savings.push(Saving {
                job: span.job.key.clone(),
                what: "let it start as soon as it is ready (`--jobs N`, or `jobs` under [run])".to_owned(),
                saves: span.queued(),
                basis: format!("it was ready and waited {}", duration(span.queued())),
            });
        }
    }
    savings.retain(|saving| saving.saves > WORTH);
    savings.sort_by_key(|saving| std::cmp::Reverse(saving.saves));
    savings
}

/// Steps that fetch or build, in a job without a cache that was hit.
fn caching(job: &JobModel, most: i64) -> Option<Saving> {
    let hit = job.caches.iter().any(|(_, decision)| matches!(decision.outcome, CacheOutcome::Hit { .. }));
    if hit {
        return None;
    }
    let cacheable = |step: &&StepModel| {
        let name = step.name.to_lowercase();
        CACHEABLE.iter().any(|command| name.contains(command))
    };
    let step =
        job.steps.iter().filter(|step| step.parent.is_none()).filter(cacheable).max_by_key(|step| step.took())?;
    let took = step.took()?;
    let looked = if job.caches.is_empty() { "the job asks for no cache" } else { "its cache was not hit" };
    Some(Saving {
        job: job.key.clone(),
        what: format!("cache what `{}` fetches or builds", step.name),
        saves: took.min(most),
        basis: format!("the step took {} and {looked}; restoring takes time too, so this is the most", duration(took)),
    })
}

/// Two halves side by side.
fn splitting(span: &Span<'_>, most: i64) -> Option<Saving> {
    let longest = span.job.steps.iter().filter(|step| step.parent.is_none()).max_by_key(|step| step.took())?;
    let half = longest.took()? / 2;
    Some(Saving {
        job: span.job.key.clone(),
        what: format!("split `{}` over two legs of a matrix", longest.name),
        saves: half.min(most),
        basis: format!("half of the {} of its longest step, which the way past this job allows", duration(half * 2)),
    })
}
