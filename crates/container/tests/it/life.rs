use container::Phase;

use crate::world::{finish, world};

#[tokio::test(flavor = "multi_thread")]
async fn output_environment_and_exit_code() {
    let Some(world) = world().await else { return };
    let ran = world
        .shell(
            "-e MINE=2 -h box -w /made/here",
            "echo out $MINE $FROM_IMAGE $HOSTNAME $HOME; pwd; echo err >&2; exit 3",
        )
        .await;
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (3, "out 2 1 box /root\n/made/here\n", "err\n"));
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_by_name_and_number() {
    let Some(world) = world().await else { return };
    for (options, expected) in [
        ("", "0 0 0\n"),
        ("-u app", "1000 1000 1000 50\n"),
        ("-u app:extra", "1000 50 50\n"),
        ("-u 77:88 --group-add extra", "77 88 88 50\n"),
    ] {
        let ran = world.shell(options, "echo $(id -u) $(id -g) $(id -G)").await;
        assert_eq!((ran.out.as_str(), ran.err.as_str()), (expected, ""), "{options}");
    }
    let ran = world.shell("-u nobody", "true").await;
    assert_eq!(ran.err, "unable to find user nobody: no matching entries in passwd file");
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_do_not_start() {
    let Some(world) = world().await else { return };
    let missing = world.run("", &["frobnicate"]).await;
    assert_eq!(
        (missing.code, missing.err.as_str()),
        (127, r#"exec: "frobnicate": executable file not found in $PATH"#)
    );
    let denied = world.run("", &["/etc/passwd"]).await;
    assert_eq!((denied.code, denied.err.as_str()), (126, r#"exec: "/etc/passwd": permission denied"#));
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_asks_first() {
    let Some(world) = world().await else { return };
    let line = "trap 'echo asked; exit 7' USR1; echo ready; while :; do sleep 0.01; done";
    let container = world.create("--stop-signal USR1 --name polite", &["sh", "-c", line]).await.unwrap();
    container.start().await.unwrap();
    let mut log = container.logs().unwrap();
    while log.read().unwrap().is_empty() {
        assert!(log.more().await);
    }
    container.stop(None, None).await.unwrap();
    let status = container.status();
    assert_eq!((status.phase, status.exit_code), (Phase::Exited, 7));
    let text: Vec<_> =
        container.logs().unwrap().read_all(Some(1)).unwrap().into_iter().map(|piece| piece.bytes).collect();
    assert_eq!(text, [b"asked\n"]);

    // One that does not listen is killed, with all that it started.
    let deaf = world.create("", &["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"]).await.unwrap();
    deaf.start().await.unwrap();
    let mut log = deaf.logs().unwrap();
    while log.read().unwrap().is_empty() {
        assert!(log.more().await);
    }
    deaf.stop(None, Some(Some(std::time::Duration::from_millis(50)))).await.unwrap();
    assert_eq!(deaf.status().exit_code, 137);
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_until_it_is_removed() {
    let Some(world) = world().await else { return };
    let container =
        world.create("--name kept", &["sh", "-c", "cat /note 2>/dev/null; echo again >> /note"]).await.unwrap();
    assert_eq!(finish(&container).await.out, "");
    assert_eq!(finish(&container).await.out, "again\n");
    assert_eq!(finish(&container).await.out, "again\nagain\n");
    let taken = world.create("--name kept", &["true"]).await.unwrap_err().to_string();
    assert!(taken.starts_with("Conflict. The container name \"/kept\" is already in use"), "{taken}");
    container.remove(false, false).await.unwrap();
    assert_eq!(world.table.container("kept").unwrap_err().to_string(), "No such container: kept");
    world.create("--name kept", &["true"]).await.unwrap();
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_policies() {
    let Some(world) = world().await else { return };
    let container = world
        .create("--restart on-failure:2", &["sh", "-c", "echo x >> /runs; cat /runs | wc -l; exit 4"])
        .await
        .unwrap();
    container.start().await.unwrap();
    let code = container.wait().await;
    let lines = container.logs().unwrap().read_all(None).unwrap().len();
    assert_eq!((code, container.status().restarts, lines), (4, 2, 3));
    let always = world.create("--restart always", &["false"]).await.unwrap();
    always.start().await.unwrap();
    let mut status = always.watch();
    status.wait_for(|status| status.restarts >= 2).await.unwrap();
    always.stop(None, None).await.unwrap();
    assert_eq!(always.status().phase, Phase::Exited);
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_at_its_end() {
    let Some(world) = world().await else { return };
    let container = world.create("--rm -v /scratch", &["true"]).await.unwrap();
    assert_eq!(world.table.volumes().len(), 1);
    container.start().await.unwrap();
    container.watch().wait_for(|status| status.phase == Phase::Removed).await.unwrap();
    // A removal is told before the last of it is done.
    container.remove(true, true).await.unwrap();
    assert!(world.table.containers().is_empty());
    world.table.close().await;
    assert!(!world.dir.path().join("table").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_rights() {
    let Some(world) = world().await else { return };
    let ran = world.shell("--ulimit nofile=99:120 --cap-drop ALL --cap-add KILL --read-only --tmpfs /scratch:size=1m", "ulimit -n; ulimit -Hn; grep CapEff /proc/self/status | cut -f2; touch /x 2>&1; touch /scratch/y && echo ok").await;
    assert_eq!(ran.out, "99\n120\n0000000000000020\ntouch: /x: Read-only file system\nok\n", "{}", ran.err);
    world.table.close().await;
}
