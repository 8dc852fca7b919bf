//! The forms a secret takes on its way into a log: the ones actions/runner registers (ValueEncoders.cs).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// All texts to look for when `value` is a secret, itself first. May hold duplicates, never an empty text.
pub(super) fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![
        value.to_owned(),
        base64_from(value, 0),
        base64_from(value, 1),
        base64_from(value, 2),
        value.replace('"', "\\\""),
        value.replace('\'', "''"),
        json(value),
        uri(value),
        xml(value),
    ];
    forms.extend((0..3).filter_map(|skipped| base64_settled(value, skipped)));
    forms.extend(without_quotes(value));
    forms.extend(powershell_parts(value));
    forms.retain(|form| !form.is_empty());
    forms
}

/// Base64 packs three bytes in four characters, so what stands before a secret moves it to one of three places.
fn base64_from(value: &str, skipped: usize) -> String {
    let bytes = value.as_bytes();
    STANDARD.encode(if bytes.len() > skipped { &bytes[skipped..] } else { bytes })
}

/// The characters of its Base64 that hold whatever follows the secret: `echo "$SECRET" | base64` adds a line break,
/// which changes the last one. GitHub lets that through. Too few of them would hide half the log.
fn base64_settled(value: &str, skipped: usize) -> Option<String> {
    const LEAST: usize = 10;
    let bytes = value.as_bytes().get(skipped..)?;
    let mut text = STANDARD.encode(bytes);
    text.truncate(bytes.len() * 8 / 6);
    (text.len() >= LEAST).then_some(text)
}

fn json(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            '\u{8}' => out.push_str("\\b"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

fn uri(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn xml(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

fn without_quotes(value: &str) -> Option<String> {
    let long_enough = value.encode_utf16().count() > 8;
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    long_enough.then(|| inner.to_owned())
}

/// PowerShell colours the parts of a failed command line apart at `&`, and after `&+` also swallows one letter.
fn powershell_parts(value: &str) -> Vec<String> {
    let (before, after) = if let Some(at) = value.find("&+") {
        let (before, after) = value.split_at(at + 2);
        let mut letters = after.chars();
        letters.next();
        (before, letters.as_str())
    } else if let Some(at) = value.rfind('&') {
        value.split_at(at + 1)
    } else {
        return Vec::new();
    };
    // Shorter parts would hide half the log.
    [before, after].into_iter().filter(|part| part.encode_utf16().count() >= 6).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let forms = forms("p\"a'ss<&+word long\n");
        for form in [
            "p\"a'ss<&+word long\n",
            "cCJhJ3NzPCYrd29yZCBsb25nCg==",
            "ImEnc3M8Jit3b3JkIGxvbmcK",
            "YSdzczwmK3dvcmQgbG9uZwo=",
            "p\\\"a'ss<&+word long\n",
            "p\"a''ss<&+word long\n",
            "p\\\"a'ss<&+word long\\n",
            "p%22a%27ss%3C%26%2Bword%20long%0A",
            "p&quot;a&apos;ss&lt;&amp;+word long\n",
            "p\"a'ss<&+",
            "ord long\n",
        ] {
            assert!(forms.iter().any(|known| known == form), "{form:?} not in {forms:?}");
        }
    }

    #[test]
    fn quotes_come_off_long_values_only() {
        assert_eq!(without_quotes("\"1234567\"").as_deref(), Some("1234567"));
        assert_eq!(without_quotes("\"123456\""), None);
        assert_eq!(without_quotes("\""), None);
    }

    #[test]
    fn powershell_splits_at_the_last_ampersand() {
        assert_eq!(powershell_parts("secret1&secret2&secret3"), ["secret1&secret2&", "secret3"]);
        assert_eq!(powershell_parts("secret1&+secret2&secret3"), ["secret1&+", "ecret2&secret3"]);
        assert!(powershell_parts("a&b").is_empty());
        assert!(powershell_parts("plain").is_empty());
    }
}
