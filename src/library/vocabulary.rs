//! The closed vocabulary of library data: what a callee does, when, and where its resource is.
use crate::symbol::Symbol;

/// What a callee does: the closed vocabulary of library data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Makes a pool: an engine, a pool, an ORM client that owns one.
    OpensPool,
    /// Takes a client out of the pool that is the receiver.
    Acquires,
    /// Takes a client out of the pool that is the receiver for as long as its callback runs, however that
    /// ends: `db.task(callback)`. Nobody else releases it.
    Lends,
    /// Makes a session or a driver connection that somebody must close.
    Opens,
    /// Gives the target back.
    Releases,
    /// Makes a scope whose end releases the target: `closing(x)`. Entering it gives the target, unless the entry
    /// says what else the call gives.
    Manages,
    /// Keeps the target: whoever holds the receiver owns it from now on.
    Keeps,
    /// Opens a transaction on the receiver or target. Where the same entry commits, the transaction lasts as
    /// long as the callback runs and rolls back when that raises: `sequelize.transaction(callback)`.
    Begins,
    /// Commits a transaction.
    Commits,
    /// Rolls a transaction back.
    RollsBack,
    /// Sends a statement to the database.
    Queries,
    /// Waits for somebody else's server, a subprocess or the clock.
    CallsOut,
    /// Stores the callback for later: it does not run here.
    Defers,
    /// Runs what it decorates again when it raises.
    Retries,
    /// Never raises in practice: no I/O, no user code.
    CannotRaise,
    /// Does not return: the process ends.
    Exits,
    /// Keeps the result of what it decorates, so that its body runs once.
    Memoises,
    /// What it decorates, or its callbacks, run for each request, message or job; of a method: what a subclass
    /// overrides it with.
    RunsPerCall,
    /// What it decorates, or its callbacks, run once for the process: start-up hooks, command-line commands; of a
    /// method: what a subclass overrides it with.
    RunsOnce,
    /// Runs its callback exactly once before the work is done. A callback that is the target is given the
    /// positional arguments after it: `to_thread(work, session)`.
    CallsBack,
    /// Runs its callback for each element.
    Iterates,
    /// The result is what calling the target gives (dependency injection): `Depends(get_session)`.
    Injects,
    /// Turns the generator it decorates into a scope: `contextmanager`.
    MakesScope,
    /// The result resolves when all elements of the arguments have: `Promise.all`, `gather`.
    Gathers,
    /// Runs its callback for each element, all at once, each in a thread or task of its own: an executor's `map`.
    FansOut,
    /// Starts its argument beside what goes on here: `create_task`, `Thread(target=work)`.
    Spawns,
    /// Waits until what its receiver stands for is done: `future.result()`, `thread.join()`.
    Awaits,
    /// From here on, what is sent without a transaction joins the one whose callback runs: `Sequelize.useCLS`.
    SharesTransactions,
    /// Bounds how many of its callbacks, or of its scopes, run at once: `p-limit`, a semaphore.
    Limits,
    /// Gives a collection, or a query for one, whose size something bounds: `limit`, `first`.
    Bounds,
    /// Gives a collection that grows with data that the program does not make: the lines of a file, what a client
    /// sends.
    Grows,
    /// Keeps the rows whose column, its first argument, equals the last: `where('owner_id', id)`.
    Equates,
    /// Starts its argument beside what goes on here; the end of the receiver's scope waits for it: a task group.
    Enlists,
    /// What it decorates runs outside the transaction that a setting would put it in.
    OptsOut,
    /// The method it decorates has no code of its own: those have it that inherit from the class.
    MakesAbstract,
    /// Gives its second argument where it has nothing else to give.
    Defaults,
    /// Tells whether its first argument is an instance of its second, or of one of several.
    TestsClass,
    /// Puts the statement that is its receiver into the transaction that is its argument: `transacting`.
    Joins,
}

impl Effect {
    /// Whether somebody must give something back, or owns a pool, after it.
    pub(super) fn hands_out(self) -> bool {
        matches!(
            self,
            Self::OpensPool | Self::Acquires | Self::Opens | Self::Retries | Self::Begins
        )
    }
}

/// How a callee is called: with a function as its last argument or not, with a switch on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Either way.
    #[default]
    Any,
    /// The last argument is a function.
    Callback,
    /// It is not.
    Promise,
    /// The first argument is plainly true.
    True,
    /// The first argument is plainly false.
    False,
}

/// When the connection is really taken; for an entry that releases, when it is given back: what is released
/// on `await` is not released by a call whose result nobody awaits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// As the call returns.
    #[default]
    Call,
    /// When the result is awaited or entered.
    Await,
    /// At the first use of the result.
    Use,
}

/// A place at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The receiver of the method.
    Receiver,
    /// The result.
    Result,
    /// What entering the result as a scope gives; leaving the scope releases it.
    Entered,
    /// The result, or what entering it gives.
    ResultOrEntered,
    /// The argument at this position.
    Argument(u32),
    /// The keyword argument.
    Keyword(Symbol),
    /// The argument at this position, or else the keyword argument.
    ArgumentOrKeyword(u32, Symbol),
    /// Whatever was taken from the receiver and is still held: `registry.remove()`, `pool.closeall()`.
    TakenFromReceiver,
    /// The parameter of the callback that is the last argument.
    CallbackParameter(u32),
    /// Every argument, named ones too, and each element of one that is a collection.
    Arguments,
}

/// What a call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Nothing known.
    Unknown,
    /// An instance of the type.
    Type(Symbol),
    /// The receiver itself.
    Receiver,
    /// The argument at this position itself.
    Argument(u32),
    /// What calling the argument at this position gives.
    ResultOfArgument(u32),
    /// What calling the callback gives, wherever that stands: last, or before options.
    ResultOfCallback,
    /// What entering the argument at this position as a scope gives; the call enters it:
    /// `stack.enter_context(scope)`.
    EnteredArgument(u32),
    /// A collection of what the arguments resolve to, in order.
    Arguments,
    /// One of the rows that the receiver stands for.
    Element,
    /// A collection of the elements of the argument at this position: `list(rows)`.
    ElementsOfArgument(u32),
    /// The same, each behind its number: `enumerate(rows)`.
    NumberedElements(u32),
    /// The first element of the argument at this position: `next(rows)`.
    FirstOfArgument(u32),
}

/// What a call waits for that is no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// An HTTP server.
    Http,
    /// A mail server.
    Mail,
    /// An SMS provider.
    Sms,
    /// A service that pushes notifications to devices and browsers.
    Push,
    /// A payment provider.
    Payment,
    /// A cloud service: object storage, secrets, functions.
    Cloud,
    /// A queue or broker.
    Queue,
    /// A gRPC server.
    Grpc,
    /// A language model's provider.
    Llm,
    /// A process of this machine.
    Subprocess,
    /// Another machine, by SSH or FTP.
    Ssh,
    /// The clock.
    Sleep,
}

/// How long a call that waits for somebody else may wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeout {
    /// Where the caller can say it.
    pub places: Vec<OptionPlace>,
    /// Whether it is said in milliseconds, not seconds.
    pub is_milliseconds: bool,
    /// Seconds when nobody says it; `None` is for ever.
    pub default: Option<f64>,
}

/// How many connections a pool may hand out at once, or how many workers an executor has.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// Where the caller can say it; what stands first counts.
    pub places: Vec<OptionPlace>,
    /// How many when nobody says it; `None` where that depends on something else.
    pub default: Option<u32>,
    /// Where the caller can say how many come on top.
    pub overflow: Vec<OptionPlace>,
    /// How many come on top when nobody says it.
    pub default_overflow: u32,
    /// Options by which it is another kind of pool, of which this says nothing.
    pub unless: Vec<OptionPlace>,
    /// Where the numbers come from.
    pub source: Symbol,
}

/// Where an option is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionPlace {
    /// An argument.
    Argument(Place),
    /// An entry of the options at this position: `fetch(url, { signal })`; one of an entry: `pool.max`.
    Key(u32, Symbol),
    /// The same of the options that come last, however many arguments come before.
    LastKey(Symbol),
}
