use proptest::prelude::*;

use super::*;

fn masker(values: &[&str]) -> Masker {
    let masker = Masker::new();
    for value in values {
        masker.add(value);
    }
    masker
}

fn stream(masker: &Masker, text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut stream = MaskStream::new(masker.clone());
    let (mut out, mut from) = (Vec::new(), 0);
    for cut in cuts {
        let to = from + cut % (text.len() - from + 1);
        stream.push(&text[from..to], &mut out);
        from = to;
    }
    stream.push(&text[from..], &mut out);
    stream.finish(&mut out);
    out
}

#[test]
fn overlapping_and_adjacent_occurrences_are_one_mask() {
    let table: &[(&[&str], &str, &str)] = &[
        (&[], "nothing", "nothing"),
        (&["abc"], "xabcabcx", "x***x"),
        (&["abc", "bcd"], "xabcdx", "x***x"),
        (&["aba"], "xababax", "x***x"),
        (&["b", "abcde"], "xabcdex b", "x***x ***"),
        (&["password"], "cGFzc3dvcmQ= %70 password", "*** %70 ***"),
        (&["line one\n  line two"], "a line two b line one", "a *** b ***"),
        (&["one\ntwo"], "x one\ntwo y", "x *** y"),
        (&["it's"], "'it''s'", "'***'"),
        (&["ü&ü secret"], "%C3%BC%26%C3%BC%20secret", "***"),
    ];
    for (secrets, text, masked) in table {
        assert_eq!(masker(secrets).mask_str(text), *masked, "{secrets:?} in {text:?}");
    }
}

#[test]
fn base64_is_found_wherever_the_secret_stands() {
    use base64::Engine as _;
    let masker = masker(&["hunter2hunter2"]);
    for before in ["", "a", "ab", "abc", "user:"] {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{before}hunter2hunter2"));
        assert!(masker.mask_str(&text).contains("***"), "{before}: {text}");
    }
}

#[test]
fn blanks_are_no_secret() {
    let masker = Masker::new();
    assert!(!masker.add(" \n"));
    assert!(!masker.add(""));
    assert_eq!(masker.mask_str("a b"), "a b");
}

#[test]
fn values_count_from_when_they_are_added() {
    let masker = Masker::new();
    let clone = masker.clone();
    assert!(!clone.found_in("token"));
    masker.add("token");
    assert!(clone.found_in("a token"));
    assert_eq!(format!("{masker:?}"), "Masker { .. }");
}

#[test]
fn a_stream_holds_back_what_may_become_a_secret() {
    let masker = masker(&["secret"]);
    let mut stream = MaskStream::new(masker);
    let mut out = Vec::new();
    stream.push(b"a sec", &mut out);
    stream.push(b"ret", &mut out);
    stream.push(b"secret b", &mut out);
    stream.finish(&mut out);
    assert_eq!(out, b"a *** b");
}

proptest! {
    #[test]
    fn streaming_equals_masking_at_once(
        secrets in prop::collection::vec("[ab]{1,5}", 0..4),
        text in "[abc]{0,60}",
        cuts in prop::collection::vec(0usize..20, 0..12),
    ) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        // Compiled after each: in tiers, which must not show.
        let (masker, at_once) = (Masker::new(), masker(&secrets));
        for secret in &secrets {
            masker.add(secret);
            let _ = masker.line_patterns();
        }
        let expected = masker.mask(text.as_bytes());
        prop_assert_eq!(&expected, &at_once.mask(text.as_bytes()));
        prop_assert_eq!(stream(&masker, text.as_bytes(), &cuts), expected.as_ref());
    }

    #[test]
    fn no_secret_is_left(secret in "\\PC{1,12}", before in "\\PC{0,9}", after in any::<String>()) {
        let masker = masker(&[&secret]);
        let text = format!("{before}{secret}{after}");
        let masked = masker.mask_str(&text);
        // A secret within the stars themselves cannot be hidden by them.
        prop_assume!(!secret.trim().is_empty() && !"***".contains(secret.trim()) && !secret.contains('*'));
        prop_assert!(!masked.contains(&secret));
    }
}
