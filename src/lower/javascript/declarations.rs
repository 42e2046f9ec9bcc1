//! What a scope declares, found before its code is lowered: functions, classes and variables may be used above
//! the line that declares them.
use super::{Lowering, site};
use crate::ir::{LocalId, LocalKind};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

impl<'tree> Lowering<'tree> {
    /// Runs `body` in a block scope of its own.
    pub(super) fn scope(&mut self, body: impl FnOnce(&mut Self)) {
        self.frames.frame().open_scope();
        body(self);
        self.frames.frame().close_scope();
    }

    /// Declares what the statements of a function's body declare, `var` in nested blocks among it.
    pub(super) fn declare_body(&mut self, statements: &[Node<'tree>]) {
        if self.has_var {
            self.declare_vars(statements);
        }
        self.declare_block(statements);
    }

    /// Declares what the statements of a block declare, and gives its functions their values.
    pub(super) fn declare_block(&mut self, statements: &[Node<'tree>]) {
        let mut functions = Vec::new();
        for statement in statements {
            if let Some(declaration) = self.declaration(*statement) {
                self.declare(declaration, &mut functions);
            }
        }
        for function in functions {
            self.hoisted_function(function);
        }
    }

    /// The declaration a statement makes, out of its `export`.
    fn declaration(&mut self, statement: Node<'tree>) -> Option<Node<'tree>> {
        match self.kind(statement) {
            Kind::ExportStatement => statement.child_by_field_id(self.grammar.fields.declaration),
            Kind::ExpressionStatement => {
                let inner = self.first(statement)?;
                (self.kind(inner) == Kind::InternalModule).then_some(inner)
            }
            _ => Some(statement),
        }
    }

    fn declare(&mut self, declaration: Node<'tree>, functions: &mut Vec<Node<'tree>>) {
        let name = self.grammar.fields.name;
        match self.kind(declaration) {
            Kind::LexicalDeclaration | Kind::UsingDeclaration => {
                for declarator in self.children(declaration) {
                    if let Some(pattern) = declarator.child_by_field_id(name) {
                        self.declare_pattern(pattern);
                    }
                }
            }
            Kind::FunctionDeclaration | Kind::GeneratorFunctionDeclaration => {
                if let Some(name) = declaration.child_by_field_id(name) {
                    self.declare_name(name);
                    functions.push(declaration);
                }
            }
            Kind::ClassDeclaration
            | Kind::AbstractClassDeclaration
            | Kind::InterfaceDeclaration
            | Kind::TypeAliasDeclaration
            | Kind::EnumDeclaration => {
                if let Some(name) = declaration.child_by_field_id(name) {
                    self.declare_name(name);
                }
            }
            Kind::InternalModule | Kind::Module => {
                let name = declaration.child_by_field_id(name);
                if let Some(name) = name.and_then(|name| self.first_identifier(name)) {
                    self.declare_name(name);
                }
            }
            Kind::ImportStatement => {
                for binding in self.import_bindings(declaration) {
                    self.declare_name(binding.name);
                }
            }
            Kind::ImportAlias => {
                if let Some(name) = self.first(declaration) {
                    self.declare_name(name);
                }
            }
            _ => {}
        }
    }

    /// `A` of `A.B.C`.
    pub(super) fn first_identifier(&mut self, name: Node<'tree>) -> Option<Node<'tree>> {
        let mut name = name;
        loop {
            match self.kind(name) {
                Kind::Identifier => return Some(name),
                Kind::NestedIdentifier | Kind::Member => name = self.first(name)?,
                _ => return None,
            }
        }
    }

    /// Declares a name in the innermost scope.
    pub(super) fn declare_name(&mut self, node: Node<'tree>) -> LocalId {
        let (name, start) = (self.symbol(node), site(node).start);
        if self.cleanups == 0 {
            let frame = self.frames.frame();
            return frame.declare(name, LocalKind::Variable, None);
        }
        if let Some(known) = self.copied.locals.get(&start) {
            self.frames.frame().bind(name, *known);
            return *known;
        }
        let frame = self.frames.frame();
        let local = frame.declare(name, LocalKind::Variable, None);
        self.copied.locals.insert(start, local);
        local
    }

    /// Declares the names of a pattern in the innermost scope.
    pub(super) fn declare_pattern(&mut self, pattern: Node<'tree>) {
        for name in self.pattern_names(pattern) {
            self.declare_name(name);
        }
    }

    /// The names that a pattern binds, in order.
    pub(super) fn pattern_names(&mut self, pattern: Node<'tree>) -> Vec<Node<'tree>> {
        if self.kind(pattern) == Kind::Identifier {
            return vec![pattern];
        }
        let (mut names, mut stack) = (Vec::new(), vec![pattern]);
        while let Some(node) = stack.pop() {
            match self.kind(node) {
                Kind::Identifier | Kind::ShorthandPropertyPattern => names.push(node),
                Kind::PairPattern => {
                    stack.extend(node.child_by_field_id(self.grammar.fields.value));
                }
                Kind::AssignmentPattern | Kind::ObjectAssignmentPattern => {
                    stack.extend(node.child_by_field_id(self.grammar.fields.left));
                }
                Kind::ObjectPattern | Kind::ArrayPattern | Kind::RestPattern => {
                    stack.extend(self.children(node).into_iter().rev());
                }
                _ => {}
            }
        }
        names
    }

    /// Declares `var` names in the function's outermost scope; they are undefined until assigned.
    fn declare_vars(&mut self, statements: &[Node<'tree>]) {
        let mut stack: Vec<_> = statements.iter().rev().copied().collect();
        while let Some(node) = stack.pop() {
            match self.kind(node) {
                Kind::VariableDeclaration => {
                    for declarator in self.children(node) {
                        let name = declarator.child_by_field_id(self.grammar.fields.name);
                        self.declare_var(name);
                    }
                }
                Kind::ForIn => {
                    let kind = node.child_by_field_id(self.grammar.fields.kind);
                    if kind.is_some_and(|kind| self.text(kind) == "var") {
                        self.declare_var(node.child_by_field_id(self.grammar.fields.left));
                    }
                    stack.extend(node.child_by_field_id(self.grammar.fields.body));
                }
                kind if may_hold_statements(kind) => {
                    stack.extend(self.children(node).into_iter().rev());
                }
                _ => {}
            }
        }
    }

    fn declare_var(&mut self, pattern: Option<Node<'tree>>) {
        let Some(pattern) = pattern else { return };
        for node in self.pattern_names(pattern) {
            let (name, place) = (self.symbol(node), site(node));
            if !self.frames.frame().binds_outermost(name) {
                let local = self.frames.frame().declare_outermost(name);
                self.null(Some(local), place);
            }
        }
    }

    /// The variable a name is bound to; declared here where the pass above did not see it.
    pub(super) fn variable(&mut self, node: Node<'tree>) -> LocalId {
        let name: Symbol = self.symbol(node);
        match self.frames.resolve(name) {
            Some(local) => local,
            None => self.declare_name(node),
        }
    }
}

fn may_hold_statements(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::StatementBlock
            | Kind::If
            | Kind::ElseClause
            | Kind::For
            | Kind::While
            | Kind::Do
            | Kind::Try
            | Kind::CatchClause
            | Kind::FinallyClause
            | Kind::Switch
            | Kind::SwitchBody
            | Kind::SwitchCase
            | Kind::SwitchDefault
            | Kind::Labeled
            | Kind::With
            | Kind::ExportStatement
            | Kind::Error
    )
}
