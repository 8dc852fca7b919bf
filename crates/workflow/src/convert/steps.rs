//! Steps of a job or of a composite action.

use std::collections::HashSet;
use std::sync::Arc;

use expr::Value;
use span::Diagnostic;

use super::{Diagnostics, spanned, template};
use crate::item::Item;
use crate::step_id::StepIds;
use crate::{Spanned, Step, StepKind, check, code};

pub(super) fn steps(list: &Item, out: &mut Diagnostics) -> Vec<Step> {
    let mut reader = Reader { ids: StepIds::default(), seen: Vec::new(), background: HashSet::new(), out };
    let mut steps = reader.steps(list, false);
    reader.ids.generate(&mut steps);
    steps
}

struct Reader<'d> {
    ids: StepIds,
    /// Ids given so far, in order.
    seen: Vec<Arc<str>>,
    background: HashSet<Arc<str>>,
    out: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn steps(&mut self, list: &Item, parallel: bool) -> Vec<Step> {
        list.items().iter().filter_map(|item| self.step(item, parallel)).collect()
    }

    fn step(&mut self, item: &Item, parallel: bool) -> Option<Step> {
        if item.is_invalid() {
            return None;
        }
        let id = spanned(item, "id");
        if let Some(id) = &id
            && check::id(id, "step", self.out)
        {
            self.claim(id);
        }
        if parallel {
            self.check_parallel(item);
        }
        let background = item.get("background").and_then(Item::bool).unwrap_or(false);
        if let (Some(id), true) = (&id, background) {
            self.background.insert(id.value.clone());
        }
        let kind = self.kind(item, id.as_ref())?;
        if let Some(id) = &id {
            self.seen.push(id.value.clone());
        }
        Some(Step {
            span: item.span,
            id: id.as_ref().map_or_else(|| "".into(), |id| id.value.clone()),
            explicit_id: id,
            name: template(item, "name"),
            condition: item.get("if").and_then(Item::condition),
            env: template(item, "env"),
            continue_on_error: template(item, "continue-on-error"),
            timeout_minutes: template(item, "timeout-minutes"),
            background,
            kind,
        })
    }

    fn claim(&mut self, id: &Spanned<Arc<str>>) {
        if let Some(first) = self.ids.claim(id) {
            let message = format!("the step id `{}` is taken; ids are compared without regard to case", id.value);
            self.out.push(Diagnostic::error(code::DUPLICATE_ID, message).at(id.span).related(first, "first here"));
        }
    }

    fn kind(&mut self, item: &Item, own: Option<&Spanned<Arc<str>>>) -> Option<StepKind> {
        if item.entry("run").is_some() {
            let shell = item.get("shell");
            if let Some(shell) = shell {
                check::shell(shell, self.out);
            }
            return Some(StepKind::Run {
                script: template(item, "run")?,
                shell: shell.map(Item::template),
                working_directory: template(item, "working-directory"),
            });
        }
        if item.entry("uses").is_some() {
            let uses = spanned(item, "uses")?;
            check::action_reference(&uses, self.out);
            return Some(StepKind::Uses { uses, with: template(item, "with") });
        }
        if let Some(targets) = item.get("wait") {
            let targets = targets.strings();
            targets.iter().for_each(|target| self.check_target(target, own));
            return Some(StepKind::Wait { targets });
        }
        if let Some(value) = item.get("wait-all") {
            if let Some(Value::Bool(false)) = value.value() {
                let message = "`wait-all` is `true` or has no value";
                self.out.push(Diagnostic::error(code::INVALID_WAIT, message).at(value.span));
            }
            return Some(StepKind::WaitAll);
        }
        if item.entry("cancel").is_some() {
            let target = spanned(item, "cancel")?;
            self.check_target(&target, own);
            return Some(StepKind::Cancel { target });
        }
        let list = item.get("parallel")?;
        Some(StepKind::Parallel { steps: self.steps(list, true) })
    }

    fn check_target(&mut self, target: &Spanned<Arc<str>>, own: Option<&Spanned<Arc<str>>>) {
        let name = target.value.as_ref();
        let diagnostic = Diagnostic::error(code::INVALID_WAIT, "").at(target.span);
        if own.is_some_and(|own| own.value.eq_ignore_ascii_case(name)) {
            let message = "a step cannot wait for itself or cancel itself".to_owned();
            self.out.push(Diagnostic { message, ..diagnostic });
        } else if !self.seen.iter().any(|id| id.as_ref() == name) {
            let message = format!("no step before this one has the id `{name}`");
            let mut diagnostic = Diagnostic { message, ..diagnostic };
            if let Some(meant) = check::suggest(self.out.len(), name, self.seen.iter().map(AsRef::as_ref)) {
                diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
            }
            self.out.push(diagnostic);
        } else if !self.background.contains(name) {
            let message = format!("the step `{name}` does not run in the background");
            self.out.push(Diagnostic { message, ..diagnostic }.help("add `background: true` to it"));
        }
    }

    /// Steps of a `parallel` block run in the background by themselves; only `run` and `uses` steps can.
    fn check_parallel(&mut self, item: &Item) {
        for (key, message) in [
            ("background", "`background` has no place in a `parallel` block, whose steps all run in the background"),
            ("wait", "`wait` has no place in a `parallel` block"),
            ("wait-all", "`wait-all` has no place in a `parallel` block"),
            ("cancel", "`cancel` has no place in a `parallel` block"),
            ("parallel", "`parallel` blocks cannot stand in each other"),
        ] {
            if let Some(entry) = item.entry(key) {
                self.out.push(Diagnostic::error(code::INVALID_PARALLEL, message).at(entry.key_span));
            }
        }
    }
}
