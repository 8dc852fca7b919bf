use crate::{contexts, refusal, show, show_in};

#[test]
fn literals() {
    for (text, value) in [
        ("", "null"),
        (" \t\r\n ", "null"),
        ("null", "null"),
        ("true", "true"),
        ("1", "1"),
        ("-1.50", "-1.5"),
        ("+1", "1"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("0xff", "255"),
        ("0o17", "15"),
        ("0xFFFFFFFF", "-1"),
        ("'it''s'", r#""it's""#),
        ("''", r#""""#),
        ("''''", r#""'""#),
        ("'a\nb'", r#""a\nb""#),
        ("Infinity", r#""Infinity""#),
        ("-Infinity", r#""-Infinity""#),
        ("NaN", r#""NaN""#),
        ("\u{a0}1\u{3000}", "1"),
    ] {
        assert_eq!(show(text), value, "{text}");
    }
}

#[test]
fn names() {
    let here = r#"{"a": {"b-c": {"_d": 1}, "true": 2, "contains": 3, "null": 4}, "A_1": 5, "_": 6}"#;
    for (text, value) in [
        ("a.b-c._d", "1"),
        ("a . b-c [ '_d' ]", "1"),
        ("a.true", "2"),
        ("a.contains", "3"),
        ("a.null", "4"),
        ("a_1", "5"),
        ("_", "6"),
        ("contains ( 'a' , 'A' )", "true"),
    ] {
        assert_eq!(show_in(text, here), value, "{text}");
    }
}

#[test]
fn refusals_are_worded_and_placed_as_githubs() {
    for (text, description, part, position) in [
        ("1 +", "Unexpected symbol", "+", 3),
        ("a..b", "Unrecognized named-value", "a", 1),
        ("foo..b", "Unexpected symbol", ".", 5),
        ("foo.", "Unexpected end of expression", ".", 4),
        ("foo.'b'", "Unexpected symbol", "'b'", 5),
        ("foo.bar(1)", "Unexpected symbol", "(", 8),
        ("foo[", "Unexpected end of expression", "[", 4),
        ("foo[]", "Unexpected symbol", "]", 5),
        ("foo[1", "Unexpected end of expression", "1", 5),
        ("foo[1)", "Unexpected symbol", ")", 6),
        ("()", "Unexpected symbol", ")", 2),
        ("(1", "Unexpected end of expression", "1", 2),
        ("1)", "Unexpected symbol", ")", 2),
        ("]", "Unexpected symbol", "]", 1),
        ("1, 2", "Unexpected symbol", ",", 2),
        ("*", "Unexpected symbol", "*", 1),
        ("foo*2", "Unexpected symbol", "foo*2", 1),
        ("foo * 2", "Unexpected symbol", "*", 5),
        ("!", "Unexpected end of expression", "!", 1),
        ("1 !", "Unexpected symbol", "!", 3),
        ("1 ! 2", "Unexpected symbol", "!", 3),
        ("1 ===  2", "Unexpected symbol", "=", 5),
        ("a b", "Unrecognized named-value", "a", 1),
        ("foo b", "Unexpected symbol", "b", 5),
        ("\"foo\"", "Unexpected symbol", "\"foo\"", 1),
        ("'a", "Unexpected symbol", "'a", 1),
        ("foo == 'a''", "Unexpected symbol", "'a''", 8),
        ("$foo", "Unexpected symbol", "$foo", 1),
        ("1x", "Unexpected symbol", "1x", 1),
        ("1.2.3", "Unexpected symbol", "1.2.3", 1),
        ("1-1", "Unexpected symbol", "1-1", 1),
        ("1 -1", "Unexpected symbol", "-1", 3),
        ("True", "Unrecognized named-value", "True", 1),
        ("contains", "Unrecognized named-value", "contains", 1),
        ("nope('a')", "Unrecognized function", "nope", 1),
        ("1 && nope.x", "Unrecognized named-value", "nope", 6),
        ("contains('a')", "Too few parameters supplied", "contains", 1),
        ("1 || contains('a', 'b', 'c')", "Too many parameters supplied", "contains", 6),
        ("toJSON()", "Too few parameters supplied", "toJSON", 1),
        ("contains('a',)", "Unexpected symbol", ")", 14),
        ("contains(,'a')", "Unexpected symbol", ",", 10),
        ("contains('a'", "Unexpected end of expression", "'a'", 10),
        ("hashFiles('x')", "Unrecognized function", "hashFiles", 1),
        // Positions count UTF-16 units.
        ("'é😊' == €", "Unexpected symbol", "€", 10),
    ] {
        let (message, at) = refusal(text);
        assert_eq!(at, part, "{text}");
        assert_eq!(
            message,
            format!("{description}: '{part}'. Located at position {position} within expression: {text}")
        );
    }
    let (message, _) = refusal("case(true, 1, false, 2)");
    assert!(
        message.starts_with(
            "Even number of parameters supplied, requires an odd number of parameters: 'case'. Located at position 1"
        ),
        "{message}"
    );
}

#[test]
fn depth_is_limited_to_fifty() {
    let depths = |make: &dyn Fn(usize) -> String| {
        assert!(!show_in(&make(49), r#"{"a": 1}"#).starts_with("error"));
        assert_eq!(
            contexts(r#"{"a": 1}"#).with_scope(|scope| expr::parse(&make(50), scope)).unwrap_err().message,
            "Exceeded max expression depth 50"
        );
    };
    depths(&|levels| format!("{}true", "!".repeat(levels)));
    depths(&|levels| format!("a{}", ".b".repeat(levels)));
    depths(&|levels| format!("a{}", "[1]".repeat(levels)));
    depths(&|levels| format!("{}1{}", "format(".repeat(levels), ")".repeat(levels)));
    depths(&|levels| format!("1{}", " == 1".repeat(levels)));
    // Parentheses are no level, and a chain of one operator is one.
    assert_eq!(show(&format!("{}1{}", "(".repeat(500), ")".repeat(500))), "1");
    assert_eq!(show(&format!("1{}", " && 1".repeat(500))), "1");
    assert_eq!(show(&format!("{}1{}", "0 || (".repeat(500), ")".repeat(500))), "1");
}

#[test]
fn length_is_limited() {
    let text = |length: usize| format!("'{}'", "é".repeat(length - 2));
    assert!(show(&text(21_000)).starts_with('"'));
    let (message, _) = {
        let text = text(21_001);
        let (message, part) = refusal(&text);
        (message, part.len())
    };
    assert_eq!(message, "Exceeded max expression length 21000");
    // Characters outside the basic plane count twice.
    let (message, _) = {
        let text = format!("'{}'", "😊".repeat(10_500));
        let (message, part) = refusal(&text);
        (message, part.len())
    };
    assert_eq!(message, "Exceeded max expression length 21000");
}
