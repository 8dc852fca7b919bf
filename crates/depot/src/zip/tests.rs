use std::io::{Cursor, Read as _};

use api::wire::{LogEncoder, LogEntry, LogKind};
use blob::objects::{Address, Objects};
use futures_util::TryStreamExt as _;
use store::testing::{Database, on_both};

use super::*;

async fn depot(database: &Database) -> Depot {
    let objects = Objects::open(&Address::Directory(database.directory().join("objects"))).expect("a directory");
    Depot::new(database.open().await, objects)
}

/// The logs of two jobs: steps that follow each other, one of which speaks again at the end; in pieces that cut anything.
async fn write_logs(depot: &Depot) {
    for job in [1, 2] {
        let (mut bytes, mut encoder) = (Vec::new(), LogEncoder::default());
        for (number, step) in [0, 1, 1, 2, 1].into_iter().enumerate() {
            let time = 1_796_000_000_000_000 + i64::try_from(number).expect("a number") * 1_000_000;
            let text = format!("job {job} line {number}\nof step {step} {}\n", "x".repeat(5_000)).into_bytes();
            encoder.entry(&LogEntry { time, step, kind: LogKind::Out, text }, &mut bytes);
        }
        let mut offset = 0;
        for piece in bytes.chunks(3_333) {
            let mut tx = depot.store().begin().await.expect("a transaction");
            store::logs::append(&mut tx, job, 1, offset, piece, None).await.expect("stored");
            tx.commit().await.expect("committed");
            offset += i64::try_from(piece.len()).expect("a length");
        }
        let mut tx = depot.store().begin().await.expect("a transaction");
        store::logs::finish(&mut tx, job, 1).await.expect("finished");
        tx.commit().await.expect("committed");
    }
}

fn job(job: i64, name: &str) -> JobOfZip {
    JobOfZip { job, fence: 1, name: name.to_owned(), steps: [(1, "Run make".to_owned())].into() }
}

async fn zip_of(depot: &Depot, jobs: Vec<JobOfZip>) -> Result<Vec<u8>> {
    let pieces: Vec<Bytes> = depot.log_zip(jobs).await.try_collect().await?;
    Ok(pieces.concat())
}

#[tokio::test]
async fn a_zip_has_a_file_for_each_job_and_each_step() {
    on_both("a_zip_has_a_file_for_each_job_and_each_step", async |database| {
        let depot = depot(database).await;
        write_logs(&depot).await;
        // In pieces, then sealed: the same.
        for sealed in [false, true] {
            if sealed {
                assert_eq!(depot.seal_logs().await.expect("sealed"), 2);
            }
            let bytes = zip_of(&depot, vec![job(1, "build"), job(2, "test / unit")]).await.expect("a zip");
            let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a whole zip");
            let names: Vec<String> = zip.file_names().map(|name| name.expect("a name").into_owned()).collect();
            assert_eq!(
                names,
                [
                    "0_build.txt",
                    "build/1_step 0.txt",
                    "build/2_Run make.txt",
                    "build/3_step 2.txt",
                    "1_test  unit.txt",
                    "test  unit/1_step 0.txt",
                    "test  unit/2_Run make.txt",
                    "test  unit/3_step 2.txt",
                ]
            );
            let mut lines = |name: &str| {
                let mut text = String::new();
                zip.by_name(name).expect("a file").read_to_string(&mut text).expect("text");
                let lines: Vec<String> =
                    text.lines().filter_map(|line| Some(line.split_once("Z job ")?.1.to_owned())).collect();
                lines
            };
            assert_eq!(lines("0_build.txt"), ["1 line 0", "1 line 1", "1 line 2", "1 line 3", "1 line 4"]);
            assert_eq!(lines("build/2_Run make.txt"), ["1 line 1", "1 line 2", "1 line 4"]);
            assert_eq!(lines("test  unit/3_step 2.txt"), ["2 line 3"]);
            let text: Vec<Bytes> = depot.log_text(2, 1).try_collect().await.expect("the text");
            let text = String::from_utf8(text.concat()).expect("text");
            assert!(text.starts_with("2026-11-30T00:53:20.0000000Z job 2 line 0\n"), "{}", &text[..60]);
            assert_eq!(text.lines().count(), 10);
        }
    })
    .await;
}

/// One log that cannot be read holds up neither the sealing of others nor who reads them.
#[tokio::test]
async fn a_damaged_log_is_told_and_the_others_are_sealed() {
    on_both("a_damaged_log_is_told_and_the_others_are_sealed", async |database| {
        let depot = depot(database).await;
        write_logs(&depot).await;
        let mut tx = depot.store().begin().await.expect("a transaction");
        let sql = "UPDATE log_chunks SET packed = $1 WHERE job_id = 1 AND start > 3000";
        tx.execute(sql, store::args![b"nonsense".to_vec()]).await.expect("damaged");
        tx.commit().await.expect("committed");
        assert!(depot.seal_logs().await.is_err());
        let log = store::logs::find(&mut depot.store().read(), 2, 1).await.expect("read").expect("a log");
        assert!(log.object.is_some(), "the other one is sealed");
        assert_eq!(depot.seal_logs().await.expect("the damaged one is left alone"), 0);
        assert!(zip_of(&depot, vec![job(1, "build")]).await.is_err());
        assert!(zip_of(&depot, vec![job(2, "test")]).await.is_ok());
    })
    .await;
}

#[test]
fn names_stay_within_the_zip() {
    for (name, expected) in [
        ("test (ubuntu, 1)", "test (ubuntu, 1)"),
        ("deploy / build", "deploy  build"),
        ("../../etc/passwd", "etcpasswd"),
        ("...", "job"),
        ("a\nb", "ab"),
    ] {
        assert_eq!(plain(name), expected);
    }
}
