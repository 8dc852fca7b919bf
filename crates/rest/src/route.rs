//! The route table: one row a route, and everything that is made from it.

pub(crate) mod fields;
mod matcher;
pub(crate) mod openapi;
pub(crate) mod reference;
mod row;
mod schema;
mod table;

pub use row::{Access, Gives, Handler, Route, TokenKinds};
pub use schema::{Field, Kind, Param};

pub(crate) use matcher::{Found, Matcher};
pub(crate) use schema::validate;
pub(crate) use table::all;
