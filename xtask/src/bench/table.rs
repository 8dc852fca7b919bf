/// One line of the result.
pub(super) struct Row {
    pub(super) case: String,
    pub(super) floor: Option<f64>,
    pub(super) ours: f64,
    /// `ms`, `MiB`, `MB/s`
    pub(super) unit: &'static str,
    /// What was aimed at, in words.
    pub(super) target: String,
    /// `None` for rows that are only for comparison.
    pub(super) passed: Option<bool>,
}

impl Row {
    /// Only for comparison.
    pub(super) fn beside(case: impl Into<String>, theirs: f64, unit: &'static str) -> Row {
        Row { case: case.into(), floor: None, ours: theirs, unit, target: String::new(), passed: None }
    }

    /// Measured against an upper limit.
    pub(super) fn at_most(
        case: impl Into<String>,
        floor: Option<f64>,
        ours: f64,
        unit: &'static str,
        limit: f64,
        how: &str,
    ) -> Row {
        Row {
            case: case.into(),
            floor,
            ours,
            unit,
            target: format!("<= {limit:.1} ({how})"),
            passed: Some(ours <= limit),
        }
    }
}

pub(super) fn render(rows: &[Row], rounds: usize) -> String {
    let mut cells: Vec<[String; 6]> = vec![["case", "floor", "trunkline", "ratio", "target", ""].map(str::to_owned)];
    for row in rows {
        cells.push([
            row.case.clone(),
            row.floor.map_or_else(String::new, |floor| format!("{floor:.1} {}", row.unit)),
            format!("{:.1} {}", row.ours, row.unit),
            row.floor.map_or_else(String::new, |floor| format!("{:.2}", row.ours / floor)),
            row.target.clone(),
            match row.passed {
                Some(true) => "pass",
                Some(false) => "FAIL",
                None => "",
            }
            .to_owned(),
        ]);
    }
    let mut text = format!("medians of {rounds} interleaved rounds\n");
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    for row in &cells {
        let line: Vec<String> =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column))).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}
