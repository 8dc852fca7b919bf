//! Private networks: members, names, ways in and out, and what is left of them.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;

use sandbox::{Error, Member, Network, NetworkHandle, NetworkSpec, Protocol, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::images::{busybox, spec, start};
use crate::world::{World, ok, run, sh, shell, skip};

/// A network, or the reason why this machine cannot have one.
pub(crate) async fn network(world: &World, spec: NetworkSpec) -> Option<NetworkHandle> {
    match world.launcher.network(spec).await {
        Ok(network) => Some(network),
        Err(Error::Network { what, source }) if what.starts_with("making a private network") => {
            skip(&format!("{what}: {source}"));
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn host(name: &str) -> NetworkSpec {
    NetworkSpec { name: name.into(), gateway_names: vec!["host.docker.internal".into()], ..NetworkSpec::default() }
}

async fn member(world: &World, network: &NetworkHandle, layer: &Path, name: &str, aliases: &[&str]) -> Sandbox {
    let mut spec = spec(world, name, vec![layer.to_owned()], None);
    spec.network = Network::Member(Member {
        network: network.clone(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        address: None,
    });
    start(world, spec).await.expect("images work where networks do")
}

/// Answers each connection with a line; waits until it listens.
async fn serve(sandbox: &Sandbox, port: u16, line: &str) -> sandbox::Process {
    let process = sandbox.spawn(shell(&format!("nc -ll -p {port} -e echo {line}"))).await.expect("spawns");
    listening(sandbox, &format!(":{port:04X} .* 0A ")).await;
    process
}

/// Waits until the kernel lists such a socket.
async fn listening(sandbox: &Sandbox, line: &str) {
    let script = format!(
        "for try in $(seq 1000); do grep -q '{line}' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 && exit; sleep 0.01; \
         done; exit 1"
    );
    ok(sandbox, &script).await;
}

async fn fetch(stream: tokio::net::TcpStream) -> String {
    let mut stream = stream;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("reads");
    text
}

#[test]
fn members_find_each_other_by_name() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let Some(network) = network(&world, host("job")).await else { return };
        let one = member(&world, &network, &layer, "one", &["Web", "www.local"]).await;
        let two = member(&world, &network, &layer, "two", &[]).await;
        let gateway = network.gateway();
        let (first, second) = (one.address().expect("address"), two.address().expect("address"));
        assert_eq!((gateway.octets()[3], first.octets()[3], second.octets()[3]), (1, 2, 3));
        assert_eq!(network.resolve("web"), Some(first));
        assert!(one.isolation().network);
        serve(&one, 80, "from-one").await;
        for name in ["web", "WWW.local", "one", &first.to_string()] {
            assert_eq!(ok(&two, &format!("nc {name} 80 </dev/null")).await, "from-one\n", "{name}");
        }
        let hosts = ok(&two, "cat /etc/resolv.conf; tail -n1 /etc/hosts || grep two /etc/hosts").await;
        assert!(hosts.starts_with(&format!("nameserver {gateway}\n")), "{hosts}");
        assert_eq!(ok(&two, "grep two /etc/hosts").await, format!("{second}\ttwo\n"));
        let looked_up = ok(&two, &format!("nslookup {first}")).await;
        assert!(looked_up.contains("name = one"), "{looked_up}");
        let looked_up = ok(&two, "nslookup host.docker.internal").await;
        assert!(looked_up.contains(&format!("Address: {gateway}")), "{looked_up}");
        // Its interfaces, and nobody else's; loopback is its own.
        assert_eq!(ok(&two, "ls /sys/class/net").await, "eth0\nlo\n");
        ok(&two, &format!("ping -c1 -W2 {first} && ping -c1 -W2 127.0.0.1")).await;
        assert!(!sh(&two, "nc 127.0.0.1 80 </dev/null").await.0.success());
        // Gone from the names with the sandbox; the address can be had again.
        one.destroy().await.expect("destroys");
        drop(one);
        assert_eq!(network.resolve("web"), None);
    });
}

#[test]
fn a_member_shares_its_place_with_others() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let Some(network) = network(&world, host("job")).await else { return };
        let one = member(&world, &network, &layer, "one", &[]).await;
        serve(&one, 8080, "from-one").await;
        let mut joined = spec(&world, "joined", vec![layer.clone()], None);
        joined.network = Network::Join(one.clone());
        let joined = start(&world, joined).await.expect("joins");
        assert_eq!(ok(&joined, "nc 127.0.0.1 8080 </dev/null").await, "from-one\n");
        assert_eq!(joined.address(), one.address());
        assert_eq!(ok(&joined, "cat /etc/hosts").await, ok(&one, "cat /etc/hosts").await);
        // One with nothing but loopback can be joined as well.
        let mut alone = spec(&world, "alone", vec![layer.clone()], None);
        alone.network = Network::Private;
        let alone = start(&world, alone).await.expect("starts");
        serve(&alone, 8080, "from-alone").await;
        let mut with = spec(&world, "with", vec![layer], None);
        with.network = Network::Join(alone.clone());
        let with = start(&world, with).await.expect("joins");
        assert_eq!(ok(&with, "nc 127.0.0.1 8080 </dev/null").await, "from-alone\n");
    });
}

#[test]
fn a_sandbox_over_the_hosts_files_is_a_member_for_root() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let Some(network) = network(&world, host("job")).await else { return };
        let one = member(&world, &network, &layer, "one", &[]).await;
        serve(&one, 80, "from-one").await;
        let mut job = world.spec("job");
        job.network = Network::Member(Member { network: network.clone(), aliases: vec!["job".into()], address: None });
        match world.launcher.sandbox(job).await {
            Ok(job) => {
                let address = one.address().expect("address");
                assert_eq!(ok(&job, &format!("busybox nc {address} 80 </dev/null")).await, "from-one\n");
                assert_eq!(network.resolve("job"), job.address());
            }
            Err(error) => {
                assert!(!rustix::process::geteuid().is_root(), "{error}");
                assert!(error.to_string().contains("joining the network"), "{error}");
                // What was taken is given back.
                assert_eq!(network.resolve("job"), None);
            }
        }
    });
}

#[test]
fn twenty_members_at_once() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let Some(network) = network(&world, host("job")).await else { return };
        let one = member(&world, &network, &layer, "one", &[]).await;
        serve(&one, 80, "from-one").await;
        let mut tasks = tokio::task::JoinSet::new();
        let world = std::sync::Arc::new(world);
        for index in 0..20 {
            let (world, network, layer) = (std::sync::Arc::clone(&world), network.clone(), layer.clone());
            tasks.spawn(async move {
                let member = member(&world, &network, &layer, &format!("m{index}"), &["many"]).await;
                assert_eq!(ok(&member, "nc one 80 </dev/null").await, "from-one\n");
                member
            });
        }
        let members = tasks.join_all().await;
        let found = ok(&one, "nslookup many | grep -c '^Address: '").await;
        assert_eq!(found, "20\n");
        drop(members);
    });
}

#[test]
fn addresses_and_subnets_asked_for() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let wanted = NetworkSpec { subnet: Some((Ipv4Addr::new(10, 77, 8, 0), 28)), internal: true, ..host("job") };
        let Some(network) = network(&world, wanted).await else { return };
        assert_eq!(network.missing(), Vec::<String>::new().as_slice());
        let place = |name: &str, address: [u8; 4]| {
            let mut spec = spec(&world, name, vec![layer.clone()], None);
            let address = Some(Ipv4Addr::from(address));
            spec.network = Network::Member(Member { network: network.clone(), aliases: vec![], address });
            world.launcher.sandbox(spec)
        };
        let fixed = place("fixed", [10, 77, 8, 9]).await.expect("starts");
        assert!(ok(&fixed, "ip -4 addr show eth0").await.contains("inet 10.77.8.9/28 brd 10.77.8.15"));
        let error = place("again", [10, 77, 8, 9]).await.expect_err("taken");
        assert_eq!(error.to_string(), "address 10.77.8.9 is another member's");
        let error = place("outside", [10, 77, 8, 16]).await.expect_err("outside");
        assert_eq!(error.to_string(), "address 10.77.8.16 is not one for members of the network");
        // An internal network knows no others' names, and has no way out.
        let (status, text) = sh(&fixed, "nslookup example.org").await;
        assert!(!status.success() && text.contains("SERVFAIL"), "{text}");
        let error = world
            .launcher
            .network(NetworkSpec { subnet: Some((Ipv4Addr::new(10, 77, 8, 1), 28)), ..host("odd") })
            .await
            .expect_err("no subnet");
        assert!(error.to_string().contains("10.77.8.1/28 is not the first address"), "{error}");
    });
}

#[test]
fn published_ports_lead_in() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let Some(network) = network(&world, host("job")).await else { return };
        let one = member(&world, &network, &layer, "one", &[]).await;
        let address = one.address().expect("address");
        serve(&one, 80, "from-one").await;
        let anywhere: SocketAddr = "127.0.0.1:0".parse().expect("address");
        let published = network.publish(anywhere, address, 80, Protocol::Tcp).await.expect("publishes");
        assert_ne!(published.address().port(), 0);
        let text = fetch(tokio::net::TcpStream::connect(published.address()).await.expect("connects")).await;
        assert_eq!(text, "from-one\n");
        assert_eq!(fetch(network.connect(address, 80).await.expect("connects")).await, "from-one\n");
        let error = network.connect(address, 81).await.expect_err("nobody listens");
        assert!(error.to_string().contains("Connection refused"), "{error}");
        // A port that is taken is an error at once.
        let error = network.publish(published.address(), address, 80, Protocol::Tcp).await.expect_err("taken");
        assert!(error.to_string().contains("in use"), "{error}");
        // Both directions, each closed by itself: everything arrives, also what is sent after the other end is closed.
        let echo = one.spawn(shell("nc -l -p 90 -e cat")).await.expect("spawns");
        listening(&one, ":005A .* 0A ").await;
        let published_echo = network.publish(anywhere, address, 90, Protocol::Tcp).await.expect("publishes");
        let mut stream = tokio::net::TcpStream::connect(published_echo.address()).await.expect("connects");
        let sent = vec![7_u8; 1 << 20];
        let (mut reader, mut writer) = stream.split();
        let mut received = Vec::new();
        let (wrote, read) = tokio::join!(
            async {
                writer.write_all(&sent).await?;
                writer.shutdown().await
            },
            reader.read_to_end(&mut received)
        );
        wrote.expect("writes");
        assert_eq!(read.expect("reads"), sent.len());
        assert_eq!(received, sent);
        drop(echo);

        let was = published.address();
        drop(published);
        // The listener goes when its task has been told.
        while tokio::net::TcpStream::connect(was).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn datagrams_lead_in_and_back() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        if !std::path::Path::new("/usr/bin/perl").exists() || !std::path::Path::new("/lib").is_symlink() {
            return skip("there is no perl that needs nothing but /usr");
        }
        let Some(network) = network(&world, host("job")).await else { return };
        for name in ["lib", "lib64"] {
            std::os::unix::fs::symlink(format!("usr/{name}"), layer.join(name)).expect("link");
        }
        let mut asked = spec(&world, "one", vec![layer], None);
        asked.network = Network::Member(Member { network: network.clone(), aliases: vec![], address: None });
        asked.binds = vec![sandbox::Bind { source: "/usr".into(), target: "/usr".into(), read_only: true }];
        let one = start(&world, asked).await.expect("starts");
        let script = "$s = IO::Socket::INET->new(LocalPort => 5353, Proto => 'udp') or die; \
                      while ($from = $s->recv($b, 9999)) { $s->send(uc $b, 0, $from) }";
        let _server = one
            .spawn(sandbox::Command::new(["/usr/bin/perl", "-MIO::Socket::INET", "-e", script]))
            .await
            .expect("spawns");
        listening(&one, ":14E9 ").await;
        let anywhere: SocketAddr = "127.0.0.1:0".parse().expect("address");
        let address = one.address().expect("address");
        let published = network.publish(anywhere, address, 5353, Protocol::Udp).await.expect("publishes");
        for text in ["one", "two"] {
            let client = tokio::net::UdpSocket::bind(anywhere).await.expect("socket");
            for _ in 0..2 {
                client.send_to(text.as_bytes(), published.address()).await.expect("sends");
                let mut buffer = [0; 100];
                let (count, _) = client.recv_from(&mut buffer).await.expect("receives");
                assert_eq!(&buffer[..count], text.to_uppercase().as_bytes());
            }
        }
    });
}

#[test]
fn the_hosts_loopback_only_where_asked() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let Some(closed) = network(&world, host("closed")).await else { return };
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let port = listener.local_addr().expect("address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.and_then(|mut stream| stream.write_all(b"from the host\n"));
            }
        });
        let one = member(&world, &closed, &layer, "one", &[]).await;
        let ask = format!("nc host.docker.internal {port} </dev/null");
        assert!(!sh(&one, &ask).await.0.success());
        closed.forward_to_host(port).await.expect("forwards");
        closed.forward_to_host(port).await.expect("again");
        assert_eq!(ok(&one, &ask).await, "from the host\n");
        let open = NetworkSpec { host_access: true, ..host("open") };
        let open = network(&world, open).await.expect("network");
        let two = member(&world, &open, &layer, "two", &[]).await;
        assert_eq!(ok(&two, &ask).await, "from the host\n");
        // The name server is still reached.
        ok(&two, "nslookup two").await;
    });
}

#[test]
fn names_of_others_are_asked_of_the_given_servers() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        // Port 53 of a loopback address that is nobody's: needs the right to listen there.
        let Ok(server) = UdpSocket::bind("127.11.22.33:53") else {
            return skip("port 53 cannot be listened at");
        };
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((count, from)) = server.recv_from(&mut buffer) {
                // The question back, with one address.
                let mut answer = buffer[..count].to_vec();
                answer[2..4].copy_from_slice(&[0x81, 0x80]);
                if answer[count - 3] == 1 {
                    answer[7] = 1;
                    answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 198, 51, 100, 7]);
                }
                let _ = server.send_to(&answer, from);
            }
        });
        let resolvers = vec!["127.11.22.33".parse().expect("address")];
        let Some(network) = network(&world, NetworkSpec { resolvers, ..host("job") }).await else { return };
        let one = member(&world, &network, &layer, "one", &[]).await;
        let text = ok(&one, "nslookup example.org").await;
        assert!(text.contains("198.51.100.7"), "{text}");
        assert_eq!(ok(&one, "nslookup one | grep -c 198.51 || true").await, "0\n");
    });
}

#[test]
fn the_machines_own_addresses_are_reached() {
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        // No packet is sent: the kernel tells which address it would send from.
        let socket = UdpSocket::bind("0.0.0.0:0").expect("socket");
        if socket.connect("192.0.2.1:9").is_err() {
            return skip("this machine has no default route");
        }
        let own = socket.local_addr().expect("address").ip();
        let listener = TcpListener::bind((own, 0)).expect("listens");
        let port = listener.local_addr().expect("address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.and_then(|mut stream| stream.write_all(b"reached\n"));
            }
        });
        let Some(network) = network(&world, host("job")).await else { return };
        if !network.missing().is_empty() {
            assert!(network.missing()[0].contains("slirp4netns"), "{:?}", network.missing());
            return skip(&network.missing().join("; "));
        }
        let one = member(&world, &network, &layer, "one", &[]).await;
        assert_eq!(ok(&one, &format!("nc -w 5 {own} {port} </dev/null")).await, "reached\n");
    });
}

/// A machine behind the host that knows no way back to the members: an answer proves that addresses are translated.
///
/// All of it in a network and a `/run` of the test's own, with a firewall that drops what is forwarded, as docker sets
/// one up.
#[test]
fn the_way_out_goes_through_the_host() {
    const MARK: &str = "TRUNKLINE_TEST_WAY_OUT";
    if std::env::var_os(MARK).is_none() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let script = "mount -t tmpfs tmpfs /run && ip link set lo up || exit 77; echo 0 > /proc/sys/net/ipv4/ip_forward; iptables -P FORWARD DROP; exec \"$@\"";
        let done = std::process::Command::new("unshare")
            .args(["--net", "--mount", "--propagation", "private", "sh", "-c", script, "sh"])
            .arg(std::env::current_exe().expect("test binary"))
            .args(["--exact", "networks::the_way_out_goes_through_the_host", "--nocapture"])
            .env(MARK, "1")
            .output();
        return match done {
            Ok(done) if done.status.code() == Some(77) => skip("`ip` does not work here"),
            Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
            Err(error) => skip(&format!("unshare: {error}")),
        };
    }
    let ip = |arguments: &str| {
        std::process::Command::new("ip").args(arguments.split(' ')).status().is_ok_and(|status| status.success())
    };
    let rules = || {
        let listed = std::process::Command::new("iptables").args(["-S", "FORWARD"]).output();
        listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default()
    };
    let rules_before = rules();
    let (name, out) = ("outside", "outside0");
    assert!(ip(&format!("netns add {name}")));
    for command in [
        format!("link add {out} type veth peer name eth0 netns {name}"),
        format!("addr add 198.51.100.1/30 dev {out}"),
        format!("link set {out} up"),
        format!("-n {name} addr add 198.51.100.2/30 dev eth0"),
        format!("-n {name} link set eth0 up"),
    ] {
        assert!(ip(&command), "{command}");
    }
    let mut server = std::process::Command::new("ip")
        .args(["netns", "exec", name, "busybox", "nc", "-ll", "-p", "7000", "-e", "echo", "outside"])
        .spawn()
        .expect("server");
    while TcpStream::connect("198.51.100.2:7000").is_err() {
        std::thread::yield_now();
    }
    let switch = format!("/proc/sys/net/ipv4/conf/{out}/forwarding");
    let before = std::fs::read_to_string(&switch).expect("reads");
    run(|| async {
        let world = World::new();
        let Some(layer) = busybox(&world) else { return };
        let Some(network) = network(&world, host("job")).await else { return };
        assert_eq!(network.missing(), Vec::<String>::new().as_slice());
        let one = member(&world, &network, &layer, "one", &[]).await;
        assert_eq!(ok(&one, "nc -w 5 198.51.100.2 7000 </dev/null").await, "outside\n");
        // From outside nobody comes in, even with a route.
        serve(&one, 80, "from-one").await;
        let (to, prefix) = network.subnet();
        assert!(ip(&format!("-n {name} route add {to}/{prefix} via 198.51.100.1")));
        let address = one.address().expect("address");
        let reached = std::process::Command::new("ip")
            .args(["netns", "exec", name, "busybox", "timeout", "1", "busybox", "nc", &address.to_string(), "80"])
            .output()
            .expect("runs");
        assert_eq!(String::from_utf8_lossy(&reached.stdout), "");
        // The host itself does.
        let mut text = String::new();
        TcpStream::connect((address, 80)).and_then(|mut stream| stream.read_to_string(&mut text)).expect("reaches it");
        assert_eq!(text, "from-one\n");
        let internal = NetworkSpec { internal: true, ..host("internal") };
        let internal = world.launcher.network(internal).await.expect("network");
        let two = member(&world, &internal, &layer, "two", &[]).await;
        assert!(!sh(&two, "nc -w 2 198.51.100.2 7000 </dev/null").await.0.success());
        drop((one, two, network, internal));
        tokio::task::spawn_blocking(|| world.launcher.close()).await.expect("closes");
    });
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!((before.as_str(), std::fs::read_to_string(&switch).expect("reads").as_str()), ("0\n", "0\n"));
    assert_eq!(rules(), rules_before);
    assert!(!std::fs::exists("/run/trunkline/forwarding").expect("looks"));
}
