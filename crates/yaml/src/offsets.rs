/// Byte offsets of a text's characters: the parser counts characters, spans count bytes.
pub(crate) enum Offsets {
    /// All characters are of one byte.
    Same(usize),
    /// The byte offset of each character, and of the end.
    Table(Vec<u32>),
}

impl Offsets {
    pub(crate) fn new(text: &str) -> Offsets {
        if text.is_ascii() {
            return Offsets::Same(text.len());
        }
        // Fits: the size limit is checked before.
        let starts = text.char_indices().map(|(at, _)| at as u32);
        Offsets::Table(starts.chain([text.len() as u32]).collect())
    }

    /// The byte offset of a character; of the end for all beyond.
    pub(crate) fn byte(&self, character: usize) -> usize {
        match self {
            Offsets::Same(len) => character.min(*len),
            Offsets::Table(starts) => {
                let start = starts.get(character).or(starts.last());
                start.map_or(0, |start| *start as usize)
            }
        }
    }
}
