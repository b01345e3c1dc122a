//! Which groups are asked about, and when: not too many in a round, and those lately spoken in first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::adapters::wecom::archive::rooms::Room;

/// So many groups are asked about in a round, which is an hour: at most 600 a minute, where WeCom allows 1,500 (document 91782).
pub(super) const IN_A_ROUND: usize = 1000;
/// A group in which nothing was said is asked about so seldom, in rounds: what somebody agrees to is mostly a message too.
const SILENT: u64 = 24;

/// The plan.
pub(super) struct Plan {
    /// Groups that the configuration names, and whether people outside the company are there.
    named: BTreeMap<Arc<str>, bool>,
    /// The round, from 1 on.
    round: u64,
    /// So many may still be asked about in it.
    left: usize,
    asked: HashMap<Arc<str>, Asked>,
}

/// When a group was asked about.
#[derive(Clone, Copy, Default)]
struct Asked {
    round: u64,
    /// Its last message then.
    last: u64,
    outsiders: bool,
}

/// What is to be asked now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Groups, and whether people outside the company are there.
    pub(super) groups: Vec<(Arc<str>, bool)>,
    /// So many more should be asked about and are beyond what a round holds.
    pub(super) later: usize,
}

impl Plan {
    pub(super) fn new(named: BTreeMap<Arc<str>, bool>) -> Self {
        Self { named, round: 0, left: 0, asked: HashMap::new() }
    }

    /// Another round begins. What is not known any more is forgotten.
    pub(super) fn next_round(&mut self, heard: &HashMap<Arc<str>, Room>) {
        (self.round, self.left) = (self.round + 1, IN_A_ROUND);
        self.asked.retain(|group, _| self.named.contains_key(group) || heard.contains_key(group));
    }

    /// Whether the configuration names a group.
    pub(super) fn names(&self, group: &str) -> bool {
        self.named.contains_key(group)
    }

    /// Groups that are to be asked about now; they count as asked about. First those that never were, of these the named
    /// ones and then those lately spoken in; then those that were longest ago.
    pub(super) fn due(&mut self, heard: &HashMap<Arc<str>, Room>) -> Due {
        let unnamed = heard.iter().filter(|(group, _)| !self.named.contains_key(*group));
        let unnamed = unnamed.map(|(group, room)| (group, false, *room));
        let named = self.named.iter().map(|(group, outsiders)| {
            let room = heard.get(group).copied().unwrap_or_default();
            (group, true, Room { outsiders: room.outsiders || *outsiders, ..room })
        });
        let mut due: Vec<_> = named
            .chain(unnamed)
            .filter_map(|(group, named, room)| Some((self.order(group, named, room)?, group.clone(), room)))
            .collect();
        due.sort_unstable_by(|(one, name, _), (other, its_name, _)| (one, name).cmp(&(other, its_name)));
        let later = due.len().saturating_sub(self.left);
        due.truncate(self.left);
        self.left -= due.len();
        let groups = due.into_iter().map(|(_, group, Room { last, outsiders })| {
            self.asked.insert(group.clone(), Asked { round: self.round, last, outsiders });
            (group, outsiders)
        });
        Due { groups: groups.collect(), later }
    }

    /// Its place among those that are due; `None` while it is not.
    fn order(&self, group: &Arc<str>, named: bool, room: Room) -> Option<(u64, bool, Reverse<u64>)> {
        let asked = self.asked.get(group).copied().unwrap_or_default();
        let is_new = asked.round == 0 || room.outsiders && !asked.outsiders;
        let again = if named || room.last > asked.last { 1 } else { SILENT };
        let is_due = is_new || asked.round + again <= self.round;
        is_due.then_some((if is_new { 0 } else { asked.round }, !named, Reverse(room.last)))
    }

    /// It could not be asked about: it is again in the next round.
    pub(super) fn failed(&mut self, group: &str) {
        if let Some(asked) = self.asked.get_mut(group) {
            asked.last = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard<'a>(rooms: impl IntoIterator<Item = (&'a str, u64, bool)>) -> HashMap<Arc<str>, Room> {
        rooms.into_iter().map(|(group, last, outsiders)| (group.into(), Room { last, outsiders })).collect()
    }

    fn due(plan: &mut Plan, heard: &HashMap<Arc<str>, Room>) -> Vec<(String, bool)> {
        plan.due(heard).groups.into_iter().map(|(group, outsiders)| (group.to_string(), outsiders)).collect()
    }

    fn of(groups: &[(&str, bool)]) -> Vec<(String, bool)> {
        groups.iter().map(|(group, outsiders)| ((*group).to_owned(), *outsiders)).collect()
    }

    #[test]
    fn named_groups_are_asked_about_each_round_and_others_when_something_was_said() {
        let mut plan = Plan::new([("named".into(), true), ("team".into(), false)].into());
        let mut rooms = heard([("old", 3, false), ("new", 9, true)]);
        plan.next_round(&rooms);
        assert_eq!(due(&mut plan, &rooms), of(&[("named", true), ("team", false), ("new", true), ("old", false)]));
        assert_eq!(due(&mut plan, &rooms), of(&[]), "once in a round");
        rooms.insert("newer".into(), Room { last: 10, outsiders: false });
        rooms.insert("old".into(), Room { last: 11, outsiders: false });
        assert_eq!(due(&mut plan, &rooms), of(&[("newer", false)]), "a group that was not known is not waited with");
        rooms.insert("newer".into(), Room { last: 12, outsiders: true });
        assert_eq!(due(&mut plan, &rooms), of(&[("newer", true)]), "nor one of which it was not known");
        plan.next_round(&rooms);
        assert_eq!(due(&mut plan, &rooms), of(&[("named", true), ("team", false), ("old", false)]));
        plan.failed("old");
        assert_eq!(due(&mut plan, &rooms), of(&[]), "not at once");
        plan.next_round(&rooms);
        assert!(due(&mut plan, &rooms).contains(&("old".to_owned(), false)));
        for _ in 0..SILENT - 3 {
            plan.next_round(&rooms);
            assert_eq!(due(&mut plan, &rooms).len(), 2);
        }
        plan.next_round(&rooms);
        let all = of(&[("newer", true), ("new", true), ("named", true), ("team", false)]);
        assert_eq!(due(&mut plan, &rooms), all, "once a day");
    }

    #[test]
    fn a_round_is_bounded_and_everybody_has_a_turn() {
        let names: Vec<String> = (0..2 * IN_A_ROUND + 500).map(|at| format!("wr{at}")).collect();
        let busy = |round: u64| {
            let rooms = names.iter().enumerate();
            heard(rooms.map(|(at, name)| (&**name, round * 10_000 + at as u64 + 1, true)))
        };
        let mut plan = Plan::new(BTreeMap::new());
        let mut seen = std::collections::HashSet::new();
        for (round, later) in [(1, 1500), (2, 1500), (3, 1500)] {
            let rooms = busy(round);
            plan.next_round(&rooms);
            let asked = plan.due(&rooms);
            assert_eq!((asked.groups.len(), asked.later), (IN_A_ROUND, later), "round {round}");
            assert_eq!(plan.due(&rooms).groups, Vec::new());
            if round == 1 {
                assert_eq!(&*asked.groups[0].0, "wr2499", "the last that was spoken in is the first");
            }
            seen.extend(asked.groups);
        }
        assert_eq!(seen.len(), names.len(), "whatever is said where");
    }
}
