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
        actions.extend(finding.fixes.iter().filter_map(|fix| fixed(view, finding, fix, encoding)));
        actions.extend(silenced(view, finding, encoding));
    }
    actions
}

fn fixed(view: View<'_>, finding: &Finding, fix: &Fix, encoding: Encoding) -> Option<CodeActionOrCommand> {
    let mut title = fix.title.clone();
    if fix.safety == Safety::Unsafe {
        title.push_str(" (look at the result)");
    }
    let action = action(view, finding, fix, title, encoding)?;
    let is_preferred = Some(fix.safety == Safety::Safe && finding.fixes.len() == 1);
    Some(CodeActionOrCommand::CodeAction(CodeAction { is_preferred, ..action }))
}

/// A comment that silences the finding.
fn silenced(view: View<'_>, finding: &Finding, encoding: Encoding) -> Option<CodeActionOrCommand> {
    let comment = lint::ignore_here(view.document, finding);
    let title = format!("Ignore {} here", finding.rule.id);
    action(view, finding, &comment, title, encoding).map(CodeActionOrCommand::CodeAction)
}

/// What an editor is offered: what `--fix` would make by itself. One after which the file would lack something or not be
/// read any more is none.
fn action(view: View<'_>, finding: &Finding, fix: &Fix, title: String, encoding: Encoding) -> Option<CodeAction> {
    if lint::mend(view.document, &[fix]).applied.is_empty() {
        return None;
    }
    let edits = fix.edits.iter().map(|edit| text_edit(view, edit, encoding));
    Some(CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(view, finding, encoding)]),
        edit: Some(edit_of(view.file.uri.clone(), edits.collect())),
        ..CodeAction::default()
    })
}

fn text_edit(view: View<'_>, edit: &Edit, encoding: Encoding) -> TextEdit {
    let range = position::range(&view.document.source, edit.span.range(), encoding);
    TextEdit { range, new_text: edit.text.clone() }
}
