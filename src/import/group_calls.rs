//! Calls of a group's builder, collected while directives are read.

use super::note::Outcome;

/// The settings of an `OriginGroup` as calls. They have no effect on one server.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupCalls {
    /// Whether there are several servers.
    pub(super) is_group: bool,
    pub(super) check: CheckCalls,
    balance: String,
    max_load: Option<u32>,
    failover: String,
    ejection: String,
    others: Vec<String>,
}

/// What is known of health checks.
#[derive(Clone, Debug, Default)]
pub(super) struct CheckCalls {
    /// Whether servers are checked.
    pub(super) is_on: bool,
    pub(super) path: Option<String>,
    /// Calls of the health check.
    calls: Vec<String>,
}

impl GroupCalls {
    pub(super) fn new(is_group: bool) -> Self {
        Self {
            is_group,
            ..Self::default()
        }
    }

    /// Sets how members are chosen, such as `Balance::round_robin()`.
    pub(super) fn balance(&mut self, balance: String, text: &'static str) -> Outcome {
        if !self.is_group {
            return Outcome::no_effect("there is one server");
        }
        self.balance = balance;
        Outcome::mapped(text)
    }

    /// Bounds the load of a member that a key chooses.
    pub(super) fn max_load(&mut self, percent: u32, text: &'static str) -> Outcome {
        if !self.is_group {
            return Outcome::no_effect("there is one server");
        }
        self.max_load = Some(percent);
        Outcome::mapped(text)
    }

    /// Adds a call to the builder of the failover.
    pub(super) fn fail_over(&mut self, call: &str, text: &'static str) -> Outcome {
        if !self.is_group {
            return Outcome::no_effect("there is one server; a retry is made where it is safe");
        }
        if self.failover.is_empty() {
            self.failover = "Failover::default()".to_owned();
        }
        if !self.failover.contains("off()") {
            self.failover += call;
        }
        Outcome::mapped(text)
    }

    /// Turns failover off.
    pub(super) fn fail_over_off(&mut self) -> Outcome {
        self.failover = "Failover::off()".to_owned();
        match self.is_group {
            true => Outcome::mapped("`Failover::off`"),
            false => Outcome::no_effect("there is one server; a retry is made where it is safe"),
        }
    }

    /// Ejection is the same for all members of a group: the first that names a value decides.
    pub(super) fn eject(&mut self, call: &str, text: &'static str) -> Outcome {
        if !self.is_group {
            return Outcome::no_effect("there is one server");
        }
        if self.ejection.is_empty() {
            self.ejection = "Ejection::default()".to_owned();
        }
        let setter = call.split('(').next().unwrap_or(call);
        if self.ejection.contains(call) {
            return Outcome::mapped(text);
        }
        if self.ejection.contains(&format!("{setter}(")) {
            return Outcome::refused("ejection is the same for all members: the first value holds");
        }
        self.ejection += call;
        Outcome::mapped(text)
    }

    /// Adds a call of the health check. The first of a setter counts, and another is refused.
    pub(super) fn check(&mut self, call: String, text: &'static str) -> Outcome {
        let setter = call.split('(').next().unwrap_or_default();
        let mut calls = self.check.calls.iter();
        match calls.find(|other| other.split('(').next() == Some(setter)) {
            Some(other) if *other != call => {
                return Outcome::refused("a group has one check: the first value holds");
            }
            Some(_) => {}
            None => self.check.calls.push(call),
        }
        self.checked(text)
    }

    /// Sets the argument of a call of the health check in place of an earlier one.
    pub(super) fn set_check(&mut self, setter: &str, argument: Option<String>) {
        let start = format!(".{setter}(");
        self.check.calls.retain(|call| !call.starts_with(&start));
        self.check
            .calls
            .extend(argument.map(|argument| format!("{start}{argument})")));
    }

    /// What becomes of a line about health checks.
    pub(super) fn checked(&self, text: &'static str) -> Outcome {
        match self.is_group {
            true => Outcome::mapped(text),
            false => Outcome::by_hand("`HealthCheck` of an `OriginGroup`; here is one server"),
        }
    }

    /// Adds another call of the group's builder.
    pub(super) fn call(&mut self, call: String, text: &'static str) -> Outcome {
        if !self.is_group {
            return Outcome::no_effect("there is one server");
        }
        self.others.push(call);
        Outcome::mapped(text)
    }

    /// Takes over what others set.
    pub(super) fn extend(&mut self, others: Self) {
        if !others.balance.is_empty() {
            self.balance = others.balance;
        }
        if !others.failover.is_empty() {
            self.failover = others.failover;
        }
    }

    /// The calls of the builder; none for one server.
    pub(super) fn into_calls(self) -> Vec<String> {
        if !self.is_group {
            return Vec::new();
        }
        let mut calls = Vec::new();
        if !self.balance.is_empty() {
            let load = self.max_load.map(|percent| format!(".max_load({percent})"));
            calls.push(format!(
                "balance({}{})",
                self.balance,
                load.unwrap_or_default()
            ));
        }
        let chains = [("failover", self.failover), ("ejection", self.ejection)];
        for (call, chain) in chains {
            if !chain.is_empty() {
                calls.push(format!("{call}({chain})"));
            }
        }
        if let (true, Some(path)) = (self.check.is_on, self.check.path) {
            let chain = self.check.calls.concat();
            calls.push(format!("health_check(HealthCheck::get({path:?}){chain})"));
        }
        calls.extend(self.others);
        calls
    }
}
