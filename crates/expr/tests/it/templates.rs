use crate::contexts;
use expr::{Template, Value};

const HERE: &str = r#"{"a": {"n": 1, "t": "x", "list": [1], "nothing": null}}"#;

fn value(text: &str) -> Value {
    let here = contexts(HERE);
    let template = here.with_scope(|scope| Template::parse(text, scope)).unwrap();
    assert_eq!(template.text(), text);
    template.evaluate(&here).unwrap()
}

/// Each error: its message up to the first colon, and the part at fault.
fn errors(text: &str) -> Vec<(String, &str)> {
    let errors = contexts(HERE).with_scope(|scope| Template::parse(text, scope)).unwrap_err();
    errors.into_iter().map(|error| (error.message, &text[error.range])).collect()
}

#[test]
fn a_lone_expression_keeps_its_type() {
    for (text, json) in [
        ("${{ a.n }}", "1"),
        ("${{a.n}}", "1"),
        ("${{ a.list }}", "[1]"),
        ("${{ a.nothing }}", "null"),
        ("${{\n  a.t\n}}", r#""x""#),
        (" ${{ a.n }}", r#"" 1""#),
        ("${{ a.n }}${{ a.t }}", r#""1x""#),
        ("v${{ a.n }}-${{ a.t }}!", r#""v1-x!""#),
        ("${{ a.list }} ${{ a }}${{ a.nothing }}", r#""Array Object""#),
        ("plain", r#""plain""#),
        ("", r#""""#),
        ("$ {{ a }} }} $${ {", r#""$ {{ a }} }} $${ {""#),
        ("$${{ a.n }}", r#""$1""#),
        // Quotes hide braces.
        ("${{ '}}' }}", r#""}}""#),
        ("${{ 'it''s }}' }}", r#""it's }}""#),
        ("${{ '${{ x }}' }}", r#""${{ x }}""#),
        ("${{ format('{{{0}}}', a.n) }}", r#""{1}""#),
        ("{ ${{ a.n }} } it's {0}", r#""{ 1 } it's {0}""#),
    ] {
        assert_eq!(value(text).to_json().to_string(), json, "{text}");
    }
}

#[test]
fn every_error_is_found_with_its_place() {
    assert_eq!(
        errors("x ${{ b.c }} ${{ a.n }} ${{ 1 + }} é ${{ }}"),
        [
            ("Unrecognized named-value: 'b'. Located at position 1 within expression: b.c".to_owned(), "b"),
            ("Unexpected symbol: '+'. Located at position 3 within expression: 1 +".to_owned(), "+"),
            ("An expression was expected".to_owned(), "${{ }}"),
        ]
    );
}

#[test]
fn an_unclosed_expression_is_an_error() {
    for (text, part) in
        [("a ${{ b", "${{ b"), ("${{", "${{"), ("${{}", "${{}"), ("${{ 'a }}", "${{ 'a }}"), ("${{ a } }", "${{ a } }")]
    {
        let errors = errors(text);
        assert!(errors[0].0.starts_with("The expression is not closed."), "{text}");
        assert_eq!(errors[0].1, part);
    }
}

#[test]
fn insert_is_a_directive() {
    assert!(Template::is_insert("${{ insert }}"));
    assert!(!Template::is_insert("${{ insert }} "));
    assert!(errors("${{ insert }}")[0].0.starts_with("The expression directive 'insert'"));
    assert!(errors("a ${{ insert }}")[0].0.starts_with("The directive 'insert' is not allowed"));
}

#[test]
fn text_with_expressions_is_as_limited_as_one_expression() {
    let long = format!("${{{{ a.n }}}}{}", "x".repeat(21_000));
    assert_eq!(errors(&long)[0].0, "Exceeded max expression length 21000");
    assert_eq!(value(&"x".repeat(30_000)).as_str().unwrap().len(), 30_000);
    // The level `format` adds counts.
    let deep = |levels: usize| format!("${{{{ {}true }}}}", "!".repeat(levels));
    assert_eq!(value(&deep(49)).as_bool(), Some(false));
    assert_eq!(errors(&format!("x{}", deep(49)))[0].0, "Exceeded max expression depth 50");
    assert!(errors(&"${{1}}".repeat(255))[0].0.starts_with("Too many parameters supplied"));
    assert_eq!(value(&"${{1}}".repeat(254)).as_str().unwrap().len(), 254);
}

#[test]
fn failures_are_placed_in_the_text() {
    let here = contexts(HERE);
    let text = "é ${{ a.n }} ${{ fromJSON('') }}";
    let template = here.with_scope(|scope| Template::parse(text, scope)).unwrap();
    let error = template.evaluate(&here).unwrap_err();
    assert_eq!(&text[error.range], "fromJSON('')");
    let (result, traces) = template.evaluate_traced(&here);
    assert!(result.is_err());
    assert_eq!(traces.len(), 2);
    assert_eq!(&text[traces[0].range.clone()], "a.n");
}

#[test]
fn literals_are_told_from_expressions() {
    let parse = |text: &str| contexts(HERE).with_scope(|scope| Template::parse(text, scope)).unwrap();
    assert_eq!(parse("plain").as_literal(), Some("plain"));
    assert_eq!(parse("").as_literal(), Some(""));
    assert_eq!(parse("${{ 'quoted' }}").as_literal(), Some("quoted"));
    assert_eq!(parse("a ${{ 'quoted' }}").as_literal(), None);
    assert_eq!(parse("${{ a.n }}").as_literal(), None);
    assert_eq!(Template::literal("${{ raw }}").as_literal(), Some("${{ raw }}"));
}
