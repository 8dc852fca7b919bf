use std::io::Write as _;

use container::{Exec, Streams};

use crate::world::{text, world};

#[tokio::test(flavor = "multi_thread")]
async fn exec_beside_the_main_process() {
    let Some(world) = world().await else { return };
    let container = world.create("-e A=1 -w /tmp", &["sleep", "1000"]).await.unwrap();
    container.start().await.unwrap();
    let (input, mut feed) = std::io::pipe().unwrap();
    let (out, stdout) = std::io::pipe().unwrap();
    let exec = Exec {
        argv: ["sh", "-c", "echo $A $B; pwd; id -u; cat; exit 5"].map(str::to_owned).into(),
        env: vec![("B".into(), Some("2".into()))],
        user: Some("app".into()),
        ..Default::default()
    };
    let streams = Streams { stdin: Some(input.into()), stdout: Some(stdout.into()), stderr: None };
    let execution = container.exec(exec, streams).await.unwrap();
    feed.write_all(b"typed\n").unwrap();
    drop(feed);
    assert_eq!(execution.wait().await.unwrap(), 5);
    assert_eq!(text(out), "1 2\n/tmp\n1000\ntyped\n");
    container.kill(9).await.unwrap();
    assert_eq!(container.wait().await, 137);
    let error = container.exec(Exec::default(), Streams::default()).await.unwrap_err().to_string();
    assert!(error.ends_with("is not running"), "{error}");
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_and_a_terminal() {
    let Some(world) = world().await else { return };
    let container = world.create("-i", &["cat"]).await.unwrap();
    let (input, mut feed) = std::io::pipe().unwrap();
    let (out, stdout) = std::io::pipe().unwrap();
    let streams = Streams { stdin: Some(input.into()), stdout: Some(stdout.into()), stderr: None };
    let attached = container.start_attached(streams).await.unwrap();
    feed.write_all(b"echoed").unwrap();
    drop(feed);
    assert_eq!(container.wait().await, 0);
    attached.finished().await;
    assert_eq!(text(out), "echoed");

    let ran = world.shell("-t", "tty; test -t 0 && test -t 1 && echo terminal; stty size; echo $TERM").await;
    assert_eq!(ran.out, "/dev/pts/0\r\nterminal\r\n24 80\r\nxterm\r\n", "{}", ran.err);
    world.table.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn much_output_is_whole() {
    let Some(world) = world().await else { return };
    let ran = world.shell("", "seq 1 100000").await;
    assert_eq!(ran.out.lines().count(), 100_000);
    assert!(ran.out.ends_with("100000\n"));
    world.table.close().await;
}
