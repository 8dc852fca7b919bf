use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};

use crate::Collected;

/// What the registry counts since it was opened, in Prometheus' text form.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>,
    times: Mutex<BTreeMap<&'static str, Times>>,
    sent: AtomicU64,
    received: AtomicU64,
    refused: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    cache_stale: AtomicU64,
    collections: AtomicU64,
    collected_blobs: AtomicU64,
    collected_bytes: AtomicU64,
    collected_manifests: AtomicU64,
}

/// Upper ends of the classes of times, in seconds.
const CLASSES: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0];

#[derive(Debug, Default)]
struct Times {
    classes: [u64; CLASSES.len()],
    count: u64,
    seconds: f64,
}

/// How a request to a repository of an upstream was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CacheResult {
    Hit,
    Miss,
    /// From here, since the upstream failed.
    Stale,
}

impl Metrics {
    pub(crate) fn request(&self, method: &Method, kind: &'static str, status: StatusCode, time: Duration) {
        // Clients make up methods.
        let known = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"];
        let method = known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method, kind, status.as_u16())).or_default() += 1;
        drop(requests);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let times = times.entry(kind).or_default();
        let seconds = time.as_secs_f64();
        for (class, end) in times.classes.iter_mut().zip(CLASSES) {
            *class += u64::from(seconds <= end);
        }
        times.count += 1;
        times.seconds += seconds;
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn cached(&self, result: CacheResult) {
        let counter = match result {
            CacheResult::Hit => &self.cache_hits,
            CacheResult::Miss => &self.cache_misses,
            CacheResult::Stale => &self.cache_stale,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn collected(&self, collected: &Collected) {
        self.collections.fetch_add(1, Ordering::Relaxed);
        self.collected_blobs.fetch_add(collected.blobs, Ordering::Relaxed);
        self.collected_bytes.fetch_add(collected.bytes, Ordering::Relaxed);
        self.collected_manifests.fetch_add(collected.manifests, Ordering::Relaxed);
    }

    /// Everything, in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        };
        head(&mut text, "trunkline_registry_requests_total", "counter", "Answered requests.");
        for ((method, kind, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(
                text,
                "trunkline_registry_requests_total{{method=\"{method}\",endpoint=\"{kind}\",status=\"{status}\"}} {count}"
            );
        }
        let name = "trunkline_registry_response_seconds";
        head(&mut text, name, "histogram", "Time until an answer began.");
        for (kind, times) in &*self.times.lock().unwrap_or_else(PoisonError::into_inner) {
            for (class, end) in times.classes.iter().zip(CLASSES) {
                let _ = writeln!(text, "{name}_bucket{{endpoint=\"{kind}\",le=\"{end}\"}} {class}");
            }
            let _ = writeln!(text, "{name}_bucket{{endpoint=\"{kind}\",le=\"+Inf\"}} {}", times.count);
            let _ = writeln!(text, "{name}_sum{{endpoint=\"{kind}\"}} {}", times.seconds);
            let _ = writeln!(text, "{name}_count{{endpoint=\"{kind}\"}} {}", times.count);
        }
        for (name, help, counter) in [
            ("blob_sent_bytes", "Bytes of blobs sent.", &self.sent),
            ("blob_received_bytes", "Bytes of blobs received.", &self.received),
            ("requests_refused", "Requests that were not let through.", &self.refused),
            ("cache_hits", "Answers from the cache of an upstream.", &self.cache_hits),
            ("cache_misses", "Answers that an upstream had to give.", &self.cache_misses),
            ("cache_stale", "Answers from the cache because the upstream failed.", &self.cache_stale),
            ("collections", "Collections.", &self.collections),
            ("collected_blobs", "Blobs that collections removed.", &self.collected_blobs),
            ("collected_bytes", "Bytes that collections freed.", &self.collected_bytes),
            ("collected_manifests", "Manifests that collections removed.", &self.collected_manifests),
        ] {
            let name = format!("trunkline_registry_{name}_total");
            head(&mut text, &name, "counter", help);
            let _ = writeln!(text, "{name} {}", counter.load(Ordering::Relaxed));
        }
        text
    }
}
