use std::io::Read as _;

use api::wire::{LogEncoder, LogEntry};
use axum::http::HeaderMap;
use blob::objects::{Address, Objects};
use store::Store;
use store::testing::on_both;

use super::super::coding::Wire;
use super::*;

const LINES: usize = 6_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// A log as runners send it, with marks between its lines, and its text.
fn log() -> (Vec<u8>, Vec<String>) {
    let (mut bytes, mut encoder, mut lines) = (Vec::new(), LogEncoder::default(), Vec::new());
    let start = 1_796_000_000_000_000;
    for number in 0..LINES {
        let time = start + i64::try_from(number).unwrap() * 1_000;
        let kind = if number % 500 == 0 { LogKind::StepStarted } else { LogKind::Out };
        let text = match kind {
            LogKind::Out => format!("line {number} \"of\" a log {}\n", "x".repeat(number % 300)),
            _ => String::new(),
        };
        encoder.entry(&LogEntry { time, step: 1, kind, text: text.clone().into_bytes() }, &mut bytes);
        if kind == LogKind::Out {
            lines.push(text);
        }
    }
    (bytes, lines)
}

async fn append(store: &Store, bytes: &[u8], from: usize, to: usize) {
    let mut tx = store.begin().await.unwrap();
    let offset = i64::try_from(from).unwrap();
    store::logs::append(&mut tx, 1, 1, offset, &bytes[from..to], None).await.unwrap();
    tx.commit().await.unwrap();
}

/// Reads until it has as many lines as there are, asking again whenever the log has grown.
async fn read(feeds: Feeds, store: Store, coding: Coding, expected: usize) -> Vec<String> {
    let mut listener = store.listen(Topic::Log(1));
    let feed = feeds.of(Log { job: 1, fence: 1, coding });
    let (mut at, mut lines, mut wire) = (Cursor::default(), Vec::new(), Wire::new(coding));
    let mut bytes: Vec<u8> = wire.begin().map(|begin| begin.to_vec()).unwrap_or_default();
    while lines.len() < expected {
        let Some(message) = feed.next(at, false).await.unwrap() else {
            listener.wait(SLOW).await;
            continue;
        };
        at = message.next;
        let Some(piece) = &message.piece else { continue };
        let mut text = match coding {
            Coding::Plain => wire.shared(piece).to_vec(),
            Coding::Gzip => {
                bytes.extend(wire.shared(piece));
                let mut whole = Vec::new();
                flate2::read::GzDecoder::new(&*[&*bytes, &wire.end().unwrap()].concat())
                    .read_to_end(&mut whole)
                    .unwrap();
                // Each message anew, or a reader takes the square of its time.
                (wire, bytes) = (Wire::new(coding), wire.begin().unwrap().to_vec());
                whole
            }
        };
        let data = text.split_off(b"event: lines\ndata: ".len());
        let told: Vec<(u32, u32, i64, String)> = serde_json::from_slice(&data).unwrap();
        lines.extend(told.into_iter().map(|(.., line)| line));
    }
    lines
}

/// Twenty readers, some of whom come late, of a log that grows in pieces which cut its entries anywhere; with so little room
/// that most of what they ask for must be made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reader_gets_every_line_once() {
    on_both("server::every_reader_gets_every_line_once", async |database| {
        let store = database.open().await;
        let objects = Objects::open(&Address::Directory(database.directory().join("objects"))).unwrap();
        let depot = Depot::new(store.clone(), objects);
        let (bytes, lines) = log();
        for room in [1_000, KEPT] {
            let mut tx = store.begin().await.unwrap();
            store::logs::delete(&mut tx, 1).await.unwrap();
            tx.commit().await.unwrap();
            let feeds = Feeds::with_room(depot.clone(), room);
            let mut readers = Vec::new();
            let mut from = 0;
            let cuts = (1..=20).map(|part| bytes.len() * part / 20 + part % 3).map(|cut| cut.min(bytes.len()));
            for (number, to) in cuts.enumerate() {
                let coding = if number % 2 == 0 { Coding::Plain } else { Coding::Gzip };
                readers.push(tokio::spawn(read(feeds.clone(), store.clone(), coding, lines.len())));
                append(&store, &bytes, from, to).await;
                from = to;
            }
            for reader in readers {
                let read = tokio::time::timeout(PATIENCE, reader).await.expect("a reader waits for ever").unwrap();
                assert!(read == lines, "{} of {} lines, or others", read.len(), lines.len());
            }
            let table = feeds.0.table();
            assert!(table.feeds.is_empty() && table.messages.is_empty() && table.order.is_empty());
            assert_eq!(table.bytes, 0, "nothing is kept for nobody");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_made_once() {
    let database = store::testing::Database::sqlite();
    let store = database.open().await;
    let objects = Objects::open(&Address::Directory(database.directory().join("objects"))).unwrap();
    let feeds = Feeds::with_room(Depot::new(store.clone(), objects), 200_000);
    let (bytes, _) = log();
    append(&store, &bytes, 0, bytes.len()).await;
    let coding = Coding::of(&HeaderMap::new());
    let (one, other) = (feeds.of(Log { job: 1, fence: 1, coding }), feeds.of(Log { job: 1, fence: 1, coding }));
    let mut at = Cursor::default();
    let mut messages = Vec::new();
    while let Some(message) = one.next(at, false).await.unwrap() {
        assert!(feeds.0.table().bytes <= 200_000);
        messages.push((std::mem::replace(&mut at, message.next), message));
    }
    assert!(messages.len() > 3, "{}", messages.len());
    assert_eq!(at.offset, bytes.len() as u64);
    // What one has read last is kept, and the other gets the same memory.
    let (at, last) = messages.last().unwrap();
    let again = other.next(*at, false).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(last, &again));
}

/// A place that no message gave: nonsense is an error of whoever asked for it, and changes nothing for others.
#[tokio::test]
async fn a_place_that_is_none_harms_nobody() {
    let database = store::testing::Database::sqlite();
    let store = database.open().await;
    let objects = Objects::open(&Address::Directory(database.directory().join("objects"))).unwrap();
    let feeds = Feeds::new(Depot::new(store.clone(), objects));
    let (bytes, lines) = log();
    append(&store, &bytes, 0, bytes.len()).await;
    let feed = feeds.of(Log { job: 1, fence: 1, coding: Coding::Plain });
    for offset in 1..40 {
        let mut at = Cursor { offset, time: 7 };
        while let Ok(Some(message)) = feed.next(at, false).await {
            at = message.next;
        }
    }
    let read = read(feeds, store, Coding::Plain, lines.len()).await;
    assert!(read == lines);
}
