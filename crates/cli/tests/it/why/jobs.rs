//! G11: what becomes of each job.

use serde_json::Value;
use testkit::TestRepository;

use super::explain;

const WORKFLOW: &str = "\
on: [push, pull_request]
permissions:
  contents: write
  id-token: write
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      list: ${{ steps.x.outputs.list }}
    steps:
      - id: x
        run: 'true'
  release:
    if: github.ref == 'refs/heads/release'
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  notify:
    needs: [build, release]
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  after:
    needs: notify
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  always:
    needs: after
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  dynamic:
    needs: build
    strategy:
      matrix:
        x: ${{ fromJSON(needs.build.outputs.list) }}
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  asks:
    needs: build
    if: needs.build.outputs.list == 'x'
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  mac:
    runs-on: macos-latest
    steps:
      - run: 'true'
  legs:
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
    runs-on: ${{ matrix.os }}
    steps:
      - run: 'true'
  empty:
    strategy:
      matrix:
        x: ${{ fromJSON('[]') }}
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  production:
    runs-on: ubuntu-latest
    environment: production
    concurrency: deploy-${{ github.ref_name }}
    steps:
      - run: 'true'
  staging:
    runs-on: ubuntu-latest
    environment: staging
    steps:
      - run: 'true'
  after-production:
    needs: production
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  secret:
    runs-on: ubuntu-latest
    env:
      TOP: ${{ secrets.TOP }}
    steps:
      - run: echo ${{ secrets.KEY }}
      - name: Send it
        run: git push origin HEAD
      - run: 'true'
      - uses: aws-actions/configure-aws-credentials@v4
";

const CONFIG: &str =
    "[environments.production]\nbranches = [\"release/**\"]\n[environments.staging]\napproval = true\n";

fn repository() -> TestRepository {
    TestRepository::from_files(&[(".github/workflows/w.yml", WORKFLOW), ("trunkline.toml", CONFIG)])
        .expect("a repository")
}

fn job<'a>(answer: &'a Value, key: &str) -> &'a Value {
    let jobs = answer["workflows"][0]["jobs"].as_array().expect("jobs");
    jobs.iter().find(|job| job["key"] == key).unwrap_or_else(|| panic!("no job {key} in {answer:#}"))
}

#[test]
fn every_job_has_its_verdict() {
    let repository = repository();
    let answer = explain(&repository, &["push"]);
    let rows = [
        ("build", "runs", "runs"),
        ("release", "skipped", "if"),
        ("notify", "skipped", "needs"),
        ("after", "skipped", "needs"),
        ("always", "runs", "runs"),
        ("dynamic", "undetermined", "undetermined"),
        ("asks", "undetermined", "undetermined"),
        ("mac", "no_runner", "runs-on"),
        ("legs#0", "runs", "runs"),
        ("legs#1", "no_runner", "runs-on"),
        ("empty", "fails", "matrix"),
        ("production", "fails", "environment"),
        ("staging", "waits", "approval"),
        ("after-production", "skipped", "needs"),
    ];
    for (key, verdict, code) in rows {
        let job = job(&answer, key);
        assert_eq!((&job["verdict"], &job["code"]), (&verdict.into(), &code.into()), "{job:#}");
    }
    // The implicit success() is shown, and the value that decided.
    let condition = &job(&answer, "release")["condition"];
    assert_eq!(condition["text"], "success() && (github.ref == 'refs/heads/release')");
    assert_eq!(condition["parts"][0]["text"], "success()");
    assert_eq!(condition["parts"][1]["parts"][0]["value"], "'refs/heads/main'");
    assert_eq!(job(&answer, "release")["place"]["line"], 14);
    // The cascade goes back to its root.
    let cascade = job(&answer, "after")["cascade"].as_array().expect("a cascade");
    let names: Vec<&str> = cascade.iter().filter_map(|cause| cause["job"].as_str()).collect();
    assert_eq!(names, ["notify", "release"]);
    assert_eq!(cascade[1]["code"], "if");
    assert_eq!(job(&answer, "production")["group"], "deploy-main");
    assert!(job(&answer, "production")["reason"].as_str().expect("a reason").contains("its branches are release/**"));
}

#[test]
fn a_platform_gives_a_label_a_runner() {
    let answer = explain(&repository(), &["push", "-P", "macos-latest=host"]);
    assert_eq!(job(&answer, "mac")["verdict"], "runs");
    assert_eq!(job(&answer, "mac")["runner"]["place"], "host");
}

#[test]
fn forks_and_dependabot_lose_secrets_and_permissions() {
    let repository = repository();
    repository.script("git checkout -q -b x").expect("a branch");
    for how in ["--fork", "--dependabot"] {
        let answer = explain(&repository, &["pr", how]);
        assert_eq!((&answer["event"]["secrets"], &answer["event"]["read_only_token"]), (&false.into(), &true.into()));
        let limits = &job(&answer, "secret")["limits"];
        let names: Vec<&str> =
            limits["secrets"].as_array().expect("secrets").iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["TOP", "KEY"]);
        let permissions = limits["permissions"].to_string();
        assert!(
            permissions.contains(r#""scope":"contents","asked":"write","gets":"read""#)
                || permissions.contains("contents"),
            "{permissions}"
        );
        let steps: Vec<&str> =
            limits["steps"].as_array().expect("steps").iter().filter_map(|one| one["why"].as_str()).collect();
        assert_eq!(
            steps,
            [
                "reads `secrets.KEY`, which is empty",
                "writes with the job's token (`contents: write`), which may only read here",
                "asks for an identity token, which such runs do not get",
            ]
        );
    }
    let own = explain(&repository, &["pr"]);
    assert!(job(&own, "secret")["limits"].is_null());
}

#[test]
fn one_job_alone() {
    let answer = explain(&repository(), &["push", "-j", "legs"]);
    let jobs = answer["workflows"][0]["jobs"].as_array().expect("jobs");
    assert_eq!(jobs.len(), 2, "{answer:#}");
}
