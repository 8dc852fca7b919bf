//! Which caches a job may see and make: branch isolation as GitHub documents it.

use crate::JobIdentity;

/// Scopes of a job: full refs, in the order they are searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheScopes {
    /// The job's own ref first, then a pull request's base branch, then the default branch; no duplicates. Empty when it
    /// may not restore.
    pub read: Vec<String>,
    /// Where new caches go: the job's own ref; `None` when it may not save.
    pub write: Option<String>,
}

impl CacheScopes {
    /// The scopes of a job.
    pub fn of(job: &JobIdentity) -> CacheScopes {
        let mut read = vec![job.git_ref.clone()];
        for branch in [&job.base_ref, &job.default_branch] {
            let full = if branch.starts_with("refs/") { branch.clone() } else { format!("refs/heads/{branch}") };
            if !branch.is_empty() && !read.contains(&full) {
                read.push(full);
            }
        }
        if job.cache_hidden {
            read.clear();
        }
        CacheScopes { read, write: job.cache_write.then(|| job.git_ref.clone()) }
    }
}
