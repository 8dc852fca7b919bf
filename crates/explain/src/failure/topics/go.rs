//! Go.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "go-mod-untidy",
        title: "go.mod lacks a module",
        hints: &["no required module provides package", "updates to go.mod needed"],
        patterns: &[r"no required module provides package (?P<package>[^\s;]+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the code imports `{package}` and go.mod has no module for it.",
        remedy: &["run `go mod tidy` and commit go.mod and go.sum"],
    },
    Entry {
        id: "go-sum-missing",
        title: "go.sum lacks an entry",
        hints: &["missing go.sum entry"],
        patterns: &[r"missing go\.sum entry for (?:module providing package |go\.mod file\b.*?)?(?P<package>[^\s;:]*)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "go.mod asks for a module whose checksum go.sum does not have, and a job may not add it.",
        remedy: &["run `go mod tidy` and commit go.sum", "in workspaces run `go work sync` too"],
    },
    Entry {
        id: "go-version-too-old",
        title: "the Go of the job is too old",
        hints: &["go.mod requires go", "requires go >="],
        patterns: &[r"requires go >= (?P<wanted>[\w.]+) \(running go (?P<have>[\w.]+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the module wants Go {wanted} and the job has {have}, without leave to fetch another (`GOTOOLCHAIN=local`).",
        remedy: &["set up the version of go.mod: `actions/setup-go` with `go-version-file: go.mod`"],
    },
    Entry {
        id: "go-tests-failed",
        title: "Go tests failed",
        hints: &["--- FAIL:"],
        patterns: &[r"^\s*--- FAIL: (?P<test>\S+)"],
        scope: Scope::Any,
        gives_way_to: &["go-data-race", "go-test-timeout"],
        cause: "the first test that failed is `{test}`.",
        remedy: &[
            "run it alone: `go test -run \"^{test}$\" ./...`",
            "if it fails now and then: `go test -count=50 -race -run \"^{test}$\" ./...`",
        ],
    },
    Entry {
        id: "go-data-race",
        title: "the race detector found a data race",
        hints: &["WARNING: DATA RACE"],
        patterns: &[r"^WARNING: DATA RACE"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "two goroutines use the same memory at once, one of them writing; the two stacks below say where.",
        remedy: &[
            "guard it with a mutex, a channel or `sync/atomic`",
            "run it often to see it gone: `go test -race -count=100 ./…`",
        ],
    },
    Entry {
        id: "go-test-timeout",
        title: "Go tests ran into their time limit",
        hints: &["panic: test timed out after"],
        patterns: &[r"^panic: test timed out after (?P<limit>\S+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the tests of one package did not end within {limit}; the names below `running tests` hang or are slow.",
        remedy: &[
            "read the goroutine of the test for what it waits for",
            "raise the limit if it only is slow: `go test -timeout 30m`",
        ],
    },
];
