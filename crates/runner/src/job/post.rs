//! Post steps: a stack, filled when an action starts, emptied after the last main step.

use std::sync::{Arc, Mutex};

use indexmap::IndexMap;

use super::action::Loaded;
use super::frame::Frame;

/// What an action wants done at the job's end.
pub(crate) struct Post {
    /// Id of the step that uses the action; posts keep it.
    pub(crate) id: String,
    /// The path of step ids; empty for native actions, which register once.
    pub(crate) key: String,
    /// `Post Run actions/cache@v4`
    pub(crate) name: String,
    /// The step that uses the action.
    pub(crate) step: workflow::Step,
    pub(crate) kind: PostKind,
    /// `post-if`; `always()` when absent.
    pub(crate) condition: Option<workflow::Condition>,
    /// What the main step saw: inside a composite action its inputs and earlier steps.
    pub(crate) frame: Frame,
    /// What pre and main saved.
    pub(crate) state: Arc<Mutex<IndexMap<String, String>>>,
}

pub(crate) enum PostKind {
    /// A script of a JavaScript action, as its path in there.
    Node {
        loaded: Arc<Loaded>,
        script: String,
    },
    /// The last entrypoint of a Docker action.
    Docker {
        loaded: Arc<Loaded>,
    },
    Native(Box<actions::native::NativePost>),
}

/// Posts in the order in which they were registered; taken from the end.
#[derive(Default)]
pub(crate) struct PostStack(Mutex<Vec<Post>>);

impl PostStack {
    pub(crate) fn push(&self, post: Post) {
        self.lock().push(post);
    }

    /// The main step of an action whose `pre` registered the post: the place in the stack stays, what it sees is newer.
    pub(crate) fn renew(&self, key: &str, frame: &Frame) {
        if let Some(post) = self.lock().iter_mut().find(|post| post.key == key) {
            post.frame.clone_from(frame);
        }
    }

    pub(crate) fn pop(&self) -> Option<Post> {
        self.lock().pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Post>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
