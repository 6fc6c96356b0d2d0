/** The same action from a terminal: its command line and its REST call, to copy. */
import { t } from '../i18n';
import { curl, type RestCall } from '../model/command_line';
import { CopyLine } from './copy';
import { Popover } from './popover';

export function Command({ cli, rest, left }: {
  /** The command line, if there is a command for it. */
  cli?: string;
  rest: RestCall;
  left?: boolean;
}) {
  return (
    <Popover icon="command" label={t('command.title')} {...(left ? { left } : {})}>
      {() => (
        <>
          {cli !== undefined && (
            <>
              <h3>{t('command.cli')}</h3>
              <CopyLine text={cli} />
            </>
          )}
          <h3>{t('command.rest')}</h3>
          <CopyLine text={curl(rest, apiAddress())} />
        </>
      )}
    </Popover>
  );
}

/** Where the API is, as seen from this page. */
function apiAddress(): string {
  return new URL('v1', location.origin + location.pathname).href;
}
