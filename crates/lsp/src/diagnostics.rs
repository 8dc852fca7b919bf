//! Findings as diagnostics of the protocol.

use lint::{Confidence, Finding};
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString,
    PublishDiagnosticsParams,
};
use span::{Severity, Span};

use crate::position::{self, Encoding};
use crate::workspace::{View, Workspace};

/// What is to be told of one open file.
pub(crate) fn publish(workspace: &Workspace<'_>, view: View<'_>, encoding: Encoding) -> PublishDiagnosticsParams {
    let findings = findings(workspace, view);
    PublishDiagnosticsParams {
        uri: view.file.uri.clone(),
        diagnostics: findings.iter().map(|finding| diagnostic(view, finding, encoding)).collect(),
        version: Some(view.file.version),
    }
}

/// What is found in an open file; looked for once for each of its versions.
pub(crate) fn findings<'a>(workspace: &'a Workspace<'_>, view: View<'a>) -> &'a [Finding] {
    view.file.findings.get_or_init(|| {
        let mut findings = lint::lint_document(view.project(), view.document.file, &workspace.options).findings;
        findings.retain(|finding| finding.span.file == view.document.file);
        findings
    })
}

pub(crate) fn diagnostic(view: View<'_>, finding: &Finding, encoding: Encoding) -> Diagnostic {
    let related = finding.related.iter().filter_map(|(span, message)| {
        Some(DiagnosticRelatedInformation { location: location(view, *span, encoding)?, message: message.clone() })
    });
    let related: Vec<_> = related.collect();
    let mut message = finding.message.clone();
    for help in &finding.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    Diagnostic {
        range: position::range(&view.document.source, finding.span.range(), encoding),
        severity: Some(match (finding.severity, finding.confidence) {
            (Severity::Error, _) => DiagnosticSeverity::ERROR,
            (_, Confidence::Low) => DiagnosticSeverity::HINT,
            (Severity::Warning, _) => DiagnosticSeverity::WARNING,
            _ => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(finding.rule.id.to_owned())),
        source: Some("trunkline".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: finding.rule.id.contains("unused").then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..Diagnostic::default()
    }
}

/// A place in any file of the project.
pub(crate) fn location(view: View<'_>, span: Span, encoding: Encoding) -> Option<Location> {
    let range = position::range(&view.project().document(span.file)?.source, span.range(), encoding);
    Some(Location { uri: view.uri_of(span.file)?, range })
}
