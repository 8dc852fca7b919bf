use super::*;

struct Step {
    processor: Processor,
    state: StepState,
}

fn step(options: Options) -> Step {
    let processor = Processor::new(options, Masker::new(), Matchers::new(), Paths::new("/w"));
    Step { processor, state: StepState::default() }
}

impl Step {
    /// What the log shows for these lines; text that was no command is in brackets.
    fn run(&mut self, lines: &[&str]) -> Vec<String> {
        let mut log = Vec::new();
        for line in lines {
            if self.processor.process(line, &mut self.state, &mut log) == Handled::Text {
                log.push(format!("[{line}]"));
            }
        }
        log
    }
}

#[test]
fn what_the_log_shows() {
    let table: &[(&[&str], &[&str])] = &[
        (&["text", "::nonsense::x"], &["[text]", "[::nonsense::x]"]),
        (&["::group::a%20", "x", "::endgroup::"], &["##[group]a%20", "[x]", "##[endgroup]"]),
        (&["::debug::x"], &[]),
        (&["::error file=a.c::bad", "##[warning]hm"], &["##[error]bad", "##[warning]hm"]),
        (
            &["::echo::on", "::group::x", "::add-mask::abc", "::echo::off", "::echo::on"],
            &["::group::x", "##[group]x", "::add-mask::***", "::echo::off"],
        ),
        (
            &["::stop-commands::tok", "::error::x", "::other::", "##[TOK]", "::error::y"],
            &["::stop-commands::tok", "[::error::x]", "[::other::]", "##[TOK]", "##[error]y"],
        ),
        (&["::add-mask::  "], &["##[warning]Can't add a secret mask for an empty text."]),
        (&["::add-matcher::"], &["##[warning]The add-matcher command needs the path of a file."]),
        (
            &["::remove-matcher owner=a::b"],
            &["##[warning]The remove-matcher command needs either an owner or the path of a file."],
        ),
        (
            &["::set-output name=a::b", "::set-output name=c::d"],
            &[
                "##[warning]The `set-output` command is deprecated: write to the file that $GITHUB_OUTPUT names instead.",
            ],
        ),
    ];
    for (lines, expected) in table {
        let mut step = step(Options::default());
        assert_eq!(step.run(lines), *expected);
        assert!(!step.state.command_failed, "{lines:?}");
    }
}

#[test]
fn commands_that_cannot_be_carried_out_fail_the_step() {
    for line in [
        "::set-env name=A::b",
        "::add-path::/x",
        "::set-output::b",
        "::save-state name=::b",
        "::echo::maybe",
        "::stop-commands::",
        "::stop-commands::Error",
        "::stop-commands::pause-logging",
        "::add-matcher::nothing-here.json",
    ] {
        let mut step = step(Options::default());
        let log = step.run(&[line]);
        let first = format!("##[error]Unable to process command '{line}' successfully.");
        assert!(log.contains(&first), "{line}: {log:?}");
        assert!(step.state.command_failed, "{line}");
    }
}

#[test]
fn unsecure_commands_can_be_allowed() {
    let options = Options { allow_unsecure_commands: true, allow_unsecure_stop_tokens: true, debug: false };
    let mut step = step(options);
    let log = step.run(&[
        "::set-env name=A::b",
        "::set-env name=Node_Options::b",
        "::add-path::/x",
        "::stop-commands::debug",
        "::set-env name=A::c",
    ]);
    assert_eq!(
        log,
        [
            "##[error]NODE_OPTIONS cannot be set through the set-env command",
            "::stop-commands::debug",
            "[::set-env name=A::c]"
        ]
    );
    assert_eq!(step.state.env["A"], "b");
    assert_eq!(step.state.path, ["/x"]);
    assert!(!step.state.command_failed);
}

#[test]
fn masks_and_long_tokens_count_at_once() {
    let mut step = step(Options::default());
    step.run(&["::add-mask::one%0A  two", "::error title=one::two", "::stop-commands::longtoken"]);
    let annotation = &step.state.annotations[0];
    assert_eq!((annotation.title.as_deref(), &*annotation.message), (Some("***"), "***"));
    assert!(step.processor.masker().found_in("longtoken"));
}

#[test]
fn debug_shows_more() {
    let mut step = step(Options { debug: true, ..Options::default() });
    assert_eq!(
        step.run(&["::debug::a%0Ab", "::save-state name=x::1", "::warning endLine=3::w"]),
        [
            "##[debug]a",
            "##[debug]b",
            "::save-state name=x::1",
            "##[warning]The `save-state` command is deprecated: write to the file that $GITHUB_STATE names instead.",
            "##[debug]warning: 'endLine' without 'line': it is taken for both",
            "##[warning]w"
        ]
    );
    assert_eq!(step.state.saved_state["x"], "1");
}

#[test]
fn values_of_a_step_are_bounded() {
    let mut step = step(Options::default());
    let line = format!("::set-output name=a::{}", "x".repeat(10 * 1024 * 1024));
    step.run(&[&line]);
    assert!(!step.state.command_failed);
    step.run(&[&line]);
    assert!(step.state.command_failed);
}
