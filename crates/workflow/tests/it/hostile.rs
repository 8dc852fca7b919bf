//! Any bytes: no panic, no hang.

use proptest::prelude::*;
use span::FileId;
use workflow::{parse_action, parse_workflow};

/// Pieces that make texts which get past the first checks.
const PIECES: &[&str] = &[
    "on: push\n",
    "jobs:\n",
    "  a:\n",
    "    runs-on: x\n",
    "    steps:\n",
    "      - run: ",
    "${{ ",
    " }}",
    "matrix",
    "needs",
    ".",
    "'",
    "insert",
    "    needs: [a, b]\n",
    "    strategy: {matrix: {a: [1], include: [{b: 2}]}}\n",
    "&x",
    " *x",
    "\n",
    "  ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    "é",
    "\"",
    "\\",
    "#",
    "on:\n  push:\n    branches: ['!a', '[']\n",
    "uses: ",
    "@v1",
    "    outputs: {a: '${{ steps.x.outputs.y }}'}\n",
    "null",
    "~",
    "0x1F",
    "1e999",
    "runs: {using: composite, steps: ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_workflow(FileId(0), "x.yml", &bytes);
        let _ = parse_action(FileId(0), &bytes);
    }

    #[test]
    fn any_pieces(picks in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        let _ = parse_workflow(FileId(0), "x.yml", &text);
        let _ = parse_action(FileId(0), &text);
    }
}

fn diagnostics(text: &str) -> usize {
    parse_workflow(FileId(0), "x.yml", text).diagnostics.len()
}

#[test]
fn large_files_are_read_in_bounded_time_and_words() {
    let repeat = |text: &str, count: usize| text.repeat(count);
    let head = "on: push\njobs:\n";
    let one = "on: push\njobs:\n  a:\n    runs-on: x\n";
    let unknown = (0..2450).map(|name| format!("n{name}")).collect::<Vec<_>>().join(" && ");
    let texts = [
        format!("{one}    needs: [{}]\n", repeat("nope, ", 8000)),
        format!("{one}    steps:\n{}", repeat("      - run: echo ${{ steps.nope.outputs.x }}\n", 8000)),
        format!("{one}    steps:\n{}", repeat("      - nope: x\n", 8000)),
        format!(
            "{head}{}",
            (0..5000).map(|job| format!("  j{job}: {{runs-on: x, needs: j{}}}\n", job + 1)).collect::<String>()
        ),
        format!(
            "{head}{}",
            (0..5000).map(|job| format!("  j{job}: {{runs-on: x, needs: [q{job}]}}\n")).collect::<String>()
        ),
        format!(
            "on: push\nenv:\n{}jobs: {{}}\n",
            (0..9000).map(|key| format!("  k{key}: ${{{{ nope.x }}}}\n")).collect::<String>()
        ),
        format!("on: [{}]\njobs: {{}}\n", repeat("push, ", 9000)),
        format!(
            "{one}    strategy:\n      matrix:\n{}",
            (0..9000).map(|axis| format!("        a{axis}: [1, 2]\n")).collect::<String>()
        ),
        format!("{one}    strategy: {{matrix: {{a: [1], exclude: [{}]}}}}\n", repeat("{a: 2}, ", 9000)),
        format!("{one}    steps:\n{}", repeat(&format!("      - run: echo ${{{{ {unknown} }}}}\n"), 10)),
        format!("{one}    steps:\n{}", repeat(&format!("      - {{run: x, if: {unknown}}}\n"), 10)),
    ];
    for text in texts {
        assert!(diagnostics(&text) <= 101);
    }
}
