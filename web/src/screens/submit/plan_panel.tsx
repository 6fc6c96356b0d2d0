/** The plan of what is about to run, or why there is none. */
import type { Validation } from '../../api/components';
import type { ApiError } from '../../api/http';
import { t } from '../../i18n';
import { Empty, Message, Panel, Refusal } from '../../parts/panel';
import { PlanGraph } from '../../parts/plan_graph';

export function PlanPanel({
  validation,
  error,
  complete,
}: {
  validation: Validation | null;
  error: ApiError | null;
  complete: boolean;
}) {
  const plan = validation?.plan ?? null;
  const operators = plan?.nodes.reduce((sum, node) => sum + node.operators.length, 0) ?? 0;
  const note =
    plan === null ? undefined : t('submit.planNote', { operators, chains: plan.nodes.length, tasks: plan.tasks });
  return (
    <>
      <Refusal error={error} />
      {complete && validation?.errors.map((line) => (
        <Message tone="bad" key={line}>
          {line}
        </Message>
      ))}
      {validation?.warnings.map((line) => (
        <Message tone="warn" key={line}>
          {line}
        </Message>
      ))}
      <Panel title={t('submit.plan')} note={note} flush>
        {plan === null ? (
          <Empty>{complete ? t('submit.noPlan') : t('submit.planWaits')}</Empty>
        ) : (
          <PlanGraph plan={plan.nodes} />
        )}
      </Panel>
    </>
  );
}
