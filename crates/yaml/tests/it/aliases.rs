use yaml::Node;

use crate::{found, read, token, tree};

#[test]
fn an_alias_is_its_anchor_with_both_sites() {
    let text = "a: &env\n  x: 1\nb: *env\nc: [*env]\n";
    let root = tree(text);
    let b = root.get("b").expect("b");
    assert_eq!(token(text, b.span), "x: 1");
    assert_eq!(b.alias.map(|site| token(text, site)), Some("*env"));
    assert_eq!(b.alias.map(|site| site.start), Some(18));
    let x = b.get("x").expect("x");
    assert_eq!((token(text, x.span), x.alias), ("1", b.alias));
    assert_eq!(root.get("a").and_then(|a| a.alias), None);
    let inner = &root.get("c").expect("c").items()[0];
    assert_eq!(inner.alias.map(|site| site.start), Some(27));
}

#[test]
fn aliases_in_aliases_have_the_outermost_site() {
    let text = "a: &a 1\nb: &b [*a]\nc: *b\n";
    let root = tree(text);
    let site = |node: Option<&Node>| node.and_then(|node| node.alias).map(|s| token(text, s));
    assert_eq!(site(root.get("b").and_then(|b| b.items().first())), Some("*a"));
    assert_eq!(site(root.get("c").and_then(|c| c.items().first())), Some("*b"));
}

#[test]
fn anchors_can_be_asked_for() {
    let text = "a: &one 1\nb: &two !!str x\nc: !!str &ä y\nd: *one\ne: *one\n&k f: *ä\n";
    let parsed = read(text);
    assert_eq!(parsed.diagnostics, []);
    let anchors = parsed.anchors.iter().map(|a| (a.name.as_str(), token(text, a.span), a.uses));
    let expected = [("one", "&one", 2), ("two", "&two", 0), ("ä", "&ä", 1), ("k", "&k", 0)];
    assert_eq!(anchors.collect::<Vec<_>>(), expected);
}

#[test]
fn an_anchor_given_again_is_another_anchor() {
    let root = tree("a: &x 1\nb: *x\nc: &x 2\nd: *x\n");
    assert_eq!(root.get("b").and_then(Node::as_number), Some(1.0));
    assert_eq!(root.get("d").and_then(Node::as_number), Some(2.0));
}

#[test]
fn aliases_as_keys() {
    let root = tree("a: &x key\n*x : 1\n");
    assert_eq!(root.get("key").and_then(Node::as_number), Some(1.0));
    assert_eq!(found("a: &x a\n*x : 1\n"), [("yaml/duplicate-key", "*x".into())]);
}

#[test]
fn wrong_aliases_are_all_found() {
    let text = "a: *b\nc: [*d, &e 1]\nf: &g\n  h: *g\ni: *ee\n'*': '*j'\n";
    assert_eq!(
        found(text),
        [
            ("yaml/unknown-alias", "*b".into()),
            ("yaml/unknown-alias", "*d".into()),
            ("yaml/recursive-alias", "*g".into()),
            ("yaml/unknown-alias", "*ee".into()),
        ]
    );
}

#[test]
fn expansion_has_a_budget() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let found = found(&text);
    assert_eq!(found, [("yaml/too-many-nodes", "*a3".into())]);
}

#[test]
fn expansion_has_a_depth() {
    let mut text = String::from("a0: &a0 [x]\n");
    for level in 1..80 {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(found(&text), [("yaml/too-deep", "*a48".into())]);
}
