//! `uses:` of steps and jobs.

use std::sync::Arc;

use span::Diagnostic;

use crate::{ActionReference, Spanned, WorkflowReference, code};

/// The `uses:` of a step.
pub(crate) fn action_reference(uses: &Spanned<Arc<str>>, out: &mut Vec<Diagnostic>) {
    match ActionReference::parse(&uses.value) {
        Err(problem) => out.push(invalid(uses, "no action", &problem.to_string())),
        Ok(ActionReference::Repository { path, .. }) if path.starts_with(".github/workflows/") => {
            out.push(
                Diagnostic::error(code::INVALID_USES, "a step cannot call a reusable workflow")
                    .at(uses.span)
                    .help("call it from a job: `jobs.<id>.uses`"),
            );
        }
        Ok(ActionReference::Repository { git_ref, .. }) if is_short_hash(&git_ref) => out.push(
            Diagnostic::warning(code::INVALID_USES, format!("`{git_ref}` looks like a shortened commit hash"))
                .at(uses.span)
                .help("GitHub resolves full hashes of 40 characters, tags and branches only"),
        ),
        Ok(_) => {}
    }
}

/// The `uses:` of a job.
pub(crate) fn workflow_reference(uses: &Spanned<Arc<str>>, out: &mut Vec<Diagnostic>) {
    if let Err(problem) = WorkflowReference::parse(&uses.value) {
        out.push(invalid(uses, "no reusable workflow", &problem.to_string()));
    }
}

fn invalid(uses: &Spanned<Arc<str>>, what: &str, problem: &str) -> Diagnostic {
    Diagnostic::error(code::INVALID_USES, format!("`{}` names {what}", uses.value))
        .at(uses.span)
        .help(problem.to_owned())
}

fn is_short_hash(text: &str) -> bool {
    matches!(text.len(), 7 | 8)
        && text.chars().all(|letter| letter.is_ascii_hexdigit())
        && text.chars().any(|letter| letter.is_ascii_digit())
        && text.chars().any(|letter| letter.is_ascii_alphabetic())
}
