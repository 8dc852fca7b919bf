//! What an identity token says of a job: GitHub's claims, so that trust policies written for it hold here.

use crate::{JobIdentity, RepositoryClaims};
use serde_json::{Value, json};

/// Seconds a token is good for.
const LIFETIME: i64 = 600;

/// `sub`: the environment if there is one, else that it is a pull request, else the ref.
pub(crate) fn subject(job: &JobIdentity, claims: &Value) -> String {
    if let Some(names) = &job.subject {
        // The repository's own form: `repo:o/r:ref:refs/heads/main:actor:mona`.
        let parts = names.iter().map(|name| match name.as_str() {
            "repo" => format!("repo:{}", job.repository),
            "context" => usual(job)
                .split_once(&format!("repo:{}:", job.repository))
                .map_or_else(String::new, |(_, rest)| rest.to_owned()),
            name => format!("{name}:{}", claims[name].as_str().unwrap_or_default().replace(':', "%3A")),
        });
        return parts.collect::<Vec<_>>().join(":");
    }
    usual(job)
}

fn usual(job: &JobIdentity) -> String {
    let repository = &job.repository;
    match &job.environment {
        // A colon would read as another part of the subject.
        Some(environment) => format!("repo:{repository}:environment:{}", environment.replace(':', "%3A")),
        None if job.event_name == "pull_request" => format!("repo:{repository}:pull_request"),
        None => format!("repo:{repository}:ref:{}", job.git_ref),
    }
}

/// All claims; `now` in seconds.
pub(crate) fn claims(
    job: &JobIdentity,
    repository: &RepositoryClaims,
    issuer: &str,
    audience: &str,
    now: i64,
) -> Value {
    let owner = job.repository.split('/').next().unwrap_or_default();
    let ref_type = if job.git_ref.starts_with("refs/tags/") { "tag" } else { "branch" };
    let mut claims = json!({
        "jti": uuid::Uuid::new_v4().to_string(),
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "ref": job.git_ref,
        "ref_type": ref_type,
        "sha": job.sha,
        "repository": job.repository,
        "repository_id": repository.repository_id,
        "repository_owner": owner,
        "repository_owner_id": repository.owner_id,
        "repository_visibility": repository.visibility,
        "run_id": job.run_id,
        "run_number": job.run_number.to_string(),
        "run_attempt": job.attempt.to_string(),
        "actor": job.actor,
        "actor_id": job.actor_id,
        "workflow": job.workflow,
        "workflow_ref": job.workflow_ref,
        "workflow_sha": job.workflow_sha,
        "job_workflow_ref": job.job_workflow_ref.as_ref().unwrap_or(&job.workflow_ref),
        "job_workflow_sha": job.job_workflow_sha.as_ref().unwrap_or(&job.workflow_sha),
        "head_ref": job.head_ref,
        "base_ref": job.base_ref,
        "event_name": job.event_name,
        "runner_environment": "self-hosted",
    });
    if let Some(environment) = &job.environment {
        claims["environment"] = json!(environment);
    }
    claims["sub"] = json!(subject(job, &claims));
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        let job = |event: &str, git_ref: &str, environment: Option<&str>| JobIdentity {
            repository: "o/r".into(),
            event_name: event.into(),
            git_ref: git_ref.into(),
            environment: environment.map(str::to_owned),
            ..JobIdentity::default()
        };
        let table = [
            (job("push", "refs/heads/main", None), "repo:o/r:ref:refs/heads/main"),
            (job("push", "refs/tags/v1", None), "repo:o/r:ref:refs/tags/v1"),
            (job("pull_request", "refs/pull/1/merge", None), "repo:o/r:pull_request"),
            (job("pull_request", "refs/pull/1/merge", Some("prod")), "repo:o/r:environment:prod"),
            (job("push", "refs/heads/main", Some("a:b")), "repo:o/r:environment:a%3Ab"),
        ];
        for (job, expected) in table {
            assert_eq!(subject(&job, &Value::Null), expected);
        }
        let names = ["repo", "context", "actor", "job_workflow_ref"].map(str::to_owned).to_vec();
        let own = JobIdentity { subject: Some(names), ..job("push", "refs/heads/main", None) };
        let claims = json!({"actor": "mona", "job_workflow_ref": "o/r/.github/workflows/x.yml@refs/heads/main"});
        let expected =
            "repo:o/r:ref:refs/heads/main:actor:mona:job_workflow_ref:o/r/.github/workflows/x.yml@refs/heads/main";
        assert_eq!(subject(&own, &claims), expected);
    }
}
