//! Java and Maven.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "java-heap",
        title: "the Java heap is full",
        hints: &["java.lang.OutOfMemoryError"],
        patterns: &[r"java\.lang\.OutOfMemoryError: (?P<what>.+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the Java process used all memory that it may have ({what}); without a setting that is a quarter of the machine.",
        remedy: &[
            "raise it: `JAVA_TOOL_OPTIONS=-Xmx4g`, for Maven `MAVEN_OPTS`, for Gradle `org.gradle.jvmargs`",
            "run fewer test processes at once: `forkCount`, `maxParallelForks`",
        ],
    },
    Entry {
        id: "java-class-version",
        title: "a class was compiled for a newer Java",
        hints: &["UnsupportedClassVersionError"],
        patterns: &[r"UnsupportedClassVersionError: .*class file version (?P<file>\d+)\.\d+\).*up to (?P<have>\d+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the class has version {file} and this Java reads up to {have} (the Java version is the number less 44).",
        remedy: &["set up the newer Java: `actions/setup-java`", "or compile for the older one: `--release`"],
    },
    Entry {
        id: "java-release-unsupported",
        title: "the compiler does not know the release",
        hints: &["release version", "invalid target release"],
        patterns: &[r"(?:error: )?(?:release version (?P<release>\d+) not supported|invalid target release)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the build asks for a Java that is newer than the JDK of the job.",
        remedy: &[
            "set up that JDK: `actions/setup-java` with `java-version`",
            "check `JAVA_HOME`: it may point to another JDK than `java` on PATH",
        ],
    },
    Entry {
        id: "maven-unresolvable",
        title: "Maven cannot get an artifact",
        hints: &["Non-resolvable", "Could not resolve dependencies", "Could not find artifact"],
        patterns: &[
            r"Non-resolvable (?:parent|import) POM",
            r"Could not resolve dependencies for project",
            r"Could not find artifact \S+",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "no repository that the build knows gave the artifact: it does not exist there, needs a login, or the build is offline.",
        remedy: &[
            "check group, artifact and version",
            "give the build its repositories and logins: `actions/setup-java` writes a settings.xml with `server-id`",
        ],
    },
];
