use std::cmp::Ordering;
use std::sync::Arc;

use crate::Value;
use crate::expr::token::Operator;
use crate::text::{compare_ignore_case, equal_ignore_case};

/// Whether `left operator right` holds.
pub(crate) fn compare(operator: Operator, left: &Value, right: &Value) -> bool {
    match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => !equal(left, right),
        Operator::Less => order(left, right) == Some(Ordering::Less),
        Operator::Greater => order(left, right) == Some(Ordering::Greater),
        Operator::LessOrEqual => equal(left, right) || order(left, right) == Some(Ordering::Less),
        Operator::GreaterOrEqual => equal(left, right) || order(left, right) == Some(Ordering::Greater),
        Operator::Not | Operator::And | Operator::Or => false,
    }
}

/// Loose equality: text without regard to case, different kinds as numbers, collections by identity.
#[expect(clippy::float_cmp, reason = "the language compares numbers exactly")]
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => equal_ignore_case(left, right),
        (Value::Array(left), Value::Array(right)) => Arc::ptr_eq(left, right),
        (Value::Object(left), Value::Object(right)) => Arc::ptr_eq(left, right),
        _ => left.to_number() == right.to_number(),
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, Value::Null) | (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => None,
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(compare_ignore_case(left, right)),
        _ => left.to_number().partial_cmp(&right.to_number()),
    }
}
