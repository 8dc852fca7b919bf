//! Shells and the scripts they are given.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "shell-command-not-found",
        title: "a command is not installed",
        hints: &["command not found", ": not found"],
        patterns: &[
            r"^\S+: line \d+: (?P<tool>[^\s:]+): command not found$",
            r"^(?:/bin/)?(?:ba|da|a|z)?sh: (?:\d+: )?(?P<tool>[^\s:\[]+): (?:command )?not found$",
            r"^\S+: \d+: (?P<tool>[^\s:\[]+): not found$",
        ],
        scope: Scope::Exit(&[127, 1]),
        gives_way_to: &["shell-bashism-in-sh"],
        cause: "`{tool}` is not on PATH where the step runs.",
        remedy: &[
            "install `{tool}` in an earlier step, or use the set-up action for it",
            "if it was installed in this job, add its directory: `echo \"$HOME/bin\" >> \"$GITHUB_PATH\"` (it counts from the next step on)",
        ],
    },
    Entry {
        id: "shell-not-executable",
        title: "a file lacks the executable bit",
        hints: &["Permission denied"],
        patterns: &[r"^\S+: line \d+: (?P<file>[^\s:]*/[^\s:]+): Permission denied$"],
        scope: Scope::Exit(&[126]),
        gives_way_to: &[],
        cause: "`{file}` is in the tree but may not be executed: git has no executable bit for it.",
        remedy: &[
            "set the bit in git and commit it: `git update-index --chmod=+x {file}`",
            "or name the interpreter: `bash {file}`",
        ],
    },
    Entry {
        id: "shell-crlf-shebang",
        title: "a script has Windows line ends",
        hints: &["bash\\r", "sh\\r", "python\\r", "python3\\r", "node\\r", "^M"],
        patterns: &[
            r"env: [‘'](?P<program>[^’'\\]+)\\r[’']: No such file or directory",
            r"(?P<program>/[^\s:]+)\^M: bad interpreter",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the first line of the script ends in CR LF, so a program named `{program}` followed by a carriage return is looked for.",
        remedy: &[
            "store scripts with LF: a line `*.sh text eol=lf` in `.gitattributes`, then `git add --renormalize .`",
            "a file that is made in the job can be converted: `sed -i 's/\\r$//' FILE`",
        ],
    },
    Entry {
        id: "shell-bashism-in-sh",
        title: "a bash script is run by sh",
        hints: &["[[: not found", "\"(\" unexpected", "Bad substitution", "pipefail"],
        patterns: &[
            r"\d+: \[\[: not found$",
            r#"\d+: Syntax error: "\(" unexpected"#,
            r"\d+: Bad substitution$",
            r"set: (?:\d+: )?Illegal option -o pipefail",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the script uses what only bash knows (`[[ ]]`, arrays, `pipefail`), and a plain `sh` reads it.",
        remedy: &[
            "say `shell: bash` on the step, or under `defaults.run`",
            "begin scripts with `#!/usr/bin/env bash` and run them as `./script`, not `sh script`",
            "in a container without bash install it first, or write for `sh`",
        ],
    },
];
