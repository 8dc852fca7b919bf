mod csv;
mod resolve;

use span::{Diagnostic, Span};

use crate::Word;
use crate::expander::AllSet;
use crate::statement::Statement;
use crate::{Expander, NoVariables};

/// `--mount=…` as written: its values may hold variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountFlag {
    /// The whole value of the flag.
    pub word: Word,
    pub options: Vec<MountOption>,
}

/// `key=value` or `key` of a `--mount`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountOption {
    /// In lower case.
    pub key: String,
    pub key_span: Span,
    pub value: Option<Word>,
}

/// A mount with all its variables put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub kind: MountKind,
    /// The place of the flag's value.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountKind {
    Bind {
        /// A stage, a named context or an image; the build context if `None`.
        from: Option<String>,
        /// A path in `from`; its root if empty.
        source: String,
        /// Absolute, or relative to the working directory.
        target: String,
        /// If false, what is written is thrown away with the mount.
        read_only: bool,
    },
    Cache {
        /// The cache's identity; [`None`] means the cleaned target.
        id: Option<String>,
        /// Where the first content comes from; empty if `None`.
        from: Option<String>,
        source: String,
        target: String,
        sharing: Sharing,
        read_only: bool,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
    },
    Tmpfs {
        target: String,
        /// Bytes.
        size: Option<u64>,
        read_only: bool,
    },
    Secret {
        id: String,
        /// The file; `None` when only a variable is wanted.
        target: Option<String>,
        /// The environment variable that holds it.
        env: Option<String>,
        /// Whether it is an error that the build has no such secret.
        required: bool,
        /// 0400 unless given.
        mode: u32,
        uid: u32,
        gid: u32,
    },
    Ssh {
        /// `default` unless given.
        id: String,
        /// The socket; the builder's choice if `None` (`/run/buildkit/ssh_agent.N`).
        target: Option<String>,
        required: bool,
        /// 0600 unless given.
        mode: u32,
        uid: u32,
        gid: u32,
    },
}

/// `sharing=` of a cache mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// Several at a time.
    #[default]
    Shared,
    /// Each at the same time gets its own.
    Private,
    /// One after the other.
    Locked,
}

impl MountFlag {
    /// Cuts the value into options; what is wrong whatever the variables hold is told at once.
    pub(crate) fn parse(statement: &mut Statement<'_>, word: Word) -> MountFlag {
        let options = csv::options(&word);
        let flag = MountFlag { word, options };
        if let Some(from) = flag.from().filter(|from| from.text.contains('$')) {
            statement.problem(
                Diagnostic::error("dockerfile/from-variable", "`from` of a mount takes no variables")
                    .at(from.span)
                    .help("make it a stage: `ARG` before the first `FROM`, then `FROM $NAME AS source`"),
            );
        }
        let variable =
            flag.options.iter().any(|option| option.value.as_ref().is_some_and(|value| value.text.contains('$')));
        let found = if variable {
            let mut problems = flag.unknown_keys();
            let mut expander = Expander::new(statement.escape, &AllSet);
            let values = flag.options.iter().filter_map(|option| option.value.as_ref());
            problems.extend(values.filter_map(|value| expander.word(value).err()));
            problems
        } else {
            flag.resolve(&mut Expander::new(statement.escape, &NoVariables)).err().unwrap_or_default()
        };
        statement.problems.extend(found);
        flag
    }

    /// What `from=` says; it never holds variables.
    pub fn from(&self) -> Option<&Word> {
        self.options.iter().rev().find(|option| option.key == "from").and_then(|option| option.value.as_ref())
    }

    /// Puts variables in and reads every option.
    pub fn resolve(&self, expander: &mut Expander<'_>) -> Result<Mount, Vec<Diagnostic>> {
        resolve::mount(self, expander)
    }

    fn unknown_keys(&self) -> Vec<Diagnostic> {
        self.options.iter().filter_map(resolve::unknown_key).collect()
    }
}
