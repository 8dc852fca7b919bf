//! git: histories, tags and merges in a clone that may be shallow.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "git-unknown-revision",
        title: "git does not know the revision",
        hints: &["unknown revision or path not in the working tree"],
        patterns: &[r"ambiguous argument '(?P<revision>[^']+)': unknown revision"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the clone does not have `{revision}`: checkout fetches one commit and one branch unless told otherwise.",
        remedy: &[
            "fetch the history: `uses: actions/checkout@v4` with `fetch-depth: 0`",
            "or just what is compared: `git fetch --depth=1 origin main`",
        ],
    },
    Entry {
        id: "git-shallow-merge-base",
        title: "the clone is too shallow for a comparison",
        hints: &["no merge base"],
        patterns: &[r"^fatal: (?P<range>\S+): no merge base"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "a comparison with three dots needs the commit from which both sides came, and the shallow clone does not reach back to it.",
        remedy: &[
            "fetch the history: `uses: actions/checkout@v4` with `fetch-depth: 0`",
            "or compare the two trees as they are, with two dots",
        ],
    },
    Entry {
        id: "git-describe-no-tags",
        title: "there is no tag to describe from",
        hints: &["cannot describe anything"],
        patterns: &[r"^fatal: No (?:names|tags) .*cannot describe anything"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`git describe` needs a tag, and checkout fetches none unless told otherwise.",
        remedy: &[
            "check out with `fetch-depth: 0` (or `fetch-tags: true` where the tag is on the fetched commit)",
            "for repositories without tags yet: `git describe --always`",
        ],
    },
    Entry {
        id: "git-merge-conflict",
        title: "a merge has conflicts",
        hints: &["CONFLICT (", "Automatic merge failed"],
        patterns: &[r"^CONFLICT \((?P<kind>[^)]+)\)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "both sides changed the same lines ({kind}), and no person is there to choose.",
        remedy: &[
            "merge or rebase the branch by hand and push it",
            "a job that keeps a branch up to date may choose a side: `git merge -X theirs`, where that is right",
        ],
    },
    Entry {
        id: "git-unrelated-histories",
        title: "two branches have no common history",
        hints: &["refusing to merge unrelated histories"],
        patterns: &[r"^fatal: refusing to merge unrelated histories"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "git sees no common commit: the clone is shallow, or the branch was made anew.",
        remedy: &[
            "check out with `fetch-depth: 0`",
            "if the branch really has a root of its own: `--allow-unrelated-histories`",
        ],
    },
    Entry {
        id: "git-tag-exists",
        title: "the tag exists already",
        hints: &["already exists"],
        patterns: &[r"^fatal: tag '(?P<tag>[^']+)' already exists"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the job makes the tag {tag}, which an earlier run made.",
        remedy: &[
            "raise the version before, or skip the release when the tag is there: `git rev-parse -q --verify \"refs/tags/{tag}\"`",
        ],
    },
    Entry {
        id: "git-nothing-to-commit",
        title: "there is nothing to commit",
        hints: &["nothing to commit"],
        patterns: &[r"^nothing to commit, working tree clean|^nothing added to commit"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`git commit` fails when nothing changed, which in a job is often the good case.",
        remedy: &["commit only if there is a change: `git diff --cached --quiet || git commit -m …`"],
    },
];
