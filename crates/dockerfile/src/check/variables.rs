//! Rules about `ARG` and `ENV`.

use span::Span;

use super::report::{Report, Rule};
use crate::{Pair, Word};

const SECRET: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];
const HARMLESS: [&str; 3] = ["public", "file", "version"];

/// Whether a name is one of something secret: a word of it is.
fn is_secret(name: &str) -> bool {
    let has = |words: &[&str]| name.split('_').any(|part| words.iter().any(|word| word.eq_ignore_ascii_case(part)));
    has(&SECRET) && !has(&HARMLESS)
}

pub(super) fn secret(keyword: &str, name: &Word, comments: &[Word], report: &mut Report<'_>) {
    if is_secret(&name.text) {
        let message = format!("{keyword} keeps `{}` in the image, where everybody can read it", name.text);
        let help = "a secret is given with `RUN --mount=type=secret`".to_owned();
        report.push(Rule::SECRETS_USED_IN_ARG_OR_ENV, name.span, message, comments, Some(help));
    }
}

pub(super) fn legacy(keyword: &str, pairs: &[Pair], comments: &[Word], report: &mut Report<'_>) {
    for pair in pairs.iter().filter(|pair| pair.legacy) {
        let span: Span = pair.name.span.join(pair.value.span);
        let message = format!("`{keyword} name value` is the old form");
        let help = format!("write `{keyword} {}=…`", pair.name.text);
        report.push(Rule::LEGACY_KEY_VALUE_FORMAT, span, message, comments, Some(help));
    }
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn names_of_secrets() {
        for (name, secret) in [
            ("API_KEY", true),
            ("github_token", true),
            ("PASSWORD", true),
            ("SECRET_MESSAGE", true),
            ("AUTH", true),
            ("PUBLIC_KEY", false),
            ("TOKEN_FILE", false),
            ("KEYBOARD", false),
            ("MONKEY", false),
            ("VERSION", false),
        ] {
            assert_eq!(is_secret(name), secret, "{name}");
        }
    }
}
