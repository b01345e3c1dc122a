//! One turn: what is queued and due, in one commit.

use super::{Effects, Engine};
use crate::app::intake::Job;
use crate::domain::time::Timestamp;

impl Engine {
    /// Takes in jobs and whatever is due, makes it durable, answers.
    pub fn step(&mut self, jobs: Vec<Job>, now: Timestamp) -> Effects {
        self.step_with(jobs, now, Vec::new)
    }

    /// The same, asking for `more` jobs until there are none: what came while the first were judged goes into the same
    /// commit instead of waiting for the next one. Nobody waits longer for it than judging takes, and waiting for the disk
    /// is what costs.
    pub fn step_with(&mut self, jobs: Vec<Job>, now: Timestamp, mut more: impl FnMut() -> Vec<Job>) -> Effects {
        let mut done = match self.settled() {
            Ok(settled) => settled,
            Err(error) => return self.recover(error, jobs, now),
        };
        if !self.writable(now) {
            self.refuse(jobs);
            return done;
        }
        let mut all = std::mem::take(&mut self.deferred);
        all.extend(jobs);
        let mut rest = all.into_iter();
        self.say_rules(now);
        let mut failed = self.apply_due(now).err();
        while failed.is_none() {
            match rest.next() {
                Some(job) if Self::stands_alone(&job) => match self.commit() {
                    Ok(effects) => {
                        done.append(effects);
                        let own = self.apply(job, now).and_then(|()| self.commit());
                        failed = own.map(|effects| done.append(effects)).err();
                    }
                    Err(error) => {
                        let jobs = self.take_back().into_iter().chain([job]).chain(rest).collect();
                        done.append(self.recover(error, jobs, now));
                        return done;
                    }
                },
                Some(job) => failed = self.apply(job, now).err(),
                None => {
                    rest = more().into_iter();
                    if rest.len() == 0 {
                        break;
                    }
                }
            }
        }
        let result = match failed {
            None => self.commit_apart(),
            Some(error) => Err(error),
        };
        match result {
            Ok(effects) => {
                self.look_after(now);
                done.append(effects);
                done.missed |= std::mem::take(&mut self.reloaded);
            }
            Err(error) => {
                let jobs = self.take_back().into_iter().chain(rest).collect();
                done.append(self.recover(error, jobs, now));
            }
        }
        done
    }
}
