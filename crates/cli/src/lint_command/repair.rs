//! `--fix`: makes the fixes, again until nothing more can be put right.

use std::collections::BTreeMap;

use lint::{Document, Fix, Options, Safety};

use super::{LintArgs, Placed, Workspace, tell};
use crate::failure::Failure;

/// Fixes that touch each other are made one after the other; a file needs few rounds.
const ROUNDS: usize = 10;

pub(super) fn repair(workspace: &mut Workspace, args: &LintArgs, options: &Options) -> Result<(), Failure> {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for index in 0..workspace.projects.len() {
        for _ in 0..ROUNDS {
            let changed = round(workspace, index, args, options)?;
            if changed.is_empty() {
                break;
            }
            for (name, count) in changed {
                *made.entry(name).or_default() += count;
            }
        }
    }
    for (name, count) in made {
        tell(&format!("{name}: {count} put right\n"))?;
    }
    Ok(())
}

/// Each file's name with how many fixes were made in it.
fn round(
    workspace: &mut Workspace,
    index: usize,
    args: &LintArgs,
    options: &Options,
) -> Result<Vec<(String, usize)>, Failure> {
    let Workspace { sources, projects } = workspace;
    let Placed { top, project, .. } = &mut projects[index];
    let findings = lint::lint(project, options).findings;
    let allowed = |fix: &&Fix| args.unsafe_fixes || fix.safety == Safety::Safe;
    let mut fixes: BTreeMap<span::FileId, Vec<&Fix>> = BTreeMap::new();
    for finding in &findings {
        if let Some(fix) = finding.fixes.iter().find(allowed) {
            fixes.entry(finding.span.file).or_default().push(fix);
        }
    }
    let mut changed = Vec::new();
    for (file, fixes) in fixes {
        let Some(document) = project.document(file) else { continue };
        let fixed = lint::apply(file, document.text(), &fixes);
        if fixed.applied.is_empty() || fixed.text == document.text() {
            continue;
        }
        let name = document.source.name.to_string();
        let path = top.join(&*document.path);
        std::fs::write(&path, &fixed.text).map_err(|error| Failure::broken(format!("{name}: {error}")))?;
        let new = sources.add(name.as_str(), fixed.text);
        let document =
            Document::read(new, document.path.clone(), document.kind, sources.file(new).clone(), document.linted);
        project.add(document);
        changed.push((name, fixed.applied.len()));
    }
    Ok(changed)
}
