//! The crate through its public face.

mod aliases;
mod errors;
mod nasty;
mod properties;
mod spans;

use span::{Color, FileId, SourceMap, Span, render_terminal};
use yaml::{Limits, Node, Parsed};

const FILE: FileId = FileId(0);

fn read(text: &str) -> Parsed {
    yaml::read(FILE, text, &Limits::default())
}

/// The tree of a text that must be right.
fn tree(text: &str) -> Node {
    yaml::parse(FILE, text, &Limits::default()).unwrap_or_else(|found| {
        panic!("{text:?}: {found:#?}");
    })
}

fn token(text: &str, span: Span) -> &str {
    &text[span.range()]
}

/// All diagnostics as a person sees them.
fn shown(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("ci.yml", text);
    let parsed = yaml::read(file, text, &Limits::default());
    render_terminal(&parsed.diagnostics, &sources, Color::Off)
}

/// The codes of what is wrong, with the text each points at.
fn found(text: &str) -> Vec<(&'static str, String)> {
    let parsed = read(text);
    let place = |span: Span| text.get(span.range()).unwrap_or("OUTSIDE").to_owned();
    let rows = parsed.diagnostics.iter();
    rows.map(|d| (d.code, d.primary.map(place).unwrap_or_default())).collect()
}

/// Every node, depth first.
fn nodes<'a>(node: &'a Node, out: &mut Vec<&'a Node>) {
    out.push(node);
    node.items().iter().for_each(|item| nodes(item, out));
    for (key, value) in node.entries() {
        nodes(key, out);
        nodes(value, out);
    }
}
