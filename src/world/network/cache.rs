//! The room that sites have for datasets, and what leaves first.

use crate::base::{Bytes, Column};
use crate::model::SiteId;

/// No copy.
const NONE: u32 = u32::MAX;

/// The caches of all sites. Copies are dense slots whose lists are threaded through one column; only those that nobody uses are listed,
/// so that the first of a list can always go.
#[derive(Clone, Debug)]
pub(super) struct Caches {
    sites: Column<SiteId, Cache>,
    links: Vec<Links>,
}

#[derive(Clone, Copy, Debug)]
struct Cache {
    /// None: no limit.
    limit: Option<Bytes>,
    /// Bytes of all copies.
    used: u64,
    /// Bytes of copies in use.
    pinned: u64,
    oldest: u32,
    newest: u32,
}

#[derive(Clone, Copy, Debug)]
struct Links {
    older: u32,
    newer: u32,
}

impl Caches {
    pub(super) fn new(limits: impl IntoIterator<Item = Option<Bytes>>) -> Self {
        let cache = |limit| Cache { limit, used: 0, pinned: 0, oldest: NONE, newest: NONE };
        Self { sites: limits.into_iter().map(cache).collect(), links: Vec::new() }
    }
    pub(super) fn set_limit(&mut self, site: SiteId, limit: Option<Bytes>) {
        self.sites[site].limit = limit;
    }
    /// Tells whether a site's cache never has to give anything up.
    pub(super) fn is_unlimited(&self, site: SiteId) -> bool {
        self.sites[site].limit.is_none()
    }
    /// Tells whether a copy would fit if everything went that nobody uses.
    pub(super) fn could_hold(&self, site: SiteId, bytes: Bytes) -> bool {
        let cache = &self.sites[site];
        cache.limit.is_none_or(|limit| bytes.0 <= limit.0.saturating_sub(cache.pinned))
    }
    /// Returns the copy that has to go before `bytes` more fit: the least recently used.
    pub(super) fn next_to_go(&self, site: SiteId, bytes: Bytes) -> Option<u32> {
        let cache = &self.sites[site];
        let tight = cache.limit.is_some_and(|limit| cache.used.saturating_add(bytes.0) > limit.0);
        (tight && cache.oldest != NONE).then_some(cache.oldest)
    }
    /// Stores a copy that is in use.
    pub(super) fn store_pinned(&mut self, site: SiteId, bytes: Bytes) {
        let cache = &mut self.sites[site];
        cache.used += bytes.0;
        cache.pinned += bytes.0;
    }
    /// Lists a copy as the most recently used, as nobody uses it any more.
    pub(super) fn unpin(&mut self, site: SiteId, copy: u32, bytes: Bytes) {
        let cache = &mut self.sites[site];
        cache.pinned -= bytes.0;
        if self.links.len() <= copy as usize {
            self.links.resize(copy as usize + 1, Links { older: NONE, newer: NONE });
        }
        self.links[copy as usize] = Links { older: cache.newest, newer: NONE };
        match cache.newest {
            NONE => cache.oldest = copy,
            newest => self.links[newest as usize].newer = copy,
        }
        cache.newest = copy;
    }
    /// Takes a copy off the list, as somebody uses it.
    pub(super) fn pin(&mut self, site: SiteId, copy: u32, bytes: Bytes) {
        self.unlist(site, copy);
        self.sites[site].pinned += bytes.0;
    }
    /// Removes a copy that nobody uses.
    pub(super) fn remove(&mut self, site: SiteId, copy: u32, bytes: Bytes) {
        self.unlist(site, copy);
        self.sites[site].used -= bytes.0;
    }
    fn unlist(&mut self, site: SiteId, copy: u32) {
        let Links { older, newer } = self.links[copy as usize];
        let cache = &mut self.sites[site];
        match older {
            NONE => cache.oldest = newer,
            older => self.links[older as usize].newer = newer,
        }
        match newer {
            NONE => cache.newest = older,
            newer => self.links[newer as usize].older = older,
        }
    }
    /// Returns the bytes that a site's cache holds.
    pub(super) fn used(&self, site: SiteId) -> Bytes {
        Bytes(self.sites[site].used)
    }
}
