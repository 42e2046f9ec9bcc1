//! The text form of the IR, short enough to put in a test.
//!
//! In: a [`Module`]. Out: lines such as `b1: c = call pool.connect() -> b2 raise b3`.
use super::{
    Action, Argument, Call, CallKind, Callee, Class, Constant, Function, Import, Imported, LocalId,
    LocalKind, Module, Piece, Suspension, Terminator, Test, Type, Value,
};
use std::fmt::Write as _;

/// The whole module.
pub fn module(module: &Module) -> String {
    let mut out = String::new();
    for import in &module.imports {
        let _ = writeln!(out, "import {}", import_text(import));
    }
    for class in &module.classes {
        let _ = writeln!(out, "{}", class_text(module, class));
    }
    for export in &module.exports {
        let _ = writeln!(
            out,
            "export {} = {}",
            export.name,
            name(&module.functions[0], export.local)
        );
    }
    for (index, body) in module.functions.iter().enumerate() {
        function(&mut out, module, index, body);
    }
    out
}

fn import_text(import: &Import) -> String {
    let what = match import.imported {
        Imported::Module => "module",
        Imported::Root => "root",
        Imported::Default => "default",
        Imported::All => "*",
        Imported::Name(name) => return format!("{} of {:?}", name, import.specifier),
    };
    format!("{what} of {:?}", import.specifier)
}

fn class_text(module: &Module, class: &Class) -> String {
    let parent = &module.functions[class.parent.index()];
    let bases: Vec<_> = class.bases.iter().map(|base| name(parent, *base)).collect();
    let fields: Vec<_> = class
        .fields
        .iter()
        .map(|field| {
            let annotation = field
                .annotation
                .as_ref()
                .map(|kind| format!(": {}", type_text(kind)));
            let value = field
                .value
                .map(|value| format!(" = {}", name(parent, value)));
            format!(
                "{}{}{}",
                field.name,
                annotation.unwrap_or_default(),
                value.unwrap_or_default()
            )
        })
        .collect();
    format!(
        "class {}({}) {{ {} }}",
        class.name,
        bases.join(", "),
        fields.join("; ")
    )
}

fn type_text(kind: &Type) -> String {
    let list = |kinds: &[Type], separator: &str| {
        kinds
            .iter()
            .map(type_text)
            .collect::<Vec<_>>()
            .join(separator)
    };
    match kind {
        Type::Name(_, path) => path
            .iter()
            .map(|part| part.text())
            .collect::<Vec<_>>()
            .join("."),
        Type::Generic(base, arguments) => format!("{}<{}>", type_text(base), list(arguments, ", ")),
        Type::Union(members) => list(members, " | "),
        Type::Unknown => "?".to_owned(),
    }
}

fn function(out: &mut String, module: &Module, index: usize, function: &Function) {
    let mut words = Vec::new();
    let traits = function.traits;
    for (is_set, word) in [
        (traits.is_async, "async"),
        (traits.is_generator, "generator"),
        (traits.is_static, "static"),
        (traits.is_class_method, "classmethod"),
        (traits.is_getter, "getter"),
        (traits.is_constructor, "constructor"),
        (traits.is_closure, "closure"),
    ] {
        if is_set {
            words.push(word);
        }
    }
    let class = function
        .class
        .map(|class| format!("{}.", module.classes[class.index()].name));
    let parameters: Vec<_> = function
        .parameters
        .iter()
        .map(|parameter| {
            let rest = if parameter.is_rest { "..." } else { "" };
            let annotation = parameter
                .annotation
                .as_ref()
                .map(|kind| format!(": {}", type_text(kind)));
            format!(
                "{rest}{}{}",
                name(function, parameter.local),
                annotation.unwrap_or_default()
            )
        })
        .collect();
    words.push("fn");
    let (class, words) = (class.unwrap_or_default(), words.join(" "));
    let _ = writeln!(
        out,
        "{words} f{index} {class}{}({})",
        function.name,
        parameters.join(", ")
    );
    for (number, block) in function.blocks.iter().enumerate() {
        let _ = writeln!(out, "  b{number}:");
        for statement in &block.statements {
            let _ = writeln!(out, "    {}", action_text(function, &statement.action));
        }
        let _ = writeln!(out, "    {}", terminator_text(function, &block.terminator));
    }
}

fn action_text(function: &Function, action: &Action) -> String {
    let name = |local: LocalId| name(function, local);
    match action {
        Action::Assign(target, value) => {
            format!("{} = {}", name(*target), value_text(function, value))
        }
        Action::SetField(object, field, value) => {
            format!("{}.{field} = {}", name(*object), name(*value))
        }
        Action::SetItem(object, key, value) => {
            format!("{}[{}] = {}", name(*object), name(*key), name(*value))
        }
    }
}

fn value_text(function: &Function, value: &Value) -> String {
    let name = |local: &LocalId| name(function, *local);
    let list = |locals: &[LocalId]| locals.iter().map(name).collect::<Vec<_>>().join(", ");
    match value {
        Value::Local(local) => name(local),
        Value::Constant(constant) => constant_text(*constant),
        Value::Free(free) => format!("free {free}"),
        Value::Import(import) => format!("import #{}", import.0),
        Value::Field(object, field) => format!("{}.{field}", name(object)),
        Value::Item(object, key) => format!("{}[{}]", name(object), name(key)),
        Value::Closure(closure) => format!("closure f{}", closure.0),
        Value::Class(class) => format!("class #{}", class.0),
        Value::Sequence(parts) => format!("[{}]", list(parts)),
        Value::Record(parts) => {
            let entries: Vec<_> = parts
                .iter()
                .map(|(key, value)| format!("{key}: {}", name(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Text(pieces) => {
            let pieces: Vec<_> = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => format!("{:?}", text.text()),
                    Piece::Hole(local) => name(local),
                })
                .collect();
            format!("text {}", pieces.join(" "))
        }
        Value::Caught => "caught".to_owned(),
        Value::Element(collection) => format!("element of {}", name(collection)),
        Value::Operation(parts) => format!("operation({})", list(parts)),
        Value::Equality(left, right) => format!("{} == {}", name(left), name(right)),
        Value::Opaque(parts) => format!("opaque({})", list(parts)),
    }
}

fn constant_text(constant: Constant) -> String {
    match constant {
        Constant::Null => "null".to_owned(),
        Constant::Bool(value) => value.to_string(),
        Constant::Integer(value) => value.to_string(),
        Constant::Number(value) => value.to_string(),
        Constant::Text(text) => format!("{:?}", text.text()),
    }
}

fn terminator_text(function: &Function, terminator: &Terminator) -> String {
    let name = |local: LocalId| name(function, local);
    match terminator {
        Terminator::Goto(next) => format!("goto b{}", next.0),
        Terminator::Branch {
            test,
            then,
            otherwise,
        } => {
            let test = match test {
                Test::Truthy(local) => name(*local),
                Test::Null(local) => format!("{} is null", name(*local)),
                Test::Equals(local, constant) => {
                    format!("{} == {}", name(*local), constant_text(*constant))
                }
                Test::Caught(local) => format!("caught {}", name(*local)),
                Test::Unknown => "?".to_owned(),
            };
            format!("if {test} b{} else b{}", then.0, otherwise.0)
        }
        Terminator::Call {
            call,
            returns,
            raises,
        } => {
            let text = call_text(function, call);
            format!(
                "{} = {text} -> b{} raise b{}",
                name(call.result),
                returns.0,
                raises.0
            )
        }
        Terminator::Suspend {
            kind,
            value,
            result,
            resumes,
            raises,
        } => {
            let word = match kind {
                Suspension::Await => "await",
                Suspension::Yield => "yield",
                Suspension::Delegate => "yield from",
                Suspension::Next => "next",
            };
            format!(
                "{} = {word} {} -> b{} raise b{}",
                name(*result),
                name(*value),
                resumes.0,
                raises.0
            )
        }
        Terminator::Return(value) => format!("return {}", name(*value)),
        Terminator::Raise { value, raises } => format!("raise {} -> b{}", name(*value), raises.0),
        Terminator::Unwind => "unwind".to_owned(),
        Terminator::Unreachable => "unreachable".to_owned(),
    }
}

fn call_text(function: &Function, call: &Call) -> String {
    let kind = match call.kind {
        CallKind::Plain => "call",
        CallKind::New => "new",
        CallKind::Enter => "enter",
        CallKind::Exit => "exit",
        CallKind::Tag => "tag",
        CallKind::Super => "super",
    };
    let callee = match call.callee {
        Callee::Local(local) => name(function, local),
        Callee::Method(receiver, method) => format!("{}.{method}", name(function, receiver)),
    };
    let argument = |argument: &Argument| {
        let spread = if argument.is_spread { "..." } else { "" };
        let label = if argument.name.is_empty() {
            String::new()
        } else {
            format!("{}=", argument.name)
        };
        format!("{spread}{label}{}", name(function, argument.value))
    };
    let arguments: Vec<_> = call.arguments.iter().map(argument).collect();
    let awaited = if call.awaited { "await " } else { "" };
    format!("{awaited}{kind} {callee}({})", arguments.join(", "))
}

/// A local by its name and number; temporaries are `%n`, captured variables `^name`.
fn name(function: &Function, local: LocalId) -> String {
    let declared = function.local(local);
    match declared.kind {
        LocalKind::Temporary => format!("%{}", local.0),
        LocalKind::Captured(..) => format!("^{}", declared.name),
        LocalKind::Receiver => "self".to_owned(),
        LocalKind::Variable | LocalKind::Parameter(_) if declared.name.is_empty() => {
            format!("%{}", local.0)
        }
        LocalKind::Variable | LocalKind::Parameter(_) => declared.name.text().to_owned(),
    }
}
