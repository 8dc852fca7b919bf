//! From what a matcher found to an annotation.

use std::path::Path;

use super::config::{Config, LinePattern, Part};
use crate::paths::Paths;
use crate::result::{Annotation, AnnotationLevel};

/// The parts found so far; an earlier line's part stays, also when it is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    parts: [Option<String>; Part::COUNT],
}

impl Found {
    /// Adds what a line's groups say.
    pub(super) fn with(mut self, pattern: &LinePattern, groups: &[String]) -> Self {
        for (part, group) in &pattern.parts {
            let slot = &mut self.parts[*part as usize];
            if slot.is_none() {
                *slot = groups.get(*group).cloned();
            }
        }
        self
    }

    fn text(&self, part: Part) -> Option<&str> {
        self.parts[part as usize].as_deref().filter(|text| !text.trim().is_empty())
    }

    /// The annotation; none when there is no message or the severity is none that is known, with the reason.
    pub(super) fn annotation(&self, config: &Config, paths: &Paths, notes: &mut Vec<String>) -> Option<Annotation> {
        let Some(message) = self.text(Part::Message) else {
            notes.push("A problem without a message is skipped".to_owned());
            return None;
        };
        let severity = self.parts[Part::Severity as usize].as_deref().filter(|severity| !severity.is_empty());
        let level = match severity.or(config.severity.as_deref()).map(str::to_ascii_lowercase).as_deref() {
            None | Some("error") => AnnotationLevel::Error,
            Some("warning") => AnnotationLevel::Warning,
            Some("notice") => AnnotationLevel::Notice,
            Some(severity) => {
                notes.push(format!("A problem of the unknown severity '{severity}' is skipped"));
                return None;
            }
        };
        let number = |part| self.text(part).and_then(|text| text.parse::<u32>().ok());
        Some(Annotation {
            path: self.text(Part::File).and_then(|file| self.path(file, config, paths, notes)),
            start_line: number(Part::Line),
            start_column: number(Part::Column),
            code: self.text(Part::Code).map(|code| code.trim().to_owned()),
            ..Annotation::new(level, message)
        })
    }

    /// A file counts when it is there and lies in the workspace.
    fn path(&self, file: &str, config: &Config, paths: &Paths, notes: &mut Vec<String>) -> Option<String> {
        let from = self.text(Part::FromPath).or(config.from_path.as_deref());
        let joined = match from.and_then(|from| Path::new(from).parent()) {
            Some(directory) if !Path::new(file).is_absolute() => directory.join(file),
            _ => file.into(),
        };
        let path = paths.absolute(joined.to_str()?);
        if !paths.real(&path).is_file() {
            notes.push(format!("The file '{}' of a problem does not exist", path.display()));
            return None;
        }
        let relative = paths.in_workspace(&path);
        if relative.is_none() {
            notes.push(format!("The file '{}' of a problem is not in the workspace", path.display()));
        }
        relative
    }
}
