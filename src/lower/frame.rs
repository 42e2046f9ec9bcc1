//! What both lowerings share: the module under construction, the stack of functions being built, and the
//! lexical scopes that bind names to locals.
use crate::ir::build::Builder;
use crate::ir::{
    Action, Class, ClassId, Decorator, Export, Function, FunctionId, Import, ImportId, Imported,
    LocalId, LocalKind, Module, Parameter, Site, Traits, Type, Value,
};
use crate::source::FileId;
use crate::symbol::Symbol;
use crate::syntax::Node;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// Syntax nested deeper than this is not followed: each level costs stack.
pub(super) const DEPTH_LIMIT: u32 = 400;

/// The declaration of a function, complete but for its graph.
pub(super) struct Declaration {
    pub(super) name: Symbol,
    pub(super) class: Option<ClassId>,
    pub(super) traits: Traits,
    pub(super) decorators: Vec<Decorator>,
    pub(super) site: Site,
    pub(super) name_site: Site,
}

/// The names a lexical scope binds.
#[derive(Default)]
pub(super) struct Names {
    locals: FxHashMap<Symbol, LocalId>,
    /// Functions written in the scope do not see its names: a Python class body.
    is_private: bool,
}

/// A function being built.
pub(super) struct Frame<C> {
    pub(super) id: FunctionId,
    pub(super) builder: Builder<C>,
    pub(super) declaration: Declaration,
    pub(super) parameters: Vec<Parameter>,
    pub(super) receiver: Option<LocalId>,
    pub(super) returns: Option<Type>,
    scopes: Vec<Names>,
    captured: FxHashMap<(FunctionId, LocalId), LocalId>,
}

/// The module under construction.
pub(super) struct Frames<C> {
    pub(super) module: Module,
    stack: Vec<Frame<C>>,
    finished: Vec<Option<Function>>,
    /// How deep the syntax being lowered is nested.
    pub(super) depth: u32,
}

impl<C> Frames<C> {
    /// Starts a module with its top-level function.
    pub(super) fn new(file: FileId, site: Site) -> Self {
        let module = Module {
            file,
            functions: Vec::new(),
            classes: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
            star_imports: Vec::new(),
            star_exports: Vec::new(),
            comments: Vec::new(),
            notices: Vec::new(),
        };
        let mut frames = Self {
            module,
            stack: Vec::new(),
            finished: Vec::new(),
            depth: 0,
        };
        let name_site = Site {
            start: site.start,
            end: site.start,
        };
        let declaration = Declaration {
            name: Symbol::new("<module>"),
            class: None,
            traits: Traits::default(),
            decorators: Vec::new(),
            site,
            name_site,
        };
        frames.enter(declaration);
        frames
    }

    /// Starts a function inside the current one. Its id is known at once.
    pub(super) fn enter(&mut self, declaration: Declaration) -> FunctionId {
        let id = FunctionId::new(self.finished.len());
        self.finished.push(None);
        self.stack.push(Frame {
            id,
            builder: Builder::default(),
            declaration,
            parameters: Vec::new(),
            receiver: None,
            returns: None,
            scopes: vec![Names::default()],
            captured: FxHashMap::default(),
        });
        id
    }

    /// Finishes the current function and returns to the enclosing one.
    pub(super) fn leave(&mut self) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        let parent = self.stack.last().map_or(frame.id, |outer| outer.id);
        let Declaration {
            name,
            class,
            traits,
            decorators,
            site,
            name_site,
        } = frame.declaration;
        let (locals, blocks, is_cut) = frame.builder.finish(site);
        if is_cut {
            let message = "function left out: its control flow is too large; split it".to_owned();
            self.module.notices.push((name_site.start, message));
        }
        self.finished[frame.id.index()] = Some(Function {
            name,
            parent,
            class,
            traits,
            parameters: frame.parameters,
            receiver: frame.receiver,
            returns: frame.returns,
            decorators,
            locals,
            blocks,
            site,
            name_site,
        });
    }

    /// The finished module.
    pub(super) fn finish(mut self) -> Module {
        while !self.stack.is_empty() {
            self.leave();
        }
        self.module.functions = self.finished.into_iter().flatten().collect();
        sort(&mut self.module);
        self.module.classes.shrink_to_fit();
        self.module.imports.shrink_to_fit();
        self.module
    }

    /// Whether the function being built is the module's own top-level code.
    pub(super) fn is_top_level(&self) -> bool {
        self.stack.len() == 1
    }

    /// The function being built. The stack is never empty before [`Frames::finish`].
    pub(super) fn frame(&mut self) -> &mut Frame<C> {
        let innermost = self.stack.len() - 1;
        &mut self.stack[innermost]
    }

    /// Adds a class.
    pub(super) fn add_class(&mut self, class: Class) -> ClassId {
        self.module.classes.push(class);
        ClassId::new(self.module.classes.len() - 1)
    }

    /// Adds an import.
    pub(super) fn add_import(
        &mut self,
        specifier: Symbol,
        imported: Imported,
        site: Site,
    ) -> ImportId {
        self.module.imports.push(Import {
            specifier,
            imported,
            site,
        });
        ImportId::new(self.module.imports.len() - 1)
    }

    /// Adds an export of a local of the top-level function.
    pub(super) fn add_export(&mut self, name: Symbol, local: LocalId) {
        self.module.exports.push(Export { name, local });
    }

    /// The local a name is bound to, in the innermost scope that binds it; a variable of an enclosing function
    /// is captured.
    pub(super) fn resolve(&mut self, name: Symbol) -> Option<LocalId> {
        self.resolve_from(self.stack.len() - 1, name)
    }

    /// What a name in the current function's declaration (a parameter's type) stands for where the function is
    /// written, captured in the function.
    pub(super) fn resolve_declared(&mut self, name: Symbol) -> Option<LocalId> {
        let innermost = self.stack.len() - 1;
        let (depth, found) = self.lookup(innermost.checked_sub(1)?, name)?;
        let owner = self.stack[depth].id;
        Some(self.capture_into(innermost, owner, found, name))
    }

    /// What a name stands for where the current function is written, as a local of that enclosing function.
    pub(super) fn resolve_enclosing(&mut self, name: Symbol) -> Option<LocalId> {
        self.resolve_from(self.stack.len().checked_sub(2)?, name)
    }

    /// The current function's local for a variable of the module, which declares it if nothing else does
    /// (Python `global`).
    pub(super) fn resolve_global(&mut self, name: Symbol) -> LocalId {
        let module = &mut self.stack[0];
        let (owner, local) = (module.id, module.declare_outermost(name));
        if self.stack.len() == 1 {
            local
        } else {
            self.capture(owner, local, name)
        }
    }

    fn resolve_from(&mut self, depth: usize, name: Symbol) -> Option<LocalId> {
        let (owner, found) = self.lookup(depth, name)?;
        if owner == depth {
            return Some(found);
        }
        let owner = self.stack[owner].id;
        Some(self.capture_into(depth, owner, found, name))
    }

    /// Which function binds a name as seen from the one at `depth`, and its local there.
    fn lookup(&self, depth: usize, name: Symbol) -> Option<(usize, LocalId)> {
        (0..=depth).rev().find_map(|position| {
            let mut sees_private = position == depth;
            for scope in self.stack[position].scopes.iter().rev() {
                if scope.is_private && !std::mem::take(&mut sees_private) {
                    continue;
                }
                if let Some(local) = scope.locals.get(&name) {
                    return Some((position, *local));
                }
            }
            None
        })
    }

    /// The current function's local that stands for a variable of an enclosing function.
    pub(super) fn capture(&mut self, owner: FunctionId, local: LocalId, name: Symbol) -> LocalId {
        self.capture_into(self.stack.len() - 1, owner, local, name)
    }

    fn capture_into(
        &mut self,
        depth: usize,
        owner: FunctionId,
        local: LocalId,
        name: Symbol,
    ) -> LocalId {
        // A scope of the enclosing function may itself bind the name to a captured variable (`nonlocal`).
        let origin = self.stack.iter_mut().find(|frame| frame.id == owner);
        let kind = origin.map(|frame| frame.builder.local_mut(local).kind);
        let (owner, local) = match kind {
            Some(LocalKind::Captured(function, variable)) => (function, variable),
            _ => (owner, local),
        };
        let frame = &mut self.stack[depth];
        if let Some(known) = frame.captured.get(&(owner, local)) {
            return *known;
        }
        let copy = frame
            .builder
            .local(name, LocalKind::Captured(owner, local), None);
        frame.captured.insert((owner, local), copy);
        copy
    }

    /// The receiver of the innermost function that has one, captured where that is an enclosing one.
    pub(super) fn receiver(&mut self) -> Option<LocalId> {
        let innermost = self.stack.len() - 1;
        let depth = (0..self.stack.len())
            .rev()
            .find(|depth| self.stack[*depth].receiver.is_some())?;
        let (owner, local) = (self.stack[depth].id, self.stack[depth].receiver?);
        if depth == innermost {
            Some(local)
        } else {
            Some(self.capture(owner, local, Symbol::new("this")))
        }
    }
}

impl<C> Frame<C> {
    /// Opens a block scope.
    pub(super) fn open_scope(&mut self) {
        self.scopes.push(Names::default());
    }

    /// Opens a scope whose names the functions written in it do not see.
    pub(super) fn open_private_scope(&mut self) {
        self.scopes.push(Names {
            locals: FxHashMap::default(),
            is_private: true,
        });
    }

    /// Closes the innermost block scope.
    pub(super) fn close_scope(&mut self) {
        if self.scopes.len() > 1 {
            self.scopes.pop();
        }
    }

    /// The local that this function itself binds the name to, whatever enclosing functions do.
    pub(super) fn binding(&self, name: Symbol) -> Option<LocalId> {
        let scopes = self.scopes.iter().rev();
        scopes
            .into_iter()
            .find_map(|scope| scope.locals.get(&name))
            .copied()
    }

    /// The number of open block scopes.
    pub(super) fn scope_depth(&self) -> usize {
        self.scopes.len()
    }

    /// Takes away the scopes opened since there were `depth`, so that a cleanup sees the names of the place where
    /// it is written, not of the place that is left. They come back with [`Frame::restore_scopes`].
    pub(super) fn hide_scopes(&mut self, depth: usize) -> Vec<Names> {
        self.scopes.split_off(depth.clamp(1, self.scopes.len()))
    }

    /// Brings hidden scopes back.
    pub(super) fn restore_scopes(&mut self, hidden: Vec<Names>) {
        self.scopes.extend(hidden);
    }

    /// Binds a name in the innermost scope to a new variable; the same variable when bound there already.
    pub(super) fn declare(
        &mut self,
        name: Symbol,
        kind: LocalKind,
        annotation: Option<Type>,
    ) -> LocalId {
        let innermost = self.scopes.len() - 1;
        if let Some(known) = self.scopes[innermost].locals.get(&name) {
            return *known;
        }
        let local = self.builder.local(name, kind, annotation);
        self.scopes[innermost].locals.insert(name, local);
        local
    }

    /// Whether a name is bound in the function's outermost scope.
    pub(super) fn binds_outermost(&self, name: Symbol) -> bool {
        self.scopes[0].locals.contains_key(&name)
    }

    /// Binds a name in the function's outermost scope (`var`, Python names) to a new variable; the same
    /// variable when bound there already.
    pub(super) fn declare_outermost(&mut self, name: Symbol) -> LocalId {
        if let Some(known) = self.scopes[0].locals.get(&name) {
            return *known;
        }
        let local = self.builder.local(name, LocalKind::Variable, None);
        self.scopes[0].locals.insert(name, local);
        local
    }

    /// Makes a name stand for an existing local of this function in the innermost scope (`nonlocal`).
    pub(super) fn bind(&mut self, name: Symbol, local: LocalId) {
        let innermost = self.scopes.len() - 1;
        self.scopes[innermost].locals.insert(name, local);
    }
}

/// Puts the functions in order of their start: hoisted ones are lowered before the code above them.
fn sort(module: &mut Module) {
    let start = |function: &Function| (function.site.start, Reverse(function.site.end));
    let functions = &module.functions;
    if functions
        .get(1..)
        .unwrap_or_default()
        .is_sorted_by_key(start)
    {
        return;
    }
    let mut order: Vec<usize> = (1..functions.len()).collect();
    order.sort_by_key(|index| start(&functions[*index]));
    order.insert(0, 0);
    let mut position = vec![FunctionId(0); functions.len()];
    for (new, old) in order.iter().enumerate() {
        position[*old] = FunctionId::new(new);
    }
    let mut taken: Vec<Option<Function>> = module.functions.drain(..).map(Some).collect();
    let taken = order.iter().filter_map(|old| taken[*old].take());
    module.functions = taken.collect();
    for function in &mut module.functions {
        renumber(function, &position);
    }
    for class in &mut module.classes {
        class.parent = position[class.parent.index()];
        for (_, method) in &mut class.methods {
            *method = position[method.index()];
        }
    }
}

fn renumber(function: &mut Function, position: &[FunctionId]) {
    function.parent = position[function.parent.index()];
    for local in &mut function.locals {
        if let LocalKind::Captured(owner, _) = &mut local.kind {
            *owner = position[owner.index()];
        }
    }
    let statements = function.blocks.iter_mut();
    for statement in statements.flat_map(|block| &mut block.statements) {
        if let Action::Assign(_, Value::Closure(closure)) = &mut statement.action {
            *closure = position[closure.index()];
        }
    }
}

/// The place of a node.
pub(super) fn site(node: Node<'_>) -> Site {
    let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    Site {
        start: offset(node.start_byte()),
        end: offset(node.end_byte()),
    }
}
