//! Code actions: the fixes of a finding, and the comment that silences it.

use lint::{Finding, Fix, Safety};
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
        actions.extend(fixes.map(|fix| fixed(view, &finding, fix, encoding)));
        actions.push(silenced(view, &finding, encoding));
    }
    actions
}

fn fixed(view: View<'_>, finding: &Finding, fix: &Fix, encoding: Encoding) -> CodeActionOrCommand {
    let text = view.document.text();
    let edits = fix.edits.iter().map(|edit| TextEdit {
        range: position::range(text, edit.span.range(), encoding),
        new_text: edit.text.clone(),
    });
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

/// A comment on a line of its own before the finding, indented as its line is.
fn silenced(view: View<'_>, finding: &Finding, encoding: Encoding) -> CodeActionOrCommand {
    let text = view.document.text();
    let at = text.floor_char_boundary(finding.span.start as usize);
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let indent: String = text[start..].chars().take_while(|c| *c == ' ').collect();
    let comment = format!("{indent}# trunkline: ignore[{}]\n", finding.rule.id);
    let edit = TextEdit { range: position::range(text, start..start, encoding), new_text: comment };
    CodeActionOrCommand::CodeAction(CodeAction {
        title: format!("Ignore {} here", finding.rule.id),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(view, finding, encoding)]),
        edit: Some(edit_of(view.file.uri.clone(), vec![edit])),
        ..CodeAction::default()
    })
}
