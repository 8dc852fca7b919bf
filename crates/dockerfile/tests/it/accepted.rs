//! Every instruction in every form.

use dockerfile::{CommandLine, Healthcheck, InstructionKind, Network, Security};

use super::{good, only};

fn words(words: &[dockerfile::Word]) -> Vec<&str> {
    words.iter().map(dockerfile::Word::as_str).collect()
}

fn pairs(text: &str) -> Vec<(String, String, bool)> {
    match only(text).kind {
        InstructionKind::Env(pairs) | InstructionKind::Label(pairs) => {
            pairs.into_iter().map(|pair| (pair.name.text, pair.value.text, pair.legacy)).collect()
        }
        other => panic!("{}", other.name()),
    }
}

#[test]
fn env_and_label() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned(), false);
    let legacy = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned(), true)];
    for (text, expected) in [
        ("ENV a=b", vec![pair("a", "b")]),
        ("ENV a=b c=\"d e\" f='g h'", vec![pair("a", "b"), pair("c", "\"d e\""), pair("f", "'g h'")]),
        (r"ENV a=b\ c d=", vec![pair("a", r"b\ c"), pair("d", "")]),
        ("ENV a=b=c", vec![pair("a", "b=c")]),
        ("ENV a=b \\\n    c=d", vec![pair("a", "b"), pair("c", "d")]),
        ("ENV a b c", legacy("a", "b c")),
        ("ENV a   b=c", legacy("a", "b=c")),
        ("ENV a \"b c\"", legacy("a", "\"b c\"")),
        ("LABEL com.example.a=\"x\" b=c", vec![pair("com.example.a", "\"x\""), pair("b", "c")]),
        ("LABEL \"a b\"=c", vec![pair("\"a b\"", "c")]),
        ("label a b", legacy("a", "b")),
        (r"ENV a=b\", vec![pair("a", "b")]),
    ] {
        assert_eq!(pairs(text), expected, "{text}");
    }
}

#[test]
fn arguments() {
    let definitions = |text: &str| match only(text).kind {
        InstructionKind::Arg(definitions) => definitions
            .into_iter()
            .map(|definition| (definition.name.text, definition.default.map(|default| default.text)))
            .collect::<Vec<_>>(),
        other => panic!("{}", other.name()),
    };
    let some = |name: &str, default: &str| (name.to_owned(), Some(default.to_owned()));
    let none = |name: &str| (name.to_owned(), None);
    assert_eq!(definitions("ARG a"), [none("a")]);
    assert_eq!(definitions("ARG a= b=\"x y\" c d=1"), [some("a", ""), some("b", "\"x y\""), none("c"), some("d", "1")]);
}

#[test]
fn command_lines() {
    for (text, expected) in [
        ("CMD echo  hi", Err("echo  hi")),
        ("CMD [\"echo\", \"hi\"]", Ok(vec!["echo", "hi"])),
        ("CMD []", Ok(vec![])),
        ("CMD", Err("")),
        ("CMD [ \"a\\u0062\" ,\"c\" ] ", Ok(vec!["ab", "c"])),
        ("CMD ['a']", Err("['a']")),
        ("CMD [\"a\",]", Err("[\"a\",]")),
        ("CMD [\"a\"] b", Err("[\"a\"] b")),
        ("CMD [ -f x ] && y", Err("[ -f x ] && y")),
        ("CMD -- --help", Err("--help")),
        ("cmd a \\\n b", Err("a  b")),
    ] {
        let InstructionKind::Cmd(command) = only(text).kind else { panic!("{text}") };
        match (&command, expected) {
            (CommandLine::Exec(own), Ok(expected)) => assert_eq!(words(own), expected, "{text}"),
            (CommandLine::Shell(own), Err(expected)) => assert_eq!(own.text, expected, "{text}"),
            _ => panic!("{text}: {command:?}"),
        }
    }
    let InstructionKind::Entrypoint(command) = only("ENTRYPOINT a b").kind else { panic!("not an ENTRYPOINT") };
    let shell = ["/bin/sh".to_owned(), "-c".to_owned()];
    assert_eq!(command.arguments(&shell), ["/bin/sh", "-c", "a b"]);
}

#[test]
fn run_flags() {
    let InstructionKind::Run(run) = only(
        "RUN --network=none --security=insecure --device=vendor.com/gpu=all,required --mount=type=tmpfs,target=/a \\\n --mount=target=/b make --jobs=2",
    )
    .kind else {
        panic!("not a RUN")
    };
    assert_eq!((run.network, run.security, run.mounts.len()), (Network::None, Security::Insecure, 2));
    assert_eq!((run.devices[0].name.as_str(), run.devices[0].required), ("vendor.com/gpu=all", true));
    let CommandLine::Shell(line) = run.command else { panic!("no shell") };
    assert_eq!(line.text, "make --jobs=2");
}

#[test]
fn copy_and_add() {
    let InstructionKind::Copy(copy) =
        only("COPY --from=build --chown=1:2 --chmod=u+x --link --parents --exclude=*.o --exclude=tmp ./a/./b c* /d/")
            .kind
    else {
        panic!("not a COPY")
    };
    assert_eq!(words(&copy.transfer.sources), ["./a/./b", "c*"]);
    assert_eq!(copy.transfer.destination.text, "/d/");
    assert_eq!(words(&copy.transfer.excludes), ["*.o", "tmp"]);
    assert!(copy.transfer.link && copy.parents);
    assert_eq!(copy.from.map(|from| from.text).as_deref(), Some("build"));
    let InstructionKind::Add(add) =
        only("ADD --keep-git-dir=true --unpack=false --checksum=sha256:x https://h/a.tar [\"x\"]").kind
    else {
        panic!("not an ADD")
    };
    assert_eq!((add.keep_git_dir, add.unpack), (Some(true), Some(false)));
    assert_eq!(add.checksum.map(|word| word.text).as_deref(), Some("sha256:x"));
    let InstructionKind::Copy(copy) = only("COPY [\"a b\", \"c\", \"/d e/\"]").kind else { panic!("not a COPY") };
    assert_eq!(words(&copy.transfer.sources), ["a b", "c"]);
    assert_eq!(copy.transfer.destination.text, "/d e/");
}

#[test]
fn healthchecks() {
    assert!(matches!(only("HEALTHCHECK none").kind, InstructionKind::Healthcheck(Healthcheck::None)));
    let InstructionKind::Healthcheck(Healthcheck::Command(probe)) = only(
        "HEALTHCHECK --interval=1m30s --timeout=3s --start-period=5s --start-interval=0 --retries=4 CMD curl -f http://h || exit 1",
    )
    .kind
    else {
        panic!("no command")
    };
    let seconds = |duration: Option<std::time::Duration>| duration.map(|duration| duration.as_secs());
    assert_eq!(seconds(probe.interval), Some(90));
    assert_eq!(seconds(probe.timeout), Some(3));
    assert_eq!(seconds(probe.start_period), Some(5));
    assert_eq!(seconds(probe.start_interval), Some(0));
    assert_eq!(probe.retries, Some(4));
    assert!(matches!(probe.command, CommandLine::Shell(line) if line.text == "curl -f http://h || exit 1"));
    let InstructionKind::Healthcheck(Healthcheck::Command(probe)) = only("HEALTHCHECK CMD [\"a\"]").kind else {
        panic!("no command")
    };
    assert!(matches!(probe.command, CommandLine::Exec(words) if words.len() == 1));
}

#[test]
fn the_small_ones() {
    for (text, expected) in [
        ("USER app:staff", "app:staff"),
        ("WORKDIR /a b", "/a b"),
        ("STOPSIGNAL SIGINT", "SIGINT"),
        ("STOPSIGNAL $SIG", "$SIG"),
        ("MAINTAINER A <a@b>", "A <a@b>"),
    ] {
        let (InstructionKind::User(word)
        | InstructionKind::Workdir(word)
        | InstructionKind::StopSignal(word)
        | InstructionKind::Maintainer(word)) = only(text).kind
        else {
            panic!("{text}")
        };
        assert_eq!(word.text, expected);
    }
    let InstructionKind::Volume(own) = only("VOLUME /a /b").kind else { panic!("not a VOLUME") };
    assert_eq!(words(&own), ["/a", "/b"]);
    let InstructionKind::Volume(own) = only("VOLUME [\"/a b\"]").kind else { panic!("not a VOLUME") };
    assert_eq!(words(&own), ["/a b"]);
    let InstructionKind::Expose(own) = only("EXPOSE 80 $PORT 90-91/udp").kind else { panic!("not an EXPOSE") };
    assert_eq!(words(&own), ["80", "$PORT", "90-91/udp"]);
    let InstructionKind::Shell(own) = only("SHELL [\"bash\", \"-c\"]").kind else { panic!("not a SHELL") };
    assert_eq!(words(&own), ["bash", "-c"]);
    let InstructionKind::Onbuild(onbuild) = only("ONBUILD  copy  . /x").kind else { panic!("not an ONBUILD") };
    assert_eq!(onbuild.trigger, "copy  . /x");
    assert_eq!(onbuild.instruction.kind.name(), "COPY");
}

#[test]
fn stages() {
    let file = good(
        "ARG V=1\n# Build the program\nfrom --platform=$BUILDPLATFORM golang:$V as Build\n\n# run has what runs\nFROM build AS run\nFROM scratch\n",
    );
    let [first, second, third] = file.stages.as_slice() else { panic!("three stages") };
    assert_eq!((first.display_name().as_str(), first.base.text.as_str()), ("build", "golang:$V"));
    assert_eq!(first.platform.as_ref().map(|word| word.text.as_str()), Some("$BUILDPLATFORM"));
    assert_eq!(first.written_name.as_ref().map(|word| word.text.as_str()), Some("Build"));
    assert_eq!((first.description(), second.description()), (None, Some("has what runs")));
    assert_eq!(third.display_name(), "stage-2");
    assert_eq!(file.stage_named("BUILD").map(|stage| stage.index), Some(0));
    assert_eq!(file.global_args.len(), 1);
}

#[test]
fn sources_and_places() {
    let text = "FROM scratch\nRUN a \\\n  # told\n  && b # kept\n";
    let file = good(text);
    let run = &file.stages[0].instructions[0];
    assert_eq!(run.source, "RUN a   && b # kept");
    assert_eq!(&text[run.span.range()], "RUN a \\\n  # told\n  && b # kept");
}
