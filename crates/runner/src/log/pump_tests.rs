use proptest::prelude::*;

use super::*;
use crate::command::{Options, Processor};
use crate::log::{JobLog, LogReader, RecordKind};
use crate::matcher::Config;
use crate::paths::Paths;
use crate::{Masker, StepState};

const MATCHER: &str = r#"{"problemMatcher":[{"owner":"m","pattern":[
    {"regexp":"^in (.*)$","file":1},{"regexp":"^  E(\\d+) (.*)$","line":1,"message":2,"loop":true}]}]}"#;

struct Setup {
    directory: tempfile::TempDir,
    log: StepLog,
    matchers: Matchers,
}

fn setup(secrets: &[&str]) -> Setup {
    let directory = tempfile::tempdir().unwrap();
    let (masker, matchers) = (Masker::new(), Matchers::new());
    for secret in secrets {
        masker.add(secret);
    }
    std::fs::write(directory.path().join("m.json"), MATCHER).unwrap();
    std::fs::write(directory.path().join("a.c"), "").unwrap();
    let job = JobLog::create(&directory.path().join("log")).unwrap();
    let processor = Processor::new(Options::default(), masker, matchers.clone(), Paths::new(directory.path()));
    Setup { log: StepLog::start(job, 1, processor), directory, matchers }
}

impl Setup {
    /// The record with `R ` before the runner's own lines and `E ` before those of standard error.
    fn end(self) -> (String, StepState) {
        let state = self.log.finish();
        let mut reader = LogReader::open(&self.directory.path().join("log")).unwrap();
        let mut out = String::new();
        while let Some(piece) = reader.next_piece().unwrap() {
            let RecordKind::Lines(stream) = piece.kind else {
                continue;
            };
            let mark = match stream {
                Stream::Out => "",
                Stream::Err => "E ",
                Stream::Runner => "R ",
            };
            for line in String::from_utf8_lossy(&piece.text).split_inclusive('\n') {
                out.push_str(mark);
                out.push_str(line);
            }
        }
        // Each run has a directory of its own.
        (out.replace(&*self.directory.path().to_string_lossy(), "DIR"), state)
    }
}

fn run(secrets: &[&str], chunks: &[&[u8]]) -> (String, StepState) {
    let setup = setup(secrets);
    let mut pump = setup.log.stream(Stream::Out);
    chunks.iter().for_each(|chunk| pump.push(chunk));
    pump.finish();
    setup.end()
}

#[test]
fn lines() {
    let table: &[(&[&str], &str, &str)] = &[
        (&[], "", ""),
        (&[], "a\nb", "a\nb\n"),
        (&[], "a\r\nb\rc\n\r\r\nd\n\n", "a\nb\nc\n\n\nd\n\n"),
        (&[], "\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        (&["secret"], "a secret\nsecret::secret\n", "a ***\n***::***\n"),
        (&[], "before\n::group::g\nin\n::endgroup::\nafter", "before\nR ##[group]g\nin\nR ##[endgroup]\nafter\n"),
        (&[], "std::mem\n::unknown::x\n##[nope]\n", "std::mem\n::unknown::x\n##[nope]\n"),
        (&[], "abc\n::add-mask::abc\nabc\n", "abc\n***\n"),
        (&[], "10%\r::error::x\r\n", "10%\nR ##[error]x\n"),
        (
            &[],
            "::stop-commands::s\n::error::x\n::s::\n::error::y\n",
            "R ::stop-commands::s\n::error::x\nR ::s::\nR ##[error]y\n",
        ),
        (&["hunter2"], "::warning::hunter2%0Ax\n", "R ##[warning]***\nR x\n"),
        (
            &[],
            "in a.c\n  E1 x\n::add-matcher::m.json\nin a.c\n::debug::in b.c\n  E2 y\nplain\n  E3 z",
            "in a.c\n  E1 x\nin a.c\nR ##[error]  E2 y\nplain\n  E3 z\n",
        ),
    ];
    for (secrets, input, expected) in table {
        assert_eq!(run(secrets, &[input.as_bytes()]).0, *expected, "{input:?}");
        let single: Vec<&[u8]> = input.as_bytes().chunks(1).collect();
        assert_eq!(run(secrets, &single).0, *expected, "{input:?} by bytes");
    }
}

#[test]
fn problems_become_annotations() {
    let (_, state) = run(&[], &[b"::add-matcher::m.json\nin a.c\n  E7 bad\n"]);
    assert_eq!(state.annotations.len(), 1);
    assert_eq!(state.annotations[0].path.as_deref(), Some("a.c"));
    assert_eq!(state.annotations[0].start_line, Some(7));
    assert_eq!(state.annotations[0].message, "bad");
}

#[test]
fn streams_have_matchers_of_their_own_and_share_commands() {
    let setup = setup(&[]);
    for config in Config::parse(MATCHER.as_bytes()).unwrap() {
        setup.matchers.add(config);
    }
    let (mut out, mut err) = (setup.log.stream(Stream::Out), setup.log.stream(Stream::Err));
    out.push(b"in a.c\n");
    err.push(b"  E1 no\n::stop-commands::t\n");
    out.push(b"  E2 yes\n::error::x\n");
    out.finish();
    err.finish();
    assert_eq!(setup.end().0, "in a.c\nE   E1 no\nR ::stop-commands::t\nR ##[error]  E2 yes\n::error::x\n");
}

#[test]
fn long_lines_are_shown_in_pieces() {
    let long = "x".repeat(MAX_LINE);
    for (input, expected) in [
        (format!("{long}\n"), format!("{long}\n")),
        (format!("a\n{long}y\nb\n"), format!("a\n{long}\ny\nb\n")),
        (format!("{long}{long}y\r\n::error::b"), format!("{long}\n{long}\ny\nR ##[error]b\n")),
    ] {
        for size in [input.len(), 100_000, 4096] {
            let chunks: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
            assert!(run(&[], &chunks).0 == expected, "chunks of {size}");
        }
    }
}

#[test]
fn a_secret_across_the_pieces_of_a_long_line_is_hidden() {
    let input = format!("{}secret{}\n", "x".repeat(MAX_LINE - 3), "y".repeat(MAX_LINE));
    for size in [input.len(), MAX_LINE, 100_001] {
        let chunks: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
        let (text, _) = run(&["secret"], &chunks);
        assert!(text.replace('\n', "") == input.replace("secret", "***").replace('\n', ""), "chunks of {size}");
    }
}

#[test]
fn a_command_too_long_is_not_shown_and_fails_the_step() {
    let (text, state) = run(&[], &[format!("::add-mask::{}\nnext\n", "x".repeat(2 * MAX_LINE)).as_bytes()]);
    assert_eq!(
        text,
        "R ##[error]A workflow command is longer than 1048576 bytes; it is ignored and not shown.\nnext\n"
    );
    assert!(state.command_failed);
}

#[tokio::test]
async fn pipes_are_read_to_their_end() {
    let setup = setup(&[]);
    let (left, right) = tokio::join!(
        setup.log.pump(Stream::Out, &b"a\n::set-output name=x::y\nb"[..]),
        setup.log.pump(Stream::Err, &b"c\n"[..]),
    );
    left.unwrap();
    right.unwrap();
    let (text, state) = setup.end();
    for line in ["a\n", "b\n", "E c\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(state.outputs["x"], "y");
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"::".to_vec()),
        Just(b"##[error]".to_vec()),
        Just(b"::add-mask::ab".to_vec()),
        Just(b"::stop-commands::tok".to_vec()),
        Just(b"::tok::".to_vec()),
        Just(b"::group::".to_vec()),
        Just(b"::echo::on".to_vec()),
        Just(b"::set-output name=a::".to_vec()),
        Just(b"::add-matcher::m.json".to_vec()),
        Just(b"::remove-matcher owner=m::".to_vec()),
        Just(b"in a.c".to_vec()),
        Just(b"  E1 abc".to_vec()),
        Just(b"secret".to_vec()),
        Just(b"\xc2\xa0".to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn chunks_do_not_matter(input in noise(), cuts in prop::collection::vec(0usize..12, 0..20)) {
        let mut chunks = Vec::new();
        let mut rest = input.as_slice();
        for cut in cuts {
            let (chunk, after) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        let (whole, whole_state) = run(&["secret", "cret\u{a0}"], &[&input]);
        let (cut, cut_state) = run(&["secret", "cret\u{a0}"], &chunks);
        prop_assert_eq!(&whole, &cut);
        let told = |state: &StepState| {
            let count = state.annotations.len();
            format!("{:?} {:?} {:?} {count} {}", state.outputs, state.env, state.annotation_counts, state.command_failed)
        };
        prop_assert_eq!(told(&whole_state), told(&cut_state));
        prop_assert!(!whole.contains("secret"));
    }
}
