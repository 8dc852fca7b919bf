use serde::Serialize;
use span::{SourceMap, Span};

use crate::text::{Line, Tone};

/// A place in a file, with the line that stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Characters of the line that are meant.
    pub width: u32,
    /// The line as it stands.
    pub source: String,
}

impl Place {
    #[must_use]
    pub fn of(sources: &SourceMap, span: Span) -> Place {
        let file = sources.file(span.file);
        let (start, end) = (sources.position(span), sources.end_position(span));
        let source = file.text.lines().nth(start.line.saturating_sub(1) as usize).unwrap_or_default().to_owned();
        let rest = u32::try_from(source.chars().count()).unwrap_or(u32::MAX).saturating_sub(start.column - 1);
        let width = if end.line == start.line { end.column.saturating_sub(start.column) } else { rest };
        Place {
            file: file.name.to_string(),
            line: start.line,
            column: start.column,
            width: width.clamp(1, rest.max(1)),
            source,
        }
    }

    /// `ci.yml:6:9`.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }

    /// The line with a mark under what is meant.
    #[must_use]
    pub fn snippet(&self, tone: Tone) -> [Line; 2] {
        let number = self.line.to_string();
        let gap = " ".repeat(number.len());
        let before: String =
            self.source.chars().take(self.column as usize - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        [
            Line::new().quiet(format!("{number} │ ")).plain(self.source.clone()),
            Line::new().quiet(format!("{gap} │ ")).plain(before).with(tone, "^".repeat(self.width as usize)),
        ]
    }
}
