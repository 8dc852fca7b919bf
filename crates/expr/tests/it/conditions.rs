use crate::Host;
use expr::{Condition, Context, Function, Scope, Value, explain};

const fn function(name: &'static str) -> Function<'static> {
    Function { name, min: 0, max: 0 }
}

const FUNCTIONS: [Function<'static>; 4] =
    [function("success"), function("failure"), function("always"), function("cancelled")];

const SCOPE: Scope<'static> = Scope { contexts: &["github"], any_context: false, functions: &FUNCTIONS };

fn parse(text: &str) -> Condition {
    Condition::parse(text, &SCOPE).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// Whether a condition holds while everything went well, and after a failure.
fn holds(text: &str) -> (bool, bool) {
    let after = |failed: bool| {
        let status = move |name: &str, _: &[Value]| {
            Some(Ok(Value::Bool(match name {
                "always" => true,
                "success" => !failed,
                "failure" => failed,
                _ => false,
            })))
        };
        parse(text).evaluate(&Host(&status)).unwrap()
    };
    (after(false), after(true))
}

#[test]
fn success_is_implied() {
    for (text, expected) in [
        ("", (true, false)),
        ("  ", (true, false)),
        ("true", (true, false)),
        ("false", (false, false)),
        ("1 == 1", (true, false)),
        ("always()", (true, true)),
        ("ALWAYS ()", (true, true)),
        ("failure()", (false, true)),
        ("!cancelled()", (true, true)),
        ("success() || failure()", (true, true)),
        // Anywhere in the expression will do, evaluated or not.
        ("true || always()", (true, true)),
        ("format('{0}', failure()) == 'true'", (false, true)),
        // The words alone will not.
        ("'always()' == 'always()'", (true, false)),
        ("github.always || true", (true, false)),
        // With braces.
        ("${{ true }}", (true, false)),
        ("${{ always() }}", (true, true)),
        ("${{ 1 == 2 }}", (false, false)),
        ("${{ 'false' }}", (false, false)),
        // Text around braces is a text, and a text is true.
        ("${{ false }} ", (true, false)),
        ("${{ 1 == 2 }} && ${{ false }}", (true, false)),
        ("!${{ failure() }}", (true, true)),
    ] {
        assert_eq!(holds(text), expected, "{text}");
    }
    assert!(parse("true").is_implicit_success());
    assert!(!parse("always()").is_implicit_success());
    assert!(Condition::default().is_implicit_success());
    assert!(Condition::default().expr().is_empty());
}

#[test]
fn errors_are_placed_in_the_text() {
    for (text, part) in [
        ("github.ref = 'x'", "="),
        ("${{ secrets.x }}", "secrets"),
        ("x ${{ 1 }} ${{ y }}", "y"),
        ("${{ 1", "${{ 1"),
        ("${{ 'nope' }}", "'nope'"),
        ("hashFiles('x')", "hashFiles"),
    ] {
        let errors = Condition::parse(text, &SCOPE).unwrap_err();
        assert_eq!(&text[errors[0].range.clone()], part, "{text}");
    }
}

#[test]
fn a_failing_condition_is_an_error() {
    let host = Host(&|_, _| Some(Ok(true.into())));
    let error = parse("fromJSON('') && true").evaluate(&host).unwrap_err();
    assert_eq!(error.range, 0..12);
    let nobody = Host(&|_, _| None);
    assert!(parse("").evaluate(&nobody).is_err());
}

#[test]
fn a_trace_shows_the_implied_part() {
    struct Failed;
    impl Context for Failed {
        fn named(&self, _name: &str) -> Option<Value> {
            Some(Value::object([("ref", Value::from("refs/heads/main"))]))
        }
        fn call(&self, name: &str, _args: &[Value]) -> Option<Result<Value, String>> {
            Some(Ok(Value::Bool(name == "failure")))
        }
    }
    let tree = |text: &str| {
        let (result, trace) = parse(text).evaluate_traced(&Failed);
        assert_eq!(result, parse(text).evaluate(&Failed));
        explain::lines(&trace, &str::to_owned).join("\n")
    };
    insta::assert_snapshot!(tree("github.ref == 'refs/heads/main'"), @"
    success() && (github.ref == 'refs/heads/main') → false
    ├─ success() → false
    └─ github.ref == 'refs/heads/main' (not evaluated)
    ");
    insta::assert_snapshot!(tree(""), @"success() → false");
    insta::assert_snapshot!(tree("${{ failure() && github.ref }} "), @"
    ${{ failure() && github.ref }}  → 'refs/heads/main '
    └─ failure() && github.ref → 'refs/heads/main'
       ├─ failure() → true
       └─ github.ref → 'refs/heads/main'
    ");
}
