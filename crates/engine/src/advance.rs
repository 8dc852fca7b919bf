//! Moves whatever can move: scopes open and end, jobs get decided when their needs are done, legs get their places.

use std::collections::{HashMap, HashSet};

use api::Conclusion;
use workflow::Workflow;

use crate::effect::{Effect, Holder, Why};
use crate::run::Run;
use crate::state::{Node, NodeStage, Past, Scope, ScopeStage};

impl Run {
    /// Adds a workflow with its jobs. Jobs that the selection leaves out are not part of the run.
    pub(crate) fn add_scope(&mut self, scope: Scope) -> usize {
        let index = self.scopes.len();
        let workflow = scope.program.workflow.clone();
        let by_id: HashMap<String, usize> =
            workflow.jobs.iter().enumerate().map(|(job, one)| (folded(&one.id.value), job)).collect();
        let first = self.nodes.len();
        // Nodes by the job's index, where the job is part of the run.
        let mut node_of: Vec<Option<usize>> = vec![None; workflow.jobs.len()];
        for job in self.chosen_jobs(&workflow, &by_id, scope.caller.is_none()) {
            node_of[job] = Some(self.nodes.len());
            self.nodes.push(Node::new(index, job));
        }
        for node in first..self.nodes.len() {
            let mut seen = HashSet::new();
            let needs: Vec<usize> = workflow.jobs[self.nodes[node].job]
                .needs
                .iter()
                .filter_map(|need| node_of[*by_id.get(&folded(&need.value))?])
                .filter(|&need| seen.insert(need))
                .collect();
            for &need in &needs {
                self.nodes[need].dependents.push(node);
            }
            self.nodes[node].missing = needs.len();
            self.nodes[node].needs = needs;
        }
        let nodes: Vec<usize> = (first..self.nodes.len()).collect();
        self.scopes.push(Scope { unfinished: nodes.len(), nodes, ..scope });
        index
    }

    /// Indices of the jobs asked for and of everything they need, in file order.
    fn chosen_jobs(&self, workflow: &Workflow, by_id: &HashMap<String, usize>, root: bool) -> Vec<usize> {
        let all = 0..workflow.jobs.len();
        if self.selection.jobs.is_empty() || !root {
            return all.collect();
        }
        let mut wanted = vec![false; workflow.jobs.len()];
        let mut stack: Vec<String> = self.selection.jobs.iter().map(|job| folded(job)).collect();
        while let Some(key) = stack.pop() {
            if let Some(&job) = by_id.get(&key)
                && !std::mem::replace(&mut wanted[job], true)
            {
                stack.extend(workflow.jobs[job].needs.iter().map(|need| folded(&need.value)));
            }
        }
        all.filter(|&job| wanted[job]).collect()
    }

    /// Starts a workflow, through its concurrency group where it has one.
    pub(crate) fn open_scope(&mut self, scope: usize) {
        let program = self.scopes[scope].program.clone();
        let Some(concurrency) = &program.workflow.concurrency else {
            self.activate_scope(scope);
            return;
        };
        let held = self.scopes[scope].caller.map(|leg| self.groups_above_leg(leg)).unwrap_or_default();
        match self.enter_effect(Holder::Workflow(id(scope)), concurrency, &self.scope_context(scope), &held) {
            Ok((group, effect)) => {
                self.scopes[scope].group = Some(group);
                self.effects.push(effect);
            }
            Err(why) => self.end_scope_unopened(scope, Conclusion::Failure, why),
        }
    }

    pub(crate) fn activate_scope(&mut self, scope: usize) {
        self.scopes[scope].stage = ScopeStage::Running;
        self.wake.extend(&self.scopes[scope].nodes);
        if self.scopes[scope].nodes.is_empty() {
            self.finish_scope(scope);
        }
    }

    /// Ends a workflow none of whose jobs was decided.
    pub(crate) fn end_scope_unopened(&mut self, scope: usize, conclusion: Conclusion, why: Why) {
        self.scopes[scope].stage = ScopeStage::Running;
        if conclusion == Conclusion::Failure {
            self.scopes[scope].failure = Some(why.clone());
        }
        for node in self.scopes[scope].nodes.clone() {
            self.end_node_early(node, conclusion, why.clone());
        }
        if self.scopes[scope].nodes.is_empty() {
            self.finish_scope(scope);
        }
    }

    pub(crate) fn advance(&mut self) {
        while let Some(node) = self.wake.pop_front() {
            match self.nodes[node].stage {
                NodeStage::Waiting => {
                    let open = self.scopes[self.nodes[node].scope].stage == ScopeStage::Running;
                    if open && self.nodes[node].missing == 0 {
                        self.nodes[node].past = self.past(node);
                        self.decide(node);
                    }
                }
                NodeStage::Expanded => self.launch_ready(node),
                NodeStage::Done(_) => {}
            }
        }
    }

    /// Sums up what a node depends on. Its needs are done, so theirs is known.
    fn past(&self, node: usize) -> Past {
        let mut past = Past::default();
        for &need in &self.nodes[node].needs {
            let needed = &self.nodes[need];
            let result = needed.result().unwrap_or(Conclusion::Skipped);
            past.all_succeeded &= result == Conclusion::Success && needed.past.all_succeeded;
            past.any_failed |= result == Conclusion::Failure || needed.past.any_failed;
            past.reran |= needed.reran || needed.past.reran;
            if result != Conclusion::Success {
                past.culprit.get_or_insert(need);
            }
        }
        let further = || self.nodes[node].needs.iter().find_map(|&need| self.nodes[need].past.culprit);
        past.culprit = past.culprit.or_else(further);
        past
    }

    /// Gives back what a scope holds and reports its end to its caller, or ends the run.
    pub(crate) fn finish_scope(&mut self, scope: usize) {
        if self.scopes[scope].stage == ScopeStage::Done {
            return;
        }
        self.scopes[scope].stage = ScopeStage::Done;
        if self.scopes[scope].group.take().is_some() {
            self.effects.push(Effect::Leave(Holder::Workflow(id(scope))));
        }
        let conclusion = self.scope_conclusion(scope);
        match self.scopes[scope].caller {
            Some(leg) => self.return_from_call(leg, scope, conclusion),
            None => {
                self.done = Some(conclusion);
                let reason = self.scopes[scope].failure.take();
                self.effects.push(Effect::Done { conclusion, reason });
            }
        }
    }

    fn scope_conclusion(&self, scope: usize) -> Conclusion {
        let scope = &self.scopes[scope];
        let has = |wanted| scope.nodes.iter().any(|&node| self.nodes[node].result() == Some(wanted));
        if scope.failure.is_some() || has(Conclusion::Failure) {
            Conclusion::Failure
        } else if scope.cancelled || has(Conclusion::Cancelled) {
            Conclusion::Cancelled
        } else if has(Conclusion::Skipped) && !has(Conclusion::Success) {
            Conclusion::Skipped
        } else {
            Conclusion::Success
        }
    }
}

fn id(scope: usize) -> u32 {
    u32::try_from(scope).unwrap_or(u32::MAX)
}

fn folded(id: &str) -> String {
    id.to_ascii_lowercase()
}
