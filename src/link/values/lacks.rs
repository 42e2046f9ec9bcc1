//! Which files that are not loaded would say what functions call.
//!
//! In: the questions that wait for files, and who watches the nodes that the answers would go to. A callee may come
//! through any number of files that pass it on, through what they make of it at the top, and through fields.
use super::growth::Waiting;
use super::{CallSite, FileId, FunctionKey, Imported, Node, Symbol, Values, Watcher};
use rustc_hash::FxHashSet;

/// Where an answer goes on to.
enum Step {
    /// A call of a function that was asked for.
    Asked,
    Node(Node),
    End,
}

impl Values<'_> {
    /// The files that are not loaded and would say what one of these functions calls, or inherits.
    pub fn lacks(&self, asks: impl Fn(FunctionKey) -> bool) -> Vec<FileId> {
        let mut lost = FxHashSet::default();
        let mut files = self.wait.open_files();
        files.retain(|(file, asked)| {
            let file = *file;
            let questions = asked.iter().flat_map(|asked| {
                let questions = self.wait.questions_of(*asked).iter();
                questions.filter(move |question| *asked == file || self.may_bind(file, **question))
            });
            let mut watchers = questions.map(|question| match question {
                Waiting::Import(_, _, node) | Waiting::Export(_, node) | Waiting::Star(_, node) => {
                    Watcher::Copy(*node)
                }
                Waiting::Notify(watcher, _) => *watcher,
            });
            watchers.any(|watcher| self.leads_to(watcher, &asks, &mut lost))
        });
        files.into_iter().map(|(file, _)| file).collect()
    }

    /// Whether a file that others pass on may bind what was asked of them.
    fn may_bind(&self, file: FileId, question: Waiting) -> bool {
        let name = match question {
            Waiting::Export(name, _)
            | Waiting::Star(name, _)
            | Waiting::Notify(Watcher::Receiver(_, name), _) => Some(name),
            Waiting::Import(from, import, _) => self.imported_name(from, import),
            Waiting::Notify(..) => None,
        };
        name.is_none_or(|name| self.resolver.mentions(file, &name))
    }

    fn imported_name(&self, file: FileId, import: crate::ir::ImportId) -> Option<Symbol> {
        let module = self.world.module_of(file)?;
        match module.imports.get(import.index())?.imported {
            Imported::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Whether what a watcher is told comes to a call of one of these functions; remembers nodes from which nothing does.
    fn leads_to(
        &self,
        start: Watcher,
        asks: &impl Fn(FunctionKey) -> bool,
        lost: &mut FxHashSet<Node>,
    ) -> bool {
        let mut seen = FxHashSet::default();
        let mut watchers = vec![start];
        while let Some(watcher) = watchers.pop() {
            match self.step(watcher, asks) {
                Step::Asked => return true,
                Step::Node(node) if !lost.contains(&node) && seen.insert(node) => {
                    watchers.extend(&self.watchers[node.0 as usize]);
                }
                Step::Node(_) | Step::End => {}
            }
        }
        lost.extend(seen);
        false
    }

    fn step(&self, watcher: Watcher, asks: &impl Fn(FunctionKey) -> bool) -> Step {
        match watcher {
            Watcher::Copy(node)
            | Watcher::Load(_, node)
            | Watcher::Element(node)
            | Watcher::Instantiate(_, node)
            | Watcher::ResultOf(node)
            | Watcher::MadeOf(node)
            | Watcher::RowOf(node)
            | Watcher::Entered(node)
            | Watcher::Decorates(node) => Step::Node(node),
            Watcher::Callee(site) | Watcher::Receiver(site, _) if asks(site.function) => {
                Step::Asked
            }
            Watcher::Callee(site) | Watcher::Receiver(site, _) => self.made_at_top(site),
            Watcher::Base(class) => {
                let mut methods = self.world.class(class).methods.iter();
                if methods.any(|(_, method)| asks(self.world.function_near(class, *method))) {
                    return Step::Asked;
                }
                Step::End
            }
            _ => Step::End,
        }
    }

    /// What a module makes once: `mail = Mail()`.
    fn made_at_top(&self, site: CallSite) -> Step {
        if !self.world.is_top_level(site.function) {
            return Step::End;
        }
        let call = self.ir_call(site);
        call.map_or(Step::End, |(call, _)| {
            Step::Node(self.local(site.function, call.result))
        })
    }
}
