//! Checks and tests of JavaScript and TypeScript.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "typescript-errors",
        title: "TypeScript finds type errors",
        hints: &["error TS"],
        patterns: &[r"^(?P<place>[^\s(]+\(\d+,\d+\)): error (?P<code>TS\d+):"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the first is {code} in {place}.",
        remedy: &[
            "see all of them: `npx tsc --noEmit`",
            "if only the job sees them, its TypeScript or its `@types` have other versions: install from the lock file",
        ],
    },
    Entry {
        id: "eslint-errors",
        title: "ESLint finds errors",
        hints: &["problem"],
        patterns: &[r"^✖ \d+ problems? \((?P<errors>\d+) errors?"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "ESLint tells {errors} errors; warnings alone do not fail.",
        remedy: &["let it mend what it can: `npx eslint --fix .`"],
    },
    Entry {
        id: "prettier-unformatted",
        title: "files are not formatted as Prettier does",
        hints: &["Code style issues found in"],
        patterns: &[r"Code style issues found in"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the files named above differ from what Prettier would write.",
        remedy: &[
            "format and commit: `npx prettier --write .`",
            "use the version of the lock file: `npx --no-install prettier`",
        ],
    },
    Entry {
        id: "jest-tests-failed",
        title: "Jest tests failed",
        hints: &["Tests:"],
        patterns: &[r"^Tests:\s+(?P<failed>\d+) failed"],
        scope: Scope::Any,
        gives_way_to: &["jest-snapshot-missing"],
        cause: "{failed} tests failed; each is told above after a `●`.",
        remedy: &[
            "run one alone: `npx jest -t \"NAME\"`",
            "tests that fail only in the job often depend on time zone, order or speed: `TZ=UTC`, `--runInBand`",
        ],
    },
    Entry {
        id: "jest-snapshot-missing",
        title: "a snapshot was not committed",
        hints: &["New snapshot was not written"],
        patterns: &[r"New snapshot was not written"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "in CI Jest writes no snapshots, and one of a new test is not in the repository.",
        remedy: &["run the tests once at the desk and commit the `__snapshots__` that they write"],
    },
    Entry {
        id: "jest-no-tests",
        title: "Jest found no tests",
        hints: &["No tests found, exiting with code 1"],
        patterns: &[r"^No tests found, exiting with code 1"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "no file matches `testMatch` in the directory in which Jest runs.",
        remedy: &["check `working-directory` and `roots`", "where it is right to have none: `--passWithNoTests`"],
    },
    Entry {
        id: "playwright-browser-missing",
        title: "the browser of Playwright is not installed",
        hints: &["Executable doesn't exist at"],
        patterns: &[r"Executable doesn't exist at (?P<file>\S+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "Playwright drives a browser build of its own, which is not at {file}.",
        remedy: &[
            "install it before: `npx playwright install --with-deps chromium`",
            "keep `~/.cache/ms-playwright` with actions/cache, keyed by the version of Playwright",
            "or drive the browser of the machine: `channel: \"chromium\"` or `executablePath`",
        ],
    },
];
