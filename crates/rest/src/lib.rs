//! The API that GitHub's tools speak: REST below `/api/v3`, GraphQL at `/api/graphql`.
//!
//! Owns: the route table, from which the router, the OpenAPI description, the reference page and the matrix of who may do
//! what are made; what all answers have in common (errors, pages, ETags, limits). Handlers are grouped by their subject.
//! Must not: decide who may do what (`identity` does), hold rules of git or of runs (`forge` and `control` do), or speak SQL.

mod acting;
mod actions;
mod api;
mod audit_log;
mod checks;
mod collaborators;
mod commits;
mod conditions;
mod connections;
mod contents;
mod edge;
mod git_data;
mod graphql;
mod hooks;
mod issues;
mod meta;
mod organizations;
mod pulls;
mod releases;
mod repos;
mod reviews;
mod route;
mod statuses;
mod teams;
mod users;

pub use api::{Api, Parts, Settings};
pub use edge::answer::{Answer, Body as AnswerBody};
pub use edge::call::Call;
pub use edge::media::Media;
pub use edge::page::Page;
pub use edge::problem::{Cause, FieldError, Problem};
pub use edge::rate::{Budget, Limits};
pub use route::{Access, Field, Gives, Handler, Kind, Param, Route, TokenKinds};

/// What handlers answer with.
pub type Result<T = Answer> = std::result::Result<T, Problem>;
