//! GraphQL: the part of GitHub's schema that its command line asks for.
//!
//! A request is parsed, its variables are put in place, and it is checked against the type table: unknown fields and
//! arguments, depth and cost are refused before anything is looked up. Then it is executed, field by field, by the
//! functions of the table.

mod args;
mod check;
mod connection;
mod context;
mod document;
mod endpoint;
mod execute;
mod fault;
mod mutations;
mod node;
mod schema;
mod types;

pub(crate) use endpoint::answer;
