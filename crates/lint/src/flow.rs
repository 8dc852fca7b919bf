//! Where the value of an expression comes from: back through variables, outputs of steps and jobs, the matrix, inputs of
//! reusable workflows and composite actions, to whoever writes it in the end.

mod context;
mod output;

use expr::{Expr, Part, Term};
use span::Span;
use workflow::{Step, Template, TemplateKind};

use crate::document::Document;
use crate::knowledge::attacker::Reach;
use crate::project::Project;
use crate::subject::{ExpressionSubject, Owner, StepSubject};

/// Longer ways are given up as unknown.
const MAX_HOPS: usize = 12;

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
pub(crate) fn origins<'e>(place: &Place<'_>, expr: &'e Expr) -> Vec<(Part<'e>, Origin)> {
    let mut found = Vec::new();
    for part in values(expr) {
        let origin = match part.path() {
            Some(path) => follow(place, &path, 0),
            None => Origin::unknown(part.text()),
        };
        found.push((part, origin));
    }
    found
}

/// The worst origin of the expressions of a template; `None` where it has no expression.
pub(crate) fn of_template(place: &Place<'_>, template: &Template, depth: usize) -> Option<Origin> {
    let mut worst: Option<Origin> = None;
    template.each_expression(&mut |text, scalar| {
        for expr in text.expressions() {
            for part in values(expr) {
                let mut origin = match part.path() {
                    Some(path) => follow(place, &path, depth + 1),
                    None => Origin::unknown(part.text()),
                };
                if worst.as_ref().is_none_or(|worst| worst.reach < origin.reach) {
                    let span = place.document.place(scalar, part.range());
                    origin.hops.insert(0, (span, format!("`{}` flows in here", origin.path)));
                    worst = Some(origin);
                }
            }
        }
    });
    worst.or_else(|| has_expression(template).then(|| Origin::fixed("a constant")))
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

/// Who decides what a path of contexts says.
pub(crate) fn follow(place: &Place<'_>, path: &[String], depth: usize) -> Origin {
    let text = path.join(".");
    if depth > MAX_HOPS {
        return Origin::unknown(&text);
    }
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut origin = context::follow(place, &parts, depth);
    origin.path = text;
    origin
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

/// The parts of an expression that can become its value, as far as they are not constant.
pub(crate) fn values(expr: &Expr) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    if let Some(part) = expr.view() {
        collect(part, &mut found);
    }
    found
}

fn collect<'e>(part: Part<'e>, found: &mut Vec<Part<'e>>) {
    match part.term() {
        Term::Literal(_) | Term::Wildcard | Term::Not(_) | Term::Compare(..) => {}
        Term::Context(_) => found.push(part),
        Term::Index(container, _) => {
            if part.path().is_some() {
                found.push(part);
            } else if let Some(called) = called(container) {
                // `fromJSON('["a"]')[0]`: what is taken out of a constant is constant.
                collect(called, found);
            } else {
                found.push(part);
            }
        }
        // Of `a && b` only `b` is a value that is not empty.
        Term::And(operands) => operands.last().into_iter().for_each(|last| collect(*last, found)),
        Term::Or(operands) => operands.into_iter().for_each(|operand| collect(operand, found)),
        Term::Call(name, arguments) => match name.to_ascii_lowercase().as_str() {
            "contains" | "startswith" | "endswith" | "hashfiles" | "success" | "failure" | "always" | "cancelled" => {}
            "case" => {
                let last = arguments.len().saturating_sub(1);
                let values = arguments.into_iter().enumerate().filter(|(at, _)| at % 2 == 1 || *at == last);
                values.for_each(|(_, argument)| collect(argument, found));
            }
            _ => arguments.into_iter().for_each(|argument| collect(argument, found)),
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
