use insta::assert_snapshot;

use crate::{found, shown};

#[test]
fn several_at_once_in_the_files_order() {
    let text = "a: 1\na: 2\nb:\n  <<: *x\n  c: !mine d\n  ? [e]\n  : f\ng: 0xFFFFFFFFF\nh: !!int x\n";
    assert_eq!(
        found(text),
        [
            ("yaml/duplicate-key", "a".into()),
            ("yaml/merge-key", "<<".into()),
            ("yaml/unknown-alias", "*x".into()),
            ("yaml/tag", "!mine d".into()),
            ("yaml/complex-key", "[e]".into()),
            ("yaml/number", "0xFFFFFFFFF".into()),
            ("yaml/tag", "!!int x".into()),
        ]
    );
}

#[test]
fn duplicate_keys_show_both() {
    assert_snapshot!(shown("env:\n  A: 1\n  B: 2\n  'A': 3\n"), @r#"
    error[yaml/duplicate-key]: key `A` is given twice
     --> ci.yml:4:3
      |
    2 |   A: 1
      |   - first given here
    3 |   B: 2
    4 |   'A': 3
      |   ^^^ given again here
      |
      = help: remove one of them, or merge their values
    "#);
}

#[test]
fn merge_keys_say_what_to_do() {
    assert_snapshot!(shown("x: &x {a: 1}\nenv:\n  <<: *x\n  b: 2\n"), @r#"
    error[yaml/merge-key]: merge keys (`<<`) are not supported in workflows
     --> ci.yml:3:3
      |
    3 |   <<: *x
      |   ^^
      |
      = help: GitHub refuses them too: write the keys out, or alias the whole value (`env: *name`)
    "#);
}

#[test]
fn tabs() {
    assert_snapshot!(shown("jobs:\n\tbuild:\n\t\truns-on: x\n  # fine\n \tb: 1\n"), @r#"
    error[yaml/tab]: a tab cannot indent YAML
     --> ci.yml:2:1
      |
    2 |     build:
      | ^^^^ this is a tab
    3 |         runs-on: x
      | ---- and here
    4 |   # fine
    5 |      b: 1
      |  ---- and here
      |
      = help: indent with spaces; most editors can convert the whole file
    "#);
}

#[test]
fn aliases() {
    assert_snapshot!(shown("a: &common 1\nb: *comon\nc: &d [*d]\non:\n  push:\n    paths: [**.rs]\n"), @r#"
    error[yaml/unknown-alias]: alias `*comon` refers to no anchor above it
     --> ci.yml:2:4
      |
    2 | b: *comon
      |    ^^^^^^
      |
      = help: did you mean `*common`?

    error[yaml/recursive-alias]: alias `*d` is inside of what it refers to
     --> ci.yml:3:8
      |
    3 | c: &d [*d]
      |    --  ^^
      |    |
      |    the anchor's value is not finished at the alias
      |
      = help: move the anchor to a value that does not hold the alias

    error[yaml/unknown-alias]: alias `**.rs` refers to no anchor above it
     --> ci.yml:6:13
      |
    6 |     paths: [**.rs]
      |             ^^^^^
      |
      = help: an anchor (`&name`) must stand before its alias; text that starts with `*` needs quotes
    "#);
}

#[test]
fn documents() {
    assert_snapshot!(shown("a: 1\n---\nb: 2\n"), @r#"
    error[yaml/multiple-documents]: the file holds more than one YAML document
     --> ci.yml:2:1
      |
    1 | a: 1
      | - the first one starts here
    2 | ---
      | ^^^ a second document starts here
      |
      = help: remove `---`, or put the second document into a file of its own
    "#);
}

#[test]
fn tags_and_numbers() {
    assert_snapshot!(shown("branches:\n  - !main\n  - 0xFFFFFFFFF\n  - !!int '1'\n"), @r#"
    error[yaml/tag]: unknown tag `!main`
     --> ci.yml:2:5
      |
    2 |   - !main
      |     ^^^^^
      |
      = help: only `!!str`, `!!int`, `!!float`, `!!bool` and `!!null` are known
      = help: text that starts with `!`, such as a negated pattern, needs quotes

    error[yaml/number]: number `0xFFFFFFFFF` does not fit in 32 bits
     --> ci.yml:3:5
      |
    3 |   - 0xFFFFFFFFF
      |     ^^^^^^^^^^^
      |
      = help: quote it to keep it as text

    error[yaml/tag]: tag `!!int` needs a value without quotes
     --> ci.yml:4:5
      |
    4 |   - !!int '1'
      |     ^^^^^^^^^
      |
      = help: drop the quotes or the tag
    "#);
}

#[test]
fn bytes() {
    let mut sources = span::SourceMap::new();
    let bytes = b"name: x\nrun: caf\xE9\n";
    let file = sources.add("ci.yml", String::from_utf8_lossy(bytes));
    let parsed = yaml::read_bytes(file, bytes, &yaml::Limits::default());
    let shown = span::render_terminal(&parsed.diagnostics, &sources, span::Color::Off);
    assert_snapshot!(shown, @r#"
    error[yaml/encoding]: the file is not UTF-8
     --> ci.yml:2:9
      |
    2 | run: caf�
      |         ^ not UTF-8 from here
      |
      = help: save it as UTF-8; this byte may come from Latin-1 or a binary
    "#);
}

/// What stops the reader, one case a message.
#[test]
fn syntax() {
    let cases = [
        "run: echo a: b\n",
        "on: push\njobs\nname: x\n",
        "a: 1\n  b: 2\n",
        "a:\n    b: 1\n  c: 2\n",
        "on: [push, pull_request\njobs: {}\n",
        "a: {b: ${{ x }}}\n",
        "a: 'open\nb: 1\n",
        "a: \"\\d+\"\n",
        "a: \"\\xZZ\"\n",
        "a: - b\n",
        "a: [- b]\n",
        "a: |x\n  b\n",
        "a: |\n    b\n  c\n",
        "a: ]\n",
        "a: @b\n",
        "a: `b`\n",
        "a: %b\n",
        "a: *\n",
        "a: b # c\n  d\n",
        "a: [b, , c]\n",
        "a: b\u{0}c\n",
        "- a\nb: 1\n",
        "a: 'b' c\n",
        "key: [a]]\n",
        "a: \"b\"\"c\"\n",
        "a: 'b'# c\n",
    ];
    let all = cases.iter().map(|case| shown(case)).collect::<Vec<_>>().join("----\n");
    assert_snapshot!(all, @r#"
    error[yaml/syntax]: a `:` here would start a mapping inside of a value
     --> ci.yml:1:12
      |
    1 | run: echo a: b
      |            ^
      |
      = help: quote the value if the `:` belongs to it
      = help: or put it on a line of its own, indented
    ----
    error[yaml/syntax]: expected `:` after this key
     --> ci.yml:2:1
      |
    2 | jobs
      | ^^^^
      |
      = help: every line of a mapping is `key: value`; a longer text needs quotes or a `|` block
    ----
    error[yaml/syntax]: a `:` here would start a mapping inside of a value
     --> ci.yml:2:4
      |
    2 |   b: 2
      |    ^
      |
      = help: quote the value if the `:` belongs to it
      = help: or put it on a line of its own, indented
    ----
    error[yaml/syntax]: expected a key here
     --> ci.yml:3:3
      |
    3 |   c: 2
      |   ^
      |
      = help: check that the line is indented like the keys above it
    ----
    error[yaml/syntax]: a `:` inside of a `[` that is not closed
     --> ci.yml:2:5
      |
    2 | jobs: {}
      |     ^
      |
      = help: close the list with `]` before this line
    ----
    error[yaml/syntax]: expected `,` or `}` here
     --> ci.yml:1:9
      |
    1 | a: {b: ${{ x }}}
      |         ^
      |
      = help: an expression `${{ … }}` at the start of a `{ }` value needs quotes
    ----
    error[yaml/syntax]: the lines of this quoted text are not indented enough
     --> ci.yml:1:4
      |
    1 | a: 'open
      |    ^^^^^
      |
      = help: indent them more than the key, or close the quote that opens here
    ----
    error[yaml/syntax]: unknown escape in double quotes
     --> ci.yml:1:4
      |
    1 | a: "\d+"
      |    ^^^^^
      |
      = help: write `\\` for a backslash, or use single quotes, which know no escapes
    ----
    error[yaml/syntax]: invalid escape in double quotes
     --> ci.yml:1:4
      |
    1 | a: "\xZZ"
      |    ^^^^^^
      |
      = help: `\x`, `\u` and `\U` take 2, 4 and 8 hexadecimal digits
    ----
    error[yaml/syntax]: a list cannot start here
     --> ci.yml:1:4
      |
    1 | a: - b
      |    ^
      |
      = help: put the first `-` on a line of its own below the key
    ----
    error[yaml/syntax]: `-` does not start an item inside of `[ ]` or `{ }`
     --> ci.yml:1:5
      |
    1 | a: [- b]
      |     ^
      |
      = help: separate the items with `,`
    ----
    error[yaml/syntax]: this block text cannot be read
     --> ci.yml:1:4
      |
    1 | a: |x
      |    ^^
      |
      = help: after `|` or `>` may only stand `+`, `-` or a digit, and a comment
    ----
    error[yaml/syntax]: expected a key here
     --> ci.yml:3:3
      |
    3 |   c
      |   ^
      |
      = help: check that the line is indented like the keys above it
    ----
    error[yaml/syntax]: this bracket closes nothing
     --> ci.yml:1:4
      |
    1 | a: ]
      |    ^
      |
      = help: remove it, or quote the text
    ----
    error[yaml/syntax]: a value cannot start with `@`
     --> ci.yml:1:4
      |
    1 | a: @b
      |    ^^
      |
      = help: quote the text
    ----
    error[yaml/syntax]: a value cannot start with a backtick
     --> ci.yml:1:4
      |
    1 | a: `b`
      |    ^^^
      |
      = help: quote the text
    ----
    error[yaml/syntax]: a value cannot start with `%`
     --> ci.yml:1:4
      |
    1 | a: %b
      |    ^^
      |
      = help: quote the text
    ----
    error[yaml/syntax]: expected a name after `&` or `*`
     --> ci.yml:1:4
      |
    1 | a: *
      |    ^
      |
      = help: text that starts with `*` or `&`, such as a pattern, needs quotes
    ----
    error[yaml/syntax]: a comment cannot stand inside of a text over several lines
     --> ci.yml:1:6
      |
    1 | a: b # c
      |      ^
      |
      = help: move the comment, or quote the text if `#` belongs to it
    ----
    error[yaml/syntax]: expected a value here
     --> ci.yml:1:8
      |
    1 | a: [b, , c]
      |        ^
      |
      = help: quote text that starts with one of , [ ] { } # & * ! | > % @ `
    ----
    error[yaml/syntax]: a NUL character (U+0000)
     --> ci.yml:1:5
      |
    1 | a: b␀c
      |     ^^
      |
      = help: remove the invisible character
    ----
    error[yaml/syntax]: expected `-` here, as on the lines above
     --> ci.yml:2:1
      |
    2 | b: 1
      | ^
      |
      = help: a list and keys cannot stand on one level: indent one of them
    ----
    error[yaml/syntax]: text after the closing quote
     --> ci.yml:1:8
      |
    1 | a: 'b' c
      |        ^
      |
      = help: quote the whole value; in double quotes write `\"`, in single quotes `''`
    ----
    error[yaml/syntax]: this bracket closes nothing
     --> ci.yml:1:9
      |
    1 | key: [a]]
      |         ^
      |
      = help: remove it, or quote the text
    ----
    error[yaml/syntax]: text after the closing quote
     --> ci.yml:1:7
      |
    1 | a: "b""c"
      |       ^^^
      |
      = help: quote the whole value; in double quotes write `\"`, in single quotes `''`
    ----
    error[yaml/syntax]: a `#` right after a value is neither text nor a comment
     --> ci.yml:1:7
      |
    1 | a: 'b'# c
      |       ^
      |
      = help: put a space before `#`, or quote the value
    "#);
}
