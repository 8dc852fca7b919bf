use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{Diagnostic, FileId, Severity, SourceMap, Span};

/// Whether the terminal's output carries colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    On,
    Off,
}

/// Every diagnostic with its place, the lines concerned and the help, for people; an empty line
/// between them.
pub fn render_terminal(diagnostics: &[Diagnostic], sources: &SourceMap, color: Color) -> String {
    let renderer = match color {
        Color::On => Renderer::styled(),
        Color::Off => Renderer::plain(),
    };
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[report(diagnostic, sources)]));
        out.push('\n');
    }
    out
}

/// Spans of more lines are shown by their first.
const MOST_LINES: u32 = 6;

/// A place to show.
struct Mark {
    span: Span,
    label: Option<String>,
    kind: AnnotationKind,
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    for (file, marks) in by_file(diagnostic) {
        group = group.element(snippet(file, &marks, sources));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// The places of a diagnostic, those of one file together, the primary one's file first.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<Mark>)> {
    let primary = diagnostic.primary.map(|span| Mark {
        span,
        label: diagnostic.label.as_deref().map(on_one_line),
        kind: AnnotationKind::Primary,
    });
    let related = diagnostic.related.iter().map(|(span, label)| Mark {
        span: *span,
        label: Some(on_one_line(label)),
        kind: AnnotationKind::Context,
    });
    let mut files: Vec<(FileId, Vec<Mark>)> = Vec::new();
    for mark in primary.into_iter().chain(related) {
        match files.iter_mut().find(|(file, _)| *file == mark.span.file) {
            Some((_, marks)) => marks.push(mark),
            None => files.push((mark.span.file, vec![mark])),
        }
    }
    files
}

/// A label with a break in it would leave its column.
fn on_one_line(label: &str) -> String {
    label.replace(['\r', '\n'], " ")
}

fn snippet<'a>(file: FileId, marks: &[Mark], sources: &'a SourceMap) -> Snippet<'a, Annotation<'a>> {
    let source = sources.file(file);
    let spans: Vec<Span> = marks.iter().map(|mark| shortened(mark.span, sources)).collect();
    let start = spans.iter().map(|span| span.start).min().unwrap_or(0) as usize;
    let end = spans.iter().map(|span| span.end).max().unwrap_or(0) as usize;
    // Only the lines from first to last mark: a file can be long, and have many problems.
    let (start, line) = source.line_at(start);
    let end = end + source.text[end..].find('\n').unwrap_or(source.text.len() - end);
    let annotations = marks.iter().zip(spans).map(|(mark, span)| {
        let range = span.start as usize - start..span.end as usize - start;
        mark.kind.span(range).label(mark.label.clone())
    });
    Snippet::source(&source.text[start..end]).path(&*source.name).line_start(line as usize).annotations(annotations)
}

/// A span cut to its file, and to its first line if it goes over many.
fn shortened(span: Span, sources: &SourceMap) -> Span {
    let text = &*sources.file(span.file).text;
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.floor_char_boundary(span.end as usize).max(start);
    let span = Span::new(span.file, start, end);
    if sources.end_position(span).line - sources.position(span).line < MOST_LINES {
        return span;
    }
    let first = text[start..end].lines().next().map_or(0, str::len);
    Span::new(span.file, start, start + first)
}
