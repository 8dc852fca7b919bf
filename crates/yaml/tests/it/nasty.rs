//! Inputs made to break readers.

use yaml::{Kind, Limits};

use crate::{FILE, read};

#[test]
fn hostile_texts_end_with_a_diagnostic() {
    let big = 1 << 20;
    let fill = |unit: &str| unit.repeat(big / unit.len());
    let table = [
        fill("["),
        fill("{"),
        fill("[{"),
        fill("{a: "),
        fill("- "),
        fill("? "),
        fill(": "),
        fill("a: "),
        fill("!a "),
        fill("&a "),
        fill("*a "),
        fill("'"),
        fill("\""),
        fill("\"\\"),
        fill("%"),
        fill("---\n"),
        fill("a:\n\t"),
        fill("- [\n"),
        fill("|\n"),
        fill("a:\n "),
        format!("a: '{}", fill("x")),
        format!("[{}", fill("x,")),
        format!("{{{}", fill("x,")),
        fill("x\n"),
        fill("- x\n"),
        (0..60).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
    ];
    for text in table {
        let text = text.get(..big).unwrap_or(&text);
        let start: String = text.chars().take(12).collect();
        let parsed = read(text);
        let plain = matches!(parsed.root.as_ref().map(|root| &root.kind), Some(Kind::String));
        assert!(!parsed.diagnostics.is_empty() || plain || start.starts_with('\''), "{start:?}");
    }
}

#[test]
fn size_is_checked_before_reading() {
    let text = "#".repeat((1 << 20) + 1);
    let codes: Vec<_> = read(&text).diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["yaml/too-large"]);
    assert_eq!(read(&text[1..]).diagnostics, []);
}

#[test]
fn bytes_that_are_not_text() {
    let table: &[(&[u8], &str, usize)] = &[
        (b"a: \xFF", "the file is not UTF-8", 3),
        (b"\xFF\xFEa\0:\0", "the file is UTF-16, expected UTF-8", 0),
        (b"\xC3", "the file is not UTF-8", 0),
        (b"a: \xED\xA0\x80", "the file is not UTF-8", 3),
    ];
    for (bytes, message, at) in table {
        let parsed = yaml::read_bytes(FILE, bytes, &Limits::default());
        let first = &parsed.diagnostics[0];
        assert_eq!((first.code, first.message.as_str()), ("yaml/encoding", *message));
        assert_eq!(first.primary.map(|span| span.start as usize), Some(*at));
    }
    let marked = yaml::parse_bytes(FILE, b"\xEF\xBB\xBFa: 1", &Limits::default()).expect("a BOM");
    assert_eq!(marked.get("a").map(|a| a.span.range()), Some(6..7));
}

#[test]
fn diagnostics_have_a_limit() {
    let text = "a: 1\n".repeat(1000);
    assert_eq!(read(&text).diagnostics.len(), Limits::default().max_diagnostics);
}

/// GitHub reads these, and files in use are written so.
#[test]
fn brackets_may_close_at_the_left() {
    let text = "a:\n  - [\n    \"x\",\n    \"y\",\n  ]\n  - [\n    \"z\"\n  ]\nb: {\n  c: 1,\n}\n";
    let root = yaml::parse(span::FileId(0), text, &yaml::Limits::default()).unwrap();
    let lists: Vec<usize> = root.get("a").unwrap().items().iter().map(|list| list.items().len()).collect();
    assert_eq!(lists, [2, 1]);
    let word = &root.get("a").unwrap().items()[1].items()[0];
    assert_eq!(&text[word.span.range()], "\"z\"");
    assert_eq!(root.get("b").unwrap().get("c").unwrap().text(), Some("1"));
}
