//! Undoing the escapes in commands.

/// The data after `::`. `%25` comes last, so that `%250A` is the text `%0A`.
pub(super) fn data(text: &str) -> String {
    replace(text, &[("%0D", "\r"), ("%0A", "\n"), ("%25", "%")])
}

/// A property's value in a `::` command.
pub(super) fn property(text: &str) -> String {
    replace(text, &[("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")])
}

/// A property's value or the data in a `##[` command.
pub(super) fn bracket(text: &str) -> String {
    replace(text, &[("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")])
}

fn replace(text: &str, table: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (escape, meaning) in table {
        if !text.contains('%') {
            break;
        }
        text = text.replace(escape, meaning);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn percent_is_undone_last() {
        assert_eq!(super::data("a%250Ab%0Ac%3A%0a"), "a%0Ab\nc%3A%0a");
        assert_eq!(super::property("%253A%3A%2C"), "%3A:,");
        assert_eq!(super::bracket("%5D%3B%3A"), "];%3A");
    }
}
