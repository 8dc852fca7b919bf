//! Sandboxes that end at a time of their launcher's, whatever the calling process does.

use std::time::Duration;

use sandbox::{Error, Placement};

use crate::world::{World, isolated, ok, run, shell};

#[test]
fn what_runs_at_the_given_time_ends_and_the_launcher_goes_on() {
    run(|| async {
        let world = World::new();
        // The one of the two that is not used ends with the others.
        world.launcher.prewarm(Placement::Isolated, 2).expect("spares");
        let inside = world.sandbox("inside").await;
        isolated(&inside);
        let host = world.host("host").await;
        let mut processes = Vec::new();
        for sandbox in [&inside, &host] {
            // What leaves the session and its parent ends as well: its end of the pipe closes.
            let (reader, writer) = std::io::pipe().expect("pipe");
            let mut command = shell("trap '' TERM HUP INT; (setsid sleep 4242423 &); sleep 4242423");
            command.stdout = Some(writer.into());
            processes.push((sandbox.spawn(command).await.expect("spawns"), reader));
        }
        world.launcher.end_after(Some(Duration::from_millis(50)));
        for (process, mut reader) in processes {
            match process.wait().await {
                Ok(status) => assert_eq!(status.signal, Some(9)),
                Err(error) => assert!(matches!(error, Error::Gone), "{error}"),
            }
            assert_eq!(std::io::Read::read(&mut reader, &mut [0]).expect("the end"), 0);
        }
        for sandbox in [world.sandbox("inside-again").await, world.host("host-again").await] {
            ok(&sandbox, "true").await;
        }
    });
}

#[test]
fn a_time_that_is_taken_back_or_put_off_ends_nothing() {
    run(|| async {
        let world = World::new();
        for sandbox in [world.sandbox("inside").await, world.host("host").await] {
            for change in [Some(Duration::from_secs(3600)), None] {
                world.launcher.end_after(Some(Duration::from_millis(300)));
                world.launcher.end_after(change);
                ok(&sandbox, "sleep 0.4").await;
            }
        }
    });
}

#[test]
fn a_helper_that_starts_later_knows_the_time_too() {
    run(|| async {
        let world = World::new();
        world.launcher.end_after(Some(Duration::from_millis(1500)));
        let mut spec = world.spec("later");
        spec.placement = Placement::Host;
        // On a machine so slow that the time comes first, that is its end as well.
        if let Ok(sandbox) = world.launcher.sandbox(spec).await
            && let Ok(process) = sandbox.spawn(shell("sleep 4242423")).await
        {
            match process.wait().await {
                Ok(status) => assert_eq!(status.signal, Some(9)),
                Err(error) => assert!(matches!(error, Error::Gone), "{error}"),
            }
        }
        ok(&world.host("after").await, "true").await;
    });
}
