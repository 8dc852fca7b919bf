//! What one caller may have under way at the same time.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use forge::Shares;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;

/// Requests of one caller; GitHub's number.
const REQUESTS: usize = 100;
/// Bodies that count as large: each is in memory as it came, as JSON, and as what it holds.
const LARGE: usize = 2 << 20;
/// Large bodies on the server, and of one caller.
const LARGE_AT_ONCE: usize = 4;
const LARGE_OF_ONE: usize = 2;
/// How long a large body waits for its turn.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Bounds {
    requests: Shares<String>,
    large: Shares<String>,
    large_at_once: Arc<Semaphore>,
}

/// A request that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    large: Arc<Semaphore>,
    large_at_once: Arc<Semaphore>,
    _request: OwnedSemaphorePermit,
}

impl Default for Bounds {
    fn default() -> Self {
        let large_at_once = Arc::new(Semaphore::new(LARGE_AT_ONCE));
        Self { requests: Shares::new(REQUESTS), large: Shares::new(LARGE_OF_ONE), large_at_once }
    }
}

impl Bounds {
    /// Counts a request of the caller with this key.
    pub(crate) fn begin(&self, key: &str) -> Result<UnderWay, Problem> {
        let key = key.to_owned();
        let request = self.requests.of(&key).try_acquire_owned().map_err(|_| {
            let text = "You have exceeded a secondary rate limit: too many requests at the same time.";
            Problem::forbidden(text).header(header::RETRY_AFTER, "5")
        })?;
        Ok(UnderWay { large: self.large.of(&key), large_at_once: self.large_at_once.clone(), _request: request })
    }
}

impl UnderWay {
    /// A place for the body of a request to a route that takes so many bytes; none is needed for small ones. It is waited for
    /// before the body is read.
    pub(crate) async fn body(&self, headers: &HeaderMap, limit: usize) -> Result<Option<Places>, Problem> {
        self.body_within(headers, limit, PATIENCE).await
    }

    async fn body_within(
        &self,
        headers: &HeaderMap,
        limit: usize,
        patience: Duration,
    ) -> Result<Option<Places>, Problem> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if length.unwrap_or(limit).min(limit) <= LARGE {
            return Ok(None);
        }
        let waiting = async {
            let own = self.large.clone().acquire_owned().await.ok()?;
            let all = self.large_at_once.clone().acquire_owned().await.ok()?;
            Some([own, all])
        };
        match tokio::time::timeout(patience, waiting).await {
            Ok(Some(places)) => Ok(Some(places)),
            _ => {
                let text = "Too many large requests at the same time; try again soon.";
                Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, text).header(header::RETRY_AFTER, "30"))
            }
        }
    }
}

/// Of the caller's share and of the server's.
pub(crate) type Places = [OwnedSemaphorePermit; 2];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_requests_of_one_caller_are_refused() {
        let bounds = Bounds::default();
        let mut held: Vec<_> = (0..REQUESTS).map(|_| bounds.begin("user 1").unwrap()).collect();
        let refused = bounds.begin("user 1").unwrap_err();
        assert_eq!((refused.status, refused.message.contains("secondary rate limit")), (StatusCode::FORBIDDEN, true));
        bounds.begin("user 2").unwrap();
        held.pop();
        bounds.begin("user 1").unwrap();
    }

    #[tokio::test]
    async fn large_bodies_wait_for_each_other() {
        let bounds = Bounds::default();
        let headers = |length: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(length) = length {
                headers.insert(header::CONTENT_LENGTH, length.parse().unwrap());
            }
            headers
        };
        let (one, two, three) = (bounds.begin("1").unwrap(), bounds.begin("2").unwrap(), bounds.begin("3").unwrap());
        let (limit, short) = (40 << 20, Duration::from_millis(20));
        let mut held = Vec::new();
        for _ in 0..LARGE_OF_ONE {
            held.push(one.body(&headers(Some("30000000")), limit).await.unwrap().unwrap());
        }
        // The caller's own share is full, the server's is not.
        assert_eq!(
            one.body_within(&headers(None), limit, short).await.unwrap_err().status,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert!(one.body(&headers(Some("1000")), limit).await.unwrap().is_none());
        assert!(one.body(&headers(None), 1 << 20).await.unwrap().is_none());
        for _ in 0..LARGE_OF_ONE {
            held.push(two.body(&headers(None), limit).await.unwrap().unwrap());
        }
        assert_eq!(
            three.body_within(&headers(None), limit, short).await.unwrap_err().status,
            StatusCode::SERVICE_UNAVAILABLE
        );
        held.clear();
        drop(three.body(&headers(None), limit).await.unwrap().unwrap());
    }
}
