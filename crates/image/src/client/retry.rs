//! When a request is repeated, and after how long.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest time between two requests, and the longest a registry may ask for without being told as an error.
const LONGEST: Duration = Duration::from_secs(30);

/// The repetitions that are left for one thing.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    retries: u32,
    left: u32,
    first: Duration,
}

impl Backoff {
    pub(super) fn new(retries: u32, first: Duration) -> Self {
        Self { retries, left: retries, first }
    }

    /// How long to wait before the next try; `None` when there is none, or when the registry asks for more patience than
    /// anybody has.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        if self.left == 0 || asked.is_some_and(|asked| asked > LONGEST) {
            return None;
        }
        let done = self.retries - self.left;
        self.left -= 1;
        let doubled = self.first.saturating_mul(1 << done.min(16)).min(LONGEST);
        // Some of it by chance, so that many clients do not come back together.
        Some(doubled.mul_f64(0.75 + fastrand::f64() * 0.5).max(asked.unwrap_or_default()))
    }

    /// Something went forward: the count starts anew.
    pub(super) fn reset(&mut self) {
        self.left = self.retries;
    }
}

/// Whether the same request may be answered differently a little later.
pub(super) fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
pub(super) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(SystemTime::from(at).duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_and_ends() {
        let mut backoff = Backoff::new(3, Duration::from_millis(100));
        for (low, high) in [(75, 125), (150, 250), (300, 500)] {
            let wait = backoff.next(None).unwrap();
            assert!(wait >= Duration::from_millis(low) && wait <= Duration::from_millis(high), "{wait:?}");
        }
        assert_eq!(backoff.next(None), None);
        backoff.reset();
        assert_eq!(backoff.next(Some(Duration::from_secs(2))), Some(Duration::from_secs(2)));
        assert_eq!(backoff.next(Some(Duration::from_secs(3600))), None);
    }

    #[test]
    fn what_registries_ask_for() {
        let asked = |text: &'static str| {
            super::asked(&HeaderMap::from_iter([(RETRY_AFTER, reqwest::header::HeaderValue::from_static(text))]))
        };
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(asked("Sat, 21 Oct 2180 07:28:00 GMT").unwrap() > Duration::from_secs(3600));
        assert_eq!(asked("soon"), None);
        assert_eq!(super::asked(&HeaderMap::new()), None);
    }
}
