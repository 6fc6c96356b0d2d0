/** Replaying dead letters: what it means, how far it is, and how it ended; a refusal is read where one pressed the button. */
import { useState } from 'preact/hooks';
import { replayDeadLetters } from '../../api/dead_letters';
import { t } from '../../i18n';
import { count } from '../../i18n/format';
import { asApiError } from '../../model/live';
import { awaitOperation } from '../../model/requests';
import { Dialog } from '../../parts/dialog';
import { Message } from '../../parts/panel';

type Stage =
  | { at: 'asked' }
  | { at: 'replay' }
  | { at: 'done'; words: string; refused: string | null }
  | { at: 'refused'; words: string };

export function Replay({ jid, close, done }: { jid: string; close: () => void; done: () => void }) {
  const [stage, setStage] = useState<Stage>({ at: 'asked' });
  const replay = async (): Promise<void> => {
    setStage({ at: 'replay' });
    try {
      const gave = await awaitOperation(jid, 'dead-letters/replay', await replayDeadLetters(jid));
      const refused = gave.number('refused');
      const why = { n: count(refused), cause: gave.texts('reasons').join('; ') };
      setStage({
        at: 'done',
        words: t('deadLetters.replayed', { n: count(gave.number('replayed')) }),
        refused: refused > 0 ? t('deadLetters.replay.left', why) : null,
      });
    } catch (caught) {
      setStage({ at: 'refused', words: asApiError(caught).message });
    }
    done();
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={close}>
        {t(stage.at === 'done' ? 'common.close' : 'common.back')}
      </button>
      {stage.at !== 'done' && (
        <button
          type="button"
          class="button primary"
          data-confirm="replay"
          disabled={stage.at === 'replay'}
          onClick={() => void replay()}
        >
          {t('deadLetters.replay')}
        </button>
      )}
    </>
  );
  return (
    <Dialog title={t('deadLetters.replay.title')} close={close} foot={foot}>
      <p>{t('deadLetters.replay.text')}</p>
      <Progress stage={stage} />
    </Dialog>
  );
}

function Progress({ stage }: { stage: Stage }) {
  switch (stage.at) {
    case 'asked':
      return null;
    case 'replay':
      return (
        <p role="status" data-replay="replay">
          {t('deadLetters.replay.begun')}
        </p>
      );
    case 'done':
      return (
        <div data-replay="done">
          <Message tone="ok">{stage.words}</Message>
          {stage.refused !== null && <Message tone="bad">{stage.refused}</Message>}
        </div>
      );
    case 'refused':
      return (
        <div data-replay="refused">
          <Message tone="bad">{t('deadLetters.replay.failed', { cause: stage.words })}</Message>
        </div>
      );
  }
}
