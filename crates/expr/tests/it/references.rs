use crate::contexts;
use expr::{Expr, Scope};

fn parse(text: &str) -> Expr {
    contexts(r#"{"needs": 0, "github": 0, "matrix": 0, "job": {}}"#)
        .with_scope(|scope| expr::parse(text, scope))
        .unwrap()
}

#[test]
fn references_are_paths_with_places() {
    for (text, paths) in [
        ("needs.build.outputs.x", "needs/build/outputs/x"),
        ("needs['build'].outputs['x y']", "needs/build/outputs/x y"),
        ("NEEDS.Build", "needs/Build"),
        ("needs", "needs"),
        ("needs.*.result", "needs/*/result"),
        ("github.event.commits[0].id", "github/event/commits/0/id"),
        ("needs[matrix.job].result", "needs… matrix/job"),
        ("contains(github.ref, needs.a.b) && !matrix.x", "github/ref needs/a/b matrix/x"),
        ("(needs.a).b", "needs/a/b"),
        ("fromJSON(needs.a.b).c", "needs/a/b"),
        ("fromJSON('{}').c", ""),
        ("1", ""),
        ("", ""),
    ] {
        let found: Vec<String> = parse(text)
            .references()
            .iter()
            .map(|reference| {
                let more = if reference.complete { "" } else { "…" };
                format!("{}{more}", reference.path.join("/"))
            })
            .collect();
        assert_eq!(found.join(" "), paths, "{text}");
    }
    let text = "1 == needs.build.result";
    assert_eq!(&text[parse(text).references()[0].range.clone()], "needs.build.result");
}

#[test]
fn calls_are_found_anywhere() {
    let expr = parse("false && (format('{0}', Always()) || toJSON(github.success))");
    assert!(expr.calls_any(&["always"]));
    assert!(expr.calls_any(&["success", "tojson"]));
    assert!(!expr.calls_any(&["success", "failure"]));
    assert!(!parse("'always()'").calls_any(&["always"]));
}

#[test]
fn any_name_is_a_context_where_the_scope_says_so() {
    let scope = Scope { contexts: &["github"], any_context: true, functions: &[] };
    let parsed = expr::parse("GitHub.sha == nope.a && other", &scope).unwrap();
    let paths: Vec<String> = parsed.references().iter().map(|read| read.path.join(".")).collect();
    assert_eq!(paths, ["github.sha", "nope.a", "other"]);
    assert!(expr::parse("nope.a + 1", &scope).is_err());
    assert!(expr::parse("nope()", &scope).is_err());
}
