//! What GitHub takes, and its published schema does not list yet.

use span::Diagnostic;

use crate::document::Document;

/// Colours of a badge.
const VALUES: &[&str] = &["black"];

/// Whether a diagnostic is only about the age of the schema.
pub(crate) fn is_newer(document: &Document, diagnostic: &Diagnostic) -> bool {
    let Some(span) = diagnostic.primary else { return false };
    match diagnostic.code {
        "workflow/unknown-value" => {
            VALUES.contains(&document.text_of(span).trim_matches(['\'', '"']))
                && diagnostic.message.contains("`gray-dark`")
        }
        _ => false,
    }
}
