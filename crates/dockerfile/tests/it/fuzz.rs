//! No input makes it fall over, and every place it gives is in the file.

use std::collections::BTreeMap;

use dockerfile::{Expander, Ignore, Plan, PlanInput, Scope, expand, parse, parse_trigger};
use proptest::prelude::*;
use span::{Diagnostic, FileId};

/// Pieces that mean something, so that more than the first line is reached.
const PIECES: &[&str] = &[
    "FROM ",
    "scratch",
    " AS ",
    "RUN ",
    "COPY ",
    "ADD ",
    "ENV ",
    "ARG ",
    "LABEL ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "CMD ",
    "EXPOSE ",
    "USER ",
    "VOLUME ",
    "SHELL ",
    "STOPSIGNAL ",
    "WORKDIR ",
    "MAINTAINER ",
    "ENTRYPOINT ",
    "--mount=",
    "--from=",
    "--chmod=",
    "--chown=",
    "--link",
    "--parents",
    "--exclude=",
    "--interval=",
    "type=cache",
    ",target=/x",
    "\n",
    "\\\n",
    "\r\n",
    "# ",
    "# escape=`\n",
    "<<EOF",
    "<<-EOF",
    "<<\"E\"",
    "EOF\n",
    "EOF",
    "\"",
    "'",
    "\\",
    "`",
    "$",
    "${",
    "}",
    ":-",
    "//",
    "##",
    "%%",
    "/",
    "*",
    "**",
    "[",
    "]",
    "[\"a\", \"b\"]",
    "=",
    "a",
    "0",
    "é",
    " ",
    "\t",
    "!",
    "\u{feff}",
];

fn text() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(proptest::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat());
    prop_oneof![4 => pieces, 1 => any::<String>(), 1 => "[ -~\n]{0,200}"]
}

fn places_are_inside(text: &str, problems: &[Diagnostic]) {
    for problem in problems {
        let spans = problem.primary.iter().chain(problem.related.iter().map(|(span, _)| span));
        for span in spans {
            assert!(text.get(span.range()).is_some(), "{problem:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files(text in text()) {
        for text in [text.clone(), format!("FROM scratch\n{text}")] {
            match parse(FileId(0), &text) {
                Err(problems) => {
                    prop_assert!(!problems.is_empty());
                    places_are_inside(&text, &problems);
                }
                Ok(file) => {
                    let variables = BTreeMap::from([("a".to_owned(), "* /x'\"".to_owned())]);
                    for stage in &file.stages {
                        prop_assert!(text.get(stage.span.range()).is_some());
                        for instruction in &stage.instructions {
                            prop_assert!(text.get(instruction.span.range()).is_some());
                            let mut expander = Expander::new(file.escape, &variables);
                            if let Err(problems) = instruction.kind.expand(&mut expander) {
                                places_are_inside(&text, &problems);
                            }
                        }
                    }
                    if let Err(problems) = Plan::new(&file, &PlanInput::default()) {
                        places_are_inside(&text, &problems);
                    }
                    let _ = Scope::default();
                }
            }
            let _ = parse_trigger(FileId(0), &text);
        }
    }

    #[test]
    fn words(text in text(), escape in prop_oneof![Just('\\'), Just('`')]) {
        let variables = BTreeMap::from([("a".to_owned(), text.clone())]);
        if let Err(error) = expand(&text, escape, &variables) {
            prop_assert!(error.offset <= text.len());
        }
    }

    /// Text without anything special comes through as it is.
    #[test]
    fn plain_words_stay(text in "[A-Za-z0-9_./:@%+=,-]{0,40}") {
        prop_assert_eq!(expand(&text, '\\', &BTreeMap::new()).expect("plain").text, text);
    }

    /// Whatever is quoted comes out as it was.
    #[test]
    fn quoting_protects(text in "[ -~é]{0,40}") {
        let single = format!("'{}'", text.replace('\'', "'\\''"));
        prop_assert_eq!(expand(&single, '\\', &BTreeMap::new()).expect("quoted").text, text.clone());
        let double = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"));
        prop_assert_eq!(expand(&double, '\\', &BTreeMap::new()).expect("quoted").text, text);
    }

    /// Going down a tree gives the verdict that the whole path gives, and prunes nothing that is wanted.
    #[test]
    fn walking_and_asking_agree(
        patterns in proptest::collection::vec("!?(\\*\\*/)?[ab*?]{1,3}(/[ab*]{1,2})?(/\\*\\*)?", 0..5),
        path in "[ab]{1,2}(/[ab]{1,2}){0,3}",
    ) {
        let Ok(ignore) = Ignore::parse(FileId(0), &patterns.join("\n")) else { return Ok(()) };
        let mut level = ignore.root();
        let mut ignored = false;
        let mut pruned = false;
        for name in path.split('/') {
            let entry = ignore.child(&level, name);
            prop_assert!(!pruned || entry.ignored);
            (ignored, pruned, level) = (entry.ignored, entry.prune, entry.level);
        }
        prop_assert_eq!(ignored, ignore.ignores(&path), "{:?} {}", patterns, path);
    }
}
