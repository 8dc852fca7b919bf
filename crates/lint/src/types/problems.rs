//! What is wrong with the types of a file's expressions. Found once for all the rules that tell it.

use std::ops::Range;

use span::Span;

use super::infer::{Problem, ProblemKind};
use super::{Surroundings, Type, infer};
use crate::document::Document;
use crate::project::Project;
use crate::subject::ExpressionSubject;
use crate::walk;

/// A problem with its place in the file.
#[derive(Debug, Clone)]
pub struct TypeProblem {
    pub(crate) kind: ProblemKind,
    pub span: Span,
    pub message: String,
    pub help: Vec<String>,
}

/// The problems of one kind.
pub(crate) fn of_kind<'a>(
    project: &Project,
    document: &'a Document,
    kind: ProblemKind,
) -> impl Iterator<Item = &'a TypeProblem> {
    document.type_problems(|| find(project, document)).iter().filter(move |problem| problem.kind == kind)
}

fn find(project: &Project, document: &Document) -> Vec<TypeProblem> {
    let mut found = Vec::new();
    walk::each_expression(project, document, &mut |subject| {
        let surroundings = Surroundings { project, document, owner: subject.owner };
        let inferred = infer(subject.expr, &surroundings);
        let expected = expectation(subject, &inferred.ty);
        for problem in inferred.problems.into_iter().chain(expected) {
            found.push(TypeProblem {
                kind: problem.kind,
                span: subject.place(problem.range),
                message: problem.message,
                help: problem.help,
            });
        }
    });
    found
}

/// What a key takes.
enum Takes {
    Anything,
    Text,
    Number,
    Bool,
    Labels,
}

/// What is wrong with a value of this type under the key of an expression.
fn expectation(subject: &ExpressionSubject<'_>, ty: &Type) -> Option<Problem> {
    let template = subject.template?;
    let alone = template.as_expr().is_some();
    let range = subject.expr.range();
    let text = subject.expr.text().trim();
    match if alone { takes(subject) } else { Takes::Text } {
        Takes::Text if ty.is_collection() => Some(collection(text, range, ty)),
        Takes::Number => wrong(text, range, ty, "a number", &Type::Number),
        Takes::Bool => wrong(text, range, ty, "`true` or `false`", &Type::Bool),
        Takes::Labels => labels(text, range, ty),
        Takes::Text | Takes::Anything => None,
    }
}

/// An object is `{group, labels}` under `runs-on`.
fn labels(text: &str, range: Range<usize>, ty: &Type) -> Option<Problem> {
    let Type::Object(object) = ty else { return None };
    if object.get("labels").is_some() || object.get("group").is_some() {
        return None;
    }
    let message = format!("`{text}` is an object without `group` and `labels`, and names no runner");
    let names: Vec<&str> = object.properties.iter().map(|(name, _)| &**name).collect();
    let help = names.first().map(|name| format!("one of its properties may: `{text}.{name}`"));
    Some(Problem { kind: ProblemKind::Mismatch, range, message, help: help.into_iter().collect() })
}

fn takes(subject: &ExpressionSubject<'_>) -> Takes {
    let in_call = subject.owner.job().is_some_and(|job| matches!(job.kind, workflow::JobKind::Call(_)));
    match (subject.key.name, subject.key.entry) {
        ("run" | "name" | "run-name" | "shell" | "working-directory" | "args", _) => Takes::Text,
        ("concurrency", Some("group")) => Takes::Text,
        ("env" | "outputs", Some(_)) => Takes::Text,
        ("with", Some(_)) if !in_call && subject.step.is_some() => Takes::Text,
        ("timeout-minutes" | "cancel-timeout-minutes", _) | ("strategy", Some("max-parallel")) => Takes::Number,
        ("continue-on-error", _) | ("strategy", Some("fail-fast")) | ("concurrency", Some("cancel-in-progress")) => {
            Takes::Bool
        }
        ("runs-on", _) => Takes::Labels,
        _ => Takes::Anything,
    }
}

fn collection(text: &str, range: Range<usize>, ty: &Type) -> Problem {
    let word = if matches!(ty, Type::Array { .. }) { "Array" } else { "Object" };
    Problem {
        kind: ProblemKind::Collection,
        range,
        message: format!("`{text}` is {}, of which the text is `{word}`", ty.described()),
        help: vec![format!("`toJSON({text})` gives its content")],
    }
}

fn wrong(text: &str, range: Range<usize>, ty: &Type, expected: &str, right: &Type) -> Option<Problem> {
    if ty == right || *ty == Type::Any {
        return None;
    }
    let help = match ty {
        Type::String => vec![format!("`fromJSON({text})` makes one of text")],
        _ => Vec::new(),
    };
    let message = format!("this takes {expected}, and `{text}` is {}", ty.described());
    Some(Problem { kind: ProblemKind::Mismatch, range, message, help })
}
