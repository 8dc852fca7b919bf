use api::Event;

use super::Masker;

/// The last place where a secret can be caught: names, matrices and outputs come from expressions too.
#[must_use]
pub fn event(event: Event, masker: &Masker) -> Event {
    let Ok(text) = serde_json::to_string(&event) else { return event };
    if !masker.found_in(&text) {
        return event;
    }
    let hidden = serde_json::from_str(&text).map(|mut value| {
        mask_strings(&mut value, masker);
        value
    });
    hidden.and_then(serde_json::from_value).unwrap_or(event)
}

fn mask_strings(value: &mut serde_json::Value, masker: &Masker) {
    match value {
        serde_json::Value::String(text) => *text = masker.mask_str(text).into_owned(),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| mask_strings(item, masker)),
        serde_json::Value::Object(entries) => {
            // Our own words: a secret that is one of them would make the event unreadable and hides nothing.
            let own =
                |key: &str| matches!(key, "type" | "conclusion" | "outcome" | "stage" | "level" | "code" | "mode");
            entries.iter_mut().filter(|(key, _)| !own(key)).for_each(|(_, value)| mask_strings(value, masker));
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}
