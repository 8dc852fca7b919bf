//! The language from outside: what files mean, what is told about broken ones, and that nothing makes it fall over.

mod accepted;
mod checks;
mod directives;
mod errors;
mod expansion;
mod fuzz;
mod heredocs;
mod ignoring;
mod mounts;
mod planning;

use dockerfile::{Dockerfile, Instruction, parse};
use span::{Color, Diagnostic, FileId, SourceMap, render_terminal};

/// Reads a file that has to be good.
fn good(text: &str) -> Dockerfile {
    parse(FileId(0), text).unwrap_or_else(|problems| panic!("{text}\n{}", shown(text, &problems)))
}

/// What a person sees of the problems of a file.
fn told(text: &str) -> String {
    match parse(FileId(0), text) {
        Ok(_) => "no problem".to_owned(),
        Err(problems) => shown(text, &problems),
    }
}

fn shown(text: &str, problems: &[Diagnostic]) -> String {
    let mut sources = SourceMap::new();
    sources.add("Dockerfile", text);
    render_terminal(problems, &sources, Color::Off)
}

/// The one instruction of a stage.
fn only(text: &str) -> Instruction {
    let file = good(&format!("FROM scratch\n{text}\n"));
    let mut instructions = file.stages[0].instructions.clone();
    assert_eq!(instructions.len(), 1, "{text}");
    instructions.remove(0)
}
