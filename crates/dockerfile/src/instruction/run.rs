use crate::{CommandLine, Device, Heredoc, MountFlag};

/// `RUN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub command: CommandLine,
    pub heredocs: Vec<Heredoc>,
    pub mounts: Vec<MountFlag>,
    pub network: Network,
    pub security: Security,
    pub devices: Vec<Device>,
}

/// `--network`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// What the build was told to use.
    #[default]
    Default,
    None,
    Host,
}

/// `--security`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    #[default]
    Sandbox,
    /// With all privileges; the build has to allow it.
    Insecure,
}

/// What a `RUN` starts once its here-documents are in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// For the shell of the stage.
    Shell(String),
    /// Started as it is.
    Exec(Vec<String>),
    /// A lone here-document that begins with `#!`: a file of mode 0755, `/dev/pipes/<name>`, which is started.
    File { name: String, content: String },
}

impl Run {
    /// What is started: here-documents are given to the shell, or made a file.
    pub fn script(&self) -> Script {
        let line = match &self.command {
            CommandLine::Exec(words) => return Script::Exec(words.iter().map(|word| word.text.clone()).collect()),
            CommandLine::Shell(line) => &line.text,
        };
        let Some(first) = self.heredocs.first() else {
            return Script::Shell(line.clone());
        };
        // `RUN <<EOF` alone: the document is the script. With anything beside it the shell gets to see all of it.
        if crate::heredoc::Marker::of_word(line).is_some() {
            let text = first.text();
            if text.starts_with("#!") {
                return Script::File { name: first.name.clone(), content: text };
            }
            return Script::Shell(text);
        }
        let mut whole = line.clone();
        for heredoc in &self.heredocs {
            whole.push('\n');
            whole.push_str(&heredoc.content);
            whole.push_str(&heredoc.name);
        }
        Script::Shell(whole)
    }
}
