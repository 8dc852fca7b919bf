//! Texts from elsewhere in messages.

/// The beginning of a text, at most `most` characters. A word is there whole or not at all: what hides secrets in a message
/// would not recognise half of one.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let Some((end, next)) = text.char_indices().nth(most) else { return text.to_owned() };
    let whole = match next.is_whitespace() {
        true => end,
        false => text[..end].rfind(char::is_whitespace).unwrap_or(0),
    };
    format!("{}…", &text[..whole])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words() {
        for (text, most, expected) in [
            ("denied", 6, "denied"),
            ("denied: topsecret", 17, "denied: topsecret"),
            ("denied: topsecret", 16, "denied:…"),
            ("denied: topsecret", 8, "denied:…"),
            ("denied: topsecret", 7, "denied:…"),
            ("topsecret", 8, "…"),
            ("é è topsecret", 5, "é è…"),
        ] {
            assert_eq!(cut(text, most), expected, "{text}, {most}");
        }
    }
}
