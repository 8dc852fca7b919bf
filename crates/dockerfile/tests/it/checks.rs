//! The checks, one by one.

use std::collections::BTreeMap;

use dockerfile::{BaseFacts, CheckInput, Ignore, Plan, PlanInput, check};
use span::{Diagnostic, FileId};

use super::{good, shown};

fn found(text: &str) -> Vec<Diagnostic> {
    found_with(text, &CheckInput { all_stages: true, ..CheckInput::default() })
}

fn found_with(text: &str, input: &CheckInput<'_>) -> Vec<Diagnostic> {
    let file = good(text);
    let plan_input = PlanInput {
        build_platform: "linux/amd64".to_owned(),
        target_platform: "linux/amd64".to_owned(),
        ..PlanInput::default()
    };
    let plan = Plan::new(&file, &plan_input).unwrap_or_else(|problems| panic!("{}", shown(text, &problems)));
    check(&file, &plan, input)
}

/// Each rule with a file in which it finds the given texts and one in which it finds nothing.
const CASES: &[(&str, &str, &[&str], &str)] = &[
    ("stage-name-casing", "FROM a AS Build\n", &["Build"], "FROM a AS build\n"),
    ("from-as-casing", "FROM a as build\nfrom a AS b\n", &["as", "AS"], "from a as b\nFROM a AS c\nFrom a as d\n"),
    ("no-empty-continuation", "FROM a\nRUN a \\\n\n b\n", &[""], "FROM a\nRUN a \\\n # told\n b\n"),
    ("consistent-instruction-casing", "FROM a\nrun x\nENV a=b\n", &["run"], "from a\nrun x\n"),
    ("consistent-instruction-casing", "FROM a\nRun x\n", &["Run"], "FROM a\nRUN x\n"),
    ("duplicate-stage-name", "FROM a AS b\nFROM a AS b\n", &["b"], "FROM a AS b\nFROM a AS c\n"),
    ("reserved-stage-name", "FROM a AS scratch\nFROM a AS context\n", &["scratch", "context"], "FROM a AS b\n"),
    (
        "json-args-recommended",
        "FROM scratch\nCMD a b\nENTRYPOINT c\n",
        &["CMD a b", "ENTRYPOINT c"],
        "FROM scratch\nCMD [\"a\"]\nRUN x\n",
    ),
    ("json-args-recommended", "FROM scratch\nCMD a\n", &["CMD a"], "FROM scratch\nSHELL [\"x\"]\nCMD a\n"),
    ("maintainer-deprecated", "FROM a\nMAINTAINER me\n", &["MAINTAINER"], "FROM a\nLABEL a=b\n"),
    (
        "undefined-arg-in-from",
        "ARG TAG=1\nFROM a:${TGA:-1}\n",
        &["a:${TGA:-1}"],
        "ARG TAG\nFROM a:${TAG:-1}\nFROM --platform=$BUILDPLATFORM a\n",
    ),
    ("workdir-relative-path", "FROM a\nWORKDIR app\nWORKDIR b\n", &["app"], "FROM a\nWORKDIR /app\nWORKDIR b\n"),
    (
        "undefined-var",
        "FROM scratch\nARG FOO=1\nCOPY $FO ./\nENV B=${C:-1}\n",
        &["$FO", "${C:-1}"],
        "FROM scratch\nARG X\nENV A=$X$PATH\nRUN echo $Y\n",
    ),
    ("undefined-var", "FROM scratch\nRUN --mount=type=cache,target=/$x y\n", &["/$x"], "FROM image\nENV A=$X\n"),
    (
        "multiple-instructions-disallowed",
        "FROM a\nCMD [\"a\"]\nCMD [\"b\"]\nHEALTHCHECK NONE\nHEALTHCHECK CMD x\n",
        &["CMD [\"a\"]", "HEALTHCHECK NONE"],
        "FROM a AS b\nCMD [\"a\"]\nFROM b\nCMD [\"b\"]\n",
    ),
    ("legacy-key-value-format", "FROM a\nENV a b\nLABEL c d e\n", &["a b", "c d e"], "FROM a\nENV a=b\n"),
    (
        "redundant-target-platform",
        "FROM --platform=$TARGETPLATFORM a\n",
        &["$TARGETPLATFORM"],
        "FROM --platform=$BUILDPLATFORM a\n",
    ),
    (
        "secrets-used-in-arg-or-env",
        "FROM a\nARG GITHUB_TOKEN\nENV db_password=x\n",
        &["GITHUB_TOKEN", "db_password"],
        "FROM a\nARG TOKEN_FILE\nENV KEYBOARD=x\n",
    ),
    (
        "invalid-default-arg-in-from",
        "ARG TAG\nFROM busybox:${TAG}\n",
        &["busybox:${TAG}"],
        "ARG TAG=1\nFROM busybox:${TAG}\nFROM h:5000/a/b@sha256:x\n",
    ),
    (
        "from-platform-flag-const-disallowed",
        "FROM --platform=linux/amd64 a\n",
        &["linux/amd64"],
        "FROM --platform=linux/arm64 a AS build-arm64\nFROM --platform=$BUILDPLATFORM a\n",
    ),
    ("expose-proto-casing", "FROM a\nEXPOSE 80/TCP 81/tcp\n", &["80/TCP"], "FROM a\nEXPOSE 80/udp\n"),
    ("expose-invalid-format", "FROM a\nEXPOSE 8080:80\n", &["8080:80"], "FROM a\nEXPOSE 80-81\n"),
    (
        "invalid-definition-description",
        "# check=experimental=all\n# what it is\nFROM a AS b\n",
        &["FROM a AS b"],
        "# check=experimental=all\n# b is it\nFROM a AS b\n# far\n\nARG X\n",
    ),
    (
        "invalid-definition-description",
        "# check=experimental=InvalidDefinitionDescription\nFROM a\n# old\nARG X\n",
        &["ARG X"],
        "# what it is\nFROM a AS b\n",
    ),
];

#[test]
fn every_rule() {
    for (rule, bad, places, good) in CASES {
        let code = format!("check/{rule}");
        let texts = |text: &'static str| -> Vec<&str> {
            let of_rule = found(text).into_iter().filter(|found| found.code == code);
            of_rule.filter_map(|found| found.primary).map(|span| &text[span.range()]).collect()
        };
        assert_eq!(texts(bad), *places, "{rule}: {bad}");
        assert!(texts(good).is_empty(), "{rule}: {good}");
    }
    for rule in dockerfile::check::RULES {
        // These two need more than the file: they have their own tests.
        let elsewhere = ["check/copy-ignored-file", "check/invalid-base-image-platform"].contains(&rule.code);
        let here = CASES.iter().any(|case| rule.code == format!("check/{}", case.0));
        assert!(elsewhere || here, "{} has no test", rule.name);
    }
}

#[test]
fn what_is_left_out_cannot_be_copied() {
    let text = "FROM scratch\nCOPY a.log src/x /dir/\nADD ./b.log https://h/c.log /dir/\nCOPY --from=other d.log /\n";
    let codes = |patterns: &str| {
        let ignore = Ignore::parse(FileId(0), patterns).expect("patterns");
        let input = CheckInput { ignore: Some(&ignore), ..CheckInput::default() };
        found_with(text, &input)
            .into_iter()
            .filter_map(|found| found.primary)
            .map(|span| text[span.range()].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes("*.log\nsrc"), ["a.log", "src/x", "./b.log"]);
    assert!(codes("*.log\n!a.log").is_empty());
}

#[test]
fn what_base_images_bring() {
    let facts = BaseFacts {
        environment: vec![("LANG".to_owned(), "C".to_owned())],
        shell: true,
        platforms: Some(("linux/arm64".to_owned(), "linux/amd64".to_owned())),
    };
    let input = CheckInput { bases: BTreeMap::from([(0, facts)]), ..CheckInput::default() };
    let text = "FROM image\nENV A=$LANG B=$LAGN\nCMD x\n";
    let found: Vec<String> = found_with(text, &input).into_iter().map(|found| found.message).collect();
    assert_eq!(
        found,
        ["the base image is for `linux/arm64`, not for `linux/amd64`", "the variable `$LAGN` is not set here"]
    );
}

#[test]
fn checks_are_turned_off_and_made_errors() {
    let text = "FROM scratch\nCMD a\nMAINTAINER b\n";
    assert_eq!(found(text).len(), 2);
    assert_eq!(found(&format!("# check=skip=JSONArgsRecommended\n{text}")).len(), 1);
    assert_eq!(found(&format!("# check=skip=all\n{text}")).len(), 0);
    assert!(found(&format!("# check=error=true\n{text}")).iter().all(Diagnostic::is_error));
    let above = "FROM scratch\n# check=skip=JSONArgsRecommended\nCMD a\nMAINTAINER b\n";
    assert_eq!(found(above).len(), 1);
}

#[test]
fn stages_that_nobody_needs_are_not_looked_at() {
    let text = "FROM scratch\nCMD a\nFROM scratch\nCMD b\n";
    assert_eq!(found(text).len(), 2);
    assert_eq!(found_with(text, &CheckInput::default()).len(), 1);
}

#[test]
fn how_a_finding_looks() {
    let text = "FROM scratch\nARG VERSION=1\nLABEL v=$VERSOIN\n";
    insta::assert_snapshot!(shown(text, &found(text)), @r#"
    warning[check/undefined-var]: the variable `$VERSOIN` is not set here
     --> Dockerfile:3:9
      |
    3 | LABEL v=$VERSOIN
      |         ^^^^^^^^
      |
      = help: did you mean `$VERSION`?
      = help: `# check=skip=UndefinedVar` turns this check off
    "#);
}
