//! `.dockerignore`.

use dockerfile::Ignore;
use span::FileId;

fn ignore(text: &str) -> Ignore {
    Ignore::parse(FileId(0), text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

/// The verdict of a walk from the root to the path: ignored, and whether a directory above was pruned.
fn walk(ignore: &Ignore, path: &str) -> (bool, bool) {
    let mut level = ignore.root();
    let mut ignored = false;
    let mut pruned = false;
    for name in path.split('/') {
        let entry = ignore.child(&level, name);
        if pruned {
            assert!(entry.ignored, "{path}: pruned, and {name} is not left out");
        }
        (ignored, pruned, level) = (entry.ignored, entry.prune, entry.level);
    }
    (ignored, pruned)
}

#[test]
fn patterns_leave_out_what_they_name() {
    for (patterns, path, expected) in [
        ("a", "a", true),
        ("a", "a/b/c", true),
        ("a", "b/a", false),
        ("/a", "a", true),
        ("./a/", "a", true),
        ("a/../b", "b", true),
        ("*", "a/b", true),
        ("*.txt", "a.txt", true),
        ("*.txt", "d/a.txt", false),
        ("*/*.txt", "d/a.txt", true),
        ("**/*.txt", "a.txt", true),
        ("**/*.txt", "d/e/a.txt", true),
        ("**", "anything/at/all", true),
        ("**/a", "a", true),
        ("**/a", "x/a", true),
        ("**/a", "xa", false),
        ("**a", "xa", true),
        ("a/**", "a/b", true),
        ("a/**", "a", false),
        ("a/**/b", "a/b", true),
        ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "ab", false),
        ("a**b", "ab", true),
        ("a**b", "ax/b", true),
        ("a**b", "axb", false),
        ("a?c", "abc", true),
        ("a?c", "a/c", false),
        ("[a-c]x", "bx", true),
        ("[^a-c]x", "bx", false),
        ("[^a-c]x", "dx", true),
        (r"a\*", "a*", true),
        (r"a\*", "ab", false),
        ("a.b", "aXb", false),
        ("# a\na", "# a", false),
        (" a ", "a", true),
        ("a\n!a", "a", false),
        ("a\n!a/b", "a/b", false),
        ("a\n!a/b", "a/c", true),
        ("*\n!*.go\nx.go", "x.go", true),
        ("*\n!*.go\nx.go", "y.go", false),
        ("!a", "a", false),
        ("*.md\n!README*.md\nREADME-secret.md", "README.md", false),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true),
        ("**/node_modules\n!keep/node_modules", "keep/node_modules/x", false),
        ("**/node_modules\n!keep/node_modules", "other/node_modules/x", true),
        ("\u{feff}a", "a", true),
        ("a\r\nb\r\n", "a", true),
        ("ä*", "äb", true),
    ] {
        let ignore = ignore(patterns);
        assert_eq!(ignore.ignores(path), expected, "{patterns:?} {path}");
        assert_eq!(walk(&ignore, path).0, expected, "walking: {patterns:?} {path}");
    }
}

#[test]
fn directories_are_pruned_where_no_exception_reaches() {
    for (patterns, directory, pruned) in [
        ("target", "target", true),
        ("target\n!target/keep", "target", false),
        ("target\n!other/keep", "target", true),
        ("*\n!src/**", "docs", true),
        ("*\n!src/**", "src", false),
        ("*\n!**/*.rs", "docs", false),
        ("node_modules\n!*/keep", "node_modules", false),
        ("a\n!ab", "a", true),
        ("src", "docs", false),
    ] {
        assert_eq!(walk(&ignore(patterns), directory).1, pruned, "{patterns:?} {directory}");
    }
}

#[test]
fn malformed_patterns_are_told() {
    let problems = Ignore::parse(FileId(0), "ok\n[a\n!\n[]x\na\\\n[a-]\n").expect_err("malformed");
    let places: Vec<_> = problems.iter().map(|problem| problem.primary.map(span::Span::range)).collect();
    assert_eq!(places, [Some(3..5), Some(6..7), Some(8..11), Some(12..14), Some(15..19)]);
    assert!(problems.iter().all(|problem| problem.code == "dockerfile/ignore-pattern"));
}

#[test]
fn hostile_patterns_end() {
    let pattern = format!("{}x", "*a".repeat(2000));
    assert!(!ignore(&pattern).ignores(&"a".repeat(4000)));
    let pattern = format!("{}x", "**/".repeat(2000));
    assert!(!ignore(&pattern).ignores(&"a/".repeat(2000)));
}
