//! Imports, wherever they stand.
use super::{Lowering, kind, site};
use crate::ir::build::Lower;
use crate::ir::{ImportId, Imported, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};

impl<'t> Lowering<'t> {
    pub(super) fn import_statement(&mut self, node: Node<'t>) {
        for part in self.parts(node) {
            let (module, bound, imported) = match kind(part) {
                Kind::AliasedImport => (
                    child(part, Field::Name),
                    child(part, Field::Alias),
                    Imported::Module,
                ),
                Kind::DottedName if part.named_child_count() > 1 => {
                    (Some(part), part.named_child(0), Imported::Root)
                }
                _ => (Some(part), Some(part), Imported::Module),
            };
            if let (Some(module), Some(bound)) = (module, bound) {
                let (specifier, name) = (self.dotted(module), self.symbol(bound));
                self.import(part, specifier, imported, name);
            }
        }
    }

    pub(super) fn import_from_statement(&mut self, node: Node<'t>) {
        let Some(module) = child(node, Field::ModuleName) else {
            return;
        };
        let specifier = self.dotted(module);
        for part in self.parts(node) {
            if part == module {
                continue;
            }
            if kind(part) == Kind::WildcardImport {
                let import = self.add_import(node, specifier, Imported::All);
                if !self.frames.module.star_imports.contains(&import) {
                    self.frames.module.star_imports.push(import);
                }
                continue;
            }
            let name = child(part, Field::Name).unwrap_or(part);
            let bound = child(part, Field::Alias).unwrap_or(part);
            let (name, bound) = (self.symbol(name), self.symbol(bound));
            self.import(part, specifier, Imported::Name(name), bound);
        }
    }

    fn import(&mut self, part: Node<'t>, specifier: Symbol, imported: Imported, name: Symbol) {
        let import = self.add_import(part, specifier, imported);
        let local = self.variable(name);
        self.builder()
            .assign(local, Value::Import(import), site(part));
    }

    fn add_import(&mut self, node: Node<'t>, specifier: Symbol, imported: Imported) -> ImportId {
        let place = site(node);
        if self.copying > 0
            && let Some(known) = self.known.imports.get(&place.start)
        {
            return *known;
        }
        let import = self.frames.add_import(specifier, imported, place);
        if self.copying > 0 {
            self.known.imports.insert(place.start, import);
        }
        import
    }

    /// A dotted name without the spaces and comments it may hold.
    fn dotted(&self, node: Node<'t>) -> Symbol {
        let text = self.text(node);
        if !text.contains(char::is_whitespace) {
            return Symbol::new(text);
        }
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or(line));
        let kept = |sign: &char| !sign.is_whitespace() && *sign != '\\';
        Symbol::new(&lines.flat_map(str::chars).filter(kept).collect::<String>())
    }
}
