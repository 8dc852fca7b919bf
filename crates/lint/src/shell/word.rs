use std::ops::Range;

/// A word of a command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    /// Without its quotes; what the shell or GitHub puts in stands as it is written.
    pub(crate) text: String,
    /// Bytes of the script, with the quotes.
    pub(crate) range: Range<usize>,
    /// What is put in, in order; a word without any is written out.
    pub(crate) parts: Vec<Part>,
}

/// A part of a word whose value the script's text does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// `$NAME`, `${NAME…}`; in PowerShell `$env:NAME`, and with its `$` a variable that is none of the environment.
    Variable { name: String, range: Range<usize>, quote: Quote },
    /// `$( … )` or backquotes.
    Command { range: Range<usize>, quote: Quote },
    /// `$(( … ))`: a number.
    Number { range: Range<usize>, quote: Quote },
    /// `${{ … }}`.
    Expression { range: Range<usize>, quote: Quote },
}

/// The quotes around a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    None,
    Single,
    Double,
}

impl Word {
    /// Takes in the first character of a part of the script; where that ends. In the middle of a character one byte is passed
    /// over.
    pub(super) fn take_character(&mut self, script: &str, part: Range<usize>) -> usize {
        let Some(character) = script.get(part.clone()).and_then(|rest| rest.chars().next()) else {
            return (part.start + 1).min(part.end);
        };
        self.text.push(character);
        part.start + character.len_utf8()
    }

    /// Takes in a part of the script as it is; where that ends.
    pub(super) fn take(&mut self, script: &str, part: Range<usize>) -> usize {
        let end = script.floor_char_boundary(part.end).max(part.start);
        self.text.push_str(&script[part.start..end]);
        end
    }

    /// The text, when nothing is put in.
    pub(crate) fn literal(&self) -> Option<&str> {
        self.parts.is_empty().then_some(self.text.as_str())
    }

    /// Whether it is a reference to this variable and nothing else.
    pub(crate) fn is_variable(&self, name: &str) -> bool {
        matches!(&self.parts[..], [Part::Variable { name: own, range, .. }]
            if own.eq_ignore_ascii_case(name) && range.len() == self.text.len())
    }

    /// Whether it hands over this variable and nothing else, be it with a parameter of PowerShell: `-Path:$env:NAME`.
    pub(crate) fn hands_over(&self, name: &str) -> bool {
        let [Part::Variable { name: own, range, .. }] = &self.parts[..] else { return false };
        let parameter = self.text.len().checked_sub(range.len()).and_then(|length| self.text.get(..length));
        let is_parameter = |text: &str| {
            let inside = text.strip_prefix('-').and_then(|rest| rest.strip_suffix(':'));
            inside.is_some_and(|inside| inside.bytes().all(|byte| byte.is_ascii_alphabetic()))
        };
        own.eq_ignore_ascii_case(name) && parameter.is_some_and(|text| text.is_empty() || is_parameter(text))
    }

    /// `NAME=value`.
    pub(crate) fn is_assignment(&self) -> bool {
        self.text.split_once('=').is_some_and(|(name, _)| is_name(name.trim_end_matches('+')))
    }
}

/// Whether it can be a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Where the `${{ … }}` ends that begins at `start`.
pub(super) fn expression_end(text: &str, start: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    let mut inside = false;
    let mut at = start + 3;
    while at < end {
        match bytes[at] {
            b'\'' => inside = !inside,
            b'}' if !inside && bytes.get(at + 1) == Some(&b'}') => break,
            _ => {}
        }
        at += 1;
    }
    at.saturating_add(2).min(end)
}
