use span::Severity;
use std::sync::Arc;
use workflow::{Runs, Spanned};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ActionSubject;

pub(super) static RULE: Rule = Rule {
    id: "action/missing-file",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "an action names a file that does not exist",
    page: page!("action/missing-file"),
    checks: &[Check::Action(check)],
};

fn check(subject: &ActionSubject<'_>, report: &mut Report<'_>) {
    let Some(tree) = &subject.project.facts.tree else { return };
    let directory = subject.document.directory();
    let mut look = |file: &Spanned<Arc<str>>, built: bool| {
        let name = file.value.trim_start_matches("./");
        let path = if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
        if name.contains("..") || tree.has_file(&path) {
            return;
        }
        let finding = report.at(file.span, format!("there is no file `{path}`"));
        if built {
            finding.help("actions run from what is committed: commit what the build makes");
        } else {
            finding.confidence(Confidence::High);
        }
    };
    match &subject.action.runs {
        Runs::Node(runs) => {
            look(&runs.main, true);
            [&runs.pre, &runs.post].into_iter().flatten().for_each(|file| look(file, true));
        }
        Runs::Docker(runs) => {
            // Anything else may be an image, in a form that GitHub takes too.
            if runs.image.value.contains("ockerf") {
                look(&runs.image, false);
            }
        }
        Runs::Composite(_) => {}
    }
}
