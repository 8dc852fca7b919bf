use std::fs;
use std::path::Path;

use super::super::measure::{median, time};
use super::super::table::Row;
use super::{Bench, layout};

const FILES: usize = 5000;
/// Of each file.
const BYTES: usize = 1500;

const DOCKERFILE: &str = "\
FROM bench/busybox:1
RUN echo tools > /tools
COPY package.txt /app/
RUN cat /app/package.txt > /app/installed
COPY . /app/
";

/// A build again: with nothing changed, and with one file of the last COPY changed.
pub(super) fn rebuild(bench: &Bench) -> Result<Vec<Row>, String> {
    if bench.busybox()?.is_none() {
        return Ok(Vec::new());
    }
    let context = bench.place.join("context");
    for number in 0..FILES {
        let directory = context.join(format!("src/d{:02}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        }
        fs::write(directory.join(format!("f{number:04}.txt")), prose(number, BYTES))
            .map_err(|error| error.to_string())?;
    }
    fs::write(context.join("Dockerfile"), DOCKERFILE).map_err(|error| error.to_string())?;
    fs::write(context.join("package.txt"), "one\n").map_err(|error| error.to_string())?;
    let build = |context: &Path| {
        let context = context.to_string_lossy().into_owned();
        time(&mut bench.trunkline(&["build", "--quiet", "--tag", "bench/app:1", &context]))
    };
    build(&context)?;
    let (mut same, mut changed) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        same.push(build(&context)?);
        let file = context.join("src/d25/f2550.txt");
        fs::write(file, format!("changed in round {round} of {}\n", std::process::id()))
            .map_err(|error| error.to_string())?;
        changed.push(build(&context)?);
    }
    Ok(vec![
        Row::at_most("rebuild, nothing changed", None, median(&same), "ms", 50.0, "whole command"),
        Row::at_most("rebuild, one of 5,000 files changed", None, median(&changed), "ms", 150.0, "in the last COPY"),
    ])
}

/// Text of words that are made up and come in no order: it takes as long to compress as text can.
fn prose(number: usize, bytes: usize) -> String {
    let mut noise = layout::noise(number as u64 + 1, 2 * bytes).into_iter();
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        let length = 2 + usize::from(noise.next().unwrap_or_default()) % 9;
        text.extend(noise.by_ref().take(length).map(|byte| char::from(b'a' + byte % 26)));
        text.push(if text.len() % 71 < 8 { '\n' } else { ' ' });
    }
    text
}
