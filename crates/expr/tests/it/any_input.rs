use expr::{Condition, JsonContext, Template, batch, evaluate, evaluate_traced, explain};
use proptest::prelude::*;

use crate::contexts;

fn here() -> JsonContext {
    contexts(r#"{"a": {"b": [1, "x", null, {"c": true}], "C": {"c": "d"}}, "n": null, "s": "text", "f": 1.5}"#)
}

/// What makes up expressions, strung together at random: much of it parses.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "a",
        "n",
        "s",
        "f",
        "b",
        "true",
        "null",
        "1",
        "-2.5",
        "0xff",
        "'x'",
        "''",
        "'{0}'",
        "NaN",
        "(",
        ")",
        "[",
        "]",
        ".",
        ",",
        "*",
        "!",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "contains(",
        "format(",
        "toJSON(",
        "fromJSON(",
        "join(",
        "case(",
        "startsWith(",
        " ",
        "${{",
        "}}",
        "'",
        "é",
        "😊",
    ]);
    prop::collection::vec(token, 0..30).prop_map(|tokens| tokens.concat())
}

/// Expressions that parse, of every shape.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a", "a.b", "a.*", "a.b[3].c", "n", "s", "f", "true", "false", "null", "1", "-0", "NaN", "Infinity", "'x'",
        "'{0}{0}'", "'[1,{}]'", "''", "'}'",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(8, 64, 4, |inner| {
        let operator = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "&&", "||"]);
        let one = prop::sample::select(vec!["!(", "toJSON(", "fromJSON(", "join(", "format(", "("]);
        let two = prop::sample::select(vec!["contains", "startsWith", "endsWith", "join", "format"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            (one, inner.clone()).prop_map(|(one, inner)| format!("{one}{inner})")),
            (two, inner.clone(), inner.clone()).prop_map(|(two, left, right)| format!("{two}({left}, {right})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(predicate, yes, no)| format!("case({predicate}, {yes}, {no})")),
            (inner.clone(), inner.clone()).prop_map(|(of, index)| format!("({of})[{index}]")),
            inner.prop_map(|of| format!("({of})[*].c")),
        ]
    })
}

/// Parses and evaluates a text in every way there is, and sees that the ways agree.
fn try_everything(text: &str) -> Result<(), TestCaseError> {
    let here = here();
    let inside = |range: &std::ops::Range<usize>| text.get(range.clone()).is_some();
    match here.with_scope(|scope| expr::parse(text, scope)) {
        Ok(expr) => {
            let plain = evaluate(&expr, &here);
            let (traced, trace) = evaluate_traced(&expr, &here);
            prop_assert_eq!(format!("{:?}", plain), format!("{:?}", traced));
            prop_assert!(inside(&trace.range));
            prop_assert!(!explain::lines(&trace, &str::to_owned).is_empty());
            for reference in expr.references() {
                prop_assert!(inside(&reference.range));
            }
            if let Err(error) = plain {
                prop_assert!(inside(&error.range));
            }
        }
        Err(error) => prop_assert!(inside(&error.range), "{:?}", error),
    }
    match here.with_scope(|scope| Template::parse(text, scope)) {
        Ok(template) => {
            let plain = template.evaluate(&here);
            let (traced, _) = template.evaluate_traced(&here);
            prop_assert_eq!(format!("{:?}", plain), format!("{:?}", traced));
        }
        Err(errors) => {
            prop_assert!(!errors.is_empty() && errors.iter().all(|error| inside(&error.range)));
        }
    }
    if let Ok(condition) = here.with_scope(|scope| Condition::parse(text, scope)) {
        let plain = condition.evaluate(&here);
        prop_assert_eq!(plain, condition.evaluate_traced(&here).0);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}") {
        try_everything(&text)?;
        try_everything(&format!("${{{{{text}}}}}"))?;
    }

    #[test]
    fn any_tokens_are_parsed_or_refused(text in tokens()) {
        try_everything(&text)?;
        try_everything(&format!("x ${{{{ {text} }}}}"))?;
    }

    #[test]
    fn any_expression_ends(text in expressions()) {
        try_everything(&text)?;
    }

    #[test]
    fn any_line_is_answered(line in "\\PC{0,60}") {
        let answer: serde_json::Value = serde_json::from_str(&batch::answer(&line)).unwrap();
        prop_assert!(answer.is_object());
        let request = serde_json::json!({"expr": line}).to_string();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&batch::answer(&request)).is_ok());
    }

    #[test]
    fn any_json_text_is_read_or_refused(text in "[\\[\\]{}:,'\"a0-9eE+./*\\\\uxn\\n -]{0,40}") {
        try_everything(&format!("fromJSON('{}')", text.replace('\'', "''")))?;
    }

    #[test]
    fn json_comes_back_from_json(number in any::<f64>(), text in any::<String>(), flag in any::<bool>()) {
        let value = expr::Value::array([number.into(), text.as_str().into(), flag.into(), expr::Value::Null]);
        let here = contexts("{}");
        let quoted = value.to_json_string().replace('\'', "''");
        // The limit on the length is not the point here.
        prop_assume!(quoted.len() < 10_000);
        let expr = here.with_scope(|scope| expr::parse(&format!("fromJSON('{quoted}')"), scope)).unwrap();
        let back = evaluate(&expr, &here).unwrap();
        let back = back.as_array().unwrap();
        prop_assert_eq!(back.items()[1].as_str(), Some(text.as_str()));
        prop_assert_eq!(back.items()[2].as_bool(), Some(flag));
        prop_assert_eq!(back.items()[0].to_display_string(), value.as_array().unwrap().items()[0].to_display_string());
    }
}

#[test]
fn long_inputs_are_quick_to_refuse_or_parse() {
    for unit in ["(", "!", "[", "a.", "a[", "1==", "0||(", "1&&", "toJSON(", "format('',", "'", "-", "a,", "case(1,"] {
        let text = unit.repeat(21_000 / unit.len());
        try_everything(&text).unwrap();
        try_everything(&format!("{text}1")).unwrap();
        try_everything(&unit.repeat(100_000)).unwrap();
    }
    try_everything(&"${{".repeat(20_000)).unwrap();
    try_everything(&"${{ 1 }}".repeat(20_000)).unwrap();
}
