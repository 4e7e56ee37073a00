//! Fair shares, on schedules worked out by hand.

use super::super::testing::{class, cluster, job, run, starts, tenant};
use crate::base::Ratio;
use crate::model::{Chip, ChipId, Class, ClassId, JobSpec, Model, Pool, PoolId, SiteId, TenantGroupId, TenantId};
use crate::world::records::JobRecord;

/// So many GPUs and two tenants.
fn two_tenants(gpus: u32) -> Model {
    let mut model = cluster(1, gpus);
    model.tenants.push(tenant("b", 1));
    model
}
fn of_b(job: &JobSpec) -> JobSpec {
    JobSpec { tenant: TenantId(1), ..job.clone() }
}
fn started_at(records: &[JobRecord], at: f64) -> Vec<usize> {
    (0..records.len()).filter(|index| starts(records)[*index] == at).collect()
}

/// Eight GPUs. The first tenant asks for four times 2, then the second for three times 2, all at once. Shares are filled in turn: 2 for the first
/// (all have nothing, and it came first), 2 for the second, 2 and 2 again. When all end at 100 s, the rest starts.
#[test]
fn dominant_shares_give_the_hand_worked_schedule() {
    let jobs = || [(0..4).map(|_| job(0, 2, 100, 100)).collect::<Vec<_>>(), (0..3).map(|_| of_b(&job(0, 2, 100, 100))).collect()].concat();
    for bind in ["at-submit", "at-start"] {
        for order in ["drf", "fair-share"] {
            let records = run(&two_tenants(8), jobs(), &format!("{order}+{bind}"));
            assert_eq!((started_at(&records, 0.0), started_at(&records, 100.0)), (vec![0, 1, 4, 5], vec![2, 3, 6]), "{order} {bind}");
        }
        // With three times the weight, the first has 6 of 8 before the second has more than 2: 2 | 0, 2 | 2, 4 | 2, 6 | 2, as 6/3 = 2.
        let mut model = two_tenants(8);
        model.tenants[TenantGroupId(0)].weight = Ratio::from_f64(3.0);
        let records = run(&model, jobs(), &format!("drf+{bind}"));
        assert_eq!(started_at(&records, 0.0), [0, 1, 2, 4], "{bind}");
    }
}

/// What is held now counts, not what was: at 100 s the first tenant's job of 8 GPUs has ended, and its next goes before the second tenant's.
#[test]
fn dominant_shares_forget() {
    let jobs = || vec![job(0, 8, 100, 100), job(1, 8, 10, 10), of_b(&job(2, 8, 10, 10))];
    for bind in ["at-submit", "at-start"] {
        assert_eq!(starts(&run(&two_tenants(8), jobs(), &format!("drf+{bind}"))), [0., 100., 110.], "{bind}");
        assert_eq!(starts(&run(&two_tenants(8), jobs(), &format!("fair-share+{bind}"))), [0., 110., 100.], "{bind}");
    }
}

/// The first tenant holds 8 of 8 GPUs by jobs of 2. Of the second's jobs of 2 that come at 10 s, two take the place of the last two: then both hold
/// 4, and a third would have the second hold 6 where the first holds 2.
#[test]
fn who_holds_more_gives_way_until_shares_are_equal() {
    let jobs = || [(0..4).map(|_| job(0, 2, 100, 100)).collect::<Vec<_>>(), (0..3).map(|_| of_b(&job(10, 2, 100, 100))).collect()].concat();
    for bind in ["at-submit", "at-start"] {
        let records = run(&two_tenants(8), jobs(), &format!("drf+{bind}+evict-lower"));
        assert_eq!(started_at(&records, 10.0), [4, 5], "{bind}");
        assert_eq!(records.iter().map(|record| record.preemptions).collect::<Vec<_>>(), [0, 0, 1, 1, 0, 0, 0], "{bind}");
    }
}

/// Two kinds of chips: eight GPUs of the first, four of the second, which only jobs of the second class can use. The first tenant holds 4 of 8, a
/// half; the second 3 of 4, three quarters, though that is less in number. Of two jobs for the four GPUs of the first kind that are left, the first
/// tenant's goes first.
#[test]
fn the_largest_share_of_any_chip_counts() {
    let mut model = two_tenants(8);
    let other = Chip { name: "other".into(), ..model.chips[ChipId(0)].clone() };
    let chip = model.chips.push(other);
    let pool = Pool { name: "other".into(), chip, gpus_per_node: 4, ..model.pools[PoolId(0)].clone() };
    model.pools.push(pool);
    model.sites[SiteId(0)].pool_count = 2;
    model.classes[ClassId(0)].speed = [Ratio::ONE, Ratio::ZERO].into_iter().collect();
    let second = Class { speed: [Ratio::ZERO, Ratio::ONE].into_iter().collect(), ..class() };
    let second = model.classes.push(second);
    for bind in ["at-submit", "at-start"] {
        // All start at 0 but the last two, which come at 1 s, the second tenant's first; there is room for one of them.
        let holds = vec![job(0, 4, 100, 100), of_b(&JobSpec { class: second, ..job(0, 3, 100, 100) }), job(0, 4, 10, 10)];
        let jobs = [holds, vec![of_b(&job(1, 4, 100, 100)), job(2, 4, 100, 100)]].concat();
        assert_eq!(starts(&run(&model, jobs.clone(), &format!("drf+{bind}"))), [0., 0., 0., 100., 10.], "{bind}");
        assert_eq!(starts(&run(&model, jobs, &format!("fifo+{bind}"))), [0., 0., 0., 10., 100.], "{bind}");
    }
}
