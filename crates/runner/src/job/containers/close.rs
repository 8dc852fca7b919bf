//! The end of a job's containers.

use container::{Container, Stream};

use super::Containers;
use crate::log::StepLog;

/// The most that is shown of one container's output.
const MOST: usize = 2000;

/// Ends all containers of a job; what services wrote is shown first.
pub(crate) fn stop(containers: &Containers, log: &StepLog) {
    for service in &containers.services {
        log.say(&format!("##[group]Print service container logs: {} ({})", service.id, service.image));
        print_logs(&service.container, log);
        log.say("##[endgroup]");
    }
    for service in &containers.services {
        log.say(&format!("Stop and remove container: {} ({})", service.container.name(), service.image));
    }
    if let Some(network) = &containers.network {
        log.say(&format!("Remove container network: {}", network.name));
    }
}

/// What a container wrote, its last lines.
pub(crate) fn print_logs(container: &Container, log: &StepLog) {
    let Some(mut reader) = container.logs() else { return };
    let pieces = match reader.read_all(Some(MOST)) {
        Ok(pieces) => pieces,
        Err(error) => {
            log.say(&format!("##[warning]Its output cannot be read: {error}"));
            return;
        }
    };
    let mut text = Vec::new();
    // Lines of both streams as they came.
    for stream in [Stream::Out, Stream::Err] {
        let bytes: Vec<u8> = pieces
            .iter()
            .filter(|piece| piece.stream == stream)
            .flat_map(|piece| piece.bytes.iter().copied())
            .collect();
        text.extend_from_slice(&bytes);
        if !text.is_empty() && text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
    }
    for line in String::from_utf8_lossy(&text).lines() {
        // Nothing that a service writes is a command of the job's.
        log.say(&format!(" {line}"));
    }
}
