use serde::{Deserialize, Serialize};

/// What a protected branch or tag asks for. Everything is off in a rule that says nothing, but nobody force-pushes or deletes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    pub required_checks: Option<RequiredChecks>,
    /// With them, changes come by pull requests only.
    pub required_reviews: Option<RequiredReviews>,
    /// Every conversation on lines must be resolved.
    pub conversation_resolution: bool,
    /// The rules hold for administrators too.
    pub enforce_admins: bool,
    pub linear_history: bool,
    pub allow_force_pushes: bool,
    pub allow_deletions: bool,
    /// Nobody makes refs of this pattern but those who may push to it.
    pub block_creations: bool,
    /// Nobody pushes at all.
    pub lock_branch: bool,
    /// Only these push; `None`: everybody with write access.
    pub push: Option<Bypass>,
}

/// Checks that must have succeeded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequiredChecks {
    /// On a head that has the newest base in it.
    pub strict: bool,
    pub checks: Vec<RequiredCheck>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequiredCheck {
    /// The context of a status or the name of a check run.
    pub context: String,
    /// From this application only.
    pub app: Option<String>,
}

/// Reviews that a pull request needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequiredReviews {
    pub approvals: u32,
    /// New commits undo approvals.
    pub dismiss_stale: bool,
    /// An approval of somebody whom CODEOWNERS names, for each file that has owners.
    pub code_owners: bool,
    /// The last push must have been approved by somebody else than who pushed it.
    pub last_push: bool,
    /// Who may push without a pull request all the same.
    pub bypass: Bypass,
}

/// Accounts and teams, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bypass {
    pub users: Vec<i64>,
    pub teams: Vec<i64>,
}

/// Takes the teams of the owner before out of all rules of a repository that changes hands. Where only they could push,
/// nobody does then.
pub(crate) async fn forget_teams(tx: &mut store::Tx, repo_id: i64) -> crate::Result<()> {
    for row in store::protection::of_repository(tx, repo_id).await? {
        let mut rules = row.rules.clone();
        for teams in ["/push/teams", "/required_reviews/bypass/teams"] {
            if let Some(teams) = rules.pointer_mut(teams) {
                *teams = serde_json::Value::Array(Vec::new());
            }
        }
        if rules != row.rules {
            store::protection::put(tx, repo_id, &row.target, &row.pattern, &rules).await?;
        }
    }
    Ok(())
}

impl Rules {
    /// Rules that let nobody through.
    #[must_use]
    pub fn locked() -> Rules {
        Rules { lock_branch: true, enforce_admins: true, ..Rules::default() }
    }
}
