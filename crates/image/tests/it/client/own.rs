//! Trunkline's own registry: tokens, scopes, mounts, pieces, and blobs with SHA-512.

use std::net::SocketAddr;

use image::auth::{Credentials, Keychain};
use image::client::{Client, ClientConfig, RefusalCode, Silent};
use image::{Descriptor, Digest, Manifest, media_type};
use registry::{Action, Anonymous, Challenge, Config, Registry, Rule};
use tokio::net::TcpListener;

use super::fixture::{Heard, Place, client, config, keep, linux, manifest, noise, reference};

/// Serves until the test's runtime ends.
async fn serve(config: Config) -> SocketAddr {
    let registry = Registry::open(config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { registry.serve(listener, None, std::future::pending()).await });
    address
}

fn of(user: &str, password: &str, host: &str) -> Client {
    let keychain = Keychain::empty().with(host, Credentials::basic(user, password));
    Client::new(ClientConfig { keychain, ..config() }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back() {
    let place = Place::new();
    let host = serve(Config::new(place.dir.path().join("registry"))).await.to_string();
    let layers = [noise(1, 2_000_000), noise(2, 10)];
    let descriptor = keep(&place.store, &layers, "amd64");
    let name = reference(&host, "team/app:1");
    let chunked = Client::new(ClientConfig { chunk: Some(300_000), ..config() }).unwrap();
    chunked.push(&name, &descriptor, &place.store, &Silent).await.unwrap();
    assert_eq!(client().tags(&name).await.unwrap(), ["1"]);

    place.store.tag(&name, &descriptor).unwrap();
    let heard = Heard::default();
    client().push(&reference(&host, "other/app:2"), &descriptor, &place.store, &heard).await.unwrap();
    assert_eq!(heard.all().iter().filter(|line| *line == "Mounted").count(), 3, "{:?}", heard.all());

    let back = Place::new();
    let pulled = client().pull(&reference(&host, "other/app:2"), &linux(), &back.store, &Silent).await.unwrap();
    assert_eq!(pulled.digest, descriptor.digest);
    assert_eq!(back.store.blobs().read(&Digest::of(&layers[0]), 3_000_000).unwrap(), layers[0]);

    client().delete(&name).await.unwrap();
    let error = client().resolve(&name).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_with_rights_of_their_own() {
    let place = Place::new();
    let users = place.dir.path().join("users");
    let line = |user: &str| format!("{user}:{}\n", registry::hash_password("hunter2").unwrap());
    std::fs::write(&users, line("ann") + &line("bob")).unwrap();
    let mut settings = Config::new(place.dir.path().join("registry"));
    settings.access.users = Some(users);
    settings.access.anonymous = Anonymous::Nothing;
    let rule = |user: &str, actions: &[Action]| Rule {
        repositories: vec!["team/**".to_owned()],
        users: vec![user.to_owned()],
        actions: actions.to_vec(),
    };
    settings.access.rules = vec![rule("ann", &[Action::Pull, Action::Push]), rule("bob", &[Action::Pull])];
    let host = serve(settings).await.to_string();
    let descriptor = keep(&place.store, &[noise(3, 1000)], "amd64");
    let name = reference(&host, "team/app:1");

    let error = client().push(&name, &descriptor, &place.store, &Silent).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::Unauthorized);
    assert!(error.to_string().contains(&format!("log in with `docker login {host}`")), "{error}");
    let error = of("ann", "hunter3", &host).push(&name, &descriptor, &place.store, &Silent).await.unwrap_err();
    assert!(error.to_string().contains("not accepted"), "{error}");
    of("ann", "hunter2", &host).push(&name, &descriptor, &place.store, &Silent).await.unwrap();
    of("bob", "hunter2", &host).pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    let other = keep(&place.store, &[noise(4, 1000)], "amd64");
    let error = of("bob", "hunter2", &host).push(&name, &other, &place.store, &Silent).await.unwrap_err();
    let code = error.refusal().unwrap().code;
    assert!(matches!(code, RefusalCode::Denied | RefusalCode::Unauthorized), "{error}");
    assert_eq!(of("ann", "hunter2", &host).resolve(&name).await.unwrap().digest, descriptor.digest);
}

/// Where everybody may pull, a login is still a question of the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_where_everybody_may_pull() {
    for challenge in [Challenge::Token, Challenge::Basic] {
        let place = Place::new();
        let users = place.dir.path().join("users");
        std::fs::write(&users, format!("ann:{}\n", registry::hash_password("hunter2").unwrap())).unwrap();
        let mut settings = Config::new(place.dir.path().join("registry"));
        settings.access.users = Some(users);
        (settings.access.anonymous, settings.access.challenge) = (Anonymous::Pull, challenge);
        let host = serve(settings).await.to_string();
        let client_of_ann = of("ann", "hunter2", &host);
        for (password, expected) in [("hunter2", true), ("hunter3", false), ("", false)] {
            let login = client_of_ann.check_login(&host, &Credentials::basic("ann", password)).await;
            assert_eq!(login.is_ok(), expected, "{challenge:?} {password}: {login:?}");
            if let Err(error) = login {
                assert_eq!(error.refusal().map(|refusal| refusal.code), Some(RefusalCode::Unauthorized), "{error}");
            }
        }
        let descriptor = keep(&place.store, &[noise(6, 1000)], "amd64");
        let name = reference(&host, "app:1");
        client().push(&name, &descriptor, &place.store, &Silent).await.unwrap_err();
        client_of_ann.push(&name, &descriptor, &place.store, &Silent).await.unwrap();
        client().pull(&name, &linux(), &Place::new().store, &Silent).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sha512() {
    let place = Place::new();
    let host = serve(Config::new(place.dir.path().join("registry"))).await.to_string();
    let layer = noise(5, 3_000_000);
    let (mut manifest, config) = manifest(std::slice::from_ref(&layer), "amd64");
    let blobs = place.store.blobs();
    let long = blobs.put_with(blob::Algorithm::Sha512, &layer).unwrap();
    manifest.layers = vec![Descriptor::new(media_type::OCI_LAYER, long, layer.len() as u64)];
    blobs.put(&config).unwrap();
    let descriptor = place.store.put(media_type::OCI_MANIFEST, &Manifest::to_bytes(&manifest)).unwrap();
    let name = reference(&host, "app:1");
    client().push(&name, &descriptor, &place.store, &Silent).await.unwrap();
    let back = Place::new();
    client().pull(&name, &linux(), &back.store, &Silent).await.unwrap();
    assert_eq!(back.store.blobs().read(&long, 4_000_000).unwrap(), layer);
}
