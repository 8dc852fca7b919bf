use proptest::prelude::*;
use yaml::{Limits, Node, Style};

use crate::{FILE, nodes, read};

/// Text of the characters that mean something.
fn yamlish() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "b", "é", "日", ": ", ":", "- ", "? ", "- |\n  ", ": >\n  ", "a: &x [", "b: *x\n", "\n", "\n  ", "\n    ",
        "\r\n", " ", "\t", "#", " # c\n", "'", "''", "\"", "\\", "\\n", "\\u00e9", "|", "|\n", ">-\n", "|+2\n", "[",
        "]", "{", "}", ",", "&x ", "*x", "!!str ", "! ", "<<", "---", "...", "%", "@", "1", "0x1", "~", "true", "\0",
        "\u{FEFF}", "\u{85}", "\u{2028}", "${{ x }}",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// Spans lie in the text, on characters; children lie in their parents.
fn check(text: &str, root: &Node) {
    let mut all = Vec::new();
    nodes(root, &mut all);
    for node in all {
        assert!(text.get(node.span.range()).is_some(), "{:?} of {text:?}", node.span);
        if let Some(scalar) = node.as_scalar() {
            assert!(node.span.contains(scalar.content), "{node:?} of {text:?}");
            let token = &text[node.span.range()];
            let shape = match scalar.style {
                Style::Plain => scalar.text.contains(['\n', ' ']) || token == &*scalar.text,
                Style::Single => token.starts_with('\'') && token.ends_with('\''),
                Style::Double => token.starts_with('"') && token.ends_with('"'),
                Style::Literal => token.starts_with('|'),
                Style::Folded => token.starts_with('>'),
            };
            // An alias to nothing is null in the place of the alias.
            assert!(shape || token.starts_with('*'), "{token:?} of {text:?}");
            for (at, c) in scalar.text.char_indices() {
                let span = scalar.source_span(at..at + c.len_utf8());
                assert!(text.get(span.range()).is_some(), "{at} of {node:?} of {text:?}");
            }
        }
        let children = node.items().iter();
        let children = children.chain(node.entries().iter().flat_map(|(key, value)| [key, value]));
        let mut last = node.span.start;
        for child in children {
            let site = if child.alias == node.alias { child.span } else { child.alias.unwrap_or(child.span) };
            assert!(node.span.contains(site), "{child:?} in {node:?} of {text:?}");
            assert!(last <= site.start, "{child:?} before its elder in {text:?}");
            last = site.end;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let parsed = yaml::read_bytes(FILE, &bytes, &Limits::default());
        prop_assert!(parsed.root.is_some() || !parsed.diagnostics.is_empty());
    }

    #[test]
    fn spans_are_sound_for_any_text(text in yamlish()) {
        let parsed = read(&text);
        prop_assert!(parsed.root.is_some() || !parsed.diagnostics.is_empty());
        for diagnostic in &parsed.diagnostics {
            let related = diagnostic.related.iter().map(|(span, _)| *span);
            for span in related.chain(diagnostic.primary) {
                prop_assert!(text.get(span.range()).is_some(), "{:?} {:?}", diagnostic, text);
            }
        }
        if let Some(root) = &parsed.root {
            check(&text, root);
        }
    }

    /// Every character of a block's text leads to the same character of the file.
    #[test]
    fn blocks_lead_back(
        lines in prop::collection::vec("[ a-zé#:'\"]{0,6}", 1..8),
        indent in 1usize..5,
        fold in any::<bool>(),
        chomp in prop::sample::select(vec!["", "-", "+"]),
        crlf in any::<bool>(),
    ) {
        let (mark, end) = (if fold { '>' } else { '|' }, if crlf { "\r\n" } else { "\n" });
        let mut text = format!("a: {mark}{indent}{chomp}{end}");
        for line in &lines {
            text.push_str(&format!("{}{line}{end}", " ".repeat(indent)));
        }
        text.push_str(&format!("b: 1{end}"));
        leads_back(&text);
    }

    #[test]
    fn quotes_lead_back(words in prop::collection::vec("[a-zé]{1,4}|''|\n|\n\n| ", 1..10)) {
        let inner = words.concat().replace('\n', "\n  ");
        leads_back(&format!("a: 'x{inner}x'\n"));
        leads_back(&format!("a: \"x{}x\"\n", inner.replace("''", "\\t")));
        leads_back(&format!("a: x{inner}x\n"));
    }
}

fn leads_back(text: &str) {
    let parsed = read(text);
    let Some(root) = &parsed.root else { panic!("{text:?}: {:?}", parsed.diagnostics) };
    let scalar = root.get("a").and_then(Node::as_scalar).expect("a scalar");
    for (at, c) in scalar.text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let span = scalar.source_span(at..at + c.len_utf8());
        let source = &text[span.range()];
        assert!(
            source.chars().eq([c]) || source == "''" && c == '\'',
            "{c:?} at {at} of {:?} came from {source:?} in {text:?}",
            scalar.text,
        );
    }
}
