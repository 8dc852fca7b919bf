//! PowerShell, read into the same commands as the scripts of `sh`: one pass over the bytes, which never fails.
//!
//! Facts: PowerShell's own pages `about_Parsing`, `about_Quoting_Rules`, `about_Line_Continuation`, `about_Redirection`.

mod words;

use std::ops::Range;

use super::{Command, Operator, Redirection, Script, Syntax, Word};

/// Blocks and substitutions inside each other; deeper ones are not looked into.
const MAX_DEPTH: usize = 16;

/// The command that writes a value which stands where a command could.
const WRITES: &str = "Write-Output";

/// Words in front of a block or of a condition in parentheses.
const KEYWORDS: &[&str] = &[
    "begin",
    "break",
    "clean",
    "continue",
    "do",
    "dynamicparam",
    "else",
    "elseif",
    "end",
    "exit",
    "finally",
    "for",
    "foreach",
    "if",
    "param",
    "process",
    "return",
    "switch",
    "throw",
    "try",
    "until",
    "while",
];

pub(super) fn read(text: &str) -> Script {
    let mut script = Script { syntax: Syntax::PowerShell, commands: Vec::new() };
    read_range(text, 0..text.len(), 0, &mut script);
    script
}

fn read_range(text: &str, range: Range<usize>, depth: usize, script: &mut Script) {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: range.start,
        end: range.end,
        depth,
        script,
        current: Command::default(),
        called: false,
        next_line: (range.start, false),
    };
    reader.run();
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    end: usize,
    depth: usize,
    script: &'t mut Script,
    current: Command,
    /// What comes next is called, even if it looks like a value.
    called: bool,
    /// Where the next line stands that is neither blank nor a comment, as far as that is known, and whether it goes on with
    /// the pipeline of the one before.
    next_line: (usize, bool),
}

impl Reader<'_> {
    fn run(&mut self) {
        while self.at < self.end {
            let starts = self.current.words.is_empty();
            let byte = self.bytes[self.at];
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'`' if self.continuation().is_some() => self.at += self.continuation().unwrap_or(1),
                b'\n' => {
                    self.at += 1;
                    if !self.goes_on() {
                        self.finish(false);
                    }
                }
                b'#' => self.skip_line(),
                b'<' if self.peek(1) == Some(b'#') => self.skip_comment(),
                b';' | b')' | b'}' => {
                    self.at += 1;
                    self.finish(false);
                }
                b'&' if self.peek(1) == Some(b'&') => {
                    self.at += 2;
                    self.finish(false);
                }
                // In front of a command it calls what follows, behind one it means the background.
                b'&' => {
                    self.at += 1;
                    self.called = starts;
                    self.finish(false);
                }
                b'|' if self.peek(1) == Some(b'|') => {
                    self.at += 2;
                    self.finish(false);
                }
                b'|' => {
                    self.at += 1;
                    self.finish(true);
                }
                // A block of a keyword; its commands are the script's.
                b'{' if starts => self.at += 1,
                b'>' => self.redirection(),
                b'0'..=b'9' | b'*' if self.peek(1) == Some(b'>') => self.redirection(),
                _ if starts && self.assignment() => {}
                _ => self.word_or_keyword(starts),
            }
        }
        self.finish(false);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end { Some(self.bytes[at]) } else { None }
    }

    /// The length of a backquote that joins its line with the next one.
    fn continuation(&self) -> Option<usize> {
        match (self.peek(0), self.peek(1), self.peek(2)) {
            (Some(b'`'), Some(b'\n'), _) => Some(2),
            (Some(b'`'), Some(b'\r'), Some(b'\n')) => Some(3),
            _ => None,
        }
    }

    /// Whether the line that begins here goes on with the list or the pipeline of the one before.
    fn goes_on(&mut self) -> bool {
        if self.current.words.last().is_some_and(|word| self.text[word.range.clone()].ends_with(',')) {
            return true;
        }
        // Blank lines on the way to it are not looked at again for each of them.
        if self.at > self.next_line.0 {
            let mut rest = self.text[self.at..self.end].trim_start();
            while rest.starts_with('#') {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
            }
            self.next_line = (self.end - rest.len(), rest.starts_with('|') && !rest.starts_with("||"));
        }
        self.next_line.1
    }

    fn skip_line(&mut self) {
        while self.at < self.end && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        let rest = &self.text[self.at..self.end];
        self.at += rest.find("#>").map_or(rest.len(), |length| length + 2);
    }

    fn finish(&mut self, pipes: bool) {
        let mut command = std::mem::take(&mut self.current);
        if command.words.is_empty() && command.redirections.is_empty() {
            if pipes && let Some(last) = self.script.commands.last_mut() {
                last.pipes = true;
            }
            return;
        }
        command.pipes = pipes;
        self.script.commands.push(command);
    }

    /// Passes over `$name =`, after which a command or a value stands.
    fn assignment(&mut self) -> bool {
        let rest = &self.bytes[self.at..self.end];
        if !matches!(rest.first(), Some(b'$' | b'[')) || rest.starts_with(b"${{") {
            return false;
        }
        let mut length = target(rest);
        length += rest[length..].iter().take_while(|byte| **byte == b' ').count();
        if matches!(rest.get(length), Some(b'+' | b'-' | b'*' | b'/' | b'%')) {
            length += 1;
        }
        let assigns = rest.get(length) == Some(&b'=') && rest.get(length + 1) != Some(&b'=');
        if assigns {
            self.at += length + 1;
        }
        assigns
    }

    fn redirection(&mut self) {
        let start = self.at;
        if self.bytes[self.at] != b'>' {
            self.at += 1;
        }
        self.at += 1;
        let operator = if self.peek(0) == Some(b'>') { Operator::Append } else { Operator::Write };
        if operator == Operator::Append {
            self.at += 1;
        }
        // `2>&1`.
        if self.peek(0) == Some(b'&') {
            self.at += 1;
            while matches!(self.peek(0), Some(b'0'..=b'9' | b'-')) {
                self.at += 1;
            }
            return;
        }
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let (target, _) = self.word();
        if self.current.words.is_empty() && self.current.redirections.is_empty() {
            self.current.range = start..self.at;
        }
        self.current.redirections.push(Redirection { operator, target, document: None });
    }

    fn word_or_keyword(&mut self, starts: bool) {
        let start = self.at;
        let is_value = starts && !std::mem::take(&mut self.called) && self.is_value();
        let (word, quoted) = self.word();
        if self.at == start {
            self.at += 1;
            return;
        }
        if starts && !quoted && word.parts.is_empty() {
            let name = word.text.to_ascii_lowercase();
            if KEYWORDS.contains(&name.as_str()) {
                self.condition();
                return;
            }
            // A name or types stand between these and their block.
            if matches!(name.as_str(), "function" | "filter" | "class" | "enum" | "catch" | "trap") {
                while self.peek(0).is_some_and(|byte| byte != b'{' && byte != b'\n') {
                    self.at += 1;
                }
                return;
            }
            // Runs a file in the script's own scope.
            if name == "." {
                self.called = true;
                return;
            }
        }
        if starts {
            self.current.range = word.range.clone();
            if is_value {
                self.current.words.push(Word { text: WRITES.to_owned(), range: start..start, parts: Vec::new() });
            }
        }
        self.current.range.end = word.range.end;
        self.current.words.push(word);
    }

    /// Whether what stands here is a value, which is written out, and no command.
    fn is_value(&self) -> bool {
        match self.peek(0) {
            Some(b'"' | b'\'' | b'(' | b'[' | b'@' | b'0'..=b'9') => true,
            Some(b'$') => !self.text[self.at..self.end].starts_with("${{"),
            _ => false,
        }
    }

    /// The parentheses after a keyword: commands, too, but no argument of anything.
    fn condition(&mut self) {
        while matches!(self.peek(0), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        if self.peek(0) == Some(b'(') {
            let close = self.matching(self.at);
            self.substitution(self.at + 1..close);
            self.at = (close + 1).min(self.end);
        }
    }
}

/// The length of what may be assigned to: `$a`, `[int]$a`, `${a}.b['c']`. It ends where the word does that stands there, if not
/// before: whoever reads on behind that word has not looked at anything twice.
fn target(bytes: &[u8]) -> usize {
    let (mut is_open, mut before) = (false, 0);
    for (length, byte) in bytes.iter().copied().enumerate() {
        let belongs = match byte {
            b'{' => before == b'$' && !is_open,
            b'}' => is_open,
            _ => byte.is_ascii_alphanumeric() || b"_:.[]$'\"-?".contains(&byte),
        };
        if !belongs {
            return length;
        }
        is_open = byte == b'{' || (is_open && byte != b'}');
        before = byte;
    }
    bytes.len()
}
