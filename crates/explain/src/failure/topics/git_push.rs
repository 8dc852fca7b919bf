//! git: pushing.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "git-push-rejected",
        title: "somebody pushed before",
        hints: &["[rejected]"],
        patterns: &[r"^\s*! \[rejected\]\s+(?P<what>.+?) \((?:fetch first|non-fast-forward)\)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the branch on the server has commits that this job does not have ({what}).",
        remedy: &[
            "take them in and push again: `git pull --rebase && git push`",
            "let only one run push at a time: `concurrency: { group: push-main }`",
        ],
    },
    Entry {
        id: "git-hook-declined",
        title: "the server declined the push",
        hints: &["[remote rejected]", "protected branch hook declined"],
        patterns: &[r"! \[remote rejected\]\s+(?P<what>.+?) \((?P<why>[^)]*declined[^)]*)\)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "a rule of the server refused {what} ({why}), most often the protection of the branch; lines that begin with `remote:` say why.",
        remedy: &[
            "open a pull request instead of pushing to the branch",
            "let the identity that pushes bypass the rule, if it should",
        ],
    },
    Entry {
        id: "git-refspec-unknown",
        title: "there is no such local branch",
        hints: &["does not match any"],
        patterns: &[r"^error: src refspec (?P<name>\S+) does not match any"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "nothing here is called `{name}`: checkout leaves HEAD without a branch for tags and pull requests.",
        remedy: &[
            "push what is checked out: `git push origin HEAD:{name}`",
            "check out the branch: `actions/checkout` with `ref: ${{ github.head_ref }}`",
        ],
    },
    Entry {
        id: "git-identity-missing",
        title: "git does not know who commits",
        hints: &["Please tell me who you are", "empty ident name", "unable to auto-detect email"],
        patterns: &[r"Please tell me who you are", r"empty ident name"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "a commit needs a name and an address, and the machine of a job has none.",
        remedy: &["set them in the step: `git config user.name \"ci\"; git config user.email \"ci@example.com\"`"],
    },
];
