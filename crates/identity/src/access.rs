//! Who may do what: permissions, roles, scopes of tokens, and the decision over them. Pure: the facts come in as values.

mod decide;
mod grant;
mod permission;
mod repo_ref;
mod role;
mod scopes;

pub use decide::{Denied, MOST_OF_A_JOB, Need, decide, decide_org, visible};
pub use grant::Grant;
pub use permission::{Level, Permission};
pub use repo_ref::{RepoRef, Visibility};
pub use role::{OrgRole, Role};
pub use scopes::{SCOPES, Scope, Scopes};
