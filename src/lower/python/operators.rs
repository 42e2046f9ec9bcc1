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
        let mut operands = vec![(left, self.expression(left))];
        let mut is_sum = true;
        // The outermost operator is the first link and the last to be computed.
        for (link, right) in links.into_iter().rev() {
            let is_plus = child(link, Field::Operator).map(kind) == Some(Kind::Plus);
            if operands.len() > 1 && is_plus != is_sum {
                let (first, place) = (operands.first().map_or(link, |(node, _)| *node), site(link));
                let value = self.computed(&operands, is_sum);
                let value = self.builder().value(value, place);
                operands = vec![(first, value)];
            }
            is_sum = is_plus;
            operands.push((right, self.expression(right)));
        }
        let value = self.computed(&operands, is_sum);
        self.put(value, wanted, site(node))
    }

    fn computed(&mut self, operands: &[(Node<'t>, LocalId)], is_sum: bool) -> Value {
        if is_sum {
            self.sum(operands)
        } else {
            Value::Operation(operands.iter().map(|(_, local)| *local).collect())
        }
    }

    /// `a + b`: text where an operand is text, a collection where one is a collection.
    pub(super) fn sum(&mut self, operands: &[(Node<'t>, LocalId)]) -> Value {
        if operands.iter().any(|(node, _)| is_text(*node)) {
            return self.joined_text(operands);
        }
        let locals = operands.iter().map(|(_, local)| *local).collect();
        let is_collection = |node: Node<'t>| {
            matches!(
                kind(node),
                Kind::List | Kind::Tuple | Kind::ListComprehension
            )
        };
        if operands.iter().any(|(node, _)| is_collection(*node)) {
            Value::Sequence(locals)
        } else {
            Value::Operation(locals)
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

pub(super) fn is_text(node: Node<'_>) -> bool {
    matches!(kind(node), Kind::String | Kind::ConcatenatedString)
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
