//! The form of branch, tag and path patterns: GitHub's own dialect.
//!
//! `*` is any text without `/`, `**` any text, `?` and `+` count the character before them, `[...]` is a set of letters and
//! digits, `\` takes the next character as it is, a leading `!` takes matches away.

/// What a pattern is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Ref,
    Path,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// GitHub refuses the file.
    Invalid(String),
    /// Nothing can match.
    NeverMatches(&'static str),
}

/// What is wrong with a pattern, if anything.
pub(crate) fn problem(pattern: &str, subject: Subject) -> Option<Problem> {
    let invalid = |text: &str| Some(Problem::Invalid(text.to_owned()));
    let body = pattern.strip_prefix('!').unwrap_or(pattern);
    if body.is_empty() {
        return invalid(if pattern.is_empty() { "a pattern cannot be empty" } else { "`!` needs a pattern after it" });
    }
    let mut letters = body.chars();
    let mut before = None;
    while let Some(letter) = letters.next() {
        match letter {
            '\n' | '\r' => return invalid("a pattern is one line"),
            '?' | '+' if matches!(before, None | Some('*' | '?' | '+')) => {
                return Some(Problem::Invalid(format!("`{letter}` counts the character before it, and there is none")));
            }
            '[' => {
                if let Err(problem) = set(&mut letters) {
                    return Some(Problem::Invalid(problem));
                }
            }
            '\\' if letters.next().is_none() && subject == Subject::Ref => {
                return invalid("`\\` needs a character after it");
            }
            _ => {}
        }
        before = Some(letter);
    }
    never_matches(body, subject).map(Problem::NeverMatches)
}

fn set(letters: &mut std::str::Chars<'_>) -> Result<(), String> {
    let mut members = String::new();
    loop {
        match letters.next() {
            None => return Err("`[` is not closed".to_owned()),
            Some(']') => break,
            Some(letter) => members.push(letter),
        }
    }
    if members.is_empty() {
        return Err("`[]` holds no character".to_owned());
    }
    let members: Vec<char> = members.chars().collect();
    for range in members.windows(3).filter(|range| range[1] == '-') {
        if range[0] > range[2] {
            return Err(format!("the range `{}-{}` runs backwards", range[0], range[2]));
        }
    }
    Ok(())
}

fn never_matches(body: &str, subject: Subject) -> Option<&'static str> {
    match subject {
        Subject::Ref if body.starts_with('/') => Some("names of branches and tags do not start with `/`"),
        Subject::Ref if body.ends_with('/') => Some("names of branches and tags do not end with `/`"),
        Subject::Ref if body.ends_with('.') => Some("names of branches and tags do not end with `.`"),
        Subject::Ref if body.starts_with("refs/heads/") || body.starts_with("refs/tags/") => {
            Some("names are compared without `refs/heads/` or `refs/tags/`")
        }
        Subject::Ref if body.contains([' ', '~', '^', ':']) => {
            Some("no branch or tag has such a character in its name")
        }
        Subject::Path if body.trim() != body => Some("it starts or ends with a blank"),
        Subject::Path if body.split('/').any(|part| matches!(part, "." | "..")) => {
            Some("paths are relative to the repository, without `.` and `..`")
        }
        Subject::Path if body.starts_with('/') => Some("paths are relative to the repository, without a leading `/`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for pattern in ["main", "releases/**", "v[12].[0-9]+.[0-9]+", "**.jsx?", "!docs/**", "\\!x", "[CB]at", "a\\?"] {
            assert_eq!(problem(pattern, Subject::Ref), None, "{pattern}");
        }
        for (pattern, expected) in [
            ("", "a pattern cannot be empty"),
            ("!", "`!` needs a pattern after it"),
            ("?x", "`?` counts the character before it, and there is none"),
            ("*+", "`+` counts the character before it, and there is none"),
            ("[ab", "`[` is not closed"),
            ("[]", "`[]` holds no character"),
            ("[9-0]", "the range `9-0` runs backwards"),
        ] {
            assert_eq!(problem(pattern, Subject::Path), Some(Problem::Invalid(expected.into())), "{pattern}");
        }
        for (pattern, subject) in [
            ("/main", Subject::Ref),
            ("refs/heads/main", Subject::Ref),
            ("./src/**", Subject::Path),
            ("/src", Subject::Path),
        ] {
            assert!(matches!(problem(pattern, subject), Some(Problem::NeverMatches(_))), "{pattern}");
        }
    }
}
