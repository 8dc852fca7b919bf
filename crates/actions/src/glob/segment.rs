//! One part of a pattern between slashes: minimatch with `dot`, `nobrace` and `noext`.

/// What one part of a path must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// `**`: any number of parts.
    Globstar,
    /// Exactly this.
    Literal(String),
    /// Something with wildcards; never an empty part.
    Wild(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `[…]`
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Segment {
    pub(crate) fn parse(text: &str) -> Self {
        if text == "**" {
            return Self::Globstar;
        }
        let chars: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        parse_into(&chars, &mut tokens);
        let literal: Option<String> = tokens
            .iter()
            .map(|token| match token {
                Token::Char(c) => Some(*c),
                _ => None,
            })
            .collect();
        literal.map_or(Self::Wild(tokens), Self::Literal)
    }

    /// Whether it stands for this part of a path; [`Segment::Globstar`] is for the caller.
    pub(crate) fn matches(&self, part: &str) -> bool {
        match self {
            Self::Globstar => true,
            Self::Literal(literal) => literal == part,
            Self::Wild(tokens) => !part.is_empty() && matches_tokens(tokens, part),
        }
    }
}

fn parse_into(chars: &[char], tokens: &mut Vec<Token>) {
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        at += 1;
        match c {
            '\\' => {
                tokens.push(Token::Char(chars.get(at).copied().unwrap_or('\\')));
                at += 1;
            }
            '?' => tokens.push(Token::One),
            '*' => {
                if tokens.last() != Some(&Token::Many) {
                    tokens.push(Token::Many);
                }
            }
            '[' => match class(&chars[at..]) {
                Class::Closed { length, negated, ranges: Some(ranges) } => {
                    tokens.push(Token::Class { negated, ranges });
                    at += length;
                }
                // A range that goes backwards: the brackets are plain, what is between them is a pattern.
                Class::Closed { length, ranges: None, .. } => {
                    tokens.push(Token::Char('['));
                    parse_into(&chars[at..at + length - 1], tokens);
                    tokens.push(Token::Char(']'));
                    at += length;
                }
                Class::Open => tokens.push(Token::Char('[')),
            },
            c => tokens.push(Token::Char(c)),
        }
    }
}

enum Class {
    /// `length` counts the closing bracket. No ranges when one goes backwards.
    Closed {
        length: usize,
        negated: bool,
        ranges: Option<Vec<(char, char)>>,
    },
    Open,
}

/// Reads a class after its `[`.
fn class(chars: &[char]) -> Class {
    let negated = matches!(chars.first(), Some('!' | '^'));
    let mut at = usize::from(negated);
    // The members, and whether each was escaped: an escaped `-` makes no range.
    let mut members: Vec<(char, bool)> = Vec::new();
    loop {
        match chars.get(at) {
            None => return Class::Open,
            // Right after the opening bracket it is a member.
            Some(']') if at > 0 => break,
            Some('\\') if at + 1 < chars.len() => {
                members.push((chars[at + 1], true));
                at += 2;
            }
            Some(c) => {
                members.push((*c, false));
                at += 1;
            }
        }
    }
    let mut ranges = Some(Vec::new());
    let mut index = 0;
    while index < members.len() {
        let first = members[index].0;
        let range = members.get(index + 1) == Some(&('-', false)) && index + 2 < members.len();
        let last = if range { members[index + 2].0 } else { first };
        index += if range { 3 } else { 1 };
        if last < first {
            ranges = None;
            break;
        }
        if let Some(ranges) = &mut ranges {
            ranges.push((first, last));
        }
    }
    Class::Closed { length: at + 1, negated, ranges }
}

/// Backtracks to the last `*` only, which is enough and keeps it quadratic at worst.
fn matches_tokens(tokens: &[Token], part: &str) -> bool {
    let mut rest = part.chars();
    let mut at = 0;
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        if tokens.get(at) == Some(&Token::Many) {
            at += 1;
            retry = Some((at, rest.clone()));
            continue;
        }
        let mut ahead = rest.clone();
        match (tokens.get(at), ahead.next()) {
            (None, None) => return true,
            (Some(token), Some(c)) if token.takes(c) => {
                at += 1;
                rest = ahead;
                continue;
            }
            _ => {}
        }
        let Some((from, mut skipped)) = retry.take() else {
            return false;
        };
        if skipped.next().is_none() {
            return false;
        }
        at = from;
        rest = skipped.clone();
        retry = Some((from, skipped));
    }
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(known) => *known == c,
            Self::One => true,
            Self::Many => false,
            Self::Class { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Segment;

    #[test]
    fn parts() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("a.txt", &["a.txt"], &["a-txt", ""]),
            ("*", &["a", ".a"], &[""]),
            ("*.lock", &["a.lock", ".lock", "a.b.lock"], &["lock", "a.lock2"]),
            ("a*b*c", &["abc", "axbxbc"], &["abcd", "ac"]),
            ("a**b", &["ab", "axb"], &["a"]),
            ("?", &["a", "ü"], &["", "ab"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[!a-c]", &["d"], &["a"]),
            ("[^a]", &["b"], &["a"]),
            ("[]a]", &["]", "a"], &["[]a]"]),
            ("[a", &["[a"], &["a"]),
            ("[c-a]", &["[c-a]"], &["b"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("\\*", &["*"], &["a"]),
            ("\\a", &["a"], &["\\a"]),
            ("a\\", &["a\\"], &["a"]),
            ("{a,b}", &["{a,b}"], &["a"]),
            ("+(a)", &["+(a)"], &["a"]),
            ("!(a)", &["!(a)"], &["b"]),
        ];
        for (pattern, yes, no) in table {
            let segment = Segment::parse(pattern);
            for part in *yes {
                assert!(segment.matches(part), "{pattern} {part}");
            }
            for part in *no {
                assert!(!segment.matches(part), "{pattern} {part}");
            }
        }
    }
}
