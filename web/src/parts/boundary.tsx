/** Keeps a fault of one screen from taking the whole page with it: says what happened, the rest stays usable. */
import { Component, type ComponentChildren } from 'preact';
import { t } from '../i18n';
import { Message, Page } from './panel';

interface Props {
  /** A new place gets a new chance. */
  place: string;
  children: ComponentChildren;
}

interface State {
  fault: Error | null;
  place: string;
}

export class Boundary extends Component<Props, State> {
  override state: State = { fault: null, place: this.props.place };

  static override getDerivedStateFromError(fault: Error): Partial<State> {
    return { fault };
  }

  static override getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.place === state.place ? null : { fault: null, place: props.place };
  }

  override componentDidCatch(fault: Error): void {
    console.error(fault);
  }

  override render() {
    const { fault } = this.state;
    if (fault === null) return this.props.children;
    return (
      <Page title={t('boundary.title')}>
        <Message tone="bad" refused>
          <p>{t('boundary.text')}</p>
          <pre>{fault.message}</pre>
        </Message>
      </Page>
    );
  }
}
