//! The `images` input: base names of tags.

use crate::native::docker::list::fields;
use crate::native::error::{Fault, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageName {
    pub(crate) name: String,
    pub(crate) enabled: bool,
}

/// `name=…,enable=…` a line, or plain names: several in one line, as it was once written.
pub(crate) fn image_names(lines: &[String]) -> Result<Vec<ImageName>> {
    if let [line] = lines {
        let names = fields(line)?;
        if names.iter().all(|field| !field.contains('=')) {
            let plain = names.into_iter().map(|name| ImageName { name: name.trim().to_owned(), enabled: true });
            return Ok(plain.collect());
        }
    }
    lines.iter().map(|line| image_name(line)).collect()
}

fn image_name(line: &str) -> Result<ImageName> {
    let mut image = ImageName { name: String::new(), enabled: true };
    for field in fields(line)? {
        let mut parts = field.split('=').map(str::trim);
        let first = parts.next().unwrap_or_default();
        match (first.to_lowercase().as_str(), parts.next()) {
            (_, None) => first.clone_into(&mut image.name),
            ("name", Some(value)) => value.clone_into(&mut image.name),
            ("enable", Some(value @ ("true" | "false"))) => image.enabled = value == "true",
            ("enable", Some(_)) => return Err(Fault::Text(format!("Invalid enable attribute value: {line}"))),
            _ => return Err(Fault::Text(format!("Unknown image attribute: {line}"))),
        }
    }
    if image.name.is_empty() {
        return Err(Fault::Text(format!("Image name attribute empty: {line}")));
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let parse = |text: &str| {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let shown = |images: Vec<ImageName>| {
                images.iter().map(|one| format!("{}:{}", one.name, one.enabled)).collect::<Vec<_>>().join(" ")
            };
            image_names(&lines).map(shown).map_err(|error| error.to_string())
        };
        for (text, want) in [
            ("", Ok("")),
            ("user/app, ghcr.io/user/app", Ok("user/app:true ghcr.io/user/app:true")),
            ("user/app\nname=ghcr.io/user/app,enable=false", Ok("user/app:true ghcr.io/user/app:false")),
            ("name=a", Ok("a:true")),
            ("name=", Err("Image name attribute empty: name=")),
            ("name=a,enable=maybe", Err("Invalid enable attribute value: name=a,enable=maybe")),
            ("name=a,tag=b", Err("Unknown image attribute: name=a,tag=b")),
        ] {
            assert_eq!(parse(text), want.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}
