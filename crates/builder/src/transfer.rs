//! Pulls and pushes, told as events of a step.

use image::client;

use crate::event::{Event, Events, StepId};

/// Passes on what the client of registries tells.
pub(crate) struct Told {
    pub(crate) events: Events,
    pub(crate) step: StepId,
}

impl client::Progress for Told {
    fn event(&self, event: client::Event<'_>) {
        let step = self.step;
        let short = |digest: &image::Digest| digest.hex().chars().take(12).collect::<String>();
        let transfer = |digest, done, total| Event::Transfer { step, what: short(digest), done, total: Some(total) };
        match event {
            client::Event::Started { digest, size } => self.events.send(transfer(digest, 0, size)),
            client::Event::Advanced { digest, bytes, size } => self.events.send(transfer(digest, bytes, size)),
            client::Event::Finished { digest, size, .. } => self.events.send(transfer(digest, size, size)),
            client::Event::Retrying { what, reason, after } => {
                let data = format!("{what}: {reason}; again in {:.1}s\n", after.as_secs_f64()).into_bytes();
                self.events.send(Event::Log { step, stderr: true, data });
            }
            client::Event::Note { text } => {
                self.events.send(Event::Log { step, stderr: true, data: format!("{text}\n").into_bytes() });
            }
        }
    }
}
