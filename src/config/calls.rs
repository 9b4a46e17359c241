//! `Calls`: the calls that a configuration makes on a builder or a proxy.
//!
//! Reading a configuration has two halves. First all values are read and checked, and files are
//! opened; the result is a list of calls. Only if that has succeeded are the calls made, on a
//! builder or a proxy. So a reload with an error changes nothing.

use std::sync::Arc;

/// Calls in their order, whose values were read and checked.
///
/// They can be made several times, such as for each member of a group.
pub(super) struct Calls<T>(Vec<Arc<Call<T>>>);

/// Values are cloned for each target.
type Call<T> = dyn Fn(T) -> T + Send + Sync;

impl<T> Calls<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a call, if there is a value for it.
    ///
    /// Nothing is added for `None`, so an absent key keeps the default.
    pub(super) fn add<V: Clone + Send + Sync + 'static>(
        &mut self,
        value: Option<V>,
        call: impl Fn(T, V) -> T + Send + Sync + 'static,
    ) {
        if let Some(value) = value {
            self.0
                .push(Arc::new(move |target| call(target, value.clone())));
        }
    }

    /// Adds a call without a value, if its key is set.
    pub(super) fn add_if(&mut self, is_set: bool, call: impl Fn(T) -> T + Send + Sync + 'static) {
        if is_set {
            self.0.push(Arc::new(call));
        }
    }

    /// Adds one of two calls, if there is a value: `false` undoes the call of a shared table.
    pub(super) fn add_either(
        &mut self,
        value: Option<bool>,
        call: impl Fn(T) -> T + Send + Sync + 'static,
        undo: impl Fn(T) -> T + Send + Sync + 'static,
    ) {
        self.add_if(value == Some(true), call);
        self.add_if(value == Some(false), undo);
    }

    /// These calls, and then the others.
    ///
    /// Later calls replace earlier ones: a member's own keys come after those of its group.
    pub(super) fn then(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
    }

    /// Makes the calls.
    ///
    /// In the order in which they were added.
    pub(super) fn make(&self, target: T) -> T {
        self.0.iter().fold(target, |target, call| call(target))
    }
}

impl<T> Default for Calls<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Clone for Calls<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
