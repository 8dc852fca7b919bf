/// The parser's messages, which speak of its own states, and what each most often comes from.
pub(super) fn explain(info: &str, rest: &str) -> (String, &'static [&'static str]) {
    if matches!(rest.as_bytes().first(), Some(b'@' | b'`' | b'%')) {
        let mark = match rest.as_bytes()[0] {
            b'`' => "a backtick",
            b'%' => "`%`",
            _ => "`@`",
        };
        return (format!("a value cannot start with {mark}"), &["quote the text"]);
    }
    let row = ROWS.iter().find(|(part, _, _)| info.contains(part));
    row.map_or_else(
        || (format!("not valid YAML: {info}"), [].as_slice()),
        |(_, message, help)| ((*message).to_owned(), *help),
    )
}

/// A part of the parser's message, ours, and what to do. The first that fits is taken.
const ROWS: &[(&str, &str, &[&str])] = &[
    (
        "mapping values are not allowed",
        "a `:` here would start a mapping inside of a value",
        &["quote the value if the `:` belongs to it", "or put it on a line of its own, indented"],
    ),
    (
        "comments must be separated",
        "a `#` right after a value is neither text nor a comment",
        &["put a space before `#`, or quote the value"],
    ),
    (
        "simple key",
        "expected `:` after this key",
        &["every line of a mapping is `key: value`; a longer text needs quotes or a `|` block"],
    ),
    ("did not find expected key", "expected a key here", &["check that the line is indented like the keys above it"]),
    (
        "expected ',' or '}'",
        "expected `,` or `}` here",
        &["an expression `${{ … }}` at the start of a `{ }` value needs quotes"],
    ),
    ("expected ',' or ']'", "expected `,` or `]` here", &["close the list with `]`"]),
    (
        "found unexpected end of stream",
        "the quote that opens here is never closed",
        &["add the closing quote; in single quotes, write `''` for one quote"],
    ),
    (
        "invalid indentation in quoted scalar",
        "the lines of this quoted text are not indented enough",
        &["indent them more than the key, or close the quote that opens here"],
    ),
    (
        "unknown escape character",
        "unknown escape in double quotes",
        &["write `\\\\` for a backslash, or use single quotes, which know no escapes"],
    ),
    ("hexadecimal", "invalid escape in double quotes", &["`\\x`, `\\u` and `\\U` take 2, 4 and 8 hexadecimal digits"]),
    (
        "trailing content",
        "text after the closing quote",
        &["quote the whole value; in double quotes write `\\\"`, in single quotes `''`"],
    ),
    (
        "expected '-' indicator",
        "expected `-` here, as on the lines above",
        &["a list and keys cannot stand on one level: indent one of them"],
    ),
    (
        "illegal placement of ':'",
        "a `:` inside of a `[` that is not closed",
        &["close the list with `]` before this line"],
    ),
    (
        "escape sequence",
        "invalid escape in double quotes",
        &["write `\\\\` for a backslash, or use single quotes, which know no escapes"],
    ),
    (
        "block sequence entries are not allowed",
        "a list cannot start here",
        &["put the first `-` on a line of its own below the key"],
    ),
    (
        "only valid inside a block",
        "`-` does not start an item inside of `[ ]` or `{ }`",
        &["separate the items with `,`"],
    ),
    (
        "wrongly indented line in block scalar",
        "this line of the block is indented less than its first line",
        &["indent every line of a `|` or `>` block at least as much as the first"],
    ),
    (
        "block scalar",
        "this block text cannot be read",
        &["after `|` or `>` may only stand `+`, `-` or a digit, and a comment"],
    ),
    ("misplaced bracket", "this bracket closes nothing", &["remove it, or quote the text"]),
    (
        "invalid indentation",
        "this line's indentation fits nothing above it",
        &["indent it exactly like the line it belongs with"],
    ),
    (
        "comment intercepting",
        "a comment cannot stand inside of a text over several lines",
        &["move the comment, or quote the text if `#` belongs to it"],
    ),
    ("found unexpected document indicator", "`---` or `...` inside of a quoted text", &["close the quote before it"]),
    (
        "expected <document start>",
        "expected the end of the file here",
        &["check that the line is indented like the keys above it"],
    ),
    (
        "expected node content",
        "expected a value here",
        &["quote text that starts with one of , [ ] { } # & * ! | > % @ `"],
    ),
    ("byte order mark", "a byte order mark (U+FEFF) in the middle of the file", &["remove the invisible character"]),
    ("unprintable character", "a NUL character (U+0000)", &["remove the invisible character"]),
    ("recursion limit", "brackets are nested too deep", &["use fewer levels"]),
    (
        "anchor or alias",
        "expected a name after `&` or `*`",
        &["text that starts with `*` or `&`, such as a pattern, needs quotes"],
    ),
    (
        "directive",
        "this `%` directive cannot be read",
        &["workflows need no directives; text that starts with `%` needs quotes"],
    ),
    ("a tag", "this tag cannot be read", &["text that starts with `!`, such as a negated pattern, needs quotes"]),
];
