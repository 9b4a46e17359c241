//! The queue: requests that wait for a connection, in order of arrival and by key.
//!
//! `connect_or_wait.rs` decides which request waits, when the queue is full, and which waiter gets
//! what became free.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::oneshot;

use crate::error::{CurrentStage, Stage};

use super::{
    ConnectionKey,
    permit::EndedConnect,
    queue_line::{Line, QueuePlace},
};

/// A queue of requests that wait for a `T`, first come, first served.
///
/// Every waiter has a place, and stands in the line of its key. Two indexes hold the lines that a
/// permit to connect would help, by the place of their first waiter: every change of a line goes
/// through `update_line`, which keeps them up to date. So joining, leaving and serving cost
/// O(log n) each, however many keys wait.
///
/// When connections are retired, a generation begins. A connection of an earlier one serves no
/// waiter that joined since, and connects of earlier ones are counted no longer.
pub(crate) struct Waiters<T> {
    lines: HashMap<ConnectionKey, Line<T>>,
    /// Lines for which no connect is under way.
    without_connect: BTreeMap<QueuePlace, ConnectionKey>,
    /// Lines that hold more waiters than connects are under way for them.
    short_of_connects: BTreeMap<QueuePlace, ConnectionKey>,
    len: usize,
    connects: usize,
    next: QueuePlace,
    /// Lines that were looked at or changed so far.
    #[cfg(test)]
    steps: std::cell::Cell<u64>,
}

/// How many connects may be under way for one line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ConnectsPerLine {
    /// The waiters may well share the connection.
    One,
    OnePerWaiter,
}

impl<T> Default for Waiters<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            without_connect: BTreeMap::new(),
            short_of_connects: BTreeMap::new(),
            len: 0,
            connects: 0,
            next: QueuePlace::default(),
            #[cfg(test)]
            steps: std::cell::Cell::new(0),
        }
    }
}

impl<T> Waiters<T> {
    /// The number of waiters.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Changes a line, and with it both indexes.
    fn update_line<R>(&mut self, key: &ConnectionKey, change: impl FnOnce(&mut Line<T>) -> R) -> R {
        self.count_step();
        let line = self.lines.entry(key.clone()).or_default();
        let first_before = line.first();
        let result = change(line);
        let (first, count, connects) = (line.first(), line.waiters.len(), line.connects);
        if let Some(first) = first_before {
            self.without_connect.remove(&first);
            self.short_of_connects.remove(&first);
        }
        match first {
            Some(first) => {
                if connects == 0 {
                    self.without_connect.insert(first, key.clone());
                }
                if connects < count {
                    self.short_of_connects.insert(first, key.clone());
                }
            }
            None if connects == 0 => drop(self.lines.remove(key)),
            None => {}
        }
        result
    }

    /// Adds a waiter at the end.
    pub(crate) fn join(&mut self, key: &ConnectionKey) -> (QueuePlace, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        let place = self.next;
        self.next.number += 1;
        self.rejoin(key, place, sender);
        (place, receiver)
    }

    /// Adds a waiter at its place.
    pub(crate) fn rejoin(
        &mut self,
        key: &ConnectionKey,
        place: QueuePlace,
        sender: oneshot::Sender<T>,
    ) {
        self.len += 1;
        self.update_line(key, |line| line.waiters.insert(place, sender));
    }

    /// Removes a waiter that has left. The sender is to be dropped without the pool's lock.
    #[must_use = "to drop a sender wakes its receiver"]
    pub(crate) fn leave(
        &mut self,
        key: &ConnectionKey,
        place: QueuePlace,
    ) -> Option<oneshot::Sender<T>> {
        let sender = self.update_line(key, |line| line.waiters.remove(&place));
        self.len -= usize::from(sender.is_some());
        sender
    }

    /// Removes the first waiter of this key.
    #[must_use = "to drop a sender wakes its receiver"]
    pub(crate) fn pop(&mut self, key: &ConnectionKey) -> Option<oneshot::Sender<T>> {
        let first = self.update_line(key, |line| line.waiters.pop_first());
        self.len -= usize::from(first.is_some());
        first.map(|(_, sender)| sender)
    }

    /// Removes the first waiter of this key, if a connection of this generation may serve it.
    #[must_use = "to drop a sender wakes its receiver"]
    pub(crate) fn pop_for(
        &mut self,
        key: &ConnectionKey,
        generation: u64,
    ) -> Option<oneshot::Sender<T>> {
        let first = self.first_of(key)?;
        (first.generation <= generation).then(|| self.pop(key))?
    }

    /// Removes all waiters. The connects stay.
    #[must_use = "to drop a sender wakes its receiver"]
    pub(crate) fn take_all(&mut self) -> Vec<oneshot::Sender<T>> {
        let mut taken = BTreeMap::new();
        for line in self.lines.values_mut() {
            taken.append(&mut line.waiters);
        }
        self.lines.retain(|_, line| line.connects > 0);
        self.without_connect.clear();
        self.short_of_connects.clear();
        self.len = 0;
        taken.into_values().collect()
    }

    /// The place of the first waiter of this key.
    pub(crate) fn first_of(&self, key: &ConnectionKey) -> Option<QueuePlace> {
        self.count_step();
        self.lines.get(key).and_then(Line::first)
    }

    /// The key of the first waiter that another connect would help.
    pub(crate) fn first_to_connect(
        &self,
        connects: ConnectsPerLine,
        is_useful: impl Fn(&ConnectionKey) -> bool,
    ) -> Option<ConnectionKey> {
        let mut lines = match connects {
            ConnectsPerLine::One => self.without_connect.values(),
            ConnectsPerLine::OnePerWaiter => self.short_of_connects.values(),
        };
        let useful = lines.find(|key| {
            self.count_step();
            is_useful(key)
        });
        useful.cloned()
    }

    /// How many connects are under way.
    pub(crate) fn connects(&self) -> usize {
        self.connects
    }

    /// How many connects are under way for this key.
    pub(crate) fn connects_of(&self, key: &ConnectionKey) -> usize {
        self.lines.get(key).map_or(0, |line| line.connects)
    }

    /// Notes the stage of the connect for this key that has begun last.
    pub(crate) fn watch_connect(&mut self, key: &ConnectionKey, stage: &CurrentStage) {
        if let Some(line) = self.lines.get_mut(key) {
            line.stage = stage.clone();
        }
    }

    /// The stage of the connect for this key that has begun last, if one is under way.
    pub(crate) fn stage_of_connect(&self, key: &ConnectionKey) -> Option<Stage> {
        let line = self.lines.get(key).filter(|line| line.connects > 0);
        line.map(|line| line.stage.get())
    }

    /// The generation of the waiters and connects that begin now.
    pub(crate) fn generation(&self) -> u64 {
        self.next.generation
    }

    /// Begins a generation.
    pub(crate) fn begin_generation(&mut self) {
        self.next.generation += 1;
        self.connects = 0;
        let keys: Vec<_> = self.lines.keys().cloned().collect();
        for key in keys {
            self.update_line(&key, |line| line.connects = 0);
        }
    }

    /// Counts a connect for this key. Returns its generation.
    pub(crate) fn begin_connect(&mut self, key: &ConnectionKey) -> u64 {
        self.connects += 1;
        self.update_line(key, |line| line.connects += 1);
        self.generation()
    }

    /// Counts the end of a connect.
    pub(crate) fn end_connect(&mut self, ended: &EndedConnect) {
        if ended.generation == self.generation() {
            self.connects -= 1;
            self.update_line(&ended.key, |line| line.connects -= 1);
        }
    }

    fn count_step(&self) {
        #[cfg(test)]
        self.steps.set(self.steps.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::downstream::ClientAddress;

    fn client(number: usize) -> ConnectionKey {
        let [high, low] = u16::try_from(number % 60_000).unwrap().to_be_bytes();
        let address = format!("10.{}.{high}.{low}:1234", number / 60_000);
        let address = ClientAddress::new(address.parse::<std::net::SocketAddr>().unwrap());
        ConnectionKey::here(Some(address))
    }

    fn ended(key: &ConnectionKey, generation: u64) -> EndedConnect {
        EndedConnect {
            key: key.clone(),
            generation,
        }
    }

    /// Steps that it takes to serve `count` clients by eight connections at a time, each connection
    /// opened for one client; and the order in which they were served.
    fn serve(count: usize) -> (u64, Vec<u64>) {
        let mut waiters = Waiters::default();
        let mut receivers: Vec<_> = (0..count).map(|it| waiters.join(&client(it)).1).collect();
        let (mut served, mut connecting) = (Vec::new(), VecDeque::new());
        let mut grants = 0;
        while !waiters.is_empty() {
            while connecting.len() < 8 {
                let next = waiters.first_to_connect(ConnectsPerLine::OnePerWaiter, |_| true);
                let Some(key) = next else { break };
                // A permit is granted, and its waiter queues up again at its place.
                let place = waiters.first_of(&key).unwrap();
                drop(waiters.pop(&key).unwrap());
                let generation = waiters.begin_connect(&key);
                let (sender, receiver) = oneshot::channel();
                receivers[usize::try_from(place.number).unwrap()] = receiver;
                waiters.rejoin(&key, place, sender);
                connecting.push_back(ended(&key, generation));
            }
            // The oldest connect succeeds.
            let ended = connecting.pop_front().unwrap();
            waiters.end_connect(&ended);
            grants += 1;
            waiters.pop(&ended.key).unwrap().send(grants).unwrap();
        }
        for receiver in &mut receivers {
            served.push(receiver.try_recv().unwrap());
        }
        (waiters.steps.get(), served)
    }

    #[test]
    fn clients_are_served_in_order_of_arrival_at_a_constant_number_of_steps_each() {
        let (few, many) = (1_000, 50_000);
        let (steps_of_few, _) = serve(few);
        let (steps_of_many, served) = serve(many);
        assert!(served.is_sorted(), "served out of order");
        let per_client = |steps: u64, clients: usize| steps / clients as u64;
        assert_eq!(
            per_client(steps_of_few, few),
            per_client(steps_of_many, many)
        );
        assert!(per_client(steps_of_many, many) <= 10);
    }

    #[test]
    fn a_line_gets_as_many_connects_as_it_has_waiters_or_one() {
        let (one, other) = (client(1), client(2));
        let mut waiters = Waiters::<()>::default();
        let _tickets = [&one, &one, &other].map(|key| waiters.join(key));
        let next = |waiters: &Waiters<()>, connects| waiters.first_to_connect(connects, |_| true);
        waiters.begin_connect(&one);
        assert_eq!(
            next(&waiters, ConnectsPerLine::OnePerWaiter),
            Some(one.clone())
        );
        assert_eq!(next(&waiters, ConnectsPerLine::One), Some(other.clone()));
        waiters.begin_connect(&one);
        waiters.begin_connect(&other);
        assert_eq!(next(&waiters, ConnectsPerLine::OnePerWaiter), None);
        waiters.end_connect(&ended(&one, waiters.generation()));
        assert_eq!(
            next(&waiters, ConnectsPerLine::OnePerWaiter),
            Some(one.clone())
        );
        assert_eq!((waiters.connects(), waiters.connects_of(&one)), (2, 1));
    }

    #[test]
    fn a_connection_of_an_earlier_generation_serves_only_those_who_waited_before() {
        let key = client(1);
        let mut waiters = Waiters::<()>::default();
        let _before = waiters.join(&key);
        let earlier = waiters.begin_connect(&key);
        waiters.begin_generation();
        let _since = waiters.join(&key);
        assert_eq!((waiters.connects(), waiters.connects_of(&key)), (0, 0));
        let later = waiters.begin_connect(&key);
        assert!(waiters.pop_for(&key, earlier).is_some());
        assert!(waiters.pop_for(&key, earlier).is_none());
        waiters.end_connect(&ended(&key, earlier));
        assert_eq!((waiters.connects(), waiters.connects_of(&key)), (1, 1));
        assert!(waiters.pop_for(&key, later).is_some());
        waiters.end_connect(&ended(&key, later));
        assert!(waiters.is_empty() && waiters.lines.is_empty());
    }

    #[test]
    fn a_waiter_that_leaves_is_forgotten_wherever_it_stands() {
        let mut waiters = Waiters::<u8>::default();
        let [(first, _a), (_, mut second), (third, _c)] =
            [(); 3].map(|()| waiters.join(&ConnectionKey::default()));
        assert!(waiters.leave(&ConnectionKey::default(), first).is_some());
        assert!(waiters.leave(&ConnectionKey::default(), third).is_some());
        assert!(waiters.leave(&ConnectionKey::default(), third).is_none());
        assert_eq!(waiters.len(), 1);
        waiters
            .pop(&ConnectionKey::default())
            .unwrap()
            .send(7)
            .unwrap();
        assert_eq!(second.try_recv(), Ok(7));
        assert!(waiters.is_empty() && waiters.lines.is_empty());
    }

    #[test]
    fn all_are_taken_in_order_of_arrival() {
        let mut waiters = Waiters::default();
        let mut tickets: Vec<_> = (0..6).map(|it| waiters.join(&client(it % 2)).1).collect();
        for (number, waiter) in waiters.take_all().into_iter().enumerate() {
            waiter.send(number).unwrap();
        }
        let got = tickets.iter_mut().map(|ticket| ticket.try_recv().unwrap());
        assert!(got.eq(0..6));
        assert!(waiters.is_empty());
    }
}
