//! Images and registries of a run.

use std::sync::Arc;

use actions::native::{Images, Registries};
use image::client::Routes;

use crate::run_command::start::{Early, Ready};

pub(super) fn make(ready: &Ready<'_>, early: &Early) -> Arc<Images> {
    let dirs = &ready.dirs;
    let registries = Registries::new(Routes::default());
    let mut images =
        Images::new(dirs.data.join("images"), early.launcher.clone(), dirs.cache.join("builder"), registries);
    images.offline = ready.args.machine.offline || ready.project.config.actions.offline;
    Arc::new(images)
}
