//! Node.js and npm.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "node-module-missing",
        title: "a module of Node.js is not installed",
        hints: &["Cannot find module", "Cannot find package"],
        patterns: &[r"Error(?: \[ERR_MODULE_NOT_FOUND\])?: Cannot find (?:module|package) '(?P<module>[^']+)'"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`{module}` is neither a file nor a package in `node_modules`.",
        remedy: &[
            "install before you run: `npm ci` (or `pnpm install --frozen-lockfile`, `yarn --immutable`) in the same directory",
            "add it if it is missing in package.json: `npm install --save {module}`",
            "for a file of your own mind upper and lower case, and that build output is made before it is used",
        ],
    },
    Entry {
        id: "node-heap",
        title: "Node.js reached its heap limit",
        hints: &["JavaScript heap out of memory"],
        patterns: &[r"FATAL ERROR: .*JavaScript heap out of memory"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the JavaScript heap grew to its limit, which Node.js sets by itself; the machine may have more memory.",
        remedy: &[
            "raise the limit for the step: `env: { NODE_OPTIONS: --max-old-space-size=4096 }` (MiB)",
            "build less at once, or without source maps",
        ],
    },
    Entry {
        id: "npm-lockfile-mismatch",
        title: "package-lock.json does not fit package.json",
        hints: &["`npm ci` can only install packages when"],
        patterns: &[r"`npm ci` can only install packages when your package\.json and package-lock\.json"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "package.json was changed and package-lock.json was not, so `npm ci` refuses to choose versions by itself.",
        remedy: &[
            "run `npm install` with the same npm version and commit package-lock.json",
            "if the lock file is newer than the job's npm, set up the Node.js version that wrote it",
        ],
    },
];
