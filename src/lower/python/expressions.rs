//! Expressions: the dispatch, and the ones that need no file of their own.
use super::operators::{negated, number};
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{LocalId, Suspension, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

impl<'t> Lowering<'t> {
    /// Evaluates an expression. A name yields its variable itself, not a copy.
    pub(super) fn expression(&mut self, node: Node<'t>) -> LocalId {
        self.lower_expression(node, None)
    }

    /// Evaluates an expression into `wanted`, else into whatever local suits.
    pub(super) fn lower_expression(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        if self.builder().is_full() {
            return wanted.unwrap_or_else(|| self.builder().temporary());
        }
        let lowered = self.nested(node, |lowering| match kind(node) {
            Kind::Identifier => lowering.name(node, wanted),
            Kind::Attribute => lowering.attribute(node, wanted),
            Kind::Call => lowering.call(node, wanted, false),
            Kind::String | Kind::ConcatenatedString => lowering.text_literal(node, wanted),
            Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None => {
                lowering.literal(node, wanted)
            }
            Kind::Subscript => {
                let (object, key) = lowering.subscript_parts(node);
                lowering.put(Value::Item(object, key), wanted, site(node))
            }
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList | Kind::PatternList => {
                lowering.sequence(node, wanted)
            }
            Kind::Dictionary => lowering.dictionary(node, wanted),
            Kind::Await => lowering.await_expression(node, wanted),
            _ => lowering.operator_expression(node, wanted),
        });
        lowered.unwrap_or_else(|| self.put(Value::Opaque(Vec::new()), wanted, site(node)))
    }

    /// What is computed or controls, or is no expression at all.
    fn operator_expression(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        match kind(node) {
            Kind::Parenthesized => match self.parts(node)[..] {
                [inner] => self.lower_expression(inner, wanted),
                _ => self.degrade(node, wanted),
            },
            Kind::BinaryOperator => self.binary_operator(node, wanted),
            Kind::BooleanOperator => self.connective_value(node, wanted),
            Kind::Conditional => self.conditional(node, wanted),
            Kind::Comparison => self.comparison(node, wanted),
            Kind::Slice => self.operation(node, wanted),
            Kind::Not | Kind::UnaryOperator => self.unary_operator(node, wanted),
            Kind::NamedExpression => self.named_expression(node, wanted),
            Kind::Lambda => self.lambda(node, wanted),
            Kind::Yield => self.yield_expression(node, wanted),
            Kind::ListComprehension | Kind::SetComprehension | Kind::GeneratorExpression => {
                self.comprehension(node, wanted)
            }
            Kind::DictionaryComprehension => self.dictionary_comprehension(node, wanted),
            Kind::ListSplat | Kind::DictionarySplat | Kind::ListSplatPattern => {
                self.splatted(node, wanted)
            }
            Kind::Ellipsis => self.put(Value::Operation(Vec::new()), wanted, site(node)),
            Kind::Type => self.type_value(node),
            kind if kind.is_statement() && kind != Kind::Print => {
                self.statement(node);
                self.put(Value::Opaque(Vec::new()), wanted, site(node))
            }
            _ => self.degrade(node, wanted),
        }
    }

    fn name(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let text = self.text(node);
        if text.is_empty() {
            return self.put(Value::Opaque(Vec::new()), wanted, site(node));
        }
        let name = Symbol::new(text);
        match (self.frames.resolve(name), wanted) {
            (Some(local), None) => local,
            (Some(local), Some(_)) => self.put(Value::Local(local), wanted, site(node)),
            (None, _) => self.put(Value::Free(name), wanted, site(node)),
        }
    }

    fn attribute(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let (Some(object), Some(name)) =
            (child(node, Field::Object), child(node, Field::Attribute))
        else {
            return self.degrade(node, wanted);
        };
        let object = self.expression(object);
        let value = Value::Field(object, self.symbol(name));
        self.put(value, wanted, site(node))
    }

    fn literal(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let value = match self.constant(node) {
            Some(constant) => Value::Constant(constant),
            None => Value::Operation(Vec::new()),
        };
        self.put(value, wanted, site(node))
    }

    /// `object[key]`, its object and key; several keys are a tuple.
    pub(super) fn subscript_parts(&mut self, node: Node<'t>) -> (LocalId, LocalId) {
        let parts = self.parts(node);
        let Some((object, keys)) = parts.split_first() else {
            let nothing = self.degrade(node, None);
            return (nothing, nothing);
        };
        let object = self.expression(*object);
        if let [key] = keys {
            return (object, self.expression(*key));
        }
        let keys = keys.iter().map(|key| self.expression(*key)).collect();
        let key = self.builder().value(Value::Sequence(keys), site(node));
        (object, key)
    }

    pub(super) fn sequence(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let parts = self.parts(node);
        let values = parts.into_iter().map(|part| self.expression(part));
        let values = values.collect();
        self.put(Value::Sequence(values), wanted, site(node))
    }

    fn dictionary(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let mut entries = Vec::new();
        for part in self.parts(node) {
            entries.push(self.entry(part));
        }
        self.put(Value::Record(entries), wanted, site(node))
    }

    /// `"key": value`; a computed or spread key is empty.
    pub(super) fn entry(&mut self, node: Node<'t>) -> (Symbol, LocalId) {
        let parts = (child(node, Field::Key), child(node, Field::Value));
        let (Some(key), Some(value)) = parts else {
            return (Symbol::empty(), self.expression(node));
        };
        let name = match self.constant(key) {
            Some(crate::ir::Constant::Text(text)) => text,
            Some(_) => Symbol::empty(),
            None => {
                self.expression(key);
                Symbol::empty()
            }
        };
        (name, self.expression(value))
    }

    /// `*values`, `**entries`: stands for what it spreads.
    fn splatted(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        match self.parts(node)[..] {
            [inner] => self.lower_expression(inner, wanted),
            _ => self.degrade(node, wanted),
        }
    }

    fn comparison(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let [left, right] = self.parts(node)[..] else {
            return self.operation(node, wanted);
        };
        if self.equality(node) != Some(false) {
            return self.operation(node, wanted);
        }
        let (left, right) = (self.expression(left), self.expression(right));
        self.put(Value::Equality(left, right), wanted, site(node))
    }

    fn operation(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let parts = self.parts(node);
        let values = parts.into_iter().map(|part| self.expression(part));
        let values = values.collect();
        self.put(Value::Operation(values), wanted, site(node))
    }

    fn unary_operator(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let is_number = |part: Node<'t>| matches!(kind(part), Kind::Integer | Kind::Float);
        let operator = child(node, Field::Operator).map(kind);
        let argument = child(node, Field::Argument).filter(|argument| is_number(*argument));
        let constant = argument
            .filter(|_| operator == Some(Kind::Minus))
            .and_then(|argument| negated(number(self.text(argument))?));
        match constant {
            Some(constant) => self.put(Value::Constant(constant), wanted, site(node)),
            None => self.operation(node, wanted),
        }
    }

    /// `name := value`
    fn named_expression(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let (Some(name), Some(value)) = (child(node, Field::Name), child(node, Field::Value))
        else {
            return self.degrade(node, wanted);
        };
        let name = self.symbol(name);
        let variable = self.variable(name);
        self.lower_expression(value, Some(variable));
        match wanted {
            Some(_) => self.put(Value::Local(variable), wanted, site(node)),
            None => variable,
        }
    }

    /// `await f(x)` is one call; any other awaited value suspends by itself.
    fn await_expression(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let parts = self.parts(node);
        let Some(operand) = parts.first() else {
            return self.degrade(node, wanted);
        };
        let operand = self.unwrapped(*operand);
        if kind(operand) == Kind::Call {
            return self.call(operand, wanted, true);
        }
        let value = self.expression(operand);
        self.suspended(Suspension::Await, value, node, wanted)
    }

    fn yield_expression(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        self.frames.frame().declaration.traits.is_generator = true;
        let parts = self.parts(node);
        let value = match parts[..] {
            [] => self.null(site(node)),
            [value] => self.expression(value),
            _ => self.sequence(node, None),
        };
        let is_delegate = node.child(1).is_some_and(|token| kind(token) == Kind::From);
        let suspension = if is_delegate {
            Suspension::Delegate
        } else {
            Suspension::Yield
        };
        self.suspended(suspension, value, node, wanted)
    }

    fn suspended(
        &mut self,
        suspension: Suspension,
        value: LocalId,
        node: Node<'t>,
        wanted: Option<LocalId>,
    ) -> LocalId {
        let result = self.builder().suspend(suspension, value, site(node));
        match wanted {
            Some(_) => self.put(Value::Local(result), wanted, site(node)),
            None => result,
        }
    }

    /// What stands within parentheses.
    pub(super) fn unwrapped(&mut self, node: Node<'t>) -> Node<'t> {
        let mut inner = node;
        while kind(inner) == Kind::Parenthesized {
            match self.parts(inner)[..] {
                [part] => inner = part,
                _ => break,
            }
        }
        inner
    }
}
