//! A place in the source that moves over what stands between nodes. The parser's own marks do not
//! say where a block's header, a dash, or the colon before an absent value is.

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Over blanks, line breaks, comments, and what may stand before a document: the end mark of
    /// none, and byte order marks.
    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' => self.skip_while(|byte| !matches!(byte, b'\n' | b'\r')),
                b'.' if self.at_document_end() => self.at += 3,
                0xEF if self.text[self.at..].starts_with('\u{FEFF}') => self.at += 3,
                _ => break,
            }
        }
    }

    fn at_document_end(&self) -> bool {
        let before = &self.text[..self.at];
        let alone = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']);
        (before.is_empty() || before.ends_with(['\n', '\r', '\u{FEFF}']))
            && self.text[self.at..].strip_prefix("...").is_some_and(alone)
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&keep) {
            self.at += 1;
        }
    }

    /// Over the next mark between nodes, if it is this one; otherwise it stays.
    pub(crate) fn take(&mut self, mark: u8) {
        let mut ahead = *self;
        ahead.skip_space();
        if ahead.peek() == Some(mark) {
            self.at = ahead.at + 1;
        }
    }

    /// As [`Cursor::take`], for a mark that is one only before a blank: `- `, `? `, `: `.
    pub(crate) fn take_apart(&mut self, mark: u8) {
        let mut ahead = *self;
        ahead.take(mark);
        if matches!(ahead.peek(), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
            *self = ahead;
        }
    }

    /// Over anchor and tag to the node itself.
    pub(crate) fn skip_properties(&mut self) {
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'&') => self.skip_while(in_anchor),
                Some(b'!') if self.text[self.at..].starts_with("!<") => {
                    self.skip_while(|byte| byte != b'>');
                    self.at = (self.at + 1).min(self.text.len());
                }
                Some(b'!') => self.skip_while(in_anchor),
                _ => break,
            }
        }
    }

    /// The anchor among a node's properties: its name and the bytes of `&name`.
    pub(crate) fn find_anchor(mut self) -> (&'a str, usize, usize) {
        loop {
            self.skip_space();
            let start = self.at;
            match self.peek() {
                Some(b'&') => {
                    self.skip_while(in_anchor);
                    return (&self.text[start + 1..self.at], start, self.at);
                }
                Some(b'!') => self.skip_while(in_anchor),
                _ => return ("", start, start),
            }
        }
    }

    /// The name of the alias here.
    pub(crate) fn alias_name(mut self) -> &'a str {
        let start = self.at + 1;
        self.skip_while(in_anchor);
        self.text.get(start..self.at).unwrap_or_default()
    }
}

fn in_anchor(byte: u8) -> bool {
    !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}')
}
