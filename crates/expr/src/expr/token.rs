use std::ops::Range;

/// One token and its bytes in the expression.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    StartGroup,
    StartIndex,
    StartParameters,
    EndGroup,
    EndIndex,
    EndParameters,
    Separator,
    Dereference,
    Wildcard,
    Operator(Operator),
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Property,
    Function,
    Named,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Not,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// How tightly it binds: more is tighter.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Not => 16,
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual => 11,
            Self::Equal | Self::NotEqual => 10,
            Self::And => 6,
            Self::Or => 5,
        }
    }
}

impl TokenKind {
    /// Whether an operand ends here, so that an operator or a closing token may follow.
    pub(crate) fn ends_operand(&self) -> bool {
        self.ends_container() || matches!(self, Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_))
    }

    /// Whether an index may follow.
    pub(crate) fn ends_container(&self) -> bool {
        matches!(
            self,
            Self::EndGroup | Self::EndParameters | Self::EndIndex | Self::Wildcard | Self::Property | Self::Named
        )
    }

    /// Whether an operand may follow.
    pub(crate) fn expects_operand(&self) -> bool {
        matches!(
            self,
            Self::Separator | Self::StartGroup | Self::StartIndex | Self::StartParameters | Self::Operator(_)
        )
    }

    pub(crate) fn is_operator(&self) -> bool {
        matches!(
            self,
            Self::StartGroup
                | Self::StartIndex
                | Self::StartParameters
                | Self::EndGroup
                | Self::EndIndex
                | Self::EndParameters
                | Self::Separator
                | Self::Dereference
                | Self::Operator(_)
        )
    }

    pub(crate) fn precedence(&self) -> u8 {
        match self {
            Self::StartGroup => 20,
            Self::StartIndex | Self::StartParameters | Self::Dereference => 19,
            Self::Operator(operator) => operator.precedence(),
            Self::EndGroup | Self::EndIndex | Self::EndParameters | Self::Separator => 1,
            _ => 0,
        }
    }
}
