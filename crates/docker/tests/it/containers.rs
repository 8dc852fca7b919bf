use crate::world::world;

#[tokio::test(flavor = "multi_thread")]
async fn run_and_its_exit_codes() {
    let Some(world) = world().await else { return };
    let said = world
        .docker(
            "run --rm --network none -e FROM_CALLER -e X=1 busybox sh -c echo\\ $FROM_CALLER$X;echo\\ e\\ >&2;exit\\ 4",
        )
        .await;
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (4, "here1\n", "e\n"));
    assert_eq!(
        world
            .call(["run", "-i", "--rm", "--network", "none", "busybox", "cat"].map(str::to_owned).into(), "typed")
            .await
            .out,
        "typed"
    );
    let missing = world.docker("run --rm --network none busybox nope").await;
    assert_eq!(missing.code, 127);
    assert_eq!(
        missing.err,
        "docker: Error response from daemon: exec: \"nope\": executable file not found in $PATH\n\nRun 'docker run --help' for more information\n"
    );
    assert_eq!(world.docker("run --frob busybox").await.code, 125);
    let unknown = world.docker("run --pull never nothing:here").await;
    assert_eq!(
        (unknown.code, unknown.err.as_str()),
        (125, "docker: Error response from daemon: No such image: nothing:here\n")
    );
    assert_eq!(world.ok("ps -aq").await, "");
    world.server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_in_the_background() {
    let Some(world) = world().await else { return };
    let id = world
        .ok("run -d --name web --network none -l a=b -e N=1 busybox sh -c echo\\ started;exec\\ sleep\\ 1000")
        .await;
    assert_eq!(id.len(), 64);
    assert_eq!(
        world.ok("ps --format {{.Names}}\\ {{.Image}}\\ {{.State}}\\ {{.Labels}}").await,
        "web busybox running a=b"
    );
    assert_eq!(world.ok("ps -q --filter name=web").await, id[..12]);
    assert_eq!(world.ok("ps -q --filter label=c").await, "");
    assert_eq!(world.ok("exec -e M=2 -w /tmp web sh -c echo\\ $N$M;pwd").await, "12\n/tmp");
    assert_eq!(world.docker("exec web sh -c exit\\ 9").await.code, 9);
    assert_eq!(world.docker("exec web nope").await.code, 127);
    assert_eq!(world.call(["exec", "-i", "web", "cat"].map(str::to_owned).into(), "in").await.out, "in");
    assert_eq!(
        world.ok("inspect -f {{.State.Status}}\\ {{.Name}}\\ {{.Config.Image}} web").await,
        "running /web busybox"
    );
    assert_eq!(world.ok("logs web").await, "started");
    assert_eq!(world.ok("stop -t 5 web").await, "web");
    assert_eq!(world.ok("inspect web --format {{.State.Running}}\\ {{.State.ExitCode}}").await, "false 143");
    assert!(world.ok("ps -a").await.contains("Exited (143) "), "ps");
    assert_eq!(world.ok("start web").await, "web");
    assert_eq!(world.ok("logs --tail 1 web").await, "started");
    assert!(
        world
            .fails("rm web")
            .await
            .contains("container is running: stop the container before removing or force remove")
    );
    assert_eq!(world.ok("rm -f web").await, "web");
    assert_eq!(world.fails("logs web").await, "Error response from daemon: No such container: web\n");
    world.server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_containers() {
    let Some(world) = world().await else { return };
    world.ok("create --name one --network none -p 8080:80 busybox echo a\\ long\\ command\\ line").await;
    let table = world.ok("ps -a").await;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("CONTAINER ID   IMAGE     COMMAND                  CREATED"), "{table}");
    assert!(lines[1].contains("   busybox   \"echo 'a long comman…\"   "), "{table}");
    assert!(lines[1].trim_end().ends_with("Created             one"), "{table}");
    world.ok("tag busybox another-name").await;
    assert_eq!(
        world.ok("system df --format {{.Type}}\\ {{.TotalCount}}\\ {{.Active}}").await,
        "Images 1 1\nContainers 1 0\nLocal Volumes 0 0\nBuild Cache 0 0"
    );
    assert_eq!(world.docker("start -a one").await.out, "a long command line\n");
    assert_eq!(world.ok("wait one").await, "0");
    assert_eq!(world.ok("container prune -f").await.lines().next(), Some("Deleted Containers:"));
    world.server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_and_out() {
    let Some(world) = world().await else { return };
    std::fs::write(world.cwd().join("note"), "from here").unwrap();
    world.ok("create --name box --network none -v vol:/data busybox sh -c cat\\ /tmp/note;echo\\ made\\ >/tmp/out;echo\\ kept\\ >/data/k").await;
    world.ok("cp note box:/tmp/").await;
    assert_eq!(world.ok("start -a box").await, "from here");
    world.ok("cp box:/tmp/out got").await;
    assert_eq!(std::fs::read_to_string(world.cwd().join("got")).unwrap(), "made\n");
    assert_eq!(
        world.ok("run --rm --network none -v vol:/v -v ./:/cwd:ro busybox cat /v/k /cwd/note").await,
        "kept\nfrom here"
    );
    assert_eq!(world.ok("volume ls -q").await, "vol");
    assert!(world.fails("volume rm vol").await.contains("volume is in use"));
    world.ok("rm box").await;
    assert_eq!(world.ok("volume rm vol").await, "vol");
    world.server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_dockers() {
    let Some(world) = world().await else { return };
    let lines = [
        "frobnicate",
        "compose up",
        "network frob",
        "ps --filter bogus=1",
        "load -i nothing",
        "push nothing/here",
        "ps --frob",
        "stop",
        "stop nothing",
        "inspect nothing",
        "run --device-cgroup-rule x busybox",
        "buildx bake",
        "login -u me --password-stdin -p x ghcr.io",
        "cp a b",
        "rmi nothing",
        "-H tcp://elsewhere ps",
    ];
    let mut told = String::new();
    for line in lines {
        let said = world.docker(line).await;
        told += &format!("$ docker {line} -> {}\n{}{}", said.code, said.out, said.err);
    }
    insta::assert_snapshot!(told, @r##"
    $ docker frobnicate -> 1
    docker: unknown command: docker frobnicate

    Run 'docker --help' for more information
    $ docker compose up -> 1
    docker: 'docker compose' is not supported by Trunkline's docker command: start the containers of the file by docker run, or as services of the job
    $ docker network frob -> 1
    docker: unknown command: docker network frob

    Usage:  docker network

    Run 'docker network --help' for more information
    $ docker ps --filter bogus=1 -> 1
    Error response from daemon: invalid filter 'bogus'
    $ docker load -i nothing -> 1
    open nothing: no such file or directory
    $ docker push nothing/here -> 1
    Using default tag: latest
    The push refers to repository [docker.io/nothing/here]
    An image does not exist locally with the tag: docker.io/nothing/here
    $ docker ps --frob -> 125
    unknown flag: --frob

    Usage:  docker ps [OPTIONS]

    Run 'docker ps --help' for more information
    $ docker stop -> 1
    docker: 'docker stop' requires at least 1 argument

    Usage:  docker stop [OPTIONS] CONTAINER [CONTAINER...]

    See 'docker stop --help' for more information
    $ docker stop nothing -> 1
    Error response from daemon: No such container: nothing
    $ docker inspect nothing -> 1
    []
    Error: No such object: nothing
    $ docker run --device-cgroup-rule x busybox -> 125
    docker: --device-cgroup-rule is not supported: access to devices has no limits of its own; name each by --device

    Run 'docker run --help' for more information
    $ docker buildx bake -> 1
    docker: 'docker buildx bake' is not supported by Trunkline's docker command: call docker buildx build for each target
    $ docker login -u me --password-stdin -p x ghcr.io -> 1
    conflicting options: cannot specify both --password and --password-stdin
    $ docker cp a b -> 1
    must specify at least one container source
    $ docker rmi nothing -> 1
    Error response from daemon: No such image: nothing:latest
    $ docker -H tcp://elsewhere ps -> 1
    docker: --host tcp://elsewhere: there is no other docker to reach from here; Trunkline is its daemon itself
    "##);
    world.server.close().await;
}
