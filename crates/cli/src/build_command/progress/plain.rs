//! Lines, in the form of BuildKit's plain progress.

use std::collections::BTreeMap;
use std::io::Write as _;

use builder::{Event, StepId};

use super::Teller;
use super::steps::Steps;

pub(super) struct Plain {
    /// The step that spoke last: its name stands above its lines.
    last: Option<StepId>,
    /// What has no line end yet.
    open: BTreeMap<StepId, Vec<u8>>,
    out: Box<dyn std::io::Write + Send>,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self::to(Box::new(std::io::stderr()))
    }

    fn to(out: Box<dyn std::io::Write + Send>) -> Self {
        Self { last: None, open: BTreeMap::new(), out }
    }

    fn line(&mut self, step: StepId, steps: &Steps, text: &str) {
        if self.last != Some(step) {
            if self.last.is_some() {
                let _ = writeln!(self.out);
            }
            let _ = writeln!(self.out, "#{} {}", step.0, steps.name(step));
            self.last = Some(step);
        }
        if !text.is_empty() {
            let _ = writeln!(self.out, "#{} {text}", step.0);
        }
    }

    fn rest(&mut self, step: StepId, steps: &Steps) {
        if let Some(open) = self.open.remove(&step).filter(|open| !open.is_empty()) {
            self.log(step, &open, steps);
        }
    }

    fn log(&mut self, step: StepId, data: &[u8], steps: &Steps) {
        let seconds =
            steps.all.get(&step).and_then(|step| step.began).map_or(0.0, |began| began.elapsed().as_secs_f64());
        for line in String::from_utf8_lossy(data).lines() {
            self.line(step, steps, &format!("{seconds:.3} {line}"));
        }
    }
}

impl Teller for Plain {
    fn event(&mut self, event: &Event, steps: &Steps) {
        match event {
            Event::Planned { .. } => {}
            Event::Started { step } => self.line(*step, steps, ""),
            Event::Cached { step } => self.line(*step, steps, "CACHED"),
            Event::Log { step, data, .. } => {
                let mut all = self.open.remove(step).unwrap_or_default();
                all.extend_from_slice(data);
                let end = all.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                let rest = all.split_off(end);
                self.log(*step, &all, steps);
                self.open.insert(*step, rest);
            }
            Event::Transfer { step, what, done, total: Some(total) } if done == total && *total > 0 => {
                self.line(*step, steps, &format!("{what} {total} bytes"));
            }
            Event::Transfer { .. } => {}
            Event::Finished { step, took, error } => {
                self.rest(*step, steps);
                match error {
                    None => self.line(*step, steps, &format!("DONE {:.1}s", took.as_secs_f64())),
                    // All of it is told at the end.
                    Some(error) => {
                        let last = error.lines().next_back().unwrap_or_default().to_owned();
                        self.line(*step, steps, &format!("ERROR: {last}"));
                    }
                }
            }
            Event::Warning { message, line } => {
                let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
                let _ = writeln!(self.out, "WARN: {message}{place}");
            }
        }
    }

    fn tick(&mut self, _steps: &Steps) {}

    fn finish(&mut self, steps: &Steps, _success: bool) {
        let open: Vec<StepId> = self.open.keys().copied().collect();
        open.into_iter().for_each(|step| self.rest(step, steps));
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_of_steps_that_overlap() {
        let shared = Shared::default();
        let (mut plain, mut steps) = (Plain::to(Box::new(shared.clone())), Steps::new());
        let (one, two) = (StepId(1), StepId(2));
        let planned = |step, name: &str| Event::Planned { step, name: name.into(), stage: String::new(), line: None };
        let script = [
            planned(one, "[a 1/1] RUN make"),
            planned(two, "[b 1/1] COPY . ."),
            Event::Cached { step: two },
            Event::Started { step: one },
            Event::Transfer { step: one, what: "f".into(), done: 3, total: Some(3) },
            Event::Warning { message: "careful".into(), line: Some(3) },
            Event::Finished { step: one, took: Duration::from_millis(1500), error: Some("a\nb".into()) },
        ];
        for event in script {
            steps.take(&event);
            plain.event(&event, &steps);
        }
        plain.finish(&steps, false);
        let text = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
        insta::assert_snapshot!(text, @r"
        #2 [b 1/1] COPY . .
        #2 CACHED

        #1 [a 1/1] RUN make
        #1 f 3 bytes
        WARN: careful (line 3)
        #1 ERROR: b
        ");
    }
}
