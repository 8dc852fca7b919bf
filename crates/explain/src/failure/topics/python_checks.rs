//! Checks and tests of Python.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "pytest-failed",
        title: "pytest tests failed",
        hints: &["FAILED "],
        patterns: &[r"^FAILED (?P<test>\S+::\S+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the first that failed is `{test}`.",
        remedy: &[
            "run it alone: `pytest \"{test}\" -vv`",
            "if it fails now and then: `pytest \"{test}\" --count 50` (pytest-repeat), `-p no:randomly`",
        ],
    },
    Entry {
        id: "pytest-no-tests",
        title: "pytest found no tests",
        hints: &["no tests ran in"],
        patterns: &[r"no tests ran in"],
        scope: Scope::Exit(&[5]),
        gives_way_to: &[],
        cause: "nothing was collected (exit code 5): another directory, other file names than `test_*.py`, or `-k` and `-m` that match nothing.",
        remedy: &["see what is collected: `pytest --collect-only -q`", "check `working-directory` and `testpaths`"],
    },
    Entry {
        id: "black-unformatted",
        title: "files are not formatted as Black does",
        hints: &["would be reformatted"],
        patterns: &[r"^\d+ files? would be reformatted"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the files named above differ from what Black would write.",
        remedy: &["format and commit: `black .`", "pin its version, since each year's style differs"],
    },
    Entry {
        id: "mypy-errors",
        title: "mypy finds type errors",
        hints: &["checked"],
        patterns: &[r"^Found (?P<errors>\d+) errors? in (?P<files>\d+) files? \(checked"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "mypy tells {errors} errors in {files} files.",
        remedy: &[
            "install stubs that are missing: `mypy --install-types --non-interactive`",
            "if only the job sees them, mypy or the packages have other versions there",
        ],
    },
    Entry {
        id: "ruff-errors",
        title: "Ruff finds errors",
        hints: &["fixable with the `--fix`", "fixable with `--fix`"],
        patterns: &[r"^\[\*\] \d+ fixable with"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "Ruff tells what stands above, and can mend some of it by itself.",
        remedy: &["mend and commit: `ruff check --fix .`"],
    },
    Entry {
        id: "python-ascii-decode",
        title: "Python reads text in the wrong encoding",
        hints: &["UnicodeDecodeError", "UnicodeEncodeError"],
        patterns: &[r"Unicode(?:De|En)codeError: '(?P<codec>[\w-]+)' codec can't (?:de|en)code"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "text with other letters is read or written as {codec}, because the locale of the job is not UTF-8 or the code names that encoding.",
        remedy: &[
            "say it in the code: `open(path, encoding=\"utf-8\")`",
            "set it for the job: `env: { PYTHONUTF8: \"1\", LANG: C.UTF-8 }`",
        ],
    },
    Entry {
        id: "python-syntax",
        title: "Python does not understand the code",
        hints: &["SyntaxError:"],
        patterns: &[
            r"^SyntaxError: (?:invalid |unterminated |unmatched |expected |f-string|unexpected EOF|EOL while|multiple exception types|leading zeros|'.+' was never closed|closing parenthesis)",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the file has a mistake, or uses what only a newer Python knows.",
        remedy: &[
            "compare `python --version` with what the project wants: `actions/setup-python` with `python-version-file`",
        ],
    },
    Entry {
        id: "python-memory",
        title: "Python got no more memory",
        hints: &["MemoryError"],
        patterns: &[r"^MemoryError\b"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "an allocation failed: the process reached a limit of address space or of the job.",
        remedy: &[
            "read data in parts",
            "give the job more memory: `--memory 8g`, or `memory` under `[run]` in trunkline.toml",
        ],
    },
];
