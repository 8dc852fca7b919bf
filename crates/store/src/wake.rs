//! Wake-ups: hints that something changed.
//!
//! They carry nothing and may be lost; a reader keeps its own number of what it has read, asks again when it is woken, and
//! also, slowly, when it is not.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What one can listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An event waits for its verdicts.
    Events,
    /// A job is queued.
    Queue,
    /// An input lies there for a run.
    Inbox,
    /// A gate, a schedule or a deadline was set: who sleeps until the next one looks again.
    Timers,
    /// A run has new events, or something to do.
    Run(i64),
    /// A job changed: it is to be cancelled, or over.
    Job(i64),
    /// A job's log has grown.
    Log(i64),
    /// A webhook delivery waits.
    Deliveries,
    /// Pull requests are to be looked at.
    Pulls,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events => f.write_str("events"),
            Self::Queue => f.write_str("queue"),
            Self::Inbox => f.write_str("inbox"),
            Self::Timers => f.write_str("timers"),
            Self::Run(id) => write!(f, "run:{id}"),
            Self::Job(id) => write!(f, "job:{id}"),
            Self::Log(id) => write!(f, "log:{id}"),
            Self::Deliveries => f.write_str("deliveries"),
            Self::Pulls => f.write_str("pulls"),
        }
    }
}

impl Topic {
    fn parse(text: &str) -> Option<Self> {
        let (name, id) = text.split_once(':').unwrap_or((text, ""));
        Some(match name {
            "events" => Self::Events,
            "queue" => Self::Queue,
            "inbox" => Self::Inbox,
            "timers" => Self::Timers,
            "run" => Self::Run(id.parse().ok()?),
            "job" => Self::Job(id.parse().ok()?),
            "log" => Self::Log(id.parse().ok()?),
            "deliveries" => Self::Deliveries,
            "pulls" => Self::Pulls,
            _ => return None,
        })
    }
}

/// Everybody of this process who listens, by topic.
#[derive(Clone, Debug)]
pub(crate) struct Wakes {
    topics: Arc<Mutex<HashMap<Topic, watch::Sender<()>>>>,
    /// Tells this process's own notifications from those of other servers.
    origin: Arc<str>,
}

impl Wakes {
    pub(crate) fn new() -> Self {
        let origin = uuid::Uuid::new_v4().simple().to_string().into();
        Self { topics: Arc::default(), origin }
    }

    pub(crate) fn listen(&self, topic: Topic) -> Listener {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = topics.entry(topic).or_insert_with(|| watch::Sender::new(())).subscribe();
        Listener { topic, receiver: Some(receiver), wakes: self.clone() }
    }

    pub(crate) fn wake(&self, topic: Topic) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = topics.get(&topic) {
            sender.send_replace(());
        }
    }

    /// After a time in which notifications may have been lost.
    pub(crate) fn wake_all(&self) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.values().for_each(|sender| {
            sender.send_replace(());
        });
    }

    /// A notification's text: who sends it, and the topics.
    pub(crate) fn payload(&self, topics: &[Topic]) -> String {
        let mut text = self.origin.to_string();
        for topic in topics {
            // PostgreSQL takes 8,000 bytes; what does not fit is found by the slow poll.
            if text.len() > 7_900 {
                break;
            }
            text.push(' ');
            text.push_str(&topic.to_string());
        }
        text
    }

    pub(crate) fn notified(&self, payload: &str) {
        let mut words = payload.split(' ');
        if words.next() != Some(&*self.origin) {
            words.filter_map(Topic::parse).for_each(|topic| self.wake(topic));
        }
    }
}

/// Waits for wake-ups of one topic. One that comes between two waits is kept.
#[derive(Debug)]
pub struct Listener {
    topic: Topic,
    receiver: Option<watch::Receiver<()>>,
    wakes: Wakes,
}

impl Listener {
    /// Until the next wake-up, or `at_most` so long. Whether it was woken.
    pub async fn wait(&mut self, at_most: Duration) -> bool {
        let Some(receiver) = &mut self.receiver else { return false };
        tokio::time::timeout(at_most, receiver.changed()).await.is_ok_and(|woken| woken.is_ok())
    }

    /// Whether there was a wake-up since the last time that somebody asked or waited. Does not wait.
    pub fn woken(&mut self) -> bool {
        let Some(receiver) = &mut self.receiver else { return false };
        let woken = receiver.has_changed().unwrap_or(false);
        receiver.mark_unchanged();
        woken
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.wakes.topics.lock().unwrap_or_else(PoisonError::into_inner);
        self.receiver = None;
        if topics.get(&self.topic).is_some_and(|sender| sender.receiver_count() == 0) {
            topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_wake_up_between_two_waits_is_kept_and_others_are_not_woken() {
        let wakes = Wakes::new();
        let (mut queue, mut run) = (wakes.listen(Topic::Queue), wakes.listen(Topic::Run(7)));
        wakes.wake(Topic::Queue);
        wakes.wake(Topic::Queue);
        assert!(queue.wait(LONG).await);
        assert!(!queue.wait(Duration::ZERO).await, "two in a row are one");
        wakes.wake(Topic::Queue);
        assert!(queue.woken() && !queue.woken());
        assert!(!run.wait(Duration::ZERO).await);
    }

    #[tokio::test]
    async fn notifications_of_others_wake_and_ones_own_do_not() {
        let (here, there) = (Wakes::new(), Wakes::new());
        let mut listener = here.listen(Topic::Job(3));
        here.notified(&here.payload(&[Topic::Job(3)]));
        assert!(!listener.wait(Duration::ZERO).await);
        here.notified(&there.payload(&[Topic::Queue, Topic::Job(3)]));
        assert!(listener.wait(LONG).await);
    }

    #[test]
    fn who_has_stopped_listening_leaves_nothing_behind() {
        let wakes = Wakes::new();
        let (first, second) = (wakes.listen(Topic::Log(1)), wakes.listen(Topic::Log(1)));
        drop(first);
        assert_eq!(wakes.topics.lock().expect("lock").len(), 1);
        drop(second);
        assert!(wakes.topics.lock().expect("lock").is_empty());
    }
}
