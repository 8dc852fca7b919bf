use span::Span;

/// `RUN --device`: a device of the Container Device Interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub name: String,
    pub required: bool,
    pub span: Span,
}
