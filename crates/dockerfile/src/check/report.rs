use span::{Diagnostic, Severity, Span};

use super::CheckOptions;
use crate::Word;

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// BuildKit's name, which `# check=skip=` takes.
    pub name: &'static str,
    /// The diagnostic's code.
    pub code: &'static str,
    /// Runs only when `# check=experimental=` asks for it.
    pub experimental: bool,
}

macro_rules! rules {
    ($($constant:ident $name:literal $code:literal $experimental:literal;)*) => {
        impl Rule {
            $(pub(crate) const $constant: Rule = Rule { name: $name, code: $code, experimental: $experimental };)*
        }

        /// Every check.
        pub const RULES: &[Rule] = &[$(Rule::$constant),*];
    };
}

rules! {
    STAGE_NAME_CASING "StageNameCasing" "check/stage-name-casing" false;
    FROM_AS_CASING "FromAsCasing" "check/from-as-casing" false;
    NO_EMPTY_CONTINUATION "NoEmptyContinuation" "check/no-empty-continuation" false;
    CONSISTENT_INSTRUCTION_CASING "ConsistentInstructionCasing" "check/consistent-instruction-casing" false;
    DUPLICATE_STAGE_NAME "DuplicateStageName" "check/duplicate-stage-name" false;
    RESERVED_STAGE_NAME "ReservedStageName" "check/reserved-stage-name" false;
    JSON_ARGS_RECOMMENDED "JSONArgsRecommended" "check/json-args-recommended" false;
    MAINTAINER_DEPRECATED "MaintainerDeprecated" "check/maintainer-deprecated" false;
    UNDEFINED_ARG_IN_FROM "UndefinedArgInFrom" "check/undefined-arg-in-from" false;
    WORKDIR_RELATIVE_PATH "WorkdirRelativePath" "check/workdir-relative-path" false;
    UNDEFINED_VAR "UndefinedVar" "check/undefined-var" false;
    MULTIPLE_INSTRUCTIONS_DISALLOWED "MultipleInstructionsDisallowed" "check/multiple-instructions-disallowed" false;
    LEGACY_KEY_VALUE_FORMAT "LegacyKeyValueFormat" "check/legacy-key-value-format" false;
    INVALID_BASE_IMAGE_PLATFORM "InvalidBaseImagePlatform" "check/invalid-base-image-platform" false;
    REDUNDANT_TARGET_PLATFORM "RedundantTargetPlatform" "check/redundant-target-platform" false;
    SECRETS_USED_IN_ARG_OR_ENV "SecretsUsedInArgOrEnv" "check/secrets-used-in-arg-or-env" false;
    INVALID_DEFAULT_ARG_IN_FROM "InvalidDefaultArgInFrom" "check/invalid-default-arg-in-from" false;
    FROM_PLATFORM_FLAG_CONST_DISALLOWED "FromPlatformFlagConstDisallowed" "check/from-platform-flag-const-disallowed" false;
    COPY_IGNORED_FILE "CopyIgnoredFile" "check/copy-ignored-file" false;
    INVALID_DEFINITION_DESCRIPTION "InvalidDefinitionDescription" "check/invalid-definition-description" true;
    EXPOSE_PROTO_CASING "ExposeProtoCasing" "check/expose-proto-casing" false;
    EXPOSE_INVALID_FORMAT "ExposeInvalidFormat" "check/expose-invalid-format" false;
}

/// Collects what the rules find.
pub(super) struct Report<'a> {
    options: &'a CheckOptions,
    found: Vec<Diagnostic>,
}

/// More findings than that are not told.
const MOST: usize = 200;

impl<'a> Report<'a> {
    pub(super) fn new(options: &'a CheckOptions) -> Report<'a> {
        Report { options, found: Vec::new() }
    }

    /// Takes a finding unless its rule is turned off, for the file or by `# check=skip=` in the comments right above.
    pub(super) fn add(&mut self, rule: Rule, span: Span, message: String, comments: &[Word]) {
        self.push(rule, span, message, comments, None);
    }

    /// The same with a line of help.
    pub(super) fn push(&mut self, rule: Rule, span: Span, message: String, comments: &[Word], help: Option<String>) {
        let local = comments.iter().find_map(|comment| {
            let value = comment.text.strip_prefix("check")?.trim_start().strip_prefix('=')?;
            CheckOptions::parse(value.trim_start().split(' ').next().unwrap_or_default()).ok()
        });
        let wanted = if rule.experimental {
            self.options.asks_for(rule) || local.is_some_and(|local| local.asks_for(rule))
        } else {
            !self.options.skips(rule) && !local.is_some_and(|local| local.skips(rule))
        };
        if !wanted || self.found.len() >= MOST {
            return;
        }
        let severity = if self.options.error { Severity::Error } else { Severity::Warning };
        let mut diagnostic = Diagnostic::new(severity, rule.code, message).at(span);
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        self.found.push(diagnostic.help(format!("`# check=skip={}` turns this check off", rule.name)));
    }

    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| found.primary.map(|span| (span.start, span.end)));
        self.found
    }
}

impl CheckOptions {
    fn skips(&self, rule: Rule) -> bool {
        self.skip_all || self.skip.iter().any(|own| own == rule.name)
    }

    fn asks_for(&self, rule: Rule) -> bool {
        self.experimental_all || self.experimental.iter().any(|own| own == rule.name)
    }
}
