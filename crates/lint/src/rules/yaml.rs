//! What is no YAML, or YAML that GitHub does not read. Found when a file is read.

mod unused_anchor;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    &unused_anchor::RULE,
    reading!("yaml/syntax", Error, ["actionlint:syntax-check"], "the text is not YAML here"),
    reading!("yaml/tab", Error, ["actionlint:syntax-check"], "a tab stands where only blanks can indent"),
    reading!(
        "yaml/multiple-documents",
        Error,
        ["actionlint:syntax-check"],
        "the file holds more than one YAML document"
    ),
    reading!("yaml/duplicate-key", Error, ["actionlint:syntax-check"], "a mapping has the same key twice"),
    reading!(
        "yaml/complex-key",
        Error,
        ["actionlint:syntax-check"],
        "a mapping or sequence stands where a key is expected"
    ),
    reading!("yaml/merge-key", Error, ["actionlint:syntax-check"], "merge keys (`<<`) do not exist in workflows"),
    reading!("yaml/unknown-alias", Error, ["actionlint:syntax-check"], "an alias names no anchor above it"),
    reading!("yaml/recursive-alias", Error, ["actionlint:syntax-check"], "an alias stands inside of what it names"),
    reading!("yaml/tag", Error, ["actionlint:syntax-check"], "a tag is not known, or does not fit its value"),
    reading!("yaml/number", Error, [], "a number does not fit"),
    reading!("yaml/too-deep", Error, [], "mappings and sequences stand in each other more than 50 times"),
    reading!("yaml/too-many-nodes", Error, [], "with all aliases written out the file would be too large"),
    reading!("yaml/encoding", Error, [], "the file is not UTF-8"),
    reading!("yaml/too-large", Error, [], "the file is larger than 1 MiB"),
];
