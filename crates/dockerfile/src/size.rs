//! Sizes as Docker reads them: `64m`, `1.5 GB`, `512`.

/// Bytes; units are powers of 1024 whatever their case, with or without `b` or `ib`.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let unit = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit);
    let power = match unit {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let scale = 1024_u64.pow(power);
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(scale);
    }
    let number: f64 = number.parse().ok()?;
    let bytes = number * scale as f64;
    (bytes.is_finite() && bytes < u64::MAX as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("512", Some(512)),
            ("64m", Some(64 << 20)),
            ("64MB", Some(64 << 20)),
            ("64MiB", Some(64 << 20)),
            ("1.5g", Some(3 << 29)),
            ("1 k", Some(1024)),
            ("32b", Some(32)),
            ("", None),
            ("m", None),
            ("-1", None),
            ("1x", None),
            ("1.2.3", None),
            ("99999999999999999999p", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
