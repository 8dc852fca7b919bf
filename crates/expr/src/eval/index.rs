use super::memory::{Counter, Exceeded, POINTER_SIZE};
use super::{Computed, Evaluator};
use crate::expr::node::{Node, NodeId, NodeKind};
use crate::{Array, EvalError, Value};

/// An index as both kinds of collections read it.
enum Index {
    Wildcard,
    Key {
        /// For objects; only primitive values are keys.
        name: Option<String>,
        /// For arrays.
        position: Option<usize>,
    },
}

impl Index {
    fn new(value: &Value) -> Self {
        let name = value
            .is_primitive()
            .then(|| value.to_display_string().into_owned());
        let position = position(value.to_number());
        Self::Key { name, position }
    }

    /// Calls `take` with every value of `collection` the index selects.
    fn select(
        &self,
        collection: &Value,
        mut take: impl FnMut(&Value) -> Result<(), Exceeded>,
    ) -> Result<(), Exceeded> {
        match (self, collection) {
            (Self::Wildcard, Value::Array(array)) => array.iter().try_for_each(take),
            (Self::Wildcard, Value::Object(object)) => object.values().try_for_each(take),
            (Self::Key { position, .. }, Value::Array(array)) => position
                .and_then(|position| array.get(position))
                .map_or(Ok(()), take),
            (Self::Key { name, .. }, Value::Object(object)) => name
                .as_deref()
                .and_then(|name| object.get(name))
                .map_or(Ok(()), &mut take),
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
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
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
        let wildcard = self
            .expr
            .node(index)
            .is_some_and(|index| matches!(index.kind, NodeKind::Wildcard));
        let container = self.node(container, level + 1)?;
        if container.is_primitive() {
            // The index is not even looked at.
            return Ok(if wildcard {
                Value::from(Array::filtered(Vec::new())).into()
            } else {
                Value::Null.into()
            });
        }
        let index = if wildcard {
            Index::Wildcard
        } else {
            Index::new(&self.node(index, level + 1)?)
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
            Value::Array(array) if filtered => array
                .iter()
                .try_for_each(|item| index.select(item, &mut take)),
            _ => index.select(&container, &mut take),
        };
        if taken.is_err() {
            return Err(self.exceeded(node));
        }
        Ok(Computed {
            value: Array::filtered(items).into(),
            bytes: Some(counter.bytes()),
        })
    }
}
