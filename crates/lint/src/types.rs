//! Which type an expression has, as far as the files tell.
//!
//! What is not known is [`Type::Any`], and nothing is ever said about it: a type is only what holds in every run.

mod at;
mod contexts;
mod functions;
mod infer;
mod problems;

use std::fmt;
use std::sync::Arc;

pub use at::{TypeAt, type_at};
pub use contexts::Surroundings;
pub(crate) use infer::ProblemKind;
pub use infer::{Inferred, infer};
pub use problems::TypeProblem;
pub(crate) use problems::of_kind;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Type {
    /// Not known.
    #[default]
    Any,
    Null,
    Bool,
    Number,
    String,
    /// `filtered` is the result of `.*`: properties are those of the items.
    Array {
        item: Arc<Type>,
        filtered: bool,
    },
    Object(Arc<ObjectType>),
}

/// The properties of an object, which are looked up without regard to case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectType {
    pub properties: Vec<(Arc<str>, Type)>,
    /// What properties that are not listed are; `None` when there are no others.
    pub rest: Option<Type>,
}

impl ObjectType {
    /// An object with these properties and no others.
    pub fn closed(properties: Vec<(Arc<str>, Type)>) -> ObjectType {
        ObjectType { properties, rest: None }
    }

    /// An object that may have others, of unknown types.
    pub fn open(properties: Vec<(Arc<str>, Type)>) -> ObjectType {
        ObjectType { properties, rest: Some(Type::Any) }
    }

    /// The type of a property; `None` when there is none of that name.
    pub fn get(&self, name: &str) -> Option<&Type> {
        let listed = self.properties.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, ty)| ty);
        listed.or(self.rest.as_ref())
    }

    /// One type for all values.
    fn values(&self) -> Type {
        let mut types = self.properties.iter().map(|(_, ty)| ty).chain(&self.rest);
        let Some(first) = types.next() else { return Type::Any };
        types.fold(first.clone(), |all, ty| all.merge(ty))
    }
}

impl Type {
    pub fn array(item: Type) -> Type {
        Type::Array { item: Arc::new(item), filtered: false }
    }

    pub fn closed(properties: Vec<(Arc<str>, Type)>) -> Type {
        Type::Object(Arc::new(ObjectType::closed(properties)))
    }

    pub fn open(properties: Vec<(Arc<str>, Type)>) -> Type {
        Type::Object(Arc::new(ObjectType::open(properties)))
    }

    /// An object whose properties, whatever they are called, are all of one type.
    pub fn map(values: Type) -> Type {
        Type::Object(Arc::new(ObjectType { properties: Vec::new(), rest: Some(values) }))
    }

    /// Of a value that is the one or the other.
    #[must_use]
    pub fn merge(&self, other: &Type) -> Type {
        match (self, other) {
            (a, b) if a == b => a.clone(),
            (Type::Null, ty) | (ty, Type::Null) => ty.clone(),
            (Type::Array { item: a, filtered }, Type::Array { item: b, .. }) => {
                Type::Array { item: Arc::new(a.merge(b)), filtered: *filtered }
            }
            (Type::Object(a), Type::Object(b)) => {
                let mut properties = a.properties.clone();
                for (name, ty) in &b.properties {
                    match properties.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
                        Some((_, own)) => *own = own.merge(ty),
                        None => properties.push((Arc::clone(name), ty.clone())),
                    }
                }
                let rest = match (&a.rest, &b.rest) {
                    (Some(a), Some(b)) => Some(a.merge(b)),
                    (rest, None) | (None, rest) => rest.clone(),
                };
                Type::Object(Arc::new(ObjectType { properties, rest }))
            }
            _ => Type::Any,
        }
    }

    /// Whether it is certainly a list or an object, which prints as `Array` or `Object`.
    pub fn is_collection(&self) -> bool {
        matches!(self, Type::Array { .. } | Type::Object(_))
    }

    /// With its article, for messages.
    pub fn described(&self) -> &'static str {
        match self {
            Type::Any => "a value",
            Type::Null => "null",
            Type::Bool => "a boolean",
            Type::Number => "a number",
            Type::String => "a string",
            Type::Array { .. } => "a list",
            Type::Object(_) => "an object",
        }
    }

    /// Of a constant.
    pub fn of_value(value: &expr::Value) -> Type {
        match value {
            expr::Value::Null => Type::Null,
            expr::Value::Bool(_) => Type::Bool,
            expr::Value::Number(_) => Type::Number,
            expr::Value::String(_) => Type::String,
            expr::Value::Array(items) => {
                let mut types = items.iter().map(Type::of_value);
                let first = types.next().unwrap_or_default();
                Type::array(types.fold(first, |all, ty| all.merge(&ty)))
            }
            expr::Value::Object(entries) => {
                Type::closed(entries.iter().map(|(name, value)| (Arc::from(name), Type::of_value(value))).collect())
            }
        }
    }
}

/// As editors show it: `{name: string, ports: {…: string}}`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("any"),
            Type::Null => f.write_str("null"),
            Type::Bool => f.write_str("boolean"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::Array { item, .. } => write!(f, "array<{item}>"),
            Type::Object(object) => {
                f.write_str("{")?;
                for (index, (name, ty)) in object.properties.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{name}: {ty}")?;
                }
                if let Some(rest) = &object.rest {
                    let comma = if object.properties.is_empty() { "" } else { ", " };
                    write!(f, "{comma}…: {rest}")?;
                }
                f.write_str("}")
            }
        }
    }
}
