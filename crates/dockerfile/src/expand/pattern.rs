/// A shell pattern of `${x#p}` and its kin: `*`, `?` and escaped characters; no `[…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What stands between the stars: one more than there are stars.
    segments: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    One(char),
    /// `?`: anything but a line break.
    Any,
}

/// The pattern would take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Comparisons before giving up: far beyond any real use, well below a second.
const FUEL: usize = 50_000_000;

struct Fuel(usize);

impl Fuel {
    fn burn(&mut self) -> Result<(), TooMuch> {
        self.0 = self.0.checked_sub(1).ok_or(TooMuch)?;
        Ok(())
    }
}

impl Pattern {
    /// `\` may stand before `*`, `?`, `\`, and before `/` and `}`, which need it inside `${}`.
    pub(super) fn parse(text: &str) -> Result<Pattern, String> {
        let mut segments = vec![Vec::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let piece = match c {
                '*' => {
                    segments.push(Vec::new());
                    continue;
                }
                '?' => Piece::Any,
                '\\' => match chars.next() {
                    Some(escaped @ ('*' | '?' | '\\' | '/' | '}')) => Piece::One(escaped),
                    Some(other) => return Err(format!("`\\{other}` escapes nothing")),
                    None => return Err("`\\` at the end escapes nothing".to_owned()),
                },
                other => Piece::One(other),
            };
            if let Some(last) = segments.last_mut() {
                last.push(piece);
            }
        }
        Ok(Pattern { segments })
    }

    pub(super) fn trim_start(&self, value: &str, longest: bool) -> Result<String, TooMuch> {
        let chars: Vec<char> = value.chars().collect();
        let end = self.prefix(&chars, longest, &mut Fuel(FUEL))?.unwrap_or(0);
        Ok(chars[end..].iter().collect())
    }

    pub(super) fn trim_end(&self, value: &str, longest: bool) -> Result<String, TooMuch> {
        let mut chars: Vec<char> = value.chars().rev().collect();
        let mut segments = self.segments.clone();
        segments.reverse();
        for segment in &mut segments {
            segment.reverse();
        }
        let end = Pattern { segments }.prefix(&chars, longest, &mut Fuel(FUEL))?.unwrap_or(0);
        chars.drain(..end);
        chars.reverse();
        Ok(chars.into_iter().collect())
    }

    /// Replaces the first or every place where it matches, longest first. Nothing longer than `largest` is made.
    pub(super) fn replace(&self, value: &str, by: &str, all: bool, largest: usize) -> Result<String, TooMuch> {
        let chars: Vec<char> = value.chars().collect();
        let mut fuel = Fuel(FUEL);
        let mut out = String::new();
        let mut at = 0;
        // After a match, an empty one at its end does not count.
        let mut ended = None;
        while at <= chars.len() {
            fuel.burn()?;
            if out.len() > largest {
                return Err(TooMuch);
            }
            match self.prefix(&chars[at..], true, &mut fuel)? {
                Some(len) if len > 0 || ended != Some(at) => {
                    out.push_str(by);
                    at += len;
                    ended = Some(at);
                    if !all {
                        break;
                    }
                    if len > 0 {
                        continue;
                    }
                }
                _ => {}
            }
            let Some(c) = chars.get(at) else { break };
            out.push(*c);
            at += 1;
        }
        out.extend(chars.get(at..).unwrap_or_default());
        Ok(out)
    }

    /// How much of the beginning it matches: as little or as much as it can.
    fn prefix(&self, value: &[char], longest: bool, fuel: &mut Fuel) -> Result<Option<usize>, TooMuch> {
        let Some((first, rest)) = self.segments.split_first() else {
            return Ok(Some(0));
        };
        if !fits(first, value, fuel)? {
            return Ok(None);
        }
        let mut at = first.len();
        for (index, segment) in rest.iter().enumerate() {
            let last = index + 1 == rest.len();
            // A star does not go over a line break.
            let break_at = value[at..].iter().position(|c| *c == '\n').map_or(value.len(), |found| at + found);
            let mut found = None;
            if last && longest {
                for start in (at..=break_at).rev() {
                    if fits(segment, &value[start..], fuel)? {
                        found = Some(start);
                        break;
                    }
                }
            } else {
                for start in at..=break_at {
                    if fits(segment, &value[start..], fuel)? {
                        found = Some(start);
                        break;
                    }
                }
            }
            match found {
                Some(start) => at = start + segment.len(),
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

fn fits(segment: &[Piece], value: &[char], fuel: &mut Fuel) -> Result<bool, TooMuch> {
    fuel.burn()?;
    if value.len() < segment.len() {
        return Ok(false);
    }
    for (piece, c) in segment.iter().zip(value) {
        fuel.burn()?;
        let same = match piece {
            Piece::One(own) => own == c,
            Piece::Any => *c != '\n',
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_suffixes() {
        for (value, pattern, short, long) in [
            ("xxyy", "x", "xyy", "xyy"),
            ("xxyy", "*x", "xyy", "yy"),
            ("xxyy", "*", "xxyy", ""),
            ("xxyy", "", "xxyy", "xxyy"),
            ("???y", "?\\?", "?y", "?y"),
            ("a/b/c", "*/", "b/c", "c"),
            ("xxyy", "*x*y", "y", ""),
            ("ab\ncd", "*c", "ab\ncd", "ab\ncd"),
            ("абв", "?", "бв", "бв"),
        ] {
            let parsed = Pattern::parse(pattern).expect(pattern);
            assert_eq!(parsed.trim_start(value, false).as_deref(), Ok(short), "{value} # {pattern}");
            assert_eq!(parsed.trim_start(value, true).as_deref(), Ok(long), "{value} ## {pattern}");
        }
        for (value, pattern, short, long) in [
            ("xx**", "\\**", "xx*", "xx"),
            ("a***yy*", "\\**\\*", "a**", "a"),
            ("app.tar.gz", ".*", "app.tar", "app"),
            ("xxyy", "x", "xxyy", "xxyy"),
            ("абв", "?", "аб", "аб"),
        ] {
            let parsed = Pattern::parse(pattern).expect(pattern);
            assert_eq!(parsed.trim_end(value, false).as_deref(), Ok(short), "{value} % {pattern}");
            assert_eq!(parsed.trim_end(value, true).as_deref(), Ok(long), "{value} %% {pattern}");
        }
    }

    #[test]
    fn replacing() {
        for (value, pattern, by, first, all) in [
            ("a-b-c", "-", "+", "a+b-c", "a+b+c"),
            ("abc", "", ".", ".abc", ".a.b.c."),
            ("aab", "a*", "x", "x", "x"),
            ("/tmp/tmp/x", "/tmp", "", "/tmp/x", "/x"),
            ("/foo*/*/*.txt", "\\*/", ".", "/foo.*/*.txt", "/foo..*.txt"),
            ("aaa", "a", "", "aa", ""),
            ("abc", "x", "y", "abc", "abc"),
        ] {
            let parsed = Pattern::parse(pattern).expect(pattern);
            assert_eq!(parsed.replace(value, by, false, 1 << 20).as_deref(), Ok(first), "{value}/{pattern}");
            assert_eq!(parsed.replace(value, by, true, 1 << 20).as_deref(), Ok(all), "{value}//{pattern}");
        }
    }

    #[test]
    fn malformed_patterns_and_hopeless_work() {
        for pattern in ["\\", "\\x", "\\\\\\"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
        let value = "a".repeat(100_000);
        let pattern = Pattern::parse(&format!("{}b", "a".repeat(50_000))).expect("a pattern");
        assert_eq!(pattern.replace(&value, "x", true, 1 << 20), Err(TooMuch));
    }
}
