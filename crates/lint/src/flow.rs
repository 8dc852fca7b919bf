//! Where the value of an expression comes from: back through variables, outputs of steps and jobs, the matrix, inputs of
//! reusable workflows and composite actions, to whoever writes it in the end.

mod context;
mod output;

pub(crate) use context::variable;

use std::collections::HashMap;

use expr::{Expr, Part, Term};
use span::{FileId, Span};
use workflow::{Step, Template, TemplateKind};

use crate::document::Document;
use crate::knowledge::attacker::{self, Reach};
use crate::project::Project;
use crate::subject::{ExpressionSubject, Owner, StepSubject};

/// Longer ways are given up as unknown: each hop takes a part of the stack.
const MAX_HOPS: usize = 32;

/// Values that are looked at for one expression; what lies beyond is unknown.
const MAX_VALUES: usize = 1_000;

/// A place in a file from which contexts are seen.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) project: &'a Project,
    pub(crate) document: &'a Document,
    pub(crate) owner: Owner<'a>,
    pub(crate) step: Option<&'a Step>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) reach: Reach,
    /// The path that was asked for, such as `env.TITLE`.
    pub(crate) path: String,
    /// The last path of the way, such as `github.event.issue.title`.
    pub(crate) source: String,
    /// The places that the value goes through, from the nearest to the source.
    pub(crate) hops: Vec<(Span, String)>,
}

impl<'a> From<&StepSubject<'a>> for Place<'a> {
    fn from(subject: &StepSubject<'a>) -> Place<'a> {
        Place { project: subject.project, document: subject.document, owner: subject.owner, step: Some(subject.step) }
    }
}

impl<'a> From<&ExpressionSubject<'a>> for Place<'a> {
    fn from(subject: &ExpressionSubject<'a>) -> Place<'a> {
        Place { project: subject.project, document: subject.document, owner: subject.owner, step: subject.step }
    }
}

/// The parts of an expression that can become its value, each with its origin. Parts that only decide between others,
/// and those that give a number or a truth, are left out.
pub(crate) fn origins<'e>(place: &Place<'_>, expr: &'e Expr) -> Vec<(Value<'e>, Origin)> {
    of_expression(place, expr, &mut Trail::default())
}

fn of_expression<'e>(place: &Place<'_>, expr: &'e Expr, trail: &mut Trail) -> Vec<(Value<'e>, Origin)> {
    values(expr).into_iter().map(|value| (value, of_value(place, value, trail))).collect()
}

/// The worst origin of the expressions of a template; `None` where it has no expression.
pub(crate) fn of_template(place: &Place<'_>, template: &Template) -> Option<Origin> {
    worst(place, template, &mut Trail::default())
}

fn worst(place: &Place<'_>, template: &Template, trail: &mut Trail) -> Option<Origin> {
    let mut worst: Option<Origin> = None;
    template.each_expression(&mut |text, scalar| {
        for expr in text.expressions() {
            for (value, mut origin) in of_expression(place, expr, trail) {
                if worst.as_ref().is_none_or(|worst| worst.reach < origin.reach) {
                    let span = place.document.place(scalar, value.part.range());
                    origin.hops.insert(0, (span, format!("`{}` flows in here", origin.path)));
                    worst = Some(origin);
                }
            }
        }
    });
    worst.or_else(|| has_expression(template).then(|| Origin::fixed("a constant")))
}

fn of_value(place: &Place<'_>, value: Value<'_>, trail: &mut Trail) -> Origin {
    let Some(path) = value.part.path() else { return Origin::unknown(value.part.text()) };
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    // A mapping in a text is the word `Object`.
    if !value.json && attacker::is_mapping(&parts) {
        return Origin::fixed(&path.join("."));
    }
    follow(place, &path, trail)
}

/// Whether there is an expression in it at all.
fn has_expression(template: &Template) -> bool {
    match &template.kind {
        TemplateKind::Literal(_) => false,
        TemplateKind::Text(_) => true,
        TemplateKind::Sequence(items) => items.iter().any(has_expression),
        TemplateKind::Mapping(entries) => entries.iter().any(|entry| has_expression(&entry.value)),
    }
}

/// Who decides what the variable `name` of the environment says.
pub(crate) fn of_variable(place: &Place<'_>, name: &str) -> Origin {
    follow(place, &["env".to_owned(), name.to_owned()], &mut Trail::default())
}

/// Who decides what a path of contexts says.
fn follow(place: &Place<'_>, path: &[String], trail: &mut Trail) -> Origin {
    let text = path.join(".");
    let key = Key::of(place, &text);
    match trail.seen.get(&key) {
        Some(Some(known)) => return known.clone(),
        // A ring: what else it is made of is seen where it began.
        Some(None) => return Origin::unknown(&text),
        None => {}
    }
    if trail.hops >= MAX_HOPS || trail.seen.len() >= MAX_VALUES {
        return Origin::unknown(&text);
    }
    trail.seen.insert(key.clone(), None);
    trail.hops += 1;
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut origin = context::follow(place, &parts, trail);
    trail.hops -= 1;
    origin.path = text;
    trail.seen.insert(key, Some(origin.clone()));
    origin
}

/// What has been followed for one expression. Each value is followed once, however many ways lead to it.
#[derive(Default)]
struct Trail {
    /// `None` while it is being followed.
    seen: HashMap<Key, Option<Origin>>,
    hops: usize,
}

/// A path of contexts, and the place that decides what it means.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    file: FileId,
    job: Option<Span>,
    step: Option<Span>,
    path: String,
}

impl Key {
    fn of(place: &Place<'_>, path: &str) -> Key {
        Key {
            file: place.document.file,
            job: place.owner.job().map(|job| job.span),
            step: place.step.map(|step| step.span),
            path: path.to_owned(),
        }
    }
}

impl Origin {
    pub(crate) fn new(reach: Reach, source: impl Into<String>) -> Origin {
        let source = source.into();
        Origin { reach, path: source.clone(), source, hops: Vec::new() }
    }

    pub(crate) fn unknown(source: &str) -> Origin {
        Origin::new(Reach::Unknown, source)
    }

    pub(crate) fn fixed(source: &str) -> Origin {
        Origin::new(Reach::Fixed, source)
    }

    /// Adds a place in front of the others.
    pub(crate) fn through(mut self, span: Span, what: impl Into<String>) -> Origin {
        self.hops.insert(0, (span, what.into()));
        self
    }

    /// The worse of two, the first where they are alike.
    pub(crate) fn worse(self, other: Origin) -> Origin {
        if other.reach > self.reach { other } else { self }
    }
}

/// A part of an expression that can become its value.
#[derive(Clone, Copy)]
pub(crate) struct Value<'e> {
    pub(crate) part: Part<'e>,
    /// `toJSON` writes it out.
    pub(crate) json: bool,
}

/// The parts of an expression that can become its value, as far as they are not constant.
pub(crate) fn values(expr: &Expr) -> Vec<Value<'_>> {
    let mut found = Vec::new();
    if let Some(part) = expr.view() {
        collect(part, false, &mut found);
    }
    found
}

fn collect<'e>(part: Part<'e>, json: bool, found: &mut Vec<Value<'e>>) {
    match part.term() {
        Term::Literal(_) | Term::Wildcard | Term::Not(_) | Term::Compare(..) => {}
        Term::Context(_) => found.push(Value { part, json }),
        Term::Index(container, _) => match called(container).filter(|_| part.path().is_none()) {
            // `fromJSON('["a"]')[0]`: what is taken out of a constant is constant.
            Some(called) => collect(called, json, found),
            None => found.push(Value { part, json }),
        },
        // Of `a && b` only `b` is a value that is not empty.
        Term::And(operands) => operands.last().into_iter().for_each(|last| collect(*last, json, found)),
        Term::Or(operands) => operands.into_iter().for_each(|operand| collect(operand, json, found)),
        Term::Call(name, arguments) => match name.to_ascii_lowercase().as_str() {
            "contains" | "startswith" | "endswith" | "hashfiles" | "success" | "failure" | "always" | "cancelled" => {}
            "case" => {
                let last = arguments.len().saturating_sub(1);
                let values = arguments.into_iter().enumerate().filter(|(at, _)| at % 2 == 1 || *at == last);
                values.for_each(|(_, argument)| collect(argument, json, found));
            }
            "tojson" => arguments.into_iter().for_each(|argument| collect(argument, true, found)),
            _ => arguments.into_iter().for_each(|argument| collect(argument, json, found)),
        },
    }
}

/// The call at the bottom of a chain of indexes.
fn called(part: Part<'_>) -> Option<Part<'_>> {
    match part.term() {
        Term::Call(..) => Some(part),
        Term::Index(container, _) => called(container),
        _ => None,
    }
}
