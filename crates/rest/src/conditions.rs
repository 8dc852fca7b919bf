//! What changes of issues and pull requests take beyond seeing them: asked by the routes and by the mutations alike, so that
//! one way in is no easier than the other.

use identity::{Caller, Level, Need, Permission, Role};
use store::issues::Issue;

/// A token's permission for what a number stands for: pull requests are issues too, and for them either is enough.
fn about(issue: &Issue, level: Level) -> Need {
    let need = Need::new(Permission::Issues, level);
    if issue.is_pull { need.or(Permission::PullRequests) } else { need }
}

fn is_own(caller: &Caller, author_id: i64) -> bool {
    caller.account_id() == Some(author_id)
}

/// One's own, or anybody's with write access.
fn own_or_write(caller: &Caller, author_id: i64) -> Role {
    if is_own(caller, author_id) { Role::Read } else { Role::Write }
}

/// Reading it, its comments and its labels.
pub(crate) fn read(issue: &Issue) -> Need {
    about(issue, Level::Read).role(Role::Read)
}

/// Commenting: for everybody who reads, until it is locked; then for who may write.
pub(crate) fn comment(issue: &Issue) -> Need {
    about(issue, Level::Write).role(if issue.locked { Role::Write } else { Role::Read })
}

/// Changing or deleting a comment.
pub(crate) fn change_comment(issue: &Issue, caller: &Caller, author_id: i64) -> Need {
    about(issue, Level::Write).role(own_or_write(caller, author_id))
}

/// The same for a comment on lines of a pull request.
pub(crate) fn change_review_comment(caller: &Caller, author_id: i64) -> Need {
    Need::new(Permission::PullRequests, Level::Write).role(own_or_write(caller, author_id))
}

/// Changing an issue: one's own, or as somebody who sorts them. A pull request takes write access, but for opening and closing
/// it (`only_state`).
pub(crate) fn change(issue: &Issue, caller: &Caller, only_state: bool) -> Need {
    about(issue, Level::Write).role(match (is_own(caller, issue.author_id), issue.is_pull && !only_state) {
        (true, _) => Role::Read,
        (false, false) => Role::Triage,
        (false, true) => Role::Write,
    })
}

/// The same of a pull request as such: its base, its draft state. What it has as an issue is not enough for that.
pub(crate) fn change_pull(issue: &Issue, caller: &Caller, only_state: bool) -> Need {
    let role = change(issue, caller, only_state).role;
    Need::new(Permission::PullRequests, Level::Write).role(role)
}

/// Labels and assignees: for who sorts.
pub(crate) fn sort(issue: &Issue) -> Need {
    about(issue, Level::Write).role(Role::Triage)
}

/// Locking a conversation.
pub(crate) fn lock(issue: &Issue) -> Need {
    about(issue, Level::Write).role(Role::Write)
}

/// Asking for reviews.
pub(crate) fn request_reviews() -> Need {
    Need::new(Permission::PullRequests, Level::Write).role(Role::Write)
}

#[cfg(test)]
mod tests {
    use identity::{UserCaller, Via};

    use super::*;

    #[test]
    fn roles() {
        let caller = Caller::User(UserCaller { id: 7, login: "ann".into(), admin: false, via: Via::Password });
        let issue = |author_id, is_pull| Issue {
            id: 1,
            repo_id: 1,
            number: 1,
            is_pull,
            title: String::new(),
            body: String::new(),
            state: "open".into(),
            state_reason: None,
            author_id,
            author_kind: "user".into(),
            assignees: serde_json::Value::Null,
            locked: false,
            closed_by: None,
            created_at: 0,
            updated_at: 0,
            closed_at: None,
        };
        let (own, other, own_pull, pull) = (issue(7, false), issue(8, false), issue(7, true), issue(8, true));
        for (need, expected) in [
            (change_comment(&other, &caller, 7), Role::Read),
            (change_comment(&other, &caller, 8), Role::Write),
            (change_review_comment(&caller, 8), Role::Write),
            (change(&own, &caller, false), Role::Read),
            (change(&other, &caller, false), Role::Triage),
            (change(&own_pull, &caller, false), Role::Read),
            (change(&pull, &caller, true), Role::Triage),
            (change(&pull, &caller, false), Role::Write),
            (change(&pull, &Caller::Anonymous, false), Role::Write),
            (sort(&pull), Role::Triage),
            (comment(&Issue { locked: true, ..issue(7, false) }), Role::Write),
        ] {
            assert_eq!((need.role, need.level), (expected, Level::Write));
        }
        assert_eq!((comment(&other).or, comment(&pull).or), (None, Some(Permission::PullRequests)));
    }
}
