//! Path filters and the diff they look at.

use trigger::{ChangedFile, ChangedFiles, Event, Gate, Runs, Settings, Verdict, verdict};

use crate::workflow::{On, on, pull_request, push, tag};

fn changed(files: &[&str]) -> Event {
    Event { changed: ChangedFiles::known(files.iter().copied()), ..push("main") }
}

fn judge(on: On, event: &Event) -> Verdict {
    verdict(&on.workflow(), event, &Settings::local())
}

#[test]
fn one_selected_file_is_enough() {
    let rows: &[(&[&str], &[&str], Runs)] = &[
        (&["src/**"], &["src/a.rs"], Runs::Yes),
        (&["src/**"], &["README.md", "src/a.rs"], Runs::Yes),
        (&["src/**"], &["README.md"], Runs::No),
        (&["**.js", "!vendor/**"], &["vendor/a.js"], Runs::No),
        (&["**.js", "!vendor/**"], &["vendor/a.js", "b.js"], Runs::Yes),
        (&["!vendor/**", "**.js"], &["vendor/a.js"], Runs::Yes),
        (&["sub/**", "!sub/docs/**"], &["sub/docs/a"], Runs::No),
        (&["**"], &[], Runs::No),
    ];
    for (patterns, files, runs) in rows {
        let verdict = judge(on("push").filter("paths", patterns), &changed(files));
        assert_eq!((verdict.runs, verdict.gate), (*runs, Gate::Paths), "{patterns:?} {files:?}: {}", verdict.reason);
    }
}

#[test]
fn ignoring_needs_every_file() {
    let rows: &[(&[&str], &[&str], Runs)] = &[
        (&["docs/**"], &["docs/a.md"], Runs::No),
        (&["docs/**"], &["docs/a.md", "src/a.rs"], Runs::Yes),
        (&["docs/**", "**.md"], &["docs/a.txt", "README.md"], Runs::No),
        (&["docs/**", "!docs/api/**"], &["docs/api/a"], Runs::Yes),
        (&["docs/**"], &[], Runs::No),
    ];
    for (patterns, files, runs) in rows {
        let verdict = judge(on("push").filter("paths-ignore", patterns), &changed(files));
        assert_eq!((verdict.runs, verdict.gate), (*runs, Gate::Paths), "{patterns:?} {files:?}: {}", verdict.reason);
    }
}

#[test]
fn branches_and_paths_must_both_hold() {
    let listen = || on("push").filter("branches", &["main"]).filter("paths", &["src/**"]);
    let rows = [
        ("main", "src/a", Runs::Yes, Gate::Paths),
        ("main", "x", Runs::No, Gate::Paths),
        ("dev", "src/a", Runs::No, Gate::Ref),
    ];
    for (branch, file, runs, gate) in rows {
        let event = Event { ref_name: branch.to_owned(), ..changed(&[file]) };
        let verdict = judge(listen(), &event);
        assert_eq!((verdict.runs, verdict.gate), (runs, gate), "{branch} {file}");
    }
}

#[test]
fn tags_run_whatever_the_paths() {
    let event = Event { changed: ChangedFiles::known(["README.md"]), ..tag("v1") };
    assert_eq!(judge(on("push").filter("paths", &["src/**"]), &event).runs, Runs::Yes);
    // With `tags` the tag has to match; with `branches` no tag runs at all.
    assert_eq!(judge(on("push").filter("tags", &["x*"]).filter("paths", &["src/**"]), &event).runs, Runs::No);
    assert_eq!(judge(on("push").filter("branches", &["**"]).filter("paths", &["src/**"]), &event).runs, Runs::No);
}

#[test]
fn pull_requests_have_path_filters_and_other_events_do_not() {
    let event = Event { changed: ChangedFiles::known(["README.md"]), ..pull_request("main", "x") };
    for name in ["pull_request", "pull_request_target"] {
        let event = Event { name: name.to_owned(), ..event.clone() };
        assert_eq!(judge(on(name).filter("paths", &["src/**"]), &event).runs, Runs::No, "{name}");
    }
    let dispatch = Event { changed: ChangedFiles::known(["README.md"]), ..Event::new("workflow_dispatch") };
    assert_eq!(judge(on("workflow_dispatch").filter("paths", &["src/**"]), &dispatch).runs, Runs::Yes);
}

#[test]
fn both_names_of_a_rename_count() {
    let event =
        Event { changed: ChangedFiles::Known(vec![ChangedFile::renamed("src/a.rs", "old/a.rs")]), ..push("main") };
    assert_eq!(judge(on("push").filter("paths", &["src/**"]), &event).runs, Runs::Yes);
    assert_eq!(judge(on("push").filter("paths", &["old/**"]), &event).runs, Runs::Yes);
    assert_eq!(judge(on("push").filter("paths-ignore", &["old/**"]), &event).runs, Runs::Yes);
}

#[test]
fn too_large_a_change_runs_and_an_unknown_one_is_undetermined() {
    let large = Event { changed: ChangedFiles::TooMany, ..push("main") };
    let unknown = Event { changed: ChangedFiles::Unknown("the commit before is not here".to_owned()), ..push("main") };
    for key in ["paths", "paths-ignore"] {
        assert_eq!(judge(on("push").filter(key, &["x"]), &large).runs, Runs::Yes, "{key}");
        let verdict = judge(on("push").filter(key, &["x"]), &unknown);
        assert_eq!((verdict.runs, verdict.gate, verdict.starts()), (Runs::Undetermined, Gate::Paths, true), "{key}");
        assert!(verdict.reason.ends_with("the commit before is not here"), "{}", verdict.reason);
    }
    assert_eq!(judge(on("push"), &unknown).runs, Runs::Yes);
}

#[test]
fn github_looks_at_300_files() {
    let mut files: Vec<String> = (0..300).map(|number| format!("docs/{number:03}.md")).collect();
    files.push("src/late.rs".to_owned());
    let event = Event { changed: ChangedFiles::known(files), ..push("main") };
    let rows = [("paths", "src/**"), ("paths-ignore", "docs/**")];
    for (key, pattern) in rows {
        let workflow = on("push").filter(key, &[pattern]).workflow();
        let here = verdict(&workflow, &event, &Settings::local());
        assert_eq!(here.runs, Runs::Yes, "{key}");
        assert!(here.reason.contains("GitHub looks at the first 300 files only"), "{}", here.reason);
        let there = verdict(&workflow, &event, &Settings { github_compat_300: true, ..Settings::local() });
        assert_eq!(there.runs, Runs::No, "{key}");
        assert!(there.reason.contains("first 300 of 301"), "{}", there.reason);
        assert_eq!((there.evidence.len(), there.evidence_omitted), (100, 201));
    }
}

#[test]
fn the_verdict_names_the_file_and_the_pattern() {
    let workflow = on("push").filter("paths", &["lib/**", "src/**"]).workflow();
    let verdict = verdict(&workflow, &changed(&["README.md", "src/a.rs"]), &Settings::local());
    assert_eq!(verdict.reason, "`src/a.rs` changed, which matches `src/**` of `paths`");
    let filter = workflow.on.events[0].paths.as_ref().expect("paths");
    assert_eq!(verdict.span, Some(filter.patterns[1].span));
    assert_eq!(verdict.evidence[0].subject, "src/a.rs");

    let ignored = on("push").filter("paths-ignore", &["docs/**", "**.md"]).workflow();
    let no = trigger::verdict(&ignored, &changed(&["README.md", "docs/x"]), &Settings::local());
    assert_eq!(no.reason, "all 2 changed files are left out by `paths-ignore`");
    assert_eq!(no.evidence.iter().filter_map(|step| step.pattern.as_deref()).collect::<Vec<_>>(), ["**.md", "docs/**"]);
}

#[test]
fn a_submodule_is_its_own_path() {
    assert_eq!(judge(on("push").filter("paths", &["vendor/lib"]), &changed(&["vendor/lib"])).runs, Runs::Yes);
    assert_eq!(judge(on("push").filter("paths", &["vendor/lib/**"]), &changed(&["vendor/lib"])).runs, Runs::No);
}
