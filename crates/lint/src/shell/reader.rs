//! One pass over the bytes of a script.

mod words;

use std::ops::Range;

use super::{Command, Operator, Quote, Redirection, Script, Word};

/// Substitutions inside each other; deeper ones are not looked into.
const MAX_DEPTH: usize = 16;

pub(super) fn read(text: &str) -> Script {
    let mut script = Script::default();
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
        groups: Vec::new(),
        documents: Vec::new(),
        case: 0,
        pattern: None,
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
    /// Where the open groups began, as indices of commands.
    groups: Vec<usize>,
    /// Here-documents whose lines are still to come.
    documents: Vec<Pending>,
    /// How many `case` are open.
    case: usize,
    /// Where the commands end before a pattern of a `case`, while one is read: the next `)` ends it.
    pattern: Option<usize>,
}

struct Pending {
    delimiter: String,
    strip_tabs: bool,
    quoted: bool,
    /// The command, and which of its redirections; `None` while the command is still being read.
    command: Option<usize>,
    redirection: usize,
}

impl Reader<'_> {
    fn run(&mut self) {
        while self.at < self.end {
            let byte = self.bytes[self.at];
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.finish(false);
                    self.read_documents();
                }
                b'\\' if self.peek(1) == Some(b'\n') => self.at += 2,
                b'#' => self.skip_line(),
                b';' => {
                    self.finish(false);
                    if self.peek(1) == Some(b';') && self.case > 0 {
                        self.at += 1;
                        self.pattern = Some(self.script.commands.len());
                    }
                    self.at += 1;
                }
                b'&' if self.peek(1) == Some(b'>') => self.redirection(),
                b'&' => {
                    self.at += if self.peek(1) == Some(b'&') { 2 } else { 1 };
                    self.finish(false);
                }
                b'|' if self.peek(1) == Some(b'|') => {
                    self.at += 2;
                    self.finish(false);
                }
                b'|' => {
                    self.at += if self.peek(1) == Some(b'&') { 2 } else { 1 };
                    self.finish(true);
                }
                b'(' if self.peek(1) == Some(b'(') && self.current.words.is_empty() => self.skip_arithmetic(),
                b'(' if self.pattern.is_some() => self.at += 1,
                b'(' => {
                    self.at += 1;
                    // `name()` begins a function, whose body is a group.
                    if self.peek(0) == Some(b')') {
                        self.at += 1;
                        self.current = Command::default();
                    } else {
                        self.finish(false);
                        self.groups.push(self.script.commands.len());
                    }
                }
                b')' => {
                    self.at += 1;
                    match self.pattern.take() {
                        Some(start) => {
                            self.script.commands.truncate(start);
                            self.current = Command::default();
                        }
                        None => self.close_group(),
                    }
                }
                b'<' | b'>' => self.redirection(),
                b'0'..=b'9' if self.is_descriptor() => self.redirection(),
                _ => self.word_or_keyword(),
            }
        }
        self.finish(false);
        self.read_documents();
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end { Some(self.bytes[at]) } else { None }
    }

    fn skip_line(&mut self) {
        while self.at < self.end && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    /// `2>`, but not `2` as a word.
    fn is_descriptor(&self) -> bool {
        let digits = self.bytes[self.at..self.end].iter().take_while(|byte| byte.is_ascii_digit()).count();
        matches!(self.peek(digits), Some(b'<' | b'>'))
    }

    fn skip_arithmetic(&mut self) {
        let mut open = 0_usize;
        while self.at < self.end {
            match self.bytes[self.at] {
                b'(' => open += 1,
                b')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        self.at += 1;
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Ends the command that is being read.
    fn finish(&mut self, pipes: bool) {
        let mut command = std::mem::take(&mut self.current);
        let empty = command.words.is_empty() && command.assignments.is_empty();
        if empty && command.redirections.is_empty() {
            // `a |` at the end of a line goes on in the next one; a group that pipes is the command before.
            if pipes && let Some(last) = self.script.commands.last_mut() {
                last.pipes = true;
            }
            return;
        }
        let index = self.script.commands.len();
        for pending in &mut self.documents {
            pending.command.get_or_insert(index);
        }
        command.pipes = pipes;
        self.script.commands.push(command);
    }

    fn close_group(&mut self) {
        self.finish(false);
        let Some(start) = self.groups.pop() else { return };
        self.after_group(start);
    }

    /// What follows the end of a group: its redirections, and whether it pipes.
    fn after_group(&mut self, start: usize) {
        let inside = start..self.script.commands.len();
        let mut rest = self.at;
        while rest < self.end && matches!(self.bytes[rest], b' ' | b'\t') {
            rest += 1;
        }
        let redirects = rest < self.end
            && (matches!(self.bytes[rest], b'<' | b'>')
                || (self.bytes[rest] == b'|' && self.bytes.get(rest + 1) != Some(&b'|'))
                || (self.bytes[rest].is_ascii_digit() && matches!(self.bytes.get(rest + 1), Some(b'<' | b'>'))));
        if redirects {
            self.current = Command { group: Some(inside), range: rest..rest, ..Command::default() };
            if self.bytes[rest] == b'|' {
                self.at = rest + 1;
                let mut group = std::mem::take(&mut self.current);
                group.pipes = true;
                self.script.commands.push(group);
            }
        }
    }

    fn redirection(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte.is_ascii_digit() || byte == b'&') {
            self.at += 1;
        }
        let rest = &self.bytes[self.at..self.end];
        let (operator, length) = match rest {
            [b'<', b'<', b'<', ..] => (Operator::String, 3),
            [b'<', b'<', b'-', ..] => (Operator::Document, 3),
            [b'<', b'<', ..] => (Operator::Document, 2),
            [b'>', b'>', ..] => (Operator::Append, 2),
            [b'>', b'|', ..] => (Operator::Write, 2),
            // Process substitution: its commands count as the script's.
            [b'<' | b'>', b'(', ..] => {
                self.at += 1;
                let inner = self.at + 1;
                let close = self.matching(self.at);
                self.substitution(inner..close);
                self.at = (close + 1).min(self.end);
                return;
            }
            [b'<' | b'>', b'&', ..] => {
                self.at += 2;
                while self.peek(0).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                    self.at += 1;
                }
                return;
            }
            [b'>', ..] => (Operator::Write, 1),
            [b'<', ..] => (Operator::Read, 1),
            _ => {
                self.at = start + 1;
                return;
            }
        };
        let strip_tabs = rest.starts_with(b"<<-");
        self.at += length;
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let (target, quoted) = self.word();
        if operator == Operator::Document && !target.text.is_empty() {
            self.documents.push(Pending {
                delimiter: target.text.clone(),
                strip_tabs,
                quoted,
                command: None,
                redirection: self.current.redirections.len(),
            });
        }
        if self.current.words.is_empty() && self.current.assignments.is_empty() && self.current.redirections.is_empty()
        {
            self.current.range = start..self.at;
        }
        self.current.redirections.push(Redirection { operator, target, document: None });
    }

    /// The lines of the here-documents that were announced on the line before.
    fn read_documents(&mut self) {
        for pending in std::mem::take(&mut self.documents) {
            let start = self.at;
            let mut stop = self.end;
            while self.at < self.end {
                let line = self.at;
                self.skip_line();
                let text = &self.text[line..self.at];
                self.at = (self.at + 1).min(self.end);
                let text = if pending.strip_tabs { text.trim_start_matches('\t') } else { text };
                if text.trim_end_matches('\r') == pending.delimiter {
                    stop = line;
                    break;
                }
            }
            let stop = stop.max(start);
            let mut document = Word { text: self.text[start..stop].to_owned(), range: start..stop, parts: Vec::new() };
            self.parts_of_document(&mut document, pending.quoted);
            let command = pending.command.and_then(|index| self.script.commands.get_mut(index));
            if let Some(redirection) = command.and_then(|command| command.redirections.get_mut(pending.redirection)) {
                redirection.document = Some(document);
            }
        }
    }

    fn parts_of_document(&mut self, document: &mut Word, quoted: bool) {
        let resume = (self.at, self.end);
        self.at = document.range.start;
        self.end = document.range.end;
        let quote = if quoted { Quote::Single } else { Quote::Double };
        let mut read = Word::default();
        while self.at < self.end {
            match self.bytes[self.at] {
                b'$' => self.dollar(quote, &mut read),
                _ => self.at += 1,
            }
        }
        document.parts = read.parts;
        (self.at, self.end) = resume;
    }

    fn word_or_keyword(&mut self) {
        let start = self.at;
        let (word, quoted) = self.word();
        if self.at == start {
            self.at += 1;
            return;
        }
        let bare = !quoted && word.parts.is_empty();
        if bare && self.current.words.is_empty() && self.keyword(&word.text) {
            return;
        }
        let first = self.current.words.is_empty() && self.current.assignments.is_empty();
        if first {
            self.current.range = word.range.clone();
        }
        self.current.range.end = word.range.end;
        let assignment = self.current.words.is_empty() && word.is_assignment();
        if bare && word.text == "[[" && self.current.words.is_empty() {
            self.current.words.push(word);
            self.condition();
        } else if assignment {
            self.current.assignments.push(word);
        } else {
            self.current.words.push(word);
        }
    }

    /// The words of `[[ … ]]`, in which `&&`, `<` and parentheses are no operators of the shell.
    fn condition(&mut self) {
        while self.at < self.end {
            match self.bytes[self.at] {
                b' ' | b'\t' => self.at += 1,
                b'\n' => self.at += 1,
                _ => {
                    let start = self.at;
                    let (mut word, _) = self.word();
                    if self.at == start {
                        while self.peek(0).is_some_and(|byte| b"&|<>();".contains(&byte)) {
                            self.at += 1;
                        }
                        self.at = self.at.max(start + 1);
                        word = Word {
                            text: self.text.get(start..self.at).unwrap_or_default().to_owned(),
                            range: start..self.at,
                            parts: Vec::new(),
                        };
                    }
                    let last = word.text == "]]";
                    self.current.range.end = word.range.end;
                    self.current.words.push(word);
                    if last {
                        return;
                    }
                }
            }
        }
    }

    /// Words that are no commands, where a command's name would stand.
    fn keyword(&mut self, word: &str) -> bool {
        match word {
            "then" | "else" | "elif" | "!" => {}
            "if" | "while" | "until" | "{" => {
                self.groups.push(self.script.commands.len());
            }
            "do" => {}
            "for" | "select" => {
                self.groups.push(self.script.commands.len());
                self.skip_to_separator();
            }
            "function" => self.skip_to_separator_or(b'{'),
            "case" => {
                self.groups.push(self.script.commands.len());
                self.case += 1;
                self.skip_word_in();
                self.pattern = Some(self.script.commands.len());
            }
            "esac" => {
                self.case = self.case.saturating_sub(1);
                self.pattern = None;
                self.close_group();
            }
            "fi" | "done" | "}" => self.close_group(),
            _ => return false,
        }
        true
    }

    fn skip_to_separator(&mut self) {
        while self.at < self.end && !matches!(self.bytes[self.at], b';' | b'\n') {
            let start = self.at;
            let _ = self.word();
            if self.at == start {
                self.at += 1;
            }
        }
    }

    fn skip_to_separator_or(&mut self, stop: u8) {
        while self.at < self.end && self.bytes[self.at] != stop && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    /// `word in` of a `case`.
    fn skip_word_in(&mut self) {
        for _ in 0..2 {
            while matches!(self.peek(0), Some(b' ' | b'\t' | b'\n')) {
                self.at += 1;
            }
            let _ = self.word();
        }
    }
}
