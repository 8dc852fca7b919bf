//! JSON as GitHub's API and webhooks write it. One shape for both.

mod checks;
mod commits;
mod hooks;
mod issues;
mod pulls;
mod releases;
mod repositories;
mod times;
mod urls;
mod users;

use std::collections::HashMap;

use serde_json::Value;

pub use commits::{commit_object, contents_entry, file_diff, git_commit, git_ref, git_tag, tree};
pub use hooks::{delivery, hook};
pub use pulls::PullNumbers;
pub(crate) use repositories::text_or_null;
pub use times::{at, git_time};
pub use urls::Urls;

use crate::Forge;

/// Makes shapes, remembering the accounts and repositories it has met.
pub struct Shape<'f> {
    forge: &'f Forge,
    users: HashMap<i64, Value>,
    logins: HashMap<String, Option<Value>>,
    repositories: HashMap<i64, Value>,
}

impl Forge {
    /// For the shapes of one answer or payload.
    #[must_use]
    pub fn shape(&self) -> Shape<'_> {
        Shape { forge: self, users: HashMap::new(), logins: HashMap::new(), repositories: HashMap::new() }
    }
}

impl Shape<'_> {
    /// Addresses, as this server writes them.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        self.forge.urls()
    }

    fn read(&self) -> store::Reader {
        self.forge.store().read()
    }
}
