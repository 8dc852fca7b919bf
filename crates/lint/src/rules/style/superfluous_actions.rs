use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::ActionStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "style/superfluous-actions",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:superfluous-actions"],
    summary: "an action does what a command of every runner does",
    page: page!("style/superfluous-actions"),
    checks: &[Check::Step(check)],
};

const ACTIONS: &[(&str, &str)] = &[
    ("actions-ecosystem/action-add-labels", "gh issue edit --add-label"),
    ("actions-ecosystem/action-remove-labels", "gh issue edit --remove-label"),
    ("addnab/docker-run-action", "docker run"),
    ("actions/create-release", "gh release create"),
    ("actions/upload-release-asset", "gh release upload"),
    ("dacbd/create-issue-action", "gh issue create"),
    ("dtolnay/rust-toolchain", "rustup toolchain install"),
    ("elgohr/github-release-action", "gh release create"),
    ("ncipollo/release-action", "gh release create"),
    ("peter-evans/close-issue", "gh issue close"),
    ("peter-evans/create-or-update-comment", "gh pr comment"),
    ("peter-evans/create-pull-request", "gh pr create"),
    ("sergeysova/jq-action", "jq"),
    ("softprops/action-gh-release", "gh release create"),
    ("stefanzweifel/git-auto-commit-action", "git commit && git push"),
    ("svenstaro/upload-release-action", "gh release upload"),
];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(action) = ActionStep::of(subject) else { return };
    if let Some((name, command)) = ACTIONS.iter().find(|(name, _)| action.uses.is(name)) {
        report
            .at(action.span, format!("`{command}` in a `run:` step does what {name} does"))
            .help("each action is code of somebody else, with the job's token");
    }
}
