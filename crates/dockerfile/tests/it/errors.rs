//! What is told about broken files. All of it at once.

use super::told;

#[test]
fn nothing_to_build() {
    insta::assert_snapshot!(told(""), @r#"
    error[dockerfile/empty-file]: the file holds no instruction
     --> Dockerfile:1:1
      |
    1 |
      | ^
      |
      = help: it begins with `FROM image`
    "#);
    insta::assert_snapshot!(told("# only a comment\n\n"), @r#"
    error[dockerfile/empty-file]: the file holds no instruction
     --> Dockerfile:1:1
      |
    1 | # only a comment
      | ^
      |
      = help: it begins with `FROM image`
    "#);
    insta::assert_snapshot!(told("ARG X=1\n"), @r#"
    error[dockerfile/no-stage]: the file has no `FROM`, so there is nothing to build
     --> Dockerfile:2:1
      |
    2 |
      | ^
    "#);
    insta::assert_snapshot!(told("RUN true\nENV a=b\nFROM scratch\n"), @r#"
    error[dockerfile/before-from]: RUN stands before the first `FROM`
     --> Dockerfile:1:1
      |
    1 | RUN true
      | ^^^
      |
      = help: only `ARG` may
    "#);
}

#[test]
fn unknown_instructions() {
    insta::assert_snapshot!(told("FROM a\nRUNN true\nCOPPY a b\n&& apt-get install\n{\nfrom: x\n"), @r#"
    error[dockerfile/unknown-instruction]: there is no instruction `RUNN`
     --> Dockerfile:2:1
      |
    2 | RUNN true
      | ^^^^
      |
      = help: did you mean `RUN`?

    error[dockerfile/unknown-instruction]: there is no instruction `COPPY`
     --> Dockerfile:3:1
      |
    3 | COPPY a b
      | ^^^^^
      |
      = help: did you mean `COPY`?

    error[dockerfile/unknown-instruction]: there is no instruction `&&`
     --> Dockerfile:4:1
      |
    4 | && apt-get install
      | ^^
      |
      = help: if it belongs to the line above, that line has to end with the escape character

    error[dockerfile/unknown-instruction]: there is no instruction `{`
     --> Dockerfile:5:1
      |
    5 | {
      | ^
      |
      = help: if it belongs to the line above, that line has to end with the escape character

    error[dockerfile/unknown-instruction]: there is no instruction `from:`
     --> Dockerfile:6:1
      |
    6 | from: x
      | ^^^^^
      |
      = help: did you mean `FROM`?
    "#);
}

#[test]
fn unknown_flags() {
    insta::assert_snapshot!(told(
        "FROM --platfrom=linux/amd64 a\nCOPY --form=x --chown --link=maybe --parents a b\nADD --parents a b\nRUN --netwrok=none true\nCMD --help\nEXPOSE --x 80\n"
    ), @r#"
    error[dockerfile/unknown-flag]: FROM has no flag `--platfrom`
     --> Dockerfile:1:6
      |
    1 | FROM --platfrom=linux/amd64 a
      |      ^^^^^^^^^^
      |
      = help: did you mean `--platform`?

    error[dockerfile/unknown-flag]: COPY has no flag `--form`
     --> Dockerfile:2:6
      |
    2 | COPY --form=x --chown --link=maybe --parents a b
      |      ^^^^^^
      |
      = help: did you mean `--from`?

    error[dockerfile/flag-value]: `--chown` needs a value
     --> Dockerfile:2:15
      |
    2 | COPY --form=x --chown --link=maybe --parents a b
      |               ^^^^^^^
      |
      = help: write `--chown=…`

    error[dockerfile/flag-value]: `--link` is `true` or `false`, not `maybe`
     --> Dockerfile:2:23
      |
    2 | COPY --form=x --chown --link=maybe --parents a b
      |                       ^^^^^^^^^^^^

    error[dockerfile/unknown-flag]: ADD has no flag `--parents`
     --> Dockerfile:3:5
      |
    3 | ADD --parents a b
      |     ^^^^^^^^^
      |
      = help: ADD has `--chown`, `--chmod`, `--link`, `--keep-git-dir`, `--checksum`, `--unpack`, `--exclude`

    error[dockerfile/unknown-flag]: RUN has no flag `--netwrok`
     --> Dockerfile:4:5
      |
    4 | RUN --netwrok=none true
      |     ^^^^^^^^^
      |
      = help: did you mean `--network`?

    error[dockerfile/unknown-flag]: CMD has no flag `--help`
     --> Dockerfile:5:5
      |
    5 | CMD --help
      |     ^^^^^^
      |
      = help: CMD has no flags; `--` before an argument that begins with `--` keeps it

    error[dockerfile/unknown-flag]: EXPOSE has no flag `--x`
     --> Dockerfile:6:8
      |
    6 | EXPOSE --x 80
      |        ^^^
      |
      = help: EXPOSE has no flags; `--` before an argument that begins with `--` keeps it
    "#);
    insta::assert_snapshot!(told(
        "FROM a\nRUN --network=nope --security=insecur true\nCOPY --chown=a --chown=b c d\nHEALTHCHECK --interval=5 --timeout=1ns --retries=-1 CMD x\n"
    ), @r#"
    error[dockerfile/flag-value]: `--network` cannot be `nope`
     --> Dockerfile:2:15
      |
    2 | RUN --network=nope --security=insecur true
      |               ^^^^
      |
      = help: did you mean `none`?

    error[dockerfile/flag-value]: `--security` cannot be `insecur`
     --> Dockerfile:2:31
      |
    2 | RUN --network=nope --security=insecur true
      |                               ^^^^^^^
      |
      = help: did you mean `insecure`?

    error[dockerfile/duplicate-flag]: `--chown` is given twice
     --> Dockerfile:3:16
      |
    3 | COPY --chown=a --chown=b c d
      |                ^^^^^^^

    error[dockerfile/flag-value]: `5` is no duration: `5` has no unit
     --> Dockerfile:4:24
      |
    4 | HEALTHCHECK --interval=5 --timeout=1ns --retries=-1 CMD x
      |                        ^
      |
      = help: a duration is `30s`, `1m30s` or `500ms`

    error[dockerfile/flag-value]: `--timeout` is zero or at least 1ms, not `1ns`
     --> Dockerfile:4:36
      |
    4 | HEALTHCHECK --interval=5 --timeout=1ns --retries=-1 CMD x
      |                                    ^^^

    error[dockerfile/flag-value]: `--retries` is a whole number from 0 on, not `-1`
     --> Dockerfile:4:50
      |
    4 | HEALTHCHECK --interval=5 --timeout=1ns --retries=-1 CMD x
      |                                                  ^^
    "#);
}

#[test]
fn arguments() {
    insta::assert_snapshot!(told(
        "FROM\nFROM a b\nFROM a AS\nFROM a AS b c\nFROM a AS 1x\nFROM a AS b/c\n"
    ), @r#"
    error[dockerfile/arguments]: FROM needs an image or a stage
     --> Dockerfile:1:1
      |
    1 | FROM
      | ^^^^
      |
      = help: as in `FROM debian:12` or `FROM debian:12 AS build`

    error[dockerfile/arguments]: FROM takes an image and `AS name`, not `b`
     --> Dockerfile:2:8
      |
    2 | FROM a b
      |        ^
      |
      = help: as in `FROM debian:12` or `FROM debian:12 AS build`

    error[dockerfile/arguments]: a name is missing behind `AS`
     --> Dockerfile:3:8
      |
    3 | FROM a AS
      |        ^^
      |
      = help: as in `FROM debian:12` or `FROM debian:12 AS build`

    error[dockerfile/arguments]: `c` is too much here
     --> Dockerfile:4:13
      |
    4 | FROM a AS b c
      |             ^
      |
      = help: as in `FROM debian:12` or `FROM debian:12 AS build`

    error[dockerfile/stage-name]: `1x` cannot be a stage's name
     --> Dockerfile:5:11
      |
    5 | FROM a AS 1x
      |           ^^
      |
      = help: names begin with a letter and go on with letters, digits, `-`, `_` or `.`

    error[dockerfile/stage-name]: `b/c` cannot be a stage's name
     --> Dockerfile:6:11
      |
    6 | FROM a AS b/c
      |           ^^^
      |
      = help: names begin with a letter and go on with letters, digits, `-`, `_` or `.`
    "#);
    insta::assert_snapshot!(told(
        "FROM a\nCOPY a\nCOPY\nADD a <<EOF\nEOF\nENV\nENV A\nENV A=b C\nENV =x\nLABEL a=b c\nARG\nARG =x\n"
    ), @r#"
    error[dockerfile/arguments]: COPY has a source and no destination
     --> Dockerfile:2:6
      |
    2 | COPY a
      |      ^
      |
      = help: as in `COPY a.txt /dir/`

    error[dockerfile/arguments]: COPY needs sources and a destination
     --> Dockerfile:3:1
      |
    3 | COPY
      | ^^^^
      |
      = help: as in `COPY a.txt /dir/`

    error[dockerfile/arguments]: a here-document cannot be the destination of ADD
     --> Dockerfile:4:7
      |
    4 | ADD a <<EOF
      |       ^^^^^
      |
      = help: as in `ADD <<EOF /file`

    error[dockerfile/arguments]: ENV needs a name and a value
     --> Dockerfile:6:1
      |
    6 | ENV
      | ^^^
      |
      = help: as in `ENV NAME=value`

    error[dockerfile/pair]: `A` has no value
     --> Dockerfile:7:5
      |
    7 | ENV A
      |     ^
      |
      = help: write `ENV A=…`; an empty value is `A=`

    error[dockerfile/pair]: `C` has no `=`
     --> Dockerfile:8:9
      |
    8 | ENV A=b C
      |         ^
      |
      = help: a value with blanks is put in quotes: `NAME="a value"`

    error[dockerfile/pair]: a name is missing in front of `=`
     --> Dockerfile:9:5
      |
    9 | ENV =x
      |     ^^

    error[dockerfile/pair]: `c` has no `=`
      --> Dockerfile:10:11
       |
    10 | LABEL a=b c
       |           ^
       |
       = help: a value with blanks is put in quotes: `NAME="a value"`

    error[dockerfile/arguments]: ARG needs a name
      --> Dockerfile:11:1
       |
    11 | ARG
       | ^^^
       |
       = help: as in `ARG VERSION=1.0`

    error[dockerfile/pair]: a name is missing in front of `=`
      --> Dockerfile:12:5
       |
    12 | ARG =x
       |     ^^
    "#);
    insta::assert_snapshot!(told(
        "FROM a\nWORKDIR\nUSER\nVOLUME\nVOLUME [\"\"]\nEXPOSE\nEXPOSE http 80/icmp 9-1\nSTOPSIGNAL\nSTOPSIGNAL SIGTREM\nSHELL bash\nSHELL []\nMAINTAINER\n"
    ), @r#"
    error[dockerfile/arguments]: WORKDIR needs a path
     --> Dockerfile:2:1
      |
    2 | WORKDIR
      | ^^^^^^^

    error[dockerfile/arguments]: USER needs a user
     --> Dockerfile:3:1
      |
    3 | USER
      | ^^^^

    error[dockerfile/arguments]: VOLUME needs a path
     --> Dockerfile:4:1
      |
    4 | VOLUME
      | ^^^^^^
      |
      = help: as in `VOLUME /data`

    error[dockerfile/arguments]: the path of a volume is empty
     --> Dockerfile:5:10
      |
    5 | VOLUME [""]
      |          ^

    error[dockerfile/arguments]: EXPOSE needs a port
     --> Dockerfile:6:1
      |
    6 | EXPOSE
      | ^^^^^^
      |
      = help: as in `EXPOSE 8080/tcp`

    error[dockerfile/port]: `http` is no port: `http` is no number
     --> Dockerfile:7:8
      |
    7 | EXPOSE http 80/icmp 9-1
      |        ^^^^
      |
      = help: a port is `80`, `80/udp` or a range such as `8000-8010/tcp`

    error[dockerfile/port]: `80/icmp` is no port: the protocol is `tcp`, `udp` or `sctp`, not `icmp`
     --> Dockerfile:7:13
      |
    7 | EXPOSE http 80/icmp 9-1
      |             ^^^^^^^
      |
      = help: a port is `80`, `80/udp` or a range such as `8000-8010/tcp`

    error[dockerfile/port]: `9-1` is no port: the range `9-1` ends before it begins
     --> Dockerfile:7:21
      |
    7 | EXPOSE http 80/icmp 9-1
      |                     ^^^
      |
      = help: a port is `80`, `80/udp` or a range such as `8000-8010/tcp`

    error[dockerfile/arguments]: STOPSIGNAL needs a signal
     --> Dockerfile:8:1
      |
    8 | STOPSIGNAL
      | ^^^^^^^^^^

    error[dockerfile/signal]: `SIGTREM` is no signal
     --> Dockerfile:9:12
      |
    9 | STOPSIGNAL SIGTREM
      |            ^^^^^^^
      |
      = help: did you mean `SIGTERM`?

    error[dockerfile/json]: SHELL takes a JSON array
      --> Dockerfile:10:7
       |
    10 | SHELL bash
       |       ^^^^
       |
       = help: as in `SHELL ["/bin/bash", "-o", "pipefail", "-c"]`

    error[dockerfile/arguments]: SHELL needs a program
      --> Dockerfile:11:7
       |
    11 | SHELL []
       |       ^^
       |
       = help: as in `SHELL ["/bin/bash", "-o", "pipefail", "-c"]`

    error[dockerfile/arguments]: MAINTAINER needs a name
      --> Dockerfile:12:1
       |
    12 | MAINTAINER
       | ^^^^^^^^^^
    "#);
    insta::assert_snapshot!(told(
        "FROM a\nRUN [\"a\", 1]\nCMD [1]\nCOPY [\"a\", [\"b\"]]\nHEALTHCHECK\nHEALTHCHECK NONE x\nHEALTHCHECK CMD\nHEALTHCHECK CDM x\n"
    ), @r#"
    error[dockerfile/json]: the array holds something else than strings
     --> Dockerfile:2:5
      |
    2 | RUN ["a", 1]
      |     ^^^^^^^^
      |
      = help: every argument is a string: `["sleep", "10"]`

    error[dockerfile/json]: the array holds something else than strings
     --> Dockerfile:3:5
      |
    3 | CMD [1]
      |     ^^^
      |
      = help: every argument is a string: `["sleep", "10"]`

    error[dockerfile/json]: the array holds something else than strings
     --> Dockerfile:4:6
      |
    4 | COPY ["a", ["b"]]
      |      ^^^^^^^^^^^^
      |
      = help: every argument is a string: `["sleep", "10"]`

    error[dockerfile/arguments]: HEALTHCHECK needs `CMD` or `NONE`
     --> Dockerfile:5:1
      |
    5 | HEALTHCHECK
      | ^^^^^^^^^^^
      |
      = help: `HEALTHCHECK CMD …` or `HEALTHCHECK NONE`

    error[dockerfile/arguments]: HEALTHCHECK NONE takes no arguments
     --> Dockerfile:6:18
      |
    6 | HEALTHCHECK NONE x
      |                  ^

    error[dockerfile/arguments]: HEALTHCHECK CMD needs a command
     --> Dockerfile:7:13
      |
    7 | HEALTHCHECK CMD
      |             ^^^

    error[dockerfile/arguments]: HEALTHCHECK has no `CDM`
     --> Dockerfile:8:13
      |
    8 | HEALTHCHECK CDM x
      |             ^^^
      |
      = help: did you mean `CMD`?
    "#);
    insta::assert_snapshot!(told(
        "FROM a\nONBUILD\nONBUILD ONBUILD RUN x\nONBUILD FROM x\nONBUILD RUNN x\nONBUILD COPY a\n"
    ), @r#"
    error[dockerfile/arguments]: ONBUILD needs an instruction
     --> Dockerfile:2:1
      |
    2 | ONBUILD
      | ^^^^^^^
      |
      = help: as in `ONBUILD COPY . /app`

    error[dockerfile/onbuild]: ONBUILD cannot stand behind ONBUILD
     --> Dockerfile:3:9
      |
    3 | ONBUILD ONBUILD RUN x
      |         ^^^^^^^

    error[dockerfile/onbuild]: FROM cannot stand behind ONBUILD
     --> Dockerfile:4:9
      |
    4 | ONBUILD FROM x
      |         ^^^^

    error[dockerfile/unknown-instruction]: there is no instruction `RUNN`
     --> Dockerfile:5:9
      |
    5 | ONBUILD RUNN x
      |         ^^^^
      |
      = help: did you mean `RUN`?

    error[dockerfile/arguments]: COPY has a source and no destination
     --> Dockerfile:6:14
      |
    6 | ONBUILD COPY a
      |              ^
      |
      = help: as in `COPY a.txt /dir/`
    "#);
}

#[test]
fn values() {
    insta::assert_snapshot!(told(
        "FROM a\nCOPY --chmod=999 a b\nCOPY --chmod=u+q a b\nCOPY --chown=: a b\nCOPY --exclude=[a a b\nCOPY --from=$X a b\nADD --checksum=x a b c\n"
    ), @r#"
    error[dockerfile/mode]: `999` is no octal mode between 0 and 7777
     --> Dockerfile:2:14
      |
    2 | COPY --chmod=999 a b
      |              ^^^
      |
      = help: a mode is octal, such as `755`, or symbolic, such as `u=rwX,go=rX`

    error[dockerfile/mode]: `u+q` is no mode
     --> Dockerfile:3:14
      |
    3 | COPY --chmod=u+q a b
      |              ^^^
      |
      = help: a mode is octal, such as `755`, or symbolic, such as `u=rwX,go=rX`

    error[dockerfile/owner]: `:` names no user or group
     --> Dockerfile:4:14
      |
    4 | COPY --chown=: a b
      |              ^
      |
      = help: an owner is `user`, `user:group` or numbers such as `1000:1000`

    error[dockerfile/ignore-pattern]: `[a` is no pattern: `[` is never closed
     --> Dockerfile:5:16
      |
    5 | COPY --exclude=[a a b
      |                ^^

    error[dockerfile/from-variable]: `--from` takes no variables
     --> Dockerfile:6:13
      |
    6 | COPY --from=$X a b
      |             ^^
      |
      = help: make it a stage: `ARG` before the first `FROM`, then `FROM $NAME AS source`

    error[dockerfile/checksum]: `--checksum` goes with one source only
     --> Dockerfile:7:16
      |
    7 | ADD --checksum=x a b c
      |                ^
    "#);
}

#[test]
fn substitutions() {
    insta::assert_snapshot!(told(
        "FROM ${X\nENV A=${B:=c} \\\n    D=\"open\nWORKDIR ${}\nCOPY \"a b\" /c\nARG X=${Y^^}\nLABEL a=${b/c}\nUSER 'x\n"
    ), @r#"
    error[dockerfile/substitution]: `}` is missing
     --> Dockerfile:1:6
      |
    1 | FROM ${X
      |      ^^^

    error[dockerfile/substitution]: there is no `:=` after a variable's name: `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//` are
     --> Dockerfile:2:7
      |
    2 | ENV A=${B:=c} \
      |       ^^^^^

    error[dockerfile/substitution]: the double quote is never closed
     --> Dockerfile:3:7
      |
    3 |     D="open
      |       ^^^^^

    error[dockerfile/substitution]: a variable's name is missing after `${`
     --> Dockerfile:4:9
      |
    4 | WORKDIR ${}
      |         ^^^

    error[dockerfile/substitution]: the double quote is never closed
     --> Dockerfile:5:6
      |
    5 | COPY "a b" /c
      |      ^^

    error[dockerfile/substitution]: the double quote is never closed
     --> Dockerfile:5:10
      |
    5 | COPY "a b" /c
      |          ^

    error[dockerfile/substitution]: there is no `^` after a variable's name: `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//` are
     --> Dockerfile:6:7
      |
    6 | ARG X=${Y^^}
      |       ^^^^

    error[dockerfile/substitution]: `/` is missing
     --> Dockerfile:7:9
      |
    7 | LABEL a=${b/c}
      |         ^^^^^^

    error[dockerfile/substitution]: the single quote is never closed
     --> Dockerfile:8:6
      |
    8 | USER 'x
      |      ^^
    "#);
    insta::assert_snapshot!(told("FROM a\nCOPY <<EOF /x\none\n${two\nEOF\n"), @r#"
    error[dockerfile/substitution]: there is no `
                                    ` after a variable's name: `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//` are
     --> Dockerfile:4:1
      |
    4 | / ${two
    5 | | EOF
      | |_^
      |
      = help: `<<"EOF"` leaves `$` alone
    "#);
}

#[test]
fn bytes_that_are_no_text() {
    let text = String::from_utf8_lossy(b"# caf\xe9\nFROM a\nENV X=caf\xe9\nRUN a\0b\n").into_owned();
    insta::assert_snapshot!(told(&text), @r#"
    error[dockerfile/encoding]: the instruction holds a byte that is no text
     --> Dockerfile:3:10
      |
    3 | ENV X=caf�
      |          ^
      |
      = help: the file has to be UTF-8

    error[dockerfile/encoding]: the instruction holds a byte that is no text
     --> Dockerfile:4:6
      |
    4 | RUN a␀b
      |      ^
      |
      = help: the file has to be UTF-8
    "#);
}

#[test]
fn too_much_of_it() {
    let text = format!("FROM a\n{}", "NOPE\n".repeat(250));
    let problems = dockerfile::parse(span::FileId(0), &text).expect_err("broken");
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].message, "150 more problems are not shown");
    let text = "FROM a\n".repeat(6000);
    assert_eq!(dockerfile::parse(span::FileId(0), &text).expect_err("broken")[0].code, "dockerfile/too-large");
    let text = format!("FROM a\nRUN {}", "x".repeat(dockerfile::LARGEST_FILE));
    assert_eq!(dockerfile::parse(span::FileId(0), &text).expect_err("broken")[0].code, "dockerfile/too-large");
}
