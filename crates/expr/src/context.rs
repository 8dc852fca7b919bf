use crate::Value;

/// What an expression reads from its surroundings.
pub trait Context {
    /// The context called `name` (`github`, `env`, …), spelt as the [`Scope`](crate::Scope) it was parsed in spells
    /// it. `None` is read as null.
    fn named(&self, name: &str) -> Option<Value>;

    /// Calls a host function (`success`, `failure`, `always`, `cancelled`, `hashFiles`), its arguments evaluated.
    /// `name` is spelt as the scope spells it. `None` when there is no such function here; `Err` fails the
    /// evaluation with that message.
    fn call(&self, name: &str, args: &[Value]) -> Option<Result<Value, String>> {
        let _ = (name, args);
        None
    }
}
