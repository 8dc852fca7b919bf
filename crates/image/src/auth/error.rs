use std::path::PathBuf;

/// Why credentials could not be read or kept. No message quotes what a file or a helper said about a secret.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}:{column}: this is no JSON object as docker writes it; `docker login` writes the file anew once it is removed", path.display())]
    Syntax { path: PathBuf, line: usize, column: usize },
    #[error("{}: the entry of `{registry}` cannot be used: {reason}", path.display())]
    Entry { path: PathBuf, registry: String, reason: &'static str },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} cannot be written: no directory for it is known; set HOME or DOCKER_CONFIG", name)]
    NoPlace { name: &'static str },
    #[error("`{program}` is named in {} but is not on PATH; install it or remove its line", config.display())]
    HelperMissing { program: String, config: PathBuf },
    #[error("{}: `{name}` is not the name of a credential helper", config.display())]
    HelperName { name: String, config: PathBuf },
    #[error("`{program} {action}` failed for {registry}: {reason}")]
    Helper { program: String, action: &'static str, registry: String, reason: String },
}
