//! `# syntax=`, `# escape=`, `# check=`.

use super::{good, told};

#[test]
fn directives_stand_at_the_top() {
    let rows = [
        ("# syntax=docker/dockerfile:1\nFROM a\n", Some("docker/dockerfile:1"), '\\'),
        ("#syntax = docker/dockerfile:1 --arg \nFROM a\n", Some("docker/dockerfile:1"), '\\'),
        ("# Syntax=x\n# ESCAPE=`\nFROM a\n", Some("x"), '`'),
        ("\u{feff}# syntax=x\nFROM a\n", Some("x"), '\\'),
        ("#!/usr/bin/env build\n# syntax=x\nFROM a\n", Some("x"), '\\'),
        ("# a comment\n# syntax=x\nFROM a\n", None, '\\'),
        ("# unknown=y\n# escape=`\nFROM a\n", None, '\\'),
        ("\n# escape=`\nFROM a\n", None, '\\'),
        ("FROM a\n# escape=`\n", None, '\\'),
        ("# syntax=\nFROM a\n", None, '\\'),
    ];
    for (text, syntax, escape) in rows {
        let file = good(text);
        assert_eq!((file.syntax.as_ref().map(dockerfile::Word::as_str), file.escape), (syntax, escape), "{text:?}");
    }
}

#[test]
fn the_escape_character_joins_lines_and_is_no_other() {
    let file = good("# escape=`\nFROM a\nRUN dir C:\\ `\n  && dir\nCOPY x C:\\\\dir\\\n");
    let sources: Vec<&str> = file.stages[0].instructions.iter().map(|one| one.source.as_str()).collect();
    assert_eq!(sources, ["RUN dir C:\\   && dir", "COPY x C:\\\\dir\\"]);
}

#[test]
fn what_a_check_directive_says() {
    let check = |text: &str| good(&format!("# check={text}\nFROM a\n")).check;
    let skipped = check("skip=JSONArgsRecommended, StageNameCasing;error=true");
    // Behind a blank nothing is read.
    assert_eq!((skipped.skip.len(), skipped.error), (2, false));
    let skipped = check("skip=JSONArgsRecommended,StageNameCasing;error=true");
    assert_eq!((skipped.skip.join(" ").as_str(), skipped.error), ("JSONArgsRecommended StageNameCasing", true));
    assert!(check("skip=all").skip_all);
    assert!(check("experimental=all").experimental_all);
    assert_eq!(check("experimental=InvalidDefinitionDescription").experimental.len(), 1);
}

#[test]
fn broken_directives() {
    insta::assert_snapshot!(told("# escape=x\n# check=skip\n# syntax=a\n# syntax=b\nFROM a\n"), @r#"
    error[dockerfile/directive]: `x` cannot be the escape character
     --> Dockerfile:1:10
      |
    1 | # escape=x
      |          ^
      |
      = help: it is `\` or a backtick

    error[dockerfile/directive]: `skip` is no option of a check
     --> Dockerfile:2:9
      |
    2 | # check=skip
      |         ^^^^
      |
      = help: as in `# check=skip=JSONArgsRecommended,StageNameCasing;error=true`

    error[dockerfile/directive]: `# syntax` is given twice
     --> Dockerfile:4:10
      |
    3 | # syntax=a
      |          - first given here
    4 | # syntax=b
      |          ^
    "#);
    insta::assert_snapshot!(told("# check=error=maybe\nFROM a\n"), @r#"
    error[dockerfile/directive]: `error` is `true` or `false`, not `maybe`
     --> Dockerfile:1:9
      |
    1 | # check=error=maybe
      |         ^^^^^^^^^^^
      |
      = help: as in `# check=skip=JSONArgsRecommended,StageNameCasing;error=true`
    "#);
    insta::assert_snapshot!(told("# check=wrong=1\nFROM a\n"), @r#"
    error[dockerfile/directive]: `wrong` is no option of a check
     --> Dockerfile:1:9
      |
    1 | # check=wrong=1
      |         ^^^^^^^
      |
      = help: as in `# check=skip=JSONArgsRecommended,StageNameCasing;error=true`
    "#);
}
