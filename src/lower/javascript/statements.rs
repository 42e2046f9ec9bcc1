//! Statements.
use super::{Lowering, site};
use crate::ir::build::{Jump, Lower};
use crate::ir::{LocalId, Site, Test};
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

impl<'tree> Lowering<'tree> {
    /// The whole file.
    pub(super) fn program(&mut self, root: Node<'tree>) {
        let statements = self.children(root);
        self.declare_body(&statements);
        self.statements(&statements);
    }

    /// A block with its own scope.
    pub(super) fn block(&mut self, node: Node<'tree>) {
        let statements = self.children(node);
        self.scope(|lowering| {
            lowering.declare_block(&statements);
            lowering.statements(&statements);
        });
    }

    /// Statements whose names are declared. What follows a `using` is within its scope.
    pub(super) fn statements(&mut self, statements: &[Node<'tree>]) {
        for (index, statement) in statements.iter().enumerate() {
            if self.builder().is_full() {
                return;
            }
            if let Some(is_async) = self.using(*statement) {
                let rest = statements.get(index + 1..).unwrap_or_default();
                let declarators = self.children(*statement);
                self.using_declaration(&declarators, is_async, rest);
                return;
            }
            self.statement(*statement);
        }
    }

    /// One statement.
    pub(super) fn statement(&mut self, node: Node<'tree>) {
        if self.is_too_deep(node) {
            return;
        }
        self.frames.depth += 1;
        self.statement_of(self.kind(node), node);
        self.frames.depth -= 1;
    }

    fn statement_of(&mut self, kind: Kind, node: Node<'tree>) {
        match kind {
            Kind::ExpressionStatement => self.expression_statement(node),
            Kind::LexicalDeclaration => self.declarators(node, Self::initialise),
            Kind::VariableDeclaration => self.declarators(node, Self::initialise_var),
            Kind::If => self.if_statement(node),
            Kind::Return => self.return_statement(node),
            Kind::StatementBlock => self.block(node),
            Kind::Try => self.try_statement(node),
            Kind::Throw => self.throw_statement(node),
            Kind::For | Kind::ForIn | Kind::While | Kind::Do | Kind::Labeled | Kind::Switch => {
                self.labelled(node);
            }
            Kind::Break => self.jump(node, Jump::Break),
            Kind::Continue => self.jump(node, Jump::Continue),
            Kind::ImportStatement => self.import_statement(node),
            Kind::ImportAlias => self.import_alias(node),
            Kind::ExportStatement => self.export_statement(node),
            Kind::ClassDeclaration | Kind::AbstractClassDeclaration => {
                self.class_declaration(node);
            }
            Kind::InterfaceDeclaration => self.interface_declaration(node),
            Kind::TypeAliasDeclaration => self.type_alias(node),
            Kind::EnumDeclaration => self.enum_declaration(node),
            Kind::Module | Kind::InternalModule => self.namespace(node),
            Kind::With => self.with_statement(node),
            // A function's value is assigned at the start of its block; types and ambient names are no code.
            Kind::FunctionDeclaration
            | Kind::GeneratorFunctionDeclaration
            | Kind::FunctionSignature
            | Kind::AmbientDeclaration
            | Kind::Empty
            | Kind::Debugger
            | Kind::Comment
            | Kind::HtmlComment
            | Kind::HashBang => {}
            Kind::Error => self.not_understood(node),
            _ => self.discard(node),
        }
    }

    /// What stands in a region that the parser did not understand.
    fn not_understood(&mut self, node: Node<'tree>) {
        let parts = self.children(node);
        self.declare_block(&parts);
        for part in parts {
            self.statement(part);
        }
    }

    fn expression_statement(&mut self, node: Node<'tree>) {
        for expression in self.children(node) {
            self.discard(expression);
        }
    }

    fn declarators(
        &mut self,
        node: Node<'tree>,
        initialise: fn(&mut Self, LocalId, Option<Node<'tree>>, Site),
    ) {
        for declarator in self.children(node) {
            if self.kind(declarator) == Kind::VariableDeclarator {
                self.declarator(declarator, initialise);
            }
        }
    }

    /// `name = value` of a declaration; the value of a pattern is taken apart.
    pub(super) fn declarator(
        &mut self,
        node: Node<'tree>,
        initialise: fn(&mut Self, LocalId, Option<Node<'tree>>, Site),
    ) {
        let fields = &self.grammar.fields;
        let value = node.child_by_field_id(fields.value);
        let Some(pattern) = node.child_by_field_id(fields.name) else {
            return;
        };
        if self.kind(pattern) == Kind::Identifier {
            let local = self.variable(pattern);
            if let Some(annotation) = self.annotation(node) {
                self.builder().local_mut(local).annotation = Some(Box::new(annotation));
            }
            initialise(self, local, value, site(node));
        } else if let Some(value) = value {
            let value = self.expression(value, None);
            self.destructure(pattern, value);
        }
    }

    /// `let x = value`: the variable is new, so the value may be computed right into it.
    pub(super) fn initialise(&mut self, local: LocalId, value: Option<Node<'tree>>, place: Site) {
        match value {
            Some(value) => {
                let name = self.builder().local_mut(local).name;
                self.named(value, Some(local), name);
            }
            None => {
                self.null(Some(local), place);
            }
        }
    }

    /// `var x = value`: the value may read the variable, and without one the variable keeps what it has.
    fn initialise_var(&mut self, local: LocalId, value: Option<Node<'tree>>, _: Site) {
        if let Some(value) = value {
            self.store(local, value);
        }
    }

    /// `if (a) {} else if (b) {} else {}`, without recursion along the chain.
    fn if_statement(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let join = self.builder().new_block();
        let mut current = Some(node);
        while let Some(node) = current.take() {
            let (yes, no) = (self.builder().new_block(), self.builder().new_block());
            if let Some(condition) = node.child_by_field_id(fields.condition) {
                self.test(condition, yes, no);
            } else {
                self.builder().split(Test::Unknown, yes, no, site(node));
            }
            self.builder().switch_to(yes);
            if let Some(consequence) = node.child_by_field_id(fields.consequence) {
                self.statement(consequence);
            }
            self.builder().goto(join, site(node));
            self.builder().switch_to(no);
            let alternative = node.child_by_field_id(fields.alternative);
            let alternative = alternative.and_then(|clause| self.first(clause));
            match alternative {
                Some(next) if self.kind(next) == Kind::If => current = Some(next),
                Some(other) => self.statement(other),
                None => {}
            }
            if self.builder().is_full() {
                break;
            }
        }
        self.builder().goto(join, site(node));
        self.builder().switch_to(join);
    }

    fn return_statement(&mut self, node: Node<'tree>) {
        let place = site(node);
        let value = match self.first(node) {
            Some(value) => self.expression(value, None),
            None => self.null(None, place),
        };
        self.leave(Jump::Return(value), place);
    }

    fn throw_statement(&mut self, node: Node<'tree>) {
        let place = site(node);
        let value = match self.first(node) {
            Some(value) => self.expression(value, None),
            None => self.null(None, place),
        };
        self.builder().raise(value, place);
    }

    /// `with (object) body`: which names it binds is unknown.
    fn with_statement(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        if let Some(object) = node.child_by_field_id(fields.object) {
            self.expression(object, None);
        }
        if let Some(body) = node.child_by_field_id(fields.body) {
            self.statement(body);
        }
    }
}
