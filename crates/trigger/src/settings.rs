/// What the platform and the repository's owner decided, and what is known about the workflow's file.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Why workflows are off: for the repository, or for this one. `None` when they are on.
    pub disabled: Option<String>,
    /// Look only at the first 300 changed files, as GitHub does.
    pub github_compat_300: bool,
    /// Only files directly in these directories count; empty takes a file from anywhere.
    pub workflow_directories: Vec<String>,
    /// Whether the file exists on the default branch; `None` when it was not looked up, and then it is not held against it.
    pub on_default_branch: Option<bool>,
    /// Pull requests from forks of private repositories start nothing unless the owner allowed it.
    pub private_repository: bool,
    pub private_fork_workflows: bool,
}

impl Settings {
    /// For a working copy on one's own machine: every changed file counts, and a file that was named is taken.
    #[must_use]
    pub fn local() -> Settings {
        Settings {
            disabled: None,
            github_compat_300: false,
            workflow_directories: Vec::new(),
            on_default_branch: None,
            private_repository: false,
            private_fork_workflows: false,
        }
    }

    /// As GitHub does it.
    #[must_use]
    pub fn github() -> Settings {
        Settings {
            github_compat_300: true,
            workflow_directories: vec![".github/workflows".to_owned()],
            ..Settings::local()
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::local()
    }
}
