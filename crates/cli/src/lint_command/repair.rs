//! `--fix`: makes the fixes of what would be told, again until nothing more can be put right.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use lint::{Document, Finding, Fix, Options, Project, Safety, mend};
use span::{FileId, SourceMap};

use super::{LintArgs, Placed, Told, Workspace, tell};
use crate::failure::Failure;

pub(super) fn repair(
    workspace: &mut Workspace,
    args: &LintArgs,
    options: &Options,
    told: &Told,
) -> Result<(), Failure> {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    let Workspace { sources, projects } = workspace;
    for Placed { top, project, .. } in projects {
        let mut findings = lint::lint(project, options).findings;
        told.keep(top, project, &mut findings)?;
        let mut files: BTreeSet<FileId> = findings.iter().map(|finding| finding.span.file).collect();
        // Fixes that touch each other are made one after the other. Each round makes at least one, and a fix brings no
        // new ones, but for a rule that is at odds with another.
        let mut rounds = findings.len() + 1;
        while !files.is_empty() && rounds > 0 {
            rounds -= 1;
            for (name, count) in round(project, sources, top, args, &findings, &mut files)? {
                *made.entry(name).or_default() += count;
            }
            findings.clear();
            for file in &files {
                findings.extend(lint::lint_document(project, *file, options).findings);
            }
            told.keep(top, project, &mut findings)?;
        }
    }
    for (name, count) in made {
        tell(&format!("{name}: {count} put right\n"))?;
    }
    Ok(())
}

/// Makes fixes in `files`, and leaves in there those that changed, under their new ids. Each one's name, with how many
/// fixes were made in it.
fn round(
    project: &mut Project,
    sources: &mut SourceMap,
    top: &Path,
    args: &LintArgs,
    findings: &[Finding],
    files: &mut BTreeSet<FileId>,
) -> Result<Vec<(String, usize)>, Failure> {
    let allowed = |fix: &&Fix| args.unsafe_fixes || fix.safety == Safety::Safe;
    let mut changed = Vec::new();
    for file in std::mem::take(files) {
        let of_file = findings.iter().filter(|finding| finding.span.file == file);
        let fixes: Vec<&Fix> = of_file.filter_map(|finding| finding.fixes.iter().find(allowed)).collect();
        let Some(document) = project.document(file).filter(|_| !fixes.is_empty()) else { continue };
        let fixed = mend(document, &fixes);
        if fixed.applied.is_empty() || fixed.text == document.text() {
            continue;
        }
        let name = document.source.name.to_string();
        write(&top.join(&*document.path), &fixed.text).map_err(|error| Failure::broken(format!("{name}: {error}")))?;
        let new = sources.add(name.as_str(), fixed.text);
        let document =
            Document::read(new, document.path.clone(), document.kind, sources.file(new).clone(), document.linted);
        project.add(document);
        files.insert(new);
        changed.push((name, fixed.applied.len()));
    }
    Ok(changed)
}

/// The whole new text, or the old one: beside the file first, then in its place. A link stays one.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let path = std::fs::canonicalize(path)?;
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(&path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.persist(&path)?;
    Ok(())
}
