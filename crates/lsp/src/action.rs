//! Code actions: the fixes of a finding, and the comment that silences it.

use lint::{Edit, Finding, Fix, Safety};
use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, TextEdit};

use crate::diagnostics::{diagnostic, findings};
use crate::navigation::edit_of;
use crate::position::{self, Encoding};
use crate::workspace::{View, Workspace};

/// What can be done about the findings that touch a range of bytes.
pub(crate) fn actions(
    workspace: &Workspace<'_>,
    view: View<'_>,
    bytes: std::ops::Range<usize>,
    encoding: Encoding,
) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    for finding in findings(workspace, view) {
        let span = finding.span.range();
        if span.start > bytes.end || span.end < bytes.start {
            continue;
        }
        let fixes =
            finding.fixes.iter().filter(|fix| fix.edits.iter().all(|edit| edit.span.file == view.document.file));
        actions.extend(fixes.map(|fix| fixed(view, finding, fix, encoding)));
        actions.push(silenced(view, finding, encoding));
    }
    actions
}

fn fixed(view: View<'_>, finding: &Finding, fix: &Fix, encoding: Encoding) -> CodeActionOrCommand {
    let edits = fix.edits.iter().map(|edit| text_edit(view, edit, encoding));
    let mut title = fix.title.clone();
    if fix.safety == Safety::Unsafe {
        title.push_str(" (look at the result)");
    }
    CodeActionOrCommand::CodeAction(CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(view, finding, encoding)]),
        edit: Some(edit_of(view.file.uri.clone(), edits.collect())),
        is_preferred: Some(fix.safety == Safety::Safe && finding.fixes.len() == 1),
        ..CodeAction::default()
    })
}

/// A comment that silences the finding.
fn silenced(view: View<'_>, finding: &Finding, encoding: Encoding) -> CodeActionOrCommand {
    let edit = text_edit(view, &lint::ignore_here(view.document, finding), encoding);
    CodeActionOrCommand::CodeAction(CodeAction {
        title: format!("Ignore {} here", finding.rule.id),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(view, finding, encoding)]),
        edit: Some(edit_of(view.file.uri.clone(), vec![edit])),
        ..CodeAction::default()
    })
}

fn text_edit(view: View<'_>, edit: &Edit, encoding: Encoding) -> TextEdit {
    let range = position::range(&view.document.source, edit.span.range(), encoding);
    TextEdit { range, new_text: edit.text.clone() }
}
