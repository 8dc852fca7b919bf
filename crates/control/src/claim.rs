//! Which job a runner gets, and everything it is told of it.

use std::collections::HashMap;
use std::sync::Arc;

use api::LegId;
use api::wire::{ActionSources, Contexts, JobSpec, RepositorySpec, Secret, ServiceAccess, WorkflowSpec};
use identity::{Grant, JobGrant};
use serde_json::{Map, Value as Json};
use services::JobClaim;
use store::Tx;
use store::jobs::Job;
use store::queue::{Claimed, Waiting};
use store::repositories::Repository;
use store::runners::Runner;
use store::runs::Run;

use crate::drive::SealedJob;
use crate::event::{report_run, trust_of};
use crate::settings::micros;
use crate::told::{JOB_TOKEN, Told};
use crate::{Control, Error, Result};

/// What a job whose file says nothing gets to end politely, in minutes.
const CANCEL_MINUTES: f64 = 5.0;

/// What of the queue one runner can take.
struct Choice {
    repo_id: i64,
    kinds: Vec<(String, Option<String>)>,
    priority: i64,
    /// Jobs at work, less what it has waited for: nobody is passed over for ever.
    share: i64,
    first: i64,
}

/// What there is for a runner that asks.
pub(crate) enum Offer {
    Job(Box<JobSpec>),
    Nothing,
    /// Nothing was heard of it for a lease, while it waited here: whether it still listens, its next word says.
    GivenUp,
}

/// To have waited so long counts as one job less at work.
const WAITED: i64 = 10 * 60 * 1_000_000;

impl Control {
    /// A job for a runner, claimed. A claim of a name that holds a job gives that one.
    pub(crate) async fn claim(&self, runner_id: i64, claim_id: Option<&str>) -> Result<Offer> {
        // One at a time in this process: the others would look at the same job.
        let _turn = self.claiming().lock().await;
        let mut read = self.store().read();
        let Some(runner) = store::runners::by_id(&mut read, runner_id).await? else {
            return Err(Error::NotFound("the runner".to_owned()));
        };
        if let Some(claim_id) = claim_id
            && let Some((job_id, fence)) = store::queue::claimed(&mut read, runner_id, claim_id).await?
            && let Some(spec) = self.tell_again(runner_id, job_id, fence).await?
        {
            return Ok(Offer::Job(Box::new(spec)));
        }
        if runner.given_up {
            return Ok(Offer::GivenUp);
        }
        if runner.draining || (runner.ephemeral && runner.used) {
            return Ok(Offer::Nothing);
        }
        let waiting = store::queue::waiting(&mut read).await?;
        if waiting.is_empty() {
            return Ok(Offer::Nothing);
        }
        for choice in self.choices(&runner, waiting).await? {
            let mut tx = self.store().begin().await?;
            if !has_room(&mut tx, runner.id).await? {
                return Ok(Offer::Nothing);
            }
            let Some(mut job) = store::queue::next(&mut tx, choice.repo_id, None, &choice.kinds).await? else {
                continue;
            };
            let found = store::runs::by_id(&mut tx, job.run_id).await?;
            if found.is_some_and(|run| run.status != "in_progress") {
                // This job changes its run's status. Steps of a run lock its row before those of its jobs, so this does too.
                let run_id = job.run_id;
                tx.rollback().await?;
                tx = self.store().begin().await?;
                if !has_room(&mut tx, runner.id).await? {
                    return Ok(Offer::Nothing);
                }
                store::runs::lock(&mut tx, run_id).await?;
                let again = store::queue::next(&mut tx, choice.repo_id, Some(run_id), &choice.kinds).await?;
                let Some(again) = again else { continue };
                job = again;
            }
            let (job_id, run_id) = (job.id, job.run_id);
            match Box::pin(self.hand_out(&mut tx, &runner, claim_id, job)).await {
                Ok(spec) => {
                    tx.commit().await?;
                    return Ok(Offer::Job(Box::new(spec)));
                }
                Err(error) if error.is_passing() => return Err(error),
                // One job that cannot be handed out must not keep the others from being.
                Err(error) => {
                    tx.rollback().await?;
                    self.cannot_start(run_id, job_id, &error).await?;
                }
            }
        }
        Ok(Offer::Nothing)
    }

    /// A job that the runner has, told once more: the answer to its claim did not reach it.
    async fn tell_again(&self, runner_id: i64, job_id: i64, fence: i64) -> Result<Option<JobSpec>> {
        let mut tx = self.store().begin().await?;
        let Some(job) = store::queue::held(&mut tx, job_id, fence, runner_id).await? else { return Ok(None) };
        let (run, repository) = (run_of(&mut tx, &job).await?, repository_of(&mut tx, &job).await?);
        let sealed = self.open_job(job.id, job.sealed.as_deref().unwrap_or_default())?;
        let lease = tx.now().saturating_add(micros(self.settings().lease));
        store::queue::renew(&mut tx, job.id, fence, runner_id, lease).await?;
        let deadline = job.deadline.unwrap_or(lease);
        let spec = Box::pin(self.tell(&mut tx, (run, repository, job), sealed, fence, deadline)).await?;
        tx.commit().await?;
        Ok(Some(spec))
    }

    /// Repositories with jobs that this runner can take, the next one first: by priority, then whoever has fewest at work in
    /// the runner's group, then who waits longest. Who has waited for long counts as having fewer.
    async fn choices(&self, runner: &Runner, waiting: Vec<Waiting>) -> Result<Vec<Choice>> {
        let mut read = self.store().read();
        let group = store::runners::group(&mut read, runner.group_id).await?;
        let selected = match &group {
            Some(group) if group.visibility == "selected" => {
                Some(store::runners::group_repos(&mut read, group.id).await?)
            }
            _ => None,
        };
        let labels: Vec<String> = serde_json::from_str::<Vec<String>>(&runner.labels)
            .unwrap_or_default()
            .iter()
            .map(|label| label.to_lowercase())
            .collect();
        let group_name = group.map(|group| group.name.to_lowercase()).unwrap_or_default();
        let running: HashMap<i64, i64> = store::queue::running(&mut read, runner.group_id).await?.into_iter().collect();
        let now = self.store().now();
        let mut owners: HashMap<i64, bool> = HashMap::new();
        let mut choices: Vec<Choice> = Vec::new();
        for one in waiting {
            let wanted: Vec<String> = serde_json::from_str(&one.labels_key).unwrap_or_default();
            let fits = wanted.iter().all(|label| labels.contains(label))
                && one.runner_group.as_ref().is_none_or(|wanted| wanted.to_lowercase() == group_name)
                && selected.as_ref().is_none_or(|repos| repos.contains(&one.repo_id));
            if !fits {
                continue;
            }
            let in_scope = match runner.scope.as_str() {
                "repository" => runner.scope_id == one.repo_id,
                "organization" => match owners.get(&one.repo_id) {
                    Some(owned) => *owned,
                    None => {
                        let owner =
                            store::repositories::by_id(&mut read, one.repo_id).await?.map(|found| found.owner_id);
                        *owners.entry(one.repo_id).or_insert(owner == Some(runner.scope_id))
                    }
                },
                _ => true,
            };
            if !in_scope {
                continue;
            }
            let at_work = running.get(&one.repo_id).copied().unwrap_or_default();
            let share = at_work - one.since.map_or(0, |since| (now - since).max(0) / WAITED);
            let kind = (one.labels_key, one.runner_group);
            match choices.iter_mut().find(|choice| choice.repo_id == one.repo_id) {
                Some(choice) => {
                    choice.kinds.push(kind);
                    choice.priority = choice.priority.max(one.priority);
                    choice.first = choice.first.min(one.first);
                    choice.share = choice.share.min(share);
                }
                None => choices.push(Choice {
                    repo_id: one.repo_id,
                    kinds: vec![kind],
                    priority: one.priority,
                    share,
                    first: one.first,
                }),
            }
        }
        choices.sort_by_key(|choice| (std::cmp::Reverse(choice.priority), choice.share, choice.first));
        Ok(choices)
    }

    /// Claims a locked job and writes what follows; what the runner is told.
    async fn hand_out(&self, tx: &mut Tx, runner: &Runner, claim_id: Option<&str>, job: Job) -> Result<JobSpec> {
        let run = run_of(tx, &job).await?;
        let repository = repository_of(tx, &job).await?;
        let sealed = self.open_job(job.id, job.sealed.as_deref().unwrap_or_default())?;
        let now = tx.now();
        let minutes =
            sealed.timeout_minutes.map_or_else(|| micros(self.settings().job_timeout), crate::drive::minutes_in_micros);
        let polite = crate::drive::minutes_in_micros(sealed.cancel_timeout_minutes.unwrap_or(CANCEL_MINUTES));
        let deadline = now.saturating_add(minutes).saturating_add(polite).saturating_add(micros(self.settings().grace));
        let lease = now.saturating_add(micros(self.settings().lease));
        let by = Claimed {
            runner_id: runner.id,
            runner_name: &runner.name,
            claim_id,
            at: now,
            lease_until: lease,
            deadline,
        };
        let fence = store::queue::claim(tx, job.id, &by).await?;
        if runner.ephemeral {
            store::runners::use_up(tx, runner.id).await?;
        }
        if run.status != "in_progress" {
            store::runs::set_status(tx, run.id, "in_progress").await?;
            if run.status != "completed" && job.lost_count == 0 {
                report_run(self, tx, &Run { status: "in_progress".to_owned(), ..run.clone() }, "in_progress").await?;
            }
        }
        self.report_claimed(tx, &run, &repository, &job, now).await?;
        self.tell(tx, (run, repository, job), sealed, fence, deadline).await
    }

    /// What the runner is told of a job that it has. Its token is new; those before are void.
    async fn tell(
        &self,
        tx: &mut Tx,
        (run, repository, job): (Run, Repository, Job),
        sealed: SealedJob,
        fence: i64,
        deadline: i64,
    ) -> Result<JobSpec> {
        let (told, debug) = self.told_of(tx, &job).await?;
        let now = tx.now();
        self.identity().revoke_job_tokens(tx, job.id).await?;
        let grant = Grant::from_names(sealed.grant.iter().map(|(scope, level)| (scope.as_str(), level.as_str())))
            .unwrap_or_else(|_| known_grant(&sealed));
        let token = JobGrant {
            job_id: job.id,
            run_id: run.id,
            repo_id: run.repo_id,
            grant,
            fork: told.read_only,
            expires_at: deadline,
        };
        let token = self.identity().issue_job_token(tx, &token).await?;
        let values = self.values(&repository, &run, &told, &sealed).await?;
        Ok(self.spec(&run, &repository, &job, fence, &told, sealed, values, &token.text, debug, now))
    }

    async fn report_claimed(&self, tx: &mut Tx, run: &Run, repository: &Repository, job: &Job, now: i64) -> Result<()> {
        let key = format!("job:{}", job.id);
        let page = self.forge().urls().runs_page(&repository.full_name());
        let url = format!("{page}/runs/{}/job/{}", run.id, job.id);
        let check = forge::checks::JobCheck {
            key: &key,
            run_id: Some(run.id),
            head_sha: &run.head_sha,
            head_branch: run.head_branch.as_deref(),
            name: &job.name,
            status: "in_progress",
            details_url: Some(&url),
            started_at: Some(now),
            ..forge::checks::JobCheck::default()
        };
        let check = forge::checks::put_job_check(tx, run.repo_id, &check).await?;
        crate::report::job(self, tx, run, job.id, crate::report::Became::InProgress, Some(&check)).await?;
        if let Some(id) = job.deployment_id
            && let Some(deployment) = store::deployments::by_id(tx, id).await?
        {
            crate::deployment::set_state(self, tx, &deployment, "in_progress", "", &url).await?;
        }
        Ok(())
    }

    async fn told_of(&self, tx: &mut Tx, job: &Job) -> Result<(Arc<Told>, bool)> {
        if let Some(known) = self.live().told(job.run_id, job.attempt) {
            return Ok(known);
        }
        let attempt = store::runs::attempt(tx, job.run_id, job.attempt).await?;
        let attempt = attempt.ok_or_else(|| Error::broken("a run's attempt", "it is not there"))?;
        let told = Arc::new(self.open_told(job.run_id, job.attempt, &attempt.sealed)?);
        self.live().keep_told(job.run_id, job.attempt, told.clone(), attempt.debug);
        Ok((told, attempt.debug))
    }

    /// Secrets and variables, those of the job's environment before all others.
    async fn values(
        &self,
        repository: &Repository,
        run: &Run,
        told: &Told,
        sealed: &SealedJob,
    ) -> Result<(Json, Json)> {
        let mut secrets = sealed.secrets.clone().unwrap_or_else(|| told.secrets_json());
        let mut vars = told.vars.clone();
        if let Some(environment) = &sealed.environment {
            let mut read = self.store().read();
            if let Some(found) = store::environments::by_name(&mut read, run.repo_id, &environment.name).await? {
                let repo = forge::repo_ref(repository);
                // Only what the environment itself has: a called workflow gets the repository's secrets as it was given them.
                let base = self.identity().secrets_for_job(&repo, None, trust_of(&run.trust)).await?;
                let with = self.identity().secrets_for_job(&repo, Some(found.id), trust_of(&run.trust)).await?;
                let own = with.into_iter().filter(|(name, value)| base.get(name) != Some(value));
                extend(&mut secrets, own.map(|(name, value)| (name, Json::from(value.as_str()))));
                let with = self.identity().variables_for_job(&repo, Some(found.id)).await?;
                extend(&mut vars, with.into_iter().map(|(name, value)| (name, value.into())));
            }
        }
        Ok((secrets, vars))
    }

    #[expect(clippy::too_many_arguments, reason = "everything a job is made of comes together here")]
    fn spec(
        &self,
        run: &Run,
        repository: &Repository,
        job: &Job,
        fence: i64,
        told: &Told,
        sealed: SealedJob,
        (secrets, vars): (Json, Json),
        token: &str,
        debug: bool,
        now: i64,
    ) -> JobSpec {
        let with_token = |value: Json| Secret::new(replace_token(value, token));
        let debug = debug || [&secrets, &vars].iter().any(|values| values["ACTIONS_STEP_DEBUG"] == "true");
        let mut github = told.github.clone();
        github["token"] = token.into();
        let identity = self.job_identity(run, repository, job, told, &sealed);
        let claim = JobClaim { job: job.id, fence, run: run.id, repository: repository.id };
        let admitted = self.admission().environment(&identity, claim, now / 1_000_000);
        let text_of = |name: &str| told.github[name].as_str().unwrap_or_default().to_owned();
        let web = &self.forge().urls().web;
        let mut servers = vec![web.clone()];
        servers.extend(self.settings().action_servers.iter().cloned());
        JobSpec {
            id: job.id,
            fence,
            run_id: run.id,
            attempt: u32::try_from(job.attempt).unwrap_or(u32::MAX),
            leg: LegId(u32::try_from(job.leg).unwrap_or(u32::MAX)),
            path: sealed.path,
            name: job.name.clone(),
            workflow: WorkflowSpec {
                path: sealed.workflow_path,
                text: told.source(&sealed.source).map(|source| source.text.clone()).unwrap_or_default(),
                job: sealed.job,
            },
            contexts: Contexts {
                github: Secret::new(github),
                secrets: with_token(secrets),
                inputs: replace_token(sealed.inputs, token),
                vars,
                needs: sealed.needs,
                strategy: sealed.strategy,
                matrix: sealed.matrix,
            },
            runs_on: sealed.runs_on,
            timeout_minutes: sealed.timeout_minutes,
            cancel_timeout_minutes: sealed.cancel_timeout_minutes,
            environment: sealed.environment,
            grant: sealed.grant,
            identity,
            repository: RepositorySpec {
                id: repository.id,
                name: repository.full_name(),
                clone_url: format!("{web}/{}.git", repository.full_name()),
                default_branch: told.default_branch.clone(),
                token: Secret::new(token.to_owned()),
                sha: text_of("sha"),
                tree: told.tree.clone(),
                git_ref: text_of("ref"),
            },
            access: ServiceAccess {
                url: self.admission().url(),
                action_env: Secret::new(admitted.action_env),
                run_env: Secret::new(admitted.run_env),
                mask: Secret::new(admitted.secrets_to_mask),
            },
            actions: ActionSources { native: self.settings().native_actions, servers, lock: told.lock.clone() },
            registry_for: self.settings().registry_for.clone(),
            debug,
        }
    }

    fn job_identity(
        &self,
        run: &Run,
        repository: &Repository,
        job: &Job,
        told: &Told,
        sealed: &SealedJob,
    ) -> api::JobIdentity {
        let text = |name: &str| told.github[name].as_str().unwrap_or_default().to_owned();
        let called = told.sources.first().is_some_and(|first| first.name != sealed.source);
        let local = sealed.source.starts_with("./");
        api::JobIdentity {
            run_id: run.id.to_string(),
            run_number: u64::try_from(run.number).unwrap_or_default(),
            attempt: u32::try_from(job.attempt).unwrap_or(1),
            job_id: job.id.to_string(),
            workflow: text("workflow"),
            workflow_ref: text("workflow_ref"),
            workflow_sha: text("workflow_sha"),
            job_workflow_ref: called.then(|| {
                if local {
                    format!("{}/{}@{}", text("repository"), sealed.workflow_path, text("ref"))
                } else {
                    sealed.workflow_path.clone()
                }
            }),
            job_workflow_sha: (called && local).then(|| text("sha")),
            repository: text("repository"),
            git_ref: text("ref"),
            default_branch: told.default_branch.clone(),
            head_ref: text("head_ref"),
            base_ref: text("base_ref"),
            sha: text("sha"),
            actor: text("actor"),
            actor_id: text("actor_id"),
            event_name: text("event_name"),
            environment: sealed.environment.as_ref().map(|environment| environment.name.clone()),
            id_token: !told.read_only && sealed.grant.get("id-token").is_some_and(|level| level == "write"),
            // What a run of little trust saves would be believed later, whatever its file says.
            cache_write: !told.read_only && sealed.cache_mode().is_none_or(workflow::CacheMode::writes),
            cache_hidden: sealed.cache_mode().is_some_and(|mode| !mode.reads()),
            repository_id: repository.id.to_string(),
            owner_id: repository.owner_id.to_string(),
            visibility: repository.visibility.clone(),
            subject: repository
                .settings
                .get("oidc_subject")
                .and_then(|claims| serde_json::from_value(claims.clone()).ok()),
        }
    }
}

/// Whether the runner takes a further job. It is locked: it may ask several servers at once.
async fn has_room(tx: &mut Tx, runner_id: i64) -> Result<bool> {
    let Some(runner) = store::runners::lock(tx, runner_id).await? else { return Ok(false) };
    if runner.given_up || runner.draining || (runner.ephemeral && runner.used) {
        return Ok(false);
    }
    let busy = store::queue::of_runner(tx, runner_id).await?.len();
    Ok(i64::try_from(busy).is_ok_and(|busy| busy < runner.slots))
}

async fn run_of(tx: &mut Tx, job: &Job) -> Result<Run> {
    store::runs::by_id(tx, job.run_id).await?.ok_or_else(|| Error::broken("a job's run", "it is not there"))
}

async fn repository_of(tx: &mut Tx, job: &Job) -> Result<Repository> {
    let found = store::repositories::by_id(tx, job.repo_id).await?;
    found.ok_or_else(|| Error::NotFound("the repository".to_owned()))
}

/// Scopes that this server knows no permission for give nothing here.
fn known_grant(sealed: &SealedJob) -> Grant {
    let known = sealed.grant.iter().filter_map(|(scope, level)| Some((scope.parse().ok()?, level.parse().ok()?)));
    Grant::new(known)
}

fn extend(values: &mut Json, more: impl Iterator<Item = (String, Json)>) {
    if let Json::Object(values) = values {
        values.extend(more);
    }
}

/// Puts the job's own token where an expression had put the run's stand-in.
fn replace_token(value: Json, token: &str) -> Json {
    match value {
        Json::String(text) if text.contains(JOB_TOKEN) => text.replace(JOB_TOKEN, token).into(),
        Json::Array(items) => items.into_iter().map(|item| replace_token(item, token)).collect(),
        Json::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, replace_token(value, token)))
            .collect::<Map<String, Json>>()
            .into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_jobs_token_stands_wherever_an_expression_put_it() {
        let value = json!({ "a": [JOB_TOKEN, format!("x{JOB_TOKEN}y"), 1], "b": { "c": "plain" } });
        assert_eq!(replace_token(value, "T"), json!({ "a": ["T", "xTy", 1], "b": { "c": "plain" } }));
    }
}
