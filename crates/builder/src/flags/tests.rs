use super::*;

fn with<T>(read: impl Fn(&Files<'_>) -> Result<T, String>) -> Result<T, String> {
    let files = Files {
        path: &|path| Ok(Path::new("/w").join(path)),
        env: &|name| (name == "TOKEN").then(|| "hunter2".to_owned()),
    };
    read(&files)
}

#[test]
fn outputs() {
    let read = |text: &str| with(|files| output(text, files)).map(|output| output.kind);
    let image = |push, store| OutputKind::Image { push, names: Vec::new(), by_digest: false, store };
    for (text, want) in [
        ("out", Ok(OutputKind::Local { dest: "/w/out".into() })),
        ("-", Ok(OutputKind::Tar { dest: None })),
        ("type=local,dest=/o", Ok(OutputKind::Local { dest: "/o".into() })),
        ("type=tar,dest=o.tar", Ok(OutputKind::Tar { dest: Some("/w/o.tar".into()) })),
        ("type=oci,dest=o,tar=false", Ok(OutputKind::Oci { dest: Some("/w/o".into()), tar: false })),
        ("type=docker", Ok(OutputKind::Docker { dest: None })),
        ("type=image,push=true", Ok(image(true, true))),
        ("type=registry", Ok(image(true, true))),
        (
            "type=image,\"name=a/b,c/d\",push-by-digest=true,store=false",
            Ok(OutputKind::Image {
                push: false,
                names: vec!["a/b".into(), "c/d".into()],
                by_digest: true,
                store: false,
            }),
        ),
        ("type=cacheonly", Ok(OutputKind::CacheOnly)),
        ("type=local", Err("--output type=local: dest is missing")),
        ("dest=x", Err("--output dest=x: type is missing")),
        ("type=s3", Err("--output type=s3: there is no type s3")),
        ("type=oci,tar=maybe", Err("--output tar=maybe: expected true or false")),
    ] {
        assert_eq!(read(text), want.map_err(str::to_owned), "{text}");
    }
    let rest = with(|files| output("type=image,compression=zstd", files)).unwrap();
    assert_eq!(rest.options["compression"], "zstd");
}

#[test]
fn caches() {
    let read = |flag: &'static str, text: &str| with(|files| cache(flag, text, files));
    let registry =
        |name: &str, mode| Cache::At(CacheLocation::Registry { reference: Reference::parse(name).unwrap(), mode });
    assert_eq!(read("--cache-from", "user/app:cache"), Ok(registry("user/app:cache", CacheMode::Min)));
    assert_eq!(read("--cache-to", "type=registry,ref=a/b,mode=max"), Ok(registry("a/b", CacheMode::Max)));
    let local = Cache::At(CacheLocation::Local { path: "/w/c".into(), mode: CacheMode::Min });
    assert_eq!(read("--cache-to", "type=local,dest=c"), Ok(local.clone()));
    assert_eq!(read("--cache-from", "type=local,src=c"), Ok(local));
    assert_eq!(read("--cache-from", "type=gha,scope=x"), Ok(Cache::StoreOnly("gha".into())));
    assert_eq!(read("--cache-to", "type=inline"), Ok(Cache::At(CacheLocation::Inline)));
    for (text, want) in [
        ("type=registry", "--cache-from type=registry: ref is missing"),
        ("type=tape", "--cache-from type=tape: there is no type tape"),
        ("type=inline,mode=all", "--cache-from type=inline,mode=all: mode is min or max, not all"),
    ] {
        assert_eq!(read("--cache-from", text).unwrap_err(), want);
    }
}

#[test]
fn secrets() {
    let read = |text: &str| with(|files| secret(text, files));
    let value = Secret::Value(b"hunter2".to_vec().into());
    for (text, want) in [
        ("id=a,src=f", Ok(("a", Secret::File("/w/f".into())))),
        ("id=a,env=TOKEN", Ok(("a", value.clone()))),
        ("type=env,id=TOKEN", Ok(("TOKEN", value.clone()))),
        ("id=TOKEN", Ok(("TOKEN", value))),
        ("id=f", Ok(("f", Secret::File("/w/f".into())))),
        ("src=f", Err("--secret: id is missing")),
        ("id=a,env=NO", Err("--secret id=a: the variable NO is not set")),
        ("id=a,src=f,env=TOKEN", Err("--secret id=a: src and env exclude each other")),
        ("id=a,mode=7", Err("--secret: unexpected key 'mode'")),
        ("id=a,\"src=f", Err("--secret: a quote in it is not closed or stands inside a value")),
    ] {
        let want = want.map(|(id, secret)| (id.to_owned(), secret)).map_err(str::to_owned);
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn contexts() {
    let read = |text: &str| with(|files| context(text, files)).unwrap();
    assert_eq!(read("sub"), Context::Directory("/w/sub".into()));
    assert_eq!(read("https://x.y/r.git#main:dir"), Context::Git("https://x.y/r.git#main:dir".into()));
    assert_eq!(read("https://x.y/a.tar.gz"), Context::Url("https://x.y/a.tar.gz".into()));
    assert_eq!(read("target:base"), Context::Stage("base".into()));
    assert_eq!(read("docker-image://alpine"), Context::Image(Reference::parse("alpine").unwrap()));
    let layout = Context::OciLayout { path: "/w/dir".into(), selector: Some("v1".into()) };
    assert_eq!(read("oci-layout://dir:v1"), layout);
    assert_eq!(with(|files| named_context("x", files)).unwrap_err(), "--build-context x: expected name=context");
}

#[test]
fn the_rest() {
    let levels = annotation("index,manifest[linux/arm64]:a=b=c").unwrap();
    assert_eq!((levels.len(), levels[0].level, levels[1].value.as_str()), (2, AnnotationLevel::Index, "b=c"));
    assert_eq!(levels[1].platform.as_ref().unwrap().to_string(), "linux/arm64");
    assert!(annotation("x:a=b").is_err() && annotation("a").is_err());
    assert_eq!(host("db:10.0.0.1"), Ok(("db".into(), "10.0.0.1".into())));
    assert_eq!(host("db=[::1]"), Ok(("db".into(), "::1".into())));
    assert!(host("db").is_err());
    assert_eq!(size("--shm-size", "64m"), Ok(64 << 20));
    assert!(size("--shm-size", "x").is_err() && size("--shm-size", "").is_err());
    assert_eq!(ulimit("nofile=1024:2048"), Ok(("nofile".into(), 1024, 2048)));
    assert_eq!(ulimit("core=-1"), Ok(("core".into(), u64::MAX, u64::MAX)));
    assert!(ulimit("nofile=5:1").is_err());
    for (text, want) in [
        ("", Ok(Provenance::None)),
        ("true", Ok(Provenance::Min)),
        ("false", Ok(Provenance::None)),
        ("mode=max", Ok(Provenance::Max)),
        ("mode=some", Err(())),
    ] {
        assert_eq!(provenance(text).map_err(drop), want, "{text}");
    }
    let mut allowed = Entitlements::default();
    allow(&mut allowed, "network.host").unwrap();
    assert!(allowed.network_host && allow(&mut allowed, "device").is_err());
    assert!(network("bridge").is_err() && network("none") == Ok(NetworkMode::None));
    assert_eq!(
        with(|files| ssh("default", files)).unwrap_err().split(';').next(),
        Some("--ssh default: there is no agent, SSH_AUTH_SOCK is not set")
    );
    assert_eq!(
        with(|files| ssh("k=a,b", files)).unwrap(),
        ("k".into(), SshAgent::Keys(vec!["/w/a".into(), "/w/b".into()]))
    );
}
