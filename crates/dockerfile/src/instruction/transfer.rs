use crate::{Heredoc, Word};

/// What `COPY` and `ADD` have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Paths and patterns (for `ADD` also URLs and git repositories), in order. Copied before `inline`.
    pub sources: Vec<Word>,
    /// Files given as here-documents; the name is the file's name.
    pub inline: Vec<Heredoc>,
    pub destination: Word,
    /// `user[:group]`, names or numbers: read with [`Owner::parse`](crate::Owner::parse).
    pub chown: Option<Word>,
    /// Octal or symbolic: read with [`Mode::parse`](crate::Mode::parse).
    pub chmod: Option<Word>,
    /// `--link`: the layer does not depend on what is below it.
    pub link: bool,
    /// Patterns of what is left out, in the language of `.dockerignore`, relative to each source. No variables.
    pub excludes: Vec<Word>,
}

/// `COPY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub transfer: Transfer,
    /// A stage's name or number, a named context or an image. No variables.
    pub from: Option<Word>,
    /// `--parents`: directories of the sources are kept, from `/./` on where it stands.
    pub parents: bool,
}

/// `ADD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Add {
    pub transfer: Transfer,
    /// A digest of what the URL gives, or a commit of the repository.
    pub checksum: Option<Word>,
    pub keep_git_dir: Option<bool>,
    /// Whether archives are unpacked; by default those of the context are, and those of URLs are not.
    pub unpack: Option<bool>,
}
