//! `action.yml`.

use insta::assert_snapshot;
use span::FileId;
use workflow::{Runs, check_action_inputs, parse_action};

use super::support::{good, told_of_action};

#[test]
fn kinds() {
    for (text, kind) in [
        ("runs: {using: node20, main: index.js, post: p.js, post-if: always()}", "node"),
        ("runs: {using: NODE24, main: index.js}", "node"),
        ("runs: {using: docker, image: Dockerfile, args: ['${{ inputs.a }}'], env: {A: b}}\ninputs: {a: {}}", "docker"),
        ("runs: {using: composite, steps: [{run: x, shell: bash}, {uses: ./x, with: {a: b}}]}", "composite"),
    ] {
        assert_eq!(told_of_action(text), "", "{text}");
        let found = match parse_action(FileId(0), text).value.unwrap().runs {
            Runs::Node(_) => "node",
            Runs::Docker(_) => "docker",
            Runs::Composite(_) => "composite",
        };
        assert_eq!(found, kind);
    }
}

#[test]
fn problems() {
    assert_snapshot!(told_of_action("
name: x
colour: red
inputs:
  a: {required: 'true', default: '${{ secrets.X }}'}
outputs:
  o: {value: '${{ steps.x.outputs.y }}'}
branding: {icon: nope, color: red}
runs:
  using: composite
  steps:
    - run: echo ${{ secrets.X }} ${{ inputs.b }}
    - run: x
      shell: bash
      timeout-minutes: 1
    - uses: ./x
      background: true
"), @r#"
    warning[workflow/unknown-key]: an action has no key `colour`
     --> action.yml:3:1
      |
    3 | colour: red
      | ^^^^^^
      |
      = help: expected one of `name`, `description`, `author`, `inputs`, `outputs`, `runs`, `branding`

    warning[workflow/wrong-type]: expected a boolean, found a string
     --> action.yml:5:17
      |
    5 |   a: {required: 'true', default: '${{ secrets.X }}'}
      |                 ^^^^^^ this is a string
      |
      = help: remove the quotes: a quoted `true` is a string

    error[workflow/invalid-expression]: Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.X
     --> action.yml:5:39
      |
    5 |   a: {required: 'true', default: '${{ secrets.X }}'}
      |                                       ^^^^^^^ not known here
      |
      = help: known here: github, strategy, matrix, job, runner

    warning[workflow/unknown-step]: there is no step with the id `x`
     --> action.yml:7:19
      |
    7 |   o: {value: '${{ steps.x.outputs.y }}'}
      |                   ^^^^^^^^^^^^^^^^^ this is always empty

    warning[workflow/unknown-value]: `nope` is not known here
     --> action.yml:8:18
      |
    8 | branding: {icon: nope, color: red}
      |                  ^^^^
      |
      = help: expected one of `activity`, `airplay`, `alert-circle`, `alert-octagon`, `alert-triangle`, `align-center`, `align-justify`, `align-left`, `align-right`, `anchor`, `aperture`, `archive`, `arrow-down-circle`, `arrow-down-left`, `arrow-down-right`, `arrow-down`, `arrow-left-circle`, `arrow-left`, `arrow-right-circle`, `arrow-right`, `arrow-up-circle`, `arrow-up-left`, `arrow-up-right`, `arrow-up`, …

    error[workflow/missing-key]: a `run` step of a composite action needs the key `shell`
      --> action.yml:12:7
       |
    12 |     - run: echo ${{ secrets.X }} ${{ inputs.b }}
       |       ^^^

    error[workflow/invalid-expression]: Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.X
      --> action.yml:12:21
       |
    12 |     - run: echo ${{ secrets.X }} ${{ inputs.b }}
       |                     ^^^^^^^ not known here
       |
       = help: known here: github, inputs, strategy, matrix, steps, job, runner, env

    warning[workflow/unknown-input]: there is no input `b`
      --> action.yml:12:38
       |
    12 |     - run: echo ${{ secrets.X }} ${{ inputs.b }}
       |                                      ^^^^^^^^ this is always empty
       |
       = help: known here: a

    error[workflow/unknown-key]: a `run` step of a composite action has no key `timeout-minutes`
      --> action.yml:15:7
       |
    15 |       timeout-minutes: 1
       |       ^^^^^^^^^^^^^^^
       |
       = help: expected one of `name`, `id`, `if`, `run`, `shell`, `env`, `continue-on-error`, `working-directory`

    error[workflow/unknown-key]: a `uses` step of a composite action has no key `background`
      --> action.yml:17:7
       |
    17 |       background: true
       |       ^^^^^^^^^^
       |
       = help: expected one of `name`, `id`, `if`, `uses`, `with`, `env`, `continue-on-error`
    "#);
    assert_snapshot!(told_of_action("name: x\nruns: {using: node22, main: x}\n"), @r#"
    error[workflow/unknown-value]: `node22` is not one of `node12`, `node16`, `node20`, `node24`, `composite`, `docker`
     --> action.yml:2:15
      |
    2 | runs: {using: node22, main: x}
      |               ^^^^^^
      |
      = help: did you mean `node12`?
    "#);
    assert_snapshot!(told_of_action("name: x\nruns: {using: node20}\n"), @r#"
    error[workflow/missing-key]: a JavaScript action's `runs` needs the key `main`
     --> action.yml:2:1
      |
    2 | runs: {using: node20}
      | ^^^^
    "#);
    assert_snapshot!(told_of_action("name: x\nruns: {steps: []}\n"), @r#"
    error[workflow/missing-key]: the key `using` is missing, which says what kind this is
     --> action.yml:2:1
      |
    2 | runs: {steps: []}
      | ^^^^
      |
      = help: `using` is one of `node12`, `node16`, `node20`, `node24`, `composite`, `docker`
    "#);
    assert_snapshot!(told_of_action("name: x\n"), @r#"
    error[workflow/missing-key]: an action needs the key `runs`
     --> action.yml:1:1
      |
    1 | name: x
      | ^^^^
    "#);
}

#[test]
fn inputs_of_a_step() {
    let action = parse_action(
        FileId(1),
        "inputs:\n  token: {required: true}\n  Path: {}\n  old: {deprecationMessage: use new}\n  d: {required: true, default: x}\nruns: {using: node20, main: x}\n",
    )
    .value
    .unwrap();
    let text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: o/r@v1\n        with: {path: a, tokn: b, old: c}\n      - uses: o/r@v1\n        with: ${{ fromJSON('{}') }}\n";
    let workflow = good(text);
    let workflow::JobKind::Steps(job) = &workflow.jobs[0].kind else { panic!() };
    let mut told = Vec::new();
    for step in &job.steps {
        let workflow::StepKind::Uses { uses, with } = &step.kind else { panic!() };
        told.extend(check_action_inputs(uses, with.as_ref(), &action));
    }
    let mut sources = span::SourceMap::new();
    sources.add("ci.yml", text);
    assert_snapshot!(span::render_terminal(&told, &sources, span::Color::Off), @r#"
    warning[action/unknown-input]: `o/r@v1` has no input `tokn`
     --> ci.yml:7:25
      |
    7 |         with: {path: a, tokn: b, old: c}
      |                         ^^^^
      |
      = help: did you mean `token`?

    warning[action/deprecated-input]: the input `old` of `o/r@v1` is deprecated
     --> ci.yml:7:34
      |
    7 |         with: {path: a, tokn: b, old: c}
      |                                  ^^^
      |
      = help: use new

    warning[action/missing-input]: `o/r@v1` needs the input `token`
     --> ci.yml:6:15
      |
    6 |       - uses: o/r@v1
      |               ^^^^^^
    "#);
}
