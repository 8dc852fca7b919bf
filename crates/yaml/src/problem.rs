//! What can be wrong with a file that is YAML.

use span::{Diagnostic, FileId, Span, did_you_mean};

use crate::Anchor;
use crate::schema::Invalid;

pub(crate) fn too_large(span: Span, size: usize, limit: usize) -> Diagnostic {
    Diagnostic::error("yaml/too-large", format!("the file has {size} bytes, the limit is {limit}"))
        .at(span)
        .help("split it: jobs can move to reusable workflows, scripts to files")
}

pub(crate) fn too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error("yaml/too-deep", format!("nested more than {limit} levels deep"))
        .at(span)
        .label("this is one level too many")
}

pub(crate) fn too_many_nodes(span: Span, limit: usize) -> Diagnostic {
    let message = format!("the file has more than {limit} values once its aliases are expanded");
    Diagnostic::error("yaml/too-many-nodes", message)
        .at(span)
        .label("the limit is passed here")
        .help("an alias counts as much as all that it repeats; repeat less")
}

pub(crate) fn second_document(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("yaml/multiple-documents", "the file holds more than one YAML document")
        .at(span)
        .label("a second document starts here")
        .related(first, "the first one starts here")
        .help("remove `---`, or put the second document into a file of its own")
}

pub(crate) fn duplicate_key(key: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("yaml/duplicate-key", format!("key `{}` is given twice", short(key)))
        .at(span)
        .label("given again here")
        .related(first, "first given here")
        .help("remove one of them, or merge their values")
}

pub(crate) fn merge_key(span: Span) -> Diagnostic {
    Diagnostic::error("yaml/merge-key", "merge keys (`<<`) are not supported in workflows")
        .at(span)
        .help("GitHub refuses them too: write the keys out, or alias the whole value (`env: *name`)")
}

pub(crate) fn complex_key(span: Span) -> Diagnostic {
    Diagnostic::error("yaml/complex-key", "a mapping or sequence cannot be a key")
        .at(span)
        .label("expected a plain word or a quoted string")
        .help("quote it if it is meant as text: an expression in a key is written `'${{ … }}': …`")
}

pub(crate) fn recursive_alias(anchor: &Anchor, span: Span) -> Diagnostic {
    let message = format!("alias `*{}` is inside of what it refers to", short(&anchor.name));
    Diagnostic::error("yaml/recursive-alias", message)
        .at(span)
        .related(anchor.span, "the anchor's value is not finished at the alias")
        .help("move the anchor to a value that does not hold the alias")
}

pub(crate) fn unknown_alias<'a>(name: &str, span: Span, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let message = format!("alias `*{}` refers to no anchor above it", short(name));
    let diagnostic = Diagnostic::error("yaml/unknown-alias", message).at(span);
    match did_you_mean(name, known) {
        Some(near) => diagnostic.help(format!("did you mean `*{near}`?")),
        None => {
            diagnostic.help("an anchor (`&name`) must stand before its alias; text that starts with `*` needs quotes")
        }
    }
}

pub(crate) fn invalid_scalar(invalid: &Invalid, text: &str, tag: Option<&str>, span: Span) -> Diagnostic {
    let text = short(text);
    let tag = tag.map(|tag| short(&tag.replace("tag:yaml.org,2002:", "!!"))).unwrap_or_default();
    match invalid {
        Invalid::Range => {
            let message = format!("number `{text}` does not fit in 32 bits");
            Diagnostic::error("yaml/number", message).at(span).help("quote it to keep it as text")
        }
        Invalid::NotOfTag(expected) => {
            let message = format!("`{text}` is not {expected}, which `{tag}` asks for");
            Diagnostic::error("yaml/tag", message).at(span).help("change the value, or drop the tag")
        }
        Invalid::TagNeedsPlain => {
            let message = format!("tag `{tag}` needs a value without quotes");
            Diagnostic::error("yaml/tag", message).at(span).help("drop the quotes or the tag")
        }
        Invalid::UnknownTag => Diagnostic::error("yaml/tag", format!("unknown tag `{tag}`"))
            .at(span)
            .help("only `!!str`, `!!int`, `!!float`, `!!bool` and `!!null` are known")
            .help("text that starts with `!`, such as a negated pattern, needs quotes"),
    }
}

/// Bytes that are not UTF-8 from `at` on.
pub(crate) fn encoding(file: FileId, bytes: &[u8], at: usize) -> Diagnostic {
    let wide = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let (message, help) = if wide {
        ("the file is UTF-16, expected UTF-8", "save it as UTF-8")
    } else {
        ("the file is not UTF-8", "save it as UTF-8; this byte may come from Latin-1 or a binary")
    };
    // As long as the character that stands for it in the text as shown.
    let span = Span::new(file, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
    Diagnostic::error("yaml/encoding", message).at(span).label("not UTF-8 from here").help(help)
}

/// Users' text in messages is cut: a key can be a megabyte long.
fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    if line.len() == text.len() && text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut cut: String = line.chars().take(LONGEST).collect();
    cut.push('…');
    cut
}
