//! The two forms of a command: `::name key=value,…::data` and `##[name key=value;…]data`.

use super::escape;

/// Commands there are. Anything else is plain text.
pub const NAMES: &[&str] = &[
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// A command as it stands in a line, escapes undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// In lower case.
    pub name: String,
    /// As written; names count without case, the last of a name counts.
    pub properties: Vec<(String, String)>,
    /// What the command is about.
    pub data: String,
}

impl Command {
    /// A property's value.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// Finds the command in a line, if its name is one of [`NAMES`] or `also` (the token that ends `stop-commands`).
///
/// `::` counts only at the start of a line, after blanks; `##[` anywhere in it.
#[must_use]
pub fn parse(line: &str, also: Option<&str>) -> Option<Command> {
    let known = |name: &str| {
        let name = name.to_ascii_lowercase();
        let known = NAMES.contains(&&*name) || also.is_some_and(|also| also.eq_ignore_ascii_case(&name));
        known.then_some(name)
    };
    colons(line, known).or_else(|| brackets(line, known))
}

fn colons(line: &str, known: impl Fn(&str) -> Option<String>) -> Option<Command> {
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    Some(Command {
        name: known(name)?,
        properties: properties_of(properties.trim(), ',', escape::property),
        data: escape::data(data),
    })
}

fn brackets(line: &str, known: impl Fn(&str) -> Option<String>) -> Option<Command> {
    let (_, rest) = line.split_once("##[")?;
    let (head, data) = rest.split_once(']')?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    Some(Command {
        name: known(name)?,
        properties: properties_of(properties, ';', escape::bracket),
        data: escape::bracket(data),
    })
}

fn properties_of(text: &str, separator: char, unescape: fn(&str) -> String) -> Vec<(String, String)> {
    text.split(separator)
        .filter_map(|property| {
            // Empty parts do not count, so `=a=b` and `a==b` are both a and b, and `a=` is nothing.
            let (name, value) = property.trim_start_matches('=').split_once('=')?;
            let value = value.trim_start_matches('=');
            (!value.is_empty()).then(|| (name.to_owned(), unescape(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(line: &str) -> Option<String> {
        let command = parse(line, Some("Token"))?;
        let properties: Vec<String> =
            command.properties.iter().map(|(name, value)| format!("{name}→{value}")).collect();
        Some(format!("{}({}){}", command.name, properties.join("|"), command.data))
    }

    #[test]
    fn table() {
        let table = [
            ("::error::x", Some("error()x")),
            ("  \t\u{a0}::error::x", Some("error()x")),
            ("a ::error::x", None),
            ("::ERROR file=a.c,line=1,Title=a%2Cb%3A::x%0Ay", Some("error(file→a.c|line→1|Title→a,b:)x\ny")),
            ("::error file=a::b::c", Some("error(file→a)b::c")),
            ("::error  file=a , line=2 ::c", Some("error(file→a | line→2)c")),
            ("::error file=,=b,x::c", Some("error()c")),
            ("::error file==a=b::c", Some("error(file→a=b)c")),
            ("::error", None),
            ("::error ::", Some("error()")),
            (":: error::x", None),
            ("::nonsense::x", None),
            ("::token::", Some("token()")),
            ("x ##[error]y", Some("error()y")),
            ("##[error file=a%3Bb;line=2]x%5D", Some("error(file→a;b|line→2)x]")),
            ("##[nonsense]##[error]x", None),
            ("::nonsense::##[error]x", Some("error()x")),
            ("##[error", None),
            ("##[section]x", None),
            ("::add-mask::%250A", Some("add-mask()%0A")),
        ];
        for (line, expected) in table {
            assert_eq!(show(line).as_deref(), expected, "{line:?}");
        }
    }

    #[test]
    fn the_last_of_a_name_counts_without_case() {
        let command = parse("::error file=a,FILE=b::", None).unwrap();
        assert_eq!(command.property("File"), Some("b"));
    }

    proptest! {
        #[test]
        fn any_line(line in "[:#\\[\\]a-z =,;%0A]{0,40}") {
            let _ = parse(&line, None);
        }

        #[test]
        fn data_survives_the_toolkits_escaping(data in any::<String>()) {
            let escaped = data.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
            prop_assert_eq!(parse(&format!("::debug::{escaped}"), None).unwrap().data, data);
        }
    }
}
