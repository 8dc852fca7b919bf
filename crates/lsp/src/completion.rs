//! What can be written at the cursor.

mod expressions;
mod keys;
mod values;

use lint::Kind;
use lsp_types::{CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, TextEdit};
use workflow::FileKind;

use crate::place::{self, At, Place};
use crate::position::{self, Encoding};
use crate::workspace::View;

/// One proposal.
pub(crate) struct Proposal {
    pub(crate) label: String,
    /// What is written; the label itself without it.
    pub(crate) insert: Option<String>,
    pub(crate) kind: CompletionItemKind,
    pub(crate) detail: Option<String>,
    pub(crate) docs: Option<String>,
}

impl Proposal {
    pub(crate) fn new(label: impl Into<String>, kind: CompletionItemKind) -> Proposal {
        Proposal { label: label.into(), insert: None, kind, detail: None, docs: None }
    }
}

pub(crate) fn complete(view: View<'_>, offset: usize, encoding: Encoding) -> Vec<CompletionItem> {
    let Some(kind) = file_kind(view.document.kind) else { return Vec::new() };
    let text = view.document.text();
    let place = place::place(text, offset);
    let proposals = match place.at {
        At::Comment => Vec::new(),
        At::Expression => expressions::proposals(view, kind, &place, offset),
        At::Value => values::proposals(view, kind, &place),
        At::Key => {
            // An item of a list can be a word as well as the first key of a mapping.
            let mut all = keys::proposals(view, kind, &place);
            all.extend(values::proposals(view, kind, &place));
            all
        }
    };
    let range = position::range(&view.document.source, place.word.clone(), encoding);
    let item = |proposal: Proposal| CompletionItem {
        text_edit: Some(CompletionTextEdit::Edit(TextEdit {
            range,
            new_text: proposal.insert.unwrap_or_else(|| proposal.label.clone()),
        })),
        label: proposal.label,
        kind: Some(proposal.kind),
        detail: proposal.detail,
        documentation: proposal.docs.map(Documentation::String),
        ..CompletionItem::default()
    };
    proposals.into_iter().map(item).collect()
}

/// The kind of file that the schema knows.
pub(crate) fn file_kind(kind: Kind) -> Option<FileKind> {
    match kind {
        Kind::Workflow => Some(FileKind::Workflow),
        Kind::Action => Some(FileKind::Action),
        Kind::Dependabot | Kind::PreCommit | Kind::Config | Kind::Zizmor | Kind::Actionlint => None,
    }
}

/// The id of the job that a path leads through.
pub(crate) fn job_of(place: &Place) -> Option<&str> {
    match place.path.as_slice() {
        [jobs, id, ..] if jobs == "jobs" => Some(id),
        _ => None,
    }
}
