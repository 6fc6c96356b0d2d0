//! J6: auctions joined with their sellers, whichever comes first; a timer forgets both after a while.

use wasmill_sdk::prelude::*;

use crate::records::{Auction, Joined, Person};

/// How long a person and the auctions are kept (milliseconds of event time).
const KEPT_MS: i64 = 20_000;

/// Keeps the person and the auctions of a seller.
pub(crate) struct Join {
    pub(crate) person: ValueState<Person>,
    pub(crate) auctions: MapState<i64, Auction>,
}

fn join(person: &Person, auction: &Auction) -> Joined {
    Joined {
        person: person.id,
        auction: auction.id,
        price: auction.price,
        name: person.name.clone(),
        city: person.city.clone(),
        state: person.state.clone(),
    }
}

impl KeyedCoProcess for Join {
    type Key = i64;
    type In1 = Person;
    type In2 = Auction;
    type Out = Joined;

    fn process1(
        &mut self,
        person: Person,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Joined>,
    ) -> Outcome {
        ctx.register_event_timer(person.ts + KEPT_MS);
        self.auctions.for_each(|_, auction| {
            out.emit(join(&person, &auction));
            Ok(())
        })?;
        self.person.set(person);
        Ok(())
    }

    fn process2(
        &mut self,
        auction: Auction,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Joined>,
    ) -> Outcome {
        self.auctions.put(&auction.id, &auction);
        self.person.with(|person| {
            if let Some(person) = person {
                out.emit(join(person, &auction));
            }
        });
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        _ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Joined>,
    ) -> Outcome {
        self.person.clear();
        self.auctions.clear();
        Ok(())
    }
}
