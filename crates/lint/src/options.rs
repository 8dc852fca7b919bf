//! What single rules take in `[lint.rules."ID"]`, beyond on and off.

/// What an option holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OptionKind {
    /// A list of texts.
    Texts,
    /// A whole number.
    Number,
    /// A table of words out of these.
    Words(&'static [&'static str]),
}

/// Rule, option, what it holds. Each is on the rule's page.
const OPTIONS: &[(&str, &str, OptionKind)] = &[
    ("security/dependabot-cooldown", "days", OptionKind::Number),
    ("security/forbidden-uses", "allow", OptionKind::Texts),
    ("security/forbidden-uses", "deny", OptionKind::Texts),
    ("security/secrets-outside-env", "allow", OptionKind::Texts),
    ("security/unpinned-uses", "policies", OptionKind::Words(&["any", "hash", "hash-pin", "ref", "ref-pin"])),
];

/// What is wrong with the options of a rule: the key that it is about, and a sentence.
pub(crate) fn problems(rule: &str, table: &toml::Table) -> Vec<(String, String)> {
    let known = || OPTIONS.iter().filter(|(other, ..)| *other == rule);
    let mut found = Vec::new();
    for (name, value) in table {
        match known().find(|(_, other, _)| other == name) {
            Some((.., kind)) => {
                if let Some(wanted) = mismatch(*kind, value) {
                    found.push((name.clone(), format!("`{name}` of `{rule}` has to be {wanted}")));
                }
            }
            None => {
                let names: Vec<String> = known().map(|(_, name, _)| format!("`{name}`")).collect();
                let takes = if names.is_empty() { "no options".to_owned() } else { names.join(" and ") };
                found.push((name.clone(), format!("`{rule}` has no option `{name}`: it takes {takes}")));
            }
        }
    }
    found
}

/// What a value should have been.
fn mismatch(kind: OptionKind, value: &toml::Value) -> Option<String> {
    let fits = match kind {
        OptionKind::Texts => value.as_array().is_some_and(|items| items.iter().all(toml::Value::is_str)),
        OptionKind::Number => value.as_integer().is_some_and(|number| number >= 0),
        OptionKind::Words(words) => value
            .as_table()
            .is_some_and(|table| table.values().all(|word| word.as_str().is_some_and(|word| words.contains(&word)))),
    };
    let wanted = match kind {
        OptionKind::Texts => "a list of texts".to_owned(),
        OptionKind::Number => "a whole number".to_owned(),
        OptionKind::Words(words) => format!("a table of patterns, each with one of {}", words.join(", ")),
    };
    (!fits).then_some(wanted)
}
