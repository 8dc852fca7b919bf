use std::ops::Range;

use super::lexer::Lexer;
use super::node::{Callee, FUNCTIONS, Node, NodeId, NodeKind};
use super::token::{Operator, Token, TokenKind};
use crate::text::utf16_len;
use crate::{ParseError, ParseErrorKind, Scope, Value};

/// The deepest an expression may nest.
pub(crate) const MAX_DEPTH: u32 = 50;
/// The longest an expression may be, in UTF-16 units.
pub(crate) const MAX_LENGTH: usize = 21_000;

/// Parses `source[span]`; ranges, in nodes and in errors, are bytes of `source`.
pub(crate) fn parse_span(
    source: &str,
    span: Range<usize>,
    scope: &Scope<'_>,
) -> Result<(Vec<Node>, Option<NodeId>), ParseError> {
    let text = &source[span.clone()];
    if utf16_len(text) > MAX_LENGTH {
        return Err(too_long(span));
    }
    Parser { text, base: span.start, scope, nodes: Vec::new(), operands: Vec::new(), operators: Vec::new() }.parse()
}

pub(crate) fn too_long(range: Range<usize>) -> ParseError {
    ParseError { kind: ParseErrorKind::Parsing, message: format!("Exceeded max expression length {MAX_LENGTH}"), range }
}

pub(crate) fn too_deep(range: Range<usize>) -> ParseError {
    ParseError { kind: ParseErrorKind::Parsing, message: format!("Exceeded max expression depth {MAX_DEPTH}"), range }
}

/// A function that may be called here.
struct Known<'a> {
    callee: Callee,
    name: &'a str,
    min: usize,
    max: usize,
}

/// An operand and its bytes with the parentheses around it.
struct Operand {
    node: NodeId,
    range: Range<usize>,
}

/// A shunting yard, as GitHub's parser is one: what it accepts and which error it reports first follow from that.
struct Parser<'a> {
    text: &'a str,
    base: usize,
    scope: &'a Scope<'a>,
    nodes: Vec<Node>,
    operands: Vec<Operand>,
    operators: Vec<Token>,
}

impl Parser<'_> {
    fn parse(mut self) -> Result<(Vec<Node>, Option<NodeId>), ParseError> {
        let mut lexer = Lexer::new(self.text);
        let mut last: Option<Token> = None;
        loop {
            let token = lexer
                .next()
                .map_err(|unexpected| self.error(unexpected.kind, "Unexpected symbol", unexpected.range))?;
            let Some(token) = token else { break };
            if token.kind.is_operator() {
                let empty_call = last.as_ref().is_some_and(|last| last.kind == TokenKind::StartParameters);
                self.push_operator(token.clone(), empty_call)?;
            } else {
                self.push_operand(&token)?;
            }
            last = Some(token);
        }
        let Some(last) = last else {
            return Ok((self.nodes, None));
        };
        let closing = matches!(last.kind, TokenKind::EndGroup | TokenKind::EndIndex | TokenKind::EndParameters);
        if lexer.has_unclosed() || (last.kind.is_operator() && !closing) {
            return Err(self.parsing("Unexpected end of expression", last.range));
        }
        while !self.operators.is_empty() {
            self.flush()?;
        }
        let Some(root) = self.operands.pop() else {
            return Err(self.parsing("Unexpected end of expression", last.range));
        };
        if self.depth(root.node) > MAX_DEPTH {
            return Err(too_deep(self.base..self.base + self.text.len()));
        }
        Ok((self.nodes, Some(root.node)))
    }

    fn push_operand(&mut self, token: &Token) -> Result<(), ParseError> {
        let raw = &self.text[token.range.clone()];
        let kind = match &token.kind {
            TokenKind::Null => NodeKind::Literal(Value::Null),
            TokenKind::Bool(value) => NodeKind::Literal(Value::Bool(*value)),
            TokenKind::Number(value) => NodeKind::Literal(Value::Number(*value)),
            TokenKind::String(value) => NodeKind::Literal(value.as_str().into()),
            TokenKind::Property => NodeKind::Literal(raw.into()),
            TokenKind::Wildcard => NodeKind::Wildcard,
            TokenKind::Function => {
                let callee = self.callee(raw, &token.range)?;
                NodeKind::Call { function: callee.callee, name: callee.name.into(), arguments: Vec::new() }
            }
            _ => match self.context(raw) {
                Some(name) => NodeKind::Named(name.into()),
                None => {
                    return Err(self.parsing("Unrecognized named-value", token.range.clone()));
                }
            },
        };
        let node = self.add(kind, &token.range, 1);
        self.operands.push(Operand { node, range: token.range.clone() });
        Ok(())
    }

    /// The context as the scope spells it, or as it is written where any name is one.
    fn context<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        let known = self.scope.contexts.iter().copied().find(|context| context.eq_ignore_ascii_case(name));
        known.or_else(|| self.scope.any_context.then_some(name))
    }

    fn callee(&self, name: &str, range: &Range<usize>) -> Result<Known<'_>, ParseError> {
        let everywhere = FUNCTIONS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name))
            .map(|&(name, callee, min, max)| Known { callee, name, min, max });
        let here = || {
            let host = self.scope.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name))?;
            Some(Known { callee: Callee::Host, name: host.name, min: host.min, max: host.max })
        };
        everywhere.or_else(here).ok_or_else(|| self.parsing("Unrecognized function", range.clone()))
    }

    fn push_operator(&mut self, token: Token, empty_call: bool) -> Result<(), ParseError> {
        let right_to_left = matches!(token.kind, TokenKind::StartGroup | TokenKind::Operator(Operator::Not));
        while !right_to_left
            && self.operators.last().is_some_and(|top| {
                token.kind.precedence() <= top.kind.precedence()
                    && !matches!(
                        top.kind,
                        TokenKind::StartGroup
                            | TokenKind::StartIndex
                            | TokenKind::StartParameters
                            | TokenKind::Separator
                    )
            })
        {
            self.flush()?;
        }
        match token.kind {
            TokenKind::EndGroup => self.end_group(&token),
            TokenKind::EndIndex => self.end_index(&token),
            TokenKind::EndParameters => self.end_parameters(&token, empty_call),
            _ => {
                self.operators.push(token);
                Ok(())
            }
        }
    }

    /// `(` operand `)`.
    fn end_group(&mut self, end: &Token) -> Result<(), ParseError> {
        match (self.operators.pop(), self.operands.last_mut()) {
            (Some(start), Some(operand)) => {
                operand.range = start.range.start..end.range.end;
                Ok(())
            }
            _ => Err(self.parsing("Unexpected symbol", end.range.clone())),
        }
    }

    /// container `[` index `]`.
    fn end_index(&mut self, end: &Token) -> Result<(), ParseError> {
        self.operators.pop();
        let (Some(index), Some(container)) = (self.operands.pop(), self.operands.pop()) else {
            return Err(self.parsing("Unexpected symbol", end.range.clone()));
        };
        let range = container.range.start..end.range.end;
        self.push_node(NodeKind::Index(container.node, index.node), range, &[container.node, index.node]);
        Ok(())
    }

    /// function `(` arguments `)`.
    fn end_parameters(&mut self, end: &Token, empty_call: bool) -> Result<(), ParseError> {
        let mut count = usize::from(!empty_call);
        while self.operators.pop().is_some_and(|operator| operator.kind == TokenKind::Separator) {
            count += 1;
        }
        let first = self.operands.len().saturating_sub(count);
        let supplied: Vec<NodeId> = self.operands.drain(first..).map(|operand| operand.node).collect();
        let Some(function) = self.operands.pop() else {
            return Err(self.parsing("Unexpected symbol", end.range.clone()));
        };
        let known = self.callee(&self.text[function.range.clone()], &function.range)?;
        let refused = if supplied.len() < known.min {
            Some("Too few parameters supplied")
        } else if supplied.len() > known.max {
            Some("Too many parameters supplied")
        } else if known.callee == Callee::Case && supplied.len().is_multiple_of(2) {
            Some("Even number of parameters supplied, requires an odd number of parameters")
        } else {
            None
        };
        if let Some(description) = refused {
            return Err(self.parsing(description, function.range));
        }
        let range = function.range.start..end.range.end;
        let depth = 1 + self.deepest(&supplied);
        let absolute = self.absolute(&range);
        if let Some(node) = self.nodes.get_mut(function.node as usize) {
            node.range = absolute;
            node.depth = depth;
            if let NodeKind::Call { arguments, .. } = &mut node.kind {
                *arguments = supplied;
            }
        }
        self.operands.push(Operand { node: function.node, range });
        Ok(())
    }

    /// Applies the topmost operator to the topmost operands.
    fn flush(&mut self) -> Result<(), ParseError> {
        let Some(token) = self.operators.pop() else {
            return Ok(());
        };
        let missing = |parser: &Self| parser.parsing("Unexpected symbol", token.range.clone());
        let Some(right) = self.operands.pop() else {
            return Err(missing(self));
        };
        if token.kind == TokenKind::Operator(Operator::Not) {
            let range = token.range.start..right.range.end;
            self.push_node(NodeKind::Not(right.node), range, &[right.node]);
            return Ok(());
        }
        let Some(left) = self.operands.pop() else {
            return Err(missing(self));
        };
        let range = left.range.start..right.range.end;
        let (left, right) = (left.node, right.node);
        let kind = match token.kind {
            TokenKind::Dereference => NodeKind::Index(left, right),
            TokenKind::Operator(operator @ (Operator::And | Operator::Or)) => {
                self.push_logical(operator, left, right, range);
                return Ok(());
            }
            TokenKind::Operator(operator) => NodeKind::Compare(operator, left, right),
            _ => return Err(missing(self)),
        };
        self.push_node(kind, range, &[left, right]);
        Ok(())
    }

    /// `a && b && c` is one node with three operands, however it is grouped; so is `||`.
    fn push_logical(&mut self, operator: Operator, left: NodeId, right: NodeId, range: Range<usize>) {
        let mut operands = Vec::new();
        let mut depth = 0;
        for operand in [left, right] {
            let Some(node) = self.nodes.get_mut(operand as usize) else {
                continue;
            };
            let nested = match &mut node.kind {
                NodeKind::And(nested) if operator == Operator::And => nested,
                NodeKind::Or(nested) if operator == Operator::Or => nested,
                _ => {
                    depth = depth.max(1 + node.depth);
                    operands.push(operand);
                    continue;
                }
            };
            depth = depth.max(node.depth);
            if operands.is_empty() {
                operands = std::mem::take(nested);
            } else {
                operands.append(nested);
            }
        }
        let kind = match operator {
            Operator::And => NodeKind::And(operands),
            _ => NodeKind::Or(operands),
        };
        let node = self.add(kind, &range, depth);
        self.operands.push(Operand { node, range });
    }

    fn push_node(&mut self, kind: NodeKind, range: Range<usize>, operands: &[NodeId]) {
        let depth = 1 + self.deepest(operands);
        let node = self.add(kind, &range, depth);
        self.operands.push(Operand { node, range });
    }

    fn add(&mut self, kind: NodeKind, range: &Range<usize>, depth: u32) -> NodeId {
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        let range = self.absolute(range);
        self.nodes.push(Node { kind, range, depth });
        id
    }

    fn depth(&self, node: NodeId) -> u32 {
        self.nodes.get(node as usize).map_or(0, |node| node.depth)
    }

    fn deepest(&self, nodes: &[NodeId]) -> u32 {
        nodes.iter().map(|node| self.depth(*node)).max().unwrap_or(0)
    }

    fn absolute(&self, range: &Range<usize>) -> Range<usize> {
        self.base + range.start..self.base + range.end
    }

    fn parsing(&self, description: &str, range: Range<usize>) -> ParseError {
        self.error(ParseErrorKind::Parsing, description, range)
    }

    fn error(&self, kind: ParseErrorKind, description: &str, range: Range<usize>) -> ParseError {
        let symbol = &self.text[range.clone()];
        let position = utf16_len(&self.text[..range.start]) + 1;
        ParseError {
            kind,
            message: format!(
                "{description}: '{symbol}'. Located at position {position} within expression: {}",
                self.text
            ),
            range: self.absolute(&range),
        }
    }
}
