//! The expression language of GitHub Actions: what stands between `${{` and `}}`, and in `if:`.
//!
//! Owns lexing, parsing with GitHub's own error wording, evaluation with GitHub's coercions and limits,
//! templates (text with expressions in it), conditions, and traces that show every sub-value.
//!
//! Must not touch files, the network, the clock or randomness: what an expression may read comes in through
//! [`Context`], and what it may name through [`Scope`].

pub mod batch;
mod condition;
mod context;
mod error;
mod eval;
pub mod explain;
mod expr;
mod json;
mod json_context;
mod scope;
mod template;
mod text;
mod trace;
mod value;
mod view;

pub use condition::{Condition, STATUS_FUNCTIONS};
pub use context::Context;
pub use error::{EvalError, ParseError, ParseErrorKind};
pub use eval::{evaluate, evaluate_traced, evaluate_within};
pub use expr::{Expr, Reference, parse};
pub use json_context::JsonContext;
pub use scope::{Function, Scope};
pub use template::{Segment, Template};
pub use trace::{Outcome, PartKind, Trace};
pub use value::{Array, Object, Value};
pub use view::{Comparison, Part, Term};
