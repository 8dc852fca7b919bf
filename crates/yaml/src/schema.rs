//! Which plain scalars are not strings. The rules are those of the core schema of YAML 1.2 as
//! GitHub's runner applies them: no `yes`/`no`, integers in hexadecimal and octal fit in 32 bits.

use crate::{Kind, Style};

/// Why a scalar has no value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// A number that does not fit.
    Range,
    /// The text is not of the type its tag names.
    NotOfTag(&'static str),
    /// A tag on a style it cannot have.
    TagNeedsPlain,
    UnknownTag,
}

const CORE: &str = "tag:yaml.org,2002:";

/// The kind of a scalar, by its tag if it has one.
pub(crate) fn kind(text: &str, style: Style, tag: Option<&str>) -> Result<Kind, Invalid> {
    let Some(tag) = tag else {
        return if style == Style::Plain { plain(text) } else { Ok(Kind::String) };
    };
    let name = tag.strip_prefix(CORE).ok_or(Invalid::UnknownTag)?;
    if name == "str" {
        return Ok(Kind::String);
    }
    if style != Style::Plain {
        return Err(Invalid::TagNeedsPlain);
    }
    match name {
        "null" => null(text).ok_or(Invalid::NotOfTag("null")),
        "bool" => boolean(text).ok_or(Invalid::NotOfTag("a boolean")),
        "int" => integer(text)?.ok_or(Invalid::NotOfTag("an integer")),
        "float" => float(text).ok_or(Invalid::NotOfTag("a number")),
        _ => Err(Invalid::UnknownTag),
    }
}

fn plain(text: &str) -> Result<Kind, Invalid> {
    if let Some(kind) = null(text).or_else(|| boolean(text)) {
        return Ok(kind);
    }
    // Almost every scalar is a word: look no further than its first letter.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Ok(Kind::String);
    }
    Ok(integer(text)?.or_else(|| float(text)).unwrap_or(Kind::String))
}

fn null(text: &str) -> Option<Kind> {
    matches!(text, "" | "null" | "Null" | "NULL" | "~").then_some(Kind::Null)
}

fn boolean(text: &str) -> Option<Kind> {
    match text {
        "true" | "True" | "TRUE" => Some(Kind::Bool(true)),
        "false" | "False" | "FALSE" => Some(Kind::Bool(false)),
        _ => None,
    }
}

fn integer(text: &str) -> Result<Option<Kind>, Invalid> {
    if let Some(digits) = text.strip_prefix("0x")
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return bits(digits, 16).map(Some);
    }
    if let Some(digits) = text.strip_prefix("0o")
        && !digits.is_empty()
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'))
    {
        return bits(digits, 8).map(Some);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    Ok(text.parse().ok().map(Kind::Number))
}

/// 32 bits in two's complement, so `0xFFFFFFFF` is -1.
fn bits(digits: &str, radix: u32) -> Result<Kind, Invalid> {
    let value = u32::from_str_radix(digits, radix).map_err(|_| Invalid::Range)?;
    Ok(Kind::Number(f64::from(value.cast_signed())))
}

fn float(text: &str) -> Option<Kind> {
    let special = match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ => None,
    };
    if let Some(value) = special {
        return Some(Kind::Number(value));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let scaled = exponent.is_none_or(|text| {
        let power = text.strip_prefix(['-', '+']).unwrap_or(text);
        !power.is_empty() && digits(power)
    });
    if number && scaled { text.parse().ok().map(Kind::Number) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<f64> {
        match plain(text) {
            Ok(Kind::Number(value)) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("0", 0.0),
            ("007", 7.0),
            ("+12", 12.0),
            ("-12", -12.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("-.5", -0.5),
            ("1.10", 1.1),
            ("3.0", 3.0),
            ("1e3", 1000.0),
            ("1.5E-1", 0.15),
            ("1e+2", 100.0),
            ("0x1F", 31.0),
            ("0xFFFFFFFF", -1.0),
            ("0x00000000FF", 255.0),
            ("0o17", 15.0),
            ("0o37777777777", -1.0),
            (".inf", f64::INFINITY),
            ("+.INF", f64::INFINITY),
            ("-.Inf", f64::NEG_INFINITY),
            ("1e999", f64::INFINITY),
        ] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        assert!(number(".nan").is_some_and(f64::is_nan));
        assert!(number(".NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn words_that_look_like_something() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "n",
            "tRUE",
            "nULL",
            "0X1F",
            "0b11",
            "0o8",
            "0o",
            "0x",
            "1_000",
            "1,5",
            "1.2.3",
            "v1",
            "1e",
            "1e+",
            "e3",
            "+",
            "-",
            ".",
            "+.",
            "inf",
            ".iNF",
            "--1",
            "12:30",
            "2024-01-01",
            "-.nan",
            "+0x1F",
            "NaN",
        ] {
            assert_eq!(plain(text), Ok(Kind::String), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(plain(text), Ok(Kind::Null), "{text}");
        }
        for text in ["true", "True", "TRUE"] {
            assert_eq!(plain(text), Ok(Kind::Bool(true)), "{text}");
        }
    }

    #[test]
    fn tags_decide() {
        let tag = |name: &str| format!("{CORE}{name}");
        for (text, style, name, expected) in [
            ("1", Style::Plain, "str", Ok(Kind::String)),
            ("1", Style::Double, "str", Ok(Kind::String)),
            ("", Style::Plain, "null", Ok(Kind::Null)),
            ("1", Style::Plain, "float", Ok(Kind::Number(1.0))),
            ("1", Style::Plain, "int", Ok(Kind::Number(1.0))),
            ("1.5", Style::Plain, "int", Err(Invalid::NotOfTag("an integer"))),
            ("yes", Style::Plain, "bool", Err(Invalid::NotOfTag("a boolean"))),
            ("1", Style::Single, "int", Err(Invalid::TagNeedsPlain)),
            ("x", Style::Plain, "binary", Err(Invalid::UnknownTag)),
            ("0xFFFFFFFFF", Style::Plain, "int", Err(Invalid::Range)),
        ] {
            assert_eq!(kind(text, style, Some(&tag(name))), expected, "!!{name} {text}");
        }
        assert_eq!(kind("x", Style::Plain, Some("!mine")), Err(Invalid::UnknownTag));
        assert_eq!(kind("1", Style::Single, None), Ok(Kind::String));
        assert_eq!(plain("0xFFFFFFFFF"), Err(Invalid::Range));
        assert_eq!(plain("0o77777777777"), Err(Invalid::Range));
    }
}
