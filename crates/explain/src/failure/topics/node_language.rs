//! Node.js: modules and its libraries.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "node-esm-in-commonjs",
        title: "an ES module is read as CommonJS",
        hints: &["Cannot use import statement outside a module", "ERR_REQUIRE_ESM"],
        patterns: &[r"Cannot use import statement outside a module|\[ERR_REQUIRE_ESM\]"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "a file with `import` is loaded as CommonJS, or a CommonJS file requires an ES module.",
        remedy: &[
            "say `\"type\": \"module\"` in package.json, or name the file `.mjs`",
            "load it with `await import(…)`",
            "Node.js 22.12 and newer can `require` most ES modules: set up that version",
        ],
    },
    Entry {
        id: "node-openssl-unsupported",
        title: "an old bundler uses a hash that OpenSSL 3 lacks",
        hints: &["digital envelope routines::unsupported", "ERR_OSSL_EVP_UNSUPPORTED"],
        patterns: &[r"digital envelope routines::unsupported"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "since Node.js 17 OpenSSL 3 no longer has MD4, which webpack 4 and other old tools use.",
        remedy: &["update the bundler (webpack 5.61 or newer)", "until then: `NODE_OPTIONS=--openssl-legacy-provider`"],
    },
];
