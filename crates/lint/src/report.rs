use span::Span;

use crate::finding::Finding;
use crate::rule::Rule;

/// Where a rule puts what it finds.
pub struct Report<'r> {
    rule: &'static Rule,
    findings: &'r mut Vec<Finding>,
}

impl<'r> Report<'r> {
    pub(crate) fn new(rule: &'static Rule, findings: &'r mut Vec<Finding>) -> Report<'r> {
        Report { rule, findings }
    }

    /// A new finding with the rule's severity and confidence, to which more can be added.
    pub fn at(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.findings.push(Finding::new(self.rule, span, message.into()));
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }
}
