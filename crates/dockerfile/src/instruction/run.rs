use span::{Diagnostic, did_you_mean};

use crate::flags::{Flags, Takes};
use crate::heredoc::Marker;
use crate::statement::Statement;
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
    /// A lone here-document that begins with `#!`: a file of mode 0755, `/dev/pipes/<name>`, which is given to the
    /// shell of the stage by that path.
    File { name: String, content: String },
}

const NETWORKS: [(&str, Network); 3] =
    [("default", Network::Default), ("none", Network::None), ("host", Network::Host)];
const SECURITIES: [(&str, Security); 2] = [("sandbox", Security::Sandbox), ("insecure", Security::Insecure)];

impl Run {
    pub(crate) fn parse(statement: &mut Statement<'_>) -> Option<Run> {
        let flags = statement.read_flags(&[
            ("mount", Takes::Many),
            ("network", Takes::One),
            ("security", Takes::One),
            ("device", Takes::Many),
        ]);
        let network = choice(statement, &flags, "network", &NETWORKS);
        let security = choice(statement, &flags, "security", &SECURITIES);
        let mounts = flags.many("mount").into_iter().map(|word| MountFlag::parse(statement, word)).collect();
        let devices = flags.many("device").iter().filter_map(|word| Device::parse(statement, word)).collect();
        let command = CommandLine::parse(statement)?;
        let heredocs = std::mem::take(&mut statement.heredocs);
        Some(Run { command, heredocs, mounts, network, security, devices })
    }

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
        if Marker::of_word(line).is_some() {
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

fn choice<T: Copy + Default>(statement: &mut Statement<'_>, flags: &Flags, name: &str, known: &[(&str, T)]) -> T {
    let Some(word) = flags.one(name) else {
        return T::default();
    };
    if let Some((_, value)) = known.iter().find(|(own, _)| *own == word.text) {
        return *value;
    }
    let names: Vec<&str> = known.iter().map(|(own, _)| *own).collect();
    let help = match did_you_mean(&word.text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of `{}`", names.join("`, `")),
    };
    let message = format!("`--{name}` cannot be `{}`", word.text);
    statement.problem(Diagnostic::error("dockerfile/flag-value", message).at(word.span).help(help));
    T::default()
}
