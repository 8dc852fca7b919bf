//! Findings on lines that changed since a revision.

use std::path::Path;

use git::{ChangedLines, Repository};
use lint::{Finding, Project};

use crate::failure::Failure;

pub(super) fn only_changed(
    top: &Path,
    revision: &str,
    project: &Project,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let repository = Repository::discover(top).map_err(|error| Failure::broken(error.to_string()))?;
    if !repository.is_git() {
        return Err(Failure::usage("--changed-since needs a git repository"));
    }
    let changed = repository.changed_lines(revision).map_err(|error| {
        Failure::missing(error.to_string()).hint(format!("`{revision}` has to name a commit of this repository"))
    })?;
    // Paths of git count from its top, which may lie above the project's.
    let below = std::fs::canonicalize(top).unwrap_or_else(|_| top.to_owned());
    let below = below.strip_prefix(repository.top_level()).map(Path::to_owned).unwrap_or_default();
    findings.retain(|finding| {
        let Some(document) = project.document(finding.span.file) else { return false };
        let path = below.join(&*document.path);
        let first = document.line(finding.span.start);
        let last = document.line(finding.span.end.max(finding.span.start + 1) - 1);
        match changed.iter().find(|file| Path::new(&file.path) == path) {
            Some(file) => covers(file, first, last),
            None => false,
        }
    });
    Ok(())
}

fn covers(file: &ChangedLines, first: u32, last: u32) -> bool {
    file.lines.iter().any(|lines| *lines.start() <= last && first <= *lines.end())
}
