//! Chains of members, items and calls: `a.b?.c(d)[e]`.
//!
//! A chain is taken apart into its base and its links, so that `?.` can leave the whole of it, and so that a
//! long one costs no stack.
use super::{Lowering, site};
use crate::ir::build::Lower;
use crate::ir::{
    Argument, BlockId, Call, CallKind, Callee, Constant, Imported, LocalId, Site, Suspension, Test,
    Value,
};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// A chain, from the inside out.
pub(super) struct Chain<'tree> {
    pub(super) base: Node<'tree>,
    pub(super) links: Vec<Node<'tree>>,
    pub(super) whole: Node<'tree>,
}

/// Where `?.` goes when what stands before it is null; made when the first one is met.
pub(super) type Short = Option<BlockId>;

/// What is called, and how.
#[derive(Clone, Copy)]
struct Target {
    callee: Callee,
    kind: CallKind,
    site: Site,
}

impl<'tree> Lowering<'tree> {
    pub(super) fn links(&mut self, node: Node<'tree>) -> Chain<'tree> {
        let fields = &self.grammar.fields;
        let (mut links, mut current) = (Vec::new(), node);
        loop {
            let (field, is_link) = match self.kind(current) {
                Kind::Member | Kind::Subscript => (fields.object, true),
                Kind::Call => (fields.function, true),
                Kind::NonNull | Kind::Instantiation if !links.is_empty() => (0, false),
                _ => break,
            };
            let inner = if is_link {
                current.child_by_field_id(field)
            } else {
                self.first(current)
            };
            let Some(inner) = inner else { break };
            if is_link {
                links.push(current);
            }
            current = inner;
        }
        links.reverse();
        Chain {
            base: current,
            links,
            whole: node,
        }
    }

    /// A chain as a value.
    pub(super) fn chain(
        &mut self,
        node: Node<'tree>,
        into: Option<LocalId>,
        awaited: bool,
    ) -> LocalId {
        let chain = self.links(node);
        if chain.links.is_empty() {
            return self.opaque(node, into);
        }
        let mut short = None;
        let value = self.walk(&chain, chain.links.len(), (into, awaited), &mut short);
        let Some(short) = short else { return value };
        let place = site(node);
        let target = into.unwrap_or(value);
        let join = self.builder().new_block();
        // A variable's own local may come out where `?.` is followed by nothing that computes.
        let target = self.copy(Some(target), value, place);
        self.builder().goto(join, place);
        self.builder().switch_to(short);
        self.null(Some(target), place);
        self.builder().goto(join, place);
        self.builder().switch_to(join);
        target
    }

    /// A chain that decides a branch: where `?.` stops, it does not hold.
    pub(super) fn test_chain(&mut self, node: Node<'tree>, yes: BlockId, no: BlockId) {
        let chain = self.links(node);
        let value = if chain.links.is_empty() {
            self.opaque(node, None)
        } else {
            self.walk(&chain, chain.links.len(), (None, false), &mut Some(no))
        };
        self.builder()
            .split(Test::Truthy(value), yes, no, site(node));
    }

    /// A chain as a statement. When nobody waits for a promise, nobody catches what it throws.
    pub(super) fn discard_chain(&mut self, node: Node<'tree>) {
        let chain = self.links(node);
        if chain.links.is_empty() {
            self.opaque(node, None);
            return;
        }
        let place = site(node);
        let mut short = None;
        if self.last_promise(&chain, chain.links.len()).is_some() {
            self.guarded(
                place,
                |lowering| {
                    let before = std::mem::replace(&mut lowering.builder().is_detached, true);
                    lowering.walk(&chain, chain.links.len(), (None, false), &mut short);
                    lowering.builder().is_detached = before;
                },
                |_| {},
            );
        } else {
            self.walk(&chain, chain.links.len(), (None, false), &mut short);
        }
        if let Some(short) = short {
            self.builder().goto(short, place);
            self.builder().switch_to(short);
        }
    }

    /// The value after the first `upto` links, awaited where `goal` says so.
    pub(super) fn walk(
        &mut self,
        chain: &Chain<'tree>,
        upto: usize,
        goal: (Option<LocalId>, bool),
        short: &mut Short,
    ) -> LocalId {
        let (into, awaited) = goal;
        let (mut value, mut position) = match self.last_promise(chain, upto) {
            Some(step) => {
                let into = into.filter(|_| step + 1 == upto);
                (self.promise(chain, step, into, short), step + 1)
            }
            None => self.start(chain, upto, goal),
        };
        let is_complete = position == upto;
        while let Some(link) = chain.links.get(position).filter(|_| position < upto) {
            if self.builder().is_full() {
                return value;
            }
            let next = chain
                .links
                .get(position + 1)
                .filter(|_| position + 1 < upto);
            // `f()(x)` calls twice; only a member or item is called as a method.
            let is_called = self.kind(*link) == Kind::Call;
            let method = next.filter(|next| !is_called && self.kind(**next) == Kind::Call);
            let is_call = is_called || method.is_some();
            position += if method.is_some() { 2 } else { 1 };
            let is_last = position == upto;
            let into = into.filter(|_| is_last);
            self.short_circuit(*link, value, short);
            value = match (self.kind(*link), method) {
                (Kind::Call, _) => self.call_value(*link, value, (into, awaited && is_last)),
                (_, Some(call)) => {
                    let target = self.method_of(*link, value, *call, short);
                    self.call(*call, target, (into, awaited && is_last))
                }
                (_, None) => self.read(*link, value, into),
            };
            if is_last && awaited && !is_call {
                value = self.suspended(Suspension::Await, value, into, chain.whole);
            }
        }
        if is_complete {
            self.copy(into, value, site(chain.whole))
        } else {
            value
        }
    }

    /// The value of the base, and how many links it took up: `super.x()`, `super()`, `require("x")`.
    fn start(
        &mut self,
        chain: &Chain<'tree>,
        upto: usize,
        goal: (Option<LocalId>, bool),
    ) -> (LocalId, usize) {
        let first = chain.links.first().filter(|_| upto > 0).copied();
        let second = chain.links.get(1).filter(|_| upto > 1).copied();
        let (Some(first), kind) = (first, self.kind(chain.base)) else {
            let (into, awaited) = goal;
            let value = if awaited {
                self.awaited(chain.base, into, chain.base)
            } else {
                self.expression(chain.base, into)
            };
            return (value, 0);
        };
        if kind == Kind::Super {
            return self.super_call(chain, (first, second), upto, goal);
        }
        if let Some(import) = self.dynamic_import(chain.base, first) {
            let into = goal.0.filter(|_| upto == 1);
            return (self.put(into, import, site(first)), 1);
        }
        (self.expression(chain.base, None), 0)
    }

    /// `super(...)`, `super.method(...)`
    fn super_call(
        &mut self,
        chain: &Chain<'tree>,
        links: (Node<'tree>, Option<Node<'tree>>),
        upto: usize,
        goal: (Option<LocalId>, bool),
    ) -> (LocalId, usize) {
        let receiver = self.receiver(chain.base, None);
        let (call, length, name) = match (self.kind(links.0), links.1) {
            (Kind::Call, _) => (links.0, 1, Some(Symbol::new("constructor"))),
            (Kind::Member, Some(call)) if self.kind(call) == Kind::Call => {
                (call, 2, self.property(links.0))
            }
            _ => return (receiver, 0),
        };
        let Some(name) = name else {
            return (receiver, 0);
        };
        let is_last = length == upto;
        let target = Target {
            callee: Callee::Method(receiver, name),
            kind: CallKind::Super,
            site: self.callee_site(call),
        };
        let (into, awaited) = goal;
        let value = self.call(call, target, (into.filter(|_| is_last), awaited && is_last));
        (value, length)
    }

    /// `require("x")` where `require` is the module system's, `import("x")`.
    fn dynamic_import(&mut self, base: Node<'tree>, call: Node<'tree>) -> Option<Value> {
        let is_import = self.kind(base) == Kind::Import;
        let is_require = self.kind(base) == Kind::Identifier && self.text(base) == "require";
        if self.kind(call) != Kind::Call || !(is_import || is_require) {
            return None;
        }
        let arguments = call.child_by_field_id(self.grammar.fields.arguments)?;
        let specifier = self.first(arguments)?;
        let Some(Constant::Text(specifier)) = self.constant(specifier) else {
            return None;
        };
        let require = self.symbol(base);
        if is_require && self.frames.resolve(require).is_some() {
            return None;
        }
        let import = self
            .frames
            .add_import(specifier, Imported::Module, site(call));
        Some(Value::Import(import))
    }

    /// Leaves the chain where the link has `?.` and the value is null.
    fn short_circuit(&mut self, link: Node<'tree>, value: LocalId, short: &mut Short) {
        if self.is_optional(link) {
            let place = site(link);
            let stop = *short.get_or_insert_with(|| self.builder().new_block());
            let more = self.builder().new_block();
            self.builder().split(Test::Null(value), stop, more, place);
            self.builder().switch_to(more);
        }
    }

    pub(super) fn is_optional(&mut self, link: Node<'tree>) -> bool {
        let token = link.child(1).map(|token| self.kind(token));
        match token {
            Some(Kind::OptionalChain | Kind::OptionalToken) => true,
            // A comment may stand between.
            Some(Kind::Comment) => self.tokens(link).iter().any(|token| {
                matches!(self.kind(*token), Kind::OptionalChain | Kind::OptionalToken)
            }),
            _ => false,
        }
    }

    /// The constant name of the property that a member or item link reads.
    pub(super) fn property(&mut self, link: Node<'tree>) -> Option<Symbol> {
        let fields = &self.grammar.fields;
        if self.kind(link) == Kind::Member {
            let property = link.child_by_field_id(fields.property)?;
            return Some(self.symbol(property));
        }
        let index = link.child_by_field_id(fields.index)?;
        if self.is_well_known(index) {
            return Some(self.symbol(index));
        }
        match self.constant(index) {
            Some(Constant::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// `value.name`, `value[index]`
    fn read(&mut self, link: Node<'tree>, value: LocalId, into: Option<LocalId>) -> LocalId {
        let place = site(link);
        if let Some(name) = self.property(link) {
            return self.put(into, Value::Field(value, name), place);
        }
        let index = match link.child_by_field_id(self.grammar.fields.index) {
            Some(index) => self.expression(index, None),
            None => self.null(None, place),
        };
        self.put(into, Value::Item(value, index), place)
    }

    /// What `value.name(...)` calls. For `value.name?.(...)` the method itself is tested.
    fn method_of(
        &mut self,
        link: Node<'tree>,
        value: LocalId,
        call: Node<'tree>,
        short: &mut Short,
    ) -> Target {
        let site = site(link);
        let name = self.property(link);
        let is_optional = self.is_optional(call);
        let callee = if let Some(name) = name {
            if is_optional {
                let method = self.put(None, Value::Field(value, name), site);
                self.short_circuit(call, method, short);
            }
            Callee::Method(value, name)
        } else {
            let method = self.read(link, value, None);
            self.short_circuit(call, method, short);
            Callee::Local(method)
        };
        Target {
            callee,
            kind: CallKind::Plain,
            site,
        }
    }

    fn callee_site(&self, call: Node<'tree>) -> Site {
        let callee = call.child_by_field_id(self.grammar.fields.function);
        site(callee.unwrap_or(call))
    }

    fn call_value(
        &mut self,
        call: Node<'tree>,
        callee: LocalId,
        goal: (Option<LocalId>, bool),
    ) -> LocalId {
        let target = Target {
            callee: Callee::Local(callee),
            kind: CallKind::Plain,
            site: self.callee_site(call),
        };
        self.call(call, target, goal)
    }

    /// A call or tagged template.
    fn call(
        &mut self,
        call: Node<'tree>,
        target: Target,
        goal: (Option<LocalId>, bool),
    ) -> LocalId {
        let (into, awaited) = goal;
        let mut kind = target.kind;
        let arguments = match call.child_by_field_id(self.grammar.fields.arguments) {
            Some(template) if self.kind(template) == Kind::TemplateString => {
                kind = CallKind::Tag;
                let (text, holes) = self.template_parts(template);
                std::iter::once(text).chain(holes).map(positional).collect()
            }
            Some(arguments) => self.arguments(arguments),
            None => Vec::new(),
        };
        let result = into.unwrap_or_else(|| self.builder().temporary());
        let call_site = site(call);
        let call = Call {
            callee: target.callee,
            arguments,
            result,
            kind,
            awaited,
            is_detached: false,
            callee_site: target.site,
        };
        self.builder().call(call, call_site);
        result
    }

    fn arguments(&mut self, node: Node<'tree>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for child in self.children(node) {
            arguments.push(Argument {
                value: self.expression(child, None),
                name: Symbol::new(""),
                is_spread: self.kind(child) == Kind::Spread,
            });
        }
        arguments
    }

    /// `new Class(...)`, `new namespace.Class(...)`
    pub(super) fn construction(
        &mut self,
        node: Node<'tree>,
        into: Option<LocalId>,
        awaited: bool,
    ) -> LocalId {
        let fields = &self.grammar.fields;
        let Some(class) = node.child_by_field_id(fields.constructor) else {
            return self.opaque(node, into);
        };
        let inner = self.bare(class);
        let object = inner.child_by_field_id(fields.object);
        let is_member = self.kind(inner) == Kind::Member;
        let callee = match (object.filter(|_| is_member), self.property(inner)) {
            (Some(object), Some(name)) => Callee::Method(self.expression(object, None), name),
            _ => Callee::Local(self.expression(class, None)),
        };
        let target = Target {
            callee,
            kind: CallKind::New,
            site: site(class),
        };
        self.call(node, target, (into, awaited))
    }

    /// Calls a callback with a value, and waits for it.
    pub(super) fn callback(
        &mut self,
        callback: Node<'tree>,
        value: Option<LocalId>,
        call: Node<'tree>,
        into: Option<LocalId>,
    ) -> LocalId {
        let fields = &self.grammar.fields;
        let inner = self.bare(callback);
        let object = inner.child_by_field_id(fields.object);
        let is_member = matches!(self.kind(inner), Kind::Member | Kind::Subscript);
        let callee = match (object.filter(|_| is_member), self.property(inner)) {
            (Some(object), Some(name)) => Callee::Method(self.expression(object, None), name),
            _ => Callee::Local(self.expression(callback, None)),
        };
        let result = into.unwrap_or_else(|| self.builder().temporary());
        let plain = Call {
            callee,
            arguments: value.into_iter().map(positional).collect(),
            result,
            kind: CallKind::Plain,
            awaited: true,
            is_detached: false,
            callee_site: site(callback),
        };
        self.builder().call(plain, site(call));
        result
    }
}

fn positional(value: LocalId) -> Argument {
    Argument {
        value,
        name: Symbol::new(""),
        is_spread: false,
    }
}
