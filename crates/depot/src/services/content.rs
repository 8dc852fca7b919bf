//! Objects as content.

use std::io;
use std::ops::Range;

use blob::objects::Objects;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use services::backend::{Readable, Stored};

pub(super) fn stored(objects: &Objects, name: &str, size: i64) -> Stored {
    let content = ObjectContent { objects: objects.clone(), name: name.to_owned() };
    Stored { size: super::number(size), content: Box::new(content) }
}

struct ObjectContent {
    objects: Objects,
    name: String,
}

impl Readable for ObjectContent {
    fn stream(self: Box<Self>, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
        let opened = async move { self.objects.stream(&self.name, range).await };
        stream::once(opened)
            .flat_map(|opened| match opened {
                Ok(pieces) => pieces.map(|piece| piece.map_err(io::Error::other)).boxed(),
                Err(error) => stream::once(async move { Err(io::Error::other(error)) }).boxed(),
            })
            .boxed()
    }
}
