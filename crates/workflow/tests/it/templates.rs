//! Evaluating templates.

use expr::{Context, Value};
use workflow::Template;

use super::support::good;

/// No context at all.
pub(crate) struct Nothing;

impl Context for Nothing {
    fn named(&self, _name: &str) -> Option<Value> {
        None
    }
}

struct Github(Value);

impl Context for Github {
    fn named(&self, name: &str) -> Option<Value> {
        name.eq_ignore_ascii_case("github").then(|| self.0.clone())
    }
}

fn env(text: &str) -> Template {
    let workflow = good(&format!("on: push\nenv:\n{text}\njobs:\n  a:\n    runs-on: x\n"));
    workflow.env.unwrap()
}

fn evaluate(template: &Template, github: Value) -> Result<Vec<String>, String> {
    match template.evaluate(&Github(github)) {
        Ok(Value::Object(object)) => {
            Ok(object.iter().map(|(key, value)| format!("{key}={}", value.to_display_string())).collect())
        }
        Ok(other) => panic!("a mapping, not {other:?}"),
        Err(failure) => Err(failure.message),
    }
}

#[test]
fn keys_and_values() {
    let template = env("  A: 1\n  ${{ github.key }}: x${{ github.value }}\n  B: ${{ github.value }}");
    assert!(!template.is_literal());
    assert_eq!(template.get("a").and_then(Template::literal_str), Some("1"));
    let github = Value::object([("key", Value::from("K")), ("value", Value::Number(2.0))]);
    assert_eq!(evaluate(&template, github).unwrap(), ["A=1", "K=x2", "B=2"]);
}

#[test]
fn insert_puts_pairs_in_place() {
    let template = env("  A: 1\n  ${{ insert }}: ${{ github.more }}\n  Z: 2");
    let more = Value::object([("B", Value::from("b")), ("C", Value::from("c"))]);
    assert_eq!(evaluate(&template, Value::object([("more", more)])).unwrap(), ["A=1", "B=b", "C=c", "Z=2"]);
    assert_eq!(
        evaluate(&template, Value::object([("more", Value::from("x"))])).unwrap_err(),
        "`insert` takes a mapping"
    );
}

#[test]
fn a_key_twice_after_evaluation_fails() {
    let template = env("  A: 1\n  ${{ github.key }}: 2");
    assert_eq!(
        evaluate(&template, Value::object([("key", Value::from("a"))])).unwrap_err(),
        "the key `a` is there already"
    );
}

#[test]
fn results_are_bounded() {
    let mut text = String::new();
    for index in 0..40 {
        text.push_str(&format!("  K{index}: ${{{{ github.big }}}}\n"));
    }
    let big = Value::object([("big", Value::from("x".repeat(300_000)))]);
    assert_eq!(evaluate(&env(&text), big).unwrap_err(), "the result is larger than 10 MiB");
}
