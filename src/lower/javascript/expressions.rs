//! Expressions, but for literals, chains of members and calls, and assignments.
use super::{Lowering, is_function, site};
use crate::ir::build::Lower;
use crate::ir::{Constant, LocalId, Suspension, Test, Type, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

impl<'tree> Lowering<'tree> {
    /// The local that holds the value of an expression: the one asked for, a variable's own, or a temporary.
    pub(super) fn expression(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        if self.builder().is_full() || self.is_too_deep(node) {
            return self.put(into, Value::Opaque(Vec::new()), site(node));
        }
        self.frames.depth += 1;
        let value = self.expression_of(self.kind(node), node, into);
        self.frames.depth -= 1;
        value
    }

    fn expression_of(&mut self, kind: Kind, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        match kind {
            Kind::Identifier | Kind::ShorthandProperty => self.name(node, into),
            Kind::Null
            | Kind::Undefined
            | Kind::True
            | Kind::False
            | Kind::Number
            | Kind::String => self.constant_literal(node, into),
            Kind::This | Kind::Super => self.receiver(node, into),
            Kind::Member | Kind::Subscript | Kind::Call => self.chain(node, into, false),
            Kind::New => self.construction(node, into, false),
            Kind::Await => self.await_expression(node, into),
            Kind::Yield => self.yield_expression(node, into),
            Kind::Parenthesized | Kind::NonNull | Kind::Instantiation | Kind::Spread => {
                self.inner(node, into)
            }
            Kind::AsExpression | Kind::SatisfiesExpression | Kind::TypeAssertion => {
                self.cast(node, into)
            }
            Kind::Assignment => self.assignment(node, into),
            Kind::AugmentedAssignment => self.augmented_assignment(node, into),
            Kind::Update => self.update(node, into),
            Kind::Binary => self.binary(node, into),
            Kind::Unary => self.unary(node, into),
            Kind::Ternary => self.ternary(node, into),
            Kind::Sequence => self.sequence(node, into),
            Kind::Object => self.object(node, into),
            Kind::Array => self.array(node, into),
            Kind::TemplateString => self.template(node, into),
            Kind::Regex => self.put(into, Value::Operation(Vec::new()), site(node)),
            Kind::MetaProperty => {
                let name = self.symbol(node);
                self.put(into, Value::Free(name), site(node))
            }
            kind if is_function(kind) => self.closure(node, into, Symbol::new("")),
            Kind::Class => self.class_expression(node, into, Symbol::new("")),
            Kind::JsxElement | Kind::JsxSelfClosingElement => self.jsx(node, into),
            Kind::InternalModule => {
                self.namespace(node);
                self.null(into, site(node))
            }
            _ => self.opaque(node, into),
        }
    }

    /// An expression that gives its name to the function or class it is.
    pub(super) fn named(
        &mut self,
        node: Node<'tree>,
        into: Option<LocalId>,
        name: Symbol,
    ) -> LocalId {
        let inner = self.bare(node);
        match self.kind(inner) {
            kind if is_function(kind) => self.closure(inner, into, name),
            Kind::Class => self.class_expression(inner, into, name),
            _ => self.expression(node, into),
        }
    }

    /// An expression whose value nobody takes.
    pub(super) fn discard(&mut self, node: Node<'tree>) {
        if self.is_too_deep(node) {
            return;
        }
        self.frames.depth += 1;
        let node = self.bare(node);
        match self.kind(node) {
            Kind::Identifier | Kind::String | Kind::Number | Kind::Comment => {}
            Kind::InternalModule => self.namespace(node),
            Kind::Call | Kind::Member | Kind::Subscript => self.discard_chain(node),
            Kind::Binary => self.discard_binary(node),
            Kind::Ternary => self.discard_ternary(node),
            Kind::Unary => {
                if let Some(argument) = node.child_by_field_id(self.grammar.fields.argument) {
                    self.discard(argument);
                }
            }
            Kind::Sequence => {
                for part in self.children(node) {
                    self.discard(part);
                }
            }
            _ => {
                self.expression(node, None);
            }
        }
        self.frames.depth -= 1;
    }

    /// `a && b()`, `a || b()`, `a ?? b()` as statements.
    fn discard_binary(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let (Some(left), Some(right)) = (
            node.child_by_field_id(fields.left),
            node.child_by_field_id(fields.right),
        ) else {
            return;
        };
        let operator = self.operator(node);
        if !matches!(operator, "&&" | "||" | "??") {
            self.binary(node, None);
            return;
        }
        let (more, join) = (self.builder().new_block(), self.builder().new_block());
        match operator {
            "&&" => self.test(left, more, join),
            "||" => self.test(left, join, more),
            _ => {
                let value = self.expression(left, None);
                self.builder()
                    .split(Test::Null(value), more, join, site(left));
            }
        }
        self.builder().switch_to(more);
        self.discard(right);
        self.builder().goto(join, site(node));
        self.builder().switch_to(join);
    }

    fn discard_ternary(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let (yes, no) = (self.builder().new_block(), self.builder().new_block());
        let join = self.builder().new_block();
        if let Some(condition) = node.child_by_field_id(fields.condition) {
            self.test(condition, yes, no);
        }
        for (block, field) in [(yes, fields.consequence), (no, fields.alternative)] {
            self.builder().switch_to(block);
            if let Some(side) = node.child_by_field_id(field) {
                self.discard(side);
            }
            self.builder().goto(join, site(node));
        }
        self.builder().switch_to(join);
    }

    fn inner(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        match self.first(node) {
            Some(inner) => self.expression(inner, into),
            None => self.put(into, Value::Opaque(Vec::new()), site(node)),
        }
    }

    /// A name: the variable it is bound to, else one that nothing in the file binds.
    pub(super) fn name(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let name = self.symbol(node);
        match self.frames.resolve(name) {
            Some(local) => self.copy(into, local, site(node)),
            None if name.is_empty() => self.put(into, Value::Opaque(Vec::new()), site(node)),
            None => self.put(into, Value::Free(name), site(node)),
        }
    }

    /// `this`, and `super` where it is no callee.
    pub(super) fn receiver(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        match self.frames.receiver() {
            Some(receiver) => self.copy(into, receiver, site(node)),
            None => self.put(into, Value::Free(Symbol::new("this")), site(node)),
        }
    }

    /// `x as T`: the same value; where `T` names something, in a temporary that is declared so.
    fn cast(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let parts = self.children(node);
        let is_prefix = self.kind(node) == Kind::TypeAssertion;
        let (value, kind) = match parts.as_slice() {
            [kind, value] if is_prefix => (*value, self.first(*kind)),
            [value, kind] => (*value, Some(*kind)),
            [value] => (*value, None),
            _ => return self.put(into, Value::Opaque(Vec::new()), site(node)),
        };
        let annotation = kind.map_or(Type::Unknown, |kind| self.type_of(kind));
        if annotation == Type::Unknown || self.kind(node) == Kind::SatisfiesExpression {
            return self.expression(value, into);
        }
        let value = self.expression(value, None);
        let declared = self.put(None, Value::Local(value), site(node));
        self.builder().local_mut(declared).annotation = Some(Box::new(annotation));
        self.copy(into, declared, site(node))
    }

    /// `await x`
    fn await_expression(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        match self.first(node) {
            Some(operand) => self.awaited(operand, into, node),
            None => self.put(into, Value::Opaque(Vec::new()), site(node)),
        }
    }

    /// The outcome of an operand that `whole` waits for. A call and the waiting for it are one.
    pub(super) fn awaited(
        &mut self,
        operand: Node<'tree>,
        into: Option<LocalId>,
        whole: Node<'tree>,
    ) -> LocalId {
        let inner = self.bare(operand);
        match self.kind(inner) {
            Kind::Call | Kind::Member | Kind::Subscript => self.chain(inner, into, true),
            Kind::New => self.construction(inner, into, true),
            _ => {
                let value = self.expression(operand, None);
                self.suspended(Suspension::Await, value, into, whole)
            }
        }
    }

    pub(super) fn suspended(
        &mut self,
        kind: Suspension,
        value: LocalId,
        into: Option<LocalId>,
        whole: Node<'tree>,
    ) -> LocalId {
        let result = self.builder().suspend(kind, value, site(whole));
        self.copy(into, result, site(whole))
    }

    /// `yield x`, `yield* xs`
    fn yield_expression(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let value = match self.first(node) {
            Some(operand) => self.expression(operand, None),
            None => self.null(None, site(node)),
        };
        let star = node.child(1);
        let kind = match star {
            Some(token) if self.kind(token) == Kind::StarToken => Suspension::Delegate,
            _ => Suspension::Yield,
        };
        self.suspended(kind, value, into, node)
    }

    fn binary(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        match self.operator(node) {
            operator @ ("&&" | "||" | "??") => self.logical(node, operator, into),
            "+" => self.sum(node, into),
            _ => self.operation(node, into),
        }
    }

    /// Arithmetic and comparison, without recursion along `a * b * c`.
    fn operation(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let fields = &self.grammar.fields;
        let (mut operands, mut current) = (Vec::new(), node);
        loop {
            let is_operation = self.kind(current) == Kind::Binary
                && !matches!(self.operator(current), "&&" | "||" | "??" | "+");
            let left = current.child_by_field_id(fields.left);
            let Some(left) = left.filter(|_| is_operation) else {
                operands.push(current);
                break;
            };
            operands.extend(current.child_by_field_id(fields.right));
            current = left;
        }
        let parts = operands
            .into_iter()
            .rev()
            .map(|operand| self.expression(operand, None))
            .collect();
        self.put(into, Value::Operation(parts), site(node))
    }

    /// `a && b`, `a || b`, `a ?? b` as a value.
    fn logical(&mut self, node: Node<'tree>, operator: &str, into: Option<LocalId>) -> LocalId {
        let operands = self.operands(node, operator);
        let target = into.unwrap_or_else(|| self.builder().temporary());
        let join = self.builder().new_block();
        let Some((last, others)) = operands.split_last() else {
            return target;
        };
        for operand in others {
            self.logical_operand(*operand, operator, target, join);
        }
        self.expression(*last, Some(target));
        self.builder().goto(join, site(node));
        self.builder().switch_to(join);
        target
    }

    /// An operand that may decide the whole: then its value is the result.
    fn logical_operand(
        &mut self,
        operand: Node<'tree>,
        operator: &str,
        target: LocalId,
        join: crate::ir::BlockId,
    ) {
        let (decided, more) = (self.builder().new_block(), self.builder().new_block());
        let place = site(operand);
        let result = if operator != "??" && self.is_truth_value(operand) {
            let is_or = operator == "||";
            if is_or {
                self.test(operand, decided, more);
            } else {
                self.test(operand, more, decided);
            }
            Value::Constant(Constant::Bool(is_or))
        } else {
            let value = self.expression(operand, None);
            let builder = self.builder();
            match operator {
                "&&" => builder.split(Test::Truthy(value), more, decided, place),
                "||" => builder.split(Test::Truthy(value), decided, more, place),
                _ => builder.split(Test::Null(value), more, decided, place),
            }
            Value::Local(value)
        };
        self.builder().switch_to(decided);
        self.builder().assign(target, result, place);
        self.builder().goto(join, place);
        self.builder().switch_to(more);
    }

    fn ternary(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let fields = &self.grammar.fields;
        let target = into.unwrap_or_else(|| self.builder().temporary());
        let (yes, no) = (self.builder().new_block(), self.builder().new_block());
        let join = self.builder().new_block();
        if let Some(condition) = node.child_by_field_id(fields.condition) {
            self.test(condition, yes, no);
        }
        for (block, field) in [(yes, fields.consequence), (no, fields.alternative)] {
            self.builder().switch_to(block);
            if let Some(side) = node.child_by_field_id(field) {
                self.expression(side, Some(target));
            }
            self.builder().goto(join, site(node));
        }
        self.builder().switch_to(join);
        target
    }

    fn unary(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        if let Some(constant) = self.constant(node) {
            return self.put(into, Value::Constant(constant), site(node));
        }
        let Some(argument) = node.child_by_field_id(self.grammar.fields.argument) else {
            return self.put(into, Value::Opaque(Vec::new()), site(node));
        };
        if self.operator(node) == "void" {
            self.discard(argument);
            return self.null(into, site(node));
        }
        let value = self.expression(argument, None);
        self.put(into, Value::Operation(vec![value]), site(node))
    }

    fn sequence(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let parts = self.children(node);
        match parts.split_last() {
            Some((last, others)) => {
                for part in others {
                    self.discard(*part);
                }
                self.expression(*last, into)
            }
            None => self.put(into, Value::Opaque(Vec::new()), site(node)),
        }
    }

    /// Syntax without a meaning here: its parts are evaluated, and may be kept.
    pub(super) fn opaque(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let mut parts = Vec::new();
        for child in self.children(node) {
            if is_statement(self.kind(child)) {
                self.statement(child);
            } else {
                parts.push(self.expression(child, None));
            }
        }
        self.put(into, Value::Opaque(parts), site(node))
    }
}

/// Whether a node that stands where an expression should is a statement.
fn is_statement(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ExpressionStatement
            | Kind::LexicalDeclaration
            | Kind::VariableDeclaration
            | Kind::If
            | Kind::Return
            | Kind::StatementBlock
            | Kind::Try
            | Kind::Throw
            | Kind::For
            | Kind::ForIn
            | Kind::While
            | Kind::Do
            | Kind::Labeled
            | Kind::Switch
            | Kind::Break
            | Kind::Continue
            | Kind::ImportStatement
            | Kind::ExportStatement
            | Kind::ClassDeclaration
            | Kind::FunctionDeclaration
            | Kind::EnumDeclaration
            | Kind::InterfaceDeclaration
            | Kind::TypeAliasDeclaration
    )
}
