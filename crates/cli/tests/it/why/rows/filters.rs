//! G7 to G10: the event, its filters, approval.

use super::{PUSH_PATHS, YES, check, row};

#[test]
fn g7_events_and_types() {
    check(&[
        row(
            "not under on",
            "[issues, push]",
            "",
            "watch",
            ("no", "trigger/event", "`watch` is not under `on`, which has `issues`, `push`"),
        ),
        row("opened by default", "pull_request", "", "pr", YES),
        row("synchronize by default", "pull_request", "", "pr --action synchronize", YES),
        row("reopened by default", "pull_request", "", "pr --action reopened", YES),
        row(
            "labeled is no default",
            "pull_request",
            "",
            "pr --action labeled",
            ("no", "trigger/event", "none of the defaults"),
        ),
        row(
            "closed is no default of the target",
            "pull_request_target",
            "",
            "pull_request_target closed",
            ("no", "trigger/event", "none of the defaults"),
        ),
        row("types", "{pull_request: {types: [labeled]}}", "", "pr --action labeled", YES),
        row(
            "types leave the defaults out",
            "{pull_request: {types: [labeled]}}",
            "",
            "pr",
            ("no", "trigger/event", "`opened` is not under `types`"),
        ),
        row("others have all types", "issues", "", "issues demilestoned", YES),
        row("a release", "{release: {types: [published]}}", "", "release published", YES),
        row(
            "another type of release",
            "{release: {types: [published]}}",
            "",
            "release created",
            ("no", "trigger/event", "`created` is not under `types`"),
        ),
        row("a custom type", "{repository_dispatch: {types: [deploy]}}", "", "repository_dispatch deploy", YES),
        row(
            "another custom type",
            "{repository_dispatch: {types: [deploy]}}",
            "",
            "repository_dispatch other",
            ("no", "trigger/event", "event type `other`"),
        ),
        row(
            "workflow_run of another workflow",
            "{workflow_run: {workflows: [CI]}}",
            "",
            "workflow_run --workflow Lint",
            ("no", "trigger/event", "workflow `Lint`"),
        ),
        row(
            "any conclusion",
            "{workflow_run: {workflows: [CI]}}",
            "echo '{\"workflow_run\": {\"name\": \"CI\", \"conclusion\": \"failure\"}}' > e.json",
            "workflow_run -e e.json",
            YES,
        ),
        row("merge_group", "merge_group", "", "merge_group", YES),
        row(
            "a cron line that is due",
            "{schedule: [{cron: '0 4 * * *'}, {cron: '30 5 * * 1'}]}",
            "",
            "schedule --at 2026-12-01T04:00",
            YES,
        ),
        row(
            "one that is not",
            "{schedule: [{cron: '0 4 * * *'}]}",
            "",
            "schedule --at 2026-12-01T05:00",
            ("no", "trigger/event", "none of the cron lines"),
        ),
        row(
            "a time zone",
            "{schedule: [{cron: '0 4 * * *', timezone: 'Europe/Berlin'}]}",
            "",
            "schedule --at 2026-12-01T03:00",
            YES,
        ),
        row(
            "may be late or dropped",
            "{schedule: [{cron: '0 4 * * *'}]}",
            "",
            "schedule",
            ("yes", "trigger/event", "note: undetermined: GitHub may start scheduled runs late"),
        ),
    ]);
}

#[test]
fn g8_refs() {
    let both = "{push: {branches: [main, 'release/**'], tags: ['v*']}}";
    check(&[
        row(
            "only branches: a branch",
            "{push: {branches: [main]}}",
            "",
            "push",
            ("yes", "trigger/ref", "`main` matches `main`"),
        ),
        row(
            "only branches: another",
            "{push: {branches: [main]}}",
            "git checkout -q -b dev",
            "push",
            ("no", "trigger/ref", "matches nothing under `branches`"),
        ),
        row(
            "only branches: a tag",
            "{push: {branches: [main]}}",
            "",
            "tag v1",
            ("no", "trigger/ref", "only branches are filtered"),
        ),
        row(
            "only tags: a branch",
            "{push: {tags: ['v*']}}",
            "",
            "push",
            ("no", "trigger/ref", "only tags are filtered"),
        ),
        row("only tags: a tag", "{push: {tags: ['v*']}}", "", "tag v1", ("yes", "trigger/ref", "`v1` matches")),
        row("both: a branch", both, "git checkout -q -b release/1", "push", ("yes", "trigger/ref", "`release/**`")),
        row("both: a tag", both, "", "tag x1", ("no", "trigger/ref", "matches nothing under `tags`")),
        row("neither: a tag", "push", "", "tag x1", YES),
        row(
            "ignored",
            "{push: {branches-ignore: ['wip/**']}}",
            "git checkout -q -b wip/a",
            "push",
            ("no", "trigger/ref", "is left out by `wip/**`"),
        ),
        row(
            "order: taken away",
            "{push: {branches: ['**', '!wip/**']}}",
            "git checkout -q -b wip/a",
            "push",
            ("no", "trigger/ref", "taken away by `!wip/**`"),
        ),
        row(
            "order: given back",
            "{push: {branches: ['!wip/**', '**']}}",
            "git checkout -q -b wip/a",
            "push",
            ("yes", "trigger/ref", ""),
        ),
        row("only negations", "{push: {branches: ['!wip/**']}}", "", "push", ("no", "trigger/valid", "")),
        row(
            "branches and branches-ignore",
            "{push: {branches: [main], branches-ignore: [x]}}",
            "",
            "push",
            ("no", "trigger/valid", ""),
        ),
        row(
            "pull requests: the base",
            "{pull_request: {branches: [main]}}",
            "git checkout -q -b x",
            "pr",
            ("yes", "trigger/ref", "the base branch `main`"),
        ),
        row(
            "pull requests: never the head",
            "{pull_request: {branches: [x]}}",
            "git checkout -q -b x",
            "pr",
            ("no", "trigger/ref", "the base branch `main` matches nothing"),
        ),
        row(
            "another base",
            "{pull_request: {branches: ['release/**']}}",
            "git branch release/1; git checkout -q -b x",
            "pr --base release/1",
            ("yes", "trigger/ref", ""),
        ),
        row(
            "workflow_run: the branch of the run",
            "{workflow_run: {workflows: [CI], branches: [dev]}}",
            "echo '{\"workflow_run\": {\"name\": \"CI\", \"head_branch\": \"dev\"}}' > e.json",
            "workflow_run -e e.json",
            ("yes", "trigger/ref", "`dev`"),
        ),
        row(
            "merge_group: the branch merged into",
            "{merge_group: {branches: [dev]}}",
            "",
            "merge_group",
            ("no", "trigger/ref", "`main` matches nothing"),
        ),
        row(
            "case: undetermined",
            "{push: {branches: [main]}}",
            "git checkout -q -b Main",
            "push",
            ("no", "trigger/ref", "note: undetermined: `Main` would match `main` if case did not matter"),
        ),
        row(
            "`!` in an -ignore list: undetermined",
            "{push: {branches-ignore: ['wip/**', '!wip/keep']}}",
            "git checkout -q -b wip/keep",
            "push",
            ("yes", "trigger/ref", "note: undetermined: GitHub does not document `!` in an `-ignore` list"),
        ),
        row(
            "unknown branch with a + pattern",
            "{push: {branches: ['v[12].[0-9]+']}}",
            "git checkout -q -b v1.10",
            "push",
            ("yes", "trigger/ref", ""),
        ),
    ]);
}

#[test]
fn g9_paths_of_pushes() {
    check(&[
        row(
            "one file matches",
            PUSH_PATHS,
            "echo b >> src/a.c; echo b >> docs/a.md; git commit -qam b",
            "push",
            ("yes", "trigger/paths", "`src/a.c` changed, which matches `src/**`"),
        ),
        row(
            "none matches",
            PUSH_PATHS,
            "echo b >> docs/a.md; git commit -qam b",
            "push",
            ("no", "trigger/paths", "`docs/a.md`, matches nothing under `paths`"),
        ),
        row(
            "the last match wins",
            "{push: {paths: ['docs/**', '!docs/drafts/**']}}",
            "mkdir docs/drafts; echo b > docs/drafts/a; git add -A; git commit -qm b",
            "push",
            ("no", "trigger/paths", ""),
        ),
        row(
            "ignored: all files",
            "{push: {paths-ignore: ['docs/**', '**.md']}}",
            "echo b >> docs/a.md; echo b > README.md; git add -A; git commit -qm b",
            "push",
            ("no", "trigger/paths", "all 2 changed files are left out"),
        ),
        row(
            "ignored: not all",
            "{push: {paths-ignore: ['docs/**']}}",
            "echo b >> docs/a.md; echo b >> src/a.c; git commit -qam b",
            "push",
            ("yes", "trigger/paths", "`src/a.c` changed"),
        ),
        row(
            "no files",
            PUSH_PATHS,
            "git commit -q --allow-empty -m none",
            "push",
            ("no", "trigger/paths", "no files changed"),
        ),
        row(
            "branches and paths",
            "{push: {branches: [other], paths: ['src/**']}}",
            "echo b >> src/a.c; git commit -qam b",
            "push",
            ("no", "trigger/ref", ""),
        ),
        row(
            "a tag, whatever the paths",
            PUSH_PATHS,
            "echo b >> docs/a.md; git commit -qam b; git tag v1",
            "tag v1",
            ("yes", "trigger/paths", "not looked at for tags"),
        ),
        row(
            "all commits of the push",
            PUSH_PATHS,
            "git update-ref refs/remotes/origin/main HEAD; echo b >> src/a.c; git commit -qam b; echo b >> docs/a.md; git commit -qam c",
            "push",
            ("yes", "trigger/paths", "`src/a.c`"),
        ),
        row(
            "a revert within the push does not count",
            PUSH_PATHS,
            "git update-ref refs/remotes/origin/main HEAD; echo b >> src/a.c; git commit -qam b; git revert --no-edit HEAD -q 2>/dev/null || git revert --no-edit HEAD; echo b >> docs/a.md; git commit -qam c",
            "push",
            ("no", "trigger/paths", ""),
        ),
        row(
            "a new branch: since it left the default branch",
            PUSH_PATHS,
            "git checkout -q -b x; echo b >> src/a.c; git commit -qam b; echo b >> docs/a.md; git commit -qam c",
            "push",
            ("yes", "trigger/paths", "`src/a.c`"),
        ),
        row(
            "a new branch from elsewhere",
            PUSH_PATHS,
            "git checkout -q -b x; echo b >> src/a.c; git commit -qam b; git checkout -q main",
            "push --ref x",
            ("yes", "trigger/paths", "`src/a.c`"),
        ),
        row(
            "from a commit",
            PUSH_PATHS,
            "echo b >> src/a.c; git commit -qam b; echo b >> docs/a.md; git commit -qam c",
            "push --before HEAD~2",
            ("yes", "trigger/paths", "`src/a.c`"),
        ),
        row(
            "forced, the commit before is unknown",
            PUSH_PATHS,
            "git checkout -q -b x; echo b >> src/a.c; git commit -qam b; echo b >> docs/a.md; git commit -qam c",
            "push --before 1111111111111111111111111111111111111111",
            ("yes", "trigger/paths", "`src/a.c`"),
        ),
        row(
            "uncommitted changes",
            PUSH_PATHS,
            "git commit -q --allow-empty -m none; echo b >> src/a.c",
            "push",
            ("yes", "trigger/paths", "`src/a.c`"),
        ),
        row(
            "without them",
            PUSH_PATHS,
            "git commit -q --allow-empty -m none; echo b >> src/a.c",
            "push --clean",
            ("no", "trigger/paths", "no files"),
        ),
        row(
            "a submodule is its path",
            "{push: {paths: [vendor/lib]}}",
            "git update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,vendor/lib; git commit -qm sub",
            "push --clean",
            ("yes", "trigger/paths", "`vendor/lib` changed"),
        ),
        row(
            "a submodule has no files",
            "{push: {paths: ['vendor/lib/**']}}",
            "git update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,vendor/lib; git commit -qm sub",
            "push --clean",
            ("no", "trigger/paths", ""),
        ),
        row(
            "a rename, by the old path: undetermined",
            PUSH_PATHS,
            "seq 50 > src/b.c; git add -A; git commit -qm b; git mv src/b.c lib.c; git commit -qm moved",
            "push",
            ("yes", "trigger/paths", "note: undetermined: `src/b.c` was renamed to `lib.c`"),
        ),
        row(
            "exactly these",
            PUSH_PATHS,
            "",
            "push --files docs/x.md,src/new.c",
            ("yes", "trigger/paths", "`src/new.c`"),
        ),
        row("nothing committed before", PUSH_PATHS, "", "push", ("yes", "trigger/paths", "`src/a.c`")),
    ]);
}

#[test]
fn g9_limits_of_github() {
    let many = "mkdir many; for i in $(seq 1000 1300); do echo $i > many/$i; done; echo b > z.c; git add -A; git commit -qm many";
    let commits = "git update-ref refs/remotes/origin/main HEAD; { for i in $(seq 1001); do echo \"commit refs/heads/main\"; echo \"committer a <a@b> $i +0000\"; \
                   echo 'data 1'; echo x; [ $i = 1 ] && echo \"from $(git rev-parse HEAD)\"; echo \"M 100644 inline docs/n\"; echo \"data ${#i}\"; echo $i; done; } | git fast-import --quiet --force; git reset -q --hard";
    check(&[
        row(
            "a match after 300 files, here",
            "{push: {paths: ['z.c']}}",
            many,
            "push",
            ("yes", "trigger/paths", "GitHub looks at the first 300 files only"),
        ),
        row(
            "a match after 300 files, on GitHub",
            "{push: {paths: ['z.c']}}",
            many,
            "push --github",
            ("no", "trigger/paths", "none of the first 300 of 302"),
        ),
        row(
            "the order of the 300: undetermined",
            "{push: {paths: ['z.c']}}",
            many,
            "push --github",
            ("no", "trigger/paths", "note: undetermined: GitHub looks at 300 of the 302 changed files"),
        ),
        row(
            "more than 1,000 commits, on GitHub",
            PUSH_PATHS,
            commits,
            "push --github",
            ("yes", "trigger/paths", "too large"),
        ),
        row("more than 1,000 commits, here", PUSH_PATHS, commits, "push", ("no", "trigger/paths", "")),
    ]);
}

#[test]
fn g9_paths_of_pull_requests() {
    let paths = "{pull_request: {paths: ['src/**']}}";
    check(&[
        row(
            "the whole pull request counts",
            paths,
            "git checkout -q -b x; echo b >> src/a.c; git commit -qam b; echo b >> docs/a.md; git commit -qam c",
            "pr",
            ("yes", "trigger/paths", "`src/a.c`"),
        ),
        row(
            "what the base has got since does not",
            paths,
            "git checkout -q -b x; echo b >> docs/a.md; git commit -qam b; git checkout -q main; echo c >> src/a.c; git commit -qam c",
            "pr --head x",
            ("no", "trigger/paths", "`docs/a.md`"),
        ),
        row(
            "the target too",
            "{pull_request_target: {paths: ['src/**']}}",
            "git checkout -q -b x; echo b >> docs/a.md; git commit -qam b",
            "pull_request_target",
            ("no", "trigger/paths", ""),
        ),
    ]);
}

#[test]
fn g10_approval() {
    check(&[
        row(
            "a first contribution from a fork",
            "pull_request",
            "git checkout -q -b x",
            "pr --fork --first-time",
            ("awaits_approval", "trigger/approval", "first contribution"),
        ),
        row("a known contributor", "pull_request", "git checkout -q -b x", "pr --fork", YES),
        row(
            "a fork of a private repository",
            "pull_request",
            "git checkout -q -b x",
            "pr --fork --private",
            ("no", "trigger/approval", "private repository"),
        ),
        row(
            "filters first",
            "{pull_request: {branches: [other]}}",
            "git checkout -q -b x",
            "pr --fork --first-time",
            ("no", "trigger/ref", ""),
        ),
    ]);
}
