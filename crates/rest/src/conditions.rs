//! What changes of issues and pull requests take beyond seeing them: asked by the routes and by the mutations alike, so that
//! one way in is no easier than the other.

use identity::{Caller, Level, Need, Permission, Role};
use store::issues::Issue;

fn write(permission: Permission) -> Need {
    Need::new(permission, Level::Write)
}

fn is_own(caller: &Caller, author_id: i64) -> bool {
    caller.account_id() == Some(author_id)
}

/// Commenting: for everybody who reads, until it is locked; then for who may write.
pub(crate) fn comment(permission: Permission, issue: &Issue) -> Need {
    write(permission).role(if issue.locked { Role::Write } else { Role::Read })
}

/// Changing or deleting a comment: one's own, or anybody's with write access.
pub(crate) fn change_comment(permission: Permission, caller: &Caller, author_id: i64) -> Need {
    write(permission).role(if is_own(caller, author_id) { Role::Read } else { Role::Write })
}

/// Changing an issue: one's own, or as somebody who sorts them.
pub(crate) fn change_issue(caller: &Caller, author_id: i64) -> Need {
    write(Permission::Issues).role(if is_own(caller, author_id) { Role::Read } else { Role::Triage })
}

/// Changing a pull request: one's own, or with write access; who sorts them opens and closes them (`only_state`).
pub(crate) fn change_pull(caller: &Caller, author_id: i64, only_state: bool) -> Need {
    write(Permission::PullRequests).role(match (is_own(caller, author_id), only_state) {
        (true, _) => Role::Read,
        (false, true) => Role::Triage,
        (false, false) => Role::Write,
    })
}

/// Labels and assignees: for who sorts.
pub(crate) fn sort(permission: Permission) -> Need {
    write(permission).role(Role::Triage)
}

/// Asking for reviews.
pub(crate) fn request_reviews() -> Need {
    write(Permission::PullRequests).role(Role::Write)
}

#[cfg(test)]
mod tests {
    use identity::{UserCaller, Via};

    use super::*;

    #[test]
    fn roles() {
        let caller = Caller::User(UserCaller { id: 7, login: "ann".into(), admin: false, via: Via::Password });
        for (need, expected) in [
            (change_comment(Permission::Issues, &caller, 7), Role::Read),
            (change_comment(Permission::Issues, &caller, 8), Role::Write),
            (change_issue(&caller, 7), Role::Read),
            (change_issue(&caller, 8), Role::Triage),
            (change_pull(&caller, 7, false), Role::Read),
            (change_pull(&caller, 8, true), Role::Triage),
            (change_pull(&caller, 8, false), Role::Write),
            (change_pull(&Caller::Anonymous, 8, false), Role::Write),
            (sort(Permission::PullRequests), Role::Triage),
        ] {
            assert_eq!((need.role, need.level), (expected, Level::Write));
        }
    }
}
