//! One waiting line for each tenant, served in turn. A tenant alone may use the whole room; as soon as others come, the
//! longest line gives up its newest, so nobody's flood keeps another tenant out.

use std::collections::{HashMap, VecDeque};

use domain::TenantId;

/// Everybody who waits.
#[derive(Debug)]
pub(super) struct Lines<T> {
    by_tenant: HashMap<TenantId, VecDeque<(u64, T)>>,
    /// Tenants with somebody waiting, in the order they are served.
    turns: VecDeque<TenantId>,
    waiting: usize,
    next: u64,
}

/// What became of somebody who came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed<T> {
    /// Waits under this number.
    Waits(u64),
    /// Waits under this number, in the place of the newest in the longest line.
    Instead(u64, T),
    /// There is no room.
    Full,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self {
            by_tenant: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
            next: 0,
        }
    }
}

impl<T> Lines<T> {
    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether a newcomer of this tenant would find a place among `room`.
    pub(super) fn admits(&self, tenant: TenantId, room: usize) -> bool {
        self.waiting < room || self.gives_way(tenant).is_some()
    }

    /// How many are served before a newcomer of this tenant, if nobody else comes.
    pub(super) fn ahead(&self, tenant: TenantId) -> usize {
        let own = self.length(tenant);
        self.by_tenant
            .iter()
            .map(|(other, line)| {
                if *other == tenant {
                    line.len()
                } else {
                    line.len().min(own + 1)
                }
            })
            .sum()
    }

    /// Puts somebody at the end of their tenant's line.
    pub(super) fn push(&mut self, tenant: TenantId, who: T, room: usize) -> Pushed<T> {
        let displaced = if self.waiting < room {
            None
        } else {
            let Some(longest) = self.gives_way(tenant) else {
                return Pushed::Full;
            };
            self.take_newest(longest)
        };
        let number = self.next;
        self.next += 1;
        let line = self.by_tenant.entry(tenant).or_default();
        if line.is_empty() {
            self.turns.push_back(tenant);
        }
        line.push_back((number, who));
        self.waiting += 1;
        match displaced {
            Some(displaced) => Pushed::Instead(number, displaced),
            None => Pushed::Waits(number),
        }
    }

    /// Who is next.
    pub(super) fn pop(&mut self) -> Option<T> {
        let tenant = self.turns.pop_front()?;
        let line = self.by_tenant.get_mut(&tenant)?;
        let (_, who) = line.pop_front()?;
        self.waiting -= 1;
        if line.is_empty() {
            self.by_tenant.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        Some(who)
    }

    /// Takes somebody out who does not want to wait any longer; `None` if it was their turn already.
    pub(super) fn withdraw(&mut self, tenant: TenantId, number: u64) -> Option<T> {
        let line = self.by_tenant.get_mut(&tenant)?;
        let at = line.iter().position(|(waiting, _)| *waiting == number)?;
        let (_, who) = line.remove(at)?;
        self.shrunk(tenant);
        Some(who)
    }

    fn take_newest(&mut self, tenant: TenantId) -> Option<T> {
        let (_, who) = self.by_tenant.get_mut(&tenant)?.pop_back()?;
        self.shrunk(tenant);
        Some(who)
    }

    fn shrunk(&mut self, tenant: TenantId) {
        self.waiting -= 1;
        if self.length(tenant) == 0 {
            self.by_tenant.remove(&tenant);
            self.turns.retain(|other| *other != tenant);
        }
    }

    /// The line that is longer than the newcomer's own would become.
    fn gives_way(&self, tenant: TenantId) -> Option<TenantId> {
        let (longest, length) = self
            .by_tenant
            .iter()
            .map(|(other, line)| (*other, line.len()))
            .max_by_key(|(_, length)| *length)?;
        (length > self.length(tenant) + 1).then_some(longest)
    }

    fn length(&self, tenant: TenantId) -> usize {
        self.by_tenant.get(&tenant).map_or(0, VecDeque::len)
    }
}

#[cfg(test)]
mod tests {
    use domain::{TenantId, World};

    use super::{Lines, Pushed};

    fn tenants<const N: usize>() -> [TenantId; N] {
        let world = World::system();
        std::array::from_fn(|_| TenantId::generate(&world))
    }

    #[test]
    fn tenants_are_served_in_turn_and_each_in_its_own_order() {
        let [a, b, c] = tenants();
        let mut lines = Lines::default();
        for (tenant, who) in [(a, "a1"), (a, "a2"), (a, "a3"), (b, "b1"), (c, "c1"), (b, "b2")] {
            assert!(matches!(lines.push(tenant, who, 10), Pushed::Waits(_)));
        }
        let order: Vec<_> = std::iter::from_fn(|| lines.pop()).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!(lines.waiting(), 0);
        assert!(lines.by_tenant.is_empty() && lines.turns.is_empty());
    }

    #[test]
    fn a_flood_may_use_the_whole_room_but_keeps_nobody_out() {
        let [flood, quiet, third] = tenants();
        let mut lines = Lines::default();
        for number in 0..4 {
            assert_eq!(lines.push(flood, number, 4), Pushed::Waits(number));
        }
        assert!(!lines.admits(flood, 4));
        assert_eq!(lines.push(flood, 9, 4), Pushed::Full);
        // Its newest goes, not its oldest.
        assert!(lines.admits(quiet, 4));
        assert_eq!(lines.push(quiet, 10, 4), Pushed::Instead(4, 3));
        assert_eq!(lines.ahead(quiet), 3);
        assert_eq!(lines.ahead(third), 2);
        assert_eq!(lines.push(third, 20, 4), Pushed::Instead(5, 2));
        // Two, one and one: nobody has more than a share, so nobody gives way.
        assert_eq!(lines.push(quiet, 11, 4), Pushed::Full);
        assert_eq!(lines.push(flood, 9, 4), Pushed::Full);
        let order: Vec<_> = std::iter::from_fn(|| lines.pop()).collect();
        assert_eq!(order, [0, 10, 20, 1]);
    }

    #[test]
    fn who_withdraws_leaves_no_gap() {
        let [a, b] = tenants();
        let mut lines = Lines::default();
        for (tenant, who) in [(a, 0), (a, 1), (b, 2)] {
            lines.push(tenant, who, 3);
        }
        assert_eq!(lines.withdraw(a, 0), Some(0));
        assert_eq!(lines.withdraw(a, 0), None);
        assert_eq!(lines.withdraw(b, 2), Some(2));
        assert_eq!(lines.waiting(), 1);
        assert_eq!(lines.pop(), Some(1));
        assert_eq!(lines.pop(), None);
        assert!(lines.turns.is_empty());
    }
}
