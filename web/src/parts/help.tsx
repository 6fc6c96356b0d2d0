/** The keys, on `?`. */
import { t, type Key } from '../i18n';
import { helpShown } from '../model/shortcuts';
import { Dialog } from './dialog';

const KEYS: readonly (readonly [string, Key])[] = [
  ['g o', 'help.overview'],
  ['g j', 'help.jobs'],
  ['g c', 'help.components'],
  ['g t', 'help.taskManagers'],
  ['g m', 'help.jobManager'],
  ['n', 'help.submit'],
  ['/', 'help.filter'],
  ['j', 'help.down'],
  ['k', 'help.up'],
  ['Enter', 'help.open'],
  ['Esc', 'help.close'],
  ['?', 'help.help'],
];

export function Help() {
  if (!helpShown.value) return null;
  return (
    <Dialog
      title={t('help.title')}
      close={() => {
        helpShown.value = false;
      }}
    >
      <dl class="facts">
        {KEYS.map(([keys, words]) => (
          <>
            <dt>
              {keys.split(' ').map((key) => (
                <>
                  <kbd class="kbd">{key}</kbd>{' '}
                </>
              ))}
            </dt>
            <dd>{t(words)}</dd>
          </>
        ))}
      </dl>
    </Dialog>
  );
}
