//! Configuration files of zizmor and actionlint.

use testkit::TestRepository;

use super::{lint, rules};

/// Two injections and a tag, for zizmor's rules.
const UNSAFE: &str = "on: issues
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.issue.title }}
      - run: echo ${{ github.event.issue.body }}
      - uses: someone/tool@v1
";

const SECURITY: [&str; 6] =
    ["--format", "json", "--rule", "security/template-injection", "--rule", "security/unpinned-uses"];

fn security(config: &str, ours: &str) -> Vec<String> {
    let files = [(".github/workflows/ci.yml", UNSAFE), (".github/zizmor.yml", config), ("trunkline.toml", ours)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let found = lint(&repository, &["--format", "json"]);
    let mut rules = rules(&found);
    rules.retain(|rule| rule.starts_with("security/") && !rule.ends_with("dangerous-triggers"));
    rules
}

#[test]
fn zizmor_says_what_is_off_and_what_is_ignored() {
    let (injection, unpinned) = ("security/template-injection", "security/unpinned-uses");
    let table: [(&str, &str, &[&str]); 9] = [
        ("", "", &[injection, injection, unpinned]),
        ("rules:\n  template-injection:\n    disable: true\n", "", &[unpinned]),
        ("rules:\n  template-injection:\n    ignore: [ci.yml]\n", "", &[unpinned]),
        ("rules:\n  template-injection:\n    ignore: [other.yml]\n", "", &[injection, injection, unpinned]),
        ("rules:\n  template-injection:\n    ignore: ['ci.yml:7']\n", "", &[injection, unpinned]),
        // zizmor points at another column of the line.
        ("rules:\n  template-injection:\n    ignore: ['ci.yml:8:9']\n", "", &[injection, unpinned]),
        ("rules:\n  template-injection:\n    ignore: ['ci.yml:2']\n", "", &[injection, injection, unpinned]),
        (
            "rules:\n  unpinned-uses:\n    config:\n      policies:\n        someone/*: ref-pin\n",
            "",
            &[injection, injection],
        ),
        // What trunkline.toml asks for by name is on.
        (
            "rules:\n  template-injection:\n    disable: true\n",
            "[lint]\nenable = [\"security/template-injection\"]\n",
            &[injection, injection, unpinned],
        ),
    ];
    for (config, ours, expected) in table {
        assert_eq!(security(config, ours), expected, "{config}{ours}");
    }
    let files =
        [(".github/workflows/ci.yml", UNSAFE), ("zizmor.yml", "rules:\n  template-injection:\n    disable: true\n")];
    let repository = TestRepository::from_files(&files).expect("a repository");
    assert_eq!(rules(&lint(&repository, &[&SECURITY[..], &["--no-config"]].concat())).len(), 3);
}

#[test]
fn comments_of_zizmor_count_anywhere_in_their_step_and_in_on() {
    let text = "on: # zizmor: ignore[dangerous-triggers]
  pull_request_target:
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - name: Greet # zizmor: ignore[template-injection] for a test
        run: |
          echo hello
          echo ${{ github.event.pull_request.title }}
      - run: echo ${{ github.event.pull_request.title }}
";
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", text)]).expect("a repository");
    let rule = ["--rule", "security/template-injection", "--rule", "security/dangerous-triggers"];
    let found = lint(&repository, &[&rule[..], &["--format", "github"]].concat());
    let told: Vec<String> = found.stdout.lines().map(place_and_message).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("12:"), "{told:?}");
}

#[test]
fn zizmor_says_severities() {
    let config = "rules:\n  unpinned-uses:\n    remap:\n      severity: high\n";
    let files = [(".github/workflows/ci.yml", UNSAFE), (".github/zizmor.yaml", config)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let found = lint(&repository, &["--format", "json", "--rule", "security/unpinned-uses"]);
    assert!(
        found.stdout.contains("\"severity\":\"error\"") || found.stdout.contains("\"severity\": \"error\""),
        "{}",
        found.stdout
    );
}

#[test]
fn mistakes_in_the_configuration_of_zizmor_have_their_place() {
    let config = "rules:
  template-injektion:
    disable: true
  artipacked:
    disable: maybe
    ignore:
      - ci.yml:x
      - .github/workflows/ci.yml
  unpinned-uses:
    config:
      policies:
        someone: hash-pin
        other/*: sometimes
  dependabot-cooldown:
    config:
      days: 0
  obfuscation:
    config:
      days: 1
extra: 1
";
    let files = [(".github/workflows/ci.yml", UNSAFE), (".github/zizmor.yml", config)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let found = lint(&repository, &["--rule", "config/*", "--format", "github"]);
    assert_eq!(found.code, Some(1));
    let mut told: Vec<String> = found.stdout.lines().map(place_and_message).collect();
    told.sort_by_key(|line| line.split(':').next().and_then(|line| line.parse::<u32>().ok()));
    insta::assert_snapshot!(told.join("\n"), @r#"
    2:3 zizmor has no audit `template-injektion`
    5:14 `disable` is true or false, not a string
    7:9 `ci.yml:x` is not of the form FILE.yml[:LINE[:COLUMN]]: lines and columns are numbers from 1
    8:9 `.github/workflows/ci.yml` is not of the form FILE.yml[:LINE[:COLUMN]]: the file stands there by its name, without directories
    12:9 `someone` is no pattern of actions
    13:18 a policy is any, ref-pin or hash-pin
    16:13 `days` is a whole number from 1
    19:7 obfuscation takes no configuration
    20:1 there is no key `extra` here
    "#);
}

/// `LINE:COLUMN message` of an annotation.
fn place_and_message(line: &str) -> String {
    let property =
        |name: &str| line.split(name).nth(1).and_then(|rest| rest.split([',', ':']).next()).unwrap_or_default();
    let message = line.splitn(3, "::").nth(2).unwrap_or_default();
    format!("{}:{} {}", property("line="), property("col="), message.split("%0A").next().unwrap_or_default())
}

/// What actionlint's configuration is about.
const RUNNERS: &str = "on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-lates
    steps:
      - run: echo ${{ vars.REGION }} ${{ vars.REGIO }}
      - run: echo ${{ github.nothing }}
";

fn correctness(config: &str) -> Vec<String> {
    let files = [(".github/workflows/ci.yml", RUNNERS), (".github/actionlint.yaml", config)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    rules(&lint(&repository, &["--format", "json", "--profile", "correctness"]))
}

#[test]
fn actionlint_says_labels_variables_and_messages_to_ignore() {
    let (label, variable, property) =
        ("correctness/unknown-runner-label", "store/unknown-variable", "expression/unknown-property");
    let table: [(&str, &[&str]); 8] = [
        ("", &[label, property]),
        ("self-hosted-runner:\n  labels: ['ubuntu-lat?s']\n", &[property]),
        ("config-variables: null\n", &[label, property]),
        ("config-variables: [REGION]\n", &[label, variable, property]),
        ("config-variables: []\n", &[label, variable, variable, property]),
        // Their sentence, our sentence, our rule.
        (
            "paths:\n  .github/workflows/**/*.{yml,yaml}:\n    ignore: ['property \"nothing\" is not defined']\n",
            &[label],
        ),
        ("paths:\n  '**/ci.yml':\n    ignore: ['unknown-runner-label', 'GitHub has no']\n", &[property]),
        ("paths:\n  .github/workflows/other.yml:\n    ignore: ['.*']\n", &[label, property]),
    ];
    for (config, expected) in table {
        assert_eq!(correctness(config), expected, "{config}");
    }
}

#[test]
fn mistakes_in_the_configuration_of_actionlint_have_their_place() {
    let config = "self-hosted-runner:
  label: [gpu]
config-variables: REGION
paths:
  .github/workflows/[:
    ignore: []
  '**/*.yml':
    ignore: ['(']
";
    let files = [(".github/workflows/ci.yml", RUNNERS), (".github/actionlint.yml", config)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let found = lint(&repository, &["--rule", "config/*", "--format", "github"]);
    let told: Vec<String> = found.stdout.lines().map(place_and_message).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    2:3 there is no key `label` here
    3:19 `config-variables` is a list, not a string
    5:3 `.github/workflows/[` is no pattern of paths: unclosed character class; missing ']'
    8:14 `(` is no regular expression: unclosed group
    "#);
}
