//! `WWW-Authenticate` (RFC 9110, 11.6.1): what a registry wants to be shown.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case: `bearer`, `basic`.
    pub(super) scheme: String,
    /// Names in lower case.
    pub(super) parameters: BTreeMap<String, String>,
}

/// All challenges of a header's value. What is not one is passed over.
pub(super) fn parse(value: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (word, after) = token(rest);
        if word.is_empty() {
            // Something that begins no word: nothing behind it can be trusted.
            return challenges;
        }
        let after_space = after.trim_start_matches([' ', '\t']);
        match (after_space.strip_prefix('='), challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let (value, after) = parameter(value.trim_start_matches([' ', '\t']));
                challenge.parameters.entry(word.to_ascii_lowercase()).or_insert(value);
                rest = after;
            }
            (Some(_), None) => return challenges,
            (None, _) => {
                challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: BTreeMap::new() });
                rest = after;
            }
        }
    }
}

fn token(text: &str) -> (&str, &str) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.split_at(text.find(|c| !is_word(c)).unwrap_or(text.len()))
}

fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    fn shown(value: &str) -> String {
        let all = parse(value).into_iter().map(|challenge| {
            let parameters: Vec<String> = challenge.parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{}({})", challenge.scheme, parameters.join("; "))
        });
        all.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_registries_send() {
        for (value, expected) in [
            ("", ""),
            ("Basic realm=\"r\"", "basic(realm=r)"),
            (
                "Bearer realm=\"https://auth.example/token\",service=\"s\",scope=\"repository:a/b:pull,push\"",
                "bearer(realm=https://auth.example/token; scope=repository:a/b:pull,push; service=s)",
            ),
            (
                "Bearer realm=x, error=\"invalid_token\" , Basic realm=\"y\"",
                "bearer(error=invalid_token; realm=x) basic(realm=y)",
            ),
            ("Negotiate, BASIC Realm = \"a\\\"b\"", "negotiate() basic(realm=a\"b)"),
            ("realm=\"x\"", ""),
            ("Bearer realm=\"open", "bearer(realm=open)"),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_answered(value: String) {
            parse(&value);
        }
    }
}
