//! The part of Handlebars that inputs of Docker's actions use: values, helpers with arguments, `if` and `unless`.

use crate::native::error::{Fault, Result};

/// Templates may be nested so deep.
const MAX_DEPTH: usize = 32;

/// What a name in a template means.
pub(crate) trait Names {
    /// The value of `{{name arg … key=value …}}`; `None` for a name that is not known.
    fn value(&self, name: &str, args: &[String], named: &[(String, String)]) -> Result<Option<String>>;
}

/// Fills a template. What `{{ }}` gives is escaped for HTML, as Handlebars does; what `{{{ }}}` gives is not.
pub(crate) fn fill(text: &str, names: &dyn Names) -> Result<String> {
    let mut out = String::new();
    let mut parser = Parser { text, at: 0, names };
    parser.run(&mut out, true, None, 0)?;
    Ok(out)
}

/// Whether the whole template is `{{name}}`.
pub(crate) fn is_only(text: &str, name: &str) -> bool {
    let inner = text.strip_prefix("{{{").and_then(|rest| rest.strip_suffix("}}}"));
    let inner = inner.or_else(|| text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")));
    inner.is_some_and(|inner| inner.trim() == name)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    names: &'a dyn Names,
}

impl<'a> Parser<'a> {
    fn refuse<T>(&self, what: impl AsRef<str>) -> Result<T> {
        Err(Fault::Text(format!("the template `{}` is not valid: {}", self.text, what.as_ref())))
    }

    /// Reads up to the end of the block `open`, or of the text. `live`: what is read counts. Returns whether it ended at
    /// `else`.
    fn run(&mut self, out: &mut String, live: bool, open: Option<&str>, depth: usize) -> Result<bool> {
        if depth > MAX_DEPTH {
            return self.refuse("blocks are nested too deep");
        }
        loop {
            let rest = &self.text[self.at..];
            let Some(start) = rest.find("{{") else {
                if let Some(open) = open {
                    return self.refuse(format!("`{{{{#{open}}}}}` is never closed"));
                }
                if live {
                    out.push_str(rest);
                }
                self.at = self.text.len();
                return Ok(false);
            };
            let before = &rest[..start];
            if let Some(plain) = before.strip_suffix('\\') {
                // An escaped one: it stands as text up to the next.
                let next = rest[start + 2..].find("{{").map_or(rest.len(), |next| start + 2 + next);
                if live {
                    out.push_str(plain);
                    out.push_str(&rest[start..next]);
                }
                self.at += next;
                continue;
            }
            if live {
                out.push_str(before);
            }
            self.at += start;
            let tag = self.tag()?;
            let head = tag.inner.trim_start_matches('~').trim_end_matches('~').trim();
            if head.starts_with('!') {
                continue;
            }
            if head == "else" || head == "^" {
                if open.is_none() {
                    return self.refuse("`else` stands outside of a block");
                }
                return Ok(true);
            }
            if let Some(name) = head.strip_prefix('/') {
                if open != Some(name.trim()) {
                    return self.refuse(format!("`{{{{/{name}}}}}` closes nothing"));
                }
                return Ok(false);
            }
            if let Some(block) = head.strip_prefix('#') {
                self.block(block.trim(), out, live, depth)?;
                continue;
            }
            let (raw, expression) = match head.strip_prefix('&') {
                Some(rest) => (true, rest.trim()),
                None => (tag.raw, head),
            };
            if live {
                let value = self.expression(expression)?;
                if raw { out.push_str(&value) } else { escape(&value, out) }
            }
        }
    }

    fn block(&mut self, head: &'a str, out: &mut String, live: bool, depth: usize) -> Result<()> {
        let (name, condition) = head.split_once(char::is_whitespace).unwrap_or((head, ""));
        let wanted = match name {
            "if" => true,
            "unless" => false,
            _ => return self.refuse(format!("the block `{name}` is not known; there are `if` and `unless`")),
        };
        let holds = live && self.expression(condition.trim())?.is_empty() != wanted;
        if self.run(out, live && holds, Some(name), depth + 1)?
            && self.run(out, live && !holds, Some(name), depth + 1)?
        {
            return self.refuse("a block has more than one `else`");
        }
        Ok(())
    }

    fn tag(&mut self) -> Result<Tag<'a>> {
        let rest = &self.text[self.at..];
        let raw = rest.starts_with("{{{");
        let (open, close) = if raw { (3, "}}}") } else { (2, "}}") };
        // A comment of this form may hold braces.
        let (open, close) = if rest.starts_with("{{!--") { (2, "--}}") } else { (open, close) };
        let Some(end) = rest[open..].find(close) else {
            return self.refuse(format!("`{close}` is missing"));
        };
        self.at += open + end + close.len();
        Ok(Tag { inner: &rest[open..open + end], raw })
    }

    fn expression(&self, text: &str) -> Result<String> {
        let mut words = Words { text, parser: self };
        let Some(Word::Name(name)) = words.next()? else {
            return self.refuse(format!("`{text}` begins with no name"));
        };
        let (mut args, mut named) = (Vec::new(), Vec::new());
        while let Some(word) = words.next()? {
            match word {
                Word::Text(text) => args.push(text),
                Word::Name(name) => args.push(self.names.value(&name, &[], &[])?.unwrap_or_default()),
                Word::Pair(name, value) => named.push((name, value)),
            }
        }
        match self.names.value(&name, &args, &named)? {
            Some(value) => Ok(value),
            None if args.is_empty() && named.is_empty() => Ok(String::new()),
            None => self.refuse(format!("there is no helper `{name}`")),
        }
    }
}

struct Tag<'a> {
    inner: &'a str,
    raw: bool,
}

enum Word {
    Name(String),
    Text(String),
    Pair(String, String),
}

struct Words<'a, 'p> {
    text: &'a str,
    parser: &'p Parser<'p>,
}

impl Words<'_, '_> {
    fn next(&mut self) -> Result<Option<Word>> {
        self.text = self.text.trim_start();
        let Some(first) = self.text.chars().next() else {
            return Ok(None);
        };
        if matches!(first, '"' | '\'') {
            return Ok(Some(Word::Text(self.quoted(first)?)));
        }
        let end = self.text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(self.text.len());
        let (name, rest) = self.text.split_at(end);
        if name.is_empty() || name.contains(['"', '\'', '(', ')', '{', '}', '|']) {
            return self.parser.refuse(format!("`{}` is not understood", self.text));
        }
        self.text = rest;
        if let Some(rest) = rest.strip_prefix('=') {
            self.text = rest;
            let value = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                _ => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    let (value, rest) = rest.split_at(end);
                    self.text = rest;
                    self.parser.names.value(value, &[], &[])?.unwrap_or_else(|| value.to_owned())
                }
            };
            return Ok(Some(Word::Pair(name.to_owned(), value)));
        }
        let number = name.bytes().all(|b| b.is_ascii_digit());
        Ok(Some(if number { Word::Text(name.to_owned()) } else { Word::Name(name.to_owned()) }))
    }

    fn quoted(&mut self, quote: char) -> Result<String> {
        let mut out = String::new();
        let mut chars = self.text.char_indices().skip(1).peekable();
        while let Some((at, char)) = chars.next() {
            if char == '\\' && chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                out.push(quote);
            } else if char == quote {
                self.text = &self.text[at + 1..];
                return Ok(out);
            } else {
                out.push(char);
            }
        }
        self.parser.refuse("a quote is never closed")
    }
}

fn escape(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '`' => out.push_str("&#x60;"),
            '=' => out.push_str("&#x3D;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl Names for Known {
        fn value(&self, name: &str, args: &[String], named: &[(String, String)]) -> Result<Option<String>> {
            Ok(match name {
                "branch" => Some("a&b".to_owned()),
                "empty" => Some(String::new()),
                "show" => Some(format!("[{}|{named:?}]", args.join(","))),
                _ => None,
            })
        }
    }

    #[test]
    fn table() {
        for (text, want) in [
            ("", Ok("")),
            ("plain } {", Ok("plain } {")),
            ("x-{{branch}}-{{ branch }}", Ok("x-a&amp;b-a&amp;b")),
            ("{{{branch}}}{{&branch}}", Ok("a&ba&b")),
            ("{{nothing}}.", Ok(".")),
            ("{{!-- }} --}}{{! note }}x", Ok("x")),
            ("\\{{branch}} {{{branch}}}", Ok("{{branch}} a&b")),
            ("{{{show 'a b' \"c'd\" tz='UTC'}}}", Ok("[a b,c'd|[(\"tz\", \"UTC\")]]")),
            ("{{#if branch}}y{{else}}n{{/if}}{{#unless branch}}u{{/unless}}", Ok("y")),
            ("{{#if empty}}{{#if branch}}x{{/if}}{{else}}n{{{branch}}}{{/if}}", Ok("na&b")),
            ("{{branch", Err("`}}` is missing")),
            ("{{#if branch}}", Err("never closed")),
            ("{{/if}}", Err("closes nothing")),
            ("{{#each x}}{{/each}}", Err("not known")),
            ("{{other 'x'}}", Err("no helper `other`")),
            ("{{show 'x}}", Err("never closed")),
            ("{{'x'}}", Err("begins with no name")),
        ] {
            let got = fill(text, &Known).map_err(|error| error.to_string());
            match (got, want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{text}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{text}: {got}"),
                (got, want) => panic!("{text}: {got:?}, not {want:?}"),
            }
        }
        assert!(is_only("{{ raw }}", "raw") && is_only("{{{raw}}}", "raw") && !is_only("{{raw}}x", "raw"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in "[{}#/!a-z '=\"&~\\\\é-]{0,60}") {
            let _ = fill(&text, &Known);
        }
    }
}
