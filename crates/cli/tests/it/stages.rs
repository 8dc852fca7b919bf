//! Pre, main and post of JavaScript actions: their order, what they tell each other, what they see.

use api::{Conclusion, Stage};
use testkit::{Observed, TestRepository, skip};

use crate::mirror::{self, Mirror};
use crate::places;

/// Every stage says what it is, what it sees, and leaves a state.
const SCRIPT: &str = r"
const fs = require('fs')
const path = require('path')
const stage = path.basename(process.argv[1], '.js')
const { INPUT_NAME: name, INPUT_STATUS: status, INPUT_FAIL: fail, STEP_ENV: env } = process.env
const known = Object.entries(process.env).filter(([key]) => key.startsWith('STATE_'))
const state = known.map(([key, value]) => `${key.slice(6)}=${value}`).sort().join(' ')
console.log(`> ${stage} ${name}: job ${status}, state [${state}], env ${env}`)
fs.appendFileSync(process.env.GITHUB_STATE, `${stage}=${name}\n`)
fs.appendFileSync(process.env.GITHUB_ENV, `SEEN_${stage}=${name}\n`)
if (fail === stage) process.exit(1)
";

const INPUTS: &str = "
inputs:
  name:
    required: true
  status:
    default: ${{ job.status }}
  fail:
    default: ''
";

/// With all three stages, and one without `pre`.
fn actions() -> Vec<(&'static str, String)> {
    let runs = "runs:\n  using: node20\n  main: main.js\n  post: post.js\n";
    let mut files = vec![
        ("stages/action.yml", format!("name: stages{INPUTS}{runs}  pre: pre.js\n")),
        ("plain/action.yml", format!("name: plain{INPUTS}{runs}")),
        (
            "picky/action.yml",
            format!("name: picky{INPUTS}{runs}  pre: pre.js\n  pre-if: runner.os == 'none'\n  post-if: success()\n"),
        ),
    ];
    for file in ["stages/pre.js", "stages/main.js", "stages/post.js", "plain/main.js", "plain/post.js"] {
        files.push((file, SCRIPT.to_owned()));
    }
    for file in ["picky/pre.js", "picky/main.js", "picky/post.js"] {
        files.push((file, SCRIPT.to_owned()));
    }
    files
}

const WORKFLOW: &str = "
on: push
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - run: echo \"> first step ${{ env.SEEN_pre }}\"
      - id: a
        uses: octo/acts/stages@v1
        with: {name: a}
        env: {STEP_ENV: of a}
      - id: skipped
        if: false
        uses: octo/acts/stages@v1
        with: {name: skipped}
      - id: plain
        uses: octo/acts/plain@v1
        with: {name: plain}
      - id: plain-skipped
        if: false
        uses: octo/acts/plain@v1
        with: {name: plain skipped}
      - id: picky
        uses: octo/acts/picky@v1
        with: {name: picky}
      - id: fails
        uses: octo/acts/stages@v1
        with: {name: fails, fail: main}
      - id: last
        if: failure()
        uses: octo/acts/stages@v1
        with: {name: last}
";

fn marked(observed: &Observed) -> Vec<&str> {
    observed.log.iter().filter_map(|line| line.strip_prefix("> ")).collect()
}

fn run(repository: &TestRepository, arguments: &[&str], code: i32) -> Observed {
    let arguments: Vec<String> =
        ["run", "push", "--offline", "--json"].iter().chain(arguments).map(|word| (*word).to_owned()).collect();
    let finished = places::binary().run(repository, &arguments, &[], None).expect("it runs");
    let observed = Observed::read(&finished.stdout);
    assert_eq!(finished.code, Some(code), "{}\n{}", finished.stderr, observed.log.join("\n"));
    observed
}

fn remote_stages(name: &str, mirror: impl FnOnce(&[(&str, String)]) -> Mirror) {
    if !places::on_path("node") {
        return skip(name, "node is not on PATH");
    }
    let mirror = mirror(&actions());
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW)]).expect("a repository");
    let observed = run(&repository, &["--action-source", &mirror.source()], 1);
    let expected = [
        "pre a: job success, state [], env of a",
        "pre skipped: job success, state [], env undefined",
        "pre fails: job success, state [], env undefined",
        "pre last: job success, state [], env undefined",
        "first step last",
        "main a: job success, state [pre=a], env of a",
        "main plain: job success, state [], env undefined",
        "main picky: job success, state [], env undefined",
        "main fails: job success, state [pre=fails], env undefined",
        "main last: job failure, state [pre=last], env undefined",
        // A stack, each put there when the first of pre and main began.
        "post plain: job failure, state [main=plain], env undefined",
        "post last: job failure, state [main=last pre=last], env undefined",
        "post fails: job failure, state [main=fails pre=fails], env undefined",
        "post skipped: job failure, state [pre=skipped], env undefined",
        "post a: job failure, state [main=a pre=a], env of a",
    ];
    assert_eq!(marked(&observed), expected);
    let job = observed.jobs_named("job")[0];
    let post_of_picky = job.steps.iter().find(|step| step.id == "picky" && step.stage == Stage::Post);
    assert_eq!(post_of_picky.and_then(|step| step.conclusion), Some(Conclusion::Skipped));
}

#[test]
fn of_actions_in_a_directory() {
    remote_stages("stages::of_actions_in_a_directory", |files| mirror::plain("octo/acts", files));
}

#[test]
fn of_actions_in_a_bare_repository() {
    remote_stages("stages::of_actions_in_a_bare_repository", |files| mirror::bare("octo/acts", files, "v1"));
}

const LOCAL: &str = "
on: push
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./stages
        with: {name: local, unknown: x, status: '${{ job.status }} ${{ steps.later.outputs.v }}'}
      - uses: $/stages
        with: {name: self}
      - id: later
        run: echo v=set >> \"$GITHUB_OUTPUT\"
      - run: exit 1
";

/// Inputs are worked out anew for the post stage, and an action of the workspace has no pre stage.
#[test]
fn of_local_actions() {
    let name = "stages::of_local_actions";
    if !places::on_path("node") {
        return skip(name, "node is not on PATH");
    }
    let actions = actions();
    let mut files: Vec<(&str, &str)> = actions.iter().map(|(path, text)| (*path, text.as_str())).collect();
    files.push((".github/workflows/ci.yml", LOCAL));
    let repository = TestRepository::from_files(&files).expect("a repository");
    let observed = run(&repository, &[], 1);
    let expected = [
        "pre self: job success, state [], env undefined",
        "main local: job success , state [], env undefined",
        "main self: job success, state [pre=self], env undefined",
        "post local: job failure set, state [main=local], env undefined",
        "post self: job failure, state [main=self pre=self], env undefined",
    ];
    assert_eq!(marked(&observed), expected);
    let warned = |text: &str| observed.annotations.iter().any(|one| one.message.contains(text));
    assert!(warned("`pre` execution is not supported for local action from './stages'"), "{:?}", observed.annotations);
    assert!(warned("Unexpected input(s) 'unknown', valid inputs are ['name', 'status', 'fail']"));
}

const COMPOSITE: &str = "
name: around
inputs:
  name:
    default: inner
runs:
  using: composite
  steps:
    - uses: octo/acts/stages@v1
      with: {name: 'first ${{ inputs.name }}'}
    - uses: $/plain
      with: {name: 'second ${{ inputs.name }}'}
";

const AROUND: &str = "
on: push
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - uses: octo/acts/around@v1
        with: {name: of the job}
        env: {STEP_ENV: of the caller}
      - run: exit 1
";

/// Stages of actions inside a composite action see its inputs and its caller's `env`.
#[test]
fn inside_a_composite_action() {
    let name = "stages::inside_a_composite_action";
    if !places::on_path("node") {
        return skip(name, "node is not on PATH");
    }
    let mut files = actions();
    files.push(("around/action.yml", COMPOSITE.to_owned()));
    let mirror = mirror::bare("octo/acts", &files, "v1");
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", AROUND)]).expect("a repository");
    let observed = run(&repository, &["--action-source", &mirror.source()], 1);
    let expected = [
        "pre first of the job: job success, state [], env of the caller",
        "main first of the job: job success, state [pre=first of the job], env of the caller",
        "main second of the job: job success, state [], env of the caller",
        "post second of the job: job failure, state [main=second of the job], env of the caller",
        "post first of the job: job failure, state [main=first of the job pre=first of the job], env of the caller",
    ];
    assert_eq!(marked(&observed), expected);
}
