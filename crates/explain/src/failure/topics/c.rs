//! Compilers, linkers, make and CMake.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "c-header-missing",
        title: "a header file is not installed",
        hints: &["No such file or directory"],
        patterns: &[
            r"fatal error: (?P<header>[\w./+-]+\.(?:h|hh|hpp|hxx)): No such file or directory",
            r"fatal error: '(?P<header>[^']+)' file not found",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the compiler found no `{header}`: the development files of a library are not installed, or its directory is not searched.",
        remedy: &[
            "install the `-dev` package that has it: `apt-cache search` or `apt-file search {header}`",
            "pass its directory: `-I DIR`, or `CPATH` in the environment",
        ],
    },
    Entry {
        id: "link-undefined",
        title: "the linker misses a function",
        hints: &["undefined reference to"],
        patterns: &[r"undefined reference to `(?P<symbol>[^']+)'"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "no object file or library that is linked has `{symbol}`.",
        remedy: &[
            "add the library after the objects that use it: `gcc main.o -lNAME`",
            "look for a source file that is missing in the build, or a C function used from C++ without `extern \"C\"`",
        ],
    },
    Entry {
        id: "link-library-missing",
        title: "the linker misses a library",
        hints: &["cannot find -l"],
        patterns: &[r"ld: cannot find -l(?P<library>\S+?):? ?(?:No such file or directory)?$"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "no `lib{library}.so` or `lib{library}.a` lies where the linker looks.",
        remedy: &["install the `-dev` package of the library", "pass its directory: `-L DIR`"],
    },
    Entry {
        id: "compiler-killed",
        title: "the compiler was killed",
        hints: &["Killed signal terminated program"],
        patterns: &[r"fatal error: Killed signal terminated program (?P<program>\S+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`{program}` got SIGKILL: nearly always the kernel, because memory ran out while several compilers ran.",
        remedy: &[
            "compile fewer files at once: `make -j2`, `cmake --build . -j 2`, `CARGO_BUILD_JOBS=2`",
            "give the job more memory: `--memory 8g`, or `memory` under `[run]` in trunkline.toml",
        ],
    },
    Entry {
        id: "make-no-rule",
        title: "make knows no such target",
        hints: &["No rule to make target"],
        patterns: &[r"No rule to make target [`'](?P<target>[^']+)'"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the Makefile has no rule for `{target}` and there is no such file: a wrong name, another directory, or a file that is made by a step that did not run.",
        remedy: &["list the targets: `make -qp | grep \"^[a-z].*:\"`", "check `working-directory` and `make -C`"],
    },
    Entry {
        id: "make-missing-separator",
        title: "a Makefile has spaces where a tab has to be",
        hints: &["missing separator"],
        patterns: &[r"^(?P<place>\S+:\d+): \*\*\* missing separator"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "in {place} a command does not begin with a tab.",
        remedy: &[
            "indent commands of rules with one tab; an `.editorconfig` with `indent_style = tab` for Makefiles keeps it so",
        ],
    },
    Entry {
        id: "cmake-package-missing",
        title: "CMake finds no such package",
        hints: &[
            "has asked CMake to find a package configuration file provided by",
            "Could not find a package configuration file provided by",
            "Could NOT find",
        ],
        patterns: &[
            r"asked CMake to find a package configuration file provided by",
            r#"Could not find a package configuration file provided by "(?:[^"]+)""#,
            r"Could NOT find \w+ \(missing:",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`find_package` looked for a library that is not installed, or installed where CMake does not look.",
        remedy: &["install its `-dev` package", "name the place: `-DCMAKE_PREFIX_PATH=DIR`, or `-DNAME_DIR=DIR`"],
    },
    Entry {
        id: "pkg-config-missing",
        title: "pkg-config knows no such library",
        hints: &["in the pkg-config search path"],
        patterns: &[r"^Package (?P<package>\S+) was not found in the pkg-config search path"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "there is no `{package}.pc` where pkg-config looks: the development files of the library are not installed.",
        remedy: &[
            "install the `-dev` package that has `{package}.pc`",
            "for a library elsewhere: `PKG_CONFIG_PATH=DIR/lib/pkgconfig`",
        ],
    },
];
