//! Every span is exactly its token.

use yaml::{Kind, Node, Style};

use crate::{token, tree};

/// The tokens of all nodes, depth first.
fn tokens(text: &str) -> Vec<&str> {
    let root = tree(text);
    let mut all = Vec::new();
    crate::nodes(&root, &mut all);
    all.into_iter().map(|node| token(text, node.span)).collect()
}

#[test]
fn nodes_are_their_tokens() {
    let table: &[(&str, &[&str])] = &[
        ("a: b\n", &["a: b", "a", "b"]),
        ("a: 'b'  # c\n", &["a: 'b'", "a", "'b'"]),
        ("'a b': \"c\\n\"\n", &["'a b': \"c\\n\"", "'a b'", "\"c\\n\""]),
        ("a:\nb:\n", &["a:\nb:", "a", "", "b", ""]),
        (
            "on: [push, pull_request ] # x\n",
            &["on: [push, pull_request ]", "on", "[push, pull_request ]", "push", "pull_request"],
        ),
        (
            "a: {b: 1, c: [2]}\nd: e",
            &["a: {b: 1, c: [2]}\nd: e", "a", "{b: 1, c: [2]}", "b", "1", "c", "[2]", "2", "d", "e"],
        ),
        ("a: {b, c: , d}\n", &["a: {b, c: , d}", "a", "{b, c: , d}", "b", "", "c", "", "d", ""]),
        (
            "a:\n- b\n- c: d\n  e: f\n",
            &["a:\n- b\n- c: d\n  e: f", "a", "- b\n- c: d\n  e: f", "b", "c: d\n  e: f", "c", "d", "e", "f"],
        ),
        (
            "a:\n  # one\n  - b\n  -\n  - - c\n    - d\n",
            &[
                "a:\n  # one\n  - b\n  -\n  - - c\n    - d",
                "a",
                "- b\n  -\n  - - c\n    - d",
                "b",
                "",
                "- c\n    - d",
                "c",
                "d",
            ],
        ),
        ("a:\n- - b\n- - c\n", &["a:\n- - b\n- - c", "a", "- - b\n- - c", "- b", "b", "- c", "c"]),
        ("- |\n  x\n- >-\n  y\n", &["- |\n  x\n- >-\n  y", "|\n  x", ">-\n  y"]),
        (
            "a: | # c\n    x\n   \n    y\n\n\nb: 1\n",
            &["a: | # c\n    x\n   \n    y\n\n\nb: 1", "a", "| # c\n    x\n   \n    y", "b", "1"],
        ),
        ("a: |+\n\nb: >-\n", &["a: |+\n\nb: >-", "a", "|+", "b", ">-"]),
        ("a: b\n  c\n  d\ne: f", &["a: b\n  c\n  d\ne: f", "a", "b\n  c\n  d", "e", "f"]),
        ("? a\n: b\n", &["? a\n: b", "a", "b"]),
        ("---\na: b\n...\n", &["a: b", "a", "b"]),
        ("%YAML 1.2\n--- |\n  x\n", &["|\n  x"]),
        (
            "ä: ö # ü\n'ß': [é, \"ñ\"]\n日本: 語\n",
            &["ä: ö # ü\n'ß': [é, \"ñ\"]\n日本: 語", "ä", "ö", "'ß'", "[é, \"ñ\"]", "é", "\"ñ\"", "日本", "語"],
        ),
        (
            "a: b\r\nc:\r\n- d\r\n- |\r\n  e\r\n",
            &["a: b\r\nc:\r\n- d\r\n- |\r\n  e", "a", "b", "c", "- d\r\n- |\r\n  e", "d", "|\r\n  e"],
        ),
        (
            "a: !!str 1\nb: !!str\nc: &x !!str |\n  y\n",
            &["a: !!str 1\nb: !!str\nc: &x !!str |\n  y", "a", "1", "b", "", "c", "|\n  y"],
        ),
        (
            "a: &x\n  b: c\nd: &y [e]\nf: &z\n- g\n",
            &["a: &x\n  b: c\nd: &y [e]\nf: &z\n- g", "a", "b: c", "b", "c", "d", "[e]", "e", "f", "- g", "g"],
        ),
        ("&x a: b\n&y c: d\n", &["&x a: b\n&y c: d", "a", "b", "c", "d"]),
        ("[a: b, c]\n", &["[a: b, c]", "a: b", "a", "b", "c"]),
        ("{\"a\":1}", &["{\"a\":1}", "\"a\"", "1"]),
        ("[[]  , {} ]", &["[[]  , {} ]", "[]", "{}"]),
        ("", &[""]),
        ("# only\n", &[""]),
        ("\u{FEFF}a: é\nb: 'c'\n", &["a: é\nb: 'c'", "a", "é", "b", "'c'"]),
    ];
    for (text, expected) in table {
        assert_eq!(&tokens(text), expected, "{text:?}");
    }
}

fn value(text: &str) -> Node {
    tree(text).get("a").cloned().expect("the table has `a`")
}

/// A file, the style and text of its `a`, and parts of the text with what they were written as.
type Row<'a> = (&'a str, Style, &'a str, &'a [(&'a str, &'a str)]);

/// Each part of the decoded text, with the bytes of the file it came from.
#[test]
fn decoded_text_leads_back_to_the_file() {
    let table: &[Row<'_>] = &[
        ("a: one ${{ x }}\n", Style::Plain, "one ${{ x }}", &[("${{ x }}", "${{ x }}")]),
        (
            "a: one\n  two\n\n  three\n",
            Style::Plain,
            "one two\nthree",
            &[("one", "one"), ("one two", "one\n  two"), ("two", "two"), ("three", "three"), (" ", "\n  ")],
        ),
        (
            "a: 'it''s ${{ x }}'\n",
            Style::Single,
            "it's ${{ x }}",
            &[("it's", "it''s"), ("'", "''"), ("${{ x }}", "${{ x }}"), ("s ", "s ")],
        ),
        ("a: 'b  \n\n   c'\n", Style::Single, "b\nc", &[("b", "b"), ("\n", "  \n\n   "), ("c", "c")]),
        (
            "a: \"x\\ty\\u00e9z \\\"q\\\" é\"\n",
            Style::Double,
            "x\tyéz \"q\" é",
            &[("x", "x"), ("\t", "\\t"), ("y", "y"), ("éz", "\\u00e9z"), ("\"q\"", "\\\"q\\\""), (" é", " é")],
        ),
        (
            "a: \"x\\\n   y \\\n\n  z\"\n",
            Style::Double,
            "xy \nz",
            &[("x", "x"), ("y", "y"), ("z", "z"), ("xy", "x\\\n   y")],
        ),
        (
            "a: |\n  one\n\n    two\n  ${{ x }} é\nb: 1\n",
            Style::Literal,
            "one\n\n  two\n${{ x }} é\n",
            &[
                ("one", "one"),
                ("  two", "  two"),
                ("two\n$", "two\n  $"),
                ("${{ x }}", "${{ x }}"),
                ("é", "é"),
                ("é\n", "é\n"),
            ],
        ),
        ("a: |2-\n    one\n   two\n", Style::Literal, "  one\n two", &[("  one", "  one"), (" two", " two")]),
        (
            "a: |\r\n  one\r\n  two\r\n",
            Style::Literal,
            "one\ntwo\n",
            &[("one", "one"), ("two", "two"), ("one\ntwo", "one\r\n  two"), ("two\n", "two\r\n")],
        ),
        (
            "a: >\n  one\n  two\n\n  three\n   four\n  five\n",
            Style::Folded,
            "one two\nthree\n four\nfive\n",
            &[("one two", "one\n  two"), ("two", "two"), ("three", "three"), (" four", " four"), ("five", "five")],
        ),
        ("a: >-\n\n  one\n\n\n  two", Style::Folded, "\none\n\ntwo", &[("one", "one"), ("two", "two")]),
        ("a: |", Style::Literal, "", &[]),
        ("a: |+\n\n\nb: 1\n", Style::Literal, "\n\n", &[]),
        ("a: |\n  x\n\n  ", Style::Literal, "x\n", &[("x\n", "x\n")]),
        ("a: |\n  x", Style::Literal, "x", &[("x", "x")]),
    ];
    for (text, style, decoded, parts) in table {
        let node = value(text);
        let scalar = node.as_scalar().expect("a scalar");
        assert_eq!((&*scalar.text, scalar.style), (*decoded, *style), "{text:?}");
        for (part, source) in *parts {
            let at = scalar.text.find(part).expect("the part is in the text");
            let span = scalar.source_span(at..at + part.len());
            assert_eq!(token(text, span), *source, "{part:?} of {text:?}");
        }
    }
}

#[test]
fn empty_and_outside_ranges_have_a_place() {
    let text = "a: |\n  one\n  two\nb: ''\n";
    let root = tree(text);
    let scalar = root.get("a").and_then(Node::as_scalar).expect("a scalar");
    let start = |at: usize| scalar.source_span(at..at).start;
    assert_eq!((start(0), start(4), start(5)), (7, 13, 14));
    assert_eq!(token(text, scalar.source_span(4..900)), "two\n");
    assert!(scalar.source_span(700..900).is_empty());
    let empty = root.get("b").and_then(Node::as_scalar).expect("a scalar");
    assert_eq!(empty.source_span(0..9).range(), 21..21);
    assert_eq!(token(text, empty.content), "");
}

#[test]
fn kinds_follow_style_and_tags() {
    let table: &[(&str, Kind)] = &[
        ("a: 1", Kind::Number(1.0)),
        ("a: '1'", Kind::String),
        ("a: !!str 1", Kind::String),
        ("a: !<tag:yaml.org,2002:str> 1", Kind::String),
        ("a: on", Kind::String),
        ("a: yes", Kind::String),
        ("a: true", Kind::Bool(true)),
        ("a: \"true\"", Kind::String),
        ("a: |\n  1", Kind::String),
        ("a:", Kind::Null),
        ("a: ~", Kind::Null),
        ("a: ''", Kind::String),
        ("a: !!float 1", Kind::Number(1.0)),
        ("a: !!map {}", Kind::Map(Vec::new())),
    ];
    for (text, expected) in table {
        assert_eq!(&value(text).kind, expected, "{text:?}");
    }
}

#[test]
fn accessors_are_tolerant() {
    let root = tree("name: x\non: [push]\n3: ~\nt: true\n");
    assert_eq!(root.get("name").and_then(Node::as_str), Some("x"));
    assert_eq!(root.get("3").map(Node::describe_kind), Some("nothing"));
    assert_eq!(root.get("on").and_then(|on| on.items().first()?.text()), Some("push"));
    assert_eq!(root.get("on").and_then(|on| on.get("push")), None);
    assert_eq!(root.get("t").and_then(Node::as_bool), Some(true));
    assert_eq!(root.entry("name").map(|(key, _)| key.span.range()), Some(0..4));
    assert_eq!(root.describe_kind(), "a mapping");
}
