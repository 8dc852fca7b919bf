use proptest::prelude::*;
use trigger::{Pattern, Subject};

/// Pattern, subjects it matches, subjects it does not.
const PATHS: &[(&str, &[&str], &[&str])] = &[
    ("*", &["README.md", "page.js", ".hidden"], &["docs/a.md"]),
    ("**", &["README.md", "a/b/c.txt", ".github/x"], &[]),
    ("*.js", &["app.js", "index.js", ".js"], &["js/index.js", "app.jsx"]),
    ("**.js", &["index.js", "js/index.js", "src/js/app.js"], &["app.ts"]),
    ("docs/*", &["docs/README.md", "docs/file.txt"], &["docs/a/b.md", "docs"]),
    ("docs/**", &["docs/README.md", "docs/mona/octocat.txt"], &["docs", "xdocs/a"]),
    ("docs/**/*.md", &["docs/README.md", "docs/mona/hello.md", "docs/a/b/c.md"], &["docs/a/b.txt", "README.md"]),
    ("**/docs/**", &["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"], &["docs", "mydocs/a"]),
    ("**/README.md", &["README.md", "js/README.md", "a/b/README.md"], &["xREADME.md", "README.mdx"]),
    ("**/*src/**", &["a/src/app.js", "my-src/code/js/app.js", "src/a"], &["src", "source/a"]),
    ("**/*-post.md", &["my-post.md", "path/their-post.md"], &["post.md"]),
    ("**/migrate-*.sql", &["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"], &["migrate.sql"]),
    ("*.jsx?", &["page.js", "page.jsx"], &["page.jsxx", "a/page.js"]),
    ("ab+c", &["abc", "abbbc"], &["ac", "ab+c"]),
    ("[CB]at", &["Cat", "Bat"], &["cat", "at", "CBat"]),
    ("[1-2]00", &["100", "200"], &["300", "1-200"]),
    ("[a-z]?x", &["x", "qx"], &["qqx", "Qx"]),
    ("[0-9]+", &["1", "20261"], &["", "1a"]),
    (r"\*.md", &["*.md"], &["a.md"]),
    (r"\!important", &["!important"], &["important"]),
    (r"what\?", &["what?"], &["what", "wha"]),
    (r"a\b", &[r"a\b"], &["ab"]),
    ("a.b", &["a.b"], &["axb"]),
    ("(a|b){1}$^", &["(a|b){1}$^"], &["a"]),
    ("a!b", &["a!b"], &["ab"]),
    ("a**b", &["ab", "axb", "ax/yb"], &["a"]),
    ("日本*", &["日本語"], &["日", "日本/語"]),
    ("ü?x", &["x", "üx"], &["uüx"]),
    ("***", &["a", "a/b"], &[]),
];

const REFS: &[(&str, &[&str], &[&str])] = &[
    ("feature/*", &["feature/my-branch", "feature/your-branch"], &["feature/a/b", "feature"]),
    (
        "feature/**",
        &["feature/beta-a/my-branch", "feature/your-branch", "feature/mona/the/octocat"],
        &["feature", "features/a"],
    ),
    ("main", &["main"], &["Main", "main2", "mai"]),
    ("*", &["main", "releases"], &["all/the/branches"]),
    ("**", &["main", "every/branch"], &[]),
    ("*feature", &["mona-feature", "feature", "ver-10-feature"], &["feature-x"]),
    ("v2*", &["v2", "v2.0", "v2.9"], &["v1", "v2/x"]),
    ("v[12].[0-9]+.[0-9]+", &["v1.10.1", "v2.0.0"], &["v3.0.0", "v1.1", "v1.a.1"]),
    ("releases/**-alpha", &["releases/beta/3-alpha", "releases/10-alpha"], &["releases/10"]),
    (r"c\+\+", &["c++"], &["c", "cc"]),
];

fn table(rows: &[(&str, &[&str], &[&str])], subject: Subject) {
    for (pattern, yes, no) in rows {
        let compiled = Pattern::parse(pattern, subject).unwrap_or_else(|errors| panic!("{pattern}: {errors:?}"));
        for subject in *yes {
            assert!(compiled.matches(subject), "{pattern} should match {subject}");
        }
        for subject in *no {
            assert!(!compiled.matches(subject), "{pattern} should not match {subject}");
        }
    }
}

#[test]
fn paths_match_as_documented() {
    table(PATHS, Subject::Path);
}

#[test]
fn refs_match_as_documented() {
    table(REFS, Subject::Ref);
}

#[test]
fn errors_name_their_place() {
    use Subject::{Path, Ref};
    let rows: &[(&str, Subject, usize, usize, &str)] = &[
        ("", Path, 0, 0, "is empty"),
        ("!", Path, 0, 1, "needs a pattern"),
        ("?a", Path, 0, 1, "there is none"),
        ("+a", Path, 0, 1, "there is none"),
        ("!?a", Path, 1, 1, "there is none"),
        ("a*?", Path, 2, 1, "cannot follow `*`"),
        ("a**+", Path, 3, 1, "cannot follow `*`"),
        ("ab??", Path, 3, 1, "cannot follow `?`"),
        ("ab++", Path, 3, 1, "cannot follow `+`"),
        ("ab+?", Path, 3, 1, "cannot follow `+`"),
        ("**/?", Path, 3, 1, "cannot follow `**/`"),
        ("a[bc", Path, 1, 3, "is not closed"),
        ("a[]", Path, 1, 2, "no characters"),
        ("a[9-0]", Path, 2, 3, "wrong way round"),
        ("a[!-~]", Path, 2, 3, "letters or digits"),
        ("a\nb", Path, 1, 1, "line break"),
        (r"a\d", Ref, 1, 1, "can only come before"),
    ];
    for (pattern, subject, offset, len, message) in rows {
        let errors = Pattern::parse(pattern, *subject).expect_err(pattern);
        let first = &errors[0];
        assert_eq!((first.offset, first.len), (*offset, *len), "{pattern}: {errors:?}");
        assert!(first.message.contains(message), "{pattern}: {}", first.message);
    }
}

#[test]
fn every_error_is_given_at_once() {
    let errors = Pattern::parse("ab?? [z-a]+?", Subject::Ref).expect_err("invalid");
    assert_eq!(errors.iter().map(|error| error.offset).collect::<Vec<_>>(), [3, 6, 11]);
}

#[test]
fn negation_is_told_apart() {
    for (pattern, negated) in [("!a", true), (r"\!a", false), ("a!", false)] {
        assert_eq!(Pattern::parse(pattern, Subject::Path).expect(pattern).negated(), negated, "{pattern}");
    }
}

#[test]
fn hard_patterns_stay_linear() {
    let pattern = Pattern::parse(&"**a".repeat(200), Subject::Path).expect("valid");
    assert!(!pattern.matches(&"a".repeat(150)));
    assert!(!pattern.matches(&"ab".repeat(20_000)));
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused(pattern in ".{0,40}", subject in ".{0,40}") {
        for kind in [Subject::Path, Subject::Ref, Subject::Name] {
            match Pattern::parse(&pattern, kind) {
                Ok(compiled) => {
                    let _ = compiled.matches(&subject);
                },
                Err(errors) => for error in errors {
                    prop_assert!(pattern.is_char_boundary(error.offset));
                    prop_assert!(error.offset + error.len <= pattern.len());
                }
            }
        }
    }

    #[test]
    fn text_without_special_characters_matches_itself_only(text in "[a-z/._-]{1,20}", other in "[a-z/._-]{1,20}") {
        if let Ok(pattern) = Pattern::parse(&text, Subject::Name) {
            prop_assert!(pattern.matches(&text));
            prop_assert_eq!(pattern.matches(&other), text == other);
        }
    }
}
