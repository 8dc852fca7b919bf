//! Here-documents.

use dockerfile::{InstructionKind, Script};

use super::{good, only, told};

fn script(text: &str) -> Script {
    match only(text).kind {
        InstructionKind::Run(run) => run.script(),
        other => panic!("{}", other.name()),
    }
}

#[test]
fn a_lone_document_is_the_script() {
    for (text, expected) in [
        ("RUN <<EOF\necho a\necho b\nEOF", Script::Shell("echo a\necho b\n".to_owned())),
        ("RUN <<-EOF\n\techo a\n\t\techo b\n\tEOF", Script::Shell("echo a\necho b\n".to_owned())),
        ("RUN <<'EOF'\necho $a\nEOF", Script::Shell("echo $a\n".to_owned())),
        (
            "RUN <<EOF\n#!/usr/bin/env python\nprint(1)\nEOF",
            Script::File { name: "EOF".to_owned(), content: "#!/usr/bin/env python\nprint(1)\n".to_owned() },
        ),
        ("RUN cat <<EOF\na\nEOF", Script::Shell("cat <<EOF\na\nEOF".to_owned())),
        ("RUN cat <<A - <<-B\n1\nA\n\t2\n\tB", Script::Shell("cat <<A - <<-B\n1\nA\n\t2\nB".to_owned())),
        ("RUN [\"cat\", \"<<EOF\"]", Script::Exec(vec!["cat".to_owned(), "<<EOF".to_owned()])),
        ("RUN <<EOF\nEOF", Script::Shell(String::new())),
        ("RUN <<EOF\n# kept\n\n  kept too \\\nEOF", Script::Shell("# kept\n\n  kept too \\\n".to_owned())),
    ] {
        assert_eq!(script(text), expected, "{text}");
    }
}

#[test]
fn files_of_copy_and_add() {
    let InstructionKind::Copy(copy) =
        only("COPY --chmod=600 a <<one.txt <<'two' <<-three b /dir/\n$x\none.txt\n$y\ntwo\n\tz\nthree").kind
    else {
        panic!("not a COPY")
    };
    let sources: Vec<&str> = copy.transfer.sources.iter().map(dockerfile::Word::as_str).collect();
    assert_eq!(sources, ["a", "b"]);
    let files: Vec<(&str, String, bool)> =
        copy.transfer.inline.iter().map(|file| (file.name.as_str(), file.text(), file.expand)).collect();
    assert_eq!(
        files,
        [("one.txt", "$x\n".to_owned(), true), ("two", "$y\n".to_owned(), false), ("three", "z\n".to_owned(), true)]
    );
}

#[test]
fn triggers_keep_their_documents() {
    let InstructionKind::Onbuild(onbuild) = only("ONBUILD RUN <<EOF\necho a\nEOF").kind else {
        panic!("not an ONBUILD")
    };
    assert_eq!(onbuild.trigger, "RUN <<EOF\necho a\nEOF");
    let again = dockerfile::parse_trigger(span::FileId(0), &onbuild.trigger).expect("a trigger");
    assert_eq!(again.kind, {
        let file = good("FROM scratch\nRUN <<EOF\necho a\nEOF\n");
        let mut kind = file.stages[0].instructions[0].kind.clone();
        shift(&mut kind);
        kind
    });
}

/// The same place in a text without the `FROM` in front.
fn shift(kind: &mut InstructionKind) {
    let InstructionKind::Run(run) = kind else { return };
    let less = "FROM scratch\n".len() as u32;
    let move_up = |span: &mut span::Span| {
        span.start -= less;
        span.end -= less;
    };
    if let dockerfile::CommandLine::Shell(word) = &mut run.command {
        move_up(&mut word.span);
    }
    for heredoc in &mut run.heredocs {
        move_up(&mut heredoc.place);
        move_up(&mut heredoc.span);
    }
}

#[test]
fn what_follows_is_read_on() {
    let file = good("FROM scratch\nRUN <<A cat <<B\nFROM x\nA\nENV\nB\nENV a=b\n");
    assert_eq!(file.stages.len(), 1);
    assert_eq!(file.stages[0].instructions.len(), 2);
}

#[test]
fn a_document_that_never_ends() {
    insta::assert_snapshot!(told("FROM scratch\nRUN cat <<EOF\na\n EOF\nEOF2\n"), @r#"
    error[dockerfile/heredoc]: the here-document `EOF` never ends
     --> Dockerfile:2:9
      |
    2 | RUN cat <<EOF
      |         ^^^^^
      |
      = help: a line that holds `EOF` and nothing else ends it
    "#);
}
