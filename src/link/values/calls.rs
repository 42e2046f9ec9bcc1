//! Calls: what they lead to, and the values that flow through them.
use super::{
    Call, CallFact, CallKind, CallSite, Callee, ClassKey, Dispatch, Echoes, Effect, Entity, Form,
    FunctionKey, Holder, Language, Late, LocalId, Node, Origin, Place, Rc, Returns, Site, Symbol,
    Terminator, Values, Waiting, Watcher, argument_for, echoes, parameter_of,
};
use crate::ir::{Action, Constant, Function, Parameter, Type, Value};

impl<'w> Values<'w> {
    pub(super) fn ir_call(&self, site: CallSite) -> Option<(&'w Call, Site)> {
        let block = self.world.function(site.function).block(site.block);
        match &block.terminator {
            Terminator::Call { call, .. } => Some((call, block.site)),
            _ => None,
        }
    }

    pub(super) fn call(&mut self, site: CallSite, entity: Entity, method: Option<Symbol>) {
        let Some((call, place)) = self.ir_call(site) else {
            return;
        };
        let result = self.local(site.function, call.result);
        let origin = Some(Origin {
            function: site.function,
            site: place,
        });
        if let Some(name) = method {
            self.await_method(site, call, entity, name);
        }
        for dispatch in self.dispatch(site.function, call, entity, method) {
            match dispatch {
                Dispatch::Function(function) => self.link(site, call, function, Some(entity)),
                Dispatch::Override(function, heir) => {
                    self.link(site, call, function, Some(Entity::Object(heir)));
                }
                Dispatch::Construct(class) => {
                    self.add(result, Entity::Object(class));
                    for name in ["__init__", "constructor"] {
                        if let Some(constructor) = self.method(class, name) {
                            self.link(site, call, constructor, Some(Entity::Object(class)));
                        }
                    }
                }
                Dispatch::Facts(facts, receiver) => {
                    for fact in facts {
                        self.apply_form(site, call, fact, receiver);
                    }
                }
                Dispatch::Make(path) => self.add(result, Entity::Instance(path, origin)),
                Dispatch::Enter(entity) => self.add(result, entity),
                Dispatch::Yields(function) => {
                    self.watch(self.yield_node(function), Watcher::Copy(result));
                }
                Dispatch::Held(node) => self.watch(node, Watcher::Callee(site)),
            }
        }
    }

    /// Makes sure that what a method may come to be is told to the call.
    fn await_method(&mut self, site: CallSite, call: &Call, entity: Entity, name: Symbol) {
        if let Entity::Object(class) = entity
            && call.kind != CallKind::Super
            && self
                .method(class, &name)
                .is_none_or(|method| self.is_abstract(method))
        {
            self.await_override(site, class, name);
        }
        match entity {
            Entity::Object(class) | Entity::Class(class)
                if call.kind != CallKind::Super && self.method(class, &name).is_none() =>
            {
                for ancestor in self.ancestry(class) {
                    self.field(Holder::Class(ancestor), name);
                }
            }
            Entity::Record(node) => {
                self.field(Holder::Record(node), name);
            }
            Entity::Module(file) if self.export(file, name, 0).is_none() => {
                let question = Watcher::Receiver(site, name);
                self.wait(file, Waiting::Notify(question, entity));
            }
            _ => {}
        }
    }

    /// Applies a fact if it is about this form of the call. Whether there is a callback may turn out later.
    fn apply_form(
        &mut self,
        site: CallSite,
        call: &'w Call,
        fact: &'w CallFact,
        receiver: Option<Entity>,
    ) {
        if matches!(fact.form, Form::Callback | Form::Promise) && self.formed.insert(site) {
            for argument in callback_arguments(call) {
                let node = self.local(site.function, argument);
                self.watch(node, Watcher::Callback(site));
            }
        }
        let late = Late {
            site,
            fact,
            receiver,
        };
        match fact.form {
            Form::Promise => self.late.push_back(late),
            _ => self.apply_late(late),
        }
    }

    pub(super) fn apply_late(&mut self, late: Late<'w>) {
        let Late {
            site,
            fact,
            receiver,
        } = late;
        if let Some((call, place)) = self.ir_call(site)
            && self.form_holds(site.function, call, fact)
        {
            let origin = Origin {
                function: site.function,
                site: place,
            };
            self.apply(site, call, fact, receiver, Some(origin));
        }
    }

    /// A call whose callback came to be a function, or is known now to be followed by options, is another call.
    pub(super) fn call_again(&mut self, site: CallSite, argument: Entity) {
        if !is_callback(&argument) && !matches!(argument, Entity::Record(_)) {
            return;
        }
        let Some((call, _)) = self.ir_call(site) else {
            return;
        };
        let (local, method) = match call.callee {
            Callee::Local(local) => (local, None),
            Callee::Method(receiver, name) => (receiver, Some(name)),
        };
        for entity in self.of(site.function, local).to_vec() {
            self.call(site, entity, method);
        }
    }

    /// What calling an entity, or its method, leads to.
    pub(in crate::link) fn dispatch(
        &self,
        function: FunctionKey,
        call: &Call,
        entity: Entity,
        method: Option<Symbol>,
    ) -> Vec<Dispatch<'w>> {
        let language = self.world.language(function);
        let Some(name) = method else {
            return self.dispatch_plain(language, entity);
        };
        if call.kind == CallKind::Super {
            return self.dispatch_base(language, entity, name);
        }
        match entity {
            Entity::External(path) => match self.library.member(language, path, &name) {
                Some(member) => self.dispatch_plain(language, Entity::External(member)),
                None => Vec::new(),
            },
            Entity::Instance(path, _) => self.dispatch_instance(language, call, entity, path, name),
            Entity::Scope(path, origin) if call.kind == CallKind::Enter => {
                vec![Dispatch::Enter(Entity::Instance(path, origin))]
            }
            Entity::Object(class) | Entity::Class(class) => {
                self.dispatch_member(language, entity, class, name)
            }
            Entity::Record(node) => self
                .fields
                .get(&(Holder::Record(node), name))
                .map(|field| Dispatch::Held(*field))
                .into_iter()
                .collect(),
            Entity::Module(file) => self
                .export(file, name, 0)
                .map(Dispatch::Held)
                .into_iter()
                .collect(),
            Entity::Generator(function) if call.kind == CallKind::Enter => {
                vec![Dispatch::Yields(function)]
            }
            // `db.inTx.bind(db)` is the function; bound arguments would move the others.
            Entity::Function(_) if name == "bind" && call.arguments.len() == 1 => {
                let facts = self.library.call(language, Symbol::new("*#bind"));
                vec![Dispatch::Facts(facts, Some(entity))]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn dispatch_plain(&self, language: Language, entity: Entity) -> Vec<Dispatch<'w>> {
        match entity {
            Entity::Function(function) => vec![Dispatch::Function(function)],
            Entity::Class(class) => {
                let mut found = vec![Dispatch::Construct(class)];
                let bases = self.library_bases(class);
                let facts = bases
                    .into_iter()
                    .map(|base| self.library.call(language, base));
                found.extend(
                    facts
                        .filter(|facts| !facts.is_empty())
                        .map(|facts| Dispatch::Facts(facts, None)),
                );
                found
            }
            Entity::External(path) => {
                let facts = self.library.call(language, path);
                if !facts.is_empty() {
                    vec![Dispatch::Facts(facts, None)]
                } else if self.library.is_type(language, path) {
                    vec![Dispatch::Make(path)]
                } else {
                    Vec::new()
                }
            }
            Entity::Instance(path, _) => {
                vec![Dispatch::Facts(
                    self.library.method(language, path, "__call__"),
                    Some(entity),
                )]
            }
            Entity::Method(path, name) => {
                let receiver = Entity::Instance(path, None);
                vec![Dispatch::Facts(
                    self.library.method(language, path, &name),
                    Some(receiver),
                )]
            }
            // Called, it runs what it stands for.
            Entity::Object(class) if self.stand_ins.contains(&class) => Vec::new(),
            Entity::Object(class) => self
                .method(class, "__call__")
                .map(Dispatch::Function)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn dispatch_instance(
        &self,
        language: Language,
        call: &Call,
        entity: Entity,
        path: Symbol,
        name: Symbol,
    ) -> Vec<Dispatch<'w>> {
        let facts = self.library.method(language, path, &name);
        let mut found = Vec::new();
        if !facts.is_empty() {
            found.push(Dispatch::Facts(facts, Some(entity)));
        } else if let Some(kind) = self.library.field(language, path, name) {
            found.extend(self.dispatch_plain(language, Entity::Instance(kind, None)));
        }
        // A scope gives itself unless the data says otherwise.
        if call.kind == CallKind::Enter && facts.iter().all(|fact| fact.returns == Returns::Unknown)
        {
            found.push(Dispatch::Enter(entity));
        }
        found
    }

    pub(super) fn dispatch_member(
        &self,
        language: Language,
        entity: Entity,
        class: ClassKey,
        name: Symbol,
    ) -> Vec<Dispatch<'w>> {
        let method = self.method(class, &name);
        if let Entity::Object(class) = entity
            && method.is_none_or(|method| self.is_abstract(method))
        {
            let overrides = self.overrides(class, name);
            if !overrides.is_empty() {
                return overrides;
            }
        }
        if let Some(method) = method {
            return vec![Dispatch::Function(method)];
        }
        let mut found: Vec<_> = self
            .ancestry(class)
            .into_iter()
            .filter_map(|class| self.fields.get(&(Holder::Class(class), name)))
            .map(|field| Dispatch::Held(*field))
            .collect();
        for base in self.library_bases(class) {
            let facts = self.library.method(language, base, &name);
            if !facts.is_empty() {
                found.push(Dispatch::Facts(facts, Some(entity)));
            }
        }
        found
    }

    pub(super) fn dispatch_base(
        &self,
        language: Language,
        entity: Entity,
        name: Symbol,
    ) -> Vec<Dispatch<'w>> {
        let (Entity::Object(class) | Entity::Class(class)) = entity else {
            return Vec::new();
        };
        let inherited = self.ancestry(class).into_iter().skip(1).find_map(|base| {
            let methods = &self.world.class(base).methods;
            let (_, method) = methods.iter().find(|(method, _)| *method == name)?;
            Some(self.world.function_near(base, *method))
        });
        if let Some(method) = inherited {
            return vec![Dispatch::Function(method)];
        }
        let bases = self.library_bases(class);
        let facts = bases
            .into_iter()
            .map(|base| self.library.method(language, base, &name));
        facts
            .filter(|facts| !facts.is_empty())
            .map(|facts| Dispatch::Facts(facts, Some(entity)))
            .collect()
    }

    /// Whether a fact is about this form of the call.
    pub(in crate::link) fn form_holds(
        &self,
        function: FunctionKey,
        call: &Call,
        fact: &CallFact,
    ) -> bool {
        match fact.form {
            Form::Any => true,
            Form::Callback => self.callback(function, call).is_some(),
            Form::Promise => self.callback(function, call).is_none(),
            Form::True => self.is_switch(function, call, true),
            Form::False => self.is_switch(function, call, false),
        }
    }

    /// Whether the first argument is this constant.
    fn is_switch(&self, function: FunctionKey, call: &Call, wanted: bool) -> bool {
        let Some(first) = call.arguments.first().map(|argument| argument.value) else {
            return false;
        };
        let blocks = &self.world.function(function).blocks;
        let statements = blocks.iter().flat_map(|block| &block.statements);
        let constant = Value::Constant(Constant::Bool(wanted));
        let mut given = statements
            .filter_map(|statement| match &statement.action {
                Action::Assign(target, value) if *target == first => Some(value),
                _ => None,
            })
            .peekable();
        given.peek().is_some() && given.all(|value| *value == constant)
    }

    /// The last argument, where it is a function; or the one before options: `transaction(callback, { timeout })`.
    pub fn callback(&self, function: FunctionKey, call: &Call) -> Option<LocalId> {
        let mut places = callback_arguments(call);
        let (last, first) = (places.next()?, places.next());
        let has = |local: LocalId, is: fn(&Entity) -> bool| self.of(function, local).iter().any(is);
        if has(last, is_callback) {
            return Some(last);
        }
        let has_options = has(last, |entity| matches!(entity, Entity::Record(_)));
        let may_be_first = has_options && !self.world.language(function).is_python();
        first.filter(|first| may_be_first && has(*first, is_callback))
    }

    pub(super) fn link(
        &mut self,
        site: CallSite,
        call: &'w Call,
        function: FunctionKey,
        receiver: Option<Entity>,
    ) {
        if !self.linked.insert((site, function)) {
            return;
        }
        self.callers.entry(function).or_default().push(site);
        self.news.linked.push((site.function, function));
        let body = self.world.function(function);
        for (position, argument) in call.arguments.iter().enumerate() {
            let Some(parameter) = parameter_of(body, position, argument) else {
                continue;
            };
            let source = self.local(site.function, argument.value);
            let target = self.local(function, parameter);
            self.watch(source, Watcher::Copy(target));
        }
        if let (Some(local), Some(entity @ (Entity::Object(_) | Entity::Class(_)))) =
            (body.receiver, receiver)
        {
            let node = self.local(function, local);
            self.add(node, entity);
        }
        let result = self.local(site.function, call.result);
        if body.traits.is_constructor {
            return;
        }
        if let Some(class) = class_given(body, call) {
            let node = self.local(site.function, class);
            let whole = self.type_path(&[]);
            return self.watch(node, Watcher::Instantiate(whole, result));
        }
        self.echo(site, call, function, result);
        self.watch(self.result_node(function), Watcher::Copy(result));
        if body.traits.is_generator {
            self.add(result, Entity::Generator(function));
        }
    }

    /// What a function's parameters give is what the arguments of this call give.
    fn echo(&mut self, site: CallSite, call: &'w Call, function: FunctionKey, result: Node) {
        let Some(echoes) = self.echoes(function) else {
            return;
        };
        let body = self.world.function(function);
        for (position, argument) in call.arguments.iter().enumerate() {
            let parameter = parameter_of(body, position, argument);
            if parameter.is_some_and(|parameter| echoes.parameters.contains(&parameter)) {
                let node = self.local(site.function, argument.value);
                self.watch(node, Watcher::ResultOf(result));
            }
        }
    }

    /// What a function's result comes from, where some of it is what a parameter gives.
    pub(super) fn echoes(&mut self, function: FunctionKey) -> Option<Rc<Echoes>> {
        let body = self.world.function(function);
        let known = self.echoes.entry(function);
        known
            .or_insert_with(|| echoes::echoes(body).map(Rc::new))
            .clone()
    }

    pub(super) fn apply(
        &mut self,
        site: CallSite,
        call: &'w Call,
        fact: &'w CallFact,
        receiver: Option<Entity>,
        origin: Option<Origin>,
    ) {
        let takes = [
            Effect::Acquires,
            Effect::Lends,
            Effect::Opens,
            Effect::Begins,
        ];
        if takes.iter().any(|effect| fact.has(*effect)) {
            self.news.taking.push(site.function);
        }
        let result = self.local(site.function, call.result);
        if let Some(kind) = fact.resource {
            self.apply_resource(site, call, fact, kind, origin);
        }
        if fact.has(Effect::Injects)
            && let Some(Place::Argument(position) | Place::ArgumentOrKeyword(position, _)) =
                fact.target
            && let Some(argument) = call.arguments.get(position as usize)
        {
            let node = self.local(site.function, argument.value);
            self.watch(node, Watcher::ResultOf(result));
        }
        if let Some(Place::Keyword(name)) = fact.instance_of
            && let Some(class) = call.arguments.iter().find(|argument| argument.name == name)
        {
            let node = self.local(site.function, class.value);
            self.watch(node, Watcher::MadeOf(result));
            self.news.classes_of.push((site.function, class.value));
        }
        self.apply_rows(site, call, fact);
        if let Some(given) = self.given_entity(site, fact, receiver, origin) {
            return self.add(result, given);
        }
        self.apply_argument(site, call, fact.returns);
    }

    /// What a call gives of what it is given.
    fn apply_argument(&mut self, site: CallSite, call: &'w Call, returns: Returns) {
        let result = self.local(site.function, call.result);
        let (position, watcher) = match returns {
            Returns::Arguments => return self.collect(site, call, result),
            Returns::ResultOfCallback => {
                for callback in callback_arguments(call) {
                    let node = self.local(site.function, callback);
                    self.watch(node, Watcher::ResultOf(result));
                }
                return;
            }
            Returns::Argument(position) => (position, Some(Watcher::Copy(result))),
            Returns::ResultOfArgument(position) => (position, Some(Watcher::ResultOf(result))),
            Returns::EnteredArgument(position) => (position, Some(Watcher::Entered(result))),
            Returns::FirstOfArgument(position) => (position, Some(Watcher::Element(result))),
            Returns::ElementsOfArgument(position) | Returns::NumberedElements(position) => {
                (position, None)
            }
            _ => return,
        };
        let Some(argument) = call.arguments.get(position as usize) else {
            return;
        };
        let node = self.local(site.function, argument.value);
        match watcher {
            Some(watcher) => self.watch(node, watcher),
            None => self.collection_of(node, result, returns),
        }
    }

    /// What a call gives that makes a collection of another one: its elements, or a pair with each.
    fn collection_of(&mut self, collection: Node, result: Node, returns: Returns) {
        if matches!(returns, Returns::NumberedElements(_)) {
            let pair = self.field(Holder::Record(result), Symbol::empty());
            self.collect_elements(collection, pair, Symbol::new("1"));
            self.add(result, Entity::Record(result));
        } else {
            self.collect_elements(collection, result, Symbol::empty());
        }
    }

    /// Which rows the result stands for, or is one of: those of the receiver, or what the data says.
    fn apply_rows(&mut self, site: CallSite, call: &'w Call, fact: &CallFact) {
        let language = self.world.language(site.function);
        let is_row = fact.returns == Returns::Element;
        let keeps = match fact.returns {
            Returns::Element | Returns::Receiver => true,
            Returns::Type(path) => self.library.has_rows(language, path),
            _ => false,
        };
        let from = match (fact.rows_of, call.callee) {
            (Some(Place::Argument(position)), _) => call
                .arguments
                .get(position as usize)
                .filter(|argument| argument.name.is_empty() && !argument.is_spread)
                .map(|argument| argument.value),
            (None, Callee::Method(receiver, _)) if keeps => Some(receiver),
            _ => None,
        };
        if let Some(local) = from {
            let result = self.local(site.function, call.result);
            let node = self.local(site.function, local);
            let watcher = if is_row {
                Watcher::RowOf(result)
            } else {
                Watcher::RowsOf(result)
            };
            self.watch(node, watcher);
        }
    }

    /// Makes a record, under one name of which stand the elements of a collection.
    fn collect_elements(&mut self, collection: Node, record: Node, name: Symbol) {
        let field = self.field(Holder::Record(record), name);
        self.watch(collection, Watcher::Element(field));
        self.add(record, Entity::Record(record));
    }

    /// What a call gives by itself, whatever its arguments are.
    fn given_entity(
        &self,
        site: CallSite,
        fact: &CallFact,
        receiver: Option<Entity>,
        origin: Option<Origin>,
    ) -> Option<Entity> {
        let language = self.world.language(site.function);
        match fact.returns {
            Returns::Unknown if fact.resource.is_none() && !fact.callee.contains('#') => self
                .library
                .is_type(language, fact.callee)
                .then_some(Entity::Instance(fact.callee, origin)),
            Returns::Type(path) => {
                let origin = match receiver {
                    Some(Entity::Instance(_, known)) if fact.derives => known,
                    _ => origin,
                };
                Some(Entity::Instance(path, origin))
            }
            Returns::Receiver => receiver,
            _ => None,
        }
    }

    pub(super) fn apply_resource(
        &mut self,
        site: CallSite,
        call: &'w Call,
        fact: &CallFact,
        kind: Symbol,
        origin: Option<Origin>,
    ) {
        let result = self.local(site.function, call.result);
        match fact.at {
            Place::Result => self.add(result, Entity::Instance(kind, origin)),
            Place::Entered => self.add(result, Entity::Scope(kind, origin)),
            Place::ResultOrEntered => {
                self.add(result, Entity::Instance(kind, origin));
                self.add(result, Entity::Scope(kind, origin));
            }
            Place::CallbackParameter(position) => {
                for argument in callback_arguments(call) {
                    let node = self.local(site.function, argument);
                    self.watch(node, Watcher::CallbackParameter(position, kind, origin));
                    if let Some(Place::CallbackParameter(releaser)) = fact.releaser {
                        self.watch(node, Watcher::CallbackReleaser(releaser, kind));
                    }
                }
            }
            _ => {}
        }
    }

    /// `Promise.all([a, b])` gives what its one argument holds; `gather(a, b)` a list of its arguments.
    pub(super) fn collect(&mut self, site: CallSite, call: &'w Call, result: Node) {
        if let [only] = call.arguments.as_slice() {
            let node = self.local(site.function, only.value);
            self.watch(node, Watcher::Copy(result));
            return;
        }
        for (position, argument) in call.arguments.iter().enumerate() {
            let field = self.field(Holder::Record(result), Symbol::new(&position.to_string()));
            let node = self.local(site.function, argument.value);
            self.watch(node, Watcher::Copy(field));
        }
        self.add(result, Entity::Record(result));
    }

    pub(super) fn result_of(&mut self, entity: Entity, target: Node) {
        match entity {
            Entity::Function(function) => {
                self.watch(self.result_node(function), Watcher::Copy(target));
                self.watch(self.yield_node(function), Watcher::Copy(target));
            }
            Entity::Class(class) => self.add(target, Entity::Object(class)),
            Entity::External(path) if self.is_plain_type(path) => {
                self.add(target, Entity::Instance(path, None));
            }
            Entity::Instance(path, origin) => self.called(path, origin, target),
            _ => {}
        }
    }

    /// What calling an instance of a library's type gives: `knex('orders')`.
    fn called(&mut self, path: Symbol, origin: Option<Origin>, target: Node) {
        for language in [Language::Python, Language::JavaScript] {
            for fact in self.library.method(language, path, "__call__") {
                if let Returns::Type(kind) = fact.returns {
                    self.add(
                        target,
                        Entity::Instance(kind, origin.filter(|_| fact.derives)),
                    );
                }
            }
        }
    }

    /// Whether the path is a library's class of which nothing is known but that calling it makes an instance.
    fn is_plain_type(&self, path: Symbol) -> bool {
        let library = self.library;
        let languages = [Language::Python, Language::JavaScript];
        languages.into_iter().any(|language| {
            library.is_type(language, path) && library.call(language, path).is_empty()
        })
    }

    /// An instance of a class that a library makes.
    pub(super) fn made_of(&mut self, entity: Entity, target: Node) {
        if let Entity::Class(class) = entity {
            self.stand_ins.insert(class);
            self.add(target, Entity::Object(class));
        }
    }

    /// A decorator that makes an instance of a library's type of a function: a task that can be called and enqueued.
    pub(super) fn decorated(&mut self, decorator: Entity, target: Node) {
        match decorator {
            Entity::Instance(path, _) => self.add(target, Entity::Instance(path, None)),
            Entity::Object(class) if self.stand_ins.contains(&class) => {
                self.add(target, Entity::Object(class));
            }
            Entity::External(path) => {
                let library = self.library;
                self.made_by(target, |language| library.call(language, path));
            }
            Entity::Method(path, name) => {
                let library = self.library;
                self.made_by(target, |language| library.method(language, path, &name));
            }
            // A decorator of the program gets what it decorates.
            Entity::Function(function) => {
                if let Some(first) = self.world.function(function).parameters.first() {
                    let parameter = self.local(function, first.local);
                    self.watch(target, Watcher::Copy(parameter));
                }
            }
            _ => {}
        }
    }

    /// Adds an instance of the type that a library's function gives.
    fn made_by(&mut self, target: Node, facts: impl Fn(Language) -> &'w [CallFact]) {
        for language in [Language::Python, Language::JavaScript] {
            let made = facts(language).iter().find_map(|fact| match fact.returns {
                Returns::Type(kind) => Some(kind),
                _ => None,
            });
            if let Some(kind) = made {
                self.add(target, Entity::Instance(kind, None));
            }
        }
    }

    pub(super) fn entered(&mut self, entity: Entity, target: Node) {
        match entity {
            Entity::Scope(path, origin) => self.add(target, Entity::Instance(path, origin)),
            Entity::Generator(function) => {
                self.watch(self.yield_node(function), Watcher::Copy(target));
            }
            Entity::Object(class) => {
                let methods = ["__enter__", "__aenter__"];
                if let Some(enter) = methods.iter().find_map(|name| self.method(class, name)) {
                    self.watch(self.result_node(enter), Watcher::Copy(target));
                }
            }
            _ => self.add(target, entity),
        }
    }
}

/// Whether an argument is a function, so that the call has a callback.
fn is_callback(entity: &Entity) -> bool {
    matches!(entity, Entity::Function(_) | Entity::Method(..))
}

/// Where a call's callback may stand: last, or first of two.
fn callback_arguments(call: &Call) -> impl Iterator<Item = LocalId> {
    let last = call.arguments.last().filter(|argument| !argument.is_spread);
    let first = call.arguments.first().filter(|first| {
        let is_one_of_two = call.arguments.len() == 2;
        last.is_some() && is_one_of_two && !first.is_spread
    });
    last.into_iter().chain(first).map(|argument| argument.value)
}

/// The class that a call passes for a parameter `type[T]` of a function that returns `T`.
fn class_given(body: &Function, call: &Call) -> Option<LocalId> {
    let variable = returned_name(body.returns.as_ref()?)?;
    let is_class = |parameter: &&Parameter| {
        matches!(&parameter.annotation, Some(Type::Generic(base, arguments))
            if matches!(&**base, Type::Name(_, path)
                if path.last().is_some_and(|name| ["type", "Type"].contains(&name.text())))
                && matches!(&arguments[..], [Type::Name(Some(local), _)] if *local == variable))
    };
    let parameter = body.parameters.iter().find(is_class)?;
    argument_for(body, call, parameter.local).map(|argument| argument.value)
}

/// The one name that a type is, or that it is besides null: `T`, `T | None`, `Optional[T]`.
fn returned_name(returns: &Type) -> Option<LocalId> {
    match returns {
        Type::Name(local, path) if path.len() == 1 => *local,
        Type::Generic(base, arguments) => match (&**base, &arguments[..]) {
            (Type::Name(_, path), [only])
                if path.last().is_some_and(|name| *name == "Optional") =>
            {
                returned_name(only)
            }
            _ => None,
        },
        Type::Union(parts) => {
            let mut names = parts.iter().filter_map(returned_name);
            names.next().filter(|_| names.next().is_none())
        }
        _ => None,
    }
}
