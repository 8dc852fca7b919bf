//! Fills a tree in.

use serde_json::{Map, Value, json};

use super::parse::{Node, Operand, Pipeline};

/// Longer results are refused.
const LONGEST: usize = 16 << 20;

struct Scope<'a> {
    dot: &'a Value,
    variables: Vec<(String, Value)>,
}

pub(super) fn render(nodes: &[Node], value: &Value) -> Result<String, String> {
    let mut output = String::new();
    let mut scope = Scope { dot: value, variables: vec![(String::new(), value.clone())] };
    run(nodes, &mut scope, &mut output)?;
    Ok(output)
}

fn run(nodes: &[Node], scope: &mut Scope<'_>, output: &mut String) -> Result<(), String> {
    for node in nodes {
        if output.len() > LONGEST {
            return Err("the result is too long".into());
        }
        match node {
            Node::Text(text) => output.push_str(text),
            Node::Print(pipeline) => output.push_str(&shown(&pipe(pipeline, scope)?)),
            Node::Set(name, pipeline) => {
                let value = pipe(pipeline, scope)?;
                scope.variables.push((name.clone(), value));
            }
            Node::If(branches, other) => {
                let mut chosen = other;
                for (condition, body) in branches {
                    if truth(&pipe(condition, scope)?) {
                        chosen = body;
                        break;
                    }
                }
                within(chosen, scope, None, output)?;
            }
            Node::With(over, body, other) => {
                let value = pipe(over, scope)?;
                match truth(&value) {
                    true => within(body, scope, Some(&value), output)?,
                    false => within(other, scope, None, output)?,
                }
            }
            Node::Range { key, value, over, body, empty } => {
                let items: Vec<(Value, Value)> = match pipe(over, scope)? {
                    Value::Array(items) => items.into_iter().enumerate().map(|(at, item)| (json!(at), item)).collect(),
                    Value::Object(map) => {
                        let mut items: Vec<_> = map.into_iter().collect();
                        items.sort_by(|(one, _), (other, _)| one.cmp(other));
                        items.into_iter().map(|(key, item)| (Value::String(key), item)).collect()
                    }
                    Value::Null => Vec::new(),
                    other => return Err(format!("range can't iterate over {}", shown(&other))),
                };
                if items.is_empty() {
                    within(empty, scope, None, output)?;
                }
                for (index, item) in items {
                    let known = scope.variables.len();
                    scope.variables.extend(key.iter().map(|key| (key.clone(), index.clone())));
                    scope.variables.extend(value.iter().map(|value| (value.clone(), item.clone())));
                    within(body, scope, Some(&item), output)?;
                    scope.variables.truncate(known);
                }
            }
        }
    }
    Ok(())
}

fn within(nodes: &[Node], scope: &mut Scope<'_>, dot: Option<&Value>, output: &mut String) -> Result<(), String> {
    let variables = std::mem::take(&mut scope.variables);
    let known = variables.len();
    let mut inner = Scope { dot: dot.unwrap_or(scope.dot), variables };
    let done = run(nodes, &mut inner, output);
    inner.variables.truncate(known);
    scope.variables = inner.variables;
    done
}

fn pipe(pipeline: &Pipeline, scope: &Scope<'_>) -> Result<Value, String> {
    let mut before = None;
    for command in pipeline {
        before = Some(self::command(command, before, scope)?);
    }
    Ok(before.unwrap_or(Value::Null))
}

fn command(command: &[Operand], before: Option<Value>, scope: &Scope<'_>) -> Result<Value, String> {
    match command {
        [Operand::Function(name), arguments @ ..] => {
            let mut values = arguments.iter().map(|one| operand(one, scope)).collect::<Result<Vec<_>, _>>()?;
            values.extend(before);
            call(name, values)
        }
        [one] if before.is_none() => operand(one, scope),
        [one, ..] => Err(format!("can't give argument to non-function {}", shown(&operand(one, scope)?))),
        [] => Ok(Value::Null),
    }
}

fn operand(operand: &Operand, scope: &Scope<'_>) -> Result<Value, String> {
    match operand {
        Operand::Field(names) => walk(scope.dot.clone(), names),
        Operand::Variable(name, names) => {
            let found = scope.variables.iter().rev().find(|(known, _)| known == name);
            let (_, value) = found.ok_or_else(|| format!("undefined variable \"${name}\""))?;
            walk(value.clone(), names)
        }
        Operand::Group(inner, names) => walk(pipe(inner, scope)?, names),
        Operand::Function(name) => call(name, Vec::new()),
        Operand::Text(text) => Ok(Value::String(text.clone())),
        Operand::Number(number) if number.fract() == 0.0 => Ok(json!(*number as i64)),
        Operand::Number(number) => Ok(json!(number)),
        Operand::Boolean(value) => Ok(Value::Bool(*value)),
        Operand::Nil => Ok(Value::Null),
    }
}

fn walk(value: Value, names: &[String]) -> Result<Value, String> {
    let mut value = value;
    for name in names {
        value = match value {
            Value::Object(mut map) => match map.remove(name) {
                Some(found) => found,
                // Keys in lower case or with dots are those of maps (labels, networks), where nothing is no error.
                None if is_map(&map) => Value::Null,
                None => return Err(format!("<.{name}>: map has no entry for key {name:?}")),
            },
            Value::Null => return Err(format!("<.{name}>: nil pointer evaluating .{name}")),
            _ => return Err(format!("<.{name}>: can't evaluate field {name}")),
        };
    }
    Ok(value)
}

fn is_map(map: &Map<String, Value>) -> bool {
    map.keys().any(|key| !key.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn call(name: &str, mut values: Vec<Value>) -> Result<Value, String> {
    let count = values.len();
    let needs = |least: usize| match count < least {
        true => Err(format!("wrong number of args for {name}: want at least {least} got {count}")),
        false => Ok(()),
    };
    let text = |value: &Value| value.as_str().map_or_else(|| shown(value), str::to_owned);
    Ok(match name {
        "json" => {
            needs(1)?;
            Value::String(values.remove(0).to_string())
        }
        "index" => {
            needs(1)?;
            let mut value = values.remove(0);
            for key in values {
                value = index(value, &key)?;
            }
            value
        }
        "len" => {
            needs(1)?;
            match &values[0] {
                Value::Array(items) => json!(items.len()),
                Value::Object(map) => json!(map.len()),
                Value::String(text) => json!(text.len()),
                Value::Null => json!(0),
                other => return Err(format!("error calling len: len of type {}", shown(other))),
            }
        }
        "print" => Value::String(values.iter().map(shown).collect()),
        "println" => Value::String(values.iter().map(shown).collect::<Vec<_>>().join(" ") + "\n"),
        "printf" => {
            needs(1)?;
            let format = text(&values.remove(0));
            Value::String(printf(&format, &values))
        }
        "join" => {
            needs(2)?;
            let items = values[0].as_array().map(Vec::as_slice).unwrap_or_default();
            Value::String(items.iter().map(shown).collect::<Vec<_>>().join(&text(&values[1])))
        }
        "split" => {
            needs(2)?;
            let separator = text(&values[1]);
            json!(text(&values[0]).split(separator.as_str()).collect::<Vec<_>>())
        }
        "upper" | "lower" | "title" | "trim" => {
            needs(1)?;
            let text = text(&values[0]);
            Value::String(match name {
                "upper" => text.to_uppercase(),
                "lower" => text.to_lowercase(),
                "trim" => text.trim().to_owned(),
                _ => {
                    let mut letters = text.chars();
                    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
                }
            })
        }
        "truncate" => {
            needs(2)?;
            let most = values[1].as_u64().unwrap_or(0) as usize;
            Value::String(text(&values[0]).chars().take(most).collect())
        }
        "pad" => {
            needs(3)?;
            let blanks = |value: &Value| " ".repeat(value.as_u64().unwrap_or(0).min(1000) as usize);
            Value::String(format!("{}{}{}", blanks(&values[1]), text(&values[0]), blanks(&values[2])))
        }
        "slice" => {
            needs(1)?;
            slice(&values)?
        }
        "not" => {
            needs(1)?;
            Value::Bool(!truth(&values[0]))
        }
        "and" | "or" => {
            needs(1)?;
            let stop = name == "or";
            let at = values.iter().position(|value| truth(value) == stop).unwrap_or(count - 1);
            values.swap_remove(at)
        }
        "eq" => {
            needs(2)?;
            Value::Bool(values[1..].iter().any(|other| *other == values[0]))
        }
        "ne" => {
            needs(2)?;
            Value::Bool(values[0] != values[1])
        }
        "lt" | "le" | "gt" | "ge" => {
            needs(2)?;
            let order = match (&values[0], &values[1]) {
                (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
                (one, other) => one.as_f64().zip(other.as_f64()).and_then(|(one, other)| one.partial_cmp(&other)),
            };
            let order = order.ok_or_else(|| format!("error calling {name}: incompatible types for comparison"))?;
            Value::Bool(match name {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            })
        }
        name => return Err(format!("function {name:?} not defined")),
    })
}

fn index(value: Value, key: &Value) -> Result<Value, String> {
    match (value, key) {
        (Value::Object(mut map), Value::String(key)) => Ok(map.remove(key).unwrap_or(Value::Null)),
        (Value::Array(mut items), Value::Number(number)) => match number.as_u64().map(|at| at as usize) {
            Some(at) if at < items.len() => Ok(items.swap_remove(at)),
            _ => Err(format!("error calling index: reflect: slice index out of range: {number}")),
        },
        (Value::Null, _) => Err("error calling index: index of untyped nil".into()),
        (_, key) => Err(format!("error calling index: cannot index with {}", shown(key))),
    }
}

fn slice(values: &[Value]) -> Result<Value, String> {
    let length = match &values[0] {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        _ => return Err("error calling slice: can't slice it".into()),
    };
    let at = |index: usize, default| values.get(index).and_then(Value::as_u64).map_or(default, |at| at as usize);
    let (from, to) = (at(1, 0), at(2, length));
    let wrong = || format!("error calling slice: index out of range: {to}");
    match &values[0] {
        Value::String(text) => text.get(from..to).map(|text| json!(text)).ok_or_else(wrong),
        Value::Array(items) => items.get(from..to).map(|items| json!(items)).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn printf(format: &str, values: &[Value]) -> String {
    let mut values = values.iter();
    let mut output = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            output.push(letter);
            continue;
        }
        let mut width = String::new();
        let verb = loop {
            match letters.next() {
                Some(digit) if digit.is_ascii_digit() || digit == '-' => width.push(digit),
                other => break other,
            }
        };
        if verb == Some('%') {
            output.push('%');
            continue;
        }
        let text = match (verb, values.next()) {
            (Some('q'), Some(value)) => format!("{:?}", shown(value)),
            (Some('s' | 'd' | 'v' | 't' | 'f' | 'g'), Some(value)) => shown(value),
            (verb, value) => format!("%!{}({})", verb.unwrap_or(' '), value.map_or("MISSING".into(), shown)),
        };
        let left = width.starts_with('-');
        let width = width.trim_start_matches('-').parse::<usize>().unwrap_or(0).min(1000);
        output.push_str(&if left { format!("{text:<width$}") } else { format!("{text:>width$}") });
    }
    output
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// As Go prints values.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        // What is nothing here is an empty list or map in docker's types.
        Value::Null => "[]".into(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut items: Vec<_> = map.iter().collect();
            items.sort_by_key(|(key, _)| key.as_str());
            let items: Vec<String> = items.iter().map(|(key, value)| format!("{key}:{}", shown(value))).collect();
            format!("map[{}]", items.join(" "))
        }
        other => other.to_string(),
    }
}
