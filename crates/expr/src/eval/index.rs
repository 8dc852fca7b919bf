use super::memory::{Counter, Exceeded, POINTER_SIZE};
use super::{Computed, Evaluator};
use crate::expr::node::{Node, NodeId, NodeKind};
use crate::{Array, EvalError, Value};

/// What is taken from a collection.
enum Index<'a> {
    /// Everything in it.
    Wildcard,
    /// What this stands for: a position in an array; a key of an object, if it is primitive.
    Key(&'a Value),
}

impl Index<'_> {
    /// Calls `take` with every value of `collection` the index selects.
    fn select(&self, collection: &Value, mut take: impl FnMut(&Value) -> Result<(), Exceeded>) -> Result<(), Exceeded> {
        match (self, collection) {
            (Self::Wildcard, Value::Array(array)) => array.iter().try_for_each(take),
            (Self::Wildcard, Value::Object(object)) => object.values().try_for_each(take),
            (Self::Key(key), Value::Array(array)) => {
                position(key.to_number()).and_then(|position| array.get(position)).map_or(Ok(()), take)
            }
            (Self::Key(key), Value::Object(object)) if key.is_primitive() => {
                object.get(&key.to_display_string()).map_or(Ok(()), &mut take)
            }
            _ => Ok(()),
        }
    }
}

/// The place a number stands for: rounded down, from 0 to what 32 bits with a sign hold.
fn position(number: f64) -> Option<usize> {
    let number = number.floor();
    if !(0.0..=f64::from(i32::MAX)).contains(&number) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    Some(number as usize)
}

impl Evaluator<'_> {
    pub(super) fn index(
        &mut self,
        node: &Node,
        container: NodeId,
        index: NodeId,
        level: usize,
    ) -> Result<Computed, EvalError> {
        let wildcard = self.expr.node(index).is_some_and(|index| matches!(index.kind, NodeKind::Wildcard));
        let container = self.node(container, level + 1)?;
        if container.is_primitive() {
            // The index is not even looked at.
            return Ok(if wildcard { Value::from(Array::filtered(Vec::new())).into() } else { Value::Null.into() });
        }
        let key;
        let index = if wildcard {
            Index::Wildcard
        } else {
            key = self.node(index, level + 1)?;
            Index::Key(&key)
        };
        let filtered = matches!(&container, Value::Array(array) if array.is_filtered());
        if !wildcard && !filtered {
            let mut selected = Value::Null;
            let _ = index.select(&container, |value| {
                selected = value.clone();
                Ok(())
            });
            return Ok(selected.into());
        }
        let mut items = Vec::new();
        let mut counter = Counter::new(self.memory.max());
        let mut take = |value: &Value| {
            items.push(value.clone());
            counter.add(POINTER_SIZE)
        };
        let taken = match &container {
            Value::Array(array) if filtered => array.iter().try_for_each(|item| index.select(item, &mut take)),
            _ => index.select(&container, &mut take),
        };
        if taken.is_err() {
            return Err(self.exceeded(node));
        }
        Ok(Computed { value: Array::filtered(items).into(), bytes: Some(counter.bytes()) })
    }
}
