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
