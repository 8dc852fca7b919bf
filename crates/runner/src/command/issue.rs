//! From a `notice`, `warning` or `error` command to an annotation.

use std::path::Path;

use super::Command;
use crate::paths::Paths;
use crate::result::{Annotation, AnnotationLevel};

/// The annotation a command asks for, and what was wrong with its position, for the debug log.
pub(super) fn annotation(level: AnnotationLevel, command: &Command, paths: &Paths) -> (Annotation, Vec<String>) {
    let text = |name| command.property(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let number = |name| command.property(name).and_then(|text| text.trim().parse::<i32>().ok());
    let (position, complaints) = Position {
        line: number("line"),
        end_line: number("endLine"),
        column: number("col"),
        end_column: number("endColumn"),
    }
    .checked();
    let positive = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let annotation = Annotation {
        title: text("title"),
        path: text("file").map(|file| relative(file, paths)),
        start_line: positive(position.line),
        end_line: positive(position.end_line),
        start_column: positive(position.column),
        end_column: positive(position.end_column),
        ..Annotation::new(level, command.data.clone())
    };
    (annotation, complaints)
}

/// Absolute paths in the workspace become relative; all others stay as they are.
fn relative(file: String, paths: &Paths) -> String {
    if Path::new(&file).is_absolute()
        && let Some(relative) = paths.in_workspace(&paths.absolute(&file))
    {
        return relative;
    }
    file
}

struct Position {
    line: Option<i32>,
    end_line: Option<i32>,
    column: Option<i32>,
    end_column: Option<i32>,
}

impl Position {
    /// Drops what cannot be, by the rules and in the order of IssueCommandExtension.ValidateLinesAndColumns.
    fn checked(mut self) -> (Self, Vec<String>) {
        let mut complaints = Vec::new();
        let mut complain = |text: &str| complaints.push(text.to_owned());
        if self.line.is_none() && self.end_line.is_some() {
            complain("'endLine' without 'line': it is taken for both");
            self.line = self.end_line;
        }
        if self.column.is_none() && self.end_column.is_some() {
            complain("'endColumn' without 'col': it is taken for both");
            self.column = self.end_column;
        }
        if self.line.is_none() && self.column.is_some() {
            complain("columns without 'line' are dropped");
            (self.column, self.end_column) = (None, None);
        }
        if self.end_line.is_some() && self.end_line != self.line && self.column.is_some() {
            complain("columns are dropped when 'line' and 'endLine' differ");
            (self.column, self.end_column) = (None, None);
        }
        if self.end_line.is_some() && self.end_line < self.line {
            complain("lines are dropped when 'endLine' is before 'line'");
            (self.line, self.end_line) = (None, None);
        }
        if self.end_column.is_some() && self.end_column < self.column {
            complain("columns are dropped when 'endColumn' is before 'col'");
            (self.column, self.end_column) = (None, None);
        }
        (self, complaints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(properties: &str) -> String {
        let command = super::super::parse(&format!("::error {properties}::m"), None).unwrap();
        let (found, complaints) = annotation(AnnotationLevel::Error, &command, &Paths::new("/w"));
        let show = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
        format!(
            "{} {} {} {} {} /{}",
            found.path.unwrap_or_default(),
            show(found.start_line),
            show(found.end_line),
            show(found.start_column),
            show(found.end_column),
            complaints.len()
        )
    }

    #[test]
    fn positions() {
        let table = [
            ("file=a.c,line=1,endLine=2", "a.c 1 2 - - /0"),
            ("file=/w/b/a.c,line=1,col=3,endColumn=4", "b/a.c 1 - 3 4 /0"),
            ("file=/x/a.c,endLine=2", "/x/a.c 2 2 - - /1"),
            ("line=1,endLine=2,col=3", " 1 2 - - /1"),
            ("line=3,endLine=2", " - - - - /1"),
            ("line=3,col=4,endColumn=2", " 3 - - - /1"),
            ("col=4", " - - - - /1"),
            ("line=x,col= 4 ", " - - - - /1"),
            ("line=-1", " - - - - /0"),
        ];
        for (properties, expected) in table {
            assert_eq!(place(properties), expected, "{properties}");
        }
    }
}
