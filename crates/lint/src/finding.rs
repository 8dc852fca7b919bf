use std::fmt;

use span::{Diagnostic, Severity, Span};

use crate::fix::Fix;
use crate::rule::{Profile, Rule};

/// How sure a rule is that a maintainer would agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// One thing a rule has to say about a file.
#[derive(Debug, Clone)]
pub struct Finding {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub confidence: Confidence,
    /// The smallest profile that shows it; at least that of the rule.
    pub profile: Profile,
    /// One sentence, no full stop, readable without the snippet.
    pub message: String,
    pub span: Span,
    /// A few words at the span.
    pub label: Option<String>,
    /// Other places that explain it, each with a few words.
    pub related: Vec<(Span, String)>,
    /// What to do, one line each.
    pub help: Vec<String>,
    pub fixes: Vec<Fix>,
}

impl Finding {
    pub(crate) fn new(rule: &'static Rule, span: Span, message: String) -> Finding {
        Finding {
            rule,
            severity: rule.severity,
            confidence: rule.confidence,
            profile: rule.profile,
            message,
            span,
            label: None,
            related: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// What a reader of files found, as a finding of the rule of that code. `None` where no place is known.
    pub(crate) fn from_diagnostic(rule: &'static Rule, diagnostic: Diagnostic) -> Option<Finding> {
        Some(Finding {
            severity: diagnostic.severity,
            label: diagnostic.label,
            related: diagnostic.related,
            help: diagnostic.help,
            ..Finding::new(rule, diagnostic.primary?, diagnostic.message)
        })
    }

    /// Sets the words at the place.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Finding {
        self.label = Some(label.into());
        self
    }

    /// Adds another place.
    pub fn related(&mut self, span: Span, label: impl Into<String>) -> &mut Finding {
        self.related.push((span, label.into()));
        self
    }

    /// Adds a line of help.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Finding {
        self.help.push(help.into());
        self
    }

    /// Adds a way to put it right.
    pub fn fix(&mut self, fix: Fix) -> &mut Finding {
        self.fixes.push(fix);
        self
    }

    /// Says another severity than the rule's usual one.
    pub fn severity(&mut self, severity: Severity) -> &mut Finding {
        self.severity = severity;
        self
    }

    /// Says another confidence than the rule's usual one.
    pub fn confidence(&mut self, confidence: Confidence) -> &mut Finding {
        self.confidence = confidence;
        self
    }

    /// Shows it in a larger profile only.
    pub fn profile(&mut self, profile: Profile) -> &mut Finding {
        self.profile = self.profile.max(profile);
        self
    }

    /// For the renderers of diagnostics.
    pub fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic {
            label: self.label.clone(),
            related: self.related.clone(),
            help: self.help.clone(),
            ..Diagnostic::new(self.severity, self.rule.id, self.message.clone()).at(self.span)
        }
    }
}

impl Confidence {
    /// `low`, `medium` or `high`.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
