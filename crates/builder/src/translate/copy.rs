//! `COPY` and `ADD`.

use dockerfile::ignore::Ignore;
use dockerfile::{Add, Copy, Instruction, Mode, Owner, Transfer, Word};

use super::config::absolute;
use super::{StageState, Translator};
use crate::Error;
use crate::graph::{CopyOp, CopySource, Op, Tree};
use crate::inputs::GitUrl;

impl Translator<'_> {
    pub(super) async fn copy(
        &mut self,
        state: &mut StageState,
        instruction: &Instruction,
        copy: &Copy,
    ) -> Result<(), Error> {
        let tree = match &copy.from {
            Some(from) => self.tree(&from.text, &state.platform.clone(), from.span).await?,
            None => Tree::Context(self.context.clone()),
        };
        let mut sources = Vec::new();
        for word in &copy.transfer.sources {
            let pattern = self.word(state, word)?;
            if is_web(&pattern) || matches!(GitUrl::parse(&pattern), Some(Ok(_))) {
                return Err(self.at(word.span, "COPY takes no URLs; use ADD".to_owned()));
            }
            sources.push(CopySource::Paths { tree: tree.clone(), pattern, unpack: false });
        }
        self.transfer(state, instruction, "COPY", &copy.transfer, sources, copy.parents)
    }

    pub(super) async fn add_files(
        &mut self,
        state: &mut StageState,
        instruction: &Instruction,
        add: &Add,
    ) -> Result<(), Error> {
        let mut sources = Vec::new();
        let checksum = match &add.checksum {
            Some(word) => Some((self.word(state, word)?, word.span)),
            None => None,
        };
        if let Some((_, span)) = &checksum
            && add.transfer.sources.len() != 1
        {
            return Err(self.at(*span, "--checksum is for a single source".to_owned()));
        }
        for word in &add.transfer.sources {
            let written = self.word(state, word)?;
            if let Some(url) = GitUrl::parse(&written) {
                let mut url = url.map_err(|why| self.at(word.span, why))?;
                if let Some((given, span)) = &checksum {
                    if url.checksum.as_ref().is_some_and(|own| own != given) {
                        return Err(self.at(*span, "it is not the checksum that the URL gives".to_owned()));
                    }
                    url.checksum = Some(given.clone());
                }
                let keep_git_dir = match (url.keep_git_dir, add.keep_git_dir) {
                    (Some(one), Some(other)) if one != other => {
                        return Err(self.at(word.span, "--keep-git-dir and the URL say different things".to_owned()));
                    }
                    (one, other) => one.or(other).unwrap_or(false),
                };
                sources.push(CopySource::Git { url, keep_git_dir });
            } else if is_web(&written) {
                let checksum = match &checksum {
                    Some((text, span)) => Some(checked(text).ok_or_else(|| {
                        self.at(*span, format!("`{text}` is no digest: write sha256: and 64 hexadecimal digits"))
                    })?),
                    None => None,
                };
                sources.push(CopySource::Url { url: written, checksum, unpack: add.unpack.unwrap_or(false) });
            } else {
                if let Some((_, span)) = &checksum {
                    return Err(self.at(*span, "--checksum is for URLs and repositories".to_owned()));
                }
                let tree = Tree::Context(self.context.clone());
                sources.push(CopySource::Paths { tree, pattern: written, unpack: add.unpack.unwrap_or(true) });
            }
        }
        self.transfer(state, instruction, "ADD", &add.transfer, sources, false)
    }

    fn transfer(
        &mut self,
        state: &mut StageState,
        instruction: &Instruction,
        keyword: &str,
        transfer: &Transfer,
        mut sources: Vec<CopySource>,
        parents: bool,
    ) -> Result<(), Error> {
        let mut said = keyword.to_owned();
        let resolved = |word: &Option<Word>| -> Result<Option<Word>, Error> {
            word.as_ref().map(|word| Ok(Word::new(self.word(state, word)?, word.span))).transpose()
        };
        let (chown, chmod) = (resolved(&transfer.chown)?, resolved(&transfer.chmod)?);
        if parents {
            said += " --parents";
        }
        for (flag, word) in [("--chown", &chown), ("--chmod", &chmod)] {
            if let Some(word) = word {
                said += &format!(" {flag}={}", word.text);
            }
        }
        let owner = chown.filter(|word| !word.text.is_empty());
        let owner = owner.map(|word| Owner::parse(&word)).transpose().map_err(|problem| self.problem(problem))?;
        let mode = chmod.filter(|word| !word.text.is_empty());
        let mode = mode.map(|word| Mode::parse(&word)).transpose().map_err(|problem| self.problem(problem))?;
        for source in &sources {
            said += &match source {
                CopySource::Paths { pattern, .. } => format!(" {pattern}"),
                CopySource::Url { url, .. } => format!(" {url}"),
                CopySource::Git { url, .. } => format!(" {}", url.remote),
                CopySource::Inline { .. } => String::new(),
            };
        }
        for heredoc in &transfer.inline {
            let text = heredoc.text();
            let content = if heredoc.expand {
                let expanded = dockerfile::expand_document(&text, &state.env);
                expanded.map_err(|error| self.problem(error.diagnostic(heredoc.span)))?.text
            } else {
                text
            };
            said += &format!(" <<{}", heredoc.name);
            sources.push(CopySource::Inline { name: heredoc.name.clone(), content });
        }
        let written = self.word(state, &transfer.destination)?;
        said += &format!(" {written}");
        let into_directory = written.is_empty()
            || written.ends_with('/')
            || written == "."
            || written.ends_with("/.")
            || written == "..";
        if sources.len() > 1 && !into_directory {
            let message = format!("with several sources the destination is a directory: write `{written}/`");
            return Err(self.at(transfer.destination.span, message));
        }
        let excludes = Ignore::from_words(&transfer.excludes).map_err(|problems| self.problems(&problems))?;
        let op = CopyOp {
            sources,
            destination: absolute(&state.cwd(), &written),
            into_directory,
            owner,
            mode,
            link: transfer.link,
            parents,
            excludes,
        };
        let shown = dockerfile::expand_for_display(&instruction.source, self.file.escape, &state.env);
        state.head = Some(self.add(state, instruction.span, &shown, Op::Copy(op)));
        state.commit(format!("{said} # buildkit"), true);
        Ok(())
    }
}

fn is_web(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// A digest in its only form.
fn checked(text: &str) -> Option<image::Digest> {
    text.parse().ok()
}
