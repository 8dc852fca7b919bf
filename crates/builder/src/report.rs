//! Errors with their place in the Dockerfile.

use span::{Diagnostic, SourceMap, Span};

/// Diagnostics as text, with the lines they are about.
pub(crate) fn diagnostics(sources: &SourceMap, problems: &[Diagnostic]) -> String {
    span::render_terminal(problems, sources, span::Color::Off).trim_end().to_owned()
}

/// One instruction that cannot be carried out.
pub(crate) fn instruction(sources: &SourceMap, span: Span, message: &str) -> String {
    diagnostics(sources, &[Diagnostic::error("build/instruction", message).at(span)])
}

/// Lines that stand around an instruction, the instruction's own marked.
pub(crate) fn snippet(sources: &SourceMap, span: Span) -> String {
    const AROUND: usize = 2;
    let file = sources.file(span.file);
    let first = sources.position(span).line as usize;
    let last = sources.end_position(span).line as usize;
    let mut text = format!("{}:{first}\n", file.name);
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if number + AROUND < first || number > last + AROUND {
            continue;
        }
        let mark = if (first..=last).contains(&number) { ">>>" } else { "   " };
        text += &format!("{number:>4} | {mark} {line}\n");
    }
    text
}
