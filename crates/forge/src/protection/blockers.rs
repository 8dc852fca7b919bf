//! What keeps a pull request from being merged, each with its reason.

use std::collections::HashMap;

use identity::Role;
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;
use store::reviews::Review;

use super::{Protections, RequiredChecks, RequiredReviews, Rules};
use crate::{Actor, Forge, Result, repo_ref};

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// `draft`, `conflict`, `checks`, `reviews`, `behind`, `conversations`, `restricted`, `locked`
    pub kind: &'static str,
    pub reason: String,
}

/// A required check that has not succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingCheck {
    pub(crate) reason: String,
}

/// Everything that stands between a pull request and its base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeCheck {
    pub blockers: Vec<Blocker>,
    /// Checks that are not required failed or run still.
    pub unstable: bool,
}

impl MergeCheck {
    /// In one sentence.
    #[must_use]
    pub fn reason(&self) -> String {
        self.blockers.iter().map(|blocker| blocker.reason.as_str()).collect::<Vec<_>>().join("; ")
    }
}

impl Forge {
    /// GitHub's word for how mergeable a pull request is.
    pub async fn mergeable_state(&self, repository: &Repository, issue: &Issue, pull: &Pull) -> Result<&'static str> {
        if !issue.is_open() || pull.mergeable.is_none() {
            return Ok("unknown");
        }
        if pull.mergeable == Some(false) {
            return Ok("dirty");
        }
        if pull.draft {
            return Ok("draft");
        }
        let check = self.check_merge(repository, issue, pull, None).await?;
        Ok(match check.blockers.as_slice() {
            [] if check.unstable => "unstable",
            [] => "clean",
            [Blocker { kind: "behind", .. }] => "behind",
            _ => "blocked",
        })
    }

    /// What blocks the merge, for somebody who may be above the rules; without one the rules hold.
    pub async fn check_merge(
        &self,
        repository: &Repository,
        issue: &Issue,
        pull: &Pull,
        actor: Option<&Actor>,
    ) -> Result<MergeCheck> {
        let mut check = MergeCheck::default();
        let mut block = |kind, reason: String| check.blockers.push(Blocker { kind, reason });
        if pull.draft {
            block("draft", "it is a draft".to_owned());
        }
        if pull.mergeable == Some(false) {
            block("conflict", "it conflicts with its base".to_owned());
        }
        let protections = Protections::of(self, repository).await?;
        if let Some(rules) = protections.of_branch(&pull.base_ref) {
            if rules.lock_branch {
                block("locked", format!("the branch `{}` is locked", pull.base_ref));
            }
            let hold = match actor {
                Some(actor) => rules.hold_for(self, repository, actor).await?,
                None => true,
            };
            if hold {
                check.blockers.extend(self.rule_blockers(repository, issue, pull, rules, actor).await?);
            }
        }
        let required = protections.of_branch(&pull.base_ref).and_then(|rules| rules.required_checks.clone());
        check.unstable = self.is_unstable(repository, pull, &required.unwrap_or_default()).await?;
        Ok(check)
    }

    async fn rule_blockers(
        &self,
        repository: &Repository,
        issue: &Issue,
        pull: &Pull,
        rules: &Rules,
        actor: Option<&Actor>,
    ) -> Result<Vec<Blocker>> {
        let mut blockers = Vec::new();
        let mut block = |kind, reason: String| blockers.push(Blocker { kind, reason });
        if let (Some(push), Some(actor)) = (&rules.push, actor)
            && !push.names(self, actor.account_id).await?
        {
            block("restricted", format!("you are not among those who may push to `{}`", pull.base_ref));
        }
        if let Some(checks) = &rules.required_checks {
            for missing in self.missing_checks(repository, checks, &pull.head_sha).await? {
                block("checks", missing.reason);
            }
            if checks.strict && !self.git(repository.id).is_ancestor(&pull.base_sha, &pull.head_sha).await? {
                block("behind", format!("the head does not have the newest `{}` in it", pull.base_ref));
            }
        }
        if let Some(reviews) = &rules.required_reviews {
            let reasons = self.review_blockers(repository, issue, pull, reviews).await?;
            reasons.into_iter().for_each(|reason| block("reviews", reason));
        }
        if rules.conversation_resolution {
            match store::reviews::open_conversations(&mut self.store().read(), issue.id).await? {
                0 => {}
                1 => block("conversations", "a conversation is not resolved".to_owned()),
                open => block("conversations", format!("{open} conversations are not resolved")),
            }
        }
        if rules.linear_history
            && !repository.setting("allow_squash_merge", true)
            && !repository.setting("allow_rebase_merge", true)
        {
            block("restricted", "its history is linear, but neither squash nor rebase is allowed here".to_owned());
        }
        Ok(blockers)
    }

    /// The newest review that counts of each reviewer with write access, and what is wanting.
    async fn review_blockers(
        &self,
        repository: &Repository,
        issue: &Issue,
        pull: &Pull,
        wanted: &RequiredReviews,
    ) -> Result<Vec<String>> {
        let mut latest: HashMap<i64, Review> = HashMap::new();
        for review in store::reviews::of_issue(&mut self.store().read(), issue.id).await? {
            if matches!(review.state.as_str(), "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED") {
                latest.insert(review.author_id, review);
            }
        }
        let mut approvals = Vec::new();
        let mut objections = 0;
        for review in latest.into_values() {
            let role = self.forge_role(repository, review.author_id).await?;
            if role < Role::Write || review.author_id == issue.author_id {
                continue;
            }
            match review.state.as_str() {
                // Whoever pushes and merges at once is faster than what dismisses stale approvals.
                "APPROVED" if wanted.dismiss_stale && !self.approves_head(pull, &review).await? => {}
                "APPROVED" => approvals.push(review),
                "CHANGES_REQUESTED" => objections += 1,
                _ => {}
            }
        }
        let mut reasons = Vec::new();
        if objections > 0 {
            reasons.push(format!("{objections} of the reviewers with write access asked for changes"));
        }
        let (have, need) = (approvals.len(), wanted.approvals as usize);
        if have < need {
            let of = if need == 1 { "review" } else { "reviews" };
            reasons.push(format!("at least {need} approving {of} by reviewers with write access, there are {have}"));
        }
        if wanted.last_push {
            let head = format!("refs/heads/{}", pull.head_ref);
            let repo_id = pull.head_repo_id.unwrap_or(repository.id);
            let pusher = store::pushes::last_pusher(&mut self.store().read(), repo_id, &head, &pull.head_sha).await?;
            let by_another = |review: &Review| review.commit_sha == pull.head_sha && Some(review.author_id) != pusher;
            if pusher.is_none() {
                reasons.push("who pushed the head is not known any more: push to it again".to_owned());
            } else if !approvals.iter().any(by_another) {
                reasons.push("the last push was not approved by anybody else than who pushed it".to_owned());
            }
        }
        if wanted.code_owners {
            let approvers: Vec<i64> = approvals.iter().map(|review| review.author_id).collect();
            for (path, owners) in self.unapproved_owners(repository, pull, &approvers).await? {
                reasons.push(format!("an approval of {owners} is wanted, who own {path}"));
            }
        }
        Ok(reasons)
    }

    /// Whether what was approved is what the head changes now.
    pub(crate) async fn approves_head(&self, pull: &Pull, review: &Review) -> Result<bool> {
        if review.commit_sha == pull.head_sha {
            return Ok(true);
        }
        let repo = self.git(pull.repo_id);
        // A head that only took the base in changes nothing of what was approved. What was taken away by force may be gone.
        if repo.kind(&review.commit_sha).await?.is_none() {
            return Ok(false);
        }
        Ok(repo.same_patch(&pull.base_sha, &review.commit_sha, &pull.head_sha).await?)
    }

    async fn forge_role(&self, repository: &Repository, account_id: i64) -> Result<Role> {
        let admin =
            store::users::by_id(&mut self.store().read(), account_id).await?.is_some_and(|user| user.site_admin);
        if admin {
            return Ok(Role::Admin);
        }
        Ok(self.identity().role_of_user(account_id, &repo_ref(repository)).await?)
    }

    /// Required checks that have not succeeded on a commit. Neutral and skipped count as success.
    pub(crate) async fn missing_checks(
        &self,
        repository: &Repository,
        required: &RequiredChecks,
        sha: &str,
    ) -> Result<Vec<MissingCheck>> {
        if required.checks.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = self.outcomes(repository, sha).await?;
        let mut missing = Vec::new();
        let mut known: Option<Vec<String>> = None;
        for check in &required.checks {
            let of_check = |outcome: &&Outcome| {
                outcome.name == check.context && check.app.as_ref().is_none_or(|app| outcome.app.as_ref() == Some(app))
            };
            let context = &check.context;
            // Where no application is named, all that reported by that name count: a success of one must not hide that
            // another failed.
            let reason = match outcomes.iter().filter(of_check).map(|outcome| outcome.state).max() {
                Some(State::Good) => continue,
                Some(State::Bad) => format!("required check `{context}` failed"),
                Some(State::Open) => format!("required check `{context}` has not finished"),
                None if check.app.is_some() && outcomes.iter().any(|outcome| outcome.name == *context) => {
                    let app = check.app.as_deref().unwrap_or_default();
                    format!("required check `{context}` is expected from {app}, others do not count")
                }
                None => {
                    if known.is_none() {
                        known =
                            Some(store::statuses::contexts_since(&mut self.store().read(), repository.id, 0).await?);
                    }
                    let known = known.as_deref().unwrap_or_default();
                    if known.contains(context) || known.is_empty() {
                        format!("required check `{context}` is expected")
                    } else {
                        // It would wait for ever: nobody has ever reported it.
                        let names: Vec<String> = known.iter().take(5).map(|name| format!("`{name}`")).collect();
                        format!(
                            "required check `{context}` can never come as things stand: nothing has ever reported it here \
                             (reported were {})",
                            names.join(", ")
                        )
                    }
                }
            };
            missing.push(MissingCheck { reason });
        }
        Ok(missing)
    }

    async fn is_unstable(&self, repository: &Repository, pull: &Pull, required: &RequiredChecks) -> Result<bool> {
        let outcomes = self.outcomes(repository, &pull.head_sha).await?;
        let is_required = |name: &str| required.checks.iter().any(|check| check.context == name);
        Ok(outcomes.iter().any(|outcome| outcome.state != State::Good && !is_required(&outcome.name)))
    }

    /// The newest of each name.
    async fn outcomes(&self, repository: &Repository, sha: &str) -> Result<Vec<Outcome>> {
        let mut query = self.store().read();
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut apps: HashMap<i64, String> = HashMap::new();
        for suite in store::checks::suites_of_commit(&mut query, repository.id, sha).await? {
            apps.insert(suite.id, suite.app);
        }
        for run in store::checks::of_commit(&mut query, repository.id, sha).await? {
            let state = match (run.status.as_str(), run.conclusion.as_deref()) {
                ("completed", Some("success" | "neutral" | "skipped")) => State::Good,
                ("completed", _) => State::Bad,
                _ => State::Open,
            };
            let app = apps.get(&run.suite_id).cloned();
            if !outcomes.iter().any(|known| known.name == run.name && known.app == app) {
                outcomes.push(Outcome { name: run.name, app, state });
            }
        }
        for status in store::statuses::latest(&mut query, repository.id, sha).await? {
            let state = match status.state.as_str() {
                "success" => State::Good,
                "pending" => State::Open,
                _ => State::Bad,
            };
            // A job's token is the application's.
            let app =
                (status.creator_id == Some(identity::ACTIONS_BOT_ID)).then(|| crate::checks::ACTIONS_APP.to_owned());
            outcomes.push(Outcome { name: status.context, app, state });
        }
        Ok(outcomes)
    }
}

/// The worse, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Good,
    Open,
    Bad,
}

struct Outcome {
    name: String,
    app: Option<String>,
    state: State,
}
