//! Sites, pools of nodes, and chips.

use super::{Admission, CityId, GridId, HubId, NodeId, PoolId, ProvinceId, SiteId, TariffId};
use crate::base::{Bytes, Money, Power, Ratio, Span};

/// An accelerator type.
#[derive(Clone, PartialEq, Debug)]
pub struct Chip {
    /// Its key.
    pub name: String,
    /// Whether it is domestic rather than imported.
    pub domestic: bool,
    /// Dense FP16 PFLOPS of one GPU, in millionths.
    pub pflops: Ratio,
    /// Memory of one GPU.
    pub memory: Bytes,
    /// Power of one idle GPU.
    pub idle: Power,
    /// Power of one GPU that computes.
    pub busy: Power,
}

/// Which side of the programme a site is on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    East,
    Middle,
    West,
}

impl Side {
    /// All sides in the order of tables.
    pub const ALL: [Self; 3] = [Self::East, Self::Middle, Self::West];
    /// Returns the word that files and tables use.
    pub fn name(self) -> &'static str {
        match self {
            Self::East => "east",
            Self::Middle => "middle",
            Self::West => "west",
        }
    }
}

/// Who owns a site.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Owner {
    State,
    Private,
}

/// A data centre.
#[derive(Clone, PartialEq, Debug)]
pub struct Site {
    /// Its key.
    pub name: String,
    /// Its Chinese name.
    pub name_zh: Option<String>,
    /// Its node in the network.
    pub node: NodeId,
    /// Its province.
    pub province: ProvinceId,
    /// Its city.
    pub city: CityId,
    /// Its hub, if it belongs to one.
    pub hub: Option<HubId>,
    /// Its side.
    pub side: Side,
    /// Its owner.
    pub owner: Owner,
    /// Metered power ÷ IT power.
    pub pue: Ratio,
    /// Contracted green share of its energy, for market-based carbon.
    pub green_share: Ratio,
    /// The most metered power; none: no limit.
    pub power_limit: Option<Power>,
    /// Size of its dataset cache; none: no limit.
    pub cache: Option<Bytes>,
    /// Its tariff.
    pub tariff: TariffId,
    /// Its grid.
    pub grid: GridId,
    /// The limit on its jobs.
    pub admission: Admission,
    /// Its first pool; the others follow.
    pub first_pool: PoolId,
    /// How many pools it has.
    pub pool_count: u32,
}

impl Site {
    /// Iterates over its pools.
    pub fn pools(&self) -> impl DoubleEndedIterator<Item = PoolId> + ExactSizeIterator + use<> {
        (self.first_pool.0..self.first_pool.0 + self.pool_count).map(PoolId)
    }
}

/// Identical nodes at one site.
#[derive(Clone, PartialEq, Debug)]
pub struct Pool {
    /// Its key within the site.
    pub name: String,
    /// Its site.
    pub site: SiteId,
    /// Its chip.
    pub chip: super::ChipId,
    /// Installed nodes.
    pub nodes: u32,
    /// GPUs of each node.
    pub gpus_per_node: u32,
    /// Power of a node without its GPUs.
    pub host_power: Power,
    /// What a tenant pays per GPU-hour.
    pub price: Money,
    /// Whether the tenant pays the energy on top (metered), rather than the site (included).
    pub metered: bool,
    /// Purchase price per GPU, for the resource cost.
    pub capital: Money,
    /// The time over which capital is written off.
    pub life: Span,
    /// Share of nodes' GPUs that is held for online services, by local hour of the day.
    pub reserved_by_hour: [Ratio; 24],
}

impl Pool {
    /// Counts installed GPUs.
    pub fn gpus(&self) -> u64 {
        u64::from(self.nodes) * u64::from(self.gpus_per_node)
    }
    /// Counts GPUs that are held for online services at a local hour (0 to 23), rounded down.
    pub fn reserved_at(&self, hour: usize) -> u64 {
        self.reserved_by_hour[hour].of(self.gpus())
    }
    /// Tells whether any hour holds GPUs for online services.
    pub fn has_reserved(&self) -> bool {
        self.reserved_by_hour.iter().any(|share| share.0 > 0)
    }
}
