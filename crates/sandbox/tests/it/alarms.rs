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
        // Also told to helpers that start later.
        world.launcher.end_after(Some(Duration::from_millis(300)));
        for sandbox in [world.sandbox("inside").await, world.host("host").await] {
            world.launcher.end_after(Some(Duration::from_secs(3600)));
            ok(&sandbox, "sleep 0.4").await;
            world.launcher.end_after(Some(Duration::from_millis(300)));
            world.launcher.end_after(None);
            ok(&sandbox, "sleep 0.4").await;
        }
    });
}
