//! The unkeyed logic over bids and pairs: J0, J1, and what gives records their keys and times before a hash edge.

use dataflow::element::Batch;
use dataflow::ids::OperatorId;
use dataflow::port::call::Call;
use dataflow::time::watermark_generator::Seen;

use crate::logic::{Fault, Logic};
use crate::row::{Slot, column_of, column_of_keys, long, rows};

/// Slots of a bid: auction, bidder, price, ts.
const BID: usize = 4;
const AUCTION: usize = 0;
const BIDDER: usize = 1;
const PRICE: usize = 2;
const TS: usize = 3;

/// J0: hands records on as they are.
pub(crate) struct PassOn {
    pub(crate) port: u32,
}

impl Logic for PassOn {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        Ok(call.emit(self.port, records.clone())?)
    }
}

/// J1: prices in euros of every 123rd auction.
pub(crate) struct InEuros {
    pub(crate) port: u32,
}

impl Logic for InEuros {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let mut out = Batch::default();
        let mut kept = Vec::new();
        for (index, bid) in rows::<BID>(&records.values, records.len())?
            .iter()
            .enumerate()
        {
            if long(bid[AUCTION]) % 123 == 0 {
                let euros = (long(bid[PRICE]) as f64 * 0.908).to_bits().to_le_bytes();
                kept.push([bid[AUCTION], bid[BIDDER], euros, bid[TS]]);
                if !records.timestamps.is_empty() {
                    out.timestamps.push(records.timestamp(index));
                }
            }
        }
        out.count = kept.len() as u32;
        out.values = column_of(kept);
        Ok(call.emit(self.port, out)?)
    }
}

/// J2, J3, L2: pairs of `W` slots with the first one as their key.
pub(crate) struct KeyedByFirst<const W: usize> {
    pub(crate) port: u32,
}

impl<const W: usize> Logic for KeyedByFirst<W> {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let pairs = rows::<W>(&records.values, records.len())?;
        let keys: Vec<Slot> = pairs.iter().map(|pair| pair[0]).collect();
        let out = Batch {
            keys: column_of_keys(keys),
            ..records.clone()
        };
        Ok(call.emit(self.port, out)?)
    }
}

/// J4, J5: bids with their times, keyed by auction.
pub(crate) struct TimedBids {
    pub(crate) assigner: OperatorId,
    pub(crate) port: u32,
}

impl Logic for TimedBids {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let bids = rows::<BID>(&records.values, records.len())?;
        let timestamps: Vec<i64> = bids.iter().map(|bid| long(bid[TS])).collect();
        let keys: Vec<Slot> = bids.iter().map(|bid| bid[AUCTION]).collect();
        if let Some(latest) = timestamps.iter().max() {
            call.observe(self.assigner, Seen::timestamp(*latest));
        }
        let out = Batch {
            count: records.count,
            timestamps,
            keys: column_of_keys(keys),
            values: records.values.clone(),
        };
        Ok(call.emit(self.port, out)?)
    }
}
