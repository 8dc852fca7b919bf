//! Stages: what they are made from, and which a target needs.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::{Base, From, Plan, PlanInput, parse_trigger};
use span::FileId;

use super::{good, shown};

fn input() -> PlanInput {
    PlanInput {
        build_platform: "linux/amd64".to_owned(),
        target_platform: "linux/arm64/v8".to_owned(),
        ..PlanInput::default()
    }
}

fn target(name: &str) -> PlanInput {
    PlanInput { target: Some(name.to_owned()), ..input() }
}

fn args(pairs: &[(&str, &str)]) -> PlanInput {
    let build_args = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    PlanInput { build_args, ..input() }
}

fn plan(text: &str, input: &PlanInput) -> Plan {
    Plan::new(&good(text), input).unwrap_or_else(|problems| panic!("{}", shown(text, &problems)))
}

fn told(text: &str, input: &PlanInput) -> String {
    match Plan::new(&good(text), input) {
        Ok(_) => "no problem".to_owned(),
        Err(problems) => shown(text, &problems),
    }
}

const MANY: &str = "\
FROM alpine AS base
FROM base AS build
COPY --from=tools /bin/x /x
FROM debian AS tools
RUN true
FROM base AS test
RUN --mount=type=bind,from=build,target=/b true
FROM scratch
COPY --from=1 /x /x
COPY --from=nginx:1 /y /y
";

#[test]
fn only_what_is_needed_is_built() {
    let good = MANY.replace(
        "FROM base AS build\nCOPY --from=tools /bin/x /x\nFROM debian AS tools\nRUN true\n",
        "FROM debian AS tools\nFROM base AS build\nCOPY --from=tools /bin/x /x\n",
    );
    for (wanted, order) in [
        (None, vec![1, 4]),
        (Some("test"), vec![0, 1, 2, 3]),
        (Some("TOOLS"), vec![1]),
        (Some("base"), vec![0]),
        (Some("2"), vec![0, 1, 2]),
    ] {
        let input = PlanInput { target: wanted.map(str::to_owned), ..input() };
        assert_eq!(plan(&good, &input).order, order, "{wanted:?}");
    }
    let last = &plan(&good, &input()).stages[4];
    assert_eq!(last.base, Base::Scratch);
    assert_eq!(last.outside, BTreeSet::from(["nginx:1".to_owned()]));
}

#[test]
fn stages_read_backwards_only() {
    insta::assert_snapshot!(told(MANY, &target("build")), @r#"
    error[dockerfile/later-stage]: the stage `tools` comes after this one
     --> Dockerfile:3:13
      |
    3 | COPY --from=tools /bin/x /x
      |             ^^^^^
    4 | FROM debian AS tools
      | -------------------- it begins here
      |
      = help: a stage reads from stages above it only
    "#);
    insta::assert_snapshot!(told("FROM a\nCOPY --from=0 /x /x\nCOPY --from=7 /x /x\n", &input()), @r#"
    error[dockerfile/later-stage]: a stage cannot read from itself
     --> Dockerfile:2:13
      |
    1 | FROM a
      | ------ the stage begins here
    2 | COPY --from=0 /x /x
      |             ^

    error[dockerfile/unknown-stage]: there is no stage 7
     --> Dockerfile:3:13
      |
    3 | COPY --from=7 /x /x
      |             ^
      |
      = help: stages are counted from 0; this is stage 0
    "#);
    insta::assert_snapshot!(told(MANY, &target("tolls")), @r#"
    error[dockerfile/unknown-stage]: there is no stage `tolls` to build
     |
     = help: did you mean `tools`?
    "#);
    insta::assert_snapshot!(told("FROM a\n", &target("x")), @r#"
    error[dockerfile/unknown-stage]: there is no stage `x` to build
     |
     = help: no stage has a name: `FROM image AS name` gives one
    "#);
    // What nobody needs may be wrong.
    assert_eq!(plan(MANY, &target("tools")).order, [2]);
}

#[test]
fn arguments_before_the_first_stage() {
    let text = "ARG BASE=debian TAG=12\nARG REF=${BASE}:${TAG:-x} EMPTY\nFROM $REF\nFROM --platform=$BUILDPLATFORM ${EMPTY:-$BASE} AS two\n";
    let base = |input: &PlanInput, index: usize| match &plan(text, input).stages[index].base {
        Base::Image(name) => name.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(base(&input(), 0), "debian:12");
    assert_eq!(base(&args(&[("TAG", "13")]), 0), "debian:13");
    assert_eq!(base(&args(&[("REF", "x")]), 0), "x");
    assert_eq!(base(&args(&[("EMPTY", "y")]), 1), "y");
    let found = plan(text, &input());
    assert_eq!(found.stages[1].platform.as_deref(), Some("linux/amd64"));
    let globals = |name: &str| found.globals.get(name).map(String::as_str);
    assert_eq!(globals("TARGETPLATFORM"), Some("linux/arm64/v8"));
    assert_eq!(globals("TARGETOS"), Some("linux"));
    assert_eq!(globals("TARGETARCH"), Some("arm64"));
    assert_eq!(globals("TARGETVARIANT"), Some("v8"));
    assert_eq!(globals("BUILDVARIANT"), Some(""));
    assert_eq!(globals("TARGETSTAGE"), Some("two"));
    assert_eq!(globals("EMPTY"), None);
    assert_eq!(
        plan(text, &args(&[("TAGG", "1"), ("HTTP_PROXY", "x"), ("BUILDKIT_INLINE_CACHE", "1")])).unused_args,
        ["TAGG"]
    );
}

#[test]
fn what_from_gives_has_to_be_something() {
    insta::assert_snapshot!(told("ARG TAG\nARG VERSION=1\nFROM $TGA\n", &input()), @r#"
    error[dockerfile/base-name]: `$TGA` gives no name of an image
     --> Dockerfile:3:6
      |
    3 | FROM $TGA
      |      ^^^^
      |
      = help: `TGA` is not declared: did you mean `TAG`?
    "#);
    insta::assert_snapshot!(told("ARG TAG\nFROM $TAG\n", &input()), @r#"
    error[dockerfile/base-name]: `$TAG` gives no name of an image
     --> Dockerfile:2:6
      |
    2 | FROM $TAG
      |      ^^^^
      |
      = help: give `TAG` a default, or a value with `--build-arg TAG=…`
    "#);
    insta::assert_snapshot!(told("FROM --platform=$TARGETPLATFROM a\nFROM --platform=a/b/c/d a\nCOPY --from=0 a a\n", &input()), @r#"
    error[dockerfile/platform]: `$TARGETPLATFROM` gives nothing
     --> Dockerfile:1:17
      |
    1 | FROM --platform=$TARGETPLATFROM a
      |                 ^^^^^^^^^^^^^^^
      |
      = help: a platform is `os/architecture` or `os/architecture/variant`, such as `linux/arm64`
      = help: `TARGETPLATFROM` is not declared: did you mean `TARGETPLATFORM`?

    error[dockerfile/platform]: `a/b/c/d` is no platform
     --> Dockerfile:2:17
      |
    2 | FROM --platform=a/b/c/d a
      |                 ^^^^^^^
      |
      = help: a platform is `os/architecture` or `os/architecture/variant`, such as `linux/arm64`
    "#);
    insta::assert_snapshot!(told("ARG V=\"${W:?give one}\"\nFROM a\n", &input()), @r#"
    error[dockerfile/substitution]: `W`: give one
     --> Dockerfile:1:8
      |
    1 | ARG V="${W:?give one}"
      |        ^^^^^^^^^^^^^^
    "#);
}

#[test]
fn contexts_stand_in_front() {
    let contexts: BTreeSet<String> = ["alpine", "data", "build"].map(str::to_owned).into();
    let input = PlanInput { contexts: contexts.clone(), ..input() };
    let text = "FROM docker.io/library/alpine:latest AS a\nFROM debian AS build\nRUN x\nFROM a\nCOPY --from=data /d /d\nCOPY --from=build /e /e\n";
    let found = plan(text, &input);
    assert_eq!(found.stages[0].base, Base::Context("alpine".to_owned()));
    assert_eq!(found.stages[1].base, Base::Context("build".to_owned()));
    assert!(found.stages[1].replaced && !found.stages[0].replaced);
    assert_eq!(found.stages[2].base, Base::Stage(0));
    assert_eq!(found.stages[2].outside, BTreeSet::from(["data".to_owned()]));
    let file = good(text);
    let source = |from: &str| found.source(&file, &contexts, from, true);
    assert_eq!(source("A"), From::Stage(0));
    assert_eq!(source("0"), From::Stage(0));
    assert_eq!(source("data"), From::Context("data".to_owned()));
    assert_eq!(source("scratch"), From::Scratch);
    assert_eq!(source("busybox"), From::Image("busybox".to_owned()));
}

#[test]
fn names_are_the_nearest_above_for_from_and_the_last_for_copy() {
    let text = "FROM x AS a\nFROM a AS a\nFROM a AS b\n";
    let found = plan(text, &input());
    assert_eq!(found.stages[1].base, Base::Stage(0));
    assert_eq!(found.stages[2].base, Base::Stage(1));
    // A stage may have the name of the image it is made from.
    assert_eq!(plan("FROM golang AS golang\n", &input()).stages[0].base, Base::Image("golang".to_owned()));
}

#[test]
fn triggers_need_stages_too() {
    let text = "FROM x AS tools\nFROM y AS parent\nONBUILD COPY --from=tools /a /a\nFROM parent\n";
    assert_eq!(plan(text, &input()).order, [0, 1, 2]);
    let text = "FROM x AS tools\nFROM y\n";
    assert_eq!(plan(text, &input()).order, [1]);
    let trigger = parse_trigger(FileId(1), "COPY --from=tools /a /a").expect("a trigger");
    let triggers = BTreeMap::from([(1, vec![trigger])]);
    let found = Plan::with_triggers(&good(text), &input(), &triggers).expect("a plan");
    assert_eq!(found.order, [0, 1]);
}
