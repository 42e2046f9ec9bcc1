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

/// A function of the whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey(pub u32);

/// A class of the whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassKey(pub u32);

/// All lowered modules with program-wide numbering.
#[derive(Debug)]
pub struct World {
    /// The modules, in order of their files.
    pub modules: Vec<Module>,
    by_file: Vec<Option<u32>>,
    functions: Vec<(u32, FunctionId)>,
    first_function: Vec<u32>,
    classes: Vec<(u32, ClassId)>,
    first_class: Vec<u32>,
    languages: Vec<Language>,
}

impl World {
    /// Numbers the functions and classes of the modules.
    pub fn new(mut modules: Vec<Module>, sources: &Sources) -> Self {
        modules.sort_by_key(|module| module.file);
        let mut world = Self {
            by_file: vec![None; sources.len()],
            functions: Vec::new(),
            first_function: Vec::new(),
            classes: Vec::new(),
            first_class: Vec::new(),
            languages: modules
                .iter()
                .map(|module| sources.get(module.file).language)
                .collect(),
            modules: Vec::new(),
        };
        for (number, module) in (0u32..).zip(&modules) {
            world.by_file[module.file.0 as usize] = Some(number);
            world.first_function.push(length(&world.functions));
            world.first_class.push(length(&world.classes));
            world
                .functions
                .extend((0..module.functions.len()).map(|index| (number, FunctionId::new(index))));
            world
                .classes
                .extend((0..module.classes.len()).map(|index| (number, ClassId::new(index))));
        }
        world.modules = modules;
        world
    }

    /// Every function, in order of file and place.
    pub fn functions(&self) -> impl Iterator<Item = FunctionKey> + use<> {
        (0..length(&self.functions)).map(FunctionKey)
    }

    /// Every class, in order of file and place.
    pub fn classes(&self) -> impl Iterator<Item = ClassKey> + use<> {
        (0..length(&self.classes)).map(ClassKey)
    }

    /// The module of a file, if it was lowered.
    pub fn module_of(&self, file: FileId) -> Option<&Module> {
        self.by_file[file.0 as usize].map(|number| &self.modules[number as usize])
    }

    /// The function.
    pub fn function(&self, key: FunctionKey) -> &Function {
        let (module, id) = self.functions[key.0 as usize];
        &self.modules[module as usize].functions[id.index()]
    }

    /// The module a function is in.
    pub fn module(&self, key: FunctionKey) -> &Module {
        &self.modules[self.functions[key.0 as usize].0 as usize]
    }

    /// The language a function is written in.
    pub fn language(&self, key: FunctionKey) -> Language {
        self.languages[self.functions[key.0 as usize].0 as usize]
    }

    /// The class.
    pub fn class(&self, key: ClassKey) -> &Class {
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
