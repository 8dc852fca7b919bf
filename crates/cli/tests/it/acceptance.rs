//! Complete workflow files of others, unmodified.

use api::Conclusion;
use testkit::{Finished, Observed, TestRepository, skip};

use crate::places;

const GO_MOD: &str = "module example.com/hello\n\ngo 1.23\n";
const HELLO: &str =
    "package hello\n\n// Hello greets.\nfunc Hello(name string) string {\n\treturn \"hello \" + name\n}\n";
const HELLO_TEST: &str = "package hello\n\nimport \"testing\"\n\nfunc TestHello(t *testing.T) {\n\tif Hello(\"you\") != \"hello you\" {\n\t\tt.Fatal(\"wrong\")\n\t}\n}\n";

fn go_module() -> Option<TestRepository> {
    let path = places::acceptance()?.join("workflows/ci-go.yml");
    let workflow = std::fs::read_to_string(path).ok()?;
    let files = [
        (".github/workflows/ci-go.yml", workflow.as_str()),
        ("go.mod", GO_MOD),
        ("hello.go", HELLO),
        ("hello_test.go", HELLO_TEST),
    ];
    Some(TestRepository::from_files(&files).expect("a repository"))
}

fn run(repository: &TestRepository, jobs: &[&str], environment: &[(&str, String)]) -> Finished {
    let jobs = jobs.iter().flat_map(|job| ["-j", job]);
    let arguments: Vec<String> = ["run", "push", "--json"].into_iter().chain(jobs).map(str::to_owned).collect();
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    places::binary().run(repository, &arguments, &environment, None).expect("it runs")
}

fn conclusion(observed: &Observed, job: &str) -> Option<Conclusion> {
    observed.jobs_named(job)[0].conclusion
}

#[test]
fn tests_of_a_go_module() {
    let name = "acceptance::tests_of_a_go_module";
    let Some(repository) = go_module() else {
        return skip(name, "the acceptance files are not there");
    };
    let Some(cache) = places::tool_cache("go") else {
        return skip(name, "Go 1.23 is not in the tests' tool cache");
    };
    let cache = cache.to_string_lossy().into_owned();
    let finished = run(&repository, &["test"], &[("RUNNER_TOOL_CACHE", cache)]);
    let observed = Observed::read(&finished.stdout);
    let log = observed.log.join("\n");
    assert_eq!(finished.code, Some(0), "{}\n{log}", finished.stderr);
    assert_eq!(conclusion(&observed, "test"), Some(Conclusion::Success));
    for said in ["Found in cache", "go version go1.23", "ok  \texample.com/hello"] {
        assert!(log.contains(said), "no `{said}` in\n{log}");
    }
}

/// The linter needs a Go toolchain, which its job does not set up: that one must be on PATH, too.
#[test]
fn lint_of_a_go_module() {
    let name = "acceptance::lint_of_a_go_module";
    let Some(repository) = go_module() else {
        return skip(name, "the acceptance files are not there");
    };
    for tool in ["golangci-lint", "go"] {
        if !places::on_path(tool) {
            return skip(name, &format!("{tool} is not on PATH"));
        }
    }
    let finished = run(&repository, &["lint"], &[]);
    let observed = Observed::read(&finished.stdout);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(conclusion(&observed, "lint"), Some(Conclusion::Success));
}

/// A tool that cannot be had is named with every way to provide it, and only its job fails.
#[test]
fn a_linter_that_cannot_be_had() {
    let name = "acceptance::a_linter_that_cannot_be_had";
    let Some(repository) = go_module() else {
        return skip(name, "the acceptance files are not there");
    };
    if places::on_path("golangci-lint") {
        return skip(name, "golangci-lint is on PATH");
    }
    let cache = repository.home().join("tools");
    std::fs::create_dir(&cache).expect("made");
    let cache = cache.to_string_lossy().into_owned();
    // Nobody listens there.
    let mirror = "http://127.0.0.1:9".to_owned();
    let environment = [("RUNNER_TOOL_CACHE", cache.clone()), ("TRUNKLINE_GOLANGCI_LINT_MIRROR", mirror)];
    let finished = run(&repository, &["lint"], &environment);
    let observed = Observed::read(&finished.stdout);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert_eq!(conclusion(&observed, "lint"), Some(Conclusion::Failure));
    let steps = &observed.jobs_named("lint")[0].steps;
    let reason = steps.iter().find_map(|step| step.reason.as_ref());
    let error = reason.map_or("", |reason| reason.reason.as_str());
    for said in [
        "golangci-lint latest",
        "cannot be had",
        &format!("{cache}/golangci-lint/"),
        ".complete",
        "put it on PATH",
        "TRUNKLINE_GOLANGCI_LINT_MIRROR",
    ] {
        assert!(error.contains(said), "no `{said}` in {error}");
    }
}
