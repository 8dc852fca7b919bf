use crate::Instruction;

/// `ONBUILD`: an instruction for whoever builds on this image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onbuild {
    /// What the image's configuration keeps: the instruction with its here-documents.
    pub trigger: String,
    /// The same, read; variables are put in when it runs.
    pub instruction: Box<Instruction>,
}
