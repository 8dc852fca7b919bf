//! Which branches and tags may be deployed to an environment.

use store::Tx;
use store::environments::Environment;
use trigger::{Pattern, Subject};

use crate::Result;

/// Why a ref may not be deployed; `None` when it may.
pub(super) async fn refusal(tx: &mut Tx, environment: &Environment, git_ref: &str) -> Result<Option<String>> {
    let (kind, name) = match git_ref.strip_prefix("refs/tags/") {
        Some(tag) => ("tag", tag),
        None => ("branch", git_ref.strip_prefix("refs/heads/").unwrap_or(git_ref)),
    };
    let refused =
        |rule: &str| Some(format!("the {kind} `{name}` may not be deployed to `{}`: {rule}", environment.name));
    match environment.branch_policy.as_str() {
        "protected" => {
            let rules = store::protection::of_repository(tx, environment.repo_id).await?;
            let protected = rules.iter().any(|rule| rule.target == kind && matches(&rule.pattern, name));
            Ok(if protected { None } else { refused("only protected ones may") })
        }
        "custom" => {
            let policies = store::environments::policies(tx, environment.id).await?;
            let allowed = policies.iter().any(|policy| policy.kind == kind && matches(&policy.pattern, name));
            Ok(if allowed { None } else { refused("none of its rules names it") })
        }
        _ => Ok(None),
    }
}

/// A pattern that cannot be read allows nothing but itself.
fn matches(pattern: &str, name: &str) -> bool {
    pattern == name || Pattern::parse(pattern, Subject::Ref).is_ok_and(|pattern| pattern.matches(name))
}
