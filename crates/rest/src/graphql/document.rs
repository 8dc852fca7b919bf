//! A parsed request with its variables.

use std::collections::HashMap;

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    TypeCondition, Value as Written, VariableDefinition,
};
use serde_json::{Map, Value};

use super::args::Args;
use super::fault::Fault;
use super::schema::applies;

/// One operation of a document, with everything it refers to.
pub(crate) struct Operation<'d> {
    pub(crate) mutation: bool,
    pub(crate) selection: &'d SelectionSet<'static, String>,
    fragments: HashMap<&'d str, &'d FragmentDefinition<'static, String>>,
    variables: Map<String, Value>,
}

/// Parses a document. Errors name line and column.
pub(crate) fn parse(text: &str) -> Result<Document<'static, String>, Fault> {
    graphql_parser::parse_query::<String>(text).map(Document::into_static).map_err(|error| {
        let message = error.to_string();
        Fault::document("parseError", message.trim().to_owned())
    })
}

impl<'d> Operation<'d> {
    /// Picks the operation of a name, or the only one, and puts its variables in place.
    pub(crate) fn pick(
        document: &'d Document<'static, String>,
        name: Option<&str>,
        given: &Map<String, Value>,
    ) -> Result<Self, Fault> {
        let mut fragments = HashMap::new();
        let mut operations = Vec::new();
        for definition in &document.definitions {
            match definition {
                Definition::Fragment(fragment) => {
                    fragments.insert(fragment.name.as_str(), fragment);
                }
                Definition::Operation(operation) => operations.push(operation),
            }
        }
        let name = name.filter(|name| !name.is_empty());
        let mut matching = operations.into_iter().filter(|one| name.is_none() || name_of(one) == name);
        let operation =
            matching.next().ok_or_else(|| Fault::document("operationMissing", "The document has no such operation"))?;
        if matching.next().is_some() {
            return Err(Fault::document("operationMissing", "The document has several operations: name one"));
        }
        let (mutation, selection, definitions): (_, _, &[VariableDefinition<'static, String>]) = match operation {
            OperationDefinition::SelectionSet(selection) => (false, selection, &[]),
            OperationDefinition::Query(query) => (false, &query.selection_set, &query.variable_definitions),
            OperationDefinition::Mutation(mutation) => (true, &mutation.selection_set, &mutation.variable_definitions),
            OperationDefinition::Subscription(_) => {
                return Err(Fault::document("unsupportedOperation", "Subscriptions are not supported"));
            }
        };
        let mut variables = Map::new();
        for definition in definitions {
            let value = match (given.get(&definition.name), &definition.default_value) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) => constant(default),
                (None, None) => continue,
            };
            variables.insert(definition.name.clone(), value);
        }
        for definition in definitions {
            let wanted = matches!(definition.var_type, graphql_parser::query::Type::NonNullType(_));
            if wanted && variables.get(&definition.name).is_none_or(Value::is_null) {
                let message =
                    format!("Variable ${} of type {} was provided invalid value", definition.name, definition.var_type);
                return Err(Fault::document("invalidVariable", message).at(definition.position));
            }
        }
        Ok(Self { mutation, selection, fragments, variables })
    }

    /// The arguments of a field. A variable that has no value is left out.
    pub(crate) fn args(&self, field: &Field<'static, String>) -> Args {
        let pairs = field.arguments.iter().filter_map(|(name, value)| Some((name.clone(), self.value(value)?)));
        Args(pairs.collect())
    }

    fn value(&self, written: &Written<'static, String>) -> Option<Value> {
        match written {
            Written::Variable(name) => self.variables.get(name).cloned(),
            Written::List(items) => Some(items.iter().filter_map(|item| self.value(item)).collect()),
            Written::Object(pairs) => {
                let pairs = pairs.iter().filter_map(|(name, value)| Some((name.clone(), self.value(value)?)));
                Some(Value::Object(pairs.collect()))
            }
            other => Some(constant(other)),
        }
    }

    pub(crate) fn fragment(&self, name: &str) -> Option<&'d FragmentDefinition<'static, String>> {
        self.fragments.get(name).copied()
    }

    /// `@skip` and `@include`.
    pub(crate) fn included(&self, directives: &[Directive<'static, String>]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.arguments.iter().find(|(name, _)| name == "if");
            let condition = condition.and_then(|(_, value)| self.value(value)).and_then(|value| value.as_bool());
            match directive.name.as_str() {
                "skip" => condition != Some(true),
                "include" => condition != Some(false),
                _ => true,
            }
        })
    }

    /// The fields that a selection has for an object of `kind`, by the names they have in the answer and in the order of the
    /// document. Fields of one name are one, with the selections of all.
    pub(crate) fn fields(
        &self,
        selections: &[&'d SelectionSet<'static, String>],
        kind: &str,
    ) -> Vec<(&'d str, Vec<&'d Field<'static, String>>)> {
        let mut found = Vec::new();
        for selection in selections {
            self.collect(selection, kind, &mut found, 0);
        }
        found
    }

    fn collect(
        &self,
        selection: &'d SelectionSet<'static, String>,
        kind: &str,
        found: &mut Vec<(&'d str, Vec<&'d Field<'static, String>>)>,
        depth: usize,
    ) {
        // The check before has refused deeper ones, and fragments that contain themselves.
        if depth > super::check::DEEPEST {
            return;
        }
        for item in &selection.items {
            match item {
                Selection::Field(field) if self.included(&field.directives) => {
                    let key = field.alias.as_deref().unwrap_or(&field.name);
                    match found.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, fields)) => fields.push(field),
                        None => found.push((key, vec![field])),
                    }
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    if let Some(fragment) = self.fragment(&spread.fragment_name) {
                        let TypeCondition::On(condition) = &fragment.type_condition;
                        if applies(condition, kind) {
                            self.collect(&fragment.selection_set, kind, found, depth + 1);
                        }
                    }
                }
                Selection::InlineFragment(inline) if self.included(&inline.directives) => {
                    let fits = match &inline.type_condition {
                        Some(TypeCondition::On(condition)) => applies(condition, kind),
                        None => true,
                    };
                    if fits {
                        self.collect(&inline.selection_set, kind, found, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }
}

fn name_of<'o>(operation: &'o OperationDefinition<'static, String>) -> Option<&'o str> {
    match operation {
        OperationDefinition::SelectionSet(_) => None,
        OperationDefinition::Query(query) => query.name.as_deref(),
        OperationDefinition::Mutation(mutation) => mutation.name.as_deref(),
        OperationDefinition::Subscription(subscription) => subscription.name.as_deref(),
    }
}

fn constant(written: &Written<'static, String>) -> Value {
    match written {
        Written::Variable(_) | Written::Null => Value::Null,
        Written::Int(number) => number.as_i64().map_or(Value::Null, Value::from),
        Written::Float(number) => Value::from(*number),
        Written::String(text) => Value::from(text.as_str()),
        Written::Boolean(flag) => Value::from(*flag),
        Written::Enum(name) => Value::from(name.as_str()),
        Written::List(items) => items.iter().map(constant).collect(),
        Written::Object(pairs) => {
            Value::Object(pairs.iter().map(|(name, value)| (name.clone(), constant(value))).collect())
        }
    }
}
