use std::fmt;

use crate::{Array, Object, Value};

/// How deep arrays and objects may nest, as in the reader GitHub uses.
const MAX_DEPTH: usize = 64;

/// Why a text is not JSON, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    reason: String,
    line: usize,
    column: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, line, column } = self;
        write!(formatter, "{reason} (line {line}, position {column})")
    }
}

/// Reads JSON as GitHub's reader does, which is more lenient than the standard: comments, single quotes, bare keys,
/// trailing commas, hexadecimal and octal numbers, `NaN` and `Infinity` are read, and what follows the first value is ignored.
pub(crate) fn read(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { text, index: 0 };
    reader.skip()?;
    if reader.rest().is_empty() {
        return Err(reader.error("the text is empty"));
    }
    reader.value(0)
}

struct Reader<'a> {
    text: &'a str,
    index: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.index..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.index += expected.len_utf8();
        }
        found
    }

    fn error(&self, reason: impl Into<String>) -> JsonError {
        let before = self.text.get(..self.index).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        JsonError {
            reason: reason.into(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }

    fn unexpected(&self, expected: &str) -> JsonError {
        match self.peek() {
            Some(character) => self.error(format!("expected {expected}, found '{character}'")),
            None => self.error(format!("expected {expected}, found the end of the text")),
        }
    }

    /// Skips white space and comments.
    fn skip(&mut self) -> Result<(), JsonError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.index += rest.len() - trimmed.len();
            let comment = if trimmed.starts_with("//") {
                Some(trimmed.find('\n').unwrap_or(trimmed.len()))
            } else if let Some(body) = trimmed.strip_prefix("/*") {
                let length = body.find("*/").ok_or_else(|| self.error("the comment is not closed"))?;
                Some(length + 4)
            } else {
                None
            };
            match comment {
                Some(length) => self.index += length,
                None => return Ok(()),
            }
        }
    }

    /// Recursion is limited by `MAX_DEPTH`.
    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth >= MAX_DEPTH && matches!(self.peek(), Some('{' | '[')) {
            return Err(self.error(format!("it nests deeper than {MAX_DEPTH} levels")));
        }
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some(quote @ ('"' | '\'')) => Ok(self.string(quote)?.into()),
            Some(character) if character == '-' || character == '.' || character.is_ascii_digit() => self.number(),
            Some(_) => self.word(),
            None => Err(self.unexpected("a value")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.index += 1;
        let mut items = Vec::new();
        loop {
            self.skip()?;
            if self.take(']') {
                return Ok(Array::new(items).into());
            }
            items.push(self.value(depth + 1)?);
            self.skip()?;
            if !self.take(',') && self.peek() != Some(']') {
                return Err(self.unexpected("',' or ']'"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.index += 1;
        let mut object = Object::new();
        loop {
            self.skip()?;
            if self.take('}') {
                return Ok(object.into());
            }
            let key = self.key()?;
            self.skip()?;
            if !self.take(':') {
                return Err(self.unexpected("':'"));
            }
            self.skip()?;
            let value = self.value(depth + 1)?;
            object.insert(key, value);
            self.skip()?;
            if !self.take(',') && self.peek() != Some('}') {
                return Err(self.unexpected("',' or '}'"));
            }
        }
    }

    fn key(&mut self) -> Result<String, JsonError> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.string(quote),
            Some(character) if is_word(character) => Ok(self.take_word().to_owned()),
            _ => Err(self.unexpected("a key or '}'")),
        }
    }

    fn take_word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        self.index += length;
        &rest[..length]
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        let start = self.index;
        let value = match self.take_word() {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            "undefined" => Value::from(""),
            _ => {
                self.index = start;
                return Err(self.unexpected("a value"));
            }
        };
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.index;
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix("-Infinity") {
            self.index += rest.len() - after.len();
            return Ok(Value::Number(f64::NEG_INFINITY));
        }
        let length = rest
            .find(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, '.' | '+' | '-')))
            .unwrap_or(rest.len());
        let text = &rest[..length];
        self.index += length;
        parse_number(text).map(Value::Number).ok_or_else(|| {
            self.index = start;
            self.error(format!("'{text}' is not a number"))
        })
    }

    fn string(&mut self, quote: char) -> Result<String, JsonError> {
        self.index += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(length) = rest.find([quote, '\\']) else {
                return Err(self.error("the string is not closed"));
            };
            text.push_str(&rest[..length]);
            self.index += length;
            if self.take(quote) {
                return Ok(text);
            }
            self.index += 1;
            text.push(self.escape()?);
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let Some(character) = self.peek() else {
            return Err(self.error("the string is not closed"));
        };
        let plain = match character {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' | '/' | '"' | '\'' => character,
            'u' => return self.unicode_escape(),
            _ => return Err(self.error(format!("'\\{character}' is no escape"))),
        };
        self.index += character.len_utf8();
        Ok(plain)
    }

    /// `uXXXX`, or two of them for a character of two UTF-16 units; a unit without its other half is replaced.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        self.index += 1;
        let first = self.hex_digits()?;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let after_first = self.index;
            self.index += 2;
            let second = self.hex_digits()?;
            let mut pair = char::decode_utf16([first, second]);
            if let (Some(Ok(character)), None) = (pair.next(), pair.next()) {
                return Ok(character);
            }
            self.index = after_first;
        }
        Ok(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex_digits(&mut self) -> Result<u16, JsonError> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error("'\\u' wants four hexadecimal digits"))?;
        self.index += 4;
        Ok(unit)
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

#[expect(clippy::cast_precision_loss, reason = "numbers of the language are floating-point")]
fn parse_number(text: &str) -> Option<f64> {
    let bits = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(|bits| bits.cast_signed() as f64);
    match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => bits(&text[2..], 16),
        [b'0', second, ..] if !matches!(second, b'.' | b'e' | b'E') => bits(&text[1..], 8),
        _ => {
            let starts = text
                .strip_prefix('-')
                .unwrap_or(text)
                .starts_with(|first: char| first == '.' || first.is_ascii_digit());
            if starts { text.parse().ok() } else { None }
        }
    }
}
