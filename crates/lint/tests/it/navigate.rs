//! Ids under the cursor, and types.

use lint::types::type_at;
use lint::{definitions_at, symbol_at, symbols};

use crate::sample::Sample;

const CI: &str = "on:
  workflow_dispatch:
    inputs:
      level: {type: string}
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      path: ${{ steps.make.outputs['path'] }}
    steps:
      - id: make
        run: make ${{ inputs.level }} ${{ github.event.inputs.level }}
  test:
    needs: [build]
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest]
        include:
          - os: macos-latest
    steps:
      - run: test ${{ needs.build.outputs.path }}
      - uses: ./greet
        with:
          who: you
";
const ACTION: &str = "name: Greet
description: Greets.
inputs:
  who: {description: x}
runs:
  using: composite
  steps:
    - run: echo ${{ inputs.who }}
      shell: bash
";

fn sample() -> Sample {
    Sample::new(&[(".github/workflows/ci.yml", CI), ("greet/action.yml", ACTION)], lint::Facts::default())
}

#[test]
fn ids_know_their_places() {
    let sample = sample();
    let document = &sample.project.documents()[0];
    let shown: Vec<String> = symbols(&sample.project, document)
        .into_iter()
        .map(|symbol| {
            let places = |spans: &[span::Span]| {
                let lines: Vec<String> = spans
                    .iter()
                    .map(|span| {
                        assert_eq!(document.text_of(*span), &*symbol.name);
                        sample.sources.position(*span).line.to_string()
                    })
                    .collect();
                lines.join(",")
            };
            format!("{:?} {}: {} used {}", symbol.kind, symbol.name, places(&symbol.definitions), places(&symbol.uses))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "Input level: 4 used 12,12",
            "Job build: 6 used 14,22",
            "Step make: 11 used 9",
            "JobOutput path: 9 used 22",
            "Job test: 13 used ",
            "MatrixKey os: 18,20 used 15",
        ]
    );
}

#[test]
fn definitions_lie_in_other_files_too() {
    let sample = sample();
    let document = &sample.project.documents()[0];
    let at = |text: &str| CI.find(text).unwrap();
    let target = |offset: usize| {
        let spans = definitions_at(&sample.project, document, offset);
        let shown = spans.iter().map(|span| {
            let position = sample.sources.position(*span);
            format!("{}:{}:{}", sample.sources.file(span.file).name, position.line, position.column)
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(target(at("./greet")), "greet/action.yml:1:1");
    assert_eq!(target(at("who: you")), "greet/action.yml:4:3");
    assert_eq!(target(at("build]")), ".github/workflows/ci.yml:6:3");
    assert_eq!(target(at("runs-on")), "");
    assert!(symbol_at(&sample.project, document, at("os: macos")).is_some());
}

#[test]
fn types_stand_under_the_cursor() {
    let sample = sample();
    let document = &sample.project.documents()[0];
    for (text, expected) in [
        ("matrix.os", Some("matrix: {os: string, …: any}")),
        ("os }}", Some("matrix.os: string")),
        ("outputs.path }}", Some("needs.build.outputs: {…: string}")),
        ("needs:", None),
    ] {
        let offset = CI.find(text).unwrap() + 1;
        let found = type_at(&sample.project, document, offset).map(|found| format!("{}: {}", found.text, found.ty));
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}

#[test]
fn inputs_and_outputs_are_used_in_other_files() {
    let called = "on:
  workflow_call:
    inputs:
      who: {type: string}
    outputs:
      version: {value: '${{ jobs.a.outputs.v }}'}
jobs:
  a:
    runs-on: ubuntu-latest
    outputs: {v: x}
    steps:
      - run: echo ${{ inputs.who }}
";
    let caller = "on: push
jobs:
  call:
    uses: ./.github/workflows/called.yml
    with: {who: me}
  after:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - id: greet
        uses: ./greet
        with: {who: you}
      - run: echo ${{ needs.call.outputs.version }} ${{ steps.greet.outputs.text }}
";
    let action = ACTION.replace("runs:", "outputs:\n  text: {description: x, value: x}\nruns:");
    let files =
        [("called.yml", called), ("ci.yml", caller)].map(|(name, text)| (format!(".github/workflows/{name}"), text));
    let files = [(files[0].0.as_str(), files[0].1), (files[1].0.as_str(), files[1].1), ("greet/action.yml", &action)];
    let sample = Sample::new(&files, lint::Facts::default());
    let places = |file: usize, text: &str| {
        let symbol = symbol_at(&sample.project, &sample.project.documents()[file], files[file].1.find(text).unwrap())?;
        let places = symbol.definitions.iter().chain(&symbol.uses).map(|span| {
            let position = sample.sources.position(*span);
            format!("{}:{}", sample.sources.file(span.file).name.rsplit('/').next().unwrap(), position.line)
        });
        Some(format!("{:?} {}", symbol.kind, places.collect::<Vec<_>>().join(" ")))
    };
    let who = Some("Input called.yml:4 called.yml:12 ci.yml:5".to_owned());
    let version = Some("Output called.yml:6 ci.yml:13".to_owned());
    let of_action = Some("Input action.yml:4 action.yml:10 ci.yml:12".to_owned());
    let text = Some("Output action.yml:6 ci.yml:13".to_owned());
    for (file, at, expected) in [
        (0, "who:", &who),
        (0, "who }}", &who),
        (1, "who: me", &who),
        (0, "version:", &version),
        (1, "version }}", &version),
        (1, "who: you", &of_action),
        (2, "who:", &of_action),
        (2, "text:", &text),
        (1, "text }}", &text),
        (1, "uses: ./greet", &None),
    ] {
        assert_eq!(places(file, at), *expected, "{file} {at}");
    }
}
