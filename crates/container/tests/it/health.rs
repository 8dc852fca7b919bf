use container::{Options, Surroundings, Verdict};

use crate::world::world;

#[tokio::test(flavor = "multi_thread")]
async fn unhealthy_then_healthy() {
    let Some(world) = world().await else { return };
    let words = [
        "--network",
        "none",
        "--health-cmd",
        "test -e /well || { echo not yet; false; }",
        "--health-interval",
        "10ms",
        "--health-retries",
        "2",
        "x",
    ];
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let options = Options::from_args(&words, &Surroundings::none()).unwrap().options;
    let mut create = container::Create::new(world.base.clone(), options);
    create.command = vec!["sleep".into(), "1000".into()];
    let container = world.table.create(create).await.unwrap();
    container.start().await.unwrap();
    assert_eq!(container.status().health.unwrap().verdict, Verdict::Starting);
    let mut status = container.watch();
    let is = |wanted: Verdict| {
        move |status: &container::Status| status.health.as_ref().is_some_and(|health| health.verdict == wanted)
    };
    status.wait_for(is(Verdict::Unhealthy)).await.unwrap();
    let health = container.status().health.unwrap();
    assert_eq!((health.log[0].exit_code, health.log[0].output.as_str()), (1, "not yet\n"));
    assert!(health.failing >= 2);
    let exec = container::Exec { argv: vec!["touch".into(), "/well".into()], ..Default::default() };
    assert_eq!(container.exec(exec, Default::default()).await.unwrap().wait().await.unwrap(), 0);
    status.wait_for(is(Verdict::Healthy)).await.unwrap();
    assert_eq!(container.inspect()["State"]["Health"]["Status"], "healthy");
    world.table.close().await;
}
