//! The type table: every type with its fields, and the function behind each.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::OnceLock;

use identity::Permission;

use super::args::Args;
use super::context::Context;
use super::fault::Fault;
use super::node::{Node, Out};

pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Out, Fault>> + Send + 'a>>;

/// What answers a field.
pub(crate) type Resolve = for<'a> fn(&'a Context<'a>, &'a Node, &'a Args) -> Answering<'a>;

/// An async function `(&Context, &Node, &Args) -> Result<Out, Fault>` as a [`Resolve`].
macro_rules! resolve {
    ($function:path) => {
        |context, node, args| ::std::boxed::Box::pin($function(context, node, args))
    };
}
pub(crate) use resolve;

pub(crate) struct Type {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
    /// Of an interface or union: the types that are it.
    pub(crate) members: &'static [&'static str],
}

pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) args: &'static [&'static str],
    pub(crate) gives: Gives,
    /// None when the value is at hand in the node.
    pub(crate) resolve: Option<Resolve>,
    /// Of the repository that the node is in: what a token must be able to read for it.
    pub(crate) needs: Option<Permission>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    Scalar,
    One(&'static str),
    Many(&'static str),
    Connection(&'static str),
}

impl Type {
    pub(crate) const fn object(name: &'static str, fields: &'static [Field]) -> Self {
        Self { name, fields, members: &[] }
    }

    pub(crate) const fn interface(
        name: &'static str,
        members: &'static [&'static str],
        fields: &'static [Field],
    ) -> Self {
        Self { name, fields, members }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// Asked by the execution before the field's own function, so that none forgets it.
    pub(crate) const fn needs(self, permission: Permission) -> Self {
        Self { needs: Some(permission), ..self }
    }

    /// A scalar that is at hand.
    pub(crate) const fn value(name: &'static str) -> Self {
        Self { name, args: &[], gives: Gives::Scalar, resolve: None, needs: None }
    }

    /// An object that is at hand.
    pub(crate) const fn inner(name: &'static str, kind: &'static str) -> Self {
        Self { name, args: &[], gives: Gives::One(kind), resolve: None, needs: None }
    }

    /// Objects that are at hand.
    pub(crate) const fn inners(name: &'static str, kind: &'static str) -> Self {
        Self { name, args: &[], gives: Gives::Many(kind), resolve: None, needs: None }
    }

    pub(crate) const fn scalar(name: &'static str, args: &'static [&'static str], resolve: Resolve) -> Self {
        Self { name, args, gives: Gives::Scalar, resolve: Some(resolve), needs: None }
    }

    pub(crate) const fn one(
        name: &'static str,
        args: &'static [&'static str],
        kind: &'static str,
        resolve: Resolve,
    ) -> Self {
        Self { name, args, gives: Gives::One(kind), resolve: Some(resolve), needs: None }
    }

    pub(crate) const fn many(
        name: &'static str,
        args: &'static [&'static str],
        kind: &'static str,
        resolve: Resolve,
    ) -> Self {
        Self { name, args, gives: Gives::Many(kind), resolve: Some(resolve), needs: None }
    }

    pub(crate) const fn connection(
        name: &'static str,
        args: &'static [&'static str],
        kind: &'static str,
        resolve: Resolve,
    ) -> Self {
        Self { name, args, gives: Gives::Connection(kind), resolve: Some(resolve), needs: None }
    }
}

/// A type at a place in the answer. Connections and their edges have no row of their own.
#[derive(Clone, Copy)]
pub(crate) enum At {
    Type(&'static Type),
    Connection(&'static Type),
    Edge(&'static Type),
}

impl At {
    /// The name that errors and `__typename` have.
    pub(crate) fn name(self) -> String {
        match self {
            At::Type(kind) => kind.name.to_owned(),
            At::Connection(kind) => format!("{}Connection", kind.name),
            At::Edge(kind) => format!("{}Edge", kind.name),
        }
    }

    /// What a field gives; `None` when there is no such field. The names of its arguments come along.
    pub(crate) fn field(self, name: &str) -> Option<(Option<At>, &'static [&'static str])> {
        if name == "__typename" {
            return Some((None, &[]));
        }
        match self {
            At::Type(kind) => {
                let field = kind.field(name)?;
                let at = match field.gives {
                    Gives::Scalar => None,
                    Gives::One(kind) | Gives::Many(kind) => Some(At::Type(named(kind)?)),
                    Gives::Connection(kind) => Some(At::Connection(named(kind)?)),
                };
                Some((at, field.args))
            }
            At::Connection(kind) => match name {
                "nodes" => Some((Some(At::Type(kind)), &[])),
                "edges" => Some((Some(At::Edge(kind)), &[])),
                "pageInfo" => Some((Some(At::Type(named("PageInfo")?)), &[])),
                "totalCount" | "issueCount" | "userCount" | "repositoryCount" => Some((None, &[])),
                _ => None,
            },
            At::Edge(kind) => match name {
                "node" => Some((Some(At::Type(kind)), &[])),
                "cursor" => Some((None, &[])),
                _ => None,
            },
        }
    }
}

static TYPES: OnceLock<HashMap<&'static str, &'static Type>> = OnceLock::new();

/// The type of a name.
pub(crate) fn named(name: &str) -> Option<&'static Type> {
    let types = TYPES.get_or_init(|| super::types::all().map(|kind| (kind.name, kind)).collect());
    types.get(name).copied()
}

/// Whether an object of `kind` is also what a fragment is on.
pub(crate) fn applies(condition: &str, kind: &str) -> bool {
    condition == kind || named(condition).is_some_and(|condition| condition.members.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        for kind in super::super::types::all() {
            for member in kind.members {
                assert!(named(member).is_some(), "{}: there is no {member}", kind.name);
            }
            for field in kind.fields {
                assert!(
                    At::Type(kind).field(field.name).is_some(),
                    "{}.{} gives what is not there",
                    kind.name,
                    field.name
                );
                let again = kind.fields.iter().filter(|other| other.name == field.name).count();
                assert_eq!(again, 1, "{}.{}", kind.name, field.name);
            }
        }
    }
}
