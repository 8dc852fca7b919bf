use crate::{Context, Function, Object, Scope, Value};

/// The status functions a [`JsonContext`] answers.
const FUNCTIONS: [Function<'static>; 4] =
    [status_function("success"), status_function("failure"), status_function("always"), status_function("cancelled")];

const fn status_function(name: &'static str) -> Function<'static> {
    Function { name, min: 0, max: 255 }
}

/// Contexts given as one JSON object. `success()`, `failure()` and `cancelled()` go by `job.status` in it, and take
/// the job to have succeeded so far when it is not there.
#[derive(Debug, Clone, Default)]
pub struct JsonContext {
    contexts: Object,
}

impl JsonContext {
    /// Takes the keys of a JSON object as the names of contexts. Keys of `env` are case-sensitive, as on Linux.
    pub fn new(contexts: &serde_json::Map<String, serde_json::Value>) -> Self {
        let mut object = Object::new();
        for (name, json) in contexts {
            let value = match json {
                serde_json::Value::Object(entries) if name.eq_ignore_ascii_case("env") => {
                    let mut env = Object::case_sensitive();
                    env.extend(entries.iter().map(|(key, value)| (key.as_str(), Value::from_json(value))));
                    Value::from(env)
                }
                _ => Value::from_json(json),
            };
            object.insert(name.as_str(), value);
        }
        Self { contexts: object }
    }

    /// Calls `with` with the scope in which exactly these contexts and the status functions may be named.
    pub fn with_scope<T>(&self, with: impl FnOnce(&Scope<'_>) -> T) -> T {
        let names: Vec<&str> = self.contexts.keys().collect();
        with(&Scope { contexts: &names, any_context: false, functions: &FUNCTIONS })
    }

    fn status(&self) -> String {
        let status = self.contexts.get("job").and_then(|job| job.as_object()?.get("status").cloned());
        status.map_or_else(|| "success".to_owned(), |status| status.to_display_string().to_ascii_lowercase())
    }
}

impl Context for JsonContext {
    fn named(&self, name: &str) -> Option<Value> {
        self.contexts.get(name).cloned()
    }

    fn call(&self, name: &str, _arguments: &[Value]) -> Option<Result<Value, String>> {
        let holds = match name.to_ascii_lowercase().as_str() {
            "always" => true,
            known @ ("success" | "failure" | "cancelled") => self.status() == known,
            _ => return None,
        };
        Some(Ok(Value::Bool(holds)))
    }
}
