use domain::{Event, EventKind};

use super::Admitted;
use crate::mail::Guessed;
use crate::{App, Ctx, Fault};

impl App {
    /// Records that an account or address was tried so often, and notes the wish to tell its owner. What is nobody's is
    /// recorded and noted in the same way, so that the answer to the last guess takes as long (PW12); whether there is
    /// somebody to be told is found out by the task that sends mails.
    pub(super) async fn tell_of_guessing(
        &self,
        ctx: &Ctx,
        admitted: &Admitted,
        guessed: Guessed,
    ) -> Result<(), Fault> {
        let kind = match guessed {
            Guessed::Locked => EventKind::AccountLocked,
            Guessed::Slowed => EventKind::AccountSlowed,
        };
        let mut event = Event::warning(kind, "too_many_failures").name(&admitted.typed);
        event.user = admitted.user;
        let mail = self.guessed_request(ctx, guessed, &admitted.typed).await?;
        self.append_with_mail(ctx, event, mail).await
    }
}
