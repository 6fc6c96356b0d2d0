/** "Why?": plain sentences about what a user of a job asks, with what they rest on. */
import { why, type Answer } from '../../api/diagnosis';
import type { Job } from '../../api/job';
import { t, tName } from '../../i18n';
import { useResource } from '../../model/resource';
import { link } from '../../model/route';
import { Empty, Message, Panel, Refusal, Waiting } from '../../parts/panel';

const QUESTIONS = ['no-output', 'slow', 'checkpoint-late', 'restarted'] as const;

export function WhyTab({ job }: { job: Job }) {
  const { value, error } = useResource((abort) => why(job.jid, abort), [job.jid, job.state], 3000);
  if (value === null) return <Waiting error={error} />;
  const known: readonly string[] = QUESTIONS;
  const others = [...new Set(value.map((answer) => answer.question).filter((one) => !known.includes(one)))];
  return (
    <>
      <Refusal error={error} />
      {value.length === 0 && (
        <Panel>
          <Empty>{t('why.nothing')}</Empty>
        </Panel>
      )}
      {[...QUESTIONS, ...others].map((question) => {
        const answers = value.filter((answer) => answer.question === question);
        if (answers.length === 0) return null;
        return (
          <Panel title={tName('why', question)} key={question}>
            <div class="stack">
              {answers.map((answer) => (
                <AnswerBox answer={answer} job={job} key={answer.sentence} />
              ))}
            </div>
          </Panel>
        );
      })}
    </>
  );
}

function AnswerBox({ answer, job }: { answer: Answer; job: Job }) {
  const tone = answer.severity === 'error' ? 'bad' : answer.severity.startsWith('warn') ? 'warn' : 'info';
  const vertex = job.plan.find((node) => node.operators.some((operator) => operator.uid === answer.operator));
  return (
    <Message tone={tone}>
      <p>
        {answer.sentence}{' '}
        {vertex !== undefined && <a href={link('job', job.jid, 'overview', vertex.id)}>{t('why.open')}</a>}
      </p>
      {answer.evidence.length > 0 && (
        <p class="row row-wrap tight">
          {answer.evidence.map(([name, value]) => (
            <span class="tag" key={name}>
              {name} <b>{value}</b>
            </span>
          ))}
        </p>
      )}
    </Message>
  );
}
