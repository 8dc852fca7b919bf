use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use span::{Severity, SourceMap};

use crate::finding::Finding;

/// A JUnit report: a suite for each file with findings, in which each finding is a case that failed. `files` are the
/// names of everything that was looked at; a file without findings is a suite with one case that passed.
///
/// # Errors
/// When the report cannot be written as XML.
pub fn render_junit(findings: &[Finding], files: &[&str], sources: &SourceMap) -> Result<String, String> {
    let mut report = Report::new("trunkline lint");
    for file in files {
        let mut suite = TestSuite::new(*file);
        for finding in findings.iter().filter(|finding| *sources.file(finding.span.file).name == **file) {
            suite.add_test_case(case(finding, sources));
        }
        if suite.test_cases.is_empty() {
            suite.add_test_case(TestCase::new("lint", TestCaseStatus::success()));
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn case(finding: &Finding, sources: &SourceMap) -> TestCase {
    let position = sources.position(finding.span);
    let place = format!("{}:{}:{}", sources.file(finding.span.file).name, position.line, position.column);
    let mut status = TestCaseStatus::non_success(match finding.severity {
        Severity::Error => NonSuccessKind::Error,
        Severity::Warning | Severity::Info => NonSuccessKind::Failure,
    });
    let mut description = place.clone();
    for help in &finding.help {
        description.push_str("\nhelp: ");
        description.push_str(help);
    }
    status.set_message(finding.message.clone()).set_type(finding.rule.id).set_description(description);
    let mut case = TestCase::new(format!("{} at {}:{}", finding.rule.id, position.line, position.column), status);
    case.set_classname(place);
    case
}
