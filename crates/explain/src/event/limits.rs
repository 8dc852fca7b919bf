//! What a job's steps would lack in a run that gets no secrets and a token that may only read.

use serde::Serialize;
use span::SourceMap;
use trigger::{TokenAccess, Trust};
use workflow::{CallSecrets, Grant, Job, JobKind, PermissionLevel, Step, StepKind, Workflow};

use crate::Place;
use crate::reads::{Read, reads_of_job, reads_of_step, reads_of_workflow};

/// The losses of one job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    pub secrets: Vec<LostSecret>,
    pub permissions: Vec<LostPermission>,
    /// Steps that would likely fail, or do less than they should.
    pub steps: Vec<AtRisk>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostSecret {
    pub name: String,
    /// Where it is read first.
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostPermission {
    pub scope: &'static str,
    pub asked: &'static str,
    pub gets: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AtRisk {
    /// Its name, else what it uses or runs.
    pub step: String,
    pub place: Place,
    pub why: String,
}

/// Actions that do nothing without a permission, as their documentation says.
const ACTIONS: &[(&str, &str)] = &[
    ("actions/attest-build-provenance", "attestations"),
    ("actions/deploy-pages", "pages"),
    ("actions/first-interaction", "pull-requests"),
    ("actions/labeler", "pull-requests"),
    ("actions/stale", "issues"),
    ("aws-actions/configure-aws-credentials", "id-token"),
    ("azure/login", "id-token"),
    ("github/codeql-action/analyze", "security-events"),
    ("github/codeql-action/upload-sarif", "security-events"),
    ("google-github-actions/auth", "id-token"),
    ("googleapis/release-please-action", "contents"),
    ("marocchino/sticky-pull-request-comment", "pull-requests"),
    ("ncipollo/release-action", "contents"),
    ("peter-evans/create-or-update-comment", "issues"),
    ("peter-evans/create-pull-request", "contents"),
    ("pypa/gh-action-pypi-publish", "id-token"),
    ("softprops/action-gh-release", "contents"),
    ("stefanzweifel/git-auto-commit-action", "contents"),
    ("thollander/actions-comment-pull-request", "pull-requests"),
];

/// Commands that write with the job's token.
const COMMANDS: &[(&str, &str)] = &[
    ("git push", "contents"),
    ("gh release create", "contents"),
    ("gh release upload", "contents"),
    ("gh pr comment", "pull-requests"),
    ("gh pr edit", "pull-requests"),
    ("gh pr create", "pull-requests"),
    ("gh pr merge", "contents"),
    ("gh issue comment", "issues"),
    ("gh issue create", "issues"),
    ("docker push", "packages"),
    ("npm publish", "packages"),
];

impl Limits {
    /// The losses of a job; none for a run that is trusted, and for a job that loses nothing.
    #[must_use]
    pub fn of(workflow: &Workflow, job: &Job, grant: &Grant, trust: Trust, sources: &SourceMap) -> Option<Limits> {
        let mut limits = Limits::default();
        let read_only = trust.token == TokenAccess::ReadOnly;
        if read_only {
            limits.permissions = grant.iter().filter_map(|(scope, asked)| lost(scope, asked)).collect();
        }
        if !trust.secrets {
            let whole = reads_of_workflow(workflow).into_iter().chain(reads_of_job(job));
            for read in whole.chain(steps_of(job).flat_map(reads_of_step)) {
                limits.secret(&read, sources);
            }
            if let JobKind::Call(call) = &job.kind
                && let CallSecrets::Inherit(span) = &call.secrets
            {
                let place = Place::of(sources, *span);
                limits.secrets.push(LostSecret { name: "all that are inherited".to_owned(), place });
            }
        }
        for step in steps_of(job) {
            let why = secret_of(step)
                .filter(|_| !trust.secrets)
                .map(|name| format!("reads `secrets.{name}`, which is empty"));
            let why = why.or_else(|| needed(step).filter(|scope| read_only && writes(grant, scope)).map(refused));
            if let Some(why) = why {
                limits.steps.push(AtRisk { step: named(step), place: Place::of(sources, step.span), why });
            }
        }
        (limits != Limits::default()).then_some(limits)
    }

    fn secret(&mut self, read: &Read, sources: &SourceMap) {
        let Some(name) = read.of("secrets").filter(|name| !is_token(name)) else { return };
        if !self.secrets.iter().any(|known| known.name.eq_ignore_ascii_case(name)) {
            self.secrets.push(LostSecret { name: name.to_owned(), place: Place::of(sources, read.span) });
        }
    }
}

fn is_token(name: &str) -> bool {
    name.eq_ignore_ascii_case("GITHUB_TOKEN")
}

fn steps_of(job: &Job) -> impl Iterator<Item = &Step> {
    match &job.kind {
        JobKind::Steps(steps) => steps.steps.iter(),
        JobKind::Call(_) => [].iter(),
    }
}

/// `write` becomes `read`; a token for other services is not given at all.
fn lost(scope: &'static str, asked: PermissionLevel) -> Option<LostPermission> {
    let gets = if scope == "id-token" { PermissionLevel::None } else { PermissionLevel::Read };
    (asked > gets).then(|| LostPermission { scope, asked: asked.as_str(), gets: gets.as_str() })
}

fn writes(grant: &Grant, scope: &str) -> bool {
    grant.level(scope) == PermissionLevel::Write
}

fn refused(scope: &str) -> String {
    match scope {
        "id-token" => "asks for an identity token, which such runs do not get".to_owned(),
        _ => format!("writes with the job's token (`{scope}: write`), which may only read here"),
    }
}

fn secret_of(step: &Step) -> Option<String> {
    let reads = reads_of_step(step);
    let name = reads.iter().find_map(|read| read.of("secrets").filter(|name| !is_token(name)));
    name.map(str::to_owned)
}

/// The permission without which the step does nothing.
fn needed(step: &Step) -> Option<&'static str> {
    match &step.kind {
        StepKind::Uses { uses, .. } => {
            let name = uses.value.split('@').next().unwrap_or_default();
            ACTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, scope)| *scope)
        }
        StepKind::Run { script, .. } => {
            let text = script.source_text()?;
            COMMANDS.iter().find(|(command, _)| text.contains(command)).map(|(_, scope)| *scope)
        }
        _ => None,
    }
}

/// What people call the step.
fn named(step: &Step) -> String {
    if let Some(name) = step.name.as_ref().and_then(workflow::Template::source_text) {
        return name.into_owned();
    }
    match &step.kind {
        StepKind::Uses { uses, .. } => uses.value.to_string(),
        StepKind::Run { script, .. } => {
            let text = script.source_text().unwrap_or_default();
            text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("run").to_owned()
        }
        _ => step.id.to_string(),
    }
}
