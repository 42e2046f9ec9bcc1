//! Imports, exports and names that nothing in a file binds.
use super::{
    EXPORT_LIMIT, Entity, FileId, FunctionKey, ImportId, Imported, Language, LocalId, Node, Symbol,
    Target, Values, Waiting, Watcher,
};
use crate::ir::{Action, Statement, Value};

impl Values<'_> {
    pub(super) fn target(&self, file: FileId, specifier: Symbol) -> Target {
        self.resolver.resolve(file, specifier)
    }

    /// Whether a local is imported from a package that neither the program nor the library data has.
    pub fn is_foreign(&self, function: FunctionKey, local: LocalId) -> bool {
        let (function, local) = self.world.origin(function, local);
        let module = self.world.module(function);
        let blocks = &self.world.function(function).blocks;
        let mut statements = blocks.iter().flat_map(|block| &block.statements);
        let imports = |statement: &Statement| match statement.action {
            Action::Assign(target, Value::Import(import)) if target == local => {
                module.imports.get(import.index())
            }
            _ => None,
        };
        let import = statements.find_map(imports);
        self.of(function, local).is_empty()
            && import.is_some_and(|import| {
                matches!(self.target(module.file, import.specifier), Target::Outside)
            })
    }

    pub(super) fn import(&mut self, file: FileId, import: ImportId, target: Node) {
        let module = self.world.module_of(file);
        let Some(written) = module.and_then(|module| module.imports.get(import.index())) else {
            return;
        };
        let (specifier, imported) = (written.specifier, written.imported);
        if self.language(file).is_python() {
            return self.import_python(file, specifier, imported, target);
        }
        match self.target(file, specifier) {
            Target::Outside => {
                self.import_library(Language::JavaScript, specifier, imported, target);
            }
            Target::File(found) if self.world.module_of(found).is_some() => {
                self.import_javascript(found, imported, target);
            }
            Target::File(found) => {
                self.wait(found, Waiting::Import(file, import, target));
            }
        }
    }

    pub(super) fn import_python(
        &mut self,
        file: FileId,
        specifier: Symbol,
        imported: Imported,
        target: Node,
    ) {
        let whole = match imported {
            Imported::Root => Symbol::new(specifier.split('.').next().unwrap_or_default()),
            _ => specifier,
        };
        if let Target::File(found) = self.resolver.resolve(file, whole) {
            return match imported {
                Imported::Name(name) => self.load_export(found, name, target),
                _ => self.add(target, Entity::Module(found)),
            };
        }
        if let Imported::Name(name) = imported {
            let dotted = if specifier.ends_with('.') {
                format!("{specifier}{name}")
            } else {
                format!("{specifier}.{name}")
            };
            if let Target::File(submodule) = self.resolver.resolve(file, Symbol::new(&dotted)) {
                return self.add(target, Entity::Module(submodule));
            }
        }
        self.import_library(Language::Python, whole, imported, target);
    }

    pub(super) fn import_javascript(&mut self, found: FileId, imported: Imported, target: Node) {
        let whole = self.export(found, Symbol::new("module.exports"), 0);
        match imported {
            Imported::Name(name) => self.load_export(found, name, target),
            Imported::Default => {
                if let Some(node) = self.export(found, Symbol::new("default"), 0) {
                    self.watch(node, Watcher::Copy(target));
                } else {
                    if let Some(node) = whole {
                        self.watch(node, Watcher::Copy(target));
                    }
                    self.add(target, Entity::Module(found));
                }
            }
            _ => {
                if let Some(node) = whole {
                    self.watch(node, Watcher::Copy(target));
                }
                self.add(target, Entity::Module(found));
            }
        }
    }

    pub(super) fn import_library(
        &mut self,
        language: Language,
        specifier: Symbol,
        imported: Imported,
        target: Node,
    ) {
        let specifier = Symbol::new(specifier.strip_prefix("node:").unwrap_or(&specifier));
        let path = match imported {
            Imported::Name(name) => self.library.member(language, specifier, &name),
            Imported::Default => {
                let named = self.library.member(language, specifier, "default");
                named.or_else(|| self.library.canonical(language, specifier))
            }
            _ => self.library.canonical(language, specifier),
        };
        let generated = match imported {
            // `./generated/prisma`, `@app/prisma`, `src/generated/prisma/client`, `#prisma`.
            Imported::Name(name) if specifier.contains('/') || specifier.starts_with('#') => {
                self.library.generated(language, name)
            }
            _ => None,
        };
        if let Some(path) = path.or(generated) {
            self.add(target, Entity::External(path));
        }
    }

    /// The node of a name that a file exports.
    pub(super) fn export(&self, file: FileId, name: Symbol, depth: u32) -> Option<Node> {
        let module = self.world.module_of(file)?;
        let top = self.world.top_level(file)?;
        if depth > EXPORT_LIMIT {
            return None;
        }
        let (found, stars) = if self.language(file).is_python() {
            (self.names.get(&(top, name)).copied(), &module.star_imports)
        } else {
            let export = module
                .exports
                .iter()
                .rev()
                .find(|export| export.name == name);
            (export.map(|export| export.local), &module.star_exports)
        };
        if let Some(local) = found {
            return Some(self.local(top, local));
        }
        stars.iter().find_map(|star| {
            let specifier = module.imports.get(star.index())?.specifier;
            match self.target(file, specifier) {
                Target::File(other) => self.export(other, name, depth + 1),
                Target::Outside => None,
            }
        })
    }

    /// A name that nothing in the file binds: a global, or one that a star import brings.
    pub(super) fn free(&mut self, function: FunctionKey, name: Symbol, target: Node) {
        let language = self.world.language(function);
        if let Some(path) = self.library.global(language, name) {
            self.add(target, Entity::External(path));
        }
        let module = self.world.module(function);
        for star in &module.star_imports {
            let Some(import) = module.imports.get(star.index()) else {
                continue;
            };
            match self.target(module.file, import.specifier) {
                Target::File(file) => self.load_star(file, name, target),
                Target::Outside => {
                    self.import_library(language, import.specifier, Imported::Name(name), target);
                }
            }
        }
    }
}
