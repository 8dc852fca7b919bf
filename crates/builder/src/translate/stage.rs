use std::path::{Path, PathBuf};

use dockerfile::Stage;
use image::{History, ImageConfiguration, Platform};

use crate::Build;
use crate::env::Env;
use crate::graph::StepRef;
use crate::time::rfc3339;

/// What is known of a stage after so many of its instructions.
#[derive(Clone)]
pub(crate) struct StageState {
    /// The last step.
    pub(crate) head: Option<StepRef>,
    pub(crate) config: ImageConfiguration,
    /// What words and `RUN` see: `ENV`, and `ARG`s with a value.
    pub(crate) env: Env,
    /// `ARG`s in the order of their declaration.
    pub(crate) args: Vec<(String, Option<String>)>,
    pub(crate) platform: Platform,
    pub(crate) name: String,
    /// Steps so far and in all, for showing.
    pub(crate) number: usize,
    pub(crate) total: usize,
    pub(crate) onbuild: bool,
    pub(crate) fresh: bool,
    /// `ONBUILD` of the base, to be carried out first.
    pub(crate) triggers: Vec<String>,
    /// `CMD` was given in this stage.
    pub(crate) has_cmd: bool,
    shows_name: bool,
    epoch: i64,
}

/// What programs are searched in where the image does not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl StageState {
    pub(crate) fn scratch(platform: &Platform, epoch: i64) -> Self {
        let mut config = ImageConfiguration {
            architecture: platform.architecture.clone(),
            os: platform.os.clone(),
            variant: platform.variant.clone(),
            ..ImageConfiguration::default()
        };
        config.config.working_dir = "/".to_owned();
        Self::of(config, None, platform, epoch)
    }

    /// On an image.
    pub(crate) fn of(mut config: ImageConfiguration, head: Option<StepRef>, platform: &Platform, epoch: i64) -> Self {
        config.created = None;
        let triggers = std::mem::take(&mut config.config.on_build);
        let mut env = Env::from_pairs(&config.config.env);
        if env.get("PATH").is_none() {
            env.set("PATH", PATH);
            config.config.env = env.pairs();
        }
        Self {
            head,
            config,
            env,
            args: Vec::new(),
            platform: platform.clone(),
            name: String::new(),
            number: 0,
            total: 0,
            onbuild: false,
            fresh: false,
            triggers,
            has_cmd: false,
            shows_name: false,
            epoch,
        }
    }

    /// The beginning of a stage that goes on with this one.
    pub(crate) fn inherit(&self) -> Self {
        let mut state = self.clone();
        state.triggers = std::mem::take(&mut state.config.config.on_build);
        (state.number, state.total, state.has_cmd) = (0, 0, false);
        state
    }

    pub(crate) fn begin(&mut self, name: String, _stage: &Stage, shows_name: bool) {
        self.name = name;
        self.shows_name = shows_name;
    }

    /// `[stage 2/5] RUN make`
    pub(crate) fn step_name(&self, shown: &str, platform: Option<Platform>) -> String {
        let platform = platform.map(|platform| format!("{platform} ")).unwrap_or_default();
        let stage = if self.shows_name { format!("{} ", self.name) } else { String::new() };
        let trigger = if self.onbuild { "ONBUILD " } else { "" };
        format!("[{platform}{stage}{}/{}] {trigger}{}", self.number, self.total.max(self.number), one_line(shown))
    }

    /// Adds an entry of the image's history.
    pub(crate) fn commit(&mut self, created_by: String, has_layer: bool) {
        self.config.history.push(History {
            created: Some(rfc3339(self.epoch)),
            author: None,
            created_by: Some(created_by),
            comment: Some("buildkit.dockerfile.v0".to_owned()),
            empty_layer: !has_layer,
        });
    }

    /// Where `RUN` starts and relative paths begin.
    pub(crate) fn cwd(&self) -> PathBuf {
        Path::new("/").join(&self.config.config.working_dir)
    }

    /// The shell of `RUN`, `CMD` and `ENTRYPOINT`.
    pub(crate) fn shell(&self) -> Vec<String> {
        match &self.config.config.shell {
            Some(shell) if !shell.is_empty() => shell.clone(),
            _ => vec!["/bin/sh".to_owned(), "-c".to_owned()],
        }
    }

    /// The configuration with what the request adds. Its layers are not known yet.
    pub(crate) fn finished(&self, build: &Build) -> ImageConfiguration {
        let mut config = self.config.clone();
        config.created = Some(rfc3339(self.epoch));
        let labels = build.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
        config.config.labels.extend(labels);
        config
    }
}

/// Many lines as one.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
