use span::Diagnostic;

use crate::Word;

/// `--chmod`: what becomes of the permission bits of what is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// `0` to `07777`, for files and directories alike.
    Octal(u32),
    /// As of chmod(1): `u=rwX,go=rX`, with no umask.
    Symbolic(Vec<Change>),
}

/// One operator of a symbolic mode, such as the `=rwX` of `u=rwX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    who: Who,
    operator: Operator,
    /// Bits of `rwxst`, for all classes.
    bits: u32,
    /// `X`: execution for directories and for what was executable for somebody.
    conditional: bool,
    /// `u`, `g` and `o`: permissions taken over from another class.
    copied: Vec<Class>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Remove,
    Set,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    User,
    Group,
    Other,
}

/// Whose bits are meant; none is as good as all, but for the sticky bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Who {
    user: bool,
    group: bool,
    other: bool,
}

const SET_IDS: u32 = 0o6000;
const STICKY: u32 = 0o1000;

impl Mode {
    /// Octal or symbolic. Variables have to be in already.
    pub fn parse(word: &Word) -> Result<Mode, Diagnostic> {
        let text = word.text.as_str();
        let bad = |what: String| {
            Diagnostic::error("dockerfile/mode", what)
                .at(word.span)
                .help("a mode is octal, such as `755`, or symbolic, such as `u=rwX,go=rX`")
        };
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let octal = text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
            return match u32::from_str_radix(text, 8) {
                Ok(mode) if octal && mode <= 0o7777 => Ok(Mode::Octal(mode)),
                _ => Err(bad(format!("`{text}` is no octal mode between 0 and 7777"))),
            };
        }
        symbolic(text).map(Mode::Symbolic).ok_or_else(|| bad(format!("`{text}` is no mode")))
    }

    /// The bits (up to 07777) of a file that had `before`.
    pub fn apply(&self, before: u32, is_directory: bool) -> u32 {
        match self {
            Mode::Octal(mode) => *mode,
            Mode::Symbolic(changes) => {
                let before = before & 0o7777;
                let executable = is_directory || before & 0o111 != 0;
                changes.iter().fold(before, |mode, change| change.apply(mode, executable))
            }
        }
    }
}

fn symbolic(text: &str) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    for clause in text.split(',') {
        let mut chars = clause.chars().peekable();
        let mut who = Who::default();
        while let Some(c) = chars.next_if(|c| "ugoa".contains(*c)) {
            who.user |= matches!(c, 'u' | 'a');
            who.group |= matches!(c, 'g' | 'a');
            who.other |= matches!(c, 'o' | 'a');
        }
        chars.peek()?;
        while let Some(operator) = chars.next() {
            let operator = match operator {
                '+' => Operator::Add,
                '-' => Operator::Remove,
                '=' => Operator::Set,
                _ => return None,
            };
            let mut change = Change { who, operator, bits: 0, conditional: false, copied: Vec::new() };
            while let Some(c) = chars.next_if(|c| "rwxXstugo".contains(*c)) {
                match c {
                    'r' => change.bits |= 0o444,
                    'w' => change.bits |= 0o222,
                    'x' => change.bits |= 0o111,
                    's' => change.bits |= SET_IDS,
                    't' => change.bits |= STICKY,
                    'u' => change.copied.push(Class::User),
                    'g' => change.copied.push(Class::Group),
                    'o' => change.copied.push(Class::Other),
                    // Nothing is left executable by `-X`.
                    _ if operator == Operator::Remove => change.bits |= 0o111,
                    _ => change.conditional = true,
                }
            }
            changes.push(change);
        }
    }
    Some(changes)
}

impl Who {
    fn nobody(self) -> bool {
        self == Who::default()
    }

    /// The bits that belong to these classes.
    fn mask(self) -> u32 {
        if self.nobody() {
            return 0o7777;
        }
        let mut mask = 0;
        if self.user {
            mask |= 0o4700;
        }
        if self.group {
            mask |= 0o2070;
        }
        if self.other {
            mask |= 0o007;
        }
        // The sticky bit goes with user and group, not with the others alone.
        if self.user || self.group { mask | STICKY } else { mask }
    }
}

impl Change {
    fn apply(&self, mode: u32, executable: bool) -> u32 {
        let mask = self.who.mask();
        let mut bits = self.bits & mask;
        if self.conditional && executable {
            bits |= 0o111 & mask;
        }
        for class in &self.copied {
            let from = match class {
                Class::User => mode >> 6,
                Class::Group => mode >> 3,
                Class::Other => mode,
            } & 0o7;
            bits |= (from << 6 | from << 3 | from) & mask;
        }
        match self.operator {
            Operator::Add => mode | bits,
            Operator::Remove => mode & !bits,
            // `=` alone leaves the sticky bit as it is.
            Operator::Set => mode & !(mask & !STICKY) | bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use span::{FileId, Span};

    use super::*;

    fn parse(text: &str) -> Option<Mode> {
        Mode::parse(&Word::new(text, Span::new(FileId(0), 0, text.len()))).ok()
    }

    #[test]
    fn modes_change_what_they_say() {
        for (text, before, directory, after) in [
            ("755", 0o644, false, 0o755),
            ("0", 0o644, false, 0),
            ("7777", 0o644, true, 0o7777),
            ("+x", 0o644, false, 0o755),
            ("go-w", 0o666, false, 0o644),
            ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o600, true, 0o755),
            ("u=rwX,go=rX", 0o711, false, 0o755),
            ("=rw,+X", 0o755, false, 0o777),
            ("go=u-w", 0o755, false, 0o755),
            ("go=u", 0o740, false, 0o777),
            ("go=", 0o777, false, 0o700),
            ("a=r", 0o7777, false, 0o1444),
            ("u+s", 0o755, false, 0o4755),
            ("g+s", 0o755, false, 0o2755),
            ("o+s", 0o755, false, 0o755),
            ("+t", 0o777, true, 0o1777),
            ("o+t", 0o777, true, 0o777),
            ("u+r-w", 0o200, false, 0o400),
            ("-X", 0o777, false, 0o666),
            ("u=", 0o777, false, 0o077),
        ] {
            let mode = parse(text).expect(text);
            assert_eq!(format!("{:o}", mode.apply(before, directory)), format!("{after:o}"), "{text} of {before:o}");
        }
    }

    #[test]
    fn what_is_no_mode() {
        for text in ["", "888", "10000", "755x", "u", "u*r", "+q", "u+r,", ",", "-1", "ugo", "0x1ff", "u+rz"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
