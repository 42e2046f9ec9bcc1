//! Tests: what decides a branch, as precisely as the syntax says it. A test of a name tests the variable itself.
use super::{Lowering, site};
use crate::ir::build::Lower;
use crate::ir::{BlockId, Constant, LocalId, Test};
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// The test for `local == constant`.
pub(super) fn equals(local: LocalId, constant: Constant) -> Test {
    match constant {
        Constant::Null => Test::Null(local),
        constant => Test::Equals(local, constant),
    }
}

impl<'tree> Lowering<'tree> {
    /// Goes to `yes` where the condition holds, to `no` where it does not.
    pub(super) fn test(&mut self, node: Node<'tree>, yes: BlockId, no: BlockId) {
        if self.is_too_deep(node) {
            self.builder().split(Test::Unknown, yes, no, site(node));
            return;
        }
        self.frames.depth += 1;
        let node = self.bare(node);
        match self.kind(node) {
            Kind::Binary => self.test_binary(node, yes, no),
            Kind::Unary => self.test_unary(node, yes, no),
            Kind::Sequence => self.test_sequence(node, yes, no),
            Kind::Member | Kind::Subscript | Kind::Call => self.test_chain(node, yes, no),
            Kind::True => self.builder().goto(yes, site(node)),
            Kind::False => self.builder().goto(no, site(node)),
            Kind::Number if self.constant(node) == Some(Constant::Integer(1)) => {
                self.builder().goto(yes, site(node));
            }
            _ => self.test_value(node, yes, no),
        }
        self.frames.depth -= 1;
    }

    fn test_value(&mut self, node: Node<'tree>, yes: BlockId, no: BlockId) {
        let value = self.expression(node, None);
        self.builder()
            .split(Test::Truthy(value), yes, no, site(node));
    }

    fn test_unary(&mut self, node: Node<'tree>, yes: BlockId, no: BlockId) {
        let fields = &self.grammar.fields;
        let operator = node.child_by_field_id(fields.operator);
        let argument = node.child_by_field_id(fields.argument);
        match (operator.map(|operator| self.text(operator)), argument) {
            (Some("!"), Some(argument)) => self.test(argument, no, yes),
            _ => self.test_value(node, yes, no),
        }
    }

    fn test_sequence(&mut self, node: Node<'tree>, yes: BlockId, no: BlockId) {
        let parts = self.children(node);
        if let Some((last, others)) = parts.split_last() {
            for part in others {
                self.discard(*part);
            }
            self.test(*last, yes, no);
        }
    }

    fn test_binary(&mut self, node: Node<'tree>, yes: BlockId, no: BlockId) {
        match self.operator(node) {
            "&&" => {
                let operands = self.operands(node, "&&");
                self.test_all(&operands, yes, no, |lowering, operand, more| {
                    lowering.test(operand, more, no);
                });
            }
            "||" => {
                let operands = self.operands(node, "||");
                self.test_all(&operands, yes, no, |lowering, operand, more| {
                    lowering.test(operand, yes, more);
                });
            }
            "==" | "===" => self.test_equality(node, yes, no),
            "!=" | "!==" => self.test_equality(node, no, yes),
            _ => self.test_value(node, yes, no),
        }
    }

    fn test_all(
        &mut self,
        operands: &[Node<'tree>],
        yes: BlockId,
        no: BlockId,
        mut test: impl FnMut(&mut Self, Node<'tree>, BlockId),
    ) {
        let Some((last, others)) = operands.split_last() else {
            return;
        };
        for operand in others {
            let more = self.builder().new_block();
            test(self, *operand, more);
            self.builder().switch_to(more);
        }
        self.test(*last, yes, no);
    }

    /// The operands of a chain of one operator, from left to right: `a && b && c`.
    pub(super) fn operands(&mut self, node: Node<'tree>, operator: &str) -> Vec<Node<'tree>> {
        let fields = &self.grammar.fields;
        let (mut operands, mut current) = (Vec::new(), node);
        while self.kind(current) == Kind::Binary && self.operator(current) == operator {
            operands.extend(current.child_by_field_id(fields.right));
            let Some(left) = current.child_by_field_id(fields.left) else {
                operands.reverse();
                return operands;
            };
            current = left;
        }
        operands.push(current);
        operands.reverse();
        operands
    }

    pub(super) fn operator(&self, node: Node<'tree>) -> &'tree str {
        node.child_by_field_id(self.grammar.fields.operator)
            .map_or("", |operator| self.text(operator))
    }

    /// `x == null`, `null === x`, `typeof x === "undefined"`, `x === "open"`
    fn test_equality(&mut self, node: Node<'tree>, yes: BlockId, no: BlockId) {
        let fields = &self.grammar.fields;
        let (Some(left), Some(right)) = (
            node.child_by_field_id(fields.left),
            node.child_by_field_id(fields.right),
        ) else {
            return self.test_value(node, yes, no);
        };
        let (subject, constant) = match (self.constant(left), self.constant(right)) {
            (_, Some(constant)) => (left, constant),
            (Some(constant), None) => (right, constant),
            (None, None) => return self.test_value(node, yes, no),
        };
        let test = match (self.typeof_argument(subject), constant) {
            (Some(argument), Constant::Text(text)) if text == "undefined" => {
                Test::Null(self.expression(argument, None))
            }
            (Some(_), _) => return self.test_value(node, yes, no),
            (None, constant) => equals(self.expression(subject, None), constant),
        };
        self.builder().split(test, yes, no, site(node));
    }

    /// `x` of `typeof x`.
    fn typeof_argument(&mut self, node: Node<'tree>) -> Option<Node<'tree>> {
        let node = self.bare(node);
        let is_typeof = self.kind(node) == Kind::Unary && self.operator(node) == "typeof";
        let argument = node.child_by_field_id(self.grammar.fields.argument);
        argument.filter(|_| is_typeof)
    }

    /// The constant that an expression is, as written.
    pub(super) fn constant(&mut self, node: Node<'tree>) -> Option<Constant> {
        let node = self.bare(node);
        let argument = self.grammar.fields.argument;
        Some(match self.kind(node) {
            Kind::Null | Kind::Undefined => Constant::Null,
            Kind::True => Constant::Bool(true),
            Kind::False => Constant::Bool(false),
            Kind::Number => self.number(node),
            Kind::String => Constant::Text(self.string(node)),
            Kind::TemplateString if self.is_plain(node) => Constant::Text(self.string(node)),
            Kind::Unary => {
                let argument = node.child_by_field_id(argument)?;
                match (self.operator(node), self.kind(argument)) {
                    ("void", Kind::Number) => Constant::Null,
                    ("-", Kind::Number) => negated(self.number(argument))?,
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// Whether an expression is true or false and nothing else.
    pub(super) fn is_truth_value(&mut self, node: Node<'tree>) -> bool {
        let node = self.bare(node);
        let operator = match self.kind(node) {
            Kind::Binary | Kind::Unary => self.operator(node),
            _ => return false,
        };
        matches!(
            operator,
            "!" | "==" | "===" | "!=" | "!==" | "<" | "<=" | ">" | ">=" | "in" | "instanceof"
        )
    }
}

fn negated(constant: Constant) -> Option<Constant> {
    match constant {
        Constant::Integer(value) => value.checked_neg().map(Constant::Integer),
        Constant::Number(value) => Some(Constant::Number(-value)),
        _ => None,
    }
}
