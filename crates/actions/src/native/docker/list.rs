//! Lists in the inputs of Docker's actions: records of comma-separated values, as csv-parse reads them.

use crate::native::error::{Fault, Result};

/// How a list is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListStyle {
    /// A comma does not end an item; only a line break does.
    pub(crate) whole_lines: bool,
    /// Lines that begin with `#` are left out.
    pub(crate) comments: bool,
    /// `"` is a character like any other.
    pub(crate) plain_quotes: bool,
    /// Blanks around an item are not part of it.
    pub(crate) trim: bool,
}

impl ListStyle {
    /// Items at commas and line breaks.
    pub(crate) const COMMAS: Self = Self { whole_lines: false, comments: false, plain_quotes: false, trim: true };
    /// One item a line.
    pub(crate) const LINES: Self = Self { whole_lines: true, ..Self::COMMAS };
    /// One item a line, `#` for comments.
    pub(crate) const COMMENTED: Self = Self { comments: true, ..Self::LINES };
}

/// The items of an input.
pub(crate) fn items(text: &str, style: ListStyle) -> Vec<String> {
    let mut reader = Reader { relaxed: true, comments: style.comments, quotes: !style.plain_quotes };
    // A relaxed reader accepts everything but a quote that is never closed; that is taken as it stands.
    let records = reader.read(text).or_else(|_| {
        reader.quotes = false;
        reader.read(text)
    });
    let mut found = Vec::new();
    for record in records.unwrap_or_default() {
        if style.whole_lines {
            found.push(record.join(","));
        } else {
            found.extend(record.iter().flat_map(|field| field.split(',')).map(str::to_owned));
        }
    }
    found.retain(|item| !item.is_empty());
    if style.trim {
        found.iter_mut().for_each(|item| *item = item.trim().to_owned());
    }
    found
}

/// The fields of one line.
pub(crate) fn fields(text: &str) -> Result<Vec<String>> {
    let records = Reader { relaxed: false, comments: false, quotes: true }.read(text)?;
    Ok(records.into_iter().next().unwrap_or_default())
}

struct Reader {
    /// A quote that does not belong is a character.
    relaxed: bool,
    comments: bool,
    quotes: bool,
}

impl Reader {
    /// Records without empty lines.
    fn read(&self, text: &str) -> Result<Vec<Vec<String>>> {
        let refused = |what: &str| {
            Fault::Text(format!("`{text}` is no list of comma-separated values: {what}; write `\"\"` in it"))
        };
        let mut records = Vec::new();
        let mut record: Vec<String> = Vec::new();
        let mut field = String::new();
        let (mut quoting, mut quoted) = (false, false);
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            if char == '"' && self.quotes {
                if quoting {
                    match chars.peek() {
                        Some('"') => {
                            chars.next();
                            field.push('"');
                            continue;
                        }
                        None | Some(',' | '\n' | '\r') => {
                            (quoting, quoted) = (false, true);
                            continue;
                        }
                        Some(_) if !self.relaxed => return Err(refused("a character follows a closing quote")),
                        Some(_) => {
                            (quoting, quoted) = (false, true);
                            field.insert(0, '"');
                        }
                    }
                } else if field.is_empty() && !quoted {
                    quoting = true;
                    continue;
                } else if !self.relaxed {
                    return Err(refused("a quote stands inside a value"));
                }
            }
            match char {
                _ if quoting => field.push(char),
                '#' if self.comments && record.is_empty() && field.is_empty() && !quoted => {
                    while chars.next_if(|next| *next != '\n').is_some() {}
                }
                ',' => {
                    record.push(std::mem::take(&mut field));
                    quoted = false;
                }
                '\r' if chars.peek() == Some(&'\n') => {}
                '\n' | '\r' => {
                    finish(&mut records, &mut record, &mut field, quoted);
                    quoted = false;
                }
                other => field.push(other),
            }
        }
        if quoting {
            return Err(refused("a quote is never closed"));
        }
        finish(&mut records, &mut record, &mut field, quoted);
        Ok(records)
    }
}

fn finish(records: &mut Vec<Vec<String>>, record: &mut Vec<String>, field: &mut String, quoted: bool) {
    if record.is_empty() && field.is_empty() && !quoted {
        return;
    }
    record.push(std::mem::take(field));
    records.push(std::mem::take(record));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let table: &[(&str, ListStyle, &[&str])] = &[
            ("", ListStyle::LINES, &[]),
            ("a,b\nc", ListStyle::COMMAS, &["a", "b", "c"]),
            ("a,b\n\n c ", ListStyle::LINES, &["a,b", "c"]),
            ("# no\na # yes\n", ListStyle::COMMENTED, &["a # yes"]),
            ("\"a\nb\",c", ListStyle::LINES, &["a\nb,c"]),
            ("k=\"v\"", ListStyle::LINES, &["k=\"v\""]),
            ("\"k=a \"\"b\"\"\"", ListStyle::LINES, &["k=a \"b\""]),
            ("\"a\"b", ListStyle::LINES, &["\"a\"b"]),
            ("\"open", ListStyle::LINES, &["\"open"]),
            ("type=x,dest=\"a\"", ListStyle { plain_quotes: true, ..ListStyle::LINES }, &["type=x,dest=\"a\""]),
            (" a ", ListStyle { trim: false, ..ListStyle::LINES }, &[" a "]),
        ];
        for (text, style, want) in table {
            assert_eq!(items(text, *style), *want, "{text:?}");
        }
    }

    #[test]
    fn one_line() {
        assert_eq!(fields("type=raw,\"value=a,b\"").unwrap(), ["type=raw", "value=a,b"]);
        for broken in ["a\"b", "\"a\"b", "\"a"] {
            assert!(fields(broken).is_err(), "{broken}");
        }
    }
}
