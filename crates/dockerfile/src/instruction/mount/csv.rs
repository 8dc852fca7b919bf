//! The value of `--mount`: options apart by commas, quoted as in CSV.

use crate::Word;
use crate::instruction::MountOption;

pub(super) fn options(word: &Word) -> Vec<MountOption> {
    let mut options = Vec::new();
    let text = word.text.as_str();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let (field, exact, len) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted),
            None => {
                let len = rest.find(',').unwrap_or(rest.len());
                (rest[..len].to_owned(), true, len)
            }
        };
        let place = |offset: usize, len: usize| {
            if exact { word.part(at + offset, len) } else { word.part(at, rest.len().min(len + 2)) }
        };
        let option = match field.split_once('=') {
            Some((key, value)) => MountOption {
                key: key.to_ascii_lowercase(),
                key_span: place(0, key.len()),
                value: Some(Word::new(value, place(key.len() + 1, value.len()))),
            },
            None => MountOption { key: field.to_ascii_lowercase(), key_span: place(0, field.len()), value: None },
        };
        options.push(option);
        at += len;
        match text[at..].strip_prefix(',') {
            Some(_) => at += 1,
            None => return options,
        }
    }
}

/// A field behind its opening quote: `""` is a quote. Its length counts the quotes.
fn quoted_field(text: &str) -> (String, bool, usize) {
    let mut field = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            field.push(c);
            continue;
        }
        if chars.next_if(|(_, c)| *c == '"').is_some() {
            field.push('"');
            continue;
        }
        // What follows the closing quote up to the comma belongs to the field as it is.
        let rest = &text[at + 1..];
        let tail = rest.find(',').unwrap_or(rest.len());
        field.push_str(&rest[..tail]);
        return (field, false, at + 2 + tail);
    }
    (field, false, text.len() + 1)
}
