//! Given a history, when a command, then these events: how a decision is tested.

use std::fmt::Debug;

use crate::decider::Decider;

/// A decider with a history behind it.
#[derive(Debug)]
pub struct Given<D>(D);

/// What a decider answered.
#[derive(Debug)]
pub struct When<D: Decider> {
    state: D,
    answer: Result<Vec<D::Event>, D::Refusal>,
}

/// A decider to which this has happened.
pub fn given<D: Decider>(history: &[D::Event]) -> Given<D> {
    Given(D::folded(history))
}

impl<D: Decider> Given<D> {
    /// Asks it.
    pub fn when(self, command: D::Command) -> When<D> {
        let answer = self.0.decide(command);
        When { state: self.0, answer }
    }
}

impl<D> When<D>
where
    D: Decider,
    D::Event: Debug + PartialEq,
    D::Refusal: Debug + PartialEq,
{
    /// Requires exactly these events, and that they change nothing when nothing is expected.
    ///
    /// # Panics
    ///
    /// When the answer is another.
    #[track_caller]
    pub fn then(self, expected: &[D::Event]) {
        match self.answer {
            Ok(events) => assert_eq!(events, expected, "other events than expected"),
            Err(refusal) => panic!("refused with {refusal:?} instead of {expected:?}"),
        }
    }

    /// Requires this refusal.
    ///
    /// # Panics
    ///
    /// When the answer is another.
    #[track_caller]
    pub fn then_refused(self, expected: &D::Refusal) {
        match self.answer {
            Ok(events) => panic!("answered {events:?} instead of refusing with {expected:?}"),
            Err(refusal) => assert_eq!(&refusal, expected, "another refusal than expected"),
        }
    }

    /// Takes the answer in and goes on, so that a longer story can be told.
    ///
    /// # Panics
    ///
    /// When the command was refused.
    #[track_caller]
    pub fn and(self) -> Given<D> {
        let Self { mut state, answer } = self;
        match answer {
            Ok(events) => events.iter().for_each(|event| state.evolve(event)),
            Err(refusal) => panic!("refused with {refusal:?}"),
        }
        Given(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Door {
        open: bool,
    }

    #[derive(Debug, PartialEq)]
    struct Opened;

    #[derive(Debug, PartialEq)]
    struct NoKey;

    impl Decider for Door {
        type Command = bool;
        type Event = Opened;
        type Refusal = NoKey;

        fn decide(&self, has_key: bool) -> Result<Vec<Opened>, NoKey> {
            match (self.open, has_key) {
                (true, _) => Ok(vec![]),
                (false, true) => Ok(vec![Opened]),
                (false, false) => Err(NoKey),
            }
        }

        fn evolve(&mut self, Opened: &Opened) {
            self.open = true;
        }
    }

    #[test]
    fn a_story_is_told_step_by_step() {
        given::<Door>(&[]).when(false).then_refused(&NoKey);
        given::<Door>(&[]).when(true).and().when(false).then(&[]);
        given::<Door>(&[Opened]).when(true).then(&[]);
    }

    #[test]
    #[should_panic(expected = "other events")]
    fn a_wrong_expectation_fails() {
        given::<Door>(&[]).when(true).then(&[]);
    }
}
