/** `/job-files`: jobs written as YAML. */
import { decodeValidation, type Validation } from './components';
import { send } from './http';

export async function validateJobFile(yaml: string): Promise<Validation> {
  return decodeValidation(await send('POST', '/job-files/validate', { yaml }));
}

/** Runs a job file; returns the id of the job. */
export async function runJobFile(yaml: string): Promise<string> {
  return (await send('POST', '/job-files/run', { yaml })).text('jobid');
}
