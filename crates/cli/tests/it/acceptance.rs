//! Complete workflow files of others, unmodified.

use api::Conclusion;
use testkit::{Observed, TestRepository, skip};

use crate::places;

const GO_MOD: &str = "module example.com/hello\n\ngo 1.23\n";
const HELLO: &str = "package hello\n\n// Hello greets.\nfunc Hello(name string) string {\n\treturn \"hello \" + name\n}\n";
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

fn run(repository: &TestRepository, arguments: &[&str]) -> Observed {
    let cache = places::tool_cache("go").expect("asked before");
    let arguments: Vec<String> = ["run", "push", "--json"]
        .iter()
        .chain(arguments)
        .map(|word| (*word).to_owned())
        .collect();
    let environment = [(
        "RUNNER_TOOL_CACHE".to_owned(),
        cache.to_string_lossy().into_owned(),
    )];
    let finished = places::binary()
        .run(repository, &arguments, &environment, None)
        .expect("it runs");
    let observed = Observed::read(&finished.stdout);
    assert_eq!(
        finished.code,
        Some(0),
        "{}\n{}",
        finished.stderr,
        observed.log.join("\n")
    );
    observed
}

#[test]
fn tests_of_a_go_module() {
    let name = "acceptance::tests_of_a_go_module";
    let Some(repository) = go_module() else {
        return skip(name, "the acceptance files are not there");
    };
    if places::tool_cache("go").is_none() {
        return skip(name, "Go 1.23 is not in the tests' tool cache");
    }
    let observed = run(&repository, &["-j", "test"]);
    assert_eq!(
        observed.jobs_named("test")[0].conclusion,
        Some(Conclusion::Success)
    );
    assert!(
        observed
            .log
            .iter()
            .any(|line| line.contains("example.com/hello")),
        "{:?}",
        observed.log
    );
}

#[test]
fn the_whole_of_a_go_workflow() {
    let name = "acceptance::the_whole_of_a_go_workflow";
    let Some(repository) = go_module() else {
        return skip(name, "the acceptance files are not there");
    };
    if places::tool_cache("go").is_none() {
        return skip(name, "Go 1.23 is not in the tests' tool cache");
    }
    if !places::on_path("golangci-lint") {
        return skip(name, "golangci-lint is not on PATH");
    }
    let observed = run(&repository, &[]);
    assert_eq!(observed.jobs.len(), 2);
}
