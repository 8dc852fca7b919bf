//! Starting, signalling, waiting for and killing processes.

use std::io::{BufRead as _, BufReader, Read as _};

use sandbox::{Command, Error, Network, Sandbox};

use crate::world::{World, isolated, ok, output, run, sh, shell};

async fn both(world: &World, name: &str) -> [Sandbox; 2] {
    [world.sandbox(name).await, world.host(&format!("{name}-host")).await]
}

#[test]
fn exit_codes_and_signals() {
    run(|| async {
        let world = World::new();
        for sandbox in both(&world, "codes").await {
            for code in [0, 1, 42, 255] {
                let (status, _) = sh(&sandbox, &format!("exit {code}")).await;
                assert_eq!((status.code, status.signal, status.oom), (Some(code), None, false));
            }
            let (status, _) = sh(&sandbox, "kill -SEGV $$").await;
            assert_eq!((status.code, status.signal, status.shell_code()), (None, Some(11), 139));

            let (reader, writer) = std::io::pipe().expect("pipe");
            let mut command = shell("trap 'echo got; exit 7' INT; sleep 600 >/dev/null & echo ready; wait");
            command.stdout = Some(writer.into());
            let process = sandbox.spawn(command).await.expect("spawns");
            let mut lines = BufReader::new(reader).lines();
            assert_eq!(lines.next().expect("line").expect("reads"), "ready");
            process.signal(2).await.expect("signals");
            assert_eq!(process.wait().await.expect("ends").code, Some(7));
            assert_eq!(lines.next().expect("line").expect("reads"), "got");
            // Too late is not wrong.
            process.signal(9).await.expect("signals");
            assert_eq!(process.wait().await.expect("ended").code, Some(7));
        }
    });
}

#[test]
fn what_cannot_start_says_why() {
    run(|| async {
        let world = World::new();
        for sandbox in both(&world, "missing").await {
            let home = sandbox.inside_path("/home/runner".as_ref());
            let error = sandbox.spawn(Command::new(["no-such-program"])).await.expect_err("no program");
            assert_eq!(error.to_string(), "no-such-program: no such program on PATH");
            let error = sandbox.spawn(Command::new(["/no/such"])).await.expect_err("no program");
            assert_eq!(error.to_string(), "/no/such: no such program");
            let mut command = shell("true");
            command.cwd = "/no/such/dir".into();
            let error = sandbox.spawn(command).await.expect_err("no directory");
            assert_eq!(error.to_string(), "working directory /no/such/dir: No such file or directory (os error 2)");
            ok(
                &sandbox,
                &format!("cd {0}; printf '#!/no/interpreter\n' > s; chmod +x s; echo > plain", home.display()),
            )
            .await;
            let mut command = Command::new(["./s"]);
            command.cwd.clone_from(&home);
            let error = sandbox.spawn(command).await.expect_err("no interpreter");
            assert_eq!(error.to_string(), "./s: the interpreter it names does not exist");
            let mut command = Command::new(["plain"]);
            command.env = vec![("PATH".into(), home.clone().into())];
            let error = sandbox.spawn(command).await.expect_err("not executable");
            assert!(matches!(error, Error::NotExecutable { .. }), "{error}");
        }
    });
}

#[test]
fn nothing_is_inherited() {
    run(|| async {
        let world = World::new();
        for sandbox in both(&world, "inherited").await {
            let mut command = Command::new(["env"]);
            command.env = vec![("PATH".into(), "/usr/bin:/bin".into()), ("A".into(), "b=c d".into())];
            assert_eq!(output(&sandbox, command).await.1, "PATH=/usr/bin:/bin\nA=b=c d\n");
            assert_eq!(
                ok(&sandbox, "umask; ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status")
                    .await
                    .lines()
                    .map(|line| line.split_ascii_whitespace().last().unwrap_or_default())
                    .collect::<Vec<_>>(),
                ["0022", "4", "0000000000000000", "0000000000000000"]
            );
            // A value far beyond what one packet holds.
            let mut command = shell("echo ${#BIG}");
            command.env.extend((0..10).map(|number| (format!("BIG{number}").into(), "x".repeat(100_000).into())));
            command.env.push(("BIG".into(), "y".repeat(100_000).into()));
            assert_eq!(output(&sandbox, command).await.1, "100000\n");
        }
    });
}

#[test]
fn a_pid_namespace_and_one_session_each() {
    run(|| async {
        let world = World::new();
        let sandbox = world.sandbox("pids").await;
        if !isolated(&sandbox) {
            return;
        }
        let text =
            ok(&sandbox, "cat /proc/1/comm; ls /proc | grep -c '^[0-9]'; cut -d' ' -f6 /proc/$$/stat; echo $$").await;
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "trunkline-init");
        assert!(lines[1].parse::<u32>().expect("count") <= 5, "{text}");
        assert_eq!(lines[2], lines[3], "the session is its own");
    });
}

#[test]
fn a_controlling_terminal() {
    run(|| async {
        let world = World::new();
        for sandbox in both(&world, "tty").await {
            let pty =
                rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY).expect("pty");
            rustix::pty::grantpt(&pty).expect("grants");
            rustix::pty::unlockpt(&pty).expect("unlocks");
            let name = rustix::pty::ptsname(&pty, Vec::new()).expect("name");
            let terminal =
                std::fs::File::options().read(true).write(true).open(name.to_str().expect("utf-8")).expect("opens");
            let mut command = shell("test -t 0 && test -t 1 && echo typed > /dev/tty");
            command.stdin = Some(terminal.try_clone().expect("clone").into());
            command.stdout = Some(terminal.into());
            command.controlling_tty = true;
            let process = sandbox.spawn(command).await.expect("spawns");
            assert!(process.wait().await.expect("ends").success());
            let mut typed = [0; 5];
            std::fs::File::from(pty).read_exact(&mut typed).expect("reads");
            assert_eq!(&typed, b"typed");
        }
    });
}

#[test]
fn killing_the_tree_spares_the_others() {
    run(|| async {
        let world = World::new();
        for sandbox in both(&world, "tree").await {
            let bystander = sandbox.spawn(Command::new(["/bin/sleep", "600"])).await.expect("spawns");
            let (mut reader, writer) = std::io::pipe().expect("pipe");
            let mut command = shell("sleep 601 & (setsid sleep 602 & sleep 603) & echo up; wait");
            command.stdout = Some(writer.into());
            let process = sandbox.spawn(command).await.expect("spawns");
            let mut up = [0; 3];
            reader.read_exact(&mut up).expect("reads");
            process.kill_tree().await.expect("kills");
            assert_eq!(process.wait().await.expect("ends").signal, Some(9));
            // All writers being gone is the proof that all are dead.
            reader.read_to_end(&mut Vec::new()).expect("reads to the end");
            let left = sandbox.processes().await.expect("lists");
            assert_eq!(left.iter().map(|process| process.pid).collect::<Vec<_>>(), [bystander.pid()]);
            sandbox.kill_all().await.expect("kills");
            assert_eq!(bystander.wait().await.expect("ends").signal, Some(9));
            ok(&sandbox, "true").await;
        }
    });
}

#[test]
fn orphans_are_named_and_do_not_outlive_the_sandbox() {
    run(|| async {
        let world = World::new();
        for sandbox in both(&world, "orphan").await {
            let (mut reader, writer) = std::io::pipe().expect("pipe");
            let mut command = shell("setsid sh -c 'sleep 604 & exit' & wait; echo up");
            command.stdout = Some(writer.into());
            let process = sandbox.spawn(command).await.expect("spawns");
            process.wait().await.expect("ends");
            let left = sandbox.processes().await.expect("lists");
            // The name changes with the exec, which may be still to come.
            assert!(left.len() == 1 && matches!(left[0].name.as_str(), "sh" | "sleep"), "{left:?}");
            sandbox.destroy().await.expect("destroys");
            reader.read_to_end(&mut Vec::new()).expect("nobody holds the pipe");
            assert!(matches!(sandbox.spawn(shell("true")).await, Err(Error::Gone)));
        }
    });
}

#[test]
fn the_end_of_a_sandbox_ends_the_wait() {
    run(|| async {
        let world = World::new();
        for sandbox in both(&world, "drop").await {
            let (mut reader, writer) = std::io::pipe().expect("pipe");
            let mut command = Command::new(["/bin/sleep", "605"]);
            command.stdout = Some(writer.into());
            let process = sandbox.spawn(command).await.expect("spawns");
            drop(sandbox);
            let ended = process.wait().await;
            assert!(matches!(ended, Err(Error::Gone)) || ended.is_ok_and(|status| status.signal == Some(9)));
            tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new()))
                .await
                .expect("joins")
                .expect("killed");
        }
    });
}

#[test]
fn twenty_at_once() {
    run(|| async {
        let world = std::sync::Arc::new(World::new());
        let mut tasks = Vec::new();
        for number in 0..20 {
            let world = std::sync::Arc::clone(&world);
            tasks.push(tokio::spawn(async move {
                let sandbox = world.sandbox(&format!("many-{number}")).await;
                let script = format!("echo {number} > /tmp/n; cat /tmp/n");
                if isolated(&sandbox) {
                    assert_eq!(ok(&sandbox, &script).await, format!("{number}\n"));
                }
                sandbox.destroy().await.expect("destroys");
            }));
        }
        for task in tasks {
            task.await.expect("passes");
        }
    });
}

#[test]
fn a_private_network_has_only_a_working_loopback() {
    run(|| async {
        let world = World::new();
        let mut spec = world.spec("network");
        spec.network = Network::Private;
        let sandbox = world.launcher.sandbox(spec).await.expect("sandbox");
        if !isolated(&sandbox) {
            return;
        }
        assert!(sandbox.isolation().network);
        let text =
            ok(&sandbox, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; cat /proc/net/route | tail -n +2").await;
        assert_eq!(text, "lo\n");
        let up = ok(&sandbox, "cat /proc/net/fib_trie | grep -c '127.0.0.1'").await;
        assert_ne!(up, "0\n");
    });
}
