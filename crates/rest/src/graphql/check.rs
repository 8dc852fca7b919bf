//! Before anything is looked up: are all fields there, and is it not too much?

use graphql_parser::query::{Field, Selection, SelectionSet, TypeCondition};
use serde_json::json;

use super::document::Operation;
use super::fault::Fault;
use super::schema::{At, named};

/// The deepest nesting of selections, fragments included.
pub(crate) const DEEPEST: usize = 20;
/// The most nodes that a request may ask for, as on GitHub.
const MOST_NODES: u64 = 500_000;
/// The most fields of a document, fragments counted each time they are used.
const MOST_FIELDS: usize = 5_000;

struct Check<'o, 'd> {
    operation: &'o Operation<'d>,
    faults: Vec<Fault>,
    fields: usize,
    nodes: u64,
    /// Fragments that we are in.
    within: Vec<&'d str>,
}

/// The points that an operation costs beyond the one of its request, as GitHub counts them: one for each hundred nodes that it
/// may give.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn check(operation: &Operation<'_>) -> Result<u64, Vec<Fault>> {
    let root = if operation.mutation { "Mutation" } else { "Query" };
    let Some(root) = named(root) else { return Ok(0) };
    let mut check = Check { operation, faults: Vec::new(), fields: 0, nodes: 0, within: Vec::new() };
    check.selection(operation.selection, At::Type(root), 1, 1);
    if check.nodes > MOST_NODES {
        let message = format!(
            "This query requests up to {} possible nodes which exceeds the maximum limit of {MOST_NODES}.",
            check.nodes
        );
        check.faults.push(Fault::new("MAX_NODE_LIMIT_EXCEEDED", message));
    }
    if check.fields > MOST_FIELDS {
        let message = format!("This query has more than {MOST_FIELDS} fields.");
        check.faults.push(Fault::new("RESOURCE_LIMITS_EXCEEDED", message));
    }
    if check.faults.is_empty() { Ok(check.nodes / 100) } else { Err(check.faults) }
}

impl<'d> Check<'_, 'd> {
    fn selection(&mut self, selection: &'d SelectionSet<'static, String>, at: At, depth: usize, times: u64) {
        if depth > DEEPEST {
            self.faults.push(Fault::new("RESOURCE_LIMITS_EXCEEDED", format!("This query is deeper than {DEEPEST}.")));
            return;
        }
        for item in &selection.items {
            // Enough is known, and what is left could be very much.
            if self.fields > MOST_FIELDS || self.faults.len() > 20 {
                return;
            }
            match item {
                Selection::Field(field) => self.field(field, at, depth, times),
                Selection::InlineFragment(inline) => match &inline.type_condition {
                    Some(TypeCondition::On(condition)) => {
                        self.fragment(condition, &inline.selection_set, inline.position, depth, times);
                    }
                    None => self.selection(&inline.selection_set, at, depth + 1, times),
                },
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    let Some(fragment) = self.operation.fragment(name) else {
                        let message = format!("Fragment {name} was used, but not defined");
                        self.faults.push(Fault::document("useAndDefineFragment", message).at(spread.position));
                        continue;
                    };
                    if self.within.contains(&name) {
                        let message = format!("Fragment {name} contains an infinite loop");
                        self.faults.push(Fault::document("infiniteLoop", message).at(spread.position));
                        continue;
                    }
                    self.within.push(name);
                    let TypeCondition::On(condition) = &fragment.type_condition;
                    self.fragment(condition, &fragment.selection_set, fragment.position, depth, times);
                    self.within.pop();
                }
            }
        }
    }

    fn fragment(
        &mut self,
        condition: &str,
        selection: &'d SelectionSet<'static, String>,
        position: graphql_parser::Pos,
        depth: usize,
        times: u64,
    ) {
        match named(condition) {
            Some(kind) => self.selection(selection, At::Type(kind), depth + 1, times),
            None => {
                let message = format!("No such type {condition}, so it can't be a fragment condition");
                self.faults.push(Fault::document("undefinedType", message).at(position));
            }
        }
    }

    fn field(&mut self, field: &'d Field<'static, String>, at: At, depth: usize, times: u64) {
        self.fields += 1;
        let (name, kind) = (field.name.as_str(), at.name());
        let Some((inner, args)) = at.field(name) else {
            let fault = Fault::document("undefinedField", format!("Field '{name}' doesn't exist on type '{kind}'"));
            let extensions = Some(json!({ "code": "undefinedField", "typeName": kind, "fieldName": name }));
            self.faults.push(Fault { extensions, ..fault }.at(field.position));
            return;
        };
        for (argument, _) in &field.arguments {
            if !args.contains(&argument.as_str()) {
                let message = format!("Field '{name}' doesn't accept argument '{argument}'");
                self.faults.push(Fault::document("argumentNotAccepted", message).at(field.position));
            }
        }
        match (inner, field.selection_set.items.is_empty()) {
            (None, false) => {
                let message = format!("Selections can't be made on scalars (field '{name}' returns a scalar)");
                self.faults.push(Fault::document("selectionMismatch", message).at(field.position));
            }
            (Some(inner), true) => {
                let message = format!("Field must have selections (field '{name}' returns {})", inner.name());
                self.faults.push(Fault::document("selectionMismatch", message).at(field.position));
            }
            (None, true) => {}
            (Some(inner), false) => {
                let mut times = times;
                if matches!(inner, At::Connection(_)) {
                    let args = self.operation.args(field);
                    let size = args.number("first").or(args.number("last")).unwrap_or(0);
                    if !(0..=100).contains(&size) {
                        let message = format!(
                            "Requesting {size} records on the `{name}` connection exceeds the `first` limit of 100 records."
                        );
                        self.faults.push(Fault::new("EXCESSIVE_PAGINATION", message).at(field.position));
                        return;
                    }
                    times = times.saturating_mul(u64::try_from(size).unwrap_or(0).max(1));
                    self.nodes = self.nodes.saturating_add(times);
                }
                self.selection(&field.selection_set, inner, depth + 1, times);
            }
        }
    }
}
