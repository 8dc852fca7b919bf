use crate::Word;

/// What `RUN`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK CMD` start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// Given whole to the shell of the stage.
    Shell(Word),
    /// Started as it is: `["program", "argument"]`. May be empty.
    Exec(Vec<Word>),
}

impl CommandLine {
    /// The arguments to start, with `shell` in front of the shell form.
    pub fn arguments(&self, shell: &[String]) -> Vec<String> {
        match self {
            CommandLine::Shell(line) => shell.iter().cloned().chain([line.text.clone()]).collect(),
            CommandLine::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
        }
    }
}
