use expr::Term;
use span::Severity;

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;
use crate::tree;

pub(super) static RULE: Rule = Rule {
    id: "security/unsound-contains",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:unsound-contains"],
    summary: "a condition looks for a name in a text, and parts of names pass too",
    page: page!("security/unsound-contains"),
    checks: &[Check::Expression(check)],
};

const OPEN: &[&str] = &[
    "env",
    "github.actor",
    "github.base_ref",
    "github.head_ref",
    "github.ref",
    "github.ref_name",
    "github.triggering_actor",
    "inputs",
];

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    if subject.condition.is_none() {
        return;
    }
    let Some(part) = subject.expr.view() else { return };
    part.each(&mut |part| {
        let Term::Call(name, arguments) = part.term() else { return };
        let [text, context] = &arguments[..] else { return };
        let Some(list) = text.literal().and_then(|value| value.as_str()) else { return };
        let Some(path) = context.path() else { return };
        if !name.eq_ignore_ascii_case("contains") {
            return;
        }
        let path = path.join(".").to_ascii_lowercase();
        let open =
            OPEN.iter().any(|open| path == *open || path.strip_prefix(open).is_some_and(|rest| rest.starts_with('.')));
        let finding = report.at(
            subject.place(part.range()),
            format!("this holds for every part of '{list}', so for a `{}` that is not meant too", context.text()),
        );
        if !open {
            finding.severity(Severity::Info).profile(Profile::Pedantic);
        }
        let names: Vec<String> = list
            .split([' ', ',', '|', ';'])
            .filter(|name| !name.is_empty())
            .map(|name| format!("\"{name}\""))
            .collect();
        let json = format!("fromJSON('[{}]')", names.join(", "));
        finding.help(format!("look in a list: `contains({json}, {})`", context.text()));
        if !list.contains(['"', '\\', '\'']) {
            let fix = Fix::unsafe_("look in a list");
            finding.fixes.extend(tree::rewrite(subject.document, fix, subject.scalar, text.range(), &json));
        }
    });
}
