//! Names resolved across files.
//!
//! In: lowered [`Module`]s, the project's manifests, the [`Library`](crate::library::Library). Out: a [`World`] that numbers functions and
//! classes across files, and [`values::Values`], which says for every local what it may stand for. It
//! deliberately does not know control flow: a local stands for all it is ever assigned.
pub mod meaning;
pub mod resolve;
pub mod values;

use crate::ir::{Class, ClassId, Function, FunctionId, LocalId, Module, Site};
use crate::source::{FileId, Language, Sources, Span};
use std::ops::Range;
use std::sync::OnceLock;

/// A function of the whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey(pub u32);

/// A class of the whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassKey(pub u32);

/// Where lowered modules are kept: one place per file. What is put there stays where it is, so that a [`World`] can
/// grow while others hold on to its functions.
#[derive(Debug)]
pub struct Modules(Vec<OnceLock<Box<Module>>>);

impl Modules {
    /// A place for each file.
    pub fn new(sources: &Sources) -> Self {
        Self(sources.iter().map(|_| OnceLock::new()).collect())
    }

    fn put(&self, module: Module) -> Option<&Module> {
        let place = self.0.get(module.file.0 as usize)?;
        place.set(Box::new(module)).ok()?;
        place.get().map(Box::as_ref)
    }
}

/// All modules lowered so far, with program-wide numbering in the order in which they came.
#[derive(Debug)]
pub struct World<'w> {
    places: &'w Modules,
    sources: &'w Sources,
    modules: Vec<&'w Module>,
    by_file: Vec<Option<u32>>,
    functions: Vec<(u32, FunctionId)>,
    first_function: Vec<u32>,
    classes: Vec<(u32, ClassId)>,
    first_class: Vec<u32>,
}

impl<'w> World<'w> {
    /// A world without modules.
    pub fn new(places: &'w Modules, sources: &'w Sources) -> Self {
        Self {
            places,
            sources,
            modules: Vec::new(),
            by_file: vec![None; sources.len()],
            functions: Vec::new(),
            first_function: Vec::new(),
            classes: Vec::new(),
            first_class: Vec::new(),
        }
    }

    /// Takes modules in and numbers their functions and classes; what was numbered before keeps its number.
    pub fn extend(&mut self, modules: Vec<Module>) {
        for module in modules {
            let Some(module) = self.places.put(module) else {
                continue;
            };
            let number = length(&self.modules);
            self.by_file[module.file.0 as usize] = Some(number);
            self.first_function.push(length(&self.functions));
            self.first_class.push(length(&self.classes));
            let functions = 0..module.functions.len();
            self.functions
                .extend(functions.map(|index| (number, FunctionId::new(index))));
            let classes = 0..module.classes.len();
            self.classes
                .extend(classes.map(|index| (number, ClassId::new(index))));
            self.modules.push(module);
        }
    }

    /// The files.
    pub fn sources(&self) -> &'w Sources {
        self.sources
    }

    /// The modules, in the order in which they came.
    pub fn newest(&self, from: usize) -> &[&'w Module] {
        self.modules.get(from..).unwrap_or_default()
    }

    /// The modules, in order of file.
    pub fn modules(&self) -> impl Iterator<Item = &'w Module> {
        let numbers = self.by_file.iter().flatten();
        numbers.map(|number| self.modules[*number as usize])
    }

    /// The number of functions: the next one gets this number.
    pub fn function_count(&self) -> u32 {
        length(&self.functions)
    }

    /// The number of classes: the next one gets this number.
    pub fn class_count(&self) -> u32 {
        length(&self.classes)
    }

    /// Every function, in order of file and place.
    pub fn functions(&self) -> impl Iterator<Item = FunctionKey> {
        self.modules()
            .flat_map(|module| self.functions_of(module.file))
            .map(FunctionKey)
    }

    /// Every class, in order of file and place.
    pub fn classes(&self) -> impl Iterator<Item = ClassKey> {
        self.by_file.iter().flatten().flat_map(|number| {
            let number = *number as usize;
            let first = self.first_class[number];
            (first..first + length(&self.modules[number].classes)).map(ClassKey)
        })
    }

    /// The module of a file, if it was lowered.
    pub fn module_of(&self, file: FileId) -> Option<&'w Module> {
        self.by_file[file.0 as usize].map(|number| self.modules[number as usize])
    }

    /// The function.
    pub fn function(&self, key: FunctionKey) -> &'w Function {
        let (module, id) = self.functions[key.0 as usize];
        &self.modules[module as usize].functions[id.index()]
    }

    /// The module a function is in.
    pub fn module(&self, key: FunctionKey) -> &'w Module {
        self.modules[self.functions[key.0 as usize].0 as usize]
    }

    /// Where a function stands: what orders functions whatever order their files came in.
    pub fn place(&self, key: FunctionKey) -> (FileId, FunctionId) {
        (self.module(key).file, self.functions[key.0 as usize].1)
    }

    /// The language a function is written in.
    pub fn language(&self, key: FunctionKey) -> Language {
        self.sources.get(self.module(key).file).language
    }

    /// The class.
    pub fn class(&self, key: ClassKey) -> &'w Class {
        let (module, id) = self.classes[key.0 as usize];
        &self.modules[module as usize].classes[id.index()]
    }

    /// A function of the same module as another.
    pub fn sibling(&self, key: FunctionKey, id: FunctionId) -> FunctionKey {
        FunctionKey(self.first_function[self.functions[key.0 as usize].0 as usize] + id.0)
    }

    /// A class of the same module as a function.
    pub fn class_near(&self, key: FunctionKey, id: ClassId) -> ClassKey {
        ClassKey(self.first_class[self.functions[key.0 as usize].0 as usize] + id.0)
    }

    /// A function of the same module as a class.
    pub fn function_near(&self, key: ClassKey, id: FunctionId) -> FunctionKey {
        FunctionKey(self.first_function[self.classes[key.0 as usize].0 as usize] + id.0)
    }

    /// The top-level function of a file.
    pub fn top_level(&self, file: FileId) -> Option<FunctionKey> {
        self.by_file[file.0 as usize]
            .map(|number| FunctionKey(self.first_function[number as usize]))
    }

    /// The functions of a file.
    pub fn functions_of(&self, file: FileId) -> Range<u32> {
        let Some(number) = self.by_file[file.0 as usize] else {
            return 0..0;
        };
        let first = self.first_function[number as usize];
        first..first + length(&self.modules[number as usize].functions)
    }

    /// The functions of the same module.
    pub fn functions_near(&self, key: FunctionKey) -> impl Iterator<Item = FunctionKey> + use<> {
        self.functions_of(self.module(key).file).map(FunctionKey)
    }

    /// Whether this is a module's top-level code.
    pub fn is_top_level(&self, key: FunctionKey) -> bool {
        self.functions[key.0 as usize].1 == FunctionId(0)
    }

    /// The class whose method a function is.
    pub fn class_of(&self, key: FunctionKey) -> Option<ClassKey> {
        self.function(key)
            .class
            .map(|class| self.class_near(key, class))
    }

    /// The variable a local stands for: itself, or the one it captures.
    pub fn origin(&self, key: FunctionKey, local: LocalId) -> (FunctionKey, LocalId) {
        match self.function(key).local(local).kind {
            crate::ir::LocalKind::Captured(owner, variable) => (self.sibling(key, owner), variable),
            _ => (key, local),
        }
    }

    /// The function, and those that it is written in, from within: the last is its module's top-level code.
    pub fn around(&self, key: FunctionKey) -> impl Iterator<Item = FunctionKey> {
        let parent = |key: &FunctionKey| {
            (!self.is_top_level(*key)).then(|| self.sibling(*key, self.function(*key).parent))
        };
        std::iter::successors(Some(key), parent)
    }

    /// The function whose parameter a local is: its own, or one around it.
    pub fn parameter_owner(&self, key: FunctionKey, local: LocalId) -> Option<FunctionKey> {
        let (owner, local) = self.origin(key, local);
        let kind = self.function(owner).local(local).kind;
        matches!(kind, crate::ir::LocalKind::Parameter(_)).then_some(owner)
    }

    /// A place in a function's file.
    pub fn span(&self, key: FunctionKey, site: Site) -> Span {
        Span {
            file: self.module(key).file,
            start: site.start,
            end: site.end,
        }
    }
}

fn length<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
