//! Composite actions, nested, in the repository and in others.

use testkit::{Observed, TestRepository};

use crate::{mirror, places};

const WORKFLOW: &str = "
on: push
env: {GLOBAL: of the workflow}
defaults:
  run: {working-directory: nowhere, shell: 'false {0}'}
jobs:
  job:
    runs-on: ubuntu-latest
    outputs:
      whole: ${{ steps.outer.outputs.whole }}
      none: ${{ steps.one.outputs.v }}
    steps:
      - uses: actions/checkout@v4
      - id: before
        shell: bash
        working-directory: .
        run: echo v=1 >> \"$GITHUB_OUTPUT\"
      - id: outer
        uses: ./outer
        env: {CALLER: of the caller}
      - shell: bash
        working-directory: .
        run: |
          echo \"> after: $CALLER, $FROM_INNER, $GLOBAL, $(tool)\"
";

const OUTER: &str = "
inputs:
  text:
    default: on ${{ github.event_name }}
  number:
    default: 3
outputs:
  whole:
    value: ${{ steps.one.outputs.v }} + ${{ steps.nested.outputs.v }}
runs:
  using: composite
  steps:
    - id: one
      shell: bash
      run: |
        echo \"v=${{ inputs.text }}\" >> \"$GITHUB_OUTPUT\"
        echo \"CALLER=changed\" >> \"$GITHUB_ENV\"
        echo \"GLOBAL=changed\" >> \"$GITHUB_ENV\"
        echo \"$GITHUB_ACTION_PATH/bin\" >> \"$GITHUB_PATH\"
        echo \"> path: ${GITHUB_ACTION_PATH##*/} ${{ endsWith(github.action_path, '/outer') }}\"
        echo '> number: ${{ toJSON(inputs.number) }}'
    - shell: bash
      run: |
        echo \"> inside: $CALLER, ${{ env.CALLER }}, $GLOBAL, $(tool)\"
    - id: nested
      uses: ./inner
      with:
        text: ${{ inputs.text }} twice
    - shell: bash
      run: |
        echo \"> scope: [${{ steps.before.outputs.v }}] [${{ steps.private.outputs.v }}] ${{ steps.nested.outcome }}\"
        echo \"> path again: ${GITHUB_ACTION_PATH##*/}\"
";

const INNER: &str = "
inputs:
  text:
    required: true
outputs:
  v:
    value: <${{ steps.private.outputs.v }}>
runs:
  using: composite
  steps:
    - id: private
      shell: bash
      run: |
        echo \"v=$TEXT\" >> \"$GITHUB_OUTPUT\"
        echo \"FROM_INNER=of the inner\" >> \"$GITHUB_ENV\"
        echo \"> inner path: ${GITHUB_ACTION_PATH##*/}, $CALLER\"
      env:
        TEXT: ${{ inputs.text }}
";

fn run(repository: &TestRepository, arguments: &[&str], code: i32) -> (Observed, String) {
    let arguments: Vec<String> =
        ["run", "push", "--offline", "--json"].iter().chain(arguments).map(|word| (*word).to_owned()).collect();
    let finished = places::binary().run(repository, &arguments, &[], None).expect("it runs");
    let observed = Observed::read(&finished.stdout);
    assert_eq!(finished.code, Some(code), "{}\n{}", finished.stderr, observed.log.join("\n"));
    (observed, finished.stderr)
}

fn marked(observed: &Observed) -> Vec<&str> {
    observed.log.iter().filter_map(|line| line.strip_prefix("> ")).collect()
}

#[test]
fn nested_ones_keep_to_themselves_what_is_theirs() {
    let files = [
        (".github/workflows/ci.yml", WORKFLOW),
        ("outer/action.yml", OUTER),
        ("outer/bin/tool", "#!/bin/sh\necho a tool\n"),
        ("inner/action.yaml", INNER),
    ];
    let repository = TestRepository::from_files(&files).expect("a repository");
    repository.git(&["update-index", "--chmod=+x", "outer/bin/tool"]).expect("git");
    repository.script("chmod +x outer/bin/tool; git commit -qm executable").expect("a commit");
    let (observed, _) = run(&repository, &[], 0);
    let expected = [
        "path: outer true",
        "number: \"3\"",
        "inside: of the caller, of the caller, changed, a tool",
        "inner path: inner, of the caller",
        "scope: [] [] success",
        "path again: outer",
        "after: changed, of the inner, changed, a tool",
    ];
    assert_eq!(marked(&observed), expected);
    let outputs = &observed.jobs_named("job")[0].outputs;
    assert_eq!(outputs.get("whole").map(String::as_str), Some("on push + <on push twice>"));
    assert_eq!(outputs.get("none"), None);
}

#[test]
fn secrets_are_no_context_of_theirs() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: $/act\n";
    let action = "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: echo ${{ secrets.TOKEN }}\n";
    let files = [(".github/workflows/ci.yml", workflow), ("act/action.yml", action)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let arguments = ["run", "push", "--offline", "-s", "TOKEN=abcdef"].map(str::to_owned);
    let finished = places::binary().run(&repository, &arguments, &[], None).expect("it runs");
    assert_ne!(finished.code, Some(0));
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(said.contains("Unrecognized named-value: 'secrets'"), "{said}");
}

const BELOW: &str = "
on: push
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {path: sub}
      - uses: ./sub/act
      - run: |
          echo '> hash: ${{ hashFiles('sub/hashed/*') != '' && hashFiles('sub/hashed/*') == hashFiles('**/hashed/*') }}'
          echo '::add-matcher::sub/matcher.json'
          echo 'E: wrong'
";

const MATCHER: &str = r#"{"problemMatcher": [{"owner": "e", "pattern": [{"regexp": "^E: (.+)$", "message": 1}]}]}"#;

/// What a checkout mounts below the workspace is seen by everything that looks at the workspace.
#[test]
fn of_a_repository_checked_out_below_the_workspace() {
    let action = "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: |\n        echo \"> at ${GITHUB_ACTION_PATH#$GITHUB_WORKSPACE}\"\n";
    let files = [
        (".github/workflows/ci.yml", BELOW),
        ("act/action.yml", action),
        ("hashed/file", "text"),
        ("matcher.json", MATCHER),
    ];
    let repository = TestRepository::from_files(&files).expect("a repository");
    for place in ["sandbox", "host"] {
        let place = format!("ubuntu-latest={place}");
        let (observed, _) = run(&repository, &["-P", &place], 0);
        assert_eq!(marked(&observed), ["at /sub/act", "hash: true"], "{place}");
        let found: Vec<&str> = observed.annotations.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(found, ["wrong"], "{place}");
    }
}

/// `$/` is the repository of the file that says so.
#[test]
fn their_own_repository_is_the_one_they_stand_in() {
    let says = |text: &str| {
        format!(
            "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: |\n        echo \"> {text} ${{GITHUB_ACTION_PATH##*/}}\"\n"
        )
    };
    let remote = [
        ("action.yml", "runs:\n  using: composite\n  steps:\n    - uses: $/lib/part\n".to_owned()),
        ("lib/part/action.yml", says("the remote part")),
    ];
    let mirror = mirror::bare("octo/whole", &remote, "v1");
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: octo/whole@v1\n      - uses: $/lib/part\n";
    let own = says("the own part");
    let files = [(".github/workflows/ci.yml", workflow), ("lib/part/action.yml", own.as_str())];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let (observed, _) = run(&repository, &["--action-source", &mirror.source()], 0);
    assert_eq!(marked(&observed), ["the remote part part", "the own part part"]);
}

const CALLED: &str = "
on: workflow_call
jobs:
  called:
    runs-on: ubuntu-latest
    steps:
      - uses: $/lib/part
      - run: |
          echo '> in ${{ job.workflow_repository }} ${{ job.workflow_ref }}'
  nested:
    uses: ./.github/workflows/nested.yml
";

const NESTED: &str =
    "on: workflow_call\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: $/lib/part\n";

/// In a workflow called from another repository `$/` is that repository, and is in no need of a file in the run's own.
#[test]
fn of_the_repository_of_a_called_workflow() {
    let part =
        "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: |\n        echo \"> the remote part\"\n";
    let remote = [
        (".github/workflows/called.yml", CALLED.to_owned()),
        (".github/workflows/nested.yml", NESTED.to_owned()),
        ("lib/part/action.yml", part.to_owned()),
    ];
    let mirror = mirror::bare("octo/flows", &remote, "v1");
    let workflow = "on: push\njobs:\n  a:\n    uses: octo/flows/.github/workflows/called.yml@v1\n";
    let files = [(".github/workflows/ci.yml", workflow)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let (observed, _) = run(&repository, &["--action-source", &mirror.source()], 0);
    let mut said = marked(&observed);
    said.sort_unstable();
    let called = "in octo/flows octo/flows/.github/workflows/called.yml@v1";
    assert_eq!(said, [called, "the remote part", "the remote part"]);
}
