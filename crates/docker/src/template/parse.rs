//! From words to a tree.

use super::lex::{Part, Word, parts};

/// Deeper nesting is refused.
const DEEPEST: usize = 64;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    /// `{{$x := …}}` prints nothing.
    Set(String, Pipeline),
    Print(Pipeline),
    /// Branches with their conditions, and what happens else.
    If(Vec<(Pipeline, Vec<Node>)>, Vec<Node>),
    With(Pipeline, Vec<Node>, Vec<Node>),
    Range {
        key: Option<String>,
        value: Option<String>,
        over: Pipeline,
        body: Vec<Node>,
        empty: Vec<Node>,
    },
}

/// Commands, each of which is given the result of the one before as its last argument.
pub(super) type Pipeline = Vec<Vec<Operand>>;

#[derive(Debug, Clone)]
pub(super) enum Operand {
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Function(String),
    Text(String),
    Number(f64),
    Boolean(bool),
    Nil,
    Group(Pipeline, Vec<String>),
}

pub(super) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut parts = parts(text)?.into_iter();
    let (nodes, end) = block(&mut parts, 0)?;
    match end {
        None => Ok(nodes),
        Some(words) => Err(format!("unexpected {{{{{}}}}}", name(&words))),
    }
}

fn name(words: &[Word]) -> &str {
    match words.first() {
        Some(Word::Name(name)) => name,
        _ => "",
    }
}

/// Nodes up to `else`, `end` or the end of the text; gives the words of what ended it.
fn block(parts: &mut std::vec::IntoIter<Part>, depth: usize) -> Result<(Vec<Node>, Option<Vec<Word>>), String> {
    if depth > DEEPEST {
        return Err("nested too deeply".into());
    }
    let mut nodes = Vec::new();
    while let Some(part) = parts.next() {
        let words = match part {
            Part::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Part::Action(words) => words,
        };
        match name(&words) {
            "else" | "end" => return Ok((nodes, Some(words))),
            "if" => nodes.push(conditional(&words[1..], parts, depth)?),
            "with" => {
                let over = pipeline(&words[1..])?;
                let (body, end) = block(parts, depth + 1)?;
                let other = otherwise(end, parts, depth)?;
                nodes.push(Node::With(over, body, other));
            }
            "range" => {
                let (key, value, over) = range_head(&words[1..])?;
                let (body, end) = block(parts, depth + 1)?;
                let empty = otherwise(end, parts, depth)?;
                nodes.push(Node::Range { key, value, over, body, empty });
            }
            "define" | "template" | "block" | "break" | "continue" => {
                return Err(format!("{{{{{}}}}} is not supported", name(&words)));
            }
            _ => match words.as_slice() {
                [Word::Variable(name), Word::Assign, rest @ ..] => nodes.push(Node::Set(name.clone(), pipeline(rest)?)),
                words => nodes.push(Node::Print(pipeline(words)?)),
            },
        }
    }
    Ok((nodes, None))
}

fn conditional(words: &[Word], parts: &mut std::vec::IntoIter<Part>, depth: usize) -> Result<Node, String> {
    let mut branches = Vec::new();
    let mut condition = pipeline(words)?;
    loop {
        let (body, end) = block(parts, depth + 1)?;
        branches.push((condition, body));
        match end.as_deref() {
            None => return Err("unexpected EOF".into()),
            Some([Word::Name(_), Word::Name(second), rest @ ..]) if second == "if" => condition = pipeline(rest)?,
            Some(words) => {
                let other = otherwise(Some(words.to_vec()), parts, depth)?;
                return Ok(Node::If(branches, other));
            }
        }
    }
}

/// What stands after `else`, when that is what ended a block.
fn otherwise(end: Option<Vec<Word>>, parts: &mut std::vec::IntoIter<Part>, depth: usize) -> Result<Vec<Node>, String> {
    match end.as_deref() {
        None => Err("unexpected EOF".into()),
        Some(words) if name(words) == "end" => Ok(Vec::new()),
        Some(_) => match block(parts, depth + 1)? {
            (nodes, Some(words)) if name(&words) == "end" => Ok(nodes),
            (_, Some(_)) => Err("expected end; found {{else}}".into()),
            (_, None) => Err("unexpected EOF".into()),
        },
    }
}

type RangeHead = (Option<String>, Option<String>, Pipeline);

fn range_head(words: &[Word]) -> Result<RangeHead, String> {
    match words {
        [Word::Variable(key), Word::Comma, Word::Variable(value), Word::Assign, rest @ ..] => {
            Ok((Some(key.clone()), Some(value.clone()), pipeline(rest)?))
        }
        [Word::Variable(value), Word::Assign, rest @ ..] => Ok((None, Some(value.clone()), pipeline(rest)?)),
        words => Ok((None, None, pipeline(words)?)),
    }
}

fn pipeline(words: &[Word]) -> Result<Pipeline, String> {
    let mut at = 0;
    let pipeline = commands(words, &mut at, 0)?;
    match words.get(at) {
        None => Ok(pipeline),
        Some(_) => Err("unexpected right paren".into()),
    }
}

/// Commands up to a closing parenthesis or the end.
fn commands(words: &[Word], at: &mut usize, depth: usize) -> Result<Pipeline, String> {
    if depth > DEEPEST {
        return Err("nested too deeply".into());
    }
    let mut pipeline = vec![Vec::new()];
    while let Some(word) = words.get(*at) {
        if *word == Word::Close {
            break;
        }
        *at += 1;
        let operand = match word {
            Word::Pipe => {
                if pipeline.last().is_some_and(Vec::is_empty) {
                    return Err("missing value for command".into());
                }
                pipeline.push(Vec::new());
                continue;
            }
            Word::Open => {
                let inner = commands(words, at, depth + 1)?;
                if words.get(*at) != Some(&Word::Close) {
                    return Err("unclosed left paren".into());
                }
                *at += 1;
                // `(…).Field` comes as a field of its own; docker's users write no blank there.
                let fields = match words.get(*at) {
                    Some(Word::Field(fields)) if !fields.is_empty() => {
                        *at += 1;
                        fields.clone()
                    }
                    _ => Vec::new(),
                };
                Operand::Group(inner, fields)
            }
            Word::Field(fields) => Operand::Field(fields.clone()),
            Word::Variable(name) => match words.get(*at) {
                Some(Word::Field(fields)) if !fields.is_empty() => {
                    *at += 1;
                    Operand::Variable(name.clone(), fields.clone())
                }
                _ => Operand::Variable(name.clone(), Vec::new()),
            },
            Word::Text(text) => Operand::Text(text.clone()),
            Word::Number(number) => Operand::Number(*number),
            Word::Name(name) => match name.as_str() {
                "true" => Operand::Boolean(true),
                "false" => Operand::Boolean(false),
                "nil" => Operand::Nil,
                _ => Operand::Function(name.clone()),
            },
            Word::Comma | Word::Assign | Word::Close => return Err("unexpected operator in operand".into()),
        };
        if let Some(command) = pipeline.last_mut() {
            command.push(operand);
        }
    }
    if pipeline.last().is_some_and(Vec::is_empty) {
        return Err("missing value for command".into());
    }
    Ok(pipeline)
}
