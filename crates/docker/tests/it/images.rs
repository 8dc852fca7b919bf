use crate::world::world;

#[tokio::test(flavor = "multi_thread")]
async fn names_and_archives() {
    let Some(world) = world().await else { return };
    world.ok("tag busybox ghcr.io/me/box:v1").await;
    assert_eq!(world.ok("images --format {{.Repository}}:{{.Tag}} ghcr.io/me/*").await, "ghcr.io/me/box:v1");
    let id = world.ok("images -q busybox").await;
    assert_eq!(
        world
            .ok("inspect -f {{.Id}}\\ {{json\\ .RepoTags}}\\ {{.Config.Cmd}} busybox")
            .await
            .split(' ')
            .nth(1)
            .unwrap()
            .matches(':')
            .count(),
        2
    );
    assert!(world.ok("images").await.starts_with("REPOSITORY       TAG       IMAGE ID       CREATED"), "images");
    world.ok("save -o all.tar busybox ghcr.io/me/box:v1").await;
    assert_eq!(world.ok("rmi ghcr.io/me/box:v1").await, "Untagged: ghcr.io/me/box:v1");
    assert!(world.ok("rmi busybox").await.starts_with("Untagged: busybox:latest\nDeleted: sha256:"));
    assert_eq!(world.ok("images -q").await, "");
    let loaded = world.ok("load -i all.tar").await;
    let mut loaded: Vec<&str> = loaded.lines().collect();
    loaded.sort_unstable();
    assert_eq!(loaded, ["Loaded image: busybox:latest", "Loaded image: ghcr.io/me/box:v1"]);
    assert_eq!(world.ok("images -q busybox").await, id);
    assert_eq!(world.ok(&format!("run --rm --network none {id} echo by\\ id")).await, "by id");
    assert_eq!(world.ok("history -q busybox").await, id);
    assert_eq!(world.fails("rmi nothing").await, "Error response from daemon: No such image: nothing:latest\n");
    world.server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_about_itself() {
    let Some(world) = world().await else { return };
    assert!(world.ok("--version").await.starts_with("Docker version "));
    assert!(world.ok("version --format {{.Server.Version}}").await.starts_with("28."));
    assert_eq!(world.ok("info --format {{.OSType}}\\ {{.Images}}").await, "linux 1");
    assert!(world.ok("buildx version").await.starts_with("github.com/docker/buildx v"));
    assert!(world.ok("buildx ls").await.contains("default*"));
    assert_eq!(world.ok("context show").await, "default");
    assert_eq!(world.ok("context inspect --format {{.Name}}").await, "default");
    assert!(world.ok("context ls").await.contains("default *"));
    assert_eq!(world.ok("context ls --format {{.Name}}").await, "default");
    assert_eq!(world.ok("context use default").await, "default");
    assert!(world.fails("context use other").await.contains("\"other\" does not exist"));
    assert!(world.ok("run --help").await.contains("--volume value"));
    assert!(world.ok("--help").await.contains("\n  build\n"));
    world.server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_run() {
    let Some(world) = world().await else { return };
    std::fs::write(
        world.cwd().join("Dockerfile"),
        "FROM busybox\nARG WHO=nobody\nCOPY hello /hello\nRUN cat /hello; echo built for $WHO > /who\nCMD cat /who\n",
    )
    .unwrap();
    std::fs::write(world.cwd().join("hello"), "hello\n").unwrap();
    let built = world.docker("build -t mine --build-arg WHO=me --network none --iidfile id .").await;
    assert_eq!(built.code, 0, "{}", built.err);
    assert!(built.err.contains(" hello\n"), "{}", built.err);
    assert_eq!(world.ok("run --rm --network none mine").await, "built for me");
    let id = std::fs::read_to_string(world.cwd().join("id")).unwrap();
    assert_eq!(world.ok("inspect -f {{.Id}} mine").await, id);
    assert_eq!(world.ok("buildx build -q --network none -t mine:2 --build-arg WHO=me .").await, id);
    let failed = world.docker("build -t mine:3 --target nowhere .").await;
    assert_eq!(failed.code, 1);
    assert!(failed.err.contains("nowhere"), "{}", failed.err);
    world.server.close().await;
}
