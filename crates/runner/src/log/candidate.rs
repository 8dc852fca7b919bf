//! Finding the few lines of a block that may be commands.

use memchr::memmem::Finder;

/// Finds lines that may be commands: those that begin with `::` after blanks, or hold `##[`.
#[derive(Debug)]
pub(super) struct Candidates {
    colons: Finder<'static>,
    bracket: Finder<'static>,
    /// Where the next of each was found, as long as the search is before it. None means not looked for yet.
    next_colons: Option<usize>,
    next_bracket: Option<usize>,
}

impl Candidates {
    pub(super) fn new() -> Self {
        Self { colons: Finder::new("::"), bracket: Finder::new("##["), next_colons: None, next_bracket: None }
    }

    /// Begins with another block.
    pub(super) fn restart(&mut self) {
        (self.next_colons, self.next_bracket) = (None, None);
    }

    /// A position in the first line at or after `from` that may be a command; `from` is the start of a line and never
    /// goes back within a block.
    pub(super) fn next(&mut self, block: &[u8], from: usize) -> Option<usize> {
        let bracket = match self.next_bracket {
            Some(at) if at >= from => at,
            _ => self.bracket.find(&block[from..]).map_or(usize::MAX, |at| at + from),
        };
        self.next_bracket = Some(bracket);
        let colons = match self.next_colons {
            Some(at) if at >= from => at,
            _ => self.colons_at_line_start(block, from),
        };
        self.next_colons = Some(colons);
        let first = bracket.min(colons);
        (first != usize::MAX).then_some(first)
    }

    fn colons_at_line_start(&self, block: &[u8], from: usize) -> usize {
        self.colons
            .find_iter(&block[from..])
            .map(|at| at + from)
            .find(|at| blank_before(&block[from..*at]))
            .unwrap_or(usize::MAX)
    }
}

/// Whether there are only blanks since the last line end. Looks at one character mostly.
fn blank_before(mut text: &[u8]) -> bool {
    loop {
        match text.last() {
            None | Some(b'\n') => return true,
            Some(byte) if byte.is_ascii() => {
                if !char::from(*byte).is_whitespace() {
                    return false;
                }
                text = &text[..text.len() - 1];
            }
            Some(_) => {
                // A blank beyond ASCII has two or three bytes.
                let blank = [2, 3].into_iter().find(|length| {
                    text.len().checked_sub(*length).is_some_and(|start| {
                        std::str::from_utf8(&text[start..])
                            .is_ok_and(|text| text.chars().count() == 1 && text.chars().all(char::is_whitespace))
                    })
                });
                match blank {
                    Some(length) => text = &text[..text.len() - length],
                    None => return false,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_may_be_commands() {
        let table: &[(&str, Option<usize>)] = &[
            ("plain\nstd::mem\n", None),
            ("::x", Some(0)),
            ("a\n \t::x", Some(4)),
            ("a\n\u{a0}\u{2003}::x", Some(7)),
            ("é::x\n", None),
            ("std::x\na ##[x] ::\n::y", Some(9)),
            ("a::b\n::y\n##[x]", Some(5)),
        ];
        for (block, expected) in table {
            assert_eq!(Candidates::new().next(block.as_bytes(), 0), *expected, "{block:?}");
        }
    }
}
