//! Expressions that are read without a word, and cannot give what they should.

mod collection_in_text;
mod comparison;
mod constant;
mod type_mismatch;
mod unknown_property;
mod unsound_ternary;

use crate::report::Report;
use crate::rule::Rule;
use crate::subject::FileSubject;
use crate::types::{ProblemKind, of_kind};

pub(super) const RULES: &[&Rule] = &[
    &collection_in_text::RULE,
    &comparison::RULE,
    &constant::RULE,
    &type_mismatch::RULE,
    &unknown_property::RULE,
    &unsound_ternary::RULE,
];

/// Tells the problems of one kind.
fn tell(subject: &FileSubject<'_>, kind: ProblemKind, report: &mut Report<'_>) {
    for problem in of_kind(subject.project, subject.document, kind) {
        let finding = report.at(problem.span, problem.message.clone());
        for help in &problem.help {
            finding.help(help.clone());
        }
    }
}
