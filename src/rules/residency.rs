//! Where data may go, and how far away a job may run.

use crate::base::{Ratio, Span};
use crate::model::{Class, DataClass, Elsewhere, Region, Site, Stays};

/// How a job at a site may use data of a class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Residence {
    /// A copy may lie at the site.
    Local,
    /// The job reads over the network, at this efficiency; nothing is stored.
    RemoteRead(Ratio),
    /// The job cannot run there.
    Forbidden,
}

/// A latency limit that a site does not keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LatencyRefusal {
    /// Whether the limit is on the round trip rather than on one way.
    pub round_trip: bool,
    /// What the site has.
    pub latency: Span,
    /// The most that is allowed.
    pub limit: Span,
}

/// Tells how a job at `site` may use data of a class that is at home in `region`.
pub fn residence(data: &DataClass, region: &Region, site: &Site) -> Residence {
    let at_home = match data.stays {
        Stays::Anywhere => true,
        Stays::HomeProvince => region.province == site.province,
        Stays::HomeCity => region.city == site.city,
    };
    match (at_home, data.elsewhere) {
        (true, _) | (false, Elsewhere::Copy) => Residence::Local,
        (false, Elsewhere::RemoteRead) => Residence::RemoteRead(data.efficiency),
        (false, Elsewhere::Forbid) => Residence::Forbidden,
    }
}

/// Checks the latency limits of a class against a pair of region and site. A limit that is met exactly is kept; `one_way` is
/// without equipment, `round_trip` with it.
pub fn check_latency(class: &Class, one_way: Span, round_trip: Span) -> Result<(), LatencyRefusal> {
    let refused =
        |round_trip, latency, limit: Option<Span>| limit.filter(|limit| latency > *limit).map(|limit| LatencyRefusal { round_trip, latency, limit });
    refused(false, one_way, class.one_way_max).or_else(|| refused(true, round_trip, class.rtt_max)).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RegionId, SiteId};
    use crate::rules::testing;

    #[test]
    fn data_stays_where_its_class_says() {
        let model = testing::model();
        // The region lies in the city and province of site 0; site 1 is in another city of the province, site 2 elsewhere.
        let region = &model.regions[RegionId(0)];
        let at = |stays, elsewhere| {
            let data = DataClass { name: "d".into(), stays, elsewhere, efficiency: Ratio(700_000) };
            [0, 1, 2].map(|site| residence(&data, region, &model.sites[SiteId(site)]))
        };
        use Residence::{Forbidden, Local, RemoteRead};
        let remote = RemoteRead(Ratio(700_000));
        assert_eq!(at(Stays::Anywhere, Elsewhere::Forbid), [Local; 3]);
        assert_eq!(at(Stays::HomeProvince, Elsewhere::Forbid), [Local, Local, Forbidden]);
        assert_eq!(at(Stays::HomeCity, Elsewhere::RemoteRead), [Local, remote, remote]);
        assert_eq!(at(Stays::HomeCity, Elsewhere::Copy), [Local; 3]);
    }

    #[test]
    fn limits_are_checked_each_in_its_own_kind() {
        let mut class = testing::class("c", 1);
        let ms = |n: u64| Span(n * 1000);
        assert_eq!(check_latency(&class, ms(900), ms(1801)), Ok(()));
        class.one_way_max = Some(ms(10));
        assert_eq!(check_latency(&class, ms(10), ms(21)), Ok(()));
        class.rtt_max = Some(ms(20));
        assert_eq!(check_latency(&class, ms(10), ms(21)), Err(LatencyRefusal { round_trip: true, latency: ms(21), limit: ms(20) }));
        assert_eq!(check_latency(&class, ms(11), ms(23)), Err(LatencyRefusal { round_trip: false, latency: ms(11), limit: ms(10) }));
    }
}
