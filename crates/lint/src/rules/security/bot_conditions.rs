use expr::{Comparison, Part, Term};
use span::Severity;

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;
use crate::tree;

pub(super) static RULE: Rule = Rule {
    id: "security/bot-conditions",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:bot-conditions"],
    summary: "a condition trusts the name of who started the run, which others can arrange",
    page: page!("security/bot-conditions"),
    checks: &[Check::Expression(check)],
};

const NAMES: &[&str] = &["github.actor", "github.triggering_actor", "github.event.pull_request.sender.login"];
const IDS: &[&str] = &["github.actor_id", "github.event.pull_request.sender.id"];

/// Accounts and applications: Dependabot, its predecessor, Renovate.
const BOTS: &[&str] = &["29110", "49699333", "27856297", "29139614"];

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    if subject.condition.is_none() || subject.owner.action().is_some() {
        return;
    }
    let Some(part) = subject.expr.view() else { return };
    let Some(found) = find(part, true) else { return };
    let events: Vec<&str> = subject
        .owner
        .workflow()
        .iter()
        .flat_map(|workflow| &workflow.on.events)
        .map(|event| &*event.name.value)
        .collect();
    // Strangers can bring a bot to act: with a comment, with a pull request whose last commit is the bot's.
    let risky = events
        .iter()
        .any(|event| matches!(*event, "pull_request_target" | "workflow_run" | "issue_comment" | "issues"));
    let possible = risky || events.iter().any(|event| event.starts_with("pull_request"));
    let confidence = match (found.decides, risky, possible) {
        (true, true, _) => Confidence::High,
        (_, _, true) => Confidence::Medium,
        _ => Confidence::Low,
    };
    let place = subject.place(found.whole.range());
    let context = found.actor.text();
    let finding = report.at(place, format!("`{context}` is who started the run last, not who made the change"));
    finding
        .confidence(confidence)
        .help("somebody can push to a bot's branch, or let a bot update theirs, and pass this condition");
    if let Some((login, id)) = author(&events) {
        let other = if IDS.iter().any(|known| known.eq_ignore_ascii_case(&dotted(found.actor))) { id } else { login };
        finding.help(format!("compare `{other}`, the author"));
        let fix = Fix::unsafe_(format!("compare `{other}`"));
        finding.fixes.extend(tree::rewrite(subject.document, fix, subject.scalar, found.actor.range(), other));
    }
}

struct Found<'e> {
    whole: Part<'e>,
    actor: Part<'e>,
    /// The condition holds whenever the comparison does.
    decides: bool,
}

fn find(part: Part<'_>, decides: bool) -> Option<Found<'_>> {
    match part.term() {
        Term::Compare(Comparison::Equal, left, right) => {
            let (actor, value) = if left.literal().is_some() { (right, left) } else { (left, right) };
            let path = dotted(actor);
            let known = |paths: &[&str]| paths.iter().any(|known| known.eq_ignore_ascii_case(&path));
            let value = value.literal()?.to_display_string();
            let is_bot = (known(NAMES) && value.to_ascii_lowercase().ends_with("[bot]"))
                || (known(IDS) && BOTS.contains(&&*value));
            is_bot.then_some(Found { whole: part, actor, decides })
        }
        Term::Or(operands) => operands.into_iter().find_map(|operand| find(operand, decides)),
        Term::And(operands) => operands.into_iter().find_map(|operand| find(operand, false)),
        Term::Call(_, arguments) => arguments.into_iter().find_map(|argument| find(argument, false)),
        Term::Not(operand) => find(operand, false),
        _ => None,
    }
}

fn dotted(part: Part<'_>) -> String {
    part.path().map(|path| path.join(".")).unwrap_or_default()
}

/// Where the author stands in the event, if there is one event only.
fn author(events: &[&str]) -> Option<(&'static str, &'static str)> {
    let [event] = events else { return None };
    Some(match *event {
        "pull_request" | "pull_request_target" => {
            ("github.event.pull_request.user.login", "github.event.pull_request.user.id")
        }
        "issue_comment" | "pull_request_review_comment" | "discussion_comment" => {
            ("github.event.comment.user.login", "github.event.comment.user.id")
        }
        "pull_request_review" => ("github.event.review.user.login", "github.event.review.user.id"),
        "issues" => ("github.event.issue.user.login", "github.event.issue.user.id"),
        "discussion" => ("github.event.discussion.user.login", "github.event.discussion.user.id"),
        "release" => ("github.event.release.author.login", "github.event.release.author.id"),
        _ => return None,
    })
}
