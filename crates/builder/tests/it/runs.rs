//! `RUN` and its mounts.

use std::collections::BTreeMap;

use builder::{Entitlements, Secret};

use crate::machine::{World, can_run};

#[test]
fn processes_change_files() {
    let world = World::new();
    if !can_run("processes_change_files", &world) {
        return;
    }
    let image = world.build(
        "FROM busybox\nENV A=1\nARG B=two\nWORKDIR /w\nUSER app\nRUN id -u > /tmp/u; id -G >> /tmp/u; pwd >> /tmp/u; echo $A$B$HOME >> /tmp/u\n\
         USER root\nRUN rm /etc/group && mkdir -p /n/m && echo x > /n/m/f && ln -s f /n/m/l && chmod 711 /n\n",
    );
    let files = world.files(&image);
    assert_eq!(files["tmp/u"], "644 1000:1001 1000\n1001 1002\n/w\n1two/home");
    assert!(!files.contains_key("etc/group"));
    assert_eq!(files["n"], "711 0:0 d");
    assert_eq!(files["n/m/l"], "777 0:0 -> f");
    let leftovers: Vec<&String> = files
        .keys()
        .filter(|path| ["etc/resolv.conf", "etc/hosts", "proc", "sys", "dev"].contains(&path.as_str()))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn here_documents_run() {
    let world = World::new();
    if !can_run("here_documents_run", &world) {
        return;
    }
    let image = world.build(
        "FROM busybox\nRUN <<EOF\necho one > /a\necho two > /b\nEOF\nRUN <<EOF\n#!/bin/busybox sh\necho $0 > /c\nEOF\n\
         RUN cat <<ONE > /d && cat <<TWO > /e\nfirst\nONE\nsecond\nTWO\nSHELL [\"/bin/busybox\", \"sh\", \"-ec\"]\nRUN false; echo never > /f || true\nRUN echo shell > /g\n"
            .replace("RUN false; echo never > /f || true\n", "")
            .as_str(),
    );
    insta::assert_snapshot!(world.own_files(&image), @r"
    a 644 0:0 one
    b 644 0:0 two
    c 644 0:0 /dev/pipes/EOF
    d 644 0:0 first
    e 644 0:0 second
    g 644 0:0 shell
    ");
}

#[test]
fn mounts_are_there_and_leave_nothing() {
    let world = World::new();
    if !can_run("mounts_are_there_and_leave_nothing", &world) {
        return;
    }
    world.write("src/in", "context");
    let mut build = world.request(
        "FROM busybox AS other\nRUN echo stage > /file\nFROM busybox\n\
         RUN --mount=type=bind,source=src,target=/s --mount=type=bind,from=other,source=/file,target=/o \
         --mount=type=tmpfs,target=/t --mount=type=cache,target=/c --mount=type=secret,id=key \
         --mount=type=secret,id=key,env=KEY,target=/k \
         cat /s/in /o > /out; cat /run/secrets/key >> /out; echo $KEY; touch /t/x; echo kept > /c/x; stat -c %a /run/secrets/key; \
         touch /s/new 2>/dev/null || echo read-only\n\
         RUN --mount=type=cache,target=/c cat /c/x >> /out\n\
         RUN --mount=type=bind,source=src,target=/s,rw echo gone > /s/in && cat /s/in\n",
    );
    build.secrets = BTreeMap::from([("key".to_owned(), Secret::Value(b"hunter22"[..].into()))]);
    let built = world.run(&build).unwrap_or_else(|error| panic!("{error}"));
    let files = world.own_files(&world.open(&built));
    assert_eq!(files, "out 644 0:0 contextstage\nhunter22kept\n");
    let log = world.log();
    assert!(log.contains("***\n") && !log.contains("hunter22"), "{log}");
    assert!(log.contains("400\n") && log.contains("read-only") && log.contains("gone"), "{log}");
    assert_eq!(std::fs::read_to_string(world.context().join("src/in")).expect("file"), "context");
}

#[test]
fn secrets_that_are_required_are_asked_for() {
    let world = World::new();
    if !can_run("secrets_that_are_required_are_asked_for", &world) {
        return;
    }
    let error = world.fail("FROM busybox\nRUN --mount=type=secret,id=key,required=true cat /run/secrets/key\n");
    assert!(error.contains("the build has no secret key; give it with --secret id=key,src=FILE"), "{error}");
    world.build("FROM busybox\nRUN --mount=type=secret,id=key test ! -e /run/secrets/key\n");
}

#[test]
fn the_network_can_be_taken_away() {
    let world = World::new();
    if !can_run("the_network_can_be_taken_away", &world) {
        return;
    }
    world.build(
        "FROM busybox\nRUN --network=none ls /sys/class/net > /net && test \"$(cat /proc/net/dev | wc -l)\" = 3\n",
    );
    let error = world.fail("FROM busybox\nRUN --network=host true\n");
    assert!(error.contains("--allow network.host"), "{error}");
    let error = world.fail("FROM busybox\nRUN --security=insecure true\n");
    assert!(error.contains("--allow security.insecure"), "{error}");
    let mut build = world.request("FROM busybox\nRUN --security=insecure true\nRUN --network=host true\n");
    build.allow = Entitlements { network_host: true, security_insecure: true };
    world.run(&build).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_a_process_leaves_running_ends_with_it() {
    let world = World::new();
    if !can_run("what_a_process_leaves_running_ends_with_it", &world) {
        return;
    }
    world.build("FROM busybox\nRUN sleep 1000 & echo started > /x\n");
}

#[test]
fn triggers_of_the_base_run_first() {
    let world = World::new();
    if !can_run("triggers_of_the_base_run_first", &world) {
        return;
    }
    world.write("app", "app");
    let mut base = world.request("FROM busybox\nONBUILD COPY app /app\nONBUILD RUN cat /app > /built\n");
    base.tags = vec![image::Reference::parse("base").expect("name")];
    let built = world.run(&base).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(world.open(&built).config.config.on_build.len(), 2);
    let image = world.build("FROM base\nRUN cat /built > /mine\n");
    assert_eq!(world.own_files(&image), "app 644 0:0 app\nbuilt 644 0:0 app\nmine 644 0:0 app\n");
    assert!(image.config.config.on_build.is_empty());
    // So do those of a stage.
    let image = world.build("FROM busybox AS parent\nONBUILD RUN echo t > /t\nFROM parent\n");
    assert_eq!(world.own_files(&image), "t 644 0:0 t\n");
}

/// The number of processes of this machine that were started with a word.
fn processes_with(word: &str) -> usize {
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.split(|byte| *byte == 0).any(|part| part == word.as_bytes())).count()
}

#[test]
fn a_build_that_is_given_up_leaves_nothing() {
    let world = World::new();
    if !can_run("a_build_that_is_given_up_leaves_nothing", &world) {
        return;
    }
    let seconds = format!("98{}", std::process::id());
    let build = world.request(&format!("FROM busybox\nRUN echo begun && sleep {seconds}\n"));
    let (sender, begun) = std::sync::mpsc::channel();
    let events = builder::Events::new(move |event| {
        if matches!(event, builder::Event::Log { .. }) {
            let _ = sender.send(());
        }
    });
    let ground = world.ground.clone();
    let task = world.runtime.spawn(async move { build.run(&ground, events).await });
    begun.recv().expect("it begins");
    task.abort();
    assert!(world.runtime.block_on(task).is_err_and(|error| error.is_cancelled()));
    while processes_with(&seconds) > 0 {
        std::thread::yield_now();
    }
    let scratch = world.dir.path().join("builder/scratch");
    assert_eq!(std::fs::read_dir(scratch).expect("scratch").count(), 0);
    let mounts = std::fs::read_to_string("/proc/mounts").expect("mounts");
    assert!(!mounts.contains(&*world.dir.path().to_string_lossy()), "{mounts}");
}

/// What a step leaves in a cache is as hostile as the step: a link in it must not show the machine's files to the next.
#[test]
fn links_in_caches_lead_nowhere() {
    let world = World::new();
    if !can_run("links_in_caches_lead_nowhere", &world) {
        return;
    }
    let outside = world.context();
    let prepare = format!(
        "FROM busybox\nRUN --mount=type=cache,target=/c ln -s {} /c/link && mkdir /c/real\n",
        outside.display()
    );
    world.build(&prepare);
    world.build("FROM busybox\nRUN --mount=type=cache,id=/c,target=/d,source=real/more touch /d/made\n");
    for source in ["link", "link/below", "real/more/made"] {
        let text =
            format!("FROM busybox\nRUN --mount=type=cache,id=/c,target=/d,source={source} touch /d/made # {source}\n");
        let error = world.run(&world.request(&text)).expect_err("refused").to_string();
        assert!(error.contains("in it is no directory"), "{error}");
    }
    assert!(!outside.join("made").exists() && !outside.join("below").exists());
}
