//! Patterns of protected names: `*` and `?` stop at `/`, `**/` does not, `[a-z]` is a set. As GitHub's, which are Ruby's
//! `File.fnmatch` with `FNM_PATHNAME`.

/// Whether the pattern takes the whole name.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    take(&pattern, &name, &mut 10_000)
}

/// `budget` bounds the work that a pattern full of stars makes; beyond it nothing matches.
fn take(pattern: &[char], name: &[char], budget: &mut u32) -> bool {
    if *budget == 0 {
        return false;
    }
    *budget -= 1;
    match pattern {
        [] => name.is_empty(),
        ['*', '*', '/', rest @ ..] => {
            // Any number of directories.
            let starts = (0..name.len()).filter(|&at| at == 0 || name[at - 1] == '/');
            take(rest, name, budget) || starts.into_iter().any(|at| take(rest, &name[at..], budget))
        }
        ['*', rest @ ..] => {
            let reach = name.iter().position(|c| *c == '/').unwrap_or(name.len());
            (0..=reach).any(|at| take(rest, &name[at..], budget))
        }
        ['?', rest @ ..] => matches!(name, [c, more @ ..] if *c != '/' && take(rest, more, budget)),
        ['[', rest @ ..] => match (set(rest), name) {
            (Some((accepts, after)), [c, more @ ..]) => *c != '/' && accepts(*c) && take(after, more, budget),
            _ => false,
        },
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            matches!(name, [c, more @ ..] if c == literal && take(rest, more, budget))
        }
    }
}

type Accepts<'p> = Box<dyn Fn(char) -> bool + 'p>;

/// A set behind its `[`, and what follows it.
fn set(pattern: &[char]) -> Option<(Accepts<'_>, &[char])> {
    let (negated, body) = match pattern {
        ['!' | '^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let end = body.iter().position(|c| *c == ']').filter(|end| *end > 0)?;
    let (members, after) = (&body[..end], &body[end + 1..]);
    let accepts = move |c: char| {
        let mut rest = members;
        let mut found = false;
        while let [first, more @ ..] = rest {
            match more {
                ['-', last, beyond @ ..] => {
                    found |= (*first..=*last).contains(&c);
                    rest = beyond;
                }
                _ => {
                    found |= *first == c;
                    rest = more;
                }
            }
        }
        found != negated
    };
    Some((Box::new(accepts), after))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_take_what_githubs_do() {
        let table = [
            ("main", "main", true),
            ("main", "Main", false),
            ("release/*", "release/1", true),
            ("release/*", "release/1/x", false),
            ("release/**/*", "release/1/x", true),
            ("release/**/*", "release/1", true),
            ("**/x", "a/b/x", true),
            ("**/x", "x", true),
            ("*", "a/b", false),
            ("*", "anything", true),
            ("v?.?", "v1.2", true),
            ("v?.?", "v1.22", false),
            ("v[0-9]*", "v12", true),
            ("v[!0-9]", "v1", false),
            ("v[!0-9]", "vx", true),
            ("[ab", "a", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("", "", true),
            ("a*b*c*d*e*f*g*h*i*j*k*", &"a".repeat(200), false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
