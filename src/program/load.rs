//! Which files to parse.
//!
//! In: all sources. Out: the lowered modules that can matter. Parsing is what a run costs, so a file is parsed only when
//! it imports a library that hands out resources, when it uses something such a file exports, or when a function that
//! has a resource, or runs while one is held, calls into it. Each round asks the values of the files parsed so far what is missing.
//!
//! Invariant: leaving a file out never changes a finding in the files that remain; it could only have added none.
use super::running::running;
use crate::ir::{
    Action, Call, Callee, ImportId, LocalId, LocalKind, Module, Terminator, Type, Value,
};
use crate::library::Library;
use crate::link::FunctionKey;
use crate::link::values::{Entity, Values};
use crate::lower;
use crate::progress::Progress;
use crate::source::{FileId, Language, Manifest, Source, Sources};
use crate::symbol::Symbol;
use aho_corasick::AhoCorasick;
use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// Rounds of asking what is missing; re-exports and call chains are rarely deeper.
const ROUND_LIMIT: usize = 12;

/// Fields a callee is read from: `this.services.users.find()`.
const FIELD_LIMIT: usize = 6;

/// What makes an unparsed file worth parsing: it imports this module and uses one of these names.
#[derive(Debug, Default)]
struct Wanted {
    /// Exported names, each with the words of which one must stand beside it; none where any use matters.
    names: FxHashMap<Symbol, Vec<&'static str>>,
    /// The module's default export or the module itself matters: any importer does.
    is_whole: bool,
}

/// Loads round by round.
pub(super) struct Loader<'s> {
    sources: &'s Sources,
    manifests: &'s [Manifest],
    progress: &'s Progress,
    is_loaded: Vec<bool>,
    rounds: usize,
}

impl<'s> Loader<'s> {
    /// Nothing is loaded yet.
    pub(super) fn new(
        sources: &'s Sources,
        manifests: &'s [Manifest],
        progress: &'s Progress,
    ) -> Self {
        Self {
            sources,
            manifests,
            progress,
            is_loaded: vec![false; sources.len()],
            rounds: 0,
        }
    }

    /// The modules to start with.
    pub(super) fn start(&mut self, library: &Library) -> Vec<Module> {
        let seeds = self.seeds(library);
        self.lower(&seeds)
    }

    /// The files that the modules loaded so far call for, in order; none when there is enough.
    pub(super) fn missing(&mut self, values: &Values<'_>) -> Vec<FileId> {
        self.rounds += 1;
        if self.rounds > ROUND_LIMIT {
            return Vec::new();
        }
        let mut missing = self.called(values);
        missing.extend(self.importers(values));
        let files = self.sources.iter().map(|(file, _)| file);
        files.filter(|file| missing.contains(file)).collect()
    }
}

impl Loader<'_> {
    /// Lowers files, in parallel; in order.
    pub(super) fn lower(&mut self, files: &[FileId]) -> Vec<Module> {
        for file in files {
            self.is_loaded[file.0 as usize] = true;
        }
        let lower = |file: &FileId| {
            let module = lower::lower(*file, self.sources.get(*file));
            self.progress.analysed_one();
            module
        };
        files.par_iter().map(lower).collect()
    }

    fn unloaded(&self) -> Vec<FileId> {
        let files = self.sources.iter().map(|(file, _)| file);
        files
            .filter(|file| !self.is_loaded[file.0 as usize])
            .collect()
    }

    /// Files that import a library that hands out resources and use a word of it, or name what is generated for one.
    fn seeds(&self, library: &Library) -> Vec<FileId> {
        let matcher = |language| {
            let packages = library.packages(language);
            let names = packages.iter().map(|package| package.name.as_str());
            (
                AhoCorasick::new(names.chain(library.generated_names(language))).ok(),
                packages,
            )
        };
        let (python, javascript) = (matcher(Language::Python), matcher(Language::JavaScript));
        let uses_library = |file: &FileId| {
            let source = self.sources.get(*file);
            let (matcher, packages) = if source.language.is_python() {
                &python
            } else {
                &javascript
            };
            let Some(matcher) = matcher else { return true };
            let text = source.text.as_bytes();
            // Whoever speaks to poolgate wants an answer.
            if memmem::find(text, b"poolgate:").is_some() {
                return true;
            }
            let mut tried = FxHashSet::default();
            matcher.find_overlapping_iter(text).any(|found| {
                let Some(package) = packages.get(found.pattern().as_usize()) else {
                    return true;
                };
                is_import(source, found.start(), found.end())
                    && tried.insert(found.pattern())
                    && package
                        .words
                        .iter()
                        .any(|word| memmem::find(text, word.as_bytes()).is_some())
            })
        };
        self.unloaded()
            .into_par_iter()
            .filter(uses_library)
            .collect()
    }

    /// Files that functions with a resource call into, and those of base classes.
    fn called(&self, values: &Values<'_>) -> FxHashSet<FileId> {
        let world = values.world();
        let mut missing = FxHashSet::default();
        for function in world.functions() {
            for block in &world.function(function).blocks {
                if let Terminator::Call { call, .. } = &block.terminator
                    && call
                        .arguments
                        .iter()
                        .any(|argument| is_of_interest(values, function, argument.value))
                {
                    self.import_of_callee(values, function, call, &mut missing);
                }
            }
        }
        for function in running(values) {
            for block in &world.function(function).blocks {
                if let Terminator::Call { call, .. } = &block.terminator {
                    self.import_of_callee(values, function, call, &mut missing);
                }
            }
        }
        for class in world.classes() {
            let declared = world.class(class);
            let parent = world.function_near(class, declared.parent);
            for base in &declared.bases {
                self.import_of(values, parent, *base, &mut missing);
            }
        }
        missing
    }

    /// The unparsed file that a callee is imported from, through the fields it is read from.
    fn import_of_callee(
        &self,
        values: &Values<'_>,
        function: FunctionKey,
        call: &Call,
        missing: &mut FxHashSet<FileId>,
    ) {
        let (Callee::Local(mut local) | Callee::Method(mut local, _)) = call.callee;
        let statements = values
            .world()
            .function(function)
            .blocks
            .iter()
            .flat_map(|block| &block.statements);
        let fields: FxHashMap<LocalId, (LocalId, Symbol)> = statements
            .filter_map(|statement| match statement.action {
                Action::Assign(target, Value::Field(object, name)) => {
                    Some((target, (object, name)))
                }
                _ => None,
            })
            .collect();
        for _ in 0..FIELD_LIMIT {
            self.import_of(values, function, local, missing);
            let Some((object, name)) = fields.get(&local) else {
                break;
            };
            self.type_of_field(values, function, (*object, *name), missing);
            local = *object;
        }
    }

    /// The unparsed file that the declared type of a field of the receiver is imported from: the class says it, or the
    /// parameter of that name that its constructor has.
    fn type_of_field(
        &self,
        values: &Values<'_>,
        function: FunctionKey,
        (object, name): (LocalId, Symbol),
        missing: &mut FxHashSet<FileId>,
    ) {
        let world = values.world();
        let (method, object) = world.origin(function, object);
        let Some(class) = world.class_of(method) else {
            return;
        };
        if world.function(method).receiver != Some(object) {
            return;
        }
        let declared = world.class(class);
        let parent = world.function_near(class, declared.parent);
        for field in declared.fields.iter().filter(|field| field.name == name) {
            self.import_of_type(values, parent, field.annotation.as_ref(), missing);
        }
        for (_, constructor) in declared
            .methods
            .iter()
            .filter(|(name, _)| *name == "__init__" || *name == "constructor")
        {
            let constructor = world.function_near(class, *constructor);
            let parameters = world.function(constructor).parameters.iter();
            for parameter in parameters.filter(|parameter| parameter.name == name) {
                self.import_of_type(values, constructor, parameter.annotation.as_ref(), missing);
            }
        }
    }

    /// The unparsed files that the names in a declared type are imported from.
    fn import_of_type(
        &self,
        values: &Values<'_>,
        function: FunctionKey,
        annotation: Option<&Type>,
        missing: &mut FxHashSet<FileId>,
    ) {
        match annotation {
            Some(Type::Name(Some(root), _)) => self.import_of(values, function, *root, missing),
            Some(Type::Generic(base, arguments)) => {
                for part in arguments.iter().chain([&**base]) {
                    self.import_of_type(values, function, Some(part), missing);
                }
            }
            Some(Type::Union(members)) => {
                for member in members {
                    self.import_of_type(values, function, Some(member), missing);
                }
            }
            _ => {}
        }
    }

    /// The unparsed file that a local, or the declared type of one, is imported from.
    fn import_of(
        &self,
        values: &Values<'_>,
        function: FunctionKey,
        local: LocalId,
        missing: &mut FxHashSet<FileId>,
    ) {
        let world = values.world();
        let (mut owner, mut local) = world.origin(function, local);
        let annotation = world.function(owner).local(local).annotation.as_ref();
        if !world.is_top_level(owner) {
            return self.import_of_type(values, owner, annotation, missing);
        }
        // A module that passes on what it imports leads to where it has it from.
        for _ in 0..FIELD_LIMIT {
            let file = world.module(owner).file;
            let Some(import) = import_at(values, owner, local) else {
                return;
            };
            let Some(found) = values.imported_file(file, import) else {
                return;
            };
            if !self.is_loaded[found.0 as usize] {
                missing.insert(found);
                return;
            }
            let Some(next) = values.imported_variable(file, import) else {
                let stars = world.module_of(found).map(|module| &module.star_exports);
                let passed = stars.into_iter().flatten();
                let files = passed.filter_map(|star| values.imported_file(found, *star));
                missing.extend(files.filter(|file| !self.is_loaded[file.0 as usize]));
                return;
            };
            (owner, local) = next;
        }
    }

    /// Unparsed files that use something interesting a parsed file exports.
    fn importers(&self, values: &Values<'_>) -> FxHashSet<FileId> {
        let wanted = self.wanted(values);
        if wanted.is_empty() {
            return FxHashSet::default();
        }
        let mut stems: Vec<_> = wanted.keys().copied().collect();
        stems.sort_unstable();
        let Ok(matcher) = AhoCorasick::new(stems.iter().map(|stem| stem.text())) else {
            return FxHashSet::default();
        };
        let is_wanted = |file: &FileId| {
            let source = self.sources.get(*file);
            let text = source.text.as_bytes();
            let mut tried = FxHashSet::default();
            matcher.find_overlapping_iter(text).any(|found| {
                let stem = stems[found.pattern().as_usize()];
                is_import_end(source, found.start(), found.end())
                    && tried.insert(stem)
                    && wanted.get(&stem).is_some_and(|wanted| uses(source, wanted))
            })
        };
        let files: Vec<_> = self.unloaded().into_par_iter().filter(is_wanted).collect();
        files.into_iter().collect()
    }

    /// What is interesting, by the last word of the specifiers that name its file.
    fn wanted(&self, values: &Values<'_>) -> FxHashMap<Symbol, Wanted> {
        let interest = Interest::new(values);
        let modules = &values.world().modules;
        let own: FxHashMap<FileId, FxHashMap<Symbol, Vec<&'static str>>> = modules
            .iter()
            .map(|module| (module.file, interesting_names(values, &interest, module)))
            .collect();
        let mut found: FxHashMap<Symbol, Wanted> = FxHashMap::default();
        for module in modules {
            let mut names = own.get(&module.file).cloned().unwrap_or_default();
            // A module that passes everything on is as interesting as what it passes on.
            let passed = module
                .star_exports
                .iter()
                .filter_map(|star| values.imported_file(module.file, *star));
            let passed = passed.filter_map(|file| own.get(&file)).flatten();
            names.extend(passed.map(|(name, words)| (*name, words.clone())));
            if names.is_empty() {
                continue;
            }
            let is_script = !self.sources.get(module.file).language.is_python();
            let wholes = ["default", "module.exports"].map(Symbol::new);
            let is_whole = is_script && wholes.iter().any(|whole| names.contains_key(whole));
            for stem in self.stems(module.file) {
                let entry = found.entry(stem).or_default();
                let mut names: Vec<_> = names.iter().collect();
                names.sort_unstable_by_key(|(name, _)| **name);
                for (name, words) in names {
                    let known = entry.names.entry(*name).or_insert_with(|| words.clone());
                    // One name of several modules: what any use of one of them makes matter, matters.
                    if words.is_empty() {
                        known.clear();
                    } else if !known.is_empty() {
                        known.extend(words);
                    }
                }
                entry.is_whole |= is_whole;
            }
        }
        found
    }

    /// The last words of specifiers that may name a file: its own, its folder's for an index, its package's.
    fn stems(&self, file: FileId) -> Vec<Symbol> {
        let path = &self.sources.get(file).path;
        let mut parts = path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let mut stems = vec![Symbol::new(stem)];
        if ["index", "__init__", "main"].contains(&stem) {
            stems.extend(parts.next().map(Symbol::new));
        }
        for manifest in self
            .manifests
            .iter()
            .filter(|manifest| manifest.path.ends_with("package.json"))
        {
            let folder = manifest
                .path
                .strip_suffix("package.json")
                .unwrap_or_default();
            if !folder.is_empty() && path.starts_with(folder) {
                let name = serde_json::from_str::<serde_json::Value>(&manifest.text).ok();
                let name = name.as_ref().and_then(|json| json.get("name")?.as_str());
                stems.extend(
                    name.and_then(|name| name.rsplit('/').next())
                        .map(Symbol::new),
                );
            }
        }
        stems
    }
}

/// What a top-level variable imports.
fn import_at(values: &Values<'_>, top: FunctionKey, local: LocalId) -> Option<ImportId> {
    let blocks = values.world().function(top).blocks.iter();
    let mut assigned = blocks.flat_map(|block| &block.statements);
    assigned.find_map(|statement| match statement.action {
        Action::Assign(target, Value::Import(import)) if target == local => Some(import),
        _ => None,
    })
}

/// What a module exports: names and the locals of its top-level function.
fn exports(values: &Values<'_>, module: &Module) -> Vec<(Symbol, LocalId)> {
    let is_python = values
        .world()
        .top_level(module.file)
        .is_some_and(|key| values.world().language(key).is_python());
    if !is_python {
        return module
            .exports
            .iter()
            .map(|export| (export.name, export.local))
            .collect();
    }
    let locals = module.functions.first().map_or(&[][..], |top| &top.locals);
    let named = locals
        .iter()
        .enumerate()
        .filter(|(_, local)| !local.name.is_empty());
    named
        .map(|(index, local)| (local.name, LocalId::new(index)))
        .collect()
}

/// Whether a name stands right behind a parenthesis or an equals sign, as an argument does.
fn is_passed(text: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(text, name).any(|start| {
        let before = start.checked_sub(1).and_then(|position| text.get(position));
        let after = text.get(start + name.len()).copied().unwrap_or(b' ');
        matches!(before, Some(b'(' | b'=')) && matches!(after, b')' | b',')
    })
}

/// The names a module exports that are worth following.
fn interesting_names(
    values: &Values<'_>,
    interest: &Interest<'_, '_>,
    module: &Module,
) -> FxHashMap<Symbol, Vec<&'static str>> {
    let Some(top) = values.world().top_level(module.file) else {
        return FxHashMap::default();
    };
    let mut found = FxHashMap::default();
    for (name, local) in exports(values, module) {
        let held: Vec<_> = values
            .of(top, local)
            .iter()
            .copied()
            .filter(|entity| interest.holds(*entity))
            .collect();
        if !held.is_empty() {
            found.insert(name, words_of(values, &held));
        }
    }
    found
}

/// The words of which one must stand beside a use of what is exported; none where any use matters.
fn words_of(values: &Values<'_>, held: &[Entity]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for entity in held {
        let Entity::Instance(path, _) = entity else {
            return Vec::new();
        };
        let leading = values.library().leading_names(*path);
        // What is had by calling the instance has no word of its own.
        if leading.is_empty() || leading.iter().any(|name| name.starts_with("__")) {
            return Vec::new();
        }
        words.extend(leading);
    }
    words
}

/// Whether text uses one of the names, or brings in all of them.
fn uses(source: &Source, wanted: &Wanted) -> bool {
    let text = source.text.as_bytes();
    let has = |word: &str| memmem::find(text, word.as_bytes()).is_some();
    let passes_on = [
        "import *",
        "export *",
        "export {",
        "module.exports",
        "__all__",
    ]
    .into_iter()
    .any(has)
        || source.path.ends_with("__init__.py");
    wanted.is_whole
        || ((has("import *") || has("export *")) && passes_on)
        || wanted.names.iter().any(|(name, words)| {
            let name = name.as_bytes();
            memmem::find(text, name).is_some()
                && (words.is_empty()
                    || passes_on
                    || words
                        .iter()
                        .any(|word| memmem::find(text, word.as_bytes()).is_some())
                    || is_passed(text, name))
        })
}

/// Whether a local is a pool or a resource.
fn is_of_interest(values: &Values<'_>, function: FunctionKey, local: LocalId) -> bool {
    values
        .of(function, local)
        .iter()
        .any(|entity| match entity {
            Entity::Instance(path, _) | Entity::Scope(path, _) => {
                values.library().is_resource(*path) || values.library().is_resourceful(*path)
            }
            _ => false,
        })
}

/// Which entities make an export worth following.
struct Interest<'v, 'w> {
    values: &'v Values<'w>,
    functions: FxHashSet<FunctionKey>,
    classes: FxHashSet<crate::link::ClassKey>,
}

impl<'v, 'w> Interest<'v, 'w> {
    fn new(values: &'v Values<'w>) -> Self {
        let mut interest = Self {
            values,
            functions: FxHashSet::default(),
            classes: FxHashSet::default(),
        };
        // Interest spreads through results: a factory of factories takes two rounds.
        for _ in 0..4 {
            let before = interest.functions.len() + interest.classes.len();
            interest.spread();
            if interest.functions.len() + interest.classes.len() == before {
                break;
            }
        }
        interest
    }

    fn spread(&mut self) {
        let world = self.values.world();
        for function in world.functions() {
            let gives = self
                .values
                .result(function)
                .iter()
                .chain(self.values.yielded(function));
            let is_interesting = gives.copied().any(|entity| self.holds(entity))
                || self.opens_pool(function)
                || self.lends(function);
            if is_interesting {
                self.functions.insert(function);
            }
        }
        for class in world.classes() {
            let declared = world.class(class);
            let mut methods = declared
                .methods
                .iter()
                .map(|(_, method)| world.function_near(class, *method));
            let by_method = methods.any(|method| self.functions.contains(&method));
            let by_field = self
                .values
                .fields_of(class)
                .any(|entity| self.holds(entity));
            let by_base = self
                .values
                .library_bases(class)
                .iter()
                .any(|base| self.values.library().is_resourceful(*base));
            if by_method || by_field || by_base {
                self.classes.insert(class);
            }
        }
    }

    /// Whether the function calls one of its parameters with a resource: what callers pass decides what becomes of it.
    fn lends(&self, function: FunctionKey) -> bool {
        let body = self.values.world().function(function);
        body.blocks.iter().any(|block| match &block.terminator {
            Terminator::Call { call, .. } => {
                matches!(call.callee, Callee::Local(local)
                    if matches!(body.local(local).kind, LocalKind::Parameter(_)))
                    && call
                        .arguments
                        .iter()
                        .any(|argument| is_of_interest(self.values, function, argument.value))
            }
            _ => false,
        })
    }

    fn opens_pool(&self, function: FunctionKey) -> bool {
        let locals = 0..self.values.world().function(function).locals.len();
        locals.map(LocalId::new).any(|local| {
            self.values.of(function, local).iter().any(|entity| {
                matches!(entity, Entity::Instance(path, Some(origin))
                    if origin.function == function && self.values.library().is_pool(*path))
            })
        })
    }

    fn holds(&self, entity: Entity) -> bool {
        match entity {
            Entity::Instance(path, _)
            | Entity::Scope(path, _)
            | Entity::External(path)
            | Entity::Method(path, _) => self.values.library().is_resourceful(path),
            Entity::Function(function) | Entity::Generator(function) => {
                self.functions.contains(&function)
            }
            Entity::Class(class) | Entity::Object(class) => self.classes.contains(&class),
            Entity::Record(_) => self
                .values
                .entries(entity)
                .any(|entry| !matches!(entry, Entity::Record(_)) && self.holds(entry)),
            Entity::Module(_) => false,
        }
    }
}

/// Whether a package's name at this place in the text is what an import names.
fn is_import(source: &Source, start: usize, end: usize) -> bool {
    let text = source.text.as_bytes();
    let before = start
        .checked_sub(1)
        .and_then(|position| text.get(position))
        .copied()
        .unwrap_or(b'\n');
    let after = text.get(end).copied().unwrap_or(b'\n');
    if source.language.is_python() {
        return before.is_ascii_whitespace() && !is_word(after);
    }
    let ends_inside = end > 0 && text.get(end - 1) == Some(&b'/');
    matches!(before, b'"' | b'\'' | b'`')
        && (ends_inside || matches!(after, b'"' | b'\'' | b'`' | b'/'))
}

/// Whether a module's last word at this place may be the end of a specifier.
fn is_import_end(source: &Source, start: usize, end: usize) -> bool {
    let text = source.text.as_bytes();
    let before = start
        .checked_sub(1)
        .and_then(|position| text.get(position))
        .copied()
        .unwrap_or(b'\n');
    let after = text.get(end).copied().unwrap_or(b'\n');
    if source.language.is_python() {
        return (before == b'.'
            || before == b','
            || before == b'('
            || before.is_ascii_whitespace())
            && !is_word(after);
    }
    matches!(before, b'"' | b'\'' | b'`' | b'/')
        && matches!(after, b'"' | b'\'' | b'`' | b'.' | b'/')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
