//! Which messages have arrived for certain, and which may be lost. A session promises "at most once": nothing is sent again.

use sansocket::PingSource;

/// Some messages, by the numbers that [`send`](crate::Commands::send) gave them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct Numbers {
    /// The lowest number; 0 if there are no messages.
    pub first: u64,
    /// The highest number; 0 if there are no messages.
    pub last: u64,
    /// How many messages, which are not always all of those from `first` to `last`: others may have arrived, or were reported before.
    pub count: u64,
}

impl Numbers {
    pub(crate) const NONE: Self = Self { first: 0, last: 0, count: 0 };

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn add(&mut self, number: u64) {
        self.first = if self.is_empty() { number } else { self.first.min(number) };
        self.last = self.last.max(number);
        self.count = self.count.saturating_add(1);
    }

    /// Both together. (The numbers of `other` need not be higher: a message that is sent at once passes those that wait.)
    fn and(self, other: &Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => *other,
            (_, true) => self,
            _ => Self {
                first: self.first.min(other.first),
                last: self.last.max(other.last),
                count: self.count.saturating_add(other.count),
            },
        }
    }
}

/// What was handed to the transport of a connection, up to the last proof that the peer has read: a Pong that answers a Ping shows that
/// all before that Ping has arrived, and nothing of what came after it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Delivery {
    /// Handed over before the first Ping that waits, before the second, and after that.
    handed: [Numbers; 3],
    /// Whose Pings wait for their Pongs, in the order of their sending: of each source one, since only the latest of a source is
    /// recognised when it is answered.
    pings: [Option<PingSource>; 2],
}

impl Delivery {
    pub(crate) fn note_handed(&mut self, number: u64) {
        let Self { handed: [first, second, third], pings } = self;
        match pings {
            [None, _] => first,
            [_, None] => second,
            _ => third,
        }
        .add(number);
    }

    /// A Ping was sent, after all that was handed over until now. One that is not the first of its source to wait proves nothing more: it
    /// may be the other that is answered, if both say the same.
    pub(crate) fn note_ping(&mut self, source: PingSource) {
        if self.pings.contains(&Some(source)) {
            return;
        }
        if let Some(place) = self.pings.iter_mut().find(|ping| ping.is_none()) {
            *place = Some(source);
        }
    }

    /// A Ping was answered, so that all before it has arrived. Earlier ones need no answer any longer.
    pub(crate) fn note_pong(&mut self, source: PingSource) {
        let Self { handed: [_, second, third], pings: [first_ping, second_ping] } = *self;
        if first_ping == Some(source) {
            *self = Self { handed: [second, third, Numbers::NONE], pings: [second_ping, None] };
        } else if second_ping == Some(source) {
            *self = Self { handed: [third, Numbers::NONE, Numbers::NONE], pings: [None; 2] };
        }
    }

    /// What was handed over and may be lost.
    pub(crate) fn unconfirmed(&self) -> Numbers {
        self.handed.iter().fold(Numbers::NONE, |sum, part| sum.and(part))
    }
}

#[cfg(test)]
mod tests {
    use super::{Delivery, Numbers};
    use sansocket::PingSource::{Application, Keepalive};

    fn numbers(first: u64, last: u64, count: u64) -> Numbers {
        Numbers { first, last, count }
    }

    #[test]
    fn a_pong_confirms_what_was_sent_before_its_ping() {
        let mut delivery = Delivery::default();
        delivery.note_pong(Application);
        assert_eq!(delivery.unconfirmed(), Numbers::NONE);
        delivery.note_handed(1);
        delivery.note_handed(3);
        delivery.note_pong(Application); // unasked
        assert_eq!(delivery.unconfirmed(), numbers(1, 3, 2));
        delivery.note_ping(Application);
        delivery.note_handed(4);
        assert_eq!(delivery.unconfirmed(), numbers(1, 4, 3));
        delivery.note_ping(Application); // a second one, before the first is answered
        delivery.note_handed(5);
        delivery.note_pong(Application);
        assert_eq!(delivery.unconfirmed(), numbers(4, 5, 2));
        delivery.note_pong(Application);
        assert_eq!(delivery.unconfirmed(), numbers(4, 5, 2));
        delivery.note_ping(Application);
        delivery.note_pong(Application);
        assert!(delivery.unconfirmed().is_empty());
    }

    #[test]
    fn a_pong_that_is_late_confirms_nothing_later_than_its_own_ping() {
        let mut delivery = Delivery::default();
        delivery.note_handed(1);
        delivery.note_ping(Application);
        delivery.note_handed(2);
        delivery.note_ping(Keepalive);
        delivery.note_pong(Application);
        assert_eq!(delivery.unconfirmed(), numbers(2, 2, 1));
        delivery.note_handed(3);
        delivery.note_ping(Application);
        delivery.note_handed(4);
        delivery.note_pong(Keepalive);
        assert_eq!(delivery.unconfirmed(), numbers(3, 4, 2));
        delivery.note_pong(Keepalive);
        delivery.note_pong(Application);
        assert_eq!(delivery.unconfirmed(), numbers(4, 4, 1));
    }

    #[test]
    fn a_pong_to_the_later_of_two_pings_confirms_what_came_before_either() {
        let mut delivery = Delivery::default();
        delivery.note_handed(1);
        delivery.note_ping(Keepalive);
        delivery.note_handed(2);
        delivery.note_ping(Application);
        delivery.note_handed(3);
        delivery.note_pong(Application);
        assert_eq!(delivery.unconfirmed(), numbers(3, 3, 1));
    }

    #[test]
    fn numbers_that_were_sent_before_lower_ones_count_as_the_last() {
        let mut delivery = Delivery::default();
        delivery.note_handed(4); // passed 1 to 3, which waited
        delivery.note_ping(Keepalive);
        (1..4).for_each(|number| delivery.note_handed(number));
        assert_eq!(delivery.unconfirmed(), numbers(1, 4, 4));
    }
}
