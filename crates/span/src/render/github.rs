use std::fmt::Write as _;

use crate::{Diagnostic, Severity, SourceMap};

/// Workflow commands that GitHub shows as annotations on the files, one line each.
pub fn render_github(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let _ = write!(out, "::{command} ");
        if let Some(span) = diagnostic.primary {
            let start = sources.position(span);
            let end = sources.end_position(span);
            let name = property(&sources.file(span.file).name);
            let _ = write!(out, "file={name},line={},col={}", start.line, start.column);
            let _ = write!(out, ",endLine={}", end.line);
            // GitHub ignores columns of annotations that go over several lines.
            if end.line == start.line {
                let _ = write!(out, ",endColumn={}", end.column);
            }
            out.push(',');
        }
        let _ = write!(out, "title={}::", property(diagnostic.code));
        let mut message = diagnostic.message.clone();
        for help in &diagnostic.help {
            let _ = write!(message, "\nhelp: {help}");
        }
        let _ = writeln!(out, "{}", data(&message));
    }
    out
}

/// What comes after `::` ends at the line's end; the runner decodes these three only.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Properties end at `,` and `:` too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
