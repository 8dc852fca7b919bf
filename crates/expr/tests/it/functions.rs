use crate::{Host, show, show_in};
use expr::{Function, Scope, Value};

fn table(rows: &[(&str, &str)]) {
    for (text, value) in rows {
        assert_eq!(&show(text), value, "{text}");
    }
}

#[test]
fn contains() {
    table(&[
        ("contains('Hello', 'hELL')", "true"),
        ("contains('abc', '')", "true"),
        ("contains(null, '')", "true"),
        ("contains('a1b', 1)", "true"),
        ("contains(12.50, '2.5')", "true"),
        ("contains('Straße', 'SS')", "false"),
        ("contains('a', fromJSON('[]'))", "false"),
        ("contains(fromJSON('[1, 2]'), '2')", "true"),
        ("contains(fromJSON('[\"A\"]'), 'a')", "true"),
        ("contains(fromJSON('[\"abc\"]'), 'a')", "false"),
        ("contains(fromJSON('[0]'), null)", "true"),
        ("contains(fromJSON('[[]]'), fromJSON('[]'))", "false"),
        ("contains(fromJSON('{\"a\": 1}'), 'a')", "false"),
        ("CONTAINS('a', 'A')", "true"),
    ]);
}

#[test]
fn starts_and_ends() {
    table(&[
        ("startsWith('Hello', 'hE')", "true"),
        ("startsWith('abc', '')", "true"),
        ("startsWith('a', 'ab')", "false"),
        ("startsWith(123, 12)", "true"),
        ("startsWith(fromJSON('[]'), 'A')", "false"),
        ("startsWith('Array', fromJSON('[]'))", "false"),
        ("endsWith('Hello', 'LLO')", "true"),
        ("endsWith('ü', 'Ü')", "true"),
        ("endsWith(null, '')", "true"),
        ("endsWith('abc', 'b')", "false"),
    ]);
}

#[test]
fn join() {
    table(&[
        ("join(fromJSON('[1, \"b\", null, true]'))", r#""1,b,,true""#),
        ("join(fromJSON('[1, 2, 3]'), ' - ')", r#""1 - 2 - 3""#),
        ("join(fromJSON('[1, 2]'), 0)", r#""102""#),
        ("join(fromJSON('[1, 2]'), fromJSON('[]'))", r#""1,2""#),
        ("join(fromJSON('[[1], {}]'))", r#""Array,Object""#),
        ("join(fromJSON('[]'))", r#""""#),
        ("join(fromJSON('{\"a\": 1}'))", r#""""#),
        ("join('text', '-')", r#""text""#),
        ("join(1.50)", r#""1.5""#),
        ("join(null)", r#""""#),
    ]);
}

#[test]
fn format() {
    table(&[
        ("format('{0}-{1}-{0}', 'a', 'b')", r#""a-b-a""#),
        ("format('{{0}} {0}', 'a')", r#""{0} a""#),
        ("format('{{{0}}}', 'a')", r#""{a}""#),
        ("format('{00}', 'a')", r#""a""#),
        ("format('{0}', null)", r#""""#),
        ("format('{0}', fromJSON('{}'))", r#""Object""#),
        ("format('{0}', 1e21)", r#""1E+21""#),
        ("format('{0}', 'é{1}')", r#""é{1}""#),
        ("format(1)", r#""1""#),
        ("format('{0:X}', 255)", "error: The format specifiers 'X' are not valid for objects of type 'Number'"),
        ("format('{0:a}}b}', 'x')", "error: The format specifiers 'a}b' are not valid for objects of type 'String'"),
        ("format('{1}', 'a')", "error: The following format string references more arguments than were supplied: {1}"),
        ("format('{256}', 'a')", "error: The following format string is invalid: {256}"),
        ("format('{}', 'a')", "error: The following format string is invalid: {}"),
        ("format('{-1}', 'a')", "error: The following format string is invalid: {-1}"),
        ("format('{0', 'a')", "error: The following format string is invalid: {0"),
        ("format('{0:', 'a')", "error: The following format string is invalid: {0:"),
        ("format('a}b', 'a')", "error: The following format string is invalid: a}b"),
    ]);
}

#[test]
fn format_evaluates_what_it_shows_once() {
    let calls = std::cell::RefCell::new(Vec::new());
    let host = Host(&|name, _| {
        calls.borrow_mut().push(name.to_owned());
        Some(Ok("x".into()))
    });
    let function = |name| Function { name, min: 0, max: 0 };
    let functions = [function("used"), function("unused")];
    let scope = Scope { contexts: &[], any_context: false, functions: &functions };
    let expr = expr::parse("format('{1}{1}', unused(), used())", &scope).unwrap();
    let value = expr::evaluate(&expr, &host).unwrap();
    assert_eq!(value.as_str(), Some("xx"));
    assert_eq!(*calls.borrow(), ["used"]);
}

#[test]
fn case() {
    table(&[
        ("case(true, 1, 2)", "1"),
        ("case(false, 1, 2)", "2"),
        ("case(false, 1, 1 == 1, 'x', 2)", r#""x""#),
        ("case('true', 1, 2)", "error: case predicate must evaluate to a boolean value"),
        ("case(null, 1, 2)", "error: case predicate must evaluate to a boolean value"),
        ("case(true, 1, 'not looked at', 2, 3)", "1"),
    ]);
}

#[test]
fn to_json() {
    let here = r#"{"v": {"b": [1, "x", null, {}], "a": {"n": 1.50, "e": []}, "t": true}}"#;
    let expected = "{\n  \"b\": [\n    1,\n    \"x\",\n    null,\n    {}\n  ],\n  \"a\": {\n    \"n\": 1.5,\n    \
                    \"e\": []\n  },\n  \"t\": true\n}";
    assert_eq!(show_in("toJSON(v)", here), serde_json::json!(expected).to_string());
    let quoted = |text: &str| serde_json::json!(text).to_string();
    for (json, text) in [
        (r#""a\"b\\c/d'e""#, r#""a\"b\\c/d'e""#),
        (r#""\n\r\t\b\f""#, r#""\n\r\t\b\f""#),
        (r#""\u0001\u001f\u007f""#, "\"\\u0001\\u001f\u{7f}\""),
        (r#""\u0085\u2028\u2029é😊""#, "\"\\u0085\\u2028\\u2029é😊\""),
        ("null", "null"),
        ("1e21", "1E+21"),
        ("-0.0", "0"),
        ("[]", "[]"),
    ] {
        let here = format!(r#"{{"v": {json}}}"#);
        assert_eq!(show_in("toJSON(v)", &here), quoted(text), "{json}");
    }
    assert_eq!(show("toJSON(NaN)"), r#""NaN""#);
}

#[test]
fn from_json() {
    table(&[
        ("fromJSON('{\"b\": 1, \"a\": [true, null]}')", r#"{"b":1,"a":[true,null]}"#),
        ("fromJSON('\"\\u00e9\\ud83d\\ude0a\\/\"')", r#""é😊/""#),
        ("fromJSON(' -1.5e3 ')", "-1500"),
        ("fromJSON(true)", "true"),
        ("fromJSON('{\"a\": 1, \"A\": 2}')", r#"{"a":2}"#),
        // More than the standard allows.
        ("fromJSON('[1, 2,]')", "[1,2]"),
        ("fromJSON('{''a'': 1, b: 2,}')", r#"{"a":1,"b":2}"#),
        ("fromJSON('/* c */ [1 // d\n]')", "[1]"),
        ("fromJSON('0x1F')", "31"),
        ("fromJSON('017')", "15"),
        ("fromJSON('NaN')", r#""NaN""#),
        ("fromJSON('-Infinity')", r#""-Infinity""#),
        ("fromJSON('1 rest')", "1"),
        ("fromJSON('\"\\ud83d\"')", "\"\u{fffd}\""),
        // Faults with their places.
        ("fromJSON('')", "error: Error parsing fromJson: the text is empty (line 1, position 1)"),
        ("fromJSON('[1,\n x]')", "error: Error parsing fromJson: expected a value, found 'x' (line 2, position 2)"),
        ("fromJSON('{\"a\" 1}')", "error: Error parsing fromJson: expected ':', found '1' (line 1, position 6)"),
        (
            "fromJSON('[1')",
            "error: Error parsing fromJson: expected ',' or ']', found the end of the text (line 1, position 3)",
        ),
        ("fromJSON('\"a')", "error: Error parsing fromJson: the string is not closed (line 1, position 2)"),
        ("fromJSON('1.2.3')", "error: Error parsing fromJson: '1.2.3' is not a number (line 1, position 1)"),
        ("fromJSON('+1')", "error: Error parsing fromJson: expected a value, found '+' (line 1, position 1)"),
        ("fromJSON('\"\\x\"')", "error: Error parsing fromJson: '\\x' is no escape (line 1, position 3)"),
        ("fromJSON(fromJSON('{}'))", "error: Error parsing fromJson: expected a value, found 'O' (line 1, position 1)"),
    ]);
    let nested = |levels: usize| format!("fromJSON('{}{}')", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(show(&nested(64)), format!("{}{}", "[".repeat(64), "]".repeat(64)));
    assert!(show(&nested(65)).contains("deeper than 64 levels"));
    assert!(show(&nested(9000)).contains("deeper than 64 levels"));
}

#[test]
fn results_are_bounded() {
    let growing = |times: usize| {
        (0..times).fold("'0123456789abcdef'".to_owned(), |inner, _| {
            format!("format('{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}', {inner})")
        })
    };
    assert!(show(&growing(4)).len() > 60_000);
    let error = show(&growing(12));
    assert!(error.starts_with("error: The maximum allowed memory size was exceeded"), "{error}");
}

#[test]
fn host_functions_are_called_with_values() {
    let host = Host(&|name, arguments| match name {
        "hashFiles" => {
            let shown: Vec<_> = arguments.iter().map(Value::to_display_string).collect();
            Some(Ok(shown.join("|").into()))
        }
        "broken" => Some(Err("it broke".to_owned())),
        _ => None,
    });
    let functions = [
        Function { name: "hashFiles", min: 1, max: 255 },
        Function { name: "broken", min: 0, max: 0 },
        Function { name: "missing", min: 0, max: 0 },
    ];
    let scope = Scope { contexts: &[], any_context: false, functions: &functions };
    let run = |text: &str| expr::evaluate(&expr::parse(text, &scope).unwrap(), &host);
    assert_eq!(run("HASHfiles('a', 1, null)").unwrap().as_str(), Some("a|1|"));
    let error = run("'x' == broken()").unwrap_err();
    assert_eq!((error.message.as_str(), error.range), ("it broke", 7..15));
    let error = run("missing()").unwrap_err();
    assert_eq!(error.message, "The function 'missing' is not available here");
}
