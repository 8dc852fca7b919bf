//! From text to words.

/// What an action is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// `.A.B`, without the leading dot; empty for `.` alone.
    Field(Vec<String>),
    /// `$name`, or `$` alone.
    Variable(String),
    Name(String),
    Text(String),
    Number(f64),
    Open,
    Close,
    Pipe,
    Comma,
    /// `:=` or `=`.
    Assign,
}

/// Text between actions, or an action's words.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    Action(Vec<Word>),
}

/// Takes a template apart.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut trim = false;
    while let Some(at) = rest.find("{{") {
        let mut before = &rest[..at];
        if trim {
            before = before.trim_start();
        }
        rest = &rest[at + 2..];
        if let Some(inner) = rest.strip_prefix('-').filter(|inner| inner.starts_with(char::is_whitespace)) {
            before = before.trim_end();
            rest = inner;
        }
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let (words, length) = action(rest)?;
        let inside = &rest[..length];
        trim = inside.ends_with('-') && inside[..inside.len() - 1].ends_with(char::is_whitespace);
        rest = &rest[length + 2..];
        if let Some(words) = words {
            parts.push(Part::Action(words));
        }
    }
    if trim {
        rest = rest.trim_start();
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// The words up to `}}`, and how many bytes they take. No words for a comment.
fn action(text: &str) -> Result<(Option<Vec<Word>>, usize), String> {
    if let Some(comment) = text.trim_start().strip_prefix("/*") {
        let end = comment.find("*/").ok_or("unclosed comment")?;
        let after = &comment[end + 2..];
        let close = after.find("}}").ok_or("unclosed action")?;
        return Ok((None, text.len() - after.len() + close));
    }
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let Some(letter) = rest.chars().next() else { return Err("unclosed action".into()) };
        if rest.starts_with("}}") {
            return Ok((Some(words), at));
        }
        if rest.starts_with("-}}") {
            return Ok((Some(words), at + 1));
        }
        let length = match letter {
            letter if letter.is_whitespace() => letter.len_utf8(),
            '(' | ')' | '|' | ',' | '=' => {
                words.push(match letter {
                    '(' => Word::Open,
                    ')' => Word::Close,
                    '|' => Word::Pipe,
                    ',' => Word::Comma,
                    _ => Word::Assign,
                });
                1
            }
            ':' if rest.starts_with(":=") => {
                words.push(Word::Assign);
                2
            }
            '"' | '`' => {
                let (value, length) = quoted(rest)?;
                words.push(Word::Text(value));
                length
            }
            '.' => {
                let length = 1 + rest[1..].find(|c: char| !is_letter(c) && c != '.').unwrap_or(rest.len() - 1);
                let names: Vec<String> = rest[1..length].split('.').map(str::to_owned).collect();
                if length > 1 && names.iter().any(String::is_empty) {
                    return Err(format!("bad field {:?}", &rest[..length]));
                }
                words.push(Word::Field(if length == 1 { Vec::new() } else { names }));
                length
            }
            '$' => {
                let length = 1 + rest[1..].find(|c: char| !is_letter(c)).unwrap_or(rest.len() - 1);
                words.push(Word::Variable(rest[1..length].to_owned()));
                length
            }
            letter if letter.is_ascii_digit() || letter == '-' || letter == '+' => {
                let length = 1 + rest[1..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len() - 1);
                let number = rest[..length].parse().map_err(|_| format!("bad number syntax: {:?}", &rest[..length]))?;
                words.push(Word::Number(number));
                length
            }
            letter if is_letter(letter) => {
                let length = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
                words.push(Word::Name(rest[..length].to_owned()));
                length
            }
            letter => return Err(format!("unexpected {letter:?} in command")),
        };
        at += length;
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn quoted(text: &str) -> Result<(String, usize), String> {
    let unclosed = || "unterminated quoted string".to_owned();
    if let Some(raw) = text.strip_prefix('`') {
        let end = raw.find('`').ok_or_else(unclosed)?;
        return Ok((raw[..end].to_owned(), end + 2));
    }
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, at + 1)),
            '\\' => match letters.next().ok_or_else(unclosed)?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                other => value.push(other),
            },
            letter => value.push(letter),
        }
    }
    Err(unclosed())
}
