//! How a stream of messages goes over the wire: as it is, or with gzip.
//!
//! What many readers get is compressed once for all of them. DEFLATE allows it: a block that ends with a full flush refers to
//! nothing before it, so it stands wherever it is put. What is one reader's own goes between as stored blocks, and the
//! checksum at the end is put together from those of the parts (RFC 1951, 3.2.4; RFC 1952, 2.3).

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    /// What a client takes, by its `Accept-Encoding`.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let refused = |parameters: &str| {
            let weight = parameters.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            weight.is_some_and(|weight| weight <= 0.0)
        };
        let gzip = accepted.split(',').any(|one| {
            let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
            name.trim().eq_ignore_ascii_case("gzip") && !refused(parameters)
        });
        if gzip { Self::Gzip } else { Self::Plain }
    }
}

/// Bytes that stand in any stream of their coding.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// Of what they say; kept for gzip only.
    crc: Crc,
}

/// Makes pieces for everybody.
pub(super) struct Press(Option<Compress>);

impl Press {
    pub(super) fn new(coding: Coding) -> Self {
        // A log is read once by few: speed counts.
        Self((coding == Coding::Gzip).then(|| Compress::new(Compression::fast(), false)))
    }

    pub(super) fn piece(&mut self, clear: Vec<u8>) -> Piece {
        let mut crc = Crc::new();
        let Some(compress) = &mut self.0 else { return Piece { bytes: clear.into(), crc } };
        crc.update(&clear);
        let mut packed = Vec::with_capacity(clear.len() / 4 + 1024);
        let (begin, mut taken) = (compress.total_in(), 0);
        // Room that is left says that the flush is out as well.
        while taken < clear.len() || packed.len() == packed.capacity() {
            packed.reserve(1024 + (clear.len() - taken) / 4);
            // The compressor cannot fail: it was not given a dictionary and is never finished.
            if compress.compress_vec(&clear[taken..], &mut packed, FlushCompress::Full).is_err() {
                break;
            }
            taken = usize::try_from(compress.total_in() - begin).unwrap_or(clear.len());
        }
        packed.shrink_to_fit();
        Piece { bytes: packed.into(), crc }
    }
}

/// One reader's stream.
pub(super) struct Wire {
    coding: Coding,
    crc: Crc,
}

/// No name, no time, unknown system.
const GZIP_HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// A last block without content.
const LAST_BLOCK: &[u8] = &[0x03, 0x00];

impl Wire {
    pub(super) fn new(coding: Coding) -> Self {
        Self { coding, crc: Crc::new() }
    }

    /// What comes before everything.
    pub(super) fn begin(&self) -> Option<Bytes> {
        (self.coding == Coding::Gzip).then(|| Bytes::from_static(GZIP_HEADER))
    }

    /// What everybody gets, in the coding of this stream.
    pub(super) fn shared(&mut self, piece: &Piece) -> Bytes {
        if self.coding == Coding::Gzip {
            self.crc.combine(&piece.crc);
        }
        piece.bytes.clone()
    }

    /// What only this reader gets.
    pub(super) fn own(&mut self, text: &str) -> Bytes {
        if self.coding == Coding::Plain {
            return Bytes::copy_from_slice(text.as_bytes());
        }
        self.crc.update(text.as_bytes());
        let mut stored = Vec::with_capacity(text.len() + 16);
        for block in text.as_bytes().chunks(usize::from(u16::MAX)) {
            let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
            stored.push(0);
            stored.extend(length.to_le_bytes());
            stored.extend((!length).to_le_bytes());
            stored.extend(block);
        }
        stored.into()
    }

    /// What comes behind everything.
    pub(super) fn end(&self) -> Option<Bytes> {
        (self.coding == Coding::Gzip).then(|| {
            let sums = [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()];
            [LAST_BLOCK, sums.as_flattened()].concat().into()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn pieces_made_once_make_up_any_stream() {
        let mut press = Press::new(Coding::Gzip);
        let long: String = (0..40_000).map(|number| format!("line {number}\n")).collect();
        let noise: String =
            (0..70_000_u32).map(|n| char::from(32 + (n.wrapping_mul(2_654_435_761) >> 26) as u8)).collect();
        let texts = ["a", &long, "", &noise, "the end"];
        let pieces = texts.map(|text| press.piece(text.as_bytes().to_vec()));
        for order in [vec![0, 1, 2, 3, 4], vec![3], vec![4, 1, 1, 0], vec![]] {
            let mut wire = Wire::new(Coding::Gzip);
            let (mut bytes, mut expected) = (wire.begin().unwrap().to_vec(), String::new());
            for index in order {
                for own in ["id: 1\n", &noise] {
                    bytes.extend(wire.own(own));
                    expected.push_str(own);
                }
                bytes.extend(wire.shared(&pieces[index]));
                expected.push_str(texts[index]);
            }
            bytes.extend(wire.end().unwrap());
            let mut text = String::new();
            flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
            assert!(text == expected, "{} bytes instead of {}", text.len(), expected.len());
        }
    }

    #[test]
    fn what_clients_accept() {
        for (accepted, coding) in [
            ("gzip, deflate, br", Coding::Gzip),
            ("br;q=1.0, GZIP;q=0.5", Coding::Gzip),
            ("gzip;q=0", Coding::Plain),
            ("identity", Coding::Plain),
            ("", Coding::Plain),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, accepted.parse().unwrap())]);
            assert_eq!(Coding::of(&headers), coding, "{accepted}");
        }
        assert_eq!(Coding::of(&HeaderMap::new()), Coding::Plain);
    }
}
