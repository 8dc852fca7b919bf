//! What `uses:` names.

/// The `uses:` of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionReference {
    /// `./path`: a directory of the job's workspace, with its `./`.
    Local { path: String },
    /// `$/path`: a directory of the repository that the file with this `uses:` comes from.
    SameRepository { path: String },
    /// `docker://image`.
    Docker { image: String },
    /// `owner/repo[/path]@ref`; `path` is empty for the repository's root.
    Repository { owner: String, repo: String, path: String, git_ref: String },
}

/// The `uses:` of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkflowReference {
    /// `./.github/workflows/x.yml` or `$/.github/workflows/x.yml`: the repository that the calling file comes from, at the
    /// same commit. `path` is relative to it.
    Local { path: String },
    /// `owner/repo/.github/workflows/x.yml@ref`.
    Repository { owner: String, repo: String, path: String, git_ref: String },
}

/// Why a text is no reference; says what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("expected `owner/repo[/path]@ref`, `./path`, `$/path` or `docker://image`")]
    Action,
    #[error("expected `docker://image`")]
    DockerImage,
    #[error("expected `./.github/workflows/name.yml` or `owner/repo/.github/workflows/name.yml@ref`")]
    Workflow,
    #[error("a workflow of the same repository is taken at the same commit: remove `@` and what follows")]
    LocalWithRef,
    #[error("say which version: `owner/repo/.github/workflows/name.yml@ref`")]
    NoRef,
    #[error("reusable workflows are `.yml` or `.yaml` files directly in `.github/workflows`")]
    WorkflowPath,
}

impl ActionReference {
    /// Reads the `uses:` of a step.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn parse(uses: &str) -> Result<ActionReference, ReferenceError> {
        if let Some(image) = uses.strip_prefix("docker://") {
            return match image {
                "" => Err(ReferenceError::DockerImage),
                image => Ok(ActionReference::Docker { image: image.to_owned() }),
            };
        }
        if uses.starts_with("./") || uses.starts_with(".\\") {
            return Ok(ActionReference::Local { path: uses.replace('\\', "/") });
        }
        if let Some(path) = uses.strip_prefix("$/") {
            // `$/` alone is the action at the repository's top.
            return Ok(ActionReference::SameRepository { path: path.trim_start_matches('/').to_owned() });
        }
        let (owner, repo, path, git_ref) = repository(uses).ok_or(ReferenceError::Action)?;
        Ok(ActionReference::Repository { owner, repo, path, git_ref })
    }
}

impl WorkflowReference {
    /// Reads the `uses:` of a job.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn parse(uses: &str) -> Result<WorkflowReference, ReferenceError> {
        if let Some(path) = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")) {
            if path.contains('@') {
                return Err(ReferenceError::LocalWithRef);
            }
            let path = path.trim_start_matches('/').to_owned();
            return if is_workflow_path(&path) {
                Ok(WorkflowReference::Local { path })
            } else {
                Err(ReferenceError::WorkflowPath)
            };
        }
        if !uses.contains('@') {
            return Err(if uses.matches('/').count() >= 4 { ReferenceError::NoRef } else { ReferenceError::Workflow });
        }
        let (owner, repo, path, git_ref) = repository(uses).ok_or(ReferenceError::Workflow)?;
        if !is_workflow_path(&path) {
            return Err(ReferenceError::WorkflowPath);
        }
        Ok(WorkflowReference::Repository { owner, repo, path, git_ref })
    }
}

/// Also Trunkline's own place for workflows.
fn is_workflow_path(path: &str) -> bool {
    let name = path.strip_prefix(".github/workflows/").or_else(|| path.strip_prefix(".trunkline/workflows/"));
    name.is_some_and(|name| {
        let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
        stem.is_some_and(|stem| !stem.is_empty() && !stem.contains('/'))
    })
}

/// `owner/repo[/path]@ref`, the path without empty parts.
fn repository(uses: &str) -> Option<(String, String, String, String)> {
    let (place, git_ref) = uses.split_once('@')?;
    if git_ref.is_empty() || git_ref.contains('@') || uses.chars().any(char::is_whitespace) {
        return None;
    }
    let mut parts = place.split(['/', '\\']).filter(|part| !part.is_empty());
    let (owner, repo) = (parts.next()?, parts.next()?);
    if parts.clone().any(|part| matches!(part, "." | ".."))
        || [owner, repo].iter().any(|part| matches!(*part, "." | ".."))
    {
        return None;
    }
    let path: Vec<&str> = parts.collect();
    Some((owner.to_owned(), repo.to_owned(), path.join("/"), git_ref.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        let repository = |path: &str, git_ref: &str| ActionReference::Repository {
            owner: "o".into(),
            repo: "r".into(),
            path: path.into(),
            git_ref: git_ref.into(),
        };
        for (uses, expected) in [
            ("o/r@v1", Ok(repository("", "v1"))),
            ("o/r/a/b@feature/x", Ok(repository("a/b", "feature/x"))),
            ("./a", Ok(ActionReference::Local { path: "./a".into() })),
            ("$/a/b", Ok(ActionReference::SameRepository { path: "a/b".into() })),
            ("docker://alpine:3", Ok(ActionReference::Docker { image: "alpine:3".into() })),
            ("docker://", Err(ReferenceError::DockerImage)),
            ("o/r", Err(ReferenceError::Action)),
            ("o/r@", Err(ReferenceError::Action)),
            ("o@v1", Err(ReferenceError::Action)),
            ("o/r@a@b", Err(ReferenceError::Action)),
            ("o/../r@v1", Err(ReferenceError::Action)),
            ("$/", Ok(ActionReference::SameRepository { path: String::new() })),
            ("", Err(ReferenceError::Action)),
        ] {
            assert_eq!(ActionReference::parse(uses), expected, "{uses}");
        }
    }

    #[test]
    fn workflows() {
        let local = |path: &str| WorkflowReference::Local { path: path.into() };
        for (uses, expected) in [
            ("./.github/workflows/a.yml", Ok(local(".github/workflows/a.yml"))),
            ("$/.github/workflows/a.yaml", Ok(local(".github/workflows/a.yaml"))),
            ("./.github/workflows/a.yml@v1", Err(ReferenceError::LocalWithRef)),
            ("./.github/workflows/d/a.yml", Err(ReferenceError::WorkflowPath)),
            ("./a.yml", Err(ReferenceError::WorkflowPath)),
            ("o/r/.github/workflows/a.yml", Err(ReferenceError::NoRef)),
            ("o/r/a.yml@v1", Err(ReferenceError::WorkflowPath)),
            ("o/r@v1", Err(ReferenceError::WorkflowPath)),
            ("nothing", Err(ReferenceError::Workflow)),
            (
                "o/r/.github/workflows/a.yml@v1",
                Ok(WorkflowReference::Repository {
                    owner: "o".into(),
                    repo: "r".into(),
                    path: ".github/workflows/a.yml".into(),
                    git_ref: "v1".into(),
                }),
            ),
        ] {
            assert_eq!(WorkflowReference::parse(uses), expected, "{uses}");
        }
    }
}
