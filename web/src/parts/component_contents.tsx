/** What is in a component: where it comes from, its operators with their ports and states, what it imports. */
import type { Component, DeclaredOperator, Port } from '../api/components';
import { t } from '../i18n';
import { bytes, count, duration } from '../i18n/format';
import { typeName, typeWords } from '../model/schema';
import { CopyButton } from './copy';
import { Icon } from './icon';
import { Facts, Panel } from './panel';
import { iconOf } from './plan_graph';

export function ComponentFacts({ component }: { component: Component }) {
  return (
    <Facts
      facts={[
        [t('components.world'), component.world],
        [t('components.language'), component.language || '–'],
        [t('components.size'), sizeOf(component)],
        [t('components.compiled'), component.compileMs === null ? '–' : duration(component.compileMs)],
        [
          t('components.digest'),
          <span class="row tight">
            <code class="cut">{component.digest}</code>
            <CopyButton text={component.digest} />
          </span>,
        ],
        [t('components.imports'), <Interfaces names={component.imports} />],
        [t('components.exports'), <Interfaces names={component.exports} />],
      ]}
    />
  );
}

function sizeOf(component: Component): string {
  if (component.functions === 0) return bytes(component.bytes);
  const functions = t('components.functions', { n: count(component.functions) });
  return `${bytes(component.bytes)}, ${functions}`;
}

/** Interfaces of the contract by their short names; anything else in full. */
function Interfaces({ names }: { names: readonly string[] }) {
  return (
    <span class="row row-wrap tight">
      {names.map((name) => {
        const own = /^wasmill:dataflow\/([\w-]+)@/.exec(name);
        return (
          <span class={`tag ${own === null ? 'tone-warn' : ''}`} title={name} key={name}>
            {own?.[1] ?? name}
          </span>
        );
      })}
    </span>
  );
}

export function ComponentContents({ component }: { component: Component }) {
  return (
    <Panel title={t('components.operators')} note={component.operators.length} flush>
      <ul>
        {component.operators.map((operator) => (
          <OperatorLine operator={operator} key={operator.uid} />
        ))}
      </ul>
    </Panel>
  );
}

function OperatorLine({ operator }: { operator: DeclaredOperator }) {
  return (
    <li class="operator">
      <div class="row">
        <Icon name={iconOf(operator.kind)} />
        <strong class="cut">{operator.name}</strong>
        <code class="faint cut">{operator.uid}</code>
        <span class="spring" />
        {operator.connector !== '' && <span class="tag">{operator.connector}</span>}
        {operator.keyed && <span class="tag">{t('components.keyed')}</span>}
      </div>
      {operator.inputs.map((port) => (
        <PortLine key={`in ${port.name}`} word={t('components.in')} port={port} />
      ))}
      {operator.outputs.map((port) => (
        <PortLine key={`out ${port.name}`} word={t('components.out')} port={port} />
      ))}
      {operator.states.map((state) => (
        <div class="port" key={state.name}>
          <span class="faint">{t('components.state')}</span>
          <code class="cut" title={typeWords(state.schema)}>
            {state.name}: {state.kind}&lt;{typeName(state.schema)}&gt;
          </code>
        </div>
      ))}
    </li>
  );
}

function PortLine({ word, port }: { word: string; port: Port }) {
  const name = port.name === '' || port.name === 'out' ? '' : `${port.name}: `;
  const key = port.keySchema === null ? '' : ` ${t('components.keyedBy', { key: typeName(port.keySchema) })}`;
  return (
    <div class="port">
      <span class="faint">{word}</span>
      <code class="cut" title={`${typeWords(port.schema)}${key}`}>
        {name}
        {typeWords(port.schema)}
        <span class="faint">{key}</span>
      </code>
    </div>
  );
}
