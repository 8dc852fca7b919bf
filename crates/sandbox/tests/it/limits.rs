//! Limits on memory and processes.

use sandbox::{Limits, Placement};

use crate::world::{World, ok, run, sh, skip};

#[test]
fn a_fork_bomb_is_contained() {
    run(|| async {
        let world = World::new();
        for placement in [Placement::Isolated, Placement::Host] {
            let mut spec = world.spec("bomb");
            spec.placement = placement;
            spec.limits = Limits { pids: Some(40), ..Limits::default() };
            let sandbox = world.launcher.sandbox(spec).await.expect("sandbox");
            if !sandbox.isolation().limits {
                return skip(&sandbox.isolation().missing.join("; "));
            }
            let (status, text) =
                sh(&sandbox, "i=0; while [ $i -lt 100 ]; do sleep 606 >/dev/null 2>&1 & i=$((i+1)); done; wait").await;
            assert!(!status.success(), "{text}");
            let left = sandbox.processes().await.expect("lists").len();
            assert!((20..40).contains(&left), "{left}");
            sandbox.kill_all().await.expect("kills");
            ok(&sandbox, "true").await;
            sandbox.destroy().await.expect("destroys");
        }
    });
}

#[test]
fn running_out_of_memory_is_reported() {
    run(|| async {
        let world = World::new();
        for placement in [Placement::Isolated, Placement::Host] {
            let mut spec = world.spec("memory");
            spec.placement = placement;
            spec.limits = Limits { memory_bytes: Some(64 << 20), ..Limits::default() };
            let sandbox = world.launcher.sandbox(spec).await.expect("sandbox");
            if !sandbox.isolation().limits {
                return skip(&sandbox.isolation().missing.join("; "));
            }
            // `tail` keeps a line whole: one that never ends is kept in memory.
            let (status, text) = sh(&sandbox, "tail -n1 /dev/zero").await;
            assert!(status.oom && !status.success(), "{status:?} {text}");
            let (status, _) = sh(&sandbox, "exit 3").await;
            assert!(!status.oom && status.code == Some(3));
            sandbox.destroy().await.expect("destroys");
        }
    });
}
