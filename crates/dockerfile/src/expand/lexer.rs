use super::pattern::{self, Pattern};
use super::{ExpandError, Expansion, Variables};

/// What an expansion may grow to; a chain of `ENV` that doubles a value each time ends here.
const LARGEST: usize = 16 << 20;
/// How deep `${a:-${b:-…}}` may go.
const DEEPEST: usize = 64;

/// How a word is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lexer {
    pub(crate) escape: char,
    /// Quotes stay in the text (they still quote).
    pub(crate) raw_quotes: bool,
    /// The escape character stays in the text (it still escapes).
    pub(crate) raw_escapes: bool,
    /// Quotes are characters like others.
    pub(crate) literal_quotes: bool,
    /// Variables that are not set stay as they are written.
    pub(crate) keep_unset: bool,
}

impl Lexer {
    pub(crate) fn new(escape: char) -> Lexer {
        Lexer { escape, raw_quotes: false, raw_escapes: false, literal_quotes: false, keep_unset: false }
    }

    pub(crate) fn run(self, text: &str, variables: &dyn Variables) -> Result<Expansion, ExpandError> {
        let mut state = State { lexer: self, text, at: 0, variables, found: Expansion::default(), depth: 0 };
        let (text, words) = state.until(None, self.raw_escapes)?;
        Ok(Expansion { text, words, ..state.found })
    }
}

struct State<'a> {
    lexer: Lexer,
    text: &'a str,
    at: usize,
    variables: &'a dyn Variables,
    /// `used` and `missing` of it.
    found: Expansion,
    depth: usize,
}

type Step<T> = Result<T, ExpandError>;

impl State<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn error<T>(&self, from: usize, message: impl Into<String>) -> Step<T> {
        Err(ExpandError { message: message.into(), offset: from, len: self.at.saturating_sub(from).max(1) })
    }

    /// Reads up to `stop`, which is taken too, or to the end if there is none.
    fn until(&mut self, stop: Option<char>, raw_escapes: bool) -> Step<(String, Vec<String>)> {
        let start = self.at;
        let before = std::mem::replace(&mut self.lexer.raw_escapes, raw_escapes);
        let mut text = String::new();
        let mut words = Words::default();
        while let Some(c) = self.peek() {
            if text.len() > LARGEST {
                return self.error(start, format!("the text grows beyond {} MiB", LARGEST >> 20));
            }
            if Some(c) == stop {
                self.next();
                self.lexer.raw_escapes = before;
                return Ok((text, words.end()));
            }
            match c {
                '$' => {
                    let value = self.dollar()?;
                    words.push_split(&value);
                    text.push_str(&value);
                }
                '<' => {
                    let marker = self.heredoc_marker();
                    words.push_whole(&marker);
                    text.push_str(&marker);
                }
                '\'' if !self.lexer.literal_quotes => {
                    let quoted = self.single_quoted()?;
                    words.push_whole(&quoted);
                    text.push_str(&quoted);
                }
                '"' if !self.lexer.literal_quotes => {
                    let quoted = self.double_quoted()?;
                    words.push_whole(&quoted);
                    text.push_str(&quoted);
                }
                _ => {
                    self.next();
                    if c != self.lexer.escape {
                        words.push(c);
                        text.push(c);
                        continue;
                    }
                    if raw_escapes {
                        words.push_raw(c);
                        text.push(c);
                    }
                    // An escape character at the very end is dropped.
                    let Some(escaped) = self.next() else { break };
                    words.push_raw(escaped);
                    text.push(escaped);
                }
            }
        }
        self.lexer.raw_escapes = before;
        match stop {
            None => Ok((text, words.end())),
            Some(stop) => self.error(start, format!("`{stop}` is missing")),
        }
    }

    fn single_quoted(&mut self) -> Step<String> {
        let start = self.at;
        let mut text = String::new();
        self.next();
        self.push_quote(&mut text, '\'');
        loop {
            match self.next() {
                None => return self.error(start, "the single quote is never closed"),
                Some('\'') => {
                    self.push_quote(&mut text, '\'');
                    return Ok(text);
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn double_quoted(&mut self) -> Step<String> {
        let start = self.at;
        let mut text = String::new();
        self.next();
        self.push_quote(&mut text, '"');
        loop {
            if text.len() > LARGEST {
                return self.error(start, format!("the text grows beyond {} MiB", LARGEST >> 20));
            }
            match self.peek() {
                None => return self.error(start, "the double quote is never closed"),
                Some('"') => {
                    self.next();
                    self.push_quote(&mut text, '"');
                    return Ok(text);
                }
                Some('$') => text.push_str(&self.dollar()?),
                Some(c) => {
                    self.next();
                    if c != self.lexer.escape {
                        text.push(c);
                        continue;
                    }
                    if self.lexer.raw_escapes {
                        text.push(c);
                    }
                    match self.peek() {
                        None => {}
                        // Only these can be escaped here; before others the escape character is itself.
                        Some(escaped) if escaped == '"' || escaped == '$' || escaped == c => {
                            self.next();
                            text.push(escaped);
                        }
                        Some(_) => text.push(c),
                    }
                }
            }
        }
    }

    fn push_quote(&self, text: &mut String, quote: char) {
        if self.lexer.raw_quotes {
            text.push(quote);
        }
    }

    /// `<`, or `<<` with the blanks behind it, which belong to the same word.
    fn heredoc_marker(&mut self) -> String {
        self.next();
        if self.peek() != Some('<') {
            return "<".to_owned();
        }
        self.next();
        let from = self.at;
        while matches!(self.peek(), Some(' ' | '\t' | '\r')) {
            self.next();
        }
        format!("<<{}", &self.text[from..self.at])
    }

    fn dollar(&mut self) -> Step<String> {
        let start = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return Ok(match self.look_up(&name) {
                Some(value) => value,
                None if self.lexer.keep_unset => format!("${name}"),
                None => String::new(),
            });
        }
        self.next();
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.error(start, format!("`${{` stands in itself more than {DEEPEST} times"));
        }
        let value = self.braces(start);
        self.depth -= 1;
        value
    }

    /// What follows `${`.
    fn braces(&mut self, start: usize) -> Step<String> {
        match self.peek() {
            None => return self.error(start, "`}` is missing"),
            Some('{' | '}' | ':') => {
                self.next();
                return self.error(start, "a variable's name is missing after `${`");
            }
            _ => {}
        }
        let name = self.name();
        let Some(first) = self.next() else {
            return self.error(start, "`}` is missing");
        };
        match first {
            '}' => Ok(match self.look_up(&name) {
                Some(value) => value,
                None if self.lexer.keep_unset => format!("${{{name}}}"),
                None => String::new(),
            }),
            '/' => self.replace(start, &name),
            ':' => {
                let modifier = self.next();
                match modifier {
                    Some(c @ ('-' | '+' | '?')) => self.default(start, &name, c, true),
                    None => self.error(start, "`}` is missing"),
                    Some(c) => self.unknown_modifier(start, &format!(":{c}")),
                }
            }
            '-' | '+' | '?' => self.default(start, &name, first, false),
            '#' | '%' => self.trim(start, &name, first),
            other => self.unknown_modifier(start, &other.to_string()),
        }
    }

    fn unknown_modifier<T>(&self, start: usize, modifier: &str) -> Step<T> {
        self.error(start, format!("there is no `{modifier}` after a variable's name: `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//` are"))
    }

    fn argument(&mut self, start: usize, stop: char, raw: bool) -> Step<String> {
        match self.until(Some(stop), raw) {
            Ok((text, _)) => Ok(text),
            Err(_) if self.at >= self.text.len() => self.error(start, format!("`{stop}` is missing")),
            Err(error) => Err(error),
        }
    }

    /// `-`, `+` and `?`, with `:` if an empty value counts as none.
    fn default(&mut self, start: usize, name: &str, modifier: char, empty_is_unset: bool) -> Step<String> {
        let word = self.argument(start, '}', false)?;
        let value = self.look_up(name);
        if value.is_none() && self.lexer.keep_unset {
            let colon = if empty_is_unset { ":" } else { "" };
            return Ok(format!("${{{name}{colon}{modifier}{word}}}"));
        }
        let present = value.as_ref().is_some_and(|value| !(empty_is_unset && value.is_empty()));
        match (modifier, present) {
            ('-', true) => Ok(value.unwrap_or_default()),
            ('-', false) => Ok(word),
            ('+', true) => Ok(word),
            ('+', false) => Ok(String::new()),
            (_, true) => Ok(value.unwrap_or_default()),
            (_, false) => {
                let why = match (&value, word.is_empty()) {
                    (_, false) => word,
                    (None, true) => "it has to be set".to_owned(),
                    (Some(_), true) => "it must not be empty".to_owned(),
                };
                self.error(start, format!("`{name}`: {why}"))
            }
        }
    }

    /// `#`, `##`, `%` and `%%`.
    fn trim(&mut self, start: usize, name: &str, modifier: char) -> Step<String> {
        let word = self.argument(start, '}', true)?;
        let Some(value) = self.look_up(name) else {
            return Ok(if self.lexer.keep_unset { format!("${{{name}{modifier}{word}}}") } else { String::new() });
        };
        let (longest, text) = match word.strip_prefix(modifier) {
            Some(rest) => (true, rest),
            None => (false, word.as_str()),
        };
        let pattern = self.pattern(start, text)?;
        let trimmed =
            if modifier == '#' { pattern.trim_start(&value, longest) } else { pattern.trim_end(&value, longest) };
        self.done(start, trimmed)
    }

    /// `/` and `//`.
    fn replace(&mut self, start: usize, name: &str) -> Step<String> {
        let all = self.peek() == Some('/');
        if all {
            self.next();
        }
        let text = self.argument(start, '/', true)?;
        let replacement = self.argument(start, '}', true)?;
        let Some(value) = self.look_up(name) else {
            let slashes = if all { "//" } else { "/" };
            let kept = format!("${{{name}{slashes}{text}/{replacement}}}");
            return Ok(if self.lexer.keep_unset { kept } else { String::new() });
        };
        let pattern = self.pattern(start, &text)?;
        self.done(start, pattern.replace(&value, &replacement, all, LARGEST))
    }

    fn pattern(&self, start: usize, text: &str) -> Step<Pattern> {
        Pattern::parse(text)
            .or_else(|message| self.error(start, format!("the pattern `{text}` is malformed: {message}")))
    }

    fn done(&self, start: usize, result: Result<String, pattern::TooMuch>) -> Step<String> {
        result.or_else(|pattern::TooMuch| self.error(start, "the pattern and the value are too long for each other"))
    }

    /// A name, a number, or one of the shell's special parameters; empty if there is none.
    fn name(&mut self) -> String {
        let from = self.at;
        match self.peek() {
            Some(c) if c.is_numeric() => {
                while self.peek().is_some_and(char::is_numeric) {
                    self.next();
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                self.next();
            }
            _ => {
                while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    self.next();
                }
            }
        }
        self.text[from..self.at].to_owned()
    }

    fn look_up(&mut self, name: &str) -> Option<String> {
        let value = self.variables.get(name);
        let list = if value.is_some() { &mut self.found.used } else { &mut self.found.missing };
        list.insert(name.to_owned());
        value.map(str::to_owned)
    }
}

/// Cuts text into words while it is made.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    current: String,
}

impl Words {
    fn push(&mut self, c: char) {
        if c.is_whitespace() {
            if !self.current.is_empty() {
                self.done.push(std::mem::take(&mut self.current));
            }
        } else {
            self.current.push(c);
        }
    }

    fn push_raw(&mut self, c: char) {
        self.current.push(c);
    }

    fn push_split(&mut self, text: &str) {
        for c in text.chars() {
            self.push(c);
        }
    }

    fn push_whole(&mut self, text: &str) {
        self.current.push_str(text);
    }

    fn end(mut self) -> Vec<String> {
        if !self.current.is_empty() {
            self.done.push(self.current);
        }
        self.done
    }
}
