//! Moves whatever can move: scopes open, jobs get decided when their needs are done.

use std::collections::{HashMap, HashSet};

use api::Conclusion;
use workflow::Workflow;

use crate::effect::{Effect, Holder, Why};
use crate::run::Run;
use crate::state::{Node, NodeStage, Scope, ScopeStage};

impl Run {
    /// Adds a workflow with its jobs. Jobs that the selection leaves out are not part of the run.
    pub(crate) fn add_scope(&mut self, scope: Scope) -> usize {
        let index = self.scopes.len();
        let workflow = scope.program.workflow.clone();
        let chosen = self.chosen_jobs(&workflow, scope.caller.is_none());
        let mut by_key: HashMap<String, usize> = HashMap::new();
        let mut nodes = Vec::new();
        for job in chosen {
            by_key.insert(workflow.jobs[job].id.value.to_ascii_lowercase(), self.nodes.len());
            nodes.push(self.nodes.len());
            self.nodes.push(Node {
                scope: index,
                job,
                needs: Vec::new(),
                ancestors: Vec::new(),
                stage: NodeStage::Waiting,
                legs: Vec::new(),
                fail_fast: true,
                max_parallel: usize::MAX,
                outputs: expr::Object::new(),
            });
        }
        for &node in &nodes {
            let needs = workflow.jobs[self.nodes[node].job].needs.iter();
            let needs = needs.filter_map(|need| by_key.get(&need.value.to_ascii_lowercase()).copied()).collect();
            self.nodes[node].needs = needs;
        }
        for &node in &nodes {
            self.nodes[node].ancestors = self.collect_ancestors(node);
        }
        self.scopes.push(Scope { nodes, ..scope });
        index
    }

    /// Indices of the jobs asked for and of everything they need, in file order.
    fn chosen_jobs(&self, workflow: &Workflow, root: bool) -> Vec<usize> {
        let all = 0..workflow.jobs.len();
        if self.selection.jobs.is_empty() || !root {
            return all.collect();
        }
        let mut wanted: HashSet<String> = HashSet::new();
        let mut stack: Vec<String> = self.selection.jobs.iter().map(|job| job.to_ascii_lowercase()).collect();
        while let Some(key) = stack.pop() {
            if let Some(job) = workflow.job(&key)
                && wanted.insert(job.id.value.to_ascii_lowercase())
            {
                stack.extend(job.needs.iter().map(|need| need.value.to_ascii_lowercase()));
            }
        }
        all.filter(|&job| wanted.contains(&workflow.jobs[job].id.value.to_ascii_lowercase())).collect()
    }

    fn collect_ancestors(&self, node: usize) -> Vec<usize> {
        let mut seen = HashSet::new();
        let mut stack = self.nodes[node].needs.clone();
        let mut ancestors = Vec::new();
        while let Some(next) = stack.pop() {
            // `next == node` would be a cycle, which validation refuses; a run must still end.
            if next != node && seen.insert(next) {
                ancestors.push(next);
                stack.extend(&self.nodes[next].needs);
            }
        }
        ancestors
    }

    /// Starts a workflow, through its concurrency group where it has one.
    pub(crate) fn open_scope(&mut self, scope: usize) {
        let program = self.scopes[scope].program.clone();
        let Some(concurrency) = &program.workflow.concurrency else {
            self.activate_scope(scope);
            return;
        };
        match self.enter_effect(Holder::Workflow(id(scope)), concurrency, &self.scope_context(scope)) {
            Ok(effect) => {
                self.scopes[scope].in_group = true;
                self.effects.push(effect);
            }
            Err(why) => self.fail_scope(scope, why),
        }
    }

    pub(crate) fn activate_scope(&mut self, scope: usize) {
        self.scopes[scope].stage = ScopeStage::Running;
        self.wake.extend(self.scopes[scope].nodes.clone());
        if self.scopes[scope].nodes.is_empty() {
            self.finish_scope(scope);
        }
    }

    fn fail_scope(&mut self, scope: usize, why: Why) {
        self.scopes[scope].stage = ScopeStage::Running;
        self.failure.get_or_insert(why.clone());
        for node in self.scopes[scope].nodes.clone() {
            self.end_node_early(node, Conclusion::Failure, why.clone());
        }
    }

    pub(crate) fn advance(&mut self) {
        while let Some(node) = self.wake.pop_front() {
            let scope = self.nodes[node].scope;
            let ready = self.scopes[scope].stage == ScopeStage::Running
                && self.nodes[node].stage == NodeStage::Waiting
                && self.nodes[node].needs.iter().all(|&needed| self.nodes[needed].result().is_some());
            if ready {
                self.decide(node);
            }
        }
    }

    /// Gives back what a scope holds and reports its end to its caller, or ends the run.
    pub(crate) fn finish_scope(&mut self, scope: usize) {
        if self.scopes[scope].stage == ScopeStage::Done {
            return;
        }
        self.scopes[scope].stage = ScopeStage::Done;
        if std::mem::take(&mut self.scopes[scope].in_group) {
            self.effects.push(Effect::Leave(Holder::Workflow(id(scope))));
        }
        let conclusion = self.scope_conclusion(scope);
        match self.scopes[scope].caller {
            Some(leg) => self.return_from_call(leg, scope, conclusion),
            None => {
                self.done = Some(conclusion);
                let reason = self.failure.take();
                self.effects.push(Effect::Done { conclusion, reason });
            }
        }
    }

    fn scope_conclusion(&self, scope: usize) -> Conclusion {
        let results: Vec<_> = self.scopes[scope].nodes.iter().filter_map(|&node| self.nodes[node].result()).collect();
        let cancelled = self.scopes[scope].cancelled;
        if results.contains(&Conclusion::Failure) {
            Conclusion::Failure
        } else if results.contains(&Conclusion::Cancelled) || (cancelled && !results.contains(&Conclusion::Success)) {
            Conclusion::Cancelled
        } else if !results.is_empty() && results.iter().all(|one| *one == Conclusion::Skipped) {
            Conclusion::Skipped
        } else {
            Conclusion::Success
        }
    }
}

fn id(scope: usize) -> u32 {
    u32::try_from(scope).unwrap_or(u32::MAX)
}
