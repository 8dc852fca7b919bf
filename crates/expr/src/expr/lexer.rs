use std::ops::Range;

use super::token::{Operator, Token, TokenKind};
use crate::ParseErrorKind;
use crate::value::number;

/// Cuts an expression into tokens and refuses those that cannot stand where they stand.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    index: usize,
    last: Option<TokenKind>,
    unclosed: Vec<TokenKind>,
}

/// A symbol that is no token, or a token out of place.
#[derive(Debug)]
pub(crate) struct Unexpected {
    pub(crate) kind: ParseErrorKind,
    pub(crate) range: Range<usize>,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, index: 0, last: None, unclosed: Vec::new() }
    }

    /// Whether a `(` or `[` is open.
    pub(crate) fn has_unclosed(&self) -> bool {
        !self.unclosed.is_empty()
    }

    pub(crate) fn next(&mut self) -> Result<Option<Token>, Unexpected> {
        self.index = self.skip_white_space(self.index);
        let start = self.index;
        let Some(first) = self.text[start..].chars().next() else {
            return Ok(None);
        };
        let single = |kind| Ok((kind, start + 1));
        let (kind, end) = match first {
            '(' if self.last == Some(TokenKind::Function) => single(TokenKind::StartParameters),
            '(' => single(TokenKind::StartGroup),
            '[' => single(TokenKind::StartIndex),
            ')' if self.unclosed.last() == Some(&TokenKind::StartParameters) => single(TokenKind::EndParameters),
            ')' => single(TokenKind::EndGroup),
            ']' => single(TokenKind::EndIndex),
            ',' => single(TokenKind::Separator),
            '*' => single(TokenKind::Wildcard),
            '\'' => self.string(start),
            '!' | '>' | '<' | '=' | '&' | '|' => self.operator(start),
            '.' if self.expects_operand() => self.number(start),
            '.' => single(TokenKind::Dereference),
            '-' | '+' | '0'..='9' => self.number(start),
            _ => self.keyword(start),
        }
        .map_err(|end: usize| Unexpected { kind: ParseErrorKind::Lexing, range: start..end })?;
        self.index = end;
        if !self.is_legal(&kind) || !self.balance(&kind) {
            return Err(Unexpected { kind: ParseErrorKind::Parsing, range: start..end });
        }
        self.last = Some(match &kind {
            TokenKind::String(_) => TokenKind::String(String::new()),
            other => other.clone(),
        });
        Ok(Some(Token { kind, range: start..end }))
    }

    fn skip_white_space(&self, from: usize) -> usize {
        let rest = &self.text[from..];
        from + (rest.len() - rest.trim_start().len())
    }

    fn expects_operand(&self) -> bool {
        self.last.as_ref().is_none_or(TokenKind::expects_operand)
    }

    /// The end of the run of characters that belong together from `from` on.
    fn word_end(&self, from: usize, dots: bool) -> usize {
        self.text[from..]
            .find(|character| is_boundary(character) && !(dots && character == '.'))
            .map_or(self.text.len(), |length| from + length)
    }

    fn number(&self, start: usize) -> Result<(TokenKind, usize), usize> {
        let end = self.word_end(start + 1, true);
        let number = number::parse(&self.text[start..end]);
        if number.is_nan() {
            return Err(end);
        }
        Ok((TokenKind::Number(number), end))
    }

    fn keyword(&self, start: usize) -> Result<(TokenKind, usize), usize> {
        let first = self.text[start..].chars().next().map_or(1, char::len_utf8);
        let end = self.word_end(start + first, false);
        let word = &self.text[start..end];
        if !is_keyword(word) {
            return Err(end);
        }
        let kind = match word {
            _ if self.last == Some(TokenKind::Dereference) => TokenKind::Property,
            "null" => TokenKind::Null,
            "true" => TokenKind::Bool(true),
            "false" => TokenKind::Bool(false),
            "NaN" => TokenKind::Number(f64::NAN),
            "Infinity" => TokenKind::Number(f64::INFINITY),
            _ if self.text[self.skip_white_space(end)..].starts_with('(') => TokenKind::Function,
            _ => TokenKind::Named,
        };
        Ok((kind, end))
    }

    fn string(&self, start: usize) -> Result<(TokenKind, usize), usize> {
        let mut value = String::new();
        let mut index = start + 1;
        loop {
            let Some(length) = self.text[index..].find('\'') else {
                return Err(self.text.len());
            };
            value.push_str(&self.text[index..index + length]);
            index += length + 1;
            if !self.text[index..].starts_with('\'') {
                return Ok((TokenKind::String(value), index));
            }
            value.push('\'');
            index += 1;
        }
    }

    fn operator(&self, start: usize) -> Result<(TokenKind, usize), usize> {
        let rest = &self.text[start..];
        let (operator, length) = match rest.as_bytes() {
            [b'!', b'=', ..] => (Operator::NotEqual, 2),
            [b'>', b'=', ..] => (Operator::GreaterOrEqual, 2),
            [b'<', b'=', ..] => (Operator::LessOrEqual, 2),
            [b'=', b'=', ..] => (Operator::Equal, 2),
            [b'&', b'&', ..] => (Operator::And, 2),
            [b'|', b'|', ..] => (Operator::Or, 2),
            [b'!', ..] => (Operator::Not, 1),
            [b'>', ..] => (Operator::Greater, 1),
            [b'<', ..] => (Operator::Less, 1),
            _ => return Err(self.word_end(start + 1, false)),
        };
        Ok((TokenKind::Operator(operator), start + length))
    }

    /// Whether the token may follow the last one.
    fn is_legal(&self, kind: &TokenKind) -> bool {
        let last = self.last.as_ref();
        match kind {
            TokenKind::StartIndex | TokenKind::Dereference => last.is_some_and(TokenKind::ends_container),
            TokenKind::StartParameters => last == Some(&TokenKind::Function),
            TokenKind::EndParameters => {
                last == Some(&TokenKind::StartParameters) || last.is_some_and(TokenKind::ends_operand)
            }
            TokenKind::EndGroup | TokenKind::EndIndex | TokenKind::Separator => {
                last.is_some_and(TokenKind::ends_operand)
            }
            TokenKind::Wildcard => {
                matches!(last, Some(TokenKind::StartIndex | TokenKind::Dereference))
            }
            TokenKind::Property => last == Some(&TokenKind::Dereference),
            TokenKind::Operator(Operator::Not) => self.expects_operand(),
            TokenKind::Operator(_) => last.is_some_and(TokenKind::ends_operand),
            TokenKind::StartGroup
            | TokenKind::Null
            | TokenKind::Bool(_)
            | TokenKind::Number(_)
            | TokenKind::String(_)
            | TokenKind::Function
            | TokenKind::Named => self.expects_operand(),
        }
    }

    /// Keeps count of what is open; false when the token closes or separates something that is not open.
    fn balance(&mut self, kind: &TokenKind) -> bool {
        let opener = match kind {
            TokenKind::StartGroup | TokenKind::StartIndex | TokenKind::StartParameters => {
                self.unclosed.push(kind.clone());
                return true;
            }
            TokenKind::EndGroup => TokenKind::StartGroup,
            TokenKind::EndIndex => TokenKind::StartIndex,
            TokenKind::EndParameters => TokenKind::StartParameters,
            TokenKind::Separator => {
                return self.unclosed.last() == Some(&TokenKind::StartParameters);
            }
            _ => return true,
        };
        self.unclosed.pop_if(|open| *open == opener).is_some()
    }
}

fn is_boundary(character: char) -> bool {
    matches!(character, '(' | '[' | ')' | ']' | ',' | '.' | '!' | '>' | '<' | '=' | '&' | '|')
        || character.is_whitespace()
}

/// Whether a word may name something: `[A-Za-z_][A-Za-z0-9_-]*`.
pub(crate) fn is_keyword(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
