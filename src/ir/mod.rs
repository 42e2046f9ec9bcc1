//! The language-neutral intermediate representation: one control-flow graph per function.
//!
//! In: what the lowerings say through [`build::Builder`]. Out: [`Module`]s, frozen. It deliberately does not
//! know syntax trees, libraries or other files.
//!
//! Invariants:
//! - No variant is named after one language's syntax.
//! - Whatever may raise ends its block and names both ways out; what cannot raise is a statement.
//! - Only [`build`] draws edges. A cleanup (`finally`, `with`, `using`) is copied onto each way out.
//! - Every operand is a local; a constant is first put into one. Locals of enclosing functions are captured by
//!   a local of kind [`LocalKind::Captured`] that names the variable where it is defined.
pub mod build;
pub mod print;

use crate::source::FileId;
use crate::symbol::Symbol;

/// Declares a `u32` index into an arena.
macro_rules! index {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the arena.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of an arena position.
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    )*};
}

index! {
    /// A function of one module; 0 is the module's own top-level code.
    FunctionId,
    /// A class of one module.
    ClassId,
    /// A block of one function; 0 is the entry.
    BlockId,
    /// A variable or temporary of one function.
    LocalId,
    /// An import of one module.
    ImportId,
}

/// A byte range in the module's file: the place a statement or terminator was lowered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Site {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// One lowered file.
#[derive(Debug)]
pub struct Module {
    /// The file.
    pub file: FileId,
    /// All functions, in order of their start; 0 is the top-level code.
    pub functions: Vec<Function>,
    /// All classes.
    pub classes: Vec<Class>,
    /// All imports, wherever they stand.
    pub imports: Vec<Import>,
    /// What the file exports by name (JavaScript; a Python module exports the named locals of function 0).
    pub exports: Vec<Export>,
    /// Imports of everything: Python `from x import *`, with the names bound at top level.
    pub star_imports: Vec<ImportId>,
    /// JavaScript `export * from`.
    pub star_exports: Vec<ImportId>,
    /// Comments that hold the word `poolgate:`.
    pub comments: Vec<Site>,
    /// What could not be read: syntax errors, nesting beyond the limit. The line is a byte offset here.
    pub notices: Vec<(u32, String)>,
}

/// What an import binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The module itself: `import x as y`, `import * as x`, `require("x")`, `await import("x")`.
    Module,
    /// The first component of a dotted name: Python `import a.b` binds `a`.
    Root,
    /// One name of the module: `from x import name`, `import { name }`.
    Name(Symbol),
    /// The default export.
    Default,
    /// Everything: `from x import *`, `export * from`.
    All,
}

/// An import.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// The module specifier as written: `..models.user` (leading dots kept), `./db`, `pg`.
    pub specifier: Symbol,
    /// What it binds.
    pub imported: Imported,
    /// Where it stands.
    pub site: Site,
}

/// Something a JavaScript module exports.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// The exported name: `default` for the default export, `module.exports` for the
    /// `CommonJS` whole.
    pub name: Symbol,
    /// The local of function 0 that holds it.
    pub local: LocalId,
}

/// A class.
#[derive(Debug)]
pub struct Class {
    /// Its name; empty for an anonymous class.
    pub name: Symbol,
    /// The function in whose scope it is written.
    pub parent: FunctionId,
    /// Base classes, as locals of `parent`.
    pub bases: Vec<LocalId>,
    /// Decorators, as locals of `parent`.
    pub decorators: Vec<Decorator>,
    /// Methods by name, accessors included.
    pub methods: Vec<(Symbol, FunctionId)>,
    /// Fields declared in the class body.
    pub fields: Vec<Field>,
    /// The whole class.
    pub site: Site,
}

/// A field declared in a class body.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: Symbol,
    /// Its declared type.
    pub annotation: Option<Type>,
    /// The value it is given in the class body, as a local of the class's parent. Values computed per instance
    /// (JavaScript field initialisers) are lowered into the constructor instead.
    pub value: Option<LocalId>,
    /// Decorators (`@Column()`), as locals of the class's parent.
    pub decorators: Vec<Decorator>,
}

/// A decorator on a function or class.
#[derive(Clone, Copy, Debug)]
pub struct Decorator {
    /// What decorates: a local of the enclosing function (the result of the call for `@retry(...)`).
    pub value: LocalId,
    /// The decorator with its `@`.
    pub site: Site,
}

/// How a function is run and what it is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of a function's declaration"
)]
pub struct Traits {
    /// `async`: a call returns at once, its outcome comes when awaited.
    pub is_async: bool,
    /// Contains `yield`.
    pub is_generator: bool,
    /// Belongs to the class, not to an instance.
    pub is_static: bool,
    /// Its first parameter is the class (Python `classmethod`).
    pub is_class_method: bool,
    /// Read like a field: `@property`, `get x()`.
    pub is_getter: bool,
    /// Runs when an instance is made: `__init__`, `constructor`.
    pub is_constructor: bool,
    /// Written in place as an expression: lambda, arrow function, function expression.
    pub is_closure: bool,
}

/// A function with its control-flow graph.
#[derive(Debug)]
pub struct Function {
    /// Its name; for a closure the name it is assigned to, else empty.
    pub name: Symbol,
    /// The function in whose scope it is written; itself for the module's top-level code.
    pub parent: FunctionId,
    /// The class whose method it is.
    pub class: Option<ClassId>,
    /// How it runs.
    pub traits: Traits,
    /// Parameters in order, without the receiver.
    pub parameters: Vec<Parameter>,
    /// The local that holds the receiver (`self`, `this`, `cls`).
    pub receiver: Option<LocalId>,
    /// The declared type of the result.
    pub returns: Option<Type>,
    /// Decorators, outermost first; their locals are those of `parent`.
    pub decorators: Vec<Decorator>,
    /// Variables and temporaries.
    pub locals: Vec<Local>,
    /// The graph; block 0 is the entry.
    pub blocks: Vec<Block>,
    /// The whole function.
    pub site: Site,
    /// Its name, or its first token.
    pub name_site: Site,
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name; empty for a destructured parameter.
    pub name: Symbol,
    /// The local that holds it.
    pub local: LocalId,
    /// Its declared type.
    pub annotation: Option<Type>,
    /// Its default value, as a local of the enclosing function. Only where it is a call, a name or a closure.
    pub default: Option<LocalId>,
    /// Its default value where that is a constant (Python; JavaScript computes defaults within the function).
    pub constant: Option<Constant>,
    /// Collects the remaining arguments.
    pub is_rest: bool,
    /// Decorators (`@InjectRepository(User)`), as locals of the enclosing function.
    pub decorators: Vec<LocalId>,
}

/// What a local stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// A variable of the program.
    Variable,
    /// An intermediate value.
    Temporary,
    /// The parameter at this position.
    Parameter(u32),
    /// The receiver.
    Receiver,
    /// A variable of an enclosing function: the function that defines it and its local there.
    Captured(FunctionId, LocalId),
}

/// A variable or temporary.
#[derive(Debug)]
pub struct Local {
    /// The name in the program; empty for temporaries.
    pub name: Symbol,
    /// What it stands for.
    pub kind: LocalKind,
    /// Its declared type; few have one.
    pub annotation: Option<Box<Type>>,
}

/// A declared type, as far as it names classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A name: the local its first component is bound to (of the function where the type is written, or
    /// captured there), or no local when nothing in the file binds it, and the whole dotted path as written.
    Name(Option<LocalId>, Vec<Symbol>),
    /// A generic type with its arguments: `Annotated[Session, ...]`, `Promise<PoolClient>`.
    Generic(Box<Type>, Vec<Type>),
    /// Alternatives: `PoolClient | undefined`, `Optional[X]` is generic instead.
    Union(Vec<Type>),
    /// Anything else.
    Unknown,
}

/// A straight run of statements and the one way it ends.
#[derive(Debug)]
pub struct Block {
    /// What cannot raise.
    pub statements: Vec<Statement>,
    /// The end.
    pub terminator: Terminator,
    /// Where the terminator stands.
    pub site: Site,
}

/// Something that cannot raise.
#[derive(Debug, PartialEq)]
pub struct Statement {
    /// What it does.
    pub action: Action,
    /// Where it stands.
    pub site: Site,
}

/// What a statement does.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// `target = value`
    Assign(LocalId, Value),
    /// `object.name = value`
    SetField(LocalId, Symbol, LocalId),
    /// `object[key] = value`
    SetItem(LocalId, LocalId, LocalId),
}

/// A constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `None`, `null`, `undefined`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer that fits.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Text, escapes resolved.
    Text(Symbol),
}

/// A piece of an interpolated text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Piece {
    /// Literal text.
    Text(Symbol),
    /// An interpolated value.
    Hole(LocalId),
}

/// What is computed without raising.
#[derive(Debug, PartialEq)]
pub enum Value {
    /// Another local.
    Local(LocalId),
    /// A constant.
    Constant(Constant),
    /// A name that nothing in the file binds: a builtin, a global, or one that a star import brings.
    Free(Symbol),
    /// An import.
    Import(ImportId),
    /// `object.name`
    Field(LocalId, Symbol),
    /// `object[key]`; destructuring by position uses integer keys.
    Item(LocalId, LocalId),
    /// A function, closed over the variables it captures.
    Closure(FunctionId),
    /// A class.
    Class(ClassId),
    /// A list, tuple, set or array; spread elements stand for their collection.
    Sequence(Vec<LocalId>),
    /// A mapping with constant keys: object literal, dict. An empty key is a computed or spread one.
    Record(Vec<(Symbol, LocalId)>),
    /// Interpolated text: f-string, template string, concatenation of texts.
    Text(Vec<Piece>),
    /// The value being raised, at the start of a handler.
    Caught,
    /// The next element of a collection, in a loop.
    Element(LocalId),
    /// A computation on values that yields no interesting value: arithmetic, comparison, negation.
    Operation(Vec<LocalId>),
    /// Whether two values are equal, not decided on here: a condition of a query, `User.id == user_id`.
    Equality(LocalId, LocalId),
    /// Not understood; may keep or return any of its parts.
    Opaque(Vec<LocalId>),
}

/// What decides a branch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// The local is truthy.
    Truthy(LocalId),
    /// The local is `None`, `null` or `undefined`.
    Null(LocalId),
    /// The local equals the constant.
    Equals(LocalId, Constant),
    /// The exception that was caught is of the type that the local holds, or of one of several.
    Caught(LocalId),
    /// Anything else, a loop's end among it.
    Unknown,
}

/// How a block ends.
#[derive(Debug)]
pub enum Terminator {
    /// Goes on there.
    Goto(BlockId),
    /// Goes one of two ways.
    Branch {
        /// What decides.
        test: Test,
        /// Where it holds.
        then: BlockId,
        /// Where it does not.
        otherwise: BlockId,
    },
    /// Calls something.
    Call {
        /// The call.
        call: Box<Call>,
        /// Where it returns to.
        returns: BlockId,
        /// Where an exception goes.
        raises: BlockId,
    },
    /// Waits, and may be made to raise by whoever resumes it.
    Suspend {
        /// What it waits for.
        kind: Suspension,
        /// The value awaited or yielded.
        value: LocalId,
        /// What resuming brings.
        result: LocalId,
        /// Where it resumes.
        resumes: BlockId,
        /// Where an exception goes.
        raises: BlockId,
    },
    /// Leaves the function with a value.
    Return(LocalId),
    /// Raises a value here: `raise x`, `throw x`.
    Raise {
        /// What is raised.
        value: LocalId,
        /// Where the exception goes.
        raises: BlockId,
    },
    /// Leaves the function by an exception that was raised earlier; cleanups have run.
    Unwind,
    /// Control does not come here.
    Unreachable,
}

/// Why a function is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspension {
    /// `await` of a value that is not the call before it.
    Await,
    /// `yield`
    Yield,
    /// `yield from`, `yield*`
    Delegate,
    /// The next round of an asynchronous loop.
    Next,
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A value.
    Local(LocalId),
    /// A method of a receiver.
    Method(LocalId, Symbol),
}

/// How a call came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// As written.
    Plain,
    /// `new`.
    New,
    /// Entering a scope: method `__enter__` or `__aenter__`.
    Enter,
    /// Leaving a scope: `__exit__`, `__aexit__`, `Symbol.dispose`, `Symbol.asyncDispose`.
    Exit,
    /// A tagged template: the first argument is the text.
    Tag,
    /// A method looked up from the base class on: `super().close()`, `super.close()`; the base's constructor
    /// is method `__init__` or `constructor`.
    Super,
}

/// A call.
#[derive(Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub callee: Callee,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// Where the result goes.
    pub result: LocalId,
    /// How it came about.
    pub kind: CallKind,
    /// The result is awaited on the spot: one outcome, one way to raise.
    pub awaited: bool,
    /// It belongs to a chain of promises that nobody awaits: it goes on beside what follows.
    pub is_detached: bool,
    /// The callee alone, for messages: `client.query`.
    pub callee_site: Site,
}

/// An argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Argument {
    /// Its value.
    pub value: LocalId,
    /// The parameter it names (Python keyword arguments); empty for a positional one.
    pub name: Symbol,
    /// It stands for the elements (`*args`, `...args`) or entries (`**kwargs`) of its value.
    pub is_spread: bool,
}

impl Function {
    /// The block with this id.
    pub fn block(&self, block: BlockId) -> &Block {
        &self.blocks[block.index()]
    }

    /// The local with this id.
    pub fn local(&self, local: LocalId) -> &Local {
        &self.locals[local.index()]
    }

    /// The calls, each with the block that it ends, in order.
    pub fn calls(&self) -> impl Iterator<Item = (BlockId, &Call)> {
        let blocks = self.blocks.iter().enumerate();
        blocks.filter_map(|(index, block)| Some((BlockId::new(index), block.call()?)))
    }
}

impl Block {
    /// The call that ends it.
    pub fn call(&self) -> Option<&Call> {
        match &self.terminator {
            Terminator::Call { call, .. } => Some(call),
            _ => None,
        }
    }
}

impl Value {
    /// The locals it is computed from.
    pub fn operands(&self) -> Vec<LocalId> {
        match self {
            Self::Local(local) | Self::Field(local, _) | Self::Element(local) => vec![*local],
            Self::Item(object, key) | Self::Equality(object, key) => vec![*object, *key],
            Self::Sequence(parts) | Self::Operation(parts) | Self::Opaque(parts) => parts.clone(),
            Self::Record(parts) => parts.iter().map(|(_, part)| *part).collect(),
            Self::Text(pieces) => {
                let holes = pieces.iter().filter_map(|piece| match piece {
                    Piece::Hole(local) => Some(*local),
                    Piece::Text(_) => None,
                });
                holes.collect()
            }
            Self::Constant(_)
            | Self::Free(_)
            | Self::Import(_)
            | Self::Closure(_)
            | Self::Class(_)
            | Self::Caught => Vec::new(),
        }
    }
}

impl Terminator {
    /// The locals it names.
    pub fn operands(&self) -> Vec<LocalId> {
        match self {
            Self::Branch {
                test: Test::Truthy(local) | Test::Null(local) | Test::Equals(local, _),
                ..
            } => vec![*local],
            Self::Call { call, .. } => {
                let (Callee::Local(callee) | Callee::Method(callee, _)) = call.callee;
                let arguments = call.arguments.iter().map(|argument| argument.value);
                arguments.chain([callee, call.result]).collect()
            }
            Self::Suspend { value, result, .. } => vec![*value, *result],
            Self::Return(value) | Self::Raise { value, .. } => vec![*value],
            Self::Goto(_) | Self::Branch { .. } | Self::Unwind | Self::Unreachable => Vec::new(),
        }
    }

    /// The blocks that may come next, in order: the ordinary ones first, then where an exception goes.
    pub fn successors(&self) -> impl Iterator<Item = BlockId> {
        let (first, second) = match *self {
            Self::Goto(next) => (Some(next), None),
            Self::Branch {
                then, otherwise, ..
            } => (Some(then), Some(otherwise)),
            Self::Call {
                returns, raises, ..
            } => (Some(returns), Some(raises)),
            Self::Suspend {
                resumes, raises, ..
            } => (Some(resumes), Some(raises)),
            Self::Raise { raises, .. } => (None, Some(raises)),
            Self::Return(_) | Self::Unwind | Self::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }
}
