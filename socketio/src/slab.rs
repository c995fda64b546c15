//! Things by number: slots that are used again, under other numbers.

use alloc::vec::Vec;

/// A number in a [`Slab`], which is never given twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Number {
    index: u32,
    generation: u32,
}

#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    /// How often the slot was used before.
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.iter().all(|slot| slot.value.is_none())
    }

    /// `None` if there are no numbers left.
    pub(crate) fn insert(&mut self, value: T) -> Option<Number> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot { generation: 0, value: None });
                index
            }
        };
        let slot = self.slots.get_mut(usize::try_from(index).ok()?)?;
        slot.value = Some(value);
        Some(Number { index, generation: slot.generation })
    }

    pub(crate) fn get(&self, id: impl Into<Number>) -> Option<&T> {
        let id = id.into();
        let slot = self.slots.get(usize::try_from(id.index).ok()?)?;
        slot.value.as_ref().filter(|_| slot.generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: impl Into<Number>) -> Option<&mut T> {
        let id = id.into();
        let slot = self.slots.get_mut(usize::try_from(id.index).ok()?)?;
        slot.value.as_mut().filter(|_| slot.generation == id.generation)
    }

    pub(crate) fn remove(&mut self, id: impl Into<Number>) -> Option<T> {
        let id = id.into();
        let slot = self.slots.get_mut(usize::try_from(id.index).ok()?)?;
        let value = slot.value.take_if(|_| slot.generation == id.generation)?;
        // A slot that has used up its numbers stays empty.
        if let Some(generation) = slot.generation.checked_add(1) {
            slot.generation = generation;
            self.free.push(id.index);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    fn a_number_is_never_given_twice() {
        let mut slab = Slab::new();
        let a = slab.insert('a').unwrap();
        let b = slab.insert('b').unwrap();
        assert_eq!((slab.get(a), slab.get(b)), (Some(&'a'), Some(&'b')));
        assert_eq!((slab.remove(a), slab.remove(a)), (Some('a'), None));
        let c = slab.insert('c').unwrap();
        assert_ne!(a, c);
        assert!(slab.get(a).is_none() && slab.get_mut(a).is_none() && slab.remove(a).is_none());
        assert_eq!((slab.get(c), slab.slots.len()), (Some(&'c'), 2));
    }

    #[test]
    fn a_slot_without_numbers_is_left_alone() {
        let mut slab = Slab::new();
        let id = slab.insert('a').unwrap();
        slab.slots[0].generation = u32::MAX;
        let last = super::Number { generation: u32::MAX, ..id };
        assert_eq!(slab.remove(last), Some('a'));
        assert_eq!(slab.insert('b').map(|id| id.index), Some(1));
    }
}
