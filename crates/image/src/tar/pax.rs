use super::header::Member;
use super::reader::TarError;

/// What PAX records and GNU's long names say of the next member.
#[derive(Default)]
pub(super) struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    mtime: Option<(i64, u32)>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Extension {
    pub(super) fn long_path(&mut self, content: &[u8]) {
        self.path = Some(super::header::text(content).to_vec());
    }

    pub(super) fn long_link(&mut self, content: &[u8]) {
        self.link = Some(super::header::text(content).to_vec());
    }

    /// Reads records of the form `LENGTH KEY=VALUE\n`.
    pub(super) fn records(&mut self, mut content: &[u8]) -> Result<(), TarError> {
        while !content.is_empty() {
            let (key, value, rest) = record(content).ok_or(TarError::Pax)?;
            content = rest;
            self.record(key, value)?;
        }
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarError> {
        let number = |name| decimal(value).ok_or(TarError::Number(name));
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number("size")?).filter(|size| *size <= i64::MAX.cast_unsigned()),
            b"uid" => self.uid = Some(number("uid")?),
            b"gid" => self.gid = Some(number("gid")?),
            b"mtime" => self.mtime = Some(time(value).ok_or(TarError::Number("mtime"))?),
            _ => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.xattrs.retain(|(known, _)| known != name);
                    self.xattrs.push((name.to_vec(), value.to_vec()));
                } else if key.starts_with(b"GNU.sparse.") {
                    return Err(TarError::Sparse);
                }
            }
        }
        Ok(())
    }

    pub(super) fn apply(self, member: &mut Member) {
        if let Some(path) = self.path {
            member.path = path;
        }
        if let Some(link) = self.link {
            member.link = link;
        }
        member.size = self.size.unwrap_or(member.size);
        member.uid = self.uid.unwrap_or(member.uid);
        member.gid = self.gid.unwrap_or(member.gid);
        member.mtime = self.mtime.unwrap_or(member.mtime);
        member.xattrs = self.xattrs;
    }
}

/// The first record and what follows it.
fn record(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = content.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&content[..blank])?).ok()?;
    if length <= blank + 1 || length > content.len() {
        return None;
    }
    let (whole, rest) = content.split_at(length);
    let body = whole.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&body[..equals], &body[equals + 1..]);
    // Names with a NUL are cut by some programs and not by others.
    let is_text = matches!(key, b"path" | b"linkpath");
    let is_cut = is_text && value.contains(&0);
    (!key.is_empty() && !is_cut).then_some((key, value, rest))
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Seconds with any number of decimals; may be negative.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (seconds, decimals) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &b""[..]),
    };
    let seconds = i64::try_from(decimal(seconds)?).ok()?;
    if !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = decimals.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let nanos = digits.fold(0_u32, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    match (negative, nanos) {
        (false, nanos) => Some((seconds, nanos)),
        (true, 0) => Some((-seconds, 0)),
        (true, nanos) => Some((-seconds - 1, 1_000_000_000 - nanos)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_strictly() {
        let good = b"11 path=ab\n20 mtime=12.5000001\n26 SCHILY.xattr.user.a=\0\n\n";
        let mut extension = Extension::default();
        extension.records(good).unwrap();
        assert_eq!(extension.path.as_deref(), Some(&b"ab"[..]));
        assert_eq!(extension.mtime, Some((12, 500_000_100)));
        assert_eq!(extension.xattrs, [(b"user.a".to_vec(), b"\0\n".to_vec())]);
        for bad in
            [&b"11 path=ab"[..], b"12 path=ab\n", b"path=ab\n", b"0 \n", b"5 a=\nx", b"12 path=a\0b\n", b"9 size=x\n"]
        {
            assert!(Extension::default().records(bad).is_err(), "{bad:?}");
        }
        assert_eq!(time(b"-1.25"), Some((-2, 750_000_000)));
        assert_eq!(time(b"1.x"), None);
    }
}
