//! Dense ids and the columns that they index.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A dense id: a newtype over `u32` that indexes a [`Column`].
pub trait Id: Copy + Eq + Ord + Debug {
    /// Makes the id of position `index`; panics above `u32::MAX`, which no checked model reaches.
    fn from_index(index: usize) -> Self;
    /// Returns the position in its column.
    fn index(self) -> usize;
}

/// Declares dense ids.
#[macro_export]
macro_rules! define_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);
        impl $crate::base::Id for $name {
            fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("ids are dense and fit 32 bits"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

/// A vector that is indexed by one kind of id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Column<I, T> {
    items: Vec<T>,
    id: PhantomData<fn(I)>,
}

impl<I: Id, T> Column<I, T> {
    /// Makes an empty column.
    pub fn new() -> Self {
        Self { items: Vec::new(), id: PhantomData }
    }
    /// Makes a column of `count` copies of `item`.
    pub fn filled(count: usize, item: T) -> Self
    where
        T: Clone,
    {
        Self { items: vec![item; count], id: PhantomData }
    }
    /// Appends an item and returns its id.
    pub fn push(&mut self, item: T) -> I {
        self.items.push(item);
        I::from_index(self.items.len() - 1)
    }
    /// Counts the items.
    pub fn len(&self) -> usize {
        self.items.len()
    }
    /// Tells whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
    /// Iterates over the ids in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        (0..self.items.len()).map(I::from_index)
    }
    /// Iterates over the items in id order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }
    /// Iterates mutably over the items in id order.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }
    /// Iterates over ids and items.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.items.iter().enumerate().map(|(index, item)| (I::from_index(index), item))
    }
    /// Returns the item, or `None` for an id from elsewhere.
    pub fn get(&self, id: I) -> Option<&T> {
        self.items.get(id.index())
    }
    /// Borrows the items as a slice.
    pub fn as_slice(&self) -> &[T] {
        &self.items
    }
}

impl<I: Id, T> Default for Column<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Id, T: Debug> Debug for Column<I, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.items).finish()
    }
}

impl<I: Id, T> FromIterator<T> for Column<I, T> {
    fn from_iter<It: IntoIterator<Item = T>>(items: It) -> Self {
        Self { items: items.into_iter().collect(), id: PhantomData }
    }
}

impl<I: Id, T> Index<I> for Column<I, T> {
    type Output = T;
    fn index(&self, id: I) -> &T {
        &self.items[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for Column<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.index()]
    }
}

impl<'a, I: Id, T> IntoIterator for &'a Column<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
