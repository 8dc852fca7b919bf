/// The candidate that `word` most likely meant, if one is near: letters changed, left out, added
/// or swapped. Case and the difference between `-` and `_` count little.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let wanted = normal(word);
    let allowed = (wanted.len() / 3).clamp(1, 3);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        if candidate == word || candidate.len() > LONGEST {
            continue;
        }
        let other = normal(candidate);
        if wanted.len().abs_diff(other.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &other);
        // A word of one or two letters is near everything; only its case may differ.
        let near = distance <= allowed && (distance < wanted.len().min(other.len()));
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Words longer than this are prose or an attack, not a misspelt key.
const LONGEST: usize = 64;

fn normal(word: &str) -> Vec<char> {
    word.chars().flat_map(char::to_lowercase).map(|c| if c == '_' { '-' } else { c }).collect()
}

/// Damerau's distance, adjacent swaps counted once.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let change = last[j] + usize::from(from != to);
            let mut least = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let keys = ["runs-on", "needs", "steps", "env", "if", "timeout-minutes", "strategy", "on"];
        for (word, expected) in [
            ("run-on", Some("runs-on")),
            ("runs_on", Some("runs-on")),
            ("Runs-On", Some("runs-on")),
            ("need", Some("needs")),
            ("setps", Some("steps")),
            ("timeout-minute", Some("timeout-minutes")),
            ("timeoutminutes", Some("timeout-minutes")),
            ("stratgy", Some("strategy")),
            ("IF", Some("if")),
            ("x", None),
            ("", None),
            ("container", None),
            ("needs", None),
        ] {
            assert_eq!(did_you_mean(word, keys), expected, "{word}");
        }
        assert_eq!(did_you_mean(&"x".repeat(100_000), keys), None);
    }
}
