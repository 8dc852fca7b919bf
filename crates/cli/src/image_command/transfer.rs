use image::client::{ClientError, RefusalCode};
use image::{Descriptor, Reference};

use super::progress::Told;
use super::{PullArgs, PushArgs};
use crate::failure::Failure;
use crate::images;
use crate::report::screen::Screen;

pub(super) fn pull(args: &PullArgs) -> Result<(), Failure> {
    let reference = Reference::parse(&args.image).map_err(Failure::usage)?;
    let platform = images::platform(args.platform.as_deref())?;
    let (store, client) = (images::store()?, images::client()?);
    let before = store.resolve(&reference).map_err(images::failure)?;
    let told = Told::new(args.quiet);
    let pulled = runtime()?.block_on(async {
        if args.all_platforms {
            client.pull_all(&reference, &store, &told).await
        } else {
            client.pull(&reference, &platform, &store, &told).await
        }
    });
    told.finish();
    let pulled = pulled.map_err(failure)?;
    let mut screen = Screen::stdout();
    if !args.quiet {
        let is_new = before.is_none_or(|before| before.digest != pulled.digest);
        let status = if is_new { "Downloaded newer image for" } else { "Image is up to date for" };
        screen.line(&format!("Digest: {}", pulled.digest));
        screen.line(&format!("Status: {status} {}", reference.familiar()));
    }
    screen.line(&reference.to_string());
    screen.flush(&[]);
    Ok(())
}

pub(super) fn push(args: &PushArgs) -> Result<(), Failure> {
    let reference = Reference::parse(&args.image).map_err(Failure::usage)?;
    let (store, client) = (images::store()?, images::client()?);
    let images: Vec<(Reference, Descriptor)> = if args.all_tags {
        let entries = store.list().map_err(images::failure)?.into_iter();
        let named = entries.filter_map(|entry| Some((entry.reference?, entry.descriptor)));
        named.filter(|(name, _)| name.repository() == reference.repository() && name.tag().is_some()).collect()
    } else {
        let descriptor = store.resolve(&reference).map_err(images::failure)?;
        descriptor.map(|descriptor| (reference.clone(), descriptor)).into_iter().collect()
    };
    if images.is_empty() {
        return Err(images::failure(image::Error::Unknown(reference.familiar())));
    }
    let mut screen = Screen::stdout();
    let runtime = runtime()?;
    if !args.quiet {
        screen.line(&format!("The push refers to repository [{}]", reference.repository()));
        screen.flush(&[]);
    }
    for (name, descriptor) in images {
        let told = Told::new(args.quiet);
        let pushed = runtime.block_on(client.push(&name, &descriptor, &store, &told));
        told.finish();
        let pushed = pushed.map_err(failure)?;
        if args.quiet {
            screen.line(&name.to_string());
        } else {
            screen.line(&format!("{}: digest: {} size: {}", name.selector(), pushed.digest, pushed.size));
        }
        screen.flush(&[]);
    }
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::broken)
}

fn failure(error: ClientError) -> Failure {
    match error {
        ClientError::Image(error) => images::failure(*error),
        ClientError::Refused(refusal) if refusal.code == RefusalCode::Unknown => Failure::missing(refusal),
        other => Failure::broken(other),
    }
}
