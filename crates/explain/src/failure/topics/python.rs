//! Python.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[Entry {
    id: "python-module-missing",
    title: "a Python module is not installed",
    hints: &["No module named"],
    patterns: &[r"(?:ModuleNotFoundError|ImportError): No module named '?(?P<module>[\w.]+)'?"],
    scope: Scope::Any,
    gives_way_to: &[],
    cause: "the Python that runs the step has no module `{module}`.",
    remedy: &[
        "install it with that same Python: `python -m pip install -r requirements.txt`",
        "activate the virtual environment in each step, or put its `bin` into `$GITHUB_PATH` once",
        "for a package of your own install it (`pip install -e .`) or set `PYTHONPATH`",
    ],
}];
