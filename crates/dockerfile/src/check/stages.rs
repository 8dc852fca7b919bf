//! Rules about `FROM`, names and casing.

use std::collections::BTreeMap;

use span::{Span, did_you_mean};

use super::report::{Report, Rule};
use crate::{Dockerfile, Expander, Plan, Stage, Word};

pub(super) fn check(file: &Dockerfile, plan: &Plan, report: &mut Report<'_>) {
    let mut first_of: BTreeMap<&str, Span> = BTreeMap::new();
    for stage in &file.stages {
        names(stage, &mut first_of, report);
        arguments(file, plan, stage, report);
        platform(file, plan, stage, report);
        if let Some(name) = &stage.name {
            description("FROM", &[name.text.as_str()], &stage.comments, stage.span, report);
        }
    }
    for arg in &file.global_args {
        let names: Vec<&str> = arg.definitions.iter().map(|definition| definition.name.as_str()).collect();
        description("ARG", &names, &arg.comments, arg.span, report);
    }
    casing(file, report);
    defaults(file, plan, report);
}

fn names<'a>(stage: &'a Stage, first_of: &mut BTreeMap<&'a str, Span>, report: &mut Report<'_>) {
    let (Some(name), Some(written)) = (&stage.name, &stage.written_name) else { return };
    if written.text != name.text {
        let message = format!("the stage's name `{}` should be in lower case", written.text);
        report.add(Rule::STAGE_NAME_CASING, written.span, message, &stage.comments);
    }
    if ["scratch", "context"].contains(&name.text.as_str()) {
        let message = format!("`{}` means something else and should not be a stage's name", name.text);
        report.add(Rule::RESERVED_STAGE_NAME, name.span, message, &stage.comments);
    }
    if first_of.insert(&name.text, name.span).is_some() {
        let message = format!("there is a stage `{}` already", name.text);
        report.add(Rule::DUPLICATE_STAGE_NAME, name.span, message, &stage.comments);
    }
    if let Some(keyword) = &stage.as_keyword {
        let from = stage.keyword.text.as_str();
        let same = if from == from.to_lowercase() {
            keyword.text == keyword.text.to_lowercase()
        } else {
            from != from.to_uppercase() || keyword.text == keyword.text.to_uppercase()
        };
        if !same {
            let message = format!("`{}` should be written like `{from}`", keyword.text);
            report.add(Rule::FROM_AS_CASING, keyword.span, message, &stage.comments);
        }
    }
}

/// Variables of `FROM` that nobody declared.
fn arguments(file: &Dockerfile, plan: &Plan, stage: &Stage, report: &mut Report<'_>) {
    let declared = || file.global_args.iter().flat_map(|arg| &arg.definitions).map(|own| own.name.as_str());
    for word in [Some(&stage.base), stage.platform.as_ref()].into_iter().flatten() {
        let mut expander = Expander::new(file.escape, &plan.globals);
        if expander.word(word).is_err() {
            continue;
        }
        for (name, span) in expander.missing {
            if declared().any(|own| own == name) {
                continue;
            }
            let near = did_you_mean(&name, declared().chain(plan.globals.keys().map(String::as_str)));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("the argument `{name}` of FROM is not declared");
            report.push(Rule::UNDEFINED_ARG_IN_FROM, span, message, &stage.comments, help);
        }
    }
}

fn platform(file: &Dockerfile, plan: &Plan, stage: &Stage, report: &mut Report<'_>) {
    let Some(word) = &stage.platform else { return };
    if ["$TARGETPLATFORM", "${TARGETPLATFORM}"].contains(&word.text.as_str()) {
        let message = format!("`--platform={}` is what happens anyway", word.text);
        report.add(Rule::REDUNDANT_TARGET_PLATFORM, word.span, message, &stage.comments);
    }
    let Ok(expansion) = word.expand(file.escape, &plan.globals) else { return };
    if !expansion.used.is_empty() || !expansion.missing.is_empty() {
        return;
    }
    // A stage that is named after its platform is meant for it.
    let name = stage.name.as_ref().map(Word::as_str).unwrap_or_default();
    if expansion.text.split('/').take(2).any(|part| !part.is_empty() && name.contains(part)) {
        return;
    }
    let message = format!("`--platform` has the constant value `{}`", expansion.text);
    report.add(Rule::FROM_PLATFORM_FLAG_CONST_DISALLOWED, word.span, message, &stage.comments);
}

/// Keywords are in upper or in lower case, as most of them are.
fn casing(file: &Dockerfile, report: &mut Report<'_>) {
    let keywords = || {
        file.stages.iter().flat_map(|stage| {
            let own = stage.instructions.iter().map(|instruction| (&instruction.keyword, &instruction.comments));
            std::iter::once((&stage.keyword, &stage.comments)).chain(own)
        })
    };
    let is_lower = |word: &Word| word.text == word.text.to_lowercase();
    let is_upper = |word: &Word| word.text == word.text.to_uppercase();
    let lower = keywords().filter(|(word, _)| is_lower(word)).count();
    let upper = keywords().filter(|(word, _)| is_upper(word)).count();
    let (good, case): (fn(&Word) -> bool, _) =
        if lower > upper { (is_lower, "lower case") } else { (is_upper, "upper case") };
    for (word, comments) in keywords().filter(|(word, _)| !good(word)) {
        let message = format!("`{}` should be in {case} like most instructions", word.text);
        report.add(Rule::CONSISTENT_INSTRUCTION_CASING, word.span, message, comments);
    }
}

/// Names of images that come out empty or broken when the build gives no arguments.
fn defaults(file: &Dockerfile, plan: &Plan, report: &mut Report<'_>) {
    let mut globals = plan.globals.clone();
    let definitions = || file.global_args.iter().flat_map(|arg| &arg.definitions);
    for definition in definitions() {
        globals.remove(&definition.name.text);
    }
    for definition in definitions() {
        if let Some(default) = &definition.default {
            let Ok(value) = default.expand(file.escape, &globals) else { return };
            globals.insert(definition.name.text.clone(), value.text);
        }
    }
    for stage in &file.stages {
        let Ok(expansion) = stage.base.expand(file.escape, &globals) else { return };
        if !is_reference(&expansion.text) && file.stage_named(&expansion.text).is_none() {
            let message = format!("without build arguments `{}` gives no name of an image", stage.base.text);
            report.add(Rule::INVALID_DEFAULT_ARG_IN_FROM, stage.base.span, message, &stage.comments);
        }
    }
}

/// Whether it could be an image's reference, looking at the form only.
fn is_reference(text: &str) -> bool {
    let name = text.split_once('@').map_or(text, |(name, _)| name);
    let (name, tag) = match name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((name, tag)) => (name, Some(tag)),
        None => (name, None),
    };
    let part = |part: &str| {
        !part.is_empty()
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let tag = tag.is_none_or(|tag| {
        tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
    });
    tag && name.split('/').enumerate().all(|(index, own)| {
        // A registry's host may hold a port and upper case.
        let host = index == 0 && name.contains('/');
        part(own) && (host || !own.contains(|c: char| c.is_ascii_uppercase() || c == ':'))
    })
}

/// A comment right above describes what is defined below it: `# <name> <description>`.
pub(super) fn description(keyword: &str, names: &[&str], comments: &[Word], span: Span, report: &mut Report<'_>) {
    let Some(last) = comments.last() else { return };
    let first_word = last.text.split(' ').next().unwrap_or_default();
    let Some(name) = names.first().filter(|_| !names.contains(&first_word)) else { return };
    let message = format!("the comment above {keyword} does not begin with a name it defines");
    let help = Some(format!("write `# {name} …`, or put an empty line in between"));
    report.push(Rule::INVALID_DEFINITION_DESCRIPTION, span, message, comments, help);
}
