//! Operators: chains are read in one go, because they nest as deep as they are long.
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{Constant, LocalId, Value};
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

/// What joins two conditions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Connective {
    And,
    Or,
}

/// What an operator works on: evaluated when its turn comes, or a result so far.
#[derive(Clone, Copy)]
pub(super) enum Operand<'t> {
    Syntax(Node<'t>),
    Local(LocalId),
}

impl<'t> Lowering<'t> {
    /// `a + b - c ...`
    pub(super) fn binary_operator(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let mut links = Vec::new();
        let mut left = node;
        while kind(left) == Kind::BinaryOperator {
            let (Some(next), Some(right)) = (child(left, Field::Left), child(left, Field::Right))
            else {
                break;
            };
            links.push((left, right));
            left = next;
        }
        if links.is_empty() {
            return self.degrade(node, wanted);
        }
        let mut operands = vec![Operand::Syntax(left)];
        let mut is_sum = true;
        // The outermost operator is the first link and the last to be computed.
        for (link, right) in links.into_iter().rev() {
            let is_plus = child(link, Field::Operator).map(kind) == Some(Kind::Plus);
            if operands.len() > 1 && is_plus != is_sum {
                let value = self.computed(&operands, is_sum);
                let value = self.builder().value(value, site(link));
                operands = vec![Operand::Local(value)];
            }
            is_sum = is_plus;
            operands.push(Operand::Syntax(right));
        }
        let value = self.computed(&operands, is_sum);
        self.put(value, wanted, site(node))
    }

    fn computed(&mut self, operands: &[Operand<'t>], is_sum: bool) -> Value {
        if is_sum {
            self.sum(operands)
        } else {
            Value::Operation(self.operands(operands))
        }
    }

    fn operands(&mut self, operands: &[Operand<'t>]) -> Vec<LocalId> {
        let operands = operands.iter();
        operands.map(|operand| self.operand(*operand)).collect()
    }

    pub(super) fn operand(&mut self, operand: Operand<'t>) -> LocalId {
        match operand {
            Operand::Syntax(node) => self.expression(node),
            Operand::Local(local) => local,
        }
    }

    /// `a + b`: text where an operand is text, a collection where one is a collection.
    pub(super) fn sum(&mut self, operands: &[Operand<'t>]) -> Value {
        let is_any = |kinds: &[Kind]| {
            operands.iter().any(|operand| match operand {
                Operand::Syntax(node) => kinds.contains(&kind(*node)),
                Operand::Local(_) => false,
            })
        };
        if is_any(&[Kind::String, Kind::ConcatenatedString]) {
            self.joined_text(operands)
        } else if is_any(&[Kind::List, Kind::Tuple, Kind::ListComprehension]) {
            Value::Sequence(self.operands(operands))
        } else {
            Value::Operation(self.operands(operands))
        }
    }

    /// The value of a literal that is no interpolated text.
    pub(super) fn constant(&mut self, node: Node<'t>) -> Option<Constant> {
        match kind(node) {
            Kind::None => Some(Constant::Null),
            Kind::True => Some(Constant::Bool(true)),
            Kind::False => Some(Constant::Bool(false)),
            Kind::Integer | Kind::Float => number(self.text(node)),
            Kind::String | Kind::ConcatenatedString => self.constant_text(node),
            Kind::UnaryOperator => {
                let operator = child(node, Field::Operator).map(kind);
                let argument = child(node, Field::Argument)?;
                if operator != Some(Kind::Minus) {
                    return None;
                }
                negated(number(self.text(argument))?)
            }
            _ => None,
        }
    }
}

/// The operands of a chain of one connective, in order.
pub(super) fn chain(node: Node<'_>) -> (Connective, Vec<Node<'_>>) {
    let of = |node: Node<'_>| child(node, Field::Operator).map(kind);
    let operator = of(node);
    let mut operands = Vec::new();
    let mut left = node;
    while kind(left) == Kind::BooleanOperator && of(left) == operator {
        operands.extend(child(left, Field::Right));
        match child(left, Field::Left) {
            Some(next) => left = next,
            None => break,
        }
    }
    operands.push(left);
    operands.reverse();
    let connective = if operator == Some(Kind::And) {
        Connective::And
    } else {
        Connective::Or
    };
    (connective, operands)
}

pub(super) fn negated(constant: Constant) -> Option<Constant> {
    match constant {
        Constant::Integer(value) => value.checked_neg().map(Constant::Integer),
        Constant::Number(value) => Some(Constant::Number(-value)),
        _ => None,
    }
}

/// A Python number; `None` for complex ones.
pub(super) fn number(text: &str) -> Option<Constant> {
    let digits: String = text
        .trim_end_matches(['l', 'L'])
        .chars()
        .filter(|sign| *sign != '_')
        .collect();
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return i64::from_str_radix(rest, radix).ok().map(Constant::Integer);
        }
    }
    if !lower.starts_with(|sign: char| sign.is_ascii_digit() || sign == '.') {
        return None;
    }
    let integer = lower.parse().ok().map(Constant::Integer);
    integer.or_else(|| lower.parse().ok().map(Constant::Number))
}
