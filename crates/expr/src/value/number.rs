use std::borrow::Cow;

/// A number as .NET's `G15` prints it: 15 significant digits, `1E+21`, `1.5E-07`; zero is `0` whatever its sign.
pub(crate) fn format(number: f64) -> Cow<'static, str> {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    if number == 0.0 {
        return "0".into();
    }
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}").into();
    }
    format_digits(number).into()
}

const PRECISION: i32 = 15;

fn format_digits(number: f64) -> String {
    let scientific = format!("{:.14e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let sign = if number < 0.0 { "-" } else { "" };
    let Some((first, rest)) = digits.split_at_checked(1) else {
        return "0".to_owned();
    };
    if !(-4..PRECISION).contains(&exponent) {
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}E{exponent_sign}{:02}", exponent.abs());
    }
    let Ok(whole) = usize::try_from(exponent) else {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    };
    if digits.len() <= whole + 1 {
        return format!("{sign}{digits}{}", "0".repeat(whole + 1 - digits.len()));
    }
    let (whole, fraction) = digits.split_at(whole + 1);
    format!("{sign}{whole}.{fraction}")
}

/// The number a text stands for, by the rules of JavaScript's `Number()` as GitHub implements them: surrounding
/// white space is ignored, nothing is 0, `0x` and `0o` are 32-bit patterns, everything else is NaN.
pub(crate) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(char::is_whitespace);
    if text.is_empty() {
        return 0.0;
    }
    if let Some(number) = parse_decimal(text) {
        return number;
    }
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| !digits.is_empty()) {
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return f64::NAN;
        }
        return parse_bits(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| !digits.is_empty()) {
        if !digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
            return f64::NAN;
        }
        return parse_bits(digits, 8);
    }
    f64::NAN
}

/// .NET reads hexadecimal and octal digits as the bits of a signed 32-bit integer.
fn parse_bits(digits: &str, radix: u32) -> f64 {
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    u32::from_str_radix(digits, radix).map_or(f64::NAN, |bits| f64::from(bits.cast_signed()))
}

/// `[+-]digits[.digits][e[+-]digits]`, digits on at least one side of the point; the words .NET knows.
fn parse_decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.eq_ignore_ascii_case("infinity") {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let digits_end = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits_end(unsigned);
    let mut rest = &unsigned[whole..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits_end(after);
        rest = &after[fraction..];
    }
    if whole + fraction == 0 {
        return None;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        let exponent = digits_end(after);
        if exponent == 0 {
            return None;
        }
        rest = &after[exponent..];
    }
    if rest.is_empty() { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_digits_are_printed() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333333"),
            (2.0 / 3.0, "0.666666666666667"),
            (123_456.789, "123456.789"),
            (0.845_512_408_225_570_1, "0.84551240822557"),
            (0.000_1, "0.0001"),
            (0.000_01, "1E-05"),
            (1.5e-7, "1.5E-07"),
            (-2.5e-300, "-2.5E-300"),
            (5e-324, "4.94065645841247E-324"),
            (100_000_000_000_000.0, "100000000000000"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1E+15"),
            (1_234_567_890_123_456.0, "1.23456789012346E+15"),
            (999_999_999_999_999.9, "1E+15"),
            (99_999_999_999_999.99, "100000000000000"),
            (1e21, "1E+21"),
            (1e100, "1E+100"),
            (f64::MAX, "1.79769313486232E+308"),
            (9_007_199_254_740_993.0, "9.00719925474099E+15"),
            // Halves go to the even digit.
            (1_000_000_000_000.125, "1000000000000.12"),
            (1_000_000_000_000.375, "1000000000000.38"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(format(number), text, "{number:e}");
        }
    }

    #[test]
    fn text_is_read_as_javascript_does() {
        for (text, number) in [
            ("", 0.0),
            (" \t\u{a0}", 0.0),
            ("+1.5e+3", 1500.0),
            ("-.5", -0.5),
            ("1.", 1.0),
            ("0x0000000000ff", 255.0),
            ("0x80000000", -2_147_483_648.0),
            ("0o20000000000", -2_147_483_648.0),
            ("infinity", f64::INFINITY),
            ("+Infinity", f64::INFINITY),
            ("1e400", f64::INFINITY),
        ] {
            assert!((parse(text) - number).abs() == 0.0 || parse(text) == number, "{text}");
        }
        for text in [
            ".",
            "e1",
            "1e",
            "1e+",
            "--1",
            "1 2",
            "0x",
            "0xg",
            "0o",
            "0o8",
            "-0x1",
            "0b1",
            "inf",
            "nan",
            "1f",
            "0x100000000",
            "0o40000000000",
            "١",
        ] {
            assert!(parse(text).is_nan(), "{text}");
        }
    }

    /// Between the two ways to print a number there is no difference, where both apply.
    #[test]
    fn whole_numbers_print_alike() {
        for number in [1.0, -7.0, 10.0, 1_200.0, 123_456_789_012_345.0, -999_999_999_999_999.0] {
            assert_eq!(format(number), format_digits(number));
        }
    }
}
