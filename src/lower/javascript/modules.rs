//! Imports, exports, namespaces; the `CommonJS` forms among them.
use super::{Lowering, site};
use crate::ir::{Imported, LocalId, Site, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// A name that an import statement binds.
#[derive(Clone, Copy)]
pub(super) struct Binding<'tree> {
    pub(super) name: Node<'tree>,
    imported: Imported,
    place: Site,
}

impl<'tree> Lowering<'tree> {
    /// What an import statement binds.
    pub(super) fn import_bindings(&mut self, node: Node<'tree>) -> Vec<Binding<'tree>> {
        let mut bindings = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::ImportClause => {
                    for part in self.children(child) {
                        self.clause_bindings(part, &mut bindings);
                    }
                }
                Kind::ImportRequireClause => {
                    let name = self.first(child);
                    bindings.extend(name.map(|name| Binding {
                        name,
                        imported: Imported::Module,
                        place: site(node),
                    }));
                }
                _ => {}
            }
        }
        bindings
    }

    fn clause_bindings(&mut self, part: Node<'tree>, bindings: &mut Vec<Binding<'tree>>) {
        let fields = &self.grammar.fields;
        let place = site(part);
        match self.kind(part) {
            Kind::Identifier => bindings.push(Binding {
                name: part,
                imported: Imported::Default,
                place,
            }),
            Kind::NamespaceImport => {
                let name = self.first(part);
                bindings.extend(name.map(|name| Binding {
                    name,
                    imported: Imported::Module,
                    place,
                }));
            }
            Kind::NamedImports => {
                for specifier in self.children(part) {
                    let Some(name) = specifier.child_by_field_id(fields.name) else {
                        continue;
                    };
                    let alias = specifier.child_by_field_id(fields.alias);
                    let imported = self.imported(name);
                    bindings.push(Binding {
                        name: alias.unwrap_or(name),
                        imported,
                        place: site(specifier),
                    });
                }
            }
            _ => {}
        }
    }

    /// `name`, `default`, `"any text"`
    fn imported(&mut self, name: Node<'tree>) -> Imported {
        let name = self.external_name(name);
        if name == "default" {
            Imported::Default
        } else {
            Imported::Name(name)
        }
    }

    fn external_name(&mut self, node: Node<'tree>) -> Symbol {
        if self.kind(node) == Kind::String {
            self.string(node)
        } else {
            self.symbol(node)
        }
    }

    /// `import ... from "x"`, `import "x"`, `import x = require("x")`
    pub(super) fn import_statement(&mut self, node: Node<'tree>) {
        let field = self.grammar.fields.source;
        let source = match node.child_by_field_id(field) {
            Some(source) => Some(source),
            None => self
                .first(node)
                .and_then(|clause| clause.child_by_field_id(field)),
        };
        let Some(source) = source else { return };
        let specifier = self.string(source);
        let bindings = self.import_bindings(node);
        if bindings.is_empty() {
            self.frames
                .add_import(specifier, Imported::Module, site(node));
        }
        for binding in bindings {
            let import = self
                .frames
                .add_import(specifier, binding.imported, binding.place);
            let local = self.variable(binding.name);
            self.put(Some(local), Value::Import(import), binding.place);
        }
    }

    /// `import A = B.C`
    pub(super) fn import_alias(&mut self, node: Node<'tree>) {
        let parts = self.children(node);
        let [name, path] = parts.as_slice() else {
            return;
        };
        let local = self.variable(*name);
        let mut names = self
            .text(*path)
            .split('.')
            .map(|part| Symbol::new(part.trim()));
        let Some(root) = names.next() else { return };
        let place = site(node);
        let mut value = match self.frames.resolve(root) {
            Some(root) => root,
            None => self.put(None, Value::Free(root), place),
        };
        for name in names {
            value = self.put(None, Value::Field(value, name), place);
        }
        self.copy(Some(local), value, place);
    }

    pub(super) fn export_statement(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let is_default = self
            .tokens(node)
            .iter()
            .any(|token| self.kind(*token) == Kind::DefaultToken);
        if let Some(declaration) = node.child_by_field_id(fields.declaration) {
            self.export_declaration(node, declaration, is_default);
        } else if let Some(value) = node.child_by_field_id(fields.value) {
            let name = Symbol::new("default");
            let value = self.named(value, None, name);
            self.export(name, value);
        } else if let Some(source) = node.child_by_field_id(fields.source) {
            let specifier = self.string(source);
            self.export_from(node, specifier);
        } else {
            self.export_local(node);
        }
    }

    fn export_declaration(
        &mut self,
        node: Node<'tree>,
        declaration: Node<'tree>,
        is_default: bool,
    ) {
        let fields = &self.grammar.fields;
        match self.kind(declaration) {
            Kind::ClassDeclaration | Kind::AbstractClassDeclaration => {
                let mut decorators = Vec::new();
                for decorator in self.in_field(node, fields.decorator) {
                    decorators.push(self.decorator(decorator));
                }
                self.decorated_class(declaration, decorators);
            }
            _ => self.statement(declaration),
        }
        for name in self.declared_names(declaration) {
            let exported = if is_default {
                Symbol::new("default")
            } else {
                self.symbol(name)
            };
            let local = self.variable(name);
            self.export(exported, local);
        }
    }

    /// The names of values that a declaration declares.
    fn declared_names(&mut self, declaration: Node<'tree>) -> Vec<Node<'tree>> {
        let fields = &self.grammar.fields;
        let name = declaration.child_by_field_id(fields.name);
        match self.kind(declaration) {
            Kind::LexicalDeclaration | Kind::VariableDeclaration => {
                let mut names = Vec::new();
                for declarator in self.children(declaration) {
                    if let Some(pattern) = declarator.child_by_field_id(fields.name) {
                        names.extend(self.pattern_names(pattern));
                    }
                }
                names
            }
            Kind::FunctionDeclaration
            | Kind::GeneratorFunctionDeclaration
            | Kind::ClassDeclaration
            | Kind::AbstractClassDeclaration
            | Kind::InterfaceDeclaration
            | Kind::TypeAliasDeclaration
            | Kind::EnumDeclaration => name.into_iter().collect(),
            Kind::InternalModule | Kind::Module => name
                .and_then(|name| self.first_identifier(name))
                .into_iter()
                .collect(),
            Kind::ImportAlias => self.first(declaration).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// `export { a as b } from "x"`, `export * from "x"`, `export * as ns from "x"`
    fn export_from(&mut self, node: Node<'tree>, specifier: Symbol) {
        let fields = &self.grammar.fields;
        let mut is_star = true;
        for child in self.children(node) {
            match self.kind(child) {
                Kind::ExportClause => {
                    is_star = false;
                    for part in self.children(child) {
                        let Some(name) = part.child_by_field_id(fields.name) else {
                            continue;
                        };
                        let imported = self.imported(name);
                        let alias = part.child_by_field_id(fields.alias).unwrap_or(name);
                        self.export_import(specifier, imported, alias, site(part));
                    }
                }
                Kind::NamespaceExport => {
                    is_star = false;
                    if let Some(alias) = self.children(child).pop() {
                        self.export_import(specifier, Imported::Module, alias, site(child));
                    }
                }
                _ => {}
            }
        }
        if is_star {
            let import = self.frames.add_import(specifier, Imported::All, site(node));
            self.frames.module.star_exports.push(import);
        }
    }

    fn export_import(
        &mut self,
        specifier: Symbol,
        imported: Imported,
        alias: Node<'tree>,
        place: Site,
    ) {
        let import = self.frames.add_import(specifier, imported, place);
        let local = self.put(None, Value::Import(import), place);
        let alias = self.external_name(alias);
        self.export(alias, local);
    }

    /// `export { a as b }`, `export = value`; `export as namespace X` says nothing here.
    fn export_local(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let has_equals = self
            .tokens(node)
            .iter()
            .any(|token| self.kind(*token) == Kind::EqualsToken);
        for child in self.children(node) {
            if self.kind(child) == Kind::ExportClause {
                for part in self.children(child) {
                    let Some(name) = part.child_by_field_id(fields.name) else {
                        continue;
                    };
                    let alias = part.child_by_field_id(fields.alias).unwrap_or(name);
                    let (name, alias) = (self.symbol(name), self.external_name(alias));
                    // What is not bound is a type.
                    if let Some(local) = self.frames.resolve(name) {
                        self.export(alias, local);
                    }
                }
            } else if has_equals {
                let value = self.expression(child, None);
                self.export(Symbol::new("module.exports"), value);
            }
        }
    }

    /// Exports from the module, or from the namespace at hand.
    fn export(&mut self, name: Symbol, local: LocalId) {
        if let Some(namespace) = self.namespaces.last_mut() {
            namespace.push((name, local));
        } else if self.frames.is_top_level() {
            self.frames.add_export(name, local);
        }
    }

    /// `module.exports = value`, `exports.name = value`, `module.exports.name = value`
    pub(super) fn common_js_export(&mut self, left: Node<'tree>, value: LocalId) {
        if !self.frames.is_top_level() || !self.namespaces.is_empty() {
            return;
        }
        let Some(object) = left.child_by_field_id(self.grammar.fields.object) else {
            return;
        };
        let (object, Some(name)) = (self.text(object), self.property(left)) else {
            return;
        };
        let (root, name) = match object {
            "module" if name == "exports" => ("module", Symbol::new("module.exports")),
            "module.exports" => ("module", name),
            "exports" => ("exports", name),
            _ => return,
        };
        if self.frames.resolve(Symbol::new(root)).is_none() {
            self.frames.add_export(name, value);
        }
    }

    /// `namespace A.B { export const x = 1 }`: runs in place; its exports are an object.
    pub(super) fn namespace(&mut self, node: Node<'tree>) {
        let fields = &self.grammar.fields;
        let (Some(name), Some(body)) = (
            node.child_by_field_id(fields.name),
            node.child_by_field_id(fields.body),
        ) else {
            return;
        };
        self.namespaces.push(Vec::new());
        self.block(body);
        let exports = self.namespaces.pop().unwrap_or_default();
        // Only types: the name may as well be that of a class or function.
        if exports.is_empty() {
            return;
        }
        let Some(root) = self.first_identifier(name) else {
            return;
        };
        let place = site(node);
        let local = self.variable(root);
        let mut value = Value::Record(exports);
        let inner = self.text(name).split('.').skip(1).collect::<Vec<_>>();
        for part in inner.into_iter().rev() {
            let nested = self.put(None, value, place);
            value = Value::Record(vec![(Symbol::new(part.trim()), nested)]);
        }
        self.put(Some(local), value, place);
    }
}
