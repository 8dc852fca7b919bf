//! Which parts of which instructions take variables.

use span::Diagnostic;

use super::{InstructionKind, Pair, Transfer};
use crate::{Expander, Ignore, Mode, Owner, Word};

impl InstructionKind {
    /// The instruction with variables put in. `ARG`, `RUN`, `CMD`, `ENTRYPOINT`, `HEALTHCHECK`, `SHELL`, `MAINTAINER`
    /// and `ONBUILD` come back as they are: defaults of arguments and mounts of `RUN` are expanded one by one, and the
    /// rest is left to the shell.
    pub fn expand(&self, expander: &mut Expander<'_>) -> Result<InstructionKind, Vec<Diagnostic>> {
        let mut all = All { expander, problems: Vec::new() };
        let expanded = match self {
            InstructionKind::Env(pairs) => InstructionKind::Env(all.pairs(pairs)),
            InstructionKind::Label(pairs) => InstructionKind::Label(all.pairs(pairs)),
            InstructionKind::User(word) => InstructionKind::User(all.word(word)),
            InstructionKind::Workdir(word) => InstructionKind::Workdir(all.word(word)),
            InstructionKind::StopSignal(word) => InstructionKind::StopSignal(all.word(word)),
            InstructionKind::Volume(words) => {
                let words = all.words(words);
                for word in words.iter().filter(|word| word.text.is_empty()) {
                    let message = "the path of a volume is empty";
                    all.problems.push(Diagnostic::error("dockerfile/arguments", message).at(word.span));
                }
                InstructionKind::Volume(words)
            }
            InstructionKind::Expose(words) => InstructionKind::Expose(all.words(words)),
            InstructionKind::Copy(copy) => {
                let mut copy = copy.clone();
                copy.transfer = all.transfer(&copy.transfer);
                InstructionKind::Copy(copy)
            }
            InstructionKind::Add(add) => {
                let mut add = add.clone();
                add.transfer = all.transfer(&add.transfer);
                add.checksum = all.optional(add.checksum.as_ref());
                InstructionKind::Add(add)
            }
            InstructionKind::Arg(_)
            | InstructionKind::Cmd(_)
            | InstructionKind::Entrypoint(_)
            | InstructionKind::Healthcheck(_)
            | InstructionKind::Maintainer(_)
            | InstructionKind::Onbuild(_)
            | InstructionKind::Run(_)
            | InstructionKind::Shell(_) => self.clone(),
        };
        if all.problems.is_empty() { Ok(expanded) } else { Err(all.problems) }
    }
}

/// Expands on after a problem, to find all of them.
struct All<'e, 'v> {
    expander: &'e mut Expander<'v>,
    problems: Vec<Diagnostic>,
}

impl All<'_, '_> {
    fn word(&mut self, word: &Word) -> Word {
        self.expander.word(word).unwrap_or_else(|diagnostic| {
            self.problems.push(diagnostic);
            word.clone()
        })
    }

    fn optional(&mut self, word: Option<&Word>) -> Option<Word> {
        word.map(|word| self.word(word)).filter(|word| !word.text.is_empty())
    }

    fn words(&mut self, words: &[Word]) -> Vec<Word> {
        words.iter().map(|word| self.word(word)).collect()
    }

    fn pairs(&mut self, pairs: &[Pair]) -> Vec<Pair> {
        pairs
            .iter()
            .map(|pair| Pair { name: self.word(&pair.name), value: self.word(&pair.value), legacy: pair.legacy })
            .collect()
    }

    fn transfer(&mut self, transfer: &Transfer) -> Transfer {
        let mut inline = Vec::new();
        for heredoc in &transfer.inline {
            match self.expander.heredoc(heredoc) {
                Ok(heredoc) => inline.push(heredoc),
                Err(diagnostic) => self.problems.push(diagnostic),
            }
        }
        Transfer {
            sources: self.words(&transfer.sources),
            inline,
            destination: self.word(&transfer.destination),
            chown: self.optional(transfer.chown.as_ref()),
            chmod: self.optional(transfer.chmod.as_ref()),
            link: transfer.link,
            excludes: transfer.excludes.clone(),
        }
    }
}

impl Transfer {
    /// What is wrong with flags that hold no variables; `expanded` is this with its quotes off.
    pub(super) fn lasting_problems(&self, expanded: &Transfer) -> Vec<Diagnostic> {
        let fixed = |word: &Option<Word>| word.as_ref().is_some_and(|word| !word.text.contains('$'));
        let mut problems = Vec::new();
        if let Some(chown) = expanded.chown.as_ref().filter(|_| fixed(&self.chown)) {
            problems.extend(Owner::parse(chown).err());
        }
        if let Some(chmod) = expanded.chmod.as_ref().filter(|_| fixed(&self.chmod)) {
            problems.extend(Mode::parse(chmod).err());
        }
        problems.extend(Ignore::from_words(&self.excludes).err().unwrap_or_default());
        problems
    }
}
