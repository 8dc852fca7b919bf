//! Tables and `--format` of commands that list things.

use serde_json::{Map, Value};

use crate::template::Template;

/// One column of docker's: its name in templates, and its heading.
pub(crate) type Column = (&'static str, &'static str);

/// Rows by the names of templates' fields.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) rows: Vec<Map<String, Value>>,
}

impl Listing {
    /// Adds a row.
    pub(crate) fn push<const N: usize>(&mut self, fields: [(&str, String); N]) {
        self.rows.push(fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect());
    }

    /// The rows as `--format` asks: nothing or `table` for docker's own columns, `table TEMPLATE`, `json`, or a template
    /// for each row. `headings` are all that templates may name.
    pub(crate) fn render(&self, format: Option<&str>, columns: &[&str], headings: &[Column]) -> Result<String, String> {
        let own = || columns.iter().map(|name| format!("{{{{.{name}}}}}")).collect::<Vec<_>>().join("\t");
        match format {
            None | Some("" | "table") => self.table(&own(), headings),
            Some("json") => {
                // docker's keys are in alphabetical order.
                let sorted = |row: &Map<String, Value>| {
                    let mut fields: Vec<_> = row.clone().into_iter().collect();
                    fields.sort_by(|one, other| one.0.cmp(&other.0));
                    Value::Object(fields.into_iter().collect()).to_string() + "\n"
                };
                Ok(self.rows.iter().map(sorted).collect())
            }
            Some(format) => match format.strip_prefix("table ") {
                Some(template) => self.table(&unescaped(template), headings),
                None => {
                    let template = Template::parse(&unescaped(format))?;
                    let lines = self
                        .rows
                        .iter()
                        .map(|row| template.render(&Value::Object(row.clone())).map(|line| line + "\n"));
                    lines.collect()
                }
            },
        }
    }

    fn table(&self, template: &str, headings: &[Column]) -> Result<String, String> {
        let template = Template::parse(template)?;
        let heading: Map<String, Value> =
            headings.iter().map(|(name, text)| ((*name).to_owned(), Value::String((*text).to_owned()))).collect();
        let rows = std::iter::once(&heading).chain(&self.rows);
        let lines = rows.map(|row| template.render(&Value::Object(row.clone()))).collect::<Result<Vec<_>, _>>()?;
        Ok(aligned(&lines))
    }
}

/// Templates from a shell hold `\t` and `\n` as two letters.
fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

/// Lines of cells separated by tabs, in columns: at least ten wide, three blanks between, as docker's tables are.
pub(crate) fn aligned(lines: &[String]) -> String {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        // The last cell of a line is not followed by anything and takes no part.
        for (at, cell) in row.iter().take(row.len().saturating_sub(1)).enumerate() {
            if widths.len() <= at {
                widths.push(10);
            }
            widths[at] = widths[at].max(cell.chars().count() + 3);
        }
    }
    let mut output = String::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            output.push_str(cell);
            if at + 1 < row.len() {
                output.extend(std::iter::repeat_n(' ', widths[at].saturating_sub(cell.chars().count())));
            }
        }
        output.push('\n');
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_layout() {
        let mut listing = Listing::default();
        listing.push([("Names", "web".into()), ("Image", "a-rather-long-image".into()), ("Ports", String::new())]);
        listing.push([("Names", "db".into()), ("Image", "pg".into()), ("Ports", "80/tcp".into())]);
        let headings = [("Names", "NAMES"), ("Image", "IMAGE"), ("Ports", "PORTS")];
        let show = |format| listing.render(format, &["Names", "Image", "Ports"], &headings).unwrap();
        assert_eq!(
            show(None),
            "NAMES     IMAGE                 PORTS\nweb       a-rather-long-image   \ndb        pg                    80/tcp\n"
        );
        assert_eq!(show(Some("table {{.Image}}\\t{{.Names}}")).lines().nth(1), Some("a-rather-long-image   web"));
        assert_eq!(show(Some("{{.Names}}={{.Ports}}")), "web=\ndb=80/tcp\n");
        assert_eq!(
            show(Some("json")).lines().next(),
            Some(r#"{"Image":"a-rather-long-image","Names":"web","Ports":""}"#)
        );
    }
}
