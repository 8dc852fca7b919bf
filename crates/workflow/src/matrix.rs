//! A job's matrix: the legs that `strategy.matrix` makes.
//!
//! Rules from `MatrixBuilder` of actions/runner: the product of the axes, the first axis slowest; `exclude` takes away by
//! partial match; `include` adds keys to what it matches, or a leg of its own where it matches nothing.

use std::collections::HashSet;
use std::sync::Arc;

use expr::{Object, Value};

mod filter;
mod name;

pub use name::leg_name;

use filter::matches;

/// GitHub's bound for the legs of one job.
pub const MAX_LEGS: usize = 256;
/// How many comparisons of a value with that of an entry may be made; only hostile files come near.
const MAX_WORK: u128 = 20_000_000;

/// One job of a matrix.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The `matrix` context: the axes' values in the file's order, then what `include` adds.
    pub values: Arc<Object>,
    /// The keys whose values name the leg: the axes, or all of an `include` entry that stands for itself.
    pub axes: Vec<Arc<str>>,
}

/// A matrix that makes no legs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    #[error("a matrix is a mapping, this is {0}")]
    NotAMapping(&'static str),
    #[error("the axis `{axis}` is a list, this is {found}")]
    AxisNotAList { axis: String, found: &'static str },
    #[error("the axis `{0}` has no values")]
    EmptyAxis(String),
    #[error("`{key}` is a list of mappings, this is {found}")]
    NotAListOfMappings { key: &'static str, found: &'static str },
    #[error("an entry of `{0}` says nothing")]
    EmptyEntry(&'static str),
    #[error("`exclude` names `{0}`, which is no axis of this matrix")]
    UnknownExcludeKey(String),
    #[error("this matrix has no axis and no `include`, so it makes no job")]
    NoAxes,
    #[error("this matrix makes {count} jobs, at most {MAX_LEGS} are allowed")]
    TooLarge { count: u128 },
}

/// The legs of an evaluated matrix, in order. Empty when everything is excluded.
///
/// # Errors
/// When the matrix is not one, or makes more than [`MAX_LEGS`] legs; memory stays bounded in every case.
pub fn expand_matrix(matrix: &Value) -> Result<Vec<Leg>, MatrixError> {
    let Value::Object(matrix) = matrix else {
        return Err(MatrixError::NotAMapping(described(matrix)));
    };
    let mut axes: Vec<(&str, &[Value])> = Vec::new();
    let (mut include, mut exclude): (Vec<&Object>, Vec<&Object>) = (Vec::new(), Vec::new());
    for (key, value) in matrix.iter() {
        match key {
            "include" => include = entries("include", value)?,
            "exclude" => exclude = entries("exclude", value)?,
            axis => axes.push((axis, axis_values(axis, value)?)),
        }
    }
    if axes.is_empty() && include.is_empty() {
        return Err(MatrixError::NoAxes);
    }
    let axis_names: HashSet<String> = axes.iter().map(|(axis, _)| axis.to_lowercase()).collect();
    let is_axis = |key: &str| axis_names.contains(&key.to_lowercase());
    if let Some(key) = exclude.iter().flat_map(|entry| entry.keys()).find(|key| !is_axis(key)) {
        return Err(MatrixError::UnknownExcludeKey(key.to_owned()));
    }
    let product = product(&axes);
    let keys: usize = exclude.iter().chain(&include).map(|entry| entry.len()).sum();
    let work = product.saturating_mul(axes.len() as u128).saturating_mul(1 + keys as u128);
    if work > MAX_WORK {
        return Err(MatrixError::TooLarge { count: product });
    }
    let includes: Vec<Include<'_>> = include.into_iter().map(|entry| Include::new(entry, &is_axis)).collect();
    let mut matched = vec![false; includes.len()];
    let mut legs: Vec<Leg> = Vec::new();
    let mut count: u128 = 0;
    let names: Vec<Arc<str>> = axes.iter().map(|(axis, _)| Arc::from(*axis)).collect();
    let mut digits = vec![0usize; axes.len()];
    for _ in 0..product {
        let combination =
            || names.iter().zip(&axes).zip(&digits).map(|((name, (_, values)), digit)| (name, &values[*digit]));
        if !exclude.iter().any(|entry| matches(entry.iter(), combination())) {
            count += 1;
            let keep = legs.len() < MAX_LEGS;
            let mut values = Object::new();
            if keep {
                values.extend(combination().map(|(name, value)| (Arc::clone(name), value.clone())));
            }
            for (include, matched) in includes.iter().zip(&mut matched) {
                // Beyond the bound legs are only counted, and so is whether an entry stands for itself.
                if (keep || !*matched) && matches(include.filter.iter().copied(), combination()) {
                    *matched = true;
                    if keep {
                        values.extend(include.extra.iter().map(|(key, value)| (*key, (*value).clone())));
                    }
                }
            }
            if keep {
                legs.push(Leg { values: Arc::new(values), axes: names.clone() });
            }
        }
        advance(&mut digits, &axes);
    }
    for include in includes.iter().zip(&matched).filter(|(_, matched)| !**matched).map(|(include, _)| include) {
        count += 1;
        if legs.len() < MAX_LEGS {
            legs.push(include.leg());
        }
    }
    if count > MAX_LEGS as u128 { Err(MatrixError::TooLarge { count }) } else { Ok(legs) }
}

/// An entry of `include`: axes in it are a filter, the other keys are added to what the filter matches.
struct Include<'a> {
    filter: Vec<(&'a str, &'a Value)>,
    extra: Vec<(&'a str, &'a Value)>,
}

impl<'a> Include<'a> {
    fn new(entry: &'a Object, is_axis: &dyn Fn(&str) -> bool) -> Include<'a> {
        let (filter, extra) = entry.iter().partition(|(key, _)| is_axis(key));
        Include { filter, extra }
    }

    fn leg(&self) -> Leg {
        let entries = || self.filter.iter().chain(&self.extra);
        Leg {
            values: Arc::new(entries().map(|(key, value)| (*key, (*value).clone())).collect()),
            axes: entries().map(|(key, _)| Arc::from(*key)).collect(),
        }
    }
}

fn axis_values<'a>(axis: &str, value: &'a Value) -> Result<&'a [Value], MatrixError> {
    match value {
        Value::Array(values) if values.is_empty() => Err(MatrixError::EmptyAxis(axis.to_owned())),
        Value::Array(values) => Ok(values.items()),
        other => Err(MatrixError::AxisNotAList { axis: axis.to_owned(), found: described(other) }),
    }
}

fn entries<'a>(key: &'static str, value: &'a Value) -> Result<Vec<&'a Object>, MatrixError> {
    let wrong = |value: &Value| MatrixError::NotAListOfMappings { key, found: described(value) };
    let Value::Array(items) = value else {
        return Err(wrong(value));
    };
    items
        .iter()
        .map(|item| match item {
            Value::Object(entry) if entry.is_empty() => Err(MatrixError::EmptyEntry(key)),
            Value::Object(entry) => Ok(entry.as_ref()),
            other => Err(wrong(other)),
        })
        .collect()
}

fn product(axes: &[(&str, &[Value])]) -> u128 {
    if axes.is_empty() {
        return 0;
    }
    axes.iter().fold(1u128, |product, (_, values)| product.saturating_mul(values.len() as u128))
}

/// The next combination: the last axis turns fastest.
fn advance(digits: &mut [usize], axes: &[(&str, &[Value])]) {
    for (digit, (_, values)) in digits.iter_mut().zip(axes).rev() {
        *digit += 1;
        if *digit < values.len() {
            return;
        }
        *digit = 0;
    }
}

fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
