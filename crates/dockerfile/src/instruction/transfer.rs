use span::Diagnostic;

use super::command_line::not_strings;
use crate::flags::{Flags, Takes};
use crate::heredoc::Marker;
use crate::json::{self, Form};
use crate::statement::Statement;
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

impl Copy {
    pub(crate) fn parse(statement: &mut Statement<'_>) -> Option<Copy> {
        let flags = statement.read_flags(&[
            ("from", Takes::One),
            ("chown", Takes::One),
            ("chmod", Takes::One),
            ("link", Takes::Bool),
            ("parents", Takes::Bool),
            ("exclude", Takes::Many),
        ]);
        let from = flags.one("from").filter(|from| !from.text.is_empty());
        if let Some(from) = from.as_ref().filter(|from| from.text.contains('$')) {
            statement.problem(
                Diagnostic::error("dockerfile/from-variable", "`--from` takes no variables")
                    .at(from.span)
                    .help("make it a stage: `ARG` before the first `FROM`, then `FROM $NAME AS source`"),
            );
        }
        let transfer = Transfer::parse(statement, &flags)?;
        Some(Copy { transfer, from, parents: flags.set("parents") })
    }
}

impl Add {
    pub(crate) fn parse(statement: &mut Statement<'_>) -> Option<Add> {
        let flags = statement.read_flags(&[
            ("chown", Takes::One),
            ("chmod", Takes::One),
            ("link", Takes::Bool),
            ("keep-git-dir", Takes::Bool),
            ("checksum", Takes::One),
            ("unpack", Takes::Bool),
            ("exclude", Takes::Many),
        ]);
        let transfer = Transfer::parse(statement, &flags)?;
        let checksum = flags.one("checksum").filter(|checksum| !checksum.text.is_empty());
        if let Some(checksum) = checksum.as_ref().filter(|_| transfer.sources.len() + transfer.inline.len() != 1) {
            statement.problem(
                Diagnostic::error("dockerfile/checksum", "`--checksum` goes with one source only").at(checksum.span),
            );
        }
        let (keep_git_dir, unpack) = (flags.bool("keep-git-dir"), flags.bool("unpack"));
        Some(Add { transfer, checksum, keep_git_dir, unpack })
    }
}

impl Transfer {
    fn parse(statement: &mut Statement<'_>, flags: &Flags) -> Option<Transfer> {
        let (mut words, json) = match json::read(statement.line, statement.rest.clone()) {
            Form::Array(words) => (words, true),
            Form::NotStrings(range) => {
                let span = statement.line.span(range);
                statement.problem(not_strings().at(span));
                return None;
            }
            Form::Text => (statement.fields(), false),
        };
        let keyword = statement.name();
        if words.len() < 2 {
            let message = match words.len() {
                0 => format!("{keyword} needs sources and a destination"),
                _ => format!("{keyword} has a source and no destination"),
            };
            return statement.wrong(statement.place(), message, &format!("as in `{keyword} a.txt /dir/`"));
        }
        let destination = words.pop()?;
        if !json && Marker::of_word(&destination.text).is_some() {
            let message = format!("a here-document cannot be the destination of {keyword}");
            return statement.wrong(destination.span, message, &format!("as in `{keyword} <<EOF /file`"));
        }
        let mut inline = Vec::new();
        let mut sources = Vec::new();
        for word in words {
            match Marker::of_word(&word.text).filter(|_| !json) {
                // The document was read already; of several of one name the last one counts.
                Some(marker) => {
                    inline.extend(statement.heredocs.iter().rev().find(|own| own.name == marker.name).cloned());
                }
                None => sources.push(word),
            }
        }
        let given = |name: &str| flags.one(name).filter(|word| !word.text.is_empty());
        Some(Transfer {
            sources,
            inline,
            destination,
            chown: given("chown"),
            chmod: given("chmod"),
            link: flags.set("link"),
            excludes: flags.many("exclude"),
        })
    }
}
