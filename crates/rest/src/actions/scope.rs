//! What a path speaks of: a repository, one of its environments, or an organisation.

use identity::{RunnerScope, SecretScope};
use store::environments::Environment;

use crate::{Api, Call, Problem, Result};

/// The environment of `{environment_name}`.
pub(crate) async fn environment(api: &Api, call: &Call) -> Result<Environment> {
    let found =
        store::environments::by_name(&mut api.store().read(), call.repo()?.id, call.param("environment_name")).await?;
    found.ok_or_else(Problem::not_found)
}

/// Whose secrets and variables the path is about.
pub(crate) async fn secrets(api: &Api, call: &Call) -> Result<SecretScope> {
    if let Ok(org) = call.org() {
        return Ok(SecretScope::Organization(org.id));
    }
    if !call.param("environment_name").is_empty() {
        return Ok(SecretScope::Environment(environment(api, call).await?.id));
    }
    let id = call.repo()?.id;
    Ok(if call.route.contains("/dependabot/") { SecretScope::Dependabot(id) } else { SecretScope::Repository(id) })
}

/// Whose runners the path is about.
pub(crate) fn runners(call: &Call) -> RunnerScope {
    match (call.repo(), call.org()) {
        (Ok(repo), _) => RunnerScope::Repository(repo.id),
        (_, Ok(org)) => RunnerScope::Organization(org.id),
        _ => RunnerScope::Server,
    }
}
