mod fix;

use std::borrow::Cow;

use expr::Expr;
use span::{Severity, Span};
use workflow::{Template, TemplateKind};

use crate::finding::Confidence;
use crate::flow::{self, Origin, Place, Value};
use crate::knowledge::attacker::{self, Reach};
use crate::knowledge::sinks;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{ActionStep, RunStep, Shell};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/template-injection",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:template-injection", "actionlint:expression"],
    summary: "text that others write becomes part of a script",
    page: page!("security/template-injection"),
    checks: &[Check::Step(check)],
};

/// Text that is run as code.
struct Sink<'a> {
    template: &'a Template,
    /// `the script`, `the input script of actions/github-script`.
    what: Cow<'static, str>,
    run: Option<RunStep<'a>>,
}

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    for sink in sinks_of(subject) {
        let TemplateKind::Text(parsed) = &sink.template.kind else { continue };
        for expr in parsed.expressions() {
            expression(subject, &sink, expr, report);
        }
    }
}

fn sinks_of<'a>(subject: &StepSubject<'a>) -> Vec<Sink<'a>> {
    if let Some(run) = RunStep::of(subject) {
        return vec![Sink { template: run.script, what: "the script".into(), run: Some(run) }];
    }
    let Some(action) = ActionStep::of(subject) else { return Vec::new() };
    let code = sinks::code_inputs(&action.uses).iter();
    code.filter_map(|input| {
        let what = format!("`{input}`, which {} runs", action.uses.name());
        Some(Sink { template: action.input(input)?, what: what.into(), run: None })
    })
    .collect()
}

fn expression(subject: &StepSubject<'_>, sink: &Sink<'_>, expr: &Expr, report: &mut Report<'_>) {
    let mut told: Vec<String> = Vec::new();
    for (value, origin) in flow::origins(&Place::from(subject), expr) {
        if origin.reach == Reach::Fixed || told.contains(&origin.path) {
            continue;
        }
        told.push(origin.path.clone());
        tell(subject, sink, expr, value, &origin, report);
    }
    if told.is_empty() {
        let place = subject.place(sink.template.span, expr.range());
        let finding = report.at(place, format!("`{}` is pasted into {}", expr.text(), sink.what));
        finding
            .severity(Severity::Info)
            .profile(Profile::Pedantic)
            .help("hand it over in a variable of the environment: then nothing it holds is read as code");
        finding.fixes.extend(fix::fix(subject, sink.run.as_ref(), expr));
    }
}

fn tell(
    subject: &StepSubject<'_>,
    sink: &Sink<'_>,
    expr: &Expr,
    value: Value<'_>,
    origin: &Origin,
    report: &mut Report<'_>,
) {
    let place = subject.place(sink.template.span, value.part.range());
    let brings = if origin.path == origin.source {
        format!("`{}`", origin.path)
    } else {
        format!("`{}`, which comes from `{}`,", origin.path, origin.source)
    };
    let (severity, confidence, danger) = match origin.reach {
        // What `toJSON` writes is a constant of JavaScript, whatever it holds.
        Reach::Outsider if value.json && sink.run.is_none() => {
            (Severity::Warning, Confidence::Low, "only languages that read JSON take it for a constant")
        }
        Reach::Outsider => (Severity::Error, Confidence::High, "anyone can make it run commands"),
        Reach::Insider => (Severity::Warning, Confidence::Medium, "whoever chooses it can make it run commands"),
        Reach::Unknown | Reach::Fixed => (Severity::Warning, Confidence::Low, "what it holds is read as code"),
    };
    let finding = report.at(place, format!("{brings} is pasted into {}: {danger}", sink.what));
    finding.severity(severity).confidence(confidence).label("becomes code here");
    for (span, what) in shown(&origin.hops, place) {
        finding.related(span, what);
    }
    finding.help(attacker::reason(&origin.source, origin.reach));
    let variable = match sink.run.as_ref().map(|run| run.shell) {
        Some(Shell::Pwsh) => "$env:NAME",
        _ => "$NAME",
    };
    finding.help(format!("hand it over in a variable of the environment, and write \"{variable}\" in the script"));
    finding.fixes.extend(fix::fix(subject, sink.run.as_ref(), expr));
}

/// The places of a flow without those that say nothing new.
fn shown(hops: &[(Span, String)], place: Span) -> Vec<(Span, String)> {
    let mut shown: Vec<(Span, String)> = Vec::new();
    for (span, what) in hops {
        if *span != place && shown.last().is_none_or(|(last, _)| last != span) {
            shown.push((*span, what.clone()));
        }
    }
    shown
}
