//! Checks: what builds, though hardly as meant.

/// `# check=skip=Rule,Rule;error=true;experimental=all`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckOptions {
    pub skip: Vec<String>,
    pub skip_all: bool,
    pub experimental: Vec<String>,
    pub experimental_all: bool,
    /// What a check finds makes the build fail.
    pub error: bool,
}
