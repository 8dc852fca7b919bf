//! The rules of `trunkline lint`.
//!
//! Owns: what a rule and a finding are, the table of rules (one a file, below `rules/`), which are on where, comments
//! and baselines that silence findings, fixes, and the forms of output. Must not: read files or ask git, inside rules or
//! elsewhere: a [`Project`] is made of texts and facts that are handed in.
//!
//! A file is read once into a [`Document`]; [`lint()`] walks it once and shows each [`Rule`] what it looks at. To add a
//! rule: a file below `rules/` with a `static` of type [`Rule`], a line in its group's table, and a page below
//! `docs/rules/` whose examples are its tests (`tests/it/pages.rs` says how they are written).

mod adopted;
mod baseline;
mod check;
mod comment;
mod config;
mod document;
mod external;
mod finding;
mod fix;
mod flow;
mod ignore;
mod javascript;
mod key_docs;
mod knowledge;
mod known_action;
mod links;
mod navigate;
mod newer;
mod options;
mod output;
pub mod parallel;
mod project;
mod reading_fix;
mod report;
mod rule;
mod rules;
mod runners;
mod shell;
mod steps;
mod subject;
mod tree;
pub mod types;
mod walk;
mod worlds;

pub use adopted::Adopted;
pub use baseline::{Baseline, Known};
pub use check::{Options, Outcome, lint, lint_document, lint_with};
pub use comment::Comment;
pub use config::{Config, PathConfig, Patterns};
pub use document::{Document, Kind};
pub use external::{Dialect, ScriptTask, script_tasks};
pub use finding::{Confidence, Finding};
pub use fix::{Edit, Fix, Fixed, Safety, apply, mend};
pub use ignore::ignore_here;
pub use key_docs::key_docs;
pub use known_action::{KnownAction, KnownInput, Version};
pub use navigate::{Symbol, SymbolKind, definitions_at, symbol_at, symbols};
pub use output::{render_json, render_junit, render_sarif};
pub use project::{EnvironmentNames, Facts, Project, Protection, Store, Tree, local_directory};
pub use report::Report;
pub use rule::{Check, Profile, Rule};
pub use rules::{RULES, find_rules};
pub use subject::{
    ActionSubject, ExpressionSubject, FileSubject, JobSubject, Key, Owner, StepSubject, WorkflowSubject,
};
pub use walk::each_expression;
