use registry::{AccessConfig, Anonymous, Config, Registry, Rule};

use crate::world::world;

#[tokio::test(flavor = "multi_thread")]
async fn login_push_and_pull() {
    let Some(world) = world().await else { return };
    let users = world.dir.path().join("users");
    std::fs::write(&users, format!("me:{}\n", registry::hash_password("secret").unwrap())).unwrap();
    let mut config = Config::new(world.dir.path().join("registry"));
    config.access = AccessConfig {
        users: Some(users),
        anonymous: Anonymous::Nothing,
        rules: vec![Rule {
            repositories: vec!["**".into()],
            users: vec!["*".into()],
            actions: registry::Action::ALL.into(),
        }],
        ..AccessConfig::default()
    };
    let registry = Registry::open(config).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move { registry.serve(listener, None, std::future::pending()).await });

    let name = format!("{host}/team/box:v1");
    world.ok(&format!("tag busybox {name}")).await;
    let refused = world.docker(&format!("push {name}")).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    let words = |password: &str| {
        let words = ["login", "-u", "me", "--password-stdin", host.as_str()].map(str::to_owned).to_vec();
        (words, password.to_owned())
    };
    let (argv, wrong) = words("wrong\n");
    let said = world.call(argv, &wrong).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(!said.err.contains("wrong\n"), "{said:?}");
    let (argv, right) = words("secret\n");
    let said = world.call(argv, &right).await;
    assert_eq!((said.code, said.out.as_str()), (0, "Login Succeeded\n"), "{said:?}");
    let kept = std::fs::read_to_string(world.dir.path().join("home/.docker/config.json")).unwrap();
    assert!(kept.contains(&host), "{kept}");

    let pushed = world.ok(&format!("push {name}")).await;
    let lines: Vec<&str> = pushed.lines().collect();
    assert_eq!(lines[0], format!("The push refers to repository [{host}/team/box]"));
    assert!(lines[1].ends_with(": Pushed"), "{pushed}");
    let last = lines.last().unwrap();
    assert!(last.starts_with("v1: digest: sha256:") && last.contains(" size: "), "{pushed}");
    let digest = last.split_whitespace().nth(2).unwrap().to_owned();

    world.ok("rmi busybox").await;
    world.ok(&format!("rmi {name}")).await;
    let said = world.docker(&format!("run --rm --network none {name} echo pulled")).await;
    assert_eq!((said.code, said.out.as_str()), (0, "pulled\n"), "{said:?}");
    assert!(
        said.err.starts_with(&format!("Unable to find image '{name}' locally\nv1: Pulling from team/box\n")),
        "{said:?}"
    );
    assert!(said.err.contains(&format!("Digest: {digest}\nStatus: Downloaded newer image for {name}\n")), "{said:?}");
    let again = world.ok(&format!("pull {name}")).await;
    assert!(again.ends_with(&format!("Status: Image is up to date for {name}\n{name}")), "{again}");
    assert!(
        world
            .ok(&format!("buildx imagetools inspect {name}"))
            .await
            .contains(&format!("Digest: {digest}").replace("Digest: ", "Digest:    "))
    );
    assert_eq!(world.ok(&format!("logout {host}")).await, format!("Removing login credentials for {host}"));
    world.fails(&format!("pull {name}")).await;
    serving.abort();
    world.server.close().await;
}
