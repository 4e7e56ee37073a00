//! Which stream is next: a tournament over the times of their next jobs.

use crate::base::Time;

/// A winner tree (Knuth, *The Art of Computer Programming* 3, section 5.4.1): the least time at its root, ties to the lower index.
#[derive(Debug)]
pub(super) struct Tournament {
    /// Times by stream, filled up to a power of two with "never".
    times: Vec<Time>,
    /// Winners by node; 1 is the root, the leaves are the last half.
    winners: Vec<u32>,
}

impl Tournament {
    /// Builds the tree over the streams' times. *O*(streams).
    pub fn new(times: impl Iterator<Item = Time>) -> Self {
        let mut times: Vec<Time> = times.collect();
        let leaves = times.len().next_power_of_two();
        times.resize(leaves, Time::NEVER);
        let leaf = |node: usize| u32::try_from(node.saturating_sub(leaves)).expect("streams are counted in 32 bits");
        let mut tree = Self { winners: (0..2 * leaves).map(leaf).collect(), times };
        for node in (1..leaves).rev() {
            tree.play(node);
        }
        tree
    }
    /// Returns the stream that is next, or `None` if all have ended.
    #[inline]
    pub fn first(&self) -> Option<usize> {
        let winner = self.winners[1] as usize;
        (self.times[winner] < Time::NEVER).then_some(winner)
    }
    /// Gives a stream its next time. *O*(log streams).
    #[inline]
    pub fn set(&mut self, stream: usize, time: Time) {
        self.times[stream] = time;
        let mut node = (self.times.len() + stream) / 2;
        while node > 0 {
            self.play(node);
            node /= 2;
        }
    }
    /// Ends all streams.
    pub fn end(&mut self) {
        self.times.fill(Time::NEVER);
    }
    #[inline]
    fn play(&mut self, node: usize) {
        let (left, right) = (self.winners[2 * node], self.winners[2 * node + 1]);
        self.winners[node] = if self.times[right as usize] < self.times[left as usize] { right } else { left };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yields_by_time_then_by_stream() {
        let mut tree = Tournament::new([Time(5), Time(3), Time(5)].into_iter());
        let mut order = Vec::new();
        while let Some(stream) = tree.first() {
            order.push(stream);
            tree.set(stream, if stream == 1 && order.len() == 1 { Time(5) } else { Time::NEVER });
        }
        assert_eq!(order, [1, 0, 1, 2]);
    }

    #[test]
    fn one_stream_and_none_work_too() {
        assert_eq!(Tournament::new(std::iter::empty()).first(), None);
        let mut tree = Tournament::new([Time(1)].into_iter());
        assert_eq!(tree.first(), Some(0));
        tree.set(0, Time::NEVER);
        assert_eq!(tree.first(), None);
    }
}
