use std::borrow::Cow;

/// A number as .NET's `G15` prints it: 15 significant digits, `1E+21`, `1.5E-07`; zero is `0` whatever its sign.
pub(crate) fn format(number: f64) -> Cow<'static, str> {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into();
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
        return format!(
            "{sign}{first}{point}{rest}E{exponent_sign}{:02}",
            exponent.abs()
        );
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
        return Some(if text.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
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
    if rest.is_empty() {
        text.parse().ok()
    } else {
        None
    }
}
