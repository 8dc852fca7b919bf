//! G0 to G6: what is asked before the workflow's own `on:`.

use super::{Row, YES, check, row};

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
