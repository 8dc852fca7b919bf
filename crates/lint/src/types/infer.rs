//! From an expression to its type, with what cannot be right in it.

use std::ops::Range;
use std::sync::Arc;

use expr::{Comparison, Expr, Part, Term, Value};

use super::{Surroundings, Type, functions};

/// What was found out about an expression.
#[derive(Debug, Default)]
pub struct Inferred {
    pub ty: Type,
    /// Every part with its type, inner ones first.
    pub parts: Vec<(Range<usize>, Type)>,
    pub problems: Vec<Problem>,
}

/// Something that cannot be right, in bytes of the expression's source.
#[derive(Debug, Clone)]
pub struct Problem {
    pub kind: ProblemKind,
    pub range: Range<usize>,
    pub message: String,
    pub help: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    UnknownProperty,
    /// An operand or argument of a kind that the operation does nothing useful with.
    Mismatch,
    /// A comparison with a list or an object, which is never equal to anything.
    Comparison,
    /// A list or object that becomes the text `Array` or `Object`.
    Collection,
    /// `format` and `fromJSON` with constants that do not fit.
    Constant,
}

/// Infers the type of an expression at a place.
pub fn infer(expr: &Expr, surroundings: &Surroundings<'_>) -> Inferred {
    let mut inference = Inference { surroundings, found: Inferred::default() };
    if let Some(root) = expr.view() {
        inference.found.ty = inference.part(root);
    } else {
        inference.found.ty = Type::Null;
    }
    inference.found
}

pub(super) struct Inference<'i> {
    surroundings: &'i Surroundings<'i>,
    found: Inferred,
}

impl Inference<'_> {
    pub(super) fn problem(&mut self, kind: ProblemKind, part: Part<'_>, message: String, help: Vec<String>) {
        self.found.problems.push(Problem { kind, range: part.range(), message, help });
    }

    pub(super) fn part(&mut self, part: Part<'_>) -> Type {
        let ty = match part.term() {
            Term::Literal(value) => Type::of_value(value),
            Term::Wildcard => Type::String,
            Term::Context(name) => self.surroundings.context(name),
            Term::Index(container, index) => self.index(part, container, index),
            Term::Not(operand) => {
                self.part(operand);
                Type::Bool
            }
            Term::Compare(comparison, left, right) => self.compare(part, comparison, left, right),
            Term::And(operands) => {
                let types: Vec<Type> = operands.iter().map(|operand| self.part(*operand)).collect();
                let Some((last, rest)) = types.split_last() else { return Type::Any };
                if rest.iter().all(|ty| ty == last) { last.clone() } else { Type::Any }
            }
            Term::Or(operands) => {
                let types: Vec<Type> = operands.iter().map(|operand| self.part(*operand)).collect();
                // An operand counts only when it is truthy, and an `&&` that is truthy is its last operand.
                let truthy = operands.iter().zip(&types).map(|(operand, ty)| match operand.term() {
                    Term::And(inner) if *ty == Type::Any => inner.last().map_or(Type::Any, |last| self.known(*last)),
                    _ => ty.clone(),
                });
                let mut truthy = truthy.collect::<Vec<_>>().into_iter();
                let first = truthy.next().unwrap_or_default();
                truthy.fold(first, |all, ty| all.merge(&ty))
            }
            Term::Call(name, arguments) => functions::call(self, part, name, &arguments),
        };
        self.found.parts.push((part.range(), ty.clone()));
        ty
    }

    /// The type of a part that was inferred before.
    fn known(&self, part: Part<'_>) -> Type {
        let range = part.range();
        self.found.parts.iter().rev().find(|(other, _)| *other == range).map(|(_, ty)| ty.clone()).unwrap_or_default()
    }

    fn index(&mut self, part: Part<'_>, container: Part<'_>, index: Part<'_>) -> Type {
        let of = self.part(container);
        let constant = index.literal();
        let wildcard = matches!(index.term(), Term::Wildcard);
        if constant.is_none() && !wildcard {
            self.part(index);
        }
        match &of {
            Type::Any => Type::Any,
            Type::Object(object) if wildcard => Type::Array { item: Arc::new(object.values()), filtered: true },
            Type::Object(object) => match constant {
                Some(Value::String(name)) => match object.get(name) {
                    Some(ty) => ty.clone(),
                    None => {
                        self.unknown_property(part, container, name, object.properties.iter().map(|(name, _)| &**name));
                        Type::Any
                    }
                },
                Some(_) => Type::Any,
                None => object.values(),
            },
            Type::Array { item, .. } if wildcard => Type::Array { item: Arc::clone(item), filtered: true },
            Type::Array { item, filtered: true } => match (constant, &**item) {
                (Some(Value::String(name)), Type::Object(object)) => match object.get(name) {
                    Some(ty) => Type::Array { item: Arc::new(ty.clone()), filtered: true },
                    None => {
                        self.unknown_property(part, container, name, object.properties.iter().map(|(name, _)| &**name));
                        Type::Any
                    }
                },
                (Some(Value::Number(_)), _) => (**item).clone(),
                _ => Type::Any,
            },
            Type::Array { item, filtered: false } => match constant {
                Some(Value::String(name)) => {
                    let message = format!("`{}` is a list, and has no property `{name}`", container.text());
                    let help = vec![format!("`{}.*.{name}` is the list of its items' `{name}`", container.text())];
                    self.problem(ProblemKind::Mismatch, part, message, help);
                    Type::Any
                }
                _ => (**item).clone(),
            },
            Type::Null | Type::Bool | Type::Number | Type::String => {
                let message = format!("`{}` is {}, and has no properties", container.text(), of.described());
                let help = match of {
                    Type::String => vec![format!("`fromJSON({})` if the string is JSON", container.text())],
                    _ => Vec::new(),
                };
                self.problem(ProblemKind::Mismatch, part, message, help);
                Type::Any
            }
        }
    }

    fn unknown_property<'n>(
        &mut self,
        part: Part<'_>,
        container: Part<'_>,
        name: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        let message = format!("`{}` has no `{name}`", container.text());
        let mut help = Vec::new();
        if let Some(meant) = span::did_you_mean(name, known.clone()) {
            help.push(format!("did you mean `{meant}`?"));
        } else {
            let names: Vec<&str> = known.take(24).collect();
            help.push(match names.is_empty() {
                true => "it has nothing".to_owned(),
                false => format!("known here: {}", names.join(", ")),
            });
        }
        self.problem(ProblemKind::UnknownProperty, part, message, help);
    }

    fn compare(&mut self, part: Part<'_>, comparison: Comparison, left: Part<'_>, right: Part<'_>) -> Type {
        let (left_type, right_type) = (self.part(left), self.part(right));
        let odd = [(left, &left_type), (right, &right_type)].into_iter().find(|(_, ty)| ty.is_collection());
        // The same object is equal to itself; `x == x` is not what anybody writes.
        if let Some((odd, ty)) = odd {
            let result = comparison == Comparison::NotEqual;
            let message = format!("this is always {result}: `{}` is {}", odd.text(), ty.described());
            let help = match ty {
                Type::Array { .. } => format!("`contains({}, …)` asks whether something is in a list", odd.text()),
                _ => format!("compare one of its properties, or `toJSON({})`", odd.text()),
            };
            self.problem(ProblemKind::Comparison, part, message, vec![help]);
        } else if !matches!(comparison, Comparison::Equal | Comparison::NotEqual)
            && let Some((odd, _)) =
                [(left, &left_type), (right, &right_type)].into_iter().find(|(_, ty)| **ty == Type::Bool)
        {
            let message = format!("`{}` is a boolean, which has no order: it counts as 0 or 1", odd.text());
            self.problem(ProblemKind::Comparison, part, message, Vec::new());
        }
        Type::Bool
    }
}
