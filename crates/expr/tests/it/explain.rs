use crate::contexts;
use expr::{evaluate_traced, explain};

fn tree(text: &str, json: &str) -> String {
    let here = contexts(json);
    let expr = here.with_scope(|scope| expr::parse(text, scope)).unwrap();
    let (_, trace) = evaluate_traced(&expr, &here);
    explain::lines(&trace, &str::to_owned).join("\n")
}

#[test]
fn parts_are_shown_with_their_values() {
    let here = r#"{
        "github": {"ref": "refs/heads/dev", "event_name": "push", "event": {}},
        "matrix": {"os": "linux", "versions": [1, 2]}
    }"#;
    insta::assert_snapshot!(
        tree("(github.ref == 'refs/heads/main' || github.event_name == 'push') && contains(matrix.versions, 3)", here),
        @"
    (github.ref == 'refs/heads/main' || github.event_name == 'push') && contains(matrix.versions, 3) → false
    ├─ github.ref == 'refs/heads/main' || github.event_name == 'push' → true
    │  ├─ github.ref == 'refs/heads/main' → false
    │  │  └─ github.ref → 'refs/heads/dev'
    │  └─ github.event_name == 'push' → true
    │     └─ github.event_name → 'push'
    └─ contains(matrix.versions, 3) → false
       └─ matrix.versions → [1,2]
    ");
    insta::assert_snapshot!(tree("!github.event.pull_request.draft", here), @"
    !github.event.pull_request.draft → true
    └─ github.event.pull_request.draft → null
       └─ github.event.pull_request → null
    ");
    insta::assert_snapshot!(
        tree("case(matrix.os == 'linux', fromJSON('['), matrix.none)", here),
        @"
    case(matrix.os == 'linux', fromJSON('['), matrix.none) ✗ Error parsing fromJson: expected a value, found the end of the text (line 1, position 2)
    ├─ matrix.os == 'linux' → true
    │  └─ matrix.os → 'linux'
    ├─ fromJSON('[') ✗ Error parsing fromJson: expected a value, found the end of the text (line 1, position 2)
    └─ matrix.none (not evaluated)
    ");
    insta::assert_snapshot!(tree("matrix[github.event_name]", here), @"
    matrix[github.event_name] → null
    ├─ matrix → {\"os\":\"linux\",\"versions\":[1,2]}
    └─ github.event_name → 'push'
    ");
    insta::assert_snapshot!(tree("", here), @" → null");
}

#[test]
fn an_expression_over_several_lines_is_shown_on_one() {
    let here = r#"{"a": null, "b": "x"}"#;
    insta::assert_snapshot!(tree("!a.draft && (\n  a == null ||\n  contains(b,\n    'x\n y')\n)", here), @r"
    !a.draft && (a == null || contains(b, 'x\n y')) → true
    ├─ !a.draft → true
    │  └─ a.draft → null
    │     └─ a → null
    └─ a == null || contains(b, 'x\n y') → true
       ├─ a == null → true
       │  └─ a → null
       └─ contains(b, 'x\n y') (not evaluated)
    ");
}

#[test]
fn long_and_strange_values_stay_on_a_line() {
    let here = format!(r#"{{"a": {:?}, "b": "x\ny'\u0007"}}"#, "long".repeat(100));
    let lines = tree("a == b", &here);
    assert_eq!(lines.lines().count(), 3);
    assert!(lines.lines().all(|line| line.chars().count() < 120), "{lines}");
    assert!(lines.ends_with("b → 'x\\ny''\u{fffd}'"), "{lines}");
}

#[test]
fn one_line_names_what_was_read() {
    let here = r#"{"a": {"x": 1, "y": "z"}, "n": null}"#;
    let line = |text: &str| {
        let here = contexts(here);
        let expr = here.with_scope(|scope| expr::parse(text, scope)).unwrap();
        explain::one_line(&evaluate_traced(&expr, &here).1, &str::to_owned)
    };
    for (text, shown) in [
        ("a.x == 2", "a.x == 2, where a.x is 1"),
        ("a.x == 1 || a.y", "a.x == 1 || a.y, where a.x is 1"),
        ("a.x == a.x", "a.x == a.x, where a.x is 1"),
        ("a.x", "a.x, where a.x is 1"),
        ("failure() && n.o", "failure() && n.o, where failure() is false"),
        (
            "fromJSON('') || a",
            "fromJSON('') || a, where fromJSON('') failed: Error parsing fromJson: the text is empty (line 1, position 1)",
        ),
        ("1 == 2", "1 == 2"),
    ] {
        assert_eq!(line(text), shown);
    }
}

#[test]
fn secrets_are_hidden_before_they_are_quoted_and_cut() {
    let secret = "it's long ".repeat(20);
    let json = format!(r#"{{"a": {secret:?}, "o": {{"k": [{secret:?}], {secret:?}: 1}}, "n": 12345678}}"#);
    let here = contexts(&json);
    let mask = |text: &str| text.replace(&secret, "***").replace("12345678", "***");
    for (text, shown) in [
        ("a == 'x'", "a == 'x', where a is '***'"),
        ("toJSON(o) == 'x'", r#"toJSON(o) == 'x', where o is {"k":["***"],"***":1}"#),
        ("n == 1", "n == 1, where n is ***"),
    ] {
        let expr = here.with_scope(|scope| expr::parse(text, scope)).unwrap();
        let (_, trace) = evaluate_traced(&expr, &here);
        assert_eq!(explain::one_line(&trace, &mask), shown);
        let lines = explain::lines(&trace, &mask).join("\n");
        assert!(!lines.contains("it's") && !lines.contains("it''s"), "{lines}");
    }
    let failing = format!("fromJSON('{}')", secret.replace('\'', "''"));
    let expr = here.with_scope(|scope| expr::parse(&failing, scope)).unwrap();
    let (_, trace) = evaluate_traced(&expr, &here);
    let quoted = secret.replace('\'', "''");
    let mask = |text: &str| text.replace(&secret, "***").replace(&quoted, "***");
    let line = explain::one_line(&trace, &mask);
    assert!(line.starts_with("fromJSON('***'), where fromJSON('***') failed"), "{line}");
}

#[test]
fn traces_are_json_too() {
    let here = contexts(r#"{"a": 1}"#);
    let expr = here.with_scope(|scope| expr::parse("a || 2", scope)).unwrap();
    let (_, trace) = evaluate_traced(&expr, &here);
    insta::assert_json_snapshot!(explain::json(&trace), @r#"
    {
      "text": "a || 2",
      "start": 0,
      "end": 6,
      "kind": "Number",
      "value": 1,
      "parts": [
        {
          "text": "a",
          "start": 0,
          "end": 1,
          "kind": "Number",
          "value": 1,
          "parts": []
        },
        {
          "text": "2",
          "start": 5,
          "end": 6,
          "evaluated": false,
          "parts": []
        }
      ]
    }
    "#);
}

#[test]
fn carets_stand_under_the_part() {
    for (source, range, shown) in [
        ("abc", 1..2, ["abc", " ^"]),
        ("abc", 3..3, ["abc", "   ^"]),
        ("a\n\té b\nc", 6..7, ["\té b", "\t  ^"]),
        ("a\nbc\nd", 2..7, ["bc", "^^"]),
        ("", 0..0, ["", "^"]),
        ("é", 1..9, ["é", "^"]),
        ("ab", 7..9, ["ab", "  ^"]),
    ] {
        assert_eq!(explain::carets(source, &range), shown, "{source:?} {range:?}");
    }
}
