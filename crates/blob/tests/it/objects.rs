//! Named objects, in a directory and in a bucket of a real S3 peer.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use blob::objects::{Address, ObjectError, Objects};
use bytes::Bytes;
use futures_util::TryStreamExt as _;

const BUCKET: &str = "trunkline-objects";
const KEY: &str = "key-of-the-test";

/// PyPI's moto, which speaks S3 over HTTP.
struct Moto {
    process: Child,
    address: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn moto_server() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tools = std::env::var_os("TRUNKLINE_TEST_TOOLS").map_or_else(|| root.join("target/test-tools"), PathBuf::from);
    Some(tools.join("venv/bin/moto_server")).filter(|path| path.is_file())
}

impl Moto {
    /// A server with an empty bucket; `None`, and counted as skipped, where there is no moto.
    fn start(test: &str) -> Option<Self> {
        let Some(program) = moto_server() else {
            testkit::skip(test, "target/test-tools/venv has no moto (cargo xtask test installs it)");
            return None;
        };
        let mut process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut lines = lines.skip_while(|line| !line.contains("Running on http://"));
        let line = lines.next().unwrap();
        let address = line.split("Running on ").nth(1).unwrap().trim().to_owned();
        // What it says of requests is read, so that it is never held up.
        std::thread::spawn(move || lines.for_each(drop));
        let region = "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x";
        let made = Command::new("curl")
            .args(["-fsS", "-X", "PUT", "-H", region, &format!("{address}/{BUCKET}")])
            .status()
            .unwrap();
        assert!(made.success());
        Some(Self { process, address })
    }

    fn objects(&self) -> Objects {
        let address = format!("s3://{BUCKET}/trunkline/blobs?endpoint={}&region=us-east-1", self.address);
        Objects::open(&Address::parse(&address).unwrap()).unwrap()
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index * 7 % 251).unwrap()).collect()
}

/// The same of both.
async fn everything(objects: &Objects) {
    assert_eq!(objects.info("logs/1").await.unwrap(), None);
    assert!(matches!(objects.get("logs/1").await, Err(ObjectError::Missing(_))));
    objects.put("logs/1", Bytes::from_static(b"hello")).await.unwrap();
    objects.put("logs/2-x_y.z", Bytes::from_static(b"")).await.unwrap();
    assert_eq!(objects.get("logs/1").await.unwrap(), "hello");
    assert_eq!(objects.range("logs/1", 1..3).await.unwrap(), "el");
    assert_eq!(objects.range("logs/1", 3..99).await.unwrap(), "lo");
    assert_eq!(objects.range("logs/1", 99..100).await.unwrap(), "");
    assert_eq!(objects.info("logs/1").await.unwrap().unwrap().size, 5);
    // Replaced as a whole.
    objects.put("logs/1", Bytes::from_static(b"other")).await.unwrap();
    assert_eq!(objects.get("logs/1").await.unwrap(), "other");

    // In parts: more than two of 8 MiB.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("content");
    let content = pattern(20 * 1024 * 1024 + 17);
    std::fs::write(&file, &content).unwrap();
    objects.put_file("content/large", &file).await.unwrap();
    assert_eq!(objects.info("content/large").await.unwrap().unwrap().size, content.len() as u64);
    let (start, end) = (9_000_000, 18_000_001);
    let pieces: Vec<Bytes> = objects.stream("content/large", start..end).await.unwrap().try_collect().await.unwrap();
    let part = &content[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
    assert!(pieces.concat() == part, "the streamed part is the stored one");

    let names = |list: Vec<blob::objects::ObjectInfo>| list.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(objects.list("logs").await.unwrap()), ["logs/1", "logs/2-x_y.z"]);
    assert_eq!(names(objects.list("").await.unwrap()), ["content/large", "logs/1", "logs/2-x_y.z"]);
    objects.delete("logs/1").await.unwrap();
    objects.delete("logs/1").await.unwrap();
    assert_eq!(objects.info("logs/1").await.unwrap(), None);
    objects.check().await.unwrap();

    for name in ["", "../secret", "a//b", "/etc/passwd", ".incoming/x", "a/..", "a b", "a\u{e4}"] {
        assert!(matches!(objects.put(name, Bytes::new()).await, Err(ObjectError::Name(_))), "{name}");
    }
}

#[tokio::test]
async fn in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let objects = Objects::open(&Address::Directory(directory.path().join("blobs"))).unwrap();
    everything(&objects).await;
    // Nothing is left of what was on its way.
    assert_eq!(std::fs::read_dir(directory.path().join("blobs/.incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn in_a_bucket() {
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none_or(|key| key != KEY) {
        // Credentials come from the environment, and a process with threads does not change its own.
        let again = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "objects::in_a_bucket", "--nocapture"])
            .envs([("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", "secret of the test")])
            .env_remove("AWS_SESSION_TOKEN")
            .status();
        assert!(again.unwrap().success());
        return;
    }
    let Some(moto) = Moto::start("in_a_bucket") else { return };
    everything(&moto.objects()).await;
    // A bucket that is not there is an error that names it, not a missing object.
    let elsewhere = format!("s3://nowhere?endpoint={}&region=us-east-1", moto.address);
    let elsewhere = Objects::open(&Address::parse(&elsewhere).unwrap()).unwrap();
    assert!(elsewhere.put("a", Bytes::new()).await.is_err());
}
