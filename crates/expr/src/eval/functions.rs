use super::format::{Piece, pieces};
use super::memory::{Counter, Exceeded};
use super::{Computed, Evaluator, compare};
use crate::expr::node::{Callee, Node, NodeId};
use crate::text::{contains_ignore_case, ends_with_ignore_case, starts_with_ignore_case};
use crate::{EvalError, Value, json};

impl Evaluator<'_> {
    pub(super) fn call(
        &mut self,
        node: &Node,
        function: Callee,
        name: &str,
        arguments: &[NodeId],
        level: usize,
    ) -> Result<Computed, EvalError> {
        match (function, arguments) {
            (Callee::Case, _) => self.case(node, arguments, level),
            (Callee::Contains, [text, part]) => self.contains(*text, *part, level),
            (Callee::StartsWith, [text, part]) => self.compare_text(*text, *part, level, starts_with_ignore_case),
            (Callee::EndsWith, [text, part]) => self.compare_text(*text, *part, level, ends_with_ignore_case),
            (Callee::Format, [format, arguments @ ..]) => self.format(node, *format, arguments, level),
            (Callee::Join, [items, separator @ ..]) => self.join(node, *items, separator.first().copied(), level),
            (Callee::ToJson, [value]) => {
                let value = self.node(*value, level + 1)?;
                let mut counter = Counter::new(self.memory.max());
                let text = json::write(&value, |fragment| counter.add_text(fragment))
                    .map_err(|Exceeded| self.exceeded(node))?;
                Ok(Value::from(text).into())
            }
            (Callee::FromJson, [text]) => {
                let text = self.node(*text, level + 1)?;
                json::read(&text.to_display_string())
                    .map(Computed::from)
                    .map_err(|reason| Self::fail(node, format!("Error parsing fromJson: {reason}")))
            }
            _ => self.call_host(node, name, arguments, level),
        }
    }

    fn call_host(
        &mut self,
        node: &Node,
        name: &str,
        arguments: &[NodeId],
        level: usize,
    ) -> Result<Computed, EvalError> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.node(*argument, level + 1)?);
        }
        match self.context.call(name, &values) {
            Some(Ok(value)) => Ok(value.into()),
            Some(Err(message)) => Err(Self::fail(node, message)),
            None => Err(Self::fail(node, format!("The function '{name}' is not available here"))),
        }
    }

    fn case(&mut self, node: &Node, arguments: &[NodeId], level: usize) -> Result<Computed, EvalError> {
        let mut pairs = arguments.chunks_exact(2);
        for pair in &mut pairs {
            let &[predicate, value] = pair else { continue };
            let Value::Bool(holds) = self.node(predicate, level + 1)? else {
                let predicate = self.expr.node(predicate).unwrap_or(node);
                return Err(Self::fail(predicate, "case predicate must evaluate to a boolean value"));
            };
            if holds {
                return Ok(self.node(value, level + 1)?.into());
            }
        }
        match pairs.remainder() {
            [default] => Ok(self.node(*default, level + 1)?.into()),
            _ => Err(Self::fail(node, "case requires an odd number of arguments")),
        }
    }

    fn contains(&mut self, text: NodeId, part: NodeId, level: usize) -> Result<Computed, EvalError> {
        let text = self.node(text, level + 1)?;
        let Value::Array(array) = &text else {
            if !text.is_primitive() {
                return Ok(false.into());
            }
            let part = self.node(part, level + 1)?;
            let found =
                part.is_primitive() && contains_ignore_case(&text.to_display_string(), &part.to_display_string());
            return Ok(found.into());
        };
        if array.is_empty() {
            return Ok(false.into());
        }
        let part = self.node(part, level + 1)?;
        Ok(array.iter().any(|item| compare::equal(&part, item)).into())
    }

    fn compare_text(
        &mut self,
        text: NodeId,
        part: NodeId,
        level: usize,
        holds: fn(&str, &str) -> bool,
    ) -> Result<Computed, EvalError> {
        let text = self.node(text, level + 1)?;
        if !text.is_primitive() {
            return Ok(false.into());
        }
        let part = self.node(part, level + 1)?;
        let holds = part.is_primitive() && holds(&text.to_display_string(), &part.to_display_string());
        Ok(holds.into())
    }

    fn join(
        &mut self,
        node: &Node,
        items: NodeId,
        separator: Option<NodeId>,
        level: usize,
    ) -> Result<Computed, EvalError> {
        let items = self.node(items, level + 1)?;
        let Value::Array(array) = &items else {
            let text = if items.is_primitive() { items.to_display_string().into_owned() } else { String::new() };
            return Ok(Value::from(text).into());
        };
        let mut separator_text = ",".to_owned();
        if let (Some(separator), true) = (separator, array.len() > 1) {
            let separator = self.node(separator, level + 1)?;
            if separator.is_primitive() {
                separator_text = separator.to_display_string().into_owned();
            }
        }
        let mut counter = Counter::new(self.memory.max());
        let mut joined = String::new();
        let mut append = |text: &str| -> Result<(), Exceeded> {
            counter.add_text(text)?;
            joined.push_str(text);
            Ok(())
        };
        for (position, item) in array.iter().enumerate() {
            if position > 0 {
                append(&separator_text).map_err(|Exceeded| self.exceeded(node))?;
            }
            append(&item.to_display_string()).map_err(|Exceeded| self.exceeded(node))?;
        }
        Ok(Value::from(joined).into())
    }

    /// Arguments are evaluated when they are first needed, and once.
    fn format(
        &mut self,
        node: &Node,
        format: NodeId,
        arguments: &[NodeId],
        level: usize,
    ) -> Result<Computed, EvalError> {
        let format = self.node(format, level + 1)?;
        let format = format.to_display_string();
        let pieces = pieces(&format, |index| {
            if index < arguments.len() {
                return Ok(());
            }
            Err(Self::fail(
                node,
                format!("The following format string references more arguments than were supplied: {format}"),
            ))
        })?;
        let Some(pieces) = pieces else {
            return Err(Self::fail(node, format!("The following format string is invalid: {format}")));
        };
        let mut counter = Counter::new(self.memory.max());
        let mut values: Vec<Option<Value>> = vec![None; arguments.len()];
        let mut result = String::new();
        for piece in &pieces {
            if let Piece::Text(text) = piece {
                counter.add_text(text).map_err(|Exceeded| self.exceeded(node))?;
            }
        }
        for piece in &pieces {
            let (index, specifiers) = match piece {
                Piece::Text(text) => {
                    result.push_str(text);
                    continue;
                }
                Piece::Argument { index, specifiers } => (*index, specifiers),
            };
            let (Some(slot), Some(argument)) = (values.get_mut(index), arguments.get(index)) else {
                continue;
            };
            if slot.is_none() {
                *slot = Some(self.node(*argument, level + 1)?);
            }
            let value = slot.clone().unwrap_or_default();
            if !specifiers.is_empty() {
                return Err(Self::fail(
                    node,
                    format!(
                        "The format specifiers '{specifiers}' are not valid for objects of type '{}'",
                        value.kind()
                    ),
                ));
            }
            let text = value.to_display_string();
            if !text.is_empty() {
                counter.add_text(&text).map_err(|Exceeded| self.exceeded(node))?;
                result.push_str(&text);
            }
        }
        Ok(Value::from(result).into())
    }
}
