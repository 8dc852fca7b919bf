//! Workflows for the tables: only `on:` matters, and every pattern has a place of its own.

use std::sync::Arc;

use span::{FileId, Span};
use trigger::{ChangedFiles, Event, RefKind};
use workflow::{Defaults, EventTrigger, Filter, Schedule, Spanned, Triggers, Workflow};

pub(crate) struct On {
    events: Vec<EventTrigger>,
    next: usize,
}

pub(crate) fn on(event: &str) -> On {
    On { events: Vec::new(), next: 0 }.and(event)
}

impl On {
    pub(crate) fn and(mut self, event: &str) -> On {
        let span = self.place();
        self.events.push(EventTrigger {
            name: Spanned { value: event.into(), span },
            span,
            types: None,
            branches: None,
            branches_ignore: None,
            tags: None,
            tags_ignore: None,
            paths: None,
            paths_ignore: None,
            workflows: None,
            names: None,
            versions: None,
            schedules: Vec::new(),
            inputs: Vec::new(),
            call: None,
        });
        self
    }

    /// Adds a filter to the last event by its key.
    pub(crate) fn filter(mut self, key: &str, patterns: &[&str]) -> On {
        let filter = Some(Filter {
            key_span: self.place(),
            patterns: patterns.iter().map(|pattern| self.text(pattern)).collect(),
        });
        let event = self.events.last_mut().expect("an event");
        match key {
            "types" => event.types = filter,
            "branches" => event.branches = filter,
            "branches-ignore" => event.branches_ignore = filter,
            "tags" => event.tags = filter,
            "tags-ignore" => event.tags_ignore = filter,
            "paths" => event.paths = filter,
            "paths-ignore" => event.paths_ignore = filter,
            "workflows" => event.workflows = filter,
            "names" => event.names = filter,
            "versions" => event.versions = filter,
            other => panic!("no filter {other}"),
        }
        self
    }

    pub(crate) fn cron(mut self, line: &str) -> On {
        let cron = self.text(line);
        self.events.last_mut().expect("an event").schedules.push(Schedule { cron, timezone: None });
        self
    }

    pub(crate) fn triggers(self) -> Triggers {
        Triggers { span: Span::new(FileId(0), 0, 2), events: self.events }
    }

    pub(crate) fn workflow(self) -> Workflow {
        Workflow {
            file: FileId(0),
            path: ".github/workflows/ci.yml".into(),
            name: None,
            description: None,
            run_name: None,
            on: self.triggers(),
            permissions: None,
            cache_mode: None,
            env: None,
            defaults: Defaults::default(),
            concurrency: None,
            jobs: Vec::new(),
        }
    }

    fn place(&mut self) -> Span {
        self.next += 100;
        Span::new(FileId(0), self.next, self.next + 10)
    }

    fn text(&mut self, text: &str) -> Spanned<Arc<str>> {
        self.next += 100;
        Spanned { value: text.into(), span: Span::new(FileId(0), self.next, self.next + text.len()) }
    }
}

pub(crate) fn push(branch: &str) -> Event {
    Event { ref_name: branch.to_owned(), changed: ChangedFiles::known(["src/main.rs"]), ..Event::new("push") }
}

pub(crate) fn tag(name: &str) -> Event {
    Event { ref_kind: RefKind::Tag, ..push(name) }
}

pub(crate) fn pull_request(base: &str, head: &str) -> Event {
    Event {
        action: Some("opened".to_owned()),
        base_ref: Some(base.to_owned()),
        head_ref: Some(head.to_owned()),
        ref_kind: RefKind::Pull,
        ref_name: "1/merge".to_owned(),
        changed: ChangedFiles::known(["src/main.rs"]),
        ..Event::new("pull_request")
    }
}
