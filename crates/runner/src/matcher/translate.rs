//! From the regular expressions of matcher files (.NET's, in ECMAScript mode) to the ones of Rust.

use fancy_regex::RegexBuilder as FancyBuilder;
use regex::RegexBuilder;

/// Steps of backtracking that one search may take; about a second's worth at most.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// Bytes a compiled expression may take.
const SIZE_LIMIT: usize = 4 * 1024 * 1024;

/// A compiled expression. The linear engine is taken wherever the expression allows it.
#[derive(Debug)]
pub(super) struct Pattern {
    engine: Engine,
    /// For each group by .NET's numbers, which count unnamed groups first, its number by position.
    groups: Vec<usize>,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

/// A search that took too many steps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exceeded;

impl Pattern {
    /// Compiles `source`; the error says what is wrong with it.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let (translated, groups) = translate(source);
        let linear = RegexBuilder::new(&translated).size_limit(SIZE_LIMIT).build();
        let engine = match linear {
            Ok(regex) => Engine::Linear(regex),
            Err(regex::Error::CompiledTooBig(_)) => {
                return Err(format!("'{source}' is a regular expression too large to be used"));
            }
            Err(_) => FancyBuilder::new(&translated)
                .backtrack_limit(BACKTRACK_LIMIT)
                .delegate_size_limit(SIZE_LIMIT)
                .build()
                .map(Engine::Backtracking)
                .map_err(|error| format!("'{source}' is not a regular expression that can be used: {error}"))?,
        };
        Ok(Self { engine, groups })
    }

    /// Groups there are, the whole match included.
    pub(super) fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The text of every group in the first match, empty for one that took no part.
    pub(super) fn captures(&self, line: &str) -> Result<Option<Vec<String>>, Exceeded> {
        match &self.engine {
            Engine::Linear(regex) => {
                Ok(regex.captures(line).map(|found| self.texts(|index| found.get(index).map(|group| group.as_str()))))
            }
            Engine::Backtracking(regex) => {
                let found = regex.captures(line).map_err(|_| Exceeded)?;
                Ok(found.map(|found| self.texts(|index| found.get(index).map(|group| group.as_str()))))
            }
        }
    }

    fn texts<'a>(&self, get: impl Fn(usize) -> Option<&'a str>) -> Vec<String> {
        self.groups.iter().map(|index| get(*index).unwrap_or_default().to_owned()).collect()
    }
}

/// The expression in Rust's syntax, and its groups by .NET's numbers.
fn translate(source: &str) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(source.len() + 16);
    let (mut unnamed, mut named) = (vec![0], Vec::new());
    let mut chars = source.chars().peekable();
    let mut in_class = false;
    let mut class_start = false;
    while let Some(c) = chars.next() {
        let first_in_class = std::mem::take(&mut class_start);
        match c {
            '\\' => {
                let escaped = chars.next().unwrap_or('\\');
                escape(escaped, in_class, &mut chars, &mut out);
            }
            '[' if !in_class => {
                in_class = true;
                class_start = true;
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // In ECMAScript mode `[]` is empty and `[^]` is everything.
                if chars.next_if_eq(&']').is_some() {
                    in_class = false;
                    out.push_str(r"\s&&\S]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            // Rust's classes have operators that .NET's have not.
            '[' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '-' if in_class && (first_in_class || chars.peek() == Some(&'-') || chars.peek() == Some(&']')) => {
                out.push_str("\\-");
            }
            '{' if !in_class && !quantifier(chars.clone()) => out.push_str("\\{"),
            '(' if !in_class => {
                out.push('(');
                let mut ahead = chars.clone();
                if ahead.next() != Some('?') {
                    unnamed.push(unnamed.len() + named.len());
                } else if ahead.next() == Some('<') && !matches!(ahead.next(), Some('=' | '!')) {
                    named.push(unnamed.len() + named.len());
                }
            }
            c => out.push(c),
        }
    }
    unnamed.extend(named);
    (out, unnamed)
}

/// Whether `{` begins a repetition; otherwise it is a plain character in .NET.
fn quantifier(mut rest: impl Iterator<Item = char>) -> bool {
    let (mut digits, mut comma) = (0, false);
    loop {
        match rest.next() {
            Some('0'..='9') => digits += 1,
            Some(',') if digits > 0 && !comma => comma = true,
            Some('}') => return digits > 0,
            _ => return false,
        }
    }
}

fn escape(c: char, in_class: bool, rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    // Classes are ASCII in ECMAScript mode.
    let class = match c.to_ascii_lowercase() {
        'd' => Some("0-9"),
        'w' => Some("a-zA-Z0-9_"),
        's' => Some(r" \t\n\x0b\x0c\r"),
        _ => None,
    };
    match (c, class) {
        (_, Some(class)) if c.is_ascii_uppercase() => {
            out.push_str("[^");
            out.push_str(class);
            out.push(']');
        }
        (_, Some(class)) if in_class => out.push_str(class),
        (_, Some(class)) => {
            out.push('[');
            out.push_str(class);
            out.push(']');
        }
        ('b', _) if in_class => out.push_str(r"\x08"),
        ('b' | 'B' | 'A' | 'n' | 'r' | 't' | 'v' | 'f' | 'a' | 'x' | 'u' | 'k' | '1'..='9', _) => {
            out.push('\\');
            out.push(c);
        }
        ('Z' | 'z', _) if !in_class => out.push_str(r"\z"),
        ('e', _) => out.push_str(r"\x1b"),
        ('0', _) => out.push_str(r"\x00"),
        ('c', _) if rest.peek().is_some_and(char::is_ascii_alphabetic) => {
            let letter = rest.next().map_or(0, |letter| u32::from(letter.to_ascii_uppercase()) - 64);
            out.push_str(&format!("\\x{letter:02x}"));
        }
        (c, _) if c.is_ascii_punctuation() => {
            // Always a literal, though Rust gives `\<` and `\>` a meaning.
            out.push_str(&format!("\\x{:02x}", u32::from(c)));
        }
        (c, _) => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn groups(source: &str, line: &str) -> Option<String> {
        Pattern::new(source).unwrap().captures(line).unwrap().map(|groups| groups.join("|"))
    }

    #[test]
    fn dialect() {
        let table = [
            (r"^(.+?)\((\d+),(\d+)\):\s+(.*)$", "a.ts(1,2): bad", Some("a.ts(1,2): bad|a.ts|1|2|bad")),
            (r"\d", "٣", None),
            (r"^\w+$", "ü", None),
            (r"^[^\s:]+", "a b", Some("a")),
            (r"^[\w\-./]+$", "a-b/c.d", Some("a-b/c.d")),
            (r"^[^[\]]+\[", "ab[", Some("ab[")),
            (r"[a&&b]+", "a&b", Some("a&b")),
            (r"^{x}$", "{x}", Some("{x}")),
            (r"a{2}", "aa", Some("aa")),
            (r"\<b\>\/\-\_\ ", "<b>/-_ ", Some("<b>/-_ ")),
            (r"\e\[\x41\u0042\cA", "\u{1b}[AB\u{1}", Some("\u{1b}[AB\u{1}")),
            (r"(?<n>a)(b)(c)?", "ab", Some("ab|b||a")),
            (r"(?:a)(?=b)(b)", "ab", Some("ab|b")),
            (r"(a)\1", "aa", Some("aa|a")),
            (r"(?<!x)y", "y", Some("y")),
            (r"[\s\S]+", "a b", Some("a b")),
            (r"[^]", "x", Some("x")),
            (r"[]", "x", None),
            (r"(?:no-[a-z-]+)$", "no-a-b", Some("no-a-b")),
            (r"\i\y", "iy", Some("iy")),
            ("", "x", Some("")),
        ];
        for (source, line, expected) in table {
            assert_eq!(groups(source, line).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn linear_wherever_possible() {
        for (source, linear) in [(r"^(\s*a+)+$", true), (r"^(a+)+\1$", false), (r"x(?!y)", false)] {
            assert_eq!(matches!(Pattern::new(source).unwrap().engine, Engine::Linear(_)), linear, "{source}");
        }
    }

    #[test]
    fn a_search_ends() {
        let pattern = Pattern::new(r"^((?=a)a|aa)+\1(?!x)$").unwrap();
        assert_eq!(pattern.captures(&format!("{}b", "a".repeat(50))), Err(Exceeded));
    }

    #[test]
    fn what_is_no_expression_is_said() {
        assert!(Pattern::new("(").unwrap_err().starts_with("'(' is not a regular expression"));
        assert!(Pattern::new("a{1000}{1000}{1000}").is_err());
    }

    proptest! {
        #[test]
        fn any_source(source in "[\\\\()\\[\\]{}?<>=!^$.*+|&~a-c0-9,:-]{0,20}", line in "[abc]{0,10}") {
            if let Ok(pattern) = Pattern::new(&source) {
                let _ = pattern.captures(&line);
            }
        }
    }
}
