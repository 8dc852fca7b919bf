//! Sizes: read as docker reads them (`512m`, `1.5GiB`, powers of 1024), written as it writes them.

/// Reads a number of bytes.
pub fn parse(text: &str) -> Result<u64, String> {
    let invalid = || format!("invalid size: '{text}'");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| invalid())?;
    let suffix = text[digits..].trim_start_matches(' ').to_ascii_lowercase();
    let mut letters = suffix.chars();
    let power = match letters.next() {
        None | Some('b') => 0,
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some('p') => 5,
        Some(_) => return Err(format!("invalid suffix: '{suffix}'")),
    };
    let end = letters.as_str();
    if !matches!(end, "" | "b" | "ib") || (power == 0 && !end.is_empty()) {
        return Err(format!("invalid suffix: '{suffix}'"));
    }
    let bytes = number * 1024f64.powi(power);
    if !bytes.is_finite() || bytes >= 9.2e18 {
        return Err(invalid());
    }
    Ok(bytes as u64)
}

/// Powers of 1000 with four digits, as tables of images show sizes: `7.63MB`.
pub fn decimal(bytes: u64) -> String {
    let (number, unit) = scaled(bytes as f64, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB"]);
    format!("{}{unit}", significant(number, 4))
}

/// Powers of 1000 with three digits, as `docker images` and `docker history` show them.
pub fn short(bytes: u64) -> String {
    let (number, unit) = scaled(bytes as f64, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB"]);
    format!("{}{unit}", significant(number, 3))
}

fn scaled(mut number: f64, base: f64, units: &'static [&'static str]) -> (f64, &'static str) {
    let mut index = 0;
    while number >= base && index + 1 < units.len() {
        number /= base;
        index += 1;
    }
    (number, units[index])
}

/// As C's `%.Ng`, for numbers in 0..10000.
fn significant(number: f64, digits: usize) -> String {
    let before = if number < 1.0 { 1 } else { number.log10().floor() as usize + 1 };
    let text = format!("{number:.*}", digits.saturating_sub(before));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let cases = [
            ("512", 512),
            ("512b", 512),
            ("1k", 1024),
            ("1KB", 1024),
            ("64m", 64 << 20),
            ("1.5GiB", 3 << 29),
            ("2 g", 2 << 30),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "m", "1x", "1mm", "-1m", "1bb", "9e99g", "1..2g"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_written() {
        for (bytes, text) in
            [(0, "0B"), (999, "999B"), (4_261_550, "4.26MB"), (77_800_000, "77.8MB"), (1_500_000_000, "1.5GB")]
        {
            assert_eq!(short(bytes), text);
        }
        assert_eq!(decimal(4_261_550), "4.262MB");
    }
}
