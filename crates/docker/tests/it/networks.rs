use crate::world::world;

#[tokio::test(flavor = "multi_thread")]
async fn names_in_a_network_and_published_ports() {
    let Some(world) = world().await else { return };
    let created = world.docker("network create --label k=v net1").await;
    assert_eq!(created.code, 0, "{}", created.err);
    assert_eq!(world.ok("network ls --filter label=k --format {{.Name}}\\ {{.Driver}}").await, "net1 bridge");
    world.ok("run -d --name web --network net1 --network-alias site -p 127.0.0.1:0:80 busybox sh -c mkdir\\ /www;echo\\ served\\ >/www/index.html;exec\\ httpd\\ -f\\ -h\\ /www").await;
    let wait = "sh -c until\\ wget\\ -qO-\\ http://site/;do\\ sleep\\ 0.02;done";
    assert_eq!(world.ok(&format!("run --rm --network net1 busybox {wait}")).await, "served");
    let port = world.ok("port web 80").await;
    assert!(port.starts_with("127.0.0.1:"), "{port}");
    assert!(world.ok("ps --format {{.Ports}}").await.ends_with("->80/tcp"));
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(&port).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
    .await
    .unwrap();
    assert!(answer.ends_with("served\n"), "{answer}");
    assert_eq!(
        world.ok("inspect -f {{range\\ .NetworkSettings.Networks}}{{.IPAddress}}{{end}} web").await,
        world.ok("inspect -f {{.NetworkSettings.Networks.net1.IPAddress}} web").await
    );
    assert!(world.fails("network rm net1").await.contains("has active endpoints"));
    world.ok("rm -f web").await;
    assert_eq!(world.ok("network rm net1").await, "net1");
    world.server.close().await;
}
