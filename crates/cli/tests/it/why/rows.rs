//! The gates of a workflow, row by row, each with a real repository and diff.

use super::{explain, repository, workflow};

/// One row of the reference: what happened in the repository, what is asked, what is answered.
struct Row {
    name: &'static str,
    on: &'static str,
    /// Bash, in the repository, after the first commit on `main`.
    script: &'static str,
    args: &'static str,
    runs: &'static str,
    gate: &'static str,
    /// Part of the reason, or of a note when it begins with `note:`.
    says: &'static str,
}

const fn row(
    name: &'static str,
    on: &'static str,
    script: &'static str,
    args: &'static str,
    answer: (&'static str, &'static str, &'static str),
) -> Row {
    Row { name, on, script, args, runs: answer.0, gate: answer.1, says: answer.2 }
}

fn check(rows: &[Row]) {
    for row in rows {
        let repository = repository(row.on);
        let other = workflow("[issues, pull_request_target]").replace('\'', "'\\''");
        let script = format!("OTHER='{other}'\n{}", row.script);
        repository.script(&script).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let args: Vec<&str> = row.args.split_whitespace().collect();
        let answer = explain(&repository, &args);
        let workflows = answer["workflows"].as_array().expect("workflows");
        let one = workflows.iter().find(|one| one["path"].as_str().is_some_and(|path| path.ends_with("w.yml")));
        let one = one.unwrap_or_else(|| panic!("{}: no such workflow in {answer:#}", row.name));
        let got = (one["runs"].as_str().unwrap_or_default(), one["gate"].as_str().unwrap_or_default());
        assert_eq!(got, (row.runs, row.gate), "{}: {one:#}", row.name);
        let said = match row.says.strip_prefix("note: ") {
            Some(note) => one["notes"].to_string().contains(note),
            None => one["reason"].as_str().unwrap_or_default().contains(row.says),
        };
        assert!(said, "{}: `{}` is not said in {one:#}", row.name, row.says);
        let stopped = one["gates"].as_array().expect("gates").iter().find(|gate| gate["state"] == "stopped");
        let expected = if matches!(row.runs, "no" | "awaits_approval") { Some(row.gate) } else { None };
        assert_eq!(stopped.and_then(|gate| gate["code"].as_str()), expected, "{}: the gate that stopped it", row.name);
    }
}

const YES: (&str, &str, &str) = ("yes", "trigger/event", "");
const PUSH_PATHS: &str = "{push: {paths: ['src/**']}}";

#[test]
fn g0_switched_off() {
    check(&[
        row("off", "push", "", "push --disabled", ("no", "trigger/enabled", "switched off")),
        row("on", "push", "", "push", YES),
    ]);
}

#[test]
fn g1_the_revision_of_the_file() {
    let branch = "git checkout -q -b x; printf '%s' \"$OTHER\" > .github/workflows/w.yml; git commit -qam other";
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let back = leak(format!("{branch}; git checkout -q main"));
    let only_here = "git rm -q .github/workflows/w.yml; git commit -qm none; git checkout -q -b x; git checkout -q HEAD~1 -- .github; git commit -qm again";
    let merged = "git checkout -q -b x; echo b >> src/a.c; git commit -qam b; git checkout -q main; \
                  sed -i 's/^on: .*/on: pull_request/' .github/workflows/w.yml; git commit -qam on";
    check(&[
        row(
            "push: the pushed commit's file",
            "push",
            back,
            "push --ref x",
            ("no", "trigger/event", "`push` is not under `on`"),
        ),
        row("push: what is checked out", "push", back, "push", YES),
        row(
            "create: the commit's file",
            "create",
            back,
            "create --ref x",
            ("no", "trigger/event", "`create` is not under"),
        ),
        row("pull_request: the merge commit's file", "issues", merged, "pr --head x", YES),
        row(
            "pull_request_target: the default branch's file",
            "push",
            branch,
            "pull_request_target",
            ("no", "trigger/event", "is not under `on`"),
        ),
        row(
            "pull_request_target: only on the branch",
            "pull_request_target",
            only_here,
            "pull_request_target",
            ("no", "trigger/revision", "default branch"),
        ),
        row("issues: only on the branch", "issues", only_here, "issues", ("no", "trigger/revision", "default branch")),
        row(
            "schedule: only on the branch",
            "{schedule: [{cron: '0 4 * * *'}]}",
            only_here,
            "schedule",
            ("no", "trigger/revision", "default branch"),
        ),
        row(
            "workflow_dispatch: only on the branch",
            "workflow_dispatch",
            only_here,
            "workflow_dispatch",
            ("no", "trigger/revision", "default branch"),
        ),
        row(
            "workflow_dispatch: the chosen ref's file",
            "workflow_dispatch",
            back,
            "workflow_dispatch --ref x",
            ("no", "trigger/event", "is not under `on`"),
        ),
        row("push: only on the branch", "push", only_here, "push", YES),
        row("release: only on the branch", "release", only_here, "release published", YES),
        row("merge_group: only on the branch", "merge_group", only_here, "merge_group", YES),
        row("deployment: only on the branch", "deployment", only_here, "deployment", YES),
        row(
            "not in the directory",
            "push",
            "mkdir ci; git mv .github/workflows/w.yml ci/w.yml; git commit -qm moved",
            "push --github -W ci/w.yml",
            ("no", "trigger/revision", "only files directly in `.github/workflows`"),
        ),
        row(
            "a deleted branch",
            "push",
            "git branch x",
            "push delete --ref x",
            ("no", "trigger/revision", "was deleted"),
        ),
    ]);
}

#[test]
fn g1_events_that_need_the_default_branch() {
    let only_here = "git rm -q .github/workflows/w.yml; git commit -qm none; git checkout -q -b x; git checkout -q HEAD~1 -- .github; git commit -qm again";
    for event in [
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "delete",
        "discussion",
        "discussion_comment",
        "fork",
        "gollum",
        "issue_comment",
        "issues",
        "label",
        "milestone",
        "page_build",
        "public",
        "registry_package",
        "repository_dispatch",
        "status",
        "watch",
        "workflow_dispatch",
    ] {
        check(&[
            row(event, event, only_here, event, ("no", "trigger/revision", "default branch")),
            row(event, event, "", event, YES),
        ]);
    }
}

#[test]
fn g2_invalid_files() {
    let broken = "sed -i 's/runs-on/runs_on/' .github/workflows/w.yml; git commit -qam broken";
    check(&[
        row(
            "a push, whatever the filters",
            "{push: {branches: [other]}}",
            broken,
            "push",
            ("no", "trigger/valid", "failed run without jobs"),
        ),
        row("another event", "issues", broken, "issues", ("no", "trigger/valid", "the workflow file is invalid")),
    ]);
}

#[test]
fn g3_events_that_are_not_made() {
    check(&[
        row("5,000 branches", "push", "", "push --at-once 5000", YES),
        row("5,001 branches", "push", "", "push --at-once 5001", ("no", "trigger/event-limits", "5001 branches")),
        row("three tags", "push", "git tag v1; git tag v2; git tag v3", "tag v1 v2 v3", YES),
        row("four tags", "push", "git tag v1", "tag v1 v2 v3 v4", ("no", "trigger/event-limits", "4 tags")),
        row(
            "an inactive deployment",
            "deployment_status",
            "echo '{\"deployment_status\": {\"state\": \"inactive\"}}' > e.json",
            "deployment_status -e e.json",
            ("no", "trigger/event-limits", "inactive"),
        ),
        row(
            "a check made by a workflow",
            "check_run",
            "echo '{\"check_run\": {\"app\": {\"slug\": \"github-actions\"}}}' > e.json",
            "check_run -e e.json",
            ("no", "trigger/event-limits", "checks made by workflows"),
        ),
        row(
            "a draft of a release",
            "release",
            "echo '{\"release\": {\"draft\": true}}' > e.json",
            "release created -e e.json",
            ("no", "trigger/event-limits", "drafts"),
        ),
        row("a chain of three", "{workflow_run: {workflows: [CI]}}", "", "workflow_run --workflow CI --chain 3", YES),
        row(
            "a chain of four",
            "{workflow_run: {workflows: [CI]}}",
            "",
            "workflow_run --workflow CI --chain 4",
            ("no", "trigger/event-limits", "number 4 in a chain"),
        ),
        row(
            "requested of a repetition",
            "{workflow_run: {workflows: [CI]}}",
            "",
            "workflow_run requested --workflow CI --rerun",
            ("no", "trigger/event-limits", "`requested` does not happen"),
        ),
    ]);
}

#[test]
fn g4_who_caused_it() {
    check(&[
        row("push of a job", "push", "", "push --github-token", ("no", "trigger/actor", "GITHUB_TOKEN")),
        row("issues of a job", "issues", "", "issues --github-token", ("no", "trigger/actor", "GITHUB_TOKEN")),
        row("dispatch of a job", "workflow_dispatch", "", "workflow_dispatch --github-token", YES),
        row("repository_dispatch of a job", "repository_dispatch", "", "repository_dispatch --github-token", YES),
        row(
            "pull request of a job",
            "pull_request",
            "git checkout -q -b x",
            "pr --github-token",
            ("awaits_approval", "trigger/approval", "GITHUB_TOKEN"),
        ),
        row(
            "a label by a job",
            "{pull_request: {types: [labeled]}}",
            "",
            "pr --action labeled --github-token",
            ("no", "trigger/actor", "GITHUB_TOKEN"),
        ),
    ]);
}

#[test]
fn g5_skip_instructions() {
    let mut rows: Vec<Row> = Vec::new();
    for words in ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"] {
        let script: &'static str = Box::leak(format!("git commit -q --allow-empty -m 'fix {words}'").into_boxed_str());
        rows.push(row("push", "push", script, "push", ("no", "trigger/skip-instruction", words)));
        let script: &'static str = Box::leak(format!("git checkout -q -b x; {script}").into_boxed_str());
        rows.push(row("pull request", "pull_request", script, "pr", ("no", "trigger/skip-instruction", words)));
        rows.push(row("not for the target", "pull_request_target", script, "pull_request_target", YES));
    }
    rows.push(row(
        "a trailer after two empty lines",
        "push",
        "git commit -q --cleanup=verbatim --allow-empty -m \"$(printf 'fix\\n\\n\\nskip-checks: true')\"",
        "push",
        ("no", "trigger/skip-instruction", "skip-checks"),
    ));
    rows.push(row(
        "a trailer after one",
        "push",
        "git commit -q --allow-empty -m \"$(printf 'fix\\n\\nskip-checks: true')\"",
        "push",
        YES,
    ));
    rows.push(row(
        "an earlier commit: undetermined",
        "push",
        "git update-ref refs/remotes/origin/main HEAD; git commit -q --allow-empty -m '[skip ci] one'; git commit -q --allow-empty -m two",
        "push",
        ("yes", "trigger/event", "note: undetermined: an earlier commit of this push says `[skip ci]`"),
    ));
    check(&rows);
}

#[test]
fn g6_conflicts() {
    let conflict = "git checkout -q -b x; echo x > src/a.c; git commit -qam x; git checkout -q main; echo y > src/a.c; git commit -qam y";
    check(&[
        row(
            "they conflict",
            "pull_request",
            conflict,
            "pr --head x",
            ("no", "trigger/mergeable", "conflicts with its base"),
        ),
        row("the target does not mind", "pull_request_target", conflict, "pull_request_target --head x", YES),
        row(
            "they merge",
            "pull_request",
            "git checkout -q -b x; echo x > new; git add -A; git commit -qm x; git checkout -q main",
            "pr --head x",
            YES,
        ),
    ]);
}

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
