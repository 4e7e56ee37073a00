//! A row of a trace, whatever its format, with names resolved and numbers in the units of the model.

use crate::base::{Bytes, Money, Ratio, Span};
use crate::model::{ClassId, DataId, DatasetSpec, Elastic, Outcome, TenantGroupId, TenantId};

/// One recorded job. Plain data of fixed size, so that sorting can put it aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Row {
    /// Its place among the rows, from 0: the index of its random numbers.
    pub number: u64,
    /// Its line in the file.
    pub line: u64,
    /// Its id, or its number plus one where the id is a text.
    pub id: u64,
    /// When it was submitted, on the trace's own clock in µs.
    pub submit_us: i64,
    pub gpus: u32,
    pub elastic: Option<Elastic>,
    pub work: Span,
    pub estimate: Option<Span>,
    pub who: Who,
    pub class: Option<ClassId>,
    pub dataset: Option<DatasetSpec>,
    pub patience: Option<Span>,
    pub pays_up_to: Option<Money>,
    pub priority: Option<i32>,
    pub outcome: Outcome,
}

/// Who submitted a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Who {
    /// The trace does not say.
    Unknown,
    /// A user of the trace, by number or hash.
    User(u64),
    /// One of the scenario's tenants.
    Tenant(TenantId),
    /// One of a group of them.
    Group(TenantGroupId),
}

impl Row {
    /// Bytes of an encoded row.
    pub const ENCODED: usize = 17 * 8;

    /// Writes the row as bytes; [`decode`](Self::decode) is the inverse.
    pub fn encode(&self, into: &mut Vec<u8>) {
        let (who, whom) = match self.who {
            Who::Unknown => (0, 0),
            Who::User(user) => (1, user),
            Who::Tenant(tenant) => (2, u64::from(tenant.0)),
            Who::Group(group) => (3, u64::from(group.0)),
        };
        let outcome = match self.outcome {
            Outcome::Completed => 0,
            Outcome::Failed => 1,
            Outcome::Cancelled => 2,
        };
        let present = [
            self.estimate.is_some(),
            self.class.is_some(),
            self.dataset.is_some(),
            self.patience.is_some(),
            self.pays_up_to.is_some(),
            self.priority.is_some(),
            self.elastic.is_some(),
        ];
        let flags = present.iter().enumerate().fold(who | outcome << 2, |flags, (bit, set)| flags | u64::from(*set) << (4 + bit));
        let dataset = self.dataset.unwrap_or(DatasetSpec { data: DataId(0), key: 0, bytes: Bytes::ZERO });
        let elastic = self.elastic.unwrap_or(Elastic { min: 0, max: 0, serial: Ratio::ZERO });
        let words = [
            self.number,
            self.line,
            self.id,
            self.submit_us.cast_unsigned(),
            u64::from(self.gpus),
            self.work.0,
            self.estimate.map_or(0, |span| span.0),
            whom,
            flags,
            u64::from(self.class.map_or(0, |class| class.0)) | u64::from(dataset.data.0) << 32,
            dataset.key,
            dataset.bytes.0,
            self.patience.map_or(0, |span| span.0),
            self.pays_up_to.map_or(0, |money| money.0).cast_unsigned(),
            u64::from(self.priority.unwrap_or(0).cast_unsigned()),
            u64::from(elastic.min) | u64::from(elastic.max) << 32,
            elastic.serial.0,
        ];
        for word in words {
            into.extend_from_slice(&word.to_le_bytes());
        }
    }
    /// Reads a row that was encoded.
    pub fn decode(bytes: &[u8]) -> Self {
        let word = |index: usize| u64::from_le_bytes(bytes[index * 8..index * 8 + 8].try_into().expect("eight bytes"));
        let half = |word: u64| u32::try_from(word & u64::from(u32::MAX)).expect("masked to 32 bits");
        let flags = word(8);
        let present = |bit: u32| flags >> (4 + bit) & 1 == 1;
        Self {
            number: word(0),
            line: word(1),
            id: word(2),
            submit_us: word(3).cast_signed(),
            gpus: half(word(4)),
            elastic: present(6).then_some(Elastic { min: half(word(15)), max: half(word(15) >> 32), serial: Ratio(word(16)) }),
            work: Span(word(5)),
            estimate: present(0).then_some(Span(word(6))),
            who: match flags & 3 {
                0 => Who::Unknown,
                1 => Who::User(word(7)),
                2 => Who::Tenant(TenantId(half(word(7)))),
                _ => Who::Group(TenantGroupId(half(word(7)))),
            },
            class: present(1).then_some(ClassId(half(word(9)))),
            dataset: present(2).then_some(DatasetSpec { data: DataId(half(word(9) >> 32)), key: word(10), bytes: Bytes(word(11)) }),
            patience: present(3).then_some(Span(word(12))),
            pays_up_to: present(4).then_some(Money(word(13).cast_signed())),
            priority: present(5).then_some(half(word(14)).cast_signed()),
            outcome: match flags >> 2 & 3 {
                0 => Outcome::Completed,
                1 => Outcome::Failed,
                _ => Outcome::Cancelled,
            },
        }
    }
}
