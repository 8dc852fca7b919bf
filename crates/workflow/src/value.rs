//! Values of keys, of the kind that the key takes.
//!
//! As in `TemplateEvaluator` of actions/runner an expression has to give the right kind: text is no boolean and no number
//! (`fromJSON` makes one), and nothing is neither. Any scalar is text.

use expr::Value;

/// The value of `key` as a boolean, or what is wrong with it.
pub fn boolean(value: &Value, key: &str) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| mismatch(value, key, "`true` or `false`"))
}

/// The value of `key` as a number, or what is wrong with it.
pub fn number(value: &Value, key: &str) -> Result<f64, String> {
    value.as_number().ok_or_else(|| mismatch(value, key, "a number"))
}

/// The value of `key` as text, or what is wrong with it.
pub fn text(value: &Value, key: &str) -> Result<String, String> {
    if value.is_primitive() {
        return Ok(value.to_display_string().into_owned());
    }
    Err(mismatch(value, key, "a string"))
}

fn mismatch(value: &Value, key: &str, expected: &str) -> String {
    match value {
        Value::Null => format!("`{key}` is {expected}, the expression gives nothing"),
        Value::String(_) if expected != "a string" => {
            let found = value.to_display_string();
            format!("`{key}` is {expected}, the expression gives the string `{found}`; `fromJSON` makes one of it")
        }
        _ => format!("`{key}` is {expected}, the expression gives `{}`", value.to_display_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_kind_will_do() {
        assert_eq!(boolean(&Value::Bool(false), "k"), Ok(false));
        assert_eq!(number(&Value::Number(1.5), "k"), Ok(1.5));
        assert_eq!(text(&Value::Number(1.5), "k"), Ok("1.5".to_owned()));
        assert_eq!(
            boolean(&Value::string("false"), "k").unwrap_err(),
            "`k` is `true` or `false`, the expression gives the string `false`; `fromJSON` makes one of it"
        );
        assert_eq!(
            number(&Value::string("abc"), "k").unwrap_err(),
            "`k` is a number, the expression gives the string `abc`; `fromJSON` makes one of it"
        );
        assert_eq!(number(&Value::Null, "k").unwrap_err(), "`k` is a number, the expression gives nothing");
        assert_eq!(
            boolean(&Value::Number(1.0), "k").unwrap_err(),
            "`k` is `true` or `false`, the expression gives `1`"
        );
    }
}
