//! The XML that names a blob's blocks: `<BlockList><Latest>aWQ=</Latest>…</BlockList>`.

/// The ids in order. Only this one shape is read: no attributes, no nesting, no entities.
pub(super) fn parse(xml: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(xml).map_err(|_| "the block list is not UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let text = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").ok_or("the XML declaration has no end")?.1.trim(),
        None => text,
    };
    if text == "<BlockList/>" || text == "<BlockList />" {
        return Ok(Vec::new());
    }
    let inner = text.strip_prefix("<BlockList>").and_then(|rest| rest.strip_suffix("</BlockList>"));
    let mut rest = inner.ok_or("expected a BlockList element")?.trim_start();
    let mut ids = Vec::new();
    while !rest.is_empty() {
        let tag = ["Latest", "Uncommitted", "Committed"].into_iter().find(|tag| {
            rest.strip_prefix('<').and_then(|rest| rest.strip_prefix(tag)).is_some_and(|rest| rest.starts_with('>'))
        });
        let tag = tag.ok_or("expected Latest, Uncommitted or Committed in the BlockList")?;
        let (id, after) = rest[tag.len() + 2..].split_once("</").ok_or("an element has no end")?;
        rest = after.strip_prefix(tag).and_then(|rest| rest.strip_prefix('>')).ok_or("an element has no end")?;
        rest = rest.trim_start();
        ids.push(id.trim().to_owned());
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    #[test]
    fn lists() {
        let ids = |xml: &str| parse(xml.as_bytes()).ok();
        let list = |items: &[&str]| Some(items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        let declared = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<BlockList>\n  <Latest>YQ==</Latest>\n  \
                        <Uncommitted>Yg==</Uncommitted></BlockList>\n";
        assert_eq!(ids(declared), list(&["YQ==", "Yg=="]));
        assert_eq!(ids("<BlockList></BlockList>"), list(&[]));
        assert_eq!(ids("<BlockList/>"), list(&[]));
        for bad in [
            "",
            "<BlockList>",
            "<BlockList><Latest>a</BlockList>",
            "<BlockList><Other>a</Other></BlockList>",
            "{}",
            "<?xml",
        ] {
            assert_eq!(ids(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
