//! Why a command failed, and with which exit code.

/// What is printed to the standard error, and the exit code. An empty text prints nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) text: String,
}

/// Result of a command: its exit code.
pub(crate) type Outcome = Result<u8, Failure>;

impl Failure {
    /// Something the command line itself is wrong about.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into() }
    }

    /// What docker's daemon would answer.
    pub(crate) fn daemon(error: impl std::fmt::Display) -> Self {
        Self::new(format!("Error response from daemon: {error}"))
    }

    /// As `docker run` reports it.
    pub(crate) fn run(error: &container::Error) -> Self {
        let text =
            format!("docker: Error response from daemon: {error}\n\nRun 'docker run --help' for more information");
        Self { code: error.exit_code(), text }
    }

    /// A code and nothing to say.
    pub(crate) fn silent(code: u8) -> Self {
        Self { code, text: String::new() }
    }
}

impl From<container::Error> for Failure {
    fn from(error: container::Error) -> Self {
        Self::daemon(error)
    }
}

impl From<image::Error> for Failure {
    fn from(error: image::Error) -> Self {
        match error {
            image::Error::Unknown(name) => Self::daemon(format!("No such image: {}", tagged(&name))),
            error => Self::daemon(error),
        }
    }
}

fn tagged(name: &str) -> String {
    let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if has_tag { name.to_owned() } else { format!("{name}:latest") }
}

impl From<image::ReferenceError> for Failure {
    fn from(_: image::ReferenceError) -> Self {
        Self::new("invalid reference format")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(cause(&error))
    }
}

/// An error of the system as Go words it.
pub(crate) fn cause(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "no such file or directory".into(),
        Kind::PermissionDenied => "permission denied".into(),
        Kind::IsADirectory => "is a directory".into(),
        Kind::NotADirectory => "not a directory".into(),
        _ => error.to_string(),
    }
}
