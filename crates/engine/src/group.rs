//! Asking for the concurrency group of a workflow or a leg.

use std::collections::HashSet;

use expr::{Context, Value};
use workflow::Concurrency;

use crate::effect::{Effect, Holder, Why};
use crate::run::Run;
use crate::state::{LegStage, ScopeStage};
use crate::value::{boolean, evaluated_boolean, failed, text};

/// GitHub's bound for a group's name, in characters.
const MAX_NAME: usize = 400;

/// `concurrency:`, evaluated.
struct Request {
    group: String,
    cancel_in_progress: bool,
    keep_all_pending: bool,
}

impl Request {
    fn of(concurrency: &Concurrency, context: &dyn Context) -> Result<Self, Why> {
        let span = concurrency.group.span;
        let value = concurrency.group.evaluate(context).map_err(failed)?;
        let request = match &value {
            // `concurrency: ${{ … }}` may give the whole mapping.
            Value::Object(object) => {
                let mut request = Self { group: String::new(), cancel_in_progress: false, keep_all_pending: false };
                for (key, value) in object.iter() {
                    match key {
                        "group" => request.group = text(value, "group", span)?,
                        "cancel-in-progress" => {
                            request.cancel_in_progress = boolean(value, "cancel-in-progress", span)?;
                        }
                        "queue" => {
                            let queue = text(value, "queue", span)?;
                            request.keep_all_pending = keeps_all(&queue, span)?;
                        }
                        other => {
                            let text =
                                format!("`concurrency` has `group`, `cancel-in-progress` and `queue`, not `{other}`");
                            return Err(Why::new("concurrency", text, Some(span)));
                        }
                    }
                }
                request
            }
            value => Self {
                group: text(value, "concurrency", span)?,
                cancel_in_progress: evaluated_boolean(
                    concurrency.cancel_in_progress.as_ref(),
                    "cancel-in-progress",
                    context,
                )?
                .unwrap_or(false),
                keep_all_pending: match &concurrency.queue {
                    Some(queue) => keeps_all(&queue.value, queue.span)?,
                    None => false,
                },
            },
        };
        let problem = match request.group.chars().count() {
            0 => "the concurrency group is empty".to_owned(),
            count if count > MAX_NAME => {
                format!("the concurrency group's name has {count} characters, at most {MAX_NAME} are allowed")
            }
            _ => return Ok(request),
        };
        Err(Why::new("concurrency", problem, Some(span)))
    }
}

fn keeps_all(queue: &str, span: span::Span) -> Result<bool, Why> {
    match queue {
        "max" => Ok(true),
        "single" => Ok(false),
        other => Err(Why::new("concurrency", format!("`queue` is `single` or `max`, not `{other}`"), Some(span))),
    }
}

impl Run {
    /// The effect that asks for a group, and the group's folded name. `held` are the groups that whoever asks is inside of:
    /// asking for one of them would wait for its own end.
    pub(crate) fn enter_effect(
        &self,
        holder: Holder,
        concurrency: &Concurrency,
        context: &dyn Context,
        held: &[&str],
    ) -> Result<(String, Effect), Why> {
        let Request { group, cancel_in_progress, keep_all_pending } = Request::of(concurrency, context)?;
        let folded = group.to_lowercase();
        // Pushing out who has the group sets free what waits in there, but not who asks from within.
        let deadlock =
            if cancel_in_progress { held.contains(&folded.as_str()) } else { self.would_deadlock(&folded, held) };
        if deadlock {
            let text = format!(
                "deadlock: the concurrency group `{group}` is held by what this is part of, or by what waits for that"
            );
            return Err(Why::new("concurrency", text, Some(concurrency.span)));
        }
        let inside = held.iter().map(|&group| group.to_owned()).collect();
        Ok((folded, Effect::Enter { holder, group, inside, cancel_in_progress, keep_all_pending }))
    }

    /// Whether what is inside of the groups `held` would wait for itself when it waited for `group`. Only this run is seen: it
    /// takes calls that hold one group and wait inside for another.
    fn would_deadlock(&self, group: &str, held: &[&str]) -> bool {
        if held.is_empty() {
            return false;
        }
        let legs = self
            .legs
            .iter()
            .filter(|leg| leg.stage == LegStage::Group)
            .filter_map(|leg| Some((self.groups_around(self.nodes[leg.node].scope), leg.group.as_deref()?)));
        let scopes = self
            .scopes
            .iter()
            .filter(|scope| scope.stage == ScopeStage::Waiting)
            .filter_map(|scope| Some((self.groups_above_leg(scope.caller?), scope.group.as_deref()?)));
        // What waits: inside of which groups, and for which.
        let waiting: Vec<(Vec<&str>, &str)> = legs.chain(scopes).collect();
        let mut seen = HashSet::new();
        let mut next = vec![group];
        while let Some(group) = next.pop() {
            if held.contains(&group) {
                return true;
            }
            if seen.insert(group) {
                next.extend(waiting.iter().filter(|(inside, _)| inside.contains(&group)).map(|(_, wanted)| *wanted));
            }
        }
        false
    }

    /// Groups of a leg, of its workflow, and of everything that this was called from.
    pub(crate) fn groups_above_leg(&self, leg: usize) -> Vec<&str> {
        let mut groups = self.groups_around(self.nodes[self.legs[leg].node].scope);
        groups.extend(self.legs[leg].group.as_deref());
        groups
    }

    /// Groups of a workflow and of everything that it was called from.
    pub(crate) fn groups_around(&self, scope: usize) -> Vec<&str> {
        let mut groups = Vec::new();
        let mut next = Some(scope);
        while let Some(scope) = next {
            let scope = &self.scopes[scope];
            groups.extend(scope.group.as_deref());
            next = scope.caller.map(|leg| {
                groups.extend(self.legs[leg].group.as_deref());
                self.nodes[self.legs[leg].node].scope
            });
        }
        groups
    }
}
