use std::fmt::Write as _;

use crate::Value;

/// Writes a value as `toJSON` does: two spaces a level, keys in their order. `count` sees every fragment before it
/// is appended and may stop the writing.
pub(crate) fn write<E>(value: &Value, count: impl FnMut(&str) -> Result<(), E>) -> Result<String, E> {
    let mut writer = Writer { text: String::new(), count };
    writer.value("", value, 0)?;
    Ok(writer.text)
}

struct Writer<C> {
    text: String,
    count: C,
}

impl<E, C: FnMut(&str) -> Result<(), E>> Writer<C> {
    fn append(&mut self, prefix: &str, fragment: &str) -> Result<(), E> {
        let start = self.text.len();
        self.text.push_str(prefix);
        self.text.push_str(fragment);
        (self.count)(self.text.get(start..).unwrap_or_default())
    }

    /// Recursion goes as deep as the value, which came from JSON with a limited depth or was made by the host.
    fn value(&mut self, prefix: &str, value: &Value, level: usize) -> Result<(), E> {
        match value {
            Value::Null => self.append(prefix, "null"),
            Value::String(text) => self.append(prefix, &quote(text)),
            Value::Bool(_) | Value::Number(_) => self.append(prefix, &value.to_display_string()),
            Value::Array(array) if array.is_empty() => self.append(prefix, "[]"),
            Value::Object(object) if object.is_empty() => self.append(prefix, "{}"),
            Value::Array(array) => {
                self.append(prefix, "[")?;
                for (position, item) in array.iter().enumerate() {
                    self.value(&line(position > 0, level + 1), item, level + 1)?;
                }
                self.append(&line(false, level), "]")
            }
            Value::Object(object) => {
                self.append(prefix, "{")?;
                for (position, (key, item)) in object.iter().enumerate() {
                    self.append(&line(position > 0, level + 1), &quote(key))?;
                    self.value(": ", item, level + 1)?;
                }
                self.append(&line(false, level), "}")
            }
        }
    }
}

fn line(comma: bool, level: usize) -> String {
    let comma = if comma { "," } else { "" };
    format!("{comma}\n{:1$}", "", level * 2)
}

/// A JSON string with the escapes of .NET's most used serializer: besides what JSON demands, the line breaks of
/// Unicode.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
