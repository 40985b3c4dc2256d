//! The one shape of every decision: what has happened, what is asked, what happens next.

/// Decides what happens, from what has happened.
///
/// The implementing type is the state, folded from events; its default is the state before any.
/// Both functions are pure: time and randomness come inside the command.
pub trait Decider: Default {
    /// What may be asked of it.
    type Command;
    /// What can have happened.
    type Event;
    /// How it may say no.
    type Refusal;

    /// Answers a command with what happens now; nothing if it has happened already.
    ///
    /// # Errors
    ///
    /// The refusal, when the command may not be carried out in this state.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Takes in what has happened. Total: an event that makes no sense in this state changes
    /// nothing.
    fn evolve(&mut self, event: &Self::Event);

    /// The state after a history.
    fn folded<'e, I>(events: I) -> Self
    where
        I: IntoIterator<Item = &'e Self::Event>,
        Self::Event: 'e,
    {
        let mut state = Self::default();
        for event in events {
            state.evolve(event);
        }
        state
    }
}
