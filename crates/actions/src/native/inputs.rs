//! Reading inputs as @actions/core does.

use indexmap::IndexMap;

use super::error::{Fault, Result};

/// The inputs of a call, by lower-case name.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a>(pub(crate) &'a IndexMap<String, String>);

impl<'a> Inputs<'a> {
    /// Trimmed; empty when it is not set.
    pub(crate) fn text(self, name: &str) -> &'a str {
        self.0.get(&name.to_lowercase()).map_or("", |value| value.trim())
    }

    pub(crate) fn text_or(self, name: &str, default: &'a str) -> &'a str {
        self.some(name).unwrap_or(default)
    }

    /// `None` when empty.
    pub(crate) fn some(self, name: &str) -> Option<&'a str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    pub(crate) fn required(self, name: &str) -> Result<&'a str> {
        self.some(name).ok_or_else(|| Fault::Text(format!("Input required and not supplied: {name}")))
    }

    /// One of YAML 1.2's spellings; anything else is an error.
    pub(crate) fn flag(self, name: &str, default: bool) -> Result<bool> {
        match self.text(name) {
            "" => Ok(default),
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            other => Err(Fault::Text(format!("the input `{name}` is `{other}`; it must be `true` or `false`"))),
        }
    }

    /// `true` in any case; anything else is false.
    pub(crate) fn loose_flag(self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("true")
    }

    /// Lines without blanks around, empty ones left out.
    pub(crate) fn lines(self, name: &str) -> Vec<String> {
        self.text(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// The number that a text begins with, as JavaScript's `parseInt` reads it; `None` when the input is empty.
    pub(crate) fn number(self, name: &str) -> Result<Option<i64>> {
        let Some(text) = self.some(name) else {
            return Ok(None);
        };
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        match digits[..end].parse::<i64>() {
            Ok(number) => Ok(Some(sign * number)),
            Err(_) => Err(Fault::Text(format!("Invalid {name}: `{text}` is not a number"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(value: &str) -> IndexMap<String, String> {
        IndexMap::from([("x".to_owned(), value.to_owned())])
    }

    #[test]
    fn flags() {
        for (text, want) in
            [("", Some(true)), (" true ", Some(true)), ("False", Some(false)), ("yes", None), ("1", None)]
        {
            assert_eq!(Inputs(&inputs(text)).flag("x", true).ok(), want, "{text:?}");
        }
        assert!(Inputs(&inputs("TrUe")).loose_flag("X"));
        assert!(!Inputs(&inputs("yes")).loose_flag("x"));
    }

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        for (text, want) in
            [("", Some(None)), ("5", Some(Some(5))), ("-1", Some(Some(-1))), ("7 days", Some(Some(7))), ("x", None)]
        {
            assert_eq!(Inputs(&inputs(text)).number("x").ok(), want, "{text:?}");
        }
    }

    #[test]
    fn lines_are_trimmed() {
        assert_eq!(Inputs(&inputs(" a \n\n  b\n")).lines("x"), ["a", "b"]);
        assert!(Inputs(&inputs("  ")).required("x").is_err());
    }
}
